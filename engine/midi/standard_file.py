"""Standard MIDI files, read as far as they can be: what programs and old devices write is often a little wrong.

Written for one purpose, moves with their times: texts, key signatures and the like are passed over, whatever they hold.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

HEADER: Final = 14
"""Bytes of a header with its name and length."""

_LONGEST_NUMBER: Final = 4  # bytes of a variable-length number
_META, _SYSEX, _ESCAPE = 0xFF, 0xF0, 0xF7
_SYSTEM_DATA: Final = {0xF1: 1, 0xF2: 2, 0xF3: 1}
_TOP: Final = 0x7F  # of the bytes that are no status
_SPACE: Final = 0x20
_END: Final = 0x2F  # the meta event that ends a track
_ONE_BYTE: Final = (0xC0, 0xD0)
_DROP_FRAME: Final = 29


class NotMidiError(ValueError):
    """The bytes are no standard MIDI file."""


class CutOffError(ValueError):
    """The file ends in the middle of a track."""


@dataclass(frozen=True, slots=True)
class Event:
    """A message of a channel, or a meta event (status 0xFF, ``data`` begins with its type); ``tick`` is the track's."""

    tick: int
    status: int
    data: bytes


@dataclass(slots=True)
class StandardFile:
    """A file's tracks. ``kind`` 2 means that they are to be played one after the other.

    Attributes:
        per_quarter: ticks a quarter note, or 0 where time is counted in ``per_second``.
        ends: each track's last tick.
        warnings: what was wrong and passed over, for people.
    """

    kind: int = 1
    per_quarter: int = 0
    per_second: float = 0.0
    tracks: list[list[Event]] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def read_standard_file(data: bytes) -> StandardFile:
    """Read a file's bytes.

    Raises:
        NotMidiError: if they are none.
        CutOffError: if they end in the middle of a track.
    """
    file = StandardFile()
    data = _unwrapped(data, file)
    if data[:4] != b"MThd" or len(data) < HEADER:
        raise NotMidiError
    length = int.from_bytes(data[4:8], "big")
    file.kind, promised = int.from_bytes(data[8:10], "big"), int.from_bytes(data[10:12], "big")
    _set_division(file, int.from_bytes(data[12:14], "big", signed=True))
    at = 8 + max(6, length)
    while at + 8 <= len(data):
        name, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "big")
        body = data[at + 8 : at + 8 + size]
        if name == b"MTrk":
            ended = _read_track(file, body)
            if len(body) < size:
                if not ended:
                    raise CutOffError
                file.warnings.append(f"track {len(file.tracks)} is shorter than it says")
        elif not name.isascii():
            file.warnings.append(f"what follows track {len(file.tracks)} is no MIDI and was left out")
            break
        else:
            file.warnings.append(f'a part called "{_printable(name)}" was left out')
        at += 8 + size
    if not file.tracks:
        raise CutOffError if promised and len(data) <= at + 8 else NotMidiError
    if promised != len(file.tracks):
        file.warnings.append(f"the file promises {promised} tracks and has {len(file.tracks)}")
    return file


def _unwrapped(data: bytes, file: StandardFile) -> bytes:
    """The file inside a RIFF wrapper (.rmi)."""
    if data[:4] != b"RIFF" or data[8:12] != b"RMID":
        return data
    at = 12
    while at + 8 <= len(data):
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        if data[at : at + 4] == b"data":
            file.warnings.append("the file is wrapped in RIFF")
            return data[at + 8 : at + 8 + size]
        at += 8 + size + size % 2
    raise NotMidiError


def _set_division(file: StandardFile, division: int) -> None:
    """Ticks a quarter note, or in SMPTE time the frame rate (minus, in the high byte) and ticks a frame."""
    if division > 0:
        file.per_quarter = division
        return
    rate, ticks = -(division >> 8), division & 0xFF
    if not rate or not ticks:
        raise NotMidiError
    file.per_second = ticks * (30_000 / 1001 if rate == _DROP_FRAME else float(rate))


def _printable(name: bytes) -> str:
    return "".join(chr(byte) if _SPACE < byte < _TOP else "?" for byte in name)


class _Track:
    """A track's bytes and how far they are read. What runs over the end raises IndexError."""

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.at = 0

    def byte(self) -> int:
        self.at += 1
        return self.body[self.at - 1]

    def take(self, count: int) -> bytes:
        if self.at + count > len(self.body):
            raise IndexError
        self.at += count
        return self.body[self.at - count : self.at]

    def number(self) -> int:
        """A variable-length number."""
        value = 0
        for _ in range(_LONGEST_NUMBER):
            byte = self.byte()
            value = value << 7 | byte & _TOP
            if byte <= _TOP:
                return value
        raise IndexError


def _read_track(file: StandardFile, body: bytes) -> bool:
    """Take in a track's events, up to its end or to where nothing can be made of it. Returns whether its end was there."""
    track, tick, running, events, clipped = _Track(body), 0, 0, list[Event](), 0
    number = len(file.tracks) + 1
    try:
        while track.at < len(body):
            tick += track.number()
            status = track.byte()
            if status <= _TOP:  # the status of the message before holds, even past what should end it
                track.at -= 1
                status = running
                if not status:
                    raise IndexError
            if status == _META:
                kind = track.byte()
                data = bytes([kind]) + track.take(track.number())
                events.append(Event(tick, status, data))
                if kind == _END:
                    break
            elif status in (_SYSEX, _ESCAPE):
                track.take(track.number())
            elif status > _SYSEX:
                track.take(_SYSTEM_DATA.get(status, 0))
            else:
                running = status
                data = track.take(1 if status & 0xF0 in _ONE_BYTE else 2)
                clipped += sum(byte > _TOP for byte in data)
                events.append(Event(tick, status, bytes(min(byte, _TOP) for byte in data)))
    except IndexError:
        file.warnings.append(f"track {number} breaks off after {len(events)} events")
    if clipped:
        file.warnings.append(f"track {number} has {clipped} values above 127, taken as 127")
    file.tracks.append(events)
    file.ends.append(tick)
    return bool(events) and events[-1].status == _META and events[-1].data[0] == _END
