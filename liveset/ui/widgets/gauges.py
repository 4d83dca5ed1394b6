"""Values as rows of cells: bars, sliders, progress, and numbers as a performer reads them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from engine.protocol import GridFit, unit
from liveset.ui.widgets.cells import Line

EIGHTHS: Final = " ▁▂▃▄▅▆▇█"
DOTS: Final = " ⣀⣤⣶⣿"
METER_FLOOR_DB: Final = -48.0
"""Where a level meter's bar begins."""


def whole(value: float) -> int:
    """The nearest whole number; 0 for what is none."""
    return round(value) if math.isfinite(value) else 0


def amount(value: float) -> str:
    """A value of 0..1 in four cells: `` .72``, ``1.00``."""
    return f"{unit(value):.2f}".replace("0.", " .", 1)


def bar(value: float, width: int, style: str, glyph: str = "▇", rest: str = "░") -> Line:
    """A filled bar; any value above 0 shows at least one cell."""
    full = round(unit(value) * width)
    full = 1 if width and not full and value > 0.004 else full
    return ((glyph * full, style), (rest * (width - full), "rest"))


def progress(value: float, width: int, style: str) -> Line:
    """A thin bar in half cells."""
    halves = int(unit(value) * width * 2)
    drawn = "━" * (halves // 2) + ("╸" if halves % 2 else "")
    return ((drawn, style), ("─" * (width - len(drawn)), "rest"))


def slider(value: float, neutral: float, width: int, style: str) -> Line:
    """A knob on a track that marks where it does nothing."""
    if width < 3:
        return ()
    at, rest = round(unit(value) * (width - 1)), round(unit(neutral) * (width - 1))
    track = ["─"] * width
    track[rest] = "┼"
    return (("".join(track[:at]), "rest"), ("●", style), ("".join(track[at + 1 :]), "rest"))


def level_cells(decibels: float, width: int) -> int:
    """How many of a meter's cells a level in dBFS fills."""
    return round(unit(1 - decibels / METER_FLOOR_DB) * width) if math.isfinite(decibels) else 0


def decibels(linear: float) -> float:
    """A linear level in dBFS; -inf for silence."""
    return 20 * math.log10(linear) if math.isfinite(linear) and linear > 1e-5 else float("-inf")


_NOTHING_DB: Final = -120.0


def level(value: float, width: int = 5) -> str:
    """A level in dB with one decimal, flush right; far below any noise floor it is none."""
    return f"{value:.1f}".rjust(width) if math.isfinite(value) and value > _NOTHING_DB else "-∞".rjust(width)


GATE_LUFS: Final = -70.0
"""The absolute gate of BS.1770: what is below it does not count as sound."""


def loudness(value: float, width: int = 5) -> str:
    """A loudness in LUFS with one decimal, flush right; a dash for silence."""
    return (f"{value:.1f}" if math.isfinite(value) and value >= GATE_LUFS else "–").rjust(width)


def clock(seconds: float, long: bool = False) -> str:
    """Minutes and seconds, with hours where ``long`` or needed."""
    whole = max(0, int(seconds)) if math.isfinite(seconds) else 0
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours}:{minutes:02}:{rest:02}" if long or hours else f"{minutes:02}:{rest:02}"


def seconds(value: float) -> str:
    """A duration: tenths below a minute, whole seconds below ten, then minutes."""
    if not math.isfinite(value):
        return "–"
    value = max(0.0, value)
    return f"{value:.1f} s" if value < 60 else f"{value:.0f} s" if value < 600 else f"{value / 60:.0f} min"


def bars(count: int) -> str:
    """``1 bar``, ``12 bars``."""
    return f"{count} bar" if count == 1 else f"{count} bars"


def hurried(fit: GridFit | None) -> bool:
    """Whether a section was made with fewer steps than with time enough."""
    return fit is not None and 0 < fit.steps < fit.full_steps


def on_grid(fit: GridFit | None) -> str:
    """``grid 124.1 BPM +6 ms, 4 steps``: how a section lay on the grid, and its steps where they were fewer than full."""
    return f"grid {_beat(fit)}{f', {fit.steps} steps' if hurried(fit) else ''}" if fit else ""


def _beat(fit: GridFit) -> str:
    """The tempo and phase measured; a dash where there was no beat to measure."""
    if not (math.isfinite(fit.bpm) and math.isfinite(fit.phase_ms) and fit.bpm > 0):
        return "–"
    return f"{min(fit.bpm, 999.0):.1f} BPM {max(-999, min(999, round(fit.phase_ms))):+d} ms"


def waveform(peaks: Sequence[float], width: int, rows: int) -> tuple[str, ...]:
    """Peaks 0..1 as braille, two columns to a cell: standing on the bottom in one row, mirrored about the middle in more."""
    columns = _resampled(peaks, width * 2)
    dots = rows * 4
    if rows == 1:
        spans = [(4 - max(1, math.ceil(unit(p) * 4 - 1e-9)), 4) for p in columns]
    else:
        half = [max(1, round(unit(p) * dots / 2)) for p in columns]
        spans = [(dots // 2 - h, dots // 2 + h) for h in half]
    return tuple("".join(_braille(spans[2 * x], spans[2 * x + 1], 4 * y) for x in range(width)) for y in range(rows))


def _resampled(peaks: Sequence[float], count: int) -> list[float]:
    total = len(peaks)
    if not total:
        return [0.0] * count
    return [max(peaks[i * total // count : max(i * total // count + 1, (i + 1) * total // count)]) for i in range(count)]


_LEFT: Final = (0x01, 0x02, 0x04, 0x40)
_RIGHT: Final = (0x08, 0x10, 0x20, 0x80)


def _braille(left: tuple[int, int], right: tuple[int, int], top: int) -> str:
    """The character whose dot rows ``top``..``top + 3`` are set where they lie within each column's span."""
    bits = 0
    for dots, (first, last) in ((_LEFT, left), (_RIGHT, right)):
        for i in range(4):
            if first <= top + i < last:
                bits |= dots[i]
    return chr(0x2800 + bits)
