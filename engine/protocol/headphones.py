"""Headphones: hearing a take, a keeper or the coming hand-over before it is on air, on outputs of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from engine.protocol.library import Keeper

CUE_LEVEL: Final = 0.8
CUE_MIX: Final = 0.0
"""Where the headphones' level and mix stand at first."""


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
class HeadphonesView:
    """For the screen: where the headphones are (empty: nowhere), and what they play (empty: nothing).

    ``waits``: it is not there yet, and nothing is heard until then. ``level`` and ``mix`` as `SetCueLevel` and `SetCueMix`
    have them.
    """

    where: str = ""
    what: str = ""
    waits: bool = False
    level: float = CUE_LEVEL
    mix: float = CUE_MIX
