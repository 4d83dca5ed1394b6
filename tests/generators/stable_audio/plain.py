"""The same model written down once more as plainly as it goes: no windows, no folding of padding, nothing computed ahead.

What the fast one must agree with at dimensions for which there is no expected file.
"""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional as F

from engine.generators.stable_audio.model.checkpoint import TensorFile

Tensors = dict[str, torch.Tensor]


def below(tensors: Tensors, prefix: str) -> Tensors:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def linear(w: Tensors, name: str, x: torch.Tensor) -> torch.Tensor:
    weight = w[name + ".weight"]
    return F.linear(x, weight.reshape(weight.shape[0], weight.shape[1]), w.get(name + ".bias"))


def two(w: Tensors, name: str, x: torch.Tensor) -> torch.Tensor:
    return linear(w, name + ".2", F.silu(linear(w, name + ".0", x)))


def rms(x: torch.Tensor, gamma: torch.Tensor, eps: float) -> torch.Tensor:
    return x / torch.sqrt(x.pow(2).mean(-1, keepdim=True) + eps) * gamma


def dyt(w: Tensors, name: str, x: torch.Tensor) -> torch.Tensor:
    return w[name + ".gamma"] * torch.tanh(w[name + ".alpha"] * x) + w[name + ".beta"]


def fourier(x: float | torch.Tensor, width: int) -> torch.Tensor:
    f = torch.exp(torch.linspace(0, 1, width // 2) * (math.log(10000) - math.log(0.5)) + math.log(0.5))
    angle = (torch.as_tensor(x, dtype=torch.float32) * f) * 2 * math.pi
    return torch.cat((angle.cos(), angle.sin()))


def turn(x: torch.Tensor, channels: int) -> torch.Tensor:
    """Rotary positions over (..., tokens, head), the first ``channels`` of it."""
    inverse = 1.0 / 10000.0 ** (torch.arange(0, channels, 2).float() / channels)
    angle = torch.arange(x.shape[-2]).float()[:, None] * inverse
    angle = torch.cat((angle, angle), -1)
    part = x[..., :channels]
    half = torch.cat((-part[..., channels // 2 :], part[..., : channels // 2]), -1)
    return torch.cat((part * angle.cos() + half * angle.sin(), x[..., channels:]), -1)


def heads(x: torch.Tensor, head: int) -> torch.Tensor:
    return torch.stack(torch.split(x, head, -1), -3)  # (..., heads, tokens, head)


def attend(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    out = torch.softmax(q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1]), -1) @ v
    return torch.cat(out.unbind(-3), -1)


def swiglu(w: Tensors, x: torch.Tensor) -> torch.Tensor:
    value, gate = linear(w, "ff.ff.0.proj", x).chunk(2, -1)
    return linear(w, "ff.ff.2", value * F.silu(gate))


def velocity(
    w: Tensors, config: dict[str, Any], x: torch.Tensor, t: float, context: torch.Tensor, seconds: torch.Tensor,
    local: torch.Tensor, real: torch.Tensor,
) -> torch.Tensor:  # fmt: skip
    """x (latent, frames), context (tokens, condition), local (frames, 1 + latent), real (frames,)."""
    width, head = config["embed_dim"], config["embed_dim"] // config["num_heads"]
    x = x.T
    x = linear(w, "transformer.project_in", x + linear(w, "preprocess_conv", x))
    memory = w.get("transformer.memory_tokens", torch.zeros(0, width))
    x, n = torch.cat((memory, x)), len(memory)
    features = fourier(t, w["to_timestep_embed.0.weight"].shape[1])
    g = two(w, "to_global_embed", seconds) + two(w, "to_timestep_embed", features)
    g = two(w, "transformer.global_cond_embedder", g)
    context = two(w, "to_cond_embed", context)
    unpadded = torch.cat((torch.ones(n), real))[:, None]
    for index in range(config["depth"]):
        b = below(w, f"transformer.layers.{index}.")
        scale, shift, gate, scale2, shift2, gate2 = torch.split(b["to_scale_shift_gate"] + g, width)
        q, k, v = torch.split(linear(b, "self_attn.to_qkv", rms(x, b["pre_norm.gamma"], 1e-5) * (1 + scale) + shift), width, -1)
        q, k = (rms(heads(y, head), b[f"self_attn.{name}_norm.gamma"], 1e-6) for y, name in ((q, "q"), (k, "k")))
        channels = max(head // 2, 32)
        out = attend(turn(q, channels), turn(k, channels), heads(v * unpadded, head))
        x = x + torch.sigmoid(1 - gate) * linear(b, "self_attn.to_out", out)
        q = heads(linear(b, "cross_attn.to_q", rms(x, b["cross_attend_norm.gamma"], 1e-5)), head)
        k, v = (heads(y, head) for y in torch.split(linear(b, "cross_attn.to_kv", context), width, -1))
        out = attend(rms(q, b["cross_attn.q_norm.gamma"], 1e-6), rms(k, b["cross_attn.k_norm.gamma"], 1e-6), v)
        x = x + linear(b, "cross_attn.to_out", out)
        x = x + torch.cat((torch.zeros(n, width), two(b, "to_local_embed", local)))
        x = x + torch.sigmoid(1 - gate2) * swiglu(b, rms(x, b["ff_norm.gamma"], 1e-5) * (1 + scale2) + shift2)
    y = linear(w, "transformer.project_out", x[n:])
    return (y + linear(w, "postprocess_conv", y)).T


def resample(w: Tensors, config: dict[str, Any], x: torch.Tensor, decoding: bool) -> torch.Tensor:
    """(vectors, width) -> (vectors, width) through one resampling block, mapping left out."""
    stride, chunk, width = config["strides"][0], config["chunk_size"], x.shape[-1]
    head = min(config["dim_heads"], width)
    given, added = (1, stride) if decoding else (stride, 1)
    groups = [torch.cat((group, w["new_tokens"][0].expand(added, -1))) for group in torch.split(x, given)]
    x, size, depth = torch.cat(groups), chunk + chunk // stride, config["transformer_depths"][0]
    for index in range(depth):
        if index == depth // 2:
            x = torch.cat((x[: size // 2], x, x[-(size // 2) :]))
        b = below(w, f"transformers.{index}.")
        done = []
        for part in torch.split(x, size):
            q, k, v, q2, k2 = torch.split(linear(b, "self_attn.to_qkv", dyt(b, "pre_norm", part)), width, -1)
            q, q2 = (turn(dyt(b, "self_attn.q_norm", heads(y, head)), head // 2) for y in (q, q2))
            k, k2 = (turn(dyt(b, "self_attn.k_norm", heads(y, head)), head // 2) for y in (k, k2))
            v = heads(v, head)
            attended = part + linear(b, "self_attn.to_out", attend(q, k, v) - attend(q2, k2, v))
            done.append(attended + swiglu(b, dyt(b, "ff_norm", attended)))
        x = torch.cat(done)
    x = x[size // 2 : -(size // 2)]
    return torch.cat([group[1:] if decoding else group[-1:] for group in torch.split(x, stride + 1)])


def mapping(w: Tensors, x: torch.Tensor) -> torch.Tensor:
    if "mapping.weight_v" not in w:
        return x
    v, kernel = w["mapping.weight_v"], w["mapping.weight_v"].shape[-1]
    weight = w["mapping.weight_g"] * v / v.flatten(1).norm(dim=1)[:, None, None]
    return F.conv1d(x.T[None], weight, w["mapping.bias"], padding=kernel // 2)[0].T


class Plain:
    """A checkpoint, all in float32."""

    def __init__(self, folder: Path) -> None:
        self.config = json.loads((folder / "model_config.json").read_text())
        file = TensorFile(folder / "model.safetensors")
        self.w = {name: file.read(name).float() for name in file.shapes}
        self.model = self.config["model"]
        self.same = self.model["pretransform"]["config"]
        self.ratio = self.same["downsampling_ratio"]
        import transformers

        text = folder / self.prompt_config["subfolder"]
        self.tokenizer = transformers.AutoTokenizer.from_pretrained(text, local_files_only=True)
        config = transformers.AutoConfig.from_pretrained(text, local_files_only=True)
        config.is_encoder_decoder = False
        self.text = transformers.T5GemmaEncoderModel.from_pretrained(
            text, config=config, local_files_only=True, dtype=torch.float32, attn_implementation="eager"
        )

    @property
    def prompt_config(self) -> dict[str, Any]:
        found: dict[str, Any] = self.model["conditioning"]["configs"][0]["config"]
        return found

    def prompt(self, text: str) -> torch.Tensor:
        config, w = self.prompt_config, below(self.w, "conditioner.conditioners.prompt.")
        batch = self.tokenizer(text, padding="max_length", truncation=True, max_length=config["max_length"], return_tensors="pt")
        mask = batch["attention_mask"][0][:, None]
        hidden = self.text(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).last_hidden_state[0]
        tokens = linear(w, "proj_out", hidden) if "proj_out.weight" in w else hidden
        fill = {"learned": w.get("padding_embedding"), "zero": torch.zeros(tokens.shape[1]), "none": tokens}[
            config["padding_mode"]
        ]
        return torch.where(mask > 0, tokens, fill)  # type: ignore[arg-type]

    def seconds(self, seconds: float) -> torch.Tensor:
        config = self.model["conditioning"]["configs"][1]["config"]
        low, high = config["min_val"], config["max_val"]
        w = below(self.w, "conditioner.conditioners.seconds_total.embedder.embedding.1.")
        x = (torch.tensor(float(seconds)).clamp(low, high) - low) / (high - low)
        return F.linear(fourier(x, w["weight"].shape[1]), w["weight"], w["bias"])

    def encode(self, audio: torch.Tensor) -> torch.Tensor:
        """(channels, samples), whole latent frames of it."""
        patch = self.same["pretransform"]["config"]["patch_size"]
        config = self.same["encoder"]["config"]
        x = torch.stack([audio[:, i : i + patch].flatten() for i in range(0, audio.shape[1], patch)])
        x = F.pad(x, (0, 0, 0, -len(x) % config["chunk_size"]))
        w = below(self.w, "pretransform.model.encoder.")
        x = resample(below(w, "layers.0."), config, mapping(below(w, "layers.0."), x), decoding=False)
        x = linear(w, "layers.2", x).T
        b = below(self.w, "pretransform.model.bottleneck.")
        return (x * b["scaling_factor"][0] + b["bias"][0]) / b["running_std"]

    def decode(self, latents: torch.Tensor) -> torch.Tensor:
        w, config = below(self.w, "pretransform.model.decoder."), self.same["decoder"]["config"]
        x = linear(w, "layers.1", (latents * self.w["pretransform.model.bottleneck.running_std"]).T)
        x = F.pad(x, (0, 0, 0, -len(x) % (config["chunk_size"] // config["strides"][0])))
        x = mapping(below(w, "layers.3."), resample(below(w, "layers.3."), config, x, decoding=True))
        patch = self.same["pretransform"]["config"]["patch_size"]
        return torch.cat([row.reshape(-1, patch) for row in x], 1)

    def generate(
        self, text: str, seconds: float, times: list[float], seed: int, source: torch.Tensor | None = None,
        remake: tuple[float, float] = (0, 0), vary: torch.Tensor | None = None, amount: float = 1.0,
    ) -> tuple[torch.Tensor, torch.Tensor]:  # fmt: skip
        """Latents (width, frames) and sound (channels, samples)."""
        rate, ratio = self.config["sample_rate"], self.ratio
        align = self.same["encoder"]["config"]["chunk_size"] // self.same["encoder"]["config"]["strides"][0]
        samples = int(seconds * rate)
        frames = math.ceil(int((seconds + 6) * rate) / ratio / align) * align
        frames = min(frames, self.config["sample_size"] // ratio)
        unpadded = math.ceil(samples / ratio) + int(6 * rate / ratio)
        generator = torch.Generator().manual_seed(seed)
        width = self.same["latent_dim"]
        x = torch.randn(1, width, frames, generator=generator)[0]
        mask, masked = torch.zeros(frames), torch.zeros(width, frames)
        if source is not None:
            for frame in range(frames):
                first = frame * ratio
                mask[frame] = first < samples and not int(remake[0] * rate) <= first < int(remake[1] * rate)
            masked = self.encode(F.pad(source, (0, frames * ratio - source.shape[1])))[:, :frames] * mask
        if vary is not None:
            latents = self.encode(F.pad(vary, (0, frames * ratio - vary.shape[1])))[:, :frames]
            x = latents * (1 - amount) + x * amount
        duration = self.seconds(seconds)
        context = torch.cat((self.prompt(text), duration[None]))
        local = torch.cat((mask[None], masked)).T
        real = (torch.arange(frames) < unpadded).float()
        w, config = below(self.w, "model.model."), self.model["diffusion"]["config"]
        for now, then in itertools.pairwise(times):
            v = velocity(w, config, x, now, context, duration, local, real)
            if self.model["diffusion"]["diffusion_objective"] == "rectified_flow":
                x = x + (then - now) * v
            else:
                x = (1 - then) * (x - now * v) + then * torch.randn(1, width, frames, generator=generator)[0]
        return x, self.decode(x)[:, :samples]
