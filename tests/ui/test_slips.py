"""Slips of the hand: what a single wrong key must not do, and what is said instead."""

from __future__ import annotations

from dataclasses import replace

from engine.protocol import (
    GoOn,
    Hold,
    MovePrompt,
    Play,
    PlayAgain,
    RecordingView,
    RemovePrompt,
    SetMacro,
    SetPrompt,
    SetStem,
    SetWeight,
    Stop,
    Summary,
    ToggleMute,
)
from liveset.ui.screens.perform import PerformScreen
from liveset.ui.screens.refusal import RefusalScreen
from tests.ui.fake_link import live, many_prompts
from tests.ui.screen import Stage, on_stage


async def test_one_press_of_space_does_not_stop_the_music() -> None:
    async with on_stage(live(), (80, 24)) as stage:
        assert await stage.press("space") == []
        await stage.update()
        assert "Press space again to stop." in stage.text()
        assert "space again: stop" in stage.text()
        assert await stage.press("space") == []
        await stage.update(times=6)
        assert stage.link.sent == [Stop()]


async def test_space_held_down_is_no_second_press() -> None:
    async with on_stage(live(), (80, 24)) as stage:
        await stage.press("space")
        await stage.update(times=15)  # half a second, then the terminal repeats it thirty times a second
        for _ in range(40):
            await stage.press("space")
            await stage.update(times=1)
        await stage.update(times=30)
        assert stage.link.sent == []
        await stage.press("space")
        assert "Press space again to stop." in stage.text()
        await stage.press("space")
        await stage.update(times=6)
        assert stage.link.sent == [Stop()]


async def test_second_press_of_space_counts_for_two_seconds_alone() -> None:
    async with on_stage(live()) as stage:
        await stage.press("space")
        await stage.update(times=61)
        assert "space stop" in stage.text()
        assert await stage.press("space") == []
        await stage.update(times=59)
        await stage.press("space")
        await stage.update(times=6)
        assert stage.link.sent == [Stop()]


async def test_space_starts_a_stopped_set_at_once() -> None:
    async with on_stage(replace(live(), state="stopped")) as stage:
        assert await stage.press("space") == [Play()]


async def test_typing_after_a_refused_prompt_moves_nothing() -> None:
    async with on_stage(many_prompts(), (80, 24)) as stage:
        assert await stage.press("a", *"hold panic space drums", "space", "space") == []
        assert "There are 16 prompts, the most there can be" in stage.text()
        assert isinstance(stage.app.screen, RefusalScreen)
        assert await stage.press("enter", "h") == [Hold()]


async def test_typing_where_there_is_no_room_for_a_prompt_moves_nothing() -> None:
    async with on_stage(live(), (20, 3)) as stage:
        assert await stage.press("enter", *"hp nr") == []
        assert isinstance(stage.app.screen, RefusalScreen)


async def test_prompt_is_removed_at_the_second_press() -> None:
    async with on_stage(live()) as stage:
        assert await stage.press("2", "x") == []
        await stage.update()
        assert "Press x again to remove prompt 2." in stage.text()
        assert await stage.press("1", "x") == [], "another prompt is asked about anew"
        await stage.press("x")
        await stage.update(times=6)
        assert stage.link.sent == [RemovePrompt(0)]


async def test_prompt_is_moved_and_stays_selected() -> None:
    async with on_stage(live()) as stage:
        assert await stage.press("2", "less_than_sign") == [MovePrompt(1, 0)]
        assert stage.screen.desk.chosen("prompt") == 0
        assert await stage.press("less_than_sign") == []
        assert await stage.press("greater_than_sign") == [MovePrompt(0, 1)]


async def test_keys_meant_for_a_question_do_not_end_in_a_prompts_text() -> None:
    async with on_stage(live()) as stage:
        await stage.press("1", "enter", "ctrl+c", "escape", "x", "y")
        assert isinstance(stage.app.screen, PerformScreen)
        assert stage.link.sent == []
        await stage.update(times=13)
        assert await stage.press("!", "enter") == [SetPrompt(0, live().prompts[0].text + "!")]


async def drag(stage: Stage, widget: str, start: tuple[int, int], end: tuple[int, int]) -> list[object]:
    """What drawing the mouse from one cell of a block to another sent."""
    stage.link.sent.clear()
    block = getattr(stage.screen, widget)
    await stage.pilot.mouse_down(block, offset=start)
    await stage.pilot.hover(block, offset=end)
    await stage.pilot.mouse_up(block, offset=end)
    return list(stage.link.sent)


async def test_dragging_moves_weights_and_faders() -> None:
    async with on_stage(live(), (120, 40)) as stage:
        line = stage.text().splitlines()[stage.screen.prompts.region.y + 2]
        at = line.index("▇")
        assert (await drag(stage, "prompts", (at, 2), (at + 15, 2)))[-1] == SetWeight(0, 1.0)
        assert (await drag(stage, "prompts", (at + 2, 3), (at - 3, 3)))[-1] == SetWeight(1, 0.0)
        assert (await drag(stage, "macros", (12, 3), (28, 3)))[-1] == SetMacro("echo", 1.0)
        assert (await drag(stage, "stems", (13, 2), (11, 2)))[-1] == SetStem("drums", level=0.0)
        assert await drag(stage, "prompts", (6, 2), (20, 2)) == [], "a text is no fader"


async def test_click_moves_nothing_but_a_stems_level_mutes_it() -> None:
    async with on_stage(live(), (120, 40)) as stage:
        await stage.pilot.click(stage.screen.macros, offset=(15, 3))
        assert stage.link.sent == []
        line = stage.text().splitlines()[stage.screen.stems.region.y + 2]
        at = line.rindex(".80") - stage.screen.stems.region.x
        await stage.pilot.click(stage.screen.stems, offset=(at, 2))
        assert stage.link.sent == [ToggleMute("drums")]


DONE = Summary(362.0, 7, (RecordingView("/music/liveset/sunrise-1.flac", 364.0),), ("sunrise-drop-1", "sunrise-build-1"), 0, 1)


async def test_set_that_is_over_shows_what_it_came_to_and_what_can_be_done() -> None:
    over = replace(live(), state="finished", summary=DONE)
    for size in ((80, 24), (120, 40)):
        async with on_stage(over, size) as stage:
            line = stage.line("OVER")
            for word in ("06:02", "7 sections", "kept 2: sunrise-drop-1", "breaks 0", "held 1"):
                assert word in line, (size, word)
            assert "recorded 06:04 /music/liveset/sunrise-1.flac" in stage.text()
            assert "space play again" in stage.text() and "g go on" in stage.text()
            assert await stage.press("space") == [PlayAgain()]
            assert await stage.press("g") == [GoOn()]


async def test_set_stopped_from_elsewhere_ends_the_screen() -> None:
    for closing, gone in ((True, False), (False, True)):
        async with on_stage(replace(live(), closing=closing), (80, 24)) as stage:
            stage.link.here, stage.link.gone = False, gone
            stage.screen.update_view()
            stage.screen.update_view()
            await stage.pilot.pause()
        assert stage.app.return_value == "ended"


async def test_ctrl_z_says_a_word() -> None:
    async with on_stage(live()) as stage:
        assert await stage.press("ctrl+z") == []
        await stage.update()
        assert "The screen cannot be put aside" in stage.text()
