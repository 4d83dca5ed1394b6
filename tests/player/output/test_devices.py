"""Looking for devices: what PortAudio lists, what it refuses, and what is said where it is missing."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import pytest

from engine.errors import DeviceError
from engine.player.output import backends, check
from engine.player.output.backends import DeviceInfo, list_devices, open_portaudio


class PortAudioError(Exception):
    """As sounddevice raises it."""


DEVICES = [
    {"name": "microphone", "hostapi": 0, "max_output_channels": 0, "default_samplerate": 44_100.0},
    {"name": "speakers", "hostapi": 0, "max_output_channels": 2, "default_samplerate": 48_000.0},
    {"name": "interface", "hostapi": 1, "max_output_channels": 8, "default_samplerate": 96_000.0},
]
APIS = [{"name": "ALSA", "default_output_device": -1}, {"name": "JACK", "default_output_device": 2}]


class SoundDevice:
    """The part of the sounddevice module that lists and finds devices."""

    PortAudioError = PortAudioError

    def __init__(self, devices: list[dict[str, Any]], default: int = 1) -> None:
        self.devices = devices
        self.default = SimpleNamespace(device=(-1, default))
        self.breaks = ""
        self.started = 0

    def query_devices(self, device: str | int | None = None, kind: str = "") -> Any:
        if self.breaks:
            raise PortAudioError(self.breaks)
        if not kind:
            return [{**found, "index": index} for index, found in enumerate(self.devices)]
        for index, found in enumerate(self.devices):
            if device in (None, index, found["name"]) and found["max_output_channels"]:
                return {**found, "index": index}
        raise ValueError("No output device matching")

    def query_hostapis(self) -> Any:
        return APIS

    def OutputStream(self, **_: object) -> Any:
        return SimpleNamespace(latency=0.02, start=lambda: None)

    def _terminate(self) -> None:
        if self.breaks:
            raise PortAudioError(self.breaks)

    def _initialize(self) -> None:
        self.started += 1


@pytest.fixture
def sd(monkeypatch: pytest.MonkeyPatch) -> SoundDevice:
    made = SoundDevice(DEVICES)
    monkeypatch.setitem(sys.modules, "sounddevice", made)
    return made


def test_devices_without_outputs_are_not_listed(sd: SoundDevice) -> None:
    assert list_devices() == [
        DeviceInfo(1, "speakers", "ALSA", 2, 48_000.0, True),
        DeviceInfo(2, "interface", "JACK", 8, 96_000.0, False),
    ]


def test_default_device_of_a_host_api_counts_where_there_is_no_overall_default(sd: SoundDevice) -> None:
    sd.default.device = (-1, -1)
    assert [device.name for device in list_devices() if device.default] == ["interface"]


def test_listing_that_fails_is_a_clear_error(sd: SoundDevice) -> None:
    sd.breaks = "server gone"
    with pytest.raises(DeviceError, match=r"cannot list devices \(server gone\)"):
        list_devices()


def test_missing_sound_library_is_a_clear_error_with_a_hint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(DeviceError) as raised:
        list_devices()
    assert raised.value.hint == backends.PORTAUDIO_HINT


def test_device_is_opened_by_number_and_by_name(sd: SoundDevice) -> None:
    assert open_portaudio("2", 256, again=False).name == open_portaudio("interface", 256, again=False).name == "interface"
    assert sd.started == 0


def test_looking_again_restarts_portaudio(sd: SoundDevice) -> None:
    assert open_portaudio(None, 256, again=True).name == "speakers"
    assert sd.started == 1
    sd.breaks = "server gone"
    with pytest.raises(DeviceError, match=r"cannot be started \(server gone\)"):
        open_portaudio(None, 256, again=True)


@pytest.mark.parametrize("device", ["1", "interface"])
def test_check_says_nothing_of_a_device_that_is_there(sd: SoundDevice, capsys: pytest.CaptureFixture[str], device: str) -> None:
    assert check.main([device]) == 0
    assert capsys.readouterr().out == ""


def test_check_names_the_devices_there_are_instead_of_a_missing_one(sd: SoundDevice, capsys: pytest.CaptureFixture[str]) -> None:
    assert check.main(["headphones"]) == 0
    assert capsys.readouterr().out == "no output device 'headphones'; there is 1: speakers, 2: interface\n"


def test_check_says_nothing_where_there_is_no_device_at_all(sd: SoundDevice, capsys: pytest.CaptureFixture[str]) -> None:
    sd.devices = []
    assert check.main(["headphones"]) == 0
    assert capsys.readouterr().out == ""
