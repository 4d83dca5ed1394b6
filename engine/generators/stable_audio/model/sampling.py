"""Lengths, schedules and steps: from noise to latents."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch

from engine.errors import GeneratorError
from engine.generators.stable_audio.model.config import EXTRA_SECONDS, ModelConfig, Objective, ShiftConfig


@dataclass(frozen=True)
class Length:
    """How long a piece is.

    Attributes:
        samples: frames of sound kept.
        frames: latent frames that hold them.
        real: latent frames that are no padding: the piece and the extra seconds behind it.
        total: latent frames in all, whole chunks.
    """

    samples: int
    frames: int
    real: int
    total: int


def length_of(seconds: float, config: ModelConfig) -> Length:
    """The lengths of a piece of ``seconds``.

    Raises:
        GeneratorError: longer than the model can make, or not above zero.
    """
    samples = int(seconds * config.rate) if math.isfinite(seconds) else 0
    ratio = config.autoencoder.ratio
    if samples < 1:
        raise GeneratorError(f"{seconds} seconds cannot be generated", "ask for more than zero seconds")
    if samples > config.sample_size:
        longest = config.sample_size / config.rate
        raise GeneratorError(
            f"{seconds:g} seconds are more than this model makes at once", f"ask for {longest:.2f} seconds at most"
        )
    align = ratio * config.autoencoder.encoder.align
    whole = -(-int((seconds + EXTRA_SECONDS) * config.rate) // align) * align
    total = min(whole, config.sample_size) // ratio
    frames = -(-samples // ratio)
    return Length(samples, frames, min(total, frames + int(EXTRA_SECONDS * config.rate / ratio)), total)


def schedule(steps: int, frames: int, shift: ShiftConfig, start: float = 1.0) -> torch.Tensor:
    """Times of ``steps`` steps, steps + 1 numbers from ``start`` (1 is noise) to 0.

    Args:
        steps: 1 or more.
        frames: latent frames of the piece, without the extra seconds; some shifts depend on it.
        shift: how the linear schedule is bent.
        start: 1, or how much noise a variation starts from.
    """
    if steps < 1:
        raise GeneratorError(f"{steps} steps cannot be taken", "ask for 1 step or more")
    times = _SHIFTS[shift.kind](torch.linspace(start, 0, steps + 1), frames, shift)
    times[0], times[-1] = start, 0.0
    return times


def _logsnr(times: torch.Tensor, frames: int, shift: ShiftConfig) -> torch.Tensor:
    options = shift.options
    low: float = options["anchor_logsnr"] - options["rate"] * math.log2(frames / options["anchor_length"])
    return torch.sigmoid(-(options["logsnr_end"] - times * (options["logsnr_end"] - low)))


def _full(times: torch.Tensor, frames: int, shift: ShiftConfig) -> torch.Tensor:
    options = shift.options
    shortest, longest = options["min_length"], options["max_length"]
    clamped = min(max(frames, shortest), longest)
    slope = (options["max_shift"] - options["base_shift"]) / (longest - shortest)
    power = math.exp(-(options["base_shift"] + slope * (clamped - shortest)))
    bent = 1 - power / (power + (1 / (1 - times) - 1))
    return torch.sin(math.pi / 2 * bent) if options["use_sine"] else bent


def _flux(times: torch.Tensor, frames: int, shift: ShiftConfig) -> torch.Tensor:
    options = shift.options
    shortest, longest = options["min_length"], options["max_length"]
    along = math.log(min(max(frames, shortest), longest) / shortest) / math.log(longest / shortest)
    alpha = options["alpha_min"] ** (1 - along) * options["alpha_max"] ** along
    bent: torch.Tensor = alpha * times / (1 + (alpha - 1) * times)
    return bent


def _none(times: torch.Tensor, frames: int, shift: ShiftConfig) -> torch.Tensor:
    return times


_SHIFTS: dict[str, Callable[[torch.Tensor, int, ShiftConfig], torch.Tensor]] = {
    "logsnr": _logsnr,
    "full": _full,
    "flux": _flux,
    "none": _none,
}


class Noise:
    """Standard normal numbers, always float32 from one generator on the CPU, so that a seed is the same music everywhere."""

    def __init__(self, seed: int, shape: tuple[int, int, int], device: torch.device) -> None:
        self._generator = torch.Generator().manual_seed(seed)
        self._shape, self._device = shape, device

    def draw(self) -> torch.Tensor:
        """The next (1, latent width, frames)."""
        return torch.randn(self._shape, generator=self._generator, dtype=torch.float32).to(self._device)


def ping_pong(x: torch.Tensor, velocity: torch.Tensor, now: float, then: float, noise: Noise) -> torch.Tensor:
    """Guess the music, then put fresh noise on it (distilled models)."""
    guess = x - now * velocity
    return (1 - then) * guess + then * noise.draw()


def euler(x: torch.Tensor, velocity: torch.Tensor, now: float, then: float, noise: Noise) -> torch.Tensor:
    """Follow the velocity (the -base models)."""
    return x + (then - now) * velocity


Step = Callable[[torch.Tensor, torch.Tensor, float, float, Noise], torch.Tensor]

STEPS: dict[Objective, Step] = {"rf_denoiser": ping_pong, "rectified_flow": euler}
FULL_STEPS: dict[Objective, int] = {"rf_denoiser": 8, "rectified_flow": 50}
"""Steps that are enough: a distilled model is made for 8, a -base one needs about 50."""


def keep_mask(remake: list[tuple[float, float]], length: Length, rate: int, ratio: int) -> torch.Tensor:
    """(total,) 1 where a latent frame is kept: its first sample lies inside the piece and in no span to be made again."""
    first = torch.arange(length.total) * ratio
    kept = first < length.samples
    for start, end in remake:
        kept &= (first < int(start * rate)) | (first >= int(end * rate))
    return kept.float()
