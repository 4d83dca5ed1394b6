"""A controller on a real MIDI port steers a set in real processes; a flood of messages makes nothing late."""

from __future__ import annotations

from collections.abc import Callable

import mido

from engine.protocol import Learn, Snapshot, UndoLearning
from tests.live.conftest import ON_TONES, Show
from tests.live.jack import Server, controller, lasting_server, pytestmark, sent_until
from tests.midi.messages import cc, note

__all__ = ["lasting_server", "pytestmark"]

FLOOD = 30_000
LASTING = ON_TONES + "\n[midi]\nnotes = true\n"


def plug(one: Show) -> mido.ports.BaseOutput:
    """A controller whose first messages, which move nothing, are over."""
    knobs = controller("controller")
    one.wait(lambda s: any("knobs" in port for port in s.midi.ports), "the port")
    one.wait_on(0.5)
    return knobs


def sweep(one: Show, knobs: mido.ports.BaseOutput, control: int, end: int, moved: Callable[[Snapshot], bool]) -> Snapshot:
    """Turn a knob through its whole range, so that it takes hold, and leave it somewhere; what is shown then."""

    def turn() -> None:
        for value in (*range(0, 128), *range(127, end - 1, -1)):
            knobs.send(cc(control, value))

    sent_until(turn, lambda: moved(one.now()))
    return one.now()


def test_controller_steers_comes_and_goes(lasting_server: Server, one: Show) -> None:
    knobs = plug(one)
    shown = sweep(one, knobs, 17, 96, lambda s: abs(s.prompts[1].weight - 0.75) < 0.02)
    assert shown.prompts[1].control == "cc17"
    sweep(one, knobs, 74, 32, lambda s: abs(s.macros[0].value - 0.25) < 0.02)
    sent_until(lambda: knobs.send(note(40)), lambda: one.now().hold)
    shown = one.now()
    assert any(notice.text == "controller:knobs: note40 ch1 -> hold" for notice in shown.notices), "who did it is said"
    knobs.close()
    one.wait(lambda s: s.midi.ports == (), "the port to vanish")
    assert one.wait(lambda s: s.state == "playing", "music").hold
    again = controller("controller")
    one.wait(lambda s: any("knobs" in port for port in s.midi.ports), "the port again")
    again.close()
    one.wait(lambda s: s.midi.ports == (), "the port to vanish again")


def test_flood_makes_nothing_late(lasting_server: Server, one: Show) -> None:
    knobs = plug(one)
    before, silent = one.now(), one.status()["silent_frames"]
    for n in range(FLOOD):
        knobs.send(cc(16 + n % 8, n % 128))
    after = one.wait(lambda s: s.midi.messages > before.midi.messages and s.elapsed_s > before.elapsed_s + 3, "time going on")
    sent_until(lambda: knobs.send(note(40)), lambda: one.now().hold)  # a command after the flood
    assert one.status()["silent_frames"] == silent
    assert after.ladder_hold == before.ladder_hold
    knobs.close()


def test_unknown_controller_is_taught_while_the_set_plays_and_knows_it_the_next_time(
    lasting_server: Server, show: Callable[..., Show]
) -> None:
    first = show()
    knobs = plug(first)
    first.client.send(Learn("macro drive"))
    first.wait(lambda s: s.midi.learning == "macro drive", "the lesson")
    sent_until(lambda: [knobs.send(cc(33, value)) for value in range(20, 80, 6)], lambda: not first.now().midi.learning)
    shown = first.now()
    assert shown.macros[3].value == 0.0, "the lesson itself moves nothing"
    first.wait(lambda s: any("cc33 ch1 moves macro drive now" in n.text for n in s.notices), "the word of it")
    sweep(first, knobs, 33, 96, lambda s: abs(s.macros[3].value - 0.75) < 0.02)
    first.end()
    second = show()
    second.wait(lambda s: any("knobs" in port for port in s.midi.ports), "the port")
    second.wait_on(0.5)
    sweep(second, knobs, 33, 32, lambda s: abs(s.macros[3].value - 0.25) < 0.02)  # without another lesson
    second.client.send(UndoLearning())
    second.wait(lambda s: any("No control was learned" in n.text for n in s.notices), "undo knows this set's lessons alone")
    knobs.close()
