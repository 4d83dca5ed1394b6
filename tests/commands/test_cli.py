"""The command line, run as a person would: one clear sentence and exit code 2 for every mistake."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import soundfile

COMMANDS = ["play", "attach", "stop", "rehearse", "check", "devices", "midi", "doctor", "explain", "models"]
MODEL_COMMANDS = ["list", "pull", "import", "verify", "remove"]


@pytest.fixture
def home(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = str(tmp_path_factory.mktemp("h"))
    names = ("HOME", "XDG_RUNTIME_DIR", "XDG_CACHE_HOME", "XDG_STATE_HOME", "LIVESET_MODELS")
    paths = os.pathsep.join(sys.path)  # so that the generators of the tests are found from any folder
    private = {**dict.fromkeys(names, folder), "PULSE_SERVER": "unix:/nonexistent", "JACK_NO_START_SERVER": "1"}
    return {**os.environ, **private, "PYTHONPATH": paths}


def liveset(home: dict[str, str], *words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "liveset", *words]
    return subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False, env=home, cwd=cwd)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(home: dict[str, str], command: str) -> None:
    said = liveset(home, command, "--help")
    assert said.returncode == 0
    assert f"Example:  liveset {command}" in said.stdout


@pytest.mark.parametrize("command", MODEL_COMMANDS)
def test_every_command_about_models_has_help_with_an_example(home: dict[str, str], command: str) -> None:
    said = liveset(home, "models", command, "--help")
    assert said.returncode == 0
    assert f"Example:  liveset models {command}" in said.stdout


def test_models_alone_lists_what_can_be_fetched(home: dict[str, str]) -> None:
    said = liveset(home, "models")
    assert said.returncode == 0
    assert "no models yet" in said.stdout
    assert "small-music" in said.stdout
    assert "https://stability.ai/license" in said.stdout


def test_explain_prints_what_a_prompt_says(home: dict[str, str]) -> None:
    said = liveset(home, "explain", "dark tehcno, no hats")
    assert said.returncode == 0
    assert '"tehcno" was taken for "techno"' in said.stdout


def test_help_of_the_whole(home: dict[str, str]) -> None:
    said = liveset(home, "--help")
    assert all(command in said.stdout for command in COMMANDS)


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
    (("bad.toml",), '"minutes"'),
    (("play", "sunrise", "--block", "300"), "256, 512 or 1024"),
    (("play", "sunrise", "--minutes", "0"), "above 0"),
    (("play", "sunrise", "--record", "nowhere/x.flac"), "there is no folder"),
    (("play", "sunrise", "--record", "x.mp3"), "neither .flac nor .wav"),
    (("attach",), "no set is playing"),
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
def test_mistakes_are_one_clear_sentence(home: dict[str, str], tmp_path: Path, words: tuple[str, ...], says: str) -> None:
    (tmp_path / "bad.toml").write_text('[set]\nminuts = 6\n[[prompt]]\ntext = "house"\n')
    (tmp_path / "midi.toml").write_text('[[prompt]]\ntext = "house"\n[midi]\ncc500 = "prompt 1"\n')
    (tmp_path / "file").write_text("not a folder")
    (tmp_path / "folder.wav").mkdir()
    before = sorted(tmp_path.rglob("*"))
    said = liveset(home, *words, cwd=tmp_path)
    assert said.returncode == 2, said.stdout + said.stderr
    assert says in said.stderr
    assert "Traceback" not in said.stdout + said.stderr
    assert len(said.stderr.strip().splitlines()) == 1
    assert sorted(tmp_path.rglob("*")) == before


SHORT = '[set]\nminutes = 0.1\n[[prompt]]\ntext = "house"\n'
TONES = ("--generator", "tests.generators.tones:Tones")
"""Quick to start: what a rehearsal does with files is the same whatever plays."""


def test_a_rehearsal_replaces_what_it_was_told_to_and_says_how_quick_it_was(home: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "short.toml").write_text(SHORT)
    (tmp_path / "x.wav").write_text("old")
    said = liveset(home, "rehearse", "short.toml", "--out", "x.wav", cwd=tmp_path)
    assert said.returncode == 0, said.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["short.toml", "x.wav"]
    length = soundfile.info(tmp_path / "x.wav").duration
    assert re.search(rf"x\.wav: 1 section, {length:.0f} s of sound made in \d+ s, \d+\.\d times real time", said.stderr)


def test_a_rehearsal_that_was_given_no_name_replaces_nothing(home: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "short.toml").write_text(SHORT)
    (tmp_path / "short.flac").write_text("old")
    said = liveset(home, "rehearse", "short.toml", *TONES, cwd=tmp_path)
    assert "short-2.flac: 1 section" in said.stderr
    assert (tmp_path / "short.flac").read_text() == "old"
    assert soundfile.info(tmp_path / "short-2.flac").frames > 0


def test_a_rehearsal_into_the_home_folder_by_its_sign(home: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "short.toml").write_text(SHORT)
    said = liveset(home, "rehearse", "short.toml", "--out=~/signed.wav", *TONES, cwd=tmp_path)
    assert said.returncode == 0, said.stderr
    assert soundfile.info(Path(home["HOME"]) / "signed.wav").frames > 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["short.toml"]


def test_a_rehearsal_that_fails_leaves_the_old_file_and_nothing_of_its_own(home: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "dies.py").write_text("import os\n\n\ndef Dies():\n    os._exit(3)\n")
    (tmp_path / "short.toml").write_text(SHORT.replace("[[prompt]]", 'generator = "dies:Dies"\n[[prompt]]'))
    (tmp_path / "x.wav").write_text("old")
    before = sorted(tmp_path.iterdir())
    paths = os.pathsep.join((str(tmp_path), *sys.path))
    said = liveset(
        {**home, "PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"}, "rehearse", "short.toml", "--out", "x.wav", cwd=tmp_path
    )
    assert said.returncode == 2, said.stderr
    assert "the generator did not start" in said.stderr
    assert sorted(tmp_path.iterdir()) == before
    assert (tmp_path / "x.wav").read_text() == "old"


def test_check_prints_the_plan(home: dict[str, str]) -> None:
    said = liveset(home, "check", "sunrise")
    assert said.returncode == 0
    assert "124 BPM, F minor" in said.stdout
    assert re.search(r"drop +drop +\d+ +\d+", said.stdout)


def test_without_a_terminal_it_plays_with_a_line_a_second_until_interrupted(home: dict[str, str], tmp_path: Path) -> None:
    argv = [sys.executable, "-m", "liveset", "play", "sunrise", "--record", str(tmp_path / "take.wav")]
    process = subprocess.Popen(
        argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=home, stdin=subprocess.DEVNULL
    )
    assert process.stdout is not None
    lines: list[str] = []
    began = time.monotonic()
    for line in process.stdout:
        lines.append(line)
        if sum("playing" in seen for seen in lines) >= 3 or time.monotonic() - began > 60:
            break
    process.send_signal(signal.SIGINT)
    rest = process.stdout.read()
    assert process.wait(20) == 0, rest
    text = "".join(lines) + rest
    assert "Traceback" not in text
    assert "124 BPM | F minor | intro bar" in text
    assert (tmp_path / "take.wav").stat().st_size > 44_100
