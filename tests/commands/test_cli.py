"""The command line: one clear sentence and exit code 2 for every mistake. Run in this process, but for two of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile

from tests.support.commands import liveset, same_signals

__all__ = ["same_signals"]

COMMANDS = ["play", "attach", "serve", "stop", "rehearse", "check", "devices", "midi", "doctor", "explain", "models"]
MODEL_COMMANDS = ["list", "pull", "import", "verify", "remove"]


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home of its own, and no sound or MIDI server."""
    folder = tmp_path_factory.mktemp("h")
    for name in ("HOME", "XDG_RUNTIME_DIR", "XDG_CACHE_HOME", "XDG_STATE_HOME", "LIVESET_MODELS"):
        monkeypatch.setenv(name, str(folder))
    monkeypatch.setenv("PULSE_SERVER", "unix:/nonexistent")
    monkeypatch.setenv("JACK_NO_START_SERVER", "1")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))  # so that workers find the generators of the tests
    return folder


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty folder to work in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(command: str) -> None:
    said = liveset(command, "--help")
    assert said.exit_code == 0
    assert f"Example:  liveset {command}" in said.stdout


def test_serve_names_the_command_for_a_missing_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    said = liveset("serve")
    assert said.exit_code == 2
    assert said.stderr == (
        'liveset: a screen in a browser needs the textual-serve package; add what it needs: pip install "liveset[serve]"\n'
    )


@pytest.mark.parametrize("command", MODEL_COMMANDS)
def test_every_command_about_models_has_help_with_an_example(command: str) -> None:
    said = liveset("models", command, "--help")
    assert said.exit_code == 0
    assert f"Example:  liveset models {command}" in said.stdout


def test_models_alone_lists_what_can_be_fetched() -> None:
    said = liveset("models")
    assert said.exit_code == 0
    assert "no models yet" in said.stdout
    assert "small-music" in said.stdout
    assert "https://stability.ai/license" in said.stdout


def test_explain_prints_what_a_prompt_says() -> None:
    said = liveset("explain", "dark tehcno, no hats")
    assert said.exit_code == 0
    assert '"tehcno" was taken for "techno"' in said.stdout


BAD = '[set]\nminuts = 6\n[[prompt]]\ntext = "house"\n'
WRONG = [
    (("check", "sunrize"), "sunrise"),
    (("check", ""), "the preset's name is empty"),
    (("check", "midi.toml"), "midi.toml: [midi] cc500"),
    (("play", "midi.toml"), "midi.toml: [midi] cc500"),
    (("midi", "--preset", "midi.toml"), "midi.toml: [midi] cc500"),
    (("rehearse", "midi.toml", "--out", "x.wav"), "midi.toml: [midi] cc500"),
    (("rehearse", "sunrise", "--out", "folder.wav"), "folder.wav is a folder"),
    (("check", "bad.toml"), '"minutes"'),
    (("play", "bad.toml"), '"minutes"'),
    (("play", "sunrise", "--block", "300"), "256, 512 or 1024"),
    (("play", "sunrise", "--minutes", "0"), "above 0"),
    (("play", "sunrise", "--record", "nowhere/x.flac"), "there is no folder"),
    (("play", "sunrise", "--record", "x.mp3"), "neither .flac nor .wav"),
    (("attach",), "no set is playing"),
    (("serve",), "no set is playing"),
    (("models", "pull", "small-musik"), "there are small-music"),
    (("models", "import", "nowhere"), "there is no folder nowhere"),
    (("models", "import", "."), "model_config.json is missing"),
    (("models", "verify"), "liveset models pull small-music"),
    (("models", "verify", "small-sfx"), "liveset models pull small-sfx"),
    (("models", "remove", "small-music", "--yes"), "is not here"),
    (("rehearse", "bad.toml", "--out", "x.wav"), '"minutes"'),
    (("rehearse", "sunrise", "--out", "x.wav", "--midi", "none.mid"), "none.mid"),
    (("rehearse", "sunrise", "--out", "x.wav", "--midi", "bad.toml"), "bad.toml"),
    (("rehearse", "sunrise", "--out", "x.wav", "--report", "file/report"), "file"),
]


@pytest.mark.parametrize(("words", "says"), WRONG)
def test_every_mistake_is_told_in_one_sentence(here: Path, words: tuple[str, ...], says: str) -> None:
    (here / "bad.toml").write_text(BAD)
    (here / "midi.toml").write_text('[[prompt]]\ntext = "house"\n[midi]\ncc500 = "prompt 1"\n')
    (here / "file").write_text("not a folder")
    (here / "folder.wav").mkdir()
    before = sorted(here.rglob("*"))
    said = liveset(*words)
    assert said.exit_code == 2, said.stdout + said.stderr
    assert says in said.stderr
    assert "Traceback" not in said.stdout + said.stderr
    assert len(said.stderr.strip().splitlines()) == 1
    assert sorted(here.rglob("*")) == before


SHORT = '[set]\nminutes = 0.1\n[[prompt]]\ntext = "house"\n'
TONES = ("--generator", "tests.generators.tones:Tones")
"""Quick to start: what a rehearsal does with files is the same whatever plays."""


def test_rehearse_replaces_the_named_file_when_told_to_and_prints_its_speed(here: Path) -> None:
    (here / "short.toml").write_text(SHORT)
    (here / "x.wav").write_text("old")
    refused = liveset("rehearse", "short.toml", "--out", "x.wav")
    assert refused.exit_code == 2 and "x.wav is there already" in refused.stderr and "--force" in refused.stderr
    assert (here / "x.wav").read_text() == "old"
    said = liveset("rehearse", "short.toml", "--out", "x.wav", "--force")
    assert said.exit_code == 0, said.stderr
    assert sorted(path.name for path in here.iterdir()) == ["short.toml", "x.wav"]
    length = soundfile.info(here / "x.wav").duration
    assert re.search(rf"x\.wav: 1 section, {length:.0f} s of sound made in \d+ s, \d+\.\d times real time", said.stderr)


def test_rehearse_without_out_replaces_nothing(here: Path) -> None:
    (here / "short.toml").write_text(SHORT)
    (here / "short.flac").write_text("old")
    said = liveset("rehearse", "short.toml", *TONES)
    assert "short-2.flac: 1 section" in said.stderr
    assert (here / "short.flac").read_text() == "old"
    assert soundfile.info(here / "short-2.flac").frames > 0


def test_rehearse_expands_the_home_folder(home: Path, here: Path) -> None:
    (here / "short.toml").write_text(SHORT)
    said = liveset("rehearse", "short.toml", "--out=~/signed.wav", *TONES)
    assert said.exit_code == 0, said.stderr
    assert soundfile.info(home / "signed.wav").frames > 0
    assert sorted(path.name for path in here.iterdir()) == ["short.toml"]


def test_failed_rehearsal_leaves_the_old_file_and_no_other(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "dies.py").write_text("import os\n\n\ndef Dies():\n    os._exit(3)\n")
    (here / "short.toml").write_text(SHORT.replace("[[prompt]]", 'generator = "dies:Dies"\n[[prompt]]'))
    (here / "x.wav").write_text("old")
    before = sorted(here.iterdir())
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(here), *sys.path)))
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    said = liveset("rehearse", "short.toml", "--out", "x.wav", "--force")
    assert said.exit_code == 2, said.stderr
    assert "the generator did not start" in said.stderr
    assert sorted(here.iterdir()) == before
    assert (here / "x.wav").read_text() == "old"


def test_check_prints_the_plan() -> None:
    said = liveset("check", "sunrise")
    assert said.exit_code == 0
    assert "124 BPM, F minor" in said.stdout
    assert re.search(r"drop +drop +statement +\d+ +\d+", said.stdout)


def in_a_process(*words: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "liveset", *words]
    return subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False, stdin=subprocess.DEVNULL)


def test_play_is_the_default_command(here: Path) -> None:
    (here / "bad.toml").write_text(BAD)
    said = in_a_process("bad.toml")
    assert (said.returncode, said.stdout) == (2, "")
    assert said.stderr.startswith("liveset: ") and '"minutes"' in said.stderr and len(said.stderr.splitlines()) == 1


def test_help_lists_every_command() -> None:
    said = in_a_process("-h")
    assert said.returncode == 0
    assert all(command in said.stdout for command in COMMANDS)
