"""Versions as the installed packages state them: this instrument's, and those of the libraries it stands on."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, requires
from importlib.metadata import version as version_of
from typing import Final

PACKAGE: Final = "liveset"


def version() -> str:
    """This instrument's version, as in pyproject.toml; "not installed" where it runs without being installed."""
    try:
        return version_of(PACKAGE)
    except PackageNotFoundError:
        return "not installed"


def libraries() -> dict[str, str | None]:
    """The version of each library that liveset requires, by name, extras left out; None for one that is missing.

    Nothing is imported, so that a broken library can be listed too.
    """
    try:
        stated = requires(PACKAGE) or []
    except PackageNotFoundError:
        return {}
    names = [re.split(r"[^\w.-]", requirement, maxsplit=1)[0] for requirement in stated if "extra ==" not in requirement]
    return {name: _version(name) for name in names}


def _version(name: str) -> str | None:
    try:
        return version_of(name)
    except PackageNotFoundError:
        return None
