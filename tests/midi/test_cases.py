"""What controllers were seen to send, and what becomes of it: nothing jumps, nothing stops the set by itself."""

from __future__ import annotations

from typing import Any

import mido
import pytest

from engine.midi.mapping import Mapping
from engine.midi.meaning.values import MOST_TICKS, TICK, position
from engine.midi.profiles import load_profile
from engine.protocol import Command, Hold, NextNow, Nudge, SetMacro, SetStem, SetWeight, ToggleMute, TogglePlay
from tests.midi.messages import Hand, bend, cc, generic, note


def live(**table: object) -> Hand:
    """A mapping on a port that has been open for long."""
    return generic(takeover=True, **table)


def off(number: int, channel: int = 1) -> Any:
    return mido.Message("note_off", note=number, channel=channel - 1)


# ------------------------------------------------------------ switches, jumps


@pytest.mark.parametrize(
    ("number", "name", "at"),
    [(7, "macro volume", 1.0), (1, "macro energy", 0.0), (74, "macro filter", 0.5), (16, "prompt 1", 1.0)],
)
@pytest.mark.parametrize("values", [(127, 0), (0, 127), (127, 0, 127, 0, 127), (0, 0, 127, 127), (127, 1, 127), (100, 0, 100)])
def test_a_switch_that_sends_a_knobs_number_moves_nothing(number: int, name: str, at: float, values: tuple[int, ...]) -> None:
    hand = live()
    hand.sync({name: at})
    presses = [cc(number, value, channel=2) for value in values]
    assert [c for c in hand.play(*presses, apart=0.1) if not isinstance(c, Nudge)] == []


def test_a_jump_over_the_whole_range_neither_passes_nor_holds() -> None:
    hand = live()
    hand.sync({"prompt 1": 0.5})
    assert hand.play(cc(16, 3), cc(16, 120)) == [], "it did not pass the value"
    hand.sync({"prompt 1": position(120)})
    assert hand.play(cc(16, 4)) == [], "it did not hold it either"
    hand.sync({"prompt 1": 0.1})
    assert hand.play(cc(16, 8), cc(16, 20))[-1] == SetWeight(0, position(20)), "a hand takes it up as ever"


def test_a_value_sent_after_a_rest_does_not_take_a_held_value_far() -> None:
    hand = live()
    hand.sync({"macro volume": position(100)})
    hand.play(cc(7, 99), cc(7, 100))
    assert hand.play(cc(7, 60), apart=5.0) == []
    assert hand.play(cc(7, 61), apart=0.02) == []


# ------------------------------------------------------------ Mackie, HUI


POTS = [cc(16, 1), cc(16, 65), cc(17, 66), cc(17, 2), cc(18, 1), cc(18, 65)]
PRESSES = [message for number in (36, 40, 43, 46, 47) for message in (note(number, 127), note(number, 0))]
FADERS = [bend(8192 + 100 * channel, channel) for channel in range(1, 10)]


@pytest.mark.parametrize("order", [POTS + PRESSES + FADERS, FADERS + PRESSES + POTS, PRESSES + POTS + FADERS])
def test_a_controller_in_mackie_mode_is_said_and_stops_nothing(order: list[Any]) -> None:
    hand = live()
    commands = hand.play(*order)
    assert not [c for c in commands if isinstance(c, TogglePlay | Hold | NextNow | ToggleMute)]
    assert all(abs(c.by) <= 0.02 for c in commands if isinstance(c, Nudge))
    assert all(c.value <= 3 / 128 for c in commands if isinstance(c, SetWeight)), "no weight jumps before it is known"
    told = [text for text in hand.told() if "Mackie mode" in text]
    assert told == ["p: this controller is in Mackie mode: its faders and V-Pots are played"]
    assert hand.play(*order) is not None and not [text for text in hand.told() if "Mackie mode" in text], "said once"


def test_a_mackie_controller_is_played() -> None:
    hand = live()
    hand.play(*FADERS)
    hand.sync({"prompt 3": 0.5})
    assert hand.play(bend(8000, 3), bend(8300, 3))[-1] == SetWeight(2, position(8300, 14))
    assert hand.play(cc(16, 2), cc(16, 65)) == [Nudge("macro filter", 0.02), Nudge("macro filter", -0.01)]
    assert hand.play(note(94, 127), note(94, 0), note(86, 127), note(86, 0))[-1] == Hold()
    assert hand.labels()["prompt 3"] == "pitch"


def test_a_keyboard_that_bends_every_note_is_no_mackie_controller() -> None:
    hand = live()
    hand.play(*[message for channel in range(2, 9) for message in (note(60, 90, channel), bend(9000, channel))])
    hand.play(bend(9000), bend(8192))
    assert hand.told() == []


def test_a_controller_in_hui_mode_is_said_and_moves_nothing() -> None:
    hand = live(cc47="hold")
    for zone in (0, 1, 2, 3):
        hand.play(cc(15, zone), cc(47, 0x40), cc(15, zone), cc(47, 0x00), apart=0.001)
    assert [text for text in hand.told() if "HUI" in text]


# ------------------------------------------------------------ encoders


ENCODERS = [
    ("binary-offset", (65, 65, 63, 63, 65), (65, 63)),
    ("sign-magnitude", (1, 1, 65, 65, 2), (1, 65)),
    ("twos-complement", (1, 1, 127, 127, 126), (1, 127)),
    ("up-down", (127, 127, 0, 0, 127), (127, 0)),
]


@pytest.mark.parametrize(("dialect", "turns", "ticks"), ENCODERS)
def test_an_encoder_on_an_absolute_mapping_is_found_out_said_and_followed(
    dialect: str, turns: tuple[int, ...], ticks: tuple[int, int]
) -> None:
    hand = live()
    hand.sync({"prompt 1": 0.5})
    early = hand.play(*[cc(16, value) for value in turns])
    assert all(abs(c.value - 0.5) < 0.02 for c in early if isinstance(c, SetWeight))
    assert hand.told() == [f"p: cc16 ch1 is an endless encoder, followed as {dialect}"]
    up, down = (cc(16, value) for value in ticks)
    assert hand.play(up, down) == [Nudge("prompt 1", TICK), Nudge("prompt 1", -TICK)]
    assert (None, 16) not in hand.queued("p") and (1, 16) in hand.queued("p"), "from now on each of its messages counts"
    assert hand.requeued() == {"p"}


@pytest.mark.parametrize("start", [0, 40, 57, 64, 100])
def test_a_knob_moved_slowly_anywhere_is_never_taken_for_an_encoder(start: int) -> None:
    hand = live()
    way = [*range(start, 128), *range(127, -1, -1), *range(start)]
    hand.play(*[cc(16, value) for value in way for _ in range(2)], apart=0.01)
    assert hand.told() == []


def test_values_that_a_keyboard_sends_with_its_sounds_make_no_encoder() -> None:
    hand = live()
    assert not [c for value in (3, 66, 2, 70, 1) for c in hand.play(cc(7, value), apart=4.0) if isinstance(c, Nudge)]
    assert hand.told() == []


@pytest.mark.parametrize("raw", range(128))
def test_one_message_of_an_encoder_moves_a_little_at_most(raw: int) -> None:
    for mode in ("twos-complement", "binary-offset", "sign-magnitude", "sign-magnitude-inverted", "up-down"):
        hand = live(cc20={"to": "prompt 2", "mode": mode})
        assert all(isinstance(c, Nudge) and abs(c.by) <= MOST_TICKS * TICK for c in hand.play(cc(20, raw)))


# ------------------------------------------------------------ buttons


def test_a_button_that_never_lets_go_is_pressed_each_time() -> None:
    assert live(cc64="hold").play(cc(64, 127), cc(64, 127), cc(64, 127), apart=1.0) == [Hold()] * 3


def test_a_pedal_that_rests_halfway_is_pressed_once() -> None:
    assert live(cc64="hold").play(*[cc(64, value) for value in (20, 70, 90, 127, 90, 70, 20)]) == [Hold()]


def test_a_latching_button_counts_every_press_and_the_monitor_says_so() -> None:
    presses = [cc(64, value) for value in (127, 0, 127, 0)]
    assert live(cc64={"to": "next", "mode": "toggle"}).play(*presses, apart=1.0) == [NextNow()] * 4
    hand = live(cc64="next")
    assert hand.play(*presses, apart=1.0) == [NextNow()] * 2
    assert hand.describe("p", presses[-1]) == 'cc64 ch1 = 0 -> next, looks latching: mode = "toggle"'
    hand = live(cc64="next")
    hand.play(*presses, apart=0.1)
    assert "latching" not in hand.describe("p", presses[-1])


def test_a_latching_pad_counts_every_press() -> None:
    hand = live(note60={"to": "next", "mode": "toggle"})
    assert hand.play(note(60), off(60), note(60), off(60), apart=1.0) == [NextNow()] * 4


def test_a_ringing_pad_is_one_press_and_a_ghost_is_none() -> None:
    hand = live(notes=True)
    ringing = [note(40, 100), note(40, 0), note(40, 20), off(40)]
    assert hand.play(*ringing, apart=0.004) == [Hold()]
    assert hand.play(note(43, 1), note(43, 5)) == []
    hand.play(note(40, 100), apart=1.0)
    assert hand.feed("p", off(40), hand.now + 1.0) == []
    assert hand.feed("p", note(40, 30), hand.now + 0.005) == [], "letting go bounces as well"
    assert hand.play(note(40, 100), note(40, 0), note(40, 100), apart=0.07) == [Hold()] * 2


def test_soft_hits_of_a_pad_that_sends_no_note_off_count() -> None:
    assert live(notes=True).play(note(40, 120), note(40, 30), note(40, 90), apart=0.1) == [Hold()] * 3


def test_a_bouncing_button_on_a_controller_is_one_press() -> None:
    assert live(cc64="hold").play(*[cc(64, value) for value in (127, 0, 127, 0, 127, 0)], apart=0.003) == [Hold()]


# ------------------------------------------------------------ dumps


DUMP = [cc(number, value) for number, value in ((46, 127), (7, 40), (16, 90), (70, 3), (72, 9), (64, 127), (20, 0))]


def test_what_a_port_sends_as_it_opens_moves_nothing() -> None:
    hand = live(cc46="play/stop", cc64="panic", notes=True)
    hand.opened("p", hand.now)
    assert hand.play(*DUMP, note(36), apart=0.02) == []
    assert "prompt 2" in hand.labels() and hand.labels()["prompt 2"] == "cc17", "the row of prompts stays"
    hand.now += 1.0
    hand.sync({"macro volume": position(40)})
    assert hand.play(cc(7, 41), cc(7, 44))[-1] == SetMacro("volume", position(44)), "but where the knobs stand is known"


PATCH = [cc(number, value) for number, value in ((7, 100), (10, 64), (91, 40), (93, 0), (71, 64), (74, 64), (72, 64), (73, 64))]


def test_a_keyboards_new_sound_moves_no_bank_and_no_command() -> None:
    hand = live(cc91="panic", cc93="hold", cc72="next")
    for value in (100, 127, 90):
        changed = [cc(7, value), cc(91, 127), *PATCH[1:2], *PATCH[3:]]
        assert hand.play(*changed, apart=0.001) == []
        hand.now += 3.0
    hand.sync({"macro echo": position(64)})
    assert hand.play(cc(71, 65), cc(71, 66))[-1] == SetMacro("echo", position(66)), "and not the second prompt"


def test_a_reset_of_one_controller_on_all_channels_moves_nothing_after_the_first_few() -> None:
    hand = live(**{f"ch{channel}_cc80": "panic" for channel in range(1, 17)})
    assert hand.play(*[cc(80, 127, channel) for channel in range(1, 17)], apart=0.001) == []


def test_lights_of_a_new_page_sent_as_notes_stop_at_once() -> None:
    hand = live(notes=True)
    assert len(hand.play(*[note(number, 127) for number in range(36, 50)], apart=0.0005)) < 6


def test_eight_faders_moved_at_once_are_no_dump() -> None:
    hand = live()
    hand.sync({f"prompt {slot}": 0.0 for slot in range(1, 9)})
    moves = [cc(16 + slot, value) for value in range(0, 60, 2) for slot in range(8)]
    commands = hand.play(*moves, apart=0.001)
    assert {c.slot: c.value for c in commands if isinstance(c, SetWeight)} == {slot: position(58) for slot in range(8)}


def test_a_hand_still_enters_the_second_row_of_knobs() -> None:
    hand = live()
    hand.sync({"prompt 3": position(40)})
    assert hand.play(cc(72, 39), cc(72, 40), cc(72, 42))[-1] == SetWeight(2, position(42))


# ------------------------------------------------------------ 14 bits


def halves(value: int, low_first: bool) -> list[Any]:
    pair = [cc(7, value >> 7), cc(39, value & 127)]
    return pair[::-1] if low_first else pair


@pytest.mark.parametrize("low_first", [True, False])
@pytest.mark.parametrize(
    "values",
    [
        [*range(400), *range(400, 15_900, 61), *range(15_900, 16_384)],  # slowly: every value near both ends, and over the middle
        [*range(0, 8000, 300), *range(8000, 8400), *range(8400, 16_384, 300), 16_383],
        [*range(0, 16_384, 5), 16_383],
        [*range(0, 16_384, 37), 16_383],
        [*range(0, 16_384, 300), 16_383],
    ],
    ids=["slow at the ends", "slow in the middle", "5", "37", "300"],
)
def test_a_14_bit_knob_reaches_both_ends_and_never_goes_back(low_first: bool, values: list[int]) -> None:
    hand = live(cc7={"to": "macro volume", "mode": "14-bit"})
    hand.sync({"macro volume": 0.0})
    for way in (values, values[::-1]):
        reached: list[float] = []
        for value in way:
            for message in halves(value, low_first):
                hand.now += 0.0003
                reached += [c.value for c in Mapping.feed(hand, "p", message, hand.now) if isinstance(c, SetMacro)]
            hand.now += 0.005
        assert reached == sorted(reached, reverse=way[0] > way[-1])
        assert reached[-1] == (0.0 if way[-1] == 0 else 1.0)


def test_the_low_half_first_reaches_the_top_at_once() -> None:
    hand = live(cc7={"to": "macro drive", "mode": "14-bit"})
    hand.sync({"macro drive": 0.99})
    assert hand.play(cc(39, 127), cc(7, 127), apart=0.0005) == [SetMacro("drive", 1.0)]


def test_seven_bits_on_a_14_bit_mapping_reach_the_top() -> None:
    hand = live(cc7={"to": "macro drive", "mode": "14-bit"})
    assert hand.play(*[cc(7, value) for value in range(128)])[-1] == SetMacro("drive", 1.0)


@pytest.mark.parametrize("low_first", [True, False])
def test_the_low_half_of_a_14_bit_knob_flips_no_mute(low_first: bool) -> None:
    hand = live(cc39="mute bass")
    hand.sync({"macro volume": 0.0})
    commands: list[Command] = []
    for value in range(0, 16384, 61):
        commands += hand.play(*halves(value, low_first), apart=0.0004)
        hand.now += 0.01
    assert ToggleMute("bass") not in commands
    assert isinstance(commands[-1], SetMacro)


def test_a_button_beside_a_moving_fader_still_counts() -> None:
    hand = live(cc39="mute bass")
    assert hand.play(cc(39, 127), cc(39, 0)) == [ToggleMute("bass")]
    assert ToggleMute("bass") in hand.play(cc(7, 100), cc(39, 127), cc(7, 101), apart=0.001)


# ------------------------------------------------------------ whose notes count


DRUMS = [note(36, channel=10), note(38, channel=10), note(42, channel=10), note(45, channel=10)]


def test_a_drum_kit_that_nobody_mapped_does_nothing() -> None:
    hand = live()
    assert hand.play(*DRUMS) == []
    assert hand.greeting("TD-17") == "any controller; its notes do nothing"
    assert hand.describe("TD-17", DRUMS[0]) == "note36 ch10 = 100, would be play/stop with notes = true"


def test_notes_count_where_the_preset_asks_for_them() -> None:
    assert live(notes=True).play(*DRUMS)[0] == TogglePlay()
    assert live(ch10_note36="hold").play(*DRUMS) == [Hold()]
    assert live(port={"Pads*": {"notes": True}}).play(*DRUMS, port="pads 2")[0] == TogglePlay()
    assert live(port={"Pads*": {"notes": True}}).play(*DRUMS, port="Keys") == []


def test_notes_of_a_controller_known_by_its_name_count() -> None:
    hand = live()
    assert hand.play(note(36), port="LPD8") == [TogglePlay()]
    assert hand.greeting("LPD8") == "Akai LPD8; 8 notes send commands"
    assert hand.did() == ["LPD8: note36 ch1 -> play/stop"]


def test_channels_that_are_left_out_do_nothing() -> None:
    hand = live(notes=True, channels=[2])
    assert hand.play(note(36, channel=1)) == []
    assert hand.play(note(36, channel=2)) == [TogglePlay()]
    assert hand.describe("p", note(36, channel=1)).endswith("a channel that is left out")


def test_controller_none_leaves_only_the_presets_own_lines() -> None:
    hand = Hand(load_profile("none"), {"cc20": "stem bass", "note60": "next"})
    assert hand.play(cc(7, 120), cc(7, 126), note(36), cc(16, 0), cc(16, 9)) == []
    assert hand.play(cc(20, 126), cc(20, 124), note(60)) == [
        SetStem("bass", level=position(126)),
        SetStem("bass", level=position(124)),
        NextNow(),
    ]


def test_two_ports_of_one_name_are_mapped_apart() -> None:
    hand = live(port={"LPD8 (2)": {"controller": "none", "cc1": "macro drive"}})
    assert hand.play(cc(1, 1), cc(1, 2), port="LPD8")[-1] == SetWeight(0, position(2))
    assert hand.play(cc(1, 1), cc(1, 2), port="LPD8 (2)")[-1] == SetMacro("drive", position(2))
    assert hand.play(note(36), port="LPD8 (2)") == []


@pytest.mark.parametrize(
    ("table", "heard"),
    [({}, "ab"), ({"inputs": ["Foo*"]}, "a"), ({"inputs": "foo 1"}, "a"), ({"ignore": ["*bar*"]}, "a"), ({"inputs": []}, "")],
)
def test_inputs_are_chosen_by_patterns_of_their_names(table: dict[str, Any], heard: str) -> None:
    hand = live(**table)
    assert "".join(letter for letter, name in (("a", "Foo 1"), ("b", "A Bar [x]")) if hand.listens(name)) == heard


def test_a_press_waits_no_longer_than_nobody_notices() -> None:
    hand = live(cc46="hold")
    assert hand.feed("p", cc(46, 127), 5.0) == [] and hand.waiting
    assert hand.due(5.01) == [] and hand.due(5.02) == [Hold()] and not hand.waiting
