"""The connection and the ways of closing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from engine.processes.client import EngineClient
from engine.processes.latest import STATUS, SharedBlock
from engine.processes.layout import STATUS_FILE
from engine.protocol import Command, Quit
from liveset.ui.screens.connection import Connection
from liveset.ui.screens.perform import PerformScreen
from tests.ui.fake_link import FakeLink, live
from tests.ui.screen import on_stage


async def test_screen_is_drawn_before_the_first_snapshot() -> None:
    link = FakeLink()
    link.here = False
    async with on_stage(None, (80, 24), link) as stage:
        shown = stage.text()
        for word in ("STARTING", "ARC", "NOW", "NEXT", "PROMPTS", "MACROS", "starting the engine", "q close"):
            assert word in shown
        prompts_at = stage.screen.prompts.region
        link.here = True
        await stage.update(live())
        assert "LIVE" in stage.line("▶")
        assert stage.screen.prompts.region == prompts_at


async def test_lost_engine_is_reported_and_retried_each_second() -> None:
    async with on_stage(live(), (80, 24)) as stage:
        stage.link.here = False
        await stage.update(times=90)
        assert stage.link.tries == 3
        assert "✗ ENGINE LOST" in stage.text()
        assert "the music plays on" in stage.text()
        stage.link.comes_back = True
        await stage.update(times=31)
        assert "▶ LIVE" in stage.text()
        assert "music plays on" not in stage.text()


async def test_lost_engine_without_player_is_reported_as_silent() -> None:
    async with on_stage(live(), (80, 24)) as stage:
        stage.link.here = stage.link.plays = False
        await stage.update()
        assert "the engine does not answer: trying" in stage.text(), "one look tells nothing of the player"
        await stage.update(times=120)
        assert "the player is gone too: nothing plays; press q, then run liveset play" in stage.text()
        assert "plays on" not in stage.text()
        stage.link.plays = True
        await stage.update(times=60)
        assert "the music plays on" in stage.text()
        stage.link.comes_back = True
        await stage.update(times=31)
        assert "gone too" not in stage.text()


def test_pulse_is_read_from_the_status_block(tmp_path: Path) -> None:
    client = EngineClient(tmp_path, 0.0)
    assert client.pulse() is None
    status = SharedBlock(tmp_path / STATUS_FILE, STATUS, create=True)
    assert client.pulse() is None, "a player that has not begun"
    status.update({"alive": 1.0, "beat": 7.0})
    assert client.pulse() == 7.0
    status["beat"] = 8.0
    assert client.pulse() == 8.0
    status["alive"] = 0.0
    assert client.pulse() is None
    client.close()


def test_starting_engine_is_retried_ten_times_a_second() -> None:
    link = FakeLink()
    link.here = False
    connection = Connection(link, 30)
    for _ in range(30):
        connection.step()
    assert link.tries == 10
    assert not connection.lost
    for _ in range(300):
        connection.step()
    notice = connection.notice(finished=False)
    assert notice is not None and notice.level == "error" and "11 s" in notice.text


@pytest.mark.parametrize(
    ("keys", "outcome", "sent"),
    [
        (("q", "s"), "stopped", [Quit()]),
        (("q", "down", "enter"), "stopped", [Quit()]),
        (("q", "l"), "left", []),
        (("q", "enter"), "left", []),
        (("ctrl+c", "l"), "left", []),
        (("ctrl+q", "s"), "stopped", [Quit()]),
    ],
)
async def test_quit_asks_whether_the_set_plays_on(keys: tuple[str, ...], outcome: str, sent: list[Command]) -> None:
    async with on_stage(live()) as stage:
        await stage.pilot.press(*keys)
    assert stage.app.return_value == outcome
    assert stage.link.sent == sent


@pytest.mark.parametrize("key", ["escape", "q"])
async def test_quit_can_be_cancelled(key: str) -> None:
    async with on_stage(live()) as stage:
        await stage.press("q")
        assert not isinstance(stage.app.screen, PerformScreen)
        assert await stage.press("space", "h", key) == []
        assert isinstance(stage.app.screen, PerformScreen)
    assert stage.app.return_value is None


async def test_finished_set_quits_without_asking() -> None:
    async with on_stage(replace(live(), state="finished")) as stage:
        assert "✓ FINISHED" in stage.text()
        await stage.pilot.press("q")
    assert stage.app.return_value == "finished"


async def test_screen_updates_behind_the_quit_dialog() -> None:
    async with on_stage(live()) as stage:
        await stage.press("q")
        await stage.update(live(150))
        assert "02:30" in stage.text()


async def test_help_names_every_group_and_closes() -> None:
    async with on_stage(live(), (100, 160)) as stage:
        await stage.press("question_mark")
        for word in ("Set", "Prompts", "Macros", "Stems", "panic", "command palette"):
            assert word in stage.text()
        await stage.press("escape")
        assert isinstance(stage.app.screen, PerformScreen)
