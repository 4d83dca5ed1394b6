"""Every style: complete, and at home in its metre."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import pairwise

import pytest

from engine.generators.pocket.instruments.voices import VOICES
from engine.generators.pocket.score.compose import compose
from engine.generators.pocket.score.events import Note
from engine.generators.pocket.styles import in_bar, load_style
from engine.prompts.vocabulary import style_names
from engine.timebase import SAMPLE_RATE
from tests.generators.pocket.test_score import ask


@pytest.mark.parametrize("style", style_names())
def test_every_style_is_complete(style: str) -> None:
    loaded = load_style(style)
    assert {part.voice for part in loaded.parts.values()} <= set(VOICES)
    score = compose(ask(style))
    assert {note.part for note in score.notes} >= {"bass", "pad", "melody"}
    assert score.hits
    assert all(0 < hit.velocity <= 1 for hit in score.hits)
    assert all(note.frame >= 0 and note.gate > 0 and 12 <= pitch <= 112 for note in score.notes for pitch, _ in note.pitches)


def test_every_style_keeps_to_the_bars_of_every_metre_and_tempo() -> None:
    metres = ((3, 20.0), (5, 300.0), (7, 123.4), (2, 300.0), (11, 20.0))
    for style, (beats, bpm) in zip(style_names(), metres * len(style_names()), strict=False):
        request = ask(style, beats_per_bar=beats, bpm=bpm)
        score = compose(request)
        bars = [score.grid.frame_of_bar(bar) for bar in range(request.bars + request.tail_bars + 1)]
        hits = sorted(hit.frame for hit in score.hits)
        assert score.grid.beats_per_bar == beats
        assert hits[-1] < bars[-1] and max(note.frame for note in score.notes) < bars[-1]
        near = SAMPLE_RATE // 20
        for low, high in pairwise(bars[: request.bars + 1]):
            assert any(low - near <= frame < high - near for frame in hits), (style, beats)
        step = float(score.grid.frames_per_beat) / 4
        kicks = [hit.frame for hit in score.hits if hit.group == "kick" and hit.frame < bars[request.bars]]
        places = Counter(round((kick - bars[score.grid.bar_at(kick + near)]) / step) for kick in kicks)
        # Not all begin on "one", and some play half-time: but every other bar at least has a kick at the same place.
        assert not kicks or places.most_common(1)[0][1] >= request.bars / 2, (style, beats)


def test_a_pattern_of_two_bars_takes_turns_and_a_shorter_one_begins_again() -> None:
    assert ["".join(in_bar("abcdefgh", bar, 4)) for bar in range(3)] == ["abcd", "efgh", "abcd"]
    assert "".join(in_bar("abcd", 1, 6)) == "abcdab" and "".join(in_bar("abcdef", 1, 4)) == "abcd"


@pytest.mark.parametrize(("style", "beats", "bass"), [("waltz", 3, {0}), ("balkan", 7, {0, 2, 4}), ("bossa nova", 4, {0, 2})])
def test_bass_says_where_the_bar_is_heavy(style: str, beats: int, bass: set[int]) -> None:
    score = compose(ask(style, beats_per_bar=beats, bars=8, energy=0.8, previous_role=None, next_role=None))
    beat = float(score.grid.frames_per_beat)
    struck = Counter(round(note.frame / beat) % beats for note in score.notes if note.part == "bass" and not note.slide)
    assert {place for place, _ in struck.most_common(len(bass))} == bass


def test_a_set_ends_without_a_hole_though_its_notes_are_short() -> None:
    request = ask("hyperpop", bars=11, bpm=159.0, key="A major", role="outro", energy=0.25, previous_role="drop", next_role=None)
    for seed in range(4):
        score = compose(replace(request, set_seed=seed, seed=seed))
        sounding = sorted((note.frame, note.frame + note.gate) for note in score.notes if note.velocity > 0.1)
        sounding += [(hit.frame, hit.frame) for hit in score.hits]
        reached = 0
        for start, end in sorted(sounding):
            assert start - reached < 2 * score.grid.frames_per_beat, (seed, score.grid.bar_at(reached))
            reached = max(reached, end)
        assert reached >= score.grid.frame_of_bar(request.bars - 1)


def test_music_without_drums_has_the_tonic_below_it_wherever_no_bass_plays() -> None:
    def pedal(text: str, **changes: object) -> list[Note]:
        score = compose(ask(text, bars=16, key="E lydian", bpm=72.0, **changes))
        return [note for note in score.notes if note.part == "pedal"]

    held = pedal("drone", role="breakdown", energy=0.3)
    assert {note.pitches for note in held} == {((28, 1.0),)}, "E at 41 Hz"
    assert sum(note.gate for note in held) > 12 * 4 * 60 / 72 * SAMPLE_RATE, "nearly always"
    assert not pedal("drone, no bass", role="breakdown", energy=0.3)
    assert not pedal("house", role="breakdown", energy=0.3)
    assert not pedal("drone", role="drop", energy=1.0), "a bass plays"
