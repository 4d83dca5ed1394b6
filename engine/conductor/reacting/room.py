"""Bars from the room: the next section goes on from them, or they loop as a stem of their own. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from engine import protocol as p
from engine.conductor.events import Action, SendLoop, SetParams, Step, Tell
from engine.conductor.forecast import steer_until
from engine.conductor.messages import because
from engine.conductor.reacting.values import level_params
from engine.conductor.requests import next_index
from engine.conductor.state import State
from engine.conductor.steering import Hook, Variation
from engine.conductor.tempo import tempo_of
from engine.timebase import Grid, section_frames

NO_INPUT: Final = "There is no audio input: O on the screen lists what there is."

_USES: Final[dict[p.RoomUse, str]] = {"continue": "goes on from", "vary": "varies", "answer": "answers"}


def counted(bars: int) -> str:
    """A number of bars, for people."""
    return "1 bar" if bars == 1 else f"{bars} bars"


def continue_room(state: State, command: p.ContinueRoom) -> Step:
    """The chosen take of the next section goes by the bars that were taken."""
    taken, index = command.taken, next_index(state)
    if taken is None:
        return state, (Tell("info", NO_INPUT),)
    if index is None:
        return state, (Tell("info", "Nothing follows to go by the room: this is the last section."),)
    live, bpm = state.work.traits.live, tempo_of(state, index)
    if not live and taken.bpm != bpm:  # what it continues would have to be in its own tempo
        said = f"The room was heard at {taken.bpm:g} BPM, the next section is at {bpm:g}: play to that one."
        return state, (Tell("info", said),)
    if live and command.how == "vary":
        said = f"{state.work.generator} plays notes and cannot vary the room's sound: continue or answer it."
        return state, (Tell("info", said),)
    sound = taken.sound
    prompts = () if sound is None else (p.PromptWeight("the room", 1.0, sound),)
    key = sound.key if sound is not None and sound.key else state.settings.key
    request = p.SectionRequest(taken.path, prompts, taken.bars, taken.bpm, key, 0, beats_per_bar=taken.beats_per_bar)
    hook = Hook(taken.path, "the room", request, 1, taken.bars, p.ROOM, sound, command.how)
    varied = Variation(taken.path, p.VARY_AMOUNT, hook=hook) if command.how == "vary" else Variation("", hook=hook)
    if not live and not state.steering.held and steer_until(state) < state.transport.frame:
        so = f"{_USES[command.how]} the last {counted(taken.bars)} from the room"
        return state.with_take(varied), (Tell("warning", f"Too late, unless the set is held: then the next {so}."),)
    heard = "" if sound is None else f": {sound.key or 'no clear key'}, energy {sound.energy:.2f}"
    told = f"The next section {_USES[command.how]} the last {counted(taken.bars)} from the room{heard}."
    return state.with_take(varied), (Tell("info", told),)


def loop_room(state: State, command: p.LoopRoom) -> Step:
    """Bars that were taken loop from the next bar line on, in step with when they were played; or the loop goes."""
    looping = state.transport.loop
    if command.on is False or (command.on is None and looping is not None and command.taken is None):
        if looping is None:
            return state, (Tell("info", "Nothing from the room loops."),)
        return _without(state, _line(state), "The loop from the room ends with this bar.")
    taken = command.taken
    if taken is None:
        return state, (Tell("info", NO_INPUT),)
    if taken.bpm != state.grid.bpm or taken.beats_per_bar != state.grid.beats_per_bar or state.transport.now is None:
        return state, (Tell("info", f"The room was heard at {taken.bpm:g} BPM: loop bars in the tempo that plays."),)
    cue = _cue(state, taken)
    levels = state.steering.levels
    if all(stem != p.ROOM for stem, _, _ in levels):
        levels = (*levels, (p.ROOM, 1.0, False))
    told = Tell("info", f"The last {counted(taken.bars)} from the room loop from the next bar on.")
    order = p.LoopStem(cue, cue.start_frame)
    state = state.with_transport(loop=cue).with_steering(levels=levels)
    return state, (SetParams(level_params(levels)), SendLoop(order), told)


def _line(state: State) -> int:
    """The next bar line that the player can still be told of."""
    grid = state.grid
    return grid.frame_of_bar(grid.next_bar(state.transport.frame + state.settings.commit))


def _cue(state: State, taken: p.RoomBars) -> p.Cue:
    grid, start = state.grid, _line(state)
    length = section_frames(taken.bpm, taken.beats_per_bar, taken.bars, grid.rate)
    return p.Cue(1, taken.path, start, _origin(grid, taken.end, start, taken.bars), length, grid, loop_bars=taken.bars)


def _origin(grid: Grid, end: int, start: int, bars: int) -> int:
    """Where a loop's first bar lies that sounds at a bar line, if it has gone round and round since it was played."""
    rounds = (grid.bar_at(start) - grid.bar_at(end)) // bars
    return grid.frame_of_bar(grid.bar_at(end) + rounds * bars)


def _without(state: State, at: int, told: str) -> Step:
    levels = tuple(each for each in state.steering.levels if each[0] != p.ROOM)
    state = state.with_transport(loop=None).with_steering(levels=levels)
    return state, (SendLoop(p.LoopStem(None, at)), Tell("info", told))


def out_of_tempo(state: State) -> Step:
    """The tempo has changed: bars that were played to another one do not fit any more."""
    if state.transport.loop is None or state.transport.loop.grid.bpm == state.grid.bpm:
        return state, ()
    return _without(state, 0, "The tempo changed: the loop from the room ended.")


def failed(state: State, event: p.LoopFailed) -> Step:
    """The player cannot read the bars."""
    if state.transport.loop is None:
        return state, ()
    state, (order, _) = _without(state, 0, "")
    return state, (order, Tell("warning", because("The loop from the room ends", event.message, ".")))


def over(state: State) -> Step:
    """The set has ended."""
    return (state, ()) if state.transport.loop is None else _without(state, 0, "The loop from the room ended with the set.")


def again(state: State) -> tuple[Action, ...]:
    """Another player is told what loops."""
    loop = state.transport.loop
    if loop is None:
        return ()
    start = _line(state)
    cue = replace(loop, start_frame=start, origin_frame=_origin(loop.grid, loop.origin_frame, start, loop.loop_bars))
    return (SendLoop(p.LoopStem(cue, start)),)
