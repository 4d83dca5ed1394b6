"""Pictures of the screen that must not change unseen (``pytest --snapshot-update`` takes them anew)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from textual.pilot import Pilot

from engine.prompts.reading import reading_of
from liveset.ui.app import LivesetApp, Outcome
from liveset.ui.screens.perform import PerformScreen
from liveset.ui.widgets.prompts import PromptInput
from tests.ui.fake_link import FakeLink, live, planned


@pytest.mark.parametrize("theme", ["textual-dark", "textual-light"])
@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
def test_picture(snap_compare: Callable[..., bool], size: tuple[int, int], theme: str) -> None:
    async def settle(pilot: Pilot[Outcome]) -> None:
        pilot.app.theme = theme
        await pilot.pause()
        screen = pilot.app.screen
        assert isinstance(screen, PerformScreen)
        for _ in range(31):
            screen.update_view()
        await pilot.pause()

    assert snap_compare(LivesetApp(FakeLink(live()), updates_per_second=0), terminal_size=size, run_before=settle)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
def test_picture_of_the_stage_view(snap_compare: Callable[..., bool], size: tuple[int, int]) -> None:
    async def settle(pilot: Pilot[Outcome]) -> None:
        await pilot.press("exclamation_mark")
        screen = pilot.app.screen
        assert isinstance(screen, PerformScreen)
        for _ in range(31):
            screen.update_view()
        await pilot.pause()

    assert snap_compare(LivesetApp(FakeLink(live()), updates_per_second=0), terminal_size=size, run_before=settle)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
def test_picture_of_a_prompt_that_is_written(snap_compare: Callable[..., bool], size: tuple[int, int]) -> None:
    text = "deep house, warm pads, 128 bpm, no drums, dreamy, marimbaphon"
    link = FakeLink(live())

    async def settle(pilot: Pilot[Outcome]) -> None:
        screen = pilot.app.screen
        assert isinstance(screen, PerformScreen)
        screen.update_view()
        await pilot.press("2", "enter", "ctrl+a", "ctrl+k", *text)
        link.shown = replace(live(), reading=reading_of(text, 124.0, "F minor"))
        for _ in range(31):
            screen.update_view()
        field = screen.query_one(PromptInput)
        field.cursor_blink = False
        await pilot.pause()

    assert snap_compare(LivesetApp(link, updates_per_second=0), terminal_size=size, run_before=settle)


@pytest.mark.parametrize("keys", [("slash", "down"), ("semicolon", "down")], ids=["plan", "moves"])
@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
def test_picture_of_the_plan_and_the_moves(
    snap_compare: Callable[..., bool], size: tuple[int, int], keys: tuple[str, ...]
) -> None:
    async def open_it(pilot: Pilot[Outcome]) -> None:
        screen = pilot.app.screen
        assert isinstance(screen, PerformScreen)
        for _ in range(31):
            screen.update_view()
        await pilot.press(*keys)
        screen.update_view()
        await pilot.pause()

    assert snap_compare(LivesetApp(FakeLink(planned()), updates_per_second=0), terminal_size=size, run_before=open_it)
