"""Floods stay small, and no note is lost."""

from __future__ import annotations

import time

import pytest

from engine.midi.mailbox import KEEP, Mailbox
from engine.midi.mapping import message_of
from engine.protocol import SetWeight, TogglePlay
from tests.midi.messages import cc, generic, note


def test_flood_becomes_at_most_three_changes_a_knob_and_one_wake() -> None:
    woken: list[int] = []
    mailbox = Mailbox(lambda: woken.append(1))
    for n in range(10_000):
        mailbox.put("p", bytes(cc(16 + n % 8, n // 79).bytes()))
    post = mailbox.take()
    assert (post.arrived, post.dropped, len(woken)) == (10_000, 0, 1)
    assert 8 <= len(post.messages) <= 24
    mapper = generic()
    commands = [c for port, data in post.messages for c in mapper.feed(port, message_of(data))]
    last = {command.slot: command for command in commands if isinstance(command, SetWeight)}
    assert [last[n] for n in range(8)] == [SetWeight(n, (9_992 + n) // 79 / 126 - 1 / 126) for n in range(8)]
    mailbox.put("p", bytes(cc(16, 3).bytes()))
    assert len(woken) == 2 and mailbox.take().arrived == 1


@pytest.mark.parametrize("end", [127, 96, 40, 0])
def test_sweep_between_fetches_picks_up_a_passed_value(end: int) -> None:
    mailbox, mapper = Mailbox(lambda: None), generic()
    mapper.sync({"prompt 1": 0.5})
    for value in (*range(128), *range(127, end - 1, -1)):
        mailbox.put("p", bytes(cc(16, value).bytes()))
    commands = [c for port, data in mailbox.take().messages for c in mapper.feed(port, message_of(data))]
    assert commands
    assert isinstance(commands[-1], SetWeight)
    assert commands[-1].value == pytest.approx(end / 127, abs=0.01)


def test_flood_is_taken_in_faster_than_it_arrives() -> None:
    mailbox = Mailbox(lambda: None)
    flood = [bytes(cc(n % 120, n % 128, 1 + n % 16).bytes()) for n in range(10_000)]
    started = time.perf_counter()
    for data in flood:
        mailbox.put("p", data)
    mapper = generic()
    for port, data in mailbox.take().messages:
        mapper.feed(port, message_of(data))
    assert time.perf_counter() - started < 1.0, "a second's worth of messages takes less than a second"


def test_notes_among_a_flood_all_arrive_in_order() -> None:
    mailbox = Mailbox(lambda: None)
    sent = []
    for n in range(10_000):
        mailbox.put("p", bytes(cc(16, n % 128).bytes()))
        if n % 10 == 0:
            sent.append(bytes(note(n // 10 % 128, 1 + n % 127).bytes()))
            mailbox.put("p", sent[-1])
    post = mailbox.take()
    assert [data for _, data in post.messages if data[0] == 0x90] == sent
    assert post.dropped == 0


def test_overflow_is_dropped_and_counted() -> None:
    mailbox = Mailbox(lambda: None)
    for n in range(KEEP + 7):
        mailbox.put("p", bytes(note(n % 128).bytes()))
    post = mailbox.take()
    assert (len(post.messages), post.dropped) == (KEEP, 7)
    mailbox.put("p", bytes(note(36).bytes()))
    assert mailbox.take().dropped == 0, "a fetch makes room again"


def test_encoders_and_buttons_are_kept_one_by_one() -> None:
    mapper = generic(cc20={"to": "prompt 1", "mode": "twos-complement"}, cc46="play/stop", ch3_cc47="hold")
    mailbox = Mailbox(lambda: None)
    mailbox.expect("p", mapper.queued("p"))
    for raw in (1, 1, 1, 127):
        mailbox.put("p", bytes(cc(20, raw).bytes()))
    for raw in (127, 0, 127, 0):
        mailbox.put("p", bytes(cc(46, raw).bytes()))
        mailbox.put("p", bytes(cc(47, raw, channel=3).bytes()))
        mailbox.put("p", bytes(cc(47, raw, channel=4).bytes()))
    post = mailbox.take()
    commands = [c for port, data in post.messages for c in mapper.feed(port, message_of(data))]
    assert commands.count(TogglePlay()) == 2
    assert [c.value for c in commands if isinstance(c, SetWeight)] == pytest.approx([0.01, 0.02, 0.03, 0.02])
    assert sum(data[0] == 0xB3 for _, data in post.messages) == 2, "the other channel's cc47 is a knob: its ends alone"


def test_knob_bank_is_known_by_the_order_of_last_messages() -> None:
    mailbox, mapper = Mailbox(lambda: None), generic()
    for number, raw in ((71, 5), (70, 5), (71, 127)):
        mailbox.put("p", bytes(cc(number, raw).bytes()))
    commands = [c for port, data in mailbox.take().messages for c in mapper.feed(port, message_of(data))]
    assert SetWeight(1, 1.0) in commands
