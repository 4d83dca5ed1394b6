"""The lights of every open controller: which output belongs to which input, a writer for each, and what they should show."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from engine.errors import MidiError
from engine.midi.devices.system import MidiOutputs, find_system
from engine.midi.feedback.echo import Echoes
from engine.midi.feedback.lights import Image, Lights, image
from engine.midi.feedback.states import DARK, Rhythm, moved, shown
from engine.midi.feedback.writer import LEAVE_S, Writer
from engine.midi.names import InputName, input_names, output_of
from engine.midi.profiles import Control
from engine.protocol import Snapshot

log = logging.getLogger(__name__)

SCAN_S: Final = 0.5
"""Seconds between two looks at the outputs."""

BLINK_S: Final[dict[Rhythm, float]] = {"slow": 0.5, "fast": 0.125}
"""Seconds that a blinking light is bright, and then dark."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a port's lights belong to: the controller's lights, and the name of the action that each control moves."""

    lights: Lights
    actions: Mapping[Control, str]


def lit(at: float) -> dict[Rhythm, bool]:
    """Which blinking lights are bright at a time in seconds."""
    return {rhythm: int(at / length) % 2 == 0 for rhythm, length in BLINK_S.items()}


class LightsOutput:
    """`start`, then `plug` and `offer` from the thread that decides, which never waits; `stop` at the end.

    Args:
        find: finds the MIDI system.
        clock: the time in seconds; it never goes back.
    """

    def __init__(self, find: Callable[[], MidiOutputs | None] = find_system, clock: Callable[[], float] = time.monotonic) -> None:
        self._find, self._clock = find, clock
        self._system: MidiOutputs | None = None
        self._echoes = Echoes()
        self._plans: Mapping[str, Plan] = {}
        self._latest: Snapshot | None = None
        self._chosen: int | None = None
        self._writers: dict[str, tuple[Writer, InputName]] = {}
        self._scan_at = float("-inf")
        self._news, self._stopped = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None

    # ------------------------------------------------------------ from other threads

    @property
    def wants(self) -> bool:
        """Whether any port has lights to show something on."""
        return bool(self._plans)

    def plug(self, plans: Mapping[str, Plan]) -> None:
        """These inputs are open; those without lights count for nothing."""
        plans = {port: plan for port, plan in plans.items() if plan.lights}
        if plans != self._plans:
            self._plans = plans
            self._scan_at = float("-inf")
            self._news.set()

    def offer(self, latest: Snapshot) -> None:
        """Show this from now on."""
        self._chosen = moved(self._latest, latest, self._chosen)
        self._latest = latest
        self._news.set()

    def passes(self, port: str, data: bytes, at: float) -> bool:
        """Whether a message that came is a hand's, and not what was just sent. A new bank has everything sent again."""
        if self._echoes.is_echo(port, data, at):
            return False
        plan, found = self._plans.get(port), self._writers.get(port)
        if plan is not None and found is not None and data.startswith(plan.lights.bank or (b"\0",)):
            found[0].again()
        return True

    def start(self) -> None:
        """Begin, on a thread of its own."""
        self._thread = threading.Thread(target=self._run, name="lights", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Turn all lights off and leave special modes; a system that hangs is left behind."""
        self._stopped.set()
        self._news.set()
        if self._thread is not None:
            self._thread.join(2 * LEAVE_S)

    # ------------------------------------------------------------ the thread

    def _run(self) -> None:
        while not self._stopped.is_set():
            self._news.wait(min(BLINK_S.values()) / 2)
            self._news.clear()
            try:
                self.turn()
            except Exception:  # lights must not end the thread that shows them
                log.exception("the lights were not shown")
        self.leave()

    def turn(self) -> None:
        """Look at the outputs if it is time, and have every writer show the latest."""
        now = self._clock()
        if now >= self._scan_at:
            self._scan_at = now + SCAN_S
            self._scan()
        latest = self._latest
        if latest is None or not self._writers:
            return
        looks, bright = shown(latest, self._chosen), lit(now)
        for port, (writer, _) in list(self._writers.items()):
            if (plan := self._plans.get(port)) is not None:
                writer.want(image(plan.lights, plan.actions, looks, bright))

    def _scan(self) -> None:
        """Have a writer for every input whose output is there."""
        plans = self._plans
        if not plans and not self._writers:
            return
        outputs = self._outputs()
        for port, (writer, output) in list(self._writers.items()):
            gone = output not in outputs
            if gone or writer.failed or port not in plans or writer.difference.lights != plans[port].lights:
                del self._writers[port]
                writer.close(leave=not gone)
                self._echoes.forget(port)
        for port, plan in plans.items():
            if port not in self._writers and (found := output_of(port, outputs)) is not None:
                self._open(port, plan, found)

    def _outputs(self) -> list[InputName]:
        try:
            if self._system is None:
                self._system = self._find()
            return input_names(self._system.outputs()) if self._system else []
        except (OSError, MidiError):
            self._system = None
            return []

    def _open(self, port: str, plan: Plan, output: InputName) -> None:
        if self._system is None:
            return
        try:
            opened = self._system.open_output(output.system, output.place)
        except Exception as error:  # noqa: BLE001  # a port that cannot be opened has no lights, and costs no others theirs
            log.warning("the lights of %s: %s", port, error)
            return

        image_of_none = dark(plan)
        values = tuple(f"{kind.name} " for kind in plan.lights.kinds if kind.value)
        releases = {data for name, data in image_of_none.items() if not name.startswith(values) and data[-1] == 0}

        def sending(data: bytes) -> None:
            # A light that goes off is sent what its button sends as a hand lets go. An echo of that presses nothing, but a
            # release taken for an echo would cost the next press.
            if data not in releases:
                self._echoes.sent(port, data, self._clock())

        self._writers[port] = Writer(opened, plan.lights, sending, image_of_none, self._clock), output

    def leave(self) -> None:
        """Leave every port as it was found."""
        closing = [threading.Thread(target=writer.close, daemon=True) for writer, _ in self._writers.values()]
        for each in closing:
            each.start()
        for each in closing:
            each.join(LEAVE_S)
        self._writers.clear()


def dark(plan: Plan) -> Image:
    """The image of a controller that shows nothing."""
    return image(plan.lights, plan.actions, dict.fromkeys(plan.actions.values(), DARK), {"slow": False, "fast": False})
