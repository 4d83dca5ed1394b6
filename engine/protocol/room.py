"""What comes in from the room: bars of it that the next section goes on from, or that loop as a stem of their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from engine.protocol.hearing import HeardSound

ROOM: Final = "room"
"""The stem that loops from the room are, and who made them."""

ROOM_BARS: Final = 4
"""Bars that are taken where nobody says how many."""

MOST_ROOM_BARS: Final = 16

RoomUse = Literal["continue", "vary", "answer"]
"""What the next section does with bars from the room."""


@dataclass(frozen=True, slots=True)
class RoomBars:
    """Bars that were taken from the room, in a section file.

    Attributes:
        path: the file's name.
        end: the transport's frame at which they ended, a bar line.
        bars, beats_per_bar, bpm: of them; they lie on the set's own grid.
        sound: what is heard in them; None where that was not measured.
    """

    path: str
    end: int
    bars: int
    beats_per_bar: int
    bpm: float
    sound: HeardSound | None = None


@dataclass(frozen=True, slots=True)
class ContinueRoom:
    """Have the chosen take of the next section go by the last bars from the room. The engine says what they are, as ``taken``."""

    bars: int = ROOM_BARS
    how: RoomUse = "continue"
    taken: RoomBars | None = None


@dataclass(frozen=True, slots=True)
class LoopRoom:
    """Loop the last bars from the room as a stem of their own, or take the loop away; ``on=None`` toggles."""

    bars: int = ROOM_BARS
    on: bool | None = None
    taken: RoomBars | None = None


RoomCommand = ContinueRoom | LoopRoom
"""Commands about what comes in from the room."""


@dataclass(frozen=True, slots=True)
class RoomView:
    """For the screen: the input that is open (empty: none), why it is not, and how loud it is, left and right, 0..1.

    ``loop`` are the bars that loop, 0 for none.
    """

    where: str = ""
    why: str = ""
    peaks: tuple[float, float] = (0.0, 0.0)
    loop: int = 0
