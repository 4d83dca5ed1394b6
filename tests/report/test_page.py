"""report.html: whole in itself, honest about what fails, with every seam to be listened to."""

from __future__ import annotations

import base64
import io
import math
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import soundfile
from PIL import Image

from engine.analysis.survey import Survey
from engine.performances.entries import HeardSection
from engine.protocol import HandOver, PlayedSection, PromptWeight
from engine.rehearsal.log import RehearsalLog
from liveset.report.charts import png
from liveset.report.checks import Check, checks
from liveset.report.measures import CLIP_S, compressed, measure_seams, measure_sections
from liveset.report.page import page
from liveset.report.played import in_file
from liveset.report.write import measure, write_report

RATE = 44_100
BPM = 120.0


def music(seconds: float, click_at: float | None = None) -> npt.NDArray[np.float64]:
    """A minor chord with a stroke on every beat, and a step in the middle of nothing if asked for."""
    at = np.arange(round(seconds * RATE)) / RATE
    chord = np.array([174.61, 207.65, 261.63])
    sound: npt.NDArray[np.float64] = 0.05 * np.sin(2 * np.pi * chord[:, None] * at).sum(axis=0)
    stroke = np.random.default_rng(1).standard_normal(2000) * np.exp(-np.arange(2000) / 400)
    for beat in range(int(seconds * BPM / 60)):
        start = round(beat * 60 / BPM * RATE)
        sound[start : start + 2000] += 0.1 * stroke[: len(sound[start : start + 2000])]
    if click_at is not None:
        sound[round(click_at * RATE) :] += 3.0
    return np.repeat(sound[:, None], 2, axis=1)


SECTIONS = (
    PlayedSection("<dawn>", "intro", 0.0, 8, BPM, "F minor", 0.2, (PromptWeight("warm house <b>", 0.7),), 11, 0.8, None,
                  HandOver("equal-power", 15.0, 1.0)),
    PlayedSection("drop", "drop", 16.0, 8, BPM, "F minor", 0.9, (PromptWeight("blorp house", 0.4),), 12, 2.0, -1.5),
)  # fmt: skip
LOG = RehearsalLog("my set & more", 7, ladder_hold=1, unknown_words=("blorp",), sections=SECTIONS, notices=("late <section>",))


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "set.wav"
    soundfile.write(path, music(32.0), RATE, "PCM_24")
    return path


class Found(HTMLParser):
    """Tags and addresses of a page; whatever is opened has to be closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.addresses: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in ("meta", "br", "image", "line", "polyline", "polygon"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in ("image", "line", "polyline", "polygon"):
            return
        assert self.open.pop() == tag


def written(file: Path) -> str:
    folder = file.parent / "report"
    write_report(folder, file, LOG, {"drop": 3})
    return (folder / "report.html").read_text(encoding="utf-8")


def test_a_page_is_whole_in_itself(file: Path) -> None:
    text = written(file)
    found = Found()
    found.feed(text)
    assert found.open == []
    assert found.addresses and all(address.startswith("data:") for address in found.addresses)
    assert "http" not in re.sub(r"http-equiv", "", text)
    assert "default-src 'none'" in text
    assert "&lt;dawn&gt; → drop" in text and "<dawn>" not in text and "late &lt;section&gt;" in text
    assert "warm house &lt;b&gt;" in text and "my set &amp; more" in text
    assert ">3</td>" in text and "✗ -1.5 s" in text and "blorp" in text


def test_a_seam_can_be_heard_in_the_page(file: Path) -> None:
    (media, data), *more = re.findall(r'<audio[^>]* src="data:([^;]+);base64,([^"]+)"', written(file))
    sound, rate = soundfile.read(io.BytesIO(base64.b64decode(data)))
    assert (media, more, rate, sound.ndim) == ("audio/mpeg", [], RATE, 1)
    assert len(sound) / rate == pytest.approx(CLIP_S, abs=0.1)
    assert np.corrcoef(sound[: 7 * RATE], music(32.0)[12 * RATE : 19 * RATE, 0])[0, 1] > 0.9


def test_without_mp3_a_seam_is_a_wav_file(monkeypatch: pytest.MonkeyPatch) -> None:
    wrote = soundfile.write

    def older(*args: object, format: str, subtype: str) -> None:
        if format == "MP3":
            raise ValueError("Unknown format: 'MP3'")
        wrote(*args, format=format, subtype=subtype)

    monkeypatch.setattr("liveset.report.measures.soundfile.write", older)
    clip, media = compressed(music(1.0).astype(np.float32), RATE)
    assert media == "audio/wav" and len(soundfile.read(io.BytesIO(clip))[0]) == RATE


def test_sections_and_seams_are_measured(file: Path) -> None:
    first, second = measure_sections(file, SECTIONS)
    assert first.bpm == pytest.approx(BPM, abs=0.2) and second.bpm == pytest.approx(BPM, abs=0.2)
    assert (first.key, first.key_fits, first.unknown, second.unknown) == ("F minor", 1.0, ("<b>",), ("blorp",))
    (seam,) = measure_seams(file, SECTIONS)
    assert (seam.before, seam.after, seam.at_s, seam.kind, seam.length_s) == ("<dawn>", "drop", 16.0, "equal-power", 1.0)
    assert abs(seam.step_lu) < 0.5 and abs(seam.drift_ms) < 2.0 and seam.jump < 1.5


def test_a_click_and_a_beat_that_moves_are_seen(tmp_path: Path) -> None:
    sound = music(32.0, click_at=16.07)
    soundfile.write(tmp_path / "click.wav", sound, RATE, "FLOAT")
    (seam,) = measure_seams(tmp_path / "click.wav", (SECTIONS[0], replace(SECTIONS[1], start_s=16.07)))
    assert seam.jump > 3
    moved = np.concatenate((music(16.0), np.zeros((round(0.03 * RATE), 2)), music(16.0)))
    soundfile.write(tmp_path / "moved.wav", moved, RATE, "PCM_24")
    (seam,) = measure_seams(tmp_path / "moved.wav", SECTIONS)
    assert seam.drift_ms == pytest.approx(30, abs=3)


def passed(found: list[Check]) -> dict[str, bool | None]:
    return {check.name: check.passed for check in found}


def test_what_is_beyond_its_limit_fails_and_what_is_unknown_is_said(file: Path) -> None:
    heard, sections, seams = measure(file), measure_sections(file, SECTIONS), measure_seams(file, SECTIONS)
    found = passed(checks(LOG, heard, sections, seams))
    failing = {name for name, well in found.items() if well is False}
    assert failing == {"late sections: last bars repeated", "least time in hand", "words not understood", "loudness"}
    assert heard.lufs < -20
    empty = RehearsalLog("empty", 0)
    unknown = {name for name, well in passed(checks(empty, heard, [], [])).items() if well is None}
    assert unknown == {
        "least time in hand", "sharpest seam", "beat across seams, the usual one", "tempo off, the usual section",
        "key, the usual section",
    }  # fmt: skip


def test_the_spectrogram_is_a_picture_with_high_notes_on_top() -> None:
    decibels = np.full((4, 6), -100.0)
    decibels[3, :3] = 0.0
    picture = Image.open(io.BytesIO(png(decibels))).convert("L")
    light = np.asarray(picture)
    assert light.shape == (4, 6)
    assert light[0, 0] > 200 and light[0, 5] == light[3, 0] and light[0, 5] < 40


def test_silence_makes_a_page(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "silence.wav", np.zeros((3 * RATE, 2)), RATE)
    heard = measure(tmp_path / "silence.wav")
    assert isinstance(heard, Survey) and "not measured" in page(RehearsalLog("empty", 0), heard, [], [], {})


def test_sections_lie_where_a_file_has_them() -> None:
    heard = [HeardSection(RATE, "<dawn>"), HeardSection(27 * RATE, "drop")]
    first, second = in_file(SECTIONS, heard, RATE)
    assert (first.start_s, second.start_s) == (0.0, 26.0), "the set was stopped for ten seconds"
    assert first.transition is not None and first.transition.start_s == 15.0
    late = in_file(SECTIONS, heard, 20 * RATE)
    assert [(section.name, section.start_s) for section in late] == [("<dawn>", 0.0), ("drop", 7.0)]
    assert in_file(SECTIONS, [], 0) == SECTIONS
    assert not any(math.isnan(section.start_s) for section in late)
