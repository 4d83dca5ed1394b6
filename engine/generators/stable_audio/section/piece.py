"""What is asked of the model for one section: how long a piece, what of it is kept, and where in it the section lies.

A piece is whole bars in front (the end of the section before, kept; or a bar that the music may begin in), the section with
its tail, and as much more as the mending of its grid may need.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from engine.errors import GeneratorError
from engine.generators.stable_audio.section import material
from engine.generators.stable_audio.section.prompted import prompted
from engine.generators.stable_audio.section.words import Curve, mix_curves
from engine.protocol import SectionRequest, Traits
from engine.timebase import Grid

Audio = npt.NDArray[np.float32]

KEPT_S: Final = 4.5
"""So much of the section before is kept in front, at most, in whole bars."""

CONTEXT_S: Final = 16.0
"""So much on each side of bars that are made again steers them."""

HOLD: Final = 0.5
"""How much of the model's noise gives way to a sound that is the only prompt: its rhythm and colours stay, its notes are free."""

MOST_STRETCH: Final = 0.03
"""A piece whose tempo is off by more is not stretched."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One call of the model.

    Attributes:
        prompt: completed texts with their shares or curves of shares.
        frames: its length at the model's rate.
        lead_bars: bars before the section's downbeat.
        source: sound kept in it, from its first frame on; None if nothing is.
        remake: (start, end) in seconds of the source that are made again; None for all that follows the source.
        vary: sound it is a variation of, from its first frame on.
        amount: how little of that is left, 0..1; None for as little as the request says.
    """

    prompt: list[tuple[str, float | Curve]]
    frames: int
    lead_bars: int
    source: Audio | None = None
    remake: tuple[float, float] | None = None
    vary: Audio | None = None
    amount: float | None = None


def plan_piece(request: SectionRequest, rate: int, longest: int) -> Piece:
    """The piece for a section that is new, continued or varied as a whole.

    Args:
        request: what to make.
        rate: the model's.
        longest: frames it makes at once.

    Raises:
        GeneratorError: it is too long (says how many bars fit), or the sound to start from cannot be used.
    """
    grid = Grid(request.bpm, request.beats_per_bar, rate)
    total = request.total_frames(rate)
    frames = -int(-total // (1 - MOST_STRETCH)) + -int(-grid.frames_per_beat // 2)
    room = int((longest - frames) // grid.frames_per_bar)
    if room < 1:
        raise _too_long(request, grid, longest)
    kept = _kept(request, grid, room)
    lead_bars = round(len(kept) / grid.frames_per_bar) if kept is not None else 1
    lead = grid.frame_of_bar(lead_bars)
    frames += lead
    if request.vary_path is not None:
        audio = material.whole(request, rate)
        end = grid.frame_of_bar(request.bars)  # around the section, its own bars go on
        front = np.resize(audio[:end][::-1], (lead, audio.shape[1]))[::-1] if kept is None else kept
        vary = np.concatenate((front, audio, audio[: frames - lead - len(audio)]))
        return Piece(_settled(request), frames, lead_bars, kept, vary=vary)
    prompt = mix_curves(request, frames / rate, lead / rate)
    if (sounds := prompted(request, rate, frames, lead)) is None:
        return Piece(prompt, frames, lead_bars, kept)
    sound, share = sounds
    if kept is not None:
        sound[:lead] = kept
    return Piece(prompt, frames, lead_bars, kept, vary=sound, amount=1.0 - HOLD * share)


def plan_remake(request: SectionRequest, rate: int, longest: int) -> tuple[Piece, int, int, int]:
    """The piece in which some bars of a section are made again.

    Returns:
        The piece; the section's frames at ``rate`` from which and to which it is made again; and the section's frame at which
        the piece starts (negative where it starts with the section before).

    Raises:
        GeneratorError: there are no such bars, they are too long, or the sound cannot be used.
    """
    assert request.remake_bars is not None
    first, last = request.remake_bars
    if request.vary_path is None:
        raise GeneratorError("there is no section of which to make bars again", "name the section")
    if not 1 <= first <= last <= request.bars:
        raise GeneratorError(f"bars {first} to {last} cannot be made again", f"the section has bars 1 to {request.bars}")
    grid = Grid(request.bpm, request.beats_per_bar, rate)
    start, end = grid.frame_of_bar(first - 1), grid.frame_of_bar(last)
    if end - start >= longest:
        raise _too_long(request, grid, longest)
    audio = material.whole(request, rate)
    context = min(round(CONTEXT_S * rate), (longest - (end - start)) // 2)
    low, high = max(0, start - context), min(len(audio), end + context)
    front = np.zeros((0, audio.shape[1]), np.float32)
    if start < context and request.continue_path is not None:
        front = material.before(request.continue_path, request.continue_frame, context - start, rate)
    source = np.concatenate((front, audio[low:high]))
    begin = low - len(front)
    span = ((start - begin) / rate, (end - begin) / rate)
    return Piece(_settled(request), len(source), 0, source, remake=span), start, end, begin


def _settled(request: SectionRequest) -> list[tuple[str, float | Curve]]:
    """The section's own mix all along."""
    return mix_curves(replace(request, previous_prompts=()), 1.0, 0.0)


def _kept(request: SectionRequest, grid: Grid, room: int) -> Audio | None:
    """The last whole bars, up to ``room``, before the frame at which the section starts; None if there is not one."""
    if request.continue_path is None:
        return None
    bars = min(room, Traits(kept_s=KEPT_S).kept_bars(float(grid.frames_per_bar) / grid.rate))
    sound = material.before(request.continue_path, request.continue_frame, grid.frame_of_bar(bars), grid.rate)
    while bars and len(sound) < grid.frame_of_bar(bars):
        bars -= 1
    return sound[len(sound) - grid.frame_of_bar(bars) :] if bars else None


def _too_long(request: SectionRequest, grid: Grid, longest: int) -> GeneratorError:
    bars = int(((longest - grid.frames_per_bar - grid.frames_per_beat) * 97 // 100) // grid.frames_per_bar) - request.tail_bars
    return GeneratorError(
        f"{request.bars} bars and {request.tail_bars} of tail at {request.bpm:g} BPM are more than the model makes at once",
        f"{bars} bars fit" if bars > 0 else "not one bar fits at this tempo",
    )
