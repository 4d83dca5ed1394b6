"""Headphones on another clock: ten reckoned minutes without a gap, and no pitch that anybody could hear."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from engine.player.headphones.drift import MOST, Follower
from engine.player.headphones.process import BUFFER_FRAMES, READ_FRAMES, SPARE_FRAMES
from engine.player.headphones.ring import RING_FRAMES, Ring
from engine.player.output.varispeed import Varispeed
from engine.timebase import SAMPLE_RATE

MINUTES = 10


class Clocks:
    """The set writes blocks at its own pace; the headphones' device takes them at another. No time passes but this."""

    def __init__(self, ppm: float, block: int, *, late: dict[int, float] | None = None) -> None:
        self.rate = SAMPLE_RATE * (1 + ppm * 1e-6)
        self.block, self.late = block, late or {}
        self.follower = Follower(READ_FRAMES, 2 * block + SPARE_FRAMES)
        self.now = 0.0

    def pushed(self, now: float) -> int:
        """Frames that the set has written by a time."""
        return math.floor(now * SAMPLE_RATE / self.block) * self.block

    def run(self, seconds: float) -> Iterator[tuple[float, int, int | None, float]]:
        """Each read: when, frames that were written by then, the first frame that is read (None is silence), and the speed."""
        taken, step = 0.0, 0
        while self.now < seconds:
            written = self.pushed(self.now)
            found = self.follower.next(written)
            start, speed = (None, 1.0) if found is None else found
            yield self.now, written, start, speed
            taken += READ_FRAMES / speed
            self.now = max(self.now, (taken - BUFFER_FRAMES) / self.rate)
            if step in self.late:  # what the device held is played by then, and nothing since
                self.now += self.late[step]
                taken = self.now * self.rate
            step += 1


@pytest.mark.parametrize("block", [256, 1024])
@pytest.mark.parametrize("ppm", [-200.0, 0.0, 200.0])
def test_ten_minutes_on_another_clock_leave_no_gap_and_the_ring_as_full_as_it_should_be(ppm: float, block: int) -> None:
    clocks = Clocks(ppm, block)
    expected: int | None = None
    fills, speeds = [], []
    for now, written, start, speed in clocks.run(60.0 * MINUTES):
        if start is None:
            assert now < 0.2, "silence until there is enough to read, and never again"
            continue
        assert expected is None or start == expected, "no frame is left out, and none comes twice"
        expected = start + READ_FRAMES
        assert abs(speed - 1) < MOST + 1e-9 < 0.001
        fills.append(written - start)
        speeds.append(speed)
    assert clocks.follower.gaps == 0
    target = 2 * block + SPARE_FRAMES
    assert min(fills) >= READ_FRAMES and max(fills) <= target + block + 100
    settled = len(speeds) // 10
    assert np.mean(speeds[settled:]) - 1 == pytest.approx(-ppm * 1e-6, abs=2e-6)
    assert np.ptp(speeds[settled:]) < 2e-4, "nor does the pitch waver: this is a third of a cent"


def test_a_device_that_stood_still_goes_on_where_the_set_is() -> None:
    clocks = Clocks(50.0, 256, late={5_000: 0.6})
    starts = [(written, start) for _, written, start, _ in clocks.run(60.0) if start is not None]
    assert clocks.follower.gaps <= 2, "the jump, and what fills the device's own buffer again"
    late = [written - start for written, start in starts[-5_000:]]
    assert min(late) >= READ_FRAMES and max(late) < 2_000


def test_a_set_that_stops_writing_is_silence_and_is_followed_again() -> None:
    follower = Follower(READ_FRAMES, 1_000)
    assert follower.next(500) is None
    assert follower.next(1_499) is None
    assert follower.next(1_500) == (500, 1.0)
    assert [follower.next(1_500) is None for _ in range(4)] == [False, False, True, True]
    assert follower.gaps == 1
    assert follower.next(9_000) == (8_000, 1.0)


def test_a_tone_on_another_clock_stays_whole_and_in_pitch(tmp_path: Path) -> None:
    ring, varispeed, hz = Ring(tmp_path / "ring", create=True), Varispeed(), 1_000.0
    clocks, heard = Clocks(200.0, 256), list[npt.NDArray[np.float32]]()
    for _, written, start, speed in clocks.run(12.0):
        while ring.written < written:
            n = ring.written + np.arange(256)
            ring.push(np.repeat((0.5 * np.sin(2 * np.pi * hz * n / SAMPLE_RATE))[:, None], 2, axis=1).astype(np.float32))
        if start is not None:
            heard.append(varispeed.process(ring.read(start, READ_FRAMES), speed))
    sound = np.concatenate(heard)[2_000:, 0].astype(float)
    steepest = 0.5 * 2 * np.pi * hz / SAMPLE_RATE
    assert np.abs(np.diff(sound)).max() < 1.02 * steepest, "no seam"
    crossings = np.flatnonzero((sound[:-1] < 0) & (sound[1:] >= 0))
    found = (len(crossings) - 1) / (crossings[-1] - crossings[0]) * clocks.rate
    assert found == pytest.approx(hz, rel=0.0005)


def test_what_is_read_from_the_ring_is_what_was_written_wherever_it_wraps(tmp_path: Path) -> None:
    ring = Ring(tmp_path / "ring", create=True)
    other = Ring(tmp_path / "ring")
    block = np.arange(2 * 3_000, dtype=np.float32).reshape(-1, 2)
    for turn in range(2 * RING_FRAMES // 3_000):
        ring.push(block + turn)
        assert np.array_equal(other.read(other.written - 3_000, 3_000), block + turn)
