"""What single commands do: panic, and prompts moved, removed and cut."""

from __future__ import annotations

from engine import protocol as p
from engine.conductor.events import Tell
from engine.conductor.requests import mixed
from tests.conductor.test_conductor import BAR, opening, started


def test_panic_brings_everything_back_to_neutral() -> None:
    stage = started()
    stage.command(p.SetMacro("filter", 0.1))
    stage.command(p.SetStem("drums", muted=True))
    stage.command(p.Hold(True))
    stage.command(p.Panic())
    assert dict(stage.state.steering.macros) == p.MACRO_NEUTRAL
    assert all(level == 1.0 and not muted for _, level, muted in stage.state.steering.levels)
    assert not stage.state.steering.held


def test_second_panic_brings_back_what_the_first_one_cut() -> None:
    stage = started()
    stage.command(p.SetMacro("filter", 0.1))
    stage.command(p.SetStem("drums", 0.7, muted=True))
    stage.command(p.Hold(True))
    before = stage.state.steering
    stage.command(p.Panic())
    assert "Panic again brings them back." in stage.told[-1]
    stage.command(p.Panic())
    after = stage.state.steering
    assert (after.macros, after.levels, after.held) == (before.macros, before.levels, True)
    stage.command(p.Panic())
    stage.command(p.SetMacro("echo", 0.3))
    stage.command(p.Panic())
    assert dict(stage.state.steering.macros) == p.MACRO_NEUTRAL, "what was moved since the panic is cut, not brought back"


def test_panic_with_nothing_to_cut_promises_nothing() -> None:
    stage = started()
    stage.command(p.Panic())
    stage.command(p.Panic())
    assert "again" not in stage.told[-1]
    assert dict(stage.state.steering.macros) == p.MACRO_NEUTRAL


def test_prompt_is_moved_with_its_weight_and_the_plans_leanings() -> None:
    stage = started()
    stage.command(p.SetPrompt(len(stage.state.steering.slots), "one more"))
    slots = stage.state.steering.slots
    heard = [mixed(stage.state, part) for part in stage.state.plan]
    stage.command(p.MovePrompt(0, len(slots) - 1))
    assert stage.state.steering.slots == (*slots[1:], slots[0])
    for before, part in zip(heard, stage.state.plan, strict=True):
        assert sorted(mixed(stage.state, part), key=str) == sorted(before, key=str)
    stage.command(p.MovePrompt(0, 99))
    assert stage.state.steering.slots == (*slots[1:], slots[0])


def test_prompt_is_removed_but_never_the_last() -> None:
    stage = started()
    texts = [slot.text for slot in stage.state.steering.slots]
    stage.command(p.RemovePrompt(0))
    assert [slot.text for slot in stage.state.steering.slots] == texts[1:]
    for _ in texts:
        stage.command(p.RemovePrompt(0))
    assert [slot.text for slot in stage.state.steering.slots] == texts[-1:]
    assert "last prompt stays" in stage.told[-1]
    stage.healthy(BAR)


def test_a_prompt_that_is_too_long_is_cut_and_the_performer_is_told() -> None:
    stage = opening()
    text = "ab " * 400
    stage.command(p.SetPrompt(1, text))
    kept = stage.state.steering.slots[1].text
    assert len(kept) == p.LONGEST_PROMPT and text.startswith(kept)
    (told,) = [action.text for action in stage.actions if isinstance(action, Tell)]
    assert told == "Prompt 2 was cut to 1,000 characters, the most there can be; it had 1,199."
    stage.command(p.SetPrompt(1, "dub chords"))
    assert len([action for action in stage.actions if isinstance(action, Tell)]) == 1
