"""What a preset's [midi] table says of ports: which are listened to, which channels count, what their notes may do."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

from engine.errors import MidiError
from engine.midi.profiles import CHANNELS, Bindings, Profile, Shift, load_profile, parse_bindings, parse_shift

PORT_TABLE: Final = "port"
"""The table of tables for single ports: ``[midi.port."LPD8 (2)"]``."""

_EVERY: Final = ("*",)


@cache
def _pattern(text: str) -> re.Pattern[str]:
    """A name with * and ? as in file names; everything else, brackets as well, stands for itself."""
    return re.compile(re.escape(text.strip().lower()).replace(r"\*", ".*").replace(r"\?", "."))


def fits(name: str, pattern: str) -> bool:
    """Whether a port's name fits a pattern such as ``Foo*``, in whatever case."""
    return _pattern(pattern).fullmatch(name.lower()) is not None


@dataclass(frozen=True, slots=True)
class Rules:
    """What counts for a port.

    Attributes:
        bindings: the preset's own lines.
        profile: the controller to take it for; None leaves that to the port's name.
        channels: those that count, 1..16; none given, all do.
        notes: whether the general mapping's notes may send commands; None says nothing.
        shift: the preset's own second layer; None leaves that to the profile.
    """

    bindings: Bindings = field(default_factory=dict)
    profile: Profile | None = None
    channels: frozenset[int] = frozenset()
    notes: bool | None = None
    shift: Shift | None = None


@dataclass(frozen=True, slots=True)
class Keys:
    """Inputs whose notes are harmony: a pattern of their names, and a channel, 1..16, or None for all."""

    port: str = "*"
    channel: int | None = None


@dataclass(frozen=True, slots=True)
class PortRules:
    """The whole table: patterns of inputs that are listened to and of those that are not, rules of each port, and keyboards."""

    inputs: tuple[str, ...] = _EVERY
    ignore: tuple[str, ...] = ()
    general: Rules = field(default_factory=Rules)
    ports: tuple[tuple[str, Rules], ...] = ()
    harmony: Keys | None = None

    def listens(self, port: str) -> bool:
        """Whether a port is listened to."""
        return any(fits(port, each) for each in self.inputs) and not any(fits(port, each) for each in self.ignore)

    def of(self, port: str) -> Rules:
        """The rules of a port: its own table before the general one."""
        own = next((rules for pattern, rules in self.ports if fits(port, pattern)), None)
        if own is None:
            return self.general
        return Rules(
            {**self.general.bindings, **own.bindings},
            own.profile,
            own.channels or self.general.channels,
            self.general.notes if own.notes is None else own.notes,
            own.shift or self.general.shift,
        )


def parse_rules(table: Mapping[str, object]) -> PortRules:
    """Read a preset's [midi] table without ``controller``.

    Args:
        table: ``inputs`` and ``ignore`` (names, with * for anything), ``channels``, ``notes``, ``port`` (tables for single
            ports, which may name a ``controller`` of their own), ``harmony`` (inputs whose notes are chords), ``shift``
            (a second layer, see `parse_shift`), and controls as `parse_bindings` takes them.

    Raises:
        MidiError: names the key and what is wanted.
    """
    rest = {key: value for key, value in table.items() if key not in ("inputs", "ignore", "harmony", PORT_TABLE)}
    ports = table.get(PORT_TABLE, {})
    if not isinstance(ports, Mapping) or not all(isinstance(each, Mapping) for each in ports.values()):
        raise MidiError("[midi] port: not a table of ports", 'write [midi.port."LPD8 (2)"] above its lines')
    return PortRules(
        _names("inputs", table["inputs"]) if "inputs" in table else _EVERY,
        _names("ignore", table["ignore"]) if "ignore" in table else (),
        _rules(rest, "[midi]"),
        tuple((str(name), _rules(each, f'[midi.port."{name}"]')) for name, each in ports.items()),
        _keys(table["harmony"]) if "harmony" in table else None,
    )


def _keys(value: Any) -> Keys:
    """Read ``"Keystation*"``, or ``{ port = "Keystation*", channel = 2 }``, of which one may be left out."""
    table = {"port": value} if isinstance(value, str) else value
    if not isinstance(table, Mapping) or not table or not set(table) <= {"port", "channel"}:
        raise MidiError("[midi] harmony: not an input", 'write harmony = "Keystation*", or { port = "Keystation*", channel = 2 }')
    port, channel = table.get("port", "*"), table.get("channel")
    if not isinstance(port, str):
        raise MidiError(f"[midi] harmony: {port!r} is no name of an input", 'write harmony = "Keystation*"')
    if channel is not None and (type(channel) is not int or not 1 <= channel <= CHANNELS):
        raise MidiError(f"[midi] harmony: there is no channel {channel!r}", f"channels run from 1 to {CHANNELS}")
    return Keys(port, channel)


def _names(key: str, value: Any) -> tuple[str, ...]:
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        raise MidiError(f"[midi] {key}: not a list of names", f'write {key} = ["nanoKONTROL2*"]')
    return tuple(names)


def _rules(table: Mapping[str, Any], where: str) -> Rules:
    notes, controller = table.get("notes"), table.get("controller")
    if notes is not None and not isinstance(notes, bool):
        raise MidiError(f"{where} notes: {notes!r} is neither true nor false", "write notes = true")
    if controller is not None and not isinstance(controller, str):
        raise MidiError(f"{where} controller: {controller!r} is no name", 'write controller = "generic"')
    channels = table.get("channels", [])
    if not isinstance(channels, list | tuple) or not all(type(each) is int and 1 <= each <= CHANNELS for each in channels):
        raise MidiError(f"{where} channels: not a list of channels", f"write channels = [1, 10]; they run from 1 to {CHANNELS}")
    lines = {key: value for key, value in table.items() if key not in ("notes", "channels", "controller", "shift")}
    profile, shift = load_profile(controller) if controller else None, table.get("shift")
    return Rules(parse_bindings(lines), profile, frozenset(channels), notes, None if shift is None else parse_shift(shift))
