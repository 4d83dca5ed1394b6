"""The report's passes and fails: each measure of a set beside what it should be, and why."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from engine.analysis.survey import Survey
from engine.rehearsal.log import RehearsalLog
from liveset.report.measures import SeamMeasures, SectionMeasures

MOST_DBTP: Final = -0.9
"""The limiter holds -1 dBTP; a tenth is left for how it is measured."""

LOUDNESS: Final = (-20.0, -8.0)
"""LUFS between which sets for a room lie, and no knob need be turned when the next one begins."""

MOST_SILENCE_MS: Final = 2000.0
"""A bar at 120 BPM: a break may be silent for so long, and no longer."""

MOST_JUMP: Final = 1.5
"""A drum hit on a seam is like the other hits, up to 1.5 times as sharp; a click is many times sharper."""

MOST_DRIFT_MS: Final = 10.0
"""Beats further apart than that are heard as two."""

MOST_TEMPO_OFF: Final = 0.005
"""Half a per cent; beyond it the measure, or the music, lost the beat."""

LEAST_KEY_FIT: Final = 0.3
"""The key asked for, or a neighbour of it: a fifth off, or its relative."""


@dataclass(frozen=True, slots=True)
class Check:
    """A measure beside what it should be; ``passed`` is None where it could not be measured."""

    name: str
    found: str
    wanted: str
    passed: bool | None


def checks(log: RehearsalLog, heard: Survey, sections: Sequence[SectionMeasures], seams: Sequence[SeamMeasures]) -> list[Check]:
    """All of a set's, in the order in which they matter on a stage."""
    return [*_stage(log, heard), *_seams(seams), *_music(log, heard, sections)]


def _stage(log: RehearsalLog, heard: Survey) -> list[Check]:
    silence = heard.longest_silence_ms
    late = [section.headroom_s for section in log.sections if section.headroom_s is not None]
    spare = min(late, default=math.nan)
    return [
        Check("breaks in the sound", str(log.underruns), "0", log.underruns == 0),
        Check("longest silence", f"{silence:.0f} ms", f"at most {MOST_SILENCE_MS:.0f} ms", silence <= MOST_SILENCE_MS),
        Check("late sections: last bars repeated", str(log.ladder_hold), "0", log.ladder_hold == 0),
        Check("late sections: pocket stood in", str(log.ladder_pocket), "0", log.ladder_pocket == 0),
        _check("least time in hand", spare, "{:.1f} s", "0 s or more", spare >= 0),
    ]


def _seams(seams: Sequence[SeamMeasures]) -> list[Check]:
    jumps = [seam.jump for seam in seams if not math.isnan(seam.jump)]
    drifts = [abs(seam.drift_ms) for seam in seams if not math.isnan(seam.drift_ms)]
    jump, drift = max(jumps, default=math.nan), median(drifts) if drifts else math.nan
    return [
        _check("sharpest seam", jump, "{:.2f}", f"at most {MOST_JUMP:g} times the music", jump <= MOST_JUMP),
        _check("beat across seams, the usual one", drift, "{:.1f} ms", f"at most {MOST_DRIFT_MS:g} ms", drift <= MOST_DRIFT_MS),
    ]


def _music(log: RehearsalLog, heard: Survey, sections: Sequence[SectionMeasures]) -> list[Check]:
    asked = zip(log.sections, sections, strict=True)
    off = [abs(measured.bpm / section.bpm - 1) for section, measured in asked if not math.isnan(measured.bpm)]
    fits = [measured.key_fits for measured in sections if not math.isnan(measured.key_fits)]
    tempo, key = median(off) if off else math.nan, median(fits) if fits else math.nan
    low, high = LOUDNESS
    words = ", ".join(log.unknown_words)
    peak, loud = heard.true_peak_dbtp, heard.lufs
    return [
        Check("true peak", f"{peak:.1f} dBTP", "at most -1 dBTP", peak <= MOST_DBTP),
        _check("loudness", loud, "{:.1f} LUFS", f"{low:g} to {high:g} LUFS", low <= loud <= high),
        _check("tempo off, the usual section", tempo * 100, "{:.2f} %", f"at most {MOST_TEMPO_OFF:.1%}", tempo <= MOST_TEMPO_OFF),
        _check("key, the usual section", key, "{:.1f}", f"{LEAST_KEY_FIT:g} or more of 1", key >= LEAST_KEY_FIT),
        Check("words not understood", words or "none", "none", not words),
    ]


def _check(name: str, value: float, form: str, wanted: str, passed: bool) -> Check:
    known = math.isfinite(value)
    return Check(name, form.format(value) if known else "not measured", wanted, passed if known else None)
