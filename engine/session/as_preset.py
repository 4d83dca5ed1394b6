"""A set as it stands, written as a preset that plays it again."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import tomlkit
import tomlkit.items

from engine.conductor.piece import Piece
from engine.conductor.pieces import order, sounding
from engine.conductor.planning.plan import PlannedSection
from engine.conductor.state import State
from engine.conductor.steering import Scene, Slot, Steering
from engine.errors import PresetError
from engine.presets import SetList
from engine.presets.reading import own_folder
from engine.presets.set_lists import list_text
from engine.presets.tables import LEVELS, Preset, prompt_number
from engine.protocol import MACRO_NEUTRAL, MAX_STRENGTH, STEMS, visible
from engine.resources import data_folder

LONGEST_NAME: Final = 40
NOT_IN_NAMES: Final = re.compile('[<>:"|?*]')
"""What names of files may not hold on Windows."""
_PLACES: Final = 4
"""Decimal places of what is written: finer than any control."""

__all__ = ["pieces_written", "save_preset", "save_set", "written"]


def written(state: State, preset: Preset, midi: Mapping[str, Any] | None = None) -> str:
    """A set as a preset's text: prompts, weights, macros, stems, scenes and what is planned as they are now.

    Args:
        state: the conductor's.
        preset: what the set was made from; its [midi] table and opening are taken over.
        midi: the [midi] table without the controller's name; None for the preset's.
    """
    settings, steering = state.settings, state.steering
    document = tomlkit.document()
    document["set"] = _table(
        title=settings.title,
        bpm=settings.grid.bpm if steering.own_bpm is None else steering.own_bpm,
        key=settings.key if steering.own_key is None else steering.own_key,
        beats_per_bar=settings.grid.beats_per_bar,
        seed=settings.seed,
        generator=settings.loads or state.work.generator or preset.set.generator,
        opening=preset.set.opening,
    )
    document["prompt"] = _tables(_prompt(slot) for slot in steering.slots)
    touched = {slot for slot, each in enumerate(steering.slots) if each.touched}
    document["section"] = _tables(_section(part, touched, _led(part, steering)) for part in state.plan)
    if steering.loras:
        document["lora"] = _tables(_table(path=lora.path, strength=_short(lora.strength)) for lora in steering.loras)
    document["start"] = _table(
        macros=_inline(dict(steering.macros)),
        stems=_inline({stem: level for stem, level, _ in steering.levels}),
        muted=[stem for stem, _, muted in steering.levels if muted],
    )
    document["scenes"] = _table(at=settings.scene_at, bars=settings.scene_bars)
    if steering.scenes:
        texts = tuple(slot.text for slot in steering.slots)
        document["scene"] = _tables(_scene(number, scene, texts) for number, scene in steering.scenes)
    document["takes"] = _table(**preset.takes.model_dump())
    if preset.remote.address:
        document["remote"] = _table(**preset.remote.model_dump())
    document["midi"] = _table(controller=preset.midi.controller, **(preset.midi.overrides if midi is None else midi))
    if preset.input.device is not None:
        document["input"] = _table(device=preset.input.device)
    return tomlkit.dumps(document)


def pieces_written(state: State, chosen: SetList, midi: Mapping[str, Any] | None = None) -> tuple[str, ...]:
    """Each piece of a set list as a preset's text, in the order in which they play: the one that sounds as it is steered.

    Args:
        state: the conductor's.
        chosen: what the set was made from.
        midi: the [midi] table of the piece that sounds, see `written`.
    """
    here, texts = sounding(state), []
    for place in order(state):
        piece, preset = state.settings.pieces[place], chosen.pieces[state.settings.pieces[place].number - 1]
        own = state if place == here else state.with_steering(**_as_it_begins(piece))
        grid = replace(own.settings.grid, bpm=piece.bpm)
        settings = replace(
            own.settings,
            title=piece.title,
            grid=grid,
            key=piece.key,
            seed=piece.seed,
            scene_at=piece.scene_at,
            scene_bars=piece.scene_bars,
        )
        plan = _briefly(tuple(part for part in own.plan if part.piece == place), piece.bpm, piece.key)
        texts.append(written(replace(own, settings=settings, plan=plan), preset, midi if place == here else None))
    return tuple(texts)


def _as_it_begins(piece: Piece) -> dict[str, Any]:
    """Where everything stands as a piece begins; what its file does not move is neutral."""
    levels = {stem: (level, muted) for stem, level, muted in piece.levels}
    stems = dict.fromkeys((*STEMS, *levels))
    return {
        "slots": piece.slots,
        "loras": piece.loras,
        "scenes": piece.scenes,
        "macros": tuple((name, dict(piece.macros).get(name, value)) for name, value in MACRO_NEUTRAL.items()),
        "levels": tuple((stem, *levels.get(stem, (1.0, False))) for stem in stems),
        "bpm": None,
        "key": None,
    }


def _briefly(plan: tuple[PlannedSection, ...], bpm: float, key: str) -> tuple[PlannedSection, ...]:
    """A piece's plan in which a part names its tempo and key only where they are not those of the part before."""
    made: list[PlannedSection] = []
    for part in plan:
        made.append(replace(part, bpm=None if part.bpm == bpm else part.bpm, key=None if part.key == key else part.key))
        bpm, key = part.bpm or bpm, part.key or key
    return tuple(made)


def _prompt(slot: Slot) -> tomlkit.items.Table:
    if slot.sound is None:
        return _table(text=slot.text, weight=_short(slot.weight))
    words = {"text": slot.words} if slot.words else {}
    return _table(**words, audio=slot.sound.path, weight=_short(slot.weight))


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


def _led(part: PlannedSection, steering: Steering) -> dict[str, Any]:
    """A part's own tempo and key, unless a hand has moved those."""
    tempo = {} if part.bpm is None or steering.own_bpm is not None else {"bpm": part.bpm, "glide": part.glide}
    return tempo if part.key is None or steering.own_key is not None else {**tempo, "key": part.key}


def _section(part: PlannedSection, touched: set[int], led: Mapping[str, Any]) -> tomlkit.items.Table:
    """A part of the plan; prompts that a hand has moved are led by it no more."""
    table = _table(
        name=part.name,
        role=part.role,
        bars=part.bars,
        energy=_short(part.energy),
        density=_short(part.density),
        brightness=_short(part.brightness),
        transition=part.transition,
        **led,
    )
    if prompts := {str(slot + 1): weight for slot, weight in part.prompts if slot not in touched}:
        table["prompts"] = _inline(prompts)
    return table


def _scene(number: int, scene: Scene, texts: tuple[str, ...]) -> tomlkit.items.Table:
    """A scene; ``texts`` are those of the set's prompts."""
    values = dict(scene.values)
    table = _table(
        number=number,
        prompts=_inline(_prompts(scene, texts)),
        macros=_inline(_of_kind("macro ", values)),
        stems=_inline(_of_kind("stem ", values)),
        muted=[stem for stem in LEVELS if values.get(f"mute {stem}", 0.0) > 0.5],
    )
    if scene.bpm is not None:
        table["bpm"] = scene.bpm
    if scene.key is not None:
        table["key"] = scene.key
    if loras := _of_kind("lora ", values):
        table["loras"] = _inline({number: MAX_STRENGTH * value for number, value in loras.items()})
    return table


def _of_kind(kind: str, values: Mapping[str, float]) -> dict[str, float]:
    """The values of the actions whose names begin with ``kind``, by the rest of their names."""
    return {name.removeprefix(kind): value for name, value in values.items() if name.startswith(kind)}


def _prompts(scene: Scene, texts: tuple[str, ...]) -> dict[str, float]:
    """A scene's prompts by their texts; by their numbers where a text is there twice, or would be read as a number."""
    left: list[str | None] = list(texts)
    often = Counter((*texts, *(text for text, _ in scene.prompts if text not in texts)))
    named: dict[str, float] = {}
    for text, weight in scene.prompts:
        clear = often[text] == 1 and prompt_number(text) is None
        if text in left:
            slot = left.index(text)
            left[slot] = None
            named[text if clear else str(slot + 1)] = weight
        elif prompt_number(text) is None:
            named.setdefault(text, weight)
    return named


def file_for(name: str) -> Path:
    """Where a preset is saved: in the folder of this user's own, or where a path says.

    Raises:
        PresetError: the name cannot be a file's, or is a shipped preset's.
    """
    tidy = name.strip()
    stem = tidy.removesuffix(".toml")
    if not stem or any(not char.isprintable() for char in tidy):
        raise PresetError("a preset needs a name", "such as: friday")
    is_path = os.sep in tidy or "/" in tidy
    last = stem if not is_path else "" if stem.endswith(("/", os.sep)) else Path(stem).name
    if not last or last.startswith(".") or NOT_IN_NAMES.search(last) or (len(last) > LONGEST_NAME and not is_path):
        raise PresetError(
            f'"{visible(stem)[:30]}" cannot be a preset\'s name',
            f"up to {LONGEST_NAME} letters, without a dot first and without any of {NOT_IN_NAMES.pattern[1:-1]}",
        )
    if is_path:
        return Path(f"{stem}.toml").expanduser().absolute()
    if (data_folder() / f"{stem.lower()}.toml").is_file():
        raise PresetError(f'"{stem}" is a preset that ships', "save it under another name")
    return own_folder() / f"{stem}.toml"


def _check_free(path: Path, *, force: bool) -> None:
    if path.exists() and not force:
        raise PresetError(
            f"there is a preset {path.stem[:40]} already", "take another name; w and this one again, or --force, replaces it"
        )


def save_preset(name: str, text: str, *, force: bool = False) -> Path:
    """Write a preset, in one go. Returns its file.

    Raises:
        PresetError: the name cannot be, there is one of that name and ``force`` is off, or it cannot be written.
    """
    path = file_for(name)
    _check_free(path, force=force)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    except OSError as error:
        raise PresetError(f"{path.name[:40]} cannot be written ({error.strerror})", f"look at {path.parent}") from error
    return path


def save_set(name: str, texts: Sequence[str], title: str, *, force: bool = False) -> Path:
    """Write a set list, and its pieces beside it under its name and their numbers. Returns its file.

    Raises:
        PresetError: as `save_preset`; of the pieces as well.
    """
    path = file_for(name)
    names = [path.with_name(f"{path.stem}-{number}.toml") for number in range(1, len(texts) + 1)]
    for each in (path, *names):
        _check_free(each, force=force)
    for each, text in zip(names, texts, strict=True):
        save_preset(str(each), text, force=force)
    return save_preset(str(path), list_text([each.name for each in names], title), force=force)
