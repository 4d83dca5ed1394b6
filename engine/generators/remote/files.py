"""The files that a request names: which they are, what is in them, and the same request with them lying elsewhere."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from engine.protocol import PromptWeight, SectionRequest


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
    place = folder / f"{digest}{Path(like).suffix}"
    if not place.exists():
        arriving = place.with_suffix(".arriving")
        arriving.write_bytes(data)
        arriving.replace(place)
    return place
