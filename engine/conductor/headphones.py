"""What the conductor knows of the headphones: frozen, without behaviour."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from engine.protocol import CUE_LEVEL, CUE_MIX, Keeper, Listen


@dataclass(frozen=True, slots=True)
class Wish:
    """What the performer wants to hear in them.

    ``index`` is the plan's of the section that came next then, ``place`` that of one of its takes: 0 is A.
    """

    kind: Literal["take", "keeper", "hand-over"]
    index: int = 0
    place: int = 0
    keeper: Keeper | None = None


@dataclass(frozen=True, slots=True)
class Headphones:
    """Where they are (empty: nowhere), their level and mix, what is wanted of them, and what the player was last told."""

    where: str = ""
    level: float = CUE_LEVEL
    mix: float = CUE_MIX
    wish: Wish | None = None
    told: Listen = field(default_factory=lambda: Listen(0))
