"""A model's folder on disk: whether its files are whole, how it gets here, and the manifest that lets it be checked again.

Nothing here loads a weight or needs torch. A safetensors file is 8 bytes (little-endian length of the header), a JSON header
that names every tensor's byte range, then the bytes (https://github.com/huggingface/safetensors).
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from engine.command_line import command
from engine.errors import READABLE, WRITABLE, GeneratorError
from engine.models.registry import CONFIG_FILE, PARTIAL, models_root
from engine.models.tensors import AGAIN, read_header
from engine.textfiles import read_json

WEIGHTS_FILE: Final = "model.safetensors"
MANIFEST_FILE: Final = "liveset.json"

_CHUNK: Final = 1 << 20
OnBytes = Callable[[int], None]
"""Told how many bytes were just done."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is known of a model's folder.

    Attributes:
        source: where it came from: "repository@commit", or a folder.
        hashes: file -> its SHA-256 in hexadecimal digits.
    """

    source: str
    hashes: Mapping[str, str]


def read_manifest(folder: Path) -> Manifest | None:
    """The folder's manifest; None where there is none that can be read."""
    try:
        data = json.loads((folder / MANIFEST_FILE).read_text("utf-8"))
        return Manifest(str(data["source"]), {str(name): str(value) for name, value in data["sha256"].items()})
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Keep a manifest beside the model."""
    data = {"source": manifest.source, "sha256": dict(manifest.hashes)}
    (folder / MANIFEST_FILE).write_text(json.dumps(data, indent=2) + "\n", "utf-8")


def text_encoder(config: Mapping[str, Any]) -> tuple[str, str] | None:
    """(repository, subfolder) of the text encoder that a model_config.json names; None if it needs none."""
    model = config.get("model")
    conditioning = model.get("conditioning") if isinstance(model, dict) else None
    entries = conditioning.get("configs") if isinstance(conditioning, dict) else None
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, dict) and entry.get("id") == "prompt" and isinstance(entry.get("config"), dict):
            said = entry["config"]
            repository = str(said.get("repo_id") or said.get("model_path") or said.get("model_name") or "t5gemma-b-b-ul2")
            return repository, str(said.get("subfolder") or repository.rstrip("/").rsplit("/", 1)[-1])
    return None


def check_folder(folder: Path) -> tuple[str, ...]:
    """See that a folder holds a published model and that every file of it is whole, reading headers alone.

    Returns:
        The files that make the model, as paths below the folder.

    Raises:
        GeneratorError: names the first file that is missing, truncated or not what it should be.
    """
    config = read_object(folder / CONFIG_FILE)
    if not isinstance(config.get("model"), dict) or not isinstance(config.get("sample_rate"), int):
        raise GeneratorError(f"{folder / CONFIG_FILE} is not the configuration of a Stable Audio model", AGAIN)
    check_tensors(folder / WEIGHTS_FILE)
    files = [CONFIG_FILE, WEIGHTS_FILE]
    text = text_encoder(config)
    if text is not None:
        files += [f"{text[1]}/{name}" for name in check_text_folder(folder / text[1])]
    return tuple(files)


def check_text_folder(folder: Path) -> list[str]:
    """See that a text encoder's files are all there and whole, reading headers alone.

    Returns:
        Names of the files that make it.

    Raises:
        GeneratorError: names the first file that is missing, truncated or not what it should be.
    """
    kind = read_object(folder / "config.json").get("model_type")
    if kind != "t5gemma":
        raise GeneratorError(f"{folder / 'config.json'} is of a {kind!r} model, not of t5gemma", AGAIN)
    if not (folder / "tokenizer.json").is_file() and not (folder / "tokenizer.model").is_file():
        raise GeneratorError(f"{folder / 'tokenizer.json'} is missing", AGAIN)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        if (folder / name).is_file():
            read_object(folder / name)
    shards = _shards(folder)
    for shard in shards:
        check_tensors(folder / shard)
    others = sorted(path.name for path in folder.iterdir() if path.suffix in (".json", ".model") and path.is_file())
    return [*others, *shards]


def _shards(folder: Path) -> list[str]:
    """Files over which the weights are spread, as their index says; one where there is no index."""
    index = folder / "model.safetensors.index.json"
    if not index.is_file():
        return [WEIGHTS_FILE]
    weights = read_object(index).get("weight_map")
    names = set(weights.values()) if isinstance(weights, dict) and all(type(v) is str for v in weights.values()) else set()
    if not names:
        raise GeneratorError(f"{index} names no files of weights", AGAIN)
    return sorted(names)


def read_object(path: Path) -> dict[str, Any]:
    """A JSON object from a model's folder.

    Raises:
        GeneratorError: missing, unreadable, or not a JSON object; names the file.
    """
    return read_json(path, GeneratorError, AGAIN)


def check_tensors(path: Path) -> None:
    """See that a safetensors file is exactly as long as its header says.

    Raises:
        GeneratorError: missing, truncated, too long, or no safetensors file; names it.
    """
    header = read_header(path)
    if header.size > header.end:
        raise GeneratorError(f"{path} has {header.size - header.end:,} bytes too many", AGAIN)


def sha256(path: Path, on_bytes: OnBytes = lambda count: None) -> str:
    """A file's SHA-256 in hexadecimal digits.

    Raises:
        GeneratorError: it cannot be read.
    """
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
                on_bytes(len(chunk))
    except OSError as error:
        raise GeneratorError(f"{path} cannot be read ({error.strerror})", READABLE) from error
    return digest.hexdigest()


def verify_folder(folder: Path, on_bytes: OnBytes = lambda count: None) -> int:
    """Check every file of a model, by its hash too where the manifest has one.

    Returns:
        How many files were checked by their hash.

    Raises:
        GeneratorError: names the first file that is missing, truncated or changed.
    """
    check_folder(folder)
    manifest = read_manifest(folder)
    for name, wanted in manifest.hashes.items() if manifest else ():
        if not (folder / name).is_file():
            raise GeneratorError(f"{folder / name} is missing", AGAIN)
        if sha256(folder / name, on_bytes) != wanted:
            raise GeneratorError(f"{folder / name} is not what it was when it came here: its SHA-256 differs", AGAIN)
    return len(manifest.hashes) if manifest else 0


def partial_folder(name: str) -> Path:
    """Where a model lies until it is whole."""
    return models_root() / PARTIAL / name


def finish(name: str, manifest: Manifest) -> Path:
    """Move a model that has arrived whole to its place.

    Raises:
        GeneratorError: a file is missing or broken, or it cannot be moved.
    """
    arriving, place = partial_folder(name), models_root() / name
    check_folder(arriving)
    try:
        write_manifest(arriving, manifest)
        arriving.rename(place)
        with contextlib.suppress(OSError):
            arriving.parent.rmdir()
    except OSError as error:
        raise GeneratorError(f"{place} cannot be written ({error.strerror})", WRITABLE) from error
    return place


def check_room(needed: int) -> None:
    """See that the disk of the models can take so many bytes more.

    Raises:
        GeneratorError: it cannot.
    """
    root = models_root()
    existing = next(parent for parent in (root, *root.absolute().parents) if parent.exists())
    free = shutil.disk_usage(existing).free
    if free < needed:
        raise GeneratorError(
            f"there is no room in {root}: {needed / 1e9:.1f} GB are needed, {free / 1e9:.1f} GB are free",
            "free some space, or set LIVESET_MODELS to a folder on a larger disk",
        )


def import_folder(source: Path, name: str, on_bytes: OnBytes = lambda count: None, link: bool = False) -> Path:
    """Bring a folder in the published format to its place under the models.

    Args:
        source: the folder; it is checked first, and against its manifest where it has one.
        name: what the model is to be called.
        on_bytes: told of every chunk copied.
        link: make hard links instead of a copy where both lie on one disk.

    Raises:
        GeneratorError: a file is missing or broken, there is no room, or a model of that name is here already.
    """
    files = check_folder(source)
    if (models_root() / name).exists():
        raise GeneratorError(
            f"a model called {name} is here already", f"{command(f'models remove {name}')}, or give another --name"
        )
    check_room(0 if link else sum((source / file).stat().st_size for file in files))
    known, arriving = read_manifest(source), partial_folder(name)
    shutil.rmtree(arriving, ignore_errors=True)
    hashes: dict[str, str] = {}
    try:
        for file in files:
            (arriving / file).parent.mkdir(parents=True, exist_ok=True)
            hashes[file] = _bring(source / file, arriving / file, on_bytes, link)
            if known and known.hashes.get(file, hashes[file]) != hashes[file]:
                raise GeneratorError(f"{source / file} is not what its manifest says: its SHA-256 differs", AGAIN)
        return finish(name, Manifest(known.source if known else str(source.resolve()), hashes))
    except OSError as error:
        raise GeneratorError(f"{name} cannot be copied to {models_root()} ({error.strerror})", WRITABLE) from error
    finally:
        shutil.rmtree(arriving, ignore_errors=True)
        with contextlib.suppress(OSError):
            arriving.parent.rmdir()


def _bring(source: Path, target: Path, on_bytes: OnBytes, link: bool) -> str:
    """Copy or link one file and return its SHA-256."""
    if link:
        with contextlib.suppress(OSError):
            os.link(source.resolve(), target)
            return sha256(target, on_bytes)
    digest = hashlib.sha256()
    with source.open("rb") as read, target.open("wb") as write:
        while chunk := read.read(_CHUNK):
            write.write(chunk)
            digest.update(chunk)
            on_bytes(len(chunk))
    return digest.hexdigest()


def size_of(folder: Path) -> int:
    """Bytes of all files below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
