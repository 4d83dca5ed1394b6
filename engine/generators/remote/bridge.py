"""The way to the cluster, in a process of its own: Ray ends a process that has lost its cluster, and that may be this one alone.

Runs as a child of the generator's process, with a pipe to it. It may be killed at any time.
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any, Final

from engine.command_line import command
from engine.errors import GeneratorError, LivesetError
from engine.generators.remote.files import contents_of
from engine.generators.remote.head import Head
from engine.generators.remote.maker import WITH_MODEL, Maker, versions, weights_of
from engine.generators.remote.node import running
from engine.generators.remote.saying import SILENT_S, Begun, Crew, Drop, Failed, Made, Make, Ready, Sound, Taken, Trouble
from engine.generators.remote.where import ADD_RAY, LOOPBACK, Address, check_answers, environment
from engine.models.registry import chosen_model, installed
from engine.prompts.vocabulary import own_vocabulary

log = logging.getLogger(__name__)

LOOK_S: Final = 2.0
"""Seconds between two looks at which machines there are."""

LOADS_S: Final = 120.0
"""Seconds that a maker may take to load its generator."""

HEAD_GONE: Final = Trouble("the cluster's head is gone", f"begin it again there: {command('remote head')}")

MOST_AT_ONCE: Final = 8
CORES_EACH: Final = {"pocket": 1}
"""Cores for one maker; any other generator takes up to four."""
_USUAL_CORES: Final = 4


def connect(address: Address) -> Any:
    """Ray, connected to a cluster that this machine is part of.

    Raises:
        GeneratorError: it is not installed, nobody answers, the token is wrong, or versions differ.
    """
    check_answers(address)
    os.environ.update(environment(address.host))
    try:
        import ray
    except ImportError as error:
        raise GeneratorError("Ray is not installed", ADD_RAY) from error
    own = {"_node_ip_address": address.host} if address.host in LOOPBACK else {}
    try:
        ray.init(address=str(address), log_to_driver=False, logging_level=logging.ERROR, configure_logging=False, **own)
    except Exception as error:
        log.info("no way in: %s", error)
        raise _explained(error, address) from error
    return ray


def _explained(error: BaseException, address: Address) -> GeneratorError:
    """What to make of what Ray says."""
    said, link = "", error
    while link is not None:
        said, link = f"{said} {link}", (link.__cause__ or link.__context__)  # type: ignore[assignment]
    low = said.lower()
    if "version mismatch" in low or "python:" in low:
        return GeneratorError(f"the cluster at {address} has another Python or Ray", "install the same on all machines")
    if "unauthenticated" in low or "invalidauthtoken" in low or "authentication" in low:
        return GeneratorError(f"the cluster at {address} does not know this token", command(f"remote join {address}"))
    if (here := running()) is not None and not here.head:
        return GeneratorError(f"this machine is joining the cluster at {address} again", "it is tried again")
    if "node" in low and ("find" in low or "found" in low):
        return GeneratorError(f"this machine is no part of the cluster at {address}", command(f"remote join {address} --cores 0"))
    return GeneratorError(f"the cluster at {address} does not let this machine in", "the token, or the network: remote status")


def taken_along() -> Taken:
    """What this machine's sets are made with."""
    try:
        words = own_vocabulary().read_bytes()
    except OSError:
        words = None
    return Taken(words, chosen_model(), os.environ.get("LIVESET_PRECISION", ""))


def slots(name: str, cores: float, gpus: float) -> int:
    """How many makers of a generator a machine has room for: one for each GPU, or for every few cores; none without cores."""
    if cores < 1:
        return 0
    if gpus >= 1 and name not in CORES_EACH:
        return int(gpus)
    return max(1, int(cores) // CORES_EACH.get(name, _USUAL_CORES))


@dataclass(slots=True)
class Hand:
    """A maker on one of the machines, as seen from here."""

    node: str
    actor: Any
    loading: Any
    since: float
    ready: Ready | None = None
    busy: bool = False
    failed: int = 0
    beat: Any = None


@dataclass(slots=True)
class Pool:
    """The makers there are, looked after on one thread and used by others.

    Attributes:
        trouble: why none is ready.
        headless: while the cluster's head does not answer.
    """

    ray: Any
    name: str
    taken: Taken
    weights: str = ""
    hands: list[Hand] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    trouble: Trouble = field(default_factory=lambda: Trouble("no machine of the cluster is ready yet", "it is tried again"))
    headless: bool = False

    def look(self) -> None:
        """See which machines are there, start makers on new ones, forget those that are gone, and hear who is ready."""
        if self.headless:  # nobody knows which machines are there; the makers that are left go on
            self.trouble = HEAD_GONE
        else:
            self._see_machines()
        for hand in tuple(self.hands):
            self._hear(hand)

    def _see_machines(self) -> None:
        try:
            nodes = {node["NodeID"]: node["Resources"] for node in self.ray.nodes() if node["Alive"]}
        except Exception:  # the head may go at any moment, and Ray says that in many ways
            log.exception("no list of machines")
            return
        with self.lock:
            self.hands = [hand for hand in self.hands if hand.node in nodes]
        for node, has in nodes.items():
            wanted = slots(self.name, has.get("CPU", 0.0), has.get("GPU", 0.0))
            threads = max(1, int(has.get("CPU", 0.0)) // max(1, wanted))
            for _ in range(wanted - sum(hand.node == node for hand in self.hands)):
                self._start(node, has.get("GPU", 0.0), threads)
        if not self.hands:
            self.trouble = Trouble("no machine of the cluster lends a core", command("remote join ADDRESS"))

    def _start(self, node: str, gpus: float, threads: int) -> None:
        placed = self.ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(node_id=node, soft=False)
        gpu = 1 if gpus >= 1 and self.name not in CORES_EACH else 0
        made = self.ray.remote(Maker).options(num_cpus=0, num_gpus=gpu, max_concurrency=4, scheduling_strategy=placed)
        actor = made.remote(self.name, self.taken, threads)
        with self.lock:
            self.hands.append(Hand(node, actor, actor.ready.remote(), time.monotonic()))

    def _hear(self, hand: Hand) -> None:
        """Whether a maker is ready, or one that was silent speaks again; one that ended is forgotten, and started anew."""
        waited = hand.loading if not hand.ready else hand.beat
        if waited is None:
            return
        done, _ = self.ray.wait([waited], timeout=0)
        if not done:
            if not hand.ready and time.monotonic() - hand.since > LOADS_S:
                self.forget(hand, Trouble("a machine takes too long to load the generator", "it is tried again"))
            return
        try:
            answer = self.ray.get(done[0])
        except Exception as error:  # the process there ended, in whatever way
            log.exception("a maker is gone")
            self.forget(
                hand, Trouble(f"a generator's process ended on another machine: {type(error).__name__}", "it is tried again")
            )
            return
        if hand.ready:
            hand.beat = None
            return
        found = self._fault(answer)
        if found is not None:
            self.trouble = found
            hand.loading, hand.since = hand.actor.ready.remote(), time.monotonic()
            return
        hand.ready = answer

    def _fault(self, answer: Ready | Trouble) -> Trouble | None:
        """Why a maker cannot be used; None where it can."""
        if isinstance(answer, Trouble):
            return answer
        if (differs := versions().difference(answer.versions)) != "":
            return Trouble(f"{answer.machine} has another version: {differs}", "install the same on all machines")
        if self.weights and answer.weights != self.weights:
            return Trouble(f"{answer.machine} has other files of the model", command(f"models push {self.taken.model}"))
        return None

    def forget(self, hand: Hand, why: Trouble) -> None:
        """Use a maker no more."""
        self.trouble = why
        with self.lock:
            self.hands = [other for other in self.hands if other is not hand]
        threading.Thread(target=self._end, args=(hand,), daemon=True).start()

    def _end(self, hand: Hand) -> None:
        """End a maker's process; on a thread, since that takes as long as the head is away."""
        with contextlib.suppress(self.ray.exceptions.RayError, ValueError):
            self.ray.kill(hand.actor)

    def free(self) -> Hand | None:
        """A maker that has nothing to do, now taken: the one that failed least; None where all are busy or none is ready."""
        with self.lock:
            usable = [hand for hand in self.hands if hand.ready and not hand.busy and hand.beat is None]
            if not usable:
                return None
            best = min(usable, key=lambda hand: hand.failed)
            best.busy = True
            return best

    def usable(self) -> list[Ready]:
        """What the makers that work, free or not, say of themselves."""
        return [hand.ready for hand in self.hands if hand.ready and hand.beat is None]


class Bridge:
    """Carries sections from the makers to the generator's process.

    Args:
        pipe: to the generator's process.
        pool: the makers.
    """

    def __init__(self, pipe: Connection, pool: Pool) -> None:
        self._pipe, self._pool, self._ray = pipe, pool, pool.ray
        self._lock = threading.Lock()
        self._dropped: set[int] = set()
        self._at: dict[int, Hand] = {}
        self._threads = ThreadPoolExecutor(MOST_AT_ONCE, "section")

    def say(self, word: object) -> None:
        """Tell the generator's process; when that is gone, this one ends."""
        try:
            with self._lock:
                self._pipe.send(word)
        except OSError:
            os._exit(0)

    def take(self, order: Make | Drop) -> None:
        """Follow an order."""
        if isinstance(order, Make):
            self._threads.submit(self._make, order)
            return
        self._dropped.add(order.number)
        if (hand := self._at.get(order.number)) is not None:
            hand.actor.drop.remote(order.number)

    def _make(self, order: Make) -> None:
        hand = self._hand(order)
        if hand is None:
            return
        self._at[order.number] = hand
        try:
            ended = self._carried(order, hand)
            hand.failed = 0 if isinstance(ended, Made) else hand.failed + 1
            self.say(ended)
        except self._ray.exceptions.GetTimeoutError:
            hand.failed += 1
            hand.beat = hand.actor.lacks.remote(())  # it is asked again when it answers
            hand.actor.drop.remote(order.number)
            self.say(Failed(order.number, f"another machine said nothing for {SILENT_S:g} s", "another one is asked"))
        except Exception as error:  # the process or the machine is gone, in whatever way
            log.exception("a maker is gone")
            self._pool.forget(hand, Trouble("another machine is gone", "it is looked for"))
            self.say(Failed(order.number, f"another machine is gone ({type(error).__name__})", "another one is asked"))
        finally:
            hand.busy = False
            self._at.pop(order.number, None)
            self._dropped.discard(order.number)

    def _hand(self, order: Make) -> Hand | None:
        """A free maker, waited for while all are busy; None where the order is over."""
        told = time.monotonic()
        while order.number not in self._dropped:
            if (hand := self._pool.free()) is not None:
                return hand
            if not self._pool.usable():
                self.say(Failed(order.number, self._pool.trouble.message, self._pool.trouble.hint))
                return None
            if time.monotonic() - told > 1:
                told = time.monotonic()
                self.say(Sound(order.number, None, 0.0))
            time.sleep(0.02)
        self._dropped.discard(order.number)
        return None

    def _carried(self, order: Make, hand: Hand) -> Made | Failed:
        """Have a section made, and hand on its blocks as they come.

        Raises:
            ray.exceptions.GetTimeoutError: nothing was heard for `SILENT_S`.
        """
        files = contents_of(order.request)
        listing = tuple((digest, path) for path, (digest, _) in files.items())
        missing = set(self._ray.get(hand.actor.lacks.remote(listing), timeout=SILENT_S)) if listing else set()
        bytes_sent = 0
        for path, (digest, data) in files.items():
            if digest in missing:
                missing.discard(digest)
                bytes_sent += len(data)
                sent = hand.actor.take.remote(digest, path, self._ray.put(data))
                while not self._ray.wait([sent], timeout=SILENT_S / 2)[0]:
                    self.say(Sound(order.number, None, 0.0))
                self._ray.get(sent)
        if hand.ready is not None:
            self.say(Begun(order.number, hand.ready.machine, hand.ready.pid, bytes_sent))
        digests = {path: digest for path, (digest, _) in files.items()}
        stream = hand.actor.make.options(num_returns="streaming").remote(order.number, order.request, digests)
        while True:
            if not self._ray.wait([stream], timeout=SILENT_S)[0]:
                raise self._ray.exceptions.GetTimeoutError("silent")
            word = self._ray.get(next(stream), timeout=SILENT_S)
            if not isinstance(word, Sound):
                return word  # type: ignore[no-any-return]
            if order.number not in self._dropped:
                self.say(word)

    def look_for_ever(self) -> None:
        """Look after the makers, and tell when the first is ready, or why none is."""
        told: object = None
        while True:
            self._pool.look()
            usable = self._pool.usable()
            now = Crew(len(self._pool.hands), len(usable), usable[0]) if usable else self._pool.trouble
            if now != told:
                told = now
                self.say(now)
            time.sleep(LOOK_S / (1 if len(usable) == len(self._pool.hands) else 8))

    def watch(self, head: Head) -> None:
        """See that the cluster's head is there; with another one the cluster is another too, and this process ends."""
        while (found := head.look(LOOK_S)) != "another":
            if self._pool.headless != (found == "away"):
                self._pool.headless = found == "away"
                log.info("the head is %s", "gone" if self._pool.headless else "there")
        self.say(Trouble("the cluster has begun anew", "it is reached again"))
        os._exit(0)


def run(pipe: Connection, name: str, address: Address) -> None:
    """The process: until the pipe closes, or it is killed."""
    try:
        mine = weights_of(chosen_model()) if name == WITH_MODEL and chosen_model() in installed() else ""
        ray = connect(address)
    except LivesetError as error:
        with contextlib.suppress(OSError):
            pipe.send(Trouble(error.message, error.hint))
        os._exit(1)
    bridge = Bridge(pipe, Pool(ray, name, taken_along(), mine))
    threading.Thread(target=bridge.look_for_ever, name="look", daemon=True).start()
    threading.Thread(target=bridge.watch, args=(Head(address),), name="head", daemon=True).start()
    while True:
        try:
            bridge.take(pipe.recv())
        except (EOFError, OSError):
            os._exit(0)
