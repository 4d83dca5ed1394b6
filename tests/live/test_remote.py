"""Sections that other machines make: a cluster of two, both of them this machine, whose processes and network fail."""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from engine.errors import GeneratorError
from engine.generators.base import Block, Generator
from engine.generators.pocket.generator import Pocket
from engine.generators.remote.generator import RemoteGenerator
from engine.generators.remote.where import keep_token
from engine.generators.stable_audio.generator import StableAudioSections
from engine.models.files import import_folder
from engine.protocol import LoraStrength, PromptWeight, SectionRequest
from engine.sections.file import SectionInfo, SectionWriter
from tests.generators.stable_audio.conftest import TINY, needs_transformers
from tests.live.conftest import PRESET, Show, private_home
from tests.support.ray_cluster import TwoMachines
from tests.support.waiting import wait_until

pytest.importorskip("ray", reason="Ray is not installed")
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="two machines on one need an address that Linux alone has")

REQUEST = SectionRequest("s1", (PromptWeight("driving techno", 1.0),), 4, 126.0, "A minor", 3)
LONG = SectionRequest("s2", (PromptWeight("driving techno", 1.0),), 400, 126.0, "A minor", 3)
SAMPLED = SectionRequest("s3", (PromptWeight("warm house", 1.0),), 1, 240.0, "F minor", 5, steps=4, tail_bars=0)


STARTS_S = 120.0
"""Most seconds that Ray, or a maker in it, may take to start on a busy machine."""


@dataclass
class Stage:
    """The cluster, and a generator that works on it."""

    cluster: TwoMachines
    generator: RemoteGenerator
    home: Path


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    """One cluster for all: it takes twenty seconds to start."""
    with private_home() as home, pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_AUTH_TOKEN_PATH", str(home / "token"))
        patch.setenv("OMP_NUM_THREADS", "1")
        patch.setenv("LIVESET_PRECISION", "float32")
        patch.setenv("LIVESET_MODELS", str(home / "models"))
        keep_token()
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        cluster = TwoMachines(home, port)
        patch.setenv("LIVESET_REMOTE", cluster.address)
        try:
            cluster.start()
            with on_cluster("pocket") as generator:
                both(generator)
                yield Stage(cluster, generator, home)
        finally:
            cluster.end()


@contextmanager
def on_cluster(name: str) -> Iterator[RemoteGenerator]:
    """A generator on the cluster, let go of in the end."""
    generator = RemoteGenerator(name)
    generator.warm_up()
    yield generator
    generator.end()


def both(generator: RemoteGenerator) -> None:
    """Wait until both machines are ready for work."""
    wait_until(lambda: generator.makers() == 2, "both machines", STARTS_S)


def one_left(generator: RemoteGenerator) -> None:
    """Wait until it is known that a machine is gone: until then `both` would take it for ready."""
    wait_until(lambda: generator.makers() == 1, "word that one machine is left")


def made(generator: Generator, request: SectionRequest = REQUEST) -> Block:
    """A whole section."""
    return np.concatenate(list(generator.generate(request, lambda fraction: None, lambda: False)))


def begun(generator: RemoteGenerator) -> Iterator[Block]:
    """A long section of which the first block is there."""
    blocks = generator.generate(LONG, lambda fraction: None, lambda: False)
    next(blocks)
    return blocks


def test_status_shows_both_machines_and_what_they_lend(stage: Stage) -> None:
    said = stage.cluster.run("other", "remote", "status")
    assert "(127.0.0.2), the head: lends 1 cores" in said and "(127.0.0.1): lends 1 cores" in said
    assert "here" not in said  # no version differs


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
    one_left(stage.generator)
    assert len(made(stage.generator)) == REQUEST.total_frames()
    both(stage.generator)


def test_machine_that_stalls_is_left_and_used_again_when_it_answers(stage: Stage) -> None:
    blocks = begun(stage.generator)
    stalled = stage.generator.works_at()
    os.kill(stalled, signal.SIGSTOP)
    try:
        with pytest.raises(GeneratorError, match="said nothing"):
            list(blocks)
        one_left(stage.generator)
        assert len(made(stage.generator)) == REQUEST.total_frames()
        assert stage.generator.works_at() != stalled
    finally:
        os.kill(stalled, signal.SIGCONT)
    both(stage.generator)


def test_wrong_token_is_said_in_a_sentence(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_AUTH_TOKEN", "0" * 64)
    with on_cluster("pocket") as stranger, pytest.raises(GeneratorError, match="does not know this token"):
        made(stranger)


def kept_section(folder: Path) -> Path:
    """A section file, as a keeper is one."""
    frames = SAMPLED.total_frames()
    info = SectionInfo("k1", ("mix",), 44_100, 0, frames, 1, 0, 4, 240.0, "F minor", 5, "stable-audio")
    writer = SectionWriter(folder / "kept.section", info)
    writer.write(np.random.default_rng(1).normal(0, 0.1, (frames, 1, 2)).astype(np.float32))
    writer.close()
    return folder / "kept.section"


@needs_transformers
def test_stable_audio_there_once_its_model_was_pushed_and_its_files_travel_once(stage: Stage) -> None:
    """The head has the model, the other machine gets it; then both make what this process makes alone."""
    import_folder(TINY, "small-music")
    with on_cluster("stable-audio") as generator:
        wait_until(lambda: generator.makers() == 1, "the head alone")
        assert "went to 1 machines; 0 had it already" in stage.cluster.run("head", "models", "push", "small-music")
        both(generator)
        lora = LoraStrength(str(TINY / "lora.safetensors"), 0.5)
        request = replace(SAMPLED, loras=(lora,), vary_path=str(kept_section(stage.home)))
        before = torch.get_num_threads()
        torch.set_num_threads(1)
        local = StableAudioSections()
        local.warm_up()
        wanted = made(local, request)
        torch.set_num_threads(before)
        whole = sum(Path(path).stat().st_size for path in (lora.path, str(request.vary_path)))
        for bytes_sent in (whole, 0):
            assert np.array_equal(made(generator, request), wanted)
            assert generator.bytes_sent() == bytes_sent
        with ThreadPoolExecutor(2) as pool:  # both machines at once
            assert all(np.array_equal(each, wanted) for each in pool.map(lambda _: made(generator, request), range(4)))


def plays_on(one: Show, generator: str) -> None:
    """Go on from section to section until one plays that a generator made: those that were ready before come first."""
    for _ in range(8):
        if one.next_section(one.now().now.name).now.generator == generator:
            return
    pytest.fail(f"no section of {generator} came; {one.now()}")


def test_set_goes_on_when_the_head_is_killed_and_comes_back_to_both_machines(stage: Stage, show: Callable[..., Show]) -> None:
    """Last, since it ends the head. The other machine is left to itself: it joins again without anybody's help."""
    stage.generator.end()
    one = show(minutes=9, text=PRESET, generator="remote:pocket")
    plays_on(one, "remote:pocket")
    stage.cluster.kill("head")
    plays_on(one, "pocket")
    one.wait(lambda s: any("cluster" in notice.text or "machine" in notice.text for notice in s.notices), "word of it")
    stage.cluster.begin_head()
    plays_on(one, "remote:pocket")
    one.wait(lambda s: [take.state for take in s.next.takes] == ["ready"] * 3, "three takes")
    wait_until(lambda: "(127.0.0.1): lends" in stage.cluster.run("head", "remote", "status"), "the other machine", STARTS_S)
    assert one.now().state == "playing"
