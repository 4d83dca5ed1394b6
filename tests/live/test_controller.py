"""A controller on a real MIDI port steers a set in real processes; a flood of messages makes nothing late."""

from __future__ import annotations

from collections.abc import Callable

import mido

from engine.processes.latest import STATUS, SharedBlock
from engine.processes.layout import STATUS_FILE
from tests.live.conftest import PRESET, Show
from tests.live.jack import Server, controller, pytestmark, server
from tests.midi.messages import cc, note

__all__ = ["pytestmark", "server"]

FLOOD = 30_000
MAPPED = PRESET + "\n[midi]\nnotes = true\n"


def plug(one: Show) -> mido.ports.BaseOutput:
    """A controller whose first messages, which move nothing, are over."""
    knobs = controller("controller")
    shown = one.wait(lambda s: any("knobs" in port for port in s.midi.ports), "the port")
    one.wait(lambda s: s.elapsed_s > shown.elapsed_s + 0.5, "the port to settle")
    return knobs


def sweep(knobs: mido.ports.BaseOutput, control: int, end: int) -> None:
    """Turn a knob through its whole range, so that it takes hold, and leave it somewhere."""
    for value in (*range(0, 128), *range(127, end - 1, -1)):
        knobs.send(cc(control, value))


def test_controller_steers_comes_and_goes(server: Server, show: Callable[..., Show]) -> None:
    one = show(minutes=2, text=MAPPED)
    one.wait(lambda s: s.state == "playing", "music")
    knobs = plug(one)
    sweep(knobs, 17, 96)
    shown = one.wait(lambda s: abs(s.prompts[1].weight - 0.75) < 0.02, "the weight")
    assert shown.prompts[1].control == "cc17"
    sweep(knobs, 74, 32)
    one.wait(lambda s: abs(s.macros[0].value - 0.25) < 0.02, "the filter")
    knobs.send(note(40))
    shown = one.wait(lambda s: s.hold, "hold")
    assert any(notice.text == "controller:knobs: note40 ch1 -> hold" for notice in shown.notices), "who did it is said"
    knobs.close()
    one.wait(lambda s: s.midi.ports == (), "the port to vanish")
    assert one.wait(lambda s: s.state == "playing", "music").hold
    again = controller("controller")
    one.wait(lambda s: any("knobs" in port for port in s.midi.ports), "the port again")
    again.close()


def test_flood_makes_nothing_late(server: Server, show: Callable[..., Show]) -> None:
    one = show(minutes=2, text=MAPPED)
    one.wait(lambda s: s.state == "playing" and s.elapsed_s > 1, "music")
    knobs = plug(one)
    before = one.client.snapshot()
    assert before is not None
    for n in range(FLOOD):
        knobs.send(cc(16 + n % 8, n % 128))
    after = one.wait(lambda s: s.midi.messages > before.midi.messages and s.elapsed_s > before.elapsed_s + 3, "time going on")
    knobs.send(note(40))
    one.wait(lambda s: s.hold, "a command after the flood")
    status = SharedBlock(one.engine.folder / STATUS_FILE, STATUS)
    assert status["silent_frames"] == 0
    assert after.ladder_hold == 0
    knobs.close()
