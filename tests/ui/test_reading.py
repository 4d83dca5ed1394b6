"""While a prompt is written, the lines under it say what of it is understood."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.prompts.reading import reading_of
from engine.protocol import Command, PromptReading, ReadPrompt, RemakeBars, SetPrompt, Snapshot
from liveset.ui.widgets.cells import line_cells
from liveset.ui.widgets.reading import Reading, ReadingView
from tests.ui.fake_link import live, many_prompts
from tests.ui.screen import Stage, on_stage

SIZES = ((80, 24), (120, 40))


def answered(stage: Stage, shown: Snapshot | None = None) -> Snapshot:
    """What the engine would show, once it has read what the screen sent last."""
    asked = next(command for command in reversed(stage.link.sent) if isinstance(command, ReadPrompt))
    reading = reading_of(asked.text, 124.0, "F minor") if asked.text else None
    return replace(shown or live(), reading=reading)


async def write(stage: Stage, text: str, *keys: str) -> None:
    """Open a prompt, write a text in place of its own, and let the engine read it."""
    await stage.press(*keys, "enter", "ctrl+a", "ctrl+k", *text)
    await stage.update()
    await stage.update(answered(stage))


@pytest.mark.parametrize("size", SIZES)
async def test_lines_under_the_text_say_what_is_understood(size: tuple[int, int]) -> None:
    async with on_stage(live(), size=size) as stage:
        await write(stage, "techno, piano, qqqq", "1")
        assert "understood as techno" in stage.text()
        assert "piano" in stage.line("│ understood")
        assert "✗ qqqq" in stage.text()
        rows = [row.strip() for row in stage.text().splitlines()]
        at = next(i for i, row in enumerate(rows) if row.startswith("▸ 1 techno, piano, qqqq"))
        assert rows[at + 1].startswith("│ understood as"), "right under what is written"
        assert await stage.press("enter") == [SetPrompt(0, "techno, piano, qqqq")]
        await stage.update(live())
        assert "understood as" not in stage.text()


async def test_each_update_asks_at_most_once_and_the_end_is_told() -> None:
    async with on_stage(live()) as stage:
        await stage.press("1", "enter", "ctrl+a", "ctrl+k", *"house")
        await stage.update(times=1)
        await stage.update(times=5)
        assert stage.link.sent == [ReadPrompt("house")]
        stage.link.sent.clear()
        await stage.press("escape")
        await stage.update(times=5)
        assert stage.link.sent == [ReadPrompt("")]


async def test_typing_does_not_wait_for_an_engine_that_does_not_answer() -> None:
    async with on_stage(live()) as stage:
        await write(stage, "techno", "1")
        await stage.press(*", bells")
        await stage.update(times=5)
        assert "… techno" in stage.text(), "what was read last stays, and is marked as of before"
        assert await stage.press("enter") == [SetPrompt(0, "techno, bells")]


async def test_nearest_known_word_is_taken_by_a_key() -> None:
    async with on_stage(live(), size=(80, 24)) as stage:
        await write(stage, "marimbaphon, bells", "1")
        assert "✗ marimbaphon: marimba?" in stage.text()
        assert "nearest word" in stage.text()
        await stage.press("ctrl+t")
        assert await stage.press("enter") == [SetPrompt(0, "marimba, bells")]


async def test_a_new_prompt_is_read_too_and_a_line_that_is_none_is_not() -> None:
    async with on_stage(live()) as stage:
        await stage.press("a", *"dub techno")
        await stage.update()
        await stage.update(answered(stage))
        assert "understood as dub techno" in stage.text()
        await stage.press("escape")
        await stage.update(live())
        sent: list[Command] = await stage.press("b")
        await stage.update(times=5)
        assert not any(isinstance(command, ReadPrompt) and command.text for command in sent)
        assert "│" not in stage.text()
        assert await stage.press("enter") == [RemakeBars(5, 8)]


@pytest.mark.parametrize("size", SIZES)
async def test_second_bank_is_named_and_its_last_prompt_is_read_in_sight(size: tuple[int, int]) -> None:
    async with on_stage(many_prompts(16), size=size) as stage:
        await stage.press("9", "8", "enter", "ctrl+a", "ctrl+k", *"house")
        await stage.update()
        assert "keys 1-8: 9 to 16" in stage.text()
        await stage.update(answered(stage, many_prompts(16)))
        assert "understood as house" in stage.text()


@pytest.mark.parametrize("width", [12, 30, 48, 80])
@pytest.mark.parametrize("height", [1, 2, 3])
def test_lines_fit_and_unknown_words_are_never_the_ones_left_out(width: int, height: int) -> None:
    reading = PromptReading(
        "x",
        styles=("house 50%", "techno 50%"),
        bpm=124.0,
        key="F sharp minor",
        instruments=("piano", "strings", "clavinet"),
        moods=("dark", "dreamy", "rolling", "hypnotic"),
        silent=("drums",),
        unknown=(("qqqq", ""),),
    )
    lines = Reading(ReadingView("x", reading)).lines(ReadingView("x", reading), width, height)
    assert len(lines) == height
    assert "qqqq" in "".join(text for line in lines for text, _ in line)
    assert width < 30 or max(map(line_cells, lines)) <= width
