"""Before anything happens: a preset and what the command line overrides become a plan and the conductor's first state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from engine.conductor.planning.numbering import identified
from engine.conductor.planning.plan import (
    ENERGY,
    PHRASE,
    SHARE,
    PlannedSection,
    arc,
    bars_per_share,
    brightness_at,
    density_at,
    fit,
    into,
    spread,
    total_bars,
)
from engine.conductor.planning.script import lifted, scripted
from engine.conductor.state import Settings, State, Work
from engine.conductor.steering import Scene, Slot, Steering
from engine.generator_names import STAND_IN
from engine.music.motif import make_motif
from engine.presets import Preset, SceneTable, SectionTable, checked_generator
from engine.presets.tables import prompt_number
from engine.prompts.mix import decide_beats, decide_bpm, decide_key
from engine.protocol import (
    MACRO_TABLE,
    MACROS,
    MAX_STRENGTH,
    STEMS,
    TRANSITION_BY_KIND,
    LoraStrength,
    PromptWeight,
    SetOptions,
    Traits,
)
from engine.timebase import Grid

NOTHING_ASKED: Final = SetOptions()


def opening_state(preset: Preset, options: SetOptions = NOTHING_ASKED) -> State:
    """The conductor's state before anything happened.

    Raises:
        LivesetError: if a prompt or key cannot be understood.
    """
    seed = preset.set.seed if options.seed is None else options.seed
    generator = checked_generator(options.generator) if options.generator else preset.set.generator
    mix = [PromptWeight(prompt.text, prompt.weight) for prompt in preset.prompt]
    grid = Grid(preset.set.bpm or decide_bpm(mix, seed), preset.set.beats_per_bar or decide_beats(mix))
    key = preset.set.key or decide_key(mix, seed)
    plan = lifted(scripted(plan_set(preset, grid, options.minutes), seed), key, preset.set.lift)
    settings = Settings(
        grid=grid,
        key=key,
        seed=seed,
        title=preset.set.title,
        total_bars=sum(part.bars for part in plan),
        plan=plan,
        motif=make_motif(seed, grid.beats_per_bar),
        stand_in=STAND_IN if generator != STAND_IN else "",
        loads=generator,
        scene_at=preset.scenes.at,
        scene_bars=preset.scenes.bars,
    )
    slots = tuple(Slot(prompt.text, prompt.weight) for prompt in preset.prompt)
    loras = tuple(LoraStrength(lora.path, lora.strength) for lora in preset.lora)
    start = preset.start
    stems = dict.fromkeys((*STEMS, *start.stems, *start.muted))
    steering = Steering(
        slots,
        macros=tuple((row.name, start.macros.get(row.name, row.neutral)) for row in MACRO_TABLE),
        levels=tuple((stem, start.stems.get(stem, 1.0), stem in start.muted) for stem in stems),
        loras=loras,
        scenes=tuple(sorted((scene.number, _scene(scene, preset)) for scene in preset.scene)),
    )
    state = State(settings, plan, steering, work=Work(generator, Traits(live=generator == STAND_IN)))
    state = identified(state)  # the plan as it was asked for has the same ids: it may be played again
    return replace(state, settings=replace(settings, plan=state.plan))


def _scene(table: SceneTable, preset: Preset) -> Scene:
    """A preset's scene: whole where it moves everything there is, as one that was saved does."""
    named = ((prompt_number(name), name, to) for name, to in table.prompts.items())
    prompts = tuple((name if number is None else preset.prompt[number - 1].text, to) for number, name, to in named)
    mutes = tuple((f"mute {stem}", float(stem in table.muted)) for stem in dict.fromkeys((*table.stems, *table.muted)))
    values = (
        *((f"macro {name}", value) for name, value in table.macros.items()),
        *((f"stem {stem}", level) for stem, level in table.stems.items()),
        *mutes,
        *((f"lora {number}", strength / MAX_STRENGTH) for number, strength in table.loras.items()),
    )
    whole = len(table.macros) == len(MACROS) and len(table.stems) >= len(STEMS)
    return Scene(prompts, values, whole, table.bpm, table.key)


def plan_set(preset: Preset, grid: Grid, minutes: float | None = None) -> tuple[PlannedSection, ...]:
    """The plan of a preset.

    A section's bars are what the preset says; sections that say none share what is left of the minutes. Bars give way to minutes
    alone that the caller asks for.

    Args:
        preset: its sections are taken where it has some.
        grid: tempo and metre.
        minutes: overrides the preset's.
    """
    asked = preset.set.minutes if minutes is None else minutes
    if not preset.section:
        return arc(total_bars(preset.minutes if asked is None else asked, grid), bars_per_share(grid))
    share = bars_per_share(grid)
    planned = _named_on(tuple(_from_table(table, index, preset.section, share) for index, table in enumerate(preset.section)))
    free = [i for i, table in enumerate(preset.section) if table.bars is None]
    target = total_bars(preset.minutes if asked is None else asked, grid)
    room = target - sum(part.bars for i, part in enumerate(planned) if i not in free)
    if not free or room < len(free) * PHRASE:
        return fit(planned, target) if minutes is not None else _short(planned, free)
    bars = spread([SHARE[planned[i].role] for i in free], room)
    by_index = dict(zip(free, bars, strict=True))
    return tuple(replace(part, bars=by_index.get(i, part.bars)) for i, part in enumerate(planned))


def _named_on(planned: tuple[PlannedSection, ...]) -> tuple[PlannedSection, ...]:
    """Parts that name no tempo or key name that of the part before: so it stays theirs, should that one be left out."""
    bpm, key, made = None, None, []
    for part in planned:
        bpm, key = part.bpm or bpm, part.key or key
        made.append(replace(part, bpm=bpm, key=key))
    return tuple(made)


def _short(planned: tuple[PlannedSection, ...], free: Sequence[int]) -> tuple[PlannedSection, ...]:
    """The plan whose sections with bars leave no time for those without: these are a phrase each."""
    return tuple(replace(part, bars=PHRASE) if i in free else part for i, part in enumerate(planned))


def scaled_note(preset: Preset, grid: Grid, minutes: float | None = None) -> str | None:
    """A sentence for people when a preset's bars and the minutes disagree, else None.

    Args:
        preset: as `plan_set` takes it.
        grid: tempo and metre.
        minutes: overrides the preset's.
    """
    asked = preset.set.minutes if minutes is None else minutes
    if asked is None or not preset.section:
        return None
    given, target = sum(table.bars or 0 for table in preset.section), total_bars(asked, grid)
    planned = sum(part.bars for part in plan_set(preset, grid, minutes))
    if minutes is not None and planned == target:
        kept = given + PHRASE * sum(table.bars is None for table in preset.section) <= target
        whole = all(table.bars for table in preset.section) and given != target
        return f"its sections of {given} bars are fitted to {asked:g} minutes, {target} bars" if whole or not kept else None
    if planned == target:
        return None
    return f"its sections' bars count: they are {planned} bars, its minutes ({asked:g}) would be {target}"


def _from_table(table: SectionTable, index: int, tables: Sequence[SectionTable], share: float) -> PlannedSection:
    energy = ENERGY[table.role] if table.energy is None else table.energy
    after = tables[index + 1].role if index + 1 < len(tables) else None
    kind, bars = (table.transition, TRANSITION_BY_KIND[table.transition].bars) if table.transition else into(after, share)
    number = sum(other.role == table.role for other in tables[: index + 1])
    name = table.name or (table.role if number == 1 else f"{table.role} {number}")
    return PlannedSection(
        name=name,
        role=table.role,
        bars=table.bars or round(SHARE[table.role] * share),
        energy=energy,
        density=density_at(energy) if table.density is None else table.density,
        brightness=brightness_at(energy) if table.brightness is None else table.brightness,
        prompts=tuple(sorted((slot - 1, weight) for slot, weight in table.prompts.items())),
        transition=kind,
        transition_bars=bars,
        bpm=table.bpm,
        key=table.key,
        glide=table.glide,
    )
