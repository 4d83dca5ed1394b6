"""The list of keepers on the screen, and the commands about them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from engine.protocol import (
    Hold,
    KeeperList,
    ListenKeeper,
    ListKeepers,
    MarkKeeper,
    PromptWeight,
    RemoveKeeper,
    Snapshot,
    VaryNext,
)
from engine.sections.keepers import CARD_FILE, find_keeper, keepers, keepers_root, mark_keeper
from liveset.cli import app
from liveset.ui.screens.keepers import NONE, NOTHING_FOUND, READING
from liveset.ui.widgets.kept import STAR
from tests.sections.cards import CARD, kept
from tests.ui.fake_link import live
from tests.ui.screen import Stage, on_stage


@pytest.fixture(autouse=True)
def _private(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LIVESET_KEEPERS", str(tmp_path / "kept"))


def listed() -> Snapshot:
    """What the engine shows once it was asked for the keepers."""
    return replace(live(), keepers=KeeperList(*keepers()))


async def opened(stage: Stage) -> None:
    """The list, with what the engine found."""
    assert await stage.press("K") == [ListKeepers()]
    await stage.update(listed())


async def test_keeper_is_chosen_for_the_next_section(tmp_path: Path) -> None:
    older, newer = kept(tmp_path), kept(tmp_path)
    async with on_stage(live(), size=(80, 24)) as stage:
        assert await stage.press("K") == [ListKeepers()]
        assert READING in stage.text()
        await stage.update(listed())
        assert stage.line("│  sunrise-drop-2").strip().startswith("│  sunrise-drop-2")
        (line,) = [line for line in stage.text().splitlines() if "sunrise-drop-1" in line]
        assert line.split()[1:-1] == ["sunrise-drop-1", "drop", "8", "bars", "124.0", "BPM", "F", "minor", "house"]
        assert await stage.press("h") == [], "the set's own keys rest while the list is there"
        assert set(await stage.press("down", "enter")) == {VaryNext(keeper=older), ListKeepers(False)}
        await opened(stage)
        assert VaryNext(keeper=newer) in await stage.press("enter")
        await opened(stage)
        assert await stage.press("escape", "h") == [ListKeepers(False), Hold()]


async def test_long_keeper_list_leaves_now_and_next_visible(tmp_path: Path) -> None:
    prompts = (PromptWeight("dub chords, long echoes", 0.3), PromptWeight("warm analog house, [b]rolling[/b] bass", 0.7))
    long = replace(CARD, name="A set whose title never ends, drop", role="breakdown", key="D# mixolydian", prompts=prompts)
    for _ in range(12):
        kept(tmp_path, long)
    async with on_stage(live(), size=(80, 24)) as stage:
        await opened(stage)
        await stage.press("up")
        shown = stage.text().splitlines()
        assert any("BARS LEFT" in line for line in shown) and any("SAFE" in line for line in shown)
        assert len([line for line in shown if "a-set-whose-title" in line]) > 4
        (line,) = [line for line in shown if "…-1 " in line]
        assert "breakdown" in line and "D# mixolydian" in line and " warm" in line and line.rstrip().endswith("│")
    async with on_stage(live(), size=(120, 40)) as stage:
        await opened(stage)
        assert "warm analog house, [b]rol" in stage.text()


async def test_the_library_is_searched_while_it_is_written(tmp_path: Path) -> None:
    dub = kept(tmp_path, replace(CARD, name="Night dub", role="breakdown", key="A minor"))
    kept(tmp_path), kept(tmp_path)
    mark_keeper(dub.name, tags=["#Late", "slow"], note="for the end")
    async with on_stage(live(), size=(80, 24)) as stage:
        await opened(stage)
        assert await stage.press("slash", *"late") == []
        assert "Keepers: late" in stage.text() and "sunrise-drop" not in stage.text()
        assert "#late #slow for the end" in stage.text()
        assert await stage.press("enter", "d", "escape") == [], "keys work on the list again, and it is whole again"
        assert "sunrise-drop-2" in stage.text() and "once more" not in stage.text()
        await stage.press("slash", *"nothing like it")
        assert NOTHING_FOUND in stage.text()
        await stage.press("escape", "escape", "slash", *"a minor", "enter")
        assert VaryNext(keeper=find_keeper(dub.name)) in await stage.press("enter")


async def test_a_keeper_is_starred_tagged_and_noted(tmp_path: Path) -> None:
    older, newer = kept(tmp_path), kept(tmp_path)
    async with on_stage(live(), size=(80, 24)) as stage:
        await opened(stage)
        assert await stage.press("down", "s") == [MarkKeeper(older.name, star=True)]
        mark_keeper(older.name, star=True)
        await stage.update(listed())
        first, second = [line for line in stage.text().splitlines() if "sunrise-drop-" in line][:2]
        assert f"│ {STAR}sunrise-drop-1" in first and "sunrise-drop-2" in second, "stars first"
        assert await stage.press("s") == [MarkKeeper(older.name, star=False)], "the keyboard stays on it"
        assert await stage.press("down", "t", *"dub late", "enter") == [MarkKeeper(newer.name, tags=("dub", "late"))]
        mark_keeper(newer.name, tags=["dub", "late"])
        await stage.update(listed())
        assert "#dub #late" in stage.text()
        assert await stage.press("t", "backspace", "escape") == [], "left as it was"
        assert await stage.press("n", *"for d", "enter") == [MarkKeeper(newer.name, note="for d")]
        assert await stage.press("slash", "asterisk", "enter", "s") == [MarkKeeper(older.name, star=False)]


async def test_a_list_that_comes_while_a_note_is_written_leaves_it(tmp_path: Path) -> None:
    (keeper,) = (kept(tmp_path),)
    async with on_stage(live(), size=(80, 24)) as stage:
        await opened(stage)
        await stage.press("n", *"one")
        kept(tmp_path)
        await stage.update(listed())
        assert await stage.press(*" two", "enter") == [MarkKeeper(keeper.name, note="one two")]


async def test_keeper_is_deleted_only_at_the_second_press(tmp_path: Path) -> None:
    async with on_stage(live(), size=(80, 24)) as stage:
        await opened(stage)
        assert NONE in stage.text()
        assert await stage.press("enter", "d", "escape") == [ListKeepers(False)]
        kept(tmp_path), kept(tmp_path)
        await opened(stage)
        assert await stage.press("d") == []
        assert "d once more deletes sunrise-drop-2" in stage.text()
        assert await stage.press("down", "d", "up") == []
        assert "once more" not in stage.text()
        assert await stage.press("d", "d") == [RemoveKeeper("sunrise-drop-2")]
        await stage.update(replace(live(), keepers=KeeperList(keepers()[0][1:])))
        assert "sunrise-drop-2" not in stage.text() and "sunrise-drop-1" in stage.text()
        (keepers_root() / "sunrise-drop-1" / CARD_FILE).write_text("{")
        await stage.update(listed())
        assert "sunrise-drop-1 has no readable keeper.json" in " ".join(stage.text().split())
        kept(tmp_path)
        await stage.update(listed())
        await stage.press("d")
        assert "d once more deletes" in stage.text()
        await stage.press("down")
        assert "sunrise-drop-1 has no readable keeper.json" in " ".join(stage.text().split())


def test_keepers_command_lists_exports_and_removes(tmp_path: Path) -> None:
    run = CliRunner().invoke
    assert "nothing is kept yet" in run(app, ["keepers"]).output
    name = kept(tmp_path).name
    assert f"2026-05-01 22:30  {name}" in run(app, ["keepers"]).output
    assert json.loads(run(app, ["keepers", "--json"]).output)["keepers"][0]["bpm"] == 124.0
    marked = run(app, ["keepers", "mark", name, "--star", "--tag", "Dub", "--tag", "#late", "--note", "for the\nend"])
    assert marked.exit_code == 0 and marked.output.startswith(f"{STAR}{name}") and "#dub #late" in marked.output
    assert "for the, end" in run(app, ["keepers", "--search", "dub *"]).output
    assert "no keeper has all of these words" in run(app, ["keepers", "--search", "ambient"]).output
    assert run(app, ["keepers", "mark", name, "--no-star", "--tag", "", "--note", ""]).output.startswith(f" {name}")
    assert (find_keeper(name).star, find_keeper(name).tags, find_keeper(name).note) == (False, (), "")
    assert run(app, ["keepers", "mark", "none"]).exit_code == 2
    assert run(app, ["keepers", "export", name, str(tmp_path / "a.flac")]).exit_code == 0
    again = run(app, ["keepers", "export", name, str(tmp_path / "a.flac")])
    assert again.exit_code == 2 and "is there already" in again.output
    assert run(app, ["keepers", "export", name, str(tmp_path / "a.flac"), "--force"]).exit_code == 0
    assert run(app, ["keepers", "remove", name], input="n\n").exit_code == 0 and keepers()[0]
    assert run(app, ["keepers", "remove", name, "--yes"]).exit_code == 0 and not keepers()[0]
    gone = run(app, ["keepers", "remove", "..", "--yes"])
    assert gone.exit_code == 2 and "there is no keeper" in gone.output


async def test_a_keeper_is_heard_in_the_headphones(tmp_path: Path) -> None:
    older, newer = kept(tmp_path), kept(tmp_path)
    async with on_stage(live(), size=(80, 24)) as stage:
        await opened(stage)
        assert await stage.press("space", "down", "space") == [ListenKeeper(newer.name), ListenKeeper(older.name)]
        assert "space: hear" in stage.text()
