"""The renderer fed with what was noted of another one: it decides and sounds as that did, quantum by quantum."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from engine.performances.entries import CUES_NOTE, CUT_NOTE, ENDING_NOTE, FILE_NOTE, LOOP_NOTE, PARAMS_NOTE, Note
from engine.performances.played import MARK_QUANTA
from engine.performances.reading import Performance, Stretch
from engine.player.blocks import memory_params, memory_status
from engine.player.decks import SeenReader, open_decks, open_loop
from engine.player.offline import OfflinePlayer
from engine.player.rendering.renderer import Renderer
from engine.processes.latest import NamedValues
from engine.protocol import Cue, LoopStem
from engine.timebase import QUANTUM

Audio = npt.NDArray[np.float32]


class Quantum(NamedTuple):
    """256 frames of what was heard.

    Attributes:
        sound: (256, 2); the limiter's look-ahead late.
        first, end: transport frames at its start and end; the same where the transport stood still.
    """

    sound: Audio
    first: int
    end: int


QUIET: Final = 1e-4
"""The peak below which nothing is heard any more (-80 dBFS)."""
UNSAID_QUANTA: Final = 2 * MARK_QUANTA
"""Quanta that a player which died may have rendered after the last line it wrote."""

QUIET_QUANTA: Final = 44
"""How long (a quarter of a second) it has to be so quiet once a set is over."""


class Files(Protocol):
    """The section files of a performance; see `engine.replay.remaking.Sections`."""

    def provide(self, path: str) -> Path:
        """A section's file by its name."""

    def passed(self, cues: Iterable[str], held: Collection[str]) -> None:
        """The player was given cues for some files, and plays some."""


class HeldReader(SeenReader):
    """A section file of which as much may be played as the notes say."""

    def look(self) -> bool:
        """Nothing is looked at: the notes tell."""
        return False


class NotedRenderer(Renderer):
    """A renderer that is handed what was noted of another one.

    Args:
        stretch: what one player played.
        sections: has the section files.
    """

    def __init__(self, stretch: Stretch, sections: Files) -> None:
        self._values: NamedValues = memory_params()
        super().__init__(self._values, memory_status(), frame=stretch.frame)
        self._due = iter(stretch.notes)
        self._cues_left = sum(note.kind == CUES_NOTE for note in stretch.notes)
        self._next_note = next(self._due, None)
        self._sections = sections
        self._readers: dict[str, SeenReader] = {}
        self._by_name: dict[str, SeenReader] = {}
        self._ids: dict[int, str] = {}
        self._looping: dict[str, SeenReader] = {}

    @property
    def over(self) -> bool:
        """Whether the set has ended, and nothing follows."""
        return self.finished and not self.pending and not self._cues_left

    def begin(self, quantum: int) -> None:
        """Hand in what counted from this quantum on."""
        while (note := self._next_note) is not None and note.quantum <= quantum:
            self._take(note)
            self._next_note = next(self._due, None)

    def _take(self, note: Note) -> None:
        if note.kind == PARAMS_NOTE:
            self.move({name: value for name, value in note.value.items() if name in self._values.index})
        elif note.kind == CUES_NOTE:
            self._set(note.value)
        elif note.kind == LOOP_NOTE:
            self._set_loop(note.value)
        elif note.kind == FILE_NOTE:
            name, ready = note.value
            if name in self._by_name:
                self._by_name[name].seen = ready
        elif note.kind == CUT_NOTE:
            self.clear_effects()
        elif note.kind == ENDING_NOTE:
            self.fade_out()

    def move(self, values: dict[str, float]) -> None:
        """Let some values count from this quantum on."""
        self._values.update(values)

    def _set(self, cues: tuple[Cue, ...]) -> None:
        self._cues_left -= 1
        located = tuple(replace(cue, path=str(self._sections.provide(Path(cue.path).name))) for cue in cues)
        self._ids |= {cue.cue_id: cue.path for cue in located}
        held = {self._ids[cue_id] for cue_id in self.held if cue_id in self._ids} | {cue.path for cue in located}
        self._readers = {path: reader for path, reader in self._readers.items() if path in held}
        names = [Path(cue.path).name for cue in cues]
        self._sections.passed(names, {Path(path).name for path in held})
        decks, _ = open_decks(located, self._readers, HeldReader)
        self._readers |= {deck.cue.path: deck.reader for deck in decks}
        self._by_name = {Path(path).name: reader for path, reader in self._readers.items()} | self._looping
        self.set_cues(decks)

    def _set_loop(self, order: LoopStem) -> None:
        if order.cue is not None:
            order = replace(order, cue=replace(order.cue, path=str(self._sections.provide(Path(order.cue.path).name))))
        deck, _ = open_loop(order, HeldReader)
        self._looping = {} if deck is None else {deck.reader.path.name: deck.reader}
        self._by_name |= self._looping
        self.set_loop(order, deck)


Makes = Callable[[Stretch, Files], NotedRenderer]


def quanta(performance: Performance, sections: Files, makes: Makes = NotedRenderer) -> Iterator[Quantum]:
    """A set as it was heard, from the moment on at which it began to move.

    Where a player died, what the next one played follows at once; what was heard while it was started is left out.
    """
    stretches = performance.stretches
    for number, stretch in enumerate(stretches):
        following = stretches[number + 1].frame if number + 1 < len(stretches) and not stretch.finished else None
        yield from _stretch(makes(stretch, sections), stretch, following)


def _stretch(renderer: NotedRenderer, stretch: Stretch, following: int | None) -> Iterator[Quantum]:
    """One player's part, up to its last quantum, or to where the ``following`` one's transport began."""
    moves, quiet = False, 0
    while renderer.frame < following if following is not None else renderer.quanta < stretch.quanta:
        if following is not None and renderer.quanta > stretch.quanta + UNSAID_QUANTA:
            return  # it stood still at its end
        sound, first = np.empty((QUANTUM, 2), dtype=np.float32), renderer.frame
        renderer.render(sound)
        moves = moves or renderer.frame > first
        if moves:
            yield Quantum(sound, first, renderer.frame)
        quiet = quiet + 1 if renderer.over and float(np.abs(sound).max()) < QUIET else 0
        if quiet >= QUIET_QUANTA:
            return


def steps(performance: Performance, sections: Files) -> Iterator[Audio]:
    """A rehearsal's file in blocks, from its first frame to its last."""
    stretch = performance.stretches[0]
    player = OfflinePlayer(renderer=NotedRenderer(stretch, sections))
    while player.renderer.quanta < stretch.quanta:
        before = player.frame
        block = player.render(stretch.block)
        if player.frame > before:
            yield block[: player.frame - before]
