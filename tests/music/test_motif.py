"""The motif and its developments are pure and keep what they should."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engine.music import motif as motifs
from engine.protocol import MotifNote

LINE = (MotifNote(0.0, 1.0, 0), MotifNote(1.5, 0.5, 2), MotifNote(4.0, 1.0, 4), MotifNote(6.0, 2.0, 3))


@given(st.integers(0, 2**31), st.integers(2, 7))
def test_motif_is_two_bars_in_order_and_ends_on_the_triad(seed: int, beats: int) -> None:
    motif = motifs.make_motif(seed, beats)
    assert motif == motifs.make_motif(seed, beats)
    onsets = [note.beat for note in motif]
    assert onsets == sorted(set(onsets))
    assert 2 <= len(motif) <= 8 * beats
    assert all(0 <= note.beat < 2 * beats and note.beats > 0 for note in motif)
    assert motif[-1].degree in (0, 2, 4)


def test_seeds_give_different_motifs() -> None:
    assert len({motifs.make_motif(seed) for seed in range(50)}) > 45


def test_motif_developments() -> None:
    assert [note.degree for note in motifs.transpose(LINE, 2)] == [2, 4, 6, 5]
    assert [note.degree for note in motifs.invert(LINE)] == [0, -2, -4, -3]
    assert motifs.invert(motifs.invert(LINE)) == LINE
    assert motifs.retrograde(motifs.retrograde(LINE)) == LINE
    assert motifs.augment(motifs.augment(LINE, 2.0), 0.5) == LINE
    assert [note.beat for note in motifs.fragment(LINE, 4.0, 8.0)] == [0.0, 2.0]
    assert motifs.answer(LINE)[-1].degree == 0
    assert motifs.answer(LINE)[:2] == LINE[:2]
    assert motifs.span(LINE) == 8.0


@given(st.integers(0, 1000), st.floats(0, 1), st.floats(0, 1))
def test_more_variation_keeps_what_was_varied(seed: int, a: float, b: float) -> None:
    little, much = motifs.vary(LINE, seed, min(a, b)), motifs.vary(LINE, seed, max(a, b))
    for plain, one, two in zip(LINE, little, much, strict=True):
        assert one in (plain, two)


@given(st.floats(0, 1))
def test_thinning_keeps_the_first_note_and_order(share: float) -> None:
    thinned = motifs.thin(LINE, share)
    assert thinned[0] == LINE[0]
    assert [note for note in LINE if note in thinned] == list(thinned)
