"""The report's measuring beside a rehearsal: the same values as from the file, and never in its way."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine.analysis.survey import Survey
from liveset.report.beside import Listener
from liveset.report.write import measure

RATE, STEP, SECONDS = 44_100, 1024, 5


def sound() -> np.ndarray:
    """Noise that ends in silence, in whole steps."""
    noise = np.random.default_rng(5).standard_normal((SECONDS * RATE // STEP * STEP, 2)) * 0.2
    noise[-RATE:] = 0
    return noise.clip(-0.9, 0.9).astype(np.float32)


def listened(heard: np.ndarray, frames: int, kind: str) -> Survey | None:
    listener = Listener(RATE, frames, kind)
    for start in range(0, len(heard), STEP):
        listener.feed(heard[start : start + STEP])
    return listener.close()


@pytest.mark.parametrize("kind", ["FLAC", "WAV"])
def test_what_is_heard_is_what_the_file_says(tmp_path: Path, kind: str) -> None:
    heard = sound()
    file = tmp_path / f"set.{kind.lower()}"
    soundfile.write(file, heard, RATE, "PCM_24")
    beside, after = listened(heard, len(heard), kind), measure(file)
    assert beside is not None
    for field in fields(Survey):
        np.testing.assert_array_equal(getattr(beside, field.name), getattr(after, field.name), field.name)


def test_a_set_of_another_length_has_no_answer() -> None:
    heard = sound()
    assert listened(heard, len(heard) + STEP, "WAV") is None


def test_a_process_that_is_gone_stands_in_nobodys_way() -> None:
    listener, heard = Listener(RATE, 100 * STEP, "WAV"), sound()
    assert listener._process is not None
    listener._process.kill()
    for _ in range(100):
        listener.feed(heard[:STEP])
    assert listener.close() is None
