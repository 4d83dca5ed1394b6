"""Sections from the tiny checkpoint: the same again, continued, varied, re-made in part, too long, cancelled."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from engine.conductor.lengths import Limits
from engine.conductor.planning.plan import MAX_TRANSITION
from engine.errors import GeneratorError
from engine.generator_names import KNOWN
from engine.generators.stable_audio import StableAudio
from engine.generators.stable_audio import generator as generator_module
from engine.generators.stable_audio.generator import StableAudioSections
from engine.generators.stable_audio.section.level import CEILING
from engine.generators.stable_audio.section.piece import KEPT_S, plan_piece, plan_remake
from engine.generators.worker import load_generator
from engine.presets import checked_generator
from engine.protocol import GridFit, LoraStrength, PromptWeight, SectionRequest
from engine.sections.file import SectionInfo, SectionWriter
from engine.timebase import Grid
from tests.generators.stable_audio.conftest import TINY, make_base, needs_transformers
from tests.generators.stable_audio.drums import drums

Audio = npt.NDArray[np.float32]
RATE = 44_100
LONGEST = 5_292_032
GRID = Grid(240.0)  # a bar is a second
ASKED = SectionRequest("s", (PromptWeight("warm house", 1.0),), 2, 240.0, "F minor", 3, tail_bars=1, energy=1.0, steps=2)
SHORT = replace(ASKED, bars=1, tail_bars=0, steps=1)


@pytest.fixture(scope="module")
def sections(tiny: StableAudio) -> StableAudioSections:
    return StableAudioSections(model=tiny)


@pytest.fixture(scope="module")
def plain(sections: StableAudioSections) -> Audio:
    """What `ASKED` gives."""
    return make(sections, ASKED)


def make(sections: StableAudioSections, request: SectionRequest, cancelled: Callable[[], bool] = lambda: False) -> Audio:
    blocks = list(sections.generate(request, lambda _: None, cancelled))
    return np.concatenate(blocks) if blocks else np.zeros((0, 1, 2), np.float32)


def write(path: Path, audio: Audio, bars: int, *, rate: int = RATE, bpm: float = 240.0, stems: int = 1, ready: float = 1) -> str:
    """A section file of (frames, 2), shared out over some stems."""
    frames = len(audio)
    names = tuple(f"stem{i}" for i in range(stems))
    writer = SectionWriter(path, SectionInfo("before", names, rate, 0, frames, bars, 1, 4, bpm, "F minor", 1, "test"))
    writer.write(np.repeat(audio[: int(frames * ready), None] / stems, stems, axis=1))
    writer.close()
    return str(path)


def different(one: Audio, other: Audio) -> float:
    return float(np.abs(one - other).mean() / np.abs(one).mean())


def test_generator_is_known_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert checked_generator("stable-audio") == "stable-audio"
    assert "stable-audio" in KNOWN
    monkeypatch.setenv("LIVESET_MODELS", str(tmp_path))
    found = load_generator("stable-audio")
    assert (found.name, found.rate) == ("stable-audio", 44_100)
    with pytest.raises(GeneratorError, match=r"not installed.*liveset models pull"):
        found.warm_up()


@needs_transformers
def test_installed_model_is_loaded_in_the_precision_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "small-music").symlink_to(TINY)
    monkeypatch.setenv("LIVESET_MODELS", str(tmp_path))
    monkeypatch.setenv("LIVESET_PRECISION", "float16")
    with pytest.raises(GeneratorError, match="there is no precision 'float16'"):
        StableAudioSections().warm_up()
    monkeypatch.setenv("LIVESET_PRECISION", "float32")
    loaded = StableAudioSections()
    loaded.warm_up()
    assert loaded._model is not None and loaded._model.precision == "float32"


def test_same_request_gives_the_same_samples(sections: StableAudioSections, plain: Audio) -> None:
    assert plain.shape == (ASKED.total_frames(), 1, 2) and plain.dtype == np.float32
    assert np.abs(plain).max() <= CEILING and plain.std() > 0.01
    assert different(plain, make(sections, replace(ASKED, seed=4))) > 0.1
    make(sections, replace(SHORT, seed=9, previous_prompts=(PromptWeight("jazz", 1.0),)))
    assert np.array_equal(make(sections, ASKED), plain)
    assert np.array_equal(make(sections, replace(ASKED, from_frame=50_000)), plain[50_000:])


@pytest.mark.parametrize(("bars", "bpm", "beats"), [(1, 173.3, 3), (3, 240.0, 4), (2, 127.0, 5)])
def test_section_lengths_are_exact(sections: StableAudioSections, bars: int, bpm: float, beats: int) -> None:
    asked = replace(ASKED, bars=bars, bpm=bpm, beats_per_bar=beats, tail_bars=0, steps=1)
    blocks = list(sections.generate(asked, lambda _: None, lambda: False))
    assert sum(map(len, blocks)) == asked.total_frames()
    assert max(map(len, blocks)) <= RATE


@pytest.mark.parametrize(("bpm", "beats"), [(300.0, 4), (124.0, 4), (60.0, 4), (40.0, 4), (150.0, 12)])
def test_longest_planned_section_fits_the_model(sections: StableAudioSections, bpm: float, beats: int) -> None:
    limits = Limits(60 / bpm * beats, sections.traits)
    longest = replace(ASKED, bars=limits.most, bpm=bpm, beats_per_bar=beats, tail_bars=MAX_TRANSITION)
    assert 60 < longest.total_frames() / RATE < 120
    piece = plan_piece(longest, RATE, LONGEST)
    bar_s = 60 / bpm * beats
    assert piece.frames / RATE - bar_s + max(KEPT_S, bar_s) <= LONGEST / RATE, "with what it continues"


@needs_transformers
def test_base_model_uses_its_own_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_base(tmp_path / "small-music-base")
    monkeypatch.setenv("LIVESET_MODELS", str(tmp_path))
    monkeypatch.setenv("LIVESET_MODEL", "small-music-base")
    monkeypatch.setenv("LIVESET_PRECISION", "float32")
    base = StableAudioSections()
    base.warm_up()
    assert base.traits.steps == 50
    make(base, SHORT)
    assert base.fit is not None and (base.fit.steps, base.fit.full_steps) == (1, 50)


def test_distilled_model_uses_eight_steps(sections: StableAudioSections) -> None:
    assert sections.traits.steps == 8


@needs_transformers
def test_model_that_makes_no_music_is_refused_before_the_set(tmp_path: Path) -> None:
    own = json.loads((TINY / "model_config.json").read_text())
    alone = {"model_type": "autoencoder", "sample_rate": own["sample_rate"], "model": own["model"]["pretransform"]["config"]}
    (tmp_path / "model_config.json").write_text(json.dumps(alone))
    (tmp_path / "model.safetensors").symlink_to(TINY / "model.safetensors")
    with pytest.raises(GeneratorError, match="autoencoder alone"):
        StableAudioSections(tmp_path).warm_up()


def test_fit_is_reported(sections: StableAudioSections) -> None:
    make(sections, SHORT)
    fit = sections.fit
    assert isinstance(fit, GridFit)
    assert (fit.tries, fit.steps) == (1, 1)
    assert 0 <= fit.sure <= 1
    with pytest.raises(GeneratorError):
        make(sections, replace(ASKED, bars=400))
    assert sections.fit is None


def test_progress_grows_to_one_and_a_cancelled_section_yields_nothing(sections: StableAudioSections) -> None:
    told: list[float] = []
    list(sections.generate(replace(SHORT, steps=2), told.append, lambda: False))
    assert told == sorted(told) and told[-1] == 1.0 and len(told) > 4
    asked = 0

    def soon() -> bool:
        nonlocal asked
        asked += 1
        return asked > 2

    assert len(make(sections, ASKED, soon)) == 0
    assert asked < 6
    assert sections.fit is None


def test_section_continues_the_one_before(sections: StableAudioSections, plain: Audio, tmp_path: Path) -> None:
    sound = drums(240, 4)
    path = write(tmp_path / "a", sound, 3)
    continued = replace(ASKED, continue_path=path, continue_frame=GRID.frame_of_bar(3))
    with_it = make(sections, continued)
    assert different(plain, with_it) > 0.05
    sound[: 3 * RATE] *= 0.2
    other = replace(continued, continue_path=write(tmp_path / "b", sound, 3))
    assert different(with_it, make(sections, other)) > 1e-5  # random weights hardly listen
    sound = drums(240, 4)
    sound[3 * RATE :] = 0  # what comes after the frame of the handover says nothing
    same = replace(continued, continue_path=write(tmp_path / "c", sound, 3))
    assert np.array_equal(with_it, make(sections, same))


def test_last_whole_bars_are_kept_from_any_file(tmp_path: Path) -> None:
    sound = np.linspace(-0.5, 0.5, 12 * RATE, dtype=np.float32)[:, None].repeat(2, axis=1)
    asked = replace(ASKED, continue_path=write(tmp_path / "a", sound, 11, stems=4), continue_frame=GRID.frame_of_bar(11))
    piece = plan_piece(asked, RATE, LONGEST)
    assert piece.lead_bars == 4
    assert piece.source is not None
    assert np.allclose(piece.source, sound[7 * RATE : 11 * RATE], atol=1e-6)
    assert piece.frames > 4 * RATE + asked.total_frames()
    early = plan_piece(replace(asked, continue_frame=int(2.5 * RATE)), RATE, LONGEST)
    assert early.lead_bars == 2
    assert early.source is not None and np.allclose(early.source, sound[RATE // 2 : int(2.5 * RATE)], atol=1e-6)
    assert plan_piece(replace(asked, continue_frame=RATE // 2), RATE, LONGEST).source is None
    slow = write(tmp_path / "b", sound[::2], 11, rate=RATE // 2)
    piece = plan_piece(replace(asked, continue_path=slow, continue_frame=11 * RATE // 2), RATE, LONGEST)
    assert piece.source is not None and len(piece.source) == 4 * RATE
    assert np.allclose(piece.source[100:-100], sound[7 * RATE : 11 * RATE][100:-100], atol=2e-3)


def test_less_is_kept_before_a_long_section(tmp_path: Path) -> None:
    path = write(tmp_path / "a", drums(240, 12), 11)
    asked = replace(ASKED, continue_path=path, continue_frame=11 * RATE)
    leads = [plan_piece(replace(asked, bars=bars), RATE, LONGEST).lead_bars for bars in (100, 107, 111, 113)]
    assert leads == [4, 4, 4, 2]
    assert all(plan_piece(replace(asked, bars=bars), RATE, LONGEST).frames <= LONGEST for bars in (100, 111, 113))


def test_too_long_says_how_many_bars_fit(sections: StableAudioSections) -> None:
    with pytest.raises(GeneratorError, match=r"more than the model makes at once; \d+ bars fit") as caught:
        make(sections, replace(ASKED, bars=400))
    bars = int(caught.value.hint.split()[0])
    assert plan_piece(replace(ASKED, bars=bars), RATE, LONGEST).frames <= LONGEST
    with pytest.raises(GeneratorError):
        plan_piece(replace(ASKED, bars=bars + 2), RATE, LONGEST)


def test_file_that_cannot_be_continued_is_named(sections: StableAudioSections, tmp_path: Path) -> None:
    with pytest.raises(GeneratorError, match="nowhere"):
        make(sections, replace(ASKED, continue_path=str(tmp_path / "nowhere"), continue_frame=RATE))
    half = write(tmp_path / "half", drums(240, 4), 3, ready=0.5)
    with pytest.raises(GeneratorError, match="not made up to frame"):
        make(sections, replace(ASKED, continue_path=half, continue_frame=3 * RATE))
    with pytest.raises(GeneratorError, match="no whole section"):
        make(sections, replace(ASKED, vary_path=half))
    other = write(tmp_path / "other", drums(240, 4), 3, bpm=200.0)
    with pytest.raises(GeneratorError, match="200 BPM"):
        make(sections, replace(ASKED, vary_path=other))


def test_variation_is_nearer_the_less_of_it_is_asked(sections: StableAudioSections, plain: Audio, tmp_path: Path) -> None:
    path = write(tmp_path / "a", drums(240, 3), 2)
    little, much, other = (make(sections, replace(ASKED, vary_path=path, vary_amount=amount)) for amount in (0.02, 0.9, 1.0))
    assert different(little, much) > 0.05
    assert different(much, other) > 0.001
    assert different(plain, other) < different(plain, little)
    assert np.array_equal(little, make(sections, replace(ASKED, vary_path=path, vary_amount=0.02)))


def test_shorter_section_is_varied_over_again(tmp_path: Path) -> None:
    sound = np.random.default_rng(0).uniform(-0.5, 0.5, (3 * RATE, 2)).astype(np.float32)
    piece = plan_piece(replace(ASKED, bars=5, vary_path=write(tmp_path / "a", sound, 2)), RATE, LONGEST)
    assert piece.vary is not None
    inside = piece.vary[RATE : RATE + 6 * RATE]  # a bar in front
    bars = [inside[i * RATE : (i + 1) * RATE] for i in range(6)]
    written = [next(i for i in range(3) if np.array_equal(bar, sound[i * RATE : (i + 1) * RATE])) for bar in bars]
    assert written == [0, 1, 0, 1, 0, 1]
    assert np.array_equal(piece.vary[:RATE], sound[:RATE])  # the fifth bar


def test_remake_leaves_the_other_bars_untouched(sections: StableAudioSections, tmp_path: Path) -> None:
    sound = drums(240, 5)
    path = write(tmp_path / "a", sound, 4)
    asked = replace(ASKED, bars=4, vary_path=path, remake_bars=(2, 3))
    out = make(sections, asked)[:, 0]
    fade = RATE // 4 // 8 + 1
    assert np.array_equal(out[: RATE - fade], sound[: RATE - fade])
    assert np.array_equal(out[3 * RATE :], sound[3 * RATE :])
    assert different(sound[RATE : 3 * RATE - fade], out[RATE : 3 * RATE - fade]) > 0.1
    jumps = np.abs(np.diff(out[[3 * RATE - 1, 3 * RATE]], axis=0)).max()
    assert jumps < 0.05  # no click where the kept bars go on
    assert np.array_equal(out, make(sections, asked)[:, 0])
    assert not np.array_equal(out, make(sections, replace(asked, seed=8))[:, 0])
    assert np.abs(out[RATE - fade : 3 * RATE]).max() <= CEILING
    first = make(sections, replace(asked, remake_bars=(1, 1)))[:, 0]
    assert np.array_equal(first[RATE:], sound[RATE:])
    assert not np.array_equal(first[:fade], sound[:fade])


def test_remake_hears_its_surrounding_bars(tmp_path: Path) -> None:
    path = write(tmp_path / "a", drums(240, 61), 60)
    asked = replace(ASKED, bars=60, vary_path=path, remake_bars=(31, 34))
    piece, start, end, begin = plan_remake(asked, RATE, LONGEST)
    assert (start, end, begin, piece.frames) == (30 * RATE, 34 * RATE, 14 * RATE, 36 * RATE)
    assert piece.remake == (16.0, 20.0)
    piece, start, _, begin = plan_remake(
        replace(asked, remake_bars=(1, 2), continue_path=path, continue_frame=10 * RATE), RATE, LONGEST
    )
    assert (start, begin, piece.frames, piece.remake) == (0, -10 * RATE, 28 * RATE, (10.0, 12.0))


@pytest.mark.parametrize("bars", [(0, 1), (2, 1), (3, 9)])
def test_remake_outside_the_section_is_refused(sections: StableAudioSections, tmp_path: Path, bars: tuple[int, int]) -> None:
    path = write(tmp_path / "a", drums(240, 5), 4)
    with pytest.raises(GeneratorError, match="the section has bars 1 to 4"):
        make(sections, replace(ASKED, bars=4, vary_path=path, remake_bars=bars))
    with pytest.raises(GeneratorError, match="no section"):
        make(sections, replace(ASKED, remake_bars=(1, 1)))


def test_loras_change_the_sound_and_leave_no_trace(sections: StableAudioSections, plain: Audio, tmp_path: Path) -> None:
    lora = str(TINY / "lora.safetensors")
    bent = make(sections, replace(ASKED, loras=(LoraStrength(lora, 1.0),)))
    assert different(plain, bent) > 0.01
    assert different(bent, make(sections, replace(ASKED, loras=(LoraStrength(lora, 0.3),)))) > 0.005
    with pytest.raises(GeneratorError, match=r"missing\.safetensors"):
        make(sections, replace(ASKED, loras=(LoraStrength(str(tmp_path / "missing.safetensors"), 1.0),)))
    assert np.array_equal(make(sections, ASKED), plain)


def test_weights_are_read_again_only_when_loras_change(sections: StableAudioSections, monkeypatch: pytest.MonkeyPatch) -> None:
    make(sections, SHORT)
    monkeypatch.setattr(StableAudio, "set_loras", lambda *_: pytest.fail("nothing changed"))
    make(sections, SHORT)


def test_machine_limits_are_clear_errors(sections: StableAudioSections, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise RuntimeError("not enough memory:\n you tried to allocate")

    monkeypatch.setattr(StableAudio, "stream", full)
    with pytest.raises(GeneratorError, match="could not make the section: not enough memory: you tried"):
        make(sections, ASKED)


class FakeModel:
    """What the model might make: drums at a tempo for each seed, at its own rate."""

    def __init__(self, tempos: list[float], rate: int = RATE) -> None:
        self.tempos, self.rate = tempos, rate
        self.config = type("Config", (), {"sample_size": 120 * rate})()
        self.full_steps = 8
        self.seeds: list[int] = []

    def stream(self, prompt: object, seconds: float, steps: int, seed: int, **_: object):  # type: ignore[no-untyped-def]
        self.seeds.append(seed)
        yield drums(self.tempos[len(self.seeds) - 1], seconds, 0.03, "break", self.rate)[: int(seconds * self.rate)]


def off_grid(tempos: list[float], tries: int, rate: int = RATE) -> tuple[FakeModel, GridFit, Audio]:
    model = FakeModel(tempos, rate)
    sections = StableAudioSections(model=model)  # type: ignore[arg-type]
    audio = make(sections, replace(ASKED, bpm=124.0, bars=4, tries=tries))
    assert sections.fit is not None
    return model, sections.fit, audio


def test_piece_off_the_grid_is_retried_with_the_next_seeds() -> None:
    model, fit, audio = off_grid([131.5, 118.0, 125.0, 124.0], tries=4)
    assert model.seeds == [3, 4, 5]
    assert fit.tries == 3 and fit.bpm == pytest.approx(125.0, rel=0.002)
    assert fit.stretch == pytest.approx(125 / 124, abs=0.002) and abs(fit.phase_ms) < 10
    assert np.array_equal(audio, off_grid([131.5, 118.0, 125.0, 124.0], tries=4)[2])


def test_best_try_is_kept_when_none_fits() -> None:
    model, fit, _ = off_grid([131.5, 118.5, 132.0], tries=3)
    assert model.seeds == [3, 4, 5]
    assert (fit.tries, fit.stretch) == (3, 1.0) and fit.bpm == pytest.approx(118.5, rel=0.002)
    assert off_grid([131.5, 124.0], tries=1)[0].seeds == [3]


def test_another_rate_is_resampled() -> None:
    _, fit, audio = off_grid([124.0], tries=1, rate=32_000)
    assert len(audio) == Grid(124.0).frame_of_bar(5)
    assert abs(fit.phase_ms) < 10 and fit.bpm == pytest.approx(124, rel=0.001)


def test_block_is_a_second() -> None:
    assert generator_module.BLOCK == RATE
