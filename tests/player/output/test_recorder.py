"""Recordings: what the tape held, readable after a kill, with a cue sheet; a full disk ends them politely."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import soundfile

from engine.errors import RecordingError
from engine.player.output.recorder import TAPE_FRAMES, Recorder, Tape
from engine.player.rendering.limiter import LATENCY
from engine.processes.layout import MAX_NAME_BYTES, check_audio_name, free_name, recording_name
from engine.protocol import RecordingState
from engine.timebase import SAMPLE_RATE

BLOCK = (0.2 * np.sin(np.arange(512) / 512 * 2 * np.pi * 8))[:, None].repeat(2, axis=1).astype(np.float32)

KILLED = """
import os, signal, sys
import numpy as np
from engine.player.output.recorder import Recorder, Tape
tape = Tape()
recorder = Recorder(tape)
recorder.start(sys.argv[1], "Set")
recorder.mark("one", 0)
noise = 0.1 * np.random.default_rng(0).standard_normal((44100, 2)).astype(np.float32)
for second in range(10):
    for start in range(0, 44100, 882):
        tape.push(noise[start : start + 882], tape.position + 882)
    assert recorder.poll() is None
os.kill(os.getpid(), signal.SIGKILL)
"""

FULL = """
import resource, sys
import numpy as np
from engine.player.output.recorder import Recorder, Tape
tape = Tape()
recorder = Recorder(tape)
recorder.start(sys.argv[1], "Set")
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
noise = 0.1 * np.random.default_rng(0).standard_normal((44100, 2)).astype(np.float32)
states = []
for second in range(10):
    tape.push(noise, tape.position + len(noise))
    states.append(recorder.poll())
ended = [state for state in states if state is not None]
assert len(ended) == 1 and ended[0].path is None and "ended" in ended[0].message, states
assert recorder.path is None
"""


def push(tape: Tape, blocks: int, stopped_at: int | None = None, late: int = 0) -> None:
    """Blocks while the transport moves (``late`` frames behind the tape), or stands at a frame."""
    for _ in range(blocks):
        tape.push(BLOCK, tape.position + 512 - late if stopped_at is None else stopped_at)


@pytest.mark.parametrize("kind", ["flac", "wav"])
def test_file_holds_what_was_heard(tmp_path: Path, kind: str) -> None:
    tape = Tape()
    recorder = Recorder(tape)
    push(tape, 10)
    path = tmp_path / f"set.{kind}"
    recorder.start(str(path), "Set")
    for _ in range(4):
        push(tape, 200)
        assert recorder.poll() is None
    assert recorder.stop() == RecordingState(None, ended=str(path), length_s=800 * 512 / SAMPLE_RATE)
    sound, rate = soundfile.read(path)
    assert (len(sound), rate) == (800 * 512, SAMPLE_RATE)
    assert np.allclose(sound, np.tile(BLOCK, (800, 1)), atol=2e-7)


@pytest.mark.parametrize("kind", ["flac", "wav"])
def test_killed_recording_can_be_read(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"set.{kind}"
    subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False)
    sound, _ = soundfile.read(path)
    assert 8.5 * SAMPLE_RATE < len(sound) <= 10 * SAMPLE_RATE
    wanted = np.tile(0.1 * np.random.default_rng(0).standard_normal((SAMPLE_RATE, 2)), (10, 1))[: len(sound)]
    assert np.allclose(sound, wanted, atol=1e-6)
    assert 'TITLE "one"' in (tmp_path / "set.cue").read_text()


@pytest.mark.skipif(sys.platform == "win32", reason="file size limits are a POSIX thing")
@pytest.mark.parametrize("kind", ["flac", "wav"])
def test_full_disk_ends_the_recording_only(tmp_path: Path, kind: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path / f"set.{kind}")], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_cue_sheet_counts_minutes_seconds_and_75ths(tmp_path: Path) -> None:
    tape = Tape()
    recorder = Recorder(tape)
    push(tape, 20)
    start = tape.position
    recorder.start(str(tmp_path / "set.wav"), 'The "Set"')
    recorder.mark("intro", 0)
    recorder.mark("drop", start + 61 * SAMPLE_RATE - LATENCY)
    recorder.mark("never", 1 << 40)
    for _ in range(62):
        push(tape, 87)
        recorder.poll()
    recorder.stop()
    assert (tmp_path / "set.cue").read_text().splitlines() == [
        "TITLE \"The 'Set'\"",
        'FILE "set.wav" WAVE',
        "  TRACK 01 AUDIO",
        '    TITLE "intro"',
        "    INDEX 01 00:00:00",
        "  TRACK 02 AUDIO",
        '    TITLE "drop"',
        "    INDEX 01 01:01:00",
    ]


def test_places_on_the_tape_allow_for_stops() -> None:
    tape = Tape()
    push(tape, 10)
    push(tape, 7, stopped_at=5120)
    push(tape, 10, late=7 * 512)
    assert tape.place(0) == LATENCY
    assert tape.place(5119) == 5119 + LATENCY
    assert tape.place(5121) == 5121 + 7 * 512 + LATENCY


def test_tape_overrun_reads_as_silence_and_keeps_time() -> None:
    tape = Tape()
    push(tape, TAPE_FRAMES // 512 + 100)
    sound = tape.read(0, 4096)
    assert len(sound) == 4096
    assert not sound.any()


@pytest.mark.parametrize("name", ["set.mp3", "nowhere/set.flac", "nowhere/set.wav"])
def test_unrecordable_path_is_an_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(RecordingError):
        Recorder(Tape()).start(str(tmp_path / name), "")


def tracks(path: Path) -> list[str]:
    """A cue sheet's titles and times, a line each."""
    lines = [line.strip() for line in path.read_text().splitlines()[2:]]
    return [line.removeprefix("TITLE ") for line in lines if not line.startswith("TRACK")]


def recorded(tmp_path: Path, name: str = "set.wav", **start: object) -> Recorder:
    """A recording that has begun, while a section sounds that was marked before."""
    tape = Tape()
    recorder = Recorder(tape)
    push(tape, 20)
    recorder.start(str(tmp_path / name), "Set", **start)  # type: ignore[arg-type]
    push(tape, 87)
    return recorder


def test_recording_that_ends_before_the_next_section_has_a_track_at_its_start(tmp_path: Path) -> None:
    state = recorded(tmp_path, section="drop 1").stop()
    assert tracks(tmp_path / "set.cue") == ['"drop 1"', "INDEX 01 00:00:00"]
    assert state == RecordingState(None, ended=str(tmp_path / "set.wav"), length_s=87 * 512 / SAMPLE_RATE)


def test_recording_of_nothing_has_one_track_with_the_sets_title(tmp_path: Path) -> None:
    recorded(tmp_path).stop()
    assert tracks(tmp_path / "set.cue") == ['"Set"', "INDEX 01 00:00:00"]


def test_silence_before_the_first_section_belongs_to_its_track(tmp_path: Path) -> None:
    tape = Tape()
    recorder = Recorder(tape)
    recorder.start(str(tmp_path / "set.wav"), "Set")
    recorder.mark("intro", SAMPLE_RATE - LATENCY)
    push(tape, 200)
    recorder.stop()
    assert tracks(tmp_path / "set.cue") == ['"intro"', "INDEX 00 00:00:00", "INDEX 01 00:01:00"]


def test_files_name_with_quotes_stays_readable_in_the_cue_sheet(tmp_path: Path) -> None:
    recorded(tmp_path, 'my "best" set.wav').stop()
    assert (tmp_path / 'my "best" set.cue').read_text().splitlines()[1] == "FILE 'my \"best\" set.wav' WAVE"


@pytest.mark.parametrize("there", ["set.wav", "set.cue"])
def test_recording_replaces_neither_a_file_nor_a_cue_sheet_unless_forced(tmp_path: Path, there: str) -> None:
    (tmp_path / there).write_text("old")
    with pytest.raises(RecordingError, match=r"is there already; .*--force"):
        recorded(tmp_path)
    assert (tmp_path / there).read_text() == "old"
    recorded(tmp_path, force=True).stop()
    assert soundfile.info(tmp_path / "set.wav").frames == 87 * 512


def test_cue_sheet_of_more_than_99_sections_ends_there_and_says_so_once(tmp_path: Path) -> None:
    tape = Tape()
    recorder = Recorder(tape)
    recorder.start(str(tmp_path / "set.wav"), "Set")
    said = []
    for number in range(120):
        recorder.mark(f"part {number}", number * 4096)
        push(tape, 8)
        said.append(recorder.poll())
    (full,) = [state for state in said if state is not None]
    assert full.path == str(tmp_path / "set.wav") and "99 tracks" in full.message
    recorder.stop()
    assert (tmp_path / "set.cue").read_text().count("TRACK") == 99


def test_name_as_long_as_the_system_takes_can_be_recorded_to(tmp_path: Path) -> None:
    name = "é" * 125 + ".flac"
    recorded(tmp_path, name).stop()
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".cue", ".flac"]


@pytest.mark.parametrize("title", ["音" * 80, "é" * 300, "x" * 500, "", "a/b:c*"])
def test_recording_named_by_its_title_has_a_name_that_the_system_takes(tmp_path: Path, title: str) -> None:
    name = recording_name(title)
    assert len(os.fsencode(name)) <= MAX_NAME_BYTES
    check_audio_name(Path(name))
    (tmp_path / name).touch()
    assert free_name(tmp_path / name).name != name


def test_name_that_is_too_long_is_refused_with_its_length() -> None:
    with pytest.raises(RecordingError, match="has 264 bytes; use at most 255"):
        check_audio_name(Path("音" * 86 + "x.flac"))


def sound_of(path: Path) -> npt.NDArray[np.float64]:
    sound: npt.NDArray[np.float64] = soundfile.read(path)[0]
    return sound


@pytest.mark.parametrize("kind", ["flac", "wav"])
@pytest.mark.parametrize("polls", [0, 1, 7])
def test_a_recording_begins_where_bar_1_is_heard(tmp_path: Path, kind: str, polls: int) -> None:
    tape = Tape()
    recorder = Recorder(tape)
    path = tmp_path / f"set.{kind}"
    recorder.start(str(path), "Set", waits=True)
    for _ in range(polls):
        tape.push(0 * BLOCK, 0)
        recorder.poll()
    recorder.mark("intro", 0)
    heard = np.concatenate([np.zeros((LATENCY, 2), np.float32), *([BLOCK] * 8)])
    for i in range(8):
        tape.push(heard[512 * i : 512 * (i + 1)], 512 * (i + 1))
        if i % 3 == polls % 3:
            recorder.poll()
    state = recorder.stop()
    sound = sound_of(path)
    assert len(sound) == 8 * 512 - LATENCY
    assert np.allclose(sound[:512], BLOCK, atol=2e-7)
    assert state is not None and state.length_s == len(sound) / SAMPLE_RATE


def test_a_recording_that_waits_for_a_set_that_never_begins_is_empty(tmp_path: Path) -> None:
    tape = Tape()
    recorder = Recorder(tape)
    recorder.start(str(tmp_path / "set.wav"), "Set", waits=True)
    for _ in range(100):
        tape.push(0 * BLOCK, 0)
        recorder.poll()
    assert recorder.stop() == RecordingState(None, "", str(tmp_path / "set.wav"), 0.0)


def test_a_recording_ends_with_the_sets_last_echo(tmp_path: Path) -> None:
    tape = Tape()
    recorder = Recorder(tape)
    recorder.start(str(tmp_path / "set.wav"), "Set")
    push(tape, 100)
    assert recorder.poll() is None
    for _ in range(40):  # an echo, once the set is over
        tape.push(BLOCK, 51_200)
        assert recorder.poll(over=True) is None
    states = []
    for _ in range(60):
        tape.push(0 * BLOCK, 51_200)
        states.append(recorder.poll(over=True))
    ended = [state for state in states if state is not None]
    assert len(ended) == 1 and recorder.path is None
    assert 140 * 512 < ended[0].length_s * SAMPLE_RATE < 140 * 512 + SAMPLE_RATE // 2
    assert len(sound_of(tmp_path / "set.wav")) == ended[0].length_s * SAMPLE_RATE


def test_a_set_that_goes_on_keeps_its_recording(tmp_path: Path) -> None:
    tape = Tape()
    recorder = Recorder(tape)
    recorder.start(str(tmp_path / "set.wav"), "Set")
    for _ in range(20):
        tape.push(0 * BLOCK, 0)
        assert recorder.poll(over=True) is None
    for _ in range(100):
        tape.push(0 * BLOCK, 0)
        assert recorder.poll() is None
    assert recorder.path is not None


def test_an_echo_without_end_does_not_keep_a_recording_open(tmp_path: Path) -> None:
    tape = Tape()
    recorder = Recorder(tape)
    recorder.start(str(tmp_path / "set.wav"), "Set")
    for _ in range(11):
        push(tape, 87)
        recorder.poll(over=True)
    assert recorder.path is None
