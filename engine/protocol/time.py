"""Commands about the tempo and the key of what follows, and about when what sounds is heard."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SetTempo:
    """Have all that follows played in a tempo, in BPM, from the next bar line that it can be made for.

    ``follows``: a clock asks for it, not a hand.
    """

    bpm: float
    follows: bool = False


@dataclass(frozen=True, slots=True)
class NudgeTime:
    """Have what sounds heard so many milliseconds sooner (below 0: later), as a hand on a record does; pitch goes along."""

    ms: float


@dataclass(frozen=True, slots=True)
class StepTempo:
    """The same, by so many BPM from the tempo that was asked for last."""

    by: float


@dataclass(frozen=True, slots=True)
class TapTempo:
    """One tap of a tempo: four in a row say it. ``at_s``: when, in seconds; the engine fills it in as the tap arrives."""

    at_s: float | None = None


@dataclass(frozen=True, slots=True)
class SetKey:
    """Have all that follows made on another tonic, 0 (C) to 11 (B), from the next bar line; ``mode`` "" leaves the mode."""

    tonic: int
    mode: str = ""


@dataclass(frozen=True, slots=True)
class StepKey:
    """The same, by so many semitones from the key that was asked for last; 7 is a fifth."""

    semitones: int


TimeCommand = SetTempo | NudgeTime | StepTempo | TapTempo | SetKey | StepKey
"""Any of them."""
