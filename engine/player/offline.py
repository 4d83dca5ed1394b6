"""The player without processes and without a clock: the same renderer, for rehearsals and tests."""

from __future__ import annotations

from collections import deque

import numpy as np
import numpy.typing as npt

from engine.performances.entries import Note
from engine.player.blocks import memory_params, memory_status
from engine.player.decks import SeenReader, open_decks, open_loop
from engine.player.rendering.renderer import Renderer
from engine.processes.latest import NamedValues
from engine.protocol import ClearEffects, Cue, LoopStem, PlayerEvent, PlayerOrder, SetCues, StopPlayer
from engine.timebase import QUANTUM


class OfflinePlayer:
    """Renders on request, any number of frames at a time.

    Args:
        params: values named as `engine.processes.latest.PARAMS`; by default a block in memory, where
            ``run`` is 0.
        status: values named as `engine.processes.latest.STATUS`; by default a block in memory.
        renderer: to render with; by default a new one, of these params and status.
        notes: as the renderer takes them.
        align: take the limiter's look-ahead off, so that frame n of the output, counted from the call in which the transport
            begins to run, is transport frame n. The renderer is then up to two quanta ahead of what was returned.
        metered: as a new renderer takes it.
    """

    def __init__(
        self,
        params: NamedValues | None = None,
        status: NamedValues | None = None,
        align: bool = True,
        renderer: Renderer | None = None,
        notes: deque[Note] | None = None,
        metered: bool = True,
    ) -> None:
        self.params = memory_params() if params is None else params
        self.status = memory_status() if status is None else status
        self.renderer = Renderer(self.params, self.status, notes=notes, metered=metered) if renderer is None else renderer
        self._readers: dict[str, SeenReader] = {}
        self._ids: dict[str, set[int]] = {}
        self._late = self.renderer.latency if align else 0
        self._skip = self._late
        self._rest: npt.NDArray[np.float32] = np.zeros((0, 2), dtype=np.float32)

    @property
    def frame(self) -> int:
        """Transport frame at the end of what was rendered."""
        return self.renderer.frame

    @property
    def sounding(self) -> Cue | None:
        """The current section's cue, with its origin as it is after loops."""
        return self.renderer.sounding

    def order(self, order: PlayerOrder) -> None:
        """Do what the engine asks; devices and recordings do not exist here and are ignored."""
        if isinstance(order, SetCues):
            decks, failed = open_decks(order.cues, self._readers)
            self._readers = {deck.cue.path: deck.reader for deck in decks} | self._held()
            for deck in decks:
                self._ids.setdefault(deck.cue.path, set()).add(deck.cue.cue_id)
            self.renderer.events.extend(failed)
            self.renderer.set_cues(decks)
        elif isinstance(order, LoopStem):
            bars, unread = open_loop(order)
            self.renderer.events.extend(() if unread is None else (unread,))
            self.renderer.set_loop(order, bars)
        elif isinstance(order, ClearEffects):
            self.renderer.clear_effects()
        elif isinstance(order, StopPlayer):
            self.renderer.fade_out()

    def events(self) -> list[PlayerEvent]:
        """What happened since the last call."""
        found = []
        while self.renderer.events:
            found.append(self.renderer.events.popleft())
        if len(self._readers) > 1:
            waiting = {cue.path for cue in self.renderer.pending}
            self._readers = {path: reader for path, reader in self._readers.items() if path in waiting} | self._held()
        return found

    def _held(self) -> dict[str, SeenReader]:
        """The files that are still heard; a file that is open takes its room on the disk even when it was removed."""
        held = set(self.renderer.held)
        return {path: reader for path, reader in self._readers.items() if self._ids.get(path, set()) & held}

    def render(self, frames: int) -> npt.NDArray[np.float32]:
        """The next ``frames`` frames of what would be heard: (frames, 2) float32."""
        if not self.renderer.frame:  # what was rendered before the transport ran is not ahead of it
            self._skip, self._rest = self._late, self._rest[:0]
        missing = frames + self._skip - len(self._rest)
        if missing > 0:
            fresh = np.empty((-(-missing // QUANTUM) * QUANTUM, 2), dtype=np.float32)
            self.renderer.render(fresh)
            self._rest = np.concatenate((self._rest, fresh)) if len(self._rest) else fresh
        found = self._rest[self._skip : self._skip + frames]
        self._rest = self._rest[self._skip + frames :]
        self._skip = 0
        return found
