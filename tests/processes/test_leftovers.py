"""Folders of sessions that were killed are removed; those of living ones are not."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from engine.processes.leftovers import FRESH_S, claim, sweep

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="folders are not locked on Windows")


def session(runtime: Path, sections: Path, name: str) -> Path:
    for folder in (runtime / name, sections / name):
        folder.mkdir(parents=True)
        (folder / "file").write_bytes(b"x")
    return sections / name


def age(folder: Path) -> None:
    past = folder.stat().st_mtime - 2 * FRESH_S
    os.utime(folder, (past, past))


def test_sweep_removes_only_folders_nobody_holds(tmp_path: Path) -> None:
    runtime, sections = tmp_path / "run", tmp_path / "cache"
    held, left, fresh = (session(runtime, sections, name) for name in ("held", "left", "fresh"))
    descriptor, ended = claim(held), claim(left)
    assert descriptor is not None and ended is not None
    os.close(ended)
    age(held)
    age(left)
    assert sweep(runtime, sections) == ["left"]
    assert held.exists() and fresh.exists() and not left.exists() and not (runtime / "left").exists()
    os.close(descriptor)
    assert sweep(runtime, sections) == ["held"]


def test_sweep_of_missing_folders_removes_nothing(tmp_path: Path) -> None:
    assert sweep(tmp_path / "no", tmp_path / "no") == []
