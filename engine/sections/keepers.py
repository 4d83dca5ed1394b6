"""Keepers: sections that the performer saved, each in a folder of its own, with what it takes to make music of them again."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import platformdirs

from engine.command_line import command
from engine.errors import RecordingError, SectionError
from engine.protocol import NEWEST_KEEPER, ROLES, Keeper, PromptWeight, one_line
from engine.sections.checking import check_fields
from engine.sections.file import Audio, SectionReader, SectionWriter
from engine.timebase import section_frames

AUDIO_FILE: Final = "audio.section"
CARD_FILE: Final = "keeper.json"
_FORMAT: Final = 1

LONGEST_NOTE: Final = 200
LONGEST_TAG: Final = 24
MOST_TAGS: Final = 8
_NAME: Final = re.compile(r"\w[\w .-]*")
"""What a keeper can be called: no name leads out of the folder."""
_ARRIVING: Final = ".arriving-"
"""Starts the names of folders that are still being written."""
_GIVEN_UP_S: Final = 3600.0
"""After so long nobody writes into such a folder any more."""
_FADE: Final = 441
"""Frames over which one version of a section goes over into the next, as while it was played."""
_BLOCK: Final = 44_100
_TAIL_BARS: Final = 2
"""Bars after some that are kept alone: for a transition, or to ring on."""


@dataclass(frozen=True, slots=True)
class Layer:
    """A section file, and the section's frame from which on it is heard instead of the layers below it."""

    reader: SectionReader
    first: int = 0

    @property
    def end(self) -> int:
        """The section's frame up to which it is made."""
        return self.reader.info.first_frame + self.reader.ready


def whole(layers: Sequence[Layer]) -> bool:
    """Whether some layers, the lowest first, are a section from its first frame to the end of the last one's file."""
    if not layers:
        return False
    info, reached = layers[-1].reader.info, 0
    for layer in sorted(layers, key=lambda layer: layer.first):
        if layer.first <= reached:
            reached = max(reached, layer.end)
    return reached >= info.first_frame + info.frames


def keepers_root() -> Path:
    """The folder of all keepers: $LIVESET_KEEPERS, or the platform's data folder."""
    chosen = os.environ.get("LIVESET_KEEPERS")
    return Path(chosen).expanduser() if chosen else platformdirs.user_data_path("liveset") / "keepers"


def keep(layers: Sequence[Layer], keeper: Keeper, when: datetime, bars: tuple[int, int] | None = None) -> Keeper:
    """Copy a section, as it was heard, to the keepers.

    Args:
        layers: what it is made of, the lowest first; `whole` holds for them.
        keeper: what it is; its ``name`` is what the new one's starts with, its ``path`` and ``kept`` do not matter.
        when: the date it is kept.
        bars: the first and the last, counted from 1, that are copied, with what follows them as a tail; None copies all.

    Returns:
        the keeper with the name, path and date it has now. Either all of it is there or nothing.

    Raises:
        RecordingError: it cannot be written.
    """
    root = keepers_root()
    wanted = re.sub(r"[^a-z0-9]+", "-", keeper.name.lower()).strip("-")[:60] or "section"
    hint = "free some space, or set LIVESET_KEEPERS"
    arriving = None
    try:
        root.mkdir(parents=True, exist_ok=True)
        _sweep(root)
        arriving = Path(tempfile.mkdtemp(prefix=_ARRIVING, dir=root))
        _write(arriving / AUDIO_FILE, layers, bars)
        return _settle(root, arriving, replace(keeper, kept=f"{when:%Y-%m-%d %H:%M}"), wanted)
    except (OSError, SectionError) as error:
        if arriving is not None:
            shutil.rmtree(arriving, ignore_errors=True)
        reason = error.message if isinstance(error, SectionError) else error.strerror or str(error)
        raise RecordingError(f"the section cannot be kept in {root}: {reason}", hint) from error


def _sweep(root: Path) -> None:
    """Take away what engines that were killed while they kept something left behind."""
    for folder in root.glob(f"{_ARRIVING}*"):
        with contextlib.suppress(OSError):
            if time.time() - folder.stat().st_mtime > _GIVEN_UP_S:
                shutil.rmtree(folder, ignore_errors=True)


def _write(path: Path, layers: Sequence[Layer], bars: tuple[int, int] | None) -> None:
    info = layers[-1].reader.info
    begin, end = 0, info.first_frame + info.frames
    if bars is not None:
        first, last = bars
        tail = min(_TAIL_BARS, info.bars + info.tail_bars - last)
        begin = section_frames(info.bpm, info.beats_per_bar, first - 1, info.rate)
        end = min(layers[-1].end, section_frames(info.bpm, info.beats_per_bar, last + tail, info.rate))
        info = replace(info, bars=last - first + 1, tail_bars=tail)
    writer = SectionWriter(path, replace(info, first_frame=0, frames=end - begin))
    try:
        for start in range(begin, end, _BLOCK):
            writer.write(_heard(layers, start, min(start + _BLOCK, end)))
    finally:
        writer.close()


def _heard(layers: Sequence[Layer], start: int, stop: int) -> Audio:
    """Some of a section's frames: (stop - start, stems, 2)."""
    out = np.zeros((stop - start, *layers[-1].reader.audio.shape[1:]), np.float32)
    for layer in layers:
        begin, end = max(start, layer.first), min(stop, layer.end)
        if begin >= end:
            continue
        from_file = layer.reader.audio[begin - layer.reader.info.first_frame : end - layer.reader.info.first_frame]
        place = out[begin - start : end - start]
        fading = max(0, min(end, layer.first + _FADE) - begin) if layer.first else 0
        rise = ((np.arange(begin, begin + fading) - layer.first + 0.5) / _FADE).astype(np.float32)[:, None, None]
        place[:fading] += (from_file[:fading] - place[:fading]) * rise
        place[fading:] = from_file[fading:]
    return out


def _settle(root: Path, arriving: Path, keeper: Keeper, wanted: str) -> Keeper:
    """Give a complete folder the first name that is free."""
    for number in range(1, 10_000):
        folder = root / f"{wanted}-{number}"
        if folder.exists():
            continue
        named = replace(keeper, name=folder.name, path=str(folder / AUDIO_FILE))
        _write_card(arriving, named)
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
    """The keeper of a name, or the one that was kept last for `NEWEST_KEEPER`.

    Raises:
        SectionError: there is none, or it is broken.
    """
    if name == NEWEST_KEEPER:
        for newest in keepers()[0]:
            return newest
        raise SectionError("nothing is kept yet", "k on the screen keeps what plays")
    folder = keepers_root() / name
    if not _NAME.fullmatch(name) or not folder.is_dir():
        there = ", ".join(keeper.name for keeper in keepers()[0][:8])
        raise SectionError(f'there is no keeper "{name}"', f"there are {there}" if there else "k on the screen keeps what plays")
    return _read(folder)


def mark_keeper(name: str, star: bool | None = None, tags: Sequence[str] | None = None, note: str | None = None) -> Keeper:
    """Write a star, tags or a note on a keeper; what is None stays as it is. Returns it as it is now.

    Raises:
        SectionError: there is none of that name, or it is broken.
        RecordingError: it cannot be written.
    """
    keeper = find_keeper(name)
    keeper = replace(
        keeper,
        star=keeper.star if star is None else star,
        tags=keeper.tags if tags is None else tidy_tags(tags),
        note=keeper.note if note is None else one_line(note)[:LONGEST_NOTE].strip(),
    )
    folder = Path(keeper.path).parent
    try:
        _write_card(folder, keeper)
    except OSError as error:
        what = f"nothing can be written on the keeper {name}: {error.strerror}"
        raise RecordingError(what, "free some space, or see that you may write there") from error
    return keeper


def tidy_tags(tags: Sequence[str]) -> tuple[str, ...]:
    """Tags as they are kept: words in lower case, each once, without the sign before them."""
    words = (word.lstrip("#") for tag in tags for word in one_line(tag).lower().replace(",", " ").split())
    return tuple(dict.fromkeys(word[:LONGEST_TAG] for word in words if word))[:MOST_TAGS]


def _write_card(folder: Path, keeper: Keeper) -> None:
    card = {"format": _FORMAT, **asdict(keeper)}
    del card["path"]
    fresh = folder / f"{CARD_FILE}.new"
    fresh.write_text(json.dumps(card, indent=1), encoding="utf-8")
    fresh.replace(folder / CARD_FILE)


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
    hint = f"remove it: {command(f'keepers remove {folder.name}')}"
    try:
        card: dict[str, Any] = json.loads((folder / CARD_FILE).read_text(encoding="utf-8"))
        if card.pop("format") != _FORMAT:
            raise SectionError(f"the keeper {folder.name} was written by another version of liveset", hint)
        prompts = tuple(PromptWeight(str(each["text"]), float(each["weight"])) for each in card.pop("prompts"))
        tags = tidy_tags([str(tag) for tag in card.pop("tags", ())])
        check_fields(Keeper, card)
        if card["role"] not in ROLES:
            raise ValueError("role is none that there is")
        keeper = Keeper(**{**card, "prompts": prompts, "tags": tags, "name": folder.name, "path": str(folder / AUDIO_FILE)})
        reader = SectionReader(keeper.path)
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError) as error:
        raise SectionError(f"the keeper {folder.name} has no readable {CARD_FILE}", hint) from error
    except SectionError as error:
        raise SectionError(f"the keeper {folder.name} is broken: {error.message}", hint) from error
    if reader.ready < reader.info.frames:
        raise SectionError(f"the keeper {folder.name} is not complete", hint)
    return keeper
