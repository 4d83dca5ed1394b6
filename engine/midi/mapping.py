"""From MIDI messages to commands: tables of bindings, soft takeover, and what the screen shows of both. No ports, no clock."""

from __future__ import annotations

from collections.abc import Mapping as Table
from types import MappingProxyType
from typing import Any, Final

from engine.actions import ACTIONS, PROMPT_KEYS
from engine.errors import MidiError
from engine.midi.meaning.chords import Keyboard
from engine.midi.meaning.habits import PAIR_S
from engine.midi.meaning.messages import message_of, plain, read_message
from engine.midi.meaning.presses import Holding, Press, Waiting
from engine.midi.meaning.takeover import reached, struck
from engine.midi.meaning.values import (
    FINE,
    JUMP,
    OF_NOTES,
    RELATIVE,
    TICK,
    TOP,
    leaps,
    ticks,
)
from engine.midi.names import kind_of
from engine.midi.open_ports import OpenPorts
from engine.midi.port import SETTLING_S, Port
from engine.midi.profiles import (
    Binding,
    Control,
    Profile,
    action_of,
    load_profile,
)
from engine.midi.rules import parse_rules
from engine.midi.teaching.learning import Lesson
from engine.midi.words import describe
from engine.protocol import Command, HoldChord, Nudge, SwitchBank

__all__ = ["Mapping", "Profile", "load_profile", "mapping_of", "message_of"]

NO_OVERRIDES: Final[Table[str, object]] = MappingProxyType({})


class Mapping(OpenPorts):
    """Turns messages into commands. Every message is handed in with its time, in seconds on any clock that does not go back.

    A knob moves a value only once it holds it (`values.takes_hold`): after connecting, or when something else moved the
    value, it has to be turned to where the value is. A control on one channel comes before the same one on any channel,
    overrides before the bank, the bank before the profile. The same messages give the same commands.

    Args:
        profile: for ports whose name tells no controller, or for all ports if it is not the generic one.
        overrides: the preset's [midi] table without ``controller``, see `rules.parse_rules`.
        takeover: False takes every message as it is meant: right for a file. Positions move their values at once, notes
            are commands, and nothing is guarded against.

    Raises:
        MidiError: for an override that makes no sense.
    """

    def __init__(self, profile: Profile, overrides: Table[str, object] = NO_OVERRIDES, takeover: bool = True) -> None:
        super().__init__(profile, parse_rules(overrides), meant=not takeover)
        self.takeover = takeover
        self._values = {name: action.neutral for name, action in ACTIONS.items() if action.kind != "press"}
        self._waiting = Waiting()
        self._holding = Holding()
        self._keyboard = Keyboard()
        self._told: list[str] = []
        self._did: list[str] = []

    def closed(self, port: str) -> None:
        """A port is gone: where its knobs stand is unknown when it comes back, and what waited of it is left out."""
        super().closed(port)
        for presses in (self._waiting, self._holding):
            presses.drop(port)
        self._keyboard.drop(port)

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
            state = self._ports[port]
            binding, value = state.binding(control), self._values[name]
            found[name] = None if binding is None or binding.holds(state.at.get(control), value) else value
        return found

    # ------------------------------------------------------------ messages

    def feed(self, port: str, message: Any, at: float, swept: bool = False) -> list[Command]:
        """The commands a message (mido.Message) means; none for one that is not mapped or waits to be picked up.

        Args:
            port: the name of the port it came from.
            message: the message.
            at: when it came, in seconds.
            swept: the knob passed every value from its last message to this one, though they were not handed in.
        """
        state = self._port(port)
        found = read_message(message)
        if found is None or not state.hears(found[0].channel or 0):
            return []
        control, value = found
        if self._taken(state, port, control, value, at):
            return []
        habit = state.habit(control)
        before, silent = habit.last, at - habit.last_at
        seven = value >> 7 if control.kind == "pitch" else value
        habit.take(seven, at, swept)
        if not self.takeover:
            return self._moved(state, port, control, value, before, at)
        state.pair_up(control, at)
        if (low := state.low_half(control)) is not None:  # what waited as a button of its own was a part of this
            self._waiting.drop(port, low, at - PAIR_S)
        self._look(state, port, control, seven, at)
        dumping = state.bursts.take(control, silent, at)
        if dumping:
            self._waiting.drop(port)
        if dumping or at - state.opened_at < SETTLING_S:
            state.learn(control, value, at)
            return []
        if self.teacher.lesson is not None:
            self._study(port, state, control, seven)
            state.learn(control, value, at)
            return []
        jumped = before is not None and not swept and leaps(before, seven, silent)
        return self._moved(state, port, control, value, before, at, jumped)

    def _taken(self, state: Port, port: str, control: Control, value: int, at: float) -> bool:
        """Whether a message is a keyboard's, or that of the control which is held for a second layer."""
        if self.plays_harmony(port, control.channel) and self._keyboard.take(port, control, value, at):
            return True
        if not state.shifts(control, value):
            return False
        self._layered()
        return True

    def _moved(
        self, state: Port, port: str, control: Control, value: int, before: int | None, at: float, jumped: bool = False
    ) -> list[Command]:
        """What a message does that is no part of a dump."""
        if state.enter_bank(control):
            self._relabel()
        binding, habit = state.binding(control), state.habit(control)
        if (press := self._holding.lets_go(port, control, value)) is not None:
            return self._press(port, control, press.binding)
        if binding is None or (self.takeover and binding.mode != FINE and state.in_a_pair(control)):
            return []
        if binding.mode in OF_NOTES or binding.action.kind != "position":
            return self._strike(binding, port, control, value, at) if state.presses(binding, control, value, before, at) else []
        dialect = habit.dialect if self.takeover and binding.mode == "absolute" and control.kind == "cc" else None
        if mode := binding.mode if binding.mode in RELATIVE else dialect:
            return self._nudge(binding, port, control, TICK * ticks(mode, value))
        return self._turn(binding, port, state, control, value, at, jumped)

    def _strike(self, binding: Binding, port: str, control: Control, value: int, at: float) -> list[Command]:
        """What a press does; that of a button waits a moment, since it may be the low half of another control's value."""
        if binding.mode in OF_NOTES:
            return self._set(binding, port, control, value)
        if self.takeover and binding.action.held is not None and control.kind != "program":
            self._holding.add(Press(at, port, control, binding))
            return []
        if control.kind == "note" or not self.takeover:
            return self._press(port, control, binding)
        self._waiting.add(Press(at, port, control, binding))
        return []

    def due(self, at: float) -> list[Command]:
        """The commands of presses, and of chords, that waited long enough; ask again while `waiting`."""
        ready = [*((each, False) for each in self._waiting.due(at)), *((each, True) for each in self._holding.due(at))]
        pressed = [command for each, held in ready for command in self._press(each.port, each.control, each.binding, held)]
        return [*pressed, *(HoldChord(chord) for chord in self._keyboard.due(at))]

    def switch_bank(self) -> None:
        """As `OpenPorts` has it, and say so."""
        super().switch_bank()
        first = PROMPT_KEYS + 1 if self.upper else 1
        self._told.append(f"MIDI: the controllers move prompts {first} to {first + PROMPT_KEYS - 1}")

    def use_as_keyboard(self, port: str, on: bool) -> None:
        """Take a port's notes as harmony, or as controls again, whatever the preset says."""
        self._chosen[port] = on
        self._keyboard.drop(port)

    @property
    def presses_wait(self) -> bool:
        """Whether there are presses that wait for what comes with them, a few milliseconds."""
        return bool(self._waiting)

    @property
    def waiting(self) -> bool:
        """Whether there are presses or chords that are not commands yet."""
        return bool(self._waiting or self._holding or self._keyboard)

    def told(self) -> list[str]:
        """What was found out about controllers since the last call, for the performer."""
        found, self._told = self._told, []
        return found

    def did(self) -> list[str]:
        """Which control of which port set off which command since the last call: "Foo: note36 ch10 -> play/stop"."""
        found, self._did = self._did, []
        return found

    def _look(self, state: Port, port: str, control: Control, value: int, at: float) -> None:
        """Find out what sends this, and say it once."""
        profile = state.profile
        for said in state.find_out(control, value, at):
            self._told.append(f"{self.called(port)}: {said}")
            self._requeue.add(port)
        if state.profile is not profile:
            self._relabel()

    def _press(self, port: str, control: Control, binding: Binding, held: bool = False) -> list[Command]:
        self._did.append(f"{self.called(port)}: {plain(control)}{', held,' if held else ''} -> {binding.action.name}")
        command = binding.action.held if held else binding.action.pressed
        if isinstance(command, SwitchBank):
            self.switch_bank()
            return []
        return [] if command is None else [command]

    def _turn(
        self, binding: Binding, port: str, state: Port, control: Control, value: int, at: float, jumped: bool
    ) -> list[Command]:
        """An absolute control's new position; a 14-bit pair counts as one control, its high half.

        A jump that no hand makes neither passes nor holds a value, and what only ever sends 0 and 127 is a button.
        """
        high = Control(control.kind, binding.control.number, control.channel)
        now = state.position(binding, control, value, at)
        if now is None:
            return []
        before = state.at.get(high)
        state.at[high] = now
        self._touch(binding, port, high)
        if self.takeover and binding.takeover != JUMP:
            whole = before is not None and binding.mode == FINE and leaps(round(before * TOP), round(now * TOP), 0.0)
            button = binding.mode != FINE and control.kind == "cc" and state.habit(control).ends_only
            if (jumped and binding.mode != FINE) or whole or button:
                return []
        is_at = self._values[binding.action.name]
        return self._put(binding, reached(binding, before, now, is_at) if self.takeover else binding.value(now))

    def _set(self, binding: Binding, port: str, control: Control, value: int) -> list[Command]:
        """A press that puts a value somewhere."""
        self._touch(binding, port, control)
        return self._put(binding, struck(binding, value, self._values[binding.action.name]))

    def _put(self, binding: Binding, value: float) -> list[Command]:
        if value == self._values[binding.action.name]:
            return []
        self._values[binding.action.name] = value
        return [binding.action.make(value)]

    def _nudge(self, binding: Binding, port: str, control: Control, by: float) -> list[Command]:
        """A relative move, which the engine adds to wherever the value is by then; its range's direction counts."""
        name = binding.action.name
        self._ports[port].at.pop(control, None)
        self._touch(binding, port, control)
        by = by if binding.span[0] < binding.span[1] else -by
        self._values[name] = min(1.0, max(0.0, self._values[name] + by))
        return [Nudge(name, by)] if by else []

    def _touch(self, binding: Binding, port: str, control: Control) -> None:
        if self._touched.get(binding.action.name) != (port, control):
            self._touched[binding.action.name] = (port, control)
            self._relabel()

    # ------------------------------------------------------------ learning

    def learn(self, name: str, add: bool) -> None:
        """Have the next control that a hand moves move an action; until then nothing that comes in moves anything.

        Args:
            name: the action's.
            add: the controls that the action is under already stay under it, otherwise they move nothing any more.

        Raises:
            MidiError: if nothing is called that.
        """
        self.teacher.lesson = Lesson(action_of(name, "learn"), add)

    def _study(self, port: str, state: Port, control: Control, value: int) -> None:
        """A message while a control is being learned."""
        said, learned = self.teacher.take(port, state, control, value)
        self._told += [f"{self.called(port)}: {text}" for text in said]
        if learned:
            self._taught(kind_of(port))

    def describe(self, port: str, message: Any) -> str:
        """A message that was fed, in a performer's words: ``cc16 ch1 = 64 -> prompt 1``."""
        state, found = self._port(port), read_message(message)
        if found is not None and state.shift is not None and state.shift.is_hold(found[0]):
            return f"{plain(found[0])} = {found[1]} -> second layer"
        if message.type == "note_on" and self.plays_harmony(port, message.channel + 1):
            return f"note{message.note} ch{message.channel + 1} = {message.velocity} -> harmony"
        return describe(state, message, self.pickups())


def mapping_of(source: str, controller: str, overrides: Table[str, object], takeover: bool = True) -> Mapping:
    """The mapping a preset asks for, checked.

    Args:
        source: the preset, for the message.
        controller: the profile's name.
        overrides, takeover: as `Mapping` takes them.

    Raises:
        MidiError: names the preset and what is wrong in its [midi] table.
    """
    try:
        return Mapping(load_profile(controller), overrides, takeover)
    except MidiError as error:
        raise MidiError(f"{source}: {error.message}", error.hint) from error
