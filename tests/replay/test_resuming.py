"""Which sets cannot go on, and what is said of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import PerformanceError
from engine.performances.entries import MADE, PLAYED, SetCard
from engine.performances.folders import new_folder
from engine.performances.made import MadeLog
from engine.performances.played import PlayedLog
from engine.performances.writing import LogFile
from engine.processes.layout import OPTIONS_FILE
from engine.protocol import CueStarted, SetOptions
from engine.replay.resuming import resumed, resumption
from engine.session.opening import opening_state
from engine.session.saving import save_state
from tests.support.rehearsing import preset


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The log of a set that was played for a second."""
    monkeypatch.setenv("LIVESET_SESSIONS", str(tmp_path / "sessions"))
    made = new_folder("night")
    assert made is not None
    log = MadeLog(LogFile(made / MADE))
    log.begin(SetCard("Night", "night", 1, "pocket", "2026-05-01 22:30:00"))
    log.close()
    played = PlayedLog(LogFile(made / PLAYED), 0, 256)
    played.said(CueStarted(1, 0, 0), 1)
    played.close(172, 44_032)
    return made


def test_a_set_without_its_state_or_options_cannot_go_on(folder: Path) -> None:
    with pytest.raises(PerformanceError, match="does not say how it was started"):
        resumption(folder.name)
    SetOptions("night").write(folder / OPTIONS_FILE)
    with pytest.raises(PerformanceError, match="its state cannot be read"):
        resumption(folder.name)


def test_a_set_that_is_over_or_never_began_cannot_go_on(folder: Path) -> None:
    SetOptions("night").write(folder / OPTIONS_FILE)
    state = opening_state(preset("pocket"))
    save_state(folder, state.with_transport(run="finished"))
    with pytest.raises(PerformanceError, match="came to its end"):
        resumption(folder.name)
    with pytest.raises(PerformanceError, match="had not begun"):
        resumed(state, 44_032)


def test_a_rehearsal_cannot_go_on(folder: Path) -> None:
    text = (folder / MADE).read_text(encoding="utf-8")
    (folder / MADE).write_text(text.replace('"live"', '"rehearsal"'), encoding="utf-8")
    with pytest.raises(PerformanceError, match="was a rehearsal"):
        resumption(folder.name)
