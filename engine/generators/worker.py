"""The generator's process: takes requests from the engine, writes section files, one at a time, at low priority.

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
import time
from pathlib import Path
from typing import Any, Final, cast

from engine.errors import GeneratorError, LivesetError
from engine.generator_names import KNOWN
from engine.generators.base import Generator
from engine.generators.memory import give_back
from engine.processes.channels import connect, read_forever, send
from engine.processes.layout import ENGINE, generator_log
from engine.protocol import ClientHello, DropSection, MakeSection, Place, SectionDone, SectionFailed, SectionProgress
from engine.sections.file import SectionInfo, SectionWriter

log = logging.getLogger(__name__)

NICENESS: Final = 10
CONNECT_S: Final = 20.0


def load_generator(name: str) -> Generator:
    """Import and make a generator by name.

    Raises:
        GeneratorError: if there is none of that name, or it cannot be imported or made.
    """
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


def give_way() -> None:
    """Lower this process's priority, and that of its scheduling group where Linux makes one for each session."""
    with contextlib.suppress(OSError, AttributeError):
        os.nice(NICENESS)
    with contextlib.suppress(OSError):
        Path("/proc/self/autogroup").write_text(str(NICENESS), encoding="ascii")


class Worker:
    """One generator and the connection it serves."""

    def __init__(self, generator: Generator, connection: Any, folder: Path) -> None:
        self.generator = generator
        self.connection = connection
        self.folder = folder
        self.orders: queue.SimpleQueue[MakeSection] = queue.SimpleQueue()
        self.dropped: set[int] = set()

    def take(self, message: object) -> None:
        """Called on the reader's thread: queue a request, or mark a job dropped."""
        match message:
            case MakeSection():
                self.orders.put(message)
            case DropSection(job_id):
                self.dropped.add(job_id)

    def serve(self) -> None:
        """Work through requests for ever; the reader ends the process when the engine is gone."""
        self.make(self.orders.get())
        give_way()  # not earlier: the first sound of a set waits for the first section
        while True:
            if self.orders.empty():
                give_back()
            self.make(self.orders.get())

    def make(self, order: MakeSection) -> None:
        """Make one section and report how it went; whatever the generator raises ends this job alone."""
        if order.job_id in self.dropped:
            return
        try:
            self._write(order)
        except LivesetError as error:
            log.warning("job %d: %s", order.job_id, error)
            send(self.connection, SectionFailed(order.job_id, str(error)))
        except Exception as error:  # a generator is foreign code: no failure of it may end the process
            log.exception("job %d raised", order.job_id)
            send(self.connection, SectionFailed(order.job_id, f"{type(error).__name__}: {error}"))

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
        started = time.perf_counter()
        writer = SectionWriter(self.folder / order.path, info)
        done = 0.0

        def tell(fraction: float) -> None:
            nonlocal done
            done = fraction
            if not writer.ready:  # from the first block on, the blocks themselves tell
                send(self.connection, SectionProgress(order.job_id, first, done))

        try:
            for block in generator.generate(request, tell, lambda: order.job_id in self.dropped):
                if order.job_id in self.dropped:
                    return
                writer.write(block)
                send(self.connection, SectionProgress(order.job_id, first + writer.ready, done))
        finally:
            writer.close()
        if order.job_id in self.dropped:
            return
        if writer.ready != info.frames:
            raise GeneratorError(f"{generator.name} made {writer.ready} of {info.frames} frames", "it is asked again")
        fit = getattr(generator, "fit", None)
        send(self.connection, SectionDone(order.job_id, time.perf_counter() - started, fit))


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
    connection = connect(session, ENGINE, CONNECT_S)
    worker = Worker(generator, connection, folder)
    send(connection, ClientHello("generator", cast(Place, place), generator.name, os.getpid(), generator.traits))
    read_forever(connection, worker.take, lambda: os._exit(0))
    worker.serve()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
