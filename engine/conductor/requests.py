"""What each section of the plan should sound like right now, and the request that says so to a generator."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from engine.conductor.pieces import loras_of, macro_of, motif_of, opens_piece, place_in_piece, seed_of, slots_of
from engine.conductor.planning.plan import PlannedSection, beyond
from engine.conductor.seams import hand_over_of
from engine.conductor.state import OPENING, State, Version, Wish
from engine.conductor.steering import Variation
from engine.conductor.tempo import frames_of, hand_over, key_of, next_line, start_bar, tempo_in
from engine.music.key import Key, fifths_apart
from engine.music.motif import make_motif
from engine.protocol import ROOM, HeardSound, HeldChord, Neighbour, Place, PromptWeight, SectionRequest
from engine.timebase import Grid, section_frames

MIN_TAIL_BARS: Final = 2
"""Material beyond the last bar that every section but the last has, for a transition or a loop's crossfade."""

FILLER_BARS: Final = 8

SURELY_OTHER: Final = 2
"""Steps on the circle of fifths from which on a key that was heard is another one."""
SECTION_SUFFIX: Final = ".section"


def derive_seed(*parts: int | str) -> int:
    """A 63-bit seed from numbers and words, the same on every machine."""
    digest = hashlib.blake2b("/".join(str(part) for part in parts).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1


def weights(state: State, part: PlannedSection) -> tuple[float, ...]:
    """Every slot's weight in a part: the plan's leaning, unless the performer has moved the slot."""
    leaning = dict(part.prompts)
    slots = enumerate(slots_of(state, part))
    return tuple(slot.weight if slot.touched else leaning.get(i, slot.weight) for i, slot in slots)


def mixed(state: State, part: PlannedSection) -> tuple[PromptWeight, ...]:
    """The prompts that are heard in a part, with their weights."""
    mix = zip(slots_of(state, part), weights(state, part), strict=True)
    return tuple(PromptWeight(slot.text, round(weight, 4), slot.sound) for slot, weight in mix if weight > 0)


def _from_room(state: State, variation: Variation | None) -> HeardSound | None:
    """What is heard in the bars from the room that a section leans on; None where it leans on none, or goes on from them."""
    hook = variation.hook if variation is not None and state.work.traits.live else None
    return None if hook is None else hook.sound


def _leaning(mix: tuple[PromptWeight, ...], sound: HeardSound | None) -> tuple[PromptWeight, ...]:
    """A mix in which what is heard in the room weighs as much as the heaviest prompt."""
    if sound is None:
        return mix
    return (*mix, PromptWeight("the room", max((prompt.weight for prompt in mix), default=1.0), sound))


def _leaning_key(key: str, sound: HeardSound | None) -> str:
    """The room's key where that is surely another one: of neighbours and relatives one is easily heard for the other."""
    if sound is None or not sound.key or fifths_apart(Key.parse(key), Key.parse(sound.key)) < SURELY_OTHER:
        return key
    return sound.key


def tail_bars(state: State, index: int) -> int:
    """Bars of a section's tail: what its transition needs, one at the set's end."""
    if index + 1 >= len(state.plan):
        return 1
    between = hand_over(state, index)[1] if opens_piece(state, index + 1) else 0
    return max(MIN_TAIL_BARS, state.plan[index].transition_bars, between)


def wish(state: State, index: int, take: int, variation: Variation | None = None) -> Wish:
    """What the plan, the prompts and the energy macro ask of a take of a section now."""
    part = state.plan[index]
    after = state.plan[index + 1] if index + 1 < len(state.plan) else None
    room = _from_room(state, variation)
    return Wish(
        name=part.name,
        role=part.role,
        prompts=_leaning(mixed(state, part), room),
        bars=part.bars,
        tail_bars=tail_bars(state, index),
        energy=round(min(1.0, max(0.0, part.energy + macro_of(state, part, "energy") - 0.5)), 4),
        density=part.density,
        brightness=part.brightness,
        take=take,
        next_role=after.role if after else None,
        bpm=tempo_in(state, index, 0),
        key=_leaning_key(key_of(state, index), room),
        purpose=part.purpose,
        occurrence=part.occurrence,
        loras=() if state.work.traits.live else loras_of(state, part),
        variation=variation,
        chord=state.steering.chord if state.work.traits.live else None,
    )


def wish_now(state: State) -> Wish | None:
    """What the sounding section should sound like; its length is what it is."""
    if state.transport.now is None:
        return None
    made = state.transport.now.version.wish
    wanted = wish(state, state.here, made.take, made.variation)
    return replace(
        made,
        prompts=wanted.prompts,
        energy=wanted.energy,
        density=wanted.density,
        brightness=wanted.brightness,
        chord=wanted.chord,
        bpm=tempo_in(state, state.here, next_line(state) - start_bar(state)),
        key=wanted.key,
    )


def next_index(state: State) -> int | None:
    """The plan's index of the section to come, None after the last."""
    index = 0 if state.transport.now is None else state.transport.now.version.index + 1
    return index if index < len(state.plan) else None


def make_version(
    state: State,
    index: int,
    wanted: Wish,
    place: Place,
    *,
    start_bar: int,
    from_frame: int = 0,
    retry: int = 0,
    steps: int = 0,
    tries: int = 1,
) -> Version:
    """A version of a section, yet to be generated.

    Args:
        state: as it is now.
        index: the section's place in the plan, `OPENING` for what the stand-in plays before it.
        wanted: what it should sound like.
        place: the generator that is to make it.
        start_bar: the set's bar at which it starts.
        from_frame: make only what follows this frame of the section.
        retry: failed tries, each of which gets another seed.
        steps: of sampling; 0 for as many as the generator is best with.
        tries: how often it may be made until it lies on the grid.
    """
    s, seed = state.settings, seed_of(state, index)
    request = SectionRequest(
        section_id=f"s{state.work.last_section + 1:05d}",
        prompts=wanted.prompts,
        bars=wanted.bars,
        tail_bars=wanted.tail_bars,
        bpm=wanted.bpm,
        beats_per_bar=s.grid.beats_per_bar,
        key=wanted.key,
        seed=derive_seed(seed, place_in_piece(state, index), wanted.take, retry),
        set_seed=seed,
        energy=wanted.energy,
        density=wanted.density,
        brightness=wanted.brightness,
        role=wanted.role,
        purpose=wanted.purpose,
        occurrence=wanted.occurrence,
        index=max(0, index),
        first_bar=start_bar,
        position=min(1.0, start_bar / max(1, s.total_bars)),
        next_role=wanted.next_role,
        motif=motif_of(state, index),
        from_frame=from_frame,
        steps=steps or state.work.traits.steps,
        tries=tries,
        loras=wanted.loras,
        ideas=wanted.take,
        progression=wanted.take,
        chords=_chords(state, wanted, from_frame),
    )
    if wanted.variation is not None:
        request = _varied(request, wanted.variation, again=not retry)
    generator = s.stand_in if place == "stand-in" else state.work.generator
    request = _on_hook(state, _among_others(state, index, request), wanted)
    return Version(request, index, wanted, request.section_id + SECTION_SUFFIX, generator, place)


def _chords(state: State, wanted: Wish, from_frame: int) -> tuple[tuple[int, HeldChord | None], ...]:
    """The harmony that is asked for: from a section's start on, or in what sounds from the next bar line on."""
    now = state.transport.now
    if not from_frame or now is None:
        return ((0, wanted.chord),) if wanted.chord is not None else ()
    before = now.version.request.chords
    if wanted.chord == now.version.wish.chord:
        return before
    own = Grid(wanted.bpm, state.grid.beats_per_bar, state.grid.rate)  # the section's frames count from its own first bar
    bar = own.next_bar(from_frame + state.settings.fade)
    return (*(each for each in before if each[0] < bar), (bar, wanted.chord))


def _on_hook(state: State, request: SectionRequest, wanted: Wish) -> SectionRequest:
    """The request for a section that is built on a hook.

    One that writes music takes over what its bars play and their tune; one that makes sound goes on from the end of them.
    """
    hook = wanted.variation.hook if wanted.variation is not None else None
    if hook is None or (hook.generator == ROOM and hook.use == "vary"):
        return request
    if hook.generator == ROOM and state.work.traits.live:
        return replace(request, purpose="answer") if hook.use == "answer" else request
    if state.work.traits.live:
        own, bars = hook.request, (hook.first, hook.last)
        return replace(request, purpose=own.purpose, occurrence=own.occurrence, built_on=own, built_bars=bars)
    if hook.request.bpm != request.bpm:  # what it continues would have to be in its own tempo
        return request
    frame = section_frames(hook.request.bpm, hook.request.beats_per_bar, hook.last, state.grid.rate)
    return replace(request, continue_path=hook.path, continue_frame=frame)


def _varied(request: SectionRequest, variation: Variation, again: bool) -> SectionRequest:
    """The request as one for a variation; from the seeds it had at first where it is to be made ``again``."""
    request = replace(request, vary_path=variation.path or None, vary_amount=variation.amount, remake_bars=variation.bars)
    if not again or variation.seeds is None:
        return request
    seed, set_seed = variation.seeds
    motif = make_motif(set_seed, request.beats_per_bar)
    request = replace(request, seed=seed, set_seed=set_seed, motif=motif, changes=variation.changes)
    return replace(request, ideas=variation.ideas, progression=variation.progression)


def _among_others(state: State, index: int, request: SectionRequest) -> SectionRequest:
    """The request with what it has to know of the sections around it."""
    grid, now = state.grid, state.transport.now
    previous = state.plan[index - 1] if index > 0 else None
    after = state.plan[index + 1] if index + 1 < len(state.plan) else None
    before = now.version if now and OPENING < now.version.index < index else None
    bar_s = float(grid.frames_per_bar) / grid.rate

    entry, entry_bars = hand_over_of(state, index - 1) if index > 0 else ("cut", 0)
    exit, exit_bars = hand_over_of(state, index) if index >= 0 else ("cut", 0)
    if before is not None and not state.work.traits.live and (before.request.bpm != request.bpm or opens_piece(state, index)):
        before = None  # what it continues would have to be in its own tempo, and of its own piece

    def neighbours(parts: Sequence[PlannedSection]) -> tuple[Neighbour, ...]:
        return tuple(Neighbour(part.role, mixed(state, part)) for part in beyond(parts, bar_s))

    return replace(
        request,
        previous_role=previous.role if previous else None,
        next_energy=after.energy if after else None,
        before_previous=neighbours(state.plan[: max(0, index)][::-1]),
        after_next=neighbours(state.plan[index + 1 :]),
        continue_path=before.path if before else None,
        continue_frame=frames_of(state, before) if before else 0,
        entry=entry,
        entry_bars=min(entry_bars, request.bars),
        exit=exit,
        exit_bars=min(exit_bars, request.tail_bars, after.bars) if after else 0,
        previous_prompts=before.request.prompts if before else _before_now(state, index),
        next_prompts=mixed(state, after) if after else (),
    )


def _before_now(state: State, index: int) -> tuple[PromptWeight, ...]:
    """The mix before the sounding section, where that one is made anew."""
    if state.transport.now is None or state.transport.now.version.index != index:
        return ()
    return state.transport.now.version.request.previous_prompts
