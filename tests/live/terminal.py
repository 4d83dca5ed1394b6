"""A real screen, in a terminal of the test's own."""

from __future__ import annotations

import contextlib
import os
import pty
import select
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.waiting import LIMIT_S

PIECE = 65_536
DRAWN = b"MACROS"
"""A word of the screen, whatever state the set is in."""


@contextmanager
def attached() -> Iterator[subprocess.Popen[bytes]]:
    """A screen that has drawn the running set; what it draws from then on is read, and thrown away."""
    master, terminal = pty.openpty()
    argv, environment = [sys.executable, "-m", "liveset", "attach"], {**os.environ, "TERM": "xterm-256color"}
    screen = subprocess.Popen(argv, stdin=terminal, stdout=terminal, stderr=terminal, env=environment)
    os.close(terminal)
    drawn, deadline = b"", time.monotonic() + LIMIT_S
    while DRAWN not in drawn:
        assert select.select([master], [], [], LIMIT_S)[0] and time.monotonic() < deadline, drawn[-PIECE:]
        drawn += os.read(master, PIECE)
    reader = threading.Thread(target=_read, args=(master,), daemon=True)
    reader.start()
    yield screen
    screen.kill()
    screen.wait(LIMIT_S)
    reader.join(LIMIT_S)
    os.close(master)


def _read(master: int) -> None:
    with contextlib.suppress(OSError):  # the terminal's other end is closed
        while os.read(master, PIECE):
            pass
