"""What the command line asks for reaches the engine whole, and what cannot be is said by name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.errors import LivesetError
from engine.protocol import SetOptions, input_of

FULL = SetOptions("night.toml", "pulse", 512, "/tmp/a.flac", 7, 90.5, "pocket", "moves.mid", True)


def test_options_come_back_as_they_were_written(tmp_path: Path) -> None:
    FULL.write(tmp_path / "options.json")
    assert SetOptions.read(tmp_path / "options.json") == FULL


def test_options_of_another_version_are_read_as_far_as_they_are_known(tmp_path: Path) -> None:
    (tmp_path / "options.json").write_text(json.dumps({"preset": "sunrise", "seed": 3, "colour": "red"}))
    assert SetOptions.read(tmp_path / "options.json") == SetOptions("sunrise", seed=3)
    (tmp_path / "options.json").write_text("[]")
    with pytest.raises(ValueError, match="holds no options"):
        SetOptions.read(tmp_path / "options.json")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (SetOptions(minutes=0), "--minutes must be above 0 and at most 1440 (got 0)"),
        (SetOptions(minutes=float("nan")), "--minutes must be above 0 and at most 1440 (got nan)"),
        (SetOptions(minutes=1441), "--minutes must be above 0 and at most 1440 (got 1441)"),
        (SetOptions(block=300), "--block must be 256, 512 or 1024 (got 300)"),
        (SetOptions(input="mic=soon"), "--input 'mic=soon' is not an input with milliseconds from -500 to 500"),
        (SetOptions(input="mic=-501"), "--input 'mic=-501' is not an input with milliseconds from -500 to 500"),
        (SetOptions(input="=5"), "--input '=5' is not an input with milliseconds from -500 to 500"),
    ],
)
def test_what_cannot_be_is_said_by_name(options: SetOptions, says: str) -> None:
    with pytest.raises(LivesetError) as error:
        options.check()
    assert error.value.message == says
    FULL.check()


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("USB Audio", ("USB Audio", 0.0)),
        ("Mixer: USB, ALSA = -12.5", ("Mixer: USB, ALSA", -12.5)),
        ("hw:CARD=PCH=0", ("hw:CARD=PCH", 0.0)),
        ("3=20", ("3", 20.0)),
    ],
)
def test_an_input_has_a_name_and_an_offset(text: str, read: tuple[str, float]) -> None:
    assert input_of(text) == read
