"""Headphones through a real sound server: what is cued is heard on its own outputs, and nothing of it on the set's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from engine.protocol import (
    NEWEST_KEEPER,
    Keep,
    ListenHandOver,
    ListenKeeper,
    ListenTake,
    RemoveKeeper,
    SetCueLevel,
    SetCueMix,
    SetStem,
    Snapshot,
)
from tests.live.conftest import FRAMES_S, ON_TONES, Show
from tests.live.sound_server import Server, private_server
from tests.support.waiting import wait_until

pytestmark = pytest.mark.sound

TAKES = ON_TONES + "\n[takes]\ncount = 2\n"
STEMS = ("drums", "bass", "harmony", "lead", "mix")


@pytest.fixture
def server(private: Path) -> Iterator[Server]:
    yield from private_server(private)


def ready(shown: Snapshot) -> bool:
    return bool(shown.next.takes) and shown.next.takes[0].state == "ready" and shown.state == "playing"


def muted(one: Show) -> None:
    """The set is silent, and goes on."""
    for stem in STEMS:
        one.client.send(SetStem(stem, muted=True))
    one.wait(lambda s: all(stem.muted for stem in s.stems), "the mutes")


def loud(sound: npt.NDArray[np.float32]) -> float:
    return float(np.abs(sound).max(initial=0.0))


def test_a_take_is_heard_on_outputs_3_and_4_and_nothing_of_it_on_1_and_2(server: Server, show: Callable[..., Show]) -> None:
    server.sink("wide", channels=4)
    one = show(minutes=2, text=TAKES, outputs="1,2", cue="3,4")
    one.wait(lambda s: "3/4" in s.headphones.where, "headphones")
    muted(one)
    one.wait(ready, "a take")
    with server.capture("wide", channels=4) as capture:
        start = capture.silent()
        one.client.send(ListenTake(0))
        one.wait(lambda s: s.headphones.what == "take A" and not s.headphones.waits, "the cue")
        sound = capture.heard(1.5, start)
    assert loud(sound[:, 2:]) > 0.01
    assert loud(sound[:, :2]) == 0.0


def test_the_set_in_the_headphones_is_in_time_to_the_sample(server: Server, show: Callable[..., Show]) -> None:
    server.sink("wide", channels=4)
    one = show(minutes=2, text=TAKES, cue="3,4")
    one.client.send(SetCueMix(1.0))
    one.client.send(SetCueLevel(1.0))
    one.wait(lambda s: s.headphones.mix == s.headphones.level == 1.0, "the knobs")
    one.wait_playing()
    with server.capture("wide", channels=4) as capture:
        sound = capture.heard(1.0)
    assert loud(sound[:, :2]) > 0.01
    assert loud(sound[:, 2:] - sound[:, :2]) < 1e-4


def test_a_keeper_and_the_hand_over_are_heard_until_they_are_gone_or_on_air(server: Server, show: Callable[..., Show]) -> None:
    server.sink("wide", channels=4)
    one = show(minutes=2, text=TAKES, cue="3,4")
    one.wait_playing()
    one.client.send(Keep())
    kept = one.wait(lambda s: next((n for n in s.notices if n.text.startswith("Kept as ")), None) is not None, "the keeper")
    name = next(n.text for n in kept.notices if n.text.startswith("Kept as ")).removeprefix("Kept as ").partition(":")[0]
    with server.capture("wide", channels=4) as capture:
        one.client.send(ListenKeeper(NEWEST_KEEPER))
        one.wait(lambda s: s.headphones.what == name, "the keeper in the headphones")
        wait_until(lambda: loud(capture.all()[:, 2:]) > 0.01, "its sound")
    one.client.send(RemoveKeeper(name))
    one.wait(lambda s: s.headphones.what == "", "the end of a keeper that is gone")
    shown = one.wait(ready, "a take")
    one.client.send(ListenHandOver())
    one.wait(lambda s: s.headphones.what == "hand-over" and not s.headphones.waits, "the hand-over")
    with server.capture("wide", channels=4, name="seam") as capture:
        wait_until(lambda: loud(capture.all()[:, 2:]) > 0.01, "its sound")
    one.next_section(shown.now.name)
    one.wait(lambda s: s.headphones.what == "", "the end of a hand-over that is on air")


def test_an_interface_that_is_unplugged_takes_the_headphones_with_it(server: Server, show: Callable[..., Show]) -> None:
    wide = server.sink("wide", channels=4)
    server.sink("laptop", channels=2)
    server.ask("set-default-sink", "wide")
    one = show(minutes=2, text=TAKES, cue="3,4")
    one.wait(lambda s: "3/4" in s.headphones.where, "headphones")
    muted(one)
    one.wait(ready, "a take")
    one.client.send(ListenTake(0))
    one.wait(lambda s: s.headphones.what == "take A" and not s.headphones.waits, "the cue")
    server.ask("unload-module", wide)
    one.wait(lambda s: s.headphones.where == "" and not s.audio.silent, "the laptop's own outputs")
    with server.capture("laptop") as capture:
        wait_until(lambda: len(capture.all()) > FRAMES_S, "a second of them")
        assert loud(capture.all()) == 0.0, "the server would mix the cue into them"


def test_a_device_with_two_outputs_plays_the_set_and_says_so(server: Server, show: Callable[..., Show]) -> None:
    server.sink("narrow", channels=2)
    one = show(minutes=2, text=TAKES, cue="3,4")
    shown = one.wait(lambda s: any("2 outputs" in notice.text for notice in s.notices), "the word of it")
    assert not shown.headphones.where
    one.wait_playing()
    with server.capture("narrow") as capture:
        assert loud(capture.heard(0.5)) > 0.01
    one.client.send(ListenHandOver())
    one.wait(lambda s: any("No headphones" in notice.text for notice in s.notices), "what is said to a cue")


def test_headphones_on_a_second_device_play_the_cue_and_their_loss_leaves_the_set_alone(
    server: Server, show: Callable[..., Show], private: Path
) -> None:
    server.sink("speakers", channels=2)
    ears = server.sink("ears", channels=2)
    server.ask("set-default-sink", "speakers")
    (private / ".asoundrc").write_text('pcm.ears { type pulse device ears hint { show on description "ears" } }\n')
    one = show(minutes=2, text=TAKES, cue_device="ears")
    one.wait(lambda s: "ears" in s.headphones.where, "headphones")
    muted(one)
    one.wait(ready, "a take")
    with server.capture("ears") as heard, server.capture("speakers", name="main") as main:
        start = main.silent()
        one.client.send(ListenTake(0))
        assert loud(heard.heard(1.5)) > 0.01
        assert loud(main.all()[start:]) == 0.0
        assert len(main.all()) - start > FRAMES_S
    one.client.send(SetStem("mix", muted=False))
    for stem in STEMS:
        one.client.send(SetStem(stem, muted=False))
    before = one.now().audio.underruns
    server.ask("unload-module", ears)
    with server.capture("speakers", name="after") as capture:
        assert loud(capture.heard(1.0)) > 0.01
    assert one.now().audio.underruns - before <= 2
