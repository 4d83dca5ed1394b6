"""What a light may say: a state for everything that can be moved or pressed, from a snapshot. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final, Literal

from engine.protocol import LOCKS, Snapshot

Rhythm = Literal["off", "on", "slow", "fast"]
"""How a light shines, whatever its colours: dark, steady, or blinking slowly or fast."""

RHYTHMS: Final[tuple[Rhythm, ...]] = ("off", "on", "slow", "fast")

STATES: Final[dict[str, Rhythm]] = {
    "off": "off",
    "playing": "on",
    "standing in": "slow",
    "next making": "slow",
    "next safe": "on",
    "next late": "fast",
    "take ready": "on",
    "take chosen": "slow",
    "take awaited": "fast",
    "cued": "on",
    "cue awaited": "fast",
    "held": "slow",
    "recording": "fast",
    "muted": "on",
    "locked": "on",
    "raised": "on",
    "chosen": "slow",
    "scene stored": "on",
    "scene active": "slow",
    "scene coming": "fast",
}
"""Every state and its rhythm. States of one light differ in their rhythms, so that no two are told apart by colour alone."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a light shows: a state, and a value 0..1 for rings, faders and displays."""

    state: str = "off"
    value: float = 0.0


DARK: Final = Shown()


def _if(state: str, on: bool) -> Shown:
    return Shown(state, 1.0) if on else DARK


def _playing(s: Snapshot) -> Shown:
    stands_in = bool(s.now.generator) and bool(s.generator) and s.now.generator != s.generator
    return _if("standing in" if stands_in else "playing", s.state == "playing")


def _next(s: Snapshot) -> Shown:
    words = {"making": "next making", "ready": "next safe", "late": "next late", "failed": "next late", "hold": "next late"}
    return Shown(words.get(s.next.state, "off"), s.next.progress)


def _recording(s: Snapshot) -> Shown:
    return _if("recording", s.audio.recording is not None)


def _take(letter: str, s: Snapshot) -> Shown:
    """A take that can come is lit, the chosen one blinks: fast until it is there."""
    take = next((take for take in s.next.takes if take.name.startswith(letter)), None)
    there = take is not None and take.state in ("ready", "old")
    if take is None or not (there or take.chosen):
        return DARK
    return Shown("take ready" if not take.chosen else "take chosen" if there else "take awaited", take.progress)


def _cued(what: str, s: Snapshot) -> Shown:
    """What is heard in the headphones is lit; it blinks until it is there."""
    playing = s.headphones.what == what
    return _if("cue awaited" if s.headphones.waits else "cued", playing)


_PRESSES: Final[dict[str, Callable[[Snapshot], Shown]]] = {
    "play/stop": _playing,
    "play": _playing,
    "next": _next,
    "hold": lambda s: _if("held", s.hold),
    "re-roll": lambda s: _if("take ready", s.next.state == "ready" and s.next.take != "A"),
    **{f"take {letter.lower()}": partial(_take, letter) for letter in "ABC"},
    **{f"cue take {letter.lower()}": partial(_cued, f"take {letter}") for letter in "ABC"},
    "cue hand-over": partial(_cued, "hand-over"),
    "mark 4 bars": lambda s: _if("raised", bool(s.hook)),
    "loop hook": lambda s: _if("held", s.hook_loops),
    "record": _recording,
    "stop recording": _recording,
    "bank": lambda s: _if("raised", s.midi.upper),
}


def _scenes(s: Snapshot) -> dict[str, Shown]:
    shown = {f"scene {number}": Shown("scene stored", 1.0) for number in s.scenes.stored}
    if s.scenes.active:
        shown[f"scene {s.scenes.active}"] = Shown("scene active", 1.0)
    if s.scenes.coming:
        shown[f"scene {s.scenes.coming}"] = Shown("scene coming", s.scenes.progress)
    return shown


def _raised(value: float) -> Shown:
    return Shown("raised" if value > 0.0 else "off", value)


def shown(s: Snapshot, chosen: int | None = None) -> dict[str, Shown]:
    """What every action's light shows, by the action's name; what is not in it is dark.

    Args:
        s: everything, as of one moment.
        chosen: the slot of the prompt that was moved last, from 0; see `moved`.
    """
    found = {name: look(s) for name, look in _PRESSES.items()} | _scenes(s)
    for slot, prompt in enumerate(s.prompts):
        found[f"prompt {slot + 1}"] = Shown("chosen", prompt.weight) if slot == chosen else _raised(prompt.weight)
    for macro in s.macros:
        name = f"macro {macro.name}" if macro.lora is None else f"lora {macro.lora + 1}"
        differs = macro.value != macro.neutral
        found[name] = Shown("raised" if differs else "off", macro.value)
    for what in LOCKS:
        found[f"lock {what}"] = _if("locked", what in s.locks)
    for stem in s.stems:
        found[f"stem {stem.name}"] = _raised(stem.level)
        found[f"mute {stem.name}"] = _if("muted", stem.muted)
    return found


def moved(before: Snapshot | None, now: Snapshot, chosen: int | None) -> int | None:
    """The slot of the prompt that was moved last: the one whose weight differs, or the one before."""
    if before is not None:
        for slot, (old, new) in enumerate(zip(before.prompts, now.prompts, strict=False)):
            if old.text == new.text and old.weight != new.weight:
                return slot
    return chosen
