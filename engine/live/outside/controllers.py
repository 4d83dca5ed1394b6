"""MIDI controllers while a set plays: what they send, were taught and are called, their lights, and how the screen sees them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from engine import protocol as p
from engine.live.outside.learning import Learning
from engine.live.outside.lights import plans_of
from engine.live.outside.naming import Naming
from engine.midi.devices.outputs import LightsOutput
from engine.midi.devices.ports import MidiInput
from engine.midi.mapping import Mapping
from engine.processes.layout import inputs_file, learned_folder
from engine.session.later import Later


class Controllers:
    """The mapping, the inputs and lights of all controllers, and what performers said about them.

    Args:
        mapping: from messages to commands.
        arrived: is called, from any thread, once there is something to `take`.
        tell: a level and a sentence for the performer.
        later: makes what does work of a given name on a thread of its own.
    """

    def __init__(
        self, mapping: Mapping, arrived: Callable[[], None], tell: Callable[[str, str], None], later: Callable[[str], Later]
    ) -> None:
        self.mapping = mapping
        self.lights = LightsOutput()
        self._input = MidiInput(mapping, arrived, passes=self.lights.passes)
        self._learning = Learning(mapping, learned_folder(), later("learned"), tell)
        self._naming = Naming(mapping, inputs_file(), later("names"), tell)
        self._tell = tell
        self._view = p.MidiView()
        self._layers = 0

    @property
    def waiting(self) -> bool:
        """Whether there is something to `take` though nothing arrives."""
        return self._input.waiting

    @property
    def presses_wait(self) -> bool:
        """Whether a press waits for a few milliseconds, and not for a finger to let go."""
        return self.mapping.presses_wait

    @property
    def view(self) -> p.MidiView:
        """What the screen shows of them."""
        return replace(self._view, learning=self._learning.waits_for)

    def start(self) -> None:
        """Look for ports, on threads of their own."""
        self._input.start()
        self.lights.start()

    def stop_listening(self) -> None:
        """Close the inputs."""
        self._input.stop()

    def plug(self) -> None:
        """The lights belong to what is open now, and to what it moves."""
        self.lights.plug(plans_of(self.mapping, self._view.ports))

    def take(self, do: Callable[[p.Command], None]) -> bool:
        """Carry out what has come in since the last call. Returns whether a light has something else to show now.

        Args:
            do: carries out a command.
        """
        batch = self._input.drain()
        for command in batch.commands:
            do(command)
        for notice in batch.notices:
            self._tell("info", notice)
        self._learning.keep()
        lasts = dict(self._view.lasts)
        lasts.update({port: batch.last.removeprefix(f"{port}: ") for port in batch.ports if batch.last.startswith(f"{port}: ")})
        self._view = p.MidiView(
            batch.ports,
            self._view.messages + batch.messages_count,
            batch.last or self._view.last,
            batch.ignored,
            taken=tuple(self.mapping.greeting(port) for port in batch.ports),
            lasts=tuple((port, last) for port, last in lasts.items() if port in batch.ports),
            keyboards=batch.keyboards,
            upper=self.mapping.upper,
            names=self._naming.shown,
        )
        if self.mapping.layers != self._layers:  # their lights show at once what a bank or a second layer has
            self._layers = self.mapping.layers
            self.plug()
        return bool(batch.commands) and self.lights.wants

    def command(self, command: p.ControllerCommand) -> None:
        """Do what the screen asks of them; `take` shows it."""
        match command:
            case p.IgnorePort(port, on):
                self._input.ignore(port, on)
            case p.RenamePort(port, name):
                self._naming.rename(port, name)
            case p.PlayHarmony(port, on):
                self.mapping.use_as_keyboard(port, on)
            case p.SwitchBank():
                self.mapping.switch_bank()
            case p.Learn() | p.StopLearning() | p.UndoLearning():
                self._learning.command(command)
