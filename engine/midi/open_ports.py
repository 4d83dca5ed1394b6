"""The ports there are, as the mapping knows them: profiles and rules, what was learned for them, and the labels of it all."""

from __future__ import annotations

from collections.abc import Mapping as Table

from engine.actions import Action
from engine.midi.meaning.values import FINE, RELATIVE, SWITCH
from engine.midi.names import kind_of, shown
from engine.midi.port import Port
from engine.midi.profiles import FINER, GENERIC, RARE, Bindings, Control, Profile, profile_of_port
from engine.midi.rules import PortRules, fits
from engine.midi.teaching.learning import Teacher
from engine.midi.words import greeting, in_force, table_of


class OpenPorts:
    """What every open port is, and what its controls move.

    Args:
        profile: for ports whose name tells no controller, or for all ports if it is not the generic one.
        rules: what the preset says of ports.
        meant: every message is meant as it is (a file's).
    """

    def __init__(self, profile: Profile, rules: PortRules, meant: bool) -> None:
        self.profile = profile
        self.rules = rules
        self.teacher = Teacher()
        self._meant = meant
        self._ports: dict[str, Port] = {}
        self._touched: dict[str, tuple[str, Control]] = {}
        self._labels: dict[str, str] = {}
        self._requeue: set[str] = set()
        self._chosen: dict[str, bool] = {}
        self.names: dict[str, str] = {}
        """What the performer calls ports; replaced as a whole, since other threads read it."""

        self._upper = False
        self.layers = 0
        """Counts how often anything changed that controls move: their lights then show something else."""

        self._relabel()

    # ------------------------------------------------------------ ports

    def listens(self, port: str) -> bool:
        """Whether the preset lets a port count."""
        return self.rules.listens(port)

    def called(self, port: str) -> str:
        """A port's name in a line for the performer, from any thread."""
        return shown(self.names.get(port, port))

    def opened(self, port: str, at: float) -> None:
        """A port is there: its controller's labels count from now on."""
        self._port(port).opened_at = at

    def closed(self, port: str) -> None:
        """A port is gone: where its knobs stand is unknown when it comes back."""
        self._ports.pop(port, None)
        self._touched = {name: touch for name, touch in self._touched.items() if touch[0] != port}
        self._relabel()

    def _new(self, port: str) -> Port:
        rules = self.rules.of(port)
        profile = rules.profile or self.profile
        return Port(profile_of_port(port, profile), rules, self._meant, learned=self.teacher.of(port), upper=self._upper)

    def _port(self, port: str) -> Port:
        if port not in self._ports:
            self._ports[port] = self._new(port)
            self._relabel()
        return self._ports[port]

    def queued(self, port: str) -> frozenset[tuple[int | None, int]]:
        """(channel 1..16 or None, controller) of the port's controls whose every message counts: encoders, buttons, pairs.

        Changes nothing, so any thread may ask.
        """
        state = self._ports.get(port) or self._new(port)
        bindings = [b for table in state.tables for b in table.values() if b is not None]
        found = {(control.channel, control.number) for control, habit in list(state.habits.items()) if habit.dialect is not None}
        if state.shift is not None and state.shift.hold.kind == "cc":
            found.add((state.shift.hold.channel, state.shift.hold.number))
        for b in bindings:
            if b.control.kind == "cc" and (b.action.kind != "position" or b.mode in (*RELATIVE, FINE, SWITCH)):
                found.add((b.control.channel, b.control.number + FINER * b.low))
        return frozenset(found)

    def requeued(self) -> set[str]:
        """Ports whose `queued` changed since the last call."""
        found, self._requeue = self._requeue, set()
        return found

    def plays_harmony(self, port: str, channel: int | None = None) -> bool:
        """Whether a port's notes are harmony: as the performer has chosen, else as the preset says; a file is any port.

        Args:
            channel: 1..16; None asks for any of the port's.
        """
        if port in self._chosen:
            return self._chosen[port]
        keys = self.rules.harmony
        if keys is None or not (self._meant or fits(port, keys.port)):
            return False
        return channel is None or keys.channel in (None, channel)

    @property
    def upper(self) -> bool:
        """Whether the controllers move prompts 9 to 16."""
        return self._upper

    def switch_bank(self) -> None:
        """Have what moves prompts 1 to 8, on every port, move 9 to 16, or the other way round."""
        self._upper = not self._upper
        for state in self._ports.values():
            state.upper = self._upper
        self._layered()

    def _layered(self) -> None:
        """Controls move other things from now on: what one moved that was touched it moves no more."""
        self._touched = {
            name: (port, control)
            for name, (port, control) in self._touched.items()
            if (binding := self._ports[port].binding(control)) is not None and binding.action.name == name
        }
        self._relabel()

    def greeting(self, port: str) -> str:
        """What a port is taken for, and what its notes will do."""
        return greeting(self._ports.get(port) or self._new(port), harmony=self.plays_harmony(port))

    def in_force(self, port: str) -> list[tuple[str, Action]]:
        """Every control of a port that moves something, in order, then the second row of knobs, marked with a star."""
        return in_force(self._ports.get(port) or self._new(port))

    def bindings(self, port: str) -> Bindings:
        """What every control of a port moves, as one table."""
        return table_of(self._ports.get(port) or self._new(port))

    def taught(self, port: str) -> Bindings:
        """What a port's controls were taught, as far as the preset leaves it to them."""
        state = self._ports.get(port) or self._new(port)
        fixed = state.rules.bindings
        return {
            control: binding
            for control, binding in state.learned.items()
            if control not in fixed and Control(control.kind, control.number) not in fixed
        }

    def profile_of(self, port: str) -> Profile:
        """The profile that a port has now."""
        return (self._ports.get(port) or self._new(port)).profile

    def change_over(self, other: OpenPorts) -> None:
        """Take over the controller and the rules of another mapping; what is known of the ports, and was taught, stays."""
        self.profile, self.rules = other.profile, other.rules
        for port, state in self._ports.items():
            fresh = self._new(port)
            found_out = fresh.profile.name == GENERIC and state.modes.found  # what it sends says more than its name
            state.rules, state.profile = fresh.rules, state.profile if found_out else fresh.profile
            self._requeue.add(port)
        self._layered()

    # ------------------------------------------------------------ labels

    def labels(self) -> dict[str, str]:
        """For each action under a control: that control, such as ``cc16``; the one touched last where there are several."""
        return dict(self._labels)

    def _relabel(self) -> None:
        self._labels, states = {}, list(self._ports.values()) or [self._new("")]
        self.layers += 1
        tables = [[state.binding(key) for key in state.profile.controls] for state in states]
        tables += [[state.in_bank(b) for b in state.profile.bank.values()] for state in states if state.banked]
        tables += [[state.binding(key) for key in state.learned] for state in states]
        tables += [[state.binding(key) for key in state.rules.bindings] for state in states]
        tables += [[state.binding(key) for key in state.shift.bindings] for state in states if state.shift and state.shifted]
        for table in tables:
            for binding in reversed(table):
                if binding is not None:
                    self._labels[binding.action.name] = str(binding.control)
        for name, (_, control) in self._touched.items():
            self._labels[name] = str(Control(control.kind, control.number))

    # ------------------------------------------------------------ learning

    def undo_learning(self) -> str | None:
        """Take back what was learned last. Returns the kind of port it was about; None if nothing was learned."""
        if (kind := self.teacher.undo()) is not None:
            self._taught(kind)
        return kind

    def remember(self, learned: Table[str, Bindings]) -> None:
        """Take over what controllers were taught before, by the name that the inputs of a kind share."""
        self.teacher.tables.update(learned)
        for kind in learned:
            self._taught(kind)

    def _taught(self, kind: str) -> None:
        """What a kind of port has learned is another from now on."""
        for port, state in self._ports.items():
            if kind_of(port) == kind:
                state.learned = self.teacher.of(port)
                self._requeue.add(port)
        self._touched = {name: touch for name, touch in self._touched.items() if kind_of(touch[0]) != kind}
        self._relabel()

    def kinds(self) -> frozenset[str]:
        """The kinds of controls that count beside controllers, notes and pitch bends: all while a control is being learned."""
        if self.teacher.lesson is not None:
            return frozenset(RARE)
        states = self._ports.values()
        tables = [table for state in states for table in state.tables]
        return frozenset(key.kind for table in tables for key in table) & frozenset(RARE)
