"""Wavetables: loops made from partials, one for each pitch and filter position.

A table holds a voice at one pitch, band-limited, through its filter at several cutoffs. A note is played by reading the table
frame by frame (nothing is resampled, so nothing aliases) and crossfading between neighbouring cutoffs as the filter moves.
Wide voices spread each partial over many lines (after Nasca's PADsynth), so that a chord of supersaws costs no more than a
sine.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from functools import lru_cache
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.generators.pocket.instruments.spectra import RATE, SPECTRA, k_weighted_bands, low_pass, to_sound, to_spectrum
from engine.generators.pocket.instruments.voices import VOICES, Voice, cutoffs, frequency

_MONO_BELOW: Final = 190.0
"""Frequency in Hz below which both channels of a wide voice share their phases."""
_SUB_AMPLITUDE: Final = 0.25 * math.sqrt(2.0)
"""Amplitude of the added fundamental at a `Voice.sub` of 1: RMS 0.25."""


def partials_at(voice: Voice, pitch: int) -> tuple[Tensor, Tensor, float]:
    """(frequencies in Hz, amplitudes, fundamental in Hz) of a voice at a MIDI note; unfiltered RMS 0.25."""
    f0 = frequency(pitch + 12 * voice.octave)
    ratio, amplitude = SPECTRA[voice.spectrum](f0)
    amplitude = amplitude * (0.25 / math.sqrt(float((amplitude**2).sum()) / 2.0))
    return ratio * f0, amplitude, f0


Table = NDArray[np.float32]
"""A pitch's loops: (positions, channels, loop). NumPy slices faster than torch."""


class Tables:
    """Cache of tables by voice, pitch, detune and resonance; the least recently used are dropped beyond ``limit`` bytes."""

    def __init__(self, limit: int = 60_000_000) -> None:
        self.limit = limit
        self._tables: OrderedDict[tuple[str, int, int, int], tuple[int, Table]] = OrderedDict()
        self._energies: dict[tuple[str, int, int], Tensor] = {}
        self._bytes = 0

    def get(self, name: str, pitch: int, detune: int, resonance: int, low: int, high: int) -> tuple[int, Table]:
        """A voice's table at a MIDI note, holding at least the filter positions ``low`` to ``high``.

        Args:
            name: a key of `VOICES`.
            detune, resonance: steps 0..3.

        Returns:
            The first position it holds, and the table.
        """
        spectrum = VOICES[name].spectrum
        key = (spectrum, pitch, 0, 0) if spectrum in _RANDOM else (name, pitch, detune, resonance)
        found = self._tables.get(key)
        if found is not None and found[0] <= low and high < found[0] + len(found[1]):
            self._tables.move_to_end(key)
            return found
        if found is not None:
            low, high = min(low, found[0]), max(high, found[0] + len(found[1]) - 1)
            self._bytes -= found[1].nbytes
            del self._tables[key]
        if spectrum in _RANDOM:
            low, loops = 0, _RANDOM[spectrum](VOICES[name], pitch)
        else:
            loops = _table(name, pitch, detune, resonance, low, high)
        made = self._tables[key] = low, loops.numpy()
        self._bytes += made[1].nbytes
        while self._bytes > self.limit and len(self._tables) > 1:
            self._bytes -= self._tables.popitem(last=False)[1][1].nbytes
        return made

    def energy(self, name: str, pitch: int, resonance: int) -> Tensor:
        """K-weighted power of a table at each position and loudness band, both channels summed: (positions, bands)."""
        key = (name, pitch, resonance)
        found = self._energies.get(key)
        if found is None:
            found = self._energies[key] = _energy(name, pitch, resonance)
        return found


def _resonance(voice: Voice, step: int) -> float:
    return voice.q * (0.75, 1.0, 1.5, 2.2)[step]


def _energy(name: str, pitch: int, resonance: int) -> Tensor:
    voice = VOICES[name]
    if voice.spectrum in _RANDOM:
        loop = _RANDOM[voice.spectrum](voice, pitch)
        table = to_spectrum(loop)
        hz = torch.linspace(0.0, RATE / 2, table.shape[-1])
        return k_weighted_bands(hz, 2.0 * (table.abs() ** 2).sum(1) / loop.shape[-1] ** 2)
    freq, amplitude, _ = partials_at(voice, pitch)
    response = torch.stack([low_pass(freq, cutoff, _resonance(voice, resonance)) for cutoff in cutoffs(voice)]) * amplitude
    response[:, 0] += _SUB_AMPLITUDE * voice.sub
    return k_weighted_bands(freq, response.abs() ** 2)


@lru_cache(maxsize=4)
def _smooth_sizes(near: int) -> Tensor:
    """Loop lengths around ``near`` whose factors are 2, 3 and 5: fast to transform."""
    powers = [2**i * 3**j * 5**k for i in range(1, 18) for j in range(6) for k in range(4)]
    return torch.tensor(sorted(n for n in powers if 0.72 * near < n < 1.13 * near))


def loop_size(near: int, f0: float) -> tuple[int, int]:
    """(frames, cycles) of the loop of about ``near`` frames that fits a fundamental in Hz best, within about a cent."""
    sizes = _smooth_sizes(near)
    fits = sizes * (f0 / RATE)
    best = int(((fits - fits.round()).abs() / fits.round().clamp_min(1)).argmin())
    return int(sizes[best]), max(1, round(float(fits[best])))


def _table(name: str, pitch: int, detune: int, resonance: int, low: int, high: int) -> Tensor:
    """Put every partial into a spectrum, filter it at each cutoff, and transform it into loops."""
    voice = VOICES[name]
    freq, amplitude, f0 = partials_at(voice, pitch)
    size, cycles = loop_size(voice.size, f0)
    channels = 2 if voice.stereo else 1
    cents = voice.width * (0.45, 0.8, 1.2, 1.7)[detune]
    spectrum = torch.zeros(channels, size // 2 + 1, dtype=torch.complex64)
    unit = cycles / f0
    if cents > 0:
        _spread(spectrum, freq * unit, amplitude, cents, voice.lines, 1000 * pitch + sum(map(ord, name)))
    else:
        bins = (freq * unit).round().long().clamp_(1, size // 2 - 1)
        spectrum.index_add_(1, bins, (-1j * amplitude).expand(channels, -1))
    hz = torch.arange(size // 2 + 1) * (RATE / size)
    x = hz / torch.tensor(cutoffs(voice)[low : high + 1])[:, None]
    if cents > 0:
        x.square_()
        q = _resonance(voice, resonance)
        response = ((1.0 - x).square_() + x / q**2).mul_(1.0 + 0.36 * x).rsqrt_()
    else:
        response = low_pass(x, 1.0, _resonance(voice, resonance))
    filtered = response[:, None, :] * spectrum
    if voice.sub:
        filtered[:, :, cycles] += -1j * _SUB_AMPLITUDE * voice.sub
    return to_sound(filtered * (size / 2), size)


def _spread(spectrum: Tensor, place: Tensor, amplitude: Tensor, cents: float, lines: int, seed: int) -> None:
    """Add each partial as lines around its bin ``place``; its power is unchanged, and channels differ except in the lows."""
    channels, count = spectrum.shape
    rng = torch.Generator().manual_seed(seed)
    offsets = torch.randn(channels, lines, len(place), generator=rng).clamp_(-2.2, 2.2) * (cents / 1200.0 * math.log(2))
    offsets[:, 0] = 0.0
    phases = torch.rand(channels, count, generator=rng) * (2 * math.pi)
    low = int(_MONO_BELOW * count / (RATE / 2))
    phases[:, :low] = phases[:1, :low].clone()
    bins = (place * (1.0 + offsets)).round().long().clamp_(1, count - 2)
    shared = (bins[:, :, None] == bins[:, None, :]).sum((1, 2)).float()
    gains = (amplitude / shared.sqrt())[:, None].expand(bins.shape)
    for channel in range(channels):
        own = bins[channel].reshape(-1)
        spectrum[channel].index_add_(0, own, torch.polar(gains[channel].reshape(-1), phases[channel, own]))


def _noise_table(voice: Voice, pitch: int) -> Tensor:
    """Noise through a band around each cutoff, RMS about 0.25 at each."""
    rng = torch.Generator().manual_seed(77)
    spectrum = to_spectrum(torch.randn(2, voice.size, generator=rng))
    hz = torch.arange(voice.size // 2 + 1) * (RATE / voice.size)
    octaves = torch.log2((hz + 1.0) / 1.0)
    bands = torch.stack([torch.exp(-(((octaves - math.log2(cutoff)) / 0.9) ** 2)) for cutoff in cutoffs(voice)])
    loop = to_sound(bands[:, None, :] * spectrum, voice.size)
    loop *= 0.25 / loop.std(dim=(1, 2), keepdim=True)
    return loop


_GROOVES: Final = (65_536, 50_000)
"""Frames after which the clicks of a record repeat, for even and odd pitches: together they repeat after half a minute."""


def _crackle_table(voice: Voice, pitch: int) -> Tensor:
    """Clicks and pops of a record at every cutoff: a few loud ones among many soft ones."""
    size = _GROOVES[pitch % 2]
    rng = torch.Generator().manual_seed(33 + pitch)
    count = 60
    loop = torch.zeros(2, size)
    gain = torch.rand(count, generator=rng) ** 6 * 0.5 + 0.06
    at = torch.randint(0, size, (count,), generator=rng)
    sign = 1.0 - 2.0 * torch.randint(0, 2, (count,), generator=rng)
    side = torch.rand(2, count, generator=rng) * 0.7 + 0.3
    for channel in range(2):
        loop[channel].index_add_(0, at, gain * sign * side[channel])
    hz = torch.arange(size // 2 + 1) * (RATE / size)
    body = (hz / 500.0) ** 2 / (1.0 + (hz / 500.0) ** 2) / (1.0 + (hz / 7000.0) ** 2)
    spectrum = to_spectrum(loop) * body
    loops = to_sound(torch.stack([spectrum * low_pass(hz, cutoff, 0.7) for cutoff in cutoffs(voice)]), size)
    loops *= 0.06 / loops.std(dim=(1, 2), keepdim=True)
    return loops


_RANDOM: Final = {"noise": _noise_table, "crackle": _crackle_table}
"""Spectra that are not made of partials, and what makes their tables."""
