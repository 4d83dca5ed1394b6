"""Bus filters, reverb and tempo echo as spectra, and the partitioned convolution that applies them.

Everything on a stem's bus is linear and known when a section starts, so it is one convolution: chunks of `CHUNK` frames are
transformed once, the direct sound is filtered, and the sound of the seconds before is added through the partitions of the
impulse response (uniformly partitioned overlap-save, Stockham 1966). No state is carried from chunk to chunk but the chunks
themselves, so rendering may start anywhere in a section.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import torch
from torch import Tensor

from engine.generators.pocket.instruments.spectra import RATE, to_sound, to_spectrum
from engine.generators.pocket.instruments.voices import CHUNK
from engine.generators.pocket.render import fourier
from engine.generators.pocket.render.fourier import BINS, SIZE


@lru_cache(maxsize=1)
def _tangent() -> Tensor:
    """tan(pi f / rate) for every bin: the frequency axis of the bilinear transform."""
    return torch.tan(torch.linspace(0.0, math.pi / 2, BINS, dtype=torch.float64).clamp_max(math.pi / 2 - 1e-6))


def _axis(hz: float) -> Tensor:
    """Frequencies relative to ``hz`` on the bilinear axis."""
    return _tangent() / math.tan(math.pi * hz / RATE)


def high_pass(hz: float, q: float = 0.707) -> Tensor:
    """Response of a two-pole high-pass, (bins,)."""
    s = 1j * _axis(hz)
    return (s * s / (s * s + s / q + 1.0)).to(torch.complex64)


def low_pass(hz: float, q: float = 0.707) -> Tensor:
    """Response of a two-pole low-pass, (bins,)."""
    s = 1j * _axis(hz)
    return (1.0 / (s * s + s / q + 1.0)).to(torch.complex64)


def high_shelf(hz: float, gain_db: float) -> Tensor:
    """Response of a first-order high shelf: 0 dB below, ``gain_db`` above, (bins,)."""
    s, g = 1j * _axis(hz), 10 ** (gain_db / 40)
    return ((1.0 + s * g) / (1.0 + s / g)).to(torch.complex64)


def low_shelf(hz: float, gain_db: float) -> Tensor:
    """Response of a first-order low shelf, (bins,)."""
    s, g = 1j * _axis(hz), 10 ** (gain_db / 40)
    return ((s + g) / (s + 1.0 / g)).to(torch.complex64)


def power_at(response: Tensor, hz: Sequence[float]) -> Tensor:
    """Power response, |response|^2, at frequencies in Hz."""
    bins = torch.tensor([round(f * SIZE / RATE) for f in hz])
    return response[bins].abs() ** 2


def partition(impulse: Tensor) -> Tensor:
    """Transform an impulse response in parts of CHUNK frames, for sends from `fourier.real_part`: (2, frames) -> (parts, rows,
    columns)."""
    parts = -(-impulse.shape[-1] // CHUNK)
    padded = 0.5 * torch.nn.functional.pad(impulse, (0, parts * CHUNK - impulse.shape[-1]))
    return torch.stack([fourier.to_bins(fourier.pack((part, None))) for part in torch.split(padded, CHUNK, dim=1)])


_REVERB_BANDS: Final = ((0.0, 420.0, 0.85), (420.0, 3600.0, 1.0), (3600.0, 22_050.0, 0.42))
"""(from Hz, to Hz, share of the reverberation time) of each band."""
_LONGEST_S: Final = 3.7
"""Longest impulse response in seconds."""


_DRY_HZ: Final = 4000.0
"""Frequency above which the drums' room is short."""
_DRY_SHARE: Final = 0.1
"""Its reverberation time there, as a share of the time below."""


@lru_cache(maxsize=4)
def reverb(tenths: int, *, airy: bool = True) -> Tensor:
    """A hall with a reverberation time (RT60) in tenths of a second, energy 1 per channel; partitioned as by `partition`.

    Unless it is ``airy``, as for drums, it is short above `_DRY_HZ`.

    A few early reflections, then noise in three bands that each decay at their own rate (Moorer 1979); no lows.
    """
    seconds = tenths / 10.0
    count = min(int(min(0.82 * seconds, _LONGEST_S) * RATE), 10 * CHUNK)
    size = 1 << (count - 1).bit_length()
    rng = torch.Generator().manual_seed(4711)
    noise = to_spectrum(torch.randn(2, size, generator=rng))
    hz = torch.linspace(0.0, RATE / 2, size // 2 + 1)
    t = torch.arange(count) / RATE
    tail = torch.zeros(2, count)
    bands = _REVERB_BANDS if airy else (*_REVERB_BANDS[:-1], (_DRY_HZ, 22_050.0, _DRY_SHARE))
    for low, high, share in bands:
        band = torch.sigmoid((hz - low) / (0.12 * low + 20.0)) * torch.sigmoid((high - hz) / (0.12 * high))
        tail += to_sound(noise * band, size)[:, :count] * torch.exp(-6.91 * t / (share * seconds))
    onset = 0.011 + 0.004 * seconds
    tail *= (1.0 - torch.exp(-((t - onset).clamp_min(0.0)) / 0.012)) * (t > onset)
    tail *= torch.cos(math.pi / 2 * ((t / t[-1] - 0.8) / 0.2).clamp(0.0, 1.0)) ** 2
    for i, ms in enumerate((11.3, 17.9, 23.1, 31.7, 41.3, 53.9)):
        at = int(ms * RATE / 1000)
        tail[i % 2, at] += (0.9 - 0.12 * i) * 9.0
        tail[1 - i % 2, at + 37 + 11 * i] += (0.5 - 0.06 * i) * 9.0
    return partition(_band(tail / tail.norm(dim=1, keepdim=True), 190.0, 9500.0))


def _band(impulse: Tensor, low: float, high: float) -> Tensor:
    """An impulse response, band-passed between two frequencies in Hz."""
    size = 1 << impulse.shape[-1].bit_length()
    s = 1j * torch.tan(torch.linspace(0.0, math.pi / 2, size // 2 + 1, dtype=torch.float64).clamp_max(math.pi / 2 - 1e-6))
    a, b = s / math.tan(math.pi * low / RATE), s / math.tan(math.pi * high / RATE)
    shape = a * a / (a * a + 1.414 * a + 1.0) / (b * b + 1.414 * b + 1.0)
    return to_sound(to_spectrum(impulse, size) * shape.to(torch.complex64), size)[..., : impulse.shape[-1]]


@lru_cache(maxsize=2)
def echo(delay: int, feedback_percent: int) -> Tensor:
    """A ping-pong echo: repeats every ``delay`` frames, each duller than the last; partitioned as by `partition`."""
    feedback = feedback_percent / 100.0
    repeats = min(8, max(1, math.ceil(math.log(0.05) / math.log(max(0.06, feedback)))), max(1, 9 * CHUNK // delay))
    taps = torch.zeros(2, repeats * delay + 512)
    for i in range(repeats):
        width = 9 + 10 * i
        kernel = torch.hann_window(width, periodic=False)
        gain = feedback**i / kernel.sum()
        at = (i + 1) * delay - width // 2
        taps[i % 2, at : at + width] += gain * kernel
        taps[1 - i % 2, at : at + width] += 0.25 * gain * kernel
    return partition(_band(taps, 220.0, 12_000.0))


_HEARD: Final = 3e-6
"""Share of the impulse response's power below which the highest bins of a partition are skipped: -55 dB."""


def _heard(wet: Tensor) -> list[tuple[Tensor, slice]]:
    """Each partition, cut down to the columns around 0 Hz that can be heard, and which they are: late ones have no highs left."""
    power = (wet.real**2 + wet.imag**2).sum(1)
    power = power[:, fourier.MIDDLE :] + power[:, : fourier.MIDDLE].flip(1)
    above = power.flip(-1).cumsum(-1).flip(-1)
    wide = (above > _HEARD * float(power.sum())).sum(1).tolist()
    columns = [slice(fourier.MIDDLE - each, fourier.MIDDLE + each) for each in wide]
    return [
        (part[:, heard].clone(memory_format=torch.contiguous_format), heard) for part, heard in zip(wet, columns, strict=True)
    ]


_LOW_CUT_HZ: Final = 330.0
"""Corner of a build-up's high-pass, in Hz."""


@lru_cache(maxsize=1)
def _lows() -> Tensor:
    """Response of what a build-up's high-pass removes, (rows, columns)."""
    return fourier.in_bin_order(1.0 - high_pass(_LOW_CUT_HZ))


class Bus:
    """One stem's convolution.

    Args:
        dry: (bins,) response of the direct sound.
        wet: impulse response of reverb and echo, from `partition`; None for none.
        width: gain of the side signal.

    Attributes:
        reach: number of chunks back that the impulse response reaches.
    """

    def __init__(self, dry: Tensor, wet: Tensor | None, width: float) -> None:
        self.dry = dry
        self.width = width
        self.reach = 0 if wet is None else wet.shape[0]
        self._direct = fourier.in_bin_order(dry)
        self._parts = [] if wet is None else _heard(wet)

    def apply(self, direct: Tensor | None, sends: Sequence[Tensor | None], low_cut: Tensor | None, out: Tensor) -> None:
        """Render a chunk.

        Args:
            direct: `fourier.to_bins` of this chunk and the one before; None is silence.
            sends: `fourier.real_part` of what is sent to reverb and echo: this chunk's, then back in time; None is silence.
            low_cut: (CHUNK,) how far the lows are removed, 0..1; None for not at all.
            out: (2, CHUNK) to write to.
        """
        bins = torch.zeros_like(self._direct) if direct is None else direct * self._direct
        for (part, heard), send in zip(self._parts, sends, strict=True):
            if send is not None:
                bins[:, heard].addcmul_(part, send[:, heard])
        sound = fourier.to_sound(bins)
        if low_cut is not None:
            gone = fourier.to_sound(bins.mul_(_lows()))
            sound[fourier.ROWS // 2 :].addcmul_(gone[fourier.ROWS // 2 :], low_cut.view(-1, fourier.COLUMNS), value=-1.0)
        fourier.unpack(sound, self.width, out)
