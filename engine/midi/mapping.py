"""From MIDI messages to commands: tables of bindings, soft takeover, and what the screen shows of both. No ports, no clock."""

from __future__ import annotations

from collections.abc import Mapping as Table
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

import mido

from engine.actions import ACTIONS
from engine.errors import MidiError
from engine.midi.profiles import Binding, Bindings, Control, Profile, load_profile, parse_bindings, profile_of_port
from engine.midi.values import HALF, HELD, RELATIVE, TICK, position, takes_hold
from engine.protocol import Command

__all__ = ["Mapping", "Profile", "load_profile", "mapping_of"]

NO_OVERRIDES: Final[Table[str, object]] = MappingProxyType({})


@dataclass(slots=True)
class _Port:
    """What is known of the controls behind a port. Keys of ``raw`` and ``at`` carry the channel."""

    profile: Profile
    banked: bool = False
    raw: dict[Control, int] = field(default_factory=dict)
    at: dict[Control, float] = field(default_factory=dict)


class Mapping:
    """Turns messages into commands.

    A knob moves a value only once it holds it (`values.takes_hold`): after connecting, or when something else moved the
    value, it has to be turned to where the value is. A control on one channel comes before the same one on any channel,
    overrides before the bank, the bank before the profile. The same messages give the same commands.

    Args:
        profile: for ports whose name tells no controller, or for all ports if it is not the generic one.
        overrides: the preset's [midi] table without ``controller``, see `profiles.parse_bindings`.
        takeover: False lets every absolute position move its value at once: right for a file, whose moves are meant.

    Raises:
        MidiError: for an override that makes no sense.
    """

    def __init__(self, profile: Profile, overrides: Table[str, object] = NO_OVERRIDES, takeover: bool = True) -> None:
        self.profile = profile
        self.takeover = takeover
        self._overrides: Bindings = parse_bindings(overrides)
        self._ports: dict[str, _Port] = {}
        self._values = {name: action.neutral for name, action in ACTIONS.items() if action.kind != "press"}
        self._touched: dict[str, tuple[str, Control]] = {}
        self._labels: dict[str, str] = {}
        self._relabel()

    # ------------------------------------------------------------ ports

    def opened(self, port: str) -> None:
        """A port is there: its controller's labels count from now on."""
        self._port(port)

    def closed(self, port: str) -> None:
        """A port is gone: where its knobs stand is unknown when it comes back."""
        self._ports.pop(port, None)
        self._touched = {name: touch for name, touch in self._touched.items() if touch[0] != port}
        self._relabel()

    def queued(self, port: str) -> frozenset[tuple[int | None, int]]:
        """(channel 1..16 or None, controller) of the port's controls whose every message counts: encoders and buttons.

        Reads tables that never change, so any thread may ask.
        """
        profile = profile_of_port(port, self.profile)
        bindings = [b for table in (self._overrides, profile.controls, profile.bank) for b in table.values() if b is not None]
        return frozenset(
            (b.control.channel, b.control.number)
            for b in bindings
            if b.control.kind == "cc" and (b.action.kind != "position" or b.mode in RELATIVE)
        )

    def _port(self, port: str) -> _Port:
        if port not in self._ports:
            self._ports[port] = _Port(profile_of_port(port, self.profile))
            self._relabel()
        return self._ports[port]

    # ------------------------------------------------------------ values

    def sync(self, values: Table[str, float]) -> None:
        """Take over where the values are (an action's name -> 0..1), after the commands of the last `feed` were carried out.

        Mutes count as 1 while on. Names that are no action's are left aside.
        """
        for name, value in values.items():
            if name in self._values:
                self._values[name] = value

    def pickups(self) -> dict[str, float | None]:
        """For each action touched: the value its knob must be turned to, None while it holds the value."""
        found: dict[str, float | None] = {}
        for name, (port, control) in self._touched.items():
            at = self._ports[port].at.get(control)
            found[name] = None if at is None or abs(at - self._values[name]) <= HELD else self._values[name]
        return found

    def labels(self) -> dict[str, str]:
        """For each action under a control: that control, such as ``cc16``; the one touched last where there are several."""
        return dict(self._labels)

    def _relabel(self) -> None:
        self._labels = {}
        ports = list(self._ports.values())
        tables: list[Bindings] = [port.profile.controls for port in ports] or [self.profile.controls]
        tables += [port.profile.bank for port in ports if port.banked]
        for table in (*tables, self._overrides):
            for binding in reversed(list(table.values())):
                if binding is not None:
                    self._labels[binding.action.name] = str(binding.control)
        for name, (_, control) in self._touched.items():
            self._labels[name] = str(Control(control.kind, control.number))

    # ------------------------------------------------------------ messages

    def feed(self, port: str, message: Any) -> list[Command]:
        """The commands a message (mido.Message) means; none for one that is not mapped or waits to be picked up."""
        kind = _KINDS.get(message.type)
        if kind is None:
            return []
        number = message.control if kind == "cc" else message.note
        value = message.value if kind == "cc" else message.velocity
        control = Control("cc" if kind == "cc" else "note", number, message.channel + 1)
        state = self._port(port)
        binding = self._binding(state, control)
        before = state.raw.get(control)
        state.raw[control] = value
        if binding is None:
            return []
        if binding.action.kind != "position":
            return self._press(binding, value, before)
        if binding.mode in RELATIVE:
            self._touch(binding, port, control)
            moved = self._values[binding.action.name] + TICK * RELATIVE[binding.mode](value)
            return self._move(binding, min(1.0, max(0.0, moved)))
        return self._turn(binding, port, state, control)

    def _binding(self, state: _Port, control: Control) -> Binding | None:
        anywhere = Control(control.kind, control.number)
        plain, bank = state.profile.controls, state.profile.bank
        for key in (control, anywhere):
            if key in self._overrides:
                return self._overrides[key]
        if not state.banked and anywhere in bank and anywhere not in plain:
            state.banked = True
            self._relabel()
        for table in (bank, plain) if state.banked else (plain,):
            for key in (control, anywhere):
                if key in table:
                    return table[key]
        return None

    def _press(self, binding: Binding, value: int, before: int | None) -> list[Command]:
        pressed = value > 0 if binding.control.kind == "note" else value >= HALF and (before is None or before < HALF)
        if not pressed:
            return []
        if binding.action.kind == "press":
            return [binding.action.make(1.0)]
        return self._move(binding, 0.0 if self._values[binding.action.name] > 0.5 else 1.0)

    def _turn(self, binding: Binding, port: str, state: _Port, control: Control) -> list[Command]:
        """An absolute control's new position; a 14-bit pair counts as one control, its high half."""
        high = Control("cc", binding.control.number, control.channel)
        if binding.mode == "14-bit":
            low = Control("cc", high.number + 32, control.channel)
            if not binding.low:
                state.raw[low] = 0  # MIDI 1.0: a new high half sets the low half to 0 until it is sent
            now = position(state.raw.get(high, 0) << 7 | state.raw.get(low, 0), 14)
        else:
            now = position(state.raw[control])
        before = state.at.get(high)
        state.at[high] = now
        self._touch(binding, port, high)
        if self.takeover and not takes_hold(before, now, self._values[binding.action.name]):
            return []
        return self._move(binding, now)

    def _touch(self, binding: Binding, port: str, control: Control) -> None:
        if self._touched.get(binding.action.name) != (port, control):
            self._touched[binding.action.name] = (port, control)
            self._relabel()

    def _move(self, binding: Binding, value: float) -> list[Command]:
        if value == self._values[binding.action.name]:
            return []
        self._values[binding.action.name] = value
        return [binding.action.make(value)]

    def describe(self, port: str, message: Any) -> str:
        """A message that was fed, in a performer's words: ``cc16 ch1 = 64 -> prompt 1``."""
        kind = _KINDS.get(message.type)
        if kind is None:
            return str(message)
        number, value = (message.control, message.value) if kind == "cc" else (message.note, message.velocity)
        control = Control("cc" if kind == "cc" else "note", number, message.channel + 1)
        binding = self._binding(self._port(port), control)
        text = f"{control.kind}{number} ch{control.channel} = {value}"
        if binding is None:
            return text
        waits = self.pickups().get(binding.action.name)
        return f"{text} -> {binding.action.name}" + ("" if waits is None else f", waits at {waits:.2f}")


def mapping_of(source: str, controller: str, overrides: Table[str, object]) -> Mapping:
    """The mapping a preset asks for, checked.

    Args:
        source: the preset, for the message.
        controller: the profile's name.
        overrides: as `Mapping` takes them.

    Raises:
        MidiError: names the preset and what is wrong in its [midi] table.
    """
    try:
        return Mapping(load_profile(controller), overrides)
    except MidiError as error:
        raise MidiError(f"{source}: {error.message}", error.hint) from error


_KINDS: Final = {"control_change": "cc", "note_on": "note"}
"""The messages that mean something; a note-on of velocity 0 is a note-off and sets nothing off."""


def message_of(data: bytes) -> Any:
    """A mido.Message from raw bytes; None if they are not one."""
    try:
        return mido.Message.from_bytes(data)
    except ValueError:
        return None
