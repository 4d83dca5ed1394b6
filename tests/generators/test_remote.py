"""What goes to other machines: files of a request, addresses, versions, and how many makers a machine has room for."""

from __future__ import annotations

import multiprocessing
import os
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from engine.errors import GeneratorError, PresetError
from engine.generators.remote.bridge import slots
from engine.generators.remote.files import contents_of, moved, needed_again, paths_of, stored, trim
from engine.generators.remote.generator import RemoteGenerator
from engine.generators.remote.head import Head
from engine.generators.remote.maker import Maker
from engine.generators.remote.saying import Crew, Failed, Made, Ready, Sound, Taken, Trouble, Versions
from engine.generators.remote.where import Address, environment, keep_token, parse, token_file
from engine.models.files import import_folder
from engine.models.registry import model_folder
from engine.presets import checked_generator
from engine.protocol import HeardSound, LoraStrength, PromptWeight, SectionRequest, Traits
from tests.generators.stable_audio.conftest import TINY

TONES = "tests.generators.tones:Tones"
REQUEST = SectionRequest("s1", (PromptWeight("techno", 1.0),), 1, 120.0, "C major", 1, tail_bars=0)


def test_every_file_that_a_request_names_goes_along_once(tmp_path: Path) -> None:
    names = [
        str(tmp_path / name) for name in ("before.section", "varied.section", "warm.safetensors", "older.section", "loop.wav")
    ]
    for name in names:
        Path(name).write_bytes(name.encode())
    inner = replace(REQUEST, continue_path=names[3], vary_path=names[1])
    loras = (LoraStrength(names[2], 0.5),)
    prompts = (*REQUEST.prompts, PromptWeight("loop.wav", 0.5, HeardSound(names[4])))
    request = replace(REQUEST, prompts=prompts, continue_path=names[0], vary_path=names[1], loras=loras, built_on=inner)
    assert paths_of(request) == (names[0], names[1], names[2], names[4], names[3])
    found = contents_of(request)
    assert {path: data for path, (_, data) in found.items()} == {name: name.encode() for name in names}
    places = {path: str(stored(tmp_path, digest, data, path)) for path, (digest, data) in found.items()}
    there = moved(request, places)
    assert set(paths_of(there)) == set(places.values())
    assert all(Path(places[name]).read_bytes() == name.encode() for name in names)
    assert moved(there, {place: path for path, place in places.items()}) == request


def test_file_that_cannot_be_read_is_left_to_the_generator(tmp_path: Path) -> None:
    request = replace(REQUEST, continue_path=str(tmp_path / "gone.section"))
    assert contents_of(request) == {}
    assert moved(request, {}) == request


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [("192.168.1.20", "192.168.1.20", 6390), ("studio:7000", "studio", 7000), ("localhost:6391", "127.0.0.1", 6391)],
)
def test_addresses_are_read_with_and_without_a_port(text: str, host: str, port: int) -> None:
    found = parse(text)
    assert (found.host, found.port) == (host, port)


@pytest.mark.parametrize("text", ["", ":6390", "studio:", "studio:high", "studio:0", "studio:70000", "http://studio:80", "a b"])
def test_what_is_no_address_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(GeneratorError, match=r"192\.168\.1\.20"):
        parse(text)


def test_machine_lends_a_maker_for_each_gpu_or_for_every_few_cores() -> None:
    assert [slots("pocket", cores, 0) for cores in (0, 1, 4)] == [0, 1, 4]
    assert [slots("stable-audio", cores, 0) for cores in (0, 1, 4, 16)] == [0, 1, 1, 4]
    assert slots("stable-audio", 32, 2) == 2
    assert slots("pocket", 32, 2) == 32


def test_first_version_that_differs_is_said() -> None:
    here = Versions("0.1.0", "3.12.1", "2.13.0")
    assert here.difference(here) == ""
    assert here.difference(replace(here, python="3.11.9")) == "Python 3.12.1 here, 3.11.9 there"


def test_token_is_asked_for_always_and_only_its_owner_reads_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_AUTH_TOKEN_PATH", str(tmp_path / "inner" / "token"))
    monkeypatch.delenv("RAY_AUTH_TOKEN", raising=False)
    place = keep_token()
    assert place == token_file() and place.stat().st_mode & 0o77 == 0
    first = place.read_text()
    assert len(first) == 64 and keep_token().read_text() != first
    assert keep_token(" given \n").read_text() == "given"
    for host in ("127.0.0.1", "192.168.1.20"):
        known = environment(host)
        assert (known["RAY_AUTH_MODE"], known["RAY_USAGE_STATS_ENABLED"]) == ("token", "0")
    assert environment("127.0.0.1")["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] == "0"


@pytest.mark.parametrize("name", ["remote:pocket", "remote:stable-audio", f"remote:{TONES}"])
def test_generators_on_other_machines_are_known_to_presets(name: str) -> None:
    assert checked_generator(name) == name


def test_misspelt_generator_on_other_machines_is_refused() -> None:
    with pytest.raises(PresetError, match="pocket"):
        checked_generator("remote:poket")


def maker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str = TONES) -> Maker:
    for variable in ("XDG_CACHE_HOME", "LIVESET_VOCABULARY"):
        monkeypatch.setenv(variable, str(tmp_path))
    return Maker(name, Taken())


def test_maker_sends_all_of_a_section_and_then_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = maker(tmp_path, monkeypatch)
    assert isinstance(made.ready(), Ready)
    *sent, last = made.make(1, REQUEST, {})
    blocks = [word.block for word in sent if isinstance(word, Sound) and word.block is not None]
    assert sum(len(block) for block in blocks) == REQUEST.total_frames()
    assert last == Made(1, None)


def test_maker_ends_a_section_that_was_dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = maker(tmp_path, monkeypatch)
    made.ready()
    made.drop(1)
    assert list(made.make(1, REQUEST, {})) == [Made(1, None)]


def test_maker_says_why_a_section_or_a_generator_cannot_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = maker(tmp_path, monkeypatch)
    (word,) = made.make(1, REQUEST, {})  # it was not made ready
    assert isinstance(word, Failed) and "not loaded" in word.message
    refused = maker(tmp_path, monkeypatch, "tests.generators.refusing:Refusing").ready()
    assert isinstance(refused, Trouble)


def test_file_travels_to_a_maker_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = maker(tmp_path, monkeypatch)
    listing = (("abc", "/there/before.section"),)
    assert made.lacks(listing) == ("abc",)
    made.take("abc", "/there/before.section", b"sound")
    assert made.lacks(listing) == ()


def test_maker_without_the_model_says_how_it_comes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIVESET_MODELS", str(tmp_path / "models"))
    monkeypatch.delenv("LIVESET_MODEL", raising=False)
    said = maker(tmp_path, monkeypatch, "stable-audio").ready()
    assert isinstance(said, Trouble)
    assert said.message.endswith("has no model small-music") and said.hint == "liveset models push small-music"


def test_maker_with_a_damaged_model_says_how_it_comes_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIVESET_MODELS", str(tmp_path / "models"))
    monkeypatch.delenv("LIVESET_MODEL", raising=False)
    import_folder(TINY, "small-music")
    weights = model_folder() / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    said = maker(tmp_path, monkeypatch, "stable-audio").ready()
    assert isinstance(said, Trouble)
    assert said.message.endswith("its small-music is damaged") and "liveset models push small-music" in said.hint


def test_files_that_were_not_needed_for_longest_are_removed_first(tmp_path: Path) -> None:
    old, needed, new = (stored(tmp_path, digit * 64, b"x" * 100, "a.section") for digit in "abc")
    other = tmp_path / "node.log"
    other.write_bytes(b"x" * 1000)
    for age, path in enumerate((new, needed, old, other), 1):
        os.utime(path, (1_000_000 - age, 1_000_000 - age))
    trim(tmp_path, most=250)
    assert not old.exists() and needed.exists() and new.exists() and other.exists()
    assert needed_again(needed)
    trim(tmp_path, most=100)
    assert needed.exists() and not new.exists()
    trim(tmp_path, most=0)
    assert needed.exists()  # it was asked for just now
    trim(tmp_path, most=0, fresh_s=-1.0)
    assert not needed.exists() and other.exists()
    assert not needed_again(needed)


def test_head_that_ended_and_began_again_is_another() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        head = Head(Address("127.0.0.1", port))
        first, _ = server.accept()
        assert head.look(0.0) == "same"
        first.sendall(b"hello")  # what it says is of no matter
        assert head.look(1.0) == "same"
        first.close()  # it has nothing to say, and lives
        assert head.look(1.0) == "same"
        second, _ = server.accept()
    second.close()
    assert head.look(1.0) == "away"
    assert head.look(0.0) == "away"
    with socket.create_server(("127.0.0.1", port)):
        assert head.look(0.0) == "another"
        head.close()


def crew(makers: int, traits: Traits) -> Crew:
    return Crew(makers, makers, Ready(44_100, traits, Versions("0.1.0", "3.12.1", "2.13.0")))


def test_traits_that_were_guessed_are_put_right_when_a_machine_says_them(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("ray", reason="Ray is not installed")
    monkeypatch.setenv("LIVESET_REMOTE", "127.0.0.1:1")
    generator = RemoteGenerator("stable-audio")
    guessed = generator.traits
    told: list[Traits] = []
    generator.changed = lambda: told.append(generator.traits)
    true = replace(guessed, max_seconds=40.0)
    ours, theirs = multiprocessing.Pipe()
    for word in (crew(1, guessed), crew(1, true), crew(3, true), crew(1, true)):
        theirs.send(word)
    theirs.close()
    assert generator._hear(ours)
    assert told == [true, replace(true, hands=3)]  # hands stay: the makers that went are begun again
