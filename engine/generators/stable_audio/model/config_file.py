"""Reading model_config.json: every entry that matters is checked, and one that does not fit is named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.errors import GeneratorError
from engine.generators.stable_audio.model.config import (
    INPAINT_IDS,
    OBJECTIVES,
    SHIFT_DEFAULTS,
    AutoencoderConfig,
    DiffusionConfig,
    ModelConfig,
    ResamplerConfig,
    ShiftConfig,
)
from engine.models.tensors import AGAIN
from engine.textfiles import read_json


@dataclass(frozen=True)
class _Section:
    """A JSON object that knows its dotted name, so that every complaint can say where."""

    data: Mapping[str, Any]
    path: Path
    name: str = ""

    def complain(self, key: str, problem: str) -> GeneratorError:
        where = f"{self.name}.{key}" if self.name else key
        return GeneratorError(f"{self.path}: {where} {problem}", "only Stable Audio 3 small checkpoints and SAME-S can be loaded")

    def section(self, key: str) -> _Section:
        value = self.data.get(key)
        if not isinstance(value, dict):
            raise self.complain(key, "is missing" if value is None else "is not an object")
        return _Section(value, self.path, f"{self.name}.{key}" if self.name else key)

    def number(self, key: str, default: float | None = None) -> float:
        value = self.data.get(key, default)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self.complain(key, "is missing" if value is None else f"is {value!r}, not a number")
        return value

    def count(self, key: str, default: int | None = None) -> int:
        value = self.number(key, default)
        if value != int(value) or value < 1:
            raise self.complain(key, f"is {value!r}, not a whole number above 0")
        return int(value)

    def single(self, key: str) -> int:
        """The only entry of a list: SAME-S has one resampling block each way."""
        value = self.data.get(key)
        if not isinstance(value, list) or len(value) != 1 or not isinstance(value[0], int) or value[0] < 1:
            raise self.complain(key, f"is {value!r}; one resampling block each way is known")
        return value[0]

    def require(self, known: Mapping[str, tuple[Any, Any]]) -> None:
        """Check settings against ``key -> (the one value known, what an absent key means)``."""
        for key, (only, absent) in known.items():
            value = self.data.get(key, absent)
            if value != only:
                raise self.complain(key, f"is {value!r}; only {only!r} is known")


# What absent keys mean is taken from the defaults of Stability's own constructors.
_TRANSFORMER_KNOWN: dict[str, tuple[Any, Any]] = {
    "transformer_type": ("continuous_transformer", "continuous_transformer"),
    "global_cond_type": ("adaLN", "prepend"),
    "timestep_features_type": ("expo", "learned"),
    "timestep_features_logsnr": (False, False),
    "timestep_cond_type": ("global", "global"),
    "norm_type": ("rms_norm", "layer_norm"),
    "patch_size": (1, 1),
    "project_cond_tokens": (True, True),
    "project_global_cond": (True, True),
    "input_concat_dim": (0, 0),
    "prepend_cond_dim": (0, 0),
    "conformer": (False, False),
    "layer_scale": (False, False),
    "causal": (False, False),
    "sliding_window": (None, None),
    "final_cross_attn_ix": (-1, -1),
    "rotary_pos_emb": (True, True),
    "cross_attn_rotary_pos_emb": (False, False),
    "use_sinusoidal_emb": (False, False),
    "use_abs_pos_emb": (False, False),
}
_ATTENTION_KNOWN: dict[str, tuple[Any, Any]] = {
    "qk_norm": ("rms", "none"),
    "differential": (False, False),
    "feat_scale": (False, False),
}
_RESAMPLER_KNOWN: dict[str, tuple[Any, Any]] = {
    "dyt": (True, True),
    "differential": (True, True),
    "sliding_window": (None, None),
    "conformer": (False, False),
    "layer_scale": (False, False),
    "feat_scale": (False, False),
    "cross_attn": (False, False),
}


def read_config(folder: Path) -> ModelConfig:
    """model_config.json of a checkpoint's folder.

    Raises:
        GeneratorError: missing, not JSON, or of a model this code does not compute; names the file and the key.
    """
    if not folder.is_dir():
        raise GeneratorError(f"there is no folder {folder}", "give the folder that holds model_config.json and model.safetensors")
    path = folder / "model_config.json"
    top = _Section(read_json(path, GeneratorError, AGAIN), path)
    kinds = ("diffusion_cond_inpaint", "diffusion_cond", "autoencoder")
    kind = top.data.get("model_type")
    if kind not in kinds:
        raise top.complain("model_type", f"is {kind!r}; known are {', '.join(kinds)}")
    model = top.section("model")
    alone = kind == "autoencoder"
    outer = model if alone else model.section("pretransform")
    if not alone:
        outer.require({"type": ("autoencoder", None)})
        outer = outer.section("config")
    return ModelConfig(
        path=path,
        rate=top.count("sample_rate"),
        sample_size=top.count("sample_size", default=2**62 if alone else None),
        autoencoder=_autoencoder(outer),
        diffusion=None if alone else _diffusion(model),
    )


def _autoencoder(section: _Section) -> AutoencoderConfig:
    section.require({"soft_clip": (False, False)})
    section.section("bottleneck").require({"type": ("softnorm", None)})
    section.section("bottleneck").section("config").require({"noise_augment_dim": (0, 0)})
    patched = section.section("pretransform")
    patched.require({"type": ("patched", None)})
    config = AutoencoderConfig(
        channels=section.count("io_channels", default=2),
        patch=patched.section("config").count("patch_size"),
        ratio=section.count("downsampling_ratio"),
        width=section.count("latent_dim"),
        encoder=_resampler(section.section("encoder")),
        decoder=_resampler(section.section("decoder")),
    )
    for half in (config.encoder, config.decoder):
        if config.patch * half.stride != config.ratio or half.align != config.encoder.align:
            raise section.complain(
                "downsampling_ratio", f"is {config.ratio}, which patch size, strides and chunks do not add up to"
            )
    return config


def _resampler(section: _Section) -> ResamplerConfig:
    section.require({"type": ("same", None)})
    config = section.section("config")
    config.require(_RESAMPLER_KNOWN)
    sinusoidal = config.data.get("sinusoidal_blocks", 0)
    if any(sinusoidal if isinstance(sinusoidal, list) else [sinusoidal]):
        raise config.complain("sinusoidal_blocks", f"is {sinusoidal!r}: this is SAME-L, and only SAME-S is known")
    half = ResamplerConfig(
        depth=config.single("transformer_depths"),
        stride=config.single("strides"),
        chunk=config.count("chunk_size", default=128),
        head=config.count("dim_heads", default=128),
        shifted=bool(config.data.get("chunk_midpoint_shift", False)),
    )
    config.single("c_mults")
    if half.chunk % half.stride or (half.shifted and half.align % 2):
        raise config.complain("chunk_size", f"is {half.chunk}, which does not go with a stride of {half.stride}")
    return half


def _diffusion(model: _Section) -> DiffusionConfig:
    section = model.section("diffusion")
    section.require({"type": ("dit", None), "input_concat_ids": ([], []), "prepend_cond_ids": ([], [])})
    section.require(
        {"cross_attention_cond_ids": (["prompt", "seconds_total"], None), "global_cond_ids": (["seconds_total"], None)}
    )
    transformer = section.section("config")
    transformer.require(_TRANSFORMER_KNOWN)
    transformer.section("attn_kwargs").require(_ATTENTION_KNOWN)
    local = section.data.get("local_add_cond_ids", [])
    if local not in ([], list(INPAINT_IDS)):
        raise section.complain("local_add_cond_ids", f"is {local!r}; known is {list(INPAINT_IDS)!r}")
    objective = section.data.get("diffusion_objective")
    if objective not in OBJECTIVES:
        raise section.complain("diffusion_objective", f"is {objective!r}; known are {', '.join(OBJECTIVES)}")
    prompt, seconds = _conditioner(model, "prompt", "t5gemma"), _conditioner(model, "seconds_total", "number")
    seconds.require({"fourier_features_type": ("expo", "learned")})
    padding = prompt.data.get("padding_mode", "zero")
    if padding not in ("learned", "zero", "none"):
        raise prompt.complain("padding_mode", f"is {padding!r}; known are learned, zero, none")
    return DiffusionConfig(
        depth=transformer.count("depth"),
        heads=transformer.count("num_heads"),
        inpaints=bool(local),
        objective=objective,
        shift=_shift(section),
        max_tokens=prompt.count("max_length", default=128),
        padding=padding,
        text_folder=_text_folder(prompt),
        seconds_range=(seconds.number("min_val", default=0), seconds.number("max_val", default=1)),
    )


def _conditioner(model: _Section, name: str, kind: str) -> _Section:
    conditioning = model.section("conditioning")
    for index, entry in enumerate(conditioning.data.get("configs") or []):
        if isinstance(entry, dict) and entry.get("id") == name:
            found = _Section(entry, model.path, f"{conditioning.name}.configs[{index}]")
            found.require({"type": (kind, None)})
            return found.section("config")
    raise conditioning.complain("configs", f"has no conditioner named {name}")


def _text_folder(prompt: _Section) -> str:
    """The subfolder, or the last part of the Hub's or the model's name."""
    for key in ("subfolder", "model_path", "repo_id", "model_name"):
        value = prompt.data.get(key)
        if isinstance(value, str) and value:
            return value if key == "subfolder" else value.rstrip("/").rsplit("/", 1)[-1]
    return "t5gemma-b-b-ul2"


def _shift(diffusion: _Section) -> ShiftConfig:
    key = "sampling_distribution_shift_options"
    options = dict(diffusion.section(key).data) if diffusion.data.get(key) is not None else {}
    kind = options.pop("type", "logsnr")
    if kind not in SHIFT_DEFAULTS:
        raise diffusion.complain(f"{key}.type", f"is {kind!r}; known are {', '.join(SHIFT_DEFAULTS)}")
    numbers = _Section(options, diffusion.path, f"{diffusion.name}.{key}")
    known = {name: numbers.data.get(name, value) for name, value in SHIFT_DEFAULTS[kind].items()}
    for name, value in known.items():
        if not isinstance(value, (int, float)):
            raise numbers.complain(name, f"is {value!r}, not a number")
    return ShiftConfig(kind, known)
