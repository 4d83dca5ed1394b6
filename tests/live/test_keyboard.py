"""A keyboard on a real MIDI port: chosen on the screen, held as harmony, named, and knobs in another bank beside it."""

from __future__ import annotations

from collections.abc import Callable

from engine.processes.layout import inputs_file
from engine.protocol import PlayHarmony, RenamePort, SwitchBank
from tests.live.conftest import PRESET, Show
from tests.live.jack import Server, controller, lasting_server, pytestmark, sent_until
from tests.midi.messages import cc, note, off

__all__ = ["lasting_server", "pytestmark"]

A_MINOR_SEVEN = (45, 60, 64, 67)


def test_held_keys_are_heard_as_harmony_by_a_set_that_plays(lasting_server: Server, show: Callable[..., Show]) -> None:
    one = show(minutes=2, text=PRESET)
    one.wait_playing()
    keys = controller("controller")
    (port,) = one.wait(lambda s: any("knobs" in port for port in s.midi.ports), "the port").midi.ports
    one.wait_on(0.5)
    one.client.send(PlayHarmony(port))
    one.client.send(RenamePort(port, "organ"))
    shown = one.wait(lambda s: s.midi.keyboards == (port,) and s.midi.called(port) == "organ", "the choice and the name")
    assert "its notes are harmony" in shown.midi.taken[0]

    def hold() -> None:
        for number in A_MINOR_SEVEN:
            keys.send(note(number))

    sent_until(hold, lambda: one.now().chord == "Am7")
    one.client.send(SwitchBank())
    one.wait(lambda s: s.midi.upper and any("prompts 9 to 16" in n.text for n in s.notices), "the other bank")
    sent_until(lambda: keys.send(cc(16, 100)), lambda: "cc16" in one.now().midi.last)
    assert one.now().midi.last.startswith(f"{port}: "), "who it is stays known"

    def let_go() -> None:
        for number in A_MINOR_SEVEN:
            keys.send(off(number))

    sent_until(let_go, lambda: one.now().chord == "")
    assert "organ" in inputs_file().read_text(encoding="utf-8")
    assert one.status()["silent_frames"] == 0
    keys.close()
