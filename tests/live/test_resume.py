"""A set goes on after all of its processes are gone, and what they left in the runtime folder with them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile

from engine.performances.folders import LAST, find_folder
from engine.performances.reading import read_performance
from engine.processes.client import EngineClient, EngineProcess
from engine.protocol import SetMacro, ToggleMute
from engine.replay.replay import Span, replay
from engine.replay.resuming import resumption
from tests.live.conftest import MODULES, PRESET, Show
from tests.support.waiting import LIMIT_S

LATENCY_S = 0.1
"""From the transport to the ear: the limiter's look-ahead and the device's buffer, and as much again."""


def test_a_set_whose_machine_went_down_goes_on_in_its_bar(show: Callable[..., Show], private: Path) -> None:
    one = show(1.0, PRESET, device="none")
    one.wait_playing()
    one.client.send(SetMacro("filter", 0.3))
    one.client.send(ToggleMute("bass"))
    before = one.next_section(one.now().now.name)
    one.wait_on(1.5)
    for module in reversed(MODULES):
        one.kill(module)
    one.engine.process.wait(LIMIT_S)
    one.client.close()
    shutil.rmtree(one.engine.folder)
    found = resumption(LAST)
    engine = EngineProcess(found.options, found.prepare)
    engine.verdict(LIMIT_S)
    again = Show(engine, EngineClient(engine.folder, LIMIT_S))
    try:
        first = again.wait_playing()
        assert first.now.name == before.now.name
        assert {macro.name: macro.value for macro in first.macros}["filter"] == 0.3
        assert {stem.name for stem in first.stems if stem.muted} == {"bass"}
        assert first.elapsed_s > found.state.settings.grid.seconds(found.frame) - LATENCY_S, "what is heard is a little behind"
        again.next_section(first.now.name)
    finally:
        again.end()
    performance = read_performance(find_folder(LAST))
    assert [stretch.frame for stretch in performance.stretches] == [0, found.frame]
    replay(performance, private / "again.flac", Span())
    sound = soundfile.read(private / "again.flac")[0]
    assert len(sound) > found.frame + 44_100
    assert np.abs(sound[found.frame + 22_050 : found.frame + 44_100]).max() > 0.01, "it is heard where it went on"
