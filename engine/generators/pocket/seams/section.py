"""A section's two edges are heard before they are handed on, and led to where its neighbours' edges are.

What is reckoned from the score alone is right on average; where two sections meet, an ear compares a few seconds with a few
others. So the seconds at a seam are rendered together, listened to as a listener would, and corrected a little: their
loudness, and where their beat seems to lie (accents of the cymbals, and soft strokes, lean it forward or back).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cached_property
from typing import Final

import torch
from torch import Tensor

from engine.generators.memory import give_back
from engine.generators.pocket.instruments.spectra import RATE, k_weighted_bands
from engine.generators.pocket.instruments.voices import CHUNK
from engine.generators.pocket.render.loudness import power_lufs
from engine.generators.pocket.render.renderer import Renderer
from engine.generators.pocket.seams.aligner import Alignment, BeatAligner, Excerpt
from engine.generators.pocket.seams.beat import FRAME
from engine.generators.pocket.seams.previous import PreviousSound, read_previous, transition_gains
from engine.generators.pocket.seams.targets import BeatTargets
from engine.protocol import SectionRequest, TransitionKind

EDGE_S: Final = 8.0
"""Seconds at each end of a section that are heard together, at most half the section."""
_SHORTEST_S: Final = 0.5
"""Seconds that an edge has at least; shorter ones are left as they are."""
_LET_GO_S: Final = 0.1
"""Seconds in which what was struck for an opening is faded out at its end."""
_LOUD_S: Final = 3.5
"""Seconds next to the seam whose loudness counts."""
_APART_S: Final = 0.1
"""Seconds at the seam itself that are left out: a single blow there is no loudness."""
_LOUD_PARTS: Final = 10
"""Parts in which they are transformed, which is quicker than all at once."""
_PULSE_S: Final = 4.0
"""Seconds next to the seam whose cymbals are led in full; further away ever less."""
_UNDER_COVER: Final = 2.0
"""How much further accents may be raised in a section that fades in for so long that the one before covers them."""
_FAINTEST: Final = 0.4
"""Gain of a section that fades in up to which its accents make up for the fade."""
_AHEAD_BARS: Final = 2
"""Bars that what is made anew while it plays must be ahead of, before it may wait for an edge."""
_TURN_S: Final = 0.4
"""Seconds in which the tail's correction takes over from the edge's."""
_MOST_LU: Final = 2.0
"""Most by which an edge's loudness is corrected."""


class Cancelled(Exception):
    """Nobody wants the section any more; told between two steps of work, of some hundredths of a second each."""


class SeamlessSection:
    """Chunks of a section, its edges led.

    Where ``request.from_frame`` lies within an edge, or shortly before one, what is playing is being made anew and must be
    there at once: that edge is left as it is. In a section of less than twice `EDGE_S` its end then comes out a little
    different too, since it is heard together with the start.

    Args:
        renderer: what makes its sound.
        request: what was asked for.
        cancelled: asked between two steps of work on an edge.
    """

    def __init__(self, renderer: Renderer, request: SectionRequest, cancelled: Callable[[], bool]) -> None:
        self._renderer = renderer
        self._request = request
        self._kept: dict[int, Tensor] = {}
        self._origin = renderer.score.grid.frame_of_bar(request.first_bar)
        self._beat = float(renderer.score.grid.frames_per_beat)
        self._targets = BeatTargets(request, renderer)
        end = renderer.score.grid.frame_of_bar(request.bars)
        span = min(int(EDGE_S * RATE), end // 2)
        middle = -(-span // CHUNK)
        start = (end - span) // CHUNK
        long = span >= _SHORTEST_S * RATE
        opens = long and request.previous_role is not None and request.from_frame == 0
        soon = request.from_frame + _AHEAD_BARS * float(renderer.score.grid.frames_per_bar) if request.from_frame else 0.0
        first = max(middle if request.previous_role is not None else 0, start)
        closes = request.next_role is not None and soon <= first * CHUNK <= end - _SHORTEST_S * RATE
        self._opening = range(0, middle if opens else 0)
        self._total = request.total_frames(renderer.score.grid.rate)
        self._entry_s = self._seconds(request.entry, request.entry_bars)
        self._exit_s = self._seconds(request.exit, request.exit_bars)
        heard = min(self._total, end + int(min(EDGE_S, max(_LOUD_S, self._exit_s)) * RATE))
        self._closing = range(first, -(-heard // CHUNK) if closes else 0)
        self._span, self._end = span, end
        self._last_gain = 1.0
        self._ahead: dict[int, Tensor] = {}
        self._opened = torch.zeros(0)
        self._tail: Alignment | None = None

        def go_on() -> None:  # no method: a section that refers to itself would keep its memory for some time
            if cancelled():
                raise Cancelled

        self._go_on = go_on
        self._leader = BeatAligner(renderer, self._origin, go_on)

    def chunk(self, index: int) -> Tensor:
        """Frames index * CHUNK and on: (stems, 2, CHUNK) float32. Chunks are asked for in order.

        Raises:
            Cancelled: if the section is not wanted any more.
        """
        if index not in self._kept:
            if index in self._opening:
                self._lead(self._opening, (0, self._span), closing=False)
            elif index in self._closing:
                self._lead(self._closing, (max(self._closing.start * CHUNK, self._end - self._span), self._end), closing=True)
            if index in self._kept:
                give_back()  # an edge takes tens of megabytes while it is led
        made = self._kept.pop(index, None)
        if made is None:
            made = self._mixed(index)
            if self._closing and index >= self._closing.stop:
                self._lead_tail(made, index - self._closing.stop)
        return self._renderer.finished(made)

    def _lead(self, indexes: range, edge: tuple[int, int], closing: bool) -> None:
        """Render an edge's chunks, correct them and keep them."""
        chunks = [self._mixed(index) for index in indexes]
        if not closing:
            # A listener's seconds reach into the closing of a short section.
            ahead = range(indexes.stop, -(-min(int(EDGE_S * RATE) + FRAME, self._end) // CHUNK))
            self._ahead = {index: self._mixed(index) for index in ahead}
            chunks += [chunk.clone() for chunk in self._ahead.values()]
        give_back()  # what is heard next takes as much again
        start = indexes.start * CHUNK
        last = self._total if closing else edge[1]
        gain = self._gain(chunks, start, edge, last, closing)
        for i, chunk in enumerate(chunks):
            own = gain[i * CHUNK : (i + 1) * CHUNK]
            chunk[..., : len(own)] *= own
        mono = _mono(chunks)
        made = self._led_closing(mono, gain, start, edge) if closing else self._led_opening(mono, gain, start, edge)
        for i, index in enumerate(indexes):
            made.bend(chunks[i], i * CHUNK)
            self._kept[index] = chunks[i]
        if not closing:
            self._opened = self._heard(_mono(chunks[: len(indexes)]), 0)[1]
        else:
            self._last_gain = float(gain[-1])
            self._tail = made.after(len(chunks) * CHUNK)

    def _mixed(self, index: int) -> Tensor:
        """A chunk before it is led; those that were heard ahead of their time are at hand."""
        self._go_on()
        found = self._ahead.pop(index, None)
        return self._renderer.mixed(index) if found is None else found

    def _lead_tail(self, chunk: Tensor, number: int) -> None:
        """Go on in the tail as the edge before it ended: the next section may be faded in over it."""
        chunk.mul_(self._last_gain)
        if self._tail is not None:
            self._tail.bend(chunk, number * CHUNK)

    @staticmethod
    def _nearness(start: int, count: int, edge: tuple[int, int], closing: bool, flat_s: float) -> Tensor:
        """1 within ``flat_s`` of the seam, falling smoothly to 0 at the edge's other end, (count,)."""
        span = edge[1] - edge[0]
        frame = torch.arange(start, start + count, dtype=torch.float32)
        away = (edge[1] - frame if closing else frame - edge[0]).clamp_min(0.0)
        flat = min(flat_s * RATE, 0.9 * span)
        x = (1.0 - (away - flat) / (span - flat)).clamp(0.0, 1.0)
        return x * x * (3.0 - 2.0 * x)

    def _gain(self, chunks: list[Tensor], start: int, edge: tuple[int, int], last: int, closing: bool) -> Tensor:
        """Gain of every frame from ``start`` to ``last``, 1 where the edge's other end is."""
        apart = int(_APART_S * RATE)
        near = min(int(_LOUD_S * RATE), edge[1] - edge[0])
        missed = self._missed_lu(chunks, start, edge[1] - near if closing else edge[0] + apart, near - apart, closing)
        curve = self._nearness(start, max(last - start, len(chunks) * CHUNK), edge, closing, _LOUD_S) * missed
        after = min(int(_LOUD_S * RATE), last - edge[1])
        if after > near // 2:
            frame = torch.arange(start, start + len(curve), dtype=torch.float32)
            turned = ((frame - edge[1]) / (_TURN_S * RATE)).clamp(0.0, 1.0)
            curve += (self._missed_lu(chunks, start, edge[1] + apart, after - apart, closing) - missed) * turned
        return curve.mul_(math.log(10.0) / 20.0).exp_()

    def _missed_lu(self, chunks: list[Tensor], start: int, low: int, count: int, closing: bool) -> float:
        """LU by which ``count`` frames from ``low`` miss what the section's form wants; a breath before a drop is wanted."""
        high = low + count
        grid, bars = self._renderer.score.grid, self._renderer.score.bars
        if any(bars[bar].breath for bar in range(grid.bar_at(low), grid.bar_at(high - 1) + 1)):
            return 0.0
        first, last = (low - start) // CHUNK, -(-(high - start) // CHUNK)
        mix = torch.cat([chunk.sum(0) for chunk in chunks[first:last]], 1)[:, low - start - first * CHUNK :]
        size = count // _LOUD_PARTS
        power = torch.fft.rfft(mix[:, : _LOUD_PARTS * size].reshape(2 * _LOUD_PARTS, size))
        power = torch.view_as_real(power).square_().sum((0, 2))
        power *= 2.0 / (_LOUD_PARTS * size**2)
        heard = power_lufs(float(k_weighted_bands(torch.fft.rfftfreq(size, 1 / RATE), power).sum()))
        return max(-_MOST_LU, min(_MOST_LU, self._renderer.gains.edge_targets[closing] - heard))

    def _led_opening(self, mono: Tensor, gain: Tensor, start: int, edge: tuple[int, int]) -> Alignment:
        """The section's start so led that the beat lies where the section before left it.

        What is heard there is this section as it fades in over the one before.
        """
        end, entry_s = min(int(EDGE_S * RATE), len(mono) - FRAME), self._entry_s
        into = self._into(0, len(gain))
        near = self._nearness(start, len(gain), edge, False, max(_PULSE_S, entry_s))
        own, heard = self._heard(mono[: end + FRAME], 0)
        ahead = torch.zeros(FRAME)
        left = complex(0.0)
        if self._before is not None:
            before = self._before.sound
            ahead = before[-FRAME:]
            meeting = torch.cat([before, heard[:FRAME]])
            left = self._leader.beat_phasor(meeting, -len(before), (FRAME - len(before), 0))
        made = self._leader.lead(
            Excerpt(
                sound=torch.cat([ahead, heard]),
                own=torch.cat([0.0 * ahead, own]),
                through=torch.cat([0.0 * ahead, into]),
                strokes=torch.cat([0.0 * ahead, gain * near / into.clamp_min(_FAINTEST)]),
                swell=torch.cat([0.0 * ahead, near]),
                start=-FRAME,
                edge=(edge[0], end),
                reach=_UNDER_COVER if entry_s > _PULSE_S else 1.0,
            ),
            lambda lies: self._targets.opening_phase(lies, left),
        )
        kept = FRAME + self._opening.stop * CHUNK
        let_go = min(int(_LET_GO_S * RATE), kept - FRAME)
        made.drums[:, kept - let_go : kept] *= torch.linspace(1.0, 0.0, let_go)
        return made.after(FRAME)

    def _led_closing(self, mono: Tensor, gain: Tensor, start: int, edge: tuple[int, int]) -> Alignment:
        """The same at the section's end, and in the tail, over which the next section may be faded in."""
        near = self._nearness(start, len(gain), edge, True, _PULSE_S)
        end = edge[1] - start
        early = max(0, min(edge[1] - int(EDGE_S * RATE), start))
        opened = self._opened[early:start]
        nothing = torch.zeros_like(opened)
        own, heard = self._heard(mono[: end + FRAME], start)
        fades = start < len(self._fades[0])  # a short section, still being faded in
        made = self._leader.lead(
            Excerpt(
                sound=_following(opened, heard),
                own=_following(nothing, own),
                through=self._into(start - len(opened), len(opened) + len(mono)) if fades else None,
                strokes=_following(nothing, gain * near),
                swell=_following(nothing, near),
                start=start - len(opened),
                edge=(edge[0] - len(opened), edge[1]),
            ),
            self._targets.closing_phase,
        ).after(len(opened))
        if self._exit_s and self._total - edge[1] >= 2 * FRAME:
            self._lead_out(made, mono, gain[end:], start, edge[1])
        return made

    def _lead_out(self, made: Alignment, mono: Tensor, gain: Tensor, start: int, end: int) -> None:
        """Lead the tail's beat to where the edge's is as well, as far as it is heard while it fades out."""
        at = end - start
        out = transition_gains(self._request.exit, self._exit_s, len(gain))[0]
        turned = (torch.arange(len(gain)) / (_TURN_S * RATE)).clamp_max_(1.0)
        before = (1.0 - turned) * made.swell[at : at + len(gain)]
        heard = mono[at:] * out[: len(mono) - at]
        drums = made.drums.mean(0)[at : len(mono)] * out[: len(mono) - at]
        own = self._leader.lead(
            Excerpt(
                sound=heard * (before + turned)[: len(heard)] + drums,
                own=heard,
                through=out,
                strokes=gain,
                swell=turned,
                start=end,
                edge=(end, min(self._total, start + len(mono)) - FRAME),
            ),
            lambda _: made.lies,
        )
        made.drums[:, at:] += own.drums
        made.swell[at:] = before + own.swell - (1.0 - turned)

    @cached_property
    def _fades(self) -> tuple[Tensor, Tensor]:
        """Gains of the section before and of this one as long as this one is faded in."""
        return transition_gains(self._request.entry, self._entry_s, math.ceil(self._entry_s * RATE))

    def _into(self, start: int, count: int) -> Tensor:
        """Gain with which this section is faded in, from a frame on, (count,)."""
        into = torch.ones(count)
        fading = self._fades[1][start : start + count]
        into[: len(fading)] = fading
        return into

    def _heard(self, sound: Tensor, start: int) -> tuple[Tensor, Tensor]:
        """Some of this section, (frames,) from a frame on, as it is faded in, and with it what sounds on of the one before."""
        out = self._fades[0][start : start + len(sound)]
        if not len(out):
            return sound, sound
        own = sound * self._into(start, len(sound))
        heard = own.clone()
        if self._before is not None:
            tail = self._before.tail[start : start + len(out)]
            heard[: len(tail)] += tail * out[: len(tail)]
        return own, heard

    def _seconds(self, kind: TransitionKind, bars: int) -> float:
        """Seconds that a transition lasts."""
        return 0.0 if kind == "cut" else bars * self._request.beats_per_bar * 60.0 / self._request.bpm

    @cached_property
    def _before(self) -> PreviousSound | None:
        return read_previous(self._request, int(EDGE_S * RATE) + FRAME)


def _following(before: Tensor, sound: Tensor) -> Tensor:
    """One after the other; not copied where there is nothing before."""
    return torch.cat([before, sound]) if len(before) else sound


def _mono(chunks: list[Tensor]) -> Tensor:
    """Some chunks (stems, 2, frames) as one channel, one after the other."""
    return torch.cat([chunk.sum((0, 1)).mul_(0.5) for chunk in chunks])
