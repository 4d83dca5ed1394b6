"""Beat phase: measured in strokes and in the section before, and reached by controls."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from engine.generators.pocket.seams.beat import FRAME, beat_phasor, phase_of, phasor
from engine.generators.pocket.seams.controls import swell_waves
from engine.generators.pocket.seams.fitting import fit_amounts, search_amounts
from engine.generators.pocket.seams.previous import read_previous, transition_gains
from engine.protocol import SectionRequest
from engine.sections.file import SectionInfo, SectionWriter

RATE = 44_100
HALF = RATE // 2
REQUEST = SectionRequest("s2", (), 8, 120.0, "A minor", 1)


def strokes(place: float, seconds: float = 8.0) -> torch.Tensor:
    """A click at a place in every beat of 120 BPM, one channel."""
    click = torch.randn(400, generator=torch.Generator().manual_seed(1)) * torch.linspace(1.0, 0.0, 400)
    sound = torch.zeros(int(seconds * RATE))
    for number in range(int(2 * seconds)):
        at = round((number + place) * HALF)
        sound[at : at + 400] += click[: len(sound) - at]
    return sound


def off(found: float, place: float) -> float:
    return abs((found - place + 0.5) % 1.0 - 0.5)


def section(path: Path, sound: torch.Tensor, made: float = 1.0, bpm: float = 120.0) -> str:
    """A section file of two stems that together are ``sound``, written up to a share of it."""
    info = SectionInfo("s1", ("a", "b"), RATE, 0, len(sound), 4, 0, 4, bpm, "A minor", 1, "test")
    writer = SectionWriter(path, info)
    both = (0.5 * sound)[:, None, None].repeat(1, 2, 2).numpy()
    writer.write(both[: int(made * len(sound))])
    writer.close()
    return str(path)


@pytest.mark.parametrize("place", [0.0, 0.25, 0.5, 0.7])
def test_phase_is_where_the_strokes_are(place: float) -> None:
    assert off(phase_of(beat_phasor(strokes(place), 0, (0, 8 * RATE), HALF)), place) < 0.03


def test_silence_has_no_beat() -> None:
    assert abs(beat_phasor(torch.zeros(4 * RATE), 0, (0, 4 * RATE), HALF)) < 1e-9


@pytest.mark.parametrize("place", [0.1, 0.6])
def test_previous_section_is_read_on_both_sides_of_the_seam(tmp_path: Path, place: float) -> None:
    sound = torch.cat([strokes(place), strokes(place + 0.4)])
    request = replace(REQUEST, continue_path=section(tmp_path / "s1", sound), continue_frame=8 * RATE)
    left = read_previous(request, 6 * RATE)
    assert left is not None
    assert len(left.sound) == len(left.tail) == 6 * RATE
    for sound, start, lies in ((left.sound, -6 * RATE, place), (left.tail, 0, place + 0.4)):
        assert off(phase_of(beat_phasor(sound, start, (start, start + 6 * RATE), HALF)), lies) < 0.03


def test_transition_gains_match_the_players() -> None:
    out, into = transition_gains("equal-power", 1.0, 2 * RATE)
    assert torch.allclose(out**2 + into**2, torch.ones(2 * RATE), atol=1e-5)
    assert out[0] == into[-1] == 1.0
    assert abs(float(out[HALF]) - 0.5**0.5) < 1e-3
    out, into = transition_gains("cut", 1.0, 8)
    assert out.tolist() == [0.0] * 8
    assert into.tolist() == [1.0] * 8


def test_phase_does_not_depend_on_where_the_section_starts() -> None:
    """The same sound has the same pulse in a section that begins anywhere, cut out of the whole or not."""
    whole = torch.cat([strokes(0.0), strokes(0.3, 4.0)])
    origin, span = 3 * HALF + 77, 8 * RATE
    there = beat_phasor(whole, 0, (origin, origin + span), HALF)
    here = beat_phasor(whole[origin - 2048 :], -2048, (0, span), HALF, origin)
    assert abs(there - here * phasor(origin / HALF)) < 1e-6 * abs(there)


def test_previous_section_that_cannot_be_read_is_none(tmp_path: Path) -> None:
    frames, sound = 6 * RATE, strokes(0.0)
    assert read_previous(REQUEST, frames) is None
    gone = replace(REQUEST, continue_path=str(tmp_path / "gone"), continue_frame=8 * RATE)
    assert read_previous(gone, frames) is None
    half = replace(gone, continue_path=section(tmp_path / "half", sound, made=0.5))
    assert read_previous(half, frames) is None
    slow = replace(gone, continue_path=section(tmp_path / "slow", sound, bpm=100.0))
    assert read_previous(slow, frames) is None
    whole = section(tmp_path / "whole", sound)
    assert read_previous(replace(gone, continue_path=whole, continue_frame=RATE // 2), frames) is None
    assert read_previous(replace(gone, continue_path=whole), frames) is not None


@pytest.mark.parametrize("place", [0.1, 0.35, 0.8])
def test_swell_gives_held_chords_a_beat(place: float) -> None:
    held = 0.2 * torch.sin(2 * torch.pi * 220.0 / RATE * torch.arange(8 * RATE + FRAME))
    held = (held + 0.003 * torch.randn(len(held), generator=torch.Generator().manual_seed(2))).float()
    edge, near = (0, 8 * RATE), torch.ones(len(held))
    whole = torch.stack(swell_waves(near, 0, HALF, alone=True)) * held
    back = phasor(-place)
    tried = []

    def hear(amounts: list[float]) -> complex:
        tried.append(amounts)
        return beat_phasor(torch.addmv(held, whole.T, torch.tensor(amounts)), 0, edge, HALF) * back

    bare = beat_phasor(held, 0, edge, HALF) * back
    amounts, reached = search_amounts(hear, bare, [(-1.0, 1.0)] * 2, [0], 0.1)
    assert abs(bare) < 0.05
    assert abs(reached) > 0.07
    assert abs(phase_of(reached)) < 0.01
    assert all(abs(amount) <= 1.0 for amount in amounts)
    assert len(tried) < 8


def test_swell_keeps_loudness_and_stays_near_the_seam() -> None:
    near = torch.cat([torch.ones(4 * RATE), torch.zeros(4 * RATE)])
    added = torch.stack(swell_waves(near, 0, HALF, alone=False))
    assert float(added[:, 4 * RATE :].abs().max()) == 0.0
    assert float(added.abs().max()) < 0.2
    assert added[:, : 4 * RATE].mean(1).abs().max() < 1e-3


def test_amounts_reach_the_goal_within_their_limits() -> None:
    effects = [0.2 + 0.0j, 0.0 + 0.3j, -0.1 - 0.3j]
    amounts = fit_amounts(0.1 + 0.15j, effects, [(-1.0, 1.0), (0.0, 1.0), (0.0, 1.0)])
    reached = sum(amount * effect for amount, effect in zip(amounts, effects, strict=True))
    assert abs(reached.imag - 0.15) < 0.03
    held = fit_amounts(0.0 + 0.5j, effects, [(-0.1, 0.1), (0.0, 0.4), (0.0, 1.0)])
    assert held[1] == 0.4
    assert abs(held[0]) <= 0.1
    assert held[2] == 0.0
