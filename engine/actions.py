"""What a control can move: names such as ``prompt 3``, ``macro filter``, ``stem drums``, ``mute bass`` or ``hold``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from rapidfuzz import process

from engine.errors import MidiError
from engine.protocol import (
    MACRO_NEUTRAL,
    MACROS,
    MAX_LORAS,
    MAX_PROMPTS,
    MAX_STRENGTH,
    NEWEST_KEEPER,
    STEMS,
    Command,
    Hold,
    Keep,
    Macro,
    NextNow,
    Panic,
    Play,
    RemakeBars,
    ReRoll,
    SetLora,
    SetMacro,
    SetStem,
    SetWeight,
    Stop,
    TogglePlay,
    VaryNext,
)

TRIGGERS: Final[dict[str, Command]] = {
    "play/stop": TogglePlay(),
    "play": Play(),
    "stop": Stop(),
    "next": NextNow(),
    "hold": Hold(),
    "re-roll": ReRoll(),
    "vary": VaryNext(),
    "keep": Keep(),
    "vary keeper": VaryNext(keeper=NEWEST_KEEPER),
    **{f"re-make {first}-{first + 3}": RemakeBars(first, first + 3) for first in (1, 5, 9, 13)},
    "panic": Panic(),
}
"""Targets that a press carries out."""


@dataclass(frozen=True, slots=True)
class Target:
    """One thing a control can move.

    Attributes:
        name: as presets, profiles and the screen write it.
        command: makes the command for a value 0..1.
        start: its value until `Mapping.sync` tells another, 0..1.
        press: a press sets it off (True), or a position moves it (False).
        toggles: each press turns the value from 0 to 1 or back.
    """

    name: str
    command: Callable[[float], Command]
    start: float = 0.0
    press: bool = False
    toggles: bool = False


def _weight(slot: int) -> Target:
    return Target(f"prompt {slot + 1}", lambda value: SetWeight(slot, value))


def _lora(index: int) -> Target:
    return Target(f"lora {index + 1}", lambda value: SetLora(index, MAX_STRENGTH * value))


def _mute(stem: str) -> Target:
    return Target(f"mute {stem}", lambda value: SetStem(stem, muted=value > 0.5), press=True, toggles=True)


def _stem(stem: str) -> Target:
    return Target(f"stem {stem}", lambda value: SetStem(stem, level=value), start=1.0)


def _trigger(name: str, command: Command) -> Target:
    return Target(name, lambda _value: command, press=True)


def _macro(name: Macro) -> Target:
    return Target(f"macro {name}", lambda value: SetMacro(name, value), start=MACRO_NEUTRAL[name])


TARGETS: Final[dict[str, Target]] = {
    target.name: target
    for target in (
        *(_weight(slot) for slot in range(MAX_PROMPTS)),
        *(_lora(index) for index in range(MAX_LORAS)),
        *(_macro(name) for name in MACROS),
        *(_stem(stem) for stem in (*STEMS, "mix")),
        *(_mute(stem) for stem in (*STEMS, "mix")),
        *(_trigger(name, command) for name, command in TRIGGERS.items()),
    )
}
"""Every target by its name."""


def nearest(word: str, choices: list[str]) -> str:
    """A hint that names the choice closest to ``word``."""
    found = process.extractOne(word, choices)
    return f"did you mean {found[0]!r}?" if found else ""


def target_of(name: str, key: str) -> Target:
    """The target called ``name``, whatever its case and spacing.

    Raises:
        MidiError: if there is none; names ``key``, under which it was asked for, and the nearest target.
    """
    tidy = " ".join(name.lower().split())
    if tidy not in TARGETS:
        raise MidiError(f"[midi] {key}: nothing is called {name!r}", nearest(tidy, list(TARGETS)))
    return TARGETS[tidy]
