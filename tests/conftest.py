"""Settings of every test."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.support.forked_workers import fork_workers

settings.register_profile("steady", derandomize=True, database=None, deadline=None)  # a busy machine fails no test
settings.register_profile("search", deadline=None)
# The same examples in every run, so that a failure is the change's; HYPOTHESIS_PROFILE=search draws new ones.
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))


@pytest.fixture(scope="session", autouse=True)
def _forked_workers() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        fork_workers(patch)
        yield


@pytest.fixture(scope="session", autouse=True)
def _own_sessions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What tests play is written down among the tests' files."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LIVESET_SESSIONS", str(tmp_path_factory.mktemp("sessions")))
        yield
