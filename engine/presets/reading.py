"""Finding and reading presets; whatever is wrong with one is told before anything plays."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import platformdirs
from pydantic import ValidationError

from engine.dsp.sounds import check_sound
from engine.errors import PresetError, SoundError
from engine.presets.mistakes import Mistake, all_of, as_error, unknown_key
from engine.presets.tables import LoraTable, Preset, PromptTable, prompt_number
from engine.protocol import DEFAULT_PRESET, visible
from engine.resources import data_folder
from engine.suggest import did_you_mean
from engine.textfiles import parse_toml, read_text

_LONGEST = 60
"""Characters of a preset's name or path in a message."""


def parse_preset(text: str, source: str = "preset", folder: Path = Path()) -> Preset:
    """Read a preset from TOML text; the files it names are looked for from ``folder``.

    Raises:
        PresetError: names the table, the key and the nearest right one.
    """
    table = parse_toml(text, source, PresetError)
    if "setlist" in table:
        raise PresetError(f"{source} is a set list: one piece is wanted here", "name one of the presets that it lists")
    mistakes = [unknown_key("source", "")] if "source" in table else []
    try:
        preset = Preset.model_validate({**table, "source": source})
    except ValidationError as error:
        raise as_error([*mistakes, *all_of(error.errors())], source) from error
    loras = tuple(lora.model_copy(update={"path": str(_path(lora.path, folder))}) for lora in preset.lora)
    prompts = tuple(
        prompt if prompt.audio is None else prompt.model_copy(update={"audio": str(_path(prompt.audio, folder))})
        for prompt in preset.prompt
    )
    mistakes += [*_slots(preset), *_scenes(preset), *_missing(loras), *_sounds(prompts)]
    if mistakes:
        raise as_error(mistakes, source)
    return preset.model_copy(update={"lora": loras, "prompt": prompts})


def _path(named: str, folder: Path) -> Path:
    """Where a file that a preset names lies; its path is counted from the preset's folder."""
    try:
        return (folder / Path(named).expanduser()).absolute()
    except RuntimeError:  # no such user's home
        return folder / named


def _sounds(prompts: Iterable[PromptTable]) -> Iterator[Mistake]:
    """Prompts without anything, and sound files that cannot be prompts."""
    for number, prompt in enumerate(prompts, 1):
        if prompt.audio is None:
            if not prompt.text:
                yield f"[[prompt]] number {number}, text is missing", 'add  text = "..." or  audio = "loop.wav"'
            continue
        try:
            check_sound(Path(prompt.audio))
        except SoundError as error:
            yield f"[[prompt]] number {number}, audio: {error.message}", error.hint


def _missing(loras: Iterable[LoraTable]) -> Iterator[Mistake]:
    for number, lora in enumerate(loras, 1):
        with contextlib.suppress(OSError, ValueError):  # a name no file can have
            if Path(lora.path).is_file():
                continue
        yield f"[[lora]] number {number}: there is no file {lora.path}", "paths are counted from the preset's own folder"


def _slots(preset: Preset) -> Iterator[Mistake]:
    """Prompts that are not there."""
    if not preset.prompt:
        yield "there is no [[prompt]]", 'add one:  [[prompt]]  text = "warm deep house"'
        return
    for number, section in enumerate(preset.section, 1):
        for slot in section.prompts:
            if not 1 <= slot <= len(preset.prompt):
                yield f"[[section]] number {number} leans on prompt {slot}", f"there are prompts 1 to {len(preset.prompt)}"


def _scenes(preset: Preset) -> Iterator[Mistake]:
    """Scenes of one number, and numbers of prompts that are not there."""
    seen: set[int] = set()
    for place, scene in enumerate(preset.scene, 1):
        if scene.number in seen:
            yield f"[[scene]] number {place}: there are two scenes {scene.number}", "give one of them another number"
        seen.add(scene.number)
        for name in scene.prompts:
            if (number := prompt_number(name)) is not None and not 1 <= number <= len(preset.prompt):
                yield f"[[scene]] number {place} moves prompt {name}", f"there are prompts 1 to {len(preset.prompt)}"
        for lora in scene.loras:
            if not 1 <= lora <= len(preset.lora):
                there = f"they are counted from 1; the preset has {len(preset.lora)}"
                yield f"[[scene]] number {place} moves LoRA file {lora}", there


def copy_preset(name: str, to: Path) -> None:
    """Copy a preset's file as it is now; where there is none, or the disk takes nothing, nothing is copied."""
    with contextlib.suppress(OSError, PresetError):
        shutil.copyfile(find_preset(name), to)


def own_folder() -> Path:
    """Where this user's own presets lie: $LIVESET_PRESETS, or the folder for data."""
    chosen = os.environ.get("LIVESET_PRESETS")
    return Path(chosen).expanduser() if chosen else platformdirs.user_data_path("liveset") / "presets"


def preset_names(own: bool = True) -> tuple[str, ...]:
    """Names of the shipped presets, and of this user's own."""
    shipped = [path.stem for path in data_folder().glob("*.toml") if path.stem != "vocabulary"]
    mine = [path.stem for path in own_folder().glob("*.toml")] if own else []
    return tuple(sorted({*shipped, *mine}))


def find_preset(name: str) -> Path:
    """The file a name stands for: a path, or a shipped preset's name with or without .toml.

    Raises:
        PresetError: names the nearest shipped preset.
    """
    if not name.strip():
        raise PresetError("the preset's name is empty", "shipped are " + ", ".join(preset_names()))
    path = _typed(name)
    if path.suffix.lower() == ".toml" and path.is_file():
        return path
    if path.is_dir() or path.is_file():
        raise PresetError(f"{name} is not a preset", "presets are TOML files ending in .toml")
    if len(path.parts) == 1 and path.name.removesuffix(".toml") != "vocabulary":
        for folder in (data_folder(), own_folder()):
            found = folder / f"{path.name.removesuffix('.toml')}.toml"
            if found.is_file():
                return found
    shown = visible(name) if len(name) <= _LONGEST else "…" + visible(name)[1 - _LONGEST :]  # a path says most at its end
    raise PresetError(f'there is no preset "{shown}"', did_you_mean(path.stem, preset_names()))


def _typed(name: str) -> Path:
    """A path as somebody types it."""
    try:
        path = Path(name).expanduser()
        path.is_file()  # names with a NUL, or too long, raise here
    except (ValueError, OSError, RuntimeError) as error:
        raise PresetError(
            f'"{visible(name)[:40]}" cannot be the name of a file', "give a preset's name or a .toml file"
        ) from error
    return path


def load_preset(name: str = DEFAULT_PRESET) -> Preset:
    """Find and read a preset.

    Raises:
        PresetError: if there is none, it cannot be read, or it does not make sense.
    """
    path = find_preset(name)
    return parse_preset(read_text(path, PresetError), source_of(path), path.parent)


def source_of(path: Path) -> str:
    """A preset's file as messages and reports name it: one that ships by its name alone."""
    return str(path) if path.parent != data_folder() else path.name
