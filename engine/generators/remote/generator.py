"""A generator on other machines, as the generator's process sees it: like any other, but several sections at once."""

from __future__ import annotations

import importlib.util
import itertools
import logging
import multiprocessing
import queue
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from multiprocessing.connection import Connection
from typing import Any, Final

from engine.errors import GeneratorError
from engine.generator_names import STAND_IN, remote_name
from engine.generators.base import Block
from engine.generators.remote.bridge import MOST_AT_ONCE, run
from engine.generators.remote.saying import SILENT_S, Begun, Crew, Drop, Failed, Made, Make, Sound, Trouble
from engine.generators.remote.where import ADD_RAY, chosen_address
from engine.protocol import GridFit, SectionRequest, Traits
from engine.timebase import SAMPLE_RATE

log = logging.getLogger(__name__)

READY_S: Final = 40.0
"""Seconds that the first machine is waited for; then the set goes on with what is known of the generator."""

AGAIN_S: Final = (1.0, 8.0)
"""Seconds between two tries to reach the cluster, twice as long each time."""

PRESUMED: Final = {
    STAND_IN: Traits(live=True),
    "stable-audio": Traits(stems=("mix",), max_seconds=110.0, steps=8, step_share=0.7, kept_s=4.5),
}
"""What is taken for a generator's traits until a machine says them."""


class RemoteGenerator:
    """Asks makers on other machines for sections; see `engine.generators.base.Generator`, and `Changing`.

    A cluster that cannot be reached does not keep it from being made: its sections fail, with the reason, until there is one.

    Args:
        name: as on those machines.

    Raises:
        GeneratorError: Ray is not installed, or the cluster's address is none.
    """

    rate = SAMPLE_RATE
    most_hands = MOST_AT_ONCE

    def __init__(self, name: str) -> None:
        self.name, self._name = remote_name(name), name
        if importlib.util.find_spec("ray") is None:
            raise GeneratorError("Ray is not installed", ADD_RAY)
        self._address = chosen_address()
        self._numbers = itertools.count(1)
        self._said: dict[int, queue.SimpleQueue[Sound | Made | Failed]] = {}
        self._trouble = Trouble(f"the cluster at {self._address} was not reached yet", "it is tried again")
        self._crew: Crew | None = None
        self._begun: Begun | None = None
        self._ended = False
        self._told = PRESUMED.get(name, Traits())
        self.changed: Callable[[], None] = lambda: None
        self._heard = threading.Event()
        self._pipe: Connection | None = None
        self._process: Any = None
        self._lock = threading.Lock()
        self._of_thread = threading.local()

    @property
    def fit(self) -> GridFit | None:
        """How the section that this thread asked for last lay on the grid."""
        return getattr(self._of_thread, "fit", None)

    @property
    def traits(self) -> Traits:
        """As a machine said them, or, until one did, what is known of such a generator."""
        return self._told

    def warm_up(self) -> None:
        """Begin to reach the cluster, and wait until a machine is ready, or it is clear that none is."""
        threading.Thread(target=self._keep, name="cluster", daemon=True).start()
        self._heard.wait(READY_S)

    def makers(self) -> int:
        """How many makers on other machines are ready for work."""
        return self._crew.usable if self._crew else 0

    def works_at(self) -> int:
        """The process, on whichever machine, that the section asked for last is made in; 0 before the first."""
        return self._begun.pid if self._begun else 0

    def bytes_sent(self) -> int:
        """Of files that had to go to another machine for the section asked for last."""
        return self._begun.sent if self._begun else 0

    def end(self) -> None:
        """Let go of the cluster for good."""
        self._ended = True
        self._end_bridge()

    def _keep(self) -> None:
        """On a thread of its own: start the bridge, hear it, and start it again when it ended."""
        wait_s = AGAIN_S[0]
        while not self._ended:
            spawn = multiprocessing.get_context("spawn")
            pipe, theirs = spawn.Pipe()
            process = spawn.Process(target=run, args=(theirs, self._name, self._address), name="bridge", daemon=True)
            process.start()
            theirs.close()
            with self._lock:
                self._pipe, self._process = pipe, process
            reached = self._hear(pipe)
            process.kill()
            process.join()
            with self._lock:
                self._pipe, self._crew = None, None
            for number, said in tuple(self._said.items()):
                said.put(Failed(number, "the way to the cluster was lost", "it is looked for"))
            wait_s = AGAIN_S[0] if reached else min(2 * wait_s, AGAIN_S[1])
            time.sleep(wait_s)

    def _hear(self, pipe: Connection) -> bool:
        """Take what the bridge says until it ends; whether a machine was ready."""
        reached = False
        while True:
            try:
                word = pipe.recv()
            except (EOFError, OSError):
                return reached
            match word:
                case Crew():
                    self._crew, reached = word, True
                    self._learn(word)
                    self._heard.set()
                case Begun():
                    self._begun = word
                    log.info("section %d is made on %s; %d bytes of files went there", word.number, word.machine, word.sent)
                case Trouble():
                    log.warning("%s", word.message)
                    self._trouble, self._crew = word, None
                    if "yet" not in word.message:
                        self._heard.set()
                case Sound() | Made() | Failed() if word.number in self._said:
                    self._said[word.number].put(word)

    def _learn(self, crew: Crew) -> None:
        """Take the traits that a machine says; the number of hands never falls, since makers that went come back."""
        told = replace(crew.ready.traits, hands=min(MOST_AT_ONCE, max(self._told.hands, crew.makers)))
        if told != self._told:
            self._told = told
            self.changed()

    def generate(
        self, request: SectionRequest, on_progress: Callable[[float], None], cancelled: Callable[[], bool]
    ) -> Iterator[Block]:
        """See `engine.generators.base.Generator.generate`; may be called on several threads.

        Raises:
            GeneratorError: no machine is there, it fell silent, or the generator there cannot make it.
        """
        self._of_thread.fit = None
        number = next(self._numbers)
        said = self._said[number] = queue.SimpleQueue()
        try:
            self._ask(Make(number, request))
            heard = time.monotonic()
            while not cancelled():
                try:
                    word = said.get(timeout=0.1)
                except queue.Empty:
                    if time.monotonic() - heard > SILENT_S + 2.0:
                        self._end_bridge()
                        raise GeneratorError(f"the cluster at {self._address} says nothing", "it is reached anew") from None
                    continue
                heard = time.monotonic()
                if isinstance(word, Failed):
                    raise GeneratorError(word.message, word.hint)
                if isinstance(word, Made):
                    self._of_thread.fit = word.fit
                    return
                on_progress(word.done)
                if word.block is not None:
                    yield word.block
            self._ask(Drop(number))
        finally:
            del self._said[number]

    def _ask(self, order: Make | Drop) -> None:
        """Hand an order to the bridge.

        Raises:
            GeneratorError: there is none, or no machine behind it.
        """
        if self._pipe is None or self._crew is None:
            if isinstance(order, Drop):
                return
            raise GeneratorError(self._trouble.message, self._trouble.hint)
        try:
            with self._lock:
                if self._pipe is not None:
                    self._pipe.send(order)
        except OSError as error:
            raise GeneratorError("the way to the cluster was lost", "it is looked for") from error

    def _end_bridge(self) -> None:
        with self._lock:
            if self._process is not None:
                self._process.kill()
