"""Loading a generator by name: what is none is said to be none, in one sentence. What is told of a section in the making."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from engine.errors import GeneratorError
from engine.generators.base import Block
from engine.generators.worker import Worker, load_generator
from engine.protocol import ClientHello, MakeSection, SectionDone, SectionProgress, SectionRequest, Traits

WRONG = [
    ("pockit", "there is no generator"),
    (":x", "there is no generator"),
    ("os:", "there is no generator"),
    ("no_such_module:X", "cannot be loaded"),
    ("os:nothing", "cannot be loaded"),
    ("os:path", "is no generator"),
    ("os:getcwd", "it has no generate and no warm_up and no traits"),
    ("tests.generators.test_worker:Raising", "is no generator: not today"),
]


class Raising:
    """Cannot be made."""

    def __init__(self) -> None:
        raise ValueError("not today")


@pytest.mark.parametrize(("name", "says"), WRONG)
def test_wrong_generator_name_is_a_clear_error(name: str, says: str) -> None:
    with pytest.raises(GeneratorError) as error:
        load_generator(name)
    assert says in str(error.value)
    assert f'"{name}"' in str(error.value)


def test_generator_is_loaded_from_a_module_and_class() -> None:
    assert load_generator("tests.generators.tones:Tones").name


class Sampling:
    """Says how far it is, then hands out its section in two blocks."""

    name = "sampling"
    rate = 44_100
    traits = Traits(stems=("mix",))

    def warm_up(self) -> None:
        """Nothing to prepare."""

    def generate(
        self, request: SectionRequest, on_progress: Callable[[float], None], cancelled: Callable[[], bool]
    ) -> Iterator[Block]:
        """A quarter, a half, everything."""
        for done in (0.25, 0.5, 1.0):
            on_progress(done)
        half = request.total_frames() // 2
        for frames in (half, request.total_frames() - half):
            on_progress(1.0)
            yield np.zeros((frames, 1, 2), np.float32)


class Line:
    """The engine's end of a connection: remembers what was sent."""

    def __init__(self) -> None:
        self.sent: list[object] = []

    def send(self, message: object) -> None:
        """Remember it."""
        self.sent.append(message)


def test_progress_is_sent_before_the_first_block(tmp_path: Path) -> None:
    line = Line()
    request = SectionRequest("s1", (), 1, 120.0, "C major", 1)
    Worker(Sampling(), line, tmp_path).make(MakeSection(7, request, "s1.section"))
    *told, last = line.sent
    total = request.total_frames()
    ready = (0, 0, 0, 0, total // 2, total)
    assert told == [SectionProgress(7, at, done) for at, done in zip(ready, (0.25, 0.5, 1.0, 1.0, 1.0, 1.0), strict=True)]
    assert isinstance(last, SectionDone)


class Learning(Sampling):
    """Finds out later how much it makes at once."""

    most_hands = 4

    def __init__(self) -> None:
        self.traits = Traits(stems=("mix",))
        self.changed: Callable[[], None] = lambda: None


def test_traits_that_turn_out_to_be_others_are_told(tmp_path: Path) -> None:
    line, learning = Line(), Learning()
    Worker(learning, line, tmp_path).greet()
    learning.traits = Traits(stems=("mix",), hands=3)
    learning.changed()
    assert [(said.name, said.traits.hands) for said in line.sent if isinstance(said, ClientHello)] == [
        ("sampling", 1),
        ("sampling", 3),
    ]
