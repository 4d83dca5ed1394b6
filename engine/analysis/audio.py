"""What all of analysis works on. Nothing but numpy: the engine's process draws and compares with it while it plays."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Audio = npt.NDArray[np.float32]
"""(frames, channels), full scale at 1."""


def level(block: Audio) -> npt.NDArray[np.float32]:
    """The highest absolute value of each frame of (frames, channels)."""
    return np.asarray(np.abs(block.T).max(axis=0), np.float32)


def correlation(a: Audio, b: Audio) -> float:
    """How alike two overlapping excerpts (frames, channels) are, sample for sample: -1..1, 0 if either is silent.

    Near 1 the two are the same music and a cross-fade needs equal gain; near 0 they are not and it needs equal power.
    """
    frames = min(len(a), len(b))
    x, y = a[:frames].astype(np.float64).ravel(), b[:frames].astype(np.float64).ravel()
    power = float(x @ x) * float(y @ y)
    return max(-1.0, min(1.0, float(x @ y) / power**0.5)) if power > 0 else 0.0
