"""Where two of pocket's sections meet: they are as loud as each other, and their beats lie in one place."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from engine.generators.base import Block
from engine.generators.pocket import Pocket
from engine.generators.pocket.instruments.voices import CHUNK
from engine.generators.pocket.render.renderer import RATE, Renderer
from engine.generators.pocket.score.off_beat import uses_off_beats
from engine.generators.pocket.seams.previous import transition_gains
from engine.generators.pocket.seams.section import EDGE_S
from engine.protocol import Neighbour, PromptWeight, Role, SectionRequest, TransitionKind
from engine.sections.file import SectionInfo, SectionWriter
from engine.timebase import Grid
from tests.generators.pocket.test_pocket import Audio, lufs


@pytest.fixture(scope="module")
def pocket() -> Pocket:
    torch.set_num_threads(1)
    made = Pocket()
    made.warm_up()
    return made


def ask(text: str, bpm: float, **changes: object) -> SectionRequest:
    request = SectionRequest(
        "s",
        (PromptWeight(text, 1.0),),
        8,
        bpm,
        "A minor",
        5,
        tail_bars=0,
        role="free",
        energy=0.7,
        previous_role="free",
        next_role="free",
    )
    return replace(request, **changes)  # type: ignore[arg-type]


@pytest.fixture
def mixed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The chunks that are rendered, as they are."""
    indexes: list[int] = []
    real = Renderer.mixed

    def counted(self: Renderer, index: int) -> torch.Tensor:
        indexes.append(index)
        return real(self, index)

    monkeypatch.setattr(Renderer, "mixed", counted)
    return indexes


def generate(pocket: Pocket, request: SectionRequest) -> Iterator[Block]:
    return pocket.generate(request, lambda _: None, lambda: False)


def whole(pocket: Pocket, request: SectionRequest) -> Block:
    """A section, (frames, stems, 2)."""
    return np.concatenate(list(generate(pocket, request)))


def play(pocket: Pocket, request: SectionRequest) -> Audio:
    """The sum of a section's stems, (frames, 2)."""
    mix: Audio = whole(pocket, request).sum(1)
    return mix


NEAR = 9 * RATE
"""Frames beside a seam that are made where nothing further away is looked at."""


def ending(pocket: Pocket, request: SectionRequest) -> Block:
    """A section of which only what is near its last bar's end is made; silence before."""
    start = Grid(request.bpm, request.beats_per_bar).frame_of_bar(request.bars - 3) - NEAR
    start = start if start > NEAR else 0  # what is begun within an edge is led otherwise
    made = list(generate(pocket, replace(request, from_frame=start)))
    return np.concatenate([np.zeros((start, *made[0].shape[1:]), np.float32), *made])


def opening(pocket: Pocket, request: SectionRequest) -> Block:
    """The first seconds of a section, its fade in at least."""
    made: list[Block] = []
    enough = max(NEAR, Grid(request.bpm, request.beats_per_bar).frame_of_bar(request.entry_bars))
    for block in generate(pocket, request):
        made.append(block)
        if sum(map(len, made)) >= enough:
            break
    return np.concatenate(made)


def lies(audio: Audio, start: int, beat: float) -> float:
    """Where in the beat, in beats, the rises of the spectrum of (frames, 2) weigh that start at a frame.

    Not the code under test: every 512 frames, as the recordings of whole sets are judged.
    """
    looks = np.lib.stride_tricks.sliding_window_view(audio.mean(1), 1024)[::512]
    seen = np.log1p(100.0 * np.abs(np.fft.rfft(looks * np.hanning(1024) / 256.0, axis=1)))
    rises = np.maximum(np.diff(seen, axis=0), 0.0).sum(1)
    at = start + 512 * np.arange(1, len(seen))
    return float(np.angle(((rises - rises.mean()) * np.exp(2j * np.pi * at / beat)).sum())) / (2 * np.pi)


def between(before: Audio, after: Audio, beat: float) -> float:
    """Beats from where the beat lies at the end of a section to where it lies at the start of the next."""
    span = 7 * RATE
    start = len(before) - span
    return (lies(after[:span], 0, beat) - lies(before[start:], start, beat) + 0.5) % 1.0 - 0.5


@pytest.mark.parametrize(("style", "bpm"), [("lo-fi", 80.0), ("hip hop", 90.0), ("house", 124.0), ("drone", 70.0)])
def test_sections_of_one_energy_are_as_loud_on_both_sides_of_a_seam(pocket: Pocket, style: str, bpm: float) -> None:
    before = play(pocket, ask(style, bpm, tail_bars=2))
    after = play(pocket, ask(style, bpm, seed=6, index=1, first_bar=8))
    near, end = int(3.5 * RATE), len(after)
    assert abs(lufs(after[:near]) - lufs(before[end - near : end])) < 0.5
    assert abs(lufs(after[:near]) - lufs(before[end : end + near])) < 0.5, "the tail, which the next section may be faded in over"


MEETING = [("trip hop", 88.0), ("UK garage", 132.0), ("techno", 130.0), ("electro", 128.0), ("dubstep", 140.0)]


@pytest.mark.parametrize(("style", "bpm"), MEETING)
def test_the_beat_lies_in_one_place_where_a_build_becomes_a_drop(pocket: Pocket, style: str, bpm: float) -> None:
    build = ask(style, bpm, role="build", energy=0.57, next_energy=0.93, previous_role="breakdown", next_role="drop", bars=16)
    drop = ask(style, bpm, role="drop", energy=0.93, bars=16, previous_role="build", next_role="outro", seed=6, first_bar=8)
    assert abs(between(ending(pocket, build).sum(1), opening(pocket, drop).sum(1), 60.0 / bpm * RATE)) < 0.09


@pytest.mark.parametrize(
    ("text", "bpm"), [("ambient drone, no drums", 64.0), ("slow piano, no drums", 84.0), ("organ drone", 80.0)]
)
def test_the_beat_lies_in_one_place_where_nothing_is_struck(pocket: Pocket, text: str, bpm: float) -> None:
    first = ask(text, bpm, role="breakdown", energy=0.4, previous_role="drop", next_role="build", bars=8)
    then = ask(text, bpm, role="build", energy=0.6, previous_role="breakdown", next_role="drop", bars=8, seed=6, first_bar=8)
    before = ending(pocket, first)
    assert abs(between(before.sum(1), opening(pocket, then).sum(1), 60.0 / bpm * RATE)) < 0.02
    assert text == "organ drone" or float(np.abs(before[:, 0]).max()) == 0.0, "what swells are the chords"


def test_the_opening_of_a_short_section_lies_where_the_one_before_ended_whatever_comes_next(pocket: Pocket) -> None:
    """Trance's build turns from the beats to the off-beats, here within fourteen seconds, of which an ear hears eight."""
    rest = ask("trance", 138.0, role="breakdown", energy=0.35, previous_role="drop", next_role="build", bars=16)
    build = ask("trance", 138.0, role="build", energy=0.65, previous_role="breakdown", next_role="drop", seed=6, first_bar=16)
    assert abs(between(ending(pocket, rest).sum(1), opening(pocket, build).sum(1), 60.0 / 138.0 * RATE)) < 0.02


def kept(path: Path, request: SectionRequest, sound: Block) -> str:
    """A section file as the engine keeps one."""
    frames, tail = request.total_frames(), request.tail_bars
    info = SectionInfo("s", Pocket.traits.stems, RATE, 0, frames, request.bars, tail, 4, request.bpm, "A minor", 5, "pocket")
    writer = SectionWriter(path, info)
    writer.write(sound)
    writer.close()
    return str(path)


@pytest.mark.parametrize(("style", "bpm"), MEETING)
def test_a_section_follows_the_beat_of_the_one_before(pocket: Pocket, tmp_path: Path, style: str, bpm: float) -> None:
    drop = ask(style, bpm, role="drop", energy=0.9, previous_role="build", next_role="breakdown", bars=16)
    rest = ask(style, bpm, bars=16, role="breakdown", energy=0.4, previous_role="drop", next_role="build", seed=6, first_bar=8)
    before, frames, beat = ending(pocket, drop), drop.total_frames(), 60.0 / bpm * RATE
    after = opening(pocket, replace(rest, continue_path=kept(tmp_path / "a", drop, before), continue_frame=frames)).sum(1)
    turn = between(before.sum(1), after, beat)
    assert abs(turn) < 0.03, f"{1000 * turn * 60.0 / bpm:.0f} ms"
    early = np.roll(before, -int(0.08 * beat), 0)
    moved = opening(pocket, replace(rest, continue_path=kept(tmp_path / "b", drop, early), continue_frame=frames)).sum(1)
    span = 7 * RATE
    assert lies(moved[:span], 0, beat) < lies(after[:span], 0, beat) - 0.03, "0.08 beats earlier, and followed as far as can be"


def as_heard(pocket: Pocket, folder: Path, requests: list[SectionRequest]) -> tuple[Audio, list[int]]:
    """Sections one after another, each continuing the one before and faded in over its tail; and where each starts.

    Of the first and the last only what is near the seams.
    """
    grid = Grid(requests[0].bpm, 4)
    starts = [grid.frame_of_bar(request.first_bar) - grid.frame_of_bar(requests[0].first_bar) for request in requests]
    heard = np.zeros((starts[-1] + grid.frame_of_bar(requests[-1].bars), 2), np.float32)
    path, before = None, 0
    for number, (start, asked) in enumerate(zip(starts, requests, strict=True)):
        request = replace(asked, continue_path=path, continue_frame=grid.frame_of_bar(before))
        last = number == len(requests) - 1
        made = ending(pocket, request) if number == 0 else opening(pocket, request) if last else whole(pocket, request)
        path, before = kept(folder / str(number), request, made), request.bars
        sound, fade = made.sum(1), grid.frame_of_bar(request.entry_bars)
        out, into = (gain.numpy()[:, None] for gain in transition_gains(request.entry, fade / RATE, len(sound)))
        heard[start : start + fade] *= out[:fade]
        heard[start + fade :] = 0.0
        heard[start : start + len(sound)] += (sound * into)[: len(heard) - start]
    return heard, starts


def turn_at(heard: Audio, seam: int, beat: float) -> float:
    """Beats by which the beat lies elsewhere in the eight seconds after a frame than in those before it."""
    first, span = seam // 512 * 512, 8 * RATE // 512 * 512
    lay, lie = (lies(heard[start : start + span + 512], start, beat) for start in (first - span, first - 512))
    return (lie - lay + 0.5) % 1.0 - 0.5


@pytest.mark.parametrize(("style", "bpm"), [("house", 122.0), ("downtempo", 95.0), ("lo-fi", 80.0), ("techno", 132.0)])
def test_the_beat_stays_where_it_was_while_a_section_fades_in_over_the_tail_of_another(
    pocket: Pocket, tmp_path: Path, style: str, bpm: float
) -> None:
    """As it is heard: the end of a drop, then its tail under the outro that fades in over four bars."""
    drop = ask(style, bpm, role="drop", energy=0.95, previous_role="build", next_role="outro", bars=12, tail_bars=4)
    drop = replace(drop, exit="bass-swap", exit_bars=4)
    outro = ask(style, bpm, role="outro", energy=0.25, previous_role="drop", next_role=None, bars=12, seed=6, first_bar=12)
    outro = replace(outro, entry="bass-swap", entry_bars=4)
    heard, starts = as_heard(pocket, tmp_path, [drop, outro])
    turn = turn_at(heard, starts[1], 60.0 / bpm * RATE)
    assert abs(turn) < 0.035, f"{1000 * turn * 60.0 / bpm:.0f} ms"


@pytest.mark.parametrize(
    ("texts", "bpm", "weights"),
    [
        (("hip hop", "house"), 118.0, ((0.8, 0.3), (0.4, 0.9))),
        (("techno", "breakbeat"), 126.0, ((0.8, 0.3), (0.4, 0.9))),
        (("ambient", "techno"), 124.0, ((0.7, 0.4), (0.4, 0.9))),
    ],
)
def test_the_beat_stays_where_prompts_turn_a_style_that_leans_on_off_beats_into_one_that_does_not_or_back(
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
    heard, starts = as_heard(pocket, tmp_path, requests)
    turn = turn_at(heard, starts[1], 60.0 / bpm * RATE)
    assert abs(turn) < 0.035, f"{1000 * turn * 60.0 / bpm:.0f} ms"


SHORT = [
    ("house", 124.0, (("breakdown", 12), ("build", 4), ("drop", 8))),
    ("techno", 132.0, (("breakdown", 12), ("build", 4), ("drop", 8))),
    ("dubstep", 140.0, (("breakdown", 12), ("build", 4), ("drop", 8))),
    ("electro", 128.0, (("breakdown", 12), ("build", 4), ("drop", 8))),
    ("house", 124.0, (("drop", 8), ("breakdown", 4), ("build", 12))),
    ("techno", 132.0, (("drop", 8), ("breakdown", 5), ("build", 12))),
]
BEYOND = {"drop": "build", "breakdown": "drop", "build": "breakdown"}
"""What comes before each of these, and so what lies beyond the first and the last of three."""


def in_a_row(texts: tuple[str, str, str], bpm: float, parts: tuple[tuple[Role, int], ...]) -> list[SectionRequest]:
    """Requests of three parts, the middle one of which is short, as a set would make them."""
    energies = {"drop": 0.9, "breakdown": 0.4, "build": 0.6, "outro": 0.3}
    entries: dict[str, tuple[TransitionKind, int]] = {
        "drop": ("cut", 0),
        "breakdown": ("equal-power", 1),
        "build": ("equal-power", 2),
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
def test_the_beat_stays_in_one_place_into_and_out_of_a_part_that_is_shorter_than_an_ear_listens(
    pocket: Pocket, tmp_path: Path, style: str, bpm: float, parts: tuple[tuple[Role, int], ...]
) -> None:
    heard, starts = as_heard(pocket, tmp_path, in_a_row((style, style, style), bpm, parts))
    for seam in starts[1:]:
        turn = turn_at(heard, seam, 60.0 / bpm * RATE)
        assert abs(turn) < 0.035, f"{1000 * turn * 60.0 / bpm:.0f} ms"


@pytest.mark.parametrize(
    ("texts", "parts"),
    [
        (("house", "house", "hip hop"), (("build", 16), ("drop", 4), ("outro", 12))),
        (("hip hop", "house", "house"), (("breakdown", 12), ("build", 4), ("drop", 16))),
    ],
)
def test_beside_a_short_part_it_counts_what_music_lies_beyond(
    pocket: Pocket, tmp_path: Path, texts: tuple[str, str, str], parts: tuple[tuple[Role, int], ...]
) -> None:
    heard, starts = as_heard(pocket, tmp_path, in_a_row(texts, 124.0, parts))
    for seam in starts[1:]:
        turn = turn_at(heard, seam, 60.0 / 124.0 * RATE)
        assert abs(turn) < 0.045, f"{1000 * turn * 60.0 / 124.0:.0f} ms"


def test_what_is_made_anew_while_it_plays_is_there_at_once(pocket: Pocket, mixed: list[int]) -> None:
    full = whole(pocket, ask("house", 124.0, bars=16))
    for place in (0.05, 0.5, 0.95):  # within the first edge, between the edges, within the last
        frame = round(place * len(full))
        made = generate(pocket, ask("house", 124.0, bars=16, from_frame=frame))
        mixed.clear()
        first = next(made)
        assert len(mixed) == 1
        if place == 0.5:
            assert np.array_equal(np.concatenate([first, *made]), full[frame:])


def test_what_is_made_anew_shortly_before_an_edge_need_not_wait_for_it(pocket: Pocket, mixed: list[int]) -> None:
    bar = round(4 * 60.0 / 124.0 * RATE)
    frame = 12 * bar - int(EDGE_S * RATE) - bar
    ready = 0
    for block in generate(pocket, ask("house", 124.0, bars=12, from_frame=frame)):
        ready += len(block)
        if ready >= 1.25 * bar:
            break
    assert len(mixed) <= ready / CHUNK + 1


def test_work_on_an_edge_ends_when_nobody_wants_the_section(pocket: Pocket, mixed: list[int]) -> None:
    made = pocket.generate(ask("house", 124.0), lambda _: None, lambda: len(mixed) >= 3)
    assert list(made) == []
    assert len(mixed) == 3


def test_a_set_begins_at_once_and_ends_as_it_was_written(pocket: Pocket) -> None:
    request = ask("house", 124.0, previous_role=None, next_role=None)
    section = pocket._prepare(request, lambda: False)
    assert len(section._opening) == len(section._closing) == 0
    assert math.isclose(section._last_gain, 1.0)
