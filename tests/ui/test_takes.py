"""The screen of takes: how each looks, which comes, what is locked, and what its keys send."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.protocol import (
    ChooseTake,
    HeadphonesView,
    ListenHandOver,
    ListenTake,
    ReRoll,
    ReRollStem,
    SetLock,
    Snapshot,
    TakeStem,
    Undo,
)
from tests.ui.fake_link import live
from tests.ui.screen import on_stage


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_takes_are_shown_with_their_state_their_measures_and_their_picture(size: tuple[int, int]) -> None:
    async with on_stage(live(), size) as stage:
        await stage.press("X")
        await stage.update()
        text = stage.text()
        measures = "-14.2 LUFS drum ▇ bass ▆ harm ▅ lead ▅"
        for words in ("▸ [A]✓ comes next", measures, " B … making 40 %", "other drums", " C · will be made"):
            assert words in text, words
        assert "⣶" in text.split("[A]✓ comes next")[1].splitlines()[1], "its waveform lies under it"


async def test_keys_choose_take_stems_and_locks() -> None:
    async with on_stage(live(), (80, 24)) as stage:
        await stage.press("X")
        assert await stage.press("down", "enter") == [ChooseTake(1)]
        assert await stage.press("3", "Q") == [ChooseTake(2), ChooseTake(0)]
        assert await stage.press("d", "up", "b") == [TakeStem("drums", 1), ReRollStem("bass")]
        assert await stage.press("S", "T", "M") == [SetLock("section"), SetLock("tempo"), SetLock("motif")]
        assert await stage.press("r", "U") == [ReRoll(), Undo()]
        await stage.press("escape")
        assert await stage.press("E") == [ChooseTake(1)]


async def test_locks_are_shown_in_the_list_and_under_what_comes_next() -> None:
    async with on_stage(replace(live(), locks=("drums", "tempo")), (80, 24)) as stage:
        assert "2 locked" in stage.text() and "steer until bar 28" in stage.text()
        await stage.press("X")
        await stage.update()
        assert "[drums]" in stage.text() and "[tempo]" in stage.text() and "[bass]" not in stage.text()


async def test_locks_are_named_where_there_is_room() -> None:
    async with on_stage(replace(live(), locks=("drums", "tempo")), (120, 40)) as stage:
        assert "locked: drums tempo" in stage.text()


async def test_without_takes_the_list_says_so_and_its_keys_do_no_harm() -> None:
    async with on_stage(Snapshot(), (80, 24)) as stage:
        await stage.press("X")
        assert "no takes" in stage.text()
        assert await stage.press("enter", "down", "up") == []


async def test_takes_and_the_hand_over_are_heard_by_keys_and_the_screen_says_what_is() -> None:
    shown = replace(live(), headphones=HeadphonesView("outputs 3/4 of interface", "take B", waits=True))
    async with on_stage(shown, (80, 24)) as stage:
        assert "cue take B" in stage.text().splitlines()[0]
        assert await stage.press("percent_sign", "colon") == [ListenTake(1), ListenHandOver()]
        await stage.press("X")
        assert "hearing take B: not made yet" in stage.text()
        assert await stage.press("down", "space", "colon") == [ListenTake(1), ListenHandOver()]


async def test_without_headphones_the_pictures_of_takes_are_shown_instead_and_the_screen_says_so() -> None:
    async with on_stage(live(), (80, 24)) as stage:
        assert await stage.press("dollar_sign") == [ListenTake(0)]
        await stage.update()
        assert "no headphones (--cue 3,4 or --cue-device)" in stage.text()
        assert "⣶" in stage.text()
