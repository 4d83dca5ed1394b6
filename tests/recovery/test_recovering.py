"""What a crash leaves of a recording is finished; the last minutes are saved, recorded or not."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.errors import RecordingError
from engine.performances.entries import MADE, PLAYED, HeardSection, RecordingCard, SetCard
from engine.performances.folders import BACKLOG
from engine.performances.made import MadeLog
from engine.performances.played import PlayedLog
from engine.performances.writing import LogFile
from engine.player.output.backlog import Backlog
from engine.player.output.recorder import WAV_FRAME, WAV_HEAD, Recorder, Tape
from engine.player.output.syncing import Syncer
from engine.recovery.last import save_last
from engine.recovery.recordings import finish_file, recover_session, tracks
from engine.timebase import QUANTUM, SAMPLE_RATE

SECOND = (0.1 * np.random.default_rng(0).standard_normal((SAMPLE_RATE, 2))).astype(np.float32)
SECONDS = 4


def cut_off(path: Path, seconds: int = SECONDS) -> None:
    """A recording as it lies on the disk when its machine goes down."""
    tape = Tape()
    recorder = Recorder(tape)
    running = path.with_stem(f"running-{path.suffix[1:]}")
    recorder.start(str(running), "Set")
    for _ in range(seconds):
        tape.push(SECOND, tape.position + SAMPLE_RATE)
        assert recorder.poll() is None
    shutil.copyfile(running, path)
    recorder.stop()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("cut")
    for kind in ("flac", "wav"):
        cut_off(folder / f"cut.{kind}")
    return {kind: folder / f"cut.{kind}" for kind in ("flac", "wav")}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kind=st.sampled_from(["flac", "wav"]), share=st.floats(0.1, 1.0), noise=st.binary(max_size=40))
def test_whatever_is_left_of_a_file_holds_what_was_heard(
    tmp_path: Path, files: dict[str, Path], kind: str, share: float, noise: bytes
) -> None:
    left = files[kind].read_bytes()
    left = left[: int(len(left) * share)]
    path = tmp_path / f"left.{kind}"
    path.write_bytes(left + (noise if kind == "flac" else b""))
    frames = finish_file(path)
    sound, rate = soundfile.read(path)
    assert (len(sound), rate) == (frames, SAMPLE_RATE) == (soundfile.info(path).frames, SAMPLE_RATE)
    assert np.allclose(sound, np.tile(SECOND, (SECONDS, 1))[:frames], atol=2e-7)
    whole = SECONDS * SAMPLE_RATE * share if kind == "flac" else (len(left) - WAV_HEAD) // WAV_FRAME
    assert frames >= whole - 2.5 * 4096


def test_a_hole_in_a_file_ends_it(tmp_path: Path, files: dict[str, Path]) -> None:
    data = bytearray(files["flac"].read_bytes())
    data[len(data) // 2 : len(data) // 2 + 50_000] = bytes(50_000)
    (tmp_path / "hole.flac").write_bytes(data)
    frames = finish_file(tmp_path / "hole.flac")
    assert SECONDS * SAMPLE_RATE // 2 - 3 * 4096 < frames < SECONDS * SAMPLE_RATE // 2 + 4096
    sound, _ = soundfile.read(tmp_path / "hole.flac")
    assert np.allclose(sound, np.tile(SECOND, (SECONDS, 1))[:frames], atol=2e-7)


@pytest.mark.parametrize(("name", "holds"), [("a.flac", b"RIFF nonsense" * 9), ("a.wav", b"fLaC" * 40), ("b.wav", b"")])
def test_what_is_no_recording_is_refused(tmp_path: Path, name: str, holds: bytes) -> None:
    (tmp_path / name).write_bytes(holds)
    with pytest.raises(RecordingError, match=name):
        finish_file(tmp_path / name)
    assert (tmp_path / name).read_bytes() == holds


def crashed(folder: Path, path: Path) -> PlayedLog:
    """The log of a set that recorded to a file from its third second on and went down in its seventh."""
    made = MadeLog(LogFile(folder / MADE))
    made.begin(SetCard("Night", "night", 7, "pocket", "2026-05-01 22:30:00"))
    made.close()
    played = PlayedLog(LogFile(folder / PLAYED), 0, 256, "1")
    for at, title in ((600, "intro"), (4 * SAMPLE_RATE, "drop")):
        played.heard(HeardSection(at, title))
    played.recording(RecordingCard(str(path), "Night", 2 * SAMPLE_RATE, "intro"))
    played.turn(7 * SAMPLE_RATE // QUANTUM, 7 * SAMPLE_RATE)
    return played


def test_a_sets_recording_and_its_cue_sheet_are_finished_once(tmp_path: Path) -> None:
    path = tmp_path / "night.flac"
    cut_off(path)
    log = crashed(tmp_path, path)
    assert recover_session(tmp_path, plays=True) == ()
    log._file.close()  # type: ignore[union-attr]
    (found,) = recover_session(tmp_path)
    assert (found.path, found.problem) == (path, "")
    assert found.frames == soundfile.info(path).frames > (SECONDS - 0.2) * SAMPLE_RATE
    assert SAMPLE_RATE < found.lost < 3.5 * SAMPLE_RATE
    sheet = (tmp_path / "night.cue").read_text()
    assert 'TITLE "Night"' in sheet and 'TITLE "intro"\n    INDEX 01 00:00:00' in sheet
    assert 'TITLE "drop"\n    INDEX 01 00:02:00' in sheet
    assert recover_session(tmp_path) == ()


def test_a_recording_that_is_gone_is_said_and_stays_in_the_log(tmp_path: Path) -> None:
    crashed(tmp_path, tmp_path / "gone.flac").close(1, 1)
    for _ in range(2):
        (found,) = recover_session(tmp_path)
        assert found.problem == "No such file or directory"


def test_what_is_recorded_is_on_the_disk_every_few_seconds(tmp_path: Path) -> None:
    asked: list[float] = []

    class Noted(Syncer):
        def sync(self, recording: Path) -> None:
            asked.append(soundfile.info(recording).duration)

    tape = Tape()
    recorder = Recorder(tape, Noted())
    recorder.start(str(tmp_path / "set.flac"), "Set")
    for _ in range(20):
        tape.push(SECOND[: SAMPLE_RATE // 2], tape.position + SAMPLE_RATE // 2)
        recorder.poll()
    assert [round(length) for length in asked] == [2, 4, 6, 8, 10]
    recorder.stop()
    assert len(asked) == 6


def test_a_syncer_hands_file_and_sheet_to_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[Path] = []
    monkeypatch.setattr("engine.player.output.syncing.sync_file", synced.append)
    syncer = Syncer()
    syncer.sync(tmp_path / "set.flac")
    syncer.finish(5.0)
    assert synced == [tmp_path / "set.flac", tmp_path / "set.cue", tmp_path]
    assert syncer.idle


def backlog(folder: Path, tape: Tape, seconds: int, moves: bool = True) -> Backlog:
    found = Backlog(tape, folder / BACKLOG / "1")
    heard(found, tape, seconds, moves)
    return found


def heard(found: Backlog, tape: Tape, seconds: int, moves: bool = True) -> None:
    for second in range(seconds):
        sound = SECOND * np.float32((tape.position // SAMPLE_RATE % 50) / 50) if moves else np.zeros_like(SECOND)
        tape.push(sound, tape.position + SAMPLE_RATE if moves else 5)
        if second % 3 == 0:
            found.poll()
    found.poll()


def test_the_last_minutes_are_saved_without_a_recording(tmp_path: Path) -> None:
    crashed(tmp_path, tmp_path / "none.flac").close(1, 1)
    tape = Tape()
    backlog(tmp_path, tape, 75)
    for out in (tmp_path / "last.wav", tmp_path / "last.flac"):
        assert save_last(tmp_path, 0.75, out, force=True) == 45 * SAMPLE_RATE
        sound, _ = soundfile.read(out)
        wanted = np.concatenate([SECOND * np.float32(second % 50 / 50) for second in range(30, 75)])
        assert np.abs(sound - wanted).max() < 1.3e-7
    assert 'TITLE "drop"\n    INDEX 01 00:00:00' in (tmp_path / "last.cue").read_text()
    assert save_last(tmp_path, 10, tmp_path / "all.wav") == 75 * SAMPLE_RATE
    sheet = (tmp_path / "all.cue").read_text()
    assert [sheet.count(title) for title in ("intro", "drop", "INDEX 01 00:04:00")] == [1, 1, 1]


def test_of_long_sets_the_last_minutes_are_there_and_little_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.player.output.backlog.BACKLOG_MINUTES", 1.0)
    tape = Tape()
    backlog(tmp_path, tape, 170)
    seconds = [int(path.stem) // SAMPLE_RATE for path in (tmp_path / BACKLOG / "1").iterdir()]
    assert 60 <= 170 - min(seconds) < 100
    assert len(seconds) <= 4


def test_silence_while_a_set_stands_still_drives_nothing_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.player.output.backlog.BACKLOG_MINUTES", 1.0)
    crashed(tmp_path, tmp_path / "none.flac").close(1, 1)
    tape = Tape()
    found = backlog(tmp_path, tape, 20)
    heard(found, tape, 130, moves=False)
    heard(found, tape, 10)
    assert save_last(tmp_path, 10, tmp_path / "last.wav") == pytest.approx(30 * SAMPLE_RATE, abs=3 * SAMPLE_RATE)


def test_without_last_minutes_that_is_said(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="there are no last minutes"):
        save_last(tmp_path, 10, tmp_path / "last.wav")
    with pytest.raises(RecordingError, match="above 0"):
        save_last(tmp_path, 0, tmp_path / "last.wav")


def test_a_recording_that_begins_on_a_section_has_it_once() -> None:
    sections = [HeardSection(0, "intro"), HeardSection(500, "build"), HeardSection(900, "drop")]
    assert tracks(sections, 500, 600) == [(0, "build"), (400, "drop")]
    assert tracks(sections, 450, 500, "intro") == [(0, "intro"), (50, "build"), (450, "drop")]
    assert tracks([], 0, 10) == []
