"""Messages from other processes: ours fit, whatever is changed in them does not get through as something else."""

from __future__ import annotations

import random
from dataclasses import fields, replace
from typing import Any

import pytest

from engine import protocol as p
from engine.protocol.checking import fits
from engine.timebase import Grid

GOOD: list[tuple[object, Any]] = [
    (p.Play(), p.Command),
    (p.Hold(None), p.Command),
    (p.SetWeight(1, 0.5), p.Command),
    (p.SetMacro("filter", 1), p.Command),
    (p.VaryNext(0.3, "drop-1"), p.Command),
    (p.UseDevice(None), p.Command),
    (p.HoldChord(p.HeldChord((0, 4, 7), 9)), p.Command),
    (p.HoldChord(None), p.Command),
    (p.RenamePort("Keys", "organ"), p.Command),
    (p.Record("night.flac"), p.Command),
    (p.SetCues((p.Cue(1, "a", 0, 0, 100, Grid(120.0)),)), p.PlayerOrder),
    (p.MarkSection("drop", 7), p.PlayerOrder),
    (p.DeviceOpened("pulse", 44_100, 256, 0.02, False), p.PlayerEvent),
    (p.PlayerHello(0, None, (), None, None), p.PlayerEvent),
    (p.SectionProgress(1, 7, 0.5), p.WorkerReport),
    (p.SectionDone(1, 2.5), p.WorkerReport),
]
JUNK: tuple[object, ...] = (
    None,
    "x",
    b"",
    7.5,
    float("nan"),
    float("inf"),
    -1,
    True,
    (),
    [],
    {},
    object,
    p.Play(),
    (1, 2),
    10**30,
)


@pytest.mark.parametrize(("message", "kind"), GOOD, ids=lambda each: type(each).__name__)
def test_our_own_messages_fit(message: object, kind: Any) -> None:
    assert fits(message, kind)


@pytest.mark.parametrize("junk", JUNK, ids=repr)
def test_what_is_no_message_does_not_fit(junk: object) -> None:
    for kind in (p.PlayerOrder, p.PlayerEvent, p.WorkerReport):
        assert not fits(junk, kind)


def test_numbers_that_are_none_and_names_that_do_not_exist_do_not_fit() -> None:
    assert not fits(p.SetWeight(0, float("nan")), p.Command)
    assert not fits(p.SetWeight(True, 0.5), p.Command)
    assert not fits(p.SetMacro("nonsense", 0.5), p.Command)  # type: ignore[arg-type]
    assert not fits(p.SetPrompt(0, None), p.Command)  # type: ignore[arg-type]
    assert not fits(p.SetCues([]), p.PlayerOrder)  # type: ignore[arg-type]


def test_a_thousand_spoilt_messages_never_raise() -> None:
    rng = random.Random(20)
    for _ in range(1000):
        message, kind = rng.choice(GOOD)
        names = [field.name for field in fields(message)]  # type: ignore[arg-type]
        if names:
            message = replace(message, **{rng.choice(names): rng.choice(JUNK)})  # type: ignore[type-var]
        assert fits(message, kind) in (True, False)
