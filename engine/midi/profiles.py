"""Controller profiles: which control of which controller moves what.

The generic one is made of the defaults in `engine.actions`; controllers/*.toml are controllers known by their name.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

from engine.actions import ACTIONS, Action
from engine.errors import MidiError
from engine.midi.values import FINE, MODES, TOGGLE
from engine.suggest import did_you_mean

CONTROLLERS: Final = Path(__file__).resolve().parent / "controllers"
GENERIC: Final = "generic"
"""The profile of a device whose name tells nothing."""

NONE: Final = "none"
"""The profile that maps nothing: only the preset's own lines count."""

MACKIE: Final = "mackie"
"""The profile of a controller in Mackie mode, whatever its name."""

OFF: Final = "off"
"""What a control is put on that shall move nothing."""

CHANNELS: Final = 16
_LAST_NUMBER: Final = 127  # of a control or note
LAST_COARSE: Final = 31
"""The last controller that may have low bits, on the controller `FINER` above."""

FINER: Final = 32

_KEY: Final = re.compile(r"(?:ch(\d{1,2})_)?(?:(cc|note)(\d{1,3})|pitch)")
_FIELDS: Final = ("to", "mode")


@dataclass(frozen=True, slots=True)
class Control:
    """A knob, fader, button, key or pad: a controller or note number 0..127; ``channel`` 1..16, or None for any.

    A pitch bend has the number 0: a channel has only one.
    """

    kind: Literal["cc", "note", "pitch"]
    number: int
    channel: int | None = None

    def __str__(self) -> str:
        number = "" if self.kind == "pitch" else str(self.number)
        return f"{'' if self.channel is None else f'ch{self.channel} '}{self.kind}{number}"


@dataclass(frozen=True, slots=True)
class Binding:
    """A control and what it moves. ``mode`` is one of `values.MODES`; ``low`` marks the low half of a 14-bit pair."""

    control: Control
    action: Action
    mode: str = "absolute"
    low: bool = False


Bindings = Mapping[Control, Binding | None]
"""None: the control is known and moves nothing."""


@dataclass(frozen=True, slots=True)
class Profile:
    """A controller as it leaves the factory.

    Attributes:
        name: the profile's file name without its ending, as presets name it.
        title: for people.
        ports: texts that a port's name holds if the controller is behind it, whatever their case.
        controls: what its controls move.
        bank: what they move instead on a port that has sent a control which is in ``bank`` and not in ``controls``.
    """

    name: str
    title: str
    ports: tuple[str, ...]
    controls: Bindings
    bank: Bindings = field(default_factory=dict)


def action_of(name: str, key: str) -> Action:
    """The action called ``name``, whatever its case and spacing.

    Raises:
        MidiError: if there is none; names ``key``, under which it was asked for, and the nearest action.
    """
    tidy = " ".join(name.lower().split())
    if tidy not in ACTIONS:
        raise MidiError(f"[midi] {key}: nothing is called {name!r}", did_you_mean(tidy, list(ACTIONS)))
    return ACTIONS[tidy]


def parse_control(key: str) -> Control:
    """Read ``cc20``, ``note60``, ``pitch`` or, for one channel alone, ``ch10_note36``.

    Raises:
        MidiError: names the key and what it could be.
    """
    match = _KEY.fullmatch(key.lower())
    if match is None:
        hint = did_you_mean(key.lower(), [f"{kind}{n}" for kind in ("cc", "note") for n in range(128)])
        raise MidiError(f"[midi] {key}: not a control", f"{hint}; controls are written cc20, note60 or ch10_note36".lstrip("; "))
    channel, kind, number = match.groups()
    if kind is not None and int(number) > _LAST_NUMBER:
        raise MidiError(f"[midi] {key}: there is no {kind}{number}", "numbers run from 0 to 127")
    if channel is not None and not 1 <= int(channel) <= CHANNELS:
        raise MidiError(f"[midi] {key}: there is no channel {channel}", "channels run from 1 to 16")
    named: Literal["cc", "note", "pitch"] = "pitch" if kind is None else "cc" if kind == "cc" else "note"
    return Control(named, int(number or 0), None if channel is None else int(channel))


def _parse_value(key: str, value: object) -> tuple[str, str]:
    """(name of an action, mode) of ``"prompt 3"`` or ``{ to = "macro filter", mode = "binary-offset" }``."""
    if isinstance(value, str):
        return value, "absolute"
    if not isinstance(value, Mapping):
        raise MidiError(f"[midi] {key}: {value!r} is nothing a control can move", f'write {key} = "prompt 3"')
    for name in value:
        if name not in _FIELDS:
            raise MidiError(f"[midi] {key}: unknown key {name!r}", did_you_mean(str(name), list(_FIELDS)))
    to, mode = value.get("to"), value.get("mode", "absolute")
    if not isinstance(to, str):
        raise MidiError(f"[midi] {key}: it does not say what to move", f'write {key} = {{ to = "prompt 3" }}')
    if mode not in MODES:
        raise MidiError(
            f"[midi] {key}: unknown mode {mode!r}", f"{did_you_mean(str(mode), list(MODES))} of {', '.join(MODES)}".strip()
        )
    return to, mode


def _check_mode(key: str, control: Control, action: Action, mode: str) -> None:
    if mode == TOGGLE and action.kind == "position":
        raise MidiError(f"[midi] {key}: {TOGGLE} is for buttons", f"{action.name!r} is a value: leave the mode out")
    if mode != "absolute" and control.kind == "pitch":
        raise MidiError(f"[midi] {key}: a pitch bend has no modes", "leave the mode out")


def parse_bindings(table: Mapping[str, object]) -> dict[Control, Binding | None]:
    """Read a table of controls, as in a profile or under [midi] of a preset.

    Args:
        table: ``cc20 = "prompt 3"``, ``cc21 = { to = "macro filter", mode = "twos-complement" }``, ``note60 = "hold"``,
            ``cc7 = "off"``.

    Raises:
        MidiError: names the key and the nearest right one.
    """
    bindings: dict[Control, Binding | None] = {}
    for key, value in table.items():
        control = parse_control(key)
        to, mode = _parse_value(key, value)
        if to.strip().lower() == OFF:
            bindings[control] = None
            continue
        action = action_of(to, key)
        if control.kind == "note" and action.kind == "position":
            raise MidiError(
                f"[midi] {key}: a note cannot move {action.name!r}", "notes set off commands and mutes; use a controller"
            )
        _check_mode(key, control, action, mode)
        if mode == FINE and control.number > LAST_COARSE:
            raise MidiError(f"[midi] {key}: only cc0 to cc31 have 14 bits", "their low bits come on the controller 32 above")
        bindings[control] = Binding(control, action, mode)
    for binding in [b for b in bindings.values() if b is not None and b.mode == FINE]:
        low = Control("cc", binding.control.number + FINER, binding.control.channel)
        bindings.setdefault(low, Binding(binding.control, binding.action, FINE, low=True))
    return bindings


def profile_names() -> list[str]:
    """The profiles that ship, generic first."""
    return [GENERIC, *sorted(path.stem for path in CONTROLLERS.glob("*.toml"))]


def _generic() -> Profile:
    """Any controller: the controls that each action names as its own."""
    controls = {control: action.name for action in ACTIONS.values() for control in action.controls}
    bank = {action.knob: action.name for action in ACTIONS.values() if action.knob}
    return Profile(GENERIC, "any controller", (), parse_bindings(controls), parse_bindings(bank))


@cache
def load_profile(name: str) -> Profile:
    """A shipped profile by its name.

    Raises:
        MidiError: if there is none of that name (names the nearest), or its file is damaged.
    """
    if name == NONE:
        return Profile(NONE, "not mapped", (), {}, {})
    if name not in profile_names():
        raise MidiError(f"[midi] controller: no profile is called {name!r}", did_you_mean(name, [*profile_names(), NONE]))
    if name == GENERIC:
        return _generic()
    try:
        data: dict[str, Any] = tomllib.loads((CONTROLLERS / f"{name}.toml").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise MidiError(f"controller profile {name}.toml cannot be read: {error}", "install liveset again") from error
    return Profile(
        name=name,
        title=str(data.get("title", name)),
        ports=tuple(str(port).lower() for port in data.get("ports", ())),
        controls=parse_bindings(data.get("controls", {})),
        bank=parse_bindings(data.get("bank", {})),
    )


def profile_of_port(port: str, otherwise: Profile) -> Profile:
    """The profile for a port: ``otherwise``, unless that is the generic one and the port's name tells the controller."""
    if otherwise.name != GENERIC:
        return otherwise
    name = port.lower()
    shipped = [load_profile(other) for other in profile_names()]
    matches = [(len(text), profile) for profile in shipped for text in profile.ports if text in name]
    return max(matches, key=lambda match: match[0])[1] if matches else otherwise
