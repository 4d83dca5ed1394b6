"""Commands about the controllers themselves: which inputs count and as what, and what was taught. They move no music."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class IgnorePort:
    """Listen no more to a MIDI input, by its name in the snapshot; ``on=False`` listens to it again."""

    port: str
    on: bool = True


@dataclass(frozen=True, slots=True)
class RenamePort:
    """Call a MIDI input something else, in this set and the next ones; an empty name gives it its own back."""

    port: str
    name: str


@dataclass(frozen=True, slots=True)
class PlayHarmony:
    """Take the notes of a MIDI input, by its name in the snapshot, as harmony; ``on=False`` takes them as controls again."""

    port: str
    on: bool = True


@dataclass(frozen=True, slots=True)
class SwitchBank:
    """Have the controllers move prompts 9 to 16 instead of 1 to 8, or the other way round."""


@dataclass(frozen=True, slots=True)
class Learn:
    """Put the next control that is moved on an action, by its name; meanwhile no control moves anything.

    ``add``: the controls that the action is under already stay.
    """

    action: str
    add: bool = False


@dataclass(frozen=True, slots=True)
class StopLearning:
    """Wait for no control any more."""


@dataclass(frozen=True, slots=True)
class UndoLearning:
    """Take back what was learned last."""


ControllerCommand = IgnorePort | RenamePort | PlayHarmony | SwitchBank | Learn | StopLearning | UndoLearning
