"""What is shown, at which sizes, and that only what changed is drawn again."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from engine.protocol import GridFit, NextState, Notice, PieceView, RoomView, Snapshot, StemView, TakeView
from liveset.ui.widgets.gauges import on_grid
from liveset.ui.widgets.header import Header, HeaderView
from liveset.ui.widgets.lines import LineWidget
from liveset.ui.widgets.outlook import Outlook, OutlookView
from tests.ui.fake_link import hostile, live, many_prompts
from tests.ui.screen import Stage, on_stage

SIZES = [(20, 5), (30, 8), (55, 12), (56, 20), (80, 24), (95, 24), (96, 30), (120, 40), (250, 80), (250, 6), (21, 80)]


SHOWN = {"empty": Snapshot(), "live": live(), "many": many_prompts(), "hostile": hostile()}
CASES = [
    *(("hostile", size) for size in SIZES),
    *((name, size) for name in ("empty", "live", "many") for size in ((20, 5), (80, 24), (250, 80))),
]


@pytest.mark.parametrize(("name", "size"), CASES, ids=[f"{name}-{width}x{height}" for name, (width, height) in CASES])
async def test_any_text_fits_any_size(name: str, size: tuple[int, int]) -> None:
    async with on_stage(SHOWN[name], size) as stage:
        await stage.press("tab", "tab", "right", "tab", "right", "9")
        await stage.update()
        for widget in stage.screen.query(LineWidget):
            for y in range(widget.size.height):
                assert widget.render_line(y).cell_length == widget.size.width
        used = max(w.region.bottom for w in stage.screen.query(LineWidget) if w.display)
        assert used <= size[1]
        assert stage.text().count("\x1b") == 0


async def test_80x24_shows_the_essentials() -> None:
    async with on_stage(live(), (80, 24)) as stage:
        shown = stage.text()
        for word in ("01:43", "NEXT  breakdown", "NOW   DROP", "10 BARS LEFT", "✓ SAFE", "19.7 s in hand", "in 10 bars",
                     "steer until bar 28", "bar 22 of 32", "take B", "-14", "LUFS", "breaks 0", "hold off", "lead muted",
                     "▶ .45", "cc16", "wobblix", "nanoKONTROL2", "drift +2 bars", "out 23 ms", "pocket 62x"):  # fmt: skip
            assert word in shown, word


async def test_what_the_tempo_and_key_are_on_their_way_to_is_shown() -> None:
    moving = replace(live(), bpm_to=128.0, key_to="C minor")
    moving = replace(moving, next=replace(moving.next, bpm=90.0, key="D dorian"))
    async with on_stage(moving, (120, 40)) as stage:
        for word in ("124.0 → 128.0 BPM", "F minor → C minor", "90.0 BPM", "D dorian"):
            assert word in stage.text(), word
    async with on_stage(live(), (120, 40)) as stage:
        assert "→" not in stage.text().splitlines()[0]


async def test_small_height_drops_the_least_important_first() -> None:
    gone: list[str] = []
    async with on_stage(live(), (80, 24)) as stage:
        for height in range(24, 4, -1):
            await stage.pilot.resize_terminal(80, height)
            there = {w.__class__.__name__ for w in stage.screen.query(LineWidget) if w.display and w.region.height}
            gone += [name for name in ("Machine", "Arc", "Keys", "Levels", "Now", "Next") if name not in (*there, *gone)]
    assert gone[:3] == ["Machine", "Arc", "Keys"]
    assert "Next" not in gone


STATES: list[tuple[NextState, str]] = [
    ("ready", "✓ SAFE"), ("making", "… MAKING"), ("late", "! LATE"), ("hold", "⟲ HOLD"), ("failed", "✗ FAILED"),
]  # fmt: skip


@pytest.mark.parametrize(("state", "words"), STATES)
async def test_every_state_of_the_next_section_has_a_glyph_and_a_word(state: NextState, words: str) -> None:
    shown = live()
    async with on_stage(replace(shown, next=replace(shown.next, state=state))) as stage:
        assert words in stage.line("NEXT")


async def test_late_section_shows_how_many_seconds_late() -> None:
    shown = live()
    async with on_stage(replace(shown, next=replace(shown.next, headroom_s=-2.14, state="late"))) as stage:
        assert "2.1 s late" in stage.line("NEXT")


async def test_loops_hold_and_stand_ins_are_shown() -> None:
    shown = live()
    looping = replace(shown, hold=True, now=replace(shown.now, looping=True, loops=2), ladder_hold=2, ladder_pocket=1, restarts=1)
    async with on_stage(shown) as stage:
        assert "held" not in stage.text()
        await stage.update(looping, times=20)
        for word in ("⟲ LOOPING 2×", "⟲ HOLD ON", "held 2×", "pocket 1×", "restarts 1×"):
            assert word in stage.text()


FIT = GridFit(124.1, 6.4, 1.004, 2, 8, 0.9, full_steps=8)
GRID = "grid 124.1 BPM +6 ms"


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_measured_grid_fit_is_shown(size: tuple[int, int]) -> None:
    shown = replace(live(), stems=(StemView("mix", 1.0, False, 0.3),))
    async with on_stage(shown, size) as stage:
        assert "grid" not in stage.text() and "steps" not in stage.text()
        await stage.update(replace(shown, now=replace(shown.now, fit=FIT)))
        assert stage.text().count(GRID) == 1
        few = replace(FIT, steps=4, phase_ms=-11.6)
        await stage.update(replace(shown, now=replace(shown.now, fit=few), next=replace(shown.next, fit=FIT, takes=())))
        assert "grid 124.1 BPM -12 ms, 4 steps" in stage.text()
        assert GRID in stage.line("NEXT")
        assert "✓ SAFE     19.7 s in hand" in stage.line("NEXT")
        making = replace(shown.next, state="making", progress=0.4, ready_in_s=4.1, steps=6, takes=())
        await stage.update(replace(shown, next=making))
        assert "40 %" in stage.line("NEXT") and "6 steps" in stage.line("NEXT")


TAKES = (TakeView("A", "old", 1.0, comes=True), TakeView("B2", "making", 0.4, chosen=True), TakeView("C"))


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_takes_are_shown_with_their_state_the_chosen_one_and_the_one_that_comes_instead(size: tuple[int, int]) -> None:
    async with on_stage(live(), size) as stage:
        assert "[A]✓ B… C·" in stage.line("NEXT")
        await stage.update(replace(live(), next=replace(live().next, takes=TAKES)))
        assert "▸A~ [B2]… C–" in stage.line("NEXT")
        first = replace(live().next, state="making", takes=(TakeView("A", "making", 0.4, chosen=True), TakeView("B")))
        await stage.update(replace(live(), next=first))
        assert "[A]" not in stage.line("NEXT"), "the first take alone is being made"


def test_fewer_steps_are_marked_against_what_the_model_needs() -> None:
    assert "steps" not in on_grid(replace(FIT, steps=50, full_steps=50))
    assert on_grid(replace(FIT, steps=25, full_steps=50)).endswith(", 25 steps")


def test_grid_without_a_beat_is_a_dash() -> None:
    assert on_grid(None) == ""
    assert on_grid(replace(FIT, bpm=0.0)) == "grid –"
    assert on_grid(replace(FIT, phase_ms=math.nan)) == "grid –"
    assert len(on_grid(replace(FIT, bpm=1e9, phase_ms=-1e9, steps=4))) <= 32


async def test_section_of_another_generator_is_marked() -> None:
    async with on_stage(replace(live(), generator="stable-audio")) as stage:
        assert "on pocket" in stage.line("NOW")


async def test_missing_device_is_shown() -> None:
    shown = live()
    silent = replace(shown, audio=replace(shown.audio, silent=True))
    async with on_stage(silent, (80, 24)) as stage:
        await stage.update(times=400)
        assert "no sound device: the set runs silently" in stage.text()
        assert "! out silent" in stage.text()
        await stage.update(replace(silent, notices=(Notice("info", "news", 9.0),)))
        assert "· news" in stage.text()


async def test_words_not_understood_are_marked_under_their_prompt() -> None:
    async with on_stage(live()) as stage:
        lines = stage.text().splitlines()
        at = next(i for i, line in enumerate(lines) if "euphoric supersaw wobblix" in line)
        assert "? wobblix not understood" in lines[at + 1]
        assert "~ euforic → euphoric" in lines[at + 1]


async def test_midi_lamp_lights_when_messages_arrive() -> None:
    shown = live()
    async with on_stage(shown) as stage:
        assert "MIDI ○" in stage.text()
        await stage.update(replace(shown, midi=replace(shown.midi, messages=9999)), times=1)
        assert "MIDI ● nanoKONTROL2" in stage.text()
        await stage.update(times=4)
        assert "MIDI ○" in stage.text()


async def test_midi_row_names_the_device_that_spoke_once_and_what_it_said() -> None:
    shown = live()
    midi = replace(shown.midi, ports=("Keys", "Foo Twister 9"), last="Foo Twister 9: note36 ch10 = 100 -> play/stop")
    async with on_stage(replace(shown, midi=midi), (130, 40)) as stage:
        assert stage.text().count("Foo Twister 9") == 1
        assert "Foo Twister 9 +1 note36 ch10 = 100 -> play/stop" in stage.text()


async def test_selected_stem_replaces_the_macros_on_a_narrow_screen() -> None:
    async with on_stage(live(), (80, 24)) as stage:
        assert "STEMS" not in stage.text()
        await stage.press("shift+tab")
        await stage.update()
        assert "STEMS" in stage.text() and "MACROS" not in stage.text()


async def test_standing_warning_is_shown_once() -> None:
    shown = live()
    said = Notice("warning", "no sound device: the set runs silently in real time (nothing is plugged in)", 2.0)
    async with on_stage(replace(shown, audio=replace(shown.audio, silent=True), notices=(said, *shown.notices))) as stage:
        assert stage.text().count("no sound device") == 1
        assert "nothing is plugged in" in stage.text()


async def test_every_theme_can_be_drawn() -> None:
    async with on_stage(live(), (80, 24)) as stage:
        for _ in stage.app.available_themes:
            await stage.press("t")
            assert "10 BARS LEFT" in stage.text()


# ------------------------------------------------------------ drawing no more than is needed


def repaints(stage: Stage) -> dict[str, int]:
    """Rows painted again since this was last asked, by widget."""
    counts = {}
    for widget in stage.screen.query(LineWidget):
        if widget.repaints:
            counts[widget.__class__.__name__] = widget.repaints
        widget.repaints = 0
    return counts


async def settled(stage: Stage) -> None:
    """Let meters come to rest."""
    await stage.update(times=60)
    repaints(stage)


async def test_equal_snapshot_repaints_nothing() -> None:
    async with on_stage(live()) as stage:
        await settled(stage)
        await stage.update(replace(live(), serial=99999), times=30)
        assert repaints(stage) == {}


async def test_changed_weight_repaints_one_row() -> None:
    shown = live()
    async with on_stage(shown) as stage:
        await settled(stage)
        first, *rest = shown.prompts
        await stage.update(replace(shown, prompts=(replace(first, weight=0.4), *rest)))
        assert repaints(stage) == {"Prompts": 1}


async def test_passing_second_repaints_only_the_clock() -> None:
    shown = live()
    async with on_stage(shown) as stage:
        await settled(stage)
        await stage.update(replace(shown, elapsed_s=shown.elapsed_s + 1))
        assert repaints(stage) == {"Header": 1}


async def test_playhead_within_one_cell_repaints_nothing() -> None:
    shown = live()
    async with on_stage(shown) as stage:
        await settled(stage)
        await stage.update(replace(shown, now=replace(shown.now, playhead=shown.now.playhead + 1e-4)))
        assert repaints(stage) == {}
        await stage.update(replace(shown, now=replace(shown.now, playhead=shown.now.playhead + 0.01)))
        assert repaints(stage) == {"Now": 3}


async def test_repainted_rows_match_a_fresh_drawing() -> None:
    """Rows kept from earlier must not be stale: a screen that moved looks like one that was there from the start."""
    async with on_stage(live(60)) as stage:
        for second in range(61, 104, 3):
            await stage.update(live(second))
        await stage.update(live(), times=60)
        moved = stage.text()
    async with on_stage(live()) as stage:
        await stage.update(times=60)
        assert moved == stage.text()


@pytest.mark.parametrize("lufs", [-70.1, -95.2, -905.4, -math.inf])
async def test_below_the_gate_loudness_is_a_dash(lufs: float) -> None:
    shown = replace(live(), meters=replace(live().meters, momentary=lufs, integrated=lufs))
    async with on_stage(shown, (120, 40)) as stage:
        line = next(line for line in stage.text().splitlines() if "LUFS" in line)
        assert line.split("LUFS")[0].split()[-1] == "–"
        assert line.split("set ")[1].split()[:2] == ["–", "LUFS"]
        await stage.update(replace(shown, meters=replace(shown.meters, momentary=-69.9, integrated=-69.9)))
        assert stage.text().count("-69.9 LUFS") == 2


def test_the_header_says_which_piece_plays_and_which_comes_then() -> None:
    view = HeaderView(title="One night", piece=PieceView("Sunrise", 1, 3, "Midnight over the river"), bpm=124.0, key="F minor")
    (line,) = Header(view).lines(view, 120, 1)
    text = "".join(span for span, _ in line)
    assert "Sunrise 1/3  then Midnight over t…" in text and "One night" not in text
    (short,) = Header(view).lines(view, 80, 1)
    assert "Sunrise 1/3" in "".join(span for span, _ in short)
    (single,) = Header(view).lines(HeaderView(title="Sunrise"), 120, 1)
    assert "Sunrise" in (text := "".join(span for span, _ in single)) and "/3" not in text and "then" not in text


def test_the_plan_names_a_piece_where_it_begins() -> None:
    shown = live()
    arc = tuple(replace(part, piece="Midnight" if i == 4 else "") for i, part in enumerate(shown.arc))
    view = OutlookView.of(replace(shown, arc=arc))
    lines = ["".join(span for span, _ in line) for line in Outlook(view).lines(view, 120, 12)]
    assert [i for i, line in enumerate(lines) if "Midnight" in line] == [4 - len(shown.arc) + len(lines)]


def test_the_top_line_shows_how_loud_the_audio_input_is() -> None:
    def shown(peak: float, where: str = "mic", why: str = "") -> str:
        snapshot = replace(live(), room=RoomView(where, why, (peak, 0.0)))
        return "".join(text for text, _ in Header(HeaderView()).lines(HeaderView.of(snapshot, lost=False), 80, 1)[0])

    assert "in ─────" in shown(0.001) and "in ━━━━━" in shown(1.0) and "in ━━━──" in shown(0.1)
    assert "in ─────" in shown(0.0, "", "it is gone") and " in ─" not in shown(0.0, "") and "F minor" in shown(0.5)
