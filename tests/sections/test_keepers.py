"""Keepers: kept whole or not at all, named when broken, and music of them again."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import mido
import numpy as np
import pytest
import soundfile

from engine import protocol as p
from engine.conductor.events import Tell
from engine.conductor.reacting.on_command import take_command
from engine.errors import RecordingError, SectionError
from engine.music.motif import make_motif
from engine.protocol import PromptWeight
from engine.sections.file import SectionInfo, SectionReader, SectionWriter
from engine.sections.keepers import AUDIO_FILE, CARD_FILE, Layer, find_keeper, keep, keepers, keepers_root, remove_keeper
from liveset.commands.keepers import export_keeper, show_keepers
from tests.conductor.simulation import Stage
from tests.conductor.test_conductor import made, slow, started
from tests.conductor.test_slow import finish_all
from tests.sections.cards import CARD, FRAMES, WHEN, kept
from tests.support.rehearsing import preset, rehearse


@pytest.fixture(autouse=True)
def _private(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LIVESET_KEEPERS", str(tmp_path / "kept"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_keeper_outlives_its_session(tmp_path: Path) -> None:
    first, second = kept(tmp_path), kept(tmp_path)
    (tmp_path / "s1.section").unlink()
    assert (first.name, second.name) == ("sunrise-drop-1", "sunrise-drop-2")
    assert first.kept == "2026-05-01 22:30"
    assert find_keeper("sunrise-drop-1") == first
    assert set(keepers()[0]) == {first, second} and keepers()[1] == ()
    assert float(SectionReader(first.path).audio.mean()) == 0.25
    remove_keeper("sunrise-drop-1")
    assert [each.name for each in keepers()[0]] == ["sunrise-drop-2"]
    assert kept(tmp_path).name == "sunrise-drop-1"


def test_failed_keep_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("not a folder")
    with pytest.raises(RecordingError, match="cannot be kept"):
        kept(tmp_path)
    (tmp_path / "kept").unlink()
    with pytest.raises(SectionError, match="there is no keeper"):
        find_keeper("sunrise-drop-1")
    assert keepers() == ((), ())


@pytest.mark.parametrize("harm", ["card", "format", "audio", "cut"])
def test_broken_keeper_is_named_and_the_others_are_listed(tmp_path: Path, harm: str) -> None:
    bad, good = kept(tmp_path), kept(tmp_path)
    folder = keepers_root() / bad.name
    if harm == "card":
        (folder / CARD_FILE).write_text("{")
    elif harm == "format":
        card = json.loads((folder / CARD_FILE).read_text())
        (folder / CARD_FILE).write_text(json.dumps({**card, "format": 99}))
    elif harm == "audio":
        (folder / AUDIO_FILE).unlink()
    else:
        data = (folder / AUDIO_FILE).read_bytes()
        (folder / AUDIO_FILE).write_bytes(data[:-8])
    there, broken = keepers()
    assert there == (good,)
    assert len(broken) == 1 and bad.name in broken[0]
    with pytest.raises(SectionError, match=bad.name):
        find_keeper(bad.name)
    remove_keeper(bad.name)
    assert keepers() == ((good,), ())


@pytest.mark.parametrize("name", ["", "..", "../kept", "nobody"])
def test_only_a_keeper_is_ever_removed(tmp_path: Path, name: str) -> None:
    kept(tmp_path)
    with pytest.raises(SectionError, match="there is no keeper"):
        remove_keeper(name)
    assert len(keepers()[0]) == 1


def test_export_writes_audio_files_and_overwrites_none(tmp_path: Path) -> None:
    name = kept(tmp_path).name
    out = tmp_path / "drop.flac"
    export_keeper(name, out)
    sound, rate = soundfile.read(out)
    assert rate == 44_100 and sound.shape == (FRAMES, 2) and sound.mean() == pytest.approx(0.5, abs=1e-4)
    out.write_text("something else")
    with pytest.raises(RecordingError, match=r"there already; .*--force"):
        export_keeper(name, out)
    assert out.read_text() == "something else"
    export_keeper(name, out, force=True)
    assert soundfile.info(out).frames == FRAMES
    export_keeper(name, out, stems=True)
    assert soundfile.read(tmp_path / "drop-bass.flac")[0].mean() == pytest.approx(0.25, abs=1e-4)
    with pytest.raises(RecordingError, match="neither"):
        export_keeper(name, tmp_path / "drop.mp3")
    with pytest.raises(RecordingError, match=r"cannot write .*drop\.wav"):
        export_keeper(name, tmp_path / "nowhere" / "drop.wav")
    (tmp_path / "x.wav").mkdir()
    with pytest.raises(RecordingError, match="is a folder"):
        export_keeper(name, tmp_path / "x.wav", force=True)
    assert not list(tmp_path.glob(".*"))


def with_a_tail(tmp_path: Path) -> str:
    """A keeper of one bar of 4/4 at 120 BPM (two seconds) and one more of tail, all at full level."""
    info = SectionInfo("s1", ("drums", "bass"), 44_100, 0, 4 * 44_100, 1, 1, 4, 120.0, "F# minor", 7, "pocket")
    writer = SectionWriter(tmp_path / "s1.section", info)
    writer.write(np.full((4 * 44_100, 2, 2), 0.4, np.float32))
    writer.close()
    card = replace(CARD, bars=1, bpm=120.0, key="F# minor")
    return keep([Layer(SectionReader(tmp_path / "s1.section"))], card, WHEN).name


def test_exported_keeper_has_the_bars_it_says(tmp_path: Path) -> None:
    export_keeper(with_a_tail(tmp_path), tmp_path / "drop.wav", stems=True)
    for stem in ("drums", "bass"):
        assert soundfile.info(tmp_path / f"drop-{stem}.wav").frames == 2 * 44_100


def test_tail_of_an_exported_keeper_fades_to_nothing(tmp_path: Path) -> None:
    export_keeper(with_a_tail(tmp_path), tmp_path / "drop.wav", tail=True)
    sound = soundfile.read(tmp_path / "drop.wav")[0][:, 0]
    assert len(sound) == 4 * 44_100
    assert np.allclose(sound[: 2 * 44_100], 0.8, atol=1e-4)
    assert np.all(np.diff(sound[2 * 44_100 :]) <= 1e-6) and abs(sound[-1]) < 1e-4


def test_keeper_exported_into_a_folder_is_named_with_tempo_and_key(tmp_path: Path) -> None:
    name = with_a_tail(tmp_path)
    (tmp_path / "samples").mkdir()
    export_keeper(name, tmp_path / "samples")
    assert [path.name for path in (tmp_path / "samples").iterdir()] == [f"{name}-120bpm-Fsharp-minor.wav"]


def test_list_of_keepers_shortens_long_prompts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept(tmp_path, replace(CARD, prompts=(PromptWeight("dub " * 112, 1.0),)))
    show_keepers(as_json=False)
    (line,) = capsys.readouterr().out.splitlines()
    assert line.endswith("…") and len(line) < 160


# ------------------------------------------------------------ music of them again


def told(stage: Stage, keeper: p.Keeper) -> str:
    _, actions = take_command(stage.state, p.VaryNext(0.5, keeper))
    return next(action.text for action in actions if isinstance(action, Tell))


def test_slow_generator_varies_the_sound_of_a_keeper() -> None:
    stage = slow()
    finish_all(stage)
    grid = stage.state.settings.grid
    keeper = replace(CARD, path="/kept/a/audio.section", bpm=grid.bpm * 1.03, key=stage.state.settings.key)
    stage.command(p.VaryNext(0.5, keeper))
    request = made(stage)[-1].version.request
    assert (request.vary_path, request.vary_amount) == ("/kept/a/audio.section", 0.5)
    assert request.seed != keeper.seed
    before = len(made(stage))
    for other in (replace(keeper, bpm=grid.bpm * 1.07), replace(keeper, beats_per_bar=3)):
        stage.command(p.VaryNext(0.5, other))
    finish_all(stage)
    assert len(made(stage)) == before, "what cannot be varied is said, and nothing is begun"
    assert "within 5 %" in told(stage, replace(keeper, bpm=grid.bpm * 1.07))
    assert "3 beats a bar" in told(stage, replace(keeper, beats_per_bar=3))
    assert "the set is in" in told(stage, replace(keeper, key="B lydian"))


def test_pocket_varies_a_keeper_from_its_seed() -> None:
    stage = started()
    stage.healthy(88_200)
    stage.command(p.VaryNext(0.5, CARD))
    stage.healthy(88_200)
    request = next(job.version.request for job in reversed(made(stage)) if job.version.index == 1)
    assert (request.seed, request.set_seed, request.vary_path) == (CARD.seed, CARD.set_seed, None)
    assert request.motif == make_motif(CARD.set_seed, 4)
    before = len(made(stage))
    other = replace(CARD, generator="stable-audio")
    stage.command(p.VaryNext(0.5, other))
    stage.healthy(88_200)
    assert len(made(stage)) == before and "was made by stable-audio" in told(stage, other)
    later = [job.version.request for job in made(stage) if job.version.index == 0]
    assert all(each.set_seed == stage.state.settings.seed for each in later)


def test_keep_note_in_a_midi_file_keeps_the_playing_section(tmp_path: Path) -> None:
    file = mido.MidiFile(ticks_per_beat=480)
    track = mido.MidiTrack()
    track += [mido.Message("note_on", note=48, velocity=90, time=480 * 8), mido.Message("note_off", note=48, time=10)]
    file.tracks.append(track)
    file.save(tmp_path / "keep.mid")
    log = rehearse(tmp_path / "out.flac", preset(minutes=0.125), midi=tmp_path / "keep.mid")
    (keeper,), broken = keepers()
    assert not broken
    assert (keeper.title, keeper.part, keeper.seed) == ("Tones", log.sections[0].name, log.sections[0].seed)
    reader = SectionReader(keeper.path)
    assert reader.ready == reader.info.frames and float(np.abs(reader.audio).max()) > 0.01
