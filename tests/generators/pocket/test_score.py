"""What pocket writes, before any of it is rendered."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.generators.pocket.instruments.shots import Shots
from engine.generators.pocket.instruments.voices import VOICES
from engine.generators.pocket.parts import DRUM_GROUPS, TONAL_PARTS, part_of
from engine.generators.pocket.point import brightness, crackle, hiss, without_cymbals
from engine.generators.pocket.render.sound import design
from engine.generators.pocket.score.compose import compose
from engine.generators.pocket.score.drumming.kits import drum_kits
from engine.generators.pocket.score.events import Score
from engine.generators.pocket.score.tones.players import share_amplitudes, tonal_players
from engine.generators.pocket.styles import load_style
from engine.music import motif as motifs
from engine.music.key import Key
from engine.prompts.mix import Mix, mix
from engine.prompts.vocabulary import style_names, vocabulary
from engine.protocol import MAX_PROMPTS, PromptWeight, SectionRequest


def ask(text: str = "house", **changes: object) -> SectionRequest:
    request = SectionRequest(
        "s",
        (PromptWeight(text, 1.0),),
        8,
        120.0,
        "F minor",
        3,
        role="drop",
        energy=1.0,
        previous_role="build",
        next_role="breakdown",
    )
    return replace(request, **changes)  # type: ignore[arg-type]


def hits_in(score: Score, bar: int, beats: tuple[float, float] = (0.0, 4.0), group: str | None = None) -> int:
    low = score.grid.frame_of_beat(4 * bar + beats[0]) - 40
    high = score.grid.frame_of_beat(4 * bar + beats[1]) - 40
    return sum(low <= hit.frame < high and group in (None, hit.group) for hit in score.hits)


@pytest.mark.parametrize(
    ("text", "part", "voice"), [("trance, no supersaws", "pad", "supersaw"), ("disco, no strings", "pad", "strings")]
)
def test_refused_voice_is_replaced(text: str, part: str, voice: str) -> None:
    style, _, refusal = text.partition(", ")
    assert [player.voice for player in tonal_players(mix([PromptWeight(style, 1.0)]), part)] == [voice]
    score = compose(ask(text))
    assert voice not in score.voices.values() and any(note.part == part for note in score.notes)
    half = tonal_players(mix([PromptWeight(style, 1.0), PromptWeight(refusal, 0.5)]), part)
    assert {player.voice for player in half} > {voice} and {player.voice for player in half} <= set(VOICES)


def test_refusals_crossfade_without_a_jump() -> None:
    before: dict[str, float] | None = None
    for step in range(101):
        prompts = [
            PromptWeight(text, weight) for text, weight in (("ambient, no rhodes", 1.0), ("no guitar", step / 100)) if weight
        ]
        shares: dict[str, float] = {}
        for player in tonal_players(mix(prompts), "comp"):
            shares[player.voice] = shares.get(player.voice, 0.0) + player.share
        assert "electric piano" not in shares and set(shares) <= set(VOICES)
        assert before is None or all(abs(shares.get(name, 0.0) - before.get(name, 0.0)) < 0.05 for name in {*shares, *before})
        before = shares
    assert before is not None and "guitar" not in before


def test_every_voice_the_vocabulary_names_exists() -> None:
    named = {voice for entry in vocabulary().entries.values() for voice in entry.voice.values()}
    assert named <= set(VOICES)


def test_same_request_gives_same_score() -> None:
    assert compose(ask()).notes == compose(ask()).notes
    assert compose(ask()).hits == compose(ask()).hits
    assert compose(ask(seed=4)).hits != compose(ask()).hits
    first, other = compose(ask(set_seed=1)), compose(ask(set_seed=2))
    assert first.melody != other.melody


def test_notes_are_in_the_key() -> None:
    for name in ("F minor", "D dorian", "A major", "E phrygian", "C minor pentatonic"):
        key = Key.parse(name)
        allowed = {(key.tonic + step) % 12 for step in key.seven()}
        for note in compose(ask(key=name)).notes:
            if note.part not in {"fx", "texture"}:
                assert {pitch % 12 for pitch, _ in note.pitches} <= allowed, (name, note)


def test_motif_is_heard_in_every_role() -> None:
    motif = motifs.make_motif(99)
    rhythm = [note.beat for note in motif]
    for role, index in (("drop", 2), ("breakdown", 3), ("intro", 0), ("outro", 6), ("build", 1), ("free", 4)):
        melody = compose(ask(role=role, index=index, seed=index, set_seed=99, motif=motif, bars=16, density=0.9)).melody
        onsets = {note.beat for note in melody}
        scale = 2.0 if role == "breakdown" else 1.0
        head = {beat * scale for beat in rhythm if beat < 4.0}
        assert len(head & onsets) >= 0.8 * len(head), role


def test_phrases_end_in_fills_and_drops_start_with_a_crash() -> None:
    score = compose(ask(bars=16, next_role="breakdown"))
    plain = [hits_in(score, bar, (2.0, 4.0), "snare") for bar in (0, 1, 2, 4, 5, 6)]
    ends = [hits_in(score, bar, (2.0, 4.0), "snare") for bar in (7, 15)]
    assert min(ends) > max(plain)
    assert any(hit.shot == "crash" and hit.frame == 0 for hit in score.hits)


def test_build_rolls_into_the_drop_and_pauses_before_it() -> None:
    score = compose(ask(role="build", energy=0.8, bars=8, next_role="drop"))
    rolls = [hits_in(score, bar, group="snare") for bar in (4, 5, 6, 7)]
    assert rolls == sorted(rolls) and rolls[-1] > 2 * rolls[0]
    assert hits_in(score, 7, (3.0, 4.0)) == 0
    assert any(note.part == "fx" and note.rise > 0 for note in score.notes)


def test_drop_has_a_kick_and_breakdown_none() -> None:
    assert not compose(ask(role="breakdown", energy=0.5)).kicks
    assert len(compose(ask()).kicks) > 24


def test_set_ends_on_the_tonic() -> None:
    score = compose(ask(role="outro", energy=0.5, next_role=None, bars=8))
    last = score.grid.frame_of_bar(7)
    after = score.grid.frame_of_bar(8)
    assert max(hit.frame for hit in score.hits) <= last + 1
    assert max(note.frame for note in score.notes) < last + 2000 < after
    key = Key.parse("F minor")
    bass = [note for note in score.notes if note.part == "bass" and note.frame >= last]
    assert [pitch % 12 for note in bass for pitch, _ in note.pitches] == [key.tonic]
    chord = {pitch % 12 for note in score.notes if note.part == "pad" and note.frame >= last for pitch, _ in note.pitches}
    assert chord == {(key.tonic + step) % 12 for step in (0, 3, 7)}


def test_tail_plays_on() -> None:
    score = compose(ask(bars=8, tail_bars=2))
    assert hits_in(score, 8, group="kick") == 4 and hits_in(score, 9, group="kick") >= 4


def test_energy_and_density_add_layers() -> None:
    counts = [len(compose(ask(energy=energy, role="free")).hits) for energy in (0.1, 0.3, 0.5, 0.7, 0.9)]
    assert counts == sorted(counts) and counts[-1] > 3 * max(1, counts[0])
    assert len(compose(ask(density=0.9)).hits) > len(compose(ask(density=0.1)).hits)
    parts = [len({note.part for note in compose(ask(energy=energy, role="free")).notes}) for energy in (0.1, 0.5, 1.0)]
    assert parts == sorted(parts) and parts[-1] > parts[0]


def test_small_move_of_a_knob_keeps_the_piece() -> None:
    def prompts(weight: float) -> tuple[PromptWeight, ...]:
        return (PromptWeight("house", 0.9), PromptWeight("bright techno", weight))

    before, after = (compose(ask(prompts=prompts(weight))) for weight in (0.20, 0.22))
    for name in before.voices | after.voices:
        if before.voices.get(name) != after.voices.get(name):
            assert max(before.shares.get(name, 0.0), after.shares.get(name, 0.0)) < 0.1, f"{name} comes or goes softly"
    assert before.melody == after.melody
    kicks = [frame for frame, _ in before.kicks]
    assert kicks == [frame for frame, _ in after.kicks]
    places, moved = (
        Counter((note.part, note.pitches[0][0]) for note in score.notes if score.shares.get(note.part, 1.0) > 0.1)
        for score in (before, after)
    )
    assert sum((places & moved).values()) > 0.97 * sum(places.values()), "2% of a knob changes no more than 3% of the notes"


@pytest.mark.parametrize("texts", [("house", "dark techno"), ("deep house", "bright supersaw lead"), ("lo-fi", "drum and bass")])
def test_knob_between_two_prompts_crossfades_every_part(texts: tuple[str, str]) -> None:
    """At every tenth the shares of a part's players sum to 1, and none changes by more than 0.4 at once."""
    before: dict[tuple[str, str, str], float] = {}
    for tenth in range(11):
        weights = zip(texts, (1.0 - tenth / 10, tenth / 10), strict=True)
        point = mix([PromptWeight(text, weight) for text, weight in weights if weight > 0])
        now = {
            (part, player.style.name, player.voice): player.share for part in TONAL_PARTS for player in tonal_players(point, part)
        }
        for part in TONAL_PARTS:
            assert sum(share for (own, _, _), share in now.items() if own == part) == pytest.approx(1.0)
        if tenth:
            assert all(abs(now.get(key, 0.0) - before.get(key, 0.0)) <= 0.4 for key in now | before)
        before = now


@pytest.mark.parametrize(
    "texts", [("dubstep", "supersaw lead", "techno", "deep house"), ("house", "techno", "trance", "jungle", "lo-fi")]
)
def test_players_enter_without_a_jump_among_many_prompts(texts: tuple[str, ...]) -> None:
    weights = (0.0, 0.32, 0.51, 0.86, 0.4)
    before: dict[tuple[str, str, str], float] | None = None
    for step in range(101):
        prompts = [PromptWeight(text, weight) for text, weight in zip(texts, (step / 100, *weights[1:]), strict=False)]
        point = mix([prompt for prompt in prompts if prompt.weight > 0])
        now = {(part, each.style.name, each.voice): each.share for part in TONAL_PARTS for each in tonal_players(point, part)}
        if before is not None:
            assert all(abs(now.get(key, 0.0) - before.get(key, 0.0)) < 0.15 for key in now | before)
        before = now


def test_sub_leaves_with_its_bass() -> None:
    levels = []
    for weight in (0.0, 0.3, 0.5, 0.8):
        prompts = [PromptWeight("techno", 1.0 - weight), PromptWeight("dub techno", weight)]
        levels.append(compose(ask(prompts=tuple(each for each in prompts if each.weight > 0))).gains_db["sub"])
    assert levels == sorted(levels, reverse=True)
    assert levels[0] == 0.0
    assert levels[-1] < -10.0


def test_both_players_play_half_way_between_two_styles() -> None:
    score = compose(ask(prompts=(PromptWeight("house", 0.5), PromptWeight("techno", 0.5))))
    players = [name for name in score.shares if name.startswith("bass")]
    assert len(players) > 1
    assert {part_of(name) for name in players} == {"bass"}
    for name in players:
        assert any(note.part == name for note in score.notes)


def test_knob_between_two_styles_crossfades_the_drums() -> None:
    """At every tenth the kits sum to 1 in amplitude or in power, and none changes by more than 0.25 at once."""
    last: dict[str, float] = {}
    for tenths in range(11):
        point = mix((PromptWeight("techno", (10 - tenths) / 10), PromptWeight("lo-fi", tenths / 10)))
        shares = {
            group: {style.name: share for _, style, share in drum_kits(point, group)} for group in ("kick", "snare", "hats")
        }
        for found in shares.values():
            assert sum(level**2 for level in found.values()) <= 1.0 + 1e-6 and sum(found.values()) >= 1.0 - 1e-6
        now = {group: found.get("lo-fi", 0.0) for group, found in shares.items()}
        assert all(0.0 <= now[group] - before <= 0.25 for group, before in last.items())
        last = now
    assert last == {"kick": 1.0, "snare": 1.0, "hats": 1.0}
    both = compose(replace(ask(), prompts=(PromptWeight("techno", 0.53), PromptWeight("lo-fi", 0.47))))
    kicks = [hit for hit in both.hits if hit.group.startswith("kick")]
    assert {hit.group for hit in kicks} == {"kick techno", "kick lo-fi"}
    by_frame = Counter(hit.frame for hit in kicks)
    assert [frame for frame, _ in both.kicks] == sorted(by_frame)
    together = [pump for frame, pump in both.kicks if by_frame[frame] > 1]
    alone = [pump for frame, pump in both.kicks if by_frame[frame] == 1]
    assert max(together) == pytest.approx(max(hit.velocity for hit in kicks)), "what both strike pumps as one does"
    assert alone and max(alone) < 0.6, "what one strikes pumps by its share"


def test_similar_shots_of_two_kits_add_up_in_amplitude() -> None:
    shots, house, techno = Shots(), load_style("house"), load_style("techno")
    assert shots.correlation(house.kit, house.kit, "kick") == 1.0
    assert abs(shots.correlation(house.kit, techno.kit, "kick")) < 0.4, "each kick sweeps in its own way"
    assert 0.3 < shots.correlation(house.kit, techno.kit, "hat") < 0.8, "the noise is the same, the filter another"


@given(st.lists(st.floats(0.05, 1.0), min_size=1, max_size=4), st.floats(0.0, 1.0))
def test_shared_part_is_as_loud_as_one_player(weights: list[float], met: float) -> None:
    shares = [weight / sum(weights) for weight in weights]
    gains = share_amplitudes(shares, [[met] * len(shares)] * len(shares))
    power = sum(g * h * (1.0 if i == j else met) for i, g in enumerate(gains) for j, h in enumerate(gains))
    assert power == pytest.approx(1.0)
    assert all(gain / gains[0] == pytest.approx(share / shares[0]) for gain, share in zip(gains, shares, strict=True))
    assert share_amplitudes([0.1, 0.9], [[1.0, 0.0], [0.0, 1.0]])[0] < 0.12, "the first tenth of a way is a tenth of it"


def test_player_keeps_detune_and_resonance_of_its_style() -> None:
    """The mix's own values would jump somewhere in a knob's range, for all players at once."""
    alone = {text: design(compose(ask(text))) for text in ("synthwave", "house")}
    assert alone["synthwave"].detune["pad"] != alone["house"].detune["pad"]
    for weight in (0.3, 0.5, 0.7):
        score = compose(ask(prompts=(PromptWeight("synthwave", weight), PromptWeight("house", 1.0 - weight))))
        sound = design(score)
        for player, style in score.styles.items():
            assert sound.detune[player] == alone[style.name].detune[part_of(player)]
            assert sound.resonance[player] == alone[style.name].resonance[part_of(player)]


def test_two_kits_strike_together_without_flams() -> None:
    """Kits that strike the same shot on the same step stray together, or two hats would flam."""
    both = compose(replace(ask(), prompts=(PromptWeight("electro", 0.5), PromptWeight("disco", 0.5)), role="drop", energy=1.0))
    hats = [hit for hit in both.hits if hit.shot == "hat"]
    frames: dict[str, set[int]] = {}
    for hit in hats:
        frames.setdefault(hit.group, set()).add(hit.frame)
    electro, disco = frames["hats electro"], frames["hats disco"]
    assert electro & disco
    assert not any(0 < abs(one - other) < 2000 for one in electro for other in disco)


def test_kits_do_not_jump_as_a_third_style_enters() -> None:
    for third in ("disco", "drum and bass", "lo-fi"):
        for group in DRUM_GROUPS:
            before: dict[str, float] = {}
            for weight in (0.0, 1e-7, 1e-5, 1e-3, *(step / 100 for step in range(1, 101))):
                prompts = (PromptWeight("deep house", 1.0), PromptWeight("downtempo", 1.0), PromptWeight(third, weight))
                now = {style.name: level for _, style, level in drum_kits(mix(prompts), group)}
                assert all(abs(now.get(name, 0.0) - before.get(name, 0.0)) < 0.2 for name in {*now, *before}) or not before
                before = now


@pytest.mark.parametrize("way", ["crossing", "rising"])
def test_whole_range_of_a_knob_changes_brightness_air_hiss_and_crackle(way: str) -> None:
    def at(tenths: int, one: str, other: str) -> Mix:
        first = PromptWeight(one, 1.0 if way == "rising" else (10 - tenths) / 10)
        return mix([each for each in (first, PromptWeight(other, tenths / 10)) if each.weight > 0])

    bright = [brightness(at(tenths, "dark techno", "bright pads"), 0.1) for tenths in range(11)]
    moved = [abs(after - before) / (bright[-1] - bright[0]) for before, after in pairwise(bright)]
    assert bright == sorted(bright) and min(moved) > 0.02 and max(moved) < 0.2
    gone = [without_cymbals(at(tenths, "house", "ambient" if way == "crossing" else "no drums")) for tenths in range(11)]
    assert gone == sorted(gone) and gone[0] == 0.0 and gone[-1] > 0.8 and max(b - a for a, b in pairwise(gone)) < 0.35
    for amount in (hiss, crackle):
        amounts = [amount(at(tenths, "house", "lo-fi" if amount is hiss else "crackle")) for tenths in range(11)]
        assert amounts[0] == 0.0 and amounts == sorted(amounts) and amounts[-1] > 0.9
        assert max(after - before for before, after in pairwise(amounts)) < 0.4


def test_shots_of_a_style_for_every_prompt_fit_the_cache() -> None:
    """Otherwise shots would be made again each time they are struck, and a section would come too late."""
    drawn = random.Random("styles").sample(style_names(), MAX_PROMPTS)
    for count in (1, 4, MAX_PROMPTS):
        prompts = tuple(PromptWeight(name, 0.5) for name in drawn[:count])
        score = compose(ask(bars=8, energy=1.0, role="drop", prompts=prompts))
        shots = Shots()
        struck = {(hit.group, hit.shot, hit.variant) for hit in score.hits}
        first = [shots.get(score.kits[group].kit, shot, 1.0, variant)[0] for group, shot, variant in sorted(struck)]
        again = [shots.get(score.kits[group].kit, shot, 1.0, variant)[0] for group, shot, variant in sorted(struck)]
        assert len(first) > 4 and all(one is other for one, other in zip(first, again, strict=True))


def test_no_drums_means_none() -> None:
    assert not compose(ask("ambient drone, no drums")).hits


def test_drums_turned_down_get_softer_but_keep_their_velocity() -> None:
    """A softer velocity is another sound: all hits would change at once where a knob passes a layer's limit."""
    scores = []
    for tenths in range(10):
        prompts = tuple(PromptWeight(text, weight) for text, weight in (("house", 1.0), ("no drums", tenths / 10)) if weight)
        scores.append(compose(ask(prompts=prompts)))
    assert len({tuple(hit.velocity for hit in score.hits) for score in scores}) == 1
    gains = [score.hits[0].gain / scores[0].hits[0].gain for score in scores]
    assert gains == sorted(gains, reverse=True) and len(set(gains)) == 10 and gains[-1] < 0.2
    assert all(abs(score.kicks[0][1] - gain * scores[0].kicks[0][1]) < 1e-9 for score, gain in zip(scores, gains, strict=True))


def test_style_can_play_inherited_lanes_louder() -> None:
    below, above = ({lane.shot: lane.gain_db for lane in load_style(name).lanes} for name in ("house", "tech house"))
    assert above["hat"] > below["hat"]
    assert above["kick"] == below["kick"]
