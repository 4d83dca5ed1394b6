"""What goes out to a controller: the difference, in its pace, whole again where it must be; and what comes back of it."""

from __future__ import annotations

import threading

from engine.midi.devices.outputs import LightsOutput, Plan
from engine.midi.devices.system import OutPort
from engine.midi.feedback.echo import JUDGED, Echoes
from engine.midi.feedback.lights import parse_lights
from engine.midi.feedback.states import moved, shown
from engine.midi.feedback.writer import PACE_S, Difference
from engine.midi.names import input_names, output_of
from engine.midi.profiles import Control
from engine.protocol import HeadphonesView, NextView, PromptView, ScenesView, Snapshot, StemView, TakeView

LIGHTS = parse_lights(
    {
        "enter": ["F0 01 F7"],
        "leave": ["F0 02 F7"],
        "bank": ["B3 00"],
        "pads": {"of": "note", "numbers": [0, 9], "off": "90 n 00", "on": "90 n 7F"},
    },
    "test",
)
PLAN = Plan(LIGHTS, {Control("note", 0): "mute drums", Control("note", 1): "hold"})


def everything(difference: Difference, at: float) -> list[bytes]:
    """All that goes out from a time on, in its pace."""
    sent = []
    while (wait := difference.waits(at)) is not None:
        at += wait
        data = difference.take(at)
        sent += [data] if data is not None else []
    return sent


def test_only_the_difference_goes_out_and_everything_after_a_new_bank() -> None:
    difference = Difference(LIGHTS)
    difference.wanted = {"a": b"1", "b": b"2"}
    assert everything(difference, 0.0) == [b"\xf0\x01\xf7", b"1", b"2"], "modes first, then the whole image"
    assert everything(difference, 1.0) == []
    difference.wanted = {"a": b"1", "b": b"3"}
    assert everything(difference, 2.0) == [b"3"]
    difference.again()
    assert everything(difference, 3.0) == [b"\xf0\x01\xf7", b"1", b"3"]


def test_messages_keep_their_distance_and_skip_what_is_over() -> None:
    difference = Difference(parse_lights({}, "test"))
    difference.wanted = {"a": b"1", "b": b"1"}
    assert difference.take(5.0) == b"1"
    assert difference.take(5.0 + PACE_S / 2) is None and difference.waits(5.0 + PACE_S / 2) is not None
    difference.wanted = {"a": b"1", "b": b"9"}
    assert difference.take(5.0 + 2 * PACE_S) == b"9", "what was wanted meanwhile is never sent"


def test_echo_is_no_hand_and_a_hand_is_no_echo() -> None:
    echoes = Echoes()
    echoes.sent("box", b"\x90\x00\x7f", 1.0)
    assert not echoes.is_echo("box", b"\x90\x01\x7f", 1.01) and not echoes.is_echo("other", b"\x90\x00\x7f", 1.01)
    assert echoes.is_echo("box", b"\x90\x00\x7f", 1.02)
    assert not echoes.is_echo("box", b"\x90\x00\x7f", 1.03), "one echo for each that was sent"
    echoes.sent("box", b"\x90\x00\x7f", 2.0)
    assert not echoes.is_echo("box", b"\x90\x00\x7f", 3.0), "much later it is a hand"


def test_controller_that_never_echoes_loses_no_press() -> None:
    echoes = Echoes()
    for n in range(JUDGED + 1):
        echoes.sent("box", b"\x90\x00\x7f", float(n))
    echoes.sent("box", b"\x90\x00\x7f", 100.0)
    assert not echoes.is_echo("box", b"\x90\x00\x7f", 100.01)


class Port:
    def __init__(self, box: Box) -> None:
        self.box = box

    def there(self) -> bool:
        return True

    def send_bytes(self, data: bytes) -> None:
        if self.box.stuck is not None:
            self.box.stuck.wait()
        self.box.heard.append(data)
        self.box.news.set()

    def close(self) -> None:
        self.box.closed += 1
        self.box.news.set()


class Box:
    """Controllers' outputs in memory."""

    def __init__(self, *names: str) -> None:
        self.names: list[str | None] = list(names)
        self.heard: list[bytes] = []
        self.news = threading.Event()
        self.stuck: threading.Event | None = None
        self.closed = 0
        self.now = 0.0

    def outputs(self) -> list[str | None]:
        return list(self.names)

    def open_output(self, name: str | None, place: int = 0) -> OutPort:
        return Port(self)

    def close(self) -> None:
        pass

    def until(self, count: int) -> list[bytes]:
        while len(self.heard) < count:
            assert self.news.wait(20.0), self.heard
            self.news.clear()
        return self.heard


SNAPSHOT = Snapshot(state="playing", stems=(StemView("drums", 1.0, True),))


def test_lights_are_lit_on_connect_again_after_reconnect_and_left_at_the_end() -> None:
    box = Box("box")
    lights = LightsOutput(lambda: box)
    lights.plug({"box": PLAN})
    lights.offer(SNAPSHOT)
    whole = [b"\xf0\x01\xf7", b"\x90\x00\x7f", b"\x90\x01\x00"]
    lights.turn()
    assert box.until(3) == whole
    assert not lights.passes("box", b"\x90\x00\x7f", lights._clock()), "its echo moves nothing"
    assert lights.passes("box", b"\x90\x01\x00", lights._clock()), "a hand that lets go is heard"
    box.names = []
    lights._scan()
    assert box.closed == 1 and box.heard == whole, "a port that is gone is sent nothing"
    box.names = ["box"]
    lights._scan()
    lights.turn()
    assert box.until(6)[3:] == whole
    assert lights.passes("box", b"\xb3\x00\x7f", lights._clock())
    assert box.until(9)[6:] == whole, "a new bank"
    lights.leave()
    assert box.heard[9:] == [b"\x90\x00\x00", b"\xf0\x02\xf7"] and box.closed == 2


def test_port_that_blocks_holds_up_neither_the_others_nor_the_set() -> None:
    stuck, free = Box("stuck"), Box("free")
    stuck.stuck = threading.Event()
    both = Box("stuck", "free")
    both.open_output = lambda name, place=0: Port(stuck if name == "stuck" else free)  # type: ignore[method-assign]
    lights = LightsOutput(lambda: both)
    lights.plug({"stuck": PLAN, "free": PLAN})
    lights.offer(SNAPSHOT)
    lights.turn()
    assert free.until(3) and not stuck.heard
    lights.offer(Snapshot(state="playing"))
    lights.turn()
    assert free.until(4)[-1] == b"\x90\x00\x00"
    stuck.stuck.set()
    lights.leave()


def test_output_of_an_input_is_found_by_the_ways_systems_name_them() -> None:
    def found(name: str, *outputs: str) -> str | None:
        output = output_of(input_names([name])[0].name, input_names(outputs))
        return None if output is None else output.system

    assert found("nanoKONTROL2:nanoKONTROL2 CTRL 20:0", "Synth:Synth 24:0", "nanoKONTROL2:nanoKONTROL2 CTRL 20:0")  # ALSA
    assert found("a2j:APC [20] (capture): MIDI 1", "a2j:APC [20] (playback): MIDI 1")  # JACK
    assert found("system:midi_capture_3", "system:midi_playback_2", "system:midi_playback_3") == "system:midi_playback_3"
    assert found("APC40 mkII", "APC40 mkII")  # CoreMIDI
    assert found("MIDIIN2 (Launchpad)", "MIDIOUT2 (Launchpad)")  # WinMM
    assert found("APC40 mkII 0", "Microsoft GS Wavetable Synth 0", "APC40 mkII 1") == "APC40 mkII 1"
    assert found("Knobs", "Input Box") is None


TAKES = (TakeView("A", "ready"), TakeView("B", "ready", chosen=True, comes=True), TakeView("C", "making", 0.5))


def test_states_follow_the_set() -> None:
    told = shown(
        Snapshot(
            state="playing",
            hold=True,
            next=NextView(state="ready", take="B", takes=TAKES),
            prompts=(PromptView("a", 0.5), PromptView("b", 0.0)),
            stems=(StemView("bass", 0.5, True),),
            scenes=ScenesView((1, 2, 3), 2, 3, 0.5),
        ),
        chosen=1,
    )
    states = {name: look.state for name, look in told.items()}
    assert states["play/stop"] == "playing" and states["hold"] == "held" and states["next"] == "next safe"
    assert states["re-roll"] == "take ready" and states["mute bass"] == "muted" and told["stem bass"].value == 0.5
    assert [states.get(f"take {letter}", "off") for letter in "abc"] == ["take ready", "take chosen", "off"]
    awaited = NextView(takes=(TakeView("A", "old", comes=True), TakeView("B2", "making", 0.5, chosen=True)))
    assert shown(Snapshot(next=awaited))["take b"].state == "take awaited"
    assert states["prompt 1"] == "raised" and states["prompt 2"] == "chosen"
    assert [states[f"scene {n}"] for n in (1, 2, 3)] == ["scene stored", "scene active", "scene coming"]


def test_what_is_cued_and_a_loop_of_marked_bars_have_lights() -> None:
    cued = {name: look.state for name, look in shown(Snapshot(headphones=HeadphonesView("3/4", "take B"))).items()}
    assert (cued["cue take a"], cued["cue take b"], cued["cue hand-over"]) == ("off", "cued", "off")
    waits = shown(Snapshot(headphones=HeadphonesView("3/4", "hand-over", waits=True)))
    assert waits["cue hand-over"].state == "cue awaited"
    assert shown(Snapshot(hook="intro 3-6"))["mark 4 bars"].state == "raised"
    assert shown(Snapshot(hook="loops 3-6", hook_loops=True))["loop hook"].state == "held"


def test_chosen_prompt_is_the_one_moved_last() -> None:
    before = Snapshot(prompts=(PromptView("a", 0.5), PromptView("b", 0.0)))
    after = Snapshot(prompts=(PromptView("a", 0.5), PromptView("b", 0.2)))
    assert moved(None, before, None) is None and moved(before, after, None) == 1 and moved(after, after, 1) == 1


def test_output_of_a_device_that_calls_its_ways_differently_is_the_only_one_it_has() -> None:
    outputs = input_names(["Midi Through", "nanoKONTROL2 CTRL", "USB MIDI Out"])
    found = output_of("nanoKONTROL2 SLIDER/KNOB", outputs)
    assert found is not None and found.name == "nanoKONTROL2 CTRL"
    assert output_of("system:midi_capture_3", input_names(["system:midi_playback_1"])) is None
    assert output_of("USB Keys In", outputs) is None, "a word that many share tells nothing"
    assert output_of("nanoKONTROL2 SLIDER/KNOB", input_names(["nanoKONTROL2 A", "nanoKONTROL2 B"])) is None
