"""A section as it was played: one record, from the conductor that makes it to the report, which writes its fields."""

from __future__ import annotations

from dataclasses import dataclass

from engine.protocol.requests import GridFit, PromptWeight
from engine.protocol.transitions import TransitionKind
from engine.protocol.words import Role


@dataclass(frozen=True, slots=True)
class HandOver:
    """How a section handed over to the one after it: kind, where it began and how long it took, in seconds of the set."""

    kind: TransitionKind
    start_s: float
    length_s: float


@dataclass(frozen=True, slots=True)
class PlayedSection:
    """A section as it was played. The report has a field for each field here, under the same name.

    Attributes:
        name, role, bpm, key, energy (0..1), seed: as the plan and the request had them.
        start_s: where its first downbeat lies, in seconds of the set; start_bar: the same in bars.
        bars: that sounded, loops included.
        prompts: the mix its generation started with.
        generated_in_s: seconds its generation took; None if it is not known.
        headroom_s: seconds it was ready before its deadline (negative: late); None if it had no deadline.
        transition: its hand-over to the next section; None for the last.
        grid: how it lay on the grid, where that had to be measured.
        generator: the name of the generator that made it.
        index: its place in the plan, -1 for what was played before the plan's first part was there.
        section_id: its file's name without the ending.
        piece: the title of the piece it is of, in a set of several; else empty.
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
    transition: HandOver | None = None
    grid: GridFit | None = None
    generator: str = ""
    index: int = 0
    start_bar: int = 0
    section_id: str = ""
    piece: str = ""

    @property
    def title(self) -> str:
        """Its name, with its piece's before it where there are several."""
        return titled(self.piece, self.name)


def titled(piece: str, name: str) -> str:
    """A section's name with that of its piece; alone where that is empty."""
    return f"{piece}: {name}" if piece else name
