"""Session folders for tests: private, with a key, and of a short name, since sockets have short names."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.processes.channels import make_key


@contextmanager
def session_folder() -> Iterator[Path]:
    """A folder with a key in it, removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="ls") as name:
        make_key(Path(name))
        yield Path(name)
