"""What prompts are understood to say, and what several of them make together."""

from __future__ import annotations

import itertools

import pytest

from engine.music.key import Key
from engine.presets import load_preset, preset_names
from engine.prompts.mix import DEFAULT_STYLE, decide_bpm, decide_key, mix, parse
from engine.prompts.vocabulary import style_names, style_table, vocabulary
from engine.protocol import PromptWeight


def test_vocabulary_is_large_and_every_style_is_a_word() -> None:
    words = vocabulary()
    assert len(words.entries) >= 150
    assert {"house", "techno", "drum and bass", "hip hop", "ambient"} <= set(style_names())
    for style in style_names():
        assert style in parse(style).styles, style


def test_tempo_and_key_are_read_from_a_prompt() -> None:
    parsed = parse("drum & bass, 174 BPM in F# minor")
    assert (parsed.bpm, parsed.key) == (174.0, "F# minor")
    assert parsed.styles == {"drum and bass": 1.0}
    assert parsed.unknown == ()
    assert parse("Bbm house").key == "Bb minor"
    assert parse("bpm 98.5 trip hop").bpm == 98.5
    assert parse('"dark techno"').unknown == ()


def test_named_style_wins_over_a_suggested_one() -> None:
    assert parse("deep").suggested == {"deep house": 1.0} and parse("deep").sources["style"] == ("deep",)
    both = parse("dub techno, deep chords")
    assert both.styles == {"dub techno": 1.0} and both.suggested == {} and "deep" not in both.sources["style"]
    assert both.values["sub"] > 0
    assert mix([PromptWeight("techno", 0.9), PromptWeight("minimal", 0.9)]).styles == (("techno", 1.0),)
    assert mix([PromptWeight("progressive", 1.0)]).styles == (("house", 0.6), ("techno", 0.4))


def test_named_and_suggested_styles_fade_in_and_out() -> None:
    def shares(named: float, suggesting: float) -> dict[str, float]:
        weights = (("techno", named), ("amen", suggesting), ("bright pads", 1.0))
        return dict(mix([PromptWeight(text, weight) for text, weight in weights]).styles)

    assert (
        shares(0.0, 0.0) == {DEFAULT_STYLE: 1.0} and shares(0.0, 1.0) == {"jungle": 1.0} and shares(1.0, 1.0) == {"techno": 1.0}
    )
    steps = [i / 200 for i in range(201)]
    for path in ([(step, 0.5) for step in steps], [(0.3, step) for step in steps]):
        for one, other in itertools.pairwise([shares(*at) for at in path]):
            assert sum(one.values()) == pytest.approx(1.0)
            assert all(abs(one.get(name, 0.0) - other.get(name, 0.0)) < 0.02 for name in {*one, *other})


@pytest.mark.parametrize("crossing", [True, False])
def test_prompt_weight_bends_values_evenly(crossing: bool) -> None:
    moved = []
    for tenths in range(11):
        pads = PromptWeight("pads", 1.0 - tenths / 10 if crossing else 1.0)
        moved.append(
            mix([each for each in (pads, PromptWeight("bright", tenths / 10)) if each.weight]).moves.get("brightness", 0.0)
        )
    steps = [(after - before) / moved[-1] for before, after in itertools.pairwise(moved)]
    assert moved[0] == 0.0 and min(steps) >= 0.0 and max(steps) < (0.3 if crossing else 0.15)


def test_unknown_words_are_named_and_typos_matched() -> None:
    parsed = parse("melancolic tecno with flurbles")
    assert parsed.unknown == ("flurbles",)
    assert dict(parsed.guesses) == {"melancolic": "melancholic", "tecno": "techno"}
    assert parsed.styles == {"techno": 1.0}


@pytest.mark.parametrize(
    ("text", "silent"),
    [
        ("ambient drone, no drums", {"drums"}),
        ("house without bass or kick", {"bass", "kick"}),
        ("drums only", {"bass", "harmony", "lead"}),
        ("no hats, no melody", {"hats", "lead"}),
        ("without drums and bass", {"drums", "bass"}),
        ("no drums and warm pads", {"drums"}),
        ("neither kick nor bass", {"kick", "bass"}),
        ("no kick, snare or hats", {"kick", "snare", "hats"}),
        ("no kick/snare", {"kick", "snare"}),
        ("no drums, piano and strings", {"drums"}),
        ("only drums and bass", {"harmony", "lead"}),
        ("bass and hats only", {"harmony", "lead", "kick", "snare", "perc"}),
        ("no drums but hats", {"kick", "snare", "perc"}),
        ("no drums, just hats", {"kick", "snare", "perc"}),
        ("drumless ambient", {"drums"}),
        ("bass-free techno", {"bass"}),
        ("nodrums", {"drums"}),
        ("house -drums", {"drums"}),
        ("techno w/o bass", {"bass"}),
        ("take out the kick", {"kick"}),
        ("drums off", {"drums"}),
        ("no pads", {"pad"}),
        ("only kick, hats and bass", {"harmony", "lead", "snare", "perc"}),
        ("kick, hats only", {"bass", "harmony", "lead", "snare", "perc"}),
        ("only 808 and hats", {"harmony", "lead", "kick", "snare", "perc"}),
        ("jazzy drums only", {"bass", "harmony", "lead"}),
        ("techno with only a hint of reverb on the drums", set()),
        ("techno with a guitar solo", set()),
        ("techno / no drums / acid bass", {"drums"}),
        ("No drums. Piano or strings.", {"drums"}),
        ("techno without drums, bass or pads", {"drums", "bass", "pad"}),
        ('no "drums"', {"drums"}),
        ("lo-fi, no vinyl crackle", {"texture"}),
        ("acid-free techno", set()),
        ("- techno\n- warm pads\n- no bass", {"bass"}),
        ("-techno\n-warm pads", set()),
    ],
)
def test_negations_silence_parts(text: str, silent: set[str]) -> None:
    parsed = parse(text)
    assert set(parsed.negated) == silent
    assert parsed.unknown == () and parsed.guesses == ()


@pytest.mark.parametrize("text", ["less drums", "not much drums", "without too much drums", "hardly any drums", "quiet drums"])
def test_less_wanted_parts_are_softer_not_silent(text: str) -> None:
    parsed = parse(text)
    assert parsed.negated == () and list(parsed.softer) == ["drums"] and parsed.values == {}
    assert parsed.sources["softer"] == (text,)


def test_refused_instrument_leaves_its_part_to_another() -> None:
    parsed = parse("acid, no piano")
    assert parsed.negated == () and parsed.avoided == {"comp": ("piano",)} and parsed.voices == {"bass": {"acid": 1.0}}
    half = mix([PromptWeight("house", 1.0), PromptWeight("no vocals", 0.5)]).avoided["pad"]["choir"]
    assert 0.0 < half < mix([PromptWeight("house", 1.0), PromptWeight("no vocals", 1.0)]).avoided["pad"]["choir"] == 1.0


def test_mood_does_not_bring_back_a_refused_instrument() -> None:
    assert parse("cinematic ambient, no strings").voices == {} and parse("rave techno, no stabs").voices.get("comp") is None


def test_partial_refusal_is_not_a_full_one() -> None:
    assert parse("no frills deep house").unknown == ("no frills",) and parse("no frills deep house").styles == {"deep house": 1.0}
    assert parse("not only dark, heavy drums").negated == () and parse("not just piano, strings").negated == ()


def test_word_that_cannot_be_refused_is_named() -> None:
    assert parse("no house").unknown == ("no house",) and parse("no house").styles == {}
    assert parse("techno house, no house").styles == {"techno": 1.0}
    assert parse("techno, no synths").unknown == ("no synths",)


def test_named_mode_wins_over_a_mood() -> None:
    assert parse("happy minor").mode == parse("minor, happy").mode == "minor"
    assert parse("sad major").mode == "major" and parse("happy").mode == "major"


@pytest.mark.parametrize(
    ("form", "word"), [("warmer", "warm"), ("sadder", "sad"), ("funkiest", "funky"), ("darkish", "dark"), ("softness", "soft")]
)
def test_word_forms_mean_the_same_as_the_word(form: str, word: str) -> None:
    assert parse(form).values == parse(word).values and not parse(form).guesses and not parse(form).unknown


@pytest.mark.parametrize(
    ("text", "bpm"),
    [
        ("techno 128,5 bpm", 128.5),
        ("BPM=128", 128.0),
        ("@98", 98.0),
        ("120 beats per minute", 120.0),
        ("120-125 BPM", 122.5),
        ("tempo 90", 90.0),
        ("fast tempo 909 drums, 140 bpm", 140.0),
        ("tempo is 100", 100.0),
    ],
)
def test_tempo_is_read_however_it_is_written(text: str, bpm: float) -> None:
    assert parse(text).bpm == bpm and parse(text).unknown == ()


def test_amounts_scale_what_follows_and_nothing_else() -> None:
    plain, little, very = (parse(text).values["brightness"] for text in ("dark house", "a bit dark house", "very dark house"))
    assert very < plain < little < 0
    assert parse("not dark").values["brightness"] > 0
    assert parse("very dark, warm").values["warmth"] == parse("warm").values["warmth"]


def test_every_value_names_its_words() -> None:
    parsed = parse("warm analog house, long echoes, rolling bass")
    assert set(parsed.values) <= set(parsed.sources)
    assert parsed.sources["echo"] == ("long echoes",)


def test_weights_move_the_point_continuously_and_order_does_not_matter() -> None:
    values = []
    for step in range(11):
        prompts = [PromptWeight("house", 0.8), PromptWeight("dark drum and bass", step / 10)]
        point = mix(prompts)
        assert point == mix(prompts[::-1])
        assert sum(share for _, share in point.styles) == pytest.approx(1.0)
        values.append(point.params["brightness"])
    steps = [b - a for a, b in itertools.pairwise(values)]
    assert all(step <= 1e-9 for step in steps)
    assert max(map(abs, steps)) < 0.3 * abs(values[-1] - values[0])


def test_prompt_without_a_style_bends_the_style_that_is_there() -> None:
    plain, bent = mix([PromptWeight("techno", 1.0)]), mix([PromptWeight("techno", 1.0), PromptWeight("bright", 0.5)])
    assert bent.styles == plain.styles == (("techno", 1.0),)
    assert bent.params["brightness"] > plain.params["brightness"]
    assert mix([]).dominant == DEFAULT_STYLE
    assert mix([PromptWeight("", 1.0), PromptWeight("jungle", 0.0)]).dominant == DEFAULT_STYLE


def test_tempo_and_key_are_decided_by_weight_style_and_seed() -> None:
    prompts = [PromptWeight("house 121 bpm", 0.4), PromptWeight("techno 131 bpm in D dorian", 0.6)]
    assert decide_bpm(prompts, 1) == 131.0
    assert decide_key(prompts, 1) == "D dorian"
    for style in style_names():
        low, high = style_table(style).bpm
        tempos = [decide_bpm([PromptWeight(style, 1.0)], seed) for seed in range(20)]
        assert all(low <= bpm <= high and (2 * bpm).is_integer() for bpm in tempos)
    assert len({decide_key([PromptWeight("house", 1.0)], seed) for seed in range(40)}) > 8


def test_tonic_comes_from_style_as_well_as_seed() -> None:
    styles = ("house", "techno", "trance", "dubstep", "electro", "disco")
    assert len({decide_key([PromptWeight(style, 1.0)], 4).split()[0] for style in styles}) > 2
    assert Key.parse(decide_key([PromptWeight("happy house", 1.0)], 3)).mode == "major"
    slow, fast = (decide_bpm([PromptWeight(text, 1.0)], 5) for text in ("slow techno", "fast techno"))
    assert slow < fast


def test_every_word_of_the_shipped_presets_is_understood() -> None:
    for name in preset_names():
        for prompt in load_preset(name).prompt:
            parsed = parse(prompt.text)
            assert not parsed.unknown, (name, prompt.text)
            assert not parsed.guesses, (name, prompt.text)


@pytest.mark.parametrize(
    ("text", "silent"),
    [
        ("don't use drums", {"drums"}),
        ("Negative prompt: drums, kick", {"drums", "kick"}),
        ("- No: drums", {"drums"}),
        ("exclude: drums, bass. warm pads", {"drums", "bass"}),
        ("replace the drums with bongos", {"kick", "snare", "hats"}),
        ("replace the drums with a piano", {"drums"}),
        ("pads instead of drums", {"drums"}),
        ("nothing but drums", {"bass", "harmony", "lead"}),
        ("ohne Bass", {"bass"}),
        ("ohne Bass und Schlagzeug", {"bass", "drums"}),
        ("kein Schlagzeug", {"drums"}),
        ("sin batería", {"drums"}),
        ("sans batterie", {"drums"}),
        ("senza batteria", {"drums"}),
        ("sem bateria", {"drums"}),
        ("ドラムなし", {"drums"}),
        ("🥁❌", {"drums"}),
        ("🚫🥁", {"drums"}),
        ("~~drums~~", {"drums"}),
        ("d̶r̶u̶m̶s̶", {"drums"}),
        ("(drums:0)", {"drums"}),
    ],
)
def test_what_is_refused_is_silent_in_any_of_seven_languages(text: str, silent: set[str]) -> None:
    parsed = parse(text)
    assert set(parsed.negated) == silent and parsed.unknown == () and parsed.guesses == ()


@pytest.mark.parametrize("text", ["kein Klavier", "guitar instead of piano", "no: piano", "sin piano", "ピアノ抜き", "🎹🚫"])
def test_an_instrument_is_refused_in_any_language(text: str) -> None:
    assert parse(text).avoided["comp"] == ("piano",) and "piano" not in parse(text).voices.get("comp", {})


def test_an_adjective_belongs_to_its_instrument() -> None:
    parsed = parse("Tropical House, Electric Guitar, Congas, 130 BPM")
    assert (parsed.styles, parsed.bpm, parsed.guesses, parsed.unknown) == ({"house": 1.0}, 130.0, (), ())
    assert parsed.instruments == ("electric guitar", "congas")


def test_a_mode_without_a_tonic_is_a_mode() -> None:
    parsed = parse("in a minor key")
    assert (parsed.key, parsed.mode) == (None, "minor") and parse("in A minor").key == "A minor"


def test_a_second_tempo_or_key_is_told() -> None:
    parsed = parse("start at 100 bpm then speed up to 140 bpm")
    assert parsed.bpm == 100.0 and parsed.unknown == ("then speed up to 140 bpm",) and not parsed.values
    assert parse("pads in F minor, then D dorian").unknown == ("D dorian",)


def test_words_are_shown_as_they_are_written() -> None:
    parsed = parse("ダークなテクノ、ドラムなし、ヴワーン")
    assert (parsed.styles, parsed.negated, parsed.unknown) == ({"techno": 1.0}, ("drums",), ("ヴワーン",))
    assert parse("Zwölftöner Frötz").unknown == ("Zwölftöner", "Frötz")
    assert parse("Flächen").voices == {"pad": {"warm pad": 1.0}} and parse("BATERÍA").unknown == ()


def test_words_behind_a_tag_are_for_that_part_alone() -> None:
    text = "[Intro] ambient pads [Drop] hard techno [Outro] no drums, fade out"
    assert parse(text, "intro").styles == {"ambient": 1.0} and parse(text, "drop").styles == {"hard techno": 1.0}
    assert parse(text, "outro").negated == ("drums",)
    assert parse(text).negated == () and parse(text).styles == {"hard techno": 1.0} and parse(text).unknown == ()
    assert parse("house [Drop: acid bass]", "intro").styles == {"house": 1.0}
    assert parse("[Verse 1] piano [Chorus] strings", "build").instruments == ("piano",)
    half = [PromptWeight(text, 1.0)]
    assert mix(half, "outro").stems["drums"] == 0.0 and mix(half, "drop").stems["drums"] == 1.0


@pytest.mark.parametrize("text", ["[Bars 1-16: kick only]", "[0:30] kick only", "[0:30 - 1:00: kick only]"])
def test_bars_and_times_are_left_out_and_told(text: str) -> None:
    parsed = parse(text + " [Drop] techno")
    assert parsed.stems == {} and parsed.unknown[0].startswith("[") and parsed.styles == {"techno": 1.0}


@pytest.mark.parametrize(
    "word", ["samba", "post punk", "shoegaze", "K Pop", "ska", "gqom", "crunk", "rock", "pop", "blues", "polka"]
)
def test_a_genre_without_a_style_is_played_as_the_nearest_and_told(word: str) -> None:
    parsed = parse(f"slow {word}")
    assert parsed.styles and parsed.unknown == ()
    assert parsed.guesses == ((word, max(parsed.styles, key=lambda style: parsed.styles[style])),)


@pytest.mark.parametrize(
    ("said", "style"),
    [
        ("Reggae", "reggae"),
        ("roots reggae", "reggae"),
        ("bossa", "bossa nova"),
        ("drift phonk", "phonk"),
        ("schranz", "hard techno"),
        ("gabba", "gabber"),
        ("prog rock", "progressive rock"),
        ("film music", "film score"),
        ("afro-house", "afro house"),
    ],
)
def test_a_genre_with_a_style_is_no_guess(said: str, style: str) -> None:
    parsed = parse(said)
    assert (parsed.styles, parsed.guesses, parsed.unknown) == ({style: 1.0}, (), ())


def test_a_word_that_colours_a_named_style_brings_its_own_only_where_there_is_none() -> None:
    for word, style in (("cinematic", "film score"), ("dub", "reggae"), ("funky", "funk"), ("minimal", "minimal techno")):
        assert parse(word).suggested == {style: 1.0} and parse(f"{word} trance").styles == {"trance": 1.0}


def test_weights_in_brackets_are_read() -> None:
    shares = parse("(techno:1.5), house").styles
    assert shares["techno"] == pytest.approx(0.6)
    assert parse("(dark:0.5) house").values["brightness"] == pytest.approx(parse("dark house").values["brightness"] / 2)
    assert parse("(drums:0.3) house").softer == {"drums": 0.3}
    assert parse("((warm)) house").values["warmth"] > parse("warm house").values["warmth"]


def test_what_cannot_be_seen_counts_for_nothing() -> None:
    parsed = parse("techno\u001b[31m flurb\u001b]0;hi\u0007 te\u200bch\ufeffno")
    assert parsed.text == "techno flurb techno" and parsed.unknown == ("flurb",)
