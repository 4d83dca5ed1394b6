"""A section's two edges are heard before they are handed on, and led to where its neighbours' edges are.

What is reckoned from the score alone is right on average; where two sections meet, an ear compares a few seconds with a few
others. So the seconds at a seam are rendered together, listened to as a listener would, and corrected a little: their
loudness, and where their beat seems to lie (accents of the cymbals, and soft strokes, lean it forward or back).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final, NamedTuple

import torch
from torch import Tensor

from engine.generators.pocket.loudness import power_lufs
from engine.generators.pocket.render import Renderer
from engine.generators.pocket.score import OFF_BEATS, strong
from engine.generators.pocket.score_drums import SLICED, VELOCITY
from engine.generators.pocket.shots import Shots
from engine.generators.pocket.spectra import RATE, weighed
from engine.generators.pocket.styles import load_style
from engine.generators.pocket.voices import CHUNK
from engine.protocol import SectionRequest

EDGE_S: Final = 8.0
"""Seconds at each end of a section that are heard together, at most half the section."""
_LOUD_S: Final = 3.5
"""Seconds next to the seam whose loudness counts."""
_AHEAD_BARS: Final = 2
"""Bars that what is made anew while it plays must be ahead of, before it may wait for an edge."""
_TURN_S: Final = 0.4
"""Seconds in which the tail's correction takes over from the edge's."""
_MOST_LU: Final = 2.0
"""Most by which an edge's loudness is corrected."""
_MOST_STROKE: Final = 0.9
"""Loudest of the strokes that are added, as a velocity."""
_MOST_ACCENT: Final = 0.85
"""Most by which the cymbals of a place are raised or lowered, as a share of what they are."""
_PLACES: Final = (0.0, 0.25, 0.5, 0.75)
"""Places in a beat whose cymbals are led."""
_CYMBAL_HZ: Final = 9_000.0
"""Where cymbals are: what the drums' bus does there is done to what is added."""
_EARLY_S: Final = 0.025
"""Seconds by which a stroke may come before its place and still belong to it."""
_HOP, _FRAME, _BATCH = 512, 1024, 256
"""Frames between two looks at the spectrum and of one look; looks taken at once, which bounds the memory."""
_LATE_S: Final = 0.006
"""Seconds from a stroke to where its rise of the spectrum is seen."""
_HOME: Final = (-0.03, 0.13)
"""Beats between which the beat of a style's own drums may lie; what shuffles seems to come late."""
_OFF: Final = 0.63
"""Where the beat seems to lie, in beats, in music that leans on its off-beats: what swells after the kick peaks there."""
_EARLY_ENERGY: Final = 0.62
"""Energy up to which a lane counts among a style's own drums."""
_LEANING: Final = 0.18
"""Beats from the beat from which music next to a drop leans on its off-beats; away from drops it must lean further."""
_NEAR: Final = 0.004
"""Beats within which the beat lies well enough."""
_PROBE: Final = 0.3
"""Amount by which each lever is tried, to see what it does."""
_ROUNDS, _SWEEPS = 5, 60
"""Times the edge is heard anew with other amounts, and passes over the levers for each."""
_CLEAR: Final = 1.0
"""How clear a beat should at least be, in the units of `_pulse`: a fainter one may seem to lie anywhere."""
_CLEARNESS: Final = 0.25
"""How much clearness counts against where the beat lies."""
_DOUBT: Final = 0.01
"""Beats by which the beat seems to lie elsewhere when the ear's looks fall elsewhere, where its clearness is 1."""
_COST: Final = 0.005
"""What an amount of 1 costs, against what it does to the pulse."""


class Cancelled(Exception):
    """Nobody wants the section any more; told between two steps of work, of some hundredths of a second each."""


class _Stroke(NamedTuple):
    """What changes with an amount: a shot at a frame of the edge, (1 or 2, frames), and its gain at an amount of 1."""

    lever: int
    at: int
    shot: Tensor
    gain: float


class Seams:
    """Chunks of a section, its edges led.

    Where ``request.from_frame`` lies within an edge, or shortly before one, what is playing is being made anew and must be
    there at once: that edge is left as it is.

    Args:
        renderer, shots: what makes its sound.
        request: what was asked for.
        cancelled: asked between two steps of work on an edge.
    """

    def __init__(self, renderer: Renderer, shots: Shots, request: SectionRequest, cancelled: Callable[[], bool]) -> None:
        self._renderer = renderer
        self._shots = shots
        self._cancelled = cancelled
        self._kept: dict[int, Tensor] = {}
        leans = any(strong(lane) == OFF_BEATS for name, _ in renderer.score.mix.styles for lane in load_style(name).lanes)
        before, after = {request.role, request.previous_role}, {request.role, request.next_role}
        self._off = leans and "drop" in before, leans and "drop" in after
        end = renderer.score.grid.frame_of_bar(request.bars)
        span = min(int(EDGE_S * RATE), end // 2)
        middle = -(-span // CHUNK)
        start = (end - span) // CHUNK
        opens = request.previous_role is not None and request.from_frame == 0
        soon = request.from_frame + _AHEAD_BARS * float(renderer.score.grid.frames_per_bar) if request.from_frame else 0.0
        closes = request.next_role is not None and soon <= max(middle, start) * CHUNK
        self._opening = range(0, middle if opens else 0)
        self._total = request.total_frames(renderer.score.grid.rate)
        heard = min(self._total, end + int(_LOUD_S * RATE))
        self._closing = range(max(middle, start), -(-heard // CHUNK) if closes else 0)
        self._span, self._end = span, end
        self._last_gain = 1.0
        self._tail: Tensor | None = None

    def chunk(self, index: int) -> Tensor:
        """Frames index * CHUNK and on: (CHUNK, stems, 2) float32. Chunks are asked for in order.

        Raises:
            Cancelled: if the section is not wanted any more.
        """
        if index not in self._kept:
            if index in self._opening:
                self._lead(self._opening, (0, self._span), closing=False)
            elif index in self._closing:
                self._lead(self._closing, (max(self._closing.start * CHUNK, self._end - self._span), self._end), closing=True)
        made = self._kept.pop(index, None)
        if made is None:
            made = self._renderer.mixed(index)
            if index >= self._closing.stop:
                self._lead_tail(made, index - self._closing.stop)
        return self._renderer.finished(made).permute(2, 0, 1)

    def _lead(self, indexes: range, edge: tuple[int, int], closing: bool) -> None:
        """Render an edge's chunks, correct them and keep them."""
        chunks = []
        for index in indexes:
            self._go_on()
            chunks.append(self._renderer.mixed(index))
        start = indexes.start * CHUNK
        last = self._total if closing else edge[1]
        gain = self._gain(chunks, start, edge, last, closing)
        for i, chunk in enumerate(chunks):
            own = gain[i * CHUNK : (i + 1) * CHUNK]
            chunk[..., : len(own)] *= own
        change = self._balance(chunks, gain, start, edge, closing)
        for i, chunk in enumerate(chunks):
            if change is not None:
                chunk[0] += change[:, i * CHUNK : (i + 1) * CHUNK]
            self._kept[indexes.start + i] = chunk
        if closing:
            self._last_gain = float(gain[-1])
            self._tail = None if change is None else change[:, len(chunks) * CHUNK :].clone()

    def _go_on(self) -> None:
        if self._cancelled():
            raise Cancelled

    def _lead_tail(self, chunk: Tensor, number: int) -> None:
        """Go on in the tail as the edge before it ended: the next section may be faded in over it."""
        if self._tail is not None:
            change = self._tail[:, number * CHUNK : (number + 1) * CHUNK]
            chunk[0, :, : change.shape[1]] += change
        chunk.mul_(self._last_gain)

    @staticmethod
    def _nearness(start: int, count: int, edge: tuple[int, int], closing: bool, flat_s: float) -> Tensor:
        """1 within ``flat_s`` of the seam, falling smoothly to 0 at the edge's other end, (count,)."""
        span = edge[1] - edge[0]
        frame = torch.arange(start, start + count, dtype=torch.float32)
        away = (edge[1] - frame if closing else frame - edge[0]).clamp_min(0.0)
        flat = min(flat_s * RATE, 0.5 * span)
        x = (1.0 - (away - flat) / (span - flat)).clamp(0.0, 1.0)
        return x * x * (3.0 - 2.0 * x)

    def _gain(self, chunks: list[Tensor], start: int, edge: tuple[int, int], last: int, closing: bool) -> Tensor:
        """Gain of every frame from ``start`` to ``last``, 1 where the edge's other end is."""
        near = min(int(_LOUD_S * RATE), edge[1] - edge[0])
        missed = self._missed_lu(chunks, start, edge[1] - near if closing else edge[0], near, closing)
        curve = self._nearness(start, max(last - start, len(chunks) * CHUNK), edge, closing, _LOUD_S) * missed
        after = min(int(_LOUD_S * RATE), last - edge[1])
        if after > near // 2:
            frame = torch.arange(start, start + len(curve), dtype=torch.float32)
            turned = ((frame - edge[1]) / (_TURN_S * RATE)).clamp(0.0, 1.0)
            curve += (self._missed_lu(chunks, start, edge[1], after, closing) - missed) * turned
        return torch.pow(10.0, curve / 20)

    def _missed_lu(self, chunks: list[Tensor], start: int, low: int, count: int, closing: bool) -> float:
        """LU by which ``count`` frames from ``low`` miss what the section's form wants; a breath before a drop is wanted."""
        high = low + count
        grid, bars = self._renderer.score.grid, self._renderer.score.bars
        if any(bars[bar].breath for bar in range(grid.bar_at(low), grid.bar_at(high - 1) + 1)):
            return 0.0
        mix = torch.cat([chunk.sum(0) for chunk in chunks], 1)[:, low - start : high - start]
        power = torch.fft.rfft(mix).abs().square_().sum(0) * (2.0 / count**2)
        heard = power_lufs(float(weighed(torch.fft.rfftfreq(count, 1 / RATE), power).sum()))
        return max(-_MOST_LU, min(_MOST_LU, self._renderer.gains.aims[closing] - heard))

    def _balance(self, chunks: list[Tensor], gain: Tensor, start: int, edge: tuple[int, int], closing: bool) -> Tensor | None:
        """What is added to the drums so that the beat lies where it belongs, (2, frames); None where nothing has to be.

        It reaches as far as ``gain`` does: at the section's end to the end of the tail.
        """
        strokes, limits = self._levers(gain, start, edge, closing)
        if not limits:
            return None
        mono = torch.cat([chunk.sum(0).mean(0) for chunk in chunks])[: edge[1] - start + _FRAME]
        layers = [
            _struck(strokes, [float(i == lever) for i in range(len(limits))], 1, len(mono))[0] for lever in range(len(limits))
        ]
        beat = float(self._renderer.score.grid.frames_per_beat)

        def hear(amounts: list[float], hop: int) -> complex:
            self._go_on()
            mix = mono.clone()
            for amount, layer in zip(amounts, layers, strict=True):
                if amount:
                    mix.add_(layer, alpha=amount)
            return _pulse(mix, start, edge, beat, hop) * back

        back = complex(1.0)
        now = hear([0.0] * len(limits), _HOP // 2)
        home = self._home()
        leaning = _LEANING if self._off[closing] else 0.5 - _LEANING
        back = _unit(-(_OFF if abs(_turns(now * _unit(-home))) > leaning else home))
        now *= back
        best, best_doubt = [0.0] * len(limits), _doubt(now)
        if best_doubt < 2.0 * _NEAR + _DOUBT / _CLEAR:
            return None
        wanted = complex(max(now.real, _CLEAR), 0.0)
        bare, coarse = now, hear(best, _HOP)
        effects = []
        for lever, (least, _) in enumerate(limits):
            probe = -_PROBE if least < 0.0 else _PROBE
            effects.append((hear([probe * (i == lever) for i in range(len(limits))], _HOP) - coarse) / probe)
        aim = wanted
        for _ in range(_ROUNDS):
            amounts = _fitted(aim - bare, effects, limits)
            now = hear(amounts, _HOP // 2)
            doubt = _doubt(now)
            if doubt < best_doubt:
                best, best_doubt = amounts, doubt
            if abs(_turns(now)) < _NEAR:
                break
            aim += complex(0.5 * max(0.0, wanted.real - now.real), -now.imag)
        return _struck(strokes, best, 2, len(gain))

    def _home(self) -> float:
        """Where the beat of the styles' own drums lies, in beats: two bars of them, the off-beat cymbal left out."""
        score = self._renderer.score
        beat, swing = float(score.grid.frames_per_beat), score.mix.params["swing"] / 12.0
        strokes = []
        for name, share in score.mix.styles:
            style = load_style(name)
            for lane in style.lanes:
                pattern = lane.patterns[0]
                if strong(lane) == OFF_BEATS or lane.start > _EARLY_ENERGY:
                    continue
                for step, mark in enumerate(2 * pattern):
                    velocity = SLICED * (mark != ".") if lane.sliced else VELOCITY.get(mark, 0.0)
                    if velocity > 0.0:
                        variant = int(mark, 16) if lane.sliced else 0
                        shot = self._shots.get(style.kit, lane.shot, velocity, variant)[0]
                        frame = round((step / 4.0 + swing * (step % 2)) * beat)
                        gain = share * velocity * 10 ** (lane.gain_db / 20) * self._renderer.gains.drums
                        strokes.append(_Stroke(0, frame + _FRAME, shot, gain))
        count = round(8 * beat)
        found = _turns(_pulse(_struck(strokes, [1.0], 1, _FRAME + count)[0], -_FRAME, (-_HOP, count), beat, _HOP))
        return min(_HOME[1], max(_HOME[0], found)) if abs(found) < 0.25 else _LATE_S * RATE / beat

    def _levers(
        self, loud: Tensor, start: int, edge: tuple[int, int], closing: bool
    ) -> tuple[list[_Stroke], list[tuple[float, float]]]:
        """What can be changed at an edge and as far as its gain ``loud`` reaches, and between which amounts.

        For each of `_PLACES` the cymbals and percussion that play there, which may be softer or louder, and a soft stroke in
        every beat. All act less away from the seam. Nothing where no cymbals play.
        """
        score, renderer = self._renderer.score, self._renderer
        last = self._total if closing else edge[1]
        playing = [hit for hit in score.hits if edge[0] <= hit.frame < last and hit.group.startswith(("hats", "perc"))]
        if sum(hit.frame < edge[1] for hit in playing) < 4:
            return [], []
        near = loud * self._nearness(start, len(loud), edge, closing, 0.5 * EDGE_S)
        level = renderer.gains.drums * math.sqrt(1.0 + 2.0 * renderer.sound.drive[0] ** 2)
        level *= float(renderer.sound.buses[0].dry[round(_CYMBAL_HZ * 2 * CHUNK / RATE)].abs())
        beat = float(score.grid.frames_per_beat)
        strokes = []
        for hit in playing:
            place = (hit.frame + _EARLY_S * RATE) / beat % 1.0
            lever = next(i for i in (3, 2, 1, 0) if place >= _PLACES[i])
            shot = self._shots.get(score.kits[hit.group].kit, hit.shot, hit.velocity, hit.variant)[0]
            gain = hit.velocity * hit.gain * level * renderer.gain_at(hit.frame) * float(near[hit.frame - start])
            strokes.append(_Stroke(lever, hit.frame - start, shot, gain))
        limits = [(-_MOST_ACCENT, _MOST_ACCENT)] * len(_PLACES)
        style = score.kits["hats"]
        lane = next((lane for lane in style.lanes if lane.group in {"hats", "perc"} and lane.shot in {"shaker", "hat"}), None)
        if lane is None:
            return strokes, limits
        shot = self._shots.get(style.kit, lane.shot, 0.3, 0)[0]
        level *= 10 ** (lane.gain_db / 20)
        swing = score.mix.params["swing"] / 3.0 * 0.25
        for i, place in enumerate(_PLACES):
            for number in range(math.ceil(edge[0] / beat), math.ceil(last / beat)):
                frame = round((number + place + (swing if i % 2 else 0.0)) * beat)
                bar = score.bars[min(len(score.bars) - 1, score.grid.bar_at(frame))]
                left = (score.grid.frame_of_bar(bar.index + 1) - frame) / beat
                if edge[0] <= frame < last and left > bar.breath:
                    presence = max(bar.active["hats"], bar.active["perc"]) * float(near[frame - start])
                    strokes.append(_Stroke(4 + i, frame - start, shot, level * presence * renderer.gain_at(frame)))
        return strokes, limits + [(0.0, _MOST_STROKE)] * len(_PLACES)


def _struck(strokes: list[_Stroke], amounts: list[float], channels: int, count: int) -> Tensor:
    """The sound of strokes at their amounts, (channels, count); one channel is the mean of two."""
    out = torch.zeros(channels, count)
    for lever, at, shot, gain in strokes:
        if amounts[lever]:
            part = shot[:, : max(0, count - at)]
            part = part.mean(0, keepdim=True) if channels == 1 else part
            out[:, at : at + part.shape[1]].add_(part, alpha=gain * amounts[lever])
    return out


def _unit(turns: float) -> complex:
    return complex(math.cos(2 * math.pi * turns), math.sin(2 * math.pi * turns))


def _turns(pulse: complex) -> float:
    """A pulse's phase in beats, -0.5..0.5."""
    return math.atan2(pulse.imag, pulse.real) / (2 * math.pi)


def _doubt(pulse: complex) -> float:
    """How far, in beats, a pulse may seem to lie from 0; what it is off for certain counts twice."""
    return 2.0 * abs(_turns(pulse)) + _DOUBT / max(1e-3, abs(pulse))


def _fitted(wanted: complex, effects: list[complex], limits: list[tuple[float, float]]) -> list[float]:
    """Amounts within their limits whose effects together come near to what is wanted: least squares by coordinate descent.

    The imaginary part, where the beat lies, counts more than the real one, how clear it is; amounts cost a little.
    """
    amounts = [0.0] * len(effects)
    left = wanted
    for _ in range(_SWEEPS):
        for i, effect in enumerate(effects):
            free = left + amounts[i] * effect
            along = free.imag * effect.imag + _CLEARNESS * free.real * effect.real
            amount = along / (effect.imag**2 + _CLEARNESS * effect.real**2 + _COST)
            amounts[i] = min(limits[i][1], max(limits[i][0], amount))
            left = free - amounts[i] * effect
    return amounts


def _pulse(mono: Tensor, start: int, edge: tuple[int, int], beat: float, hop: int) -> complex:
    """How much, and where in the beat, the spectrum rises: the flux's component at the beat's rate.

    Flux of log magnitudes over frames of 1024 with a Hann window, as onset detectors use it (Bello et al., "A Tutorial on
    Onset Detection in Music Signals", 2005). ``hop`` is `_HOP`, or half of it to hear what lies between.
    """
    window = torch.hann_window(_FRAME, periodic=False)
    window *= 2.0 / float(window.sum())
    frames, lag = mono.unfold(0, _FRAME, hop), _HOP // hop
    flux = []
    for first in range(0, len(frames), _BATCH):
        seen = torch.fft.rfft(frames[max(0, first - lag) : first + _BATCH] * window).abs().mul_(100.0).log1p_()
        flux.append((seen[lag:] - seen[:-lag]).clamp_min_(0.0).sum(1))
    rises = torch.cat(flux).double()
    at = start + hop * torch.arange(lag, len(frames), dtype=torch.float64)
    inside = (at >= edge[0]) & (at < edge[1])
    rises, turn = rises[inside], (2 * math.pi / beat) * at[inside]
    rises -= rises.mean()
    return complex(float((rises * turn.cos()).mean()), float((rises * turn.sin()).mean()))
