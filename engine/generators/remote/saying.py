"""What the generator's process, the bridge to the cluster and the makers on other machines say to each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from engine.generators.base import Block
from engine.protocol import GridFit, SectionRequest, Traits

BEAT_S: Final = 0.5
"""Seconds after which a maker at work says that it lives, if there is nothing else to say."""

SILENT_S: Final = 4.0
"""Seconds without a word after which a maker is taken for gone: half of what the engine grants its own generators."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What a set takes along to every machine, so that all make the same: its own words, and which model in which arithmetic."""

    vocabulary: bytes | None = None
    model: str = ""
    precision: str = ""


@dataclass(frozen=True, slots=True)
class Versions:
    """Of what has to be the same on all machines."""

    liveset: str
    python: str
    torch: str

    def difference(self, other: Versions) -> str:
        """What differs, as ``liveset 0.1.0 here, 0.2.0 there``; empty where nothing does."""
        pairs = (
            ("liveset", self.liveset, other.liveset),
            ("Python", self.python, other.python),
            ("torch", self.torch, other.torch),
        )
        return next((f"{name} {here} here, {there} there" for name, here, there in pairs if here != there), "")


@dataclass(frozen=True, slots=True)
class Ready:
    """A maker can be given work: ``weights`` is the SHA-256 over its model's files, if any, ``pid`` its process there."""

    rate: int
    traits: Traits
    versions: Versions
    weights: str = ""
    machine: str = ""
    pid: int = 0


@dataclass(frozen=True, slots=True)
class Crew:
    """How many makers there are, so many of them ready for work, and what one of them says."""

    makers: int
    usable: int
    ready: Ready


@dataclass(frozen=True, slots=True)
class Begun:
    """A section is being made: on which machine, in which process there, and how many bytes of files had to go there for it."""

    number: int
    machine: str
    pid: int
    sent: int = 0


@dataclass(frozen=True, slots=True)
class Trouble:
    """Nothing can be made now: why, and what to do."""

    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Make:
    """Make a section."""

    number: int
    request: SectionRequest


@dataclass(frozen=True, slots=True)
class Drop:
    """Nobody wants it any more."""

    number: int


@dataclass(frozen=True, slots=True)
class Sound:
    """Of a section: another block, or that the work gets on (0..1), or both."""

    number: int
    block: Block | None
    done: float


@dataclass(frozen=True, slots=True)
class Made:
    """All of a section was sent."""

    number: int
    fit: GridFit | None


@dataclass(frozen=True, slots=True)
class Failed:
    """A section cannot be made: why, and what to do."""

    number: int
    message: str
    hint: str = ""
