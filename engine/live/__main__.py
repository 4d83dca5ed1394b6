"""The engine's process: ``python -m engine.live SESSION_DIR [--resume | --again FRAME]``.

Starts the player and the generator, takes screens, MIDI and both processes' reports into one inbox, and hands them to the
session one by one. ``--resume`` takes over a set whose engine died: the player goes on meanwhile. ``--again`` goes on with a set
whose processes are all gone, from a transport frame; its state and values lie in the session's folder.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import threading
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

from engine.errors import EngineError, LivesetError
from engine.generator_names import STAND_IN
from engine.processes.children import Children
from engine.processes.layout import OPTIONS_FILE, PERFORMANCE_FILE, recording_name
from engine.protocol import SetOptions
from engine.resources import data_folder

# What takes long to import is imported below, once the generator and the player are on their way.


def _peek_generator(preset: str, among: Path = Path()) -> tuple[str, str]:
    """The generator a preset names, and [remote] address, read without the schema: its process must not wait for that.

    Args:
        preset: its name or path; of a set list the first piece counts.
        among: the folder that a path is counted from.
    """
    for path in (among / Path(preset).expanduser(), data_folder() / f"{Path(preset).name.removesuffix('.toml')}.toml"):
        try:
            table = tomllib.loads(path.read_text(encoding="utf-8"))
            if "setlist" in table:
                return (STAND_IN, "") if among != Path() else _peek_generator(str(table["setlist"]["pieces"][0]), path.parent)
            name, remote = table["set"].get("generator", STAND_IN), table.get("remote", {}).get("address", "")
        except (OSError, ValueError, LookupError, TypeError, AttributeError):
            continue
        return str(name), str(remote)
    return STAND_IN, ""


def _say(verdict: dict[str, Any]) -> None:
    """Tell whoever started this process how it stands; then the pipe is closed for good."""
    try:
        print(json.dumps(verdict), flush=True)
        sys.stdout.close()
    except (OSError, ValueError):  # nobody listens any more, or the word was given before
        return


def main(argv: list[str]) -> int:
    """Run an engine until the set is over or it is told to quit."""
    folder, again = Path(argv[0]), int(argv[2]) if argv[1:2] == ["--again"] else None
    resume = "--resume" in argv or again is not None
    children = None
    try:
        options = _options(folder)
        named, remote = _peek_generator(options.preset)
        options = replace(options, remote=options.remote or remote or None)
        children = Children(folder, options)
        if not resume:
            children.start_params()
            children.start_worker("main", options.generator or named)
        _say({"title": (title := _checked(options))})
        if not resume:
            _make_log(folder, title, options)
            children.start_player()
        elif again is not None:
            children.start_player(again)
        from engine.live.engine import LiveEngine

        engine = LiveEngine(folder, options, children, resume, again)
    except (OSError, ValueError) as error:  # a file of the session's folder that is damaged
        return _give_up(children, EngineError(f"cannot use {folder} ({error})", "stop the set, and start it again"))
    except LivesetError as error:
        return _give_up(children, error)
    engine.run()
    os._exit(0)  # a thread that hangs in a driver or on a disk must not keep the process


def _give_up(children: Children | None, error: LivesetError) -> int:
    """End what was started, and say why."""
    if children is not None:
        children.stop()
    print(f"the engine ended: {error}", file=sys.stderr)
    _say({"error": error.message, "hint": error.hint})
    return 2


def _options(folder: Path) -> SetOptions:
    """What the command line asked for.

    Raises:
        EngineError: if it cannot be read any more.
    """
    try:
        return SetOptions.read(folder / OPTIONS_FILE)
    except (OSError, ValueError, TypeError) as error:
        raise EngineError(f"{folder / OPTIONS_FILE} cannot be read ({error})", "stop the set, and start it again") from error


def _checked(options: SetOptions) -> str:
    """The set's title, once everything a person may have written wrong was looked at; the rest is imported after."""
    from engine.midi.mapping import mapping_of
    from engine.presets import checked_generator, load_set
    from engine.prompts.vocabulary import own_vocabulary, vocabulary

    if own_vocabulary().is_file():
        vocabulary()
    chosen = load_set(options.presets)
    for preset in chosen.pieces:
        mapping_of(preset.source, preset.midi.controller, preset.midi.overrides)
    if options.generator:
        checked_generator(options.generator)
    if len(chosen.pieces) > 1:
        from engine.session.opening import pieces_of

        pieces_of(chosen, options)
    return chosen.name


def _make_log(folder: Path, title: str, options: SetOptions) -> None:
    """Make the folder in which what is played is written down, and name it to all processes; a set plays without as well."""
    from engine.performances.entries import PRESET_COPY
    from engine.performances.folders import give_up_old, new_folder
    from engine.presets import copy_set

    if (log := new_folder(Path(recording_name(title)).stem)) is not None:
        (folder / PERFORMANCE_FILE).write_text(str(log), encoding="utf-8")
        with contextlib.suppress(OSError):
            options.write(log / OPTIONS_FILE)
        copy_set(options.presets, log, PRESET_COPY)
    threading.Thread(target=give_up_old, name="old sets", daemon=True).start()  # the set does not wait for a slow disk


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
