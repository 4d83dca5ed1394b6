"""`liveset keepers`: what was kept, as audio files or out of the way."""

from __future__ import annotations

import contextlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Final

import numpy as np
import soundfile
import typer

from engine.errors import RecordingError
from engine.processes.layout import check_audio_name, check_free
from engine.sections.file import Audio, SectionReader
from engine.sections.keepers import find_keeper, keepers, keepers_root, mark_keeper, remove_keeper
from liveset.commands.plain import plain_console
from liveset.ui.widgets.kept import line, matches, sorted_keepers

PROMPT_CELLS: Final = 60
"""Cells of a prompt that the list of keepers shows."""


def show_keepers(as_json: bool, search: str = "") -> None:
    """Print all keepers, those with a star first, then the newest, and those that are broken.

    Args:
        as_json: one object instead.
        search: words that each keeper has; see `liveset.ui.widgets.kept.matches`.
    """
    good, broken = keepers()
    good = sorted_keepers(keeper for keeper in good if matches(keeper, search))
    if as_json:
        typer.echo(json.dumps({"folder": str(keepers_root()), "keepers": [asdict(each) for each in good], "broken": broken}))
        return
    console = plain_console(highlight=False, soft_wrap=True)
    if not good and search:
        console.print(f"no keeper has all of these words: {search}", markup=False)
        return
    if not good and not broken:
        console.print(f"nothing is kept yet in {keepers_root()}: k on the screen keeps what plays", markup=False)
    for keeper in good:
        note = f"  {keeper.note}" if keeper.note else ""
        console.print(f"{keeper.kept} {line(keeper, prompt_cells=PROMPT_CELLS)}{note}", markup=False)
    for text in broken:
        console.print(f"✗ {text}", markup=False)


def export_keeper(name: str, out: Path, *, stems: bool = False, tail: bool = False, force: bool = False) -> None:
    """Write a keeper's sound: as many bars as it has, which loop on the grid.

    Args:
        name: the keeper's.
        out: a .flac or .wav file; or a folder, for one named with tempo and key.
        stems: one file a stem, named after ``out`` and the stem.
        tail: what sounds beyond the bars too, faded to nothing.
        force: replace files that are there.

    Raises:
        SectionError: there is no such keeper, or it is broken.
        RecordingError: a file is there already, or cannot be written.
    """
    keeper = find_keeper(name)
    if out.is_dir() and not out.suffix:
        out /= f"{keeper.name}-{keeper.bpm:g}bpm-{keeper.key.replace('#', 'sharp').replace(' ', '-')}.wav"
    check_audio_name(out)
    reader = SectionReader(keeper.path)
    audio = whole_bars(reader, tail=tail)
    names = reader.info.stems
    sounds = {out.with_stem(f"{out.stem}-{stem}"): audio[:, i] for i, stem in enumerate(names)} if stems else {}
    sounds = sounds or {out: audio.sum(axis=1)}
    check_free(*sounds, force=force)
    for path, sound in sounds.items():
        _write(path, sound, reader.info.rate)
        typer.echo(f"{path}  {len(sound) / reader.info.rate:.1f} s")


def whole_bars(reader: SectionReader, *, tail: bool) -> Audio:
    """A keeper's bars (frames, stems, 2), with ``tail`` also what follows, faded to nothing: a copy."""
    info = reader.info
    end = round(info.bars * info.beats_per_bar * 60 / info.bpm * info.rate)
    audio: Audio = np.nan_to_num(reader.audio[: info.frames if tail else end], nan=0.0, posinf=0.0, neginf=0.0)
    beyond = len(audio) - end
    if beyond > 0:
        audio[end:] *= (np.cos(np.linspace(0, np.pi, beyond, dtype=np.float32)) / 2 + 0.5)[:, None, None]
    return audio


def _write(path: Path, sound: Audio, rate: int) -> None:
    """Write (frames, 2) into a file that takes the place of another only when it is whole.

    Raises:
        RecordingError: it cannot be written.
    """
    fresh = path.with_name(f".{path.name}.new")
    try:
        soundfile.write(fresh, np.clip(sound, -1.0, 1.0), rate, subtype="PCM_24", format=path.suffix[1:].upper())
        fresh.replace(path)
    except (OSError, soundfile.LibsndfileError) as error:
        with contextlib.suppress(OSError):
            fresh.unlink(missing_ok=True)
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise RecordingError(f"cannot write {path}: {reason}", "name another file") from error


def mark(name: str, star: bool | None, tags: list[str] | None, note: str | None) -> None:
    """Write a star, tags or a note on a keeper, and print it.

    Raises:
        LivesetError: there is no such keeper, or it cannot be written on.
    """
    keeper = mark_keeper(name, star, tags, note)
    typer.echo(line(keeper) + (f"  {keeper.note}" if keeper.note else ""))


def remove(name: str, yes: bool) -> None:
    """Delete a keeper, after asking.

    Raises:
        SectionError: there is no such keeper, or it cannot be deleted.
    """
    if not yes and not typer.confirm(f"delete the keeper {name}?"):
        typer.echo("kept")
        return
    remove_keeper(name)
    typer.echo(f"{name} is gone")
