"""Styles as pocket plays them: the musical part of presets/styles/*.toml, checked and typed; and how a mix shares them out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, TypeVar

from engine.errors import PromptError
from engine.generators.pocket.instruments.shots import MODELS
from engine.generators.pocket.instruments.voices import VOICES
from engine.generators.pocket.parts import DRUM_GROUPS
from engine.prompts.mix import Mix
from engine.prompts.vocabulary import style_table
from engine.protocol import visible
from engine.suggest import did_you_mean

_HINT: Final = "see the header of presets/styles/house.toml"
_SPACE: Final = ("reverb_s", "echo_beats", "drums", "harmony", "lead")
"""Keys of a style's [space] table."""


@dataclass(frozen=True, slots=True)
class Lane:
    """A drum line; the header of presets/styles/house.toml explains the patterns.

    Attributes:
        shot: the drum, a key of the kit.
        group: one of `DRUM_GROUPS`.
        start: energy 0..1 at which it enters.
        gain_db: gain in dB.
        pan: -1 (left) to 1.
        patterns: marks for the sixteenths of a bar, or of two.
        sliced: whether the marks name the sixteenths 0..f of a break.
    """

    shot: str
    group: str
    start: float
    gain_db: float
    pan: float
    patterns: tuple[str, ...]
    sliced: bool = False


@dataclass(frozen=True, slots=True)
class PartStyle:
    """How a style plays a tonal part.

    Attributes:
        voice: a key of `VOICES`; also: others that a set's seed may draw instead.
        start: energy 0..1 at which it enters.
        center: MIDI note around which it plays.
        patterns: of bass (tokens) and comp (marks).
        shape, step, gate: of the arpeggio: direction, beats from note to note, and length as a share of that.
    """

    voice: str
    start: float
    center: int
    patterns: tuple[str, ...] = ()
    shape: str = "up"
    step: float = 0.25
    gate: float = 0.6
    also: tuple[str, ...] = ()

    @property
    def voices(self) -> tuple[str, ...]:
        """All voices that the part may have, the usual one first."""
        return (self.voice, *self.also)

    def drawn(self, draw: float) -> str:
        """One of the voices for a random number in [0, 1)."""
        return self.voices[int(draw * len(self.voices))]


@dataclass(frozen=True, slots=True)
class Progression:
    """Chord roots as scale degrees counted from 0, and the mood they suit (valence 0..1)."""

    chords: tuple[int, ...]
    mood: float


@dataclass(frozen=True, slots=True)
class Style:
    """A style.

    Attributes:
        beats: of a bar as the patterns are written.
        levels: part -> level in LU while it sounds.
        space: reverb time, echo time, and how much of each stem goes there.
        chord_bars: bars that a chord lasts.
        progressions: chord progressions to choose from.
        kit: shot -> model and settings.
        lanes: drum lines.
        parts: tonal part -> how it is played.
    """

    name: str
    levels: Mapping[str, float]
    space: Mapping[str, float]
    chord_bars: int
    progressions: tuple[Progression, ...]
    kit: Mapping[str, tuple[tuple[str, Any], ...]]
    lanes: tuple[Lane, ...]
    parts: Mapping[str, PartStyle]
    beats: int = 4


T = TypeVar("T")


def in_bar(pattern: Sequence[T], bar: int, steps: int) -> list[T]:
    """A pattern's marks for the sixteenths of a bar: the halves of one of two bars take turns, a shorter one begins again.

    Args:
        pattern: marks or tokens, a sixteenth each.
        bar: of the section, from 0.
        steps: sixteenths of the bar.
    """
    start = bar % max(1, len(pattern) // steps) * steps
    return [pattern[(start + step) % len(pattern)] for step in range(steps)]


@lru_cache(maxsize=64)
def load_style(name: str) -> Style:
    """A style by its name.

    Raises:
        PromptError: if its file lacks or misspells something, or cannot be played as written.
    """
    table = style_table(name)
    data = table.data
    try:
        gains = {str(shot): float(gain) for shot, gain in data.get("gains", {}).items()}
        lanes = tuple(
            Lane(
                item["shot"],
                item["group"],
                float(item["from"]),
                float(item["gain"]) + gains.get(item["shot"], 0.0),
                float(item.get("pan", 0.0)),
                tuple(item["pattern"]),
                data["kit"].get(item["shot"], {}).get("model") == "break",
            )
            for item in data["lane"]
        )
        kit = {shot: tuple(sorted(settings.items())) for shot, settings in data["kit"].items()}
        parts = {part: _part(part, data[part]) for part in ("bass", "pad", "comp", "arp", "melody")}
        form = data["form"]
        progressions = tuple(
            Progression(tuple(degree - 1 for degree in item["chords"]), float(item["mood"])) for item in form["progressions"]
        )
        style = Style(name, data["levels"], data["space"], int(form["chord_bars"]), progressions, kit, lanes, parts, table.beats)
        _check(style, gains)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError) as error:
        raise PromptError(f'style "{name}" lacks or misspells {visible(str(error))[:60]}', _HINT) from error
    return style


_TOKENS: Final = {*".-13578", *(f"~{degree}" for degree in "13578")}
_MARKS: Final = {
    "rhythm": set("Xxog.-123456789"),
    "lane": set("Xxog.123456789"),
    "sliced": set("0123456789abcdef."),
    "bass": _TOKENS,
}
"""Marks allowed in the patterns of comp, of drum lanes, of lanes that play a break, and of the bass."""


def _check(style: Style, gains: Mapping[str, float]) -> None:
    """Raise `PromptError` for names that do not exist, patterns that cannot be played, and missing numbers."""

    def known(what: str, name: str, names: Iterable[str]) -> None:
        """Raise unless the name is one of the names."""
        if name not in names:
            raise PromptError(f'style "{style.name}": {what} "{name}"', did_you_mean(name, names))

    for shot in gains:
        known("[gains] names a drum that no lane plays,", shot, [lane.shot for lane in style.lanes])
    for shot, settings in style.kit.items():
        known(f"[kit.{shot}] has no model", str(dict(settings).get("model", "")), MODELS)
    for lane in style.lanes:
        known("no [kit] for the lane's shot", lane.shot, style.kit)
        known(f'lane "{lane.shot}" has no group', lane.group, DRUM_GROUPS)
        _check_patterns(style, f'lane "{lane.shot}"', lane.patterns, _MARKS["sliced" if lane.sliced else "lane"])
    for part, plays in style.parts.items():
        known(f"[{part}] has no voice", next((voice for voice in plays.voices if voice not in VOICES), plays.voice), VOICES)
        if plays.step <= 0.0 or plays.gate <= 0.0:
            raise PromptError(f'style "{style.name}": [{part}] step and gate must be above 0', _HINT)
    _check_patterns(style, "[comp] rhythm", style.parts["comp"].patterns, _MARKS["rhythm"])
    _check_patterns(style, "[bass] pattern", [each.split() for each in style.parts["bass"].patterns], _MARKS["bass"])
    if style.chord_bars < 1 or not style.progressions or not all(each.chords for each in style.progressions):
        raise PromptError(f'style "{style.name}": [form] needs chord_bars of 1 or more, and progressions with chords', _HINT)
    for table, needed in ((style.levels, ("drums", *style.parts)), (style.space, _SPACE)):
        for key in needed:
            if not isinstance(table.get(key), int | float):
                raise PromptError(f'style "{style.name}": {key} is missing or not a number', _HINT)


def _check_patterns(style: Style, where: str, patterns: Sequence[Sequence[str]], marks: set[str]) -> None:
    """Raise `PromptError` unless there are patterns, and each is these marks for the sixteenths of one bar or two."""
    steps = 4 * style.beats
    for pattern in patterns:
        if len(pattern) not in {steps, 2 * steps} or not set(pattern) <= marks:
            written = (pattern if isinstance(pattern, str) else " ".join(pattern))[:40]
            raise PromptError(
                f'style "{style.name}": {where}: "{written}" is not {steps} marks, or two bars of them',
                f"marks are {' '.join(sorted(marks))}; {_HINT}",
            )
    if not patterns:
        raise PromptError(f'style "{style.name}": {where} has no pattern', _HINT)


def _part(part: str, data: Mapping[str, Any]) -> PartStyle:
    low = data.get("low")
    return PartStyle(
        voice=str(data["voice"]),
        start=float(data["from"]),
        center=int(low + 6 if low is not None else data["center"]),
        patterns=tuple(data.get("pattern" if part == "bass" else "rhythm", ())),
        shape=str(data.get("shape", "up")),
        step=float(data.get("step", 0.25)),
        gate=float(data.get("gate", 0.6)),
        also=tuple(map(str, data.get("also", ()))),
    )


_ELEMENT_POSITIONS: Final = {
    "kick": 0.53,
    "snare": 0.60,
    "hats": 0.40,
    "perc": 0.33,
    "bass": 0.47,
    "pad": 0.67,
    "comp": 0.27,
    "arp": 0.20,
    "melody": 0.73,
    "progression": 0.80,
}
"""Element -> where along the styles' shares, laid end to end, it looks for its style. As a knob moves, elements change style one
after another instead of all at once, and its position alone decides what plays."""


def style_for(mix: Mix, element: str) -> Style:
    """The one style that decides an element of the music, a key of `_ELEMENT_POSITIONS`."""
    place = _ELEMENT_POSITIONS[element]
    below = 0.0
    for name, share in mix.styles:
        below += share
        if place < below:
            return load_style(name)
    return load_style(mix.styles[-1][0])


EVERY_BEAT: Final = [0, 4, 8, 12]
"""Sixteenths of a bar of four beats that are its beats."""

OFF_BEATS: Final = [2, 6, 10, 14]
"""Sixteenths of a bar of four beats that are off-beats."""


def off_beat_cymbal(mix: Mix) -> Lane | None:
    """The cymbal that plays every off-beat firmly, as in house; None where the style has none."""
    lanes = (lane for lane in style_for(mix, "hats").lanes if lane.group == "hats" and not lane.sliced)
    return next((lane for lane in lanes if firm_steps(lane) == OFF_BEATS), None)


def firm_steps(lane: Lane) -> list[int]:
    """Sixteenths of a lane's first pattern that are hits or accents."""
    return [step for step, mark in enumerate(lane.patterns[0]) if mark in "Xx"]


_HALF_WIDTH: Final = (0.5, 0.02)
"""Half the width, in share, over which `styles_for` crossfades an element from one style to the next: for few styles, where
every element is shared out as the styles are, and for many, where that would take too many voices."""
_FEW, _MANY = 2.0, 4.0
"""Number of equally weighted styles that counts as few, and as many."""


def styles_for(mix: Mix, element: str) -> list[tuple[Style, float]]:
    """The styles that share an element (a key of `_ELEMENT_POSITIONS`), and their shares: above 0, summing to 1."""
    count = 1.0 / sum(share * share for _, share in mix.styles)
    few = min(1.0, max(0.0, (_MANY - count) / (_MANY - _FEW)))
    half = _HALF_WIDTH[1] + (_HALF_WIDTH[0] - _HALF_WIDTH[1]) * few
    place = 0.5 * few + _ELEMENT_POSITIONS[element] * (1.0 - few)
    low, high = place - half, place + half
    found: list[tuple[Style, float]] = []
    below = 0.0
    for name, share in mix.styles:
        inside = min(high, below + share) - max(low, below)
        below += share
        if inside > 1e-6:
            found.append((load_style(name), inside))
    whole = sum(inside for _, inside in found)
    return [(style, inside / whole) for style, inside in found]


def blend(mix: Mix, table: str, key: str) -> float:
    """A number from the styles' ``levels`` or ``space`` table, averaged by share."""
    return float(sum(share * getattr(load_style(name), table)[key] for name, share in mix.styles))
