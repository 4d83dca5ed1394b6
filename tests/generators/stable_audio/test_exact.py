"""Every entry of the expected file: what Stability's own code makes of the tiny checkpoint, seed for seed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from engine.generators.stable_audio import StableAudio
from engine.generators.stable_audio.model.config import SHIFT_DEFAULTS, ShiftConfig
from engine.generators.stable_audio.model.sampling import schedule
from engine.generators.stable_audio.model.transformer import Context
from tests.generators.stable_audio.conftest import SEED, TINY, Arrays, make_base, read_all, relative_error

LIMIT = 1e-5
LONG_LIMIT = 5e-5
"""Of the longest duration's embedding: its angles reach 4e4 rad, where the last bit of a float32 exponential, in which processors
differ, is worth 2e-5."""
CASES = ("text", "text4", "continuation", "variation")
LORAS = [
    name.removesuffix(".audio")
    for name in read_all(TINY / "expected.safetensors")
    if name.startswith(("lora.", "dora-rows.", "stacked."))
]


def arguments(name: str, case: dict[str, Any], expected: Arrays) -> dict[str, Any]:
    """A case of cases.json as ``generate`` takes it."""
    source = expected["source.audio"][0].T
    extra: dict[str, dict[str, Any]] = {
        "continuation": {
            "source": source[:22050],
            "remake": [(case.get("inpaint_mask_start_seconds"), case.get("inpaint_mask_end_seconds"))],
        },
        "variation": {"vary": source, "amount": case.get("init_noise_level")},
    }
    base = {"prompt": case["prompt"], "seconds": case["duration"], "steps": case["steps"], "seed": SEED}
    return base | extra.get(name, {})


def padded_context(model: StableAudio, text: str, seconds: float) -> tuple[torch.Tensor, Context, torch.Tensor]:
    """The prompt's tokens at full length, the context, and the duration's embedding."""
    assert model.composer is not None
    with torch.inference_mode():
        duration = model.composer.conditioner.seconds(seconds, torch.device("cpu"))
        context = model.composer.conditioner.context(model.composer.text.encode(text), duration)
    return torch.repeat_interleave(context.tokens, context.counts, dim=0)[:-1], context, duration


@pytest.mark.parametrize("prefix", ["", "long."])
def test_conditioning(tiny: StableAudio, expected: Arrays, cases: dict[str, Any], prefix: str) -> None:
    text, seconds = (cases["long"], cases["long_seconds"]) if prefix else (cases["prompt"], cases["seconds"])
    tokens, context, duration = padded_context(tiny, text, seconds)
    assert relative_error(tokens, expected[prefix + "prompt_embeds"][0]) < LIMIT
    assert relative_error(duration, expected[prefix + "seconds_embeds"][0, 0]) < (LONG_LIMIT if prefix else LIMIT)
    if not prefix:
        real = int(expected["prompt_mask"].sum())
        assert context.counts.tolist() == [1] * real + [len(tokens) - real, 1]


@pytest.mark.parametrize("entry", ["dit.v", "dit.v_padded"])
def test_one_call_of_the_transformer(tiny: StableAudio, expected: Arrays, cases: dict[str, Any], entry: str) -> None:
    assert tiny.composer is not None
    _, context, duration = padded_context(tiny, cases["prompt"], cases["seconds"])
    local = np.concatenate((expected["dit.mask"], expected["dit.masked_input"]), axis=1)[0].T
    real = expected["dit.padding"][0] if entry == "dit.v_padded" else np.ones(local.shape[0], np.float32)
    with torch.inference_mode():
        steady = tiny.composer.transformer.prepare(
            contexts=[context],
            shares=None,
            seconds=duration,
            local=torch.from_numpy(local),
            times=torch.from_numpy(expected["dit.t"]),
            real=torch.from_numpy(real),
        )
        velocity = tiny.composer.transformer(torch.from_numpy(expected["dit.x"]), 0, steady)
    assert relative_error(velocity, expected[entry]) < LIMIT


def test_encode(tiny: StableAudio, expected: Arrays) -> None:
    assert relative_error(tiny.encode(expected["ae.audio"][0].T), expected["ae.latents"][0]) < LIMIT


def test_decode(tiny: StableAudio, expected: Arrays) -> None:
    assert relative_error(tiny.decode(expected["ae.latents"]), expected["ae.decoded"][0].T) < LIMIT


@pytest.mark.parametrize("name", CASES)
def test_cases(tiny: StableAudio, expected: Arrays, cases: dict[str, Any], name: str) -> None:
    wanted = arguments(name, cases["cases"][name], expected)
    assert relative_error(tiny.latents(**wanted), expected[f"{name}.latents"][0]) < LIMIT
    assert relative_error(tiny.generate(**wanted), expected[f"{name}.audio"][0].T) < LIMIT


@pytest.fixture(scope="module")
def base_models(tmp_path_factory: pytest.TempPathFactory) -> StableAudio:
    """The tiny checkpoint as a -base one."""
    return StableAudio.load(make_base(tmp_path_factory.mktemp("base") / "folder"))


@pytest.mark.usefixtures("tiny")
def test_euler(base_models: StableAudio, expected: Arrays, cases: dict[str, Any]) -> None:
    wanted = arguments("euler", cases["cases"]["euler"], expected)
    assert relative_error(base_models.latents(**wanted), expected["euler.latents"][0]) < LIMIT
    assert relative_error(base_models.generate(**wanted), expected["euler.audio"][0].T) < LIMIT


@pytest.mark.parametrize("name", LORAS)
def test_loras(tiny: StableAudio, expected: Arrays, cases: dict[str, Any], name: str) -> None:
    kind, *numbers = name.split(".")
    strengths = [float(".".join(numbers[index : index + 2])) for index in range(0, len(numbers), 2)]
    names = ["lora", "dora-rows"] if kind == "stacked" else [kind]
    tiny.set_loras([(TINY / f"{file}.safetensors", s) for file, s in zip(names, strengths, strict=True)])
    try:
        sound = tiny.generate(cases["prompt"], 0.4, steps=4, seed=SEED)
    finally:
        tiny.set_loras([])
    assert relative_error(sound, expected[f"{name}.audio"][0].T) < LIMIT


@pytest.mark.parametrize("steps", [4, 8])
def test_published_schedule(expected: Arrays, steps: int) -> None:
    times = schedule(steps, 215, ShiftConfig("logsnr", SHIFT_DEFAULTS["logsnr"]))
    assert relative_error(times, expected[f"sigmas.{steps}"]) < LIMIT


@pytest.mark.parametrize("start", [1.0, 0.6])
@pytest.mark.parametrize("kind", list(SHIFT_DEFAULTS))
def test_schedules(expected: Arrays, cases: dict[str, Any], kind: str, start: float) -> None:
    options = {key: value for key, value in cases["shifts"][kind].items() if key != "type"}
    times = schedule(8, 1292, ShiftConfig(kind, SHIFT_DEFAULTS[kind] | options), start)
    name = f"sigmas.8.{kind}" if start == 1.0 else f"sigmas.8.{kind}.from{start}"
    assert relative_error(times, expected[name]) < LIMIT


def test_no_entry_is_left_out(expected: Arrays) -> None:
    inputs = {"ae.audio", "source.audio", "dit.x", "dit.t", "dit.mask", "dit.masked_input", "dit.padding"}
    tested = {"prompt_embeds", "prompt_mask", "seconds_embeds", "long.prompt_embeds", "long.seconds_embeds"}
    tested |= {"dit.v", "dit.v_padded", "ae.latents", "ae.decoded", "sigmas.4", "sigmas.8"}
    tested |= {f"{name}.{part}" for name in (*CASES, "euler") for part in ("latents", "audio")}
    tested |= {f"sigmas.8.{kind}{end}" for kind in SHIFT_DEFAULTS for end in ("", ".from0.6")}
    tested |= {f"{name}.audio" for name in LORAS}
    assert set(expected) == inputs | tested
