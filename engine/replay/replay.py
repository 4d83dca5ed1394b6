"""A set that was played, into a file once more."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import soundfile

from engine.errors import PerformanceError, RecordingError
from engine.performances.reading import Performance
from engine.player.output.recorder import SINKS
from engine.player.rendering.limiter import LATENCY
from engine.processes.layout import check_audio_name
from engine.replay.remaking import Sections, check_repeatable
from engine.replay.rendering import Audio, quanta, steps
from engine.timebase import QUANTUM, SAMPLE_RATE

Progress = Callable[[float], None]
"""Called with the fraction done, 0..1."""


@dataclass(frozen=True, slots=True)
class Span:
    """Bars of a set, counted from 1; ``last`` is among them. None is the set's start or its end.

    ``minutes`` instead of ``first`` begins so long before the set's end, on a bar line.
    """

    first: int | None = None
    last: int | None = None
    minutes: float | None = None

    def frames(self, performance: Performance) -> tuple[int, int | None]:
        """The transport's frames from and to which they play.

        Raises:
            PerformanceError: if there are no such bars.
        """
        grid = performance.tempo
        first = 1 if self.first is None else self.first
        if self.minutes is not None:
            if self.first is not None or not self.minutes > 0:
                raise PerformanceError("--minutes is a length above 0, instead of --from", "--minutes 10 are the last ten")
            first = max(1, grid.bar_at(max(0, performance.frames - round(60 * self.minutes * SAMPLE_RATE))) + 1)
        if first < 1 or (self.last is not None and self.last < first):
            raise PerformanceError("--from and --to name bars, counted from 1", "--from 17 --to 32 are sixteen bars")
        start = 0 if first == 1 else grid.frame_of_bar(first - 1)
        if start >= performance.frames:
            bars = grid.bar_at(max(0, performance.frames - 1)) + 1
            raise PerformanceError(f"the set has no bar {first}: it ended in bar {bars}", "name an earlier one")
        return start, None if self.last is None else grid.frame_of_bar(self.last)


def replay(performance: Performance, out: Path, span: Span, progress: Progress = lambda _done: None) -> int:
    """Render a set again, the same samples that were recorded. Returns the frames written.

    What was heard before is rendered as well, since its echoes ring into the bars that are wanted.

    Args:
        performance: what was played.
        out: a .flac or .wav file, which is replaced.
        span: the bars that are wanted.
        progress: told how far it is.

    Raises:
        LivesetError: if it cannot be played again, or the file not be written.
    """
    check_audio_name(out)
    check_repeatable(performance)
    first, last = span.frames(performance)
    sections = Sections(performance)
    fresh = out.with_name(f".replay-{out.name[-200:]}")
    try:
        rehearsed = performance.card.how == "rehearsal"
        blocks = _rehearsed(performance, sections) if rehearsed else _heard(performance, sections, first, last)
        window = (first, last) if rehearsed else (0, None)
        written = _write(fresh, rehearsed, _cropped(blocks, *window), performance.frames - first, progress)
        fresh.replace(out)
    except (OSError, soundfile.LibsndfileError) as error:
        raise RecordingError(f"cannot write {out}: {error}", "free some disk space or name another file") from error
    finally:
        sections.close()
        with contextlib.suppress(OSError):
            fresh.unlink(missing_ok=True)
    return written


def _rehearsed(performance: Performance, sections: Sections) -> Iterator[Audio]:
    yield from steps(performance, sections)


def _heard(performance: Performance, sections: Sections, first: int, last: int | None) -> Iterator[Audio]:
    """What was heard from one of the transport's frames to another, the look-ahead taken off."""
    start: int | None = 0 if first == 0 else None
    stop: int | None = None
    position = 0
    for quantum in quanta(performance, sections):
        if start is None and quantum.first <= first < quantum.end:
            start = position + first - quantum.first
        if last is not None and stop is None and quantum.first <= last < quantum.end:
            stop = position + last - quantum.first
        here = position - LATENCY
        if start is not None:
            yield quantum.sound[max(0, start - here, -here) : QUANTUM if stop is None else max(0, min(QUANTUM, stop - here))]
        position += QUANTUM
        if stop is not None and here + QUANTUM >= stop:
            return


def _cropped(blocks: Iterator[Audio], start: int, stop: int | None) -> Iterator[Audio]:
    """Some frames of what comes in blocks."""
    at = 0
    for block in blocks:
        yield block[max(0, start - at) : len(block) if stop is None else max(0, min(len(block), stop - at))]
        at += len(block)
        if stop is not None and at >= stop:
            return


def _write(path: Path, rehearsed: bool, blocks: Iterator[Audio], expected: int, progress: Progress) -> int:
    """Write what is heard as a recording, or a rehearsal, is written."""
    sink: Any
    if rehearsed:
        sink = soundfile.SoundFile(path, "w", samplerate=SAMPLE_RATE, channels=2, subtype="PCM_24")
    else:
        sink = SINKS[path.suffix.lower()](path)
    written = 0
    try:
        for block in blocks:
            sink.write(block)
            written += len(block)
            progress(min(1.0, written / max(1, expected)))
    finally:
        sink.close()
    return written
