"""Ray on this machine, as `liveset remote` starts, shows and ends it; and models that go to the other machines."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from engine.command_line import command
from engine.errors import GeneratorError
from engine.generators.remote.bridge import connect
from engine.generators.remote.maker import versions
from engine.generators.remote.saying import Versions
from engine.generators.remote.where import ADD_RAY, Address, check_answers, environment, keep_address
from engine.models.files import Manifest, finish, read_manifest, sha256, verify_folder
from engine.models.registry import PARTIAL, model_folder, models_root
from engine.processes.layout import cache_folder

START_S: Final = 60.0
STOP_S: Final = 15.0
STARTED: Final = "Ray runtime started."
"""What Ray's own command says when it runs."""

OBJECTS: Final = 500_000_000
"""Bytes of memory for sound and files on their way, at most."""

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


@dataclass(frozen=True, slots=True)
class Running:
    """What was started on this machine."""

    pid: int
    address: str
    head: bool


def _folder() -> Path:
    folder = cache_folder() / "remote"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def running() -> Running | None:
    """What `start` started here and still runs; None if nothing does."""
    try:
        found = Running(**json.loads((_folder() / "node.json").read_text("utf-8")))
        os.kill(found.pid, 0)
    except (OSError, ValueError, TypeError):
        return None
    return found


def start(address: Address, head: bool, cores: int | None, gpus: int | None) -> Running:
    """Start Ray here, as a cluster's head or as one more machine of it; it goes on when this process ends.

    Args:
        address: of the head.
        head: whether this is it.
        cores: that are lent, 0 for none; None for all.
        gpus: likewise.

    Raises:
        GeneratorError: Ray is not installed, runs already, or does not start: why.
    """
    if (found := running()) is not None:
        raise GeneratorError(f"this machine is part of the cluster at {found.address} already", command("remote stop"))
    own = versions()
    labels = f"liveset={own.liveset.replace(' ', '-')},python={own.python},torch={own.torch}"
    argv = [sys.executable, "-m", "ray.scripts.scripts", "start", "--block", "--disable-usage-stats", f"--labels={labels}"]
    argv.append(f"--object-store-memory={OBJECTS}")
    argv += [] if cores is None else [f"--num-cpus={cores}"]
    argv += [] if gpus is None else [f"--num-gpus={gpus}"]
    if head:
        argv += ["--head", f"--node-ip-address={address.host}", f"--port={address.port}", "--include-dashboard=false"]
    else:
        check_answers(address)
        argv.append(f"--address={address}")
    log = _folder() / "node.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env={**os.environ, **environment(address.host)},
            start_new_session=True,
        )
    made = Running(process.pid, str(address), head)
    _wait_started(process, log, address)
    (_folder() / "node.json").write_text(json.dumps(asdict(made)), "utf-8")
    keep_address(address)
    return made


def _wait_started(process: subprocess.Popen[bytes], log: Path, address: Address) -> None:
    """Until Ray says that it runs.

    Raises:
        GeneratorError: it ended instead, or takes too long.
    """
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        said = log.read_text("utf-8", "replace")
        if STARTED in said:
            return
        if process.poll() is not None:
            break
        time.sleep(0.1)
    process.terminate()
    said = log.read_text("utf-8", "replace")
    if "No module named" in said and "ray" in said:
        raise GeneratorError("Ray is not installed", ADD_RAY)
    if "mismatch" in said:
        raise GeneratorError(f"the cluster at {address} has another Python or Ray", "install the same on all machines")
    if "uthenticat" in said or "token" in said.lower():
        raise GeneratorError(f"the cluster at {address} does not know this token", command(f"remote join {address} --new-token"))
    raise GeneratorError(f"Ray did not start at {address}", f"see {log}")


def stop() -> Running | None:
    """End what `start` started here; None where nothing runs.

    Raises:
        GeneratorError: it does not end.
    """
    found = running()
    if found is None:
        return None
    with contextlib.suppress(ProcessLookupError):
        os.kill(found.pid, signal.SIGTERM)
    until = time.monotonic() + STOP_S
    while running() is not None and time.monotonic() < until:
        with contextlib.suppress(ChildProcessError):  # whoever started it in this very process has to take note of its end
            os.waitpid(found.pid, os.WNOHANG)
        time.sleep(0.1)
    if running() is not None:
        raise GeneratorError("Ray does not end", f"end process {found.pid}")
    (_folder() / "node.json").unlink(missing_ok=True)
    return found


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
