"""Saving the set as a preset while it plays, on a thread of its own."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from functools import partial

from engine.command_line import command
from engine.conductor.pieces import order, sounding
from engine.conductor.state import State
from engine.errors import PresetError
from engine.midi.profiles import Bindings
from engine.midi.teaching.learned import in_preset
from engine.presets import Preset, SetList, as_set_list
from engine.presets.reading import own_folder
from engine.protocol import NOT_SAVED, SAVED
from engine.session.as_preset import pieces_written, save_preset, save_set, written
from engine.session.later import Later


class Saving:
    """Writes the set as it stands.

    Args:
        preset: what the set was made from, one piece or several.
        later: writes without holding anybody up.
        tell: a level and a sentence for the performer.
    """

    def __init__(self, preset: Preset | SetList, later: Later, tell: Callable[[str, str], None]) -> None:
        self._set_list, self._later, self._tell = as_set_list(preset), later, tell

    def save(self, name: str, state: State, force: bool, taught: Mapping[str, Bindings]) -> None:
        """Save the set under a name, with what its controllers were taught, and say how that went."""
        self._later(partial(self._write, name, state, force, taught), lambda said: self._tell(*said))

    def _write(self, name: str, state: State, force: bool, taught: Mapping[str, Bindings]) -> tuple[str, str]:
        pieces, preset = state.settings.pieces, self._set_list.first
        if pieces:
            preset = self._set_list.pieces[pieces[sounding(state)].number - 1]
        midi = in_preset(preset.midi.overrides, taught)
        try:
            if len(order(state)) > 1:
                texts = pieces_written(state, self._set_list, midi)
                path = save_set(name, texts, state.settings.title, force=force)
            else:
                path = save_preset(name, written(state, preset, midi), force=force)
        except PresetError as error:
            return "warning", f"{NOT_SAVED} {error}."
        if path.parent != own_folder():
            return "info", f"{SAVED} {path.name[:60]} is a preset now."
        return "info", f"{SAVED} {command(f'play {shlex.quote(path.stem)}')} plays it again."
