"""What the model is told: prompts completed in its vocabulary, and how their weights move along a piece."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from engine.prompts.mix import DEFAULT_WORDS
from engine.prompts.parsing import parse
from engine.protocol import PromptWeight, Role, SectionRequest

Curve = npt.NDArray[np.float32]

MOVE_BARS: Final = 4
"""A section moves from the mix before to its own over so many bars at most."""

_LITTLE, _MUCH = 0.25, 0.8
"""Amounts below and above which a quality is put into words."""

POINTS_PER_S: Final = 20

_ROLE_WORDS: Final[dict[Role, str]] = {
    "intro": "intro, sparse beginning",
    "build": "build-up, rising tension",
    "drop": "drop, full groove",
    "breakdown": "breakdown, stripped back",
    "outro": "outro, winding down",
    "free": "",
}
_VOICE: Final = re.compile(r"\b(vocals?|voices?|singing|singer|sung|rap|rapper|choir|lyrics|vocaltype)\b", re.IGNORECASE)
_UNVOICED: Final = re.compile(r"\b(?:no|without|non)[ -](?:vocals?|voices?|singing|lyrics)\b", re.IGNORECASE)


def completed(text: str, request: SectionRequest) -> str:
    """A prompt's text with the section's role, key and tempo, and the tags of instrumental music.

    Tempo and key a prompt names itself give way to the set's, since everything has to lie on one grid; of a prompt with parts
    ("[Drop] ...") only the words for this section's role are told.

    Raises:
        PromptError: if a vocabulary or style file cannot be read.
    """
    own = parse(text, request.role).wording or DEFAULT_WORDS
    bpm = f"{request.bpm:.1f}".removesuffix(".0")
    sung = _VOICE.search(_UNVOICED.sub("", own)) is not None
    parts = [own, _ROLE_WORDS[request.role], *_character(request), f"in {request.key}", f"{bpm} BPM"]
    tags = {"Genre": _genres(own), "TrackType": "Music", "VocalType": "" if sung else "Instrumental"}
    written = {match.lower() for match in _TAG.findall(own)}
    added = [f"{tag}: {value}" for tag, value in tags.items() if value and tag.lower() not in written]
    return ", ".join([part for part in parts if part] + added)


_TAG: Final = re.compile(r"\b(genre|tracktype|vocaltype)\s*:", re.IGNORECASE)
"""Tags that a prompt brings itself."""


def _genres(text: str) -> str:
    """The genres a prompt names outright, the heaviest first, as the model's tags are written: "House, Dub Techno"."""
    parsed = parse(text)
    if parsed.guesses:  # a near miss may be no genre at all
        return ""
    heaviest = sorted(parsed.styles, key=lambda style: -parsed.styles[style])
    return ", ".join(_title(style) for style in heaviest)


def _title(style: str) -> str:
    words = style.split()
    return " ".join(word if word in {"and", "n"} else word.upper() if word == "uk" else word.capitalize() for word in words)


def _character(request: SectionRequest) -> list[str]:
    """Words for energy, density and brightness where they are far from the middle."""
    named = (
        (request.energy, "calm", "high energy"),
        (request.density, "minimal", "dense, layered"),
        (request.brightness, "dark, mellow", "bright"),
    )
    return [low if value < _LITTLE else high for value, low, high in named if not _LITTLE <= value <= _MUCH]


def shares_of(prompts: Sequence[PromptWeight], request: SectionRequest) -> dict[str, float]:
    """Completed texts and their shares of a mix, summing to 1."""
    heard = [prompt for prompt in prompts if prompt.weight > 0] or [PromptWeight(DEFAULT_WORDS, 1.0)]
    total = sum(prompt.weight for prompt in heard)
    shares: dict[str, float] = {}
    for prompt in heard:
        text = completed(prompt.words, request)
        shares[text] = shares.get(text, 0.0) + prompt.weight / total
    return shares


def mix_curves(request: SectionRequest, seconds: float, start_s: float) -> list[tuple[str, float | Curve]]:
    """The mix along a piece: before ``start_s`` the previous section's, over the first bars moving to the section's own.

    Args:
        request: whose prompts and previous_prompts.
        seconds: the piece's length.
        start_s: where in it the section starts.

    Returns:
        (completed text, share or curve of shares over the piece); constant where the mix does not change.
    """
    ours = shares_of(request.prompts, request)
    before = shares_of(request.previous_prompts, request) if request.previous_prompts else ours
    if all(abs(ours.get(text, 0.0) - before.get(text, 0.0)) < 1e-6 for text in {**ours, **before}):
        return list(ours.items())
    bars = min(MOVE_BARS, request.bars)
    length = bars * request.beats_per_bar * 60 / request.bpm
    at = np.linspace(0.0, seconds, max(2, round(seconds * POINTS_PER_S)))
    moved = np.clip((at - start_s) / length, 0.0, 1.0)
    return [
        (text, (before.get(text, 0.0) * (1 - moved) + ours.get(text, 0.0) * moved).astype(np.float32))
        for text in sorted({**ours, **before})
    ]
