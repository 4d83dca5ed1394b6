"""What performers taught the instrument about their controllers: a file a controller, in a folder that all presets share."""

from __future__ import annotations

import logging
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import tomlkit

from engine.errors import MidiError
from engine.midi.meaning.values import EVEN, MODES, PICK_UP
from engine.midi.profiles import OFF, Binding, Bindings, Control, parse_bindings
from engine.midi.rules import PORT_TABLE, fits

log = logging.getLogger(__name__)

HEADING: Final = "What this controller's controls were taught to move. Take a line out, or the whole file, to forget it."
_SLUG: Final = re.compile(r"[^a-z0-9]+")


def file_of(folder: Path, port: str) -> Path:
    """Where a controller's file lies; names that differ in nothing but signs share one."""
    return folder / f"{_SLUG.sub('-', port.lower()).strip('-')[:80] or 'controller'}.toml"


def key_of(control: Control) -> str:
    """A control as files write it: ``ch1_cc21``."""
    channel = "" if control.channel is None else f"ch{control.channel}_"
    return f"{channel}{Control(control.kind, control.number)}"


def line_of(binding: Binding | None) -> str | dict[str, object]:
    """The right side of a control's line, see `engine.midi.profiles.parse_bindings`."""
    if binding is None:
        return OFF
    fields: dict[str, object] = {"to": binding.action.name}
    if binding.mode != MODES[0]:
        fields["mode"] = binding.mode
    if binding.span != (0.0, 1.0):
        fields["range"] = list(binding.span)
    if binding.curve != EVEN:
        fields["curve"] = binding.curve
    if binding.takeover != PICK_UP:
        fields["takeover"] = binding.takeover
    return binding.action.name if len(fields) == 1 else fields


def lines_of(table: Bindings) -> tomlkit.items.Table:
    """A table of controls as files write it, a line each."""
    lines = tomlkit.table()
    for control, binding in sorted(table.items(), key=lambda item: (item[0].channel or 0, item[0].kind, item[0].number)):
        if binding is not None and binding.low:
            continue
        line = line_of(binding)
        if isinstance(line, dict):
            inline = tomlkit.inline_table()
            inline.update(line)
            lines[key_of(control)] = inline
        else:
            lines[key_of(control)] = line
    return lines


def written(port: str, table: Bindings) -> str:
    """A controller's file."""
    document = tomlkit.document()
    document.add(tomlkit.comment(HEADING))
    document["port"] = port
    document["controls"] = lines_of(table)
    return tomlkit.dumps(document)


def profile(port: str, table: Bindings) -> str:
    """A controller's map as a profile that ships or lies in anybody's folder, see `engine.midi.profiles`."""
    document = tomlkit.document()
    document["title"] = port
    document["ports"] = [port]
    document["controls"] = lines_of(table)
    return tomlkit.dumps(document)


def in_preset(overrides: Mapping[str, Any], taught: Mapping[str, Bindings]) -> dict[str, Any]:
    """A preset's [midi] table with what its inputs were taught, in tables of their own; the preset's own lines come first.

    Args:
        overrides: the table without ``controller``, see `engine.midi.rules.parse_rules`.
        taught: what counts of each input, by its name.
    """
    ports: Mapping[str, Any] = overrides.get(PORT_TABLE, {})
    added = {}
    for port, table in taught.items():
        if table:
            own: Mapping[str, Any] = next((lines for pattern, lines in ports.items() if fits(port, pattern)), {})
            added[port] = {**lines_of(table).unwrap(), **own}
    if not added:
        return dict(overrides)
    return {**overrides, PORT_TABLE: {**added, **{name: lines for name, lines in ports.items() if name not in added}}}


def save(folder: Path, port: str, table: Bindings) -> None:
    """Write a controller's file, in one go; with nothing to keep, remove it.

    Raises:
        MidiError: it cannot be written.
    """
    path = file_of(folder, port)
    try:
        if not table:
            path.unlink(missing_ok=True)
            return
        folder.mkdir(parents=True, exist_ok=True)
        _put_aside(path)
        part = path.with_suffix(".part")
        part.write_text(written(port, table), encoding="utf-8")
        part.replace(path)
    except OSError as error:
        raise MidiError(f"what was learned cannot be kept: {error.strerror}", f"look at {path.parent}") from error


def _read(path: Path) -> tuple[str, Bindings]:
    """A file's controller and what it was taught.

    Raises:
        OSError, ValueError, MidiError: it cannot be used.
    """
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    port, controls = data.get("port"), data.get("controls")
    if not isinstance(port, str) or not isinstance(controls, Mapping):
        raise MidiError("it needs a port and a table [controls]", "take the file away, and teach it again")
    return port, parse_bindings(controls)


def _put_aside(path: Path) -> None:
    """Keep a file that somebody wrote and that cannot be used, under another name: the next lesson must not cost it."""
    try:
        _read(path)
    except FileNotFoundError:
        return
    except (OSError, ValueError, MidiError):
        path.replace(path.with_suffix(".bak"))


def load(folder: Path) -> tuple[dict[str, Bindings], list[str]]:
    """What every controller was taught, by its port's name, and a sentence for each file that cannot be used."""
    found: dict[str, Bindings] = {}
    said: list[str] = []
    for path in sorted(folder.glob("*.toml")) if folder.is_dir() else []:
        try:
            port, table = _read(path)
            found[port] = table
        except (OSError, ValueError, MidiError) as error:
            log.warning("%s is left out: %s", path, error)
            text = error.message if isinstance(error, MidiError) else "it cannot be read"
            said.append(f"MIDI: {path.name} is left out ({text.removeprefix('[midi] ')[:50]}); see the log")
    return found, said
