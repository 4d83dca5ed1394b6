"""What is written for characters that a terminal lacks, each as wide as the character itself. Light: read at every start."""

from __future__ import annotations

import codecs
import sys
import unicodedata
from functools import lru_cache
from typing import Final

HANDLER: Final = "liveset-ascii"
"""The name of the error handler that writes marks in ASCII."""

_SAME: Final = {
    "▶": ">", "▸": ">", "■": "#", "●": "*", "○": "o", "✓": "+", "✗": "x", "⟲": "@", "…": ".", "–": "-", "—": "-", "×": "x",
    "·": ".", "→": ">", "≠": "#", "±": "+", "∞": "i", "│": "|", "┃": "|", "╵": "'", "┼": "+", "▴": "^", "▾": "v", "▲": "^",
    "↑": "^", "↓": "v", "←": "<", "╸": "-", "█": "#", "▇": "#", "▆": "#", "▅": "=", "▄": "=", "▃": "-", "▂": "_", "▁": "_",
    "‹": "<", "›": ">", "░": ".", "▒": ":", "▓": "#", "━": "=", "─": "-", "“": '"', "”": '"', "’": "'", "‘": "'",
}  # fmt: skip
_BRAILLE: Final = range(0x2800, 0x2900)
_BOX: Final = range(0x2500, 0x2580)


@lru_cache(maxsize=4096)
def in_ascii(text: str) -> str:
    """The text in ASCII, every character as many cells wide as before."""
    return text if text.isascii() else "".join(_one(char) for char in text)


def _one(char: str) -> str:
    if char.isascii():
        return char
    if char in _SAME:
        return _SAME[char]
    if ord(char) in _BRAILLE:
        dots = (ord(char) - 0x2800).bit_count()
        return " .:-=+*##"[dots]
    return "+" if ord(char) in _BOX else "?" * _width(char)


def _width(char: str) -> int:
    """Cells that a terminal gives a character."""
    if unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _handle(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return in_ascii(error.object[error.start : error.end]), error.end


codecs.register_error(HANDLER, _handle)


def can_show_marks(encoding: str | None) -> bool:
    """Whether a character set has the screen's marks."""
    try:
        "▶✓⣿┃".encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def forgiving() -> None:
    """Whatever is printed from now on can be: characters that the terminal's set lacks are replaced."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=HANDLER)
