"""What the top of the screen shows of a set with many parts, and of one that nobody hears."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.protocol import ArcPart, AudioView, MacroView, Snapshot, StemView
from liveset.ui.widgets.arc import Arc, ArcView
from liveset.ui.widgets.cells import Line, line_cells
from liveset.ui.widgets.header import Header, HeaderView
from liveset.ui.widgets.outlook import Outlook, OutlookView
from tests.ui.fake_link import live
from tests.ui.screen import on_stage

PLAYING = Snapshot(state="playing", audio=AudioView("speakers"), stems=(StemView("drums", 1.0, False, 0.5),))


def text(line: Line) -> str:
    return "".join(span for span, _ in line)


def view(sounding: int, count: int) -> ArcView:
    states = ["played"] * sounding + ["now"] + ["plan"] * (count - sounding - 1)
    parts = tuple(ArcPart(f"part {i}", "free", 16, 0.5, 16 * i, state) for i, state in enumerate(states))  # type: ignore[arg-type]
    return ArcView(parts, 16 * sounding + 8)


@pytest.mark.parametrize("sounding", [0, 1, 20, 47, 48])
def test_arc_of_a_long_set_names_the_parts_around_the_one_that_sounds(sounding: int) -> None:
    lines = Arc(ArcView()).lines(view(sounding, 49), 120, 5)
    names, marker = text(lines[0]), lines[-1]
    assert f"PART {sounding}" in names
    near = [i for i in (sounding - 1, sounding + 1, sounding + 2) if 0 <= i < 49]
    assert all(f"part {i} " in f"{names} " for i in near)
    assert "of 49" in text(marker)
    assert text(marker).index("▲") >= names.index(f"PART {sounding}")
    assert all(line_cells(line) <= 120 for line in lines)


def test_arc_of_a_short_set_shows_all_of_it() -> None:
    lines = Arc(ArcView()).lines(view(3, 7), 120, 5)
    assert all(f"part {i}" in text(lines[0]).lower() for i in range(7))
    assert "of 7" not in text(lines[-1])


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({}, "LIVE"),
        ({"audio": AudioView("", silent=True)}, "NO OUTPUT"),
        ({"stems": (StemView("drums", 1.0, True, 0.0), StemView("bass", 0.0, False, 0.0))}, "MUTED"),
        ({"macros": (MacroView("volume", 0.0, 1.0),)}, "MUTED"),
        ({"stems": (StemView("drums", 1.0, True, 0.0), StemView("bass", 0.5, False, 0.0))}, "LIVE"),
        ({"state": "stopped", "audio": AudioView("", silent=True)}, "STOPPED"),
    ],
)
def test_header_says_when_nobody_hears_the_set(changes: dict[str, object], word: str) -> None:
    snapshot = replace(PLAYING, **changes)  # type: ignore[arg-type]
    shown = text(Header(HeaderView()).lines(HeaderView.of(snapshot, lost=False), 120, 1)[0])
    assert word in shown
    others = {"LIVE", "NO OUTPUT", "MUTED", "STOPPED"} - {word}
    assert not any(other in shown for other in others)


async def test_wheel_looks_through_the_whole_plan_and_back() -> None:
    async with on_stage(replace(live(), arc=view(20, 49).parts), (120, 45)) as stage:
        plan = stage.screen.query_one(Outlook)
        assert "part 19 " in stage.text() and "more" in stage.text()
        for _ in range(60):
            plan.on_mouse_scroll_down()
        await stage.update()
        assert "part 48 " in stage.text() and "more" not in text(plan.lines(plan.view, 120, plan.size.height)[-1])
        plan.on_mouse_scroll_up()
        await stage.update()
        assert "and 1 more" in stage.text()
        for _ in range(60):
            plan.on_mouse_scroll_up()
        await stage.update()
        assert "part 0 " in stage.text()


def test_plan_says_when_a_part_begins_whatever_the_tempo_was_before() -> None:
    parts = tuple(replace(part, start_s=90.0 + i) for i, part in enumerate(view(2, 5).parts))
    plan = Outlook(OutlookView(parts, 1))
    assert "from 01:30" in text(plan.lines(plan.view, 120, 5)[0]) and "from 01:31" in text(plan.lines(plan.view, 120, 5)[1])


def test_plan_says_what_a_part_is_for_where_there_is_room() -> None:
    parts = tuple(replace(part, purpose="contrast") for part in view(2, 5).parts)
    plan = Outlook(OutlookView(parts, 1))
    assert "contrast" in text(plan.lines(plan.view, 120, 5)[0])
    assert "contrast" not in text(plan.lines(plan.view, 80, 5)[0])
