"""The controls a performer reaches from the keyboard: which one is selected, and where a key press moves it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from engine.actions import PROMPT_KEYS
from engine.protocol import MAX_STRENGTH, Command, Macro, Nudge, SetLora, SetMacro, SetStem, SetWeight, Snapshot

Kind = Literal["prompt", "macro", "stem"]
KINDS: Final[tuple[Kind, ...]] = ("prompt", "macro", "stem")

FINE: Final = 0.05
COARSE: Final = 0.25
BANK: Final = PROMPT_KEYS
"""Prompts under the digits at a time."""


@dataclass(frozen=True, slots=True)
class Control:
    """A prompt, macro or stem by its place, counted from 0."""

    kind: Kind
    index: int


def count(snapshot: Snapshot, kind: Kind) -> int:
    """How many controls of a kind there are."""
    return len({"prompt": snapshot.prompts, "macro": snapshot.macros, "stem": snapshot.stems}[kind])


def held(control: Control, snapshot: Snapshot) -> Control | None:
    """The control, or the nearest of its kind that exists; None if none of any kind does."""
    if size := count(snapshot, control.kind):
        return Control(control.kind, min(control.index, size - 1))
    return next((Control(kind, 0) for kind in KINDS if count(snapshot, kind)), None)


def beside(control: Control, snapshot: Snapshot, step: int) -> Control:
    """The control ``step`` places on in its column, round its ends."""
    return Control(control.kind, (control.index + step) % max(1, count(snapshot, control.kind)))


def column(control: Control, snapshot: Snapshot, step: int) -> Control:
    """The same place in the next column that is not empty."""
    at = KINDS.index(control.kind)
    for i in range(1, len(KINDS) + 1):
        kind = KINDS[(at + step * i) % len(KINDS)]
        if size := count(snapshot, kind):
            return Control(kind, min(control.index, size - 1))
    return control


def value(control: Control, snapshot: Snapshot) -> float:
    """Where the control stands, 0..1."""
    match control.kind:
        case "prompt":
            return snapshot.prompts[control.index].weight
        case "macro":
            return snapshot.macros[control.index].value
        case "stem":
            return snapshot.stems[control.index].level


def neutral(control: Control, snapshot: Snapshot) -> float:
    """Where the control does nothing."""
    match control.kind:
        case "prompt":
            return 0.0
        case "macro":
            return snapshot.macros[control.index].neutral
        case "stem":
            return 1.0


def target(control: Control, snapshot: Snapshot) -> str:
    """The control by its action's name."""
    match control.kind:
        case "prompt":
            return f"prompt {control.index + 1}"
        case "macro":
            view = snapshot.macros[control.index]
            return f"macro {view.name}" if view.lora is None else f"lora {view.lora + 1}"
        case "stem":
            return f"stem {snapshot.stems[control.index].name}"


def moved(control: Control, snapshot: Snapshot, to: float) -> Command:
    """The command that puts the control there."""
    match control.kind:
        case "prompt":
            return SetWeight(control.index, to)
        case "macro":
            view = snapshot.macros[control.index]
            if view.lora is not None:
                return SetLora(view.lora, MAX_STRENGTH * to)
            name: Macro = view.name  # type: ignore[assignment]  # the view carries it as text
            return SetMacro(name, to)
        case "stem":
            return SetStem(snapshot.stems[control.index].name, level=to)


class Desk:
    """The keyboard's place among the controls; `tick` once an update."""

    def __init__(self) -> None:
        self.snapshot = Snapshot()
        self.selected = Control("prompt", 0)
        self.bank = 0
        self.last_prompt = 0

    def tick(self, snapshot: Snapshot) -> None:
        """Take an update's snapshot; a selected control that is gone gives way to its neighbour."""
        self.snapshot = snapshot
        self.select(self.selected)

    @property
    def exists(self) -> bool:
        """Whether there is anything under the selection."""
        return self.selected.index < count(self.snapshot, self.selected.kind)

    def chosen(self, kind: Kind) -> int | None:
        """The selected place, if the selection is of this kind."""
        return self.selected.index if self.selected.kind == kind else None

    def select(self, control: Control) -> None:
        """Select a control, or the nearest that exists."""
        self.selected = held(control, self.snapshot) or self.selected
        if self.selected.kind == "prompt":
            self.last_prompt = self.selected.index
            self.bank = self.selected.index // BANK

    def select_digit(self, number: int) -> bool:
        """Select a prompt of the bank under the digits. Returns whether it has that many."""
        if (slot := self.bank * BANK + number - 1) >= len(self.snapshot.prompts):
            return False
        self.select(Control("prompt", slot))
        return True

    def select_bank(self) -> None:
        """The digits reach the other eight prompts, if there are any."""
        if len(self.snapshot.prompts) > BANK:
            self.select(Control("prompt", (1 - self.bank) * BANK))

    def macro(self, name: str) -> Control | None:
        """A macro by name."""
        names = [macro.name for macro in self.snapshot.macros]
        return Control("macro", names.index(name)) if name in names else None

    def said(self) -> str:
        """What is selected and where it stands, in words; empty for nothing."""
        if not self.exists:
            return ""
        return f"{target(self.selected, self.snapshot)} {value(self.selected, self.snapshot):.2f}".replace(" 0.", " .")

    def put(self, control: Control, to: float) -> Command:
        """The command that moves a control to a value."""
        return moved(control, self.snapshot, to)

    def turn(self, control: Control, step: float) -> Command:
        """The command that moves a control by a step, from wherever the engine has it by then."""
        return Nudge(target(control, self.snapshot), step, snap=True)
