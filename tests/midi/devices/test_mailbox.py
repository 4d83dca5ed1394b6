"""Floods stay small, and no note is lost."""

from __future__ import annotations

import time

import pytest

from engine.midi.devices.mailbox import KEEP, Mailbox, Post
from engine.protocol import Nudge, SetWeight, TogglePlay
from tests.midi.messages import cc, generic, note


def test_flood_becomes_a_dozen_messages_a_knob_at_most_and_one_wake() -> None:
    woken: list[int] = []
    mailbox = Mailbox(lambda: woken.append(1))
    for n in range(10_000):
        mailbox.put("p", bytes(cc(16 + n % 8, n // 79).bytes()), 0.0)
    post = mailbox.take()
    assert (post.arrived, post.dropped, len(woken)) == (10_000, 0, 1)
    assert 8 <= len(post.messages) <= 8 * 12
    mapper = generic()
    commands = mapper.take(post.messages)
    last = {command.slot: command for command in commands if isinstance(command, SetWeight)}
    assert [last[n] for n in range(8)] == [SetWeight(n, (9_992 + n) // 79 / 126 - 1 / 126) for n in range(8)]
    mailbox.put("p", bytes(cc(16, 3).bytes()), 0.0)
    assert len(woken) == 2 and mailbox.take().arrived == 1


@pytest.mark.parametrize("end", [127, 96, 40, 0])
def test_sweep_between_fetches_picks_up_a_passed_value(end: int) -> None:
    mailbox, mapper = Mailbox(lambda: None), generic()
    mapper.sync({"prompt 1": 0.5})
    for value in (*range(128), *range(127, end - 1, -1)):
        mailbox.put("p", bytes(cc(16, value).bytes()), 0.0)
    commands = mapper.take(mailbox.take().messages)
    assert commands
    assert isinstance(commands[-1], SetWeight)
    assert commands[-1].value == pytest.approx(end / 127, abs=0.01)


def test_flood_is_taken_in_faster_than_it_arrives() -> None:
    mailbox = Mailbox(lambda: None)
    flood = [bytes(cc(n % 120, n % 128, 1 + n % 16).bytes()) for n in range(10_000)]
    started = time.perf_counter()
    for data in flood:
        mailbox.put("p", data, 0.0)
    mapper = generic()
    mapper.take(mailbox.take().messages)
    assert time.perf_counter() - started < 1.0, "a second's worth of messages takes less than a second"


def test_notes_among_a_flood_all_arrive_in_order() -> None:
    mailbox = Mailbox(lambda: None)
    sent = []
    for n in range(10_000):
        mailbox.put("p", bytes(cc(16, n % 128).bytes()), 0.0)
        if n % 10 == 0:
            sent.append(bytes(note(n // 10 % 128, 1 + n % 127).bytes()))
            mailbox.put("p", sent[-1], 0.0)
    post = mailbox.take()
    assert [data for _, data, *_ in post.messages if data[0] == 0x90] == sent
    assert post.dropped == 0


def test_overflow_is_dropped_and_counted() -> None:
    mailbox = Mailbox(lambda: None)
    for n in range(KEEP + 7):
        mailbox.put("p", bytes(note(n % 128).bytes()), 0.0)
    post = mailbox.take()
    assert (len(post.messages), post.dropped) == (KEEP, 7)
    mailbox.put("p", bytes(note(36).bytes()), 0.0)
    assert mailbox.take().dropped == 0, "a fetch makes room again"


def test_encoders_and_buttons_are_kept_one_by_one() -> None:
    mapper = generic(cc20={"to": "prompt 1", "mode": "twos-complement"}, cc46="play/stop", ch3_cc47="hold")
    mailbox = Mailbox(lambda: None)
    mailbox.expect("p", mapper.queued("p"))
    for raw in (1, 1, 1, 127):
        mailbox.put("p", bytes(cc(20, raw).bytes()), 0.0)
    for raw in (127, 0, 127, 0):
        mailbox.put("p", bytes(cc(46, raw).bytes()), 0.0)
        mailbox.put("p", bytes(cc(47, raw, channel=3).bytes()), 0.0)
        mailbox.put("p", bytes(cc(47, raw, channel=4).bytes()), 0.0)
    post = mailbox.take()
    commands = mapper.take(post.messages)
    assert commands.count(TogglePlay()) == 2
    assert [c.by for c in commands if isinstance(c, Nudge)] == [0.01, 0.01, 0.01, -0.01]
    assert sum(data[0] == 0xB3 for _, data, *_ in post.messages) == 4, "jumps over the whole range are kept apart"


def test_knob_bank_is_known_by_the_order_of_last_messages() -> None:
    mailbox, mapper = Mailbox(lambda: None), generic()
    for number, raw in ((71, 5), (70, 5), (71, 127)):
        mailbox.put("p", bytes(cc(number, raw).bytes()), 0.0)
    commands = mapper.take(mailbox.take().messages)
    assert SetWeight(1, 1.0) in commands


def test_what_no_binding_can_use_is_dropped_before_it_counts() -> None:
    woken: list[int] = []
    mailbox = Mailbox(lambda: woken.append(1))
    pieces = [b"\xf0" + bytes(255), *[bytes(256)] * 255, b"\x00\xf7"]
    for data in [b"\xf8"] * 10_000 + [b"\xfe"] * 1_000 + [b"\xd0\x40", b"\xa0\x24\x40", b"\xc0\x05"] * 10_000 + pieces:
        mailbox.put("p", data, 0.0)
    assert mailbox.take() == Post((), 0, 0) and woken == []


def test_a_knob_that_jumps_without_end_does_not_cost_the_notes() -> None:
    mailbox = Mailbox(lambda: None)
    for n in range(10_000):
        mailbox.put("p", bytes(cc(16, 127 * (n % 2)).bytes()), 0.0)
    mailbox.put("p", bytes(note(36).bytes()), 0.0)
    post = mailbox.take()
    assert post.dropped == 0 and post.messages[-1].data == bytes(note(36).bytes())
    assert not any(each.swept for each in post.messages), "its jumps are not taken for a movement"
