"""Text to music: what a prompt says, as a point in a space of musical parameters.

The words live in presets/vocabulary.toml and the styles in presets/styles/*.toml; both are data, documented in the file,
so that people add their own. Reading one prompt is `engine.prompts.parsing`'s; here several become one point.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from engine.music.key import TONICS, Key
from engine.prompts.parsing import Parsed, parse
from engine.prompts.sounding import read_prompt
from engine.prompts.vocabulary import style_table, vocabulary
from engine.protocol import STEMS, PromptWeight, Role
from engine.timebase import MAX_BPM, MIN_BPM

__all__ = ["DEFAULT_STYLE", "Mix", "Parsed", "decide_beats", "decide_bpm", "decide_key", "mix", "parse"]

DEFAULT_STYLE: Final = "house"
"""What plays when no prompt names a style."""

DEFAULT_WORDS: Final = "electronic music"
"""What a model of text is asked for when no prompt is turned up."""

_NEAR_RANGE: Final = 0.08
"""By how much a tempo that was heard may lie beside a style's range and still be one of it."""

_MOST_NEGATIVE_VALENCE: Final = 0.35
"""Below this valence major modes are not drawn."""


@dataclass(frozen=True, slots=True)
class Mix:
    """Several prompts as one point.

    Attributes:
        params: every musical parameter's value, 0..1.
        styles: (name, share) in alphabetical order, shares summing to 1.
        stems: level of each stem, and of parts of stems that prompts silence, 0..1; absent parts are 1.
        voices: part -> voice -> weight, 0..1, for instruments named.
        avoided: part -> voice -> weight, 0..1, for those that must not play.
        moves: parameter -> how far the prompts moved it from the styles' value.
    """

    params: Mapping[str, float]
    styles: tuple[tuple[str, float], ...]
    stems: Mapping[str, float]
    voices: Mapping[str, Mapping[str, float]]
    moves: Mapping[str, float]
    avoided: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    @property
    def dominant(self) -> str:
        """The heaviest style."""
        return max(self.styles, key=lambda pair: pair[1])[0]


def mix(prompts: Sequence[PromptWeight], role: Role | None = None) -> Mix:
    """The weighted point of several prompts; weights need not be normalised, no prompts give the default style.

    Prompts that name a style share the music among them by weight; where they are light beside one that names none, what
    others suggest comes in, or the default style, so that nothing jumps as they leave. What a prompt bends it bends fully
    when it is as heavy as the heaviest. Everything is a continuous function of the weights. For a ``role``, what a prompt says
    for parts of that role alone ("[Drop] ...") counts; without one, what it says for its main part.

    Raises:
        PromptError: if a vocabulary or style file cannot be read.
    """
    read = [(read_prompt(prompt, role), prompt.weight) for prompt in prompts if prompt.weight > 0 and prompt.text.strip()]
    top = max((weight for _, weight in read), default=1.0)
    styled = sum(weight for parsed, weight in read if parsed.styles)
    hinted = sum(weight for parsed, weight in read if parsed.suggested)
    heard, followed = _heard(styled, top), _heard(hinted, top)
    shares: dict[str, float] = {DEFAULT_STYLE: (1.0 - heard) * (1.0 - followed)}
    moves: dict[str, float] = {}
    silence: dict[str, float] = {}
    voices: dict[str, dict[str, float]] = {}
    avoided: dict[str, dict[str, float]] = {}
    for parsed, weight in read:
        scale = heard * weight / styled if parsed.styles else _felt(weight, top)
        for name, value in parsed.styles.items():
            shares[name] = shares.get(name, 0.0) + value * heard * weight / styled
        for name, value in parsed.suggested.items():
            shares[name] = shares.get(name, 0.0) + value * (1.0 - heard) * followed * weight / hinted
        for name, value in parsed.values.items():
            moves[name] = moves.get(name, 0.0) + value * scale
        for name, level in parsed.stems.items():
            silence[name] = silence.get(name, 0.0) + (1.0 - level) * scale
        for part, named in parsed.voices.items():
            for voice, value in named.items():
                votes = voices.setdefault(part, {})
                votes[voice] = min(1.0, votes.get(voice, 0.0) + value * scale)
        for part, unwanted in parsed.avoided.items():
            for voice in unwanted:
                against = avoided.setdefault(part, {})
                against[voice] = min(1.0, against.get(voice, 0.0) + scale)
    styles = tuple(sorted((name, share) for name, share in shares.items() if share > 0.0))
    params = {name: sum(share * style_table(style).params[name] for style, share in styles) for name in vocabulary().parameters}
    for name, move in moves.items():
        params[name] = min(1.0, max(0.0, params[name] + move))
    levels = {name: max(0.0, 1.0 - gone) for name, gone in silence.items()}
    return Mix(params, styles, {**dict.fromkeys(STEMS, 1.0), **levels}, voices, moves, avoided)


def nothing_up(by_style: bool) -> str:
    """What to tell a performer while every prompt is at 0; ``by_style`` for a generator that plays styles, not texts."""
    return f"no prompt is up: playing {DEFAULT_STYLE if by_style else DEFAULT_WORDS}"


def _heard(weight: float, top: float) -> float:
    """How much of the music prompts of a weight have where the heaviest one has ``top``, 0..1: all of it as heavy as that one.

    Where two weights cross, what falls goes down evenly from there.
    """
    return min(1.0, 2.0 * weight / (weight + top)) if weight > 0.0 else 0.0


def _felt(weight: float, top: float) -> float:
    """How far a prompt bends the music where the heaviest one has ``top``, 0..1.

    Mean of the cross-fade law and the fade-in law, so that both gestures sound even.
    """
    return (_heard(weight, top) + weight / top) / 2.0


def _heaviest(prompts: Sequence[PromptWeight]) -> list[Parsed]:
    order = sorted((prompt for prompt in prompts if prompt.weight > 0), key=lambda prompt: -prompt.weight)
    return [read_prompt(prompt) for prompt in order]


def _as_style(bpm: float, low: float, high: float) -> float:
    """A tempo that was heard, twice or half as fast where a style's range says that it is counted so."""
    near = [bpm * times for times in (1.0, 2.0, 0.5) if low * (1 - _NEAR_RANGE) <= bpm * times <= high * (1 + _NEAR_RANGE)]
    return near[0] if near else bpm


def decide_bpm(prompts: Sequence[PromptWeight], seed: int) -> float:
    """The tempo the prompts ask for, a multiple of half a BPM.

    The heaviest prompt that names one decides. Otherwise it is drawn from the heaviest style's range, bent towards the
    others' by their shares and by words such as "slow".
    """
    point = mix(prompts)
    for parsed in _heaviest(prompts):
        if parsed.bpm is not None:
            return round(parsed.bpm * 2) / 2
        if parsed.heard_bpm:
            return round(min(MAX_BPM, max(MIN_BPM, _as_style(parsed.heard_bpm, *style_table(point.dominant).bpm))) * 2) / 2
    drawn = random.Random(f"bpm {seed}").random()
    place = min(1.0, max(0.0, 0.25 + 0.5 * drawn + point.params["tempo"] - 0.5))
    wanted = 0.0
    for style, share in point.styles:
        low, high = style_table(style).bpm
        wanted += share * (low + place * (high - low))
    low, high = style_table(point.dominant).bpm
    return round(2 * min(high, max(low, wanted))) / 2


def decide_beats(prompts: Sequence[PromptWeight]) -> int:
    """The beats of a bar in the heaviest style."""
    return style_table(mix(prompts).dominant).beats


def decide_key(prompts: Sequence[PromptWeight], seed: int) -> str:
    """The key the heaviest prompt that names one asks for, or one that seed, style and mood choose; canonical spelling."""
    parsed = _heaviest(prompts)
    named = next((each.key for each in parsed if each.key is not None), None)
    if named is not None:
        return named
    point = mix(prompts)
    rng = random.Random(f"key {seed} {point.dominant}")
    tonic = rng.choice(range(len(TONICS)))
    drawn = rng.random()
    mode = next((each.mode for each in parsed if each.mode is not None), None)
    if mode is None:
        modes: dict[str, float] = {}
        for style, share in point.styles:
            for name, weight in style_table(style).modes.items():
                dark = Key.of(0, name).minor
                suits = 1.0 if dark or point.params["valence"] > _MOST_NEGATIVE_VALENCE else 0.0
                modes[name] = modes.get(name, 0.0) + share * weight * suits
        mode = _draw(modes or {"minor": 1.0}, drawn)
    return Key.of(tonic, mode).name


def _draw(weights: Mapping[str, float], place: float) -> str:
    """The name at a place 0..1 along the weights laid end to end."""
    left = place * sum(weights.values())
    for name, weight in weights.items():
        left -= weight
        if left < 0:
            return name
    return next(iter(weights))
