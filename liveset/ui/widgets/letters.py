"""Large type, drawn from half blocks: letters to be read from two metres. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

# A glyph's rows from the top, each a hexadecimal number whose bits are its pixels from left to right.
_TALL: Final = {
    "A": "0e 11 11 1f 11 11 11", "B": "1e 11 11 1e 11 11 1e", "C": "0e 11 10 10 10 11 0e", "D": "1e 11 11 11 11 11 1e",
    "E": "1f 10 10 1e 10 10 1f", "F": "1f 10 10 1e 10 10 10", "G": "0e 11 10 17 11 11 0e", "H": "11 11 11 1f 11 11 11",
    "I": "0e 04 04 04 04 04 0e", "J": "07 02 02 02 02 12 0c", "K": "11 12 14 18 14 12 11", "L": "10 10 10 10 10 10 1f",
    "M": "11 1b 15 15 11 11 11", "N": "11 19 15 15 13 11 11", "O": "0e 11 11 11 11 11 0e", "P": "1e 11 11 1e 10 10 10",
    "Q": "0e 11 11 11 15 12 0d", "R": "1e 11 11 1e 14 12 11", "S": "0f 10 10 0e 01 01 1e", "T": "1f 04 04 04 04 04 04",
    "U": "11 11 11 11 11 11 0e", "V": "11 11 11 11 11 0a 04", "W": "11 11 11 15 15 1b 11", "X": "11 11 0a 04 0a 11 11",
    "Y": "11 11 0a 04 04 04 04", "Z": "1f 01 02 04 08 10 1f", "0": "0e 11 13 15 19 11 0e", "1": "04 0c 04 04 04 04 0e",
    "2": "0e 11 01 06 08 10 1f", "3": "1e 01 01 0e 01 01 1e", "4": "02 06 0a 12 1f 02 02", "5": "1f 10 1e 01 01 11 0e",
    "6": "06 08 10 1e 11 11 0e", "7": "1f 01 02 04 08 08 08", "8": "0e 11 11 0e 11 11 0e", "9": "0e 11 11 0f 01 02 0c",
    " ": "00 00 00 00 00 00 00", ".": "00 00 00 00 00 0c 0c", ",": "00 00 00 00 0c 04 08", "-": "00 00 00 0e 00 00 00",
    "!": "04 04 04 04 04 00 04", "'": "04 04 08 00 00 00 00", "/": "01 01 02 04 08 10 10", "&": "08 14 14 08 15 12 0d",
    "+": "00 04 04 1f 04 04 00", ":": "00 04 04 00 04 04 00", "?": "0e 11 01 02 04 00 04", "(": "02 04 08 08 08 04 02",
    ")": "08 04 02 02 02 04 08", "·": "00 00 00 04 00 00 00", "✓": "00 01 01 02 14 14 08", "▸": "10 18 1c 1e 1c 18 10",
    "✗": "00 11 0a 04 0a 11 00", "…": "00 00 00 00 00 15 15", "–": "00 00 00 1f 00 00 00", "⟲": "1b 1b 1b 1b 1b 1b 1b",
}  # fmt: skip
_SMALL: Final = {
    "A": "2 5 7 5 5", "B": "6 5 6 5 6", "C": "3 4 4 4 3", "D": "6 5 5 5 6", "E": "7 4 6 4 7", "F": "7 4 6 4 4", "G": "3 4 5 5 3",
    "H": "5 5 7 5 5", "I": "7 2 2 2 7", "J": "1 1 1 5 2", "K": "5 5 6 5 5", "L": "4 4 4 4 7", "M": "5 7 7 5 5", "N": "6 5 5 5 5",
    "O": "2 5 5 5 2", "P": "6 5 6 4 4", "Q": "2 5 5 6 3", "R": "6 5 6 5 5", "S": "3 4 2 1 6", "T": "7 2 2 2 2", "U": "5 5 5 5 7",
    "V": "5 5 5 5 2", "W": "5 5 7 7 5", "X": "5 5 2 5 5", "Y": "5 5 2 2 2", "Z": "7 1 2 4 7", "0": "7 5 5 5 7", "1": "2 6 2 2 7",
    "2": "6 1 2 4 7", "3": "6 1 2 1 6", "4": "5 5 7 1 1", "5": "7 4 6 1 6", "6": "3 4 7 5 7", "7": "7 1 2 2 2", "8": "7 5 7 5 7",
    "9": "7 5 7 1 6", " ": "0 0 0 0 0", ".": "0 0 0 0 2", ",": "0 0 0 2 4", "-": "0 0 7 0 0", "!": "2 2 2 0 2", "'": "2 2 0 0 0",
    "/": "1 1 2 4 4", "&": "2 5 2 5 3", "+": "0 2 7 2 0", ":": "0 2 0 2 0", "?": "6 1 2 0 2", "(": "1 2 2 2 1", ")": "4 2 2 2 4",
    "·": "0 0 2 0 0", "✓": "0 1 1 5 2", "▸": "4 6 7 6 4", "✗": "0 5 2 5 0", "…": "0 0 0 0 5", "–": "0 0 7 0 0", "⟲": "5 5 5 5 5",
}  # fmt: skip
_HALVES: Final = {(0, 0): " ", (1, 0): "▀", (0, 1): "▄", (1, 1): "█"}


@dataclass(frozen=True, slots=True)
class Type:
    """A size of large type: letters of 5 by 7 or 3 by 5 pixels, each ``scale`` cells wide and as many half rows high."""

    glyphs: str
    scale: int = 1

    @property
    def pixels(self) -> tuple[int, int]:
        """Of a letter, across and down."""
        return (5, 7) if self.glyphs == "tall" else (3, 5)

    @property
    def rows(self) -> int:
        """Rows of a line."""
        return -(-self.pixels[1] * self.scale // 2)

    def width(self, text: str) -> int:
        """Cells that a text takes, without a gap behind it."""
        return max(0, len(text) * (self.pixels[0] + 1) * self.scale - self.scale)


SMALL: Final = Type("small")
TALL: Final = Type("tall")
DOUBLE: Final = Type("tall", 2)
TRIPLE: Final = Type("tall", 3)
TYPES: Final = (TRIPLE, DOUBLE, TALL, SMALL)
"""The largest first."""


def lettered(text: str) -> str | None:
    """A text in capitals without accents; None where there are letters that cannot be drawn."""
    plain = unicodedata.normalize("NFD", text.upper())
    plain = "".join(char for char in plain if not unicodedata.combining(char))
    return plain if all(char in _TALL for char in plain) else None


@lru_cache(maxsize=256)
def large(text: str, size: Type) -> tuple[str, ...]:
    """A text that `lettered` gave, in large type: rows of the same width."""
    table = _TALL if size.glyphs == "tall" else _SMALL
    across, down = size.pixels
    pixels: list[list[int]] = [[] for _ in range(down)]
    for at, char in enumerate(text):
        for row, bits in enumerate(table[char].split()):
            pixels[row] += [0] * size.scale * bool(at)
            for column in range(across):
                pixels[row] += [int(bits, 16) >> (across - 1 - column) & 1] * size.scale
    halves = [row for row in pixels for _ in range(size.scale)]
    halves += [[0] * len(halves[0])] * (len(halves) % 2)
    pairs = zip(halves[::2], halves[1::2], strict=True)
    return tuple("".join(_HALVES[pair] for pair in zip(top, bottom, strict=True)) for top, bottom in pairs)


def largest(text: str, width: int, rows: int, types: Sequence[Type] = TYPES) -> Type | None:
    """The largest type in which a text fits; None for none."""
    return next((size for size in types if size.rows <= rows and size.width(text) <= width), None)
