"""A virtual controller on real MIDI ports: its lights follow the set, and all come again when it does."""

from __future__ import annotations

import mido

from engine.midi.devices.system import BACKEND
from engine.midi.feedback.lights import LAST
from engine.protocol import SetStem, SetWeight
from tests.live.conftest import ON_TONES, Lasting, Show
from tests.live.jack import PATIENCE_S, Server, lasting_server, pytestmark, sent_until
from tests.support.waiting import comes_true, wait_until

__all__ = ["lasting_server", "pytestmark"]

LASTING = ON_TONES + '\n[midi]\ncontroller = "midi_fighter_twister"\n'


class Twister:
    """Its two ports, and what its lights were sent: the last value of each (kind, channel, number)."""

    def __init__(self) -> None:
        system = mido.Backend(f"{BACKEND}/UNIX_JACK")
        self.lamps: dict[tuple[int, int], int] = {}
        self.moves = system.open_output("MIDI 1", virtual=True, client_name="twister (capture)")
        self.lights = system.open_input("MIDI 1", virtual=True, client_name="twister (playback)", callback=self.hear)

    def hear(self, message: mido.Message) -> None:
        if message.type == "control_change":
            self.lamps[message.channel, message.control] = message.value
            self.moves.send(message)  # it echoes everything

    def shows(self, *lamps: tuple[int, int, int]) -> bool:
        """Whether lamps, each a channel from 1, a number and a value, are as they should be."""
        return all(self.lamps.get((channel - 1, number)) == value for channel, number, value in lamps)

    def close(self) -> None:
        self.lights.close()  # first: what still comes is echoed
        self.moves.close()


def test_lights_follow_the_set_come_again_and_go_out_at_its_end(lasting_server: Server, lasting: Lasting, one: Show) -> None:
    twister = Twister()
    plugged = [twister]

    def plug() -> None:
        plugged.pop().close()
        one.wait(lambda s: s.midi.ports == (), "the port to vanish")
        plugged.append(Twister())

    def mute(on: bool) -> None:
        one.client.send(SetStem("drums", muted=not on))
        one.wait(lambda s: s.stems[0].muted is not on, "the other way")
        one.client.send(SetStem("drums", muted=on))

    def weigh() -> None:
        one.client.send(SetWeight(0, 0.75))
        one.wait(lambda s: abs(s.prompts[0].weight - 0.75) < 0.001, "another weight")
        one.client.send(SetWeight(0, 0.25))

    if not comes_true(lambda: twister.shows((2, 0, 50)), PATIENCE_S):
        sent_until(plug, lambda: plugged[0].shows((2, 0, 50)))
    twister = plugged[0]
    for on, value in ((True, 85), (False, 0)):
        sent_until(lambda on=on: mute(on), lambda value=value: twister.shows((2, 12, value)))  # type: ignore[misc]
    sent_until(weigh, lambda: twister.shows((1, 0, round(0.25 * LAST))))
    shown = one.wait_on(1.0)
    assert abs(shown.prompts[0].weight - 0.25) < 0.001 and not shown.stems[0].muted, "its echoes moved nothing"
    sent_until(plug, lambda: plugged[0].shows((1, 0, round(0.25 * LAST)), (2, 0, 50), (2, 12, 0), (2, 2, 0)))
    lasting.end()
    wait_until(lambda: plugged[0].shows((2, 0, 0), (1, 0, 0)), "the lights to go out")
    plugged[0].close()
