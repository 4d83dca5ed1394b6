"""Audio input through a real sound server: what is played to the set lies on its bars, and is what loops and what comes next."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from scipy import signal

from engine.performances.entries import LOOP_NOTE, MADE
from engine.performances.reading import read_performance
from engine.processes.layout import log_folder
from engine.protocol import ContinueRoom, ListDevices, LoopRoom, LoopStem, Snapshot, Undo, UseInput
from engine.sections.file import SectionReader
from engine.timebase import SAMPLE_RATE, Grid
from tests.live.conftest import LASTING_MIN, PRESET, Show
from tests.live.sound_server import Server, private_server
from tests.support.waiting import wait_until

pytestmark = pytest.mark.sound

GRID = Grid(200.0)
NEAR_MS = 20.0
"""What the latencies that a sound server tells may be off by."""

LEAST_ALIKE = 0.5
"""A busy machine loses some sound on its way through the server; on a quiet one it is 1."""

Mono = npt.NDArray[np.float64]


@pytest.fixture
def server(private: Path) -> Iterator[Server]:
    yield from private_server(private)


def sound_of(path: Path) -> Mono:
    """All of a section file, without the lows: (frames,)."""
    mono = np.asarray(SectionReader(path).audio.sum(axis=1)).mean(axis=1)
    return np.asarray(signal.sosfilt(signal.butter(2, 200, "highpass", fs=SAMPLE_RATE, output="sos"), mono))


def lag_ms(heard: Mono, played: Mono, start: int) -> tuple[float, float]:
    """How far from ``start`` some sound lies in another, in milliseconds, and how alike they are there."""
    reach = SAMPLE_RATE // 10
    around = played[start - reach : start + len(heard) + reach]
    power = np.sqrt(np.convolve(around**2, np.ones(len(heard)), "valid") * float(heard @ heard))
    alike = signal.correlate(around, heard, mode="valid", method="fft") / np.maximum(power, 1e-9)
    best = int(np.argmax(alike))
    return (best - reach) / SAMPLE_RATE * 1000, float(alike[best])


@pytest.mark.parametrize("offset_ms", [0, -60])
def test_what_the_room_hears_of_the_set_lies_on_the_sets_own_bars_and_loops(
    server: Server, show: Callable[..., Show], private: Path, offset_ms: int
) -> None:
    server.sink("out", channels=2)
    one = show(minutes=2, text=PRESET, input=f"pulse={offset_ms}")
    one.wait(lambda s: bool(s.room.where), "the input")
    one.wait(lambda s: s.beats > 22, "some bars")
    before = one.now()
    one.client.send(LoopRoom())
    shown = one.wait(lambda s: s.room.loop > 0, "the loop")
    assert any(stem.name == "room" for stem in shown.stems) and not any(stem.name == "room" for stem in before.stems)
    (path,) = private.rglob("room-*.bars")
    wait_until(lambda: SectionReader(path).ready == SectionReader(path).info.frames, "the file")
    assert SectionReader(path).info.bars == shown.room.loop == 4
    (first,) = private.rglob("s00001.section")
    heard, played = sound_of(path), sound_of(first)
    bar = GRID.frame_of_bar(1)
    lags = [
        max((lag_ms(heard[at : at + bar], played, start * bar + at) for start in range(1, 8)), key=lambda found: found[1])
        for at in (0, bar, 2 * bar, 3 * bar)
    ]
    assert max(alike for _, alike in lags) > LEAST_ALIKE, lags
    assert float(np.median([abs(late + offset_ms) for late, _ in lags])) < NEAR_MS, lags
    one.client.send(LoopRoom(on=False))
    ended = one.wait(lambda s: s.room.loop == 0, "the end of the loop")
    assert not any(stem.name == "room" for stem in ended.stems)


def loops(one: Show) -> list[LoopStem]:
    """What players were told to loop so far, as the set's log has it; one list for all players."""
    folder = log_folder(one.engine.folder)
    assert folder is not None
    performance = read_performance(folder)
    return [note.value for stretch in performance.stretches for note in stretch.notes if note.kind == LOOP_NOTE]


def test_a_loop_outlives_a_killed_player_and_a_killed_engine(server: Server, show: Callable[..., Show]) -> None:
    server.sink("out", channels=2)
    one = show(minutes=LASTING_MIN, input="pulse")
    begun = one.wait(lambda s: s.state == "playing" and max(s.room.peaks) > 0.01, "sound from the room").beats
    one.wait(lambda s: s.beats > begun + 14, "some bars")
    one.client.send(LoopRoom(2))

    def sounds(shown: Snapshot) -> bool:
        return shown.room.loop == 2 and any(stem.name == "room" and stem.peak > 0.01 for stem in shown.stems)

    one.wait(sounds, "the loop")
    before = one.pids("engine.player")
    one.kill("engine.player")
    one.wait_another("engine.player", before)
    one.wait(lambda s: s.restarts > 0 and sounds(s), "the loop of another player")
    wait_until(lambda: len(loops(one)) == 2, "what that player was told")
    first, again = (order.cue for order in loops(one))
    assert first is not None and again is not None and again.start_frame > first.start_frame
    rounds = (again.origin_frame - first.origin_frame) / GRID.frame_of_bar(2)
    assert abs(rounds - round(rounds)) < 1e-4, "in step with when it was played"
    assert again.start_frame == GRID.frame_of_bar(GRID.bar_at(again.start_frame)), "from a bar line on"

    (engine,) = one.pids("engine.live")
    one.kill("engine.live")
    one.wait(lambda s: one.pids("engine.live") not in ([], [engine]) and sounds(s), "the loop beside another engine")
    one.client.send(LoopRoom(on=False))
    one.wait(lambda s: s.room.loop == 0 and not any(stem.name == "room" for stem in s.stems), "the end of the loop")


def clicks() -> npt.NDArray[np.float32]:
    """A bar of the set's tempo, again and again: a high click, then three low ones; (frames, 2)."""
    beat = GRID.frame_of_beat(1)
    time = np.arange(2000) / SAMPLE_RATE
    bar = np.zeros(GRID.frame_of_bar(1), np.float32)
    for number, hertz in enumerate((2400, 900, 900, 900)):
        bar[number * beat :][: len(time)] = 0.5 * np.sin(2 * np.pi * hertz * time) * np.exp(-time * 120)
    return np.repeat(np.tile(bar, 40)[:, None], 2, axis=1)


@contextmanager
def played(server: Server, sink: str, sound: npt.NDArray[np.float32]) -> Iterator[None]:
    """Play a sound into a sink."""
    path = server.folder / "played.raw"
    sound.astype("<f4").tofile(path)
    wanted = f"pacat --server={server.address} --device={sink} --format=float32le --rate=44100 --channels=2 --raw {path}"
    process = subprocess.Popen(wanted.split(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.kill()
        process.wait()


def given(one: Show) -> str:
    """What the set's sections were asked to be so far, as its log has it."""
    folder = log_folder(one.engine.folder)
    return "" if folder is None else (folder / MADE).read_text(encoding="utf-8", errors="replace")


def test_the_next_section_goes_by_what_was_played_to_the_set(server: Server, show: Callable[..., Show], private: Path) -> None:
    server.sink("out", channels=2)
    server.sink("stage", channels=2)
    server.ask("set-default-source", "stage.monitor")
    one = show(minutes=2, text=PRESET, input="pulse")
    one.wait(lambda s: bool(s.room.where) and s.state == "playing", "the input")
    with played(server, "stage", clicks()):
        begun = one.wait(lambda s: max(s.room.peaks) > 0.1, "clicks").beats
        one.wait(lambda s: s.beats > begun + 14, "some bars")
        one.client.send(ContinueRoom(2))
        one.wait(lambda s: any("goes on from the last 2 bars" in each.text for each in s.notices), "what comes of it")
    (path,) = private.rglob("room-*.bars")
    heard = sound_of(path)
    wave = np.asarray(signal.sosfilt(signal.butter(2, 200, "highpass", fs=SAMPLE_RATE, output="sos"), clicks()[:, 0]))
    bar, half = GRID.frame_of_bar(1), GRID.frame_of_beat(1) // 2
    power = np.abs(signal.correlate(heard, wave[:2000], mode="valid", method="fft"))
    one_click = int(np.argmax(power))
    start = one_click + (bar if one_click < bar else -bar) - half
    other = max(0, start) + int(np.argmax(power[max(0, start) : start + 2 * half]))
    assert abs(abs(other - one_click) - bar) < half / 10, "a bar lies a bar beside the other one"
    wait_until(lambda: '"the room"' in given(one), "a section that leans on the room")
    assert "room-001.bars" in given(one)
    assert one.now().moves[0].what.startswith("section by the room")
    assert len(list(private.rglob("room-*.bars"))) == 1
    one.client.send(Undo())
    one.wait(lambda s: any("section by the room" in each.text for each in s.notices), "what was undone")


def test_an_input_that_is_gone_is_told_and_the_set_plays_on(server: Server, show: Callable[..., Show]) -> None:
    server.sink("out", channels=2)
    one = show(minutes=2, text=PRESET, input="nowhere")
    one.wait(lambda s: any("no input device 'nowhere'" in each.text for each in s.notices), "a word on it")
    one.wait_playing()
    one.client.send(LoopRoom())
    one.wait(lambda s: any("Not one whole bar was heard" in each.text for each in s.notices), "a word on the bars")


def test_an_input_is_chosen_while_the_set_plays(server: Server, show: Callable[..., Show]) -> None:
    server.sink("out", channels=2)
    one = show(minutes=LASTING_MIN)
    one.client.send(ListDevices())
    listed = one.wait(lambda s: bool(s.inputs) and bool(s.devices), "the devices").inputs
    (pulse,) = (device for device in listed or () if device.name == "pulse")
    one.client.send(UseInput(f"{pulse.key}=0"))
    one.wait(lambda s: s.room.where == "pulse" and max(s.room.peaks) > 0.01, "sound from the room")
    one.client.send(UseInput("pulse=soon"))
    one.wait(lambda s: any("The input stays as it is" in each.text for each in s.notices), "a word on it")
    (engine,) = one.pids("engine.live")
    one.kill("engine.live")
    one.wait(lambda s: one.pids("engine.live") not in ([], [engine]) and s.room.where == "pulse", "the same in another engine")
    one.client.send(UseInput(None))
    one.wait(lambda s: not s.room.where and any("No audio input" in each.text for each in s.notices), "no input")
    wait_until(lambda: not one.pids("engine.player.input.process"), "the end of its process")
