"""The stage view: large type for two metres, and every key works in it."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest

from engine.protocol import Hold, Keep, NextNow, NextState, NextView, Nudge, ReRoll, Snapshot, Stop
from liveset.ui.widgets.cells import line_cells
from liveset.ui.widgets.letters import DOUBLE, SMALL, TALL, TRIPLE, TYPES, large, lettered
from liveset.ui.widgets.stage import DARK, WORDS, Stage, StageView
from tests.ui.fake_link import live, many_prompts
from tests.ui.screen import on_stage

SIZES = [(w, h) for w in (20, 40, 56, 80, 120, 200) for h in (1, 3, 8, 12, 21, 37, 60)]


def drawn(text: str, rows: list[str]) -> bool:
    """Whether a text stands somewhere in large type."""
    for size in TYPES:
        wanted = large(text, size)
        for top in range(len(rows) - len(wanted) + 1):
            at = rows[top].find(wanted[0])
            while at >= 0:
                if all(rows[top + i][at : at + len(each)] == each for i, each in enumerate(wanted)):
                    return True
                at = rows[top].find(wanted[0], at + 1)
    return False


def rows_of(snapshot: Snapshot, width: int = 80, height: int = 21, seconds: float = 0.0) -> list[str]:
    view = StageView.of(snapshot, False, seconds)
    lines = Stage(view).lines(view, width, height)
    return ["".join(text for text, _ in line).ljust(width) for line in lines]


def coming(**changes: object) -> Snapshot:
    snapshot = live()
    return replace(snapshot, next=replace(snapshot.next, **changes))  # type: ignore[arg-type]


@pytest.mark.parametrize("size", [(80, 21), (120, 37)])
def test_name_bars_left_next_and_safety_stand_in_large_type(size: tuple[int, int]) -> None:
    snapshot = live()
    rows = rows_of(snapshot, *size)
    for text in ("DROP", str(snapshot.now.bars - snapshot.now.bar), "SAFE", "BREAKDOWN"):
        assert drawn(text, rows), text


def test_count_is_larger_where_there_is_room() -> None:
    left = str(live().now.bars - live().now.bar)
    for size, wanted in (((80, 21), DOUBLE), ((120, 37), TRIPLE)):
        assert any(large(left, wanted)[0] in row for row in rows_of(live(), *size))


@pytest.mark.parametrize("state", get_args(NextState))
def test_every_state_has_a_word_of_its_own_that_is_drawn(state: NextState) -> None:
    word = WORDS[state][0].split()[1]
    assert sum(word in text for text, _ in WORDS.values()) == 1
    assert len({text.split()[0] for text, _ in WORDS.values()}) >= len(WORDS)
    assert drawn(word, rows_of(coming(state=state)))


def test_late_blinks_and_safe_does_not() -> None:
    def styles(snapshot: Snapshot, seconds: float) -> set[str]:
        view = StageView.of(snapshot, False, seconds)
        return {style for line in Stage(view).lines(view, 80, 21) for _, style in line}

    late = coming(state="late", headroom_s=-2.0)
    assert "badge-warn" in styles(late, 0.0)
    assert "badge-warn" not in styles(late, 0.5) and DARK["badge-warn"] in styles(late, 0.5)
    assert drawn("LATE", rows_of(late, seconds=0.5))
    assert styles(live(), 0.0) == styles(live(), 0.5)


def test_last_bar_counts_beats_and_a_loop_its_rounds() -> None:
    snapshot = live()
    last = replace(snapshot, now=replace(snapshot.now, bar=snapshot.now.bars, beat=2))
    assert drawn("3", rows_of(last)) and drawn("BEATS", rows_of(last))
    loop = replace(snapshot, now=replace(snapshot.now, looping=True, loops=5))
    assert drawn("5", rows_of(loop, 120, 37)) and drawn("LOOPS", rows_of(loop, 120, 37))


def test_hold_and_recording_are_shown_by_their_words() -> None:
    snapshot = live()
    assert not drawn("REC", rows_of(snapshot))
    snapshot = replace(snapshot, hold=True, audio=replace(snapshot.audio, recording="a.flac"))
    assert drawn("REC", rows_of(snapshot)) and drawn("HOLD", rows_of(snapshot))


def test_what_stands_still_is_said_in_place_of_the_name() -> None:
    assert drawn("STOPPED", rows_of(replace(live(), state="stopped")))
    view = StageView.of(live(), True, 0.0)
    assert drawn("ENGINE LOST", ["".join(text for text, _ in line).ljust(80) for line in Stage(view).lines(view, 80, 21)])


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", ["drop", "a very long name for a section of a set", "höhe 2", "間奏", ""])
def test_nothing_is_wider_or_higher_than_its_room(size: tuple[int, int], name: str) -> None:
    for state in get_args(NextState):
        snapshot = coming(name=name, state=state)
        snapshot = replace(snapshot, now=replace(snapshot.now, name=name, bars=200), hold=True)
        view = StageView.of(snapshot, False, 0.0, "macro filter .62")
        lines = Stage(view).lines(view, *size)
        assert len(lines) <= size[1]
        if size[0] >= 56:
            assert max(map(line_cells, lines)) <= size[0]


def test_accents_are_left_off_and_other_scripts_are_written_plainly() -> None:
    assert lettered("Höhe 2") == "HOHE 2"
    assert lettered("間奏") is None
    assert any("間奏" in row for row in rows_of(coming(name="間奏")))
    assert large("A", TALL)[0] == " ▄▀▀▀▄ ".strip("\n")[1:6]
    assert len(large("0", SMALL)) == SMALL.rows


async def test_every_key_works_in_the_stage_view() -> None:
    async with on_stage(live(), size=(80, 24)) as stage:
        await stage.press("exclamation_mark")
        await stage.update()
        assert drawn("BREAKDOWN", [row.ljust(80) for row in stage.text().splitlines()])
        assert "PROMPTS" not in stage.text()
        assert await stage.press("n", "h", "r", "k") == [NextNow(), Hold(), ReRoll(), Keep()]
        await stage.press("space")
        await stage.update(times=15)
        await stage.press("space")
        await stage.update(times=15)
        assert stage.link.sent == [Stop()]
        assert await stage.press("2", "up") == [Nudge("prompt 2", 0.05, snap=True)]
        await stage.update()
        assert "prompt 2" in stage.text()
        await stage.press("exclamation_mark")
        await stage.update()
        assert "PROMPTS" in stage.text()


@pytest.mark.parametrize("key", ["enter", "a", "b", "w"])
async def test_writing_brings_the_blocks_back_with_the_text_open(key: str) -> None:
    async with on_stage(many_prompts(4), size=(80, 24)) as stage:
        await stage.press("exclamation_mark")
        await stage.press(key)
        await stage.pilot.pause()
        assert not stage.screen.staged
        assert stage.screen.prompts.writing


async def test_stage_view_of_a_set_that_has_not_begun_is_drawn() -> None:
    async with on_stage(Snapshot(next=NextView())) as stage:
        await stage.press("exclamation_mark")
        await stage.update()
        assert drawn("STARTING", [row.ljust(120) for row in stage.text().splitlines()])
