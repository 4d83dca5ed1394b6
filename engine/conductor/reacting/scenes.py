"""Scenes: everything that can be moved, kept under a number and brought back, at once or over some bars. Pure.

Where a hand moves a value that is on its way, the hand wins: that value is let go of, the others go on.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Final

from engine import protocol as p
from engine.conductor.events import SetParams, Step, Tell
from engine.conductor.reacting.tempo_and_key import bend
from engine.conductor.reacting.values import level_params, scene_values
from engine.conductor.state import State
from engine.conductor.steering import Aim, Morph, Scene, Slot

NEAR: Final = 1e-6
"""Values as near as this are the same: no hand and no control is as fine."""

PROMPT: Final = "prompt "
STEPS_PER_BEAT: Final = 1
"""How often a prompt's weight moves on the way: each step may be a section made anew, and is heard from the next beat on."""


def _lives(number: int) -> bool:
    return 1 <= number <= p.MAX_SCENES


def current(state: State) -> Scene:
    """Where everything stands now, as it is heard."""
    values = scene_values(state)
    prompts = tuple((slot.text, values[f"{PROMPT}{i + 1}"]) for i, slot in enumerate(state.steering.slots))
    rest = tuple((name, value) for name, value in values.items() if not name.startswith(PROMPT))
    return Scene(prompts, rest, bpm=state.steering.own_bpm, key=state.steering.own_key)


def store(state: State, command: p.StoreScene) -> Step:
    """Keep where everything stands; a scene that comes in is kept as it will stand."""
    number = command.number
    if not _lives(number):
        return state, ()
    arrived, _ = landed(state)
    held = dict(state.steering.scenes)
    scenes = tuple(sorted((held | {number: current(arrived)}).items()))
    told = f"Scene {number} is stored{', in place of the one before it' if number in held else ''}."
    return state.with_steering(scenes=scenes, scene=number if state.steering.morph is None else state.steering.scene), (
        Tell("info", told),
    )


def recall(state: State, command: p.RecallScene) -> Step:
    """Have a scene come in, in place of one that is still coming in."""
    number = command.number
    scene = dict(state.steering.scenes).get(number)
    if scene is None:
        return state, (Tell("info", f"Scene {number} is empty: store one first."),) if _lives(number) else ()
    before = len(state.steering.slots)
    state, lost = _with_prompts(state.with_steering(morph=None), scene)
    added = len(state.steering.slots) - before
    back = f"Scene {number} brings back {'a prompt' if added == 1 else f'{added} prompts'} that had gone."
    told = (
        *((Tell("info", back),) if added else ()),
        *((Tell("warning", f"Scene {number}: no room for {lost} of its prompts."),) if lost else ()),
    )
    here, goals = scene_values(state), _goals(state, scene)
    # a prompt that stands there already is an aim too: from then on the plan's leanings leave it where the scene has it
    moves = (name for name, goal in goals.items() if name.startswith(PROMPT) or abs(goal - here[name]) > NEAR)
    aims = tuple(Aim(name, here[name], goals[name]) for name in moves)
    first, last = _way(state, command)
    state, params = _begin(state.with_steering(morph=Morph(number, first, last, aims), scene=0))
    state, more = go_on(state)
    return state, (*params, *more, *told)


def _way(state: State, command: p.RecallScene) -> tuple[int, int]:
    """The frames between which a scene comes in: now, where the set does not play."""
    settings, frame = state.settings, state.transport.frame
    if state.transport.run != "playing":
        return frame, frame
    grid = state.grid
    bars = min(p.LONGEST_MORPH, max(0, settings.scene_bars if command.bars is None else command.bars))
    if (command.at or settings.scene_at) == "bar":
        bar = grid.next_bar(frame)
        return grid.frame_of_bar(bar), grid.frame_of_bar(bar + bars)
    return frame, frame + round(bars * grid.frames_per_bar)


def _with_prompts(state: State, scene: Scene) -> tuple[State, int]:
    """The state with the scene's prompts that are gone, at 0, and how many have no room."""
    slots, left = state.steering.slots, [slot.text for slot in state.steering.slots]
    lost = 0
    for text, weight in scene.prompts:
        if text in left:
            left.remove(text)
        elif len(slots) < p.MAX_PROMPTS:
            slots = (*slots, Slot(text, 0.0, touched=True))
        elif weight > 0.0:
            lost += 1
    return state.with_steering(slots=slots), lost


def _goals(state: State, scene: Scene) -> dict[str, float]:
    """Where the scene has everything that is there, by the actions' names."""
    asked = list(scene.prompts)
    goals: dict[str, float] = {}
    for i, slot in enumerate(state.steering.slots):
        found = next((each for each in asked if each[0] == slot.text), None)
        if found is not None:
            asked.remove(found)
            goals[f"{PROMPT}{i + 1}"] = found[1]
        elif scene.whole:
            goals[f"{PROMPT}{i + 1}"] = 0.0
    there = scene_values(state)
    return goals | {name: p.unit(value) for name, value in scene.values if name in there}


def _begin(state: State) -> Step:
    """A stem that the scene opens comes up from nothing."""
    morph = state.steering.morph
    assert morph is not None
    if morph.first == morph.last:
        return state, ()
    levels = {f"stem {stem}": level for stem, level, _ in state.steering.levels}
    aims = {aim.name: aim for aim in morph.aims}
    for stem in [name.removeprefix("mute ") for name, aim in aims.items() if name.startswith("mute ") and aim.goal < aim.start]:
        goal = aims[f"stem {stem}"].goal if f"stem {stem}" in aims else levels[f"stem {stem}"]
        aims[f"stem {stem}"] = Aim(f"stem {stem}", 0.0, goal)
    return state.with_steering(morph=replace(morph, aims=tuple(aims.values()))), ()


def progress(morph: Morph, frame: int) -> float:
    """How far a scene has come in at one of the transport's frames, 0..1."""
    if frame < morph.first:
        return 0.0
    return 1.0 if frame >= morph.last else (frame - morph.first) / (morph.last - morph.first)


def go_on(state: State) -> Step:
    """Move what is on its way to where it has to be by now."""
    morph, frame = state.steering.morph, state.transport.frame
    if morph is None or frame < morph.first:
        return state, ()
    done = progress(morph, frame)
    beats = max(1, round((morph.last - morph.first) / state.grid.frames_per_beat)) * STEPS_PER_BEAT
    by_beat = math.floor(done * beats) / beats
    values = {aim.name: _at(aim, by_beat if aim.name.startswith(PROMPT) else done) for aim in morph.aims}
    state, params = _put(state, values)
    if done >= 1.0:
        state, more = _timed(state.with_steering(morph=None, scene=morph.number))
        return state, (*params, *more)
    return state, params


def _timed(state: State) -> Step:
    """The state in the tempo and key of the scene that has come in."""
    steering = state.steering
    scene = dict(steering.scenes).get(steering.scene, Scene(whole=False))
    bpm = scene.bpm if scene.whole or scene.bpm is not None else steering.bpm
    key = scene.key if scene.whole or scene.key is not None else steering.key
    bpm = steering.bpm if "tempo" in steering.locks or steering.clocked else bpm
    key = steering.key if "key" in steering.locks else key
    if (bpm, key) == (steering.bpm, steering.key):
        return state, ()
    state = state.with_steering(bpm=bpm, key=key)
    return state, (bend(state),)


def _at(aim: Aim, done: float) -> float:
    """A value on its way; what is opened opens first, and what is muted is muted last."""
    if aim.name.startswith("mute "):
        return aim.goal if aim.goal < aim.start or done >= 1.0 else aim.start
    return aim.goal if done >= 1.0 else aim.start + (aim.goal - aim.start) * done


def landed(state: State) -> Step:
    """The state once the scene that comes in has; of nothing, the state itself."""
    morph = state.steering.morph
    if morph is None:
        return state, ()
    state, params = _put(state, {aim.name: aim.goal for aim in morph.aims})
    state, more = _timed(state.with_steering(morph=None, scene=morph.number))
    return state, (*params, *more)


def moved_by_hand(before: State, after: State) -> State:
    """The state after a command, with what it moved let go of: a hand moves no scene's value."""
    if after.steering is before.steering:
        return after
    old, new = scene_values(before), scene_values(after)
    texts = [slot.text for slot in before.steering.slots] != [slot.text for slot in after.steering.slots]
    moved = {name for name, value in new.items() if abs(value - old.get(name, -1.0)) > NEAR}
    if not moved and not texts:
        return after
    morph = after.steering.morph
    if morph is not None:
        aims = tuple(aim for aim in morph.aims if aim.name not in moved)
        morph = replace(morph, aims=aims) if aims else None
    return after.with_steering(morph=morph, scene=0)


def _put(state: State, values: dict[str, float]) -> Step:
    """Some values where they shall be, and what the player has to know of them."""
    steering = state.steering
    slots = tuple(
        slot if (to := values.get(f"{PROMPT}{i + 1}")) is None else replace(slot, weight=p.unit(to), touched=True)
        for i, slot in enumerate(steering.slots)
    )
    macros = tuple((name, p.unit(values.get(f"macro {name}", value))) for name, value in steering.macros)
    levels = tuple(
        (stem, p.unit(values.get(f"stem {stem}", level)), values.get(f"mute {stem}", float(muted)) > 0.5)
        for stem, level, muted in steering.levels
    )
    loras = tuple(
        lora if (to := values.get(f"lora {i + 1}")) is None else replace(lora, strength=p.MAX_STRENGTH * p.unit(to))
        for i, lora in enumerate(steering.loras)
    )
    changed = [
        *(pair for pair, before in zip(macros, steering.macros, strict=True) if pair != before),
        *(pair for pair, before in zip(level_params(levels), level_params(steering.levels), strict=True) if pair != before),
    ]
    state = state.with_steering(slots=slots, macros=macros, levels=levels, loras=loras)
    return state, (SetParams(tuple(changed)),) if changed else ()
