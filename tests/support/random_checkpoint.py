"""A checkpoint of any dimensions in the published layout, with random weights: for measuring speed and for tests.

It makes noise, not music, but exactly as much work as the real one of the same dimensions.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from engine.generators.stable_audio.model.config import INPAINT_IDS

Shape = tuple[int, ...]

_WORDS = ("warm", "analog", "house", "groove", "ambient", "drone", "slow", "pads", "124", "BPM", "in", "F", "minor", "techno")


@dataclass(frozen=True)
class Dimensions:
    """Sizes of a checkpoint; the defaults are those of small as published."""

    width: int = 1024
    depth: int = 20
    heads: int = 16
    memory: int = 64
    inner: int = 4096
    condition: int = 768
    time_features: int = 256
    latent: int = 256
    same_width: int = 768
    same_depth: int = 6
    same_head: int = 64
    same_inner: int = 2304
    patch: int = 256
    stride: int = 16
    chunk: int = 32
    channels: int = 2
    rate: int = 44_100
    sample_size: int = 5_292_032
    tokens: int = 256
    padding: str = "learned"
    seconds: tuple[float, float] = (0, 384)
    text_width: int = 768
    text_inner: int = 2048
    text_depth: int = 12
    text_head: int = 64
    vocabulary: int = 256_000


def write_checkpoint(folder: Path, dimensions: Dimensions, seed: int = 0, **changes: Any) -> Path:
    """Write a checkpoint into an empty folder and return it.

    Args:
        folder: made if missing.
        dimensions: of everything.
        seed: of the weights.
        changes: entries of ``model.diffusion`` to replace, as ``diffusion_objective``.
    """
    text = folder / "t5gemma-b-b-ul2"
    text.mkdir(parents=True, exist_ok=True)
    config = _model_config(dimensions)
    config["model"]["diffusion"].update(changes)
    (folder / "model_config.json").write_text(json.dumps(config, indent=1))
    generator = torch.Generator().manual_seed(seed)
    write_tensors(folder / "model.safetensors", dict(_model_shapes(dimensions)), generator)
    write_tensors(text / "model.safetensors", dict(_text_shapes(dimensions)), generator, scale=0.05)
    (text / "config.json").write_text(json.dumps(_text_config(dimensions), indent=1))
    (text / "tokenizer.json").write_text(json.dumps(_tokenizer()))
    special = {"bos_token": "<bos>", "eos_token": "<eos>", "pad_token": "<pad>", "unk_token": "<unk>"}
    (text / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "PreTrainedTokenizerFast", **special}))
    return folder


def write_tensors(path: Path, shapes: dict[str, Shape], generator: torch.Generator, scale: float = 1.0) -> None:
    """Write random float16 tensors as safetensors, one at a time: matrices keep the size of what they multiply."""
    entries, offset = {}, 0
    for name, shape in shapes.items():
        end = offset + 2 * math.prod(shape)
        entries[name] = {"dtype": "F16", "shape": list(shape), "data_offsets": [offset, end]}
        offset = end
    header = json.dumps(entries).encode()
    with path.open("wb") as file:
        file.write(len(header).to_bytes(8, "little") + header)
        for name, shape in shapes.items():
            file.write(_random(name, shape, generator, scale).half().numpy().tobytes())


def _random(name: str, shape: Shape, generator: torch.Generator, scale: float) -> torch.Tensor:
    last = name.rsplit(".", 1)[-1]
    if last in ("gamma", "alpha", "scaling_factor", "running_std", "weight_g"):
        return 1 + 0.1 * torch.randn(shape, generator=generator)
    if last in ("beta", "bias", "to_scale_shift_gate") or name.endswith(("norm.weight", "layernorm.weight")):
        return 0.1 * torch.randn(shape, generator=generator)
    fan_in = math.prod(shape[1:]) if len(shape) > 1 and last != "memory_tokens" else 1
    return torch.randn(shape, generator=generator) * scale / math.sqrt(fan_in)


def _model_shapes(d: Dimensions) -> Iterator[tuple[str, Shape]]:
    yield from _conditioner_shapes(d)
    yield from _transformer_shapes(d)
    yield from _autoencoder_shapes(d)


def _conditioner_shapes(d: Dimensions) -> Iterator[tuple[str, Shape]]:
    prompt, seconds = "conditioner.conditioners.prompt.", "conditioner.conditioners.seconds_total.embedder.embedding.1."
    if d.padding == "learned":
        yield prompt + "padding_embedding", (d.condition,)
    if d.text_width != d.condition:
        yield prompt + "proj_out.weight", (d.condition, d.text_width)
        yield prompt + "proj_out.bias", (d.condition,)
    yield seconds + "weight", (d.condition, 256)
    yield seconds + "bias", (d.condition,)


def _transformer_shapes(d: Dimensions) -> Iterator[tuple[str, Shape]]:
    top, w, head = "model.model.", d.width, d.width // d.heads
    yield top + "preprocess_conv.weight", (d.latent, d.latent, 1)
    yield top + "postprocess_conv.weight", (d.latent, d.latent, 1)
    yield from _pair(top + "to_cond_embed", d.condition, w, w, bias=False)
    yield from _pair(top + "to_global_embed", d.condition, w, w, bias=False)
    yield from _pair(top + "to_timestep_embed", d.time_features, w, w)
    yield from _pair(top + "transformer.global_cond_embedder", w, w, 6 * w)
    yield top + "transformer.project_in.weight", (w, d.latent)
    yield top + "transformer.project_out.weight", (d.latent, w)
    if d.memory:
        yield top + "transformer.memory_tokens", (d.memory, w)
    for index in range(d.depth):
        block = f"{top}transformer.layers.{index}."
        yield block + "to_scale_shift_gate", (6 * w,)
        for norm in ("pre_norm", "cross_attend_norm", "ff_norm"):
            yield f"{block}{norm}.gamma", (w,)
        for attention, projections in (("self_attn", {"to_qkv": 3}), ("cross_attn", {"to_q": 1, "to_kv": 2})):
            for projection, parts in projections.items():
                yield f"{block}{attention}.{projection}.weight", (parts * w, w)
            yield f"{block}{attention}.to_out.weight", (w, w)
            yield f"{block}{attention}.q_norm.gamma", (head,)
            yield f"{block}{attention}.k_norm.gamma", (head,)
        yield from _feed_forward(block, w, d.inner)
        yield from _pair(block + "to_local_embed", 1 + d.latent, w, w)


def _autoencoder_shapes(d: Dimensions) -> Iterator[tuple[str, Shape]]:
    top, w, patches = "pretransform.model.", d.same_width, d.channels * d.patch
    yield top + "bottleneck.scaling_factor", (1, d.latent, 1)
    yield top + "bottleneck.bias", (1, d.latent, 1)
    yield top + "bottleneck.running_std", (1,)
    yield top + "encoder.layers.2.weight", (d.latent, w)
    yield top + "encoder.layers.2.bias", (d.latent,)
    yield top + "decoder.layers.1.weight", (w, d.latent)
    yield top + "decoder.layers.1.bias", (w,)
    for half, (given, made, kernel) in {"encoder.layers.0.": (patches, w, 1), "decoder.layers.3.": (w, patches, 3)}.items():
        if given != made:
            yield top + half + "mapping.bias", (made,)
            yield top + half + "mapping.weight_g", (made, 1, 1)
            yield top + half + "mapping.weight_v", (made, given, kernel)
        yield top + half + "new_tokens", (1, 1, w)
        for index in range(d.same_depth):
            block = f"{top}{half}transformers.{index}."
            head = min(d.same_head, w)
            for norm, size in (("pre_norm", w), ("ff_norm", w), ("self_attn.q_norm", head), ("self_attn.k_norm", head)):
                yield f"{block}{norm}.alpha", (1,)
                yield f"{block}{norm}.gamma", (size,)
                yield f"{block}{norm}.beta", (size,)
            yield block + "self_attn.to_qkv.weight", (5 * w, w)
            yield block + "self_attn.to_out.weight", (w, w)
            yield from _feed_forward(block, w, d.same_inner)


def _feed_forward(block: str, width: int, inner: int) -> Iterator[tuple[str, Shape]]:
    yield block + "ff.ff.0.proj.weight", (2 * inner, width)
    yield block + "ff.ff.0.proj.bias", (2 * inner,)
    yield block + "ff.ff.2.weight", (width, inner)
    yield block + "ff.ff.2.bias", (width,)


def _pair(name: str, inputs: int, middle: int, outputs: int, bias: bool = True) -> Iterator[tuple[str, Shape]]:
    for index, shape in (("0", (middle, inputs)), ("2", (outputs, middle))):
        yield f"{name}.{index}.weight", shape
        if bias:
            yield f"{name}.{index}.bias", shape[:1]


def _text_shapes(d: Dimensions) -> Iterator[tuple[str, Shape]]:
    top = "model.encoder."
    yield top + "embed_tokens.weight", (d.vocabulary, d.text_width)
    yield top + "norm.weight", (d.text_width,)
    for index in range(d.text_depth):
        block = f"{top}layers.{index}."
        for name in ("q_proj", "k_proj", "v_proj", "o_proj"):
            yield f"{block}self_attn.{name}.weight", (d.text_width, d.text_width)
        for name, shape in (("gate_proj", (d.text_inner, d.text_width)), ("down_proj", (d.text_width, d.text_inner))):
            yield f"{block}mlp.{name}.weight", shape
        yield f"{block}mlp.up_proj.weight", (d.text_inner, d.text_width)
        for name in ("pre_self_attn", "post_self_attn", "pre_feedforward", "post_feedforward"):
            yield f"{block}{name}_layernorm.weight", (d.text_width,)


def _model_config(d: Dimensions) -> dict[str, Any]:
    shared = {
        "channels": d.same_width,
        "c_mults": [1],
        "strides": [d.stride],
        "latent_dim": d.latent,
        "transformer_depths": [d.same_depth],
        "differential": True,
        "dyt": True,
        "dim_heads": d.same_head,
        "variable_stride": True,
        "chunk_size": d.chunk,
        "chunk_midpoint_shift": True,
    }
    patches = d.channels * d.patch
    decoder = {"out_channels": patches, "sinusoidal_blocks": [0], "conv_mapping": True, **shared}
    autoencoder = {
        "encoder": {"type": "same", "config": {"in_channels": patches, **shared}},
        "decoder": {"type": "same", "config": decoder},
        "bottleneck": {"type": "softnorm", "config": {"dim": d.latent, "noise_augment_dim": 0, "auto_scale": True}},
        "latent_dim": d.latent,
        "downsampling_ratio": d.patch * d.stride,
        "io_channels": d.channels,
        "pretransform": {"type": "patched", "config": {"patch_size": d.patch, "channels": d.channels}},
    }
    return {
        "model_type": "diffusion_cond_inpaint",
        "sample_size": d.sample_size,
        "sample_rate": d.rate,
        "audio_channels": d.channels,
        "model": {
            "io_channels": d.latent,
            "pretransform": {"type": "autoencoder", "config": autoencoder},
            "conditioning": _conditioning_config(d),
            "diffusion": _diffusion_config(d),
        },
    }


def _conditioning_config(d: Dimensions) -> dict[str, Any]:
    prompt = {"max_length": d.tokens, "padding_mode": d.padding, "repo_id": "random/weights", "subfolder": "t5gemma-b-b-ul2"}
    seconds = {"min_val": d.seconds[0], "max_val": d.seconds[1], "fourier_features_type": "expo"}
    configs = [
        {"id": "prompt", "type": "t5gemma", "config": prompt},
        {"id": "seconds_total", "type": "number", "config": seconds},
    ]
    return {"cond_dim": d.condition, "configs": configs}


def _diffusion_config(d: Dimensions) -> dict[str, Any]:
    return {
        "type": "dit",
        "diffusion_objective": "rf_denoiser",
        "cross_attention_cond_ids": ["prompt", "seconds_total"],
        "global_cond_ids": ["seconds_total"],
        "local_add_cond_ids": list(INPAINT_IDS),
        "config": {
            "io_channels": d.latent,
            "embed_dim": d.width,
            "depth": d.depth,
            "num_heads": d.heads,
            "cond_token_dim": d.condition,
            "global_cond_dim": d.condition,
            "local_add_cond_dim": 1 + d.latent,
            "transformer_type": "continuous_transformer",
            "global_cond_type": "adaLN",
            "timestep_features_type": "expo",
            "timestep_features_dim": d.time_features,
            "num_memory_tokens": d.memory,
            "norm_type": "rms_norm",
            "attn_kwargs": {"qk_norm": "rms", "differential": False},
        },
    }


def _text_config(d: Dimensions) -> dict[str, Any]:
    heads = d.text_width // d.text_head
    half = {
        "model_type": "t5_gemma_module",
        "hidden_size": d.text_width,
        "intermediate_size": d.text_inner,
        "num_hidden_layers": d.text_depth,
        "num_attention_heads": heads,
        "num_key_value_heads": heads,
        "head_dim": d.text_head,
        "vocab_size": d.vocabulary,
        "query_pre_attn_scalar": d.text_head,
        "sliding_window": 64,
        "layer_types": ["sliding_attention" if index % 2 == 0 else "full_attention" for index in range(d.text_depth)],
    }
    decoder = {**half, "is_decoder": True, "cross_attention_hidden_size": d.text_width}
    kinds = {"architectures": ["T5GemmaForConditionalGeneration"], "model_type": "t5gemma", "is_encoder_decoder": True}
    return {**kinds, "encoder": half, "decoder": decoder, "vocab_size": d.vocabulary}


def _tokenizer() -> dict[str, Any]:
    """Whole words, a beginning token in front; what it does not know becomes <unk>."""
    special = ["<pad>", "<eos>", "<bos>", "<unk>"]
    added = [
        {
            "id": index,
            "content": token,
            "single_word": False,
            "lstrip": False,
            "rstrip": False,
            "normalized": False,
            "special": True,
        }
        for index, token in enumerate(special)
    ]
    vocabulary = {token: index for index, token in enumerate((*special, *_WORDS))}
    front = [{"SpecialToken": {"id": "<bos>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}]
    processor = {
        "type": "TemplateProcessing",
        "single": front,
        "pair": [*front, {"Sequence": {"id": "B", "type_id": 1}}],
        "special_tokens": {"<bos>": {"id": "<bos>", "ids": [2], "tokens": ["<bos>"]}},
    }
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": added,
        "normalizer": None,
        "pre_tokenizer": {"type": "Whitespace"},
        "post_processor": processor,
        "decoder": None,
        "model": {"type": "WordLevel", "vocab": vocabulary, "unk_token": "<unk>"},
    }
