"""Random numbers without state: one for every seed and place, the same whoever asks and when."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache, reduce
from typing import Final, TypeVar
from zlib import crc32

T = TypeVar("T")
_MASK: Final = (1 << 64) - 1


def chance(seed: int, *place: int | str) -> float:
    """A random number in [0, 1) for a seed and a place, which is named by numbers and words.

    Each element goes through the finaliser of SplitMix64 (Steele, Lea and Flood, 2014).
    """
    return (_hashed(_prefix(seed, *place[:-1]), place[-1]) >> 11) / (1 << 53)


@lru_cache(maxsize=64)
def _prefix(seed: int, *place: int | str) -> int:
    """The state shared by all places that begin alike, cached: a bar's steps are asked for one after the other."""
    return reduce(_hashed, place, seed & _MASK)


def _hashed(z: int, step: int | str) -> int:
    z = (z + 0x9E3779B97F4A7C15 * ((crc32(step.encode()) if isinstance(step, str) else step) + 1)) & _MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return z ^ (z >> 31)


def choose(options: Sequence[T], seed: int, *place: int | str) -> T:
    """One of the options, all equally likely."""
    return options[int(chance(seed, *place) * len(options))]


def spread(seed: int, *place: int | str) -> float:
    """A random number in -1..1 around 0, standard deviation 0.41 (triangular: the sum of two uniform ones)."""
    return chance(seed, *place) + chance(seed + 1, *place) - 1.0
