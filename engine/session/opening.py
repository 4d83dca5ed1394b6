"""Before anything happens: a preset and what the command line overrides become a plan and the conductor's first state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from engine.conductor.piece import Piece
from engine.conductor.pieces import placed
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
from engine.errors import PresetError
from engine.generator_names import STAND_IN
from engine.music.motif import make_motif
from engine.presets import Preset, SceneTable, SectionTable, SetList, as_set_list, checked_generator
from engine.presets.tables import prompt_number
from engine.prompts.mix import decide_beats, decide_bpm, decide_key
from engine.protocol import (
    MACRO_TABLE,
    MACROS,
    MAX_MINUTES,
    MAX_STRENGTH,
    STEMS,
    TRANSITION_BY_KIND,
    LoraStrength,
    PromptWeight,
    SetOptions,
    Traits,
)
from engine.session.heard_files import heard
from engine.timebase import Grid

NOTHING_ASKED: Final = SetOptions()


def opening_state(preset: Preset | SetList, options: SetOptions = NOTHING_ASKED) -> State:
    """The conductor's state before anything happened; of a set list the first piece says what counts for all.

    Raises:
        LivesetError: if a prompt or key cannot be understood, or the pieces cannot follow one another.
    """
    chosen = as_set_list(preset)
    pieces, grid = pieces_of(chosen, options)
    first, opening, several = pieces[0], chosen.first, len(pieces) > 1
    plan = tuple(part for place, piece in enumerate(pieces) for part in placed(piece, place))
    generator = checked_generator(options.generator) if options.generator else opening.set.generator
    settings = Settings(
        grid=grid,
        key=first.key,
        seed=first.seed,
        title=chosen.name,
        total_bars=sum(part.bars for part in plan),
        plan=plan,
        motif=first.motif,
        stand_in=STAND_IN if generator != STAND_IN else "",
        loads=generator,
        scene_at=first.scene_at,
        scene_bars=first.scene_bars,
        pieces=pieces if several else (),
    )
    macros, levels = dict(first.macros), {stem: (level, muted) for stem, level, muted in first.levels}
    steering = Steering(
        first.slots,
        macros=tuple((row.name, macros.get(row.name, row.neutral)) for row in MACRO_TABLE),
        levels=tuple((stem, *levels.get(stem, (1.0, False))) for stem in dict.fromkeys((*STEMS, *levels))),
        loras=first.loras,
        scenes=first.scenes,
    )
    state = State(settings, plan, steering, work=Work(generator, Traits(live=generator == STAND_IN)))
    state = identified(state)  # the plan as it was asked for has the same ids: it may be played again
    return replace(state, settings=replace(settings, plan=state.plan))


def pieces_of(chosen: SetList, options: SetOptions = NOTHING_ASKED) -> tuple[tuple[Piece, ...], Grid]:
    """The pieces of a set, each with its own plan, and the grid that the set begins with.

    Minutes that are asked for are shared out as long as each piece would be; another seed gives each piece another one.

    Raises:
        LivesetError: if a prompt or key cannot be understood, a piece has another metre, or all of them are too long.
    """
    several = len(chosen.pieces) > 1
    whole = sum(preset.minutes for preset in chosen.pieces)
    pieces, grids = [], []
    for number, preset in enumerate(chosen.pieces, 1):
        seed = preset.set.seed if options.seed is None else options.seed + number - 1
        minutes = None if options.minutes is None else options.minutes * preset.minutes / whole if several else options.minutes
        slots = _slots(preset)
        mix = [PromptWeight(slot.text, slot.weight, slot.sound) for slot in slots]
        grid = Grid(preset.set.bpm or decide_bpm(mix, seed), preset.set.beats_per_bar or decide_beats(mix))
        key = preset.set.key or decide_key(mix, seed)
        plan = lifted(scripted(plan_set(preset, grid, minutes), seed), key, preset.set.lift)
        pieces.append(_piece(preset, number, seed, grid, key, _in_full(plan, grid.bpm, key) if several else plan))
        grids.append(grid)
    _check_pieces(chosen, pieces, grids)
    return tuple(pieces), grids[0]


def _in_full(plan: tuple[PlannedSection, ...], bpm: float, key: str) -> tuple[PlannedSection, ...]:
    """A piece's plan in which every part names its tempo and key, whatever piece comes to stand before it."""
    made = []
    for part in plan:
        bpm, key = part.bpm or bpm, part.key or key
        made.append(replace(part, bpm=bpm, key=key))
    return tuple(made)


def _piece(preset: Preset, number: int, seed: int, grid: Grid, key: str, plan: tuple[PlannedSection, ...]) -> Piece:
    start = preset.start
    return Piece(
        title=preset.set.title,
        number=number,
        seed=seed,
        bpm=grid.bpm,
        key=key,
        motif=make_motif(seed, grid.beats_per_bar),
        plan=plan,
        slots=_slots(preset),
        loras=tuple(LoraStrength(lora.path, lora.strength) for lora in preset.lora),
        scenes=tuple(sorted((scene.number, _scene(scene, preset)) for scene in preset.scene)),
        macros=tuple((name, value) for name, value in start.macros.items()),
        levels=tuple(
            (stem, start.stems.get(stem, 1.0), stem in start.muted) for stem in dict.fromkeys((*start.stems, *start.muted))
        ),
        scene_at=preset.scenes.at,
        scene_bars=preset.scenes.bars,
    )


def _slots(preset: Preset) -> tuple[Slot, ...]:
    """A preset's prompts, with what is heard in those that are files.

    Raises:
        SoundError: nothing can be heard in one of them.
    """
    return tuple(
        Slot(prompt.label, prompt.weight, sound=None if prompt.audio is None else heard(Path(prompt.audio), prompt.text))
        for prompt in preset.prompt
    )


def _check_pieces(chosen: SetList, pieces: Sequence[Piece], grids: Sequence[Grid]) -> None:
    """Make sure that pieces can follow one another."""
    first = grids[0]
    for preset, grid in zip(chosen.pieces, grids, strict=True):
        if grid.beats_per_bar != first.beats_per_bar:
            odd = f"{preset.source}: {grid.beats_per_bar} beats a bar, and {chosen.first.source} has {first.beats_per_bar}"
            raise PresetError(odd, "give all pieces of a set the same beats_per_bar")
    minutes = sum(
        sum(part.bars for part in piece.plan) * float(grid.frames_per_bar) / grid.rate / 60
        for piece, grid in zip(pieces, grids, strict=True)
    )
    if len(pieces) > 1 and minutes > MAX_MINUTES:
        hours = MAX_MINUTES // 60
        raise PresetError(f"the pieces are {minutes / 60:.0f} hours long", f"a set has {hours} hours at most: leave some out")


def notes(chosen: SetList, options: SetOptions = NOTHING_ASKED) -> tuple[str, ...]:
    """Sentences for people on what of the pieces cannot be as their files say."""
    first = chosen.first
    if len(chosen.pieces) == 1:
        return (note,) if (note := scaled_note(first, pieces_of(chosen, options)[1], options.minutes)) else ()
    plays = options.generator or first.set.generator
    others = (preset.set for preset in chosen.pieces[1:] if preset.set.generator != plays and not options.generator)
    return tuple(f"{own.title[:30]} asks for {own.generator[:20]}; the first piece's {plays[:20]} plays it" for own in others)


def _scene(table: SceneTable, preset: Preset) -> Scene:
    """A preset's scene: whole where it moves everything there is, as one that was saved does."""
    named = ((prompt_number(name), name, to) for name, to in table.prompts.items())
    prompts = tuple((name if number is None else preset.prompt[number - 1].label, to) for number, name, to in named)
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
    kind, bars = (table.transition, TRANSITION_BY_KIND[table.transition].bars) if table.transition else into(after)
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
