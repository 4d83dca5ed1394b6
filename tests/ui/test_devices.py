"""The list of outputs and inputs: what the engine finds, what is chosen, and the one that plays instead of another."""

from __future__ import annotations

from dataclasses import replace

from engine.protocol import DeviceInfo, ListDevices, RoomView, UseDevice, UseInput
from tests.ui.fake_link import live
from tests.ui.screen import on_stage

FOUND = (
    DeviceInfo(0, "speakers", "ALSA", 2, 48_000.0, True, "speakers, ALSA"),
    DeviceInfo(3, "[red]phones", "JACK", 8, 96_000.0, False, "[red]phones, JACK"),
)


async def test_output_is_chosen_by_name_and_host() -> None:
    async with on_stage(live(), size=(80, 24)) as stage:
        assert await stage.press("O") == [ListDevices(False), ListDevices()]
        assert "looking for outputs and inputs" in stage.text()
        await stage.update(replace(live(), devices=FOUND))
        assert "speakers, ALSA   2 channels, 48000 Hz, the default" in stage.text()
        assert "[red]phones, JACK   8 channels" in stage.text()
        sent = await stage.press("end", "enter")
        assert set(sent) == {UseDevice("[red]phones, JACK"), ListDevices(False)}


async def test_first_line_of_the_outputs_is_the_default() -> None:
    async with on_stage(live(), size=(80, 24)) as stage:
        await stage.press("O")
        await stage.update(replace(live(), devices=FOUND))
        assert UseDevice(None) in await stage.press("home", "enter")


async def test_list_of_no_outputs_says_what_to_do() -> None:
    async with on_stage(live(), size=(80, 24)) as stage:
        await stage.press("O")
        await stage.update(replace(live(), devices=()))
        assert "there is no output device" in stage.text()
        assert await stage.press("r") == [ListDevices(False), ListDevices()]
        assert await stage.press("escape") == [ListDevices(False)]


async def test_output_that_plays_instead_of_another_is_named() -> None:
    shown = live()
    wrong = replace(shown, audio=replace(shown.audio, device="JACK out", instead_of="speakers"))
    async with on_stage(wrong) as stage:
        assert "✗ on JACK out" in stage.text()


HEARD = (
    DeviceInfo(1, "microphone", "ALSA", 1, 48_000.0, True, "microphone, ALSA"),
    DeviceInfo(4, "USB=2 [b]Audio", "JACK", 2, 44_100.0, False, "USB=2 [b]Audio, JACK"),
)


async def test_input_is_chosen_and_its_level_seen_while_the_list_is_open() -> None:
    async with on_stage(live(), size=(80, 24)) as stage:
        await stage.press("O")
        found = replace(live(), devices=FOUND, inputs=HEARD)
        await stage.update(found)
        assert "microphone, ALSA   1 channel," in stage.text() and "Input: ───── none" in stage.text()
        assert await stage.press("tab", "end", "enter") == [UseInput("USB=2 [b]Audio, JACK=0")]
        heard = replace(found, room=RoomView("USB=2 [b]Audio", peaks=(0.0, 1.0)))
        await stage.update(heard)
        assert "Input: ━━━━━ USB=2 [b]Audio" in stage.text() and "▶ USB=2 [b]Audio, JACK" in stage.text()
        await stage.update(replace(heard, room=RoomView("USB=2 [b]Audio")))
        assert "Input: ───── USB=2 [b]Audio" in stage.text()
        assert await stage.press("home", "enter") == [UseInput(None)]


async def test_input_that_is_lost_says_why() -> None:
    async with on_stage(live(), size=(80, 24)) as stage:
        await stage.press("O")
        lost = replace(live(), devices=FOUND, inputs=HEARD, room=RoomView(why="the input microphone went away"))
        await stage.update(lost)
        assert "Input: ───── the input microphone went away" in stage.text()


async def test_without_any_input_the_list_is_of_outputs_alone() -> None:
    async with on_stage(live(), size=(80, 24)) as stage:
        await stage.press("O")
        await stage.update(replace(live(), devices=FOUND, inputs=()))
        assert "Input:" not in stage.text() and "--input" not in stage.text()
