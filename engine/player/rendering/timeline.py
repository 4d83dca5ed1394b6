"""The timeline: which section sounds when. Starts cues, loops sections on the grid, postpones what is not ready.

Everything is decided a crossfade ahead, in whole quanta, and happens at exact frames inside them. Frames here are
transport frames unless said otherwise.
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import Final

import numpy as np

from engine.dsp.crossfade import Floats
from engine.player.decks import Deck, SeenReader
from engine.player.rendering import loops
from engine.player.rendering.echoing import EchoOut
from engine.player.rendering.transitions import Fade, stem_lines
from engine.player.rendering.voices import Levels, Voice
from engine.protocol import STEMS, TRANSITION_BY_KIND, Cue, CueFailed, CuePostponed, CueStarted, Finished, Looped, PlayerEvent
from engine.timebase import QUANTUM, Grid

CUT_FADE: Final = 264
"""Frames (6 ms) over which a cut fades the outgoing side."""

QUICK_FADE: Final = 441
"""Frames (10 ms) in which a transition that still runs is brought to its end when yet another section comes in."""

TOO_LATE: Final = "the re-made section came after its own end"
"""Why a cue for the section that sounds is given up."""

SHORTEST: Final = 32
"""A transition that would be shorter than this is a cut."""


def _order(deck: Deck) -> tuple[int, int]:
    return deck.cue.start_frame, deck.cue.cue_id


def _lines(old: Voice, new: Voice, length: int) -> tuple[int, ...]:
    """When each stem changes hands from one voice to another; empty where one of them is a single mix, or for less than a bar."""
    stems = {*old.reader.info.stems, *new.reader.info.stems}
    return stem_lines(length, float(new.cue.grid.frames_per_bar)) if stems <= {*STEMS} else ()


class Timeline:
    """Voices and pending cues.

    Attributes:
        main: the voice that sounds as the current section; None before the first cue and after the last.
        unfilled: frames, so far, for which no section had any samples after the first cue had started.
        finished: the final section's tail is over.
    """

    def __init__(self, events: deque[PlayerEvent]) -> None:
        self.events = events
        self.main: Voice | None = None
        self.unfilled = 0
        self.finished = False
        self.pending: list[Deck] = []
        self._voices: list[Voice] = []
        self._echoes: list[EchoOut] = []
        self._committed: Deck | None = None
        self._seam: int | None = None
        self._repeats = 0
        self._last_id: int | None = None
        self._first_start = 0
        self._told: set[tuple[int, int]] = set()

    @property
    def sounding(self) -> Cue | None:
        """The current section's cue, with its origin as it is after loops."""
        return None if self.main is None else replace(self.main.cue, origin_frame=self.main.origin)

    @property
    def waiting(self) -> tuple[Deck, ...]:
        """The cues that have not started yet, in order."""
        return (*(() if self._committed is None else (self._committed,)), *self.pending)

    @property
    def held(self) -> tuple[int, ...]:
        """Ids of the cues whose files are in use or about to be."""
        committed = () if self._committed is None else (self._committed.cue.cue_id,)
        return (*(v.cue.cue_id for v in (*self._voices, *(echo.voice for echo in self._echoes))), *committed)

    @property
    def readers(self) -> tuple[SeenReader, ...]:
        """The files that are played, or that what is decided depends on; one may be there several times."""
        return (*(voice.reader for voice in self._voices), *(deck.reader for deck in self.waiting))

    def set_cues(self, decks: tuple[Deck, ...]) -> None:
        """Replace all pending cues; those at or below the one that sounds (or is about to) are ignored."""
        floor = self._last_id if self._committed is None else self._committed.cue.cue_id
        fresh = [d for d in decks if floor is None or d.cue.cue_id > floor]
        self.pending = sorted(fresh, key=_order)
        ids = {d.cue.cue_id for d in fresh}
        self._told = {told for told in self._told if told[0] in ids}

    def plan(self, frame: int) -> None:
        """Decide all that happens in the quantum starting at ``frame``."""
        end = frame + QUANTUM
        self._voices = [v for v in self._voices if v.stop is None or v.stop > frame]
        self._echoes = [echo for echo in self._echoes if echo.stop > frame]
        while self._step(frame, end):
            pass
        self._finish(frame, end)

    def add_to(self, bus: Floats, frame: int, levels: Levels) -> None:
        """Mix the quantum starting at ``frame`` into ``bus`` (2, 256), which is zero before."""
        spans = [voice.add_to(bus, frame, levels, voice is self.main) for voice in self._voices]
        for echo in self._echoes:
            echo.add_to(bus, frame, levels)
        if self._last_id is None or self.finished or (0, QUANTUM) in spans:
            return
        filled = np.zeros(QUANTUM, dtype=bool)
        for a, b in spans:
            filled[a:b] = True
        filled[: max(0, self._first_start - frame)] = True
        self.unfilled += QUANTUM - int(filled.sum())

    def cut_echoes(self, frame: int) -> None:
        """Have echoes of sections that are gone end within the quantum at ``frame``."""
        for echo in self._echoes:
            echo.cut(frame)

    def _step(self, frame: int, end: int) -> bool:
        """Take the next decision that is due; False when there is none."""
        if self._committed is not None:
            if self._committed.cue.start_frame >= end:
                return self._pass_seam(end)
            deck, self._committed = self._committed, None
            self._start(deck)
            return True
        ahead = 0 if self.main is None else loops.CROSSFADE + loops.TOLERANCE
        if self.pending and self.pending[0].cue.start_frame < end + ahead:
            deck = self.pending.pop(0)
            if self.pending and self.pending[0].cue.start_frame == deck.cue.start_frame and loops.cue_ready(self.pending[0]):
                return True
            if deck.cue.start_frame >= frame and loops.cue_ready(deck):
                self._commit(deck, frame)
            else:
                self._postpone(deck, frame, end + ahead)
            return True
        return self._pass_seam(end)

    # ------------------------------------------------------------ cues

    def _commit(self, deck: Deck, frame: int) -> None:
        """Settle that a cue starts; a section that has nothing left by then fades out before."""
        self._committed = deck
        start, main = deck.cue.start_frame, self.main
        if main is not None and main.ready < start + SHORTEST:
            begin = max(frame, start - CUT_FADE)
            self._take_away(main, begin, start - begin)

    def _postpone(self, deck: Deck, frame: int, horizon: int) -> None:
        """Move a cue that is late or not ready to the next bar (or beat, for a re-make) at or after ``frame``."""
        cue = deck.cue
        if self.main is not None and not self.finished and self.main.cue.grid.bpm != cue.grid.bpm:
            self._postpone_to_line(deck, horizon, self.main.cue.grid)
            return
        start = loops.later_start(cue, frame, horizon)
        if start is None:
            self.events.append(CueFailed(cue.cue_id, TOO_LATE))
            return
        remake = cue.origin_frame != cue.start_frame
        origin = cue.origin_frame if remake else start
        moved = [Deck(replace(cue, start_frame=start, origin_frame=origin), deck.reader)]
        if remake:
            moved += self.pending
        else:
            moved += [Deck(loops.shifted(d.cue, cue, start), d.reader) for d in self.pending]
        self._tell_postponed(deck, moved)

    def _postpone_to_line(self, deck: Deck, horizon: int, sounding: Grid) -> None:
        """Move a cue in another tempo, and what follows it, to the next bar line of what sounds."""
        cue = deck.cue
        shift = loops.later_line(cue, horizon, sounding)
        if shift is None:
            self.events.append(CueFailed(cue.cue_id, TOO_LATE))
            return
        start = sounding.frame_of_bar(sounding.next_bar(max(cue.start_frame + 1, horizon)))
        follow = [Deck(loops.moved(d.cue, d.cue.start_frame + shift, shift), d.reader) for d in self.pending]
        self._tell_postponed(deck, [Deck(loops.moved(cue, start, shift), deck.reader), *follow])

    def _tell_postponed(self, deck: Deck, moved: list[Deck]) -> None:
        """Have cues wait that were moved: one, and those behind it."""
        for before, after in zip((deck, *self.pending), moved, strict=True):
            told = (after.cue.cue_id, after.cue.start_frame)
            if before is not after and told not in self._told:
                self._told.add(told)
                self.events.append(CuePostponed(after.cue.cue_id, before.cue.start_frame, after.cue.start_frame))
        self.pending = sorted(moved, key=_order)

    def _start(self, deck: Deck) -> None:
        """Begin a cue at its start frame: the section that sounds becomes the outgoing side."""
        cue, old = deck.cue, self.main
        start = cue.start_frame
        voice = Voice(cue, deck.reader, cue.origin_frame, start)
        if old is not None and old.start >= start:
            self._voices.remove(old)
            voice.fades = old.fades
            self._begin(voice, cue)
            return
        for other in self._voices:
            self._hurry(other, start)
        length = 0 if old is None else min(cue.length, old.ready - start)
        row = TRANSITION_BY_KIND.get(cue.transition)
        shape = None if row is None else row.shape
        if row is not None and length < row.shortest:
            shape = "power"
        if old is None or shape is None or length < SHORTEST:
            if old is not None:
                if row is not None and row.echoes and cue.length >= SHORTEST:
                    self._echoes.append(EchoOut(old, start, cue.length))
                self._take_away(old, start, CUT_FADE)
            voice.fades += loops.soft_onset(voice)
        else:
            lines: tuple[int, ...] = ()
            if shape == "stems":
                lines = _lines(old, voice, length)
                shape = "stems" if lines else "power"
            voice.fades += loops.soft_onset(voice) if lines else []
            voice.fades.append(Fade(start, length, shape, True, cue.correlation, lines=lines))
            old.fades.append(Fade(start, length, shape, False, cue.correlation, lines=lines))
            old.stop = start + length
        self._begin(voice, cue)

    def _begin(self, voice: Voice, cue: Cue) -> None:
        """Make a voice the section that sounds."""
        if self._last_id is None:
            self._first_start = voice.start
        self._voices.append(voice)
        self.main, self._last_id, self._repeats = voice, cue.cue_id, 0
        self.finished = False
        self._seam = loops.next_seam(voice, voice.start)
        self.events.append(CueStarted(cue.cue_id, voice.start, voice.origin))

    def _hurry(self, voice: Voice, frame: int) -> None:
        """Bring a transition that still runs at ``frame`` to its end: both its sides arrive where they were going."""
        voice.fades = [fade.hurry(frame, QUICK_FADE) for fade in voice.fades]
        if voice.stop is not None and voice.stop > frame + QUICK_FADE and voice.fades:
            voice.stop = frame + QUICK_FADE

    def _take_away(self, voice: Voice, frame: int, length: int) -> None:
        """Fade a voice out from ``frame`` on, within what its file has."""
        length = min(length, max(voice.ready - frame, 0))
        stop = frame + length
        if voice.stop is not None and voice.stop <= stop:
            return
        if length:
            voice.fades.append(Fade(frame, length, "linear", False))
        voice.stop = stop

    # ------------------------------------------------------------ loops and the end

    def _pass_seam(self, end: int) -> bool:
        """At a bar line of the section that sounds: go on, or go back."""
        main, seam = self.main, self._seam
        if main is None or seam is None or seam - loops.CROSSFADE >= end:
            return False
        following = self._committed or (self.pending[0] if self.pending else None)
        next_start = None if following is None else following.cue.start_frame
        over = seam >= main.end - loops.TOLERANCE
        if next_start is not None and next_start <= seam + loops.TOLERANCE:
            self._seam = loops.next_seam(main, seam)
        elif main.cue.final and over:
            self._seam = None
        elif not over and loops.bar_ready(main, seam, next_start):
            self._seam = loops.next_seam(main, seam)
            self._repeats = 0
        else:
            self._loop(main, seam, over, next_start)
        return True

    def _loop(self, main: Voice, seam: int, over: bool, next_start: int | None) -> None:
        most = main.cue.loop_bars if over else min(2**self._repeats, main.cue.loop_bars)
        back = loops.way_back(main, seam, over, max(1, most), next_start)
        if back is None:
            self._seam = loops.next_beat(main, seam)
            return
        shift, bars = back
        voice = loops.go_back(main, seam, shift)
        self._voices.append(voice)
        self.main = voice
        self._repeats += 1
        self._seam = loops.next_seam(voice, seam) if bars else seam + shift
        self.events.append(Looped(main.cue.cue_id, seam, voice.origin, bars))

    def _finish(self, frame: int, end: int) -> None:
        """Let the final section (or one that ran out of everything) end without a click."""
        main = self.main
        if main is None or main.stop is not None:
            if main is not None and main.stop is not None and main.stop <= end and main.cue.final and not self.finished:
                self.finished = True
                self.events.append(Finished(main.stop))
            return
        if self._committed is not None or (self._seam is not None and self._seam <= main.ready + loops.TOLERANCE):
            return
        if main.ready < end + loops.CROSSFADE:
            stop = max(main.ready, frame)
            begin = max(frame, stop - loops.CROSSFADE)
            if stop > begin:
                main.fades.append(Fade(begin, stop - begin, "linear", False))
            main.stop = stop
            self._finish(frame, end)
