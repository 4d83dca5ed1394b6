"""A live engine in this very process: its player, generators and screens are the test's, over real sockets.

No process is started and nothing plays; the engine takes a turn when the test says so.
"""

from __future__ import annotations

import queue
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np

from engine.live.engine import LiveEngine
from engine.processes.channels import Door, Line, Wire, connect
from engine.processes.children import Children
from engine.processes.latest import STATUS, SharedBlock
from engine.processes.layout import ENGINE, PLAYER, STATUS_FILE
from engine.protocol import (
    STEMS,
    ClientHello,
    Cue,
    DeviceOpened,
    MakeSection,
    PlayerEvent,
    PlayerHello,
    PlayerOrder,
    SectionDone,
    SetCues,
    SetOptions,
    Traits,
)
from engine.sections.file import SectionInfo, SectionWriter
from tests.support.waiting import LIMIT_S


class NoProcess:
    """Stands for a process that was started: it lives until it is ended."""

    def __init__(self, argv: list[str]) -> None:
        self.argv = argv
        self.returncode: int | None = None

    def poll(self) -> int | None:
        return self.returncode

    def kill(self) -> None:
        self.returncode = -9

    terminate = kill

    def wait(self, timeout: float | None = None) -> int:
        return self.returncode or 0


class NoChildren(Children):
    """Children that are never born: what would have been started is written down."""

    def __init__(self, folder: Path, options: SetOptions) -> None:
        super().__init__(folder, options)
        self.started: list[NoProcess] = []

    def _spawn(self, argv: list[str], log: Path, env: dict[str, str]) -> subprocess.Popen[bytes]:
        self.started.append(NoProcess(argv))
        return cast("subprocess.Popen[bytes]", self.started[-1])

    def count(self, module: str) -> int:
        """How often a module was started."""
        return sum(module in process.argv for process in self.started)


class Alone:
    """An engine and everybody it talks to.

    Args:
        folder: the session's, with a key in it.
        options: what it is to play.
        resume: take over from an engine before it; its player goes on.
        player: that player.
    """

    def __init__(self, folder: Path, options: SetOptions, *, resume: bool = False, player: FakePlayer | None = None) -> None:
        self.children = NoChildren(folder, options)
        if not resume:
            self.children.start_params()
            self.children.start_worker("main", options.generator or "pocket")
            self.children.start_player()
        self.player = player or FakePlayer(folder)
        self.engine = LiveEngine(folder, options, self.children, resume)
        self.engine.open()

    def until(self, holds: Callable[[], Any], what: str) -> None:
        """Let the engine take turns until something holds; a turn waits for what comes in."""
        deadline = time.monotonic() + LIMIT_S
        while not holds():
            assert time.monotonic() < deadline, f"{what} did not come; told: {[n.text for n in self.engine.session.notices]}"
            self.engine.turn()

    def told(self, words: str) -> bool:
        """Whether a notice with some words is shown."""
        return any(words in notice.text for notice in self.engine.session.notices)


class FakePlayer:
    """The player's end: takes orders, and says what the test has it say."""

    def __init__(self, folder: Path) -> None:
        self.status = SharedBlock(folder / STATUS_FILE, STATUS, create=True)
        self.orders: list[PlayerOrder] = []
        self.lines: list[Line] = []
        self.hello = PlayerHello(0, None, (), DeviceOpened("none", 44_100, 256, 0.01, silent=True), None)
        self.door = Door(folder, PLAYER, self._join)

    def _join(self, wire: Wire, _: Any) -> None:
        line = Line(wire)
        self.lines.append(line)
        line.send(self.hello)
        line.open(self.orders.append, lambda: None)

    def say(self, event: PlayerEvent) -> None:
        """Tell the engine that joined last."""
        self.lines[-1].send(event)

    def cues(self) -> tuple[Cue, ...]:
        """What it was last told to play."""
        return next((order.cues for order in reversed(self.orders) if isinstance(order, SetCues)), ())

    def given(self, kind: type) -> list[Any]:
        """The orders of a kind, in order."""
        return [order for order in self.orders if isinstance(order, kind)]


class FakeGenerator:
    """A generator's end: takes requests, and makes noise of the right length when told."""

    def __init__(self, folder: Path, sections: Path, place: str = "main") -> None:
        self.sections = sections
        self.orders: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.line = Line(connect(folder, ENGINE, LIMIT_S))
        self.line.send(ClientHello("generator", place=place, name="pocket", traits=Traits(live=True)))  # type: ignore[arg-type]
        self.line.open(self.orders.put, lambda: None)

    def make(self) -> MakeSection:
        """Make the next section that is asked for, whole, and report it."""
        order = self.orders.get(timeout=LIMIT_S)
        while not isinstance(order, MakeSection):
            order = self.orders.get(timeout=LIMIT_S)
        request = order.request
        first, total = request.from_frame, request.total_frames()
        info = SectionInfo(
            request.section_id, STEMS, 44_100, first, total - first, request.bars, request.tail_bars,
            request.beats_per_bar, request.bpm, request.key, request.seed, "pocket",
        )  # fmt: skip
        writer = SectionWriter(self.sections / order.path, info)
        noise = np.random.default_rng(request.seed).standard_normal((total - first, 1, 1)).astype(np.float32) * 0.1
        writer.write(np.broadcast_to(noise, (total - first, len(STEMS), 2)))
        writer.close()
        self.line.send(SectionDone(order.job_id, 0.1))
        return order
