"""set.png: level, spectrogram, and energy as planned and as heard, over one axis of time with the sections' names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from engine.analysis.survey import Survey
from engine.protocol import PlayedSection
from engine.rehearsal.log import RehearsalLog

_INK: Final = "#22303c"
_LEVEL: Final = "#2a6f97"
_PLANNED: Final = "#c05621"
_BORDER: Final = "#22303c"
_MOST_DASHED: Final = 40
"""Sections whose borders are dashed lines; of more, thin ones leave the curves visible."""

_NAME_CHARS: Final = 150
"""Characters of names that fit side by side across the picture."""


def draw(path: Path, log: RehearsalLog, heard: Survey) -> None:
    """Write the picture.

    Raises:
        OSError: if the file cannot be written.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    seconds = heard.frames / heard.rate
    figure = Figure(figsize=(16, 9), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    level, spectrum, energy = figure.subplots(3, 1, sharex=True, height_ratios=(2, 3, 2.4))
    figure.suptitle(_title(log, heard, seconds), color=_INK, fontsize=13)
    _draw_level(level, heard, seconds)
    _draw_spectrogram(figure, spectrum, heard, seconds)
    _draw_energy(energy, log.sections, heard, seconds)
    _draw_borders((level, spectrum, energy), log.sections, seconds)
    energy.set_xlim(0, max(seconds, 1e-3))
    energy.set_xlabel("time (min:s)")
    energy.xaxis.set_major_formatter(lambda at, _: f"{int(at) // 60}:{int(at) % 60:02d}")
    energy.xaxis.set_major_locator(_minutes(seconds))
    figure.savefig(path, format="png")


def _title(log: RehearsalLog, heard: Survey, seconds: float) -> str:
    clock = f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
    ladder = f"hold {log.ladder_hold}, pocket {log.ladder_pocket}"
    return (
        f"{log.preset}   {clock}   {heard.lufs:.1f} LUFS   true peak {heard.true_peak_dbtp:.1f} dBTP   "
        f"longest silence {heard.longest_silence_ms:.0f} ms   ladder: {ladder}"
    )


def _minutes(seconds: float) -> Any:
    """Ticks at a round number of seconds, 8 to 20 of them."""
    most = 20
    from matplotlib.ticker import MultipleLocator

    steps = (1, 5, 10, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600)
    return MultipleLocator(next((step for step in steps if seconds / step <= most), 7200))


def _draw_level(axis: Any, heard: Survey, seconds: float) -> None:
    at = (np.arange(len(heard.peaks)) + 0.5) * seconds / len(heard.peaks)
    axis.fill_between(at, -heard.peaks, heard.peaks, color=_LEVEL, linewidth=0)
    axis.set_ylim(-1.05, 1.05)
    axis.set_ylabel("peak level\n(full scale = 1)")
    axis.axhline(0, color=_INK, linewidth=0.4)


def _draw_spectrogram(figure: Any, axis: Any, heard: Survey, seconds: float) -> None:
    columns = np.linspace(0, max(seconds, 1e-3), heard.spectrogram.shape[1] + 1)
    top = float(heard.spectrogram.max())
    mesh = axis.pcolormesh(columns, heard.edges_hz, heard.spectrogram, cmap="magma", vmin=top - 80, vmax=top, rasterized=True)
    axis.set_yscale("log")
    ticks = [hertz for hertz in (50, 100, 200, 500, 1000, 2000, 5000, 10_000) if hertz < heard.edges_hz[-1]]
    axis.set_yticks(ticks, [f"{hertz // 1000} k" if hertz >= 1000 else str(hertz) for hertz in ticks])
    axis.minorticks_off()
    axis.set_ylabel("frequency (Hz)")
    figure.colorbar(mesh, ax=axis, label="dB", pad=0.005, aspect=12)


def _draw_energy(axis: Any, sections: Sequence[PlayedSection], heard: Survey, seconds: float) -> None:
    """Planned energy as steps on the left axis, short-term loudness on the right one."""
    lines = []
    if sections:
        edges = [*(section.start_s for section in sections), max(seconds, sections[-1].start_s)]
        lines += [
            axis.stairs(
                [section.energy for section in sections],
                edges,
                baseline=None,
                color=_PLANNED,
                linewidth=2.2,
                label="energy planned",
            )
        ]
    axis.set_ylim(0, 1.05)
    axis.set_ylabel("energy planned (0..1)", color=_PLANNED)
    loudness = axis.twinx()
    loud = np.where(np.isfinite(heard.short_term), heard.short_term, np.nan)
    lines += loudness.plot(heard.short_term_s, loud, color=_LEVEL, linewidth=1.2, label="loudness heard (3 s)")
    loudness.set_ylabel("short-term loudness (LUFS)", color=_LEVEL)
    top = float(np.nanmax(loud)) if np.isfinite(loud).any() else -10.0
    loudness.set_ylim(top - 30, top + 2)
    axis.legend(handles=lines, loc="lower right", bbox_to_anchor=(1, 1), ncols=2, frameon=False, borderaxespad=0.2)
    axis.grid(axis="y", color=_INK, alpha=0.12)


def _draw_borders(axes: Sequence[Any], sections: Sequence[PlayedSection], seconds: float) -> None:
    crowded = len(sections) > _MOST_DASHED
    width, alpha, style = (0.3, 0.35, "solid") if crowded else (0.9, 0.8, (0, (4, 3)))
    for axis in axes:
        for section in sections:
            light = axis is axes[1]
            axis.axvline(section.start_s, color="white" if light else _BORDER, linewidth=width, alpha=alpha, linestyle=style)
    for section in sections:
        if section.transition is not None and section.transition.length_s > 0:
            start = section.transition.start_s
            axes[0].axvspan(start, start + section.transition.length_s, color=_PLANNED, alpha=0.25, linewidth=0)
    ends = [*(section.start_s for section in sections[1:]), seconds]
    for section, end in zip(sections, ends, strict=False):
        room = int(_NAME_CHARS * (end - section.start_s) / max(seconds, 1e-3))
        name = section.name if len(section.name) <= room else section.name[: max(0, room - 1)] + "…"
        if room >= 2:
            axes[0].annotate(
                name, (section.start_s, 1.0), xycoords=("data", "axes fraction"), xytext=(3, 3), textcoords="offset points",
                color=_INK, fontsize=9, annotation_clip=False,
            )  # fmt: skip
