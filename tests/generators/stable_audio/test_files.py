"""Files that are missing, cut short or of another model: named, in a sentence, before anything is loaded."""

from __future__ import annotations

import importlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.errors import GeneratorError
from engine.generators.stable_audio import StableAudio
from engine.generators.stable_audio.model import autoencoder, composer
from engine.generators.stable_audio.model.checkpoint import TensorFile
from tests.generators.stable_audio.conftest import TINY, needs_transformers

TEXT = "t5gemma-b-b-ul2"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the tiny checkpoint to break; loading any weight of it fails the test."""
    for module in (composer, autoencoder):
        monkeypatch.setattr(module, "fill", lambda *_: pytest.fail("weights were loaded"))
    monkeypatch.setattr(composer, "TextEncoder", lambda *_: pytest.fail("the text encoder was loaded"))
    return Path(shutil.copytree(TINY, tmp_path / "checkpoint"))


def cut(path: Path, size: int) -> None:
    path.write_bytes(path.read_bytes()[:size])


def configure(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    path = folder / "model_config.json"
    config = json.loads(path.read_text())
    change(config)
    path.write_text(json.dumps(config))


def same(config: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = config["model"]["pretransform"]["config"]["decoder"]["config"]
    return found


def diffusion(config: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = config["model"]["diffusion"]
    return found


def conditioners(config: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = config["model"]["conditioning"]["configs"]
    return found


BROKEN: dict[str, tuple[Callable[[Path], object], str]] = {
    "no config": (lambda f: (f / "model_config.json").unlink(), r"model_config\.json is missing"),
    "config cut short": (lambda f: cut(f / "model_config.json", 100), r"model_config\.json is not valid JSON"),
    "no model": (lambda f: (f / "model.safetensors").unlink(), r"checkpoint/model\.safetensors is missing"),
    "model cut short": (
        lambda f: cut(f / "model.safetensors", 2_000_000),
        r"model\.safetensors is truncated: 2,000,000 of 2,884,706",
    ),
    "model cut in its header": (lambda f: cut(f / "model.safetensors", 500), r"model\.safetensors is truncated"),
    "model of another kind": (
        lambda f: (f / "model.safetensors").write_bytes(b"PK" * 5000),
        r"model\.safetensors is truncated or no",
    ),
    "no text encoder": (lambda f: shutil.rmtree(f / TEXT), rf"{TEXT}/config\.json is missing"),
    "text encoder cut short": (
        lambda f: cut(f / TEXT / "model.safetensors", 200_000),
        rf"{TEXT}/model\.safetensors is truncated",
    ),
    "no tokenizer": (lambda f: (f / TEXT / "tokenizer.json").unlink(), r"tokenizer\.json is missing"),
    "tokenizer cut short": (lambda f: cut(f / TEXT / "tokenizer.json", 999), r"tokenizer\.json is not valid JSON"),
    "SAME-L": (
        lambda f: configure(f, lambda c: same(c).update(sinusoidal_blocks=[9])),
        r"decoder\.config\.sinusoidal_blocks is \[9\]: this is SAME-L",
    ),
    "another kind of model": (
        lambda f: configure(f, lambda c: c.update(model_type="lm")),
        "model_type is 'lm'; known are diffusion_cond_inpaint",
    ),
    "another attention": (
        lambda f: configure(f, lambda c: diffusion(c)["config"]["attn_kwargs"].update(differential=True)),
        r"model\.diffusion\.config\.attn_kwargs\.differential is True; only False",
    ),
    "another objective": (
        lambda f: configure(f, lambda c: diffusion(c).update(diffusion_objective="v")),
        "diffusion_objective is 'v'; known are rf_denoiser, rectified_flow",
    ),
    "another schedule": (
        lambda f: configure(f, lambda c: diffusion(c).update(sampling_distribution_shift_options={"type": "cosine"})),
        "is 'cosine'; known are logsnr, full, flux, none",
    ),
    "no prompt": (lambda f: configure(f, lambda c: conditioners(c).pop(0)), "has no conditioner named prompt"),
    "deeper than its weights": (
        lambda f: configure(f, lambda c: diffusion(c)["config"].update(depth=3)),
        r"model\.safetensors lacks the tensor model\.model\.transformer\.layers\.2\.",
    ),
    "a stride that does not add up": (
        lambda f: configure(f, lambda c: same(c).update(strides=[8])),
        "downsampling_ratio is 256, which",
    ),
}


@needs_transformers
@pytest.mark.parametrize("fault", list(BROKEN))
def test_broken_checkpoints(folder: Path, fault: str) -> None:
    break_it, message = BROKEN[fault]
    break_it(folder)
    with pytest.raises(GeneratorError, match=message):
        StableAudio.load(folder)


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(GeneratorError, match="there is no folder"):
        StableAudio.load(tmp_path / "nothing")


def test_unknown_precision() -> None:
    with pytest.raises(GeneratorError, match="no precision 'float8'"):
        StableAudio.load(TINY, "float8")  # type: ignore[arg-type]


def test_without_transformers(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    original = importlib.import_module

    def missing(name: str, package: str | None = None) -> Any:
        if name == "transformers":
            raise ImportError(name)
        return original(name, package)

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(GeneratorError, match=r'pip install "liveset\[stable-audio\]"'):
        StableAudio.load(folder)


def lora_file(path: Path, config: dict[str, Any] | None, layers: dict[str, tuple[int, ...]]) -> Path:
    """A LoRA file of zeros."""
    entries: dict[str, Any] = {"__metadata__": {} if config is None else {"lora_config": json.dumps(config)}}
    offset = 0
    for name, shape in layers.items():
        entries[name] = {"dtype": "F16", "shape": list(shape), "data_offsets": [offset, offset + 2 * int(np.prod(shape))]}
        offset = entries[name]["data_offsets"][1]
    header = json.dumps(entries).encode()
    path.write_bytes(len(header).to_bytes(8, "little") + header + bytes(offset))
    return path


def layer(name: str, outputs: int, inputs: int, magnitude: int = 0) -> dict[str, tuple[int, ...]]:
    full = f"{name}.parametrizations.weight.0."
    parts: dict[str, tuple[int, ...]] = {full + "lora_A": (2, inputs), full + "lora_B": (outputs, 2)}
    return parts | {full + "lora_dropout_mask": (1, inputs)} | ({full + "magnitude": (magnitude,)} if magnitude else {})


PROJECT = "model.transformer.project_in"  # 128 x 16 in the tiny checkpoint


@pytest.mark.parametrize(
    ("config", "layers", "message"),
    [
        ({"adapter_type": "dora-cols"}, layer(PROJECT, 128, 16, 16), "adapter type 'dora-cols'"),
        ({"adapter_type": "dora"}, layer(PROJECT, 128, 16, 16), "adapter type 'dora-cols'"),
        ({"adapter_type": "bora"}, layer(PROJECT, 128, 16), "adapter type 'bora'"),
        ({"adapter_type": "lora-xs"}, layer(PROJECT, 128, 16), "adapter type 'lora-xs'"),
        ({"adapter_type": "lora"}, layer(PROJECT, 1024, 256), "1024 x 256, not 128 x 16"),
        ({"adapter_type": "lora"}, layer("model.transformer.layers.7.ff.ff.2", 128, 512), "does not have"),
        ({"adapter_type": "lora"}, {}, "no LoRA layers"),
    ],
)
def test_loras_that_cannot_be_used(
    tiny: StableAudio, tmp_path: Path, config: dict[str, Any], layers: dict[str, tuple[int, ...]], message: str
) -> None:
    path = lora_file(tmp_path / "style.safetensors", config, layers)
    before = tiny.latents("house", 0.1, 1)
    with pytest.raises(GeneratorError, match=message) as raised:
        tiny.set_loras([(TINY / "lora.safetensors", 1.0), (path, 1.0)])
    assert "style.safetensors" in str(raised.value)
    assert np.array_equal(tiny.latents("house", 0.1, 1), before)


def test_lora_cut_short(tiny: StableAudio, tmp_path: Path) -> None:
    path = tmp_path / "style.safetensors"
    path.write_bytes((TINY / "lora.safetensors").read_bytes()[:50_000])
    with pytest.raises(GeneratorError, match=r"style\.safetensors is truncated"):
        tiny.set_loras([(path, 1.0)])


def test_loras_leave_no_trace(tiny: StableAudio) -> None:
    """Strengths moved many times, then taken away, give the very samples of before."""
    before = tiny.latents("house", 0.1, 1)
    for strength in (0.3, 1.0, 0.7):
        tiny.set_loras([(TINY / "dora-rows.safetensors", strength)])
    assert not np.array_equal(tiny.latents("house", 0.1, 1), before)
    tiny.set_loras([])
    assert np.array_equal(tiny.latents("house", 0.1, 1), before)


def test_lora_without_a_config_is_plain(tiny: StableAudio, tmp_path: Path) -> None:
    path = lora_file(tmp_path / "style.safetensors", None, layer(PROJECT, 128, 16))
    before = tiny.latents("house", 0.1, 1)
    tiny.set_loras([(path, 1.0)])
    assert np.array_equal(tiny.latents("house", 0.1, 1), before)


@pytest.mark.parametrize("header", [b"[]", b"{}x", b'{"a": {"dtype": "F16", "shape": [2], "data_offsets": [0, 2]}}', b'{"a": 1}'])
def test_broken_headers(tmp_path: Path, header: bytes) -> None:
    path = tmp_path / "x.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header + bytes(8))
    with pytest.raises(GeneratorError, match=r"x\.safetensors"):
        TensorFile(path)
