"""Signals whose measures are known. All (frames, 2) float32."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

RATE = 44_100
Audio = npt.NDArray[np.float32]


def sine(hertz: float, seconds: float, gain: float = 1.0, rate: int = RATE, phase: float = 0.0) -> Audio:
    """A sine on both channels."""
    wave = gain * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate + phase)
    return np.repeat(wave[:, None], 2, axis=1).astype(np.float32)


def noise(seconds: float, gain: float = 0.1, seed: int = 1) -> Audio:
    """White noise, different on both channels."""
    return (gain * np.random.default_rng(seed).standard_normal((round(seconds * RATE), 2))).astype(np.float32)


def hits(beats_s: list[float], seconds: float, seed: int = 1) -> Audio:
    """Drum-like bursts that begin at the given times: a falling low sine under a short noise."""
    audio = np.zeros((round(seconds * RATE), 2), np.float32)
    time = np.arange(round(0.15 * RATE)) / RATE
    click = np.random.default_rng(seed).standard_normal(len(time)) * np.exp(-time * 120)
    burst = 0.6 * np.sin(2 * np.pi * 60 * time) * np.exp(-time * 25) + 0.3 * click
    for beat in beats_s:
        start = round(beat * RATE)
        part = burst[: max(0, len(audio) - start)]
        audio[start : start + len(part)] += part[:, None].astype(np.float32)
    return audio
