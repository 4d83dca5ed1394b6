"""Which message means which command."""

from __future__ import annotations

import mido
import pytest

from engine.errors import MidiError
from engine.midi.mapping import Mapping, mapping_of
from engine.midi.meaning.values import position
from engine.midi.profiles import load_profile, profile_names, profile_of_port
from engine.protocol import (
    ChooseTake,
    Command,
    Hold,
    NextNow,
    Nudge,
    Panic,
    RemakeBars,
    ReRoll,
    SetLora,
    SetMacro,
    SetStem,
    SetWeight,
    ToggleMute,
    TogglePlay,
    VaryNext,
)
from tests.midi.messages import cc, generic, note

DEFAULTS: list[tuple[object, Command]] = [
    *((cc(16 + slot, 127), SetWeight(slot, 1.0)) for slot in range(8)),
    (cc(1, 127), SetMacro("energy", 1.0)),
    (cc(7, 0), SetMacro("volume", 0.0)),
    (cc(10, 64), SetMacro("reverb", 0.5)),
    (cc(71, 64), SetMacro("echo", 0.5)),
    (cc(74, 0), SetMacro("filter", 0.0)),
    (note(36), TogglePlay()),
    (note(38), NextNow()),
    (note(40), Hold()),
    (note(41), ReRoll()),
    (note(45), Panic()),
    (note(43), Panic()),
    (note(37), ToggleMute("drums")),
    (note(46), VaryNext()),
    (note(47), RemakeBars(5, 8)),
    (note(50), ChooseTake(0)),
    (note(52), ChooseTake(1)),
    (note(53), ChooseTake(2)),
    (cc(20, 127, channel=16), SetWeight(4, 1.0)),
]


@pytest.mark.parametrize(("message", "command"), DEFAULTS, ids=str)
def test_generic_profile_maps(message: object, command: Command) -> None:
    assert generic().feed("p", message) == [command]


@pytest.mark.parametrize(
    "message",
    [
        note(36, 0),
        mido.Message("note_off", note=36),
        mido.Message("clock"),
        mido.Message("pitchwheel", pitch=100),
        mido.Message("sysex", data=[1, 2]),
        cc(99, 5),
        note(100),
    ],
    ids=str,
)
def test_unmapped_messages_do_nothing(message: object) -> None:
    assert generic().feed("p", message) == []


@pytest.mark.parametrize("other", [70, 72, 73, 75, 76, 77])
def test_cc_71_and_74_move_prompts_on_a_port_that_is_a_knob_bank(other: int) -> None:
    mapper = generic()
    assert mapper.feed("a", cc(71, 127)) == [SetMacro("echo", 1.0)]
    assert mapper.feed("a", cc(other, 127)) == [SetWeight(other - 70, 1.0)]
    assert mapper.feed("a", cc(71, 100)) == [SetWeight(1, position(100))]
    assert mapper.feed("a", cc(74, 127)) == [SetWeight(4, 1.0)]
    assert mapper.feed("b", cc(74, 127)) == [SetMacro("filter", 1.0)], "another port is not affected"


def test_knob_moves_a_lora_over_its_range_and_notes_remake_bars() -> None:
    mapper = generic(cc24="lora 2", note48="re-make 13-16")
    assert mapper.feed("p", cc(24, 127)) == [SetLora(1, 2.0)]
    assert mapper.feed("p", cc(24, 0)) == [SetLora(1, 0.0)]
    assert mapper.feed("p", note(48)) == [RemakeBars(13, 16)]


def test_override_comes_before_the_profile_and_the_bank() -> None:
    mapper = generic(cc71="stem drums", cc16="off", ch10_note36="hold", cc20="mute bass")
    assert mapper.feed("p", cc(70, 127)) == [SetWeight(0, 1.0)]
    assert mapper.feed("p", cc(71, 64)) == [SetStem("drums", level=0.5)]
    assert mapper.feed("p", cc(16, 127)) == []
    assert mapper.feed("p", note(36, channel=10)) == [Hold()]
    assert mapper.feed("p", note(36, channel=1)) == [TogglePlay()]
    assert mapper.feed("p", cc(20, 127)) == [ToggleMute("bass")]


def test_button_on_a_controller_acts_once_a_press() -> None:
    mapper = generic(cc46="hold")
    presses = [mapper.feed("p", cc(46, value)) for value in (127, 127, 0, 64, 63, 0, 127)]  # until it lets go, again
    assert presses == [[Hold()], [Hold()], [], [Hold()], [], [], [Hold()]]


def test_which_way_a_mute_turns_is_left_to_the_engine() -> None:
    mapper = generic()
    assert mapper.play(note(37), note(37)) == [ToggleMute("drums")] * 2
    mapper.sync({"mute drums": 1.0})
    assert mapper.feed("p", note(37)) == [ToggleMute("drums")]


@pytest.mark.parametrize(
    ("mode", "raw", "ticks"),
    [
        ("twos-complement", 1, 1), ("twos-complement", 127, -1), ("twos-complement", 63, 10), ("twos-complement", 64, -10),
        ("binary-offset", 65, 1), ("binary-offset", 63, -1), ("binary-offset", 64, 0),
        ("sign-magnitude", 1, 1), ("sign-magnitude", 65, -1), ("sign-magnitude", 66, -2),
        ("sign-magnitude-inverted", 65, 1), ("sign-magnitude-inverted", 1, -1),
        ("up-down", 127, 1), ("up-down", 0, -1),
    ],
)  # fmt: skip
def test_encoder_moves_a_value_by_a_few_ticks_at_most(mode: str, raw: int, ticks: int) -> None:
    mapper = generic(takeover=True, cc20={"to": "prompt 2", "mode": mode})
    mapper.sync({"prompt 2": 0.5})
    assert mapper.feed("p", cc(20, raw)) == ([Nudge("prompt 2", ticks * 0.01)] if ticks else [])
    assert mapper.pickups()["prompt 2"] is None


def test_14_bit_pair_is_one_fine_knob() -> None:
    mapper = generic(cc2={"to": "macro filter", "mode": "14-bit"})
    assert mapper.feed("p", cc(2, 64)) == [] and mapper.feed("p", cc(34, 1)) == [SetMacro("filter", position(8193, 14))]
    assert mapper.feed("p", cc(2, 127)) == [SetMacro("filter", position(127 * 128, 14))]
    assert mapper.feed("p", cc(34, 127)) == [SetMacro("filter", 1.0)]


def test_middle_of_a_knob_is_neutral() -> None:
    mapper = generic()
    mapper.sync({"macro filter": 0.1})
    assert mapper.feed("p", cc(74, 64)) == [SetMacro("filter", 0.5)]


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        ({"knob20": "prompt 1"}, "knob20"),
        ({"c20": "prompt 1"}, '"cc20"'),
        ({"cc200": "prompt 1"}, "0 to 127"),
        ({"ch17_cc2": "prompt 1"}, "1 to 16"),
        ({"cc20": "promt 3"}, '"prompt 3"'),
        ({"cc20": "macro filtre"}, '"macro filter"'),
        ({"cc20": "prompt 17"}, "prompt 17"),
        ({"cc20": {"to": "prompt 1", "mode": "binary"}}, '"binary-offset"'),
        ({"cc20": {"to": "prompt 1", "modus": "absolute"}}, '"mode"'),
        ({"cc20": {"mode": "absolute"}}, "does not say"),
        ({"cc40": {"to": "prompt 1", "mode": "14-bit"}}, "cc0 to cc31"),
        ({"note60": "prompt 1"}, "note60"),
        ({"cc20": 5}, "nothing a control can move"),
    ],
)
def test_bad_override_is_named_with_the_nearest_target(overrides: dict[str, object], said: str) -> None:
    with pytest.raises(MidiError) as error:
        Mapping(load_profile("generic"), overrides)
    assert said in str(error.value) and next(iter(overrides)) in str(error.value)


def test_unknown_controller_names_the_nearest() -> None:
    with pytest.raises(MidiError, match='did you mean "nanokontrol2"'):
        load_profile("nanokontrol")


def test_every_shipped_profile_reads_and_reaches_the_prompts() -> None:
    assert profile_names()[0] == "generic"
    for name in sorted({*profile_names()} - {"mackie"}):
        targets = {binding.action.name for binding in load_profile(name).controls.values() if binding is not None}
        assert {f"prompt {slot}" for slot in range(1, 9)} | {"play/stop", "next", "hold", "panic"} <= targets, name


@pytest.mark.parametrize(
    ("port", "profile"),
    [
        ("nanoKONTROL2:nanoKONTROL2 nanoKONTROL2 _ CTR 20:0", "nanokontrol2"),
        ("MIDI Mix:MIDI Mix MIDI 1 24:0", "midimix"),
        ("Launch Control XL 0", "launch_control_xl"),
        ("LPD8 MIDI 1", "lpd8"),
        ("MPK mini 3", "mpk_mini_3"),
        ("Some Keyboard", "generic"),
        ("Mackie Control Universal Pro", "mackie"),
    ],
)
def test_controller_is_known_by_its_port(port: str, profile: str) -> None:
    assert profile_of_port(port, load_profile("generic")).name == profile
    assert profile_of_port(port, load_profile("midimix")).name == "midimix", "a profile asked for counts for every port"


def test_label_names_the_last_touched_control() -> None:
    mapper = generic()
    assert mapper.labels()["prompt 1"] == "cc16" and mapper.labels()["hold"] == "note40"
    mapper.feed("p", cc(70, 5))
    assert mapper.labels()["prompt 1"] == "cc70" and mapper.labels()["prompt 2"] == "cc71"
    mapper.feed("p", cc(16, 5))
    assert mapper.labels()["prompt 1"] == "cc16"
    mapper.closed("p")
    assert mapper.labels()["prompt 2"] == "cc17"


def test_same_messages_give_the_same_commands() -> None:
    messages = [cc(16 + n % 10, (n * 37) % 128) for n in range(500)] + [note(36 + n % 12, n % 3) for n in range(50)]
    one, two = generic(takeover=True), generic(takeover=True)
    assert [one.feed("p", m) for m in messages] == [two.feed("p", m) for m in messages]


def test_mistake_in_a_presets_table_names_the_preset() -> None:
    with pytest.raises(MidiError, match=r"^mine\.toml: \[midi\] cc500: there is no cc500"):
        mapping_of("mine.toml", "generic", {"cc500": "prompt 1"})
    with pytest.raises(MidiError, match=r"^mine\.toml: \[midi\] controller: no profile"):
        mapping_of("mine.toml", "geneic", {})


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"inputs": 5}, r"inputs: not a list of names; write inputs = \["),
        ({"ignore": [1]}, "ignore: not a list of names"),
        ({"notes": "yes"}, "notes: 'yes' is neither true nor false; write notes = true"),
        ({"channels": [0]}, "channels: not a list of channels; .* from 1 to 16"),
        ({"channels": [True]}, "channels: not a list of channels"),
        ({"port": "Foo"}, "port: not a table of ports"),
        ({"port": {"Foo": {"cc20": "promt 3"}}}, '"prompt 3"'),
        ({"port": {"Foo": {"controller": "lpd9"}}}, 'did you mean "lpd8'),
        ({"port": {"Foo": {"controller": 5}}}, "controller: 5 is no name"),
        ({"cc20": {"to": "prompt 1", "mode": "toggle"}}, "toggle is for buttons"),
        ({"pitch": {"to": "prompt 1", "mode": "14-bit"}}, "a pitch bend has no modes"),
        ({"input": ["Foo"]}, "input: not a control"),
    ],
)
def test_bad_midi_table_is_a_clear_error(table: dict[str, object], said: str) -> None:
    with pytest.raises(MidiError, match=said) as error:
        Mapping(load_profile("generic"), table)
    assert len(error.value.message) <= 100


def test_another_pieces_table_counts_from_the_change_on_and_knobs_stay_where_they_are() -> None:
    mapping = mapping_of("a", "generic", {"cc20": "prompt 1"})
    mapping.sync({"prompt 1": 0.5, "prompt 5": 0.5})
    at = [0.0]

    def turn(value: int) -> list[Command]:
        at[0] += 1.0
        return mapping.feed("p", cc(20, value), at[0])

    turn(60)
    assert turn(70) == [SetWeight(0, position(70))]
    layers = mapping.layers
    mapping.change_over(mapping_of("b", "generic", {}))
    mapping.sync({"prompt 1": 0.2, "prompt 5": 0.8})
    assert mapping.layers > layers, "lights show something else"
    assert mapping.labels()["prompt 5"] == "cc20" and mapping.labels()["prompt 1"] == "cc16"
    assert turn(80) == turn(90) == [], "the knob has to be turned to where the value is"
    assert turn(100) == [SetWeight(4, position(100))]
