"""Sets of several pieces: presets one after the other, named one by one or in a file with a [setlist] table."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import tomlkit
from pydantic import ValidationError

from engine.errors import PresetError
from engine.presets.mistakes import Mistake, all_of, as_error
from engine.presets.reading import copy_preset, find_preset, load_preset, parse_preset, source_of
from engine.presets.tables import Preset, SetListTable
from engine.protocol import DEFAULT_PRESET, MAX_PIECES
from engine.textfiles import parse_toml, read_text

TABLE: Final = "setlist"
_TABLES: Final = (TABLE,)

PIECE_COPY: Final = "piece-{}.toml"
"""The copy of a set list's piece beside that of its file, by its number from 1."""


@dataclass(frozen=True, slots=True)
class SetList:
    """The presets of a set, one or more, in the order in which they play.

    Attributes:
        pieces: the presets.
        title: that a file with a [setlist] table names; empty for one after the first preset's, see `name`.
        source: where it came from, for messages and the report.
    """

    pieces: tuple[Preset, ...]
    title: str = ""
    source: str = ""

    @property
    def first(self) -> Preset:
        """The preset that the set begins with: what counts for the whole set is as it says."""
        return self.pieces[0]

    @property
    def name(self) -> str:
        """The title of the whole set; without one of its own it is known by its first piece."""
        more = f" and {len(self.pieces) - 1} more" if len(self.pieces) > 1 else ""
        return self.title or f"{self.first.set.title}{more}"


def as_set_list(preset: Preset | SetList) -> SetList:
    """A set list, of one piece where it is a preset."""
    return preset if isinstance(preset, SetList) else SetList((preset,), source=preset.source)


def load_set(names: Sequence[str]) -> SetList:
    """Find and read the presets of a set.

    Args:
        names: presets in order, or one file with a [setlist] table; none for the preset that plays by itself.

    Raises:
        PresetError: one is not there, cannot be read or makes no sense: which, and why.
    """
    names = names or (DEFAULT_PRESET,)
    tables = [(name, _list_table(find_preset(name))) for name in names]
    if len(names) == 1 and tables[0][1] is not None:
        return _read(find_preset(names[0]), tables[0][1])
    for name, table in tables:
        if table is not None:
            raise PresetError(f"{name} is a set list, which cannot be a piece of another", "name its pieces instead")
    _check_count(len(names))
    pieces = tuple(load_preset(name) for name in names)
    return SetList(pieces, source=" ".join(names))


def _check_count(count: int) -> None:
    if count > MAX_PIECES:
        raise PresetError(f"a set of {count} pieces is too long a list", f"at most {MAX_PIECES} can be")


def _list_table(path: Path) -> dict[str, Any] | None:
    """What a file holds, where it is a set list; what is wrong with a preset's file is said by whoever reads that."""
    try:
        table = parse_toml(read_text(path, PresetError), str(path), PresetError)
    except PresetError:
        return None
    return table if TABLE in table else None


def piece_paths(path: Path) -> tuple[str, ...] | None:
    """The pieces that a set list's file names, as files or presets' names; None where it is none, or makes no sense."""
    table = _list_table(path)
    try:
        return None if table is None else tuple(_placed(name, path.parent) for name in _checked(table, str(path)).pieces)
    except PresetError:
        return None


def _checked(table: dict[str, Any], source: str) -> SetListTable:
    mistakes = list(_others(table))
    try:
        found = SetListTable.model_validate(table[TABLE])
    except ValidationError as error:
        located = [{**each, "loc": (TABLE, *each["loc"])} for each in error.errors()]
        raise as_error([*mistakes, *all_of(located)], source) from error  # type: ignore[arg-type]
    if mistakes:
        raise as_error(mistakes, source)
    return found


def _others(table: dict[str, Any]) -> Iterator[Mistake]:
    for name in table:
        if name not in _TABLES:
            yield f"[{name}] stands beside [{TABLE}]", "a set list has no other table: write it into its pieces"


def _placed(name: str, folder: Path) -> str:
    """A piece as its list names it: a file counted from the list's folder, else a preset's name."""
    with contextlib.suppress(OSError, ValueError, RuntimeError):  # a name no file can have
        path = folder / Path(name).expanduser()
        if path.is_file() or path.suffix.lower() == ".toml":
            return str(path)
    return name


def _read(path: Path, table: dict[str, Any]) -> SetList:
    source = source_of(path)
    found = _checked(table, source)
    pieces = []
    for number, name in enumerate(found.pieces, 1):
        where = f"{source}: [{TABLE}] pieces, number {number}"
        try:
            placed = find_preset(_placed(name, path.parent))
        except PresetError as error:
            raise PresetError(f"{where}: {error.message}", error.hint or "paths are counted from the list's folder") from error
        if _list_table(placed) is not None:
            raise PresetError(f"{where}: {name[:40]} is a set list itself", "name its pieces instead")
        pieces.append(load_preset(str(placed)))
    return SetList(tuple(pieces), found.title or "", source)


def copy_set(names: Sequence[str], folder: Path, name: str) -> None:
    """Copy the files of a set as they are now, into a folder: the first under ``name``, pieces of a list beside it.

    Where there is no file, or the disk takes nothing, nothing is copied.
    """
    names = names or (DEFAULT_PRESET,)
    title, pieces = "", tuple(names)
    with contextlib.suppress(PresetError):
        path = find_preset(names[0])
        if len(names) == 1 and (table := _list_table(path)) is not None:
            title, pieces = str(table[TABLE].get("title", "")), piece_paths(path) or ()
        elif len(names) == 1:
            copy_preset(names[0], folder / name)
            return
    with contextlib.suppress(OSError, PresetError):
        copies = [PIECE_COPY.format(number) for number in range(1, len(pieces) + 1)]
        for piece, copy in zip(pieces, copies, strict=True):
            shutil.copyfile(find_preset(piece), folder / copy)
        (folder / name).write_text(list_text(copies, title), encoding="utf-8")


def list_text(pieces: Sequence[str], title: str = "") -> str:
    """A set list's file."""
    table = tomlkit.table()
    if title:
        table["title"] = title
    table["pieces"] = list(pieces)
    document = tomlkit.document()
    document[TABLE] = table
    return tomlkit.dumps(document)


def reread(path: Path, homes: Sequence[Path], change: Callable[[int, str], str] = lambda _number, text: text) -> SetList | None:
    """A set list as it was copied, the files that its pieces name counted from the folders where they lay; None where it is none.

    ``change`` is given each piece's number, from 1, and its text, and says what is read in its place.

    Raises:
        PresetError: a copy cannot be read.
    """
    table = _list_table(path)
    if table is None:
        return None
    found = _checked(table, path.name)
    rest = [*homes, *(Path() for _ in found.pieces)]
    pieces = (
        parse_preset(change(number, read_text(path.parent / name, PresetError)), name, home)
        for number, (name, home) in enumerate(zip(found.pieces, rest, strict=False), 1)
    )
    return SetList(tuple(pieces), found.title or "", path.name)
