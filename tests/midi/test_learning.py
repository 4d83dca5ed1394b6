"""A control is learned from the hand that moves it, whatever it sends; what it was told is kept and can be taken back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.actions import ACTIONS
from engine.errors import MidiError
from engine.midi.meaning.values import CURVES, MODES, TAKEOVERS
from engine.midi.profiles import Binding, Control, parse_bindings
from engine.midi.teaching import learned
from engine.protocol import NextNow, Nudge, SetMacro, SetWeight, ToggleMute
from tests.midi.messages import Hand, bend, cc, generic, note, pressure, program

PORT = "Foo Pad"


def taught(action: str, *messages: Any, add: bool = False, hand: Hand | None = None, apart: float = 0.02) -> Hand:
    """A mapping after a lesson in which a hand sent some messages, which themselves moved nothing."""
    hand = hand or generic(takeover=True)
    hand.learn(action, add)
    assert hand.play(*messages, port=PORT, apart=apart) == []
    assert hand.teacher.lesson is None, "it was learned"
    return hand


def learned_of(hand: Hand) -> dict[str, str]:
    """What a controller has learned, as its file says it."""
    return dict(line.split(" = ", 1) for line in learned.lines_of(hand.teacher.of(PORT)).as_string().splitlines())


SWEEP = [cc(30, value) for value in range(20, 60, 5)]
LESSONS: dict[str, tuple[str, list[Any], dict[str, str]]] = {
    "knob": ("macro drive", SWEEP, {"ch1_cc30": '"macro drive"'}),
    "knob at its lower end": ("macro drive", [cc(30, v) for v in (0, 1, 2, 3, 5)], {"ch1_cc30": '"macro drive"'}),
    "encoder": (
        "macro drive",
        [cc(30, 1), cc(30, 1), cc(30, 2), cc(30, 127)],
        {"ch1_cc30": '{to = "macro drive", mode = "twos-complement"}'},
    ),
    "pitch bend": ("macro drive", [bend(8192 + 300 * n) for n in range(6)], {"ch1_pitch": '"macro drive"'}),
    "pressure": ("macro drive", [pressure(v, 2) for v in (3, 9, 20)], {"ch2_pressure": '"macro drive"'}),
    "pad that feels": ("macro drive", [note(40, 91, 10)], {"ch10_note40": '{to = "macro drive", mode = "velocity"}'}),
    "pad that does not": ("macro drive", [note(40, 127)], {"ch1_note40": '{to = "macro drive", mode = "switch"}'}),
    "button for a value": ("macro drive", [cc(30, 127), cc(30, 0)], {"ch1_cc30": '{to = "macro drive", mode = "switch"}'}),
    "program for a value": ("macro drive", [program(4)], {"ch1_program4": '{to = "macro drive", mode = "switch"}'}),
    "button": ("next", [cc(90, 127)], {"ch1_cc90": '"next"'}),
    "pad": ("next", [note(60)], {"ch1_note60": '"next"'}),
    "program": ("next", [program(7, 3)], {"ch3_program7": '"next"'}),
}


@pytest.mark.parametrize(("action", "messages", "line"), LESSONS.values(), ids=LESSONS)
def test_what_is_moved_is_learned_as_it_sends(action: str, messages: list[Any], line: dict[str, str]) -> None:
    found = learned_of(taught(action, *messages))
    offs = {key for key, value in found.items() if value == '"off"'}
    assert {key: value for key, value in found.items() if key not in offs} == line


def test_two_halves_of_a_value_are_learned_as_one_control() -> None:
    hand = generic(takeover=True)
    hand.learn("macro drive", add=True)
    for n in range(8):
        at = 200.0 + n / 20
        hand.feed(PORT, cc(20, 40 + n), at)
        hand.feed(PORT, cc(52, 16 * n), at + 0.001)
    assert learned_of(hand) == {"ch1_cc20": '{to = "macro drive", mode = "14-bit"}'}


def test_what_is_no_hand_is_not_learned() -> None:
    hand = generic(takeover=True)
    hand.learn("macro drive", False)
    trembling = [cc(30, 64), cc(30, 65), cc(30, 64), cc(30, 65)]
    hand.play(*trembling, note(40, 0), note(40, 3), port=PORT)
    assert hand.teacher.lesson is not None
    assert any("Turn it the other way too" in text for text in hand.told())
    hand.learn("next", False)
    hand.play(*SWEEP, port=PORT)
    assert hand.teacher.lesson is not None
    assert any("needs a button" in text for text in hand.told())


def test_a_device_that_says_where_its_knobs_stand_as_it_connects_teaches_nothing() -> None:
    hand = generic(takeover=True)
    hand.learn("next", False)
    hand.opened(PORT, 100.0)
    hand.feed(PORT, note(50), 100.1)
    assert hand.teacher.lesson is not None


def test_second_control_takes_the_place_of_the_first_or_joins_it() -> None:
    hand = taught("macro drive", *SWEEP)
    assert learned_of(taught("macro drive", program(1), add=True, hand=hand))["ch1_cc30"] == '"macro drive"'
    lines = learned_of(taught("macro drive", program(2), hand=hand))
    assert lines["ch1_cc30"] == lines["ch1_program1"] == '"off"'


def test_a_control_that_had_another_use_says_which_and_gets_it_back() -> None:
    hand = taught("macro drive", *[cc(16, value) for value in range(20, 60, 5)])
    assert hand.told()[-1] == "Foo Pad: cc16 ch1 moves macro drive now, not prompt 1"
    hand.sync({"prompt 1": 0.0, "macro drive": 0.0})
    assert hand.play(cc(16, 0), cc(16, 4), port=PORT)[-1] == SetMacro("drive", 4 / 128)
    assert hand.undo_learning() == PORT
    assert hand.play(cc(16, 0), cc(16, 4), port=PORT)[-1] == SetWeight(0, 4 / 128)
    assert hand.undo_learning() is None


def test_the_other_port_of_a_kind_learns_too_and_another_kind_does_not() -> None:
    hand = taught("next", program(7))
    assert hand.play(program(7), port=f"{PORT} (2)") == [NextNow()]
    assert hand.play(program(7), port="Bar") == []


def test_preset_comes_before_what_was_learned() -> None:
    hand = generic(takeover=True, note60="mute bass")
    hand.learn("next", False)
    hand.play(note(60), port=PORT)
    assert "the preset's [midi] comes first" in hand.told()[-1]
    assert hand.play(note(60), port=PORT) == [ToggleMute("bass")]


def test_learned_encoder_moves_by_ticks() -> None:
    hand = taught("macro drive", *[cc(30, v) for v in (1, 1, 1, 127)])
    assert hand.play(cc(30, 3), port=PORT) == [Nudge("macro drive", 0.03)]


@pytest.mark.parametrize("action", [name for name, action in ACTIONS.items() if action.kind == "position"])
def test_every_value_can_be_learned(action: str) -> None:
    assert learned_of(taught(action, *SWEEP))["ch1_cc30"] == f'"{action}"'


def test_unknown_action_is_refused_with_the_nearest() -> None:
    with pytest.raises(MidiError, match="nothing is called"):
        generic(takeover=True).learn("macro fliter", False)


# ------------------------------------------------------------ files

controls = st.builds(Control, st.sampled_from(["cc", "note", "program"]), st.integers(0, 127), st.integers(1, 16))
spans = st.tuples(st.sampled_from([0.0, 0.25, 1.0]), st.sampled_from([0.1, 0.5, 0.9]))


def _mode(control: Control, action: str, mode: str) -> str:
    """The mode, where this control and action can have it."""
    position = ACTIONS[action].kind == "position"
    if control.kind == "cc" and position:
        return mode if mode not in ("toggle", "velocity", "14-bit") else "absolute"
    return "switch" if position else "absolute"


bindings = st.builds(
    lambda control, action, mode, span, curve, takeover: Binding(
        control, ACTIONS[action], _mode(control, action, mode), span=span, curve=curve, takeover=takeover
    ),
    controls,
    st.sampled_from(list(ACTIONS)),
    st.sampled_from(MODES),
    spans,
    st.sampled_from(list(CURVES)),
    st.sampled_from(TAKEOVERS),
)


@given(st.lists(bindings), st.text(max_size=40))
def test_file_gives_back_what_was_learned(tmp_path_factory: pytest.TempPathFactory, made: list[Binding], name: str) -> None:
    folder = tmp_path_factory.mktemp("learned")
    table = {binding.control: binding for binding in made}
    learned.save(folder, name, table)
    assert learned.load(folder) == (({name: table} if table else {}), [])


def test_damaged_files_are_left_out_and_said(tmp_path: Path) -> None:
    for number, text in enumerate(["", "[", 'port = "x"', 'port = "x"\n[controls]\ncc300 = "next"', "port = 3\n[controls]\n"]):
        (tmp_path / f"{number}.toml").write_text(text)
    learned.save(tmp_path, "Foo", parse_bindings({"cc1": "prompt 1"}))
    tables, said = learned.load(tmp_path)
    assert list(tables) == ["Foo"] and len(said) == 5
    assert all(len(line) <= 100 for line in said)


def test_nothing_learned_leaves_no_file(tmp_path: Path) -> None:
    learned.save(tmp_path, "Foo", parse_bindings({"cc1": "prompt 1"}))
    learned.save(tmp_path, "Foo", {})
    assert list(tmp_path.iterdir()) == []


def test_file_with_a_mistake_is_put_aside_by_the_next_lesson(tmp_path: Path) -> None:
    path = learned.file_of(tmp_path, "Foo")
    path.write_text('port = "Foo"\n[controls]\ncc1 = "prmpt 1"\n')
    learned.save(tmp_path, "Foo", parse_bindings({"cc2": "prompt 2"}))
    learned.save(tmp_path, "Foo", parse_bindings({"cc3": "prompt 3"}))
    assert "prmpt 1" in path.with_suffix(".bak").read_text()
    assert learned.load(tmp_path) == ({"Foo": parse_bindings({"cc3": "prompt 3"})}, [])
