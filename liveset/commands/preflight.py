"""`liveset doctor --preset SET`: whether this set will hold on this machine tonight."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Final

import platformdirs

from engine.conductor.state import State
from engine.conductor.tempo import key_of, planned_seconds, tempo_of
from engine.errors import LivesetError
from engine.generator_names import STAND_IN
from engine.presets import Preset, SetList, as_set_list, load_set
from engine.processes.layout import cache_folder
from engine.protocol import SetOptions
from engine.session.opening import notes, opening_state
from engine.timebase import section_frames
from liveset.commands import doctor
from liveset.commands.doctor import SECTION_MB_PER_MINUTE, Finding

MEASURED_S: Final = 60.0
"""Seconds of the set that are rendered."""

LEAST_PACE: Final = {STAND_IN: doctor.LEAST_SPEED}
"""Seconds of music that a generator has to make in a second, by its name."""

LEAST_OTHERS: Final = 1.25
"""The same of all other generators: a section must be there before the one that plays is over, with some time to spare."""

SECTIONS_AT_ONCE: Final = 4
"""Section files that lie on the disk at the same time: before, now, next, and one that is made anew."""

RECORDING_MB_PER_MINUTE: Final = 16
"""24-bit WAV; FLAC takes about half."""


def checks(names: Sequence[str]) -> tuple[Callable[[], Iterator[Finding]], ...]:
    """What is looked at for a set, of one preset or several.

    Raises:
        LivesetError: what is wrong with them.
    """
    from engine.midi.mapping import mapping_of

    chosen = load_set(names)
    for preset in chosen.pieces:
        mapping_of(preset.source, preset.midi.controller, preset.midi.overrides)
    state = opening_state(chosen)
    model = () if state.work.generator == STAND_IN else (doctor._stable_audio,)
    return (
        partial(_plan, chosen, state),
        partial(_pace, chosen),
        *model,
        partial(_disks, state),
        doctor._sound,
        doctor._priority,
        doctor._midi,
    )


def verdict(problems: int, notes: int) -> str:
    """The last line."""
    if problems:
        return "the night will not hold: see above for what to change"
    return "the night will hold" + (f"; {notes} thing{'s' if notes > 1 else ''} to know above" if notes else "")


def _plan(preset: Preset | SetList, state: State) -> Iterator[Finding]:
    seconds = planned_seconds(state)
    yield Finding("ok", f"set: {state.settings.title[:40]}, {len(state.plan)} sections on {state.work.generator[:24]}")
    yield Finding("ok", f"set: {seconds / 60:.1f} minutes, {tempo_of(state, 0):g} BPM, {key_of(state, 0)}")
    for note in notes(as_set_list(preset)):
        yield Finding("note", f"set: {note}")


def _pace(preset: Preset | SetList) -> Iterator[Finding]:
    """Render the set's first minute, and see how long its sections took."""
    from engine.rehearsal.rehearsal import Rehearsal

    with tempfile.TemporaryDirectory() as folder:
        started = time.monotonic()
        try:
            rehearsal = Rehearsal(preset, SetOptions(record=f"{folder}/minute.wav"))
            log = rehearsal.run(until_s=MEASURED_S)
        except LivesetError as error:
            yield Finding("problem", f"first minute: {error.message}", error.hint)
            return
        took = time.monotonic() - started
    for line in log.notices:
        yield Finding("note", f"first minute: {line[:90]}")
    made = [section for section in log.sections if section.generated_in_s]
    beats = rehearsal.state.settings.grid.beats_per_bar
    sound = sum(section_frames(section.bpm, beats, section.bars) for section in made) / rehearsal.rate
    pace = sound / max(sum(section.generated_in_s or 0.0 for section in made), 1e-3)
    name = made[0].generator if made else rehearsal.state.work.generator
    least = LEAST_PACE.get(name, LEAST_OTHERS)
    text = f"first minute: rendered in {took:.0f} s; {name} makes {pace:.1f} seconds of music a second here"
    if made and pace < least:
        yield Finding("problem", text, f"it needs {least:g}: close other programs, or play on {STAND_IN}")
    else:
        yield Finding("ok", text)


def _disks(state: State) -> Iterator[Finding]:
    """Room for the sections of this set, and for a recording of all of it."""
    minutes = planned_seconds(state) / 60
    grid = state.settings.grid
    frames = (section_frames(tempo_of(state, i), grid.beats_per_bar, part.bars + 2) for i, part in enumerate(state.plan))
    longest = grid.seconds(max(frames)) / 60
    sections = round(longest * SECTIONS_AT_ONCE * SECTION_MB_PER_MINUTE)
    recording = round(minutes * RECORDING_MB_PER_MINUTE)
    wanted = ((cache_folder(), sections, "sections"), (Path(platformdirs.user_music_dir()), recording, "a recording"))
    for folder, need, what in wanted:
        existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
        free = shutil.disk_usage(existing).free // 2**20
        text = f"disk: {what} of this set: {need} MB, {free} MB are free in {folder}"
        yield Finding("ok", text) if free > need else Finding("problem", text, "free some space, or use a larger disk")
