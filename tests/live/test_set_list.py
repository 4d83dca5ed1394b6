"""A set list in real processes: the pieces follow one another, and each is steered as its own file has it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.presets import load_set
from engine.processes.client import EngineClient, EngineProcess
from engine.protocol import EditPieces, NextNow, SavePreset, SetOptions, Snapshot
from tests.live.conftest import Show
from tests.support.set_lists import written


@pytest.fixture
def three(private: Path) -> Iterator[Show]:
    """Three pieces of tones that play silently."""
    options = SetOptions(device="none").with_presets(written(private, intro=8))
    engine = EngineProcess(options)
    engine.verdict()
    show = Show(engine, EngineClient(engine.folder))
    yield show
    show.end()


def texts(shown: Snapshot) -> list[str]:
    return [prompt.text for prompt in shown.prompts]


def test_pieces_follow_one_another_each_with_its_own_prompts_scenes_and_controls(three: Show, private: Path) -> None:
    first = three.wait_playing()
    assert (first.piece.title, first.piece.place, first.piece.count, first.piece.after) == ("Alpha", 1, 3, "Beta")
    assert texts(first) == ["deep house"] and [part.piece for part in first.arc if part.piece] == ["Alpha", "Beta", "Gamma"]
    three.client.send(EditPieces("leave"))
    coming = three.wait(lambda s: s.next.name == "Beta: intro" and s.next.state == "ready", "the next piece")
    assert texts(coming) == ["deep house"], "not before it sounds"
    assert not any(prompt.control == "cc20" for prompt in coming.prompts)
    three.client.send(SavePreset(str(private / "night.toml")))
    three.wait(lambda s: any("night.toml is a preset now" in each.text for each in s.notices), "the set saved")
    saved = load_set([str(private / "night.toml")])
    assert [piece.set.title for piece in saved.pieces] == ["Alpha", "Beta", "Gamma"]
    three.client.send(NextNow())
    second = three.wait(lambda s: s.piece.title == "Beta" and s.prompts[0].control == "cc20", "the second piece")
    assert texts(second) == ["dark techno"] and second.scenes.stored == (2,) and second.key == "E minor"
    assert [stem.name for stem in second.stems if stem.muted] == ["lead"]
    three.wait(lambda s: s.bpm > 150, "the glide")
    assert three.status()["silent_frames"] == 0
