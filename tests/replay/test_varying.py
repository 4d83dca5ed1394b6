"""A set's moves once more, on another seed, other prompts or another preset."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from engine.errors import LivesetError
from engine.performances.entries import MADE
from engine.performances.reading import Performance, read_performance
from engine.presets import load_preset
from engine.protocol import Command, SetMacro, SetOptions, SetStem
from engine.rehearsal.log import RehearsalLog
from engine.rehearsal.rehearsal import Rehearsal
from engine.replay.varying import moves, read_changes, replay_with
from tests.replay.conftest import SHORT
from tests.replay.conftest import moves as knob_moves
from tests.support.rehearsing import TONES

BAR_S = 4 * 60 / 133.3


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Performance, RehearsalLog]:
    """A set that was moved, and its log; its preset is changed afterwards."""
    folder = tmp_path_factory.mktemp("played")
    source = folder / "mine.toml"
    source.write_text(TONES.format(minutes=SHORT, generator="tests.generators.tones:Tones"), encoding="utf-8")
    (folder / "log").mkdir()
    options = SetOptions(str(source), record=str(folder / "set.flac"), midi=str(knob_moves(folder / "moves.mid")))
    log = Rehearsal(load_preset(str(source)), options, folder / "log").run()
    source.write_text("nonsense", encoding="utf-8")
    return folder / "log", read_performance(folder / "log"), log


def again(played: tuple[Path, Performance, RehearsalLog], out: Path, *words: str) -> RehearsalLog:
    return replay_with(played[0], played[1], read_changes(words), out, lambda _done, _what: None)


def moved(log: RehearsalLog, bar_s: float = BAR_S) -> Sequence[tuple[Command, float]]:
    return [(event.command, event.at_s / bar_s) for event in log.events if isinstance(event.command, SetMacro | SetStem)]


def test_without_a_change_the_moves_lead_to_the_same_set(played: tuple[Path, Performance, RehearsalLog], tmp_path: Path) -> None:
    log = again(played, tmp_path / "again.flac")
    assert len(moved(log)) > 30
    assert log.events == played[2].events
    assert [each.seed for each in log.sections] == [each.seed for each in played[2].sections]
    assert (tmp_path / "again.flac").read_bytes() == (played[0].parent / "set.flac").read_bytes()


def test_another_seed_and_prompt_have_the_same_moves(played: tuple[Path, Performance, RehearsalLog], tmp_path: Path) -> None:
    log = again(played, tmp_path / "again.flac", "seed=9", "prompt 2=dub, no hats = none", "weight 2=0.5")
    assert log.seed == 9 and log.events == played[2].events
    assert {section.seed for section in log.sections}.isdisjoint(section.seed for section in played[2].sections)
    assert [(each.text, each.weight) for each in log.sections[0].prompts] == [("house", 0.8), ("dub, no hats = none", 0.5)]


def test_in_another_tempo_the_moves_come_at_the_same_bars(played: tuple[Path, Performance, RehearsalLog], tmp_path: Path) -> None:
    found = moved(again(played, tmp_path / "again.flac", "bpm=120"), 2.0)
    assert [command for command, _ in found] == [command for command, _ in moved(played[2])]
    step = 1024 / 44_100 / 2.0  # a rehearsal takes moves at every 1024th frame
    assert all(was <= bar + 1e-9 <= was + step for (_, bar), (_, was) in zip(found, moved(played[2]), strict=True))


def test_texts_that_are_changed_are_not_written_over(tmp_path: Path) -> None:
    lines = (
        '{"frame":0,"command":{"kind":"SetPrompt","asked":{"slot":0,"text":"techno"}}}',
        '{"frame":0,"command":{"kind":"Stop","asked":{}}}',
        '{"frame":0,"command":{"kind":"nonsense","asked":{}}}',
        '{"frame":0,"command":{"kind":"SetPrompt","asked":{"slot":1,"text":"house"}}}',
    )
    (tmp_path / "made.jsonl").write_text("\n".join(lines))

    class Even:
        tempo = type("Tempo", (), {"beats_at": staticmethod(float)})()

    texts = [command.text for _, command in moves(tmp_path, Even(), read_changes(["prompt 1=dub"]))]  # type: ignore[arg-type, union-attr]
    assert texts == ["house"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["seed"], "says no change"),
        (["prompt=x"], "says no change"),
        (["weight 1=loud"], "says no change"),
        (["seed=high"], "that is no seed"),
        (["prompt 4=x"], "there is no prompt 4; there are prompts 1 to 2"),
        (["bpm=9000"], "bpm"),
        (["tempo=120"], "tempo"),
        (["preset=none-of-these"], "there is no preset"),
    ],
)
def test_what_makes_no_sense_is_said_before_anything_plays(
    played: tuple[Path, Performance, RehearsalLog], tmp_path: Path, words: list[str], said: str
) -> None:
    with pytest.raises(LivesetError) as error:
        again(played, tmp_path / "again.flac", *words)
    assert said in str(error.value)
    assert not list(tmp_path.iterdir())


def test_changes_of_the_plan_are_made_again_in_the_sections_that_they_named(
    played: tuple[Path, Performance, RehearsalLog], tmp_path: Path
) -> None:
    folder = tmp_path / "log"
    shutil.copytree(played[0], folder)
    asked = (
        '{"frame":1024,"command":{"kind":"InsertPart","asked":{"role":"drop","part":2,"after":true}}}',
        '{"frame":2048,"command":{"kind":"SetCurve","asked":{"curve":"energy","value":0.125,"part":2}}}',
    )
    with (folder / MADE).open("a", encoding="utf-8") as file:
        file.write("\n".join((*asked, "")))
    log = replay_with(
        folder, read_performance(folder), read_changes(["seed=9"]), tmp_path / "again.flac", lambda _done, _what: None
    )
    before = [section.name for section in played[2].sections]
    assert [section.name for section in log.sections] == [*before[:2], "drop", *before[2:]]
    assert log.sections[1].energy == 0.125
