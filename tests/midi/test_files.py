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
    assert [(m.seconds, m.message.type) for m in got.moves] == [
        (0.0, "control_change"),
        (0.5, "control_change"),
        (2.0, "control_change"),
        (3.0, "note_on"),
    ]


def test_seconds_do_not_drift_over_hours(tmp_path: Path) -> None:
    got = file_moves(write(tmp_path / "a.mid", [move(n % 128, 1) for n in range(40_000)], division=96))
    assert got.moves[-1].seconds == pytest.approx(40_000 * 0.5 / 96, rel=1e-14)


def test_smpte_time_is_read(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mid", [move(1, 0), move(2, 1000)])
    data = bytearray(path.read_bytes())
    data[12:14] = bytes([256 - 25, 40])  # 25 frames a second, 40 ticks a frame
    path.write_bytes(data)
    assert [m.seconds for m in file_moves(path).moves] == [0.0, 1.0]


def test_only_moves_come_out(tmp_path: Path) -> None:
    track = [mido.Message("pitchwheel", pitch=5), mido.Message("program_change", program=3), move(7, 10)]
    assert [m.message.type for m in file_moves(write(tmp_path / "a.mid", track)).moves] == ["control_change"]


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
        moves = file_moves(path).moves
    except MidiError:
        return
    assert all(a.seconds <= b.seconds for a, b in pairwise(moves))


def chunk(name: bytes, body: bytes) -> bytes:
    return name + len(body).to_bytes(4, "big") + body


def smf(*tracks: bytes, kind: int = 1, count: int | None = None, between: bytes = b"") -> bytes:
    """A file of raw tracks, 480 ticks a quarter note."""
    promised = len(tracks) if count is None else count
    header = kind.to_bytes(2, "big") + promised.to_bytes(2, "big") + (480).to_bytes(2, "big")
    return chunk(b"MThd", header) + between + b"".join(chunk(b"MTrk", track) for track in tracks)


MOVE = bytes.fromhex("00 b0 10 05")
END = bytes.fromhex("00 ff 2f 00")
RIFF = smf(MOVE + END)
WRAPPED = b"RIFF" + (len(RIFF) + 12).to_bytes(4, "little") + b"RMIDdata" + len(RIFF).to_bytes(4, "little") + RIFF
ODD: dict[str, tuple[bytes, list[int], str]] = {
    "key signature of -8 sharps": (smf(bytes.fromhex("00 ff 59 02 f8 00") + MOVE + END), [5], ""),
    "key signature in mode 255": (smf(bytes.fromhex("00 ff 59 02 00 ff") + MOVE + END), [5], ""),
    "SMPTE offset with an odd rate": (smf(bytes.fromhex("00 ff 54 05 ff ff ff ff ff") + MOVE + END), [5], ""),
    "value 255": (smf(bytes.fromhex("00 b0 10 ff") + MOVE + END), [127, 5], "track 1 has 1 values above 127, taken as 127"),
    "unknown chunk": (smf(MOVE + END, between=chunk(b"XFIH", b"abc")), [5], 'a part called "XFIH" was left out'),
    "a track too few": (smf(MOVE + END, MOVE + END, count=3), [5, 5], "the file promises 3 tracks and has 2"),
    "RIFF": (WRAPPED, [5], "the file is wrapped in RIFF"),
    "running status after SysEx": (smf(MOVE + bytes.fromhex("00 f0 02 01 f7 00 10 06") + END), [5, 6], ""),
    "no end of track": (smf(MOVE), [5], ""),
    "a track that breaks off": (smf(MOVE + bytes.fromhex("00 b0 10")), [5], "track 1 breaks off after 1 events"),
    "a track that says it is longer": (
        smf(MOVE + END).replace(b"MTrk\0\0\0\x08", b"MTrk\0\0\0\x7f"),
        [5],
        "track 1 is shorter than it says",
    ),
    "junk at the end": (smf(MOVE + END) + b"\xff" * 30, [5], "what follows track 1 is no MIDI and was left out"),
    "pitch bend as well": (
        smf(MOVE + bytes.fromhex("00 e0 00 40") + END),
        [5],
        "it has 1 message (pitch bend) that move nothing",
    ),
}


@pytest.mark.parametrize("case", ODD)
def test_a_file_that_is_a_little_wrong_is_read_and_said(tmp_path: Path, case: str) -> None:
    data, values, warning = ODD[case]
    (tmp_path / "a.mid").write_bytes(data)
    found = file_moves(tmp_path / "a.mid")
    assert [move.message.value for move in found.moves] == values
    assert found.warnings == ((f"a.mid: {warning}",) if warning else ())


def test_tracks_of_a_type_2_file_come_one_after_the_other(tmp_path: Path) -> None:
    later = bytes.fromhex("83 60 b0 10 06 83 60 ff 2f 00")
    (tmp_path / "a.mid").write_bytes(smf(later, later, kind=2))
    assert [move.seconds for move in file_moves(tmp_path / "a.mid").moves] == [0.5, 1.5]


def test_a_file_of_pitch_bends_says_that_they_move_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.mid").write_bytes(smf(bytes.fromhex("00 e0 00 40 00 e0 01 40") + END))
    with pytest.raises(MidiError, match=r"no control changes and no notes \(2 messages \(pitch bend\) that move nothing\)"):
        file_moves(tmp_path / "a.mid")


def test_a_move_77_hours_later_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.mid").write_bytes(smf(MOVE + bytes.fromhex("ff ff ff 7f b0 10 06") + END))
    assert file_moves(tmp_path / "a.mid").moves[-1].seconds > 77 * 3600
