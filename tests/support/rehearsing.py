"""A short set of tones, and its rehearsal."""

from __future__ import annotations

from pathlib import Path

from engine.presets import Preset, parse_preset
from engine.protocol import SetOptions
from engine.rehearsal.log import RehearsalLog
from engine.rehearsal.rehearsal import Rehearsal

TONES = """
[set]
title = "Tones"
minutes = {minutes}
bpm = 133.3
key = "A minor"
seed = 5
generator = "{generator}"

[[prompt]]
text = "house"
weight = 0.8

[[prompt]]
text = "glorbnik bells"
weight = 0.1
"""


def preset(generator: str = "tests.generators.tones:Tones", minutes: float = 0.5, sections: str = "") -> Preset:
    return parse_preset(TONES.format(generator=generator, minutes=minutes) + sections, "tones.toml")


def rehearse(out: Path, chosen: Preset | None = None, midi: Path | None = None, seed: int | None = None) -> RehearsalLog:
    options = SetOptions(record=str(out), midi=None if midi is None else str(midi), seed=seed)
    return Rehearsal(chosen or preset(), options).run()
