"""What a rehearsal remembers of a set, for the report: frozen dataclasses and nothing else."""

from __future__ import annotations

from dataclasses import dataclass

from engine.protocol import Command, PlayedSection


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """A command that was carried out, and when, in seconds of the set."""

    at_s: float
    command: Command


@dataclass(frozen=True, slots=True)
class RehearsalLog:
    """All a report needs beside the audio file.

    Attributes:
        preset: the preset's name or path as it was given.
        seed: the set's seed.
        underruns: blocks the device did not get in time (0 without a device).
        ladder_hold, ladder_pocket: how often the last bars were held, and how often pocket stood in.
        unknown_words: words of the prompts that nothing was understood from.
        events: commands in order of time.
        sections: sections in order of time.
        tempos: the set's tempos in BPM, each from a bar on, counted from 0.
        notices: what went wrong, in words for people.
        kept: names of the keepers that were made.
    """

    preset: str
    seed: int
    underruns: int = 0
    ladder_hold: int = 0
    ladder_pocket: int = 0
    unknown_words: tuple[str, ...] = ()
    events: tuple[LoggedEvent, ...] = ()
    sections: tuple[PlayedSection, ...] = ()
    tempos: tuple[tuple[int, float], ...] = ()
    notices: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
