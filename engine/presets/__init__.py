"""Presets: a set described in TOML, checked against a schema before anything plays. docs/ lists every key."""

from engine.presets.reading import copy_preset, find_preset, load_preset, parse_preset, preset_names
from engine.presets.set_lists import SetList, as_set_list, copy_set, load_set
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
    "SetList",
    "SetTable",
    "as_set_list",
    "checked_generator",
    "copy_preset",
    "copy_set",
    "find_preset",
    "load_preset",
    "load_set",
    "parse_preset",
    "preset_names",
]
