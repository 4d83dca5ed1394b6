"""The report's pictures: a set over one axis of time, as SVG with nothing outside of it.

Told apart by place, shape and words as well as by colour: blue and orange, which nearly everybody tells apart.
"""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Sequence
from html import escape
from typing import Final

import numpy as np
import numpy.typing as npt

from engine.analysis.survey import Survey
from engine.protocol import PlayedSection
from liveset.report.measures import SectionMeasures

WIDTH: Final = 1000
LEFT: Final = 56
"""Units of the picture in all, and those for the numbers at its left."""

_WAVE_H, _SPECTRUM_H, _ENERGY_H, _LANE_H, _GAP, _TOP = 90, 150, 130, 20, 14, 20
_CHAR_W: Final = 6.2
_SHOWN_DB: Final = 80.0
_SHOWN_LU: Final = 30.0
_TICK_STEPS: Final = (5, 10, 15, 30, 60, 120, 300, 600, 1200, 3600)
_MOST_TICKS: Final = 14

_COLOURS: Final = ((0, 32, 77), (65, 77, 107), (124, 123, 120), (188, 175, 111), (255, 234, 70))
"""Dark blue over grey to yellow: lighter is always louder, for every eye."""


def overview(sections: Sequence[PlayedSection], heard: Survey, measured: Sequence[SectionMeasures]) -> str:
    """Waveform, spectrogram, energy planned and loudness heard, key and tempo of each section."""
    seconds = max(heard.frames / heard.rate, 1e-3)
    tops = [_TOP]
    for height in (_WAVE_H, _SPECTRUM_H, _ENERGY_H, _LANE_H, _LANE_H):
        tops.append(tops[-1] + height + _GAP)
    parts = [
        _waveform(heard, tops[0]),
        _spectrogram(heard, tops[1]),
        _energy(sections, heard, seconds, tops[2]),
        _lane("key", [each.key for each in measured], sections, seconds, tops[3]),
        _lane("BPM", ["" if each.bpm != each.bpm else f"{each.bpm:.1f}" for each in measured], sections, seconds, tops[4]),
        _borders(sections, seconds, tops[-1] - _GAP),
        _ticks(seconds, tops[-1] - _GAP),
    ]
    height = tops[-1] + _GAP
    told = "level, spectrogram, energy planned, loudness, key and tempo over the whole set"
    return f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{told}">{"".join(parts)}</svg>'


def x_at(second: float, seconds: float) -> float:
    """Where a second lies from left to right."""
    return LEFT + (WIDTH - LEFT) * min(1.0, max(0.0, second / seconds))


def _waveform(heard: Survey, top: float) -> str:
    middle, half = top + _WAVE_H / 2, _WAVE_H / 2
    xs = LEFT + (WIDTH - LEFT) * (np.arange(len(heard.peaks)) + 0.5) / max(1, len(heard.peaks))
    high = np.clip(heard.peaks, 0.0, 1.0) * half
    upper = [f"{x:.1f},{middle - y:.1f}" for x, y in zip(xs, high, strict=True)]
    lower = [f"{x:.1f},{middle + y:.1f}" for x, y in zip(xs, high, strict=True)][::-1]
    return f'{_label("level", middle)}<polygon class="wave" points="{" ".join([*upper, *lower])}"/>'


def _spectrogram(heard: Survey, top: float) -> str:
    image = base64.b64encode(png(heard.spectrogram)).decode()
    marks = []
    low, high = np.log(heard.edges_hz[0]), np.log(heard.edges_hz[-1])
    for hertz, text in ((50, "50"), (200, "200"), (1000, "1 k"), (5000, "5 k"), (15_000, "15 k")):
        if hertz < heard.edges_hz[-1]:
            marks.append(_label(f"{text} Hz", top + _SPECTRUM_H * (1 - (np.log(hertz) - low) / (high - low))))
    where = f'x="{LEFT}" y="{top}" width="{WIDTH - LEFT}" height="{_SPECTRUM_H}"'
    return f'<image {where} preserveAspectRatio="none" href="data:image/png;base64,{image}"/>{"".join(marks)}'


def png(decibels: npt.NDArray[np.float64]) -> bytes:
    """A picture (bands, columns), the lowest band at its bottom, of the loudest 80 dB."""
    top = float(decibels.max(initial=-120.0))
    share = np.clip((decibels[::-1] - top + _SHOWN_DB) / _SHOWN_DB, 0.0, 1.0)
    rows = np.round(share * 255).astype(np.uint8)
    at = np.linspace(0, len(_COLOURS) - 1, 256)
    stops = np.arange(len(_COLOURS))
    palette = np.stack([np.interp(at, stops, [colour[i] for colour in _COLOURS]) for i in range(3)], axis=1)
    raw = np.concatenate((np.zeros((len(rows), 1), np.uint8), rows), axis=1).tobytes()
    head = struct.pack(">IIBBBBB", rows.shape[1], rows.shape[0], 8, 3, 0, 0, 0)
    colours = np.round(palette).astype(np.uint8).tobytes()
    chunks = ((b"IHDR", head), (b"PLTE", colours), (b"IDAT", zlib.compress(raw, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in chunks)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _energy(sections: Sequence[PlayedSection], heard: Survey, seconds: float, top: float) -> str:
    bottom, steps = top + _ENERGY_H, []
    ends = [*(section.start_s for section in sections[1:]), seconds]
    for section, end in zip(sections, ends, strict=False):
        y = bottom - _ENERGY_H * min(1.0, max(0.0, section.energy))
        steps += [f"{x_at(section.start_s, seconds):.1f},{y:.1f}", f"{x_at(end, seconds):.1f},{y:.1f}"]
    finite = np.isfinite(heard.short_term)
    loudest = float(heard.short_term[finite].max(initial=-10.0)) if finite.any() else -10.0
    every = max(1, len(heard.short_term) // 800)
    points = [
        f"{x_at(at, seconds):.1f},{bottom - _ENERGY_H * max(0.0, 1 - (loudest - level) / _SHOWN_LU):.1f}"
        for at, level in list(zip(heard.short_term_s, heard.short_term, strict=True))[::every]
        if np.isfinite(level)
    ]
    named = f'<text class="planned" x="{WIDTH - 4}" y="{bottom - 18}" text-anchor="end">energy planned (steps, dashed)</text>'
    named += f'<text class="loud" x="{WIDTH - 4}" y="{bottom - 5}" text-anchor="end">loudness heard, LUFS (curve)</text>'
    levels = [_label(f"{loudest - part * _SHOWN_LU:.0f}", top + part * _ENERGY_H) for part in (0.0, 1 / 3, 2 / 3, 1.0)]
    lines = f'<polyline class="planned" points="{" ".join(steps)}"/><polyline class="loud" points="{" ".join(points)}"/>'
    return lines + named + "".join(levels)


def _lane(name: str, texts: Sequence[str], sections: Sequence[PlayedSection], seconds: float, top: float) -> str:
    """A word for each section, where there is room for it."""
    parts = [_label(name, top + _LANE_H / 2)]
    ends = [*(section.start_s for section in sections[1:]), seconds]
    for section, end, text in zip(sections, ends, texts, strict=False):
        x, width = x_at(section.start_s, seconds), x_at(end, seconds) - x_at(section.start_s, seconds)
        fits = text if len(text) * _CHAR_W < width else text[: max(0, int(width / _CHAR_W) - 1)]
        parts.append(f'<text x="{x + 4:.1f}" y="{top + 14}">{escape(fits)}</text>')
    return "".join(parts)


def _borders(sections: Sequence[PlayedSection], seconds: float, bottom: float) -> str:
    parts = []
    ends = [*(section.start_s for section in sections[1:]), seconds]
    for section, end in zip(sections, ends, strict=False):
        x, room = x_at(section.start_s, seconds), (x_at(end, seconds) - x_at(section.start_s, seconds)) / _CHAR_W
        name = section.name if len(section.name) < room else section.name[: max(0, int(room) - 1)]
        parts.append(f'<line class="border" x1="{x:.1f}" y1="{_TOP - 12}" x2="{x:.1f}" y2="{bottom:.1f}"/>')
        parts.append(f'<text class="name" x="{x + 4:.1f}" y="{_TOP - 6}">{escape(name)}</text>')
    return "".join(parts)


def _ticks(seconds: float, bottom: float) -> str:
    step = next((step for step in _TICK_STEPS if seconds / step <= _MOST_TICKS), 7200)
    places = [(at, x_at(at, seconds)) for at in range(0, int(seconds - step / 4), step)]
    return "".join(f'<text x="{x:.1f}" y="{bottom + 16}">{at // 60}:{at % 60:02}</text>' for at, x in places)


def _label(text: str, y: float) -> str:
    return f'<text class="axis" x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{escape(text)}</text>'
