"""Printing on the command line: names are text and never markup."""

from __future__ import annotations

from typing import Any

from rich.console import Console


def plain_console(**options: Any) -> Console:
    """A console that takes square brackets and colons for what they are; ``options`` are those of rich's `Console`."""
    return Console(markup=False, emoji=False, **options)
