"""Sections that other machines make: a cluster of two, both of them this machine, whose processes and network fail."""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pytest

from engine.errors import GeneratorError
from engine.generators.base import Block
from engine.generators.pocket.generator import Pocket
from engine.generators.remote.generator import RemoteGenerator
from engine.generators.remote.where import keep_token
from engine.protocol import PromptWeight, SectionRequest
from tests.live.conftest import PRESET, Show, private_home
from tests.support.ray_cluster import TwoMachines
from tests.support.waiting import wait_until

pytest.importorskip("ray", reason="Ray is not installed")
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals")

REQUEST = SectionRequest("s1", (PromptWeight("driving techno", 1.0),), 4, 126.0, "A minor", 3)
LONG = SectionRequest("s2", (PromptWeight("driving techno", 1.0),), 400, 126.0, "A minor", 3)


@dataclass
class Stage:
    """The cluster, and a generator that works on it."""

    cluster: TwoMachines
    generator: RemoteGenerator


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    """One cluster for all: it takes ten seconds to start."""
    with private_home() as home, pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_AUTH_TOKEN_PATH", str(home / "token"))
        patch.setenv("OMP_NUM_THREADS", "1")
        keep_token()
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        cluster = TwoMachines(port)
        patch.setenv("LIVESET_REMOTE", cluster.address)
        cluster.start()
        try:
            generator = RemoteGenerator("pocket")
            generator.warm_up()
            wait_until(lambda: generator.makers() == 2, "both machines")
            yield Stage(cluster, generator)
            generator.end()
        finally:
            cluster.end()


def made(generator: RemoteGenerator | Pocket, request: SectionRequest = REQUEST) -> Block:
    """A whole section."""
    return np.concatenate(list(generator.generate(request, lambda fraction: None, lambda: False)))


def begun(generator: RemoteGenerator) -> Iterator[Block]:
    """A long section of which the first block is there."""
    blocks = generator.generate(LONG, lambda fraction: None, lambda: False)
    next(blocks)
    return blocks


def test_sections_are_the_same_to_the_bit_wherever_they_are_made(stage: Stage) -> None:
    local = Pocket()
    local.warm_up()
    wanted = made(local)
    with ThreadPoolExecutor(2) as pool:  # both machines at once
        found = list(pool.map(lambda _: made(stage.generator), range(4)))
    assert all(np.array_equal(each, wanted) for each in found)


def test_section_in_the_making_is_dropped_and_its_machine_is_free_again(stage: Stage) -> None:
    heard: list[Block] = []
    blocks = stage.generator.generate(LONG, lambda fraction: None, lambda: len(heard) > 2)
    for block in blocks:
        heard.append(block)  # noqa: PERF402  the generator looks at it meanwhile
    assert 0 < sum(len(block) for block in heard) < LONG.total_frames()
    assert np.array_equal(made(stage.generator), made(stage.generator))


def test_process_killed_within_a_section_ends_it_in_a_sentence_and_another_makes_the_next(stage: Stage) -> None:
    blocks = begun(stage.generator)
    os.kill(stage.generator.works_at(), signal.SIGKILL)
    with pytest.raises(GeneratorError, match="another machine is gone"):
        list(blocks)
    assert len(made(stage.generator)) == REQUEST.total_frames()
    wait_until(lambda: stage.generator.makers() == 2, "the maker that was started again")


def test_machine_that_stalls_is_left_and_used_again_when_it_answers(stage: Stage) -> None:
    blocks = begun(stage.generator)
    stalled = stage.generator.works_at()
    os.kill(stalled, signal.SIGSTOP)
    try:
        with pytest.raises(GeneratorError, match="said nothing"):
            list(blocks)
        assert len(made(stage.generator)) == REQUEST.total_frames()
    finally:
        os.kill(stalled, signal.SIGCONT)
    wait_until(lambda: stage.generator.makers() == 2, "the machine that answers again")


def test_wrong_token_is_said_in_a_sentence(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_AUTH_TOKEN", "0" * 64)
    stranger = RemoteGenerator("pocket")
    stranger.warm_up()
    with pytest.raises(GeneratorError, match="does not know this token"):
        made(stranger)
    stranger.end()


def test_set_goes_on_without_its_cluster_and_comes_back_to_it(stage: Stage, show: Callable[..., Show]) -> None:
    """Last, since it ends the cluster."""
    stage.generator.end()
    one = show(minutes=3, text=PRESET, generator="remote:pocket")
    one.wait(lambda s: s.now.generator == "remote:pocket", "a section from another machine")
    stage.cluster.end()
    one.next_section(one.now().now.name)
    one.wait(lambda s: any("cluster" in notice.text or "machine" in notice.text for notice in s.notices), "word of it")
    stage.cluster.start()
    one.wait(lambda s: [take.state for take in s.next.takes] == ["ready"] * 3, "three takes")
    for _ in range(2):  # the first may be pocket's, which stood in
        shown = one.next_section(one.now().now.name)
    assert shown.now.generator == "remote:pocket" and shown.state == "playing"
