"""Which cues the player should hold: pure functions from the conductor's state."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from engine.conductor.events import Action, SendCues
from engine.conductor.forecast import due_frame, opens_for_s, playing_end, usable
from engine.conductor.looping import frames_to, looped, looped_bars
from engine.conductor.pieces import opens_piece
from engine.conductor.requests import next_index
from engine.conductor.seams import coming
from engine.conductor.state import Heard, Playing, State, Version
from engine.music.key import NEIGHBOURS, Key, fifths_apart
from engine.protocol import TRANSITION_BY_KIND, Cue
from engine.timebase import SLACK


def origin_at(state: State, frame: int) -> int:
    """Where the sounding section's frame 0 will lie at ``frame``, if it loops until then."""
    assert state.transport.now is not None
    grid, (bars, loop) = state.grid, looped_bars(state, state.transport.now.cue)
    origin = state.transport.now.origin
    while frame >= (end := grid.frame_of_bar(grid.bar_at(origin + SLACK) + bars)):
        bar = grid.bar_at(end)
        origin += end - grid.frame_of_bar(bar - loop)
    return origin


def played_on(now: Playing, version: Version, cue: Cue, origin: int, frame: int) -> Playing:
    """The sounding section in another version, from a frame of the transport on."""
    first = max(0, frame - origin)
    if now.heard and now.heard[-1].path == version.path:
        heard = now.heard
    elif version.request.bpm != now.version.request.bpm:  # frames of the two do not lie at the same beats
        heard = (Heard(version.path, first),)
    else:  # what began later than this one, in a loop before, is not heard any more
        heard = (*(each for each in now.heard if each.first < first), Heard(version.path, first))
    return replace(now, version=version, cue=cue, origin=origin, heard=heard)


def _is_last(state: State, version: Version) -> bool:
    return version.index + 1 >= len(state.plan)


def _cue(state: State, version: Version, start: int, origin: int, **how: Any) -> Cue:
    """A cue; where its version has another tempo than what sounds, its grid is the set's from the bar line at its start on."""
    grid = state.grid.from_bar(state.grid.next_bar(start), version.request.bpm)
    first, last = looped(state, version) or (0, version.request.bars)
    return Cue(
        cue_id=0,
        path=version.path,
        start_frame=start,
        origin_frame=origin,
        end_frame=frames_to(state, version, last),
        grid=grid,
        loop_bars=last - first + 1 if first else min(state.settings.loop_bars, version.request.bars),
        final=_is_last(state, version) and not state.steering.held and not version.filler,
        **how,
    )


def next_cue(state: State) -> Cue | None:
    """The cue that hands over to the next section, None while it is held back or not there yet."""
    version = state.work.next
    index = next_index(state)
    if (
        version is None
        or index is None
        or not usable(state, version)
        or (state.steering.held and state.transport.now is not None)
        or opens_for_s(state) > 0
    ):
        return None
    grid, due = state.grid, due_frame(state)
    if state.transport.now is None:
        return _cue(state, version, due, due)
    if state.transport.run == "starting":  # the set was over and goes on: nothing sounds to blend with
        return _cue(state, version, due, due)
    sounds = state.transport.now.version
    kind, over = coming(state)
    overlaps = TRANSITION_BY_KIND[kind].overlaps
    if overlaps and (version.request.bpm != grid.bpm or not _in_harmony(state, version)):
        return _cue(state, version, due, due)
    bar = grid.bar_at(due)
    over_grid = grid.from_bar(bar, version.request.bpm)
    length = over_grid.frame_of_bar(bar + min(over, version.request.bars)) - due
    if overlaps:
        length = max(0, min(length, sounds.total - (due - origin_at(state, due - 1))))
    return _cue(state, version, due, due, transition=kind if length else "cut", length=length)


def _in_harmony(state: State, version: Version) -> bool:
    """Whether the next section may sound together with this one: they are in one key, or two pieces of keys that are near."""
    assert state.transport.now is not None
    sounds = state.transport.now.version
    if version.request.key == sounds.request.key:
        return True
    near = fifths_apart(Key.parse(sounds.request.key), Key.parse(version.request.key)) <= NEIGHBOURS
    return near and opens_piece(state, version.index)


def switch_cue(state: State) -> Cue | None:
    """The cue that puts a re-made version in place of what sounds, on the first beat it can be there for."""
    version = state.work.switch
    if state.transport.now is None:
        return None
    return _same_again(state) if version is None else _switch_to(state, version)


def _switch_to(state: State, version: Version) -> Cue | None:
    s, grid = state.settings, state.grid
    earliest = state.transport.frame + s.commit + s.fade
    if version.filler:
        start = grid.frame_of_bar(grid.next_bar(earliest))
        return _cue(state, version, start, start, transition="equal-power", length=s.fade) if usable(state, version) else None
    if _elsewhere(state, version):
        return _on_a_line(state, version, earliest)
    for _ in range(2):
        step, beat = grid.next_beat_frame(earliest, 4), grid.next_beat_frame(earliest)
        on = beat if beat - step <= grid.frames_per_beat / 4 else step
        start = on - s.fade
        origin = origin_at(state, start)
        missing = origin + version.request.from_frame - start
        if missing <= 0:
            break
        earliest += missing
    enough = start - origin + round(grid.frames_per_bar * 5 / 4)
    if missing > 0 or (not version.complete and version.ready_to < min(enough, version.total)):
        return None
    if start >= playing_end(state) and not state.steering.held and state.work.next is not None:
        return None
    return _cue(state, version, start, origin, transition="equal-power", length=s.fade)


def _elsewhere(state: State, version: Version) -> bool:
    """Whether a version is in another tempo or key than what sounds: the two are not heard at once."""
    now = state.transport.now
    assert now is not None
    return version.request.bpm != state.grid.bpm or version.request.key != now.version.request.key


def _on_a_line(state: State, version: Version, earliest: int) -> Cue | None:
    """The cue that puts a version in another tempo or key in place of what sounds, on the first bar line that it can."""
    s, grid, request = state.settings, state.grid, version.request
    first = grid.next_bar(earliest)
    for line in range(first, first + request.bars + 1):
        on = grid.frame_of_bar(line)
        begun = grid.bar_at(origin_at(state, on) + SLACK)
        own = grid.from_bar(line, request.bpm)
        origin = own.frame_of_bar(begun)
        start = on - (s.fade if line > begun else 0)
        if origin + request.from_frame <= start:
            break
    else:
        return None
    enough = on - origin + round(own.frames_per_bar * 5 / 4)
    if not version.complete and version.ready_to < min(enough, version.total):
        return None
    if on >= playing_end(state) and not state.steering.held and state.work.next is not None:
        return None
    return _cue(state, version, start, origin, transition="equal-power", length=s.fade)


def _once_begun(state: State, cue: Cue, version: Version) -> State:
    """The state as it will be once a cue has begun to sound."""
    now = state.transport.now
    if now is None or cue.grid == state.grid:
        return state
    bar = state.grid.next_bar(cue.start_frame)
    changes = state.tempo.changed(bar, version.request.bpm).changes
    then = played_on(now, version, cue, cue.origin_frame, cue.start_frame)
    return state.with_transport(now=then, changes=changes, frame=max(state.transport.frame, cue.grid.frame_of_bar(bar)))


def _same_again(state: State) -> Cue | None:
    """When hold changes whether the last section may end, or in which bars it loops: the same file again, with other answers.

    It goes on at the same place, or goes back to the loop's first bar where that lies behind it.
    """
    now, s = state.transport.now, state.settings
    assert now is not None
    start = state.grid.next_beat_frame(state.transport.frame + s.commit, 4)
    origin = origin_at(state, start)
    wanted = _cue(state, now.version, start, origin, transition="equal-gain", length=64, correlation=1.0)
    ends = now.cue.end_frame != wanted.end_frame or now.cue.loop_bars != wanted.loop_bars
    if not now.version.complete or not (ends or now.cue.final != wanted.final):
        return None
    if start >= origin + wanted.end_frame:
        return _back_to(state, now.version)
    if start + s.commit >= playing_end(state) and now.cue.final:
        return None
    return wanted


def _back_to(state: State, version: Version) -> Cue | None:
    """The cue that goes back to the first bar of the loop, on the next bar line."""
    grid, loop = state.grid, looped(state, version)
    if loop is None:
        return None
    line = grid.next_bar(state.transport.frame + state.settings.commit + state.settings.fade)
    fade = state.settings.fade if loop[0] > 1 else 0
    origin = grid.frame_of_bar(line - loop[0] + 1)
    return _cue(state, version, grid.frame_of_bar(line) - fade, origin, transition="equal-power", length=state.settings.fade)


def _same(a: Cue, b: Cue) -> bool:
    """Whether two cues ask for the same thing; what was measured of their sides since does not count."""
    measured = all(TRANSITION_BY_KIND[cue.transition].measured for cue in (a, b))
    transition = a.transition if measured else b.transition
    return a == replace(b, cue_id=a.cue_id, correlation=a.correlation, transition=transition)


def _frozen(state: State) -> list[Cue]:
    """The cues that can no longer be taken back."""
    last = state.transport.frame + state.settings.commit
    return [cue for cue in state.transport.cues if cue.start_frame <= last and state.transport.run == "playing"]


def handing_over(state: State) -> Version | None:
    """The version of the next section that comes in now, whatever is asked for; None as long as another one could."""
    known, index = dict(state.transport.cue_versions), next_index(state)
    coming = (known[cue.cue_id] for cue in _frozen(state) if cue.cue_id in known)
    return next((version for version in coming if version.index == index), None)


def choose_cues(state: State) -> tuple[State, tuple[Action, ...]]:
    """What the player should hold now; an order only when that differs from what it was last told."""
    frozen = _frozen(state)
    known = dict(state.transport.cue_versions)
    held_ids = {known[cue.cue_id].id for cue in frozen if cue.cue_id in known}
    here = state.transport.now.version.index if state.transport.now else None
    hands_over = any(known[cue.cue_id].index != here for cue in frozen if cue.cue_id in known)
    wanted: list[tuple[Cue, Version]] = []
    if not frozen:
        switch = switch_cue(state)
        if switch is not None:
            assert state.transport.now is not None
            wanted.append((switch, state.work.switch or state.transport.now.version))
    ahead = state
    for cue in frozen:
        ahead = _once_begun(ahead, cue, known[cue.cue_id]) if cue.cue_id in known else ahead
    following = None if hands_over else next_cue(ahead)
    if following is not None and wanted and wanted[0][0].start_frame + wanted[0][0].length < following.start_frame:
        following = next_cue(_once_begun(ahead, *wanted[0]))
    if following is not None and state.work.next is not None and state.work.next.id not in held_ids:
        wanted = [pair for pair in wanted if pair[0].start_frame + pair[0].length < following.start_frame]
        wanted.append((following, state.work.next))
    free = [cue for cue in state.transport.cues if cue not in frozen]
    if len(free) == len(wanted) and all(_same(a, b) for a, (b, _) in zip(free, wanted, strict=True)):
        return state, ()
    cues, versions, last = list(frozen), list(state.transport.cue_versions), state.transport.last_cue
    for cue, version in wanted:
        last += 1
        cues.append(replace(cue, cue_id=last))
        versions.append((last, version))
    state = state.with_transport(cues=tuple(cues), cue_versions=tuple(versions[-16:]), last_cue=last)
    return state, (SendCues(tuple(cues)),)
