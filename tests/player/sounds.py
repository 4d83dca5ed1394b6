"""Section files and cues for the player's tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from engine.player.offline import OfflinePlayer
from engine.protocol import Cue, SetCues, TransitionKind
from engine.sections.file import SectionInfo, SectionWriter
from engine.timebase import SAMPLE_RATE, Grid

GRID = Grid(120.0)
BAR = GRID.frame_of_bar(1)

Wave = Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]]
"""Samples of the section's frames counted from its frame 0."""


def sine(hz: float, level: float = 0.2, phase: float = 0.0) -> Wave:
    """A sine over a section's own frames."""
    return lambda n: level * np.sin(2 * np.pi * hz * n / SAMPLE_RATE + phase)


def constant(level: float) -> Wave:
    """The same value throughout."""
    return lambda n: np.full(len(n), level)


def ramp(slope: float = 1e-6) -> Wave:
    """The frame number, scaled."""
    return lambda n: n * slope


def noise(seed: int, level: float = 0.1) -> Wave:
    """White noise."""
    return lambda n: level * np.random.default_rng(seed).standard_normal(len(n))


def write_section(
    path: Path,
    wave: Wave | dict[str, Wave],
    bars: int = 4,
    tail_bars: int = 2,
    grid: Grid = GRID,
    first_frame: int = 0,
    ready: int | None = None,
) -> SectionWriter:
    """A section file; ``ready`` frames of it are written (all when None). The writer stays open."""
    waves = wave if isinstance(wave, dict) else {"mix": wave}
    plain = Grid(grid.bpm, grid.beats_per_bar)
    frames = plain.frame_of_bar(bars + tail_bars) - first_frame
    stems = tuple(waves)
    info = SectionInfo(
        path.stem, stems, SAMPLE_RATE, first_frame, frames, bars, tail_bars, grid.beats_per_bar, grid.bpm, "C", 0, "test"
    )
    writer = SectionWriter(path, info)
    n = np.arange(first_frame, first_frame + frames, dtype=np.float64)
    audio = np.stack([np.stack((w(n), w(n)), axis=1) for w in waves.values()], axis=1).astype(np.float32)
    writer.write(audio[: frames if ready is None else ready])
    writer.pending = audio  # type: ignore[attr-defined]
    return writer


def write_more(writer: SectionWriter, frames: int) -> None:
    """Write the next frames of a section that `write_section` left unfinished."""
    writer.write(writer.pending[writer.ready : writer.ready + frames])  # type: ignore[attr-defined]


def cue(
    cue_id: int,
    path: Path,
    bar: int,
    bars: int = 4,
    grid: Grid = GRID,
    transition: TransitionKind = "cut",
    length: int = 0,
    correlation: float = 0.0,
    loop_bars: int = 4,
    final: bool = False,
) -> Cue:
    """A cue for a whole section that starts at a bar of the grid."""
    start = grid.frame_of_bar(bar)
    end = Grid(grid.bpm, grid.beats_per_bar).frame_of_bar(bars)
    return Cue(cue_id, str(path), start, start, end, grid, loop_bars, transition, length, correlation, final)


def playing(*cues: Cue) -> OfflinePlayer:
    """A player that runs, with these cues set."""
    player = OfflinePlayer()
    player.params["run"] = 1.0
    player.order(SetCues(cues))
    return player
