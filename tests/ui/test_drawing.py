"""The pure parts: text in cells, gauges, steps, the arrangement."""

from __future__ import annotations

import math

import pytest
from rich.cells import cell_len

from engine.protocol import MeterView
from liveset.ui.bindings import Moment, hints
from liveset.ui.screens.arrangement import arrange_columns, arrange_rows
from liveset.ui.widgets import gauges
from liveset.ui.widgets.cells import clean, crop, cut_line, fit, line_cells, piece, row
from liveset.ui.widgets.meters import Ballistics


def test_clean_gives_one_line_without_control_characters() -> None:
    assert clean("a\nb\tc\x1b[31m") == "a b c [31m"
    assert clean("\u202eevil\u202c") == "evil"
    assert clean("\U0001f469\u200d\U0001f467") == "\U0001f469\U0001f467"
    assert len(clean("Z\u0351\u036b\u0353\u036a")) == 3
    assert clean("日本語") == "日本語"


@pytest.mark.parametrize("width", range(9))
def test_fit_fills_exactly_the_given_cells(width: int) -> None:
    for text in ("", "abc", "日本語テキスト", "a日b本c語", "\U0001f469\U0001f467"):
        assert cell_len(fit(text, width)) == width


def test_cut_text_ends_with_an_ellipsis() -> None:
    assert crop("warm analog", 6) == "warm…"
    assert cut_line((("warm ", ""), ("analog", "x")), 8) == (("warm ", ""), ("an…", "x"))


def test_narrow_row_drops_the_least_important_pieces() -> None:
    left = [piece("NOW"), piece("take B", rank=2), piece("bar 1", rank=1)]
    assert "".join(text for text, _ in row(40, left, [piece("LEFT")])) == "NOW   take B   bar 1" + " " * 16 + "LEFT"
    assert "".join(text for text, _ in row(20, left, [piece("LEFT")])) == "NOW   bar 1     LEFT"
    assert line_cells(row(5, left, [piece("LEFT")])) <= 5


@pytest.mark.parametrize(
    ("value", "shown"), [(0, " .00"), (0.72, " .72"), (1, "1.00"), (0.999, "1.00"), (math.nan, " .00"), (7, "1.00")]
)
def test_amounts_take_four_cells(value: float, shown: str) -> None:
    assert gauges.amount(value) == shown


def test_gauges_fill_their_width() -> None:
    for value in (0, 0.001, 0.33, 0.5, 0.999, 1, math.nan, math.inf, -4):
        assert line_cells(gauges.bar(value, 15, "")) == 15
        assert line_cells(gauges.progress(value, 15, "")) == 15
        assert line_cells(gauges.slider(value, 0.5, 15, "")) == 15


def test_small_weight_is_visible() -> None:
    assert gauges.bar(0.01, 10, "")[0][0] == "▇"
    assert gauges.bar(0.0, 10, "")[0][0] == ""


def test_clock_and_seconds_formats() -> None:
    assert gauges.clock(161) == "02:41"
    assert gauges.clock(3725) == "1:02:05"
    assert gauges.clock(161, long=True) == "0:02:41"
    assert gauges.seconds(18.94) == "18.9 s"
    assert gauges.seconds(75.2) == "75 s"
    assert gauges.seconds(math.inf) == "–"
    assert gauges.bars(1) == "1 bar"


def test_waveform_is_mirrored_when_it_has_more_than_one_row() -> None:
    assert gauges.waveform((1.0, 0.0), 1, 1) == (chr(0x2800 + 0b11000111),)
    top, bottom = gauges.waveform((1.0, 0.5), 1, 2)
    assert (ord(top) - 0x2800) & 0b01000111 == 0b01000111
    assert (ord(top) - 0x2800) & 0b10111000 == 0b10100000
    assert (ord(bottom) - 0x2800) & 0b10111000 == 0b00011000
    assert gauges.waveform((), 4, 1) == gauges.waveform((0.0,), 4, 1)


def test_rows_never_exceed_the_height_and_never_shrink_with_it() -> None:
    before = 0
    for height in range(1, 90):
        rows = arrange_rows(height, 16, 6, 4, 9)
        assert before <= rows.used <= height
        before = rows.used
    assert arrange_rows(3, 4, 6, 4, 9).header == arrange_rows(3, 4, 6, 4, 9).next == arrange_rows(3, 4, 6, 4, 9).now == 1


def test_layout_uses_every_row_of_80x24() -> None:
    assert arrange_rows(24, 4, 6, 4, 7).used == 24


def test_columns_fill_the_width() -> None:
    for width in range(20, 250):
        for kind in ("prompt", "macro", "stem"):
            columns = arrange_columns(width, kind)
            assert columns.prompts + columns.macros + columns.stems == width
            assert getattr(columns, {"prompt": "prompts", "macro": "macros", "stem": "stems"}[kind]) > 0


def test_meters_rise_at_once_and_fall_slowly() -> None:
    meter = Ballistics()
    loud = meter.step(MeterView(peak_l=-3.0, rms_l=-9.0)).bars[0]
    soft = meter.step(MeterView(peak_l=-40.0, rms_l=-40.0)).bars[0]
    assert loud > soft > gauges.level_cells(-10.0, 72)
    for _ in range(80):
        last = meter.step(MeterView())
    assert last.bars == (0, 0, 0, 0)


def test_meter_reading_changes_at_most_twice_a_second() -> None:
    meter = Ballistics()
    shown = [meter.step(MeterView(peak_l=-20.0 + i % 7)).peaks[0] for i in range(60)]
    changes = [i for i in range(1, 60) if shown[i] != shown[i - 1]]
    assert all(i % 15 == 0 for i in changes)
    assert shown[-1] == -14.0


def test_hints_fit_the_moment() -> None:
    assert hints(Moment(state="stopped"))[0] == ("space", "play")
    assert ("n", "next now") not in hints(Moment(state="stopped"))
    assert ("h", "release") in hints(Moment(state="playing", hold=True))
    finished = hints(Moment(state="finished"))
    assert finished == (("space", "play again"), ("g", "go on"), ("l", "log"), ("?", "keys"), ("q", "close"))
    assert hints(Moment(state="playing", stopping=True))[0] == ("space", "again: stop")
    assert ("m", "open") in hints(Moment(state="playing", kind="stem", name="bass", muted=True))
