"""scripts/setup.sh, function by function: which Python, which extra, and what is asked of which package index."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

SETUP = Path(__file__).parents[2] / "scripts" / "setup.sh"
BASH = shutil.which("bash") or "bash"
TOOLS = ("cat", "cut", "env", "grep", "mktemp", "rm", "sleep", "tail", "tr", "uname")
INDEX = "https://torch.invalid/cpu"


class Machine:
    """A folder to set up in, and a PATH with nothing but a few tools and the programs that a test puts there."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.bin, self.asked = folder / "checkout", folder / "bin", folder / "asked"
        self.folder.mkdir()
        self.bin.mkdir()
        self.asked.touch()
        for tool in TOOLS:
            found = shutil.which(tool)
            assert found is not None
            (self.bin / tool).symlink_to(found)
        self.environment = {"PATH": str(self.bin), "TMPDIR": str(folder), "ASKED": str(self.asked)}

    def program(self, name: str, text: str) -> Path:
        path = self.folder / name if "/" in name else self.bin / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!{BASH}\n{text}\n")
        path.chmod(0o755)
        return path

    def python(self, name: str, version: str) -> Path:
        return self.program(name, f"echo {version}")

    def does(self, words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        script = f"set -euo pipefail; . '{SETUP}'; {words}"
        argv = [BASH, "-c", script, "./scripts/play"]
        env = {**self.environment, **environment}
        return subprocess.run(argv, cwd=self.folder, env=env, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.mark.parametrize("version", ["3.11.0", "3.12.1", "3.13.0rc2", "3.14.2"])
def test_every_python_that_serves_is_taken(machine: Machine, version: str) -> None:
    machine.python("python3", version)
    assert machine.does("liveset_python").stdout == "python3"


def test_a_newer_python_that_is_not_tried_yet_and_older_ones_are_passed_over(machine: Machine) -> None:
    machine.python("python3", "3.15.0")
    machine.python("python3.12", "3.12.9")
    assert machine.does("liveset_python").stdout == "python3.12"


def test_pythons_that_are_all_too_old_get_one_clear_sentence(machine: Machine) -> None:
    machine.python("python3", "3.9.2")
    said = machine.does("liveset_python")
    assert said.returncode == 1 and said.stdout == ""
    assert len(said.stderr.splitlines()) == 1
    assert "needs Python 3.11 to 3.14 (found: 3.9.2)" in said.stderr and "PYTHON=" in said.stderr


def test_a_python_that_is_named_is_refused_rather_than_replaced(machine: Machine) -> None:
    machine.python("python3.12", "3.12.9")
    old = machine.python("old", "3.10.13")
    said = machine.does("liveset_python", PYTHON=str(old))
    assert (said.returncode, said.stdout) == (1, "")
    assert "is Python 3.10.13; liveset needs Python 3.11 to 3.14" in said.stderr
    said = machine.does("liveset_python", PYTHON="/nowhere/python")
    assert "PYTHON=/nowhere/python does not run" in said.stderr


def test_uv_fetches_a_python_where_none_serves(machine: Machine) -> None:
    machine.program("uv", "exit 0")
    assert machine.does("liveset_python").stdout == "3.13"


def test_an_extra_that_does_not_exist_is_refused(machine: Machine) -> None:
    said = machine.does("liveset_extra", LIVESET_EXTRA="stable-radio")
    assert said.returncode == 1
    assert "LIVESET_EXTRA is stable-radio, but the extras are serve, link, remote and stable-audio" in said.stderr


def test_an_extra_is_added_to_those_that_are_there(machine: Machine) -> None:
    (machine.folder / ".venv").mkdir()
    (machine.folder / ".venv" / ".ready-stable-audio").touch()
    assert machine.does("liveset_extra", LIVESET_EXTRA="serve").stdout == "serve,stable-audio"
    (machine.folder / ".venv" / ".ready-serve,stable-audio").touch()
    assert machine.does("liveset_extra").stdout == "serve,stable-audio"
    assert machine.does("liveset_extra", LIVESET_EXTRA="link").stdout == "serve,link,stable-audio"


def test_stable_audio_stays_once_it_was_added_and_dev_has_it_all(machine: Machine) -> None:
    assert machine.does("liveset_extra").stdout == ""
    assert machine.does("liveset_extra", LIVESET_EXTRA="stable-audio").stdout == "stable-audio"
    (machine.folder / ".venv").mkdir()
    (machine.folder / ".venv" / ".ready-stable-audio").touch()
    assert machine.does("liveset_extra").stdout == "stable-audio"
    assert machine.does("liveset_extra dev").stdout == "dev"


ANSWERING = 'case "$*" in "-m pip"*) echo "pip $*" >>"$ASKED";; *torch.invalid*) exit 0;; *) exit 1;; esac'
SILENT = ANSWERING.replace("torch.invalid", "nothing.invalid")


def installed(machine: Machine, python: str, **environment: str) -> tuple[list[str], str]:
    """What the two steps of an installation ask the installer for, and what they say."""
    machine.program(".venv/bin/python", python)
    steps = "liveset_torch; liveset_tell_cuda; liveset_install -c constraints.txt -e ."
    said = machine.does(steps, LIVESET_TORCH_INDEX=INDEX, **environment)
    assert said.returncode == 0, said.stderr
    return machine.asked.read_text().splitlines(), said.stderr


LINUX = pytest.mark.skipif(os.uname().sysname != "Linux" if hasattr(os, "uname") else True, reason="elsewhere one index serves")


@LINUX
def test_pytorchs_own_index_serves_torch_alone(machine: Machine) -> None:
    torch, rest = installed(machine, ANSWERING)[0]
    assert torch.endswith(f"--no-deps -c constraints.txt --index-url {INDEX} torch")
    assert rest.endswith("-c constraints.txt -e .") and INDEX not in rest
    assert torch.startswith("pip -m pip") and "--no-input" in torch and "--no-input" in rest


@LINUX
def test_where_pytorchs_own_index_does_not_answer_the_usual_one_serves(machine: Machine) -> None:
    asked, said = installed(machine, SILENT)
    assert len(asked) == 2 and not any(INDEX in line for line in asked)
    assert "taking PyTorch from the usual index" in said


@LINUX
def test_cuda_is_taken_from_the_usual_index_where_it_is_wished_for(machine: Machine) -> None:
    asked, _ = installed(machine, ANSWERING, LIVESET_CUDA="1")
    assert not any(INDEX in line for line in asked)


def test_uv_installs_where_it_is_there(machine: Machine) -> None:
    machine.program("uv", 'echo "uv $*" >>"$ASKED"')
    asked, _ = installed(machine, ANSWERING)
    assert all(line.startswith("uv pip install --python") for line in asked) and len(asked) == 2


def test_gigabytes_of_cuda_are_told_of_before_they_come(machine: Machine) -> None:
    machine.program(".venv/bin/python", "exit 0")  # it says that CUDA's libraries come along
    assert "gigabytes of CUDA" in machine.does("liveset_tell_cuda").stderr
    machine.program(".venv/bin/python", "exit 1")
    said = machine.does("liveset_tell_cuda")
    assert (said.returncode, said.stderr) == (0, "")


def test_a_step_that_fails_shows_what_it_said_last_and_fails(machine: Machine) -> None:
    machine.program("broken", "echo Collecting things; echo no room left >&2; exit 7")
    said = machine.does("liveset_run 'installing' broken || echo status $?")
    assert said.stdout == "status 7\n"
    assert "no room left" in said.stderr


def test_a_step_that_takes_its_time_shows_where_it_is(machine: Machine) -> None:
    machine.program("slow", "echo Collecting numpy; read -r _ <go")
    os.mkfifo(machine.folder / "go")
    # No quiet seconds are allowed, so that the first look already tells; the step ends once it was told of.
    told = "liveset_say() { printf '%s\\n' \"$*\" >&2; [ ! -p go ] || { echo >go; rm go; }; }"
    said = machine.does(f"LIVESET_QUIET_S=0; {told}; liveset_run installing slow")
    assert said.returncode == 0
    assert re.fullmatch(r"installing \(\d+ s\) Collecting numpy", said.stderr.splitlines()[0])
