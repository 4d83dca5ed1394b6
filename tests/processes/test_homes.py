"""Homes that take no files, and homes with names of all kinds."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import EngineError
from engine.processes.layout import make_sections_folder, sections_folders

SESSION = Path("abcd")


@pytest.fixture
def no_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache in which no folder can be made: a file stands in its place. Holds for root as well. Returns the other place."""
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setattr("engine.processes.layout.cache_folder", lambda: tmp_path / "file" / "cache")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    return tmp_path / "tmp"


def test_sections_lie_among_temporary_files_where_the_cache_takes_none(no_cache: Path) -> None:
    no_cache.mkdir()
    made = make_sections_folder(SESSION)
    assert made == sections_folders(SESSION)[1] and made.is_dir() and no_cache in made.parents
    assert not made.stat().st_mode & 0o077
    assert make_sections_folder(SESSION) == made  # an engine that is started again finds it


def test_somebody_elses_folder_among_temporary_files_is_not_used(no_cache: Path, tmp_path: Path) -> None:
    no_cache.mkdir()
    (tmp_path / "theirs").mkdir()
    sections_folders(SESSION)[1].parents[1].symlink_to(tmp_path / "theirs")
    with pytest.raises(EngineError, match=r"cannot make .*file/cache.* XDG_CACHE_HOME"):
        make_sections_folder(SESSION)


def test_no_folder_anywhere_is_one_sentence(no_cache: Path) -> None:
    with pytest.raises(EngineError, match=r"cannot make .*file/cache.* XDG_CACHE_HOME"):
        make_sections_folder(SESSION)
    assert not no_cache.exists()


@pytest.mark.parametrize("name", ["a home", "hömé", "家", 'it\'s "quoted"', "-f"])
def test_homes_of_all_names_hold_sections(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.processes.layout.cache_folder", lambda: tmp_path / name / "cache")
    made = make_sections_folder(SESSION)
    assert made.is_dir() and made == tmp_path / name / "cache" / "sessions" / "abcd"
