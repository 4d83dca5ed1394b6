"""What the conductor makes of what the player says: cues that begin to sound, loops, sections that cannot be read, its return."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from engine import protocol as p
from engine.conductor.cues import played_on
from engine.conductor.events import Action, CancelJob, Discard, Mark, Measured, PlayerSaid, SendCues, SetParams, Step, Tell
from engine.conductor.forecast import end_bar
from engine.conductor.messages import because
from engine.conductor.pieces import short, title_at
from engine.conductor.reacting import listening, room
from engine.conductor.reacting.changing_over import announced, changed_over, ends_where_planned
from engine.conductor.reacting.over import OVER
from engine.conductor.reacting.small_disk import measure_room
from engine.conductor.reacting.takes import fallen_back
from engine.conductor.replan import refit
from engine.conductor.requests import next_index
from engine.conductor.stand_in import begun_after
from engine.conductor.state import OPENING, Heard, Playing, State, Version
from engine.timebase import SLACK

ALIKE: Final = 0.95
"""From this correlation on, the two sides are the same music and gains must add up; under it they would dip (1 dB at 0.6)."""


def measured(state: State, event: Measured) -> Step:
    """The sides of a cue's transition were compared: the same music must add up, other music must not dip."""

    def known(cue: p.Cue) -> p.Cue:
        if cue.cue_id != event.cue_id or not p.TRANSITION_BY_KIND[cue.transition].measured:
            return cue
        kind: p.TransitionKind = "equal-gain" if event.correlation >= ALIKE else "equal-power"
        return replace(cue, correlation=event.correlation, transition=kind)

    cues = tuple(known(cue) for cue in state.transport.cues)
    return (state, ()) if cues == state.transport.cues else (state.with_transport(cues=cues), (SendCues(cues),))


def player_said(state: State, event: PlayerSaid) -> Step:
    """Whatever the player reports; what is not the conductor's (devices, recordings) changes nothing."""
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
    state, params = _in_its_tempo(state, version, event.frame)
    cue = replace(cue, grid=state.grid)
    if old.id != version.id and old.complete and not old.filler:
        trash = (fallback.path,) if fallback is not None and fallback.id not in (old.id, version.id) else ()
        fallback = old
    else:
        trash = () if old.id == version.id or old.complete else (old.path,)
    assert state.transport.now is not None
    now = played_on(state.transport.now, version, cue, event.origin_frame, event.frame)
    now = replace(now, fallback=None if version.complete else fallback)
    if now.fallback is None and fallback is not None and fallback.id != version.id:
        trash = (*trash, fallback.path)
    switch = None if state.work.switch is not None and state.work.switch.id == version.id else state.work.switch
    pockets = state.transport.pockets + (version.filler and not old.filler)
    back = now.origin != state.transport.now.origin
    state = state.with_transport(now=now, pockets=pockets).with_work(switch=switch, trash=(*state.work.trash, *trash))
    if back:
        state = _longer(state)
    late = Tell("warning", f"The next section is late: {version.generator} plays until it is ready.")
    tell: tuple[Action, ...] = (late,) if version.filler else ()
    return refit(state), (*params, *tell)


def _in_its_tempo(state: State, version: Version, frame: int) -> Step:
    """From the bar line at which a version in another tempo comes in, the set's bars are as long as its own.

    Args:
        frame: of the transport, at which it began to sound: on that bar line, or a crossfade before it.
    """
    if version.request.bpm == state.grid.bpm:
        return state, ()
    tempo = state.tempo.changed(state.grid.next_bar(frame - SLACK), version.request.bpm)
    state, ended = room.out_of_tempo(state.with_transport(changes=tempo.changes))
    return state, (SetParams((("bpm", version.request.bpm),)), *ended)


def _entered(state: State, version: Version, cue: p.Cue, event: p.CueStarted) -> Step:
    """The next section of the plan begins."""
    state, params = _in_its_tempo(state, version, event.frame)
    cue = replace(cue, grid=state.grid)
    part, piece_before = _record(state, version, event.origin_frame), state.plan[state.here].piece
    before = state.transport.history
    if before:
        hand_over = p.HandOver(cue.transition, state.tempo.seconds_at(event.frame), cue.length / state.grid.rate)
        before = (*before[:-1], replace(before[-1], bars=part.start_bar - before[-1].start_bar, transition=hand_over))
    left = (
        [state.transport.now.version.path, *([state.transport.now.fallback.path] if state.transport.now.fallback else [])]
        if state.transport.now
        else []
    )
    unheard = (each.path for each in state.work.takes if each.index <= version.index)
    kept = (*left, version.path, *((state.steering.hook.path,) if state.steering.hook is not None else ()))
    discard = tuple(Discard(path) for path in dict.fromkeys((*state.work.trash, *unheard)) if path not in kept)
    opening = version.index == OPENING
    instead = fallen_back(state, version)
    pockets = state.transport.pockets + (version.place == "stand-in" and not opening)
    state = (
        state.with_transport(
            now=Playing(version, cue, event.origin_frame, event.frame, heard=(Heard(version.path, 0),)),
            jump=False,
            overdue=opening,  # what follows comes in on the first bar line that it can
            run="playing" if state.transport.run == "starting" else state.transport.run,
            history=(*before, part),
            pockets=pockets,
        )
        .with_first_takes()
        .with_work(others=(), spares=True, switch=None, trash=tuple(left))
    )
    state = begun_after(state, version)
    state = state.with_steering(locks=tuple(each for each in state.steering.locks if each != "section"))
    opens = Tell("info", f"{version.generator} opens the set while {state.work.generator} generates the first section.")
    told: tuple[Action, ...] = (opens,) if opening else instead
    state, changes = _in_its_piece(refit(state), piece_before)
    told = (*params, *discard, Mark(part.title, event.origin_frame), *changes, *told, *announced(state))
    return state, (*told, *measure_room(state))


def _in_its_piece(state: State, before: int) -> Step:
    """Where another piece begins with what sounds now, it is that piece which is steered from now on.

    Args:
        before: the place of the piece that sounded, in `Settings.pieces`.
    """
    here = state.plan[state.here].piece
    if here == before:
        return state, ()
    piece = state.settings.pieces[here]
    state, actions = changed_over(ends_where_planned(state), piece)
    return state, (*actions, Tell("info", f"{short(piece.title)} begins: prompts, scenes and controls are its own."))


def _record(state: State, version: Version, frame: int) -> p.PlayedSection:
    """What is remembered of a section that begins at a transport frame. The set's first had no deadline."""
    request, wish = version.request, version.wish
    return p.PlayedSection(
        name=wish.name,
        role=wish.role,
        start_s=state.tempo.seconds_at(frame),
        bars=request.bars,
        bpm=request.bpm,
        key=request.key,
        energy=wish.energy,
        prompts=wish.prompts,
        seed=request.seed,
        generated_in_s=version.work_s,
        headroom_s=version.headroom_s if state.transport.history else None,
        grid=version.fit,
        generator=version.generator,
        index=version.index,
        start_bar=state.grid.bar_at(frame + SLACK),
        section_id=version.id,
        piece=title_at(state, version.index),
    )


def _looped(state: State, event: p.Looped) -> Step:
    now = state.transport.now
    if now is None or now.cue.cue_id != event.cue_id:
        return state, ()
    state = state.with_transport(now=replace(now, origin=event.origin_frame, loops=now.loops + 1))
    state = _longer(state)
    tell: tuple[Action, ...] = ()
    if not state.steering.held and not state.transport.overdue and next_index(state) is not None:
        state = state.with_transport(overdue=True, holds=state.transport.holds + 1)
        tell = (Tell("warning", "The next section is late: the last bars loop until it is ready."),)
    return refit(state), tell


def _longer(state: State) -> State:
    """The section that sounds has gone back some bars: it takes so much longer."""
    *before, last = state.transport.history
    return state.with_transport(history=(*before, replace(last, bars=end_bar(state) - last.start_bar)))


def _cue_failed(state: State, event: p.CueFailed) -> Step:
    version = dict(state.transport.cue_versions).get(event.cue_id)
    state = state.with_transport(cues=tuple(cue for cue in state.transport.cues if cue.cue_id != event.cue_id))
    if version is None:
        return state, ()
    state = state.with_work(
        next=None if state.work.next is not None and state.work.next.id == version.id else state.work.next,
        others=tuple(other for other in state.work.others if other.id != version.id),
        switch=None if state.work.switch is not None and state.work.switch.id == version.id else state.work.switch,
    )
    return state, (Tell("warning", because("Could not play a section", event.message, "; generating it again.")),)


def _finished(state: State, event: p.Finished) -> Step:
    dropped = tuple(CancelJob(job) for job in state.work.jobs)
    return state.with_transport(run="finished", cues=()).with_work(jobs=()), (*dropped, Tell("info", OVER))


def _over(state: State, event: p.Finished) -> Step:
    """The set is over, and with it what loops from the room."""
    state, ended = room.over(state)
    state, actions = _finished(state, event)
    return state, (*ended, *actions)


def _hello(state: State, event: p.PlayerHello) -> Step:
    """A player that plays already (this conductor takes over), or a new one that must be told where to go on."""
    state = listening.greeted(state, event)
    if event.cue is None:
        state, actions = _resume_lost_player(state)
        return state, (*actions, *room.again(state))
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
    state, params = _in_its_tempo(state, version, event.cue.start_frame)
    assert state.transport.now is not None
    now = played_on(state.transport.now, version, event.cue, event.cue.origin_frame, event.cue.start_frame)
    return state.with_transport(now=now), params


def _resume_lost_player(state: State) -> Step:
    """The player was started anew: what sounded goes on from the next bar line of its grid."""
    now = state.transport.now
    if now is None:  # the same cues again: one that a player was given before its first word came here may have begun
        return state, (SendCues(state.transport.cues),) if state.transport.cues else ()
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
    return state, (SendCues((cue,)), Tell("warning", "The player was restarted; the set goes on."))


_PLAYER_HANDLERS: Final[dict[type, Callable[[State, Any], Step]]] = {
    p.CueStarted: _cue_started,
    p.Looped: _looped,
    p.CueFailed: _cue_failed,
    p.Finished: _over,
    p.ListenFailed: listening.failed,
    p.LoopFailed: room.failed,
    p.HeadphonesOpened: listening.opened,
    p.PlayerHello: _hello,
}
