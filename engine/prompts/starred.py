"""Words of prompts that worked: those that a performer gave a star, in a file of theirs; they come first when writing."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Final

import platformdirs

from engine.errors import RecordingError
from engine.protocol import LONGEST_PROMPT, one_line

MOST_STARRED: Final = 100


def starred_file() -> Path:
    """Where they lie: $LIVESET_WORDS, or a file in the user's data."""
    chosen = os.environ.get("LIVESET_WORDS")
    return Path(chosen).expanduser() if chosen else platformdirs.user_data_path("liveset") / "words.json"


def read_starred() -> tuple[str, ...]:
    """The words that have a star, the newest first; none where the file cannot be read."""
    try:
        found = json.loads(starred_file().read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return ()
    words = found if isinstance(found, list) else []
    return tuple(dict.fromkeys(text for each in words if isinstance(each, str) and (text := _tidy(each))))[:MOST_STARRED]


def star(text: str, on: bool | None = None) -> tuple[str, ...]:
    """Give words a star, or take it away; None is whichever they have not. Returns all that have one, the newest first.

    Raises:
        RecordingError: the file cannot be written.
    """
    text, before = _tidy(text), read_starred()
    others = tuple(each for each in before if each.lower() != text.lower())
    wanted = len(others) == len(before) if on is None else on
    after = ((text, *others) if wanted and text else others)[:MOST_STARRED]
    path = starred_file()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f"{path.name}.new")
        fresh.write_text(json.dumps(after, ensure_ascii=False, indent=1), encoding="utf-8")
        fresh.replace(path)
    except OSError as error:
        raise RecordingError(f"cannot write {path}: {error.strerror}", "free some space, or set LIVESET_WORDS") from error
    return after


def _tidy(text: str) -> str:
    return one_line(text).strip(" ,;")[:LONGEST_PROMPT]
