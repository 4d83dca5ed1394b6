"""A keeper as a line of text."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from engine.protocol import Keeper
from liveset.ui.widgets.cells import ELLIPSIS, clean, crop, fit

NAME_CELLS: Final = 21
STAR: Final = "★"
_SHORT_KEY: Final = 12


def line(keeper: Keeper, name_cells: int = 0, prompt_cells: int = 0) -> str:
    """A star if it has one, name, role, bars, tempo, key, its tags, and the prompts, the heaviest first.

    A name longer than ``name_cells`` is shortened in the middle, for its number tells it from others; 0 leaves it
    whole, and the same for ``prompt_cells``.
    """
    prompts = ", ".join(clean(prompt.text) for prompt in sorted(keeper.prompts, key=lambda prompt: -prompt.weight))
    prompts = crop(prompts, prompt_cells) if prompt_cells else prompts
    name = _short(keeper.name, name_cells) if name_cells else fit(keeper.name, max(NAME_CELLS, len(keeper.name)))
    bars = f"{keeper.bars} bar{'s' if keeper.bars != 1 else ' '}"
    tags = "".join(f"#{clean(tag)} " for tag in keeper.tags)
    star = STAR if keeper.star else " "
    rest = f"{keeper.bpm:>5.1f} BPM  {keeper.key:<{_SHORT_KEY}} {tags}{prompts}"
    return f"{star}{name} {fit(keeper.role, 9)} {bars:>8}  {rest}".rstrip()


def matches(keeper: Keeper, text: str) -> bool:
    """Whether every word of a text is somewhere on a keeper: name, set, role, key, prompts, tags, note; `STAR` or * is a star."""
    prompts = (prompt.text for prompt in keeper.prompts)
    tags = (f"#{tag}" for tag in keeper.tags)
    tempo = f"{keeper.bpm:g} BPM"
    own = (keeper.name, keeper.title, keeper.part, keeper.role, keeper.key, tempo, keeper.note)
    said = " ".join((*own, *prompts, *tags)).lower()
    return all(keeper.star if word in (STAR, "*") else word in said for word in text.lower().split())


def sorted_keepers(keepers: Iterable[Keeper]) -> tuple[Keeper, ...]:
    """Those with a star first, otherwise as they are."""
    return tuple(sorted(keepers, key=lambda keeper: not keeper.star))


def _short(name: str, width: int) -> str:
    stem, dash, number = name.rpartition("-")
    if len(name) <= width or not dash or len(number) > 4:
        return fit(name, width)
    return fit(stem[: width - len(number) - 2].rstrip("-") + ELLIPSIS + dash + number, width)
