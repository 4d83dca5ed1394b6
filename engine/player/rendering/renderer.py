"""The renderer: everything that is heard, made a quantum of 256 frames at a time.

It does arithmetic and nothing else: no clock, no lock, no file is opened. Parameters are read from a latest-value block
at each quantum, cues are swapped in as one immutable tuple, events are left in a deque.
"""

from __future__ import annotations

import math
from collections import deque
from typing import Final

import numpy as np
import numpy.typing as npt

from engine.performances.entries import CUES_NOTE, CUT_NOTE, ENDING_NOTE, FILE_NOTE, LOOP_NOTE, PARAMS_NOTE, Note
from engine.player.decks import Deck
from engine.player.rendering.effects.chain import Chain
from engine.player.rendering.headphones import Headphones
from engine.player.rendering.limiter import LATENCY, Limiter
from engine.player.rendering.meters import Meters
from engine.player.rendering.ramps import UP, Bus
from engine.player.rendering.room import RoomLoop
from engine.player.rendering.timeline import Timeline
from engine.player.rendering.voices import STEM_NAMES, Levels
from engine.processes.latest import MIXED, PARAM_DEFAULTS, NamedValues
from engine.protocol import Cue, LoopStem, PlayerEvent
from engine.timebase import QUANTUM, SAMPLE_RATE

GATE_QUANTA: Final = 5
"""Quanta (29 ms) over which the transport fades out before it stands still, and in when it moves again."""

RANGES: Final = {"bpm": (20.0, 300.0), "beats_per_bar": (1.0, 64.0)}
"""Ranges of the parameters that do not run 0..1."""


class Renderer:
    """Mixes, fades, applies effects, limits and meters.

    Args:
        params: values named as `engine.processes.latest.PARAMS`; whatever they hold, rendering goes on.
        status: values named as `engine.processes.latest.STATUS`; load and underruns are left to whoever drives the renderer.
        rate: frames per second.
        frame: where the transport stands: 0, or where a player before this one got to.
        notes: gets a note of all that is handed in, in the quantum in which it counts, so that the same can be rendered again;
            the reader takes them with ``popleft``. None notes nothing.
        metered: whether ``status`` is kept up to date, which takes a fifth of the time; nobody looks at that of a rehearsal.

    Attributes:
        events: what happened, oldest first; the reader takes them with ``popleft``.
        params: as they were given.
        headphones: what the performer alone hears.
        latency: frames from the transport to the output (the limiter's look-ahead).
        output_latency: frames from the output to the ear, for ``heard_frame``; set by whoever knows.
    """

    latency: Final = LATENCY

    def __init__(
        self,
        params: NamedValues,
        status: NamedValues,
        rate: int = SAMPLE_RATE,
        frame: int = 0,
        notes: deque[Note] | None = None,
        metered: bool = True,
    ) -> None:
        self._metered = metered
        self.events: deque[PlayerEvent] = deque()
        self.output_latency = 0
        self.params = params
        self._status = status
        self._names = MIXED
        self._safe = [PARAM_DEFAULTS[name] for name in self._names]
        self._bounds = [RANGES.get(name, (0.0, 1.0)) for name in self._names]
        self._at = {name: i for i, name in enumerate(self._names)}
        self._level_at = [self._at[f"level_{stem}"] for stem in STEM_NAMES]
        self._timeline = Timeline(self.events)
        self._silent_before = status["silent_frames"]
        self._levels = Levels()
        self._chain = Chain(rate, self._at)
        self._limiter, self._meters = Limiter(rate), Meters(rate)
        self.headphones = Headphones(rate)
        self._loop = RoomLoop()
        self._loop_asked: tuple[LoopStem, Deck | None] | None = None
        self._bus = np.zeros((2, QUANTUM))
        self._frame = frame
        self._beat = 0
        self._gate = 0.0
        self._stem_peaks = [0.0] * len(STEM_NAMES)
        self._fresh = True
        self._ending = False
        self._clear = False
        self._cues: tuple[Deck, ...] | None = None
        self._notes, self._noted, self._ending_noted = notes, [math.nan] * len(self._names), False

    @property
    def quanta(self) -> int:
        """Quanta rendered so far."""
        return self._beat

    @property
    def frame(self) -> int:
        """Transport frame at the end of the last quantum."""
        return self._frame

    @property
    def sounding(self) -> Cue | None:
        """The current section's cue, started where it really was, with its origin as it is after loops."""
        return self._timeline.sounding

    @property
    def heard(self) -> int:
        """The transport frame that is heard as the last quantum is handed to the output."""
        return max(0, self._frame - LATENCY - self.output_latency)

    @property
    def bpm(self) -> float | None:
        """The tempo of what sounds; None for nothing."""
        main = self._timeline.main
        return None if main is None or self._timeline.finished else main.cue.grid.bpm

    @property
    def pending(self) -> tuple[Cue, ...]:
        """The cues still to come, as postponed."""
        return tuple(deck.cue for deck in self._timeline.waiting)

    @property
    def held(self) -> tuple[int, ...]:
        """Ids of the cues whose files the renderer reads or is about to."""
        return self._timeline.held

    @property
    def finished(self) -> bool:
        """Whether the final section's tail is over."""
        return self._timeline.finished

    @property
    def silent(self) -> bool:
        """Whether the transport has faded out and stands still."""
        return self._gate == 0.0

    def set_cues(self, decks: tuple[Deck, ...]) -> None:
        """Replace all pending cues at the next quantum. May be called from any thread."""
        self._cues = decks

    def set_loop(self, order: LoopStem, deck: Deck | None) -> None:
        """Loop bars from the room, or none any more, as of the next quantum. May be called from any thread."""
        self._loop_asked = order, deck

    def clear_effects(self) -> None:
        """Cut the effects' tails at the next quantum. May be called from any thread."""
        self._clear = True

    def fade_out(self) -> None:
        """Stop for good, whatever the parameters say. May be called from any thread."""
        self._ending = True

    def render(self, out: npt.NDArray[np.float32], headphones: npt.NDArray[np.float32] | None = None) -> None:
        """Fill ``out`` (n * 256, 2), and ``headphones`` of the same shape where there are any: ``out`` is the same either way.

        Raises:
            ValueError: if it is not a whole number of quanta.
        """
        if len(out) % QUANTUM:
            raise ValueError(f"{len(out)} frames are not a whole number of quanta of {QUANTUM}")
        for start in range(0, len(out), QUANTUM):
            self._quantum(out[start : start + QUANTUM], None if headphones is None else headphones[start : start + QUANTUM])

    def begin(self, quantum: int) -> None:
        """Called before each quantum; whoever renders again what was noted hands it in here."""

    def _quantum(self, out: npt.NDArray[np.float32], headphones: npt.NDArray[np.float32] | None) -> None:
        self.begin(self._beat)
        frame = self._frame
        values = self._read()
        if self._cues is not None:
            decks, self._cues = self._cues, None
            self._timeline.set_cues(decks)
            self._note(CUES_NOTE, tuple(deck.cue for deck in decks))
        if self._loop_asked is not None:
            (order, deck), self._loop_asked = self._loop_asked, None
            self._loop.set(deck, order.at)
            self._note(LOOP_NOTE, order)
        for reader in (*self._timeline.readers, *self._loop.readers):
            if reader.look():
                self._note(FILE_NOTE, (reader.path.name, reader.seen))
        bus = self._bus
        bus.fill(0.0)
        self._move(bus, values)
        bus = self._effects(bus, values)
        if headphones is not None:
            self._listen(headphones, frame, bus, values)
        bus = self._limiter.process(bus)
        out[:] = bus.T
        self._beat += 1
        if self._metered:
            self._meters.process(bus)
            self._report()

    def _listen(self, headphones: npt.NDArray[np.float32], frame: int, bus: Bus, values: list[float]) -> None:
        """The headphones' quantum: on the bars of what sounds, while the transport moves."""
        main, knobs = self._timeline.main, (self.params["cue_level"], self.params["cue_mix"])
        grid = main.cue.grid if main is not None and self._frame != frame else None
        self.headphones.render(headphones, frame, grid, bus, [values[i] for i in self._level_at], knobs)

    def _read(self) -> list[float]:
        """All parameters, each within its range; one that is not a number keeps the last value that was."""
        values: list[float] = self.params.values[: len(MIXED)].tolist()
        for i, value in enumerate(values):
            low, high = self._bounds[i]
            if low <= value <= high:
                self._safe[i] = value
            elif not math.isnan(value):
                self._safe[i] = low if value < low else high
        if self._safe != self._noted:
            if self._notes is not None:
                moved = zip(self._names, self._safe, self._noted, strict=True)
                self._note(PARAMS_NOTE, {name: value for name, value, before in moved if value != before})
            self._noted = list(self._safe)
        return self._safe

    def _note(self, kind: str, value: object = None) -> None:
        if self._notes is not None:
            self._notes.append(Note(self._beat, self._frame, kind, value))

    def _move(self, bus: Bus, values: list[float]) -> None:
        """Advance the transport by a quantum, or let it stand."""
        ending = self._ending  # read once: another thread may set it meanwhile
        if ending and not self._ending_noted:
            self._ending_noted = True
            self._note(ENDING_NOTE)
        run = values[self._at["run"]] >= 0.5 and not ending
        before = self._gate
        step = 1.0 / GATE_QUANTA
        if run and self._timeline.main is None:
            before = self._gate = 1.0
        else:
            self._gate = min(before + step, 1.0) if run else max(before - step, 0.0)
            if self._gate < step / 2:
                self._gate = 0.0
        self._levels.move([values[i] for i in self._level_at], at_once=self._fresh)
        if before == 0.0 and self._gate == 0.0:
            return
        if (self._timeline.main is None or self._timeline.finished) and not self._timeline.waiting:
            return  # nothing to play yet, or any more: the transport waits, so that the first cue is never late
        self._fresh = False
        self._timeline.plan(self._frame)
        self._loop.plan(self._frame)
        self._timeline.add_to(bus, self._frame, self._levels)
        self._loop.add_to(bus, self._frame, self._levels)
        self._frame += QUANTUM
        if not (before == 1.0 and self._gate == 1.0):
            bus *= before + (self._gate - before) * UP

    def _effects(self, bus: Bus, values: list[float]) -> Bus:
        if not math.isfinite(float(bus.sum())):
            bus[:] = np.nan_to_num(bus, nan=0.0, posinf=1.0, neginf=-1.0)
            np.clip(bus, -8.0, 8.0, out=bus)
        if self._clear:
            self._clear = False
            self._chain.clear()
            self._timeline.cut_echoes(self._frame)
            self._note(CUT_NOTE)
        self._chain.set(values, values[self._at["bpm"]])
        return self._chain.process(bus)

    def _report(self) -> None:
        status, meters = self._status, self._meters
        status["frame"] = self._frame
        status["heard_frame"] = self.heard
        status["peak_l"], status["peak_r"] = meters.peaks
        status["rms_l"], status["rms_r"] = meters.rms
        status["momentary"] = meters.momentary
        status["integrated"] = meters.integrated
        status["reduction"] = self._limiter.reduction
        status["silent_frames"] = self._silent_before + self._timeline.unfilled
        for i, stem in enumerate(STEM_NAMES):
            self._stem_peaks[i] = max(self._levels.peaks[i], self._stem_peaks[i] * meters.fall)
            status[f"peak_{stem}"] = self._stem_peaks[i]
        status["beat"] = self._beat
        status["alive"] = 1.0
