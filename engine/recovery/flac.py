"""The end of a FLAC file that nobody finished: its whole frames are kept, and counted in its header (RFC 9639).

A frame begins with a mark, carries its number, and ends with a check sum over all of it. The marks come up by chance as well, so
that only frames that follow each other, with the right sums, count.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

_MAGIC: Final = b"fLaC"
_SYNC: Final = b"\xff\xf8"
_WINDOW: Final = 4 << 20
"""Bytes at the end that are searched first, some 25 seconds."""

_SHORTEST: Final = 8
"""Bytes that every frame has, and more."""

_LONGEST_NUMBER: Final = 7
"""Bytes that a frame's number takes at most, as in UTF-8; one with as many counts samples, which liveset's files do not."""

_LAST_BLOCK: Final = 0x80
_BLOCK_8_BIT: Final = 6
_BLOCK_16_BIT: Final = 7
_RATE_8_BIT: Final = 12
_TOTAL_AT: Final = 18
_MD5_AT: Final = 26
"""Bytes from the file's start of the stream's length in frames (its low 36 bits), and of the sum over its sound."""


class _Frame(NamedTuple):
    """A frame's header: where it lies, its number, and samples of each channel (0: as many as usual)."""

    at: int
    number: int
    samples: int


def _table(polynomial: int, bits: int) -> tuple[int, ...]:
    values, top, mask = [], 1 << (bits - 1), (1 << bits) - 1
    for first in range(256):
        value = first << (bits - 8)
        for _ in range(8):
            value = ((value << 1) ^ polynomial if value & top else value << 1) & mask
        values.append(value)
    return tuple(values)


_CRC8: Final = _table(0x07, 8)
_CRC16: Final = _table(0x8005, 16)


def _crc8(data: bytes) -> int:
    value = 0
    for byte in data:
        value = _CRC8[value ^ byte]
    return value


def _crc16(data: bytes) -> int:
    value = 0
    for byte in data:
        value = ((value << 8) & 0xFFFF) ^ _CRC16[(value >> 8) ^ byte]
    return value


def finish_flac(path: Path) -> int:
    """Cut off what is no whole frame, and write the length into the header. Returns the frames of sound that the file has.

    Raises:
        OSError: it cannot be read or written.
        ValueError: it is no FLAC file.
    """
    with path.open("r+b") as file:
        size = file.seek(0, 2)
        file.seek(0)
        start, block = _layout(file.read(1 << 16))
        window = _WINDOW
        while True:
            first = max(start, size - window)
            file.seek(first)
            frames, end = _whole(file.read(), block)
            if frames or first == start:
                break
            window *= 4
        file.truncate(first + end)
        file.seek(_TOTAL_AT)
        field = int.from_bytes(file.read(8), "big")
        file.seek(_TOTAL_AT)
        file.write((field >> 36 << 36 | frames).to_bytes(8, "big"))
        file.seek(_MD5_AT)
        file.write(bytes(16))  # unknown
    return frames


def _layout(head: bytes) -> tuple[int, int]:
    """Where the first frame lies, and the usual number of samples of each channel in a frame.

    Raises:
        ValueError: this is no FLAC file.
    """
    if head[:4] != _MAGIC or len(head) < _MD5_AT + 16:
        raise ValueError("it is no FLAC file")
    at, last = 4, False
    while not last and at + 4 <= len(head):
        last = bool(head[at] & _LAST_BLOCK)
        at += 4 + int.from_bytes(head[at + 1 : at + 4], "big")
    return at, int.from_bytes(head[8:10], "big")


def _whole(data: bytes, block: int) -> tuple[int, int]:
    """Frames of sound up to the last whole frame of some bytes, and where that ends; (0, 0) if there is none."""
    headers = _headers(data)
    after: dict[int, list[_Frame]] = {}
    for header in headers:
        after.setdefault(header.number, []).append(header)
    for first in headers:
        frames = end = 0
        current: _Frame | None = first
        while current is not None:
            following = [each for each in after.get(current.number + 1, ()) if each.at > current.at]
            found = next((each for each in following if _sums_up(data[current.at : each.at])), None)
            if found is not None:
                frames, end = (current.number + 1) * block, found.at
            elif _sums_up(data[current.at :]):
                frames, end = current.number * block + (current.samples or block), len(data)
            current = found
        if frames:
            return frames, end
    return 0, 0


def _sums_up(frame: bytes) -> bool:
    return len(frame) > _SHORTEST and _crc16(frame) == 0


def _headers(data: bytes) -> list[_Frame]:
    """Whatever looks like a frame's beginning."""
    found, at = [], data.find(_SYNC)
    while at >= 0:
        if (header := _header(data, at)) is not None:
            found.append(header)
        at = data.find(_SYNC, at + 1)
    return found


def _header(data: bytes, at: int) -> _Frame | None:
    head = data[at : at + 20]
    if len(head) < _SHORTEST:
        return None
    block, rate = head[2] >> 4, head[2] & 15
    extra = 0
    while extra < _LONGEST_NUMBER and head[4] & (0x80 >> extra):
        extra += 1
    if extra in (1, _LONGEST_NUMBER):
        return None
    long = max(1, extra)
    number = head[4] & (0x7F >> extra)
    for byte in head[5 : 4 + long]:
        number = number << 6 | byte & 0x3F
    at_block = 4 + long
    wide = {_BLOCK_8_BIT: 1, _BLOCK_16_BIT: 2}.get(block, 0)
    samples = int.from_bytes(head[at_block : at_block + wide], "big") + 1 if wide else 0
    length = at_block + wide + (1 if rate == _RATE_8_BIT else 2 if rate > _RATE_8_BIT else 0)
    if len(head) <= length or _crc8(head[:length]) != head[length]:
        return None
    return _Frame(at, number, samples)
