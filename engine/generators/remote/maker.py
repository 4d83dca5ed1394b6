"""The generator on another machine: what runs in a process of Ray there, and needs nothing of Ray itself."""

from __future__ import annotations

import hashlib
import logging
import os
import platform
import queue
import threading
from collections.abc import Iterator
from importlib.metadata import version as version_of
from typing import Any

from engine.command_line import command
from engine.errors import GeneratorError, LivesetError
from engine.generator_names import KNOWN
from engine.generators.base import Generator
from engine.generators.remote.files import moved, needed_again, place_of, stored, trim
from engine.generators.remote.saying import BEAT_S, Failed, Made, Ready, Sound, Taken, Trouble, Versions
from engine.models.files import read_manifest, verify_folder
from engine.models.registry import chosen_model, installed, model_folder
from engine.processes.layout import cache_folder
from engine.protocol import SectionRequest
from engine.versions import version

log = logging.getLogger(__name__)

WITH_MODEL = "stable-audio"
"""The generator whose model is checked before it is loaded."""

_QUEUED = 8
"""Blocks that are made ahead of what was fetched."""


def versions() -> Versions:
    """Of this machine."""
    return Versions(version(), platform.python_version(), version_of("torch").split("+")[0])


def weights_of(model: str) -> str:
    """The SHA-256 over a model's files, after each was checked; empty where no hash of them is known.

    Raises:
        GeneratorError: it is not here, or not whole.
    """
    folder = model_folder(model)
    verify_folder(folder)
    manifest = read_manifest(folder)
    if manifest is None:
        return ""
    listing = "\n".join(f"{digest} {name}" for name, digest in sorted(manifest.hashes.items()))
    return hashlib.sha256(listing.encode()).hexdigest()


class Maker:
    """One generator on one machine, and the files that came to it. Its methods may be called on several threads.

    Args:
        name: of the generator, as on this machine.
        taken: what the set takes along.
        threads: for its arithmetic; Ray leaves a process one, whatever the machine has.
    """

    def __init__(self, name: str, taken: Taken, threads: int = 1) -> None:
        self._name, self._taken, self._threads = name, taken, threads
        self._lock, self._at_work = threading.Lock(), threading.Lock()
        self._generator: Generator | None = None
        self._dropped: set[int] = set()
        self._folder = cache_folder() / "remote"

    def ready(self) -> Ready | Trouble:
        """Load the generator, and say what it is, or why it cannot be."""
        from engine.generators.worker import load_generator  # it imports this package

        with self._lock:
            try:
                self._folder.mkdir(parents=True, exist_ok=True)
                self._settle()
                weights = self._weights()
                if self._generator is None:
                    if self._name in KNOWN:  # pocket gets one thread, as on the performer's machine: the same samples
                        import torch

                        torch.set_num_threads(self._threads)
                    generator = load_generator(self._name)
                    generator.warm_up()
                    self._generator = generator
                return Ready(self._generator.rate, self._generator.traits, versions(), weights, platform.node(), os.getpid())
            except LivesetError as error:
                return Trouble(f"{platform.node()}: {error.message}", error.hint)
            except OSError as error:
                return Trouble(f"{platform.node()}: {error}", "free some disk space there")

    def _weights(self) -> str:
        """The SHA-256 over the model's files, where the generator has one.

        Raises:
            GeneratorError: they are missing or damaged, and how they come here.
        """
        if self._name != WITH_MODEL:
            return ""
        name = chosen_model()
        send = command(f"models push {name}")
        if name not in installed():
            raise GeneratorError(f"has no model {name}", send)
        try:
            return weights_of(name)
        except GeneratorError as error:
            raise GeneratorError(f"its {name} is damaged", f"{send} ({error.message})") from error

    def _settle(self) -> None:
        """Have this process play on what the performer's machine plays on."""
        words = self._folder / "no-vocabulary.toml"
        if self._taken.vocabulary is not None:
            words = stored(self._folder, hashlib.sha256(self._taken.vocabulary).hexdigest(), self._taken.vocabulary, ".toml")
        os.environ["LIVESET_VOCABULARY"] = str(words)
        for name, value in (("LIVESET_MODEL", self._taken.model), ("LIVESET_PRECISION", self._taken.precision)):
            if value:
                os.environ[name] = value

    def lacks(self, digests: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
        """Which files, by SHA-256 and name, have not come here yet; those that have are kept longest from now on."""
        return tuple(digest for digest, like in digests if not needed_again(place_of(self._folder, digest, like)))

    def take(self, digest: str, like: str, data: bytes) -> None:
        """Keep a file that a request will name, and let go of old ones; ``like`` has its ending."""
        self._folder.mkdir(parents=True, exist_ok=True)
        stored(self._folder, digest, data, like)
        trim(self._folder)

    def drop(self, number: int) -> None:
        """Stop working on a section."""
        self._dropped.add(number)

    def make(self, number: int, request: SectionRequest, files: dict[str, str]) -> Iterator[Sound | Made | Failed]:
        """Yield a section's blocks as they are made, and signs of life between them.

        Args:
            number: by which it may be dropped.
            request: with its files as they lie on the performer's machine.
            files: their SHA-256 by where they lie there.
        """
        places = {path: str(place_of(self._folder, digest, path)) for path, digest in files.items()}
        said: queue.Queue[Sound | Made | Failed] = queue.Queue(_QUEUED)
        threading.Thread(target=self._work, args=(number, moved(request, places), said.put), daemon=True).start()
        done = 0.0
        while True:
            try:
                word = said.get(timeout=BEAT_S)
            except queue.Empty:
                word = Sound(number, None, done)
            if isinstance(word, Sound):
                done = word.done
            yield word
            if not isinstance(word, Sound):
                self._dropped.discard(number)
                return

    def _work(self, number: int, request: SectionRequest, say: Any) -> None:
        """On a thread of its own: make all of it; whatever the generator raises ends this section alone."""
        done = 0.0

        def tell(fraction: float) -> None:
            nonlocal done
            done = fraction
            say(Sound(number, None, done))

        try:
            generator = self._generator
            if generator is None:
                raise LivesetError(f"the generator on {platform.node()} is not loaded", "it is loaded again")
            with self._at_work:  # one that was given up here may not have ended yet
                for block in generator.generate(request, tell, lambda: number in self._dropped):
                    if number in self._dropped:
                        break
                    say(Sound(number, block, done))
                made = Made(number, getattr(generator, "fit", None))
            say(made)
        except LivesetError as error:
            say(Failed(number, error.message, error.hint))
        except Exception as error:  # a generator is foreign code: none of its failures may leave others waiting
            log.exception("section %d", number)
            say(Failed(number, f"{type(error).__name__} on {platform.node()}: {error}"))
