"""Where a section may loop, be entered, or be left: arithmetic on the grid and on what its file holds already."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Final

import numpy as np

from engine.player.decks import Deck
from engine.player.rendering.transitions import Fade
from engine.player.rendering.voices import Voice
from engine.protocol import Cue
from engine.timebase import Grid

CROSSFADE: Final = 441
"""Frames (10 ms) of a loop's crossfade, and how far ahead of a seam it is decided."""

SHORT_CROSSFADE: Final = 220
"""Frames of a crossfade that has to lie behind the seam, over the downbeat."""

ONSET_FADE: Final = 64
"""Frames over which a section comes in that does not begin near zero (1.5 ms)."""

TOLERANCE: Final = 8
"""Frames by which a section's end may miss its bar line through rounding."""


def cue_ready(deck: Deck) -> bool:
    """Whether a cue's file holds its first bar (for a re-make: the bar begun and one whole bar after it)."""
    cue, info = deck.cue, deck.reader.info
    first = cue.origin_frame + info.first_frame
    if cue.start_frame < first:
        return False
    bar = cue.grid.bar_at(cue.start_frame)
    whole = cue.grid.frame_of_bar(bar) == cue.start_frame
    wanted = cue.grid.frame_of_bar(bar + (1 if whole else 2)) + CROSSFADE
    return first + deck.reader.ready >= min(wanted, first + info.frames)


def later_start(cue: Cue, frame: int, horizon: int) -> int | None:
    """The next frame at which a cue may start: a bar line after its start and at or after ``frame``.

    A re-make takes the next beat at or after ``horizon`` instead; None if its section is over by then.
    """
    if cue.origin_frame == cue.start_frame:
        return cue.grid.frame_of_bar(cue.grid.next_bar(max(cue.start_frame + 1, frame)))
    start = cue.grid.next_beat_frame(max(cue.start_frame + 1, horizon))
    return start if start < cue.origin_frame + cue.end_frame else None


def later_line(cue: Cue, frame: int, sounding: Grid) -> int | None:
    """How many frames later a cue in another tempo than what sounds may start: on a bar line of what sounds.

    Args:
        cue: it begins on a bar line, or a crossfade before it.
        frame: it starts there at the earliest.
        sounding: the grid of what sounds.

    Returns:
        frames by which its own bars move with it, so that it comes in at one of them; None if its section is over by then.
    """
    first, own = sounding.next_bar(cue.start_frame), cue.grid.next_bar(cue.start_frame)
    line = sounding.next_bar(max(cue.start_frame + 1, frame))
    if cue.origin_frame == cue.start_frame:
        return sounding.frame_of_bar(line) - cue.start_frame
    shift = sounding.frame_of_bar(line) - cue.grid.frame_of_bar(own + line - first)
    over = sounding.frame_of_bar(line) >= cue.origin_frame + cue.end_frame + shift
    return None if over else shift


def moved(cue: Cue, start: int, shift: int) -> Cue:
    """A cue that starts at another frame, its section and its bars so many frames later."""
    grid = replace(cue.grid, origin=cue.grid.origin + shift)
    return replace(cue, start_frame=start, origin_frame=cue.origin_frame + shift, grid=grid)


def shifted(cue: Cue, moved: Cue, start: int) -> Cue:
    """``cue``, which follows ``moved``, when that one starts at ``start`` instead: later by as many bars."""
    grid = cue.grid
    bars = grid.bar_at(start + 1) - grid.bar_at(moved.start_frame + 1)

    def later(frame: int) -> int:
        bar = grid.next_bar(frame)
        return frame + grid.frame_of_bar(bar + bars) - grid.frame_of_bar(bar)

    return replace(cue, start_frame=later(cue.start_frame), origin_frame=later(cue.origin_frame))


def next_seam(voice: Voice, after: int) -> int:
    """The first bar line behind ``after``, or the section's end where that comes first (and is not one)."""
    grid = voice.cue.grid
    line = grid.frame_of_bar(grid.bar_at(after) + 1)
    if line - after <= TOLERANCE:
        line = grid.frame_of_bar(grid.bar_at(line) + 1)
    if after + TOLERANCE < voice.end < line - TOLERANCE:
        return voice.end
    return voice.end if line > voice.last >= voice.end >= line - TOLERANCE else line


def next_beat(voice: Voice, after: int) -> int:
    """The first beat behind ``after``."""
    return voice.cue.grid.next_beat_frame(after + TOLERANCE)


def bar_ready(voice: Voice, seam: int, next_start: int | None) -> bool:
    """Whether the bar that begins at ``seam`` may be played: it and a crossfade are written, or all there will be is."""
    wanted = next_seam(voice, seam) + CROSSFADE
    if next_start is not None and next_start < wanted:
        wanted = max(next_start, seam) + CROSSFADE
    return voice.ready >= min(wanted, voice.last)


def _ways(grid: Grid, seam: int, most: int) -> Iterator[tuple[int, int]]:
    """Frames and bars to go back from ``seam``: ``most`` bars first, then fewer, then beats and parts of one."""
    bar = grid.bar_at(seam + TOLERANCE)
    line = grid.frame_of_bar(bar)
    if abs(line - seam) <= TOLERANCE:
        for bars in range(most, 0, -1):
            yield line - grid.frame_of_bar(bar - bars), bars
    for parts in range(4 * grid.beats_per_bar - 1, 0, -1):
        if parts % 4 == 0 or parts < 4:
            yield round(grid.frames_per_beat * Fraction(parts, 4)), 0


def way_back(voice: Voice, seam: int, over: bool, most: int, next_start: int | None) -> tuple[int, int] | None:
    """How far a section loops at ``seam``: frames, and whole bars (0 if its file has less than one).

    At the end it goes back ``most`` bars, fewer if a cue starts before they would be over; None if there is nothing to repeat.
    """
    grid = voice.cue.grid
    extra = 0
    if over:
        first, here = grid.bar_at(voice.end + TOLERANCE), grid.bar_at(seam + TOLERANCE)
        extra = max(0, here - first)
        if next_start is not None:
            most = max(1, min(most, grid.bar_at(next_start + TOLERANCE) - here))
    for shift, bars in _ways(grid, seam, most + extra):
        if seam - shift >= voice.first and (extra == 0 or bars == 0 or bars > extra):
            return shift, bars
    return None


def _correlation(one: Voice, a: int, other: Voice, b: int, count: int) -> float:
    """Of two stretches of sound, 0 where there is none."""
    x = one.samples(a, count).sum(axis=1).ravel()
    y = other.samples(b, count).sum(axis=1).ravel()
    n = min(len(x), len(y))
    energy = float(np.dot(x[:n], x[:n])) * float(np.dot(y[:n], y[:n]))
    rho = float(np.dot(x[:n], y[:n])) / energy**0.5 if 0 < energy < float("inf") else 0.0
    return min(max(rho, 0.0), 1.0)


def go_back(voice: Voice, seam: int, shift: int) -> Voice:
    """The same section ``shift`` frames earlier from ``seam`` on; fades ``voice`` out.

    The crossfade ends at the seam, so that the downbeat stays whole; where the file has nothing before the loop's
    start it begins there instead.
    """
    origin = voice.origin + shift
    begin = max(seam - CROSSFADE, voice.start, voice.first + shift)
    length = seam - begin
    if length < CROSSFADE // 2:
        begin = seam
        length = max(0, min(SHORT_CROSSFADE, voice.ready - seam))
    again = Voice(voice.cue, voice.reader, origin, begin, fades=[f for f in voice.fades if f.end > begin])
    if length:
        rho = _correlation(voice, begin, again, begin, length)
        again.fades.append(Fade(begin, length, "power", True, rho))
        voice.fades.append(Fade(begin, length, "power", False, rho))
    else:
        again.fades += soft_onset(again)
        voice.fades.append(Fade(seam - CROSSFADE // 2, CROSSFADE // 2, "linear", False))
    voice.stop = begin + length
    return again


def soft_onset(voice: Voice) -> list[Fade]:
    """A short fade in where a section's first sample is a step its own first millisecond does not have; else nothing."""
    head = voice.samples(voice.start, ONSET_FADE).sum(axis=1)
    if len(head) < 2:
        return []
    own = float(np.abs(np.diff(head, axis=0)).max())
    step = float(np.abs(head[0]).max())
    return [Fade(voice.start, ONSET_FADE, "linear", True)] if step > own + 1e-4 else []
