"""Text from outside, made safe to show and to look up: no control or invisible characters, one line."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path
from typing import Final

_ESCAPES: Final = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b.?")
"""A terminal's control sequences: colours and cursor, titles, and others."""
_LINES: Final = re.compile(r"[\r\n\v\f\x85\u2028\u2029]+")
_BULLET: Final = re.compile(r"^\s*[-–—•*]+\s+")
_LOOSE_BULLET: Final = re.compile(r"^\s*[-–—•*]+\s*")
_ENDS: Final = ",;.:!?|"


def visible(text: str) -> str:
    """The text without terminal sequences, control characters and characters that nothing shows (such as U+200B)."""
    kept = []
    for character in _ESCAPES.sub("", text):
        kind = unicodedata.category(character)
        if kind == "Cc":
            kept.append(" ")
        elif kind not in ("Cf", "Cs", "Co", "Cn"):
            kept.append(character)
    return "".join(kept)


def short_path(path: str, room: int) -> str:
    """A path in at most ``room`` characters: the home folder as ~, then folders left out from the front."""
    home = str(Path.home())
    if path.startswith((f"{home}/", f"{home}\\")):
        path = f"~{path[len(home) :]}"
    parts = re.split(r"[/\\]", path)
    left = 1
    while len(path) > room and left < len(parts):
        path = "…/" + "/".join(parts[left:])
        left += 1
    return path if len(path) <= room else f"…{path[len(path) - room + 1 :]}"


def one_line(text: str) -> str:
    """A prompt as one line: visible characters alone, lines joined with commas, their bullets left out."""
    lines = [line for line in _LINES.split(text) if line.strip()]
    bullet = _LOOSE_BULLET if len(lines) > 1 else _BULLET
    out = ""
    for line in lines:
        words = " ".join(visible(bullet.sub("", line)).split())
        joint = " " if not out or out[-1] in _ENDS else ", "
        out = f"{out}{joint}{words}".strip() if words else out
    return out
