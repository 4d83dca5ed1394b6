"""A set as it stands, written as a preset that plays it again."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import tomlkit
import tomlkit.items

from engine.conductor.planning.plan import PlannedSection
from engine.conductor.state import Scene, State
from engine.errors import PresetError
from engine.presets.reading import own_folder, preset_names
from engine.presets.tables import LEVELS, Preset
from engine.protocol import visible

LONGEST_NAME: Final = 60
_PLACES: Final = 4
"""Decimal places of what is written: finer than any control."""

__all__ = ["save_preset", "written"]


def written(state: State, preset: Preset) -> str:
    """A set as a preset's text: prompts, weights, macros, stems, scenes and what is planned as they are now.

    Args:
        state: the conductor's.
        preset: what the set was made from; its [midi] table and opening are taken over.
    """
    settings = state.settings
    document = tomlkit.document()
    document["set"] = _table(
        title=settings.title,
        bpm=settings.grid.bpm,
        key=settings.key,
        beats_per_bar=settings.grid.beats_per_bar,
        seed=settings.seed,
        generator=settings.loads or state.work.generator or preset.set.generator,
        opening=preset.set.opening,
    )
    steering = state.steering
    document["prompt"] = _tables(_table(text=slot.text, weight=_short(slot.weight)) for slot in steering.slots)
    touched = {slot for slot, each in enumerate(steering.slots) if each.touched}
    document["section"] = _tables(_section(part, touched) for part in state.plan)
    if steering.loras:
        document["lora"] = _tables(_table(path=lora.path, strength=_short(lora.strength)) for lora in steering.loras)
    document["start"] = _table(
        macros=_inline(dict(steering.macros)),
        stems=_inline({stem: level for stem, level, _ in steering.levels}),
        muted=[stem for stem, _, muted in steering.levels if muted],
    )
    document["scenes"] = _table(at=settings.scene_at, bars=settings.scene_bars)
    if steering.scenes:
        document["scene"] = _tables(_scene(number, scene) for number, scene in steering.scenes)
    document["midi"] = _table(controller=preset.midi.controller, **preset.midi.overrides)
    return tomlkit.dumps(document)


def _short(value: float) -> float:
    return round(float(value), _PLACES)


def _table(**values: Any) -> tomlkit.items.Table:
    table = tomlkit.table()
    table.update(values)
    return table


def _tables(tables: Iterable[tomlkit.items.Table]) -> tomlkit.items.AoT:
    made = tomlkit.aot()
    for table in tables:
        made.append(table)
    return made


def _inline(values: Mapping[str, float]) -> tomlkit.items.InlineTable:
    table = tomlkit.inline_table()
    table.update({name: _short(value) for name, value in values.items()})
    return table


def _section(part: PlannedSection, touched: set[int]) -> tomlkit.items.Table:
    """A part of the plan; prompts that a hand has moved are led by it no more."""
    table = _table(
        name=part.name,
        role=part.role,
        bars=part.bars,
        energy=_short(part.energy),
        density=_short(part.density),
        brightness=_short(part.brightness),
        transition=part.transition,
    )
    if led := {str(slot + 1): weight for slot, weight in part.prompts if slot not in touched}:
        table["prompts"] = _inline(led)
    return table


def _scene(number: int, scene: Scene) -> tomlkit.items.Table:
    values = dict(scene.values)
    return _table(
        number=number,
        prompts=_inline(dict(scene.prompts)),
        macros=_inline({name.removeprefix("macro "): value for name, value in values.items() if name.startswith("macro ")}),
        stems=_inline({name.removeprefix("stem "): value for name, value in values.items() if name.startswith("stem ")}),
        muted=[stem for stem in LEVELS if values.get(f"mute {stem}", 0.0) > 0.5],
    )


def file_for(name: str) -> Path:
    """Where a preset is saved: in the folder of this user's own, or where a path says.

    Raises:
        PresetError: the name cannot be a file's, or is a shipped preset's.
    """
    tidy = name.strip()
    stem = tidy.removesuffix(".toml")
    if not stem or any(not char.isprintable() for char in tidy):
        raise PresetError("a preset needs a name", "such as: friday")
    if os.sep in tidy or "/" in tidy:
        return Path(f"{stem}.toml").expanduser().absolute()
    if len(stem) > LONGEST_NAME or stem.startswith("."):
        raise PresetError(
            f'"{visible(stem)[:30]}" cannot be a preset\'s name', f"up to {LONGEST_NAME} letters, without a dot first"
        )
    if stem.lower() in preset_names(own=False):
        raise PresetError(f'"{stem}" is a preset that ships', "save it under another name")
    return own_folder() / f"{stem}.toml"


def save_preset(name: str, text: str, *, force: bool = False) -> Path:
    """Write a preset, in one go. Returns its file.

    Raises:
        PresetError: the name cannot be, there is one of that name and ``force`` is off, or it cannot be written.
    """
    path = file_for(name)
    if path.exists() and not force:
        raise PresetError(
            f"there is a preset {path.stem[:40]} already", "take another name; w and this one again, or --force, replaces it"
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    except OSError as error:
        raise PresetError(f"{path.name[:40]} cannot be written ({error.strerror})", f"look at {path.parent}") from error
    return path
