"""An OSC server over real sockets of this machine: commands in, what the set does out, and whatever else is sent."""

from __future__ import annotations

import random
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from pythonosc.osc_bundle_builder import IMMEDIATELY, OscBundleBuilder
from pythonosc.osc_message_builder import build_msg
from pythonosc.osc_packet import OscPacket

from engine.errors import OscError
from engine.osc.outgoing import TABLE, changed, values_of, whole
from engine.osc.server import KEEP, MOST_SUBSCRIBERS, SUBSCRIBED_S, OscServer
from engine.osc.where import Where
from engine.protocol import Command, NextNow, ScenesView, SetMacro, SetWeight, Snapshot
from tests.support.waiting import LIMIT_S, wait_until
from tests.ui.fake_link import live

WALL = 2_050_000_000.0
"""The time of day, in seconds since 1970, at which a server's clock is at 0: one to come, which the reader leaves as it is."""


class Served:
    """A server, and a program that sends to it."""

    def __init__(self, **where: Any) -> None:
        self.woken = threading.Event()
        self.now = 0.0
        self.server = OscServer(Where(port=0, **where), self.woken.set, lambda: self.now, lambda: WALL + self.now)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(LIMIT_S)
        self.commands: list[Command] = []
        self.notices: list[str] = []

    def send(self, address: str, *args: Any) -> None:
        self.raw(build_msg(address, list(args)).dgram)

    def raw(self, data: bytes) -> None:
        self.socket.sendto(data, ("127.0.0.1", self.server.port))

    def until(self, count: int) -> list[Command]:
        """The commands, once there are so many."""

        def there() -> bool:
            commands, notices = self.server.drain()
            self.commands += commands
            self.notices += notices
            return len(self.commands) >= count

        wait_until(there, f"{count} commands")
        return self.commands

    def stamped(self, until: str) -> float:
        """The time, by a server's clock, of the bundle that an address came in."""
        while True:
            for each in OscPacket(self.socket.recv(65_535)).messages:
                if each.message.address == until:
                    return float(each.time) - WALL

    def received(self, until: str) -> dict[str, list[Any]]:
        """What came, up to an address."""
        found: dict[str, list[Any]] = {}
        while until not in found:
            for each in OscPacket(self.socket.recv(65_535)).messages:
                found[each.message.address] = list(each.message.params)
        return found


@pytest.fixture
def served() -> Iterator[Served]:
    made = Served()
    yield made
    made.server.close()
    made.socket.close()


def test_messages_and_bundles_become_commands_in_order(served: Served) -> None:
    served.send("/liveset/prompt/2", 0.25)
    bundle = OscBundleBuilder(IMMEDIATELY)
    for address, value in (("/liveset/macro/echo", 0.5), ("/liveset/next", 1)):
        bundle.add_content(build_msg(address, [value]))
    served.raw(bundle.build().dgram)
    assert served.until(3) == [SetWeight(1, 0.25), SetMacro("echo", 0.5), NextNow()]


def test_flood_of_a_fader_is_one_movement_and_presses_are_kept(served: Served) -> None:
    datagrams = [build_msg("/liveset/prompt/1", [n / 5000]).dgram for n in range(5000)]
    for data in datagrams:
        served.server.take(data, ("127.0.0.1", 1))
    for _ in range(3):
        served.server.take(build_msg("/liveset/next", []).dgram, ("127.0.0.1", 1))
    commands, _ = served.server.drain()
    assert commands == [SetWeight(0, pytest.approx(4999 / 5000)), NextNow(), NextNow(), NextNow()]  # type: ignore[arg-type]
    for _ in range(5000):
        served.server.take(build_msg("/liveset/next", []).dgram, ("127.0.0.1", 1))
    assert len(served.server.drain()[0]) == KEEP


def test_junk_moves_nothing_and_is_said_once(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    rng = random.Random(3)
    good = build_msg("/liveset/macro/echo", [0.5]).dgram
    for _ in range(1000):
        data = bytearray(good)
        for _ in range(rng.randrange(1, 5)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        cut = bytes(data[: rng.randrange(len(data))])
        junk = rng.choice((bytes(data), cut, rng.randbytes(rng.randrange(80)), b"#bundle\0" * 4))
        served.server.take(junk, ("127.0.0.1", 1))
    commands, notices = served.server.drain()
    assert all(isinstance(command, SetMacro | SetWeight) for command in commands), commands
    assert all(0.0 <= command.value <= 1.0 for command in commands if isinstance(command, SetMacro))
    assert len(notices) == 1 and len(notices[0]) <= 100
    served.now += 11.0
    served.server.take(b"junk", ("127.0.0.1", 1))
    assert len(served.server.drain()[1]) == 1
    served.send("/liveset/next")
    assert served.until(1)[-1] == NextNow()
    assert not caplog.records, "nor does it fill the log"


def test_without_the_token_nothing_is_heard() -> None:
    served = Served(token="friday")
    served.send("/liveset/next")
    served.send("/liveset/friday/prompt/1", 1.0)
    assert served.until(1) == [SetWeight(0, 1.0)]
    assert "no token" in served.notices[0]
    served.server.close()


def test_senders_that_are_not_named_are_not_heard() -> None:
    where = Where("0.0.0.0", 9000, allowed=frozenset({"10.0.0.7"}))
    assert where.hears("10.0.0.7") and where.hears("127.0.0.1") and not where.hears("10.0.0.8")


def test_port_that_is_taken_is_one_sentence(served: Served) -> None:
    with pytest.raises(OscError, match="cannot listen"):
        OscServer(Where(port=served.server.port), lambda: None)


def test_subscriber_is_told_everything_and_then_what_changes(served: Served) -> None:
    served.send("/liveset/subscribe")
    wait_until(lambda: served.server.listeners == 1, "the subscription")
    shown = live()
    served.server.offer(shown)
    values = values_of(shown)
    found = served.received(whole(list(values)[-1]))
    assert found["/liveset/section/name"] == [shown.now.name]
    assert found["/liveset/macro/filter"] == [pytest.approx(shown.macros[0].value)]
    assert found["/liveset/state"] == ["playing"]
    served.server.offer(replace(shown, hold=True, scenes=ScenesView((1,), coming=1)))
    assert served.received("/liveset/scene/coming") == {"/liveset/hold": [1], "/liveset/scene/coming": [1]}
    assert set(values) >= {"/late", "/next/deadline", "/section/energy"}
    served.send("/liveset/unsubscribe")
    wait_until(lambda: served.server.listeners == 0, "the end of it")


def test_beats_are_sent_as_they_sound(served: Served) -> None:
    served.send("/liveset/subscribe", served.socket.getsockname()[1])
    wait_until(lambda: served.server.listeners == 1, "the subscription")
    served.server.offer(Snapshot(state="playing", bpm=120.0, elapsed_s=7.99, beats=15.98))
    served.received("/liveset/scene/coming")
    served.now += 0.02
    served.server.offer(Snapshot(state="playing", bpm=120.0, elapsed_s=8.01, beats=16.02))
    found = served.received("/liveset/beat")
    assert found["/liveset/beat"] == [1, 5, 120.0] and found["/liveset/bar"] == [5]


def test_a_beat_carries_the_time_at_which_it_sounds(served: Served) -> None:
    served.send("/liveset/subscribe", served.socket.getsockname()[1])
    wait_until(lambda: served.server.listeners == 1, "the subscription")
    served.server.offer(Snapshot(state="playing", bpm=120.0, elapsed_s=7.99, beats=15.98))
    assert served.stamped("/liveset/scene/coming") == pytest.approx(0.0, abs=1e-3)
    served.now = 0.25  # half a beat on: the sixteenth beat sounded 0.01 s after the snapshot, and is sent late
    served.server.offer(Snapshot(state="playing", bpm=120.0, elapsed_s=8.24, beats=16.48))
    assert served.stamped("/liveset/beat") == pytest.approx(0.01, abs=2e-3)


def test_who_does_not_ask_again_is_forgotten_and_there_are_only_so_many(served: Served) -> None:
    for port in range(1000, 1000 + 2 * MOST_SUBSCRIBERS):
        served.server.take(build_msg("/liveset/subscribe", [port]).dgram, ("127.0.0.1", port))
    assert served.server.listeners == MOST_SUBSCRIBERS
    served.now += SUBSCRIBED_S + 1
    served.server.offer(live())
    wait_until(lambda: served.server.listeners == 0, "nobody")
    served.server.take(build_msg("/liveset/subscribe", ["x"]).dgram, ("127.0.0.1", 5))
    assert "takes a port" in served.server.drain()[1][0]


def test_everything_that_is_sent_stands_in_the_table() -> None:
    patterns = {address.replace("/N", "/1").replace("/NAME", "/drums") for address in TABLE}
    families = ("/macro", "/stem", "/mute", "/level", "/take", "/lock")
    for address in values_of(live()):
        kind = address.rsplit("/", 1)[0] if address.rsplit("/", 1)[0] in families else ""
        tidy = f"{kind}/NAME" if kind else address
        assert tidy in TABLE or address in patterns or address.startswith("/prompt/"), address


def test_only_what_is_another_is_sent() -> None:
    assert changed({"/a": 1, "/b": 2}, {"/a": 1, "/b": 3, "/c": 0}) == {"/b": 3, "/c": 0}
