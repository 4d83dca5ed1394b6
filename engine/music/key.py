"""Keys: a tonic and a mode, read from what a performer types and spelled one way everywhere."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from engine.errors import LivesetError
from engine.music.spelling import MODE_NAMES, read_key

TONICS: Final = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
"""Canonical spelling of each pitch class."""

MODES: Final[dict[str, tuple[int, ...]]] = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "phrygian": (0, 1, 3, 5, 7, 8, 10),
    "lydian": (0, 2, 4, 6, 7, 9, 11),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
    "locrian": (0, 1, 3, 5, 6, 8, 10),
    "harmonic minor": (0, 2, 3, 5, 7, 8, 11),
    "melodic minor": (0, 2, 3, 5, 7, 9, 11),
    "minor pentatonic": (0, 3, 5, 7, 10),
    "major pentatonic": (0, 2, 4, 7, 9),
}
"""Semitones above the tonic of each mode's degrees."""

_FULL: Final = 7  # degrees of a scale that chords can be built on


@dataclass(frozen=True, slots=True)
class Key:
    """A key.

    Attributes:
        tonic: pitch class, 0 (C) to 11 (B).
        mode: a name of `MODES`.
        scale: semitones above the tonic, ascending, first 0.
        name: canonical name such as ``"F minor"``.
    """

    tonic: int
    mode: str
    scale: tuple[int, ...]
    name: str

    @staticmethod
    def of(tonic: int, mode: str) -> Key:
        """The key on a pitch class (any integer) in a mode of `MODES`.

        Raises:
            KeyError: if there is no such mode.
        """
        return Key(tonic % 12, mode, MODES[mode], f"{TONICS[tonic % 12]} {mode}")

    @staticmethod
    def parse(text: str) -> Key:
        """Read ``"F minor"``, ``"F# min"``, ``"Bbm"``, ``"a-flat major"``, ``"h-Moll"``, ``"la mineur"``, ``"8A"`` and the like.

        Raises:
            LivesetError: naming the nearest right name, when it is not understood.
        """
        return _parse(" ".join(text.split()))

    @property
    def minor(self) -> bool:
        """Whether its third is a minor third."""
        return 3 in self.scale

    def semitone(self, degree: int) -> int:
        """Semitones above the tonic of a scale degree counted from 0; any integer, an octave is ``len(scale)``."""
        octave, step = divmod(degree, len(self.scale))
        return 12 * octave + self.scale[step]

    def seven(self) -> tuple[int, ...]:
        """Seven degrees to build chords on: the scale, or for a pentatonic the full scale it is taken from."""
        if len(self.scale) == _FULL:
            return self.scale
        return MODES["minor" if self.minor else "major"]


NEIGHBOURS: Final = 1
"""Steps on the circle of fifths up to which two keys share all notes but one, and sound well together."""

_TO_MAJOR: Final = {
    "major": 0, "minor": 3, "dorian": 10, "phrygian": 8, "lydian": 7, "mixolydian": 5, "locrian": 1,
    "harmonic minor": 3, "melodic minor": 3, "minor pentatonic": 3, "major pentatonic": 0,
}  # fmt: skip
"""Semitones from a mode's tonic up to that of the major key with its notes, or nearly its notes."""


def fifths_apart(one: Key, other: Key) -> int:
    """Steps on the circle of fifths between two keys, 0 (the same notes, as C major and A minor) to 6."""
    steps = 7 * (one.tonic + _TO_MAJOR[one.mode] - other.tonic - _TO_MAJOR[other.mode]) % 12
    return min(steps, 12 - steps)


@lru_cache(maxsize=256)
def _parse(text: str) -> Key:
    read = read_key(text)
    if read is None:
        raise LivesetError(f'"{text[:40]}" is not a key', f"write a tonic and a mode, such as {_suggest_tonic(text)}")
    tonic, written = read
    mode = MODE_NAMES.get(written)
    if mode is None:
        from engine.suggest import nearest_word  # its library is needed for mistakes alone, and takes a while to load

        near = nearest_word(written, [*MODES, *filter(None, MODE_NAMES)], 40.0)
        guess = MODE_NAMES[near] if near else "minor"
        raise LivesetError(f'"{text[:40]}" is not a key: no mode "{written[:30]}"', f'did you mean "{TONICS[tonic]} {guess}"?')
    return Key.of(tonic, mode)


def _suggest_tonic(text: str) -> str:
    from engine.suggest import nearest_word

    words = text.lower().split()
    near = nearest_word(words[-1], MODES, 50.0) if words else None
    return f'"F {near}"' if near else '"F minor" or "D dorian"'
