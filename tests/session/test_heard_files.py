"""A sound file as a prompt: what is told of a wrong one, what is heard in a right one, and what that does to a set."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import tomlkit

from engine import protocol as p
from engine.conductor.reacting.on_command import take_command
from engine.conductor.requests import wish
from engine.conductor.state import State
from engine.errors import PresetError, SoundError
from engine.presets import Preset
from engine.presets.reading import parse_preset
from engine.prompts.mix import decide_bpm, decide_key, mix
from engine.session import heard_files
from engine.session.as_preset import written
from engine.session.heard_files import heard
from engine.session.opening import opening_state
from engine.timebase import SAMPLE_RATE

BPM = 126.0


def drum_loop(bpm: float = BPM, beats: int = 16, rate: int = SAMPLE_RATE) -> np.ndarray:
    """Kicks on beats, short noises between them, and an A minor chord: (frames, 2)."""
    rng, beat = np.random.default_rng(1), 60 / bpm
    out = np.zeros((round(beats * beat * rate), 2), np.float32)
    time = np.arange(round(0.12 * rate)) / rate
    kick = (np.sin(2 * np.pi * 55 * time) * np.exp(-time * 30)).astype(np.float32)
    noise = (rng.standard_normal(len(time)) * np.exp(-time * 90) * 0.3).astype(np.float32)
    for number in range(2 * beats):
        at = round(number * beat / 2 * rate)
        hit = (noise if number % 2 else kick)[: len(out) - at]
        out[at : at + len(hit)] += hit[:, None]
    long = np.arange(len(out)) / rate
    chord = sum(np.sin(2 * np.pi * hertz * long) for hertz in (220.0, 261.63, 329.63, 440.0))
    return np.asarray(out + 0.08 * np.asarray(chord, np.float32)[:, None], np.float32)


@pytest.fixture
def loop(tmp_path: Path) -> Path:
    path = tmp_path / "loop.wav"
    soundfile.write(path, drum_loop(), SAMPLE_RATE)
    return path


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(heard_files, "cache_folder", lambda: tmp_path / "cache")
    return tmp_path / "cache"


def preset_of(loop: Path, more: str = "") -> Preset:
    return parse_preset(f'[set]\nminutes = 1\n[[prompt]]\naudio = "{loop.name}"\n{more}', "mine.toml", loop.parent)


def test_a_loop_gives_the_set_its_tempo_and_its_key(loop: Path) -> None:
    state = opening_state(preset_of(loop))
    assert state.settings.grid.bpm == BPM and state.settings.key == "A minor"
    (slot,) = state.steering.slots
    assert slot.text == "loop.wav" and slot.sound is not None and slot.sound.beats == 16


def test_words_that_name_tempo_and_key_go_before_what_is_heard(loop: Path) -> None:
    state = opening_state(preset_of(loop, 'text = "dub in D minor, 118 bpm"'))
    assert state.settings.grid.bpm == 118 and state.settings.key == "D minor"
    assert state.steering.slots[0].text == "dub in D minor, 118 bpm + loop.wav"


def test_a_tempo_is_counted_as_the_heaviest_style_counts_it() -> None:
    half = p.PromptWeight("x.wav", 0.5, p.HeardSound("x.wav", bpm=87.0))
    assert decide_bpm((p.PromptWeight("drum and bass", 1.0), half), 1) == 174
    assert decide_bpm((p.PromptWeight("hip hop", 1.0), half), 1) == 87


def test_the_heavier_a_sound_is_the_more_it_bends_the_music() -> None:
    def energy(weight: float) -> float:
        sound = p.HeardSound("x.wav", energy=1.0)
        return mix((p.PromptWeight("house", 1.0), p.PromptWeight("x.wav", weight, sound))).params["energy"]

    values = [energy(weight) for weight in (0.0, 0.3, 0.6, 1.0)]
    assert values == sorted(values) and values[-1] > values[0] + 0.1


def test_a_name_that_has_words_in_it_is_not_read_as_words() -> None:
    sound = p.HeardSound("/tmp/techno.wav", key="E minor")
    prompts = (p.PromptWeight("techno.wav", 1.0, sound),)
    assert mix(prompts).dominant == "house"
    assert decide_key(prompts, 3) == "E minor"


def test_what_was_heard_is_remembered(loop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = heard(loop)

    def never(path: Path) -> dict[str, object]:
        raise AssertionError(f"{path} was measured again")

    monkeypatch.setattr(heard_files, "_measured", never)
    assert heard(loop, "warm") == replace(first, words="warm")
    loop.touch()
    with pytest.raises(AssertionError):
        heard(loop.rename(loop.with_name("other.wav")))


def test_prompts_with_sounds_are_saved_and_read_again(loop: Path) -> None:
    state = opening_state(preset_of(loop, 'text = "warm"\nweight = 0.5'))
    text = written(state, preset_of(loop))
    assert tomlkit.parse(text)["prompt"] == [{"text": "warm", "audio": str(loop), "weight": 0.5}]
    assert opening_state(parse_preset(text, "again.toml")).steering.slots == state.steering.slots


def said(state: State, text: str) -> State:
    return take_command(state, p.SetPrompt(0, text))[0]


def test_a_prompt_keeps_its_sound_while_the_files_name_ends_its_text(loop: Path) -> None:
    state = opening_state(preset_of(loop))
    warm = said(state, "warm pads + loop.wav")
    assert warm.steering.slots[0].words == "warm pads" and wish(warm, 0, 0).prompts[0].sound is not None
    assert said(warm, "loop.wav").steering.slots[0] == state.steering.slots[0]
    plain = said(warm, "warm pads")
    assert plain.steering.slots[0].sound is None and plain.steering.slots[0].words == "warm pads"


@pytest.mark.parametrize(
    ("name", "sound", "says"),
    [
        ("none.wav", None, "there is no file none.wav"),
        ("short.wav", np.ones((4410, 1), np.float32), "short.wav is too short: 0.10 s; a sound has 1 s at least"),
        ("long.wav", np.ones((8000 * 121, 1), np.float32), "long.wav is too long: 121 s"),
    ],
)
def test_what_is_wrong_with_a_file_is_told_in_a_sentence(tmp_path: Path, name: str, sound: np.ndarray | None, says: str) -> None:
    if sound is not None:
        soundfile.write(tmp_path / name, sound, 8000 if len(sound) > 100_000 else 44_100)
    with pytest.raises(PresetError) as told:
        preset_of(tmp_path / name)
    assert says in str(told.value) and "[[prompt]] number 1, audio" in str(told.value)


def test_a_file_that_is_no_audio_and_a_silent_one_are_told(tmp_path: Path) -> None:
    (tmp_path / "words.wav").write_text("these are words", encoding="utf-8")
    with pytest.raises(PresetError, match=r"words\.wav is not audio"):
        preset_of(tmp_path / "words.wav")
    soundfile.write(tmp_path / "still.flac", np.zeros((88_200, 2), np.float32), 44_100)
    with pytest.raises(SoundError, match=r"still\.flac is silent"):
        opening_state(preset_of(tmp_path / "still.flac"))


def test_one_channel_and_other_rates_are_read_as_well(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "mono.flac", drum_loop(rate=48_000)[:, :1], 48_000)
    found = heard(tmp_path / "mono.flac")
    assert found.bpm == pytest.approx(BPM, abs=0.01) and found.key == "A minor"
