"""The takes of the next section: which of them comes, and how each stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

TakeState = Literal["ready", "making", "old", "waiting", "none"]
"""``ready``: can come; ``old``: can come, but the steering has moved on; ``waiting``: will be made; ``none``: is not made."""


@dataclass(frozen=True, slots=True)
class ChooseTake:
    """Have one of the takes come: 0 is A. One that is not ready in time leaves its place to A."""

    take: int


@dataclass(frozen=True, slots=True)
class ReRoll:
    """Make the next section again with another seed."""


@dataclass(frozen=True, slots=True)
class RemakeBars:
    """Make some bars of the next section again and keep the rest; both counted from 1, the last one included."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class ReRollStem:
    """Make one stem of the chosen take another way: drums, bass, harmony or lead from another seed. The others stay."""

    stem: str


@dataclass(frozen=True, slots=True)
class TakeStem:
    """Give the chosen take a stem of another one, 0 being A: a take can be put together from several."""

    stem: str
    take: int


@dataclass(frozen=True, slots=True)
class SetLock:
    """Have something stay as it is while the rest is made another way; ``on=None`` turns it over. See `LOCKS`."""

    what: str
    on: bool | None = None


@dataclass(frozen=True, slots=True)
class MarkIn:
    """The bar that sounds is the first of a hook: bars of what plays that are marked."""


@dataclass(frozen=True, slots=True)
class MarkOut:
    """The bar that sounds is its last."""


@dataclass(frozen=True, slots=True)
class MarkLast:
    """The last bars that were heard are the hook."""

    bars: int = 4


@dataclass(frozen=True, slots=True)
class BuildOnHook:
    """Build the chosen take of the next section on the hook, or make it a variation of that."""

    vary: bool = False


@dataclass(frozen=True, slots=True)
class KeepHook:
    """Save the hook among the keepers."""


@dataclass(frozen=True, slots=True)
class LoopHook:
    """Hold the set in the hook's bars, over and over; ``on=None`` turns it over."""

    on: bool | None = None


HookCommand = MarkIn | MarkOut | MarkLast | LoopHook | BuildOnHook | KeepHook
TakeCommand = ChooseTake | ReRoll | RemakeBars | ReRollStem | TakeStem | SetLock | HookCommand
"""Commands about takes."""


@dataclass(frozen=True, slots=True)
class TakeView:
    """One of the takes of the next section.

    Attributes:
        name: its letter, and from the second time that it is made another way on a number: A, A2.
        state: how it stands; progress: how much of it is made, 0..1.
        chosen: the performer wants it; comes: it is what comes as things stand.
        what: how it differs from A, in a word or two; empty where it is another section altogether.
        waveform: peaks 0..1, evenly spaced over its bars; empty until known, and so are the rest.
        loudness: in LUFS; stems: RMS of each stem, 0..1.
    """

    name: str
    state: TakeState = "none"
    progress: float = 0.0
    chosen: bool = False
    comes: bool = False
    what: str = ""
    waveform: tuple[float, ...] = ()
    loudness: float = float("-inf")
    stems: tuple[float, ...] = ()
