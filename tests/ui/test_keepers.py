"""The list of keepers on the screen, and the commands about them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from engine.protocol import Hold, KeeperList, ListKeepers, PromptWeight, RemoveKeeper, Snapshot, VaryNext
from engine.sections.keepers import CARD_FILE, keepers, keepers_root
from liveset.cli import app
from liveset.ui.screens.keepers import NONE, READING
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
        assert stage.line("│ sunrise-drop-2").strip().startswith("│ sunrise-drop-2")
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
    assert run(app, ["keepers", "export", name, str(tmp_path / "a.flac")]).exit_code == 0
    again = run(app, ["keepers", "export", name, str(tmp_path / "a.flac")])
    assert again.exit_code == 2 and "is there already" in again.output
    assert run(app, ["keepers", "export", name, str(tmp_path / "a.flac"), "--force"]).exit_code == 0
    assert run(app, ["keepers", "remove", name], input="n\n").exit_code == 0 and keepers()[0]
    assert run(app, ["keepers", "remove", name, "--yes"]).exit_code == 0 and not keepers()[0]
    gone = run(app, ["keepers", "remove", "..", "--yes"])
    assert gone.exit_code == 2 and "there is no keeper" in gone.output
