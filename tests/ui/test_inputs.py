"""The list of MIDI inputs: what each is taken for, what arrives, and which are ignored."""

from __future__ import annotations

from dataclasses import replace

from engine.protocol import IgnorePort, MidiView, PlayHarmony, RenamePort, Snapshot
from tests.ui.fake_link import live
from tests.ui.screen import on_stage

BOTH = MidiView(
    ("nanoKONTROL2", "[b]Keys"),
    taken=("Korg nanoKONTROL2", "any controller; its notes do nothing"),
    lasts=(("nanoKONTROL2", "cc16 ch1 = 64 -> prompt 1"),),
)


def with_midi(midi: MidiView) -> Snapshot:
    return replace(live(), midi=midi)


async def test_inputs_are_listed_with_what_they_are_and_what_arrives() -> None:
    async with on_stage(with_midi(BOTH), size=(80, 24)) as stage:
        await stage.press("I")
        await stage.update()
        text = stage.text()
        assert "✓ nanoKONTROL2   Korg nanoKONTROL2" in text
        assert "✓ [b]Keys   any controller; its notes do nothing" in text
        assert "cc16 ch1 = 64 -> prompt 1" in text
        await stage.update(with_midi(replace(BOTH, lasts=(("nanoKONTROL2", "cc17 ch1 = 3 -> prompt 2"),))))
        assert "cc17 ch1 = 3 -> prompt 2" in stage.text()
        await stage.press("down")
        await stage.update()
        assert "nothing has come from it yet" in stage.text()


async def test_an_input_is_ignored_and_heard_again() -> None:
    async with on_stage(with_midi(BOTH), size=(80, 24)) as stage:
        await stage.press("I")
        assert await stage.press("down", "enter") == [IgnorePort("[b]Keys")]
        await stage.update(with_midi(MidiView(("nanoKONTROL2",), ignored=("[b]Keys",), taken=("Korg nanoKONTROL2",))))
        assert "✗ [b]Keys" in stage.text() and "ignored: nothing it sends counts" in stage.text()
        assert await stage.press("enter") == [IgnorePort("[b]Keys", on=False)]
        assert await stage.press("escape") == []


async def test_an_inputs_notes_become_harmony_and_controls_again() -> None:
    async with on_stage(with_midi(BOTH), size=(80, 24)) as stage:
        await stage.press("I")
        assert await stage.press("down", "h") == [PlayHarmony("[b]Keys")]
        keys = replace(BOTH, taken=("Korg nanoKONTROL2", "any controller; its notes are harmony"), keyboards=("[b]Keys",))
        await stage.update(with_midi(keys))
        assert "its notes are harmony" in stage.text()
        assert await stage.press("h") == [PlayHarmony("[b]Keys", on=False)]


async def test_an_input_is_given_a_name_that_stands_for_its_own() -> None:
    async with on_stage(with_midi(BOTH), size=(100, 30)) as stage:
        await stage.press("I", "down", "r")
        assert await stage.press(*["backspace"] * len("[b]Keys"), "q", "h", "I") == [], "letters are letters"
        assert await stage.press("enter") == [RenamePort("[b]Keys", "qhI")]
        named = replace(BOTH, names=(("[b]Keys", "qhI"),), last="[b]Keys: note60 ch1 = 100")
        await stage.update(with_midi(named))
        assert "✓ qhI   any controller" in stage.text() and "[b]Keys" not in stage.text()
        assert await stage.press("enter") == [IgnorePort("[b]Keys")], "the port is still known by its own"
        await stage.press("r")
        assert await stage.press("x", "escape") == [], "left as it was"
        assert await stage.press("enter") == [IgnorePort("[b]Keys")]
        await stage.press("escape")
        await stage.update(with_midi(named))
        assert "MIDI ○ qhI +1" in stage.text() or "MIDI ● qhI +1" in stage.text()


async def test_the_chord_that_is_held_stands_beside_the_key() -> None:
    async with on_stage(replace(live(), chord="Am7/C"), size=(120, 30)) as stage:
        await stage.update()
        assert "chord Am7/C" in stage.text()


async def test_without_inputs_it_says_what_to_do() -> None:
    async with on_stage(with_midi(MidiView()), size=(80, 24)) as stage:
        await stage.press("I")
        await stage.update()
        assert "there is no MIDI input" in stage.text()
        assert await stage.press("enter") == []
