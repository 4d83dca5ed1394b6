"""Who pulls in what: the heavy libraries stay in their own processes."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

LIGHT = [
    (
        "engine.conductor.step",
        ("torch", "textual", "sounddevice", "mido", "numpy", "pydantic", "rapidfuzz", "platformdirs", "pickle"),
    ),
    ("engine.processes.client", ("torch", "textual", "numpy", "pydantic", "sounddevice")),
    ("engine.live.engine", ("torch", "textual", "sounddevice", "scipy", "ray")),
    ("engine.generators.remote.generator", ("torch", "ray")),
    ("liveset.commands.remote", ("torch", "ray")),
    ("engine.live.__main__", ("pydantic", "numpy", "mido", "engine.protocol.commands", "engine.protocol.player")),
    ("engine.player.__main__", ("torch", "textual", "mido", "pydantic")),
    ("liveset.cli", ("torch", "textual", "numpy", "pydantic", "importlib.metadata", "engine.protocol.commands")),
    ("liveset.ui.app", ("torch", "numpy", "pydantic", "sounddevice", "mido", "engine.protocol.player")),
]


def printed(code: str) -> list[str]:
    """The words that a fresh interpreter prints; coverage is not measured in it, since it imports things of its own."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    argv = [sys.executable, "-c", code]
    return subprocess.run(argv, env=env, capture_output=True, text=True, timeout=60, check=True).stdout.split()


@pytest.mark.parametrize(("module", "heavy"), LIGHT)
def test_processes_import_only_their_own_heavy_libraries(module: str, heavy: tuple[str, ...]) -> None:
    code = f"import sys, {module}; print(*[name for name in {heavy!r} if name in sys.modules])"
    assert printed(code) == []


def test_conductor_imports_only_plain_data_of_the_engine() -> None:
    code = "import sys, engine.conductor.step; print(*[name for name in sys.modules if name.startswith('engine.')])"
    parts = {name.split(".")[1] for name in printed(code)}
    assert parts <= {
        "conductor",
        "protocol",
        "timebase",
        "music",
        "actions",
        "action_rows",
        "errors",
        "offsets",
    }
