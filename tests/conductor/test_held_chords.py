"""A chord held on a keyboard: from the next bar on in what sounds, and from the start of what is made next."""

from __future__ import annotations

from engine import protocol as p
from tests.conductor.test_conductor import BAR, slow, started

C_MAJOR, A_MINOR = p.HeldChord((0, 4, 7), 0), p.HeldChord((0, 4, 9), 9)


def test_a_held_chord_counts_from_the_next_bar_line_on() -> None:
    stage = started()
    stage.healthy(2 * BAR + BAR // 3)
    stage.command(p.HoldChord(C_MAJOR))
    (job,) = [job for job in stage.jobs.values() if job.purpose == "remake"]
    grid = stage.state.settings.grid
    (bar, chord) = job.version.request.chords[-1]
    assert chord == C_MAJOR
    asked = grid.bar_at(stage.state.transport.frame)
    assert bar in (asked + 1, asked + 2), "the next one, or the one after where the next is too near"
    assert grid.frame_of_bar(bar) >= job.version.request.from_frame + grid.origin
    stage.healthy(2 * BAR)
    now = stage.state.transport.now
    assert now is not None and now.version.request.chords == ((bar, C_MAJOR),)
    assert stage.state.work.next is not None and stage.state.work.next.request.chords == ((0, C_MAJOR),)


def test_chords_that_follow_each_other_keep_their_bars_and_letting_go_is_as_planned() -> None:
    stage = started()
    for chord in (C_MAJOR, A_MINOR, None):
        stage.healthy(2 * BAR)
        stage.command(p.HoldChord(chord))
    stage.healthy(4 * BAR)
    now = stage.state.transport.now
    assert now is not None
    assert [chord for _, chord in now.version.request.chords] == [C_MAJOR, A_MINOR, None]
    bars = [bar for bar, _ in now.version.request.chords]
    assert bars == sorted(set(bars))
    assert stage.state.work.next is not None and stage.state.work.next.request.chords == ()


def test_a_knob_that_moves_meanwhile_keeps_the_chords_where_they_are() -> None:
    stage = started()
    stage.healthy(BAR)
    stage.command(p.HoldChord(C_MAJOR))
    stage.healthy(3 * BAR)
    assert stage.state.transport.now is not None
    before = stage.state.transport.now.version.request
    stage.command(p.SetWeight(0, 0.1))
    stage.healthy(2 * BAR)
    after = stage.state.transport.now.version.request
    assert after.section_id != before.section_id and after.chords == before.chords


def test_the_set_is_not_made_again_while_nothing_changes() -> None:
    stage = started()
    stage.command(p.HoldChord(C_MAJOR))
    stage.healthy(4 * BAR)
    sections = stage.state.work.last_section
    stage.command(p.HoldChord(p.HeldChord((7, 0, 16), 12)))
    stage.healthy(2 * BAR)
    assert stage.state.work.last_section == sections


def test_a_generator_that_cannot_follow_says_so() -> None:
    stage = slow()
    stage.command(p.HoldChord(C_MAJOR))
    assert stage.told[-1] == "slow follows no held chords: they are for pocket."
    assert stage.state.steering.chord is None
