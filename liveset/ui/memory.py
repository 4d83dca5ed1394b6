"""What the screen remembers from one set to the next: the colour theme. A file that cannot be read or written is no harm."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

_THEME = "theme"


def remembered_theme(file: Path | None) -> str:
    """The theme that was chosen last; empty if none is known."""
    with contextlib.suppress(OSError, ValueError, RecursionError):
        kept = json.loads(file.read_text(encoding="utf-8")) if file is not None else {}
        theme = kept.get(_THEME, "") if isinstance(kept, dict) else ""
        return theme if isinstance(theme, str) else ""
    return ""


def remember_theme(file: Path | None, theme: str) -> None:
    """Keep a theme for the next time."""
    if file is None or remembered_theme(file) == theme:
        return
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        fresh = file.with_suffix(".new")
        fresh.write_text(json.dumps({_THEME: theme}), encoding="utf-8")
        fresh.replace(file)
