"""Keys: what each sends, and what a selection changes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePosixPath

from engine.protocol import (
    BuildOnHook,
    ChooseTake,
    Command,
    Hold,
    IgnorePort,
    Keep,
    MacroView,
    MarkIn,
    MarkLast,
    MarkOut,
    NextNow,
    Notice,
    Nudge,
    Panic,
    PromptView,
    RemakeBars,
    ReRoll,
    SetLora,
    SetMacro,
    SetPrompt,
    SetWeight,
    StepKey,
    StepTempo,
    StepTransition,
    StretchTransition,
    TapTempo,
    ToggleMute,
    ToggleRecord,
    VaryNext,
)
from liveset.ui.app import LivesetApp
from liveset.ui.bindings import KEYS
from liveset.ui.controls import Control
from tests.ui.fake_link import FakeLink, live, many_prompts
from tests.ui.screen import Stage, on_stage

SENDS: list[tuple[tuple[str, ...], list[Command]]] = [
    (("n",), [NextNow()]),
    (("h",), [Hold()]),
    (("r",), [ReRoll()]),
    (("y",), [VaryNext()]),
    (("left_square_bracket", "right_square_bracket", "G"), [MarkIn(), MarkOut(), MarkLast()]),
    (("backslash", "left_curly_bracket", "right_curly_bracket"), [StepTransition(), StretchTransition(-1), StretchTransition(1)]),
    (("P",), [BuildOnHook()]),
    (("Q", "E", "V"), [ChooseTake(0), ChooseTake(1), ChooseTake(2)]),
    (("k",), [Keep()]),
    (("b", "enter"), [RemakeBars(5, 8)]),
    (("b", "escape", "h"), [Hold()]),
    (("b", *["backspace"] * 8, "1", "3", "enter"), [RemakeBars(13, 13)]),
    (("b", *["backspace"] * 3, "9", "minus", "1", "6", "enter"), [RemakeBars(9, 16)]),
    (("b", *["backspace"] * 3, "n", "enter"), []),
    (("b", *["backspace"] * 3, "0", "enter"), []),
    (("p",), [Panic()]),
    (("z", "Z", "Z"), [StepTempo(-1.0), StepTempo(1.0), StepTempo(1.0)]),
    (("i",), [TapTempo()]),
    (("j", "J"), [StepKey(7), StepKey(-7)]),
    (("plus",), [Nudge("macro energy", 0.05, True)]),
    (("equals_sign",), [Nudge("macro energy", 0.05, True)]),
    (("minus",), [Nudge("macro energy", -0.05, True)]),
    (("minus", "minus"), [Nudge("macro energy", -0.05, True)] * 2),
    (("up",), [Nudge("prompt 1", 0.05, True)]),
    (("down",), [Nudge("prompt 1", -0.05, True)]),
    (("shift+up", "shift+up"), [Nudge("prompt 1", 0.25, True)] * 2),
    (("2", "up"), [Nudge("prompt 2", 0.05, True)]),
    (("2", "shift+down"), [Nudge("prompt 2", -0.25, True)]),
    (("2", "pagedown", "down"), [Nudge("prompt 2", -0.25, True), Nudge("prompt 2", -0.05, True)]),
    (("4", "end"), [SetWeight(3, 1.0)]),
    (("1", "home"), [SetWeight(0, 0.0)]),
    (("1", "0"), [SetWeight(0, 0.0)]),
    (("5", "up"), [Nudge("prompt 1", 0.05, True)]),
    (("right", "up"), [Nudge("prompt 2", 0.05, True)]),
    (("left", "up"), [Nudge("prompt 4", 0.05, True)]),
    (("f", "down"), [Nudge("macro filter", -0.05, True)]),
    (("f", "0"), [SetMacro("filter", 0.5)]),
    (("e", "up"), [Nudge("macro echo", 0.05, True)]),
    (("v", "up"), [Nudge("macro reverb", 0.05, True)]),
    (("d", "up"), [Nudge("macro drive", 0.05, True)]),
    (("o", "down"), [Nudge("macro volume", -0.05, True)]),
    (("tab", "right", "up"), [Nudge("macro echo", 0.05, True)]),
    (("tab", "tab", "up"), [Nudge("stem drums", 0.05, True)]),
    (("shift+tab", "right", "down"), [Nudge("stem bass", -0.05, True)]),
    (("shift+tab", "m"), [ToggleMute("drums")]),
    (("m",), []),
    (("D",), [ToggleMute("drums")]),
    (("B", "B"), [ToggleMute("bass"), ToggleMute("bass")]),
    (("H",), [ToggleMute("harmony")]),
    (("L",), [ToggleMute("lead")]),
    (("M",), []),
]


async def test_keys_send_their_commands() -> None:
    async with on_stage(live()) as stage:
        for keys, commands in SENDS:
            stage.screen.desk.selected = Control("prompt", 0)
            stage.screen.update_view()
            assert await stage.press(*keys) == commands, keys


def test_every_key_is_bound_once() -> None:
    names = [name for key in KEYS for name in key.keys.split(",")]
    assert len(names) == len(set(names))


async def test_key_nine_switches_the_digits_to_the_other_eight_prompts() -> None:
    async with on_stage(many_prompts()) as stage:
        assert await stage.press("9", "3", "end") == [SetWeight(10, 1.0)]
        assert await stage.press("9", "3", "home") == [SetWeight(2, 0.0)]
        assert "keys 1-8: 1 to 8" in stage.text()


async def test_recording_file_is_named_after_the_set() -> None:
    async with on_stage(live()) as stage:
        (started,) = await stage.press("R")
        assert isinstance(started, ToggleRecord)
        path = PurePosixPath(started.path)
        assert path.parent == PurePosixPath("/records")
        assert path.name.startswith("sunrise-")
        assert path.suffix == ".flac"
        shown = live()
        await stage.update(replace(shown, audio=replace(shown.audio, recording=str(path))))
        assert "● REC" in stage.text()
        assert [type(sent) for sent in await stage.press("R")] == [ToggleRecord]


async def test_bar_dialog_offers_the_bars_of_the_section() -> None:
    shown = live()
    for size in ((80, 24), (120, 40), (56, 12)):
        async with on_stage(replace(shown, next=replace(shown.next, bars=6)), size) as stage:
            await stage.press("b")
            await stage.update()
            assert "re-make bars 1-6" in stage.text(), size
            assert await stage.press("enter", "h") == [RemakeBars(1, 6), Hold()]


async def test_bar_dialog_refuses_text_that_names_no_bars() -> None:
    async with on_stage(live()) as stage:
        assert await stage.press("b", *["backspace"] * 3, "q", "enter") == []
        await stage.update()
        assert "names no bars: write them as 5-8" in stage.text()


async def test_bar_dialog_says_when_there_is_no_room() -> None:
    async with on_stage(live()) as stage:
        stage.screen.prompts.display = False
        await stage.press("b")
        await stage.update()
        assert "no room to ask for bars" in stage.text()
        assert await stage.press("h") == [], "what is typed at a refusal is no command"
        assert await stage.press("enter", "h") == [Hold()]


async def test_prompt_is_edited_in_place() -> None:
    async with on_stage(live(), (80, 24)) as stage:
        sent = await stage.press("2", "enter", "h", "space", "n", "up", "enter")
        assert sent == [SetPrompt(1, "dub chords, long echoesh n")]
        assert await stage.press("up") == [Nudge("prompt 2", 0.05, True)]


async def test_escape_keeps_the_old_prompt() -> None:
    async with on_stage(live()) as stage:
        await stage.press("1", "enter", "x")
        await stage.update()
        assert "leave it as it was" in stage.text()
        assert await stage.press("escape", "h") == [Hold()]


async def test_selection_survives_prompts_that_come_and_go() -> None:
    async with on_stage(many_prompts()) as stage:
        await stage.press("9", "8")
        await stage.update(replace(live(), prompts=(PromptView("one", 0.5),)))
        assert await stage.press("up") == [Nudge("prompt 1", 0.05, True)]
        await stage.update(replace(live(), prompts=(), macros=(), stems=()))
        assert await stage.press("up", "down", "0", "end", "tab", "left", "m", "enter", "9", "1", "f", "minus") == []


async def test_click_selects_a_control() -> None:
    async with on_stage(live()) as stage:
        await stage.pilot.click(stage.screen.prompts, offset=(10, 3))
        assert await stage.press("up") == [Nudge("prompt 2", 0.05, True)]
        await stage.pilot.click(stage.screen.macros, offset=(5, 3))
        assert await stage.press("up") == [Nudge("macro echo", 0.05, True)]


async def test_footer_follows_the_selection() -> None:
    async with on_stage(live()) as stage:
        assert "↑↓ weight" in stage.text()
        await stage.press("f")
        assert "↑↓ filter" in stage.text()
        await stage.press("tab")
        assert "m mute" in stage.text()
        await stage.update(replace(live(), hold=True))
        assert "h release" in stage.text()


async def test_theme_key_cycles_the_themes() -> None:
    async with on_stage(live()) as stage:
        before = stage.app.theme
        await stage.press("t")
        await stage.update()
        assert stage.app.theme != before
        assert f"theme {stage.app.theme}" in stage.text()
        await stage.press("T")
        assert stage.app.theme == before


async def test_every_command_is_in_the_palette() -> None:
    async with on_stage(live()) as stage:
        titles = {command.title for command in stage.app.get_system_commands(stage.screen)}
        assert {"Play or stop; stopping takes a second press", "Start or stop recording", "Select the filter"} <= titles
        for command in stage.app.get_system_commands(stage.screen):
            if command.title == "Re-roll: make the next section again, another way":
                await command.callback()
        assert stage.link.sent == [ReRoll()]


async def test_the_palette_offers_to_ignore_a_midi_input_and_to_hear_it_again() -> None:
    shown = live()
    async with on_stage(replace(shown, midi=replace(shown.midi, ports=("Drums",), ignored=("Keys",)))) as stage:
        offered = {command.title: command.callback for command in stage.app.get_system_commands(stage.screen)}
        offered["Ignore MIDI input Drums"]()
        offered["Hear MIDI input Keys again"]()
        assert stage.link.sent == [IgnorePort("Drums"), IgnorePort("Keys", on=False)]


async def test_prompt_is_added_and_a_missing_slot_is_reported() -> None:
    async with on_stage(live()) as stage:
        count = len(live().prompts)
        assert await stage.press("a", *"acid", "enter") == [SetPrompt(count, "acid")]
        assert await stage.press("a", "escape") == []
        await stage.press("8")
        await stage.update()
        assert "there is no prompt 8" in stage.text()


async def test_enter_on_a_macro_edits_the_last_chosen_prompt() -> None:
    async with on_stage(live()) as stage:
        assert await stage.press("2", "f", "enter", "end", *"!", "enter") == [SetPrompt(1, live().prompts[1].text + "!")]


async def test_single_notice_line_shows_the_most_serious_notice() -> None:
    notices = (Notice("warning", "the engine stopped", 10.0), Notice("info", "no MIDI system answers", 11.0))
    async with on_stage(replace(live(), notices=notices), (80, 24)) as stage:
        await stage.update()
        assert "the engine stopped" in stage.text()


async def test_screen_message_neither_hides_nor_repeats_engine_notices() -> None:
    notices = (Notice("warning", "long ago", 3.0), Notice("warning", "the engine stopped", 100.0))
    async with on_stage(replace(live(), notices=notices), (120, 45)) as stage:
        await stage.update()
        await stage.press("t")
        await stage.update()
        assert stage.text().count("the engine stopped") == 1
        assert stage.text().count("long ago") == 1
        assert "theme" in stage.text()
    async with on_stage(replace(live(), notices=notices), (80, 24)) as stage:
        await stage.press("t")
        await stage.update()
        assert "the engine stopped" in stage.text()


async def test_recording_without_a_folder_leaves_the_name_to_the_engine() -> None:
    link = FakeLink(live())
    app = LivesetApp(link, updates_per_second=0)
    async with app.run_test() as pilot:
        stage = Stage(app, link, pilot)
        await stage.update()
        assert await stage.press("R") == [ToggleRecord()]


async def test_lora_is_listed_below_the_macros_and_moves_like_one() -> None:
    shown = live()
    bending = MacroView("warm tape", 0.4, 0.0, "cc24", None, 0)
    async with on_stage(replace(shown, macros=(*shown.macros, bending)), size=(120, 40)) as stage:
        assert "warm ta…" in stage.text() and "×0.8" in stage.text()
        assert await stage.press("f", "left", "up") == [Nudge("lora 1", 0.05, True)]
        assert await stage.press("end", "0") == [SetLora(0, 2.0), SetLora(0, 0.0)]
    async with on_stage(replace(shown, macros=(*shown.macros, bending)), size=(80, 24)) as stage:
        await stage.press("f", "left")
        assert "▸+ warm ta…" in stage.text()
