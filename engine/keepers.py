"""Keepers: sections that the performer saved, each in a folder of its own, with what it takes to make music of them again."""

from __future__ import annotations

import json
import os
import re
import shutil
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Final

import platformdirs

from engine.errors import RecordingError, SectionError
from engine.protocol import Keeper, PromptWeight
from engine.sections import SectionReader

AUDIO_FILE: Final = "audio.section"
CARD_FILE: Final = "keeper.json"
_FORMAT: Final = 1
_NAME: Final = re.compile(r"\w[\w .-]*")
"""What a keeper can be called: no name leads out of the folder."""
_ARRIVING: Final = ".arriving-"
"""Starts the names of folders that are still being written."""


def keepers_root() -> Path:
    """The folder of all keepers: $LIVESET_KEEPERS, or the platform's data folder."""
    chosen = os.environ.get("LIVESET_KEEPERS")
    return Path(chosen).expanduser() if chosen else platformdirs.user_data_path("liveset") / "keepers"


def keep(section: BinaryIO, keeper: Keeper, when: datetime) -> Keeper:
    """Copy a section's file to the keepers.

    Args:
        section: the open file of a complete section; it is closed.
        keeper: what it is; its ``name`` is what the new one's starts with, its ``path`` and ``kept`` do not matter.
        when: the date it is kept.

    Returns:
        the keeper with the name, path and date it has now. Either all of it is there or nothing.

    Raises:
        RecordingError: it cannot be written.
    """
    root = keepers_root()
    wanted = re.sub(r"[^a-z0-9]+", "-", keeper.name.lower()).strip("-")[:60] or "section"
    arriving = root / f"{_ARRIVING}{os.getpid()}-{wanted}"
    try:
        with section:
            arriving.mkdir(parents=True, exist_ok=True)
            with (arriving / AUDIO_FILE).open("wb") as copy:
                shutil.copyfileobj(section, copy, 1 << 20)
        return _settle(root, arriving, replace(keeper, kept=f"{when:%Y-%m-%d %H:%M}"), wanted)
    except OSError as error:
        shutil.rmtree(arriving, ignore_errors=True)
        raise RecordingError(
            f"the section cannot be kept in {root}: {error.strerror or error}", "free some space, or set LIVESET_KEEPERS"
        ) from error


def _settle(root: Path, arriving: Path, keeper: Keeper, wanted: str) -> Keeper:
    """Give a complete folder the first name that is free."""
    for number in range(1, 10_000):
        folder = root / f"{wanted}-{number}"
        if folder.exists():
            continue
        named = replace(keeper, name=folder.name, path=str(folder / AUDIO_FILE))
        card = {"format": _FORMAT, **asdict(named)}
        del card["path"]
        (arriving / CARD_FILE).write_text(json.dumps(card, indent=1), encoding="utf-8")
        try:
            arriving.rename(folder)
        except OSError:
            if folder.exists():  # somebody else took the name a moment ago
                continue
            raise
        return named
    raise OSError(f"there are too many keepers called {wanted}")


def keepers() -> tuple[tuple[Keeper, ...], tuple[str, ...]]:
    """All keepers, the newest first, and a line for each that is broken."""
    root = keepers_root()
    folders = [entry for entry in root.iterdir() if entry.is_dir()] if root.is_dir() else []
    good, broken = [], []
    for folder in folders:
        if folder.name.startswith("."):
            continue
        try:
            good.append((folder.stat().st_mtime_ns, _read(folder)))
        except SectionError as error:
            broken.append(str(error.message))
    good.sort(key=lambda pair: (pair[0], pair[1].name), reverse=True)
    return tuple(keeper for _, keeper in good), tuple(sorted(broken))


def find_keeper(name: str) -> Keeper:
    """The keeper of a name.

    Raises:
        SectionError: there is none, or it is broken.
    """
    folder = keepers_root() / name
    if not _NAME.fullmatch(name) or not folder.is_dir():
        there = ", ".join(keeper.name for keeper in keepers()[0][:8])
        raise SectionError(f'there is no keeper "{name}"', f"there are {there}" if there else "k on the screen keeps what plays")
    return _read(folder)


def remove_keeper(name: str) -> None:
    """Delete a keeper, a broken one too.

    Raises:
        SectionError: there is none of that name, or it cannot be deleted.
    """
    folder = keepers_root() / name
    if not _NAME.fullmatch(name) or not folder.is_dir():
        find_keeper(name)  # says so
        return
    try:
        shutil.rmtree(folder)
    except OSError as error:
        raise SectionError(f"the keeper {name} cannot be removed: {error.strerror}", f"delete {folder} yourself") from error


def _read(folder: Path) -> Keeper:
    """The keeper in a folder.

    Raises:
        SectionError: it is not whole.
    """
    hint = f"remove it: liveset keepers remove {folder.name}"
    try:
        card: dict[str, Any] = json.loads((folder / CARD_FILE).read_text(encoding="utf-8"))
        if card.pop("format") != _FORMAT:
            raise SectionError(f"the keeper {folder.name} was written by another version of liveset", hint)
        prompts = tuple(PromptWeight(str(each["text"]), float(each["weight"])) for each in card.pop("prompts"))
        keeper = Keeper(**{**card, "prompts": prompts, "name": folder.name, "path": str(folder / AUDIO_FILE)})
        reader = SectionReader(keeper.path)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise SectionError(f"the keeper {folder.name} has no readable {CARD_FILE}", hint) from error
    except SectionError as error:
        raise SectionError(f"the keeper {folder.name} is broken: {error.message}", hint) from error
    if reader.ready < reader.info.frames:
        raise SectionError(f"the keeper {folder.name} is not complete", hint)
    return keeper
