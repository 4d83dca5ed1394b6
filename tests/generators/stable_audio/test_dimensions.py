"""Other dimensions than the tiny checkpoint's, against the plain writing-down of the model; and a standalone autoencoder."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from engine.errors import GeneratorError
from engine.generators.stable_audio import StableAudio
from engine.generators.stable_audio.model.autoencoder import WINDOW
from engine.generators.stable_audio.model.checkpoint import TensorFile
from engine.generators.stable_audio.model.sampling import schedule
from tests.generators.stable_audio.conftest import relative_error
from tests.generators.stable_audio.plain import Plain
from tests.support.random_checkpoint import Dimensions, write_checkpoint

LIMIT = 1e-5

SMALL = Dimensions(
    width=96, depth=2, heads=3, memory=5, inner=200, condition=24, time_features=64, latent=6, same_width=48, same_depth=3,
    same_head=64, same_inner=100, patch=8, stride=4, chunk=16, channels=1, rate=2000, sample_size=100_000, tokens=12,
    padding="zero", seconds=(2, 40), text_width=16, text_inner=40, text_depth=2, text_head=8, vocabulary=40,
)  # fmt: skip

VARIANTS = {
    "mono, zero padding, odd depth, projected prompts": SMALL,
    "no mapping, no memory, padding as encoded": replace(
        SMALL, patch=16, channels=2, same_width=32, same_head=8, same_depth=4, stride=8, memory=0, padding="none", text_width=24
    ),
    "clipped to a length that is not whole chunks": replace(SMALL, sample_size=32 * 391, padding="learned", same_depth=2),
}


@pytest.fixture(scope="module", params=list(VARIANTS))
def models(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[StableAudio, Plain]:
    folder = write_checkpoint(tmp_path_factory.mktemp("random"), VARIANTS[request.param], seed=3)
    return StableAudio.load(folder), Plain(folder)


def noise(model: StableAudio, seconds: float, seed: int) -> torch.Tensor:
    """(channels, samples)"""
    samples = int(seconds * model.rate)
    return 0.3 * torch.randn(model.channels, samples, generator=torch.Generator().manual_seed(seed))


def times(model: StableAudio, frames: int, start: float = 1.0) -> list[float]:
    assert model.config.diffusion is not None
    return schedule(3, frames, model.config.diffusion.shift, start).tolist()


@torch.inference_mode()
def test_text(models: tuple[StableAudio, Plain]) -> None:
    model, plain = models
    latents, sound = plain.generate("slow ambient pads 124 BPM", 6.1, times(model, 382), seed=5)
    assert relative_error(model.latents("slow ambient pads 124 BPM", 6.1, 3, 5), latents) < LIMIT
    assert relative_error(model.generate("slow ambient pads 124 BPM", 6.1, 3, 5), sound.T) < LIMIT


@torch.inference_mode()
def test_prompt_that_fills_all_tokens(models: tuple[StableAudio, Plain]) -> None:
    model, plain = models
    latents, _ = plain.generate("warm house " * 10, 1.0, times(model, 63), seed=5)
    assert relative_error(model.latents("warm house " * 10, 1.0, 3, 5), latents) < LIMIT


@torch.inference_mode()
def test_inpainting(models: tuple[StableAudio, Plain]) -> None:
    model, plain = models
    source = noise(model, 7, 1)
    latents, _ = plain.generate("techno", 5.0, times(model, 313), seed=5, source=source, remake=(1.5, 3.3))
    found = model.latents("techno", 5.0, 3, 5, source=source.T, remake=[(1.5, 3.3)])
    assert relative_error(found, latents) < LIMIT


@torch.inference_mode()
def test_variation(models: tuple[StableAudio, Plain]) -> None:
    model, plain = models
    source = noise(model, 3, 2)
    latents, _ = plain.generate("techno", 4.0, times(model, 250, 0.5), seed=5, vary=source, amount=0.5)
    assert relative_error(model.latents("techno", 4.0, 3, 5, vary=source.T, amount=0.5), latents) < LIMIT


@torch.inference_mode()
def test_windows_are_exact(models: tuple[StableAudio, Plain]) -> None:
    """Longer than three windows, so that there is one with neighbours on both sides."""
    model, plain = models
    ratio, align = model.config.autoencoder.ratio, model.config.autoencoder.encoder.align
    frames = (3 * WINDOW + 20) // align * align
    sound = noise(model, frames * ratio / model.rate, 4)
    latents = plain.encode(sound)
    assert relative_error(model.encode(sound.T), latents) < LIMIT
    assert relative_error(model.decode(latents), plain.decode(latents).T) < LIMIT


def alone(folder: Path) -> Path:
    """The autoencoder of a random checkpoint as it is published on its own: its config at the top, no prefix."""
    write_checkpoint(folder / "whole", SMALL, seed=3)
    file = TensorFile(folder / "whole" / "model.safetensors")
    kept = {name.removeprefix("pretransform.model."): file.read(name) for name in file.shapes if name.startswith("pretransform")}
    entries, blob = {}, b""
    for name, tensor in kept.items():
        raw = tensor.numpy().tobytes()
        entries[name] = {"dtype": "F16", "shape": list(tensor.shape), "data_offsets": [len(blob), len(blob) + len(raw)]}
        blob += raw
    header = json.dumps(entries).encode()
    (folder / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + blob)
    config = json.loads((folder / "whole" / "model_config.json").read_text())
    own = {"model_type": "autoencoder", "sample_rate": config["sample_rate"], "model": config["model"]["pretransform"]["config"]}
    (folder / "model_config.json").write_text(json.dumps(own))
    return folder


def test_standalone_autoencoder(tmp_path: Path) -> None:
    """Needs no text encoder; the same sound as the autoencoder inside a whole checkpoint."""
    model = StableAudio.load(alone(tmp_path))
    latents = np.random.default_rng(0).standard_normal((SMALL.latent, 40), dtype=np.float32)
    sound = model.decode(latents)
    assert sound.shape == (40 * SMALL.patch * SMALL.stride, 1)
    assert model.encode(sound).shape == latents.shape
    with pytest.raises(GeneratorError, match="autoencoder alone"):
        model.generate("house", 1.0)
