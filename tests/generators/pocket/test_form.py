"""Pocket over a whole set: how it begins, rises, returns and ends, in the score and in sound."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.generators.pocket import Pocket
from engine.generators.pocket.instruments.shots import Shots
from engine.generators.pocket.instruments.tables import Tables
from engine.generators.pocket.render.loudness import plan_levels
from engine.generators.pocket.render.sound import design
from engine.generators.pocket.score.compose import compose
from engine.generators.pocket.score.events import Score
from engine.generators.pocket.score.form import thinned
from engine.music.key import Key
from engine.music.motif import make_motif
from engine.protocol import PromptWeight, Role, SectionPurpose, SectionRequest

from .listening import lufs, mixed, play

ARC: tuple[tuple[Role, float], ...] = (
    ("intro", 0.3),
    ("build", 0.55),
    ("drop", 0.9),
    ("breakdown", 0.4),
    ("build", 0.65),
    ("drop", 1.0),
    ("outro", 0.3),
)


def ask(text: str = "house", **changes: object) -> SectionRequest:
    request = SectionRequest("s", (PromptWeight(text, 1.0),), 4, 124.0, "F minor", 3, tail_bars=0, set_seed=9, energy=0.6)
    return replace(request, **changes)  # type: ignore[arg-type]


def whole_set(text: str, set_seed: int, bars: int = 8) -> list[Score]:
    """The scores of a set's sections."""
    scores = []
    for index, (role, energy) in enumerate(ARC):
        after = ARC[index + 1] if index + 1 < len(ARC) else (None, None)
        scores.append(
            compose(
                ask(
                    text,
                    bars=bars,
                    role=role,
                    energy=energy,
                    density=0.2 + 0.7 * energy,
                    seed=100 * set_seed + index,
                    set_seed=set_seed,
                    index=index,
                    previous_role=ARC[index - 1][0] if index else None,
                    next_role=after[0],
                    next_energy=after[1],
                    motif=make_motif(set_seed),
                )
            )
        )
    return scores


def picture(scores: list[Score], bars: int = 8) -> npt.NDArray[np.float64]:
    """What is played in every bar: how often each drum, and each pitch class of each part; rows of length 1."""
    rows = []
    for score in scores:
        table: list[dict[tuple[str, int], float]] = [{} for _ in range(bars)]
        for hit in score.hits:
            if hit.frame < score.grid.frame_of_bar(bars):
                cell = table[score.grid.bar_at(hit.frame)]
                cell[hit.shot, -1] = cell.get((hit.shot, -1), 0.0) + hit.velocity
        for note in score.notes:
            if note.frame < score.grid.frame_of_bar(bars) and note.part not in {"fx", "texture"}:
                cell = table[score.grid.bar_at(note.frame)]
                for pitch, weight in note.pitches:
                    place = (note.part, pitch % 12)
                    cell[place] = cell.get(place, 0.0) + weight * note.velocity
        rows.extend(table)
    names = sorted({name for row in rows for name in row})
    made = np.array([[row.get(name, 0.0) for name in names] for row in rows])
    length = np.maximum(1e-9, np.linalg.norm(made, axis=1, keepdims=True))
    return np.asarray(made / length, dtype=np.float64)


def phrases(score: Score) -> set[tuple[tuple[float, int], ...]]:
    """Figures of three notes as they stand in the bar: (beats between onsets, steps between degrees)."""
    notes = sorted(score.melody, key=lambda note: note.beat)
    return {
        tuple((round(b.beat - a.beat, 3), b.degree - a.degree) for a, b in ((x, y), (y, z)))
        for x, y, z in zip(notes, notes[1:], notes[2:], strict=False)
    }


def test_sections_of_a_set_share_its_motif() -> None:
    one, other = whole_set("house", 5), whole_set("house", 6)
    motif = phrases(replace_melody(one[2], make_motif(5)))
    for score, (role, _) in zip(one, ARC, strict=True):
        if role in {"intro", "build", "drop", "outro"}:
            assert phrases(score) & motif, role
    shared = len(phrases(one[2]) & phrases(one[5])) / len(phrases(one[2]))
    foreign = len(phrases(one[2]) & phrases(other[2])) / len(phrases(one[2]))
    assert shared > 0.4 > foreign, "more figures in common than two sets have by chance"


def replace_melody(score: Score, melody: tuple[object, ...]) -> Score:
    return replace(score, melody=melody)  # type: ignore[arg-type]


def test_drops_are_alike_and_the_breakdown_differs() -> None:
    rows = picture(whole_set("techno", 4))
    alike = rows @ rows.T
    blocks = alike.reshape(len(ARC), 8, len(ARC), 8).mean(axis=(1, 3))
    within = np.diag(blocks).mean()
    drops, breakdown = (2, 5), 3
    assert within > 0.5, "bars of a section resemble each other"
    assert blocks[drops] > 0.75 * within
    assert all(blocks[drop, breakdown] < 0.8 * blocks[drops] for drop in drops)


def test_two_seeds_give_two_pieces_of_one_style() -> None:
    one, other = (compose(ask(seed=seed, set_seed=seed, role="drop", energy=1.0, bars=8)) for seed in (1, 2))
    assert {note.part for note in one.notes} == {note.part for note in other.notes}
    same = {(note.frame // 500, note.part, note.pitches[0][0]) for note in one.notes}
    also = {(note.frame // 500, note.part, note.pitches[0][0]) for note in other.notes}
    assert len(same & also) < 0.5 * len(same)


@pytest.mark.parametrize("text", ["house", "drum and bass", "ambient", "lo-fi"])
def test_intro_is_heard_at_once_and_rises(pocket: Pocket, text: str) -> None:
    sound = mixed(play(pocket, ask(text, bars=4, role="intro", energy=0.3, next_role="build", next_energy=0.6)))
    bar = len(sound) // 4
    first, last = lufs(sound[:bar]), lufs(sound[-bar:])
    assert first > -26.0, "LUFS: heard in a room that waits"
    assert first + 1.0 < last < first + 9.0, "LU: rises, within what energy may change (8 LU)"


def test_drums_alone_can_open_a_set(pocket: Pocket) -> None:
    sound = mixed(play(pocket, ask("techno, drums only", bars=2, role="intro", energy=0.3, next_role="build", next_energy=0.6)))
    assert lufs(sound[: 2 * 44_100]) > -26.0, "LUFS: as for any intro"


@pytest.mark.parametrize("text", ["house", "ambient", "jungle"])
def test_equal_energy_is_equally_loud(pocket: Pocket, text: str) -> None:
    """Measured over 8 s: two bars are shorter than ambient's reverb, which builds up first."""
    levels = [lufs(mixed(play(pocket, ask(text, energy=0.7, seed=seed, bars=4)))) for seed in (3, 8)]
    assert abs(levels[1] - levels[0]) < 1.0, "LU: as between any two sections"


@pytest.mark.parametrize("texts", [("deep house", "house"), ("ambient", "drone"), ("lo-fi", "hip hop")])
def test_two_styles_in_step_are_as_loud_as_one(pocket: Pocket, texts: tuple[str, str]) -> None:
    request = replace(ask(role="drop", energy=1.0, bars=4), prompts=tuple(PromptWeight(text, 0.5) for text in texts))
    assert abs(lufs(mixed(play(pocket, request))) + 14.0) < 1.0, "LU from the target of full energy"


def test_bass_that_hardly_plays_leaves_the_other_sub_alone() -> None:
    """In the last tenth of a knob from lo-fi to house, whose bass plays at other times."""
    loudest = []
    for weight in (0.9, 1.0):
        prompts = tuple(PromptWeight(text, each) for text, each in (("lo-fi", 1.0 - weight), ("house", weight)) if each > 0.01)
        score = compose(replace(ask(role="free", energy=0.7, bars=16, bpm=110.0, previous_role=None), prompts=prompts))
        gains = plan_levels(score, design(score), Tables(), Shots(), score.energy)
        loudest.append(gains.parts["sub"] * max(note.velocity for note in score.notes if note.part == "sub"))
    assert 0.85 < loudest[0] / loudest[1] < 1.05


def test_noise_floor_ends_with_the_set(pocket: Pocket) -> None:
    request = ask("ambient drone, no drums, no bass", role="outro", energy=0.2, next_role=None, tail_bars=2, bars=2)
    sound = play(pocket, request)
    harmony = sound[:, 2]
    assert np.abs(harmony[:4410]).max() > 1e-6
    assert np.abs(harmony[-400:]).max() < 4e-4
    assert not sound[:, 0].any()


def test_build_removes_lows_and_drop_brings_them_back(pocket: Pocket) -> None:
    build = play(pocket, ask("techno", role="build", bars=8, next_role="drop", next_energy=1.0))
    bar = len(build) // 8
    bass = build[:, 1, 0]
    early, late = (float(np.square(bass[k * bar : (k + 1) * bar]).mean()) for k in (4, 7))
    assert late < 0.3 * early, "power: 5 dB less bass"
    assert compose(ask("techno", role="drop", energy=1.0, previous_role="build")).bars[0].low_cut == 0.0


def test_jungle_rearranges_slices_of_a_break() -> None:
    score = compose(ask("jungle", bpm=165.0, energy=0.9, role="drop", bars=8))
    slices = [hit for hit in score.hits if hit.shot == "break"]
    assert {hit.variant for hit in slices} >= {0, 4, 10, 12}
    first = [hit.variant for hit in slices if score.grid.bar_at(hit.frame + 400) == 0]
    fourth = [hit.variant for hit in slices if score.grid.bar_at(hit.frame + 400) == 3]
    assert first != fourth[: len(first)]


@pytest.mark.parametrize(
    ("text", "parts"), [("house, vinyl crackle", {"crackle", "texture"}), ("clean house", set()), ("lo-fi, no vinyl", set())]
)
def test_vinyl_and_tape_play_only_when_asked_for(text: str, parts: set[str]) -> None:
    assert {note.part for note in compose(ask(text)).notes} & {"crackle", "texture"} == parts


def test_tape_wavers_the_same_from_any_frame(pocket: Pocket) -> None:
    request = ask("worn tape lo-fi", bpm=80.0, bars=2)
    sound = play(pocket, request)
    assert np.array_equal(play(pocket, replace(request, from_frame=70_001)), sound[70_001:])
    plain = play(pocket, ask("lo-fi, no tape", bpm=80.0, bars=2))
    assert not np.array_equal(plain[:, 2], sound[:, 2])


def test_pentatonic_key_has_five_notes() -> None:
    key = Key.parse("A minor pentatonic")
    notes = compose(ask("hip hop", key=key.name, energy=0.9, bars=8)).notes
    heard = {pitch % 12 for note in notes if note.part not in {"fx", "texture", "crackle"} for pitch, _ in note.pitches}
    assert heard == {(key.tonic + step) % 12 for step in key.scale}


def test_more_energy_gives_more_hits_and_notes() -> None:
    energies = [energy for _, energy in ARC]
    for text in ("house", "techno", "drum and bass", "trance"):
        scores = whole_set(text, 3)
        counts = [sum(hit.velocity for hit in score.hits) + len(score.notes) for score in scores]
        assert np.corrcoef(energies, counts)[0, 1] > 0.8, text


def _onsets(score: Score) -> float:
    """Different moments a bar at which something starts that is no held chord, noise or texture."""
    starts = [hit.frame for hit in score.hits if hit.velocity > 0.1]
    starts += [note.frame for note in score.notes if note.part in {"bass", "comp", "arp", "melody"} and note.velocity > 0.1]
    return len({round(frame / 2205) for frame in starts}) / len(score.bars)


@pytest.mark.parametrize("text", ["house", "techno", "drum and bass", "trance", "jungle", "hip hop", "UK garage"])
def test_more_energy_gives_more_onsets(text: str) -> None:
    for set_seed in (4, 11):
        counts = [_onsets(score) for score in whole_set(text, set_seed)]
        assert np.corrcoef([energy for _, energy in ARC], counts)[0, 1] > 0.8
        assert max(counts) > 1.5 * counts[0]


@given(st.lists(st.booleans(), min_size=1, max_size=16), st.floats(0.0, 1.2), st.floats(0.0, 1.2))
def test_little_energy_leaves_the_strongest_notes(onsets: list[bool], one: float, other: float) -> None:
    low, high = thinned(onsets, min(one, other)), thinned(onsets, max(one, other))
    assert all(0.0 <= a <= b <= float(on) for on, a, b in zip(onsets, low, high, strict=True))
    assert thinned(onsets, 1.0) == [float(on) for on in onsets]
    if any(onsets):
        assert max(thinned(onsets, 0.0)) == 1.0
        assert not onsets[0] or thinned(onsets, 0.0)[0] == 1.0


def test_breakdown_keeps_time_on_the_hat() -> None:
    score = compose(ask("techno", role="breakdown", energy=0.4, bars=8))
    grid = score.grid
    ticks = {round(hit.frame / float(grid.frames_per_beat), 1) % 1 for hit in score.hits if hit.group.startswith("hats")}
    assert 0.0 in ticks and ticks <= {0.0, 0.5}
    assert not any(hit.group in {"kick", "snare"} for hit in score.hits)
    drumless = compose(ask("techno, no drums", role="breakdown", energy=0.4, bars=8))
    assert not drumless.hits


def test_off_beats_come_and_go_within_sections_not_at_seams() -> None:
    def strokes(role: Role, before: Role, energy: float, shot: str, place: float) -> list[int]:
        """In every bar, how often a cymbal is struck firmly at a place in the beat, 0 or 0.5."""
        score = compose(ask("house", role=role, previous_role=before, energy=energy, bars=16))
        beat = float(score.grid.frames_per_beat)
        hits = [hit for hit in score.hits if hit.shot == shot and hit.velocity > 0.25]
        beats = [hit.frame / beat for hit in hits if abs((hit.frame / beat - place + 0.5) % 1 - 0.5) < 0.1]
        return [sum(int((at + 0.1) / 4) == bar for at in beats) for bar in range(16)]

    assert min(strokes("drop", "build", 1.0, "open", 0.5)[:15]) >= 3
    off, on = (strokes("breakdown", "drop", 0.4, shot, place) for shot, place in (("open", 0.5), ("hat", 0.0)))
    assert off[0] >= 3 and off[12:] == [0, 0, 0, 0]
    assert on[0] == 0 and min(on[12:15]) >= 3
    for before in ("breakdown", "intro"):
        build = strokes("build", before, 0.6, "open", 0.5)
        assert build[0] == 0 and build[12] >= 3
    assert strokes("build", "drop", 0.6, "open", 0.5)[0] >= 3
    outro = strokes("outro", "drop", 0.25, "open", 0.5)
    assert outro[0] >= 3 and outro[12:] == [0, 0, 0, 0]


def test_off_beats_keep_away_from_neighbours_without_them() -> None:
    def strokes(role: Role, **neighbours: str) -> list[int]:
        """In every bar, how often the off-beat cymbal is struck firmly."""
        mixes = {name: (PromptWeight(text, 1.0),) for name, text in neighbours.items()}
        around = {"drop": ("build", "outro"), "build": ("intro", "drop")}[role]
        asked = ask("house", role=role, previous_role=around[0], next_role=around[1], energy=0.9, bars=16, **mixes)
        score = compose(asked)
        hits = [hit for hit in score.hits if hit.shot == "open" and hit.velocity > 0.25]
        return [sum(score.grid.bar_at(hit.frame) == bar for hit in hits) for bar in range(16)]

    assert min(strokes("drop")[:15]) >= 3
    assert strokes("drop", previous_prompts="house", next_prompts="techno") == strokes("drop")
    assert strokes("drop", next_prompts="ambient, no drums") == strokes("drop"), "which can be led to wherever it is left"
    after, before = strokes("drop", previous_prompts="hip hop"), strokes("drop", next_prompts="hip hop")
    assert after[:4] == [0, 0, 0, 0] and min(after[8:15]) >= 3
    assert min(before[:9]) >= 3 and before[12:] == [0, 0, 0, 0]
    assert strokes("build")[13] >= 3
    assert sum(strokes("build", next_prompts="hip hop")) == 0


def test_side_chain_deepens_through_a_build() -> None:
    def pumps(role: Role) -> list[float]:
        score = compose(ask("house", role=role, energy=0.7, bars=16))
        strongest = max(hit.velocity for hit in score.hits if hit.group == "kick")
        return [pump / strongest for _, pump in score.kicks]

    assert max(pumps("intro")) < 0.5 < min(pumps("drop"))
    build = pumps("build")
    assert build[0] < 0.5 and build[-1] > 0.9


def drop(text: str, purpose: SectionPurpose, occurrence: int = 1, **changes: object) -> Score:
    return compose(
        ask(text, bars=32, role="drop", energy=1.0, density=0.8, purpose=purpose, occurrence=occurrence, set_seed=4, **changes)
    )


@pytest.mark.parametrize("text", ["deep house", "techno", "drum and bass", "hip hop"])
def test_later_drops_are_new_and_still_the_same_piece(text: str) -> None:
    first, contrast, last = drop(text, "statement"), drop(text, "contrast", 2), drop(text, "sum", 3)
    again = drop(text, "statement", seed=77)

    def apart(one: Score, other: Score) -> float:
        rows = picture([one, other], 32)
        return float(1.0 - (rows[:32] * rows[32:]).sum(1).mean())

    assert apart(first, again) < 0.5 * min(apart(first, contrast), apart(first, last), apart(contrast, last))
    figures = phrases(replace_melody(first, make_motif(4)))
    assert phrases(last) & figures, "the motif ties them"


def test_a_voice_joins_the_tune_in_a_last_drop_as_the_seed_has_it() -> None:
    def joined(purpose: SectionPurpose, seed: int) -> set[int]:
        score = compose(ask("house", bars=16, role="drop", energy=1.0, purpose=purpose, set_seed=seed))
        tune = [note.pitches for note in score.notes if note.part == "melody"]
        return {others[0] - own[0] for own, *rest in tune for others in rest}

    found = [joined("sum", seed) for seed in range(12)]
    assert set() in found and {12} in found
    assert any(each and each <= {-3, -4} for each in found), "thirds below"
    assert not any(joined("statement", seed) for seed in range(12))


def test_a_set_has_two_progressions_and_turns_round_at_the_ends_of_phrases() -> None:
    def bars(score: Score) -> list[frozenset[int]]:
        roots: dict[int, set[int]] = {}
        for note in score.notes:
            if note.part == "bass":
                roots.setdefault(score.grid.bar_at(note.frame + 400), set()).add(note.pitches[0][0] % 12)
        return [frozenset(roots.get(bar, ())) for bar in range(32)]

    first, contrast = bars(drop("deep house", "statement")), bars(drop("deep house", "contrast", 2))
    assert first[:3] != contrast[:3]
    assert len({first[7], first[15], first[3]}) > 1


def test_kicks_are_in_tune_with_the_key() -> None:
    for key, hz in (("A minor", 55.0), ("F# minor", 46.25), ("C minor", 49.0), ("Eb minor", 58.27)):
        kit = dict(compose(ask("house", key=key)).kits["kick"].kit["kick"])
        assert kit["tune"] == pytest.approx(hz, rel=0.01), "the tonic or the fifth"
        assert kit["decay"] < 0.12, "short, on every beat"


def test_open_hats_are_choked_by_the_next_closed_one() -> None:
    hits = sorted(hit for hit in compose(ask("house", role="drop", energy=1.0)).hits if hit.shot in {"hat", "open"})
    choked = [(hit, after) for hit, after in itertools.pairwise(hits) if hit.shot == "open"]
    assert choked and all(hit.frame + hit.length == max(after.frame, hit.frame + 1) for hit, after in choked)


def test_never_all_tonal_parts_at_once() -> None:
    for purpose in ("statement", "answer", "contrast", "sum"):
        for bar in drop("house", purpose).bars:
            assert sum(bar.active[part] > 0.3 for part in ("pad", "comp", "arp", "melody")) < 4
