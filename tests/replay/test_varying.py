"""A set's moves once more, on another seed, other prompts or another preset."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from engine.errors import LivesetError
from engine.performances.entries import MADE, PRESET_COPY, SetCard
from engine.performances.reading import Performance, read_performance
from engine.presets import SetList, load_preset
from engine.presets.set_lists import copy_set
from engine.protocol import Command, SetMacro, SetOptions, SetStem
from engine.rehearsal.log import RehearsalLog
from engine.rehearsal.rehearsal import Rehearsal
from engine.replay.varying import changed_set, moves, read_changes, replay_with
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


@pytest.fixture
def night(tmp_path: Path) -> tuple[Path, Performance]:
    """The log of a set of two pieces, as it is when it begins."""
    presets = [tmp_path / f"{name}.toml" for name in ("one", "two")]
    for preset in presets:
        preset.write_text(TONES.format(minutes=SHORT, generator="tests.generators.tones:Tones"), encoding="utf-8")
    (tmp_path / "log").mkdir()
    copy_set([str(preset) for preset in presets], tmp_path / "log", PRESET_COPY)
    card = SetCard("one", "\n".join(str(preset) for preset in presets), 1, "pocket", "")
    return tmp_path / "log", Performance("night", card, (), ())


def test_pieces_of_a_set_list_are_changed_one_by_one(night: tuple[Path, Performance]) -> None:
    changed = changed_set(*night, read_changes(["piece 2 prompt 1=hard techno", "piece 1 bpm=120", "seed=4"]))
    assert isinstance(changed, SetList)
    first, second = changed.pieces
    assert (first.set.bpm, second.prompt[0].text) == (120.0, "hard techno")
    assert first.prompt[0].text != "hard techno" and second.set.bpm != 120.0


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("prompt 1=hard techno", "of several pieces: say of which one"),
        ("piece 3 prompt 1=hard techno", "there is no piece 3; there are pieces 1 to 2"),
        ("piece 2 seed=4", "are the whole set's"),
        ("piece 2 prompt 9=x", "there is no prompt 9"),
        ("piece 2=x", "says no change"),
    ],
)
def test_what_makes_no_sense_of_a_piece_is_said(night: tuple[Path, Performance], word: str, said: str) -> None:
    with pytest.raises(LivesetError) as error:
        changed_set(*night, read_changes([word]))
    assert said in str(error.value)
