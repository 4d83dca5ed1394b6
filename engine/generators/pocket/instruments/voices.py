"""The tonal voices: what each is made of and how it moves. `tables` turns them into sound."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

CHUNK: Final = 16_384
"""Frames rendered at a time."""
LOWEST_CUTOFF: Final = 110.0
"""Cutoff of every voice's lowest filter position, in Hz."""


@dataclass(frozen=True, slots=True)
class Voice:
    """A tonal voice.

    Attributes:
        spectrum: a key of `SPECTRA`, or "noise" or "crackle".
        cutoff: filter cutoff in Hz at middle C and neutral brightness.
        track: how far the cutoff follows the pitch, 0..1.
        sweep, sweep_s: octaves by which the filter opens at the onset, and its time constant in seconds.
        touch: octaves by which the cutoff rises from the softest to the hardest velocity.
        attack, decay, sustain, release: of the amplitude envelope; seconds, sustain 0..1.
        width: cents over which each partial is spread at neutral detune; 0 is a single line.
        lines: lines per partial where it is spread.
        stereo: whether the two channels differ.
        q: resonance at neutral.
        wobble: octaves of a filter swing in tempo.
        sub: amplitude of a pure fundamental added after the filter.
        vibrato: depth of the vibrato of long notes, in cents.
        octave: octaves from the written pitch.
        size: approximate length of the loop in frames.
    """

    spectrum: str
    cutoff: float
    track: float = 0.5
    sweep: float = 0.0
    sweep_s: float = 0.2
    touch: float = 0.8
    attack: float = 0.004
    decay: float = 0.5
    sustain: float = 0.7
    release: float = 0.12
    width: float = 0.0
    lines: int = 11
    stereo: bool = False
    q: float = 0.8
    wobble: float = 0.0
    sub: float = 0.0
    vibrato: float = 0.0
    octave: int = 0
    size: int = 16_384


_WIDE: Final = 65_536
_HALF: Final = 32_768
"""Loop lengths in frames of voices that must not be heard to repeat."""

VOICES: Final[dict[str, Voice]] = {
    # basses
    "round": Voice("saw", 420, 0.35, 1.9, 0.16, 1.0, 0.004, 0.35, 0.75, 0.06, q=1.1, sub=0.55),
    "sub": Voice("sine", 900, 0.3, 0.5, 0.1, 0.4, 0.008, 0.9, 0.85, 0.10, sub=0.3),
    "pedal": Voice("sine", 500, 0.0, 0.0, 1.0, 0.0, 1.2, 4.0, 1.0, 0.9, sub=0.6),
    "808": Voice("808", 500, 0.3, 1.2, 0.12, 0.6, 0.004, 1.1, 0.25, 0.18, sub=0.6),
    "reese": Voice("saw", 520, 0.3, 0.3, 0.3, 0.6, 0.008, 0.8, 0.9, 0.07, 22, 5, q=1.0, sub=0.75, size=_HALF),
    "rumble": Voice("pulse", 260, 0.3, 1.3, 0.09, 1.0, 0.004, 0.25, 0.55, 0.07, q=1.2, sub=0.8),
    "acid": Voice("acid", 360, 0.4, 2.9, 0.17, 1.6, 0.003, 0.3, 0.55, 0.04, q=3.4, sub=0.15),
    "fm": Voice("fm", 750, 0.4, 2.4, 0.11, 1.2, 0.003, 0.3, 0.5, 0.05, q=0.9, sub=0.4),
    "plucked bass": Voice("pulse", 480, 0.4, 2.6, 0.09, 1.2, 0.003, 0.22, 0.35, 0.05, q=0.9, sub=0.5),
    "wobble": Voice("growl", 420, 0.3, 0.4, 0.2, 0.8, 0.006, 0.8, 0.9, 0.06, q=1.6, sub=0.75, wobble=1.5),
    # pads
    "warm pad": Voice("saw", 950, 0.35, 0.5, 1.4, 0.6, 0.35, 2.0, 0.85, 0.9, 26, 13, True, 0.8, size=_WIDE),
    "strings": Voice("strings", 2100, 0.3, 0.3, 1.0, 0.8, 0.25, 2.0, 0.9, 0.6, 20, 13, True, 0.7, size=_WIDE),
    "choir": Voice("choir", 3200, 0.2, 0.0, 1.0, 0.7, 0.4, 2.0, 0.9, 0.8, 24, 13, True, 0.7, size=_WIDE),
    "glass pad": Voice("glass", 1900, 0.4, 0.6, 2.0, 0.8, 0.6, 3.0, 0.85, 1.4, 14, 11, True, 0.7, size=_WIDE),
    "supersaw": Voice("saw", 2600, 0.4, 0.8, 0.5, 1.0, 0.012, 1.0, 0.8, 0.25, 34, 9, True, 0.75, size=_HALF),
    # chords and keys
    "electric piano": Voice("tine", 1700, 0.5, 2.0, 0.25, 2.2, 0.004, 0.9, 0.18, 0.22, 5, 3, True, 0.7),
    "piano": Voice("piano", 1900, 0.4, 2.2, 0.30, 2.2, 0.003, 0.9, 0.12, 0.20, 4, 3, True, 0.7),
    "organ": Voice("organ", 1800, 0.4, 1.2, 0.06, 0.5, 0.004, 0.35, 0.7, 0.07, 8, 3, True, 0.7),
    "rave stab": Voice("saw", 1500, 0.4, 1.8, 0.12, 1.0, 0.004, 0.30, 0.35, 0.10, 24, 9, True, 1.0, size=_HALF),
    "dub chord": Voice("saw", 620, 0.35, 1.9, 0.13, 1.4, 0.006, 0.28, 0.25, 0.16, 16, 9, True, 1.3, size=_HALF),
    "guitar": Voice("guitar", 1900, 0.4, 2.0, 0.14, 2.0, 0.003, 0.6, 0.06, 0.14, 4, 3, True, 0.8),
    "clavinet": Voice("clavinet", 2200, 0.4, 1.6, 0.07, 1.8, 0.003, 0.24, 0.05, 0.06, 3, 3, True, 0.9),
    "vibraphone": Voice("vibes", 2600, 0.5, 0.8, 0.2, 1.5, 0.003, 1.1, 0.0, 0.5, 6, 3, True, 0.7),
    "string stab": Voice("strings", 2300, 0.3, 0.6, 0.15, 1.0, 0.03, 0.45, 0.35, 0.2, 20, 9, True, 0.7, size=_HALF),
    "brass": Voice("brass", 1300, 0.4, 1.2, 0.35, 1.4, 0.045, 0.6, 0.8, 0.14, 14, 7, True, 0.8, size=_HALF, vibrato=6),
    # leads and arpeggios
    "pluck": Voice("pulse", 900, 0.5, 2.8, 0.10, 1.3, 0.003, 0.28, 0.12, 0.12, 9, 3, True, 0.9),
    "marimba": Voice("wood", 2500, 0.5, 1.2, 0.05, 1.6, 0.003, 0.35, 0.0, 0.20, 3, 3, True, 0.7),
    "bell": Voice("bell", 3200, 0.5, 1.6, 0.5, 1.8, 0.003, 1.3, 0.0, 0.8, 4, 3, True, 0.7),
    "cowbell": Voice("cowbell", 2600, 0.4, 1.4, 0.05, 1.4, 0.002, 0.22, 0.1, 0.12, 3, 3, True, 0.8),
    "flute": Voice("flute", 2400, 0.6, 0.3, 0.3, 1.2, 0.05, 0.6, 0.85, 0.14, 7, 5, True, 0.7, size=_HALF, vibrato=14),
    "square lead": Voice("square", 2200, 0.5, 0.9, 0.25, 0.9, 0.006, 0.5, 0.7, 0.09, 7, 3, True, 0.9, vibrato=11),
    "saw lead": Voice("saw", 1700, 0.5, 1.3, 0.30, 1.0, 0.008, 0.6, 0.7, 0.14, 12, 5, True, 1.0, size=_HALF, vibrato=10),
    "acid lead": Voice("acid", 520, 0.4, 2.6, 0.14, 1.8, 0.003, 0.25, 0.45, 0.05, q=3.4),
    "bleep": Voice("bleep", 1800, 0.5, 1.6, 0.08, 1.4, 0.003, 0.16, 0.15, 0.10, 3, 3, True, 0.8),
    "noise": Voice("noise", 900, 0.0, 0.0, 1.0, 0.3, 0.05, 4.0, 1.0, 0.25, stereo=True, q=1.6, size=_HALF),
    "tape": Voice("noise", 4000, 0.0, 0.0, 1.0, 0.3, 0.05, 4.0, 1.0, 0.25, stereo=True, q=1.6, size=_HALF),
    "crackle": Voice("crackle", 3600, 0.0, 0.0, 1.0, 0.3, 0.02, 4.0, 1.0, 0.1, stereo=True, q=0.7, size=_WIDE),
}
"""Every tonal voice, by the name that the vocabulary and the styles use."""


def cutoffs(voice: Voice) -> tuple[float, ...]:
    """The cutoffs in Hz of a voice's filter positions, low to high."""
    count, octaves = positions(voice)
    return tuple(LOWEST_CUTOFF * 2.0 ** (i * octaves) for i in range(count))


def positions(voice: Voice) -> tuple[int, float]:
    """(number of filter positions, octaves between them): closer where a resonance would be heard to jump."""
    return (11, 0.7) if voice.q > 2 else (7, 1.2) if not voice.stereo else (5, 1.75)


def frequency(pitch: float) -> float:
    """Hz of a MIDI note, A4 = 69 = 440 Hz."""
    return float(440.0 * 2.0 ** ((pitch - 69.0) / 12.0))
