"""A virtual controller on real MIDI ports: its lights follow the set, and all come again when it does."""

from __future__ import annotations

import mido

from engine.midi.devices.system import BACKEND
from engine.midi.feedback.lights import LAST
from engine.protocol import SetStem, SetWeight
from tests.live.conftest import ON_TONES, Lasting, Show
from tests.live.jack import Server, lasting_server, pytestmark
from tests.support.waiting import wait_until

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

    def shows(self, channel: int, number: int, value: int) -> None:
        wait_until(lambda: self.lamps.get((channel - 1, number)) == value, f"cc{number} ch{channel} = {value} in {self.lamps}")

    def close(self) -> None:
        self.lights.close()  # first: what still comes is echoed
        self.moves.close()


def test_lights_follow_the_set_come_again_and_go_out_at_its_end(lasting_server: Server, lasting: Lasting, one: Show) -> None:
    twister = Twister()
    twister.shows(2, 0, 50)
    one.client.send(SetStem("drums", muted=True))
    twister.shows(2, 12, 85)
    one.client.send(SetStem("drums", muted=False))
    twister.shows(2, 12, 0)
    one.client.send(SetWeight(0, 0.25))
    twister.shows(1, 0, round(0.25 * LAST))
    shown = one.wait_on(1.0)
    assert abs(shown.prompts[0].weight - 0.25) < 0.001 and not shown.stems[0].muted, "its echoes moved nothing"
    twister.close()
    one.wait(lambda s: s.midi.ports == (), "the port to vanish")
    again = Twister()
    again.shows(1, 0, round(0.25 * LAST))
    again.shows(2, 0, 50)
    again.shows(2, 12, 0)
    again.shows(2, 2, 0)
    lasting.end()
    again.shows(2, 0, 0)
    again.shows(1, 0, 0)
    again.close()
