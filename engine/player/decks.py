"""Decks: a cue together with its section file, mapped and checked outside the render thread."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from engine.errors import SectionError
from engine.protocol import ROOM, STEMS, Cue, CueFailed, LoopFailed, LoopStem
from engine.sections.file import MADE_AGAIN, SectionReader
from engine.timebase import SAMPLE_RATE, Grid

PREFETCH_S = 4.0
"""Seconds of a section whose pages are touched before they are needed."""

_KNOWN_STEMS = frozenset((*STEMS, "mix", ROOM))


class SeenReader(SectionReader):
    """A section file as far as the renderer has looked at it: how much of it is there changes between quanta alone.

    What is decided in a quantum thereby depends on what can be written down and handed in again.

    Attributes:
        seen: frames of the file that were written at the last look.
    """

    def __init__(self, path: Path | str) -> None:
        super().__init__(path)
        self.seen = 0

    @property
    def ready(self) -> int:
        """Frames of the file that may be played."""
        return self.seen

    def look(self) -> bool:
        """See how much of it is written by now. Returns whether that is more than before."""
        if self.seen >= self.info.frames:
            return False
        before, self.seen = self.seen, super().ready
        return self.seen != before


Opens = Callable[[str], SeenReader]
"""Maps a section file, or raises SectionError."""


@dataclass(frozen=True, slots=True, eq=False)
class Deck:
    """A cue and its open section file."""

    cue: Cue
    reader: SeenReader


def open_deck(cue: Cue, rate: int = SAMPLE_RATE, opens: Opens = SeenReader) -> Deck:
    """Map a cue's section file and touch its first pages.

    Raises:
        SectionError: if the file cannot be read, or does not fit the cue.
    """
    _check(cue)
    try:
        reader = opens(cue.path)
        info = reader.info
        whole = all(isinstance(value, int) for value in (info.rate, info.first_frame, info.frames))
        if not whole or info.first_frame < 0 or info.frames < 1 or not info.stems or not _KNOWN_STEMS.issuperset(info.stems):
            raise SectionError(f"{cue.path} has a damaged header", MADE_AGAIN)
    except (ValueError, TypeError, ZeroDivisionError, OverflowError, OSError) as error:
        raise SectionError(f"{cue.path} has a damaged header", MADE_AGAIN) from error
    if info.rate != rate:
        raise SectionError(f"{cue.path} is at {info.rate} Hz", f"it must be at {rate} Hz")
    behind = cue.origin_frame == cue.start_frame and info.first_frame > 0
    if behind or cue.end_frame <= info.first_frame or cue.end_frame > info.first_frame + info.frames or cue.length < 0:
        raise SectionError(f"{cue.path} does not hold what its cue asks for", MADE_AGAIN)
    reader.prefetch(cue.start_frame - cue.origin_frame - info.first_frame, int(PREFETCH_S * rate))
    return Deck(cue, reader)


def _check(cue: Cue) -> None:
    """Refuse a cue whose fields are not what they should be.

    Raises:
        SectionError: naming the cue.
    """
    numbers = (cue.cue_id, cue.start_frame, cue.origin_frame, cue.end_frame, cue.loop_bars, cue.length)
    sensible = isinstance(cue.path, str) and isinstance(cue.grid, Grid) and isinstance(cue.correlation, int | float)
    if not sensible or not all(isinstance(number, int) for number in numbers):
        raise SectionError(f"cue {cue.cue_id} makes no sense", MADE_AGAIN)


def open_decks(
    cues: Iterable[Cue], known: Mapping[str, SeenReader], opens: Opens = SeenReader
) -> tuple[tuple[Deck, ...], list[CueFailed]]:
    """Open the cues' files; those already mapped under their path in ``known`` are used again."""
    decks: list[Deck] = []
    failed: list[CueFailed] = []
    for cue in cues:
        try:
            _check(cue)
            reader = known.get(cue.path)
            decks.append(Deck(cue, reader) if reader is not None else open_deck(cue, opens=opens))
        except SectionError as error:
            failed.append(CueFailed(cue.cue_id, str(error)))
    return tuple(decks), failed


def open_loop(order: LoopStem, opens: Opens = SeenReader) -> tuple[Deck | None, LoopFailed | None]:
    """Open the file of bars that are to loop; nothing where there are none, or they cannot be read, which is said."""
    if order.cue is None:
        return None, None
    try:
        deck = open_deck(order.cue, opens=opens)
    except SectionError as error:  # its hint is about sections
        path = str(order.cue.path)
        return None, LoopFailed(error.message.replace(path, Path(path).name))
    deck.reader.prefetch(0, deck.reader.info.frames)
    return deck, None
