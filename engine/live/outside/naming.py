"""Names for MIDI inputs while the set plays: read at the start, and written on a thread of its own."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path

from engine.errors import MidiError
from engine.midi.mapping import Mapping
from engine.midi.teaching import given_names
from engine.session.later import Later

log = logging.getLogger(__name__)


class Naming:
    """Has the mapping call inputs as the performer does, and keeps the names.

    Args:
        mapping: names ports in what it tells.
        path: the file.
        later: writes it without holding anybody up.
        tell: a level and a sentence for the performer.
    """

    def __init__(self, mapping: Mapping, path: Path, later: Later, tell: Callable[[str, str], None]) -> None:
        self._mapping, self._path, self._later, self._tell = mapping, path, later, tell
        mapping.names, said = given_names.load(path)
        if said:
            tell("warning", said)

    @property
    def shown(self) -> tuple[tuple[str, str], ...]:
        """The names by ports."""
        return tuple(self._mapping.names.items())

    def rename(self, port: str, name: str) -> None:
        """Call a port something else; its own name, or none, takes the given one away."""
        name = given_names.tidy(name)
        rest = {other: given for other, given in self._mapping.names.items() if other != port}
        self._mapping.names = {**rest, port: name} if name and name != port else rest
        self._later(partial(self._write, dict(self._mapping.names)), self._written)

    def _write(self, names: dict[str, str]) -> str:
        try:
            given_names.save(self._path, names)
        except MidiError as error:
            log.warning("%s", error)
            return f"{error.message[:90]}."
        return ""

    def _written(self, failed: str) -> None:
        if failed:
            self._tell("warning", failed)
