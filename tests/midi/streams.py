"""Byte streams with the habits of real devices, and damage done to bytes: the same for the same seed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Final

Timed = tuple[float, bytes]
"""Seconds since the last message, and the message."""


def keyboard(rng: random.Random) -> Iterator[Timed]:
    """Chords, a wheel, a pedal, clocks, and a patch dump now and then."""
    while True:
        match rng.randrange(6):
            case 0:
                keys = rng.sample(range(30, 90), rng.randint(1, 5))
                yield from ((0.002, bytes([0x90, key, rng.randint(1, 127)])) for key in keys)
                yield from ((0.3, bytes([rng.choice((0x80, 0x90)), key, 0])) for key in keys)
            case 1:
                yield from ((0.005, bytes([0xE0, rng.randrange(128), high])) for high in range(64, rng.randint(65, 128)))
                yield 0.1, b"\xe0\x00\x40"
            case 2:
                yield 0.2, bytes([0xB0, 64, rng.choice((0, 127))])
            case 3:
                yield from ((0.02, b"\xf8") for _ in range(24))
            case 4:
                yield from ((0.001, bytes([0xB0, each, rng.randrange(128)])) for each in (0, 32, 7, 10, 91, 93, 71, 74, 72, 73))
                yield 0.001, bytes([0xC0, rng.randrange(128)])
            case _:
                yield from ((0.001, bytes([0xD0, rng.randrange(128)])) for _ in range(20))


def mackie(rng: random.Random) -> Iterator[Timed]:
    """Faders as pitch bends, V-Pots as sign and magnitude, buttons of velocity 127 and 0, its answers as SysEx."""
    while True:
        match rng.randrange(4):
            case 0:
                channel, at = rng.randrange(9), rng.randrange(128)
                yield 0.01, bytes([0x90, 104 + channel % 8, 127])
                for _ in range(rng.randint(1, 30)):
                    at = min(127, max(0, at + rng.randint(-3, 3)))
                    yield 0.01, bytes([0xE0 | channel, rng.randrange(128), at])
                yield 0.01, bytes([0x90, 104 + channel % 8, 0])
            case 1:
                yield from ((0.02, bytes([0xB0, rng.randint(16, 23), rng.choice((1, 2, 65, 66))])) for _ in range(8))
            case 2:
                button = rng.choice((*range(0, 63), *range(70, 102)))
                yield 0.2, bytes([0x90, button, 127])
                yield 0.1, bytes([0x90, button, 0])
            case _:
                yield 1.0, b"\xf0\x00\x00\x66\x14\x01" + bytes(rng.randrange(128) for _ in range(11)) + b"\xf7"


def twister(rng: random.Random) -> Iterator[Timed]:
    """Encoders in three dialects and absolute, a push switch with the knob's number on channel 2, bank changes on channel 4."""
    ticks = rng.choice(((63, 65), (65, 1), (127, 1), None))
    stands = [rng.randrange(128) for _ in range(16)]
    while True:
        knob = rng.randrange(16)
        match rng.randrange(4):
            case 0 | 1:
                for _ in range(rng.randint(1, 12)):
                    stands[knob] = min(127, max(0, stands[knob] + rng.choice((-2, -1, 1, 2))))
                    yield 0.008, bytes([0xB0, knob + 8, stands[knob] if ticks is None else rng.choice(ticks)])
            case 2:
                yield 0.2, bytes([0xB1, knob + 8, 127])
                yield rng.choice((0.002, 0.2)), bytes([0xB1, knob + 8, 0])
            case _:
                yield 0.5, bytes([0xB3, rng.randrange(4), 127])


def pads(rng: random.Random) -> Iterator[Timed]:
    """Hits that ring, ghosts of neighbours, pressure without end, note-offs that are missing or doubled."""
    while True:
        pad, channel = rng.randint(36, 51), rng.choice((0, 9))
        yield rng.choice((0.02, 0.2)), bytes([0x90 | channel, pad, rng.randint(20, 127)])
        yield 0.001, bytes([0x90 | channel, rng.randint(36, 51), rng.randint(1, 6)])
        yield from ((0.001, bytes([0xA0 | channel, pad, rng.randrange(128)])) for _ in range(rng.randrange(20)))
        for _ in range(rng.randrange(3)):
            yield 0.004, bytes([0x80 | channel, pad, 64])


DEVICES: Final = {"keyboard": keyboard, "mackie": mackie, "twister": twister, "pads": pads}


def damaged(data: bytes, rng: random.Random) -> bytes:
    """A message or file with some bytes changed, lost, doubled or put in."""
    found = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(found) + 1)
        match rng.randrange(4):
            case 0 if at < len(found):
                found[at] = rng.choice((0, 0x7F, 0x80, 0xFF, rng.randrange(256)))
            case 1:
                del found[at : at + rng.randint(1, 8)]
            case 2:
                found[at:at] = bytes(rng.randrange(256) for _ in range(rng.randint(1, 6)))
            case _:
                found[at:at] = found[max(0, at - 9) : at]
    return bytes(found)
