"""Recordings: what the tape held, readable after a kill, with a cue sheet; a full disk ends them politely."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine.errors import RecordingError
from engine.player.output.recorder import TAPE_FRAMES, Recorder, Tape
from engine.player.rendering.limiter import LATENCY
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
    assert recorder.stop() == RecordingState(None)
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
