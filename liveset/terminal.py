"""What this process draws on: a terminal, a browser, or nothing."""

from __future__ import annotations

import os
import sys


def served() -> bool:
    """Whether this process draws for a browser: `serve` carries keys and what is drawn."""
    return os.environ.get("TEXTUAL_DRIVER", "").endswith(":WebDriver")


def at_terminal() -> bool:
    """Whether a screen can be shown: keys come in, what is drawn (on the error output) is seen, and can move about."""
    streams = (sys.stdin, sys.stdout, sys.__stderr__)
    seen = os.environ.get("TERM", "") != "dumb" and all(stream is not None and stream.isatty() for stream in streams)
    return seen or served()
