"""README and the pages beside it: paths that they name exist, links lead somewhere, commands are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from liveset.cli import app

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])

_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_CODE = re.compile(r"`([^`\n]+)`")
_PATH = re.compile(r"(?:(?<=\./)|(?<![/\w]))(?:engine|liveset|presets|scripts|tests|docs)/[\w./*-]*")
_COMMAND = re.compile(r"(?:\./scripts/play|`liveset) (\w[\w-]*)")

INVENTED = {
    "presets/styles/my_style.toml",
    "presets/styles/NAME.toml",
    "engine/midi/controllers/my_controller.toml",
    "engine/midi/controllers/NAME.toml",
}
"""Paths that a recipe asks the reader to make."""

SETS = {path.stem for path in (ROOT / "presets").glob("*.toml")} | {"my-set"}


def page_id(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_links_lead_somewhere(page: Path) -> None:
    links = [link.partition("#")[0] for link in _LINK.findall(page.read_text("utf-8")) if not link.startswith("http")]
    assert [link for link in links if link and not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_paths_that_are_named_exist(page: Path) -> None:
    named = {path for code in _CODE.findall(page.read_text("utf-8")) for path in _PATH.findall(code)} - INVENTED
    assert sorted(path for path in named if not list(ROOT.glob(path.rstrip("/")))) == []


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_commands_that_are_named_exist(page: Path) -> None:
    commands = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}
    commands |= {str(group.name) for group in app.registered_groups}
    named = set(_COMMAND.findall(page.read_text("utf-8")))
    assert named - commands - SETS == set()
