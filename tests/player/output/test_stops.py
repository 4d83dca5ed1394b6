"""Stops at awkward moments while a recording runs: the transition goes on where it was, and the cue sheet's times still fit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from engine.player.output.cue_sheet import CUE_FRAMES_PER_S
from engine.player.output.recorder import Recorder, Tape
from engine.protocol import SetCues
from engine.timebase import QUANTUM, SAMPLE_RATE
from tests.player.sounds import BAR, constant, cue, playing, write_section

FIRST, SECOND = 0.2, 0.4
BEAT = BAR // 4
PAUSE = 13 * SAMPLE_RATE
"""Longer than the tape keeps what was heard."""


def play(path: Path, moves: list[tuple[float, int]]) -> tuple[npt.NDArray[np.float32], list[int]]:
    """Record two sections, each a level of its own, that hand over from bar 2 to bar 4.

    Args:
        path: of the recording.
        moves: (1 to run or 0 to stop, frames to render then), in their order.

    Returns:
        What was recorded, (frames,), and where the cue sheet says that a section begins, in frames.
    """
    write_section(path.with_suffix(".one"), constant(FIRST), bars=2)
    write_section(path.with_suffix(".two"), constant(SECOND), bars=4)
    first = cue(1, path.with_suffix(".one"), 0, bars=2)
    second = cue(2, path.with_suffix(".two"), 2, transition="equal-gain", length=2 * BAR, final=True)
    player = playing(first, second)
    player.order(SetCues((first, second)))
    tape = Tape()
    recorder = Recorder(tape)
    recorder.start(str(path), "Set")
    for title, bar in (("one", 0), ("two", 2)):
        recorder.mark(title, bar * BAR)
    block = np.empty((QUANTUM, 2), dtype=np.float32)
    for run, frames in moves:
        player.params["run"] = run
        for i in range(frames // QUANTUM):
            player.renderer.render(block)
            tape.push(block, player.renderer.frame)
            if i % 64 == 0:
                recorder.poll()
        recorder.poll()
    recorder.stop()
    sound, rate = soundfile.read(path, dtype="float32")
    assert rate == SAMPLE_RATE
    return sound[:, 0], [in_frames(line) for line in path.with_suffix(".cue").read_text().splitlines() if "INDEX 01" in line]


def in_frames(line: str) -> int:
    minutes, seconds, parts = (int(word) for word in line.rsplit(maxsplit=1)[-1].split(":"))
    return round(((minutes * 60 + seconds) * CUE_FRAMES_PER_S + parts) * SAMPLE_RATE / CUE_FRAMES_PER_S)


def test_stops_before_and_in_a_transition_leave_the_cue_sheet_where_the_sections_are_heard(tmp_path: Path) -> None:
    in_one_bar = [(float(i % 2), BEAT // 3) for i in range(10)]
    moves = [(1.0, BAR // 2), *in_one_bar, (0.0, PAUSE), (1.0, 2 * BAR), (0.0, PAUSE), (1.0, 4 * BAR)]
    sound, places = play(tmp_path / "set.flac", moves)
    heard = np.flatnonzero(sound > 0.001)[0]
    rises = np.flatnonzero(sound > FIRST + 0.002)[0]  # a hundredth of the way into the transition
    assert len(places) == 2
    assert abs(places[0] - heard) < SAMPLE_RATE // 20
    assert abs(places[1] - rises) < SAMPLE_RATE // 10
    assert rises > PAUSE  # the stops count


def test_transition_goes_on_where_it_was_stopped(tmp_path: Path) -> None:
    sound, _ = play(tmp_path / "set.flac", [(1.0, 3 * BAR), (0.0, PAUSE), (1.0, 3 * BAR)])
    silent = np.flatnonzero(sound == 0.0)
    silent = silent[(silent > 2 * BAR) & (silent < 3 * BAR + PAUSE)]
    before, after = float(sound[: silent[0]].max()), float(sound[silent[-1] + SAMPLE_RATE // 5])
    assert FIRST + 0.05 < before < SECOND - 0.05
    assert abs(after - before) < 0.03
    assert np.abs(np.diff(sound)).max() < 0.01  # no click, neither at the stop nor at the start
