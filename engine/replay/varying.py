"""A set that was played, with another seed, other prompts or another preset: its moves are carried out again, bar by bar."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import tomlkit

from engine.errors import LivesetError, PerformanceError, PresetError
from engine.performances.entries import PRESET_COPY
from engine.performances.reading import Performance, read_commands
from engine.presets import Preset, SetList, find_preset, load_set, parse_preset
from engine.presets.set_lists import piece_paths, reread
from engine.protocol import (
    Command,
    Keep,
    ListKeepers,
    Play,
    PlayAgain,
    RemoveKeeper,
    SetOptions,
    SetPrompt,
    Stop,
    TogglePlay,
)
from engine.rehearsal.log import RehearsalLog
from engine.rehearsal.rehearsal import Progress, Rehearsal
from engine.textfiles import parse_toml, read_text

_LEFT_OUT: Final = (Keep, ListKeepers, RemoveKeeper, Play, Stop, TogglePlay, PlayAgain)
"""Moves that a file has no use for: what is done to keepers, and standing still."""

_OPTIONS: Final[dict[str, type | tuple[type, ...]]] = {"seed": int, "minutes": (int, float), "generator": str}
"""Keys of [set] that the command line had the last word on, and has again."""

EXAMPLE: Final = "seed=9, bpm=128, key=A minor, prompt 1=dub techno, weight 1=0.5, preset=NAME"
OF_PIECES: Final = "write piece 2 prompt 1=dub techno, or seed, minutes, generator, preset=NAME"


@dataclass(slots=True)
class Changes:
    """What is to be another way.

    Attributes:
        preset: another one, by name or path; empty for the set's own.
        table: keys of [set] and their values.
        texts, weights: of prompts, by their numbers from 1.
        pieces: of the pieces of a set list, by their numbers from 1.
    """

    preset: str = ""
    table: dict[str, Any] = field(default_factory=dict)
    texts: dict[int, str] = field(default_factory=dict)
    weights: dict[int, float] = field(default_factory=dict)
    pieces: dict[int, Changes] = field(default_factory=dict)

    def written(self) -> set[int]:
        """Numbers of the prompts whose text is another one, in whichever piece."""
        return {*self.texts, *(number for piece in self.pieces.values() for number in piece.texts)}


def read_changes(words: Sequence[str]) -> Changes:
    """Changes as somebody writes them, such as ``prompt 1=dub techno`` or ``seed=9``.

    Raises:
        PerformanceError: which of them is none.
    """
    changes = Changes()
    for word in words:
        name, sign, value = (part.strip() for part in word.partition("="))
        kind, _, number = name.partition(" ")
        place, _, of_piece = number.strip().partition(" ")
        if (
            kind == "piece"
            and place.isdigit()
            and of_piece
            and _noted(changes.pieces.setdefault(int(place), Changes()), of_piece, value)
        ):
            continue
        if not sign or not value or not _noted(changes, name, value):
            raise PerformanceError(f"--with {word[:40]} says no change", EXAMPLE)
    _check_options(changes)
    return changes


def _noted(changes: Changes, name: str, value: str) -> bool:
    """Take one change; False where it is none."""
    kind, _, number = (part.strip() for part in name.partition(" "))
    if not value:
        return False
    if kind == "preset":
        changes.preset = value
    elif kind == "prompt" and number.isdigit():
        changes.texts[int(number)] = value
    elif kind == "weight" and number.isdigit() and isinstance(_value(value), int | float):
        changes.weights[int(number)] = float(_value(value))
    elif name.isidentifier() and kind not in ("prompt", "weight", "piece"):
        changes.table[name] = _value(value)
    else:
        return False
    return True


def _check_options(changes: Changes) -> None:
    for name, kind in _OPTIONS.items():
        if name in changes.table and not isinstance(changes.table[name], kind):
            raise PerformanceError(f"--with {name}={str(changes.table[name])[:30]}: that is no {name}", EXAMPLE)


def _value(text: str) -> Any:
    """A value as TOML has it, else the text itself."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def changed_set(folder: Path, performance: Performance, changes: Changes) -> Preset | SetList:
    """The preset that a set was played from, as its log has it, with some changes; or its pieces, where they were several.

    Raises:
        PresetError: it is not there, or makes no sense with the changes.
    """
    if changes.preset and _is_list(find_preset(changes.preset)):
        return load_set((changes.preset,))
    if changes.preset:
        return changed_preset(folder, performance, changes)
    names = performance.card.preset.splitlines()
    listed = piece_paths(find_preset(names[0])) if len(names) == 1 and _found(names[0]) else None

    def change(number: int, text: str) -> str:
        own = changes.pieces.get(number)
        return text if own is None else _changed(parse_toml(text, f"piece {number}", PresetError), own)

    several = reread(folder / PRESET_COPY, [_home(name) for name in listed or names], change)
    if several is None:
        return changed_preset(folder, performance, changes)
    if changes.texts or changes.weights or not set(changes.table) <= set(_OPTIONS):
        raise PerformanceError("the set is of several pieces: say of which one", OF_PIECES)
    for number, piece in changes.pieces.items():
        if not 1 <= number <= len(several.pieces):
            raise PerformanceError(f"there is no piece {number}", f"there are pieces 1 to {len(several.pieces)}")
        if piece.preset or set(piece.table) & set(_OPTIONS):
            raise PerformanceError(
                f"piece {number} cannot have that alone", "seed, minutes, generator and preset are the whole set's"
            )
    return several


def _found(name: str) -> bool:
    try:
        return find_preset(name).is_file()
    except LivesetError:
        return False


def _is_list(path: Path) -> bool:
    return piece_paths(path) is not None


def changed_preset(folder: Path, performance: Performance, changes: Changes) -> Preset:
    """The preset of a set that is a single piece, with some changes.

    Raises:
        PresetError: it is not there, or makes no sense with the changes.
    """
    name = changes.preset or performance.card.preset
    copy = folder / PRESET_COPY
    path = copy if not changes.preset and copy.is_file() else find_preset(name)
    if changes.pieces:
        raise PerformanceError("the set is a single piece: say what changes without its number", EXAMPLE)
    return parse_preset(_changed(parse_toml(read_text(path, PresetError), name, PresetError), changes), name, _home(name))


def _changed(table: dict[str, Any], changes: Changes) -> str:
    """A preset's text, with some changes."""
    table.setdefault("set", {}).update({key: value for key, value in changes.table.items() if key not in _OPTIONS})
    prompts = table.setdefault("prompt", [])
    for number, text in sorted(changes.texts.items()):
        if not 1 <= number <= len(prompts) + 1:
            raise PresetError(f"there is no prompt {number}", f"there are prompts 1 to {len(prompts)}")
        prompts[number - 1 : number] = [{**(prompts[number - 1] if number <= len(prompts) else {}), "text": text}]
    for number, weight in changes.weights.items():
        if not 1 <= number <= len(prompts):
            raise PresetError(f"there is no prompt {number}", f"there are prompts 1 to {len(prompts)}")
        prompts[number - 1]["weight"] = weight
    return tomlkit.dumps(table)


def _home(name: str) -> Path:
    """The folder that a preset's paths are counted from."""
    try:
        return find_preset(name).parent
    except LivesetError:
        return Path()


def moves(folder: Path, performance: Performance, changes: Changes) -> list[tuple[float, Command]]:
    """What was moved in a set, each at its beat from bar 0; texts of prompts that are changed are not written over.

    Raises:
        PerformanceError: the log cannot be read.
    """
    tempo, written = performance.tempo, {number - 1 for number in changes.written()}
    return [
        (tempo.beats_at(frame), command)
        for frame, command in read_commands(folder)
        if not isinstance(command, _LEFT_OUT) and not (isinstance(command, SetPrompt) and command.slot in written)
    ]


def replay_with(folder: Path, performance: Performance, changes: Changes, out: Path, progress: Progress) -> RehearsalLog:
    """Rehearse a set with what was moved in it, but for some changes.

    Args:
        folder: of its log.
        performance: the same, read.
        changes: what is another way.
        out: a .flac or .wav file, which is written.
        progress: told how far it is, and what sounds.

    Raises:
        LivesetError: the preset makes no sense with the changes, or the file cannot be written.
    """
    preset, card = changed_set(folder, performance, changes), performance.card
    names = [changes.preset] if changes.preset else card.preset.splitlines()
    options = SetOptions().with_presets(names)
    options = replace(
        options,
        record=str(out),
        seed=changes.table.get("seed", card.seed if not changes.preset else None),
        minutes=changes.table.get("minutes", card.minutes),
        generator=changes.table.get("generator", card.generator if not changes.preset else None),
    )
    options.check()
    return Rehearsal(preset, options, moves=moves(folder, performance, changes)).run(progress)
