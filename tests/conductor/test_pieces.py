"""A set list: what is made for the next piece before it sounds, what changes over with its first downbeat, and its order."""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import protocol as p
from engine.conductor.events import SetParams
from engine.conductor.pieces import order, sounding
from engine.conductor.seams import coming
from engine.conductor.state import Job
from engine.conductor.tempo import hand_over
from engine.session.opening import opening_state
from tests.conductor.simulation import Stage
from tests.conductor.test_conductor import OPERATIONS, SLOW, check_grid, made, perform
from tests.support.set_lists import set_list

BAR = 44_100 * 240 // 150


def starting(intro: int = 4, live: bool = True) -> Stage:
    state = opening_state(set_list("pocket", intro))
    state = state if live else state.with_work(generator="slow", traits=SLOW)
    stage = Stage(state)
    stage.up()
    work(stage)
    stage.advance(4096)
    return stage


def work(stage: Stage) -> None:
    for _ in range(4):
        for job in tuple(stage.jobs):
            if job in stage.jobs:
                stage.finish(job)


def until(stage: Stage, piece: int, section: int = 0) -> Stage:
    """Play on until a section of a piece sounds, by the piece's place and the section's in it."""
    for _ in range(20_000):
        played = [part.piece for part in stage.state.plan[: stage.state.here]]
        if sounding(stage.state) == piece and sum(each == piece for each in played) == section:
            return stage
        stage.healthy(4096)
    raise AssertionError("it never came")


def to_end(stage: Stage) -> list[str]:
    """The sections that were played, to the end of the set."""
    stage.healthy(400 * BAR)
    assert stage.player.finished and stage.player.unfilled == 0
    check_grid(stage)
    return [f"{part.piece} {part.name}" for part in stage.state.transport.history]


def titles(stage: Stage) -> str:
    """First letters of the pieces in the order in which they play."""
    return "".join(stage.state.settings.pieces[place].title[0] for place in order(stage.state))


def asked(stage: Stage) -> Job:
    return made(stage)[-1]


IN_ORDER = ["Alpha intro", "Alpha drop", "Beta intro", "Beta drop", "Gamma intro", "Gamma drop"]


def test_pieces_follow_one_another_on_the_bar() -> None:
    stage = starting()
    assert to_end(stage) == IN_ORDER
    history, tempo = stage.state.transport.history, stage.state.tempo
    assert [part.start_bar for part in history] == [0, 4, 8, 12, 16, 20]
    for part in history:
        assert part.start_s == pytest.approx(tempo.seconds_at(tempo.frame_of_bar(part.start_bar)), abs=1 / 44_100)
    assert [part.key for part in history] == [key for key in ("A minor", "E minor", "Eb major") for _ in range(2)]


def test_the_next_pieces_first_section_is_asked_for_as_that_begins_while_the_old_one_sounds() -> None:
    stage = until(starting(), 0, 1)
    stage.command(p.SetWeight(0, 0.1))
    stage.command(p.SetTempo(140.0))
    work(stage)
    stage.healthy(4096)
    request = asked(stage).version.request
    beta = stage.state.settings.pieces[1]
    assert sounding(stage.state) == 0
    assert request.prompts == (p.PromptWeight("dark techno", 0.3),)
    assert (request.set_seed, request.motif, request.key) == (4, beta.motif, "E minor")
    assert stage.state.steering.slots[0].text == "deep house"


def test_steering_changes_over_with_the_first_downbeat_and_not_before() -> None:
    stage = until(starting(), 0, 1)
    stage.command(p.SetWeight(0, 0.1))
    stage.command(p.SetMacro("echo", 0.7))
    stage.command(p.StoreScene(1))
    stage.command(p.SetPrompt(1, "bells"))
    before = stage.state.steering
    assert [slot.text for slot in before.slots] == ["deep house", "bells"] and before.macro("filter") == 0.5
    assert [number for number, _ in before.scenes] == [1]
    seen = len(stage.actions)
    until(stage, 1)
    after = stage.state.steering
    assert [(slot.text, slot.weight, slot.touched) for slot in after.slots] == [("dark techno", 0.3, False)]
    assert [number for number, _ in after.scenes] == [2]
    assert (after.macro("filter"), after.macro("echo")) == (0.4, 0.7), "what the file does not move stays where the hand has it"
    assert ("lead", 1.0, True) in after.levels
    values = dict(pair for action in stage.actions[seen:] if isinstance(action, SetParams) for pair in action.values)
    assert (values["filter"], values["level_lead"]) == (0.4, 0.0) and "echo" not in values
    assert "Beta begins: prompts, scenes and controls are its own." in stage.told


def test_what_was_moved_in_a_piece_is_not_undone_in_the_next() -> None:
    stage = until(starting(), 0, 1)
    stage.command(p.SetWeight(0, 0.1))
    until(stage, 1)
    stage.command(p.Undo())
    assert stage.told[-1] == "There is nothing to undo."
    assert stage.state.steering.slots[0].weight == 0.3


def test_a_piece_sounds_as_its_file_has_it_wherever_it_comes() -> None:
    alone = {}
    for number, preset in enumerate(set_list("pocket").pieces):
        stage = Stage(opening_state(preset))
        stage.healthy(100 * BAR)
        alone[number] = [(job.version.request.seed, job.version.request.set_seed) for job in made(stage) if job.purpose == "next"]
    stage = starting()
    to_end(stage)
    together = [(job.version.request.seed, job.version.request.set_seed) for job in made(stage) if job.purpose == "next"]
    assert together == [*alone[0], *alone[1], *alone[2]]


def test_within_eight_per_cent_the_set_glides_bar_by_bar_and_beyond_it_is_a_new_downbeat() -> None:
    stage = starting(intro=8)
    state = stage.state
    assert hand_over(state, 1) == ("bass-swap", 1), "one bar: the tempo glides"
    assert hand_over(state, 3) == ("echo-out", 2)
    to_end(stage)
    tempo = stage.state.tempo
    assert [tempo.at_bar(bar).bpm for bar in (11, 12, 13, 14, 15, 16, 23)] == [150, 150, 152.5, 155, 157.5, 160, 160]
    assert [tempo.at_bar(bar).bpm for bar in (23, 24, 25)] == [160, 200, 200]


def test_a_glide_sets_out_from_the_tempo_that_was_heard() -> None:
    stage = until(starting(intro=8), 0, 1)
    stage.command(p.SetTempo(152.0))
    until(stage, 1, 1)
    assert [stage.state.tempo.at_bar(bar).bpm for bar in (11, 12, 13, 14, 15, 16)] == [152, 152, 154, 156, 158, 160]
    assert stage.state.steering.bpm is None


def test_a_locked_tempo_holds_across_pieces() -> None:
    stage = until(starting(), 0, 1)
    stage.command(p.SetLock("tempo"))
    stage.command(p.SetLock("key"))
    to_end(stage)
    assert {(part.bpm, part.key) for part in stage.state.transport.history} == {(150.0, "A minor")}


def test_keys_that_are_far_on_the_circle_of_fifths_are_told_and_do_not_sound_together() -> None:
    stage = starting()
    until(stage, 1, 1)
    assert not any("clash" in text for text in stage.told[: stage.told.index("Next piece: Gamma, 200 BPM, Eb major.")])
    assert stage.told[-1] == "Keys clash: Gamma is in Eb major, 4 fifths from E minor."
    near = starting()
    near.state = replace(near.state, plan=tuple(replace(part, bpm=150.0) for part in near.state.plan))
    assert hand_over(near.state, 1) == ("bass-swap", 4)
    assert hand_over(near.state, 3) == ("cut", 0)
    until(near, 1)
    cue = near.player.starts[-1][0]
    assert cue.transition == "bass-swap" and cue.length == pytest.approx(4 * BAR, abs=4)


def test_hand_over_between_pieces_can_be_chosen_like_any_other() -> None:
    stage = until(starting(), 0, 1)
    for kind, heard in (("cut", ("cut", 0)), ("echo-out", ("echo-out", 2)), ("filter-sweep", ("filter-sweep", 1))):
        stage.command(p.ChooseTransition(kind))  # type: ignore[arg-type]
        assert coming(stage.state) == heard
    until(stage, 1)
    assert stage.player.starts[-1][0].transition == "filter-sweep"
    until(stage, 1, 1)
    stage.command(p.ChooseTransition("filter-sweep"))
    assert coming(stage.state)[0] == "echo-out", "two tempos are not heard at once"


def test_sections_do_not_leave_their_piece() -> None:
    stage = starting()
    intro, drop = stage.state.plan[2], stage.state.plan[1]
    for part, edit in ((intro, "sooner"), (drop, "later"), (intro, "next")):
        stage.command(p.EditPart(part.id, edit))  # type: ignore[arg-type]
        assert "piece" in stage.told[-1]
    stage.command(p.InsertPart("drop", intro.id))
    stage.command(p.InsertPart("build", intro.id, after=True))
    assert titles(stage) == "ABG"
    assert to_end(stage) == [*IN_ORDER[:2], "Alpha drop 2", "Beta intro", "Beta build", *IN_ORDER[3:]]
    assert [part.key for part in stage.state.transport.history[2:5]] == ["A minor", "E minor", "E minor"]


def test_next_piece_is_left_out_and_the_set_is_as_much_shorter() -> None:
    stage = starting()
    stage.command(p.EditPieces("skip"))
    assert titles(stage) == "AG" and stage.state.settings.total_bars == 16
    assert stage.told == ["Beta is left out; Gamma comes instead."]
    assert to_end(stage) == [*IN_ORDER[:2], *IN_ORDER[4:]]


def test_rest_of_a_piece_is_left_out() -> None:
    stage = starting()
    stage.command(p.EditPieces("leave"))
    assert to_end(stage) == [IN_ORDER[0], *IN_ORDER[2:]]


def test_piece_comes_once_more_and_begins_anew() -> None:
    stage = starting()
    stage.command(p.EditPieces("repeat"))
    assert titles(stage) == "AABG" and stage.state.settings.total_bars == 32
    stage.command(p.SetPrompt(0, "bells"))
    assert to_end(stage) == [*IN_ORDER[:2], *IN_ORDER]
    seeds = [part.seed for part in stage.state.transport.history]
    assert seeds[:2] == seeds[2:4]
    assert [part.prompts[0].text for part in stage.state.transport.history[2:4]] == ["deep house"] * 2


def test_piece_of_a_number_comes_next_or_once_more() -> None:
    stage = starting()
    stage.command(p.ChoosePiece(3))
    assert titles(stage) == "AGB"
    stage.command(p.ChoosePiece(3))
    assert stage.told[-1] == "Gamma is what comes next already."
    stage.command(p.ChoosePiece(1))
    assert titles(stage) == "AAGB"
    stage.command(p.ChoosePiece(9))
    assert stage.told[-1] == "There is no piece 9: they are 1 to 3."
    assert to_end(stage) == [*IN_ORDER[:2], *IN_ORDER[:2], *IN_ORDER[4:], *IN_ORDER[2:4]]


def test_last_piece_is_not_left_out_once_nothing_else_follows() -> None:
    stage = until(starting(), 1, 1)
    stage.command(p.EditPieces("skip"))
    assert "stays" in stage.told[-1] and titles(stage) == "ABG"
    until(stage, 2)
    for edit in ("skip", "leave"):
        stage.command(p.EditPieces(edit))
        assert stage.told[-1] == "No piece follows this one."


def test_changes_of_the_order_are_undone_until_the_next_section_has_begun() -> None:
    stage = starting()
    for command in (p.EditPieces("skip"), p.EditPieces("repeat"), p.EditPieces("leave"), p.ChoosePiece(3)):
        stage.command(command)
        assert titles(stage) != "ABG" or isinstance(command, p.EditPieces)
        work(stage)
        stage.command(p.Undo())
        assert (titles(stage), stage.state.settings.total_bars) == ("ABG", 24)
    stage.command(p.ChoosePiece(3))
    until(stage, 0, 1)
    stage.command(p.Undo())
    assert titles(stage) == "AGB" and "moved on" in stage.told[-1]


def test_edits_of_the_plan_stay_in_the_piece() -> None:
    stage = until(starting(), 0, 1)
    stage.command(p.EditPlan("drop"))
    assert titles(stage) == "ABG", "the next piece's drop is not torn out of it"
    stage.command(p.EditPlan("repeat"))
    assert to_end(stage)[:3] == ["Alpha intro", "Alpha drop", "Alpha drop 2"]


def test_set_that_ends_sooner_ends_with_the_ending_of_the_piece_that_sounds() -> None:
    stage = starting()
    stage.command(p.EditPlan("end"))
    assert to_end(stage) == IN_ORDER[:2]


def test_piece_keeps_its_length_though_the_one_before_it_was_cut_short() -> None:
    stage = until(starting(), 0, 1)
    stage.command(p.NextNow())
    until(stage, 1)
    stage.command(p.Hold(True))
    stage.healthy(10 * BAR)
    stage.command(p.Hold(False))
    to_end(stage)
    assert [part.bars for part in stage.state.transport.history][-2:] == [4, 4]


def test_set_list_that_is_over_begins_again_with_its_first_piece() -> None:
    stage = starting()
    to_end(stage)
    stage.command(p.PlayAgain())
    stage.player.starts.clear()
    assert stage.state.steering.slots[0].text == "deep house"
    stage.healthy(4096)
    assert to_end(stage) == IN_ORDER


def test_set_list_goes_on_with_its_last_piece() -> None:
    stage = starting()
    stage.command(p.GoOn(1.0))
    to_end(stage)
    later = stage.state.transport.history[4:]
    assert len(later) > 2 and {(part.piece, part.bpm, part.key) for part in later} == {("Gamma", 200.0, "Eb major")}


def test_a_single_preset_has_no_pieces_to_edit() -> None:
    stage = Stage(opening_state(set_list("pocket").first))
    stage.healthy(BAR)
    assert stage.state.settings.pieces == ()
    stage.command(p.EditPieces("skip"))
    stage.command(p.ChoosePiece(1))
    assert stage.told[-2:] == ["This set is a single piece: play several files to have a set list."] * 2


ORDERS: list[p.Command] = [
    *(p.EditPieces(edit) for edit in ("skip", "leave", "repeat")),
    *(p.ChoosePiece(number) for number in range(5)),
    *(p.EditPlan(edit) for edit in ("skip", "repeat", "longer", "shorter", "drop", "end")),
    *(p.EditPart(number, edit) for number in (2, 3, 5, 7) for edit in ("sooner", "later", "next", "remove", "repeat")),
    p.InsertPart("build"), p.InsertPart("drop", 3), p.InsertPart("free", 4, after=True), p.ChooseTransition("bass-swap"),
    p.Undo(), p.Redo(), p.SetLock("tempo"), p.SetLock("section"), p.GoOn(0.5), p.SetTempo(155.0),
]  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.one_of(OPERATIONS, st.tuples(st.just("command"), st.sampled_from(ORDERS))), max_size=50),
    st.sampled_from([4, 8]),
    st.booleans(),
)
def test_pieces_in_any_order_never_leave_the_grid(operations: list[tuple[str, object]], intro: int, live: bool) -> None:
    stage = starting(intro, live)
    for name, value in operations:
        perform(stage, name, value)
        groups = [place for place, _ in groupby(part.piece for part in stage.state.plan)]
        assert len(groups) == len(set(groups)), "a piece is played in one go"
    stage.command(p.Hold(False))
    stage.command(p.Play())
    stage.healthy(1500 * BAR, look=32_768)
    assert stage.player.finished and stage.player.unfilled == 0
    check_grid(stage)
