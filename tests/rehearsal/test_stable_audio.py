"""Rehearsing with Stable Audio: the whole road on a tiny checkpoint, and pocket where the model is not installed."""

from __future__ import annotations

import json
from pathlib import Path

import mido
import numpy as np
import pytest
import soundfile

from engine.presets import load_preset
from engine.protocol import NEWEST_KEEPER, SetOptions
from engine.rehearsal.log import RehearsalLog
from engine.rehearsal.rehearsal import Rehearsal
from engine.sections.keepers import find_keeper
from liveset.report.write import write_report
from tests.generators.stable_audio.conftest import TINY, make_base, needs_transformers
from tests.session.test_heard_files import drum_loop

PRESET = """
[set]
title = "Tiny"
bpm = 300
key = "F minor"
seed = 5
generator = "stable-audio"

[[prompt]]
text = "warm house"
weight = 0.8

[[prompt]]
text = "dub chords"
weight = 0.2

[[section]]
role = "intro"
bars = 4

[[section]]
role = "drop"
bars = 4
prompts = { 1 = 0.2, 2 = 0.9 }
transition = "equal-power"

[[section]]
role = "outro"
bars = 2

[[lora]]
path = "lora.safetensors"
strength = 0.5

[midi]
ch1_note60 = "vary"
cc50 = "lora 1"
"""


BRIEF = """
[set]
title = "Brief"
bpm = 300
key = "F minor"
seed = 5
generator = "stable-audio"

[[prompt]]
text = "warm house"

[[section]]
role = "intro"
bars = 1
"""
"""One section alone: nothing but what the generator itself decides."""


@pytest.fixture(autouse=True)
def _private(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(
        "engine.processes.children.os.cpu_count", lambda: 1
    )  # a second thread costs the tiny model more than it gives
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("LIVESET_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("LIVESET_KEEPERS", str(tmp_path / "kept"))


def install(folder: Path) -> None:
    (folder / "models").mkdir()
    (folder / "models" / "small-music").symlink_to(TINY)


def preset(folder: Path) -> Path:
    path = folder / "tiny.toml"
    path.write_text(PRESET, encoding="utf-8")
    (folder / "lora.safetensors").write_bytes((TINY / "lora.safetensors").read_bytes())
    return path


def moves(path: Path) -> Path:
    """A quarter of a second in, the LoRA's knob, a press that varies the section after the first, and one that keeps that first
    one; it is varied again in the third."""
    file = mido.MidiFile(ticks_per_beat=480)
    track = mido.MidiTrack()
    file.tracks.append(track)
    track.append(mido.MetaMessage("set_tempo", tempo=500_000, time=0))
    track.append(mido.Message("control_change", control=50, value=100, time=240))
    track.append(mido.Message("note_on", note=60, velocity=100, time=0))
    track.append(mido.Message("note_on", note=48, velocity=100, time=480))
    track.append(mido.Message("note_on", note=49, velocity=100, time=480 * 7))
    file.save(path)
    return path


def rehearse(folder: Path) -> RehearsalLog:
    options = SetOptions(record=str(folder / "a.flac"), midi=str(moves(folder / "moves.mid")))
    return Rehearsal(load_preset(str(preset(folder))), options).run()


def rehearse_briefly(folder: Path) -> RehearsalLog:
    (folder / "brief.toml").write_text(BRIEF, encoding="utf-8")
    return Rehearsal(load_preset(str(folder / "brief.toml")), SetOptions(record=str(folder / "a.flac"))).run()


@needs_transformers
def test_tiny_checkpoint_plays_a_set_from_start_to_report(tmp_path: Path) -> None:
    install(tmp_path)
    log = rehearse(tmp_path)
    report = write_report(tmp_path / "report", tmp_path / "a.flac", log)
    sections = report["sections"]
    assert log.notices == ()
    assert (report["ladder"], report["underruns"]) == ({"hold": 0, "pocket": 0}, 0)
    assert sum(section["bars"] for section in sections) == 10
    assert [event["command"] for event in report["events"]] == ["set-lora", "vary-next", "keep", "vary-next"]
    assert [event.get("keeper") for event in report["events"]] == [None, None, None, NEWEST_KEEPER]
    assert log.kept == ("tiny-intro-1",)
    assert find_keeper("tiny-intro-1").seed == sections[0]["seed"]
    for section in sections:
        assert section["grid"]["steps"] in (4, 6, 8)
        assert section["generated_in_s"] > 0
    assert [section["headroom_s"] is not None for section in sections] == [False, True, True]
    assert sections[1]["transition"]["kind"] in ("equal-power", "equal-gain")
    json.dumps(report, allow_nan=False)
    sound, rate = soundfile.read(tmp_path / "a.flac", dtype="float32")
    quiet = np.abs(sound[rate : 7 * rate]).max(axis=1).reshape(-1, rate // 4).max(axis=1)
    assert (quiet > 0).all()


@needs_transformers
def test_a_sound_file_is_the_only_prompt_of_a_set(tmp_path: Path) -> None:
    install(tmp_path)
    soundfile.write(tmp_path / "loop.wav", drum_loop(150), 44_100)
    text = BRIEF.replace('text = "warm house"', 'audio = "loop.wav"').replace("bpm = 300\n", "")
    (tmp_path / "brief.toml").write_text(text, encoding="utf-8")
    log = Rehearsal(load_preset(str(tmp_path / "brief.toml")), SetOptions(record=str(tmp_path / "a.flac"))).run()
    assert log.notices == () and (log.ladder_hold, log.ladder_pocket) == (0, 0)
    (section,) = log.sections
    assert section.bpm == 150 and section.generator == "stable-audio"
    sound, _ = soundfile.read(tmp_path / "a.flac", dtype="float32")
    assert np.abs(sound).max() > 0.05


@needs_transformers
def test_base_checkpoint_uses_its_own_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_base(tmp_path / "models" / "small-music-base")
    monkeypatch.setenv("LIVESET_MODEL", "small-music-base")
    log = rehearse_briefly(tmp_path)
    assert log.notices == () and (log.ladder_hold, log.ladder_pocket) == (0, 0)
    (section,) = log.sections
    assert section.grid is not None and (section.grid.steps, section.grid.full_steps) == (50, 50)


def test_missing_model_falls_back_to_pocket_with_a_notice(tmp_path: Path) -> None:
    log = rehearse_briefly(tmp_path)
    (notice,) = log.notices
    assert "stable-audio" in notice or "small-music" in notice
    assert notice.endswith("the set plays on pocket")
    assert (log.ladder_hold, log.ladder_pocket) == (0, 0)
