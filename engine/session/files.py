"""Where the files lie that a request names: the conductor knows names alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from engine.protocol import SectionRequest


def with_files(request: SectionRequest, folder: Path) -> SectionRequest:
    """The request with the section files it names as they lie in a folder."""

    def located(path: str | None) -> str | None:
        return None if path is None else str(folder / path)

    return replace(request, continue_path=located(request.continue_path), vary_path=located(request.vary_path))
