"""The engine's process: ``python -m engine.live SESSION_DIR [--resume]``.

Starts the player and the generator, takes screens, MIDI and both processes' reports into one inbox, and hands them to the
session one by one. ``--resume`` takes over a set whose engine died: the player goes on meanwhile.
"""

from __future__ import annotations

import json
import sys
import tomllib
from pathlib import Path
from typing import Any, Final

from engine.children import Children

OPTIONS_FILE: Final = "options.json"


def _peek_generator(preset: str) -> str:
    """The generator a preset names, read without the schema: its process takes longest to start and must not wait."""
    from engine.data import data_folder

    for path in (Path(preset).expanduser(), data_folder() / f"{Path(preset).name.removesuffix('.toml')}.toml"):
        try:
            name = tomllib.loads(path.read_text(encoding="utf-8"))["set"]["generator"]
        except (OSError, ValueError, KeyError, TypeError):
            continue
        return str(name)
    return "pocket"


def _say(verdict: dict[str, Any]) -> None:
    """Tell whoever started this process how it stands; then the pipe is closed for good."""
    try:
        print(json.dumps(verdict), flush=True)
    except OSError:
        return
    sys.stdout.close()


def main(argv: list[str]) -> int:
    """Run an engine until the set is over or it is told to quit."""
    folder, resume = Path(argv[0]), "--resume" in argv
    options: dict[str, Any] = json.loads((folder / OPTIONS_FILE).read_text(encoding="utf-8"))
    children = Children(folder, options)
    if not resume:
        children.start_params()
        children.start_worker("main", options.get("generator") or _peek_generator(options["preset"]))
        children.start_player()

    from engine.errors import LivesetError
    from engine.live_engine import LiveEngine

    try:
        engine = LiveEngine(folder, options, children, resume)
    except LivesetError as error:
        children.stop()
        _say({"error": error.message, "hint": error.hint})
        return 2
    _say({"title": engine.session.state.settings.title, "note": engine.note})
    engine.run()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
