"""A keeper as a line of text."""

from __future__ import annotations

from typing import Final

from engine.protocol import Keeper
from liveset.ui.widgets.cells import ELLIPSIS, clean, crop, fit

NAME_CELLS: Final = 22
_SHORT_KEY: Final = 12


def line(keeper: Keeper, name_cells: int = 0, prompt_cells: int = 0) -> str:
    """Name, role, bars, tempo, key, and the prompts, the heaviest first.

    A name longer than ``name_cells`` is shortened in the middle, for its number tells it from others; 0 leaves it
    whole, and the same for ``prompt_cells``.
    """
    prompts = ", ".join(clean(prompt.text) for prompt in sorted(keeper.prompts, key=lambda prompt: -prompt.weight))
    prompts = crop(prompts, prompt_cells) if prompt_cells else prompts
    name = _short(keeper.name, name_cells) if name_cells else fit(keeper.name, max(NAME_CELLS, len(keeper.name)))
    bars = f"{keeper.bars} bar{'s' if keeper.bars != 1 else ' '}"
    return f"{name} {fit(keeper.role, 9)} {bars:>8}  {keeper.bpm:>5.1f} BPM  {keeper.key:<{_SHORT_KEY}} {prompts}".rstrip()


def _short(name: str, width: int) -> str:
    stem, dash, number = name.rpartition("-")
    if len(name) <= width or not dash or len(number) > 4:
        return fit(name, width)
    return fit(stem[: width - len(number) - 2].rstrip("-") + ELLIPSIS + dash + number, width)
