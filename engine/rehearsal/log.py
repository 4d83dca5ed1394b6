"""What a rehearsal remembers of a set, for the report: frozen dataclasses and nothing else."""

from __future__ import annotations

from dataclasses import dataclass

from engine.protocol import Command, GridFit, PromptWeight, Role, TransitionKind


@dataclass(frozen=True, slots=True)
class LoggedTransition:
    """How a section handed over to the one after it: kind, where it began and how long it took, in seconds of the set."""

    kind: TransitionKind
    start_s: float
    length_s: float


@dataclass(frozen=True, slots=True)
class LoggedSection:
    """A section as it was played.

    Attributes:
        name, role, bars, bpm, key, energy, seed: as the plan and the request had them; ``bars`` as played.
        start_s: where its first downbeat lies in the audio file, in seconds.
        prompts: the mix its generation started with.
        generated_in_s: seconds its generation took; None if it is not known.
        headroom_s: seconds it was ready before its deadline (negative: late); None if it had no deadline.
        transition: its hand-over to the next section; None for the last.
        grid: how it lay on the grid, where that had to be measured.
    """

    name: str
    role: Role
    start_s: float
    bars: int
    bpm: float
    key: str
    energy: float
    prompts: tuple[PromptWeight, ...]
    seed: int
    generated_in_s: float | None = None
    headroom_s: float | None = None
    transition: LoggedTransition | None = None
    grid: GridFit | None = None


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
    sections: tuple[LoggedSection, ...] = ()
    notices: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
