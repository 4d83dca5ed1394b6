"""Terminals of all kinds: character sets, sizes, suspended and back, and what the screen remembers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from textual.app import App

from engine.protocol import Notice, Snapshot, short_path
from liveset.plain import can_show_marks, in_ascii
from liveset.ui.app import LivesetApp
from liveset.ui.memory import remember_theme, remembered_theme
from liveset.ui.messages import NoticeBoard, wrapped
from liveset.ui.widgets.cells import cells
from liveset.ui.widgets.lines import LineWidget
from tests.ui.fake_link import FakeLink, hostile, live, many_prompts
from tests.ui.screen import Stage, on_stage


@pytest.mark.parametrize("shown", [live(), hostile()], ids=["live", "hostile"])
async def test_screen_is_drawn_in_ascii_where_the_terminal_has_no_more(shown: Snapshot) -> None:
    link = FakeLink(shown)
    app = LivesetApp(link, updates_per_second=0, in_ascii=True)
    async with app.run_test(size=(120, 40)) as pilot:
        stage = Stage(app, link, pilot)
        await stage.update()
        assert stage.text().isascii()
        await stage.press("question_mark")
        assert stage.text().isascii()
        await stage.press("escape", "q")
        assert stage.text().isascii()


@pytest.mark.parametrize(
    ("encoding", "marks"),
    [("utf-8", True), ("iso-8859-1", False), ("ascii", False), ("cp1252", False), (None, False), ("x", False)],
)
def test_character_set_decides_on_the_marks(encoding: str | None, marks: bool) -> None:
    assert can_show_marks(encoding) == marks


def test_ascii_is_as_wide_as_what_it_stands_for() -> None:
    for text in ("▶ LIVE", "✓ SAFE", "⣀⣤⣶⣿", "╭─ Keys ─╮", "日本語", "Z\u0351a", "▇▇░░"):
        assert in_ascii(text).isascii()
        assert len(in_ascii(text)) == cells(text), text


async def test_windows_of_every_size_are_drawn() -> None:
    """One screen, made larger and smaller, with an open text, a question and every block's worst contents on the way."""
    async with on_stage(hostile(), (80, 24)) as stage:
        for size in ((20, 5), (400, 100), (21, 40), (400, 5), (56, 16), (120, 40)):
            await stage.pilot.resize_terminal(*size)
            for shown in (live(), hostile(), many_prompts(), replace(live(), state="finished"), Snapshot()):
                await stage.update(shown, times=1)
                for widget in stage.screen.query(LineWidget):
                    for y in range(widget.size.height):
                        assert widget.render_line(y).cell_length == widget.size.width
            await stage.press("enter", "ctrl+c", "escape", "escape", "l", "escape", "question_mark", "escape", "a", "escape")


async def test_theme_is_remembered_for_the_next_time(tmp_path: Path) -> None:
    file = tmp_path / "state" / "screen.json"
    for chosen, expected in (("nord", "textual-dark"), ("gruvbox", "nord"), ("gruvbox", "gruvbox")):
        app = LivesetApp(FakeLink(live()), updates_per_second=0, memory=file)
        async with app.run_test() as pilot:
            assert app.theme == expected
            app.theme = chosen
            await pilot.pause()


def test_damaged_or_unwritable_memory_is_no_harm(tmp_path: Path) -> None:
    file = tmp_path / "screen.json"
    for text in ("", "[]", "{", '{"theme": 7}', '{"theme": "no such theme"}', "[" * 5000):
        file.write_text(text)
        app: App[object] = LivesetApp(FakeLink(), updates_per_second=0, memory=file)  # type: ignore[assignment]
        assert app.theme == "textual-dark"
    remember_theme(tmp_path / "screen.json" / "x" / "y.json", "nord")
    assert remembered_theme(tmp_path / "nothing") == ""


async def test_palette_finds_themes_under_every_name() -> None:
    async with on_stage(live()) as stage:
        titles = [command.title.lower() for command in stage.app.get_system_commands(stage.screen)]
        for word in ("theme", "colour", "color", "theme: nord"):
            assert any(word in title for title in titles), word


# ------------------------------------------------------------ messages


def test_newest_message_is_last_repeats_are_counted_and_old_ones_go() -> None:
    board = NoticeBoard("", 300)
    first, second = Notice("info", "playing on pulse", 10.0), Notice("warning", "the device pulse is gone", 70.0)
    view = board.view((first, second), (), 0)
    assert (view.notices, view.fresh) == ((first,), (second,)), "what was said long before the screen came is not new"
    assert board.view((first, second), (), 1500).notices == (second,)
    assert board.view((first, second), (), 5400) == board.view((), (), 5400)
    again = replace(second, at_s=200.0, count=2)
    assert board.view((again,), (), 5401).fresh == (again,), "a repeat is new"
    assert [notice.text for notice in board.log] == [first.text, second.text]


async def test_messages_are_shown_in_the_order_in_which_they_were_said_with_their_time() -> None:
    notices = (Notice("warning", "the device pulse is gone", 65.0), Notice("info", "playing on pulse", 66.0, 3))
    async with on_stage(replace(live(), notices=notices), (120, 45)) as stage:
        lines = [line.strip() for line in stage.text().splitlines()]
        gone, back = lines.index("01:05 ! the device pulse is gone"), lines.index("01:06 · playing on pulse (3×)")
        assert gone < back


async def test_reason_of_a_long_message_is_shown_and_its_path_shortened() -> None:
    long = f"The recording ended (No space left on device): {'/very/long/folder' * 6}/sunrise-20260101.flac"
    async with on_stage(replace(live(), notices=(Notice("error", long, 90.0),)), (120, 40)) as stage:
        assert "No space left on device" in stage.text()
        assert "sunrise-20260101.flac" in stage.text()


def test_line_is_wrapped_before_it_is_cut() -> None:
    assert wrapped("one two three", 8, 2) == ["one two", "three"]
    assert wrapped("one two three", 8, 1) == ["one two…"]
    assert wrapped("it is in /a/b/c/d/e/f/g/set.wav", 24, 1) == ["it is in …/e/f/g/set.wav"]


def test_path_is_shortened_from_its_front(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    assert short_path("/home/ada/Music/set.flac", 40) == "~/Music/set.flac"
    assert short_path("/home/ada/Music/liveset/set.flac", 20) == "…/liveset/set.flac"
    assert short_path("/home/ada/a-name-that-is-too-long.flac", 12) == "…o-long.flac"


async def test_log_shows_every_message_and_all_that_was_corrected() -> None:
    shown = live()
    prompt = replace(
        shown.prompts[0],
        text="tehcno, no dums, 140 BPM",
        unknown=("wobbl",),
        guesses=(("tehcno", "techno"), ("dums", "drums")),
        unfollowed=("140 BPM",),
    )
    for size in ((56, 20), (80, 24), (120, 40)):
        async with on_stage(replace(shown, prompts=(prompt, *shown.prompts[1:])), size) as stage:
            assert "tehcn" in stage.text() and ("l: all" in stage.text() or "dums → drums" in stage.text()), size
            await stage.press("l")
            shown_text = stage.text()
            if size[1] < 40:
                await stage.press("home")
                shown_text += stage.text()
            for words in ('"tehcno" was taken for "techno"', '"dums" was taken for "drums"', '"wobbl" was not understood',
                          '"140 BPM": the set keeps its own', "nanoKONTROL2 is here"):  # fmt: skip
                assert words in shown_text, (size, words)
            await stage.press("escape")


async def test_what_plays_with_no_prompt_up_is_said() -> None:
    silent = tuple(replace(prompt, weight=0.0) for prompt in live().prompts)
    async with on_stage(replace(live(), prompts=silent, nothing_up="no prompt is up: playing house"), (80, 24)) as stage:
        assert "no prompt is up: playing house" in stage.line("PROMPTS")


async def test_names_are_text_on_the_screen_and_never_markup() -> None:
    shown = live()
    now = replace(shown.now, name="[/drop]")
    notices = (Notice("error", "cannot write [live] set.wav [/]", 90.0),)
    async with on_stage(replace(shown, title="[verse]", now=now, notices=notices), (120, 40)) as stage:
        for words in ("[verse]", "[/DROP]", "cannot write [live] set.wav [/]"):
            assert words in stage.text(), words
        await stage.press("l")
        assert "cannot write [live] set.wav [/]" in stage.text()
