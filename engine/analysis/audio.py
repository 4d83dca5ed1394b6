"""What all of analysis works on. Nothing but numpy: the engine's process draws and compares with it while it plays."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from engine.dsp.k_weighting import k_weight
from engine.timebase import SAMPLE_RATE

Audio = npt.NDArray[np.float32]
"""(frames, channels), full scale at 1."""


def level(block: Audio) -> npt.NDArray[np.float32]:
    """The highest absolute value of each frame of (frames, channels)."""
    return np.asarray(np.abs(block.T).max(axis=0), np.float32)


def correlation(a: Audio, b: Audio, rate: int = SAMPLE_RATE) -> float:
    """How alike two overlapping excerpts (frames, channels) are, in phase: -1..1, 0 if either is silent.

    Weighted as loudness is heard (K weighting), or a common kick would count for more than it is heard. Near 1 the two are the
    same music and a cross-fade needs equal gain; near 0 they are not and it needs equal power.
    """
    frames = min(len(a), len(b))
    if not frames:
        return 0.0
    weight = k_weight(np.fft.rfftfreq(frames, 1 / rate))[:, None]
    x, y = np.fft.rfft(a[:frames], axis=0), np.fft.rfft(b[:frames], axis=0)
    power = float((weight * np.abs(x) ** 2).sum()) * float((weight * np.abs(y) ** 2).sum())
    return max(-1.0, min(1.0, float((weight * (x * y.conj()).real).sum()) / power**0.5)) if power > 1e-12 else 0.0
