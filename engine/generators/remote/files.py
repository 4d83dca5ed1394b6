"""The files that a request names: which they are, what is in them, and the same request with them lying elsewhere."""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from engine.protocol import PromptWeight, SectionRequest

KEPT_BYTES: Final = 4_000_000_000
"""Bytes of files from other machines that a machine keeps: the sections of some forty minutes with four stems."""

FRESH_S: Final = 600.0
"""Seconds within which a file that was needed is not removed."""

_DIGITS: Final = 64
"""In a SHA-256 as text: what the names of such files begin with."""


def paths_of(request: SectionRequest) -> tuple[str, ...]:
    """Every file that a request names, once each: what it goes by, LoRAs, prompts, and those of what it is built on."""
    sounds = (each.sound.path for each in (*request.prompts, *request.previous_prompts) if each.sound is not None)
    own = (request.continue_path, request.vary_path, *(lora.path for lora in request.loras), *sounds)
    deeper = paths_of(request.built_on) if request.built_on is not None else ()
    return tuple(dict.fromkeys(path for path in (*own, *deeper) if path is not None))


def moved(request: SectionRequest, places: Mapping[str, str]) -> SectionRequest:
    """The request with its files at other places; a file without another place stays where it is."""

    def to(path: str | None) -> str | None:
        return None if path is None else places.get(path, path)

    def heard(prompt: PromptWeight) -> PromptWeight:
        sound = prompt.sound
        return prompt if sound is None else replace(prompt, sound=replace(sound, path=places.get(sound.path, sound.path)))

    return replace(
        request,
        prompts=tuple(heard(prompt) for prompt in request.prompts),
        previous_prompts=tuple(heard(prompt) for prompt in request.previous_prompts),
        continue_path=to(request.continue_path),
        vary_path=to(request.vary_path),
        loras=tuple(replace(lora, path=places.get(lora.path, lora.path)) for lora in request.loras),
        built_on=None if request.built_on is None else moved(request.built_on, places),
    )


def contents_of(request: SectionRequest) -> dict[str, tuple[str, bytes]]:
    """Of every file that a request names: the SHA-256 of what is in it now, and that; one that cannot be read is left out."""
    found: dict[str, tuple[str, bytes]] = {}
    for path in paths_of(request):
        try:
            data = Path(path).read_bytes()
        except OSError:  # the generator says what it makes of that
            continue
        found[path] = (hashlib.sha256(data).hexdigest(), data)
    return found


def stored(folder: Path, digest: str, data: bytes, like: str) -> Path:
    """Write a file that came here under the SHA-256 of what is in it, with the ending that it had.

    Raises:
        OSError: the disk refuses it.
    """
    place = place_of(folder, digest, like)
    if not place.exists():
        arriving = place.with_suffix(f".{os.getpid()}-{threading.get_ident()}")  # others here may take in the same file
        arriving.write_bytes(data)
        arriving.replace(place)
    return place


def place_of(folder: Path, digest: str, like: str) -> Path:
    """Where a file that came here lies, by the SHA-256 of what is in it, with the ending that it had."""
    return folder / f"{digest}{Path(like).suffix}"


def needed_again(place: Path) -> bool:
    """Whether a file is here; if so, it counts as new for `trim`."""
    with contextlib.suppress(OSError):
        os.utime(place)
        return True
    return False


def trim(folder: Path, most: int = KEPT_BYTES, fresh_s: float = FRESH_S) -> None:
    """Remove files that came here until the others fit, those first that were not needed for longest.

    Args:
        folder: in which they lie, among others that stay.
        most: bytes that may stay.
        fresh_s: what was needed within so many seconds stays in any case: a section may be on its way that needs it.
    """
    kept, now = 0, time.time()
    for needed, size, path in sorted(_arrived(folder), reverse=True):
        kept += size
        if kept > most and now - needed > fresh_s:
            with contextlib.suppress(OSError):
                path.unlink()


def _arrived(folder: Path) -> Iterator[tuple[float, int, Path]]:
    """When each file that came here was needed last, its bytes, and itself."""
    for path in folder.iterdir():
        if len(path.name.partition(".")[0]) == _DIGITS:
            with contextlib.suppress(OSError):  # another maker here may have removed it just now
                found = path.stat()
                yield found.st_mtime, found.st_size, path
