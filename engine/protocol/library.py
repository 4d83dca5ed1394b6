"""What a performer keeps from one set to the next: sections, and words that worked."""

from __future__ import annotations

from dataclasses import dataclass

from engine.protocol.requests import PromptWeight
from engine.protocol.words import Role


@dataclass(frozen=True, slots=True)
class Keeper:
    """A section that the performer saved.

    Attributes:
        name: its folder among the keepers; path: its section file.
        title: the set it is from; part: what it was called there.
        role, bars, beats_per_bar, bpm, key, prompts, generator: how it was made.
        seed, set_seed, ideas, progression: as in `SectionRequest`: pocket makes the same music from them.
        kept: when, as YYYY-MM-DD HH:MM.
        star, tags, note: what the performer wrote on it afterwards.
    """

    name: str
    path: str
    title: str
    part: str
    role: Role
    bars: int
    beats_per_bar: int
    bpm: float
    key: str
    prompts: tuple[PromptWeight, ...]
    generator: str
    seed: int
    set_seed: int
    kept: str = ""
    ideas: int = 0
    progression: int = 0
    star: bool = False
    tags: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Keep:
    """Save what plays among the keepers."""


@dataclass(frozen=True, slots=True)
class ListKeepers:
    """Show the keepers in the snapshots from now on, as they lie there now; ``on=False`` ends that."""

    on: bool = True


@dataclass(frozen=True, slots=True)
class MarkKeeper:
    """Write something on a keeper, by its name: a star, tags, a note; what is None stays as it is."""

    name: str
    star: bool | None = None
    tags: tuple[str, ...] | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class RemoveKeeper:
    """Delete a keeper for good, by its name."""

    name: str


@dataclass(frozen=True, slots=True)
class StarWords:
    """Give words of a prompt a star, or take it away; None is whichever they have not.

    They come first when a prompt is written.
    """

    text: str
    on: bool | None = None
