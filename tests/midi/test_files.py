"""Controller moves out of MIDI files."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import mido
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.errors import MidiError
from engine.midi.files import file_moves


def write(path: Path, *tracks: list[object], division: int = 480) -> Path:
    """A MIDI file of the given tracks (messages with delta ticks)."""
    file = mido.MidiFile(ticks_per_beat=division)
    file.tracks.extend(mido.MidiTrack(track) for track in tracks)
    file.save(path)
    return path


def move(value: int, ticks: int, control: int = 16) -> object:
    return mido.Message("control_change", control=control, value=value, time=ticks)


def test_tempo_map_is_followed_across_tracks(tmp_path: Path) -> None:
    tempi = [mido.MetaMessage("set_tempo", tempo=500_000), mido.MetaMessage("set_tempo", tempo=1_000_000, time=960)]
    moves = [move(1, 0), move(2, 480), move(3, 960), mido.Message("note_on", note=36, velocity=9, time=480)]
    got = file_moves(write(tmp_path / "a.mid", tempi, moves))
    assert [(m.seconds, m.message.type) for m in got] == [
        (0.0, "control_change"),
        (0.5, "control_change"),
        (2.0, "control_change"),
        (3.0, "note_on"),
    ]


def test_seconds_do_not_drift_over_hours(tmp_path: Path) -> None:
    got = file_moves(write(tmp_path / "a.mid", [move(n % 128, 1) for n in range(40_000)], division=96))
    assert got[-1].seconds == pytest.approx(40_000 * 0.5 / 96, rel=1e-14)


def test_smpte_time_is_read(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mid", [move(1, 0), move(2, 1000)])
    data = bytearray(path.read_bytes())
    data[12:14] = bytes([256 - 25, 40])  # 25 frames a second, 40 ticks a frame
    path.write_bytes(data)
    assert [m.seconds for m in file_moves(path)] == [0.0, 1.0]


def test_only_moves_come_out(tmp_path: Path) -> None:
    track = [mido.Message("pitchwheel", pitch=5), mido.Message("program_change", program=3), move(7, 10)]
    assert [m.message.type for m in file_moves(write(tmp_path / "a.mid", track))] == ["control_change"]


def broken_files(folder: Path) -> dict[str, tuple[Path, str]]:
    whole = write(folder / "whole.mid", [move(n, 10) for n in range(100)]).read_bytes()
    contents = {
        "cut": (whole[:60], "cut off"),
        "text": (b"this is not music at all", "not a standard MIDI file"),
        "nothing": (b"", "not a standard MIDI file"),
        "no ticks": (whole[:12] + b"\0\0" + whole[14:], "not a standard MIDI file"),
    }
    found = {"missing": (folder / "none.mid", "there is no MIDI file"), "folder": (folder, "there is no MIDI file")}
    for name, (data, said) in contents.items():
        (folder / name).write_bytes(data)
        found[name] = (folder / name, said)
    return found


@pytest.mark.parametrize("case", ["missing", "folder", "cut", "text", "nothing", "no ticks"])
def test_bad_file_is_a_clear_error(tmp_path: Path, case: str) -> None:
    path, said = broken_files(tmp_path)[case]
    with pytest.raises(MidiError, match=said):
        file_moves(path)


def test_file_without_moves_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(MidiError, match="holds no control changes"):
        file_moves(write(tmp_path / "a.mid", [mido.MetaMessage("set_tempo", tempo=400_000)]))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 255)), min_size=1, max_size=6))
def test_damaged_bytes_never_give_another_error(tmp_path: Path, damage: list[tuple[int, int]]) -> None:
    path = write(tmp_path / "a.mid", [mido.MetaMessage("set_tempo", tempo=400_000)], [move(n, 10) for n in range(60)])
    data = bytearray(path.read_bytes())
    for at, byte in damage:
        data[at % len(data)] = byte
    path.write_bytes(data)
    try:
        moves = file_moves(path)
    except MidiError:
        return
    assert all(a.seconds <= b.seconds for a, b in pairwise(moves))
