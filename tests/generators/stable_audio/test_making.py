"""Making music: blocks as they are decoded, what is remembered, lengths, what is asked for wrongly, and faster arithmetic."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch

from engine.errors import GeneratorError
from engine.generators.stable_audio import StableAudio, measure_precisions
from engine.generators.stable_audio.model.autoencoder import FIRST_WINDOW, windows
from engine.generators.stable_audio.model.checkpoint import Shapes
from engine.generators.stable_audio.model.precision import Linear, Precision, spared
from engine.generators.stable_audio.model.sampling import keep_mask, length_of
from tests.generators.stable_audio.conftest import TINY, relative_error

LORA: list[tuple[Path | str, float]] = [(TINY / "lora.safetensors", 1.0)]
HOUSE = "warm analog house groove"
SOUND = np.random.default_rng(0).uniform(-0.5, 0.5, (22050, 2)).astype(np.float32)


def test_stream_equals_the_whole_in_blocks(tiny: StableAudio) -> None:
    blocks = list(tiny.stream(HOUSE, 1.0, steps=1, seed=3))
    assert len(blocks) > 2
    assert len(blocks[0]) == FIRST_WINDOW * tiny.config.autoencoder.ratio
    assert np.array_equal(np.concatenate(blocks), tiny.generate(HOUSE, 1.0, steps=1, seed=3))
    assert all(block.dtype == np.float32 and block.shape[1] == 2 for block in blocks)


def test_block_is_yielded_before_the_next_is_decoded(tiny: StableAudio, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded = []
    original = tiny._autoencoder.decode_window

    def counted(latents: torch.Tensor) -> torch.Tensor:
        decoded.append(latents)
        return original(latents)

    monkeypatch.setattr(tiny._autoencoder, "decode_window", counted)
    next(tiny.stream(HOUSE, 1.0, steps=1))
    assert len(decoded) == 1


def test_progress_and_cancelling(tiny: StableAudio) -> None:
    told: list[float] = []
    assert sum(map(len, tiny.stream(HOUSE, 0.3, steps=4, on_progress=told.append))) == int(0.3 * 44100)
    assert told == [0.0, 0.25, 0.5, 0.75, 1.0]
    told.clear()
    assert not list(tiny.stream(HOUSE, 0.3, steps=4, on_progress=told.append, cancelled=lambda: len(told) == 3))
    assert told == [0.0, 0.25, 0.5]


def test_prompts_are_encoded_once(tiny: StableAudio, monkeypatch: pytest.MonkeyPatch) -> None:
    assert tiny.composer is not None
    first = tiny.composer.text.encode("never heard before")
    monkeypatch.setattr(tiny.composer.text, "_compute", lambda text: pytest.fail(f"{text} was encoded again"))
    assert tiny.composer.text.encode("never heard before") is first


def test_unkept_parts_of_a_source_change_nothing(tiny: StableAudio) -> None:
    """What is to be made again, and what lies beyond the piece, may be anything."""
    other = SOUND.copy()
    other[13000:] = 0.9
    first, second = (tiny.latents(HOUSE, 0.5, 2, source=source, remake=[(0.2, 0.5)]) for source in (SOUND, other))
    assert np.array_equal(first, second)


def test_without_spans_a_source_is_continued(tiny: StableAudio) -> None:
    end = len(SOUND) / tiny.rate
    assert np.array_equal(
        tiny.generate(HOUSE, 0.8, 2, source=SOUND), tiny.generate(HOUSE, 0.8, 2, source=SOUND, remake=[(end, 0.8)])
    )


def test_mono_is_both_channels(tiny: StableAudio) -> None:
    mono = SOUND[:, 0]
    assert np.array_equal(tiny.encode(mono), tiny.encode(np.stack((mono, mono), axis=1)))


@pytest.fixture(scope="module")
def exact(tiny: StableAudio) -> list[npt.NDArray[np.float32]]:
    """What full precision makes, without and with a LoRA."""
    made = []
    for loras in ([], LORA):
        tiny.set_loras(loras)
        made.append(tiny.generate(HOUSE, 0.3, 2))
    tiny.set_loras([])
    return made


@pytest.mark.parametrize(("precision", "limit"), [("bfloat16", 0.02), ("int8", 0.05)])
def test_faster_precisions_stay_close(exact: list[npt.NDArray[np.float32]], precision: Precision, limit: float) -> None:
    """Measured on the tiny checkpoint: 0.7 % and 1 %."""
    fast = StableAudio.load(TINY, precision)
    assert fast.precision == precision
    for loras, expected in zip(([], LORA), exact, strict=True):
        fast.set_loras(loras)
        assert 0 < relative_error(fast.generate(HOUSE, 0.3, 2), expected) < limit


def test_auto_picks_what_was_measured() -> None:
    found = measure_precisions()
    assert found.best in ("float32", "bfloat16")
    assert min(found.gigaflops.values()) > 0


def test_windows_cover_everything_once() -> None:
    for align in (1, 2, 4, 6):
        for frames in (1, 15, 16, 17, 81, 200):
            spans = list(windows(frames, align))
            assert [start for start, _ in spans] == [0, *(end for _, end in spans[:-1])]
            assert spans[-1][1] == frames
            assert all(start % align == 0 for start, _ in spans)


def test_lengths_as_published(tiny: StableAudio) -> None:
    length = length_of(1.0, tiny.config)
    assert (length.samples, length.frames, length.real, length.total) == (44100, 173, 1206, 1206)
    assert length_of(120.0, tiny.config).total == 5_292_032 // 256


def test_what_is_kept(tiny: StableAudio) -> None:
    """A frame is kept when its first sample is: frame 2 begins at sample 512, frame 4 at 1024."""
    length = length_of(0.05, tiny.config)  # 2205 samples, 9 frames
    kept = keep_mask([(512 / 44100, 1024 / 44100)], length, 44100, 256)
    assert kept[:12].tolist() == [1, 1, 0, 0, 1, 1, 1, 1, 1, 0, 0, 0]
    assert keep_mask([(513 / 44100, 1025 / 44100)], length, 44100, 256)[:5].tolist() == [1, 1, 1, 0, 0]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"seconds": 121.0}, "ask for 120.00 seconds at most"),
        ({"seconds": 0.0}, "more than zero"),
        ({"seconds": float("nan")}, "more than zero"),
        ({"steps": 0}, "1 step or more"),
        ({"vary": SOUND, "amount": 0.0}, "amount 0.0"),
        ({"vary": SOUND, "amount": 1.1}, "amount 1.1"),
        ({"remake": [(0.1, 0.2)]}, "no source"),
        ({"source": SOUND, "remake": [(0.2, 0.1)]}, "end after they start"),
        ({"source": SOUND, "seconds": 0.4}, "as long as the piece"),
        ({"source": SOUND.T}, "sound of shape"),
        ({"source": np.full((100, 2), np.nan)}, "finite"),
    ],
)
def test_what_cannot_be_made(tiny: StableAudio, wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(GeneratorError, match=message):
        tiny.generate(HOUSE, **({"seconds": 0.3, "steps": 1} | wrong))


def test_latents_of_another_model(tiny: StableAudio) -> None:
    with pytest.raises(GeneratorError, match=r"\(16, frames\)"):
        tiny.decode(np.zeros((8, 20)))


@pytest.mark.parametrize(
    ("machine", "units", "expected"),
    [("x86_64", True, "bfloat16"), ("x86_64", False, "float32"), ("AMD64", False, "float32"), ("arm64", False, "bfloat16")],
)
def test_int8_leaves_its_finer_parts_to_what_the_processor_is_quick_in(
    monkeypatch: pytest.MonkeyPatch, machine: str, units: bool, expected: Precision
) -> None:
    monkeypatch.setattr("platform.machine", lambda: machine)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: units)
    assert spared("int8") == expected
    assert [spared("float32"), spared("bfloat16")] == ["float32", "bfloat16"]


def test_a_loud_token_costs_the_others_no_precision_in_int8() -> None:
    generator = torch.Generator().manual_seed(3)
    weight, x = torch.randn(64, 256, generator=generator), torch.randn(2, 20, 256, generator=generator)
    x[0, 0] *= 50
    linear = Linear(Shapes({"weight": (64, 256), "bias": (64,)}, "", Path()), "int8")
    linear.set_bias(torch.ones(64))
    linear.set_weight(weight)
    errors = (linear(x) - (x @ weight.T + 1)).norm(dim=-1) / (x @ weight.T + 1).norm(dim=-1)
    assert errors.shape == (2, 20)
    assert float(errors.max()) < 0.03
