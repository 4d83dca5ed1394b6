"""Damaged and nonsensical files and prompts: each is read, or refused in one clear sentence; none ends in a traceback.

Seeded, and small enough for every run; a thousand of each were tried by hand (`ROUNDS`).
"""

from __future__ import annotations

import json
import os
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import LivesetError
from engine.generators.pocket.styles import load_style
from engine.models.files import check_folder
from engine.models.tensors import read_header
from engine.presets import load_preset, parse_preset, preset_names
from engine.prompts import tokens
from engine.prompts import vocabulary as vocabularies
from engine.prompts.mix import decide_bpm, decide_key, mix, parse
from engine.prompts.tokens import guess
from engine.prompts.vocabulary import style_data, style_names, style_table, vocabulary, vocabulary_parameters
from engine.protocol import PromptWeight
from engine.resources import data_folder
from engine.sections.file import SectionInfo, SectionReader, SectionWriter
from engine.sections.keepers import AUDIO_FILE, CARD_FILE, keepers, keepers_root
from tests.generators.stable_audio.conftest import TINY

ROUNDS = int(os.environ.get("LIVESET_FUZZ", "40"))
"""Inputs of each kind."""

CACHED = (vocabulary, style_data, style_names, style_table, vocabulary_parameters, load_style, parse, guess)
JUNK = ("[", "]", "{", '"', "'", "=", "\\", "\n", "#", "[[", ".", ",", "nan", "-1", "1e999", "true")
STRANGE = ("9" * 5000, "[" * 2000, "\x00", "\x1b[31m", "\ufeff", "ß")


def mutated(data: bytes, rng: random.Random) -> bytes:
    """A file with a few bytes changed, cut out, doubled or put in."""
    out = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 5, 20))):
        at, span = rng.randrange(len(out) + 1), rng.choice((1, 1, 4, 40))
        match rng.randrange(5):
            case 0:
                out[at : at + span] = rng.randbytes(span)
            case 1:
                del out[at : at + span]
            case 2:
                out[at:at] = out[at : at + span]
            case 3:
                out[at:at] = rng.choice(JUNK + STRANGE).encode()
            case _:
                out = out[: max(1, at)] if rng.random() < 0.3 else out
    return bytes(out)


def refused_or_read(read: Callable[[], object]) -> str:
    """What a reader said against a file; nothing where it read it."""
    try:
        read()
    except LivesetError as error:
        told = str(error)
        assert error.message and "Traceback" not in told and "\x1b" not in told and "\x00" not in told
        return told
    return ""


@pytest.mark.parametrize("seed", range(4))
def test_damaged_presets_are_read_or_refused(seed: int, tmp_path: Path) -> None:
    rng = random.Random(f"presets {seed}")
    files = [data_folder() / f"{name}.toml" for name in preset_names()]
    told = []
    for _ in range(ROUNDS // 4):
        path = tmp_path / "mine.toml"
        path.write_bytes(mutated(rng.choice(files).read_bytes(), rng))
        told.append(refused_or_read(lambda path=path: load_preset(str(path))))  # type: ignore[misc]
    assert all("mine.toml" in each for each in told if each)
    assert any(told)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(
    ["set", "prompt", "section", "lora", "midi", "text", "weight", "bars", "prompts", "key", "time_signature", "x"]
)
TABLE = st.dictionaries(NAMES, VALUES, max_size=3)


def toml(value: object) -> str:
    """A value as TOML, near enough: what is not TOML is to be refused."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{toml(str(key))} = {toml(each)}" for key, each in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(toml(each) for each in value) + "]"
    if isinstance(value, str):
        return '"' + "".join(c if c.isalnum() else f"\\u{ord(c) & 0xFFFF:04x}" for c in value) + '"'
    return str(value).lower()


@settings(max_examples=ROUNDS * 2, deadline=None, derandomize=True)
@given(st.dictionaries(NAMES, VALUES | TABLE | st.lists(TABLE, max_size=2), max_size=4))
def test_presets_of_any_content_are_read_or_refused(tables: dict[str, object]) -> None:
    refused_or_read(lambda: parse_preset("\n".join(f"{name} = {toml(value)}" for name, value in tables.items()), "mine.toml"))


@pytest.fixture
def presets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the shipped files, read in their stead."""
    folder = tmp_path / "presets"
    shutil.copytree(data_folder(), folder)
    monkeypatch.setattr(vocabularies, "data_folder", lambda: folder)
    yield folder
    for function in CACHED:
        function.cache_clear()


def test_damaged_vocabularies_are_read_or_refused(presets: Path) -> None:
    rng, path = random.Random("vocabulary"), presets / "vocabulary.toml"
    head = path.read_text(encoding="utf-8").split("[[word]]")
    for _ in range(ROUNDS // 2):
        some = "[[word]]".join([head[0], *rng.sample(head[1:-1], 12), head[-1]]).encode()
        path.write_bytes(mutated(some, rng))
        for function in CACHED:
            function.cache_clear()
        refused_or_read(lambda: (vocabulary(), parse("dark techno, no drums, 120 bpm"), mix([PromptWeight("warm house", 1.0)])))


def test_damaged_styles_are_read_or_refused(presets: Path) -> None:
    rng, path = random.Random("styles"), presets / "styles" / "house.toml"
    files = sorted((data_folder() / "styles").glob("*.toml"))
    vocabulary()
    for _ in range(ROUNDS):
        path.write_bytes(mutated(rng.choice(files).read_bytes(), rng))
        for function in (style_data, style_table, load_style):
            function.cache_clear()
        refused_or_read(lambda: load_style("house"))


def test_damaged_checkpoints_are_refused_before_anything_is_loaded(tmp_path: Path) -> None:
    rng = random.Random("checkpoint")
    folder = tmp_path / "model"
    shutil.copytree(TINY, folder)
    weights = folder / "model.safetensors"
    whole = weights.read_bytes()
    header = 8 + int.from_bytes(whole[:8], "little")
    for _ in range(ROUNDS):
        weights.write_bytes(mutated(whole[:header], rng) + whole[header:])
        refused_or_read(lambda: read_header(weights))
        refused_or_read(lambda: check_folder(folder))
    weights.write_bytes(whole)
    for name in ("model_config.json", "t5gemma-b-b-ul2/config.json", "t5gemma-b-b-ul2/tokenizer.json"):
        original = (folder / name).read_bytes()
        for _ in range(ROUNDS // 4):
            (folder / name).write_bytes(mutated(original, rng))
            refused_or_read(lambda: check_folder(folder))
        (folder / name).write_bytes(original)


def test_damaged_sections_and_keepers_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random("sections")
    info = SectionInfo("s", ("mix",), 44_100, 0, 64, 4, 1, 4, 120.0, "F minor", 1, "pocket")
    writer = SectionWriter(tmp_path / "s.section", info)
    writer.write(np.zeros((64, 1, 2), np.float32))
    writer.close()
    monkeypatch.setenv("LIVESET_KEEPERS", str(tmp_path / "kept"))
    card = {"format": 1, "name": "k", "title": "t", "part": "p", "role": "drop", "bars": 4, "beats_per_bar": 4, "bpm": 120.0}
    card |= {"key": "F minor", "prompts": [{"text": "a", "weight": 1.0}], "generator": "pocket", "seed": 1, "set_seed": 1}
    folder = keepers_root() / "k"
    folder.mkdir(parents=True)
    shutil.copy(tmp_path / "s.section", folder / AUDIO_FILE)
    (folder / CARD_FILE).write_text(json.dumps(card), encoding="utf-8")
    (good,), broken = keepers()
    assert good.title == "t" and not broken
    whole, text = (tmp_path / "s.section").read_bytes(), json.dumps(card).encode()
    head = whole[: whole.index(b"}") + 1]
    for _ in range(ROUNDS):
        (tmp_path / "s.section").write_bytes(mutated(head, rng).ljust(len(head), b"\0")[: len(head)] + whole[len(head) :])
        refused_or_read(lambda: SectionReader(tmp_path / "s.section"))
        (folder / CARD_FILE).write_bytes(mutated(text, rng))
        there, broken = keepers()
        assert len(there) + len(broken) == 1


SIGNS = (
    *("(", ")", "[Intro]", "[", ":", ",", ".", "/", "-", "(techno:1.3)", "120 bpm", "at 124", "in a minor"),
    *("8A", "7/8", "~~", "no:", "\n- ", "🥁", "❌", "×130", "⊘"),
)
UNSEEN = ("\x00", "\x1b[31m", "\x1b]0;", "\u200b", "\u202e", "\u0336", "\u3099", "\ufe0f", "\ud800", "\U0010ffff")


def spoken(rng: random.Random) -> str:
    """A prompt out of known words, signs and characters of any kind."""
    words = [*vocabulary().entries, *vocabulary().negations, *vocabulary().ignored, *vocabulary().amounts]
    parts = (rng.choice(rng.choice((words, words, SIGNS, UNSEEN))) for _ in range(rng.choice((1, 4, 12, 40))))
    return "".join(part + rng.choice((" ", " ", ", ", "")) for part in parts)


def test_prompts_of_any_characters_are_read() -> None:
    rng = random.Random("prompts")
    for _ in range(ROUNDS * 2):
        text = spoken(rng)
        parsed = parse(text)
        mix([PromptWeight(text, 1.0), PromptWeight("house", 0.3)], "drop")
        decide_bpm([PromptWeight(text, 1.0)], 1), decide_key([PromptWeight(text, 1.0)], 1)
        shown = (parsed.text, parsed.wording, *parsed.unknown, *(written for written, _ in parsed.guesses))
        assert all(not any(ord(c) < 32 or c in "\u200b\u202e\ud800" for c in each) for each in shown), text
        assert parsed.bpm is None or 20.0 <= parsed.bpm <= 300.0


@settings(max_examples=ROUNDS * 3, deadline=None, derandomize=True)
@given(st.text(max_size=120))
def test_any_text_is_a_prompt(text: str) -> None:
    assert parse(text).wording.isprintable()


def test_two_thousand_words_are_read_word_by_word(monkeypatch: pytest.MonkeyPatch) -> None:
    """The work grows with the length, not with its square: counted in phrases looked up."""

    looked_up = 0
    longest = tokens.longest

    def counted(words: list[str], start: int) -> tuple[int, str]:
        nonlocal looked_up
        looked_up += 1
        return longest(words, start)

    monkeypatch.setattr(tokens, "longest", counted)
    monkeypatch.setattr("engine.prompts.phrases.longest", counted)
    rng, counts = random.Random("long"), []
    for length in (500, 2000):
        looked_up = 0
        parse(" ".join(rng.choice(("warm", "no", "drums", "and", "piano", "zorp", "very", "house")) for _ in range(length)))
        counts.append(looked_up)
    assert counts[1] < 6 * counts[0]
