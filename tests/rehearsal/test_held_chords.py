"""A keyboard's chords through a whole rehearsal: the sound has the pitches that were held, from the next bar on."""

from __future__ import annotations

from pathlib import Path

import mido
import numpy as np
import pytest
import soundfile

from engine.presets import Preset, parse_preset
from tests.support.rehearsing import rehearse

BPM, BEATS = 120, 4
BAR_S = BEATS * 60 / BPM
PRESET = """
[set]
title = "Keys"
minutes = 0.5
bpm = 120
key = "F minor"
seed = 5
[midi]
harmony = "Keystation*"
[[prompt]]
text = "ambient, warm pads, sub bass, no drums"
weight = 1.0
"""
HELD_S, LET_GO_S = 4.3, 16.3
E_MAJOR = (40, 64, 68, 71)
"""E, E, G sharp, B: no note but E and its fifth is near F minor's chords."""


@pytest.fixture(autouse=True)
def _private(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def keys(path: Path) -> Path:
    """A chord that is held for six bars, a little after the second bar's end."""
    file = mido.MidiFile(ticks_per_beat=1000)
    track = mido.MidiTrack()
    file.tracks.append(track)
    track.append(mido.MetaMessage("set_tempo", tempo=1_000_000, time=0))
    for place, number in enumerate(E_MAJOR):
        track.append(mido.Message("note_on", note=number, velocity=90, time=0 if place else round(1000 * HELD_S)))
    for place, number in enumerate(E_MAJOR):
        track.append(mido.Message("note_off", note=number, time=0 if place else round(1000 * (LET_GO_S - HELD_S))))
    file.save(path)
    return path


def chroma(path: Path, first_s: float, last_s: float) -> np.ndarray:
    """Share of the power of each pitch class, 0 (C) to 11, between 35 and 2000 Hz."""
    sound, rate = soundfile.read(path)
    part = sound[round(first_s * rate) : round(last_s * rate)].mean(axis=1)
    power = np.abs(np.fft.rfft(part * np.hanning(len(part)))) ** 2
    hz = np.fft.rfftfreq(len(part), 1 / rate)
    kept = (hz > 35) & (hz < 2000)
    classes = np.round(69 + 12 * np.log2(hz[kept] / 440)).astype(int) % 12
    found = np.bincount(classes, power[kept], 12)
    return np.asarray(found / found.sum())


def chosen() -> Preset:
    return parse_preset(PRESET, "keys.toml")


def test_the_sound_follows_held_keys_and_goes_back_to_the_plan(tmp_path: Path) -> None:
    plain, played, again = (tmp_path / f"{name}.wav" for name in ("plain", "played", "again"))
    midi = keys(tmp_path / "keys.mid")
    rehearse(plain, chosen())
    rehearse(played, chosen(), midi)
    rehearse(again, chosen(), midi)
    held = sorted({number % 12 for number in E_MAJOR})
    came, went = 3 * BAR_S, 9 * BAR_S  # the bar lines after the keys came down, and after they were let go of
    assert chroma(played, came + 1, went)[held].sum() > 0.9
    assert chroma(plain, came + 1, went)[held].sum() < 0.5
    assert chroma(played, came - 1, came)[held].sum() < 0.4 and chroma(played, came, came + 1)[held].sum() > 0.7, (
        "on the bar line"
    )
    assert chroma(played, went - 1, went)[held].sum() > 0.9 and chroma(played, went, went + 1)[held].sum() < 0.5
    before = soundfile.read(plain)[0][: round(2 * BAR_S * 44_100)]
    assert np.array_equal(before, soundfile.read(played)[0][: len(before)]), "until then it is as planned"
    assert soundfile.read(played)[0].tobytes() == soundfile.read(again)[0].tobytes(), "the same keys make the same set"
