"""Grooves and drums of a set's own: the seed changes what a style leaves free, and nothing that tells the style."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest

from engine.generators.pocket.instruments.breaks import slice_of
from engine.generators.pocket.score.compose import compose
from engine.generators.pocket.score.drumming.grooves import groove
from engine.generators.pocket.score.events import Hit, Score
from engine.generators.pocket.score.feel import FLAM_S
from engine.generators.pocket.styles import load_style
from engine.music.key import Key
from engine.prompts.vocabulary import style_names
from engine.timebase import SAMPLE_RATE

from .listening import ask

SEEDS = range(8)
STYLES = ("house", "techno", "trance", "disco", "electro", "hip hop", "reggae")


def score(style: str, set_seed: int) -> Score:
    return compose(ask(style, bars=8, set_seed=set_seed))


def places(made: Score, group: str) -> frozenset[tuple[int, int, str]]:
    """(bar, sixteenth, shot) of a group's hits, to the nearest sixteenth."""
    sixteenth = float(made.grid.frames_per_beat) / 4
    struck: list[Hit] = [hit for hit in made.hits if hit.group == group and hit.shot not in {"crash", "impact"}]
    return frozenset((*divmod(round(hit.frame / sixteenth), 16), hit.shot) for hit in struck)


@pytest.mark.parametrize("style", STYLES)
def test_seeds_play_a_style_in_grooves_of_their_own(style: str) -> None:
    made = [score(style, seed) for seed in SEEDS]
    free = {places(each, "hats") | places(each, "perc") for each in made}
    assert len(free) >= len(SEEDS) - 1
    assert len({each.kits["snare"].kit["snare"] for each in made if "snare" in each.kits["snare"].kit}) == len(SEEDS)


@pytest.mark.parametrize("style", ["house", "techno", "trance", "disco"])
def test_kick_backbeat_and_off_beat_stay(style: str) -> None:
    for seed in SEEDS:
        made = score(style, seed)
        kicks = {(bar, step) for bar, step, _ in places(made, "kick")}
        assert {(bar, step) for bar in range(6) for step in (0, 4, 8, 12)} <= kicks
    lanes = [lane for lane in load_style(style).lanes if lane.group == "snare"]
    for number, lane in enumerate(lanes):
        for seed in SEEDS:
            turned = groove(lane.patterns[0], lane, seed, number, 0, 0, firm=False)
            assert all(mark == own for mark, own in zip(lane.patterns[0], turned, strict=True) if mark != ".")


def test_break_is_turned_at_the_end_of_four_bars_alone() -> None:
    lane = next(lane for lane in load_style("jungle").lanes if lane.sliced)
    turned = set()
    for seed in range(40):
        bars = [groove(lane.patterns[0], lane, seed, 0, 0, bar, firm=False) for bar in range(16)]
        assert {bars[bar] for bar in range(16) if bar % 4 != 3} == {lane.patterns[0]}
        turned |= {bars[bar] for bar in range(3, 16, 4)}
    assert len(turned) > 5
    assert all(len(each) == len(lane.patterns[0]) for each in turned)


@pytest.mark.parametrize("style", style_names())
def test_every_line_still_plays_in_every_groove(style: str) -> None:
    for number, lane in enumerate(load_style(style).lanes):
        for pattern in lane.patterns:
            for seed in range(24):
                turned = groove(pattern, lane, seed, number, seed % 4, seed, firm=False)
                assert len(turned) == len(pattern)
                assert set(turned) != {"."} or set(pattern) == {"."}


def test_strokes_of_percussion_stand_around_their_place_the_same_in_every_bar() -> None:
    made = score("house", 3)
    sixteenth = float(made.grid.frames_per_beat) / 4
    pans: dict[tuple[int, str], set[float]] = {}
    for hit in made.hits:
        if hit.group == "perc" and hit.shot != "impact":
            pans.setdefault((round(hit.frame / sixteenth) % 16, hit.shot), set()).add(hit.pan)
    assert len({pan for one in pans.values() for pan in one}) > 2
    assert all(len(one) == 1 for one in pans.values())


@pytest.mark.parametrize("key", ["C minor", "Eb minor", "F# minor", "A minor"])
def test_breaks_are_in_tune_with_the_key(key: str) -> None:
    score = compose(ask("jungle", key=key, bpm=165.0))
    settings = next(dict(style.kit["break"]) for style in score.kits.values() if "break" in style.kit)
    tonic = Key.parse(key).tonic
    for number, start_s, low, high in ((0, 0.03, 45, 115), (4, 0.01, 150, 320)):  # the slices of kick and snare
        sound = slice_of(settings, number).mean(dim=0).numpy()[round(start_s * SAMPLE_RATE) :]
        power = np.abs(np.fft.rfft(sound * np.hanning(len(sound)), 1 << 17))
        hertz = np.fft.rfftfreq(1 << 17, 1 / SAMPLE_RATE)
        power[(hertz < low) | (hertz > high)] = 0.0
        note = 69 + 12 * math.log2(hertz[power.argmax()] / 440)
        assert min(abs((note - tonic - fifth + 6) % 12 - 6) for fifth in (0, 7)) < 0.7, number


def _strokes(style: str, set_seed: int, group: str) -> list[Hit]:
    request = ask(style, bars=8, bpm=90.0, set_seed=set_seed)
    return [hit for hit in compose(request).hits if hit.group == group and hit.shot not in {"crash", "impact"}]


def _lateness(strokes: list[Hit], bpm: float = 90.0) -> float:
    """By how much strokes on eighths come late on average, in milliseconds; eighths do not swing."""
    eighth = 30.0 / bpm * SAMPLE_RATE
    late = [(hit.frame + eighth / 2) % eighth - eighth / 2 for hit in strokes]
    return 1000.0 / SAMPLE_RATE * float(np.mean([each for each in late if abs(each) < 0.03 * SAMPLE_RATE]))


def test_players_drag_in_a_way_of_their_own_and_the_kick_is_the_beat() -> None:
    snares = [_lateness(_strokes("lo-fi", seed, "snare")) for seed in SEEDS]
    kicks = [[hit for hit in _strokes("lo-fi", seed, "kick") if hit.velocity > 0.7] for seed in SEEDS]
    assert max(snares) - min(snares) > 4.0, "another set, another drummer"
    assert all(abs(_lateness(each[:1])) < 0.1 for each in kicks)
    assert abs(_lateness(_strokes("chiptune", 3, "snare"))) < 0.5, "a machine does not drag"


def test_some_drummers_play_flams_and_machines_do_not() -> None:
    def flams(style: str, set_seed: int) -> int:
        frames = sorted({hit.frame for hit in _strokes(style, set_seed, "snare")})
        return sum(abs(after - before - FLAM_S * SAMPLE_RATE) < 2 for before, after in pairwise(frames))

    found = [flams("hip hop", seed) for seed in SEEDS]
    assert min(found) < max(found) and max(found) >= 2
    assert not any(flams("techno", seed) for seed in SEEDS)
