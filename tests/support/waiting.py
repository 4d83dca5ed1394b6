"""Waiting for other processes without taking the processor from them."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

LIMIT_S = 60.0
"""Seconds after which what is waited for does not come: reached by failing tests alone, so long enough for a busy machine."""
PAUSE_S = 0.02
"""Between two looks: short beside what a person notices, long beside what a look costs."""


def comes_true(condition: Callable[[], object], limit_s: float = LIMIT_S) -> bool:
    """Look again and again. Returns whether it came true in time."""
    deadline = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(PAUSE_S)
    return True


def wait_until(condition: Callable[[], object], what: str, limit_s: float = LIMIT_S) -> None:
    """Wait; the test fails if it does not come true in time."""
    if not comes_true(condition, limit_s):
        pytest.fail(f"{what} did not come within {limit_s:g} s")
