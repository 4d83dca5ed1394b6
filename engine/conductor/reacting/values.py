"""Where everything that can be moved stands, and where a step takes it. Pure."""

from __future__ import annotations

import math

from engine.actions import key_value, tempo_value
from engine.conductor.reacting.plan_edits import next_free
from engine.conductor.requests import weights
from engine.conductor.state import State
from engine.conductor.tempo import key_of, tempo_of
from engine.music.key import Key
from engine.protocol import CURVES, LOCKS, MAX_STRENGTH, unit


def values_by_target(state: State) -> dict[str, float]:
    """Every steerable value by its action's name, for knobs that take over softly; mutes and locks that are on count as 1."""
    tempo, key = tempo_value(tempo_of(state, state.here)), key_value(_tonic(state))
    return {**scene_values(state), "tempo": tempo, "key": key, **_locks(state), **_curves(state), **_cue(state)}


def _curves(state: State) -> dict[str, float]:
    """The curves of the plan in the first section that may still be changed; in the last one where none may."""
    part = next_free(state) or state.plan[-1]
    return {f"plan {curve}": getattr(part, curve) for curve in CURVES}


def _cue(state: State) -> dict[str, float]:
    return {"cue level": state.headphones.level, "cue mix": state.headphones.mix}


def _locks(state: State) -> dict[str, float]:
    return {f"lock {what}": float(what in state.steering.locks) for what in LOCKS}


def _tonic(state: State) -> int:
    return Key.parse(key_of(state, state.here)).tonic


def scene_values(state: State) -> dict[str, float]:
    """Those that a scene keeps: a tempo and a key are the whole set's."""
    prompts = {f"prompt {i + 1}": weight for i, weight in enumerate(weights(state, state.plan[state.here]))}
    macros = {f"macro {name}": value for name, value in state.steering.macros}
    stems = {f"stem {stem}": level for stem, level, _ in state.steering.levels}
    loras = {f"lora {i + 1}": lora.strength / MAX_STRENGTH for i, lora in enumerate(state.steering.loras)}
    mutes = {f"mute {stem}": float(muted) for stem, _, muted in state.steering.levels}
    return {**prompts, **macros, **stems, **mutes, **loras}


def stepped(start: float, step: float) -> float:
    """The next multiple of ``step`` above ``start`` (below, for a negative step), held within 0..1."""
    size = abs(step)
    places = start / size
    place = math.floor(places + 1e-6) + 1 if step > 0 else math.ceil(places - 1e-6) - 1
    return round(unit(place * size), 4)


def level_params(levels: tuple[tuple[str, float, bool], ...]) -> tuple[tuple[str, float], ...]:
    """The player's linear gains for some stems: 0 when muted."""
    return tuple((f"level_{stem}", 0.0 if muted else level) for stem, level, muted in levels)
