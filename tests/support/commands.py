"""The command line in the test's own process: quick, since nothing is imported anew."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest
from typer.testing import CliRunner, Result

from liveset.cli import app


@pytest.fixture(autouse=True)
def same_signals() -> Iterator[None]:
    """A rehearsal answers SIGTERM its own way, and ends with its process; here the process goes on."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


def liveset(*words: str) -> Result:
    """Run one command; what it raises unexpectedly fails the test."""
    result = CliRunner().invoke(app, words, prog_name="liveset")
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result
