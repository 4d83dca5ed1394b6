"""What the conductor makes of what the player says: cues that begin to sound, loops, sections that cannot be read, its return."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from engine import protocol as p
from engine.conductor.cues import played_on
from engine.conductor.events import Action, Discard, Mark, Measured, PlayerSaid, SendCues, Step, Tell
from engine.conductor.requests import next_index, refit
from engine.conductor.state import OPENING, Heard, Played, Playing, State, Version

ALIKE: Final = 0.95
"""From this correlation on, the two sides are the same music and gains must add up; under it they would dip (1 dB at 0.6)."""


def measured(state: State, event: Measured) -> Step:
    def known(cue: p.Cue) -> p.Cue:
        if cue.cue_id != event.cue_id or not p.TRANSITION_BY_KIND[cue.transition].measured:
            return cue
        kind: p.TransitionKind = "equal-gain" if event.correlation >= ALIKE else "equal-power"
        return replace(cue, correlation=event.correlation, transition=kind)

    cues = tuple(known(cue) for cue in state.transport.cues)
    return (state, ()) if cues == state.transport.cues else (state.with_transport(cues=cues), (SendCues(cues),))


def player_said(state: State, event: PlayerSaid) -> Step:
    handler = _PLAYER_HANDLERS.get(type(event.event))
    return handler(state, event.event) if handler else (state, ())


def _cue_started(state: State, event: p.CueStarted) -> Step:
    version = dict(state.transport.cue_versions).get(event.cue_id)
    cue = next((cue for cue in state.transport.cues if cue.cue_id == event.cue_id), None)
    state = state.with_transport(cues=tuple(other for other in state.transport.cues if other.cue_id > event.cue_id))
    if version is None or cue is None:
        return state, ()
    if state.transport.now is not None and version.index == state.transport.now.version.index:
        return _switched(state, version, cue, event)
    return _entered(state, version, cue, event)


def _switched(state: State, version: Version, cue: p.Cue, event: p.CueStarted) -> Step:
    """Another version of the section that sounds already."""
    assert state.transport.now is not None
    old, fallback = state.transport.now.version, state.transport.now.fallback
    if old.id != version.id and old.complete and not old.filler:
        trash = (fallback.path,) if fallback is not None and fallback.id not in (old.id, version.id) else ()
        fallback = old
    else:
        trash = () if old.id == version.id or old.complete else (old.path,)
    now = played_on(state.transport.now, version, cue, event.origin_frame, event.frame)
    now = replace(now, fallback=None if version.complete else fallback)
    if now.fallback is None and fallback is not None and fallback.id != version.id:
        trash = (*trash, fallback.path)
    switch = None if state.work.switch is not None and state.work.switch.id == version.id else state.work.switch
    pockets = state.transport.pockets + (version.filler and not old.filler)
    state = state.with_transport(now=now, pockets=pockets).with_work(switch=switch, trash=(*state.work.trash, *trash))
    tell: tuple[Action, ...] = (Tell("warning", "the next section is late: pocket fills in"),) if version.filler else ()
    return refit(state), tell


def _entered(state: State, version: Version, cue: p.Cue, event: p.CueStarted) -> Step:
    """The next section of the plan begins."""
    grid = state.settings.grid
    start_bar = grid.bar_at(event.origin_frame)
    part = Played(
        section_id=version.id,
        index=version.index,
        name=version.wish.name,
        start_frame=event.origin_frame,
        start_bar=start_bar,
        bars=version.request.bars,
        bpm=version.request.bpm,
        key=version.request.key,
        energy=version.wish.energy,
        role=version.wish.role,
        prompts=tuple((prompt.text, prompt.weight) for prompt in version.wish.prompts),
        seed=version.request.seed,
        generator=version.generator,
        generated_in_s=version.work_s,
        headroom_s=version.headroom_s,
        fit=version.fit,
    )
    before = state.transport.history
    if before:
        closed = replace(before[-1], transition=cue.transition, transition_start=event.frame, transition_frames=cue.length)
        before = (*before[:-1], closed)
    left = (
        [state.transport.now.version.path, *([state.transport.now.fallback.path] if state.transport.now.fallback else [])]
        if state.transport.now
        else []
    )
    discard = tuple(Discard(path) for path in dict.fromkeys(state.work.trash) if path not in (*left, version.path))
    opening = version.index == OPENING
    pockets = state.transport.pockets + (version.place == "pocket" and state.settings.standby and not opening)
    state = (
        state.with_transport(
            now=Playing(version, cue, event.origin_frame, event.frame, heard=(Heard(version.path, 0),)),
            jump=False,
            overdue=opening,  # what follows comes in on the first bar line that it can
            run="playing" if state.transport.run == "starting" else state.transport.run,
            history=(*before, part),
            pockets=pockets,
        )
        .with_steering(take=0, variation=None)
        .with_work(next=None, switch=None, trash=tuple(left))
    )
    told = (Tell("info", f"pocket opens the set while {state.work.generator} makes its first section"),) if opening else ()
    return refit(state), (*discard, Mark(part.name, part.start_frame), *told)


def _looped(state: State, event: p.Looped) -> Step:
    now = state.transport.now
    if now is None or now.cue.cue_id != event.cue_id:
        return state, ()
    state = state.with_transport(now=replace(now, origin=event.origin_frame, loops=now.loops + 1))
    tell: tuple[Action, ...] = ()
    if not state.steering.held and not state.transport.overdue and next_index(state) is not None:
        state = state.with_transport(overdue=True, holds=state.transport.holds + 1)
        tell = (Tell("warning", "the next section is late: the last bars loop until it is there"),)
    return refit(state), tell


def _cue_failed(state: State, event: p.CueFailed) -> Step:
    version = dict(state.transport.cue_versions).get(event.cue_id)
    state = state.with_transport(cues=tuple(cue for cue in state.transport.cues if cue.cue_id != event.cue_id))
    if version is None:
        return state, ()
    state = state.with_work(
        next=None if state.work.next is not None and state.work.next.id == version.id else state.work.next,
        switch=None if state.work.switch is not None and state.work.switch.id == version.id else state.work.switch,
    )
    return state, (Tell("warning", f"a section could not be played ({event.message}); it is made again"),)


def _finished(state: State, event: p.Finished) -> Step:
    return state.with_transport(run="finished", cues=()).with_work(jobs=()), (Tell("info", "the set is over"),)


def _hello(state: State, event: p.PlayerHello) -> Step:
    """A player that plays already (this conductor takes over), or a new one that must be told where to go on."""
    if event.cue is None:
        return _resume_lost_player(state)
    version = dict(state.transport.cue_versions).get(event.cue.cue_id)
    state = state.with_transport(
        cues=event.cues, last_cue=max(state.transport.last_cue, event.cue.cue_id, *(cue.cue_id for cue in event.cues), 0)
    )
    if version is None:
        return state, ()
    if state.transport.now is None or version.index != state.transport.now.version.index:
        said = p.CueStarted(event.cue.cue_id, event.frame, event.cue.origin_frame)
        state = state.with_transport(cues=(event.cue, *state.transport.cues))
        return _cue_started(state, said)
    now = played_on(state.transport.now, version, event.cue, event.cue.origin_frame, event.cue.start_frame)
    return state.with_transport(now=now), ()


def _resume_lost_player(state: State) -> Step:
    """The player was started anew: what sounded goes on from the next bar line of its grid."""
    now = state.transport.now
    if now is None:
        return state.with_transport(cues=()), ()
    cue = replace(
        now.cue,
        cue_id=state.transport.last_cue + 1,
        start_frame=state.transport.frame,
        origin_frame=now.origin,
        transition="cut",
        length=0,
    )
    state = state.with_transport(
        cues=(cue,), last_cue=cue.cue_id, cue_versions=(*state.transport.cue_versions, (cue.cue_id, now.version))[-16:]
    )
    return state, (SendCues((cue,)), Tell("warning", "the player was restarted; the set goes on"))


_PLAYER_HANDLERS: Final[dict[type, Callable[[State, Any], Step]]] = {
    p.CueStarted: _cue_started,
    p.Looped: _looped,
    p.CueFailed: _cue_failed,
    p.Finished: _finished,
    p.PlayerHello: _hello,
}
