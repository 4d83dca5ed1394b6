"""The rehearsal report: every field, valid JSON, a picture, and clear errors."""

from __future__ import annotations

import json
import math
import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine.errors import RecordingError
from engine.protocol import GridFit, HandOver, Hold, PlayedSection, PromptWeight, SetMacro, SetPrompt, SetWeight
from engine.rehearsal.log import LoggedEvent, RehearsalLog
from liveset.report.write import check_writable, write_report

RATE = 44_100
FIELDS = [
    "preset", "seed", "seconds", "sample_rate", "lufs", "true_peak_dbtp", "longest_silence_ms", "underruns", "ladder",
    "unknown_words", "events", "tempos", "sections",
]  # fmt: skip
SECTION_FIELDS = [
    "name", "role", "start_s", "bars", "bpm", "key", "energy", "prompts", "seed", "generated_in_s", "headroom_s", "transition",
    "grid", "generator", "index", "start_bar", "section_id", "piece",
]  # fmt: skip

LOG = RehearsalLog(
    preset="sunrise",
    seed=7,
    underruns=0,
    ladder_hold=2,
    ladder_pocket=1,
    unknown_words=("blorp",),
    events=(
        LoggedEvent(1.25, SetWeight(0, 0.5)),
        LoggedEvent(2.0, Hold()),
        LoggedEvent(2.5, SetMacro("filter", 0.25)),
        LoggedEvent(3.0, SetPrompt(1, "schöne Pads")),
    ),
    sections=(
        PlayedSection(
            "dawn", "intro", 0.0, 2, 120.0, "F minor", 0.2, (PromptWeight("warm", 0.72),), 11, 0.08, math.inf,
            HandOver("equal-power", 4.0, 2.0), GridFit(120.1, -3.5, 0.99, 2, 6, 0.8, 8),
        ),
        PlayedSection("end", "outro", 4.0, 2, 120.0, "F minor", 0.6, (), 12),
    ),
)  # fmt: skip


def tone(path: Path, seconds: float = 8.0, gain: float = 0.1) -> Path:
    """An audio file of a 1 kHz sine with half a second of silence at its end."""
    wave = gain * np.sin(2 * np.pi * 1000 * np.arange(round(seconds * RATE)) / RATE)
    wave[-RATE // 2 :] = 0
    soundfile.write(path, np.repeat(wave[:, None], 2, axis=1), RATE, "PCM_24")
    return path


def refuse(name: str) -> object:
    raise AssertionError(f"report.json holds {name}")


def test_report_holds_every_field_as_valid_json(tmp_path: Path) -> None:
    returned = write_report(tmp_path / "new" / "report", tone(tmp_path / "set.flac"), LOG)
    text = (tmp_path / "new" / "report" / "report.json").read_text(encoding="utf-8")
    report = json.loads(text, parse_constant=refuse)
    assert report == returned
    assert list(report) == FIELDS and [list(section) for section in report["sections"]] == [SECTION_FIELDS] * 2
    assert (report["preset"], report["seed"], report["seconds"], report["sample_rate"]) == ("sunrise", 7, 8.0, RATE)
    assert report["lufs"] == pytest.approx(-20, abs=0.3) and report["true_peak_dbtp"] == pytest.approx(-20, abs=0.2)
    assert report["longest_silence_ms"] == pytest.approx(500, abs=1)
    assert report["ladder"] == {"hold": 2, "pocket": 1} and report["unknown_words"] == ["blorp"]
    assert report["events"] == [
        {"time_s": 1.25, "command": "set-weight", "slot": 0, "value": 0.5},
        {"time_s": 2.0, "command": "hold", "on": None},
        {"time_s": 2.5, "command": "set-macro", "name": "filter", "value": 0.25},
        {"time_s": 3.0, "command": "set-prompt", "slot": 1, "text": "schöne Pads"},
    ]
    first, last = report["sections"]
    assert first["prompts"] == [{"text": "warm", "weight": 0.72}]
    assert first["transition"] == {"kind": "equal-power", "start_s": 4.0, "length_s": 2.0}
    assert first["headroom_s"] is None and first["generated_in_s"] == 0.08
    assert first["grid"] == {
        "bpm": 120.1,
        "phase_ms": -3.5,
        "stretch": 0.99,
        "tries": 2,
        "steps": 6,
        "sure": 0.8,
        "full_steps": 8,
    }
    assert last["grid"] is None
    assert last["transition"] is None and last["prompts"] == []


def test_picture_is_a_large_png(tmp_path: Path) -> None:
    write_report(tmp_path, tone(tmp_path / "set.wav"), LOG)
    data = (tmp_path / "set.png").read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", data[16:24]) == (1600, 900)


@pytest.mark.parametrize("seconds", [0.0, 0.05, 2.0])
def test_silent_or_tiny_audio_is_reported_as_null(tmp_path: Path, seconds: float) -> None:
    report = write_report(tmp_path, tone(tmp_path / "set.wav", seconds, gain=0.0), RehearsalLog("empty", 0))
    assert report["lufs"] is None and report["true_peak_dbtp"] is None and report["sections"] == []
    assert report["seconds"] == seconds and (tmp_path / "set.png").stat().st_size > 1000


def test_unwritable_report_folder_is_an_early_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(RecordingError, match="cannot write the report into") as error:
            check_writable(folder)
        assert "--report" in error.value.hint
    assert check_writable(tmp_path / "a" / "b").is_dir()
    assert list((tmp_path / "a" / "b").iterdir()) == [], "trying leaves nothing behind"


def test_unreadable_audio_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "set.flac").write_bytes(b"not audio")
    for name in ("set.flac", "none.flac"):
        with pytest.raises(RecordingError, match="cannot read"):
            write_report(tmp_path / "report", tmp_path / name, LOG)
