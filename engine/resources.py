"""Where the shipped data lies: presets/ of a checkout, or its copy inside an installed package."""

from __future__ import annotations

from pathlib import Path


def data_folder() -> Path:
    """The folder that holds the sets (*.toml), styles/ and vocabulary.toml."""
    package = Path(__file__).resolve().parent
    installed = package / "presets_data"
    return installed if installed.is_dir() else package.parent / "presets"
