"""A section whose edges match its neighbours.

What is calculated from the score alone is right on average; where two sections meet, a few seconds are compared with a few
others. So the seconds at a seam are rendered together, measured as a listener would hear them, and corrected a little: their
loudness, and the beat's phase, which accents of the cymbals and soft strokes shift forward or back.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import torch
from torch import Tensor

from engine.generators.memory import give_back
from engine.generators.pocket.instruments.spectra import RATE
from engine.generators.pocket.instruments.voices import CHUNK
from engine.generators.pocket.render.renderer import Renderer
from engine.generators.pocket.seams.aligner import Alignment, BeatAligner, Excerpt
from engine.generators.pocket.seams.beat import FRAME
from engine.generators.pocket.seams.edge_loudness import LOUDNESS_S, SETTLE_S, edge_gain, nearness
from engine.generators.pocket.seams.previous import Entry, beat_overlaps, transition_gains
from engine.generators.pocket.seams.targets import BeatTargets
from engine.protocol import SectionRequest, TransitionKind

EDGE_S: Final = 8.0
"""Seconds at each end of a section that are measured together; at most half the section."""
_SHORTEST_S: Final = 0.5
"""Seconds an edge must have; shorter ones are not corrected."""
_BEAT_S: Final = 4.0
"""Seconds next to the seam in which the beat is aligned in full; further away less and less."""
_LET_GO_S: Final = 0.1
"""Seconds over which the strokes added to an opening fade out at its end."""
_COVERED_REACH: Final = 2.0
"""Factor by which accents may exceed their limit where a long fade-in hides them under the section before."""
_FAINTEST: Final = 0.4
"""Gain of a fade-in below which accents no longer make up for it."""
_AHEAD_BARS: Final = 2
"""Bars that a section re-made while it plays must be ahead by before it may wait for an edge to be corrected."""


class Cancelled(Exception):
    """Nobody wants the section any more. Raised between two steps of work, some hundredths of a second each."""


class SeamlessSection:
    """Chunks of a section, its edges corrected.

    A section re-made while it plays (``request.from_frame`` > 0) must deliver at once: an edge that ``from_frame`` lies in, or
    shortly before, is not corrected. In a section of less than twice `EDGE_S` its end then differs slightly from that of the
    whole section, since the closing is measured together with the opening.

    Args:
        renderer: the section's renderer.
        request: what was asked for.
        cancelled: asked between steps of work; once true, `Cancelled` is raised.
    """

    def __init__(self, renderer: Renderer, request: SectionRequest, cancelled: Callable[[], bool]) -> None:
        self._renderer = renderer
        self._request = request
        self._corrected: dict[int, Tensor] = {}
        self._targets = BeatTargets(request, renderer)
        self._total = request.total_frames(renderer.score.grid.rate)
        self._entry_s = self._seconds(request.entry, request.entry_bars)
        self._exit_s = self._seconds(request.exit, request.exit_bars)
        self._end = renderer.score.grid.frame_of_bar(request.bars)
        self._span = min(int(EDGE_S * RATE), self._end // 2)
        self._opening, self._closing = self._edges()
        self._entry = Entry(request, self._entry_s, int(EDGE_S * RATE) + FRAME)
        self._last_gain = 1.0
        self._ahead: dict[int, Tensor] = {}
        self._opened = torch.zeros(0)
        self._tail: Alignment | None = None

        def check() -> None:  # no method: a section that refers to itself would keep its memory for some time
            if cancelled():
                raise Cancelled

        self._check = check
        self._aligner = BeatAligner(renderer, renderer.score.grid.frame_of_bar(request.first_bar), check)

    def chunk(self, index: int) -> Tensor:
        """Frames from index * CHUNK on: (stems, 2, CHUNK) float32. Chunks must be asked for in order.

        Raises:
            Cancelled: if the section is not wanted any more.
        """
        if index not in self._corrected:
            if index in self._opening:
                self._correct(self._opening, (0, self._span), closing=False)
            elif index in self._closing:
                first = max(self._closing.start * CHUNK, self._end - self._span)
                self._correct(self._closing, (first, self._end), closing=True)
            if index in self._corrected:
                give_back()  # an edge takes tens of megabytes while it is corrected
        made = self._corrected.pop(index, None)
        if made is None:
            made = self._mixed(index)
            if self._closing and index >= self._closing.stop:
                self._continue_tail(made, index - self._closing.stop)
        return self._renderer.finished(made)

    def _edges(self) -> tuple[range, range]:
        """Chunks of the opening and of the closing (with as much of the tail as is measured); empty where not corrected."""
        request, grid = self._request, self._renderer.score.grid
        middle = -(-self._span // CHUNK)
        start = (self._end - self._span) // CHUNK
        opens = self._span >= _SHORTEST_S * RATE and request.previous_role is not None and request.from_frame == 0
        soonest = request.from_frame + _AHEAD_BARS * float(grid.frames_per_bar) if request.from_frame else 0.0
        first = max(middle if request.previous_role is not None else 0, start)
        closes = request.next_role is not None and soonest <= first * CHUNK <= self._end - _SHORTEST_S * RATE
        heard = min(self._total, self._end + int(min(EDGE_S, max(LOUDNESS_S, self._exit_s)) * RATE))
        return range(0, middle if opens else 0), range(first, -(-heard // CHUNK) if closes else 0)

    def _correct(self, indexes: range, edge: tuple[int, int], closing: bool) -> None:
        """Render an edge's chunks, correct them and keep them."""
        chunks = [self._mixed(index) for index in indexes]
        if not closing:
            # The seconds that are measured reach into the closing of a short section.
            ahead = range(indexes.stop, -(-min(int(EDGE_S * RATE) + FRAME, self._end) // CHUNK))
            self._ahead = {index: self._mixed(index) for index in ahead}
            chunks += [chunk.clone() for chunk in self._ahead.values()]
        give_back()  # the measurement takes as much memory again
        start = indexes.start * CHUNK
        gain = edge_gain(self._renderer, chunks, start, edge, self._total if closing else edge[1], closing)
        for i, chunk in enumerate(chunks):
            own = gain[i * CHUNK : (i + 1) * CHUNK]
            chunk[..., : len(own)] *= own
        mono = _mono(chunks)
        made = self._align_closing(mono, gain, start, edge) if closing else self._align_opening(mono, gain, start, edge)
        for i, index in enumerate(indexes):
            made.apply(chunks[i], i * CHUNK)
            self._corrected[index] = chunks[i]
        if not closing:
            self._opened = self._entry.heard(_mono(chunks[: len(indexes)]), 0)[1]
        else:
            self._last_gain = float(gain[-1])
            self._tail = made.after(len(chunks) * CHUNK)

    def _mixed(self, index: int) -> Tensor:
        """A chunk before correction, already rendered if an opening needed it early."""
        self._check()
        found = self._ahead.pop(index, None)
        return self._renderer.mixed(index) if found is None else found

    def _continue_tail(self, chunk: Tensor, number: int) -> None:
        """Correct a chunk of the tail as the closing before it: the next section may fade in over it."""
        chunk.mul_(self._last_gain)
        if self._tail is not None:
            self._tail.apply(chunk, number * CHUNK)

    def _align_opening(self, mono: Tensor, gain: Tensor, start: int, edge: tuple[int, int]) -> Alignment:
        """Align the section's start with the section before, heard as it fades in over that one's tail."""
        end = min(int(EDGE_S * RATE), len(mono) - FRAME)
        fade = self._entry.fade_in(0, len(gain))
        near = nearness(start, len(gain), edge, False, max(_BEAT_S, self._entry_s))
        own, heard = self._entry.heard(mono[: end + FRAME], 0)
        ahead = torch.zeros(FRAME)
        left = complex(0.0)
        first = edge[0] + FRAME  # where nothing is heard before it, the first rise is one from silence, and no beat
        if self._entry.previous is not None:
            first = edge[0]
            before = self._entry.previous.sound
            ahead = before[-FRAME:]
            meeting = torch.cat([before, heard[:FRAME]])
            left = self._aligner.phasor(meeting, -len(before), (FRAME - len(before), 0))
        made = self._aligner.align(
            Excerpt(
                sound=torch.cat([ahead, heard]),
                own=torch.cat([0.0 * ahead, own]),
                fade=torch.cat([0.0 * ahead, fade]),
                stroke_gain=torch.cat([0.0 * ahead, gain * near / fade.clamp_min(_FAINTEST)]),
                swell_gain=torch.cat([0.0 * ahead, near]),
                start=-FRAME,
                edge=(first, end),
                reach=_COVERED_REACH if self._entry_s > _BEAT_S else 1.0,
            ),
            lambda phase: self._targets.opening_phase(phase, left),
        )
        kept = FRAME + self._opening.stop * CHUNK
        let_go = min(int(_LET_GO_S * RATE), kept - FRAME)
        made.drums[:, kept - let_go : kept] *= torch.linspace(1.0, 0.0, let_go)
        return made.after(FRAME)

    def _align_closing(self, mono: Tensor, gain: Tensor, start: int, edge: tuple[int, int]) -> Alignment:
        """Align the section's end, and the tail, over which the next section may fade in."""
        near = nearness(start, len(gain), edge, True, _BEAT_S)
        end = edge[1] - start
        early = max(0, min(edge[1] - int(EDGE_S * RATE), start))
        opened = self._opened[early:start]
        silence = torch.zeros_like(opened)
        own, heard = self._entry.heard(mono[: end + FRAME], start)
        fading = self._entry.lasts_beyond(start)  # a short section, still fading in
        made = self._aligner.align(
            Excerpt(
                sound=_joined(opened, heard),
                own=_joined(silence, own),
                fade=self._entry.fade_in(start - len(opened), len(opened) + len(mono)) if fading else None,
                stroke_gain=_joined(silence, gain * near),
                swell_gain=_joined(silence, near),
                start=start - len(opened),
                edge=(edge[0] - len(opened), edge[1]),
            ),
            self._targets.closing_phase,
        ).after(len(opened))
        if self._exit_s and self._total - edge[1] >= 2 * FRAME:
            self._align_tail(made, mono, gain[end:], start, edge[1])
        return made

    def _align_tail(self, made: Alignment, mono: Tensor, gain: Tensor, start: int, end: int) -> None:
        """Align the tail with the closing, as it is heard while it fades out; ``made`` is extended in place."""
        at = end - start
        out = transition_gains(self._request.exit, self._exit_s, len(gain))[0]
        settled = (torch.arange(len(gain)) / (SETTLE_S * RATE)).clamp_max_(1.0)
        before = (1.0 - settled) * made.swell[at : at + len(gain)]
        heard = mono[at:] * out[: len(mono) - at]
        drums = made.drums.mean(0)[at : len(mono)] * out[: len(mono) - at]
        own = self._aligner.align(
            Excerpt(
                sound=heard * (before + settled)[: len(heard)] + drums,
                own=heard,
                fade=out,
                stroke_gain=gain,
                swell_gain=settled,
                start=end,
                edge=(end, min(self._total, start + len(mono)) - FRAME),
            ),
            lambda _: made.phase,
        )
        made.drums[:, at:] += own.drums
        made.swell[at:] = before + own.swell - (1.0 - settled)

    def _seconds(self, kind: TransitionKind, bars: int) -> float:
        """Seconds that the two sides of a transition overlap with their beats; 0 for a cut."""
        return 0.0 if not beat_overlaps(kind) else bars * self._request.beats_per_bar * 60.0 / self._request.bpm


def _joined(before: Tensor, sound: Tensor) -> Tensor:
    """One after the other; not copied where ``before`` is empty."""
    return torch.cat([before, sound]) if len(before) else sound


def _mono(chunks: list[Tensor]) -> Tensor:
    """Chunks (stems, 2, frames) as one channel, one after the other."""
    return torch.cat([chunk.sum((0, 1)).mul_(0.5) for chunk in chunks])
