"""What a generator's process does to stay small."""

from __future__ import annotations

import contextlib
import ctypes


def give_back() -> None:
    """Hand memory that was freed back to the system, where the C library keeps it (glibc does)."""
    with contextlib.suppress(OSError, AttributeError, TypeError):  # elsewhere there is no such call
        ctypes.CDLL(None).malloc_trim(0)
