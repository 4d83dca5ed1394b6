"""What becomes of the files of a rehearsal that does not come to its end."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine.errors import RecordingError
from engine.protocol import SetOptions
from engine.rehearsal.rehearsal import Rehearsal
from liveset.commands.rehearse import rehearse_to_files


@pytest.fixture(autouse=True)
def same_signals() -> Iterator[None]:
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


def rehearse(out: Path) -> None:
    rehearse_to_files(SetOptions("sunrise", record=str(out), force=True), None)


def breaks_off(frames: int, why: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every rehearsal end after so many frames."""

    def run(self: Rehearsal, progress: object, **_: object) -> None:
        soundfile.write(self.out, np.zeros((frames, 2), dtype=np.float32), 44_100)
        raise why

    monkeypatch.setattr(Rehearsal, "run", run)


@pytest.mark.parametrize("frames", [0, 100])
def test_failed_rehearsal_keeps_the_old_file(tmp_path: Path, frames: int, monkeypatch: pytest.MonkeyPatch) -> None:
    breaks_off(frames, RecordingError("the disk is full"), monkeypatch)
    (tmp_path / "x.wav").write_text("old")
    with pytest.raises(RecordingError, match="the disk is full"):
        rehearse(tmp_path / "x.wav")
    assert (tmp_path / "x.wav").read_text() == "old"
    assert (tmp_path / "x-2.wav").exists() == bool(frames)


def test_stopped_rehearsal_says_where_its_audio_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    breaks_off(100, KeyboardInterrupt(), monkeypatch)
    (tmp_path / "x.wav").write_text("old")
    with pytest.raises(KeyboardInterrupt):
        rehearse(tmp_path / "x.wav")
    assert "so far is in" in capsys.readouterr().err
    assert (tmp_path / "x.wav").read_text() == "old"
    assert soundfile.info(tmp_path / "x-2.wav").frames == 100


def test_rehearsal_stopped_before_any_sound_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    breaks_off(0, KeyboardInterrupt(), monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        rehearse(tmp_path / "x.wav")
    assert "before anything was played" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
