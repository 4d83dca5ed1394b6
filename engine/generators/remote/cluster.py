"""The machines of a cluster that this one is part of, and models that go to the others."""

from __future__ import annotations

import hashlib
import platform
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from engine.command_line import command
from engine.errors import GeneratorError
from engine.generators.remote.bridge import connect
from engine.generators.remote.saying import Versions
from engine.generators.remote.where import Address
from engine.models.files import Manifest, finish, read_manifest, sha256, verify_folder
from engine.models.registry import PARTIAL, model_folder, models_root

PIECE: Final = 16_000_000
"""Bytes of a model that travel at once."""


@dataclass(frozen=True, slots=True)
class Machine:
    """One of a cluster's."""

    name: str
    address: str
    cores: float
    gpus: float
    head: bool
    versions: Versions


def machines(address: Address) -> tuple[Machine, ...]:
    """The machines of a cluster that this one is part of.

    Raises:
        GeneratorError: it cannot be reached: why.
    """
    ray = connect(address)
    return tuple(_machine(node) for node in ray.nodes() if node["Alive"])


def _machine(node: Mapping[str, Any]) -> Machine:
    has, labels = node["Resources"], node.get("Labels", {})
    known = Versions(*(labels.get(name, "?") for name in ("liveset", "python", "torch")))
    head = "node:__internal_head__" in has
    return Machine(node["NodeManagerHostname"], node["NodeManagerAddress"], has.get("CPU", 0), has.get("GPU", 0), head, known)


class Receiver:
    """Takes a model in, on another machine."""

    def missing(self, model: str, hashes: dict[str, str]) -> bool:
        """Whether the model is not here as it should be; and a half one from before is cleared away."""
        shutil.rmtree(models_root() / PARTIAL / model, ignore_errors=True)
        folder = models_root() / model
        return not all((folder / name).is_file() and sha256(folder / name) == digest for name, digest in hashes.items())

    def piece(self, model: str, name: str, data: bytes) -> None:
        """Append to a file that is arriving."""
        place = models_root() / PARTIAL / model / name
        place.parent.mkdir(parents=True, exist_ok=True)
        with place.open("ab") as file:
            file.write(data)

    def finish(self, model: str, source: str, hashes: dict[str, str]) -> str:
        """Check every file by its hash, and put the model in its place; a sentence on what is wrong, or nothing."""
        arriving = models_root() / PARTIAL / model
        for name, digest in hashes.items():
            if hashlib.sha256((arriving / name).read_bytes()).hexdigest() != digest:
                return f"{name} arrived damaged on {platform.node()}"
        shutil.rmtree(models_root() / model, ignore_errors=True)
        try:
            finish(model, Manifest(source, hashes))
        except GeneratorError as error:
            return error.message
        return ""


def push(address: Address, model: str, tell: Callable[[str, int, int], None]) -> tuple[int, int]:
    """Copy a model to every other machine that lends cores and has not got it.

    Args:
        address: of the cluster.
        model: its name here.
        tell: gets the machine's name, the bytes sent, and all that are to be.

    Returns:
        How many machines got it, and how many had it already.

    Raises:
        GeneratorError: it is not here or not whole, the cluster cannot be reached, or it arrives damaged.
    """
    folder = model_folder(model)
    verify_folder(folder)
    manifest = read_manifest(folder)
    if manifest is None:
        raise GeneratorError(f"no hashes are known of {model}", f"bring it here with {command('models import FOLDER')}")
    ray = connect(address)
    own = ray.get_runtime_context().get_node_id()
    sent = had = 0
    for node in ray.nodes():
        if not node["Alive"] or node["NodeID"] == own or node["Resources"].get("CPU", 0) < 1:
            continue
        name = str(node["NodeManagerHostname"])
        placed = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(node_id=node["NodeID"], soft=False)
        receiver = ray.remote(Receiver).options(num_cpus=0, scheduling_strategy=placed).remote()
        try:
            if not ray.get(receiver.missing.remote(model, dict(manifest.hashes))):
                had += 1
                continue
            _send(ray, receiver, folder, manifest, partial(tell, name))
            wrong = ray.get(receiver.finish.remote(model, manifest.source, dict(manifest.hashes)))
        except ray.exceptions.RayError as error:
            raise GeneratorError(f"{name} went away meanwhile", "try again: what arrived whole stays") from error
        if wrong:
            raise GeneratorError(wrong, "try again")
        sent += 1
    return sent, had


def _send(ray: Any, receiver: Any, folder: Path, manifest: Manifest, tell: Callable[[int, int], None]) -> None:
    """Send a model's files through Ray's object store, piece by piece."""
    whole, done = sum((folder / name).stat().st_size for name in manifest.hashes), 0
    for name in manifest.hashes:
        with (folder / name).open("rb") as file:
            while True:
                data = file.read(PIECE)
                ray.get(receiver.piece.remote(folder.name, name, ray.put(data)))
                done += len(data)
                tell(done, whole)
                if len(data) < PIECE:
                    break
