"""Sections written from several seeds: bars, stems and takes that are made another way, and the rest as it was."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from engine.generators.pocket.score.compose import compose
from engine.generators.pocket.score.events import Hit, Note, Score
from engine.protocol import STEM_PARTS, Change
from tests.generators.pocket.test_score import ask


def by_bar(score: Score) -> dict[int, list[str]]:
    """Hits and notes by the bar they are in, a little room before its line."""
    found: dict[int, list[str]] = {}
    events: list[Hit | Note] = [*score.hits, *score.notes]
    room = round(float(score.grid.frames_per_bar) / 32)
    for each in events:
        found.setdefault(max(0, score.grid.bar_at(each.frame + room)), []).append(repr(each))
    return {bar: sorted(lines) for bar, lines in found.items()}


def test_bars_written_anew_are_another_seeds_and_all_others_stay() -> None:
    before, other = by_bar(compose(ask())), by_bar(compose(ask(seed=99)))
    changed = by_bar(compose(ask(changes=(Change(99, (3, 4)),))))
    for bar in before:
        assert changed[bar] == (other if bar in (2, 3) else before)[bar], bar
    assert changed != before


def test_variation_keeps_some_of_the_music_and_writes_the_rest_anew() -> None:
    def share(amount: float) -> float:
        kept = Counter(map(repr, compose(ask(changes=(Change(99, None, amount),))).notes))
        whole = Counter(map(repr, compose(ask()).notes))
        return (kept & whole).total() / whole.total()

    assert share(0.02) > share(0.5) > share(1.0)


def test_other_take_has_other_figures_and_chords_and_is_no_more_energetic() -> None:
    one, other = (compose(ask(bars=16, ideas=number, progression=number, seed=3 + number)) for number in (0, 1))
    groups = {hit.group for hit in one.hits}

    def rhythm(score: Score, group: str) -> Counter[int]:
        return Counter(round(hit.frame / float(score.grid.frames_per_beat) * 4) for hit in score.hits if hit.group == group)

    def bass(score: Score) -> Counter[tuple[int, int]]:
        beat = float(score.grid.frames_per_beat)
        return Counter((round(note.frame / beat * 4), note.pitches[0][0]) for note in score.notes if note.part == "bass")

    assert {hit.group for hit in other.hits} == groups
    assert any(rhythm(one, group) != rhythm(other, group) for group in groups)
    alike = (bass(one) & bass(other)).total() / bass(one).total()
    assert alike < 0.7
    assert 0.6 < len(other.hits) / len(one.hits) < 1.7


STEM_GROUPS = {
    "drums": ("kick", "snare", "hats", "perc"),
    "bass": ("bass", "sub"),
    "harmony": ("pad", "comp"),
    "lead": ("arp", "melody"),
}


@pytest.mark.parametrize("stem", list(STEM_GROUPS))
def test_stem_of_another_take_is_as_it_is_there_on_the_same_chords_and_the_others_stay(stem: str) -> None:
    def stems(score: Score) -> dict[str, list[str]]:
        events: list[tuple[str, Hit | Note]] = [(hit.group.split()[0], hit) for hit in score.hits]
        events += [(note.part.split()[0], note) for note in score.notes]
        return {name: sorted(repr(each) for part, each in events if part in its) for name, its in STEM_GROUPS.items()}

    own, other = stems(compose(ask(bars=16))), stems(compose(ask(bars=16, seed=99, ideas=2)))
    mixed = stems(compose(ask(bars=16, changes=(Change(99, None, 1.0, 2, STEM_PARTS[stem]),))))
    for name in STEM_GROUPS:
        assert mixed[name] == (other if name == stem else own)[name], name
    assert own[stem] != other[stem]


def test_last_of_several_changes_is_heard() -> None:
    once = by_bar(compose(ask(changes=(Change(7, (3, 4)),))))
    assert by_bar(compose(ask(changes=(Change(99, (3, 4)), Change(7, (3, 4)))))) == once


def test_section_built_on_bars_has_their_tune_as_its_motif() -> None:
    source = ask("trance", bars=16, role="drop")
    tune = [note for note in compose(source).melody if 16 <= note.beat < 32]
    assert len(tune) >= 3, "a tune to be built on"
    wanted = [note.degree for note in tune]
    other = ask("trance", bars=16, role="free", energy=0.7, seed=8)
    built = compose(replace(other, built_on=source, built_bars=(5, 8)))
    plain = compose(other)

    def opens_with(score: Score) -> bool:
        degrees = [note.degree for note in score.melody if note.beat < 16]
        return any(degrees[: len(wanted)] == [degree + shift for degree in wanted[: len(degrees)]] for shift in range(-7, 8))

    assert opens_with(built) and not opens_with(plain)
    silent = replace(other, built_on=source, built_bars=(200, 201))
    assert compose(silent).melody == plain.melody, "bars without a tune leave the set's motif"
