"""The generator's process: takes requests from the engine, writes section files, one at a time.

What is urgent is made at ordinary priority, what nobody waits for on a thread that gives way to all else.

``python -m engine.generators.worker SESSION_DIR PLACE NAME SECTIONS_DIR``. It may be killed at any time.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import logging
import os
import queue
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, Protocol, cast

from engine.errors import DiskFullError, GeneratorError, LivesetError
from engine.generator_names import KNOWN, REMOTE, works_as
from engine.generators.base import Changing, Generator
from engine.generators.life import Stopwatch, beat_for_ever, calm
from engine.generators.memory import give_back
from engine.processes.channels import Line, connect, send
from engine.processes.layout import ENGINE, generator_log
from engine.protocol import ClientHello, DropSection, MakeSection, Place, SectionDone, SectionFailed, SectionProgress
from engine.sections.file import SectionInfo, SectionWriter

log = logging.getLogger(__name__)

CONNECT_S: Final = 20.0


def load_generator(name: str) -> Generator:
    """Import and make a generator by name.

    Raises:
        GeneratorError: if there is none of that name, or it cannot be imported or made.
    """
    if name.startswith(REMOTE):
        from engine.generators.remote.generator import RemoteGenerator  # only where it is asked for: it imports much

        return RemoteGenerator(works_as(name))
    target = KNOWN.get(name, name)
    module, colon, attribute = target.partition(":")
    if not (module and colon and attribute):
        raise GeneratorError(f'there is no generator "{name}"', f"known are {', '.join(KNOWN)}")
    try:
        made = getattr(importlib.import_module(module), attribute)()
    except (ImportError, AttributeError) as error:
        raise GeneratorError(f'the generator "{name}" cannot be loaded: {error}', "check that it is installed") from error
    except LivesetError:
        raise
    except Exception as error:  # foreign code may raise anything, as it is imported or made
        raise GeneratorError(f'"{name}" is no generator: {error}', "name a class, as module:Class") from error
    missing = [part for part in ("generate", "warm_up", "traits") if part not in dir(made)]
    if missing:
        raise GeneratorError(f'"{name}" is no generator: it has no {" and no ".join(missing)}', "name a class, as module:Class")
    return cast(Generator, made)


class Sender(Protocol):
    """Where reports go."""

    def send(self, message: object) -> object:
        """Hand a message over."""


class Worker:
    """One generator and the line to the engine that it serves.

    Args:
        generator: is warmed up.
        line: to the engine.
        folder: for section files.
        place: that the generator has in the set.
    """

    def __init__(self, generator: Generator, line: Sender, folder: Path, place: Place = "main") -> None:
        self.generator = generator
        self.line = line
        self.folder = folder
        self._calm = ThreadPoolExecutor(1, "calm", initializer=calm)
        self.orders: queue.SimpleQueue[MakeSection] = queue.SimpleQueue()
        self.dropped: set[int] = set()
        self._place = place
        self._greeting = threading.Lock()

    def greet(self) -> None:
        """Say what the generator is, now and whenever that turns out to be something else."""
        if isinstance(self.generator, Changing):
            self.generator.changed = self._hello
        self._hello()

    def _hello(self) -> None:
        with self._greeting:  # what is said last is what is true
            self.line.send(ClientHello("generator", self._place, self.generator.name, os.getpid(), self.generator.traits))

    def take(self, message: object) -> None:
        """Called on the reader's thread: queue a request, or mark a job dropped."""
        match message:
            case MakeSection():
                self.orders.put(message)
            case DropSection(job_id):
                self.dropped.add(job_id)

    def serve(self) -> None:
        """Work through requests for ever, as many at once as it has hands; the reader ends the process with the engine."""
        hands = self.generator.most_hands if isinstance(self.generator, Changing) else self.generator.traits.hands
        if hands > 1:
            several = ThreadPoolExecutor(hands, "hand")
            while True:
                several.submit(self.make, self.orders.get())
        while True:
            self.follow(self.orders.get())
            if self.orders.empty():
                give_back()

    def follow(self, order: MakeSection) -> None:
        """Make one section with the priority it has: a thread's can be lowered but not raised again, so there are two."""
        if order.urgent:
            self.make(order)
        else:
            self._calm.submit(self.make, order).result()

    def make(self, order: MakeSection) -> None:
        """Make one section and report how it went; whatever the generator raises ends this job alone."""
        if order.job_id in self.dropped:
            return
        try:
            self._write(order)
        except LivesetError as error:
            log.warning("job %d: %s", order.job_id, error)
            full = isinstance(error, DiskFullError)
            if full:
                self._remove(order)
            self.line.send(SectionFailed(order.job_id, str(error), full))
        except Exception as error:  # a generator is foreign code: no failure of it may end the process
            log.exception("job %d raised", order.job_id)
            self.line.send(SectionFailed(order.job_id, f"{type(error).__name__}: {error}"))

    def _remove(self, order: MakeSection) -> None:
        """Give back the room that a section takes of which there will be no more."""
        with contextlib.suppress(OSError):
            (self.folder / order.path).unlink()

    def _write(self, order: MakeSection) -> None:
        request, generator = order.request, self.generator
        first, total = request.from_frame, request.total_frames(generator.rate)
        info = SectionInfo(
            section_id=request.section_id,
            stems=generator.traits.stems,
            rate=generator.rate,
            first_frame=first,
            frames=total - first,
            bars=request.bars,
            tail_bars=request.tail_bars,
            beats_per_bar=request.beats_per_bar,
            bpm=request.bpm,
            key=request.key,
            seed=request.seed,
            generator=generator.name,
        )
        started, watch = time.perf_counter(), Stopwatch()
        writer = SectionWriter(self.folder / order.path, info)
        done = 0.0

        def tell(fraction: float) -> None:
            nonlocal done
            done = fraction
            if not writer.ready:  # from the first block on, the blocks themselves tell
                self.line.send(SectionProgress(order.job_id, first, done))

        try:
            for block in generator.generate(request, tell, lambda: order.job_id in self.dropped):
                if order.job_id in self.dropped:
                    return
                writer.write(block)
                self.line.send(SectionProgress(order.job_id, first + writer.ready, done))
        finally:
            writer.close()
        if order.job_id in self.dropped:
            return
        if writer.ready != info.frames:
            raise GeneratorError(f"{generator.name} made {writer.ready} of {info.frames} frames", "it is asked again")
        fit = getattr(generator, "fit", None)
        self.line.send(SectionDone(order.job_id, time.perf_counter() - started, fit, watch.share()))


def main(argv: list[str]) -> int:
    """Run a worker until the engine is gone."""
    session, place, name, folder = Path(argv[0]), argv[1], argv[2], Path(argv[3])
    logging.basicConfig(filename=generator_log(session, place), level=logging.INFO, format="%(asctime)s %(message)s")
    try:
        generator = load_generator(name)
        generator.warm_up()
    except LivesetError as error:
        log.error("%s", error)
        connection = connect(session, ENGINE, CONNECT_S)
        send(connection, SectionFailed(-1, str(error)))
        return 1
    gc.freeze()  # what was imported stays: to look through all of it now and then would take a tenth of a second
    line = Line(connect(session, ENGINE, CONNECT_S))
    worker = Worker(generator, line, folder, cast(Place, place))
    worker.greet()
    line.open(worker.take, lambda: os._exit(0))
    beat_for_ever(line.send)
    worker.serve()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
