"""A session's hands that write down what they were told, in one list, in order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from engine.conductor.state import Job
from engine.protocol import PlayerOrder


class Hands:
    """Player and generators in one; ``each`` is called at every order, before it is written down."""

    def __init__(self, each: Callable[[], None] = lambda: None) -> None:
        self.did: list[Any] = []
        self.each = each

    def _note(self, what: Any) -> None:
        self.each()
        self.did.append(what)

    def order(self, order: PlayerOrder) -> None:
        self._note(order)

    def set_params(self, values: Mapping[str, float]) -> None:
        self._note(dict(values))

    def start(self, job: Job) -> None:
        self._note(job)

    def cancel(self, job: Job) -> None:
        self._note(job)
