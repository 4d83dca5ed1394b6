"""Where two of pocket's sections meet: both sides are equally loud, and the beat keeps its phase."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.generators.pocket import Pocket
from engine.generators.pocket.instruments.voices import CHUNK
from engine.generators.pocket.score.drumming.off_beat import uses_off_beats
from engine.generators.pocket.seams.previous import transition_gains
from engine.generators.pocket.seams.section import EDGE_S
from engine.protocol import TRANSITION_TABLE, Neighbour, PromptWeight, Role, SectionRequest, TransitionKind
from engine.timebase import SAMPLE_RATE as RATE

from . import listening
from .listening import (
    beat_phase,
    blocks,
    lufs,
    mixed,
    phase_shift,
    phase_shift_at,
    play,
    play_end,
    play_in_a_row,
    play_mix,
    play_start,
    write_section,
)

LOUDNESS_LU = 0.5
"""Loudness step allowed at a seam: half of the 1 LU in DESIGN.md, since a transition adds some of its own."""
FAINT_BEATS = 0.02
"""Beat shift allowed where both sides are measured directly and pocket aims at one phase: see `seams.fitting`."""
HEARD_BEATS = 0.035
"""Beat shift allowed in what the audience hears, where a fade mixes two sections within the eight seconds measured."""
MIXED_BEATS = 0.045
"""The same where three different mixes of prompts meet within those seconds."""
DERIVED_BEATS = 0.09
"""Beat shift allowed where no section before is heard: each side then derives its phase from the requests alone, and the style's
own swing remains."""


def ask(text: str, bpm: float, **changes: object) -> SectionRequest:
    return listening.ask(
        text,
        **{
            "bpm": bpm,
            "bars": 8,
            "key": "A minor",
            "seed": 5,
            "tail_bars": 0,
            "role": "free",
            "energy": 0.7,
            "previous_role": "free",
            "next_role": "free",
            **changes,
        },
    )


@pytest.mark.parametrize(("style", "bpm"), [("lo-fi", 80.0), ("drone", 70.0)])
def test_sections_of_equal_energy_are_equally_loud_at_a_seam(pocket: Pocket, style: str, bpm: float) -> None:
    before = play_mix(pocket, ask(style, bpm, tail_bars=2))
    after = mixed(play_start(pocket, ask(style, bpm, seed=6, index=1, first_bar=8)))
    near, end = int(3.5 * RATE), round(8 * 4 * 60.0 / bpm * RATE)
    assert abs(lufs(after[:near]) - lufs(before[end - near : end])) < LOUDNESS_LU
    assert abs(lufs(after[:near]) - lufs(before[end : end + near])) < LOUDNESS_LU, "the tail under the next section's fade-in"


@pytest.mark.parametrize(("style", "bpm"), [("UK garage", 132.0), ("electro", 128.0)])
def test_build_and_drop_agree_on_the_beat_without_hearing_each_other(pocket: Pocket, style: str, bpm: float) -> None:
    build = ask(style, bpm, role="build", energy=0.57, next_energy=0.93, previous_role="breakdown", next_role="drop", bars=16)
    drop = ask(style, bpm, role="drop", energy=0.93, bars=16, previous_role="build", next_role="outro", seed=6, first_bar=8)
    shift = phase_shift(mixed(play_end(pocket, build)), mixed(play_start(pocket, drop)), 60.0 / bpm * RATE)
    assert abs(shift) < DERIVED_BEATS


@pytest.mark.parametrize(("text", "bpm"), [("slow piano, no drums", 84.0), ("organ drone", 80.0)])
def test_sections_without_drums_agree_on_the_beat(pocket: Pocket, text: str, bpm: float) -> None:
    first = ask(text, bpm, role="breakdown", energy=0.4, previous_role="drop", next_role="build", bars=8)
    then = ask(text, bpm, role="build", energy=0.6, previous_role="breakdown", next_role="drop", bars=8, seed=6, first_bar=8)
    before = play_end(pocket, first)
    assert abs(phase_shift(mixed(before), mixed(play_start(pocket, then)), 60.0 / bpm * RATE)) < FAINT_BEATS
    assert text == "organ drone" or float(np.abs(before[:, 0]).max()) == 0.0, "no drums play: the chords swell"


def test_short_section_starts_on_the_beat_of_the_one_before(pocket: Pocket) -> None:
    """Trance's build turns from beats to off-beats, here within 14 s, of which a listener compares eight."""
    rest = ask("trance", 138.0, role="breakdown", energy=0.35, previous_role="drop", next_role="build", bars=16)
    build = ask("trance", 138.0, role="build", energy=0.65, previous_role="breakdown", next_role="drop", seed=6, first_bar=16)
    shift = phase_shift(mixed(play_end(pocket, rest)), mixed(play_start(pocket, build)), 60.0 / 138.0 * RATE)
    assert abs(shift) < FAINT_BEATS


@pytest.mark.parametrize(("style", "bpm"), [("trip hop", 88.0), ("dubstep", 140.0)])
def test_section_follows_the_beat_it_hears_before_it(pocket: Pocket, tmp_path: Path, style: str, bpm: float) -> None:
    drop = ask(style, bpm, role="drop", energy=0.9, previous_role="build", next_role="breakdown", bars=16)
    rest = ask(style, bpm, bars=16, role="breakdown", energy=0.4, previous_role="drop", next_role="build", seed=6, first_bar=8)
    before, frames, beat = play_end(pocket, drop), drop.total_frames(), 60.0 / bpm * RATE
    path = write_section(tmp_path / "a", drop, before)
    after = mixed(play_start(pocket, replace(rest, continue_path=path, continue_frame=frames)))
    assert abs(phase_shift(mixed(before), after, beat)) < HEARD_BEATS
    path = write_section(tmp_path / "b", drop, np.roll(before, -int(0.08 * beat), 0))
    moved = mixed(play_start(pocket, replace(rest, continue_path=path, continue_frame=frames)))
    span = 7 * RATE
    assert beat_phase(moved[:span], 0, beat) < beat_phase(after[:span], 0, beat) - 0.03, "0.08 beats early, followed in part"


@pytest.mark.parametrize(("style", "bpm"), [("house", 122.0), ("lo-fi", 80.0)])
def test_beat_stays_while_an_outro_fades_in_over_the_tail(pocket: Pocket, tmp_path: Path, style: str, bpm: float) -> None:
    """The end of a drop, then its tail under the outro that fades in over four bars."""
    drop = ask(style, bpm, role="drop", energy=0.95, previous_role="build", next_role="outro", bars=12, tail_bars=4)
    drop = replace(drop, exit="bass-swap", exit_bars=4)
    outro = ask(style, bpm, role="outro", energy=0.25, previous_role="drop", next_role=None, bars=12, seed=6, first_bar=12)
    outro = replace(outro, entry="bass-swap", entry_bars=4)
    heard, starts = play_in_a_row(pocket, tmp_path, [drop, outro])
    assert abs(phase_shift_at(heard, starts[1], 60.0 / bpm * RATE)) < HEARD_BEATS


@pytest.mark.parametrize(
    ("texts", "bpm", "weights"),
    [
        (("hip hop", "house"), 118.0, ((0.8, 0.3), (0.4, 0.9))),
        (("ambient", "techno"), 124.0, ((0.7, 0.4), (0.4, 0.9))),
    ],
)
def test_beat_stays_where_prompts_bring_in_off_beats(
    pocket: Pocket, tmp_path: Path, texts: tuple[str, str], bpm: float, weights: tuple[tuple[float, float], ...]
) -> None:
    mixes = [tuple(PromptWeight(text, weight) for text, weight in zip(texts, each, strict=True)) for each in weights]
    assert uses_off_beats(mixes[0]) != uses_off_beats(mixes[1])
    build = ask("", bpm, role="build", energy=0.6, previous_role="intro", next_role="drop", next_energy=0.9, bars=12, tail_bars=2)
    drop = ask("", bpm, role="drop", energy=0.9, previous_role="build", next_role="outro", bars=16, seed=6, first_bar=12)
    requests = [
        replace(build, prompts=mixes[0], previous_prompts=mixes[0], next_prompts=mixes[1]),
        replace(drop, prompts=mixes[1], previous_prompts=mixes[0], next_prompts=mixes[1]),
    ]
    heard, starts = play_in_a_row(pocket, tmp_path, requests)
    assert abs(phase_shift_at(heard, starts[1], 60.0 / bpm * RATE)) < HEARD_BEATS


SHORT = [
    ("dubstep", 140.0, (("breakdown", 12), ("build", 4), ("drop", 8))),
    ("techno", 132.0, (("drop", 8), ("breakdown", 5), ("build", 12))),
]
"""Three parts with a middle one of 7 to 10 s: shorter than the eight seconds on each side that a listener compares."""
BEYOND = {"drop": "build", "breakdown": "drop", "build": "breakdown"}
"""Role -> the one before it in a set; gives the roles around three parts."""


def in_a_row(texts: tuple[str, str, str], bpm: float, parts: tuple[tuple[Role, int], ...]) -> list[SectionRequest]:
    """Requests for three parts in a row, as a set makes them."""
    energies = {"drop": 0.9, "breakdown": 0.4, "build": 0.6, "outro": 0.3}
    entries: dict[str, tuple[TransitionKind, int]] = {
        "drop": ("cut", 0),
        "breakdown": ("stem-by-stem", 1),
        "build": ("equal-power", 1),
        "outro": ("cut", 0),
    }
    mixes = [(PromptWeight(text, 1.0),) for text in texts]
    roles = [role for role, _ in parts]
    around = [BEYOND[roles[0]], *roles, next((role for role, before in BEYOND.items() if before == roles[-1]), None)]
    requests = []
    for i, (role, bars) in enumerate(parts):
        follows = around[i + 2]
        (entry, entry_bars), (leaves, exit_bars) = entries[role] if i else ("cut", 0), entries[follows] if follows else ("cut", 0)
        asked = ask(texts[i], bpm, role=role, energy=energies[role], bars=bars, seed=5 + i, index=i)
        request = replace(
            asked,
            first_bar=sum(length for _, length in parts[:i]),
            previous_role=around[i],  # type: ignore[arg-type]
            next_role=follows,  # type: ignore[arg-type]
            next_energy=energies[follows] if follows else None,
            previous_prompts=mixes[max(0, i - 1)],
            next_prompts=mixes[min(2, i + 1)],
            after_next=(Neighbour(roles[2], mixes[2]),) if i == 0 else (),
            before_previous=(Neighbour(roles[0], mixes[0]),) if i == 2 else (),
            entry=entry,
            entry_bars=entry_bars,
            exit=leaves,
            exit_bars=exit_bars,
            tail_bars=2,
        )
        requests.append(request)
    return requests


@pytest.mark.parametrize(("style", "bpm", "parts"), SHORT)
def test_beat_stays_into_and_out_of_a_short_section(
    pocket: Pocket, tmp_path: Path, style: str, bpm: float, parts: tuple[tuple[Role, int], ...]
) -> None:
    heard, starts = play_in_a_row(pocket, tmp_path, in_a_row((style, style, style), bpm, parts))
    for seam in starts[1:]:
        assert abs(phase_shift_at(heard, seam, 60.0 / bpm * RATE)) < HEARD_BEATS


@pytest.mark.parametrize(
    ("texts", "parts"),
    [
        (("house", "house", "hip hop"), (("build", 16), ("drop", 4), ("outro", 12))),
        (("hip hop", "house", "house"), (("breakdown", 12), ("build", 4), ("drop", 16))),
    ],
)
def test_short_section_agrees_with_the_music_beyond_it(
    pocket: Pocket, tmp_path: Path, texts: tuple[str, str, str], parts: tuple[tuple[Role, int], ...]
) -> None:
    heard, starts = play_in_a_row(pocket, tmp_path, in_a_row(texts, 124.0, parts))
    for seam in starts[1:]:
        assert abs(phase_shift_at(heard, seam, 60.0 / 124.0 * RATE)) < MIXED_BEATS


def test_remake_while_playing_returns_immediately(pocket: Pocket, rendered: list[int]) -> None:
    request = ask("house", 124.0, bars=12)
    whole = play(pocket, request)
    for place in (0.05, 0.4, 0.95):  # within the first edge, between the edges, within the last
        frame = round(place * len(whole))
        made = blocks(pocket, replace(request, from_frame=frame))
        rendered.clear()
        first = next(made)
        assert len(rendered) == 1, "the first block needs no other chunk"
        if place == 0.4:
            assert np.array_equal(np.concatenate([first, *made]), whole[frame:])


def test_remake_near_edge_returns_immediately(pocket: Pocket, rendered: list[int]) -> None:
    bar = round(4 * 60.0 / 124.0 * RATE)
    frame = 12 * bar - int(EDGE_S * RATE) - bar
    ready = 0
    for block in blocks(pocket, ask("house", 124.0, bars=12, from_frame=frame)):
        ready += len(block)
        if ready >= 1.25 * bar:
            break
    assert len(rendered) <= ready / CHUNK + 1, "no chunk is rendered ahead"


def test_cancelled_section_stops_within_an_edge(pocket: Pocket, rendered: list[int]) -> None:
    made = pocket.generate(ask("house", 124.0), lambda _: None, lambda: len(rendered) >= 3)
    assert list(made) == []
    assert len(rendered) == 3


def test_section_without_neighbours_is_not_corrected(pocket: Pocket, rendered: list[int]) -> None:
    """Its first chunk comes at once, no edge is rendered ahead, and it sounds the same from anywhere, its end too."""
    request = ask("house", 124.0, bars=4, previous_role=None, next_role=None)
    made = blocks(pocket, request)
    sound = [next(made)]
    assert rendered == [0]
    sound.extend(made)
    assert rendered == list(range(len(rendered)))
    whole = np.concatenate(sound)
    late = len(whole) - 3 * CHUNK
    assert np.array_equal(play(pocket, replace(request, from_frame=late)), whole[late:])


@pytest.mark.parametrize("kind", [row.name for row in TRANSITION_TABLE])
def test_beats_are_taken_to_overlap_as_they_will_be_heard_to(kind: TransitionKind) -> None:
    out, into = transition_gains(kind, 4.0, 4 * RATE + 1)
    if kind in ("cut", "echo-out", "stem-by-stem"):  # drums change hands at once
        assert not out.any() and (into == 1.0).all()
    else:
        assert out[0] == into[-1] == 1.0 and out[-1] == pytest.approx(0.0, abs=1e-6)
