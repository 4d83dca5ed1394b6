"""What performers call their MIDI inputs: one file, which all sets share."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import tomlkit

from engine.errors import LivesetError, MidiError
from engine.protocol import LONGEST_PORT, one_line
from engine.textfiles import read_toml

log = logging.getLogger(__name__)

HEADING: Final = "What you call your MIDI inputs. Take a line out to have an input's own name back."
_NAMES: Final = "names"


def tidy(name: str) -> str:
    """A name as it is kept: one line, as long as a line for the performer has room for."""
    return one_line(name)[:LONGEST_PORT].strip()


def load(path: Path) -> tuple[dict[str, str], str]:
    """The names by ports, and a sentence for the performer where the file cannot be used, else an empty one."""
    if not path.exists():
        return {}, ""
    try:
        table = read_toml(path, MidiError).get(_NAMES, {})
    except LivesetError as error:
        log.warning("%s", error)
        return {}, f"MIDI: {path.name} is left out, and inputs have their own names; see the log"
    pairs = table.items() if isinstance(table, Mapping) else ()
    return {port: tidy(name) for port, name in pairs if isinstance(name, str) and tidy(name)}, ""


def save(path: Path, names: Mapping[str, str]) -> None:
    """Write the names, in one go; a file that cannot be used is kept under another name.

    Raises:
        MidiError: it cannot be written.
    """
    document = tomlkit.document()
    document.add(tomlkit.comment(HEADING))
    document[_NAMES] = dict(sorted(names.items()))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if load(path)[1]:
            path.replace(path.with_suffix(".bak"))
        part = path.with_suffix(".part")
        part.write_text(tomlkit.dumps(document), encoding="utf-8")
        part.replace(path)
    except OSError as error:
        raise MidiError(f"the names of inputs cannot be kept: {error.strerror}", f"look at {path.parent}") from error
