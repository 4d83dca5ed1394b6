"""The command line as a process of its own: its version, how it names itself, and MIDI without its library."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    """An environment with a home of its own, and no sound or MIDI server."""
    names = ("HOME", "XDG_RUNTIME_DIR", "XDG_CACHE_HOME", "XDG_STATE_HOME", "LIVESET_MODELS")
    private = {**dict.fromkeys(names, str(tmp_path)), "PULSE_SERVER": "unix:/nonexistent", "JACK_NO_START_SERVER": "1"}
    return {**os.environ, **private, "LIVESET_STARTED_AS": "liveset", "PYTHONPATH": os.pathsep.join(sys.path)}


def liveset(home: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    """What a command says and how it ends."""
    argv = [sys.executable, "-m", "liveset", *words]
    return subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False, env=home)


def test_the_version_is_the_one_in_pyproject(home: dict[str, str]) -> None:
    stated = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    said = liveset(home, "--version")
    assert (said.returncode, said.stdout, said.stderr) == (0, f"liveset {stated}\n", "")


def test_messages_and_help_name_the_command_as_it_was_started(home: dict[str, str]) -> None:
    home["LIVESET_STARTED_AS"] = "./scripts/play"
    assert "start one with: ./scripts/play play" in liveset(home, "attach").stderr
    said = liveset(home, "midi", "--help").stdout
    assert "Usage: ./scripts/play midi" in said and "Example:  ./scripts/play midi" in said
    del home["LIVESET_STARTED_AS"]
    assert "start one with: python -m liveset play" in liveset(home, "attach").stderr


def test_where_the_midi_library_cannot_be_loaded_the_command_says_so_and_goes_on(home: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "supriya_midi.py").write_text('raise ImportError("libasound.so.2: cannot open shared object file: No such file")')
    home["PYTHONPATH"] = f"{tmp_path}{os.pathsep}{home['PYTHONPATH']}"
    said = liveset(home, "midi")
    assert said.returncode == 0, said.stderr
    assert "MIDI inputs: none; MIDI is off: supriya-midi cannot be loaded (libasound.so.2)" in said.stdout
    assert "prompt 1" in said.stdout
