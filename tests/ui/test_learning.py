"""Learning a control from the screen: pick a thing, or touch it, and move a control."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.protocol import Learn, Snapshot, StopLearning, UndoLearning
from tests.ui.fake_link import live
from tests.ui.screen import on_stage

LEARNING = "macro filter"


def learning() -> Snapshot:
    """A set that waits for a control."""
    shown = live()
    return replace(shown, midi=replace(shown.midi, learning=LEARNING))


async def test_what_is_selected_waits_for_a_control() -> None:
    async with on_stage(live()) as stage:
        assert await stage.press("2", "c") == [Learn("prompt 2")]
        assert await stage.press("f", "C") == [Learn("macro filter", add=True)]
        assert await stage.press("u") == [UndoLearning()]


@pytest.mark.parametrize(
    ("key", "action"),
    [
        ("3", "prompt 3"),
        ("e", "macro echo"),
        ("space", "play/stop"),
        ("n", "next"),
        ("D", "mute drums"),
        ("R", "record"),
        ("tab", "macro filter"),
    ],
)
async def test_what_is_touched_meanwhile_waits_instead_and_does_nothing_else(key: str, action: str) -> None:
    async with on_stage(learning()) as stage:
        assert await stage.press(key) == [Learn(action)]


@pytest.mark.parametrize("key", ["c", "escape"])
async def test_it_is_left_without_a_control(key: str) -> None:
    async with on_stage(learning()) as stage:
        assert await stage.press(key) == [StopLearning()]


async def test_screen_says_that_there_is_no_controller_to_learn_from() -> None:
    shown = learning()
    alone = replace(shown, midi=replace(shown.midi, ports=()))
    async with on_stage(alone) as stage:
        assert "no controller is connected" in stage.text()
    async with on_stage(replace(shown, midi=replace(shown.midi, ports=("Box",)))) as stage:
        assert "no controller is connected" not in stage.text() and "move a knob" in stage.text()


async def test_escape_does_nothing_where_nothing_waits() -> None:
    async with on_stage(live()) as stage:
        assert await stage.press("escape") == []


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_screen_says_what_waits_and_how_to_leave_it(size: tuple[int, int]) -> None:
    async with on_stage(learning(), size) as stage:
        text = stage.text()
        assert f"LEARN {LEARNING}: move a knob, fader, key or pad." in text
        assert "esc leave it" in " ".join(text.splitlines()[-1].split())
