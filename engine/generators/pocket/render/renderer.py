"""Renders a score chunk by chunk. Every chunk is a pure function of the score and the chunk's index."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.dsp.levels import gain_of
from engine.generators.pocket.instruments.shots import Shots
from engine.generators.pocket.instruments.spectra import RATE
from engine.generators.pocket.instruments.tables import Tables
from engine.generators.pocket.instruments.voices import CHUNK
from engine.generators.pocket.point import drumless
from engine.generators.pocket.render import fourier
from engine.generators.pocket.render.air import Air, without_highs
from engine.generators.pocket.render.envelopes import STEP, polyline
from engine.generators.pocket.render.loudness import Gains
from engine.generators.pocket.render.note_player import NotePlayer
from engine.generators.pocket.render.playback import add_scaled, wow_and_flutter
from engine.generators.pocket.render.sampler import Sampler
from engine.generators.pocket.render.sound import Sound
from engine.generators.pocket.score.events import Score

_POINTS: Final = np.arange(0.0, CHUNK + STEP, STEP)
"""Frames of a chunk at which slow curves are calculated; straight lines between."""
_BASS: Final = 1
_LEAD: Final = 3
"""Indexes on the stem axis."""
_TAPED: Final = (2, 3)
"""Stems that go through the tape, where there is one."""
_AIRED: Final = (2, 3)
"""Stems whose highs are ducked by drum hits."""
_CEILING: Final = 0.79
"""Peak that the sum of all stems never exceeds. True peaks, between samples, can be about 1 dB higher: below -1 dBTP."""
_KNEE: Final = 0.58
"""Peak above which the sum is rounded off towards the ceiling."""
_DRUMLESS_FACTOR: Final = 0.86
"""Factor of both without drums: nothing needs to hit that hard there."""
_FLOOR_STEM: Final = 2
"""Index of the stem that carries the noise floor."""
_FLOOR_DB: Final = -84.0
"""RMS of the noise floor in dBFS."""
_FLOOR_CHUNKS: Final = 4
"""Chunks after which the noise floor repeats."""


@lru_cache(maxsize=1)
def _floor() -> Tensor:
    """The noise floor: white noise in each channel, (2, frames)."""
    noise = torch.randn(2, _FLOOR_CHUNKS * CHUNK, generator=torch.Generator().manual_seed(84))
    return noise * gain_of(_FLOOR_DB)


class Renderer:
    """Renders one section.

    Args:
        score, sound, gains: what is played, how it sounds, and how loud.
        tables, shots: caches of wavetables and drum shots.

    Attributes:
        reach: number of chunks back that reverb and echo reach.
        shots: the sampler.
    """

    def __init__(self, score: Score, sound: Sound, gains: Gains, tables: Tables, shots: Shots) -> None:
        self.score = score
        self.sound = sound
        self.gains = gains
        self.reach = max(bus.reach for bus in sound.buses)
        self._notes = NotePlayer(score, sound, gains, tables)
        self.shots = Sampler(shots)
        self._strokes = _strokes(score, gains.drums, self.shots)
        self._hits = self._by_chunk([(frame, frame + shot.shape[1] - 1) for frame, shot, _ in self._strokes])
        self._dry: dict[int, list[Tensor | None]] = {}
        self._air = Air(score.hits, sound.air_duck)
        self._aired: dict[int, list[Tensor | None]] = {}
        self._taped: dict[int, list[Tensor | None]] = {}
        self._sends: dict[int, list[Tensor | None]] = {}
        softer = 1.0 - (1.0 - _DRUMLESS_FACTOR) * drumless(score.mix)
        self._ceiling, self._knee = softer * _CEILING, softer * _KNEE
        self._kicks = np.array(score.kicks, np.float64).reshape(-1, 2).T
        self._bar = float(score.grid.frames_per_bar)
        bars = score.bars
        self._low_cut = np.array([bar.low_cut for bar in bars] + [bars[-1].low_cut, bars[-1].low_cut])
        ending = (0.0, 0.0) if bars[-1].silent else (gains.curve[-1],) * 2
        self._gain = np.array([*gains.curve[:-1], *ending])
        self._ends = float(score.grid.frame_of_bar(next((bar.index for bar in score.bars if bar.silent), len(score.bars) + 1)))

    @staticmethod
    def _by_chunk(spans: list[tuple[int, int]]) -> dict[int, list[int]]:
        """Chunk -> indexes of the (first frame, last frame) spans that lie in it."""
        found: dict[int, list[int]] = {}
        for i, (start, end) in enumerate(spans):
            for chunk in range(start // CHUNK, end // CHUNK + 1):
                found.setdefault(chunk, []).append(i)
        return found

    def mixed(self, index: int) -> Tensor:
        """Frames from index * CHUNK on, before `finished` rounds the peaks off: (stems, 2, CHUNK) float32."""
        for old in [key for key in self._sends if key <= index - self.reach]:
            del self._sends[old]
        stems = torch.empty(4, 2, CHUNK)
        for back in range(self.reach - 1, 0, -1):
            self._spectrum(index - back)
        spectra = self._spectrum(index)
        bass = self._dry_chunk(index)[_BASS]
        low_cut = torch.from_numpy(self._over_bars(self._low_cut, index)) if self._cuts_lows(index) else None
        for stem, bus in enumerate(self.sound.buses):
            direct = spectra[stem]
            sends = [self._sends[index - back][stem] for back in range(bus.reach)]
            if direct is not None or any(send is not None for send in sends):
                bus.apply(direct, sends, low_cut if stem != _LEAD else None, stems[stem])
            else:
                stems[stem] = 0.0
        if bass is not None:
            stems[_BASS] = bass if low_cut is None else bass * (1.0 - low_cut)
        self._duck(stems, index)
        self._saturate(stems)
        whole = stems.numpy()
        whole *= self._over_bars(self._gain, index)
        self._add_floor(stems, index)
        return stems

    def gain_at(self, frame: int) -> float:
        """Linear gain of the whole at a frame."""
        bar = min(len(self._gain) - 1.001, max(0.0, frame / self._bar))
        low = int(bar)
        return float(self._gain[low] + (bar - low) * (self._gain[low + 1] - self._gain[low]))

    def _over_bars(self, curve: NDArray[np.float64], index: int) -> NDArray[np.float32]:
        """A curve given at every bar line, over a chunk: (CHUNK,) float32."""
        bar = (index * CHUNK + _POINTS) / self._bar
        return polyline(np.interp(bar, np.arange(len(curve)), curve))

    def _cuts_lows(self, index: int) -> bool:
        """Whether a build-up removes lows anywhere in a chunk."""
        bar, last = (frame / self._bar for frame in (index * CHUNK, (index + 1) * CHUNK))
        return float(self._low_cut[min(int(bar), len(self._low_cut) - 2) : int(last) + 2].max()) > 0.0

    def _add_floor(self, stems: Tensor, index: int) -> None:
        """Add the steady noise floor of a mixing desk, below hearing; after the set's last bar it fades out."""
        left = 1.0 - (index * CHUNK - self._ends) / (2.0 * self._bar)
        if left > 0.0:
            at = index % _FLOOR_CHUNKS * CHUNK
            stems[_FLOOR_STEM].add_(_floor()[:, at : at + CHUNK], alpha=min(1.0, left))

    def _duck(self, stems: Tensor, index: int) -> None:
        """Apply the side-chain from the kick, in place."""
        depth = self.sound.duck
        if max(depth) <= 0.0:
            return
        start = index * CHUNK
        reach = int((max(self.sound.duck_s) + 0.01) * RATE)
        near = (self._kicks[0] > start - reach) & (self._kicks[0] < start + CHUNK)
        frames, velocities = self._kicks[:, near, None]
        if not len(frames):
            return
        since = (start + _POINTS - frames) / RATE
        onset = velocities * np.clip(since / 0.006, 0.0, 1.0)
        sounds, deepest = stems.numpy(), {}
        for stem in range(1, 4):
            span = self.sound.duck_s[stem]
            if span not in deepest:
                deepest[span] = (onset * np.clip(1.0 - since / span, 0.0, 1.0) ** 2).max(0)
            sounds[stem] *= polyline(1.0 - min(0.95, depth[stem]) * deepest[span])

    def _saturate(self, stems: Tensor) -> None:
        """Saturate each stem in place, its loudness about unchanged."""
        for stem, (amount, level) in enumerate(zip(self.sound.drive, self.gains.levels, strict=True)):
            if amount > 0.02 and level > 1e-5:
                sound, louder = stems[stem].numpy(), 1.0 + 2.0 * amount * amount
                bent = np.square(sound)
                bent *= np.float32((amount / level) ** 2 / louder)
                bent += np.float32(1.0 / louder)
                sound /= np.sqrt(bent, out=bent)

    def finished(self, stems: Tensor) -> Tensor:
        """Round off the peaks of the stems' sum in place, all stems alike: (stems, 2, frames)."""
        parts = stems.numpy()
        total = parts[0] + parts[1]
        for part in parts[2:]:
            total += part
        if max(-float(total.min()), float(total.max())) <= self._knee:
            return stems
        peak = np.abs(total, out=total).max(0)
        loud = np.flatnonzero(peak > self._knee)
        span, over = self._ceiling - self._knee, peak[loud]
        parts[..., loud] *= (self._knee + span * np.tanh((over - self._knee) / span)) / over
        return stems

    def _spectrum(self, index: int) -> list[Tensor | None]:
        """Bins of a chunk and the one before, for every stem but the bass; keeps what each sends to reverb and echo.

        Empty where the sends are kept already: no chunk's bins are needed twice.
        """
        if index in self._sends:
            return []
        direct: list[Tensor | None] = []
        for stem, pair in enumerate(zip(self._taped_chunk(index - 1), self._taped_chunk(index), strict=True)):
            sounds = stem != _BASS and any(each is not None for each in pair)
            direct.append(fourier.to_bins(fourier.pack(pair)) if sounds else None)
        self._sends[index] = [
            None if bins is None or not bus.reach else fourier.real_part(bins)
            for bins, bus in zip(direct, self.sound.buses, strict=True)
        ]
        return direct

    def _taped_chunk(self, index: int) -> list[Tensor | None]:
        """Dry sound of each stem, after the tape where there is one."""
        if self.sound.wow <= 0.0:
            return self._aired_chunk(index)
        found = self._taped.get(index)
        if found is None:
            before, found = self._aired_chunk(index - 1), list(self._aired_chunk(index))
            for stem in _TAPED:
                if before[stem] is not None or found[stem] is not None:
                    found[stem] = wow_and_flutter(_joined(before[stem], found[stem]), index * CHUNK, self.sound.wow)
            self._taped = {key: kept for key, kept in self._taped.items() if key == index - 1}
            self._taped[index] = found
        return found

    def _aired_chunk(self, index: int) -> list[Tensor | None]:
        """Dry sound of each stem, the highs of harmony and lead ducked by drum hits."""
        if not self._air:
            return self._dry_chunk(index)
        found = self._aired.get(index)
        if found is None:
            before, found = self._dry_chunk(index - 1), list(self._dry_chunk(index))
            curve = self._air.curve(index)
            for stem in _AIRED if curve is not None else ():
                now = found[stem]
                if now is not None and curve is not None:
                    found[stem] = without_highs(before[stem], now, curve)
            self._aired = {key: kept for key, kept in self._aired.items() if key == index - 1}
            self._aired[index] = found
        return found

    def _dry_chunk(self, index: int) -> list[Tensor | None]:
        """Dry sound of each stem: (2, CHUNK), (1, CHUNK) for the bass, None where nothing sounds."""
        found = self._dry.get(index)
        if found is None:
            for old in [key for key in self._dry if key < index - 1]:
                del self._dry[old]
            buffers: list[Tensor | None] = [None] * 4
            if index >= 0:
                self._play_hits(index, buffers)
                self._notes.play(index, buffers, _BASS)
            found = self._dry[index] = buffers
        return found

    def _play_hits(self, index: int, buffers: list[Tensor | None]) -> None:
        """Put a chunk's drum hits into the first buffer, (2, CHUNK)."""
        start = index * CHUNK
        playing = self._hits.get(index, ())
        if not playing:
            return
        made = buffers[0] = torch.zeros(2, CHUNK)
        out = made.numpy()
        for i in playing:
            frame, shot, gains = self._strokes[i]
            at = frame - start
            first, last = max(0, at), min(CHUNK, at + shot.shape[1])
            add_scaled(out[:, first:last], shot[:, first - at : last - at], gains)


class _Stroke(NamedTuple):
    """A hit as it sounds: its frame, the shot (1 or 2, frames), and the linear gains of left and right."""

    frame: int
    shot: NDArray[np.float32]
    gains: tuple[float, float]


def _strokes(score: Score, drums: float, shots: Sampler) -> list[_Stroke]:
    """Every hit of a score; ``drums`` is the linear gain of all drums."""
    strokes = []
    for hit in score.hits:
        shot = shots.struck(score.kits[hit.group], hit)
        gain, pan = hit.velocity * hit.gain * drums, _pan(hit.pan)
        strokes.append(_Stroke(hit.frame, shot, (gain * pan[0], gain * pan[1])))
    return strokes


def _pan(pan: float) -> tuple[float, float]:
    """Gains of left and right for a pan -1..1 at constant power; 1 in the middle."""
    angle = (1.0 + max(-1.0, min(1.0, pan))) * math.pi / 4
    return math.cos(angle) * math.sqrt(2.0), math.sin(angle) * math.sqrt(2.0)


def _joined(before: Tensor | None, now: Tensor | None) -> Tensor:
    """Two chunks, either of which may be silent: (2, 2 * CHUNK)."""
    out = torch.zeros(2, fourier.SIZE)
    if before is not None:
        out[:, :CHUNK] = before
    if now is not None:
        out[:, CHUNK:] = now
    return out
