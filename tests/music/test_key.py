"""Keys as performers write them."""

from __future__ import annotations

import pytest

from engine.errors import LivesetError
from engine.music.key import MODES, TONICS, Key


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("F minor", "F minor"),
        ("D dorian", "D dorian"),
        ("F# min", "F# minor"),
        ("Bbm", "Bb minor"),
        ("C", "C major"),
        ("c", "C major"),
        ("a-flat major", "Ab major"),
        ("bb minor", "Bb minor"),
        ("b minor", "B minor"),
        ("G#m", "Ab minor"),
        ("D sharp phrygian", "Eb phrygian"),
        ("Eb  harmonic   minor", "Eb harmonic minor"),
        ("A minor pentatonic", "A minor pentatonic"),
        ("e♭ Lydian", "Eb lydian"),
        ("C M", "C major"),
    ],
)
def test_written_keys_become_canonical_names(written: str, name: str) -> None:
    assert Key.parse(written).name == name


def test_every_key_reads_its_own_name_back() -> None:
    for tonic in range(12):
        for mode in MODES:
            key = Key.of(tonic, mode)
            assert Key.parse(key.name) == key
            assert key.name.startswith(TONICS[tonic])


@pytest.mark.parametrize(
    ("written", "hint"), [("F minro", "F minor"), ("G dorain", "G dorian"), ("phrygian", "F phrygian"), ("H", "F minor")]
)
def test_wrong_key_is_reported_with_the_nearest(written: str, hint: str) -> None:
    with pytest.raises(LivesetError) as caught:
        Key.parse(written)
    assert hint in caught.value.hint


def test_degrees_count_through_octaves() -> None:
    key = Key.parse("F minor")
    assert [key.semitone(degree) for degree in (-1, 0, 2, 7, 8)] == [-2, 0, 3, 12, 14]
    assert len(Key.parse("A minor pentatonic").seven()) == 7
