"""Another instrument gets the set's clock on a real MIDI port: start, ticks in step, stop, and again after it was gone."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import mido

from engine.midi.devices.system import BACKEND
from engine.protocol import Play, Stop
from tests.live.conftest import Show
from tests.live.jack import PATIENCE_S, Server, lasting_server, pytestmark, sent_until
from tests.support.waiting import comes_true, wait_until

__all__ = ["lasting_server", "pytestmark"]


class Synth:
    """An instrument that follows a clock; RtMidi leaves clocks out unless it is told not to."""

    def __init__(self) -> None:
        self.heard: list[tuple[float, mido.Message]] = []
        self.port = mido.Backend(f"{BACKEND}/UNIX_JACK").open_input("in", virtual=True, client_name="synth")
        self.port._midi.ignore_types(sysex=True, timing=False, active_sense=True)

    def kinds(self) -> list[str]:
        """What has come so far, clocks aside."""
        while (message := self.port._receive(block=False)) is not None:
            self.heard.append((time.monotonic(), message))
        return [message.type for _, message in self.heard if message.type != "clock"]

    def begun(self) -> bool:
        """Whether the last that has come, clocks aside, is where it begins and that it does."""
        return self.kinds()[-2:] in (["songpos", "start"], ["songpos", "continue"])

    def ticks(self) -> int:
        """How many clocks have come."""
        self.kinds()
        return sum(message.type == "clock" for _, message in self.heard)


def stop_again(one: Show) -> None:
    """The set stops; one that stands still goes on before."""
    one.client.send(Play())
    one.wait(lambda s: s.state == "playing", "the set going on")
    one.client.send(Stop())
    one.wait(lambda s: s.state == "stopped", "a stop")


def begin_again(one: Show) -> None:
    """The set goes on; one that plays stops before."""
    one.client.send(Stop())
    one.wait(lambda s: s.state == "stopped", "a stop")
    one.client.send(Play())
    one.wait(lambda s: s.state == "playing", "the set going on")


def test_instrument_is_started_kept_in_step_stopped_and_found_again(lasting_server: Server, show: Callable[..., Show]) -> None:
    synth = Synth()
    one = show(minutes=1, clock="synth")
    one.wait_playing()
    if not comes_true(synth.begun, PATIENCE_S):  # it was sent once, as the set began
        sent_until(lambda: begin_again(one), synth.begun)
    begun, first = one.now().elapsed_s, synth.ticks()
    one.wait_on(3)
    ended, last = one.now().elapsed_s, synth.ticks()
    assert abs((last - first) - (ended - begun) * 200 / 60 * 24) <= 24, "a beat is more than a snapshot and a look can be late"
    sent_until(lambda: stop_again(one), lambda: synth.kinds()[-1:] == ["stop"])
    sent_until(lambda: begin_again(one), synth.begun)
    synth.port.close()
    one.wait(lambda s: any("no output is called synth" in n.text for n in s.notices), "the word of it")
    again = Synth()
    wait_until(lambda: again.ticks() > 24, "the clock again")
    again.port.close()


class Master:
    """An instrument that sends a clock, on a thread of its own."""

    def __init__(self, bpm: float) -> None:
        self.port = mido.Backend(f"{BACKEND}/UNIX_JACK").open_output("out", virtual=True, client_name="master")
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(60.0 / bpm / 24,), daemon=True)
        self._thread.start()

    def _run(self, tick_s: float) -> None:
        at = time.monotonic()
        self.port.send(mido.Message("start"))
        while not self._ended.wait(max(0.0, at - time.monotonic())):
            self.port.send(mido.Message("clock"))
            at += tick_s

    def stop(self) -> None:
        self._ended.set()
        self._thread.join()
        self.port.send(mido.Message("stop"))


def test_set_follows_another_instruments_clock_and_goes_on_without_it(lasting_server: Server, show: Callable[..., Show]) -> None:
    """The set's own tempo is 200 BPM. While its bars come to the other's, it goes up to 4 % beside that one's tempo."""
    one = show(minutes=2, clock_in="master")
    one.wait_playing()
    assert one.now().bpm == 200
    master = Master(182.0)
    one.wait(lambda s: any("the set follows" in n.text for n in s.notices), "the word of it")
    one.wait(lambda s: abs(s.bpm / 182.0 - 1) <= 0.0401, "the tempo")
    master.stop()
    one.wait(lambda s: any("the clock stopped; the set goes on at" in n.text for n in s.notices), "the word that it stopped")
    one.wait_on(2)
    assert abs(one.now().bpm / 182.0 - 1) <= 0.0401
    master.port.close()
