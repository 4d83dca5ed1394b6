"""Headphones: hearing a take, a keeper or the coming hand-over before it is on air, on outputs of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from engine.errors import DeviceError
from engine.protocol.library import Keeper
from engine.protocol.player import Cue

CUE_LEVEL: Final = 0.8
CUE_MIX: Final = 0.0
"""Where the headphones' level and mix stand at first."""

MOST_OUTPUTS: Final = 64
"""The highest output that an option may name."""


@dataclass(frozen=True, slots=True)
class ListenTake:
    """Hear a take of the next section in the headphones: 0 is A. Asked for again while it is heard: hear nothing."""

    take: int


@dataclass(frozen=True, slots=True)
class ListenKeeper:
    """Hear a keeper, by its name or `NEWEST_KEEPER`. Asked for again while it is heard: hear nothing."""

    keeper: Keeper | str


@dataclass(frozen=True, slots=True)
class ListenHandOver:
    """Hear how the next section will come in, over and over. Asked for again while it is heard: hear nothing."""


@dataclass(frozen=True, slots=True)
class StopListening:
    """Hear nothing any more but what the mix has of the set."""


@dataclass(frozen=True, slots=True)
class SetCueLevel:
    """How loud the headphones are, 0..1."""

    value: float


@dataclass(frozen=True, slots=True)
class SetCueMix:
    """What the headphones have of the set: 0 is the cue alone, 1 the set alone; both are whole in the middle."""

    value: float


HeadphoneCommand = ListenTake | ListenKeeper | ListenHandOver | StopListening | SetCueLevel | SetCueMix
"""Commands about the headphones. None of them is ever heard on the main output."""


@dataclass(frozen=True, slots=True)
class Listen:
    """To the player: what the headphones play from the next bar line on, in place of what they played; no cues, nothing.

    Attributes:
        listen_id: grows with every order.
        cues: a timeline of its own, whose frames lie anywhere; all of it is moved so that ``first`` lies on a bar line.
        first: the frame of it that is heard first, on a bar line of the first cue.
        again: frames after which it begins again, on a bar line; 0: never, and the last section loops.
        as_mixed: heard with the set's levels of stems; else all stems are whole.
    """

    listen_id: int
    cues: tuple[Cue, ...] = ()
    first: int = 0
    again: int = 0
    as_mixed: bool = False


@dataclass(frozen=True, slots=True)
class ListenFailed:
    """From the player: what the headphones should play cannot be read; they are silent."""

    listen_id: int
    message: str


@dataclass(frozen=True, slots=True)
class HeadphonesOpened:
    """From the player: where the headphones are, as a performer knows it; empty for nowhere, with why that is so."""

    where: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class HeadphonesView:
    """For the screen: where the headphones are (empty: nowhere), and what they play (empty: nothing).

    ``waits``: it is not there yet, and nothing is heard until then. ``level`` and ``mix`` as `SetCueLevel` and `SetCueMix` have them.
    """

    where: str = ""
    what: str = ""
    waits: bool = False
    level: float = CUE_LEVEL
    mix: float = CUE_MIX


def pair_of(text: str, option: str) -> tuple[int, int]:
    """Two outputs of a device as an option names them, counted from 1: ``3,4``.

    Raises:
        DeviceError: if it names anything else.
    """
    numbers = [part.strip() for part in text.split(",")]
    if len(numbers) == 2 and all(number.isdecimal() and len(number) <= 2 for number in numbers):
        left, right = (int(number) for number in numbers)
        if left != right and 1 <= min(left, right) and max(left, right) <= MOST_OUTPUTS:
            return left, right
    raise DeviceError(f"{option} must name two outputs, such as 3,4 (got {text[:20]!r})")
