"""Presets: a set described in TOML, checked against a schema before anything plays. docs/ lists every key."""

from engine.presets.reading import copy_preset, find_preset, load_preset, parse_preset, preset_names
from engine.presets.tables import (
    LoraTable,
    MidiTable,
    Preset,
    PromptTable,
    SceneTable,
    SectionTable,
    SetTable,
    checked_generator,
)

__all__ = [
    "LoraTable",
    "MidiTable",
    "Preset",
    "PromptTable",
    "SceneTable",
    "SectionTable",
    "SetTable",
    "checked_generator",
    "copy_preset",
    "find_preset",
    "load_preset",
    "parse_preset",
    "preset_names",
]
