"""How the headphones are heard: beside the set on its device, or on one of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from engine.player.output.backends import Backend
from engine.player.output.routes import FIRST_TWO, Routes
from engine.player.output.varispeed import Varispeed
from engine.protocol import HeadphonesOpened

Block = npt.NDArray[np.float32]

NAME_CHARS: Final = 30
"""Characters of a device's name in a line for the performer."""


class Listening(NamedTuple):
    """What was asked for.

    Attributes:
        routes: the outputs: the headphones beside the set, where they are on the same device.
        push: takes each block (frames, 2) of them, where they are on another one; None else.
    """

    routes: Routes = FIRST_TWO
    push: Callable[[Block], None] | None = None

    @property
    def wanted(self) -> bool:
        """Whether there are any headphones."""
        return self.push is not None or self.routes.cue is not None

    def opened(self, backend: Backend) -> HeadphonesOpened | None:
        """Where they are on the device that plays; None where they are not to be there, and nothing else is to be said."""
        wanted, got = self.routes, backend.routes
        has = f"{backend.name[:NAME_CHARS]} has {backend.has} output{'' if backend.has == 1 else 's'}"
        moved = "" if backend.silent or got.main == wanted.main else f"{has}: the set is on the first two"
        if wanted.cue is None or self.push is not None:
            return HeadphonesOpened("", moved) if moved else None
        if got.cue is not None:
            return HeadphonesOpened(f"outputs {got.cue[0]}/{got.cue[1]} of {backend.name}")
        if backend.silent:
            return HeadphonesOpened("")
        return HeadphonesOpened("", moved or f"{has}: none for headphones on {wanted.cue[0]}/{wanted.cue[1]}")


class CueSide:
    """The headphones' blocks on their way out, at the set's own speed.

    Args:
        listening: how they are heard.
        frames: of a block as it is rendered.

    Attributes:
        block: to render into, (frames, 2); None where there are no headphones.
    """

    def __init__(self, listening: Listening, frames: int) -> None:
        self.block: Block | None = np.zeros((frames, 2), dtype=np.float32) if listening.wanted else None
        self._push = listening.push
        self._speed = Varispeed()

    def beside(self, heard: Block, speed: float, backend: Backend) -> Block:
        """What a backend takes of the set's block and this one: (frames, 2), or (frames, 4) where both are on its device.

        Args:
            heard: the set's block, as it was read at a speed.
        """
        if self.block is None:
            return heard
        cued = self._speed.process(self.block, speed)  # as many frames as the set's: both began together
        if self._push is not None:
            self._push(cued)
        return heard if backend.routes.cue is None else np.concatenate((heard, cued), axis=1)
