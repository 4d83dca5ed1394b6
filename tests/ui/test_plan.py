"""The screen of the plan: what it shows of every section, and what its keys send."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest

from engine.protocol import (
    Command,
    EditPart,
    EditPlan,
    GoOn,
    InsertPart,
    NextNow,
    Notice,
    PartEdit,
    Redo,
    Snapshot,
    StepCurve,
    Undo,
)
from liveset.ui.screens.plan import EDIT_KEYS
from tests.ui.fake_link import MOVES, hostile, planned
from tests.ui.screen import on_stage


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_every_section_is_shown_with_its_length_start_values_and_state(size: tuple[int, int]) -> None:
    async with on_stage(planned(), size) as stage:
        await stage.press("slash")
        await stage.update()
        lines = stage.text().splitlines()
        found = {number: next(line for line in lines if f" {number}  " in line[:9]) for number in range(1, 8)}
        assert "played" in found[1] and "16   00:00" in found[1] and ".25" in found[1]
        assert "DROP" in found[3] and "▶ sounds" in found[3] and "01:01" in found[3]
        assert "▸  4  breakdown" in found[4] and "‹▂ .30›" in found[4] and "✓ made" in found[4]
        assert "outro" in found[7]
        assert "ends 04:38 · planned 04:10 (+00:29)" in stage.text()
        assert "[energy]" in stage.text() and "▲" in stage.text()
        assert not any("…" in line for line in lines), "nothing is cut"


async def test_curves_are_as_high_as_their_values() -> None:
    async with on_stage(planned(), (80, 24)) as stage:
        await stage.press("slash")
        await stage.update()
        lines = stage.text().splitlines()
        at = next(i for i, line in enumerate(lines) if "[energy]" in line)
        top, middle, low = (line[15:79] for line in lines[at : at + 3])
        assert top.strip() and top.count("█") < middle.count("█") < low.count("█")
        assert lines[at + 3].split()[0:2] == ["│", "density"]


@pytest.mark.parametrize(
    ("keys", "command"),
    [
        (("x",), EditPart(4, "remove")),
        (("A",), EditPart(4, "repeat")),
        (("down", "less_than_sign"), EditPart(5, "sooner")),
        (("shift+down",), EditPart(4, "later")),
        (("end", "enter"), EditPart(7, "next")),
        (("full_stop",), EditPart(4, "longer")),
        (("comma",), EditPart(4, "shorter")),
        (("right",), StepCurve("energy", 0.05, 4)),
        (("down", "tab", "shift+left"), StepCurve("density", -0.25, 5)),
        (("shift+tab", "minus"), StepCurve("brightness", -0.05, 4)),
        (("i", "d"), InsertPart("drop", 4)),
        (("down", "I", "k"), InsertPart("breakdown", 5, after=True)),
        (("F",), EditPlan("drop")),
        (("Z",), EditPlan("end")),
        (("g",), GoOn()),
        (("n",), NextNow()),
        (("U",), Undo()),
        (("Y",), Redo()),
    ],
)
async def test_keys_name_the_section_that_the_keyboard_is_on(keys: tuple[str, ...], command: Command) -> None:
    async with on_stage(planned(), (80, 24)) as stage:
        await stage.press("slash")
        assert await stage.press(*keys) == [command]


def test_every_edit_has_a_key() -> None:
    assert set(EDIT_KEYS.values()) == set(get_args(PartEdit))


async def test_role_is_asked_for_and_escape_takes_the_question_back() -> None:
    async with on_stage(planned(), (80, 24)) as stage:
        await stage.press("slash", "i")
        assert "i intro  b build  d drop  k breakdown  o outro  f groove, before breakdown" in stage.text()
        assert await stage.press("escape", "d", "k") == []
        await stage.press("escape")
        assert await stage.press("n") == [NextNow()], "the perform screen again"


async def test_keyboard_stays_on_its_section_while_the_plan_changes() -> None:
    shown = planned()
    async with on_stage(shown, (80, 24)) as stage:
        await stage.press("slash", "down")
        arc = (*shown.arc[:4], replace(shown.arc[6], id=99, state="plan", name="new"), *shown.arc[4:])
        await stage.update(replace(shown, arc=arc))
        assert "▸  6  build" in stage.text()
        assert await stage.press("x") == [EditPart(5, "remove")]
        gone = tuple(part for part in arc if part.id != 5)
        await stage.update(replace(shown, arc=gone))
        assert "▸  6  drop" in stage.text(), "what is in its place now"
        begun = tuple(replace(part, state="played") for part in gone)
        await stage.update(replace(shown, arc=begun))
        assert await stage.press("x", "right", "down") == []
        assert "nothing is to come any more" in stage.text()
        assert await stage.press("i", "o") == [InsertPart("outro", None)]


async def test_pieces_of_one_part_are_one_line() -> None:
    shown = planned()
    pieces = (replace(shown.arc[5], bars=16), replace(shown.arc[5], bars=16, name="drop · 2"))
    async with on_stage(replace(shown, arc=(*shown.arc[:5], *pieces, shown.arc[6])), (80, 24)) as stage:
        await stage.press("slash")
        assert "drop · 2" not in stage.text() and "6  drop            32" in stage.text()


async def test_what_the_engine_says_is_shown_for_a_while() -> None:
    shown = replace(planned(), notices=(Notice("info", "Drop 2 has begun already: it stays as it is.", 100.0),))
    async with on_stage(shown, (80, 24)) as stage:
        await stage.press("slash")
        await stage.update()
        assert "it stays as it is" in stage.text()
        await stage.update(replace(shown, clock_s=200.0))
        assert "it stays as it is" not in stage.text()


async def test_locks_and_what_cannot_be_changed_any_more_are_said() -> None:
    shown = planned()
    async with on_stage(replace(shown, locks=("section", "tempo")), (80, 24)) as stage:
        await stage.press("slash")
        await stage.update()
        assert "✓ made, locked" in stage.text() and "locked: section tempo" in stage.text()
        fixed = tuple(replace(part, fixed=True, made="making") if part.id == 4 else part for part in shown.arc)
        await stage.update(replace(shown, arc=fixed))
        assert "… making, stays" in stage.text()


@pytest.mark.parametrize("size", [(20, 8), (40, 10), (80, 24)])
async def test_screen_stands_any_values_and_sizes(size: tuple[int, int]) -> None:
    for shown in (hostile(), Snapshot(), planned()):
        async with on_stage(shown, size) as stage:
            await stage.press("slash", "down", "right", "tab")
            await stage.update()
            await stage.press("semicolon", "down", "up")
            assert "Moves" in stage.text()


async def test_long_plan_is_shown_around_the_section_that_is_chosen() -> None:
    shown = planned()
    arc = (*shown.arc[:3], *(replace(shown.arc[4], id=10 + i, name=f"part {i}", bars=1) for i in range(120)))
    async with on_stage(replace(shown, arc=arc), (80, 24)) as stage:
        await stage.press("slash", *["pagedown"] * 10)
        assert "▸ 54  part 50" in stage.text()
        assert "▲" in stage.text()
        assert await stage.press("end", "x") == [EditPart(129, "remove")]


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_header_says_the_planned_end_where_it_is_another(size: tuple[int, int]) -> None:
    async with on_stage(planned(), size) as stage:
        assert " 04:39 plan 04:10" in stage.text().splitlines()[0]
        await stage.update(replace(planned(), asked_s=planned().total_s))
        assert "plan 04:10" not in stage.text()


# ------------------------------------------------------------ moves


async def test_moves_are_listed_with_what_was_undone_above_them() -> None:
    async with on_stage(planned(), (80, 24)) as stage:
        await stage.press("semicolon")
        lines = [line[1:-1].strip() for line in stage.text().splitlines() if line.startswith("│")]
        assert [line.rstrip("─ ") for line in lines[:7]] == [
            "01:43  undone scene 3 brought back",
            "01:42  undone plan: outro moved up",
            "── now",
            "▸   01:41         plan: drop inserted before breakdown",
            "01:28         energy of build 2 to 0.70",
            "01:01         weight of prompt 2 to 0.80",
            "00:33         plan: 8 bars more of build   stays: too late",
        ]


async def test_enter_undoes_to_the_move_and_does_again_up_to_it() -> None:
    async with on_stage(planned(), (80, 24)) as stage:
        await stage.press("semicolon")
        assert await stage.press("down", "down", "enter") == [Undo(12)]
        assert await stage.press("up", "up", "up", "enter") == [Redo(15)]
        assert await stage.press("up", "up", "enter", "U", "Y") == [Redo(16), Undo(), Redo()]
        await stage.press("escape")
        assert await stage.press("n") == [NextNow()]


async def test_moves_open_from_the_plan_and_lead_back_to_it() -> None:
    async with on_stage(planned(), (80, 24)) as stage:
        await stage.press("slash", "semicolon")
        await stage.update(replace(planned(), moves=MOVES[1:], undone=()))
        assert "drop inserted" not in stage.text() and "energy of build 2" in stage.text()
        await stage.press("escape")
        assert await stage.press("x") == [EditPart(4, "remove")]
