"""Takes of the next section in real processes: three are made, one is chosen, put together and played; their files go."""

from __future__ import annotations

from collections.abc import Callable

from engine.protocol import ChooseTake, NextNow, Snapshot, TakeStem
from tests.live.conftest import PRESET, Show


def all_ready(s: Snapshot) -> bool:
    return len(s.next.takes) == 3 and all(take.state == "ready" for take in s.next.takes)


def test_chosen_take_plays_with_the_stem_of_another(show: Callable[..., Show]) -> None:
    one = show(minutes=3, text=PRESET)
    one.wait_playing()
    first = one.wait(all_ready, "three takes").now.name
    one.client.send(ChooseTake(1))
    one.client.send(TakeStem("drums", 2))
    made = one.wait(lambda s: all_ready(s) and s.next.take == "B2", "take B with the drums of C")
    assert [(take.name, take.what, take.comes) for take in made.next.takes] == [
        ("A", "", False),
        ("B2", "drums", True),
        ("C", "", False),
    ]
    one.client.send(NextNow())
    now = one.wait(lambda s: s.now.name not in ("", first), "the next section").now
    assert now.take == "B2"
    assert one.wait(all_ready, "three takes of the section after it").next.take == "A"
    assert one.now().audio.underruns == 0
