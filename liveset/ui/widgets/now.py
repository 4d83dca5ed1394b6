"""What sounds now: where in it we are, how much of it is left, and its stems."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from engine.protocol import NowView, Snapshot, StemView, unit
from liveset.ui.widgets import gauges
from liveset.ui.widgets.cells import Line, Piece, clean, crop, piece, row
from liveset.ui.widgets.gauges import EIGHTHS
from liveset.ui.widgets.lines import GUTTER, LineWidget, label

MOST_WAVE_ROWS: Final = 3
SOON_BARS: Final = 4
"""From this many bars before its end the count stands out."""

NO_NOW: Final = NowView()

drawn = lru_cache(maxsize=8)(gauges.waveform)


@dataclass(frozen=True, slots=True)
class NowSlice:
    """The sounding section, the playhead's column, and the stems with their peaks in eighths of a cell.

    What moves is counted in cells, so that what looks the same is an equal slice.
    """

    now: NowView = NO_NOW
    at: int = 0
    stems: tuple[tuple[str, bool, int], ...] = ()
    hold: bool = False
    fallback: bool = False
    selected: int | None = None
    hook: str = ""

    @classmethod
    def of(cls, snapshot: Snapshot, selected: int | None, width: int) -> NowSlice:
        """The slice of a snapshot for a widget this wide; ``selected`` is the stem the keyboard is on."""
        now = snapshot.now
        fallback = bool(now.generator) and now.generator != snapshot.generator
        stems = tuple((stem.name, stem.muted, _peak(stem)) for stem in snapshot.stems)
        inner = wave_cells(width)
        at = min(inner - 1, int(unit(now.playhead) * inner))
        return cls(replace(now, playhead=0.0, beat=0), at, stems, snapshot.hold, fallback, selected, snapshot.hook)


def wave_cells(width: int) -> int:
    """Cells of the waveform in a widget this wide."""
    return max(1, width - GUTTER - 1)


def _peak(stem: StemView) -> int:
    """A stem's peak in eighths of a cell."""
    return 0 if stem.muted else gauges.level_cells(gauges.decibels(stem.peak), 8)


class Now(LineWidget[NowSlice]):
    """A headline, the waveform with its playhead, and a line of stems."""

    def lines(self, view: NowSlice, width: int, height: int) -> list[Line]:
        """The headline first; the stems' line from two rows on, up to three rows of waveform, then a scale of bars."""
        lines = [self._head(view, width)]
        wave_rows = min(MOST_WAVE_ROWS, height - 2)
        if wave_rows > 0:
            lines += self._wave(view, width, wave_rows)
        if height >= wave_rows + 3 and wave_rows > 0:
            lines.append(self._scale(view, width))
        if height >= 2:
            lines.append(self._stems(view, width))
        return lines

    def _head(self, view: NowSlice, width: int) -> Line:
        now = view.now
        if not now.name:
            return row(width, [Piece((label("NOW"), ("nothing plays yet", "dim")))])
        left = [
            Piece((label("NOW"), (crop(clean(now.name).upper(), 24), "accent"))),
            piece(f"take {clean(now.take)}", "dim", 5),
            Piece((("bar ", "dim"), (f"{now.bar}", "strong"), (f" of {now.bars}", "dim")), 1),
            piece(f"on {clean(now.generator)}" if view.fallback else "", "warn", 3),
            piece("… re-making" if now.remaking else "", "dim", 4),
            piece(f"hook {clean(view.hook)}" if view.hook else "", "accent", 3),
        ]
        return row(width, left, [self._left(now)])

    def _left(self, now: NowView) -> Piece:
        if now.looping:
            return piece(f" ⟲ LOOPING {now.loops}× ", "badge-warn")
        remaining = max(0, now.bars - now.bar)
        text = "LAST BAR" if not remaining else f"{remaining} BAR{'S' if remaining > 1 else ''} LEFT"
        return piece(f" {text} ", "badge-warn" if remaining <= SOON_BARS and now.bar else "accent")

    def _wave(self, view: NowSlice, width: int, rows: int) -> list[Line]:
        inner, at = wave_cells(width), view.at
        ahead = "dim" if view.now.name else "rest"
        return [
            ((" " * GUTTER, ""), (text[:at], "primary"), ("┃", "strong"), (text[at + 1 :], ahead))
            for text in drawn(view.now.waveform, inner, rows)
        ]

    def _scale(self, view: NowSlice, width: int) -> Line:
        """Bar numbers under the waveform, every fourth or further apart; the hand-over's bar where it lies within."""
        inner, bars = wave_cells(width), view.now.bars
        if bars < 1:
            return ()
        step = next((s for s in (1, 2, 4, 8, 16, 32, 64) if s * inner // bars >= 6), 128)
        cells_drawn = [" "] * inner
        for bar in range(1, bars + 1, step):
            start = (bar - 1) * inner // bars
            text = f"╵{bar}"
            if start + len(text) < inner:
                cells_drawn[start : start + len(text)] = text
        return ((" " * GUTTER, ""), ("".join(cells_drawn), "dim"))

    def _stems(self, view: NowSlice, width: int) -> Line:
        pieces = [self._stem(i == view.selected, *stem) for i, stem in enumerate(view.stems)]
        hold = piece(" ⟲ HOLD ON ", "badge-warn") if view.hold else piece("hold off ", "dim", 2)
        fit = view.now.fit
        right = [piece(gauges.on_grid(fit), "warn" if gauges.hurried(fit) else "dim", 4), hold] if fit else [hold]
        return ((" " * (GUTTER - 1), ""), *row(width - GUTTER + 1, pieces, right, gap=2))

    def _stem(self, chosen: bool, name: str, muted: bool, peak: int) -> Piece:
        return Piece(
            (
                ("▸" if chosen else " ", "cursor"),
                (crop(clean(name), 10), "cursor" if chosen else "dim" if muted else ""),
                (" muted" if muted else f" {EIGHTHS[peak]}", "warn" if muted else "primary"),
            ),
            3,
        )
