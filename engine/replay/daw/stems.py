"""A set's stems: each as it was mixed, and all of it as it was heard, beginning with the set's first frame."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Final

import numpy as np

from engine.generator_names import MAKES_ALIKE, works_as
from engine.performances.reading import Performance, Stretch
from engine.player.output.recorder import WavSink
from engine.player.rendering.limiter import LATENCY
from engine.player.rendering.ramps import UP, Bus
from engine.player.rendering.voices import STEM_NAMES, Levels
from engine.protocol import ROOM, STEMS
from engine.replay.remaking import Sections
from engine.replay.rendering import Audio, Files, NotedRenderer, quanta
from engine.timebase import QUANTUM

WHOLE: Final = "as-heard"
"""What the file of the whole set is called."""

FOLDER: Final = "stems"


def stem_file(folder: Path, name: str) -> Path:
    """Where a stem is written."""
    return folder / FOLDER / f"{name}.wav"


def exported(performance: Performance) -> tuple[str, ...]:
    """The stems that have a file each: pocket's, the mix of generators that make no stems, and what looped from the room."""
    mixes = any(works_as(section.generator) not in MAKES_ALIKE for section in performance.sections)
    return (*STEMS, *(("mix",) if mixes else ()), ROOM)


class StemRenderer(NotedRenderer):
    """Renders the stems as well, before the effects.

    Attributes:
        stems: (stems, 2, 256), the last quantum, in the order of `STEM_NAMES`.
    """

    def __init__(self, stretch: Stretch, files: Files) -> None:
        super().__init__(stretch, files)
        self.stems = np.zeros((len(STEM_NAMES), 2, QUANTUM))

    def _move(self, bus: Bus, values: list[float]) -> None:
        frame, before, fresh = self._frame, self._gate, self._timeline.main is None
        super()._move(bus, values)
        self.stems.fill(0.0)
        if self._frame == frame:
            return
        before = 1.0 if fresh and self._gate == 1.0 else before
        for number, name in enumerate(STEM_NAMES):
            levels, alone = Levels(), [float(stem == name) for stem in STEM_NAMES]
            levels.now = [value * on for value, on in zip(self._levels.now, alone, strict=True)]
            levels.before = [value * on for value, on in zip(self._levels.before, alone, strict=True)]
            part = self._loop if name == ROOM else self._timeline
            part.add_to(self.stems[number], frame, levels)
        if not (before == 1.0 and self._gate == 1.0):
            self.stems *= before + (self._gate - before) * UP


class Placed:
    """A file that is written at the transport's frames: zeros where there was nothing, nothing twice."""

    def __init__(self, path: Path) -> None:
        self._sink = WavSink(path)
        self._at = 0
        self.peak = 0.0

    def write(self, frame: int, sound: Audio) -> None:
        """Write (n, 2) at a frame."""
        if frame > self._at:
            self._sink.write(np.zeros((frame - self._at, 2), dtype=np.float32))
            self._at = frame
        fresh = sound[self._at - frame :]
        if len(fresh):
            self.peak = max(self.peak, float(np.abs(fresh).max()))
            self._sink.write(fresh)
            self._at += len(fresh)

    def close(self) -> None:
        """Finish the file."""
        self._sink.close()


def write_stems(performance: Performance, folder: Path, progress: Callable[[float], None]) -> dict[str, float]:
    """Write every stem, and the whole set as it was heard, as 24-bit WAV files whose frame n is the transport's.

    Returns:
        The peak of each, linear, by its name; what is above 1 was clipped.

    Raises:
        OSError: if they cannot be written.
        LivesetError: if a section cannot be made again.
    """
    renderers: list[StemRenderer] = []

    def made(stretch: Stretch, files: Files) -> NotedRenderer:
        renderers.append(StemRenderer(stretch, files))
        return renderers[-1]

    names = (*exported(performance), WHOLE)
    with ExitStack() as stack:
        sections = stack.enter_context(closing(Sections(performance)))
        files = [stack.enter_context(closing(Placed(stem_file(folder, name)))) for name in names]
        for quantum in quanta(performance, sections, made):
            if quantum.end == quantum.first:
                continue  # the transport stood still, and a program's bars do not
            for file, name in zip(files[:-1], names, strict=False):
                stem = renderers[-1].stems[STEM_NAMES.index(name)]
                file.write(quantum.first, np.ascontiguousarray(stem.T, dtype=np.float32))
            late = quantum.first - LATENCY
            files[-1].write(max(0, late), quantum.sound[max(0, -late) :])
            progress(min(1.0, quantum.end / max(1, performance.frames)))
    return {name: file.peak for name, file in zip(names, files, strict=True)}
