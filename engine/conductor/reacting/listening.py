"""The headphones: what is asked of them, and what the player is to play in them as things stand. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from engine import protocol as p
from engine.conductor.cues import origin_at
from engine.conductor.events import SendListen, SetParams, Step, Tell
from engine.conductor.headphones import Wish
from engine.conductor.messages import because
from engine.conductor.requests import next_index
from engine.conductor.state import State, Version
from engine.conductor.takes import how_many, take_at
from engine.conductor.tempo import frames_of
from engine.timebase import SLACK, Grid, section_frames

NOWHERE: Final = "No headphones: start with --cue 3,4 or --cue-device. X shows the takes."
LAST: Final = "Nothing to hear: this is the last section."

BEFORE: Final = 2
"""Bars of what sounds that are heard before the hand-over."""

BEHIND: Final = 2
"""Bars of what follows that are heard once the transition is over."""

NOTHING: Final = p.Listen(0)


def listen_take(state: State, command: p.ListenTake) -> Step:
    """Hear a take of the next section."""
    index = next_index(state)
    if index is None:
        return state, (Tell("info", LAST),)
    if not 0 <= command.take < how_many(state):
        return state, (Tell("info", "There is no such take: [takes] in the preset says how many are made."),)
    return _asked(state, Wish("take", index, command.take))


def listen_hand_over(state: State, command: p.ListenHandOver) -> Step:
    """Hear how the next section comes in."""
    index = next_index(state)
    if index is None:
        return state, (Tell("info", LAST),)
    return _asked(state, Wish("hand-over", index))


def listen_keeper(state: State, command: p.ListenKeeper) -> Step:
    """Hear a keeper; whoever hands the command on has looked it up."""
    if not isinstance(command.keeper, p.Keeper):
        return state, ()
    return _asked(state, Wish("keeper", keeper=command.keeper))


def stop_listening(state: State, command: p.StopListening) -> Step:
    """Hear nothing more."""
    return state.with_headphones(wish=None), ()


def set_cue_level(state: State, command: p.SetCueLevel) -> Step:
    """Make the headphones louder or softer."""
    level = p.unit(command.value)
    return state.with_headphones(level=level), (SetParams((("cue_level", level),)),)


def set_cue_mix(state: State, command: p.SetCueMix) -> Step:
    """Hear more of the set, or of what is cued."""
    mix = p.unit(command.value)
    return state.with_headphones(mix=mix), (SetParams((("cue_mix", mix),)),)


def _asked(state: State, wish: Wish) -> Step:
    if not state.headphones.where:
        return state, (Tell("info", NOWHERE),)
    if wish == state.headphones.wish:
        return state.with_headphones(wish=None), ()
    state = state.with_headphones(wish=wish)
    waits = (Tell("info", f"Not there yet: {heard_name(wish)} is heard once it is made."),) if programme(state) == NOTHING else ()
    return state, waits


def heard_name(wish: Wish) -> str:
    """What is wanted, in a word or two."""
    if wish.kind == "take":
        return f"take {'ABC'[wish.place]}"
    return "hand-over" if wish.kind == "hand-over" or wish.keeper is None else wish.keeper.name


def programme(state: State) -> p.Listen | None:
    """What the headphones are to play: nothing as long as it is not there yet; None where it is on air or gone."""
    wish = state.headphones.wish
    if wish is None:
        return NOTHING
    if wish.kind == "keeper":
        return None if wish.keeper is None else _keeper(wish.keeper)
    if state.transport.run == "finished" or next_index(state) != wish.index:
        return None
    return _take(state, wish.place) if wish.kind == "take" else _hand_over(state, wish.index)


def choose_listening(state: State) -> Step:
    """What the player should have in the headphones now; an order only when that differs from what it was last told."""
    wanted = programme(state)
    if wanted is None:
        state, wanted = state.with_headphones(wish=None), NOTHING
    told = state.headphones.told
    wanted = replace(wanted, listen_id=told.listen_id)
    if wanted == told:
        return state, ()
    wanted = replace(wanted, listen_id=told.listen_id + 1)
    return state.with_headphones(told=wanted), (SendListen(wanted),)


def _whole(path: str, frames: int, grid: Grid, bars: int) -> p.Listen:
    """A section from its start, over and over."""
    return p.Listen(0, (p.Cue(1, path, 0, 0, frames, grid, loop_bars=bars),))


def _keeper(keeper: p.Keeper) -> p.Listen:
    frames = section_frames(keeper.bpm, keeper.beats_per_bar, keeper.bars)
    return _whole(keeper.path, frames, Grid(keeper.bpm, keeper.beats_per_bar), keeper.bars)


def _take(state: State, place: int) -> p.Listen:
    version = take_at(state, place)
    if version is None or not version.complete or version.request.from_frame:
        return NOTHING
    request = version.request
    grid = Grid(request.bpm, request.beats_per_bar, state.grid.rate)
    return _whole(version.path, frames_of(state, version), grid, request.bars)


def _hand_over(state: State, index: int) -> p.Listen:
    """The last bars of what sounds, as they will be, and the next section's first ones."""
    now, coming = state.transport.now, _coming(state, index)
    if now is None or coming is None:
        return NOTHING
    seam, grid = coming.start_frame, state.grid
    bar = grid.bar_at(seam + SLACK)
    first = grid.frame_of_bar(bar - min(BEFORE, now.version.request.bars))
    sounds = replace(
        now.cue, cue_id=1, start_frame=first, origin_frame=origin_at(state, seam - 1), transition="cut", length=0, final=False
    )
    own = coming.grid
    end = own.frame_of_bar(own.next_bar(seam + coming.length - SLACK) + BEHIND)
    end = min(end, coming.origin_frame + coming.end_frame)
    return p.Listen(0, (sounds, replace(coming, cue_id=2, final=False)), first, end - first, as_mixed=True)


def _coming(state: State, index: int) -> p.Cue | None:
    """The cue that brings the next section in, as the player was told."""
    known: dict[int, Version] = dict(state.transport.cue_versions)
    return next((cue for cue in state.transport.cues if cue.cue_id in known and known[cue.cue_id].index == index), None)


def opened(state: State, event: p.HeadphonesOpened) -> Step:
    """The player says where the headphones are; what is wanted of them stays."""
    return state.with_headphones(where=event.where), ()


def failed(state: State, event: p.ListenFailed) -> Step:
    """What was cued cannot be read."""
    wish, told = state.headphones.wish, state.headphones.told
    if wish is None or event.listen_id != told.listen_id:
        return state, ()
    told = replace(told, cues=(), first=0, again=0, as_mixed=False)
    return state.with_headphones(wish=None, told=told), (
        Tell("warning", because(f"Cannot hear {heard_name(wish)}", event.message, ".")),
    )


def greeted(state: State, hello: p.PlayerHello) -> State:
    """The state with a player that may play anything in the headphones, or nothing: it is told anew."""
    if hello.headphones is None:
        return state.with_headphones(where="")
    return state.with_headphones(where=hello.headphones.where, told=replace(state.headphones.told, first=-1))
