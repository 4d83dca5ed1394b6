"""What a control does beside plain moves: a range, a curve, another takeover, presses that move values."""

from __future__ import annotations

import pytest

from engine.errors import MidiError
from engine.midi.profiles import parse_bindings
from engine.protocol import Command, NextNow, RecallScene, SetMacro, SetWeight, StoreScene
from tests.midi.messages import Hand, cc, generic, note, pressure, program


def values(commands: list[Command]) -> list[float]:
    return [command.value for command in commands if isinstance(command, SetWeight | SetMacro)]


def mapped(**line: object) -> Hand:
    """cc20 on the drive, as a line says."""
    return generic(takeover=True, cc20={"to": "macro drive", **line})


def test_range_is_kept_to_and_turned_round() -> None:
    hand = mapped(range=[0.2, 0.8], takeover="jump")
    assert values(hand.play(cc(20, 0), cc(20, 64), cc(20, 127), apart=0.5)) == pytest.approx([0.2, 0.5, 0.8])
    hand = mapped(range=[1, 0], takeover="jump")
    assert values(hand.play(cc(20, 0), cc(20, 32), cc(20, 64), apart=0.01)) == pytest.approx([1.0, 0.75, 0.5])


def test_curves_meet_at_their_ends() -> None:
    for curve, middle in (("even", 0.5), ("slow", 0.25), ("fast", 0.5**0.5)):
        hand = mapped(curve=curve, takeover="jump")
        steps = [cc(20, value) for value in (1, 32, 64, 96, 127)]
        found = values(hand.play(*steps, apart=0.01))
        assert found[2] == pytest.approx(middle) and found[-1] == 1.0


def test_jump_takes_the_value_along_at_once() -> None:
    hand = mapped(takeover="jump")
    hand.sync({"macro drive": 0.9})
    assert values(hand.play(cc(20, 10), cc(20, 12))) == pytest.approx([10 / 128, 12 / 128])
    assert hand.pickups() == {"macro drive": None}


def test_scale_moves_in_proportion_and_reaches_both_ends() -> None:
    hand = mapped(takeover="scale")
    hand.sync({"macro drive": 0.9})
    assert hand.play(cc(20, 64)) == [], "where it stands was not known"
    ups = values(hand.play(*[cc(20, value) for value in range(66, 128, 4)], cc(20, 127), apart=0.01))
    assert ups == sorted(ups) and 0.9 < ups[0] < 0.92 and ups[-1] == 1.0
    hand.sync({"macro drive": 0.3})
    downs = values(hand.play(*[cc(20, value) for value in range(124, -1, -4)], apart=0.01))
    assert downs == sorted(downs, reverse=True) and 0.28 < downs[0] < 0.3 and downs[-1] == 0.0


def test_value_beyond_the_range_is_taken_hold_of_at_the_nearer_end() -> None:
    hand = mapped(range=[0.2, 0.6])
    hand.sync({"macro drive": 1.0})
    assert values(hand.play(*[cc(20, value) for value in range(90, 120, 5)], apart=0.01)) == []
    assert values(hand.play(cc(20, 127), cc(20, 120), apart=0.01)) == pytest.approx([0.6, 0.2 + 0.4 * (0.5 + 56 / 126)])


def test_switch_goes_to_the_other_end_at_every_press() -> None:
    hand = generic(takeover=True, note60={"to": "macro echo", "mode": "switch", "range": [0, 0.7]})
    presses = [note(60), note(60, 0), note(60), note(60, 0), note(60)]
    assert values(hand.play(*presses, apart=0.2)) == [0.7, 0.0, 0.7]


def test_velocity_is_the_value_and_letting_go_leaves_it() -> None:
    hand = generic(takeover=True, note60={"to": "prompt 1", "mode": "velocity"})
    assert values(hand.play(note(60, 64), note(60, 0), note(60, 127), apart=0.2)) == [0.5, 1.0]


def test_programs_press_and_pressure_moves() -> None:
    hand = generic(takeover=True, program5="next", ch2_pressure={"to": "macro drive", "takeover": "jump"})
    assert hand.kinds() == frozenset() and hand.play(program(4)) == []
    assert hand.kinds() == {"program", "pressure"}
    assert hand.play(program(5)) == [NextNow()]
    assert values(hand.play(pressure(64, 2), pressure(64, 1))) == [0.5]


@pytest.mark.parametrize(
    ("key", "line", "said"),
    [
        ("cc20", {"to": "prompt 1", "range": [0, 2]}, "two different numbers"),
        ("cc20", {"to": "prompt 1", "range": [0.5, 0.5]}, "two different numbers"),
        ("cc20", {"to": "prompt 1", "range": "all"}, "two different numbers"),
        ("cc20", {"to": "prompt 1", "range": [0, float("nan")]}, "two different numbers"),
        ("cc20", {"to": "prompt 1", "curve": "slwo"}, "slow"),
        ("cc20", {"to": "prompt 1", "takeover": "pickup"}, "pick-up"),
        ("cc20", {"to": "prompt 1", "mode": "velocity"}, "only notes"),
        ("note20", {"to": "prompt 1"}, "switch"),
        ("note20", {"to": "next", "mode": "switch"}, "is for values"),
        ("pressure", {"to": "next"}, "cannot press"),
        ("pressure3", "prompt 1", "not a control"),
        ("program200", "next", "no program200"),
    ],
)
def test_mistakes_are_told(key: str, line: object, said: str) -> None:
    with pytest.raises(MidiError, match=said):
        parse_bindings({key: line})


def scene_pad() -> Hand:
    return generic(takeover=True, note60="scene 3", cc90="scene 4", program3="scene 5")


def test_short_press_brings_a_scene_back_and_a_long_one_stores_it() -> None:
    hand = scene_pad()
    assert hand.feed("p", note(60), 100.0) == [] and hand.waiting
    assert hand.feed("p", note(60, 0), 100.3) == [RecallScene(3)] and not hand.waiting
    assert hand.feed("p", cc(90, 127), 101.0) == [] and hand.due(101.59) == []
    assert hand.due(101.61) == [StoreScene(4)]
    assert hand.feed("p", cc(90, 0), 102.0) == [] and not hand.waiting
    assert hand.play(program(3)) == [RecallScene(5)], "what is never let go of is no long press"


def test_pad_of_a_device_that_is_pulled_out_stores_nothing() -> None:
    hand = scene_pad()
    hand.feed("p", note(60), 100.0)
    hand.closed("p")
    assert hand.due(105.0) == []


def test_a_file_presses_at_once() -> None:
    assert generic(note60="scene 3").play(note(60)) == [RecallScene(3)]
