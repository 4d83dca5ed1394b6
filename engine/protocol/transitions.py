"""How a section hands over to the next, one row a way. A new one is a row (and a word) here, and its shape in the player.

The player's shapes are in `engine.player.rendering.transitions`; a way with a shape that exists already is a row alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from engine.protocol.words import Role

TransitionKind = Literal["cut", "equal-power", "equal-gain", "bass-swap", "filter-sweep", "echo-out", "stem-by-stem"]

Shape = Literal["power", "linear", "bass", "sweep", "stems"]
"""What happens to the two sides: gains of constant power, gains that add up to one, lows and highs apart, or stem after stem."""


@dataclass(frozen=True, slots=True)
class TransitionRow:
    """One way to hand over.

    Attributes:
        name: as presets and the screen write it.
        help: what one hears, in a line.
        bars: how long it takes when a preset names it alone.
        shape: None where the two sides do not overlap.
        into: roles that are handed over to in this way when a preset names none, each with bars.
        measured: its gains follow how alike the two sides are, which is measured.
        shortest: frames below which it is an equal-power transition.
        echoes: the last beats before the seam are repeated over the next section, also across two tempos or keys.
    """

    name: TransitionKind
    help: str
    bars: int
    shape: Shape | None
    into: tuple[tuple[Role, int], ...] = ()
    measured: bool = False
    shortest: int = 0
    echoes: bool = False

    @property
    def overlaps(self) -> bool:
        """Whether both sides sound at once, for which the section must have a tail."""
        return self.shape is not None


TRANSITION_TABLE: Final = (
    TransitionRow("cut", "the next section at once, on the bar", 0, None, (("intro", 0), ("drop", 0))),
    TransitionRow("equal-power", "a cross-fade at constant power", 2, "power", (("build", 1), ("free", 1)), measured=True),
    TransitionRow("equal-gain", "a cross-fade for two sides that are the same music", 2, "linear", measured=True),
    TransitionRow("bass-swap", "a cross-fade in which the bass changes hands in the middle", 4, "bass", shortest=4096),
    TransitionRow(
        "filter-sweep", "a filter closes on this section and opens on the next, from the highs down", 4, "sweep", shortest=4096
    ),
    TransitionRow(
        "echo-out", "this section stops on the bar, and its last beats echo away over the next one", 2, None, echoes=True
    ),
    TransitionRow(
        "stem-by-stem",
        "drums change hands at once, then bass, harmony and lead, each on a bar line",
        4,
        "stems",
        (("breakdown", 1), ("outro", 2)),
    ),
)

TRANSITIONS: Final[tuple[TransitionKind, ...]] = tuple(row.name for row in TRANSITION_TABLE)
TRANSITION_BY_KIND: Final[dict[str, TransitionRow]] = {row.name: row for row in TRANSITION_TABLE}
LONGEST_TRANSITION: Final = max(row.bars for row in TRANSITION_TABLE)
"""Bars."""

MOST_TRANSITION_BARS: Final = 8
"""Bars over which a performer can have a section hand over at most."""


@dataclass(frozen=True, slots=True)
class ChooseTransition:
    """Have what sounds hand over in this way to the next section, over its usual bars; None: as planned. Used once."""

    kind: TransitionKind | None = None


@dataclass(frozen=True, slots=True)
class StepTransition:
    """Have it hand over in the next way of the table that can be here; ``step`` -1: in the one before."""

    step: int = 1


@dataclass(frozen=True, slots=True)
class StretchTransition:
    """Have the next hand-over take so many bars more, or fewer, than it would."""

    bars: int


TransitionCommand = ChooseTransition | StepTransition | StretchTransition
