"""A thread for what must not hold up the one that decides: reading sound, writing keepers."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

from engine.session.later import Result

Post = Callable[[Callable[[], None]], None]
"""Has a call made on the thread that decides."""

log = logging.getLogger(__name__)


class Background:
    """One thread, and the work that waits for it; `engine.session.later.Later` in real time.

    Args:
        name: of the thread.
        post: has a call made on the deciding thread.
    """

    def __init__(self, name: str, post: Post) -> None:
        self._post = post
        self._waiting: queue.SimpleQueue[tuple[Callable[[], Any], Callable[[Any], None]] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def __call__(self, work: Callable[[], Result], done: Callable[[Result], None]) -> None:
        """Do ``work`` after what waits already, then post ``done`` with what came of it."""
        self._waiting.put((work, done))

    def finish(self, limit_s: float) -> None:
        """Wait until what was asked for is done, at most so many seconds; nothing more is taken."""
        self._waiting.put(None)
        self._thread.join(limit_s)

    def _run(self) -> None:
        while (item := self._waiting.get()) is not None:
            work, done = item
            try:
                result = work()
            except Exception:  # what fails here must end neither the thread nor the set
                log.exception("work in the background failed")
            else:
                self._post(partial(done, result))
