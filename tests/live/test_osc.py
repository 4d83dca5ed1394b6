"""Another program moves a set over OSC and follows its beats, over a real socket."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pythonosc.osc_message_builder import build_msg
from pythonosc.osc_packet import OscPacket

from tests.live.conftest import Show
from tests.support.waiting import LIMIT_S


@pytest.fixture
def program() -> Iterator[socket.socket]:
    """A program of its own, with a port."""
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.bind(("127.0.0.1", 0))
    made.settimeout(LIMIT_S)
    yield made
    made.close()


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def heard(program: socket.socket) -> Iterator[tuple[str, list[Any]]]:
    while True:
        for each in OscPacket(program.recv(65_535)).messages:
            yield each.message.address, list(each.message.params)


def test_a_program_steers_and_follows_a_set(show: Callable[..., Show], program: socket.socket) -> None:
    port = free_port()
    one = show(minutes=1, osc=str(port))
    one.wait_playing()

    def send(address: str, *args: Any) -> None:
        program.sendto(build_msg(address, list(args)).dgram, ("127.0.0.1", port))

    send("/liveset/macro/echo", 0.5)
    send("/liveset/hold")
    one.wait(lambda s: s.macros[1].value == 0.5 and s.hold, "both commands")
    send("/liveset/hold")
    send("/liveset/nonsense", 1)
    one.wait(lambda s: any("nothing is at /liveset/nonsense" in n.text for n in s.notices), "the word on nonsense")
    send("/liveset/subscribe")
    told: dict[str, list[Any]] = {}
    beats: list[int] = []
    for address, values in heard(program):
        told[address] = values
        if address == "/liveset/beat":
            beats.append(4 * (values[1] - 1) + values[0] - 1)
        if len(beats) == 9:
            break
    assert beats == list(range(beats[0], beats[0] + 9))
    assert told["/liveset/bpm"] == [200.0] and told["/liveset/state"] == ["playing"]
    assert told["/liveset/macro/echo"] == [0.5] and "/liveset/level/drums" in told
    assert one.status()["silent_frames"] == 0


def test_a_port_that_is_taken_costs_nothing_but_osc(show: Callable[..., Show], program: socket.socket) -> None:
    one = show(osc=str(program.getsockname()[1]))
    one.wait_playing()
    one.wait(lambda s: any("OSC cannot listen" in n.text for n in s.notices), "the word of it")
