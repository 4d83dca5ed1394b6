"""A set that was played, as a folder for a music program."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

from engine.errors import RecordingError
from engine.performances.reading import Performance
from engine.replay.daw.midi import write_midi
from engine.replay.daw.spans import parts
from engine.replay.daw.stems import FOLDER, write_stems
from engine.replay.remaking import check_repeatable

MIDI_FILE: Final = "set.mid"
TABLE_FILE: Final = "sections.csv"

_COLUMNS: Final = (
    "number",
    "section",
    "role",
    "bar",
    "bars",
    "start_s",
    "length_s",
    "bpm",
    "key",
    "energy",
    "seed",
    "generator",
    "comes_in_by",
    "over_s",
    "prompts",
)


def export(performance: Performance, folder: Path, progress: Callable[[float], None] = lambda _done: None) -> dict[str, float]:
    """Write stems, a MIDI file and a table of the sections into a folder, which is made.

    Returns:
        The peak of each sound file, linear, by its name.

    Raises:
        LivesetError: if the set cannot be played again, or the files not be written.
    """
    check_repeatable(performance)
    try:
        (folder / FOLDER).mkdir(parents=True, exist_ok=True)
        write_midi(performance, folder / MIDI_FILE)
        write_table(performance, folder / TABLE_FILE)
        return write_stems(performance, folder, progress)
    except OSError as error:
        raise RecordingError(f"cannot write in {folder}: {error.strerror}", "free some disk space or name another") from error


def check_folder(folder: Path, *, force: bool = False) -> None:
    """Make sure that nothing is lost where an export is written; with ``force`` an export that is there makes room.

    Raises:
        RecordingError: if there is a file of that name, or something in the folder.
    """
    if folder.exists() and not folder.is_dir():
        raise RecordingError(f"{folder} is a file", "name a folder")
    mine = [folder / FOLDER, folder / MIDI_FILE, folder / TABLE_FILE]
    if folder.is_dir() and any(each.exists() for each in mine):
        if not force:
            raise RecordingError(f"{folder} has an export already", "name another folder, or replace it with --force")
        shutil.rmtree(folder / FOLDER, ignore_errors=True)


def write_table(performance: Performance, path: Path) -> None:
    """Write a row for each section as it was heard; bars count from 1.

    Raises:
        OSError: if it cannot be written.
    """
    tempo = performance.tempo
    grid = tempo.first
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(_COLUMNS)
        for number, part in enumerate(parts(performance), 1):
            section, cue = part.span.section, part.span.cue
            request = section.request
            first = tempo.bar_at(part.start)
            rows.writerow(
                (
                    number,
                    section.title,
                    request.role,
                    first + 1,
                    max(1, round((tempo.beats_at(part.end) - tempo.beats_at(part.start)) / grid.beats_per_bar)),
                    f"{grid.seconds(part.start):.6f}",
                    f"{grid.seconds(part.end - part.start):.6f}",
                    f"{request.bpm:g}",
                    request.key,
                    request.energy,
                    request.seed,
                    section.generator,
                    cue.transition,
                    f"{grid.seconds(cue.length):.3f}",
                    "; ".join(f"{prompt.text} ({prompt.weight:g})" for prompt in request.prompts),
                )
            )
