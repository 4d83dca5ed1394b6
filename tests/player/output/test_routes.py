"""Outputs of a device: where the set and the headphones go, and what becomes of them where there are too few."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from engine.errors import DeviceError
from engine.player.output import routes
from engine.player.output.backends import PortAudioBackend, SilentBackend
from engine.player.output.listening import CueSide, Listening
from engine.player.output.routes import Routes, true_channels
from engine.player.output.varispeed import Varispeed
from engine.protocol import DeviceInfo, SetOptions, pair_of
from tests.player.output.test_output import FakeSoundDevice

BOTH = Routes((1, 2), (3, 4))
BLOCK = np.tile(np.array([1, 2, 3, 4], np.float32), (256, 1))


def opened(channels: int, wanted: Routes, rates: tuple[float, ...] = (44_100.0,)) -> tuple[PortAudioBackend, FakeSoundDevice]:
    sd = FakeSoundDevice(rates=rates, channels=channels)
    sd.names = ["interface (hw:1,0)"]
    sd.takes_channels = tuple(range(1, channels + 1))
    return PortAudioBackend(sd, None, 256, routes=wanted), sd


def test_the_headphones_go_to_their_outputs_and_the_others_stay_silent() -> None:
    backend, sd = opened(8, Routes((3, 4), (7, 6)))
    backend.write(BLOCK)
    (heard,) = sd.streams[-1].heard
    assert backend.channels == 7
    assert heard[0].tolist() == [0, 0, 1, 2, 0, 4, 3]


def test_a_device_at_another_rate_gets_both_resampled() -> None:
    backend, sd = opened(4, BOTH, rates=(48_000.0,))
    for _ in range(20):
        backend.write(BLOCK)
    sound = np.concatenate(sd.streams[-1].heard)
    assert sound.shape[1] == 4
    assert np.allclose(sound[-1], [1, 2, 3, 4], atol=0.01)


@pytest.mark.parametrize(
    ("channels", "wanted", "main", "cue"),
    [
        (2, BOTH, (1, 2), None),
        (4, BOTH, (1, 2), (3, 4)),
        (4, Routes((5, 6), (3, 4)), (1, 2), (3, 4)),
        (2, Routes((3, 4), (1, 2)), (1, 2), None),
        (1, BOTH, (1, 2), None),
    ],
)
def test_too_few_outputs_leave_the_set_on_the_first_two(
    channels: int, wanted: Routes, main: tuple[int, int], cue: tuple[int, int] | None
) -> None:
    backend, sd = opened(channels, wanted)
    assert (backend.routes.main, backend.routes.cue) == (main, cue)
    backend.write(BLOCK if cue else BLOCK[:, :2])
    assert len(sd.streams[-1].heard) == 1
    said = Listening(wanted).opened(backend)
    assert said is not None
    assert bool(said.where) == (cue is not None)
    assert cue is not None or f"has {channels} output" in said.why
    assert len(f"{said.why}; the set plays on.") <= 100


def test_nothing_is_said_of_headphones_that_nobody_asked_for() -> None:
    backend, _ = opened(2, Routes())
    assert Listening(Routes()).opened(backend) is None
    assert Listening(BOTH).opened(SilentBackend(256)) is not None


def pactl(folder: Path, sinks: str) -> None:
    """A program that answers as a sound server's does."""
    program = folder / "pactl"
    program.write_text(f'#!/bin/sh\nif [ "$1" = get-default-sink ]; then echo out; else printf "{sinks}"; fi\n', encoding="utf-8")
    program.chmod(0o700)


@pytest.mark.parametrize(
    ("name", "sinks", "channels"),
    [
        ("interface (hw:1,0)", "1\\tout\\tm\\tfloat32le 2ch 44100Hz\\tIDLE\\n", 32),
        ("pulse", "1\\tother\\tm\\ts16le 6ch 48000Hz\\tIDLE\\n2\\tout\\tm\\tfloat32le 4ch 44100Hz\\tIDLE\\n", 4),
        ("pipewire", "1\\tout\\tm\\tfloat32le 2ch 44100Hz\\tIDLE\\n", 2),
        ("default", "", 2),
        ("my own plug", "1\\tout\\tm\\tfloat32le 4ch 44100Hz\\tIDLE\\n", 2),
    ],
)
def test_a_sound_server_has_as_many_outputs_as_what_it_plays_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, sinks: str, channels: int
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setenv("PULSE_SINK", "")
    pactl(tmp_path, sinks)
    assert true_channels(DeviceInfo(0, name, "ALSA", 32, 44_100.0, True)) == channels


def test_a_sink_that_is_gone_gives_way_to_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setenv("PULSE_SINK", "unplugged")
    pactl(tmp_path, "1\\tout\\tm\\tfloat32le 4ch 44100Hz\\tIDLE\\n")
    assert true_channels(DeviceInfo(0, "pulse", "ALSA", 32, 44_100.0, True)) == 4
    assert os.environ["PULSE_SINK"] == "out", "the streams stay there"


def test_without_an_answer_a_sound_server_has_two_outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PULSE_SINK", "")
    assert true_channels(DeviceInfo(0, "pulse", "ALSA", 32, 44_100.0, True)) == routes.STEREO


def test_what_the_headphones_have_is_as_long_as_the_sets_own_block_at_any_speed() -> None:
    pushed: list[np.ndarray] = []
    side = CueSide(Listening(Routes(), pushed.append), 256)
    own, backend = Varispeed(), SilentBackend(256)
    for speed in (1.0, 1.01, 0.99, 1.0, 1.003, 1.0, 1.0):
        heard = own.process(np.ones((256, 2), np.float32), speed)
        assert side.beside(heard, speed, backend) is heard
        assert len(pushed[-1]) == len(heard)


@pytest.mark.parametrize("text", ["", "1", "3,4,5", "0,1", "3,3", "a,b", "1,65", "-1,2"])
def test_outputs_that_cannot_be_are_refused_with_what_they_may_be(text: str) -> None:
    with pytest.raises(DeviceError, match="must name two outputs"):
        pair_of(text, "--cue")


def test_the_set_and_the_headphones_share_no_output_of_one_device() -> None:
    SetOptions(outputs="1,2", cue="3,4").check()
    SetOptions(cue="1,2", cue_device="ears").check()
    with pytest.raises(DeviceError, match="output 2 cannot"):
        SetOptions(cue="2,3").check()
