"""A set on real processes, steered, recorded and played again: every sample of the recording."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile

from engine.performances.folders import LAST, find_folder
from engine.performances.reading import read_performance
from engine.protocol import NextNow, Panic, SetMacro, SetWeight, ToggleMute, TogglePlay
from engine.replay.replay import Span, replay
from tests.live.conftest import PRESET, Show


def test_a_steered_set_played_again_is_the_recording(show: Callable[..., Show], private: Path) -> None:
    recorded, again = private / "set.flac", private / "again.flac"
    one = show(1.0, PRESET, record=str(recorded), device="none")
    one.wait_playing()
    for step in range(6):
        one.client.send(SetMacro("filter", 0.2 + 0.1 * step))
        one.wait_on(0.2)
    one.client.send(SetWeight(1, 0.9))
    one.client.send(ToggleMute("drums"))
    one.wait_on(1.5)
    one.client.send(ToggleMute("drums"))
    one.client.send(SetMacro("echo", 0.6))
    one.wait_on(1.0)
    one.client.send(TogglePlay())
    one.wait(lambda s: s.state == "stopped", "a stop")
    one.client.send(TogglePlay())
    one.next_section(one.now().now.name)
    one.client.send(Panic())
    one.client.send(NextNow())
    one.wait_on(3.0)
    one.end()
    performance = read_performance(find_folder(LAST))
    assert len(performance.stretches) == 1
    replay(performance, again, Span())
    heard, made = (soundfile.read(path, dtype="int32")[0] for path in (recorded, again))
    assert len(heard) > 6 * 44_100
    assert np.abs(heard).max() > 0
    assert np.array_equal(made[: len(heard)], heard[: len(made)])
