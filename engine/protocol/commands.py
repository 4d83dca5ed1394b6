"""From the screen, MIDI and the command line to the engine: what the performer wants."""

from __future__ import annotations

from dataclasses import dataclass

from engine.protocol.controllers import ControllerCommand
from engine.protocol.headphones import HeadphoneCommand
from engine.protocol.library import Keep, Keeper, ListKeepers, MarkKeeper, RemoveKeeper, StarWords
from engine.protocol.macros import Macro
from engine.protocol.plan import PlanCommand, Redo, Undo
from engine.protocol.reading import ReadPrompt
from engine.protocol.requests import HeldChord
from engine.protocol.room import RoomCommand
from engine.protocol.takes import TakeCommand
from engine.protocol.time import TimeCommand
from engine.protocol.transitions import TransitionCommand
from engine.protocol.words import GO_ON_MINUTES, VARY_AMOUNT, PieceEdit, SceneAt


@dataclass(frozen=True, slots=True)
class Play:
    """Start, or go on after `Stop`."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Fade out and stand still; `Play` goes on from there."""


@dataclass(frozen=True, slots=True)
class TogglePlay:
    """`Play` or `Stop`, whichever changes something."""


@dataclass(frozen=True, slots=True)
class PlayAgain:
    """Once the set is over: play it from the start again, as it is steered now."""


@dataclass(frozen=True, slots=True)
class GoOn:
    """Make the set longer by so many minutes; once it is over it goes on from its end."""

    minutes: float = GO_ON_MINUTES


@dataclass(frozen=True, slots=True)
class NextNow:
    """Hand over to the next section on the next bar line it can be ready for."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Stay in this section: its last bars loop on the grid. ``on=None`` toggles."""

    on: bool | None = None


@dataclass(frozen=True, slots=True)
class VaryNext:
    """Make the next section a variation of what plays, or of a keeper.

    ``amount`` is from almost 0 (as it is) to 1 (nothing of it left). ``keeper`` may be a keeper's name, or `NEWEST_KEEPER`.
    """

    amount: float = VARY_AMOUNT
    keeper: Keeper | str | None = None


@dataclass(frozen=True, slots=True)
class SetLora:
    """Move a LoRA file's strength, 0..2, from the next section on. ``index`` counts from 0."""

    index: int
    strength: float


@dataclass(frozen=True, slots=True)
class SetWeight:
    """Move a prompt's weight. ``slot`` counts from 0, ``value`` is 0..1."""

    slot: int
    value: float


@dataclass(frozen=True, slots=True)
class SetPrompt:
    """Write a prompt's text. ``slot`` counts from 0."""

    slot: int
    text: str


@dataclass(frozen=True, slots=True)
class RemovePrompt:
    """Take a prompt away; those after it move up. ``slot`` counts from 0. The last one stays."""

    slot: int


@dataclass(frozen=True, slots=True)
class MovePrompt:
    """Put a prompt at another place, text, weight and the plan's leanings. Both count from 0."""

    slot: int
    to: int


@dataclass(frozen=True, slots=True)
class SetMacro:
    """Move a macro, 0..1."""

    name: Macro
    value: float


@dataclass(frozen=True, slots=True)
class SetStem:
    """Set a stem's level, 0..1 (1 is unity gain), and whether it is muted; None leaves it as it is."""

    stem: str
    level: float | None = None
    muted: bool | None = None


@dataclass(frozen=True, slots=True)
class ToggleMute:
    """Mute a stem, or open it if it is muted. The engine decides, in order: two of them leave everything as it was."""

    stem: str


@dataclass(frozen=True, slots=True)
class Nudge:
    """Move a value from where it is when the engine takes this, so that nobody has to know where that is.

    Attributes:
        target: the value, by its action's name: ``"prompt 1"``, ``"macro filter"``, ``"stem drums"``, ``"lora 2"``.
        by: how far, -1..1 of its range; it stops at both ends.
        snap: go to the next multiple of ``by`` in its direction, as the keys do.
    """

    target: str
    by: float
    snap: bool = False


@dataclass(frozen=True, slots=True)
class StoreScene:
    """Keep where everything stands under a number, from 1: prompts and weights, macros, stems, mutes, LoRA strengths."""

    number: int


@dataclass(frozen=True, slots=True)
class RecallScene:
    """Bring a scene back. What is left at None is as the set says.

    ``at``: at once, or on the next bar line; ``bars``: over how many bars from there on, 0 for all in one go.
    """

    number: int
    at: SceneAt | None = None
    bars: int | None = None


@dataclass(frozen=True, slots=True)
class EditPieces:
    """Change which pieces of the set list are to come."""

    edit: PieceEdit


@dataclass(frozen=True, slots=True)
class ChoosePiece:
    """Have a piece come next, after the one that sounds, by the number of its file from 1; once more if it was played."""

    number: int


@dataclass(frozen=True, slots=True)
class Panic:
    """Back to safe at once: effect tails cut, macros neutral, stems at unity, hold off. The music goes on.

    Again, before anything else is moved: macros, stems and hold as they were.
    """


@dataclass(frozen=True, slots=True)
class Record:
    """Start recording to ``path`` (.flac or .wav), or stop with None."""

    path: str | None


@dataclass(frozen=True, slots=True)
class SaveLast:
    """Save the last minutes of what was heard, recorded or not, in a new file in the recordings folder."""

    minutes: float = 10.0


@dataclass(frozen=True, slots=True)
class ToggleRecord:
    """Stop the recording; if there is none, start one to ``path`` ("" lets the engine choose)."""

    path: str = ""


@dataclass(frozen=True, slots=True)
class HoldChord:
    """Have a chord as the harmony of what is made next, from the next bar on; None goes back to the plan's."""

    chord: HeldChord | None


@dataclass(frozen=True, slots=True)
class SavePreset:
    """Write the set as it stands as a preset, under a name or path; ``force`` replaces one that is there."""

    name: str
    force: bool = False


@dataclass(frozen=True, slots=True)
class UseDevice:
    """Play on another output device: a name or number as `liveset devices` lists it, None for the default."""

    device: str | None


@dataclass(frozen=True, slots=True)
class UseInput:
    """Listen to another input device, see `input_of`; None listens to none."""

    device: str | None


@dataclass(frozen=True, slots=True)
class ListDevices:
    """Look which output and input devices there are, and show them in the snapshots from now on; ``on=False`` ends that."""

    on: bool = True


@dataclass(frozen=True, slots=True)
class Quit:
    """Fade out, stop every process and end the set."""


Command = (
    Play
    | Stop
    | TogglePlay
    | PlayAgain
    | GoOn
    | NextNow
    | Hold
    | Keep
    | ListKeepers
    | MarkKeeper
    | RemoveKeeper
    | StarWords
    | ReadPrompt
    | VaryNext
    | TakeCommand
    | TransitionCommand
    | SetLora
    | SetWeight
    | SetPrompt
    | RemovePrompt
    | MovePrompt
    | SetMacro
    | SetStem
    | ToggleMute
    | Nudge
    | Panic
    | StoreScene
    | RecallScene
    | PlanCommand
    | EditPieces
    | ChoosePiece
    | Undo
    | Redo
    | Record
    | SaveLast
    | ToggleRecord
    | HoldChord
    | HeadphoneCommand
    | RoomCommand
    | ControllerCommand
    | TimeCommand
    | SavePreset
    | UseDevice
    | UseInput
    | ListDevices
    | Quit
)
