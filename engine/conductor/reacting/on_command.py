"""What each command does to the conductor's state. Pure; a table from command to function."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from engine import protocol as p
from engine.actions import ACTIONS
from engine.conductor.events import Action, CutTails, SetParams, Tell
from engine.conductor.messages import because
from engine.conductor.pieces import sounding
from engine.conductor.planning.plan import PlannedSection
from engine.conductor.reacting import hooks, listening, room, scenes
from engine.conductor.reacting.hand_overs import choose_transition, step_transition, stretch_transition
from engine.conductor.reacting.locks import locked_out, set_lock
from engine.conductor.reacting.over import go_on, play_again, refused
from engine.conductor.reacting.piece_edits import choose_piece, edit_pieces
from engine.conductor.reacting.plan_by_section import edit_part, insert_part, set_curve, step_curve
from engine.conductor.reacting.plan_edits import edit_plan
from engine.conductor.reacting.takes import choose_take
from engine.conductor.reacting.tempo_and_key import nudge_time, set_key, set_tempo, step_key, step_tempo, tap_tempo
from engine.conductor.reacting.undo import redo, remember, undo
from engine.conductor.reacting.values import level_params, stepped, values_by_target
from engine.conductor.reacting.variations import re_roll, re_roll_stem, take_stem, varied
from engine.conductor.requests import next_index
from engine.conductor.state import State
from engine.conductor.steering import Cut, Slot, Variation
from engine.conductor.tempo import key_of, tempo_of

Step = tuple[State, tuple[Action, ...]]

MIN_AMOUNT: Final = 0.02
"""The least that a variation changes: with none it would be what plays, again."""


def take_command(state: State, command: p.Command) -> Step:
    """Apply a command; those that are not the conductor's (recording, devices, quitting) change nothing."""
    if (told := refused(state, command)) is not None:
        return state, (told,)
    if (kept := locked_out(state, command)) is not None:
        return state, kept
    handler = _COMMANDS.get(type(command))
    if handler is None:
        return state, ()
    if isinstance(command, p.StoreScene | p.RecallScene):
        after, actions = handler(state, command)
        return remember(state, after, command), actions
    landed, params = scenes.landed(state) if isinstance(command, p.RemovePrompt | p.MovePrompt | p.Panic) else (state, ())
    after, actions = handler(landed, command)
    if isinstance(command, p.Undo | p.Redo):
        return after, actions
    return remember(state, scenes.moved_by_hand(landed, after), command), (*params, *actions)


def _play(state: State, command: p.Play) -> Step:
    if state.transport.run == "stopped":
        return state.with_transport(run="playing", wants_play=True), (SetParams((("run", 1.0),)),)
    return state.with_transport(wants_play=True), ()


def _stop(state: State, command: p.Stop) -> Step:
    if state.transport.run == "playing":
        return state.with_transport(run="stopped", wants_play=False), (SetParams((("run", 0.0),)),)
    return state.with_transport(wants_play=False), ()


def _toggle(state: State, command: p.TogglePlay) -> Step:
    running = state.transport.run == "playing" or (state.transport.run == "starting" and state.transport.wants_play)
    return _stop(state, p.Stop()) if running else _play(state, p.Play())


def _next_now(state: State, command: p.NextNow) -> Step:
    if next_index(state) is None:
        return state, (Tell("info", "This is the last section: nothing follows it."),)
    if state.transport.now is None:
        return state, ()
    return state.with_transport(jump=True).with_steering(held=False, loop=None), ()


def _hold(state: State, command: p.Hold) -> Step:
    on = not state.steering.held if command.on is None else command.on
    return state.with_transport(jump=state.transport.jump and not on).with_steering(held=on, loop=None), ()


def _vary_next(state: State, command: p.VaryNext) -> Step:
    if next_index(state) is None:
        return state, (Tell("info", "Nothing to vary: this is the last section."),)
    if isinstance(command.keeper, p.Keeper):
        return _vary_keeper(state, command.keeper, max(MIN_AMOUNT, p.unit(command.amount)))
    if state.work.traits.live:
        if state.transport.now is None:
            return state, (Tell("info", "Nothing to vary yet: nothing has been played."),)
        told = Tell("info", "The next section is a variation of what plays: its patterns and its motif, partly written anew.")
        return varied(state, state.transport.now.version, None, max(MIN_AMOUNT, p.unit(command.amount))), (told,)
    if state.transport.now is None or not state.transport.now.version.complete:
        return state, (Tell("info", "Nothing to vary yet: this section is still being generated."),)
    amount = max(MIN_AMOUNT, p.unit(command.amount))
    return state.with_take(Variation(state.transport.now.version.path, amount)), ()


def _vary_keeper(state: State, keeper: p.Keeper, amount: float) -> Step:
    """The next section out of a keeper: its sound where the generator varies sound, else its patterns and motif."""
    grid = state.grid
    if keeper.beats_per_bar != grid.beats_per_bar:
        text = f"{keeper.name} has {keeper.beats_per_bar} beats a bar: choose a keeper with {grid.beats_per_bar}."
        return state, (Tell("warning", text),)
    if state.work.traits.live and keeper.generator != state.work.generator:
        text = f"{keeper.name} was made by {keeper.generator}: choose a keeper made by {state.work.generator}."
        return state, (Tell("warning", text),)
    if state.work.traits.live:
        variation = Variation("", seeds=(keeper.seed, keeper.set_seed), ideas=keeper.ideas, progression=keeper.progression)
        told = f"The next section brings back the patterns and the motif of {keeper.name}."
        return state.with_take(variation), (Tell("info", told),)
    most = state.work.traits.most_stretched
    bpm = tempo_of(state, next_index(state) or 0)
    if abs(keeper.bpm / bpm - 1) > most:
        near = f"choose a keeper within {100 * most:g} % of the set's {bpm:g}"
        text = f"{keeper.name} has {keeper.bpm:g} BPM: {near}."
        return state, (Tell("warning", text),)
    here = key_of(state, next_index(state) or 0)
    key = f"{keeper.key}; the set is in {here}" if keeper.key != here else ""
    told = because(f"The next section varies {keeper.name}", key, ".")
    return state.with_take(Variation(keeper.path, amount)), (Tell("info", told),)


def _remake_bars(state: State, command: p.RemakeBars) -> Step:
    if next_index(state) is None:
        return state, (Tell("info", "Nothing to re-make: this is the last section."),)
    job = next((job for job in state.work.jobs if job.purpose == "next"), None) if state.work.traits.live else None
    version = job.version if job else state.work.next
    if version is None or not (version.complete or state.work.traits.live):
        return state, (Tell("info", "The next section is still being generated: ask for its bars again when it is ready."),)
    first, last = sorted((max(1, command.first), max(1, command.last)))
    bars = version.request.bars
    if first > bars:
        return state, (Tell("info", f"The next section has {bars} bars: choose some from 1 to {bars}."),)
    span = (first, min(last, bars))
    if state.work.traits.live:
        return varied(state, version, span, 1.0), ()
    return state.with_take(Variation(version.path, bars=span)), ()


def _set_lora(state: State, command: p.SetLora) -> Step:
    if not 0 <= command.index < len(state.steering.loras):
        return state, ()
    strength = p.MAX_STRENGTH * p.unit(command.strength / p.MAX_STRENGTH)
    lora = replace(state.steering.loras[command.index], strength=strength)
    return state.with_steering(
        loras=(*state.steering.loras[: command.index], lora, *state.steering.loras[command.index + 1 :])
    ), ()


def _set_weight(state: State, command: p.SetWeight) -> Step:
    if not 0 <= command.slot < len(state.steering.slots):
        return state, ()
    slot = replace(state.steering.slots[command.slot], weight=p.unit(command.value), touched=True)
    return state.with_steering(slots=(*state.steering.slots[: command.slot], slot, *state.steering.slots[command.slot + 1 :])), ()


def _set_prompt(state: State, command: p.SetPrompt) -> Step:
    slots, whole = state.steering.slots, p.one_line(command.text)
    text = whole[: p.LONGEST_PROMPT]
    if not text or not 0 <= command.slot <= len(slots) or command.slot >= p.MAX_PROMPTS:
        return state, ()
    cut = f"Prompt {command.slot + 1} was cut to {p.LONGEST_PROMPT:,} characters, the most there can be; it had {len(whole):,}."
    told = (Tell("warning", cut),) if text != whole else ()
    if command.slot == len(slots):
        return state.with_steering(slots=(*slots, Slot(text, 0.0, touched=True))), told
    slot = _rewritten(slots[command.slot], text)
    return state.with_steering(slots=(*slots[: command.slot], slot, *slots[command.slot + 1 :])), told


def _rewritten(slot: Slot, text: str) -> Slot:
    """A slot with another text; its sound stays as long as its file's name ends the text."""
    if slot.sound is None or not text.endswith(slot.sound.name):
        return replace(slot, text=text, sound=None)
    sound = replace(slot.sound, words=text.removesuffix(slot.sound.name).rstrip(" +"))
    return replace(slot, text=sound.label, sound=sound)


def _set_macro(state: State, command: p.SetMacro) -> Step:
    value = p.unit(command.value)
    macros = tuple((name, value if name == command.name else old) for name, old in state.steering.macros)
    return state.with_steering(macros=macros), (SetParams(((command.name, value),)),)


def _set_stem(state: State, command: p.SetStem) -> Step:
    levels = tuple(
        (
            stem,
            level if stem != command.stem or command.level is None else p.unit(command.level),
            muted if stem != command.stem or command.muted is None else command.muted,
        )
        for stem, level, muted in state.steering.levels
    )
    return state.with_steering(levels=levels), (SetParams(level_params(levels)),)


def _toggle_mute(state: State, command: p.ToggleMute) -> Step:
    muted = {stem: muted for stem, _, muted in state.steering.levels}.get(command.stem)
    return (state, ()) if muted is None else _set_stem(state, p.SetStem(command.stem, muted=not muted))


def _nudge(state: State, command: p.Nudge) -> Step:
    here, action = values_by_target(state).get(command.target), ACTIONS.get(command.target)
    if here is None or action is None or action.kind != "position" or not math.isfinite(command.by) or not command.by:
        return state, ()
    return take_command(state, action.make(stepped(here, command.by) if command.snap else p.unit(here + command.by)))


def _panic(state: State, command: p.Panic) -> Step:
    levels = tuple((stem, 1.0, False) for stem, _, _ in state.steering.levels)
    macros = tuple(p.MACRO_NEUTRAL.items())
    now = Cut(state.steering.macros, state.steering.levels, state.steering.held)
    neutral = Cut(macros, levels, False)
    if now == neutral and state.steering.cut is not None:
        return _bring_back(state, state.steering.cut)
    state = state.with_transport(jump=False).with_steering(macros=macros, levels=levels, held=False, loop=None)
    said = "Panic: macros and stems are back to neutral, echoes are cut."
    if now != neutral:
        state, said = state.with_steering(cut=now), f"{said} Panic again brings them back."
    return state, (SetParams((*macros, *level_params(levels))), CutTails(), Tell("info", said))


def _bring_back(state: State, cut: Cut) -> Step:
    """What the last panic cut, as it was: nothing has been moved since."""
    state = state.with_steering(macros=cut.macros, levels=cut.levels, held=cut.held, cut=None)
    told = Tell("info", "Macros, stems and hold are back where they were before the panic.")
    return state, (SetParams((*cut.macros, *level_params(cut.levels))), told)


def _remove_prompt(state: State, command: p.RemovePrompt) -> Step:
    slots, at = state.steering.slots, command.slot
    if not 0 <= at < len(slots):
        return state, ()
    if len(slots) == 1:
        return state, (Tell("info", "The last prompt stays: rewrite it instead."),)
    return _reordered(state, tuple(i for i in range(len(slots)) if i != at)), (Tell("info", f"Prompt {at + 1} is removed."),)


def _move_prompt(state: State, command: p.MovePrompt) -> Step:
    count = len(state.steering.slots)
    if not 0 <= command.slot < count or not 0 <= command.to < count or command.slot == command.to:
        return state, ()
    order = [i for i in range(count) if i != command.slot]
    order.insert(command.to, command.slot)
    return _reordered(state, tuple(order)), ()


def _reordered(state: State, order: tuple[int, ...]) -> State:
    """Prompts in another order, without those that are left out; the piece's leanings stay with their prompts."""
    place, own = {old: new for new, old in enumerate(order)}, sounding(state)

    def led(plan: tuple[PlannedSection, ...]) -> tuple[PlannedSection, ...]:
        return tuple(
            replace(part, prompts=tuple(sorted((place[slot], weight) for slot, weight in part.prompts if slot in place)))
            if part.piece == own
            else part
            for part in plan
        )

    settings = replace(state.settings, plan=led(state.settings.plan))
    return replace(state, plan=led(state.plan), settings=settings).with_steering(
        slots=tuple(state.steering.slots[old] for old in order)
    )


def _hold_chord(state: State, command: p.HoldChord) -> Step:
    chord = command.chord
    if chord is not None:
        chord = p.HeldChord(tuple(sorted({tone % 12 for tone in chord.tones})), chord.root % 12)
    if chord is not None and not state.work.traits.live and state.work.generator:
        return state, (Tell("info", f"{state.work.generator} follows no held chords: they are for pocket."),)
    return state.with_steering(chord=chord), ()


_COMMANDS: Final[dict[type, Callable[[State, Any], Step]]] = {
    p.Play: _play,
    p.Stop: _stop,
    p.TogglePlay: _toggle,
    p.PlayAgain: play_again,
    p.GoOn: go_on,
    p.NextNow: _next_now,
    p.Hold: _hold,
    p.ReRoll: re_roll,
    p.ReRollStem: re_roll_stem,
    p.TakeStem: take_stem,
    p.VaryNext: _vary_next,
    p.RemakeBars: _remake_bars,
    p.ChooseTake: choose_take,
    p.ChooseTransition: choose_transition,
    p.StepTransition: step_transition,
    p.StretchTransition: stretch_transition,
    p.SetLock: set_lock,
    p.MarkIn: hooks.mark_in,
    p.MarkOut: hooks.mark_out,
    p.MarkLast: hooks.mark_last,
    p.LoopHook: hooks.loop_hook,
    p.BuildOnHook: hooks.build_on_hook,
    p.SetLora: _set_lora,
    p.SetWeight: _set_weight,
    p.SetPrompt: _set_prompt,
    p.RemovePrompt: _remove_prompt,
    p.MovePrompt: _move_prompt,
    p.SetMacro: _set_macro,
    p.SetStem: _set_stem,
    p.ToggleMute: _toggle_mute,
    p.Nudge: _nudge,
    p.SetTempo: set_tempo,
    p.StepTempo: step_tempo,
    p.NudgeTime: nudge_time,
    p.TapTempo: tap_tempo,
    p.SetKey: set_key,
    p.StepKey: step_key,
    p.Panic: _panic,
    p.EditPlan: edit_plan,
    p.EditPart: edit_part,
    p.InsertPart: insert_part,
    p.SetCurve: set_curve,
    p.StepCurve: step_curve,
    p.EditPieces: edit_pieces,
    p.ChoosePiece: choose_piece,
    p.Undo: undo,
    p.Redo: redo,
    p.HoldChord: _hold_chord,
    p.ListenTake: listening.listen_take,
    p.ListenKeeper: listening.listen_keeper,
    p.ListenHandOver: listening.listen_hand_over,
    p.StopListening: listening.stop_listening,
    p.SetCueLevel: listening.set_cue_level,
    p.SetCueMix: listening.set_cue_mix,
    p.ContinueRoom: room.continue_room,
    p.LoopRoom: room.loop_room,
    p.StoreScene: scenes.store,
    p.RecallScene: scenes.recall,
}
