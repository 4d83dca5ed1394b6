"""Controller profiles: which control of which controller moves what.

The generic one is made of the defaults in `engine.actions`; controllers/*.toml are controllers known by their name.
"""

from __future__ import annotations

import logging
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

from engine.actions import ACTIONS, Action
from engine.errors import MidiError
from engine.midi.feedback.lights import Lights, parse_lights
from engine.midi.meaning.values import CURVES, EVEN, FINE, HELD, MODES, OF_NOTES, PICK_UP, SWITCH, TAKEOVERS, TOGGLE, VELOCITY
from engine.processes.layout import controllers_folder
from engine.suggest import did_you_mean

log = logging.getLogger(__name__)

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

_KEY: Final = re.compile(r"(?:ch(\d{1,2})_)?(?:(cc|note|program)(\d{1,3})|(pitch|pressure))")
_FIELDS: Final = ("to", "mode", "range", "curve", "takeover")

Kind = Literal["cc", "note", "pitch", "program", "pressure"]
WHOLE: Final[tuple[Kind, ...]] = ("pitch", "pressure")
"""What a channel has only one of."""

RARE: Final[tuple[Kind, ...]] = ("program", "pressure")
"""What counts only where something is under it: keyboards send it without being asked."""


@dataclass(frozen=True, slots=True)
class Control:
    """A knob, fader, button, key or pad: a controller, note or program number 0..127; ``channel`` 1..16, or None for any.

    A pitch bend, and the pressure of a channel, have the number 0: a channel has only one.
    """

    kind: Kind
    number: int
    channel: int | None = None

    def __str__(self) -> str:
        number = "" if self.kind in WHOLE else str(self.number)
        return f"{'' if self.channel is None else f'ch{self.channel} '}{self.kind}{number}"


@dataclass(frozen=True, slots=True)
class Binding:
    """A control and what it moves.

    Attributes:
        mode: one of `values.MODES`.
        low: the low half of a 14-bit pair.
        span: the value at the control's lower end and at its upper end, 0..1; the first is the larger where it is turned round.
        curve: one of `values.CURVES`: how the value grows between them.
        takeover: one of `values.TAKEOVERS`: what the control does while it stands elsewhere than the value.
    """

    control: Control
    action: Action
    mode: str = "absolute"
    low: bool = False
    span: tuple[float, float] = (0.0, 1.0)
    curve: str = EVEN
    takeover: str = PICK_UP

    def value(self, at: float) -> float:
        """The action's value for a control that stands ``at`` (0..1)."""
        start, end = self.span
        return start + (end - start) * CURVES[self.curve](at)

    def holds(self, at: float | None, value: float) -> bool:
        """Whether a control that stands ``at`` (None: not known) moves a value from where it is, without being turned to it."""
        return at is None or self.takeover != PICK_UP or abs(self.value(at) - value) <= HELD


Bindings = Mapping[Control, Binding | None]
"""None: the control is known and moves nothing."""


@dataclass(frozen=True, slots=True)
class Shift:
    """A second layer: what controls move while one of them is held down; those that are not in it stay as they are."""

    hold: Control
    bindings: Bindings

    def is_hold(self, control: Control) -> bool:
        """Whether a control, with its channel, is the one that is held."""
        return replace(control, channel=self.hold.channel) == self.hold and self.hold.channel in (None, control.channel)


@dataclass(frozen=True, slots=True)
class Profile:
    """A controller as it leaves the factory.

    Attributes:
        name: the profile's file name without its ending, as presets name it.
        title: for people.
        ports: texts that a port's name holds if the controller is behind it, whatever their case.
        controls: what its controls move.
        bank: what they move instead on a port that has sent a control which is in ``bank`` and not in ``controls``.
        lights: what its lights, rings and displays are sent.
        source: where its numbers come from.
        layout: its controls as they lie on it, row by row.
        shift: its second layer; None for none.
    """

    name: str
    title: str
    ports: tuple[str, ...]
    controls: Bindings
    bank: Bindings = field(default_factory=dict)
    lights: Lights = field(default_factory=Lights)
    source: str = ""
    layout: tuple[tuple[Control, ...], ...] = ()
    shift: Shift | None = None


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
    """Read ``cc20``, ``note60``, ``program3``, ``pitch``, ``pressure`` or, for one channel alone, ``ch10_note36``.

    Raises:
        MidiError: names the key and what it could be.
    """
    match = _KEY.fullmatch(key.lower())
    if match is None:
        hint = did_you_mean(key.lower(), [f"{kind}{n}" for kind in ("cc", "note") for n in range(128)])
        raise MidiError(f"[midi] {key}: not a control", f"{hint}; controls are written cc20, note60 or ch10_note36".lstrip("; "))
    channel, kind, number, whole = match.groups()
    if kind is not None and int(number) > _LAST_NUMBER:
        raise MidiError(f"[midi] {key}: there is no {kind}{number}", "numbers run from 0 to 127")
    if channel is not None and not 1 <= int(channel) <= CHANNELS:
        raise MidiError(f"[midi] {key}: there is no channel {channel}", "channels run from 1 to 16")
    named: Kind = kind or whole  # type: ignore[assignment]  # the pattern has no other words
    return Control(named, int(number or 0), None if channel is None else int(channel))


@dataclass(frozen=True, slots=True)
class _Line:
    """The right side of a line: an action's name and how the control moves it."""

    to: str
    mode: str = "absolute"
    span: tuple[float, float] = (0.0, 1.0)
    curve: str = EVEN
    takeover: str = PICK_UP


def _parse_value(key: str, value: object) -> _Line:
    """Read ``"prompt 3"`` or ``{ to = "macro filter", mode = "binary-offset", range = [1, 0] }``."""
    if isinstance(value, str):
        return _Line(value)
    if not isinstance(value, Mapping):
        raise MidiError(f"[midi] {key}: {value!r} is nothing a control can move", f'write {key} = "prompt 3"')
    for name in value:
        if name not in _FIELDS:
            raise MidiError(f"[midi] {key}: unknown key {name!r}", did_you_mean(str(name), list(_FIELDS)))
    to = value.get("to")
    if not isinstance(to, str):
        raise MidiError(f"[midi] {key}: it does not say what to move", f'write {key} = {{ to = "prompt 3" }}')
    mode = _word(key, value, "mode", MODES)
    curve, takeover = _word(key, value, "curve", tuple(CURVES)), _word(key, value, "takeover", TAKEOVERS)
    return _Line(to, mode, _span(key, value.get("range", (0.0, 1.0))), curve, takeover)


def _word(key: str, value: Mapping[str, object], field: str, words: tuple[str, ...]) -> str:
    """One of some words; the first where the line says nothing."""
    word = value.get(field, words[0])
    if word not in words:
        near = did_you_mean(str(word), list(words))
        raise MidiError(f"[midi] {key}: unknown {field} {word!r}", f"{near} of {', '.join(words)}".strip())
    return str(word)


def _span(key: str, value: object) -> tuple[float, float]:
    ends = tuple(value) if isinstance(value, list | tuple) else ()
    numbers = [float(end) for end in ends if isinstance(end, int | float) and not isinstance(end, bool) and 0 <= end <= 1]
    if len(ends) != 2 or len(numbers) != 2 or numbers[0] == numbers[1]:
        raise MidiError(f"[midi] {key} range: not two different numbers from 0 to 1", f"write {key} = {{ range = [0.2, 0.8] }}")
    return numbers[0], numbers[1]


def _check_mode(key: str, control: Control, action: Action, mode: str) -> None:
    if control.kind in ("note", "program") and action.kind == "position" and mode not in OF_NOTES:
        what = "note" if control.kind == "note" else "program change"
        raise MidiError(
            f"[midi] {key}: a {what} cannot move {action.name!r} this way",
            f'use a controller, or mode = "{SWITCH}"' + (f' or "{VELOCITY}"' if control.kind == "note" else ""),
        )
    if mode == VELOCITY and control.kind != "note":
        raise MidiError(f"[midi] {key}: only notes have a {VELOCITY}", "leave the mode out")
    if mode == TOGGLE and action.kind == "position":
        raise MidiError(f"[midi] {key}: {TOGGLE} is for buttons", f"{action.name!r} is a value: leave the mode out")
    if mode in OF_NOTES and action.kind != "position":
        raise MidiError(f"[midi] {key}: {mode} is for values", f"{action.name!r} is a press: leave the mode out")
    if mode not in ("absolute", *OF_NOTES) and control.kind in WHOLE:
        what = "a pitch bend" if control.kind == "pitch" else "pressure"
        raise MidiError(f"[midi] {key}: {what} has no modes", "leave the mode out")
    if control.kind in WHOLE and action.kind != "position":
        raise MidiError(f"[midi] {key}: it cannot press {action.name!r}", "use a note, a button or a program change")


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
        line = _parse_value(key, value)
        if line.to.strip().lower() == OFF:
            bindings[control] = None
            continue
        action = action_of(line.to, key)
        _check_mode(key, control, action, line.mode)
        if line.mode == FINE and control.number > LAST_COARSE:
            raise MidiError(f"[midi] {key}: only cc0 to cc31 have 14 bits", "their low bits come on the controller 32 above")
        bindings[control] = Binding(control, action, line.mode, span=line.span, curve=line.curve, takeover=line.takeover)
    for binding in [b for b in bindings.values() if b is not None and b.mode == FINE]:
        low = Control("cc", binding.control.number + FINER, binding.control.channel)
        bindings.setdefault(low, replace(binding, low=True))
    return bindings


def parse_shift(table: object) -> Shift:
    """Read a table [shift]: ``hold = "note98"``, the control that is held, and lines as `parse_bindings` takes them.

    Raises:
        MidiError: names the key and what is wanted.
    """
    if not isinstance(table, Mapping) or not isinstance(table.get("hold"), str):
        raise MidiError("[midi] shift: it does not say which control is held", 'write hold = "note98" below [midi.shift]')
    hold = parse_control(table["hold"].replace(" ", ""))
    if hold.kind not in ("note", "cc"):
        raise MidiError(f"[midi] shift: {hold} cannot be held", "use a note or a button")
    return Shift(hold, parse_bindings({key: line for key, line in table.items() if key != "hold"}))


def _parse_row(row: str) -> tuple[Control, ...]:
    """Read a row of controls: ``note41-44 cc7``."""
    found: list[Control] = []
    for word in row.split():
        first, _, last = word.partition("-")
        control = parse_control(first)
        found += [replace(control, number=number) for number in range(control.number, int(last or control.number) + 1)]
    return tuple(found)


def _files() -> dict[str, Path]:
    """The file of every profile by its name; the user's own come before those that ship."""
    own = controllers_folder()
    return {path.stem: path for folder in (CONTROLLERS, own) for path in sorted(folder.glob("*.toml"))}


def shipped_names() -> list[str]:
    """The controllers whose profiles ship."""
    return sorted(path.stem for path in CONTROLLERS.glob("*.toml"))


def profile_names() -> list[str]:
    """The profiles that ship and the user's own, generic first."""
    return [GENERIC, *sorted(_files())]


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
        data: dict[str, Any] = tomllib.loads(_files()[name].read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise MidiError(f"controller profile {name}.toml cannot be read: {error}", f"look at {_files()[name]}") from error
    return Profile(
        name=name,
        title=str(data.get("title", name)),
        ports=tuple(str(port).lower() for port in data.get("ports", ())),
        controls=parse_bindings(data.get("controls", {})),
        bank=parse_bindings(data.get("bank", {})),
        lights=parse_lights(data.get("lights", {}), name),
        source=str(data.get("source", "")),
        layout=tuple(_parse_row(str(row)) for row in data.get("layout", ())),
        shift=parse_shift(data["shift"]) if "shift" in data else None,
    )


@cache
def _usable(name: str) -> Profile | None:
    """A profile, or None where its file is damaged: one of the user's own must not cost a set its controllers."""
    try:
        return load_profile(name)
    except MidiError as error:
        log.warning("%s", error)
        return None


def profile_of_port(port: str, otherwise: Profile) -> Profile:
    """The profile for a port: ``otherwise``, unless that is the generic one and the port's name tells the controller."""
    if otherwise.name != GENERIC:
        return otherwise
    name = port.lower()
    shipped = [profile for other in profile_names() if (profile := _usable(other)) is not None]
    matches = [(len(text), profile) for profile in shipped for text in profile.ports if text in name]
    return max(matches, key=lambda match: match[0])[1] if matches else otherwise
