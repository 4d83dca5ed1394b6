"""What the screen is shown: the conductor's state and the player's latest values as one `Snapshot`. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Final, Literal

from engine.conductor.forecast import Outlook, end_bar, outlook
from engine.conductor.pieces import opens_piece, order, sounding, title_at
from engine.conductor.planning.plan import PlannedSection
from engine.conductor.reacting import scenes
from engine.conductor.reacting.listening import heard_name
from engine.conductor.reacting.plan_edits import first_free
from engine.conductor.reacting.undo import too_late
from engine.conductor.requests import next_index, weights
from engine.conductor.seams import coming
from engine.conductor.state import OPENING, State
from engine.conductor.steering import Decided, take_name
from engine.conductor.tempo import asked_seconds, frames_of, key_of, planned, start_bar, tempo_of
from engine.dsp.levels import decibels_of
from engine.music.chords import chord_name
from engine.protocol import (
    MACRO_NEUTRAL,
    MAX_STRENGTH,
    ArcPart,
    AudioView,
    DeviceInfo,
    DeviceOpened,
    HeadphonesView,
    KeeperList,
    MacroView,
    MeterView,
    MidiView,
    MoveView,
    NextState,
    NextView,
    Notice,
    NowView,
    PieceView,
    PromptReading,
    PromptView,
    RecordingView,
    RoomView,
    ScenesView,
    Snapshot,
    StemView,
    Summary,
    titled,
)
from engine.session.pictures import Picture
from engine.session.takes import NO_PICTURES, hook_loops, hook_shown, takes_view
from engine.timebase import TempoMap

When = Literal["played", "now", "plan"]
Made = Literal["", "making", "made"]

MOVES_SHOWN: Final = 12
"""Moves that can be undone, and as many that can be done again, in a snapshot."""

OPENED: Final = PlannedSection("", "free", 0, 0.0, 0.0, 0.0)
"""Stands for the part of what the stand-in opens a set with, which is none of the plan."""


@dataclass(frozen=True, slots=True)
class Understood:
    """How a prompt's text was taken; see `engine.protocol.PromptView`."""

    unknown: tuple[str, ...] = ()
    guesses: tuple[tuple[str, str], ...] = ()
    unfollowed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a snapshot shows beside the conductor's state.

    ``status`` are the player's latest values by name; ``waveforms`` peaks 0..1 by section id, ``pictures`` of takes;
    ``words`` what was not, only nearly, understood or is not followed of each prompt text; ``labels`` and ``pickups`` the
    controls by target (``"prompt 1"``, ``"macro filter"``, ``"stem drums"``); ``nothing_up`` says what plays while every
    prompt is at 0; ``starred`` are words with a star, ``own_words`` of the performer's vocabulary, ``reading`` of a prompt
    that is being written; ``kept`` are the names of what was kept in this set, ``recordings``
    those that have ended.
    """

    status: Mapping[str, float]
    waveforms: Mapping[str, tuple[float, ...]]
    words: Mapping[str, Understood]
    labels: Mapping[str, str]
    pickups: Mapping[str, float | None]
    midi: MidiView
    device: DeviceOpened | None
    recording: str | None
    notices: tuple[Notice, ...]
    generator_state: str
    nothing_up: str = ""
    pictures: Mapping[str, Picture] = field(default_factory=dict)
    keepers: KeeperList | None = None
    closing: bool = False
    kept: tuple[str, ...] = ()
    recordings: tuple[RecordingView, ...] = ()
    devices: tuple[DeviceInfo, ...] | None = None
    inputs: tuple[DeviceInfo, ...] | None = None
    starred: tuple[str, ...] = ()
    own_words: tuple[str, ...] = ()
    reading: PromptReading | None = None
    room: RoomView = field(default_factory=RoomView)


def _piece(state: State) -> PieceView:
    playing, pieces = order(state), state.settings.pieces
    if len(playing) < 2:
        return PieceView()
    at = playing.index(sounding(state))
    after = pieces[playing[at + 1]].title if at + 1 < len(playing) else ""
    return PieceView(pieces[playing[at]].title, at + 1, len(playing), after)


def _scenes(state: State) -> ScenesView:
    steering, morph = state.steering, state.steering.morph
    stored = tuple(sorted(number for number, _ in steering.scenes))
    if morph is None:
        return ScenesView(stored, steering.scene)
    return ScenesView(stored, 0, morph.number, scenes.progress(morph, state.transport.frame))


def heard_frame(state: State, status: Mapping[str, float]) -> int:
    """The transport frame that leaves the loudspeaker now."""
    heard = int(status.get("heard_frame", state.transport.frame))
    return max(0, heard) if state.transport.now is not None else 0


def snapshot(state: State, around: Surroundings, serial: int) -> Snapshot:
    """All the screen shows, as of now."""
    s, status = state.settings, around.status
    rate = s.grid.rate
    frame = heard_frame(state, status)
    tempo, plan = state.tempo, planned(state)
    total = max(plan.frame_of_bar(s.total_bars + state.transport.drift) - plan.start, 1)
    bpm, key = tempo.bpm_at(frame), state.transport.now.version.request.key if state.transport.now else key_of(state, 0)
    return Snapshot(
        serial=serial,
        state=state.transport.run,
        title=s.title,
        piece=_piece(state),
        bpm=bpm if state.transport.now else tempo_of(state, 0),
        bpm_to=_elsewhere(tempo_of(state, state.here), state.grid.bpm) if state.transport.now else 0.0,
        key=key,
        key_to=key_of(state, state.here) if key_of(state, state.here) != key else "",
        beats=tempo.beats_at(frame),
        beats_per_bar=s.grid.beats_per_bar,
        elapsed_s=min(max(0, frame - plan.start), total) / rate,
        total_s=total / rate,
        asked_s=asked_seconds(state),
        drift_bars=state.transport.drift,
        arc=arc_view(state, plan),
        now=now_view(state, around, frame),
        next=next_view(state, around.pictures),
        hold=state.steering.held,
        prompts=(prompts := _prompts(state, around)),
        nothing_up=around.nothing_up if not any(prompt.weight > 0.0 for prompt in prompts) else "",
        macros=_macros(state, around),
        stems=tuple(
            StemView(stem, level, muted, status.get(f"peak_{stem}", 0.0)) for stem, level, muted in state.steering.levels
        ),
        locks=state.steering.locks,
        hook=hook_shown(state),
        hook_loops=hook_loops(state),
        moves=moves_view(state, state.moves),
        undone=moves_view(state, state.undone),
        scenes=_scenes(state),
        meters=_meters(status),
        audio=_audio(around),
        midi=around.midi,
        generator=state.work.generator,
        generator_state=around.generator_state,
        speed=state.work.speed,
        ladder_hold=state.transport.holds,
        ladder_pocket=state.transport.pockets,
        restarts=state.work.restarts,
        notices=around.notices,
        keepers=around.keepers,
        starred=around.starred,
        own_words=around.own_words,
        reading=around.reading,
        devices=around.devices,
        inputs=around.inputs,
        summary=summary(state, around) if state.transport.run == "finished" else None,
        clock_s=state.transport.clock / rate,
        closing=around.closing,
        headphones=headphones_view(state),
        room=around.room,
        chord=chord_name(chord.tones, chord.root) if (chord := state.steering.chord) is not None else "",
    )


def headphones_view(state: State) -> HeadphonesView:
    """Where the headphones are, and what they play."""
    own, wish = state.headphones, state.headphones.wish
    what = "" if wish is None else heard_name(wish)
    return HeadphonesView(own.where, what, wish is not None and not own.told.cues, own.level, own.mix)


def summary(state: State, around: Surroundings) -> Summary:
    """What the set came to, once it is over."""
    return Summary(
        length_s=state.tempo.seconds_at(state.grid.frame_of_bar(end_bar(state))),
        sections=len(state.transport.history),
        recordings=around.recordings,
        keepers=around.kept,
        breaks=int(around.status.get("underruns", 0)),
        holds=state.transport.holds,
        stand_ins=state.transport.pockets,
        restarts=state.work.restarts,
    )


def moves_view(state: State, moves: Sequence[Decided]) -> tuple[MoveView, ...]:
    """The last of some moves, the newest first."""
    rate = state.grid.rate
    last = reversed(moves[-MOVES_SHOWN:])
    return tuple(MoveView(each.number, each.what + each.detail, each.at / rate, too_late(state, each)) for each in last)


def arc_view(state: State, tempo: TempoMap | None = None) -> tuple[ArcPart, ...]:
    """The parts played, the one that sounds, and those still planned; ``tempo`` is what `planned` says, if that is known."""
    tempo = planned(state) if tempo is None else tempo
    began, rate, parts, title = tempo.start, tempo.first.rate, list[ArcPart](), ""

    def add(
        part: PlannedSection, name: str, bars: int, energy: float, bar: int, when: When, *, more: tuple[Made, bool, str]
    ) -> None:
        start_s = (tempo.frame_of_bar(bar) - began) / rate
        curves = (part.id, part.density, part.brightness, start_s)
        parts.append(ArcPart(name, part.role, bars, energy, bar, when, part.purpose, *curves, *more))

    coming = _coming_bar(state)
    for i, played in enumerate(state.transport.history):
        here = i == len(state.transport.history) - 1
        end = max(coming, played.start_bar + 1) if here else state.transport.history[i + 1].start_bar
        energy = state.transport.now.version.wish.energy if here and state.transport.now else played.energy
        part = state.plan[played.index] if 0 <= played.index < len(state.plan) else OPENED
        opens, title = played.piece if played.piece != title else "", played.piece
        add(
            part,
            played.name,
            end - played.start_bar,
            energy,
            played.start_bar,
            "now" if here else "played",
            more=("", False, opens),
        )
    bar, free = coming, first_free(state)
    first = 0 if state.transport.now is None else state.transport.now.version.index + 1
    made = how_made(state)
    for index, part in enumerate(state.plan[first:], first):
        opens = title_at(state, index) if opens_piece(state, index) or not index else ""
        it = made if index == first else ""
        add(part, part.name, part.bars, part.energy, bar, "plan", more=(it, index < free, opens))
        bar += part.bars
    return tuple(parts)


def how_made(state: State) -> Made:
    """How far the next section is: one that is there and is made anew counts as being made."""
    if any(job.purpose == "next" for job in state.work.jobs):
        return "making"
    return "made" if state.work.next is not None and state.work.next.complete else ""


def _coming_bar(state: State) -> int:
    """The set's bar at which the next section enters as things stand, or the set ends: what `next_view` says too."""
    index = next_index(state)
    if index is None or state.transport.now is None:
        return end_bar(state)
    return state.grid.bar_at(outlook(state, index).entry)


def now_view(state: State, around: Surroundings, frame: int) -> NowView:
    """The section that sounds."""
    now = state.transport.now
    if now is None:
        return NowView()
    grid, version = state.grid, now.version
    length = frames_of(state, version)
    into = min(max(frame - now.origin, 0), length - 1)
    tempo = state.tempo  # what is heard may be in the tempo before this one
    beats = tempo.beats_at(frame) if frame >= now.origin else grid.beats_at(now.origin)
    bar = min(max(tempo.bar_at(max(frame, now.origin)) - start_bar(state), 0), version.request.bars - 1)
    return NowView(
        name=version.wish.name,
        role=version.wish.role,
        take=take_name(version.wish.take),
        bar=bar + 1,
        bars=version.request.bars,
        beat=int(beats % grid.beats_per_bar) + 1,
        playhead=into / length,
        energy=version.wish.energy,
        waveform=around.waveforms.get(version.id, ()),
        looping=now.loops > 0 and (state.steering.held or state.transport.overdue),
        loops=now.loops,
        generator=version.generator,
        remaking=state.work.switch is not None or any(job.purpose == "remake" for job in state.work.jobs),
        fit=version.fit,
    )


def next_view(state: State, pictures: Mapping[str, Picture] = NO_PICTURES) -> NextView:
    """The section to come, and how safe it is."""
    index = next_index(state)
    if index is None:
        return NextView()
    grid, now, version, part = state.grid, state.transport.now, state.work.next, state.plan[index]
    opening = now is not None and now.version.index == OPENING
    kind, over = coming(state) if now is not None else ("", 0)
    job = next((job for job in state.work.jobs if job.purpose == "next"), None)
    making = job.version if job else version
    ahead, start = outlook(state, index), start_bar(state)
    hurried = making is not None and making.place == "main" and making.request.steps < state.work.traits.steps
    return NextView(
        name=titled(title_at(state, index), part.name) if opens_piece(state, index) else part.name,
        role=part.role,
        bars=version.request.bars if version else part.bars,
        take=take_name(state.steering.take),
        state=_next_state(state, ahead, opening),
        progress=ahead.progress,
        ready_in_s=ahead.ready_in_s,
        headroom_s=ahead.due_in_s - ahead.ready_in_s,
        transition=kind,
        transition_bars=over,
        transition_chosen=state.steering.transition is not None or bool(state.steering.transition_bars),
        at_bar=grid.bar_at(ahead.entry) - start + 1,
        steer_until_bar=max(0, grid.bar_at(ahead.steer_until) - start + 1) if ahead.steer_until else 0,
        energy=part.energy,
        bpm=_elsewhere(tempo_of(state, index), state.grid.bpm),
        key=key_of(state, index) if key_of(state, index) != key_of(state, state.here) else "",
        fit=making.fit if making else None,
        steps=making.request.steps if making and hurried else 0,
        takes=takes_view(state, index, pictures),
    )


def _elsewhere(bpm: float, here: float) -> float:
    """A tempo that is not the one that sounds; 0 for none."""
    return bpm if bpm != here else 0.0


def _next_state(state: State, ahead: Outlook, opening: bool) -> NextState:
    if state.steering.held:
        return "hold"
    if ahead.safe:
        return "ready"
    if state.work.failures:
        return "failed"
    return "late" if ahead.late and not opening else "making"


def _prompts(state: State, around: Surroundings) -> tuple[PromptView, ...]:
    views = []
    for i, (slot, weight) in enumerate(zip(state.steering.slots, weights(state, state.plan[state.here]), strict=True)):
        said, target = around.words.get(slot.text, Understood()), f"prompt {i + 1}"
        label, pickup = around.labels.get(target, ""), around.pickups.get(target)
        views.append(PromptView(slot.text, weight, label, pickup, said.unknown, said.guesses, said.unfollowed))
    return tuple(views)


def _macros(state: State, around: Surroundings) -> tuple[MacroView, ...]:
    """The macros, and under them the LoRA files, where the set's generator takes them."""
    views = [
        MacroView(name, value, MACRO_NEUTRAL[name], around.labels.get(f"macro {name}", ""), around.pickups.get(f"macro {name}"))
        for name, value in state.steering.macros
    ]
    for i, lora in enumerate(() if state.work.traits.live else state.steering.loras):
        target, name = f"lora {i + 1}", PurePath(lora.path).stem
        control, pickup = around.labels.get(target, ""), around.pickups.get(target)
        views.append(MacroView(name, lora.strength / MAX_STRENGTH, 0.0, control, pickup, i))
    return tuple(views)


def _meters(status: Mapping[str, float]) -> MeterView:
    return MeterView(
        peak_l=decibels_of(status.get("peak_l", 0.0)),
        peak_r=decibels_of(status.get("peak_r", 0.0)),
        rms_l=decibels_of(status.get("rms_l", 0.0)),
        rms_r=decibels_of(status.get("rms_r", 0.0)),
        momentary=status.get("momentary", float("-inf")),
        integrated=status.get("integrated", float("-inf")),
        reduction=status.get("reduction", 0.0),
    )


def _audio(around: Surroundings) -> AudioView:
    device = around.device
    return AudioView(
        device=device.name if device else "",
        latency_s=device.latency_s if device else 0.0,
        load=around.status.get("load", 0.0),
        underruns=int(around.status.get("underruns", 0)),
        silent=device.silent if device else False,
        recording=around.recording,
        instead_of=device.instead_of if device else "",
    )
