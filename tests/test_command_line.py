"""Messages name commands as this person started the instrument."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from engine.command_line import STARTED_AS, command, in_checkout, started_as

ROOT = Path(__file__).parents[1]
COMMANDS = "play|attach|stop|rehearse|check|devices|midi|doctor|explain|models|keepers"


@pytest.fixture(autouse=True)
def unset(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(STARTED_AS, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))


def program(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / "liveset"
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_what_scripts_play_says_counts_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(STARTED_AS, "./scripts/play")
    assert command("attach") == "./scripts/play attach"
    assert in_checkout()


def test_a_program_on_the_path_is_called_by_its_name(tmp_path: Path) -> None:
    assert started_as(str(program(tmp_path))) == "liveset"
    assert not in_checkout()


def test_a_program_off_the_path_is_called_by_the_path_it_was_started_by(tmp_path: Path) -> None:
    elsewhere = program(tmp_path / "my venv")
    assert started_as(str(elsewhere)) == f"'{elsewhere}'"
    program(tmp_path)
    assert started_as(str(elsewhere)) == f"'{elsewhere}'", "another liveset on the PATH is not this one"


def test_a_module_is_called_as_a_module() -> None:
    assert started_as("/somewhere/liveset/__main__.py") == "python -m liveset"


def test_other_programs_that_use_the_engine_name_the_command_itself() -> None:
    assert started_as("/somewhere/pytest/__main__.py") == "liveset"


def literals(path: Path) -> list[tuple[int, str]]:
    """The texts in a file that are no docstrings, by line."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    statements = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return [
        (node.lineno, node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in statements
    ]


@pytest.mark.parametrize("package", ["engine", "liveset"])
def test_no_message_spells_a_command_by_itself(package: str) -> None:
    spelled = re.compile(rf"\bliveset ({COMMANDS})\b")
    found = [
        f"{path.relative_to(ROOT)}:{line}: {text}"
        for path in sorted((ROOT / package).rglob("*.py"))
        for line, text in literals(path)
        if spelled.search(text)
    ]
    assert not found, "write command(...) of engine.command_line instead"
