"""Where values stood, to go back to, and where they are on their way to: frozen dataclasses without behaviour."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cut:
    """What a panic cut: macros, stems' levels and mutes, and hold, as `Steering` has them."""

    macros: tuple[tuple[str, float], ...]
    levels: tuple[tuple[str, float, bool], ...]
    held: bool


@dataclass(frozen=True, slots=True)
class Scene:
    """Where things stood, or shall stand: prompts by their texts, with their weights, and other values by their actions' names.

    ``whole``: everything there was is in it, so that a prompt which is not is at 0 in it; else what is not in it stays.
    """

    prompts: tuple[tuple[str, float], ...] = ()
    values: tuple[tuple[str, float], ...] = ()
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Aim:
    """A value on its way, by its action's name: from where, and to where, 0..1."""

    name: str
    start: float
    goal: float


@dataclass(frozen=True, slots=True)
class Morph:
    """A scene that comes in between two of the transport's frames; at once where they are the same."""

    number: int
    first: int
    last: int
    aims: tuple[Aim, ...]
