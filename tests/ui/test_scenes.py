"""Scenes on the screen: two keys and a number, and what is stored beside the prompts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.protocol import Learn, RecallScene, SavePreset, ScenesView, Snapshot, StoreScene
from tests.ui.fake_link import live
from tests.ui.screen import on_stage


def with_scenes(scenes: ScenesView) -> Snapshot:
    return replace(live(), scenes=scenes)


async def test_a_key_and_a_number_bring_a_scene_back_or_store_it() -> None:
    async with on_stage(live()) as stage:
        assert await stage.press("s", "3") == [RecallScene(3)]
        assert await stage.press("S", "8") == [StoreScene(8)]
        assert await stage.press("3") == [], "after that digits select prompts again"


@pytest.mark.parametrize(
    ("presses", "sent"), [(2, RecallScene(3, "now", 0)), (3, RecallScene(3, "bar", 4)), (4, RecallScene(3, "bar", 16))]
)
async def test_key_again_is_another_way_of_bringing_a_scene_back(presses: int, sent: RecallScene) -> None:
    async with on_stage(live()) as stage:
        assert await stage.press(*["s"] * presses, "3") == [sent]
        assert await stage.press("s", "3") == [RecallScene(3)], "the next one comes as the set says"


async def test_way_a_scene_will_come_back_is_shown() -> None:
    async with on_stage(live(), (80, 24)) as stage:
        await stage.press("s", "s", "s")
        await stage.update()
        assert "Which scene comes back, over 4 bars? 1 to 8." in stage.text()
        assert "1-8 over 4 bars  s another way" in " ".join(stage.text().splitlines()[-1].split()).replace(" s ", "  s ")


@pytest.mark.parametrize("keys", [["s", "escape"], ["s"] * 5, ["S", "S"]])
async def test_asking_for_a_number_is_left(keys: list[str]) -> None:
    async with on_stage(live()) as stage:
        assert await stage.press(*keys, "3") == []


async def test_pad_is_taught_to_bring_a_scene_back() -> None:
    shown = live()
    async with on_stage(replace(shown, midi=replace(shown.midi, learning="next"))) as stage:
        assert await stage.press("s", "2") == [Learn("scene 2")]


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_screen_asks_for_the_number_and_says_how_to_leave(size: tuple[int, int]) -> None:
    async with on_stage(live(), size) as stage:
        await stage.press("S")
        await stage.update()
        assert "Store as which scene? 1 to 8." in stage.text()
        assert "1-8 store it" in " ".join(stage.text().splitlines()[-1].split())


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_stored_active_and_coming_scenes_are_shown(size: tuple[int, int]) -> None:
    async with on_stage(with_scenes(ScenesView((1, 3, 4), active=3)), size) as stage:
        assert "scenes 1 [3] 4" in stage.line("PROMPTS")
        await stage.update(with_scenes(ScenesView((1, 3, 4), coming=4, progress=0.42)))
        assert "scenes 1 3 4  → 4 42%" in stage.line("PROMPTS")


async def test_set_is_saved_under_a_name_and_replaced_at_the_second_time() -> None:
    async with on_stage(live()) as stage:
        assert await stage.press("w", "enter") == [SavePreset("my-sunrise")]
        assert await stage.press("w", "enter") == [SavePreset("my-sunrise", force=True)]
        assert await stage.press("w", "2", "enter") == [SavePreset("my-sunrise2")]
        assert await stage.press("w", "escape") == []
