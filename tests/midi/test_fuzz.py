"""Whatever bytes arrive: nothing raises, nobody's notes send commands, and a file is read or refused in one sentence."""

from __future__ import annotations

import random
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import mido
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.actions import ACTIONS
from engine.errors import MidiError
from engine.midi.files import file_moves
from engine.midi.meaning.values import MOST_TICKS, TICK
from engine.protocol import Command, Nudge, SetLora, SetMacro, SetStem, SetWeight
from tests.midi.devices.test_ports import Desk, Rig
from tests.midi.streams import DEVICES, damaged
from tests.midi.test_files import MOVE, ODD, smf

STREAMS = 5
"""Streams of each device, table and harm in a run."""

MESSAGES = 150

PLAYED: list[dict[str, Any]] = [{}, {"notes": True}, {"cc39": "mute bass", "cc7": {"to": "macro volume", "mode": "14-bit"}}]


def checked(commands: tuple[Command, ...]) -> None:
    """Every value a command carries lies where it may."""
    for command in commands:
        match command:
            case SetWeight(_, value) | SetMacro(_, value):
                assert 0.0 <= value <= 1.0
            case SetStem(_, level, _):
                assert level is None or 0.0 <= level <= 1.0
            case SetLora(_, strength):
                assert 0.0 <= strength <= 2.0
            case Nudge(target, by):
                assert target in ACTIONS and 0.0 < abs(by) <= MOST_TICKS * TICK + 1e-9


def play_stream(device: str, seed: int, harm: float, table: dict[str, Any]) -> list[Command]:
    """A device's stream into a live input, with a part of its messages damaged; returns all commands."""
    rng = random.Random(f"{device}{seed}{harm}")
    desk = Desk("Foo")
    rig = Rig(desk, **table)
    rig.scan()
    found: list[Command] = []
    for number, (wait, data) in enumerate(islice(DEVICES[device](rng), MESSAGES)):
        desk.now += wait
        desk.seconds["Foo", 0](damaged(data, rng) if rng.random() < harm else data)
        if number % rng.randint(1, 9) == 0:
            batch = rig.midi.drain()
            checked(batch.commands)
            assert all(len(notice) <= 100 for notice in batch.notices), batch.notices
            found += batch.commands
            values = {name: rng.random() for name, action in ACTIONS.items() if action.kind == "position"}
            if rng.random() < 0.2:
                rig.mapper.sync(values)
        if rng.random() < 0.01:
            desk.names = [] if desk.names else ["Foo"]
            rig.scan()
            desk.names = ["Foo"]
            rig.scan()
    found += rig.drain().commands
    assert rig.mapper.pickups() is not None and rig.mapper.labels()
    return found


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("harm", [0.0, 0.3])
def test_no_stream_raises_or_stops_the_set(device: str, harm: float) -> None:
    for seed in range(STREAMS):
        for table in PLAYED:
            commands = play_stream(device, seed, harm, table)
            if not table and not harm and device != "mackie":
                assert {type(command) for command in commands} <= {SetWeight, SetMacro, Nudge}, "nobody mapped this device"


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1), st.binary(max_size=6)), max_size=40))
def test_any_bytes_are_taken(stream: list[tuple[float, bytes]]) -> None:
    desk = Desk("Foo")
    rig = Rig(desk, notes=True)
    rig.scan()
    for wait, data in stream:
        desk.now += wait
        desk.seconds["Foo", 0](data)
        checked(rig.midi.drain().commands)


def whole_files(folder: Path) -> list[bytes]:
    """Files to damage: odd ones, and one with a tempo map, text, SysEx and many moves."""
    file = mido.MidiFile(ticks_per_beat=96)
    tempi = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=400_000), mido.MetaMessage("text", text="a b c", time=30)])
    moves = mido.MidiTrack(
        [mido.Message("sysex", data=[1, 2, 3]), *(mido.Message("control_change", control=16, value=n, time=9) for n in range(90))]
    )
    file.tracks.extend([tempi, moves])
    file.save(folder / "whole.mid")
    return [(folder / "whole.mid").read_bytes(), smf(MOVE * 20, MOVE * 3, kind=2), *(data for data, _, _ in ODD.values())]


def read_or_refused(path: Path, data: bytes) -> str:
    """What becomes of a file: "read", "warned" or "refused"."""
    path.write_bytes(data)
    try:
        found = file_moves(path)
    except MidiError as error:
        assert str(error) and "\n" not in str(error)
        return "refused"
    assert found.moves and all(a.seconds <= b.seconds for a, b in pairwise(found.moves))
    assert all("\n" not in each and each.isprintable() for each in found.warnings)
    return "warned" if found.warnings else "read"


def test_a_damaged_file_is_read_or_refused(tmp_path: Path) -> None:
    rng = random.Random(20)
    whole = whole_files(tmp_path)
    found = {read_or_refused(tmp_path / "a.mid", damaged(rng.choice(whole), rng)) for _ in range(300)}
    assert found == {"read", "warned", "refused"}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100, deadline=None)
@given(st.binary(max_size=80))
def test_any_track_is_read_or_refused(tmp_path: Path, body: bytes) -> None:
    assert read_or_refused(tmp_path / "a.mid", smf(body)) in ("read", "warned", "refused")
