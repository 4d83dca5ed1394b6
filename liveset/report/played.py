"""The report of a set that was played on a stage: what is remembered of it, and where its sound is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import soundfile

from engine.conductor.state import State
from engine.performances.entries import HeardSection, RecordingCard
from engine.performances.reading import Performance, Stretch, read_commands
from engine.prompts.parsing import parse
from engine.protocol import PlayedSection
from engine.rehearsal.log import LoggedEvent, RehearsalLog
from engine.session.saving import load_state
from engine.timebase import SAMPLE_RATE


@dataclass(frozen=True, slots=True)
class Sound:
    """A file with a set's sound.

    Attributes:
        path: of the file.
        start: the frame of the player's tape that it begins with.
        stretch: whose tape that is.
    """

    path: Path
    start: int
    stretch: Stretch


def longest_recording(performance: Performance) -> Sound | None:
    """The longest recording of a set that is still there; None if there is none."""
    found = [(_frames(card), card, stretch) for stretch in performance.stretches for card in stretch.recordings]
    frames, card, stretch = max(found, key=lambda each: each[0], default=(0, None, None))
    return Sound(Path(card.path), card.start, stretch) if card is not None and stretch is not None and frames else None


def _frames(card: RecordingCard) -> int:
    try:
        return int(soundfile.info(card.path).frames)
    except (OSError, soundfile.LibsndfileError):
        return 0


def replayed(performance: Performance, path: Path) -> Sound:
    """The file into which a set was rendered again: it begins with the set's first frame."""
    stretch = performance.stretches[0]
    return Sound(path, stretch.sections[0].at if stretch.sections else 0, stretch)


def log_of(folder: Path, performance: Performance, sound: Sound) -> RehearsalLog:
    """What is remembered of a set, its times those of a file.

    Args:
        folder: of the set's log.
        performance: the same, read.
        sound: the file.

    Raises:
        PerformanceError: the log cannot be read.
    """
    state = load_state(folder)
    history = state.transport.history if state is not None and state.transport.history else _made(performance)
    sections = in_file(history, sound.stretch.sections, sound.start)
    asked = tuple(LoggedEvent(frame / SAMPLE_RATE, command) for frame, command in read_commands(folder))
    words = (word for section in sections for prompt in section.prompts for word in parse(prompt.words).unknown)
    tempo = performance.tempo
    return RehearsalLog(
        preset=performance.card.title,
        seed=performance.card.seed,
        underruns=max(stretch.breaks for stretch in performance.stretches),
        ladder_hold=0 if state is None else state.transport.holds,
        ladder_pocket=0 if state is None else state.transport.pockets,
        unknown_words=tuple(dict.fromkeys(words)),
        events=asked,
        sections=sections,
        tempos=((0, tempo.first.bpm), *((change.bar, change.grid.bpm) for change in tempo.changes)),
        notices=_notices(state, performance),
    )


def _notices(state: State | None, performance: Performance) -> tuple[str, ...]:
    """What is to be known of the report itself."""
    told = []
    if state is None:
        told.append("Another version of liveset played this: how often sections were late is not known.")
    if len(performance.stretches) > 1:
        told.append(f"The player was started again {len(performance.stretches) - 1} times.")
    return tuple(told)


def _made(performance: Performance) -> tuple[PlayedSection, ...]:
    """The sections that were heard, as far as the log alone tells of them."""
    made = {section.path: section for section in performance.sections}
    cues, tempo = performance.cues(), performance.tempo
    found: list[PlayedSection] = []
    for stretch in performance.stretches:
        for event in stretch.events:
            cue = cues.get(event.cue_id)
            section = None if cue is None else made.get(Path(cue.path).name)
            if section is None or (found and found[-1].section_id == section.request.section_id):
                continue
            request = section.request
            found.append(
                PlayedSection(
                    section.name, request.role, tempo.seconds_at(event.frame), request.bars, request.bpm, request.key,
                    request.energy, request.prompts, request.seed, generator=section.generator, section_id=request.section_id,
                    piece=section.piece,
                )
            )  # fmt: skip
    return tuple(found)


def in_file(history: Sequence[PlayedSection], heard: Sequence[HeardSection], start: int) -> tuple[PlayedSection, ...]:
    """The sections that a file has, with their times in it: a set that was stopped in between is longer than its bars.

    Args:
        history: all that were played, in the set's time.
        heard: those of the file's player, by its tape's frames; without any, the set's time counts.
        start: the tape's frame that the file begins with.
    """
    found, waiting = [], list(history)
    for section in heard:
        names = [each.title for each in waiting]
        if section.title in names:
            played = waiting[names.index(section.title)]
            del waiting[: names.index(section.title) + 1]
            moved = (section.at - start) / SAMPLE_RATE - played.start_s
            over = played.transition
            over = None if over is None else replace(over, start_s=over.start_s + moved)
            found.append(replace(played, start_s=played.start_s + moved, transition=over))
    if not found:
        return tuple(history)
    inside = [section for section in found if section.start_s >= 0]
    sounding = [section for section in found if section.start_s < 0][-1:]
    if not sounding and inside[0].start_s > 0:  # a player before this one began it
        names = [each.section_id for each in history]
        sounding = list(history[: names.index(inside[0].section_id)][-1:])
    return (*(replace(section, start_s=0.0) for section in sounding), *inside)
