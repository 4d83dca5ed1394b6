"""What the conductor hears (events) and asks for (actions): frozen dataclasses, no behaviour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from engine.conductor.state import Job, State
from engine.protocol import Command, Cue, GridFit, Listen, LoopStem, Place, PlayerEvent, Traits


@dataclass(frozen=True, slots=True)
class At:
    """When an event is taken: the player's transport frame and its count of all frames rendered."""

    frame: int
    clock: int


@dataclass(frozen=True, slots=True)
class Tick:
    """Time went on."""


@dataclass(frozen=True, slots=True)
class Commanded:
    """The performer asks."""

    command: Command


@dataclass(frozen=True, slots=True)
class PlayerSaid:
    """The player reports."""

    event: PlayerEvent


@dataclass(frozen=True, slots=True)
class WorkerUp:
    """A generator is ready to work."""

    place: Place
    name: str
    traits: Traits


@dataclass(frozen=True, slots=True)
class WorkerLost:
    """A generator's process ended; whatever it worked on is lost."""

    place: Place
    message: str = ""


@dataclass(frozen=True, slots=True)
class WorkerShare:
    """How much of a core a generator gets while it works, 0..1; less than 1 on a machine that is busy with other things."""

    place: Place
    share: float


@dataclass(frozen=True, slots=True)
class Restarted:
    """A process of the set was started again."""


@dataclass(frozen=True, slots=True)
class WorkerRefused:
    """The set's own generator cannot be loaded, and will not be tried again."""

    message: str


@dataclass(frozen=True, slots=True)
class JobProgress:
    """A job's section file is written up to a frame of the section, and a fraction of its work is done."""

    job_id: int
    ready_to: int
    done: float = 0.0


@dataclass(frozen=True, slots=True)
class JobDone:
    """A job's section is complete; ``work_s`` is the generator's own time, ``fit`` how it lay on the grid, if measured.

    ``share`` is the part of that time, 0..1, that the machine left it a core for.
    """

    job_id: int
    work_s: float
    fit: GridFit | None = None
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class JobFailed:
    """A job raised or could not be written; ``full`` where the disk has no room for it."""

    job_id: int
    message: str
    full: bool = False


@dataclass(frozen=True, slots=True)
class Measured:
    """How alike the two sides of a cue's transition are, -1..1."""

    cue_id: int
    correlation: float


@dataclass(frozen=True, slots=True)
class RoomMeasured:
    """How many frames of sections the disk holds in all, with those that are on it."""

    frames: int


Worker = WorkerUp | WorkerLost | WorkerRefused | WorkerShare | Restarted
Event = Measured | Tick | Commanded | PlayerSaid | Worker | JobProgress | JobDone | JobFailed | RoomMeasured


@dataclass(frozen=True, slots=True)
class StartJob:
    """Have a generator work on a request."""

    job: Job


@dataclass(frozen=True, slots=True)
class CancelJob:
    """Stop a job; nothing more is heard of it."""

    job: Job


@dataclass(frozen=True, slots=True)
class SendCues:
    """Hand the player all that is to come."""

    cues: tuple[Cue, ...]


@dataclass(frozen=True, slots=True)
class SendListen:
    """Have the player play something else in the headphones."""

    order: Listen


@dataclass(frozen=True, slots=True)
class SendLoop:
    """Have the player loop bars from the room, or none any more."""

    order: LoopStem


@dataclass(frozen=True, slots=True)
class SetParams:
    """Write some of the player's latest values."""

    values: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class CutTails:
    """Silence the effects' tails."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A section begins: for the recording's cue sheet."""

    title: str
    frame: int


@dataclass(frozen=True, slots=True)
class Sweep:
    """Remove every section file but these."""

    kept: frozenset[str]


@dataclass(frozen=True, slots=True)
class MeasureRoom:
    """Find out for how many frames the disk has room, by a section file of so many; answered by `RoomMeasured`."""

    path: str
    frames: int


@dataclass(frozen=True, slots=True)
class Discard:
    """A section file that nothing will play again."""

    path: str


@dataclass(frozen=True, slots=True)
class Tell:
    """A line for the performer."""

    level: Literal["info", "warning", "error"]
    text: str


Action = (
    StartJob | CancelJob | SendCues | SendListen | SendLoop | SetParams | CutTails | Mark | Discard | Sweep | MeasureRoom | Tell
)

Step = tuple[State, tuple[Action, ...]]
"""What an event leads to."""
