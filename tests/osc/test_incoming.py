"""Every action by its OSC address, and nothing by any other."""

from __future__ import annotations

import pytest

from engine.actions import ACTIONS
from engine.errors import OscError
from engine.osc.incoming import ADDRESSES, command_of, without_token
from engine.osc.where import Where, where
from engine.protocol import NextNow, RecallScene, SetKey, SetMacro, SetStem, SetTempo, SetWeight, ToggleMute


def test_every_action_has_an_address() -> None:
    assert {action.name for action in ADDRESSES.values()} == set(ACTIONS)
    for address, action in ADDRESSES.items():
        args = [0.5] if action.kind == "position" else []
        make = action.exact or action.make
        assert command_of(address, args) == (make(0.5) if action.kind == "position" else action.pressed)


@pytest.mark.parametrize(
    ("address", "args", "command"),
    [
        ("/liveset/prompt/3", [0.7], SetWeight(2, 0.7)),
        ("/liveset/prompt/3", [1], SetWeight(2, 1.0)),
        ("/liveset/prompt/3", [7.0], SetWeight(2, 1.0)),
        ("/liveset/macro/filter", [-3], SetMacro("filter", 0.0)),
        ("/liveset/next", [], NextNow()),
        ("/liveset/next", [1.0], NextNow()),
        ("/liveset/next", [0.0], None),
        ("/liveset/next", [True], NextNow()),
        ("/liveset/mute/drums", [], ToggleMute("drums")),
        ("/liveset/mute/drums", [1], SetStem("drums", muted=True)),
        ("/liveset/mute/drums", [0], SetStem("drums", muted=False)),
        ("/liveset/scene/4", [], RecallScene(4)),
    ],
)
def test_messages_mean_what_they_say(address: str, args: list[object], command: object) -> None:
    assert command_of(address, args) == command


@pytest.mark.parametrize(
    ("address", "args", "said"),
    [
        ("/liveset/prmpt/3", [0.7], "/liveset/prompt/3"),
        ("/nothing", [], "nothing is at"),
        ("", [], "nothing is at"),
        ("/liveset/prompt/3", [], "without a number"),
        ("/liveset/prompt/3", ["x"], "takes a number"),
        ("/liveset/prompt/3", [float("nan")], "takes a number"),
        ("/liveset/prompt/3", [None], "takes a number"),
        ("/liveset/prompt/3", [0.1, 0.2], "takes one number"),
        ("/liveset/next", [[1]], "takes a number"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_reason(address: str, args: list[object], said: str) -> None:
    with pytest.raises(OscError) as refused:
        command_of(address, args)
    assert said in str(refused.value) and refused.value.hint


def test_token_is_asked_for_and_taken_off() -> None:
    assert without_token("/liveset/next", "") == "/liveset/next"
    assert without_token("/liveset/friday/next", "friday") == "/liveset/next"
    assert without_token("/liveset/next", "friday") is None
    assert without_token("/liveset/fridayx/next", "friday") is None


def test_where_is_read() -> None:
    assert where("9001") == Where("127.0.0.1", 9001)
    assert where(":9001") == where("localhost:9001") == Where("127.0.0.1", 9001)
    assert where("0.0.0.0:9000", token="friday") == Where("0.0.0.0", 9000, "friday")
    allowed = where("192.168.1.5:9000", allow="192.168.1.20, 192.168.1.21")
    assert allowed.hears("192.168.1.20") and not allowed.hears("192.168.1.22") and allowed.hears("127.0.0.1")


@pytest.mark.parametrize(
    ("text", "token", "allow", "said"),
    [
        ("0.0.0.0:9000", None, None, "needs a token"),
        ("192.168.1.5:9000", None, "", "needs a token"),
        ("nine", None, None, "not an address"),
        ("70000", None, None, "not an address"),
        ("0", None, None, "not an address"),
        ("example.com:9000", "friday", None, "is not an address"),
        ("9000", "a b", None, "not a word"),
        ("0.0.0.0:9000", None, "my laptop", "is not an address"),
    ],
)
def test_what_would_let_everybody_in_or_nobody_is_refused(text: str, token: str | None, allow: str | None, said: str) -> None:
    with pytest.raises(OscError) as refused:
        where(text, token, allow)
    assert said in str(refused.value) and refused.value.hint


def test_a_tempo_and_a_tonic_come_in_their_own_units() -> None:
    assert command_of("/liveset/tempo", [128.5]) == SetTempo(128.5)
    assert command_of("/liveset/key", [9]) == SetKey(9)
    with pytest.raises(OscError, match="send BPM"):
        command_of("/liveset/tempo", [])
