"""The report of a set: report.json, set.png to see it at a glance, and report.html to look and listen closer."""

from __future__ import annotations

import json
import math
import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import soundfile

from engine.analysis.audio import Audio
from engine.analysis.survey import Survey, survey
from engine.errors import RecordingError
from engine.protocol import PlayedSection
from engine.rehearsal.log import LoggedEvent, RehearsalLog
from liveset.report.measures import measure_seams, measure_sections
from liveset.report.page import page
from liveset.report.picture import draw

JSON_NAME: Final = "report.json"
PICTURE_NAME: Final = "set.png"
PAGE_NAME: Final = "report.html"
NAMES: Final = (JSON_NAME, PICTURE_NAME, PAGE_NAME)
_NO_TAKES: Final[Mapping[str, int]] = {}


def check_writable(folder: Path | str) -> Path:
    """Make the report's folder if need be and try to write into it.

    Raises:
        RecordingError: if it cannot be made or written to.
    """
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"?")
    except OSError as error:
        raise RecordingError(
            f"cannot write the report into {folder}: {error.strerror or error}", "choose another folder with --report"
        ) from error
    return folder


def write_report(
    folder: Path | str,
    audio: Path | str,
    log: RehearsalLog,
    takes: Mapping[str, int] = _NO_TAKES,
    heard: Survey | None = None,
) -> dict[str, Any]:
    """Measure a set's audio file and write report.json, set.png and report.html.

    Args:
        folder: made if need be; files of an earlier report are replaced.
        audio: a file soundfile can read.
        log: what the set remembers.
        takes: how often each section was made, by its title.
        heard: what `measure` would find, where that is known.

    Returns:
        What report.json holds.

    Raises:
        RecordingError: if the audio cannot be read or the report cannot be written.
    """
    folder = check_writable(folder)
    heard = measure(audio) if heard is None else heard
    report = build(log, heard)
    try:
        text = json.dumps(report, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
        (folder / JSON_NAME).write_text(text, encoding="utf-8")
        draw(folder / PICTURE_NAME, log, heard)
        sections, seams = measure_sections(audio, log.sections), measure_seams(audio, log.sections)
        (folder / PAGE_NAME).write_text(page(log, heard, sections, seams, takes), encoding="utf-8")
    except (OSError, soundfile.LibsndfileError) as error:
        raise RecordingError(
            f"cannot write the report into {folder}: {getattr(error, 'strerror', None) or error}", "free some disk space"
        ) from error
    return report


def measure(audio: Path | str) -> Survey:
    """Measure an audio file, a second at a time.

    Raises:
        RecordingError: if it cannot be read.
    """
    try:
        with soundfile.SoundFile(audio) as file:
            return survey(_blocks(file), file.samplerate, file.frames, file.channels)
    except (OSError, soundfile.LibsndfileError) as error:
        raise RecordingError(f"cannot read {audio}: {error}", "rehearse again") from error


def _blocks(file: soundfile.SoundFile) -> Iterator[Audio]:
    while len(block := file.read(file.samplerate, dtype="float32", always_2d=True)):
        yield block


def build(log: RehearsalLog, heard: Survey) -> dict[str, Any]:
    """The report as plain data; numbers that JSON cannot say (no loudness, no deadline) are None."""
    report = {
        "preset": log.preset,
        "seed": log.seed,
        "seconds": round(heard.frames / heard.rate, 6),
        "sample_rate": heard.rate,
        "lufs": round(heard.lufs, 2),
        "true_peak_dbtp": round(heard.true_peak_dbtp, 2),
        "longest_silence_ms": round(heard.longest_silence_ms, 1),
        "underruns": log.underruns,
        "ladder": {"hold": log.ladder_hold, "pocket": log.ladder_pocket},
        "unknown_words": list(log.unknown_words),
        "events": [_event(event) for event in log.events],
        "tempos": [{"bar": bar, "bpm": bpm} for bar, bpm in log.tempos],
        "sections": [_section(section) for section in log.sections],
    }
    return _plain(report)  # type: ignore[no-any-return]


def _section(section: PlayedSection) -> dict[str, Any]:
    """A section's fields; a prompt that is a sound file has that beside its text."""
    fields = asdict(section)
    for prompt in fields["prompts"]:
        if prompt["sound"] is None:
            del prompt["sound"]
    return fields


def _event(event: LoggedEvent) -> dict[str, Any]:
    """``{"time_s": 12.5, "command": "set-weight", "slot": 0, "value": 0.5}``: the command's fields beside its name."""
    name = re.sub(r"(?<!^)(?=[A-Z])", "-", type(event.command).__name__).lower()
    return {"time_s": round(event.at_s, 6), "command": name, **asdict(event.command)}


def _plain(value: Any) -> Any:
    """``value`` with tuples as lists and what is not a finite number as None."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
