"""The keys that hands hold on a keyboard whose notes are harmony, and the chord they mean. No ports, no clock."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from engine.midi.meaning.values import HALF
from engine.midi.profiles import Control
from engine.music.chords import root_of
from engine.protocol import HeldChord

BASS_BELOW: Final = 48
"""The note (C3) below which the lowest one held is the bass, and the root."""

PEDAL: Final = 64
"""The controller of a sustain pedal."""

PRESSED_S: Final = 0.06
"""Seconds after a press until a chord counts: fingers do not come down together."""

LIFTED_S: Final = 0.3
"""The same after a key was let go of: a hand goes from chord to chord, finger by finger."""

FEWEST: Final = 2
"""Different notes that are a chord; a single one that is no bass is none."""


def chord_of(notes: Iterable[int]) -> HeldChord | None:
    """What held notes (MIDI, 0..127) mean: the lowest is the root where it lies in the bass; None if they are no chord."""
    held = sorted(set(notes))
    bass = held[0] if held and held[0] < BASS_BELOW else None
    tones = list(dict.fromkeys(note % 12 for note in held if note != bass))
    if bass is None:
        return HeldChord(tuple(sorted(tones)), root_of(tones)) if len(tones) >= FEWEST else None
    if tones and len(tones) <= FEWEST:  # the bass note is one of the chord's own
        tones = list(dict.fromkeys((bass % 12, *tones)))
    return HeldChord(tuple(sorted(tones)), bass % 12)


Key = tuple[str, int, int]
"""A key: its port, channel and note."""


class Keyboard:
    """The keys that are held; true while what they mean has yet to count."""

    def __init__(self) -> None:
        self._down: set[Key] = set()
        self._kept: set[Key] = set()
        self._pedals: set[tuple[str, int]] = set()
        self._counts_at: float | None = None
        self._said: HeldChord | None = None

    def __bool__(self) -> bool:
        return self._counts_at is not None

    def take(self, port: str, control: Control, value: int, at: float) -> bool:
        """Take in a message of a keyboard. Returns whether it was one of its keys or its pedal."""
        channel = control.channel or 0
        if control.kind == "cc" and control.number == PEDAL:
            self._pedal(port, channel, value >= HALF, at)
            return True
        if control.kind != "note":
            return False
        key = (port, channel, control.number)
        if value:
            self._down.add(key)
            self._kept.discard(key)
        elif key in self._down:
            self._down.discard(key)
            if (port, channel) in self._pedals:
                self._kept.add(key)
        self._counts_at = at + (PRESSED_S if value else LIFTED_S)
        return True

    def _pedal(self, port: str, channel: int, down: bool, at: float) -> None:
        if down:
            self._pedals.add((port, channel))
            return
        self._pedals.discard((port, channel))
        self._kept = {key for key in self._kept if key[:2] != (port, channel)}
        self._counts_at = at + LIFTED_S

    def drop(self, port: str) -> None:
        """A port is gone, or its notes are harmony no more: nothing of it is held."""
        self._down = {key for key in self._down if key[0] != port}
        self._kept = {key for key in self._kept if key[0] != port}
        self._pedals = {pedal for pedal in self._pedals if pedal[0] != port}
        self._counts_at = float("-inf")

    def due(self, at: float) -> list[HeldChord | None]:
        """The chord that counts from now on, None for none at all; empty where nothing changes."""
        if self._counts_at is None or at < self._counts_at:
            return []
        self._counts_at = None
        chord = chord_of(note for _, _, note in self._down | self._kept)
        changed = chord != self._said
        self._said = chord
        return [chord] if changed else []
