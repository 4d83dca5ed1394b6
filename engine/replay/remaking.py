"""The sections of a performance, made anew from their requests: one after another, and gone when nothing plays them any more."""

from __future__ import annotations

import contextlib
import queue
import shutil
import tempfile
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from engine.errors import SECTIONS_HINT, PerformanceError
from engine.generator_names import MAKES_ALIKE, STAND_IN
from engine.performances.entries import CUES_NOTE, LOOP_NOTE, MadeSection, SetCard
from engine.performances.reading import Performance
from engine.processes.channels import make_key
from engine.processes.children import Children
from engine.protocol import MakeSection, SectionDone, SectionFailed, SectionRequest, SetOptions
from engine.rehearsal.workers import OfflineWorkers
from engine.sections.file import SectionInfo, SectionWriter, set_ready
from engine.session.files import with_files
from engine.timebase import SAMPLE_RATE

AHEAD: Final = 2
"""Sections that are made ahead of the one that is needed."""

LONGEST_S: Final = 600.0


def sounded(performance: Performance) -> frozenset[str]:
    """Names of the section files that were heard."""
    cues = performance.cues()
    ids = {event.cue_id for stretch in performance.stretches for event in stretch.events}
    return frozenset((*(Path(cues[cue_id].path).name for cue_id in ids if cue_id in cues), *loops(performance)))


def loops(performance: Performance) -> frozenset[str]:
    """Names of the files from the room that looped."""
    notes = (note for stretch in performance.stretches for note in stretch.notes if note.kind == LOOP_NOTE)
    return frozenset(Path(note.value.cue.path).name for note in notes if note.value.cue is not None)


def sources(performance: Performance, made: MadeSection) -> tuple[str, ...]:
    """Names of the files that a section's request goes by; none where the section's own file is kept."""
    if performance.kept(made.path) is not None:
        return ()
    named = (made.request.continue_path, made.request.vary_path)
    return tuple(source for source in named if source is not None)


def wanted(performance: Performance, heard: Iterable[str]) -> list[str]:
    """Some sections by their names, and what they go by: all that is needed to hear them."""
    made = {section.path: section for section in performance.sections}
    found: dict[str, None] = {}
    waiting = sorted(heard, reverse=True)
    while waiting:
        path = waiting.pop()
        if path not in found:
            found[path] = None
            waiting += sources(performance, made[path]) if path in made else ()
    return list(found)


def check_repeatable(performance: Performance) -> None:
    """Make sure that every section that was heard is kept, or can be made again.

    Raises:
        PerformanceError: which is neither.
    """
    made = {section.path: section for section in performance.sections}
    for path in wanted(performance, sounded(performance)):
        if performance.kept(path) is not None:
            continue
        section = made.get(path)
        if section is None and path in loops(performance):
            raise PerformanceError(f"the bars from the room in {path} were not kept", "this session cannot be played again")
        if section is None:
            raise PerformanceError(f"nothing says what section {path} was", "this session cannot be played again")
        if section.generator not in MAKES_ALIKE:
            what = f"section {section.name[:20]} is by {section.generator[:24]}, which makes nothing twice"
            raise PerformanceError(what, "only what pocket made, or what is kept, can be played again")


def make_alone(request: SectionRequest, where: Path) -> None:
    """Have pocket make one section, by its request alone, into a file.

    Raises:
        LivesetError: if it cannot be made, or not be written there.
    """
    made = MadeSection(where.name, request.section_id, STAND_IN, request)
    alone = Sections(Performance("", SetCard("", "", 0, STAND_IN, ""), (made,), ()), frozenset((where.name,)))
    try:
        shutil.copyfile(alone.provide(where.name), where)
    except OSError as error:
        raise PerformanceError(f"cannot write {where}: {error.strerror}", SECTIONS_HINT) from error
    finally:
        alone.close()


def _stand_for(place: Path, file: Path) -> None:
    """Have a file at another place as well, whatever the system has for it."""
    try:
        place.symlink_to(file)
    except OSError:
        shutil.copyfile(file, place)


class Sections:
    """A folder with the section files of a performance, as they are needed.

    Args:
        performance: what was played; see `check_repeatable`.
        heard: names of the section files that are needed whole; those that were heard if not given.

    Raises:
        LivesetError: if no generator can be started, or no file written.
    """

    def __init__(self, performance: Performance, heard: frozenset[str] | None = None) -> None:
        self._made = {section.path: section for section in performance.sections}
        self._heard = sounded(performance) if heard is None else heard
        needed = wanted(performance, self._heard)
        self._performance = performance
        kept = {path: file for path in needed if (file := performance.kept(path)) is not None}
        self._order = [path for path in self._made if path in needed and path not in kept]
        self._asked: dict[str, int] = {}
        self._done = set(kept)
        self._gone: set[str] = set()
        self._loops = loops(performance)
        notes = (note for stretch in performance.stretches for note in stretch.notes if note.kind == CUES_NOTE)
        self._left = Counter(Path(cue.path).name for note in notes for cue in note.value)
        self._session = Path(tempfile.mkdtemp(prefix="lr"))
        make_key(self._session)
        self._children = Children(self._session, SetOptions())
        self.folder = self._children.sections
        for path, file in kept.items():
            _stand_for(self.folder / path, file)
        self._workers = OfflineWorkers(self._session, self._children, SAMPLE_RATE)
        try:
            self._workers.open({"main": STAND_IN})
        except BaseException:
            self.close()
            raise

    def provide(self, path: str) -> Path:
        """A section's file, which is made if it is not there; of one that was never heard the header alone.

        Raises:
            LivesetError: if it cannot be made.
        """
        where = self.folder / path
        if path in self._order:
            first = self._order.index(path)
            for each in self._order[: first + 1 + AHEAD]:
                self._ask(each)
            while path not in self._done:
                self._hear()
        elif path in self._made and not where.exists():
            self._outline(self._made[path])
        return where

    def passed(self, cues: Iterable[str], held: Collection[str]) -> None:
        """The player was given cues for some files: remove what nothing plays or goes by any more.

        Args:
            cues: names of the files; once for each time that the player was given them.
            held: names of the files that are played, or are about to.
        """
        self._left.subtract(cues)
        needed = {source for path in self._order if path not in self._done for source in self._sources(path)}
        for path in self._done - self._gone - needed - set(held) - self._loops:
            if self._left[path] <= 0:
                self._gone.add(path)
                with contextlib.suppress(OSError):
                    (self.folder / path).unlink()

    def _sources(self, path: str) -> tuple[str, ...]:
        return sources(self._performance, self._made[path])

    def close(self) -> None:
        """End the generator, and remove all files."""
        with contextlib.suppress(AttributeError):  # where no door was opened yet
            self._workers.close()
        self._children.stop()
        shutil.rmtree(self._children.sections, ignore_errors=True)
        shutil.rmtree(self._session, ignore_errors=True)

    def _ask(self, path: str) -> None:
        if path in self._asked:
            return
        made = self._made[path]
        job = self._asked[path] = len(self._asked)
        request = replace(made.request, continue_path=self._before(made))
        self._workers.connections["main"].send(MakeSection(job, with_files(request, self.folder), path))

    def _before(self, made: MadeSection) -> str | None:
        """The file before as the generator found it then: whole, or not all there yet, or gone."""
        source = made.request.continue_path
        if source is None or made.heard < 0 or source not in self._made:
            return None
        request = self._made[source].request
        if made.heard >= request.total_frames() - request.from_frame:
            return source
        while source not in self._done:
            self._hear()
        part = f"{Path(made.path).stem}.before"
        shutil.copyfile(self.folder / source, self.folder / part)
        set_ready(self.folder / part, made.heard)
        return part

    def _hear(self) -> None:
        """Take one report of the generator's.

        Raises:
            PerformanceError: a section could not be made, or the generator is gone.
        """
        try:
            kind, message = self._workers.inbox.get(timeout=LONGEST_S)
        except queue.Empty:
            kind, message = "gone", None
        if kind == "gone":
            raise PerformanceError("the generator stopped while it made a section again", "try it once more")
        self._note(message)

    def _note(self, message: Any) -> None:
        paths = {job: path for path, job in self._asked.items()}
        match message:
            case SectionDone(job_id=job):
                self._done.add(paths[job])
            case SectionFailed(job_id=job, message=text):
                raise PerformanceError(f"cannot make {paths.get(job, 'a section')} again: {text[:60]}", "free some disk space")

    def _outline(self, made: MadeSection) -> None:
        request = made.request
        info = SectionInfo(
            section_id=request.section_id,
            stems=("mix",),
            rate=SAMPLE_RATE,
            first_frame=request.from_frame,
            frames=request.total_frames() - request.from_frame,
            bars=request.bars,
            tail_bars=request.tail_bars,
            beats_per_bar=request.beats_per_bar,
            bpm=request.bpm,
            key=request.key,
            seed=request.seed,
            generator=made.generator,
        )
        SectionWriter(self.folder / made.path, info).close()
