"""Looking for devices: what PortAudio lists, what it refuses, and what is said where it is missing."""

from __future__ import annotations

import io
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from engine.errors import DeviceError
from engine.player.output import check, devices
from engine.player.output.backends import open_portaudio
from engine.player.output.devices import choose, list_devices
from engine.player.output.lookout import parse_listing
from engine.protocol import DeviceInfo


class PortAudioError(Exception):
    """As sounddevice raises it."""


DEVICES = [
    {"name": "microphone", "hostapi": 0, "max_output_channels": 0, "default_samplerate": 44_100.0},
    {"name": "speakers", "hostapi": 0, "max_output_channels": 2, "default_samplerate": 48_000.0},
    {"name": "interface", "hostapi": 1, "max_output_channels": 8, "default_samplerate": 96_000.0},
]
APIS = [
    {"name": "ALSA", "default_output_device": -1, "default_input_device": -1},
    {"name": "JACK", "default_output_device": 2, "default_input_device": -1},
]


class SoundDevice:
    """The part of the sounddevice module that lists and finds devices."""

    PortAudioError = PortAudioError

    def __init__(self, devices: list[dict[str, Any]], default: int = 1) -> None:
        self.devices = devices
        self.default = SimpleNamespace(device=(-1, default))
        self.breaks = ""
        self.started = 0

    def query_devices(self) -> Any:
        if self.breaks:
            raise PortAudioError(self.breaks)
        return [{**found, "index": index} for index, found in enumerate(self.devices)]

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
        DeviceInfo(1, "speakers", "ALSA", 2, 48_000.0, True, "speakers, ALSA"),
        DeviceInfo(2, "interface", "JACK", 8, 96_000.0, False, "interface, JACK"),
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
    assert raised.value.hint == devices.PORTAUDIO_HINT


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
    assert capsys.readouterr().out == "no output device 'headphones'; there is 1: speakers, ALSA; 2: interface, JACK\n"


def test_check_says_nothing_where_there_is_no_device_at_all(sd: SoundDevice, capsys: pytest.CaptureFixture[str]) -> None:
    sd.devices = []
    assert check.main(["headphones"]) == 0
    assert capsys.readouterr().out == ""


def test_check_says_that_there_is_no_input_at_all(sd: SoundDevice, capsys: pytest.CaptureFixture[str]) -> None:
    sd.devices = []
    assert check.main(["microphone", "input"]) == 0
    assert capsys.readouterr().out == "no input device 'microphone'; there is none\n"


def device(index: int, name: str, host: str, key: str = "") -> DeviceInfo:
    return DeviceInfo(index, name, host, 2, 48_000.0, False, key or f"{name}, {host}")


SEVERAL_HOSTS = [
    device(0, "Speakers (Realtek)", "MME"),
    device(1, "Speakers (Realtek)", "Windows DirectSound"),
    device(2, "Speakers (Realtek)", "Windows WASAPI"),
    device(3, "Headphones", "MME"),
    device(4, "USB Audio", "ALSA"),
    device(5, "USB Audio", "ALSA", "USB Audio, ALSA #2"),
]


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        ("Speakers (Realtek)", 2),
        ("speakers", 2),
        ("Speakers (Realtek), MME", 0),
        ("realtek), windows directsound", 1),
        ("USB Audio", 4),
        ("USB Audio, ALSA #2", 5),
        ("3", 3),
    ],
)
def test_name_that_several_devices_share_means_the_best_hosts(wanted: str, index: int) -> None:
    assert choose(SEVERAL_HOSTS, wanted).index == index


def test_part_of_several_names_lists_the_candidates() -> None:
    with pytest.raises(DeviceError, match="several output devices are like 'e'") as raised:
        choose(SEVERAL_HOSTS, "e")
    assert "3: Headphones, MME" in raised.value.message


def test_two_cards_of_one_name_have_keys_of_their_own(sd: SoundDevice) -> None:
    sd.devices = [DEVICES[1], DEVICES[1]]
    assert [found.key for found in list_devices()] == ["speakers, ALSA", "speakers, ALSA #2"]
    assert open_portaudio("speakers, ALSA #2", 256, again=False).key == "speakers, ALSA #2"


def test_list_is_printed_for_another_process_and_read_there(sd: SoundDevice, capsys: pytest.CaptureFixture[str]) -> None:
    sys.stdin = io.StringIO("again\n")
    try:
        assert check.main(["--list"]) == 0
    finally:
        sys.stdin = sys.__stdin__
    first, second = capsys.readouterr().out.splitlines()
    assert parse_listing(first) == parse_listing(second) == list_devices()
    assert sd.started == 1
    assert parse_listing("nonsense") == parse_listing('[{"a": 1}]') == parse_listing("7") == []
