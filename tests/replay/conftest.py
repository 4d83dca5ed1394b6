"""A rehearsed set of pocket's, and its log."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import mido
import pytest

from engine.performances.reading import Performance, read_performance
from engine.protocol import SetOptions
from engine.rehearsal.rehearsal import Rehearsal
from tests.support.rehearsing import preset

SHORT = 0.25
"""Minutes of a set of eight bars: an intro and an outro."""


@pytest.fixture(scope="package", autouse=True)
def _private(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


def moves(path: Path) -> Path:
    """Knobs and stems that move, and a stop and a start."""
    file = mido.MidiFile(ticks_per_beat=480)
    track = mido.MidiTrack()
    file.tracks.append(track)
    for step in range(30):
        track.append(mido.Message("control_change", control=74, value=4 * step, time=96))
        track.append(mido.Message("control_change", control=71, value=2 * step, time=7))
    track.append(mido.Message("control_change", control=16, value=90, time=96))
    file.save(path)
    return path


@pytest.fixture(scope="package")
def rehearsed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Performance]:
    """A set of pocket's, steered by a MIDI file: its sound and its log."""
    folder = tmp_path_factory.mktemp("rehearsed")
    options = SetOptions(record=str(folder / "set.flac"), midi=str(moves(folder / "moves.mid")))
    (folder / "log").mkdir()
    Rehearsal(preset("pocket", SHORT), options, folder / "log").run()
    return folder / "set.flac", read_performance(folder / "log")
