"""Drum loops and clicks whose beats are known, and sound without any."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

Audio = npt.NDArray[np.float32]
Kind = Literal["house", "break", "click"]


def drums(bpm: float, seconds: float, late: float = 0.0, kind: Kind = "house", rate: int = 44_100, chord: bool = True) -> Audio:
    """A loop (frames, 2) whose first beat is ``late`` seconds in; chords under it unless they are not wanted."""
    rng = np.random.default_rng(0)
    frames = int(seconds * rate)
    out = np.zeros(frames + rate)
    t = np.arange(rate // 4) / rate
    kick = np.sin(2 * np.pi * (50 * t + 8 * (1 - np.exp(-t * 30)))) * np.exp(-t * 14)
    hat = rng.standard_normal(len(t)) * np.exp(-t * 60) * 0.25
    snare = (rng.standard_normal(len(t)) + np.sin(2 * np.pi * 190 * t)) * np.exp(-t * 22) * 0.35
    patterns: dict[Kind, list[tuple[npt.NDArray[np.float64], float, float]]] = {
        "house": [(kick, 0, 1), (hat * 1.6, 0.5, 1), (snare, 1, 2)],
        "break": [(kick, 0, 4), (kick, 2.5, 4), (snare, 1, 2), (hat, 0, 0.5)],
        "click": [(hat * 3, 0, 1)],
    }
    beat = 60 / bpm
    for shot, first, every in patterns[kind]:
        for at in np.arange(first - 8, seconds / beat + 1, every) * beat + late:
            if 0 <= at < seconds:
                out[round(at * rate) :][: len(shot)] += shot
    whole = np.arange(frames) / rate
    if chord:
        out[:frames] += 0.15 * sum(np.sin(2 * np.pi * hertz * whole) for hertz in (110.0, 164.8, 220.0, 277.2))
    return np.stack([out[:frames] * 0.5, out[:frames] * 0.45], axis=1).astype(np.float32)


def swells(seconds: float, rate: int = 44_100) -> Audio:
    """A slow chord with no beat, and a little noise (frames, 2)."""
    t = np.arange(int(seconds * rate)) / rate
    tone = sum(np.sin(2 * np.pi * hertz * t) * np.sin(2 * np.pi * 0.1 * t + hertz) for hertz in (110.0, 165.0, 220.0))
    noise = np.random.default_rng(1).standard_normal((len(t), 2)) * 0.005
    return np.asarray(np.stack([tone * 0.2, tone * 0.18], axis=1) + noise, np.float32)
