"""`liveset rehearse` and `liveset check`: a set without a stage."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import soundfile
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

from engine.conductor.pieces import opens_piece, title_at
from engine.conductor.reacting.changing_over import clash
from engine.conductor.tempo import fifths_between, glide_of, hand_over, key_of, planned_seconds, tempo_of
from engine.errors import PerformanceError, RecordingError
from engine.music.key import NEIGHBOURS
from engine.performances.folders import give_up_old, new_folder
from engine.performances.reading import read_performance, takes_of
from engine.presets import Preset, SetList, load_set
from engine.processes.layout import check_free, recording_name
from engine.protocol import SetOptions, titled
from engine.session.heard_files import heard
from engine.session.opening import notes, opening_state
from liveset.commands.plain import plain_console

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from engine.analysis.survey import Survey
    from engine.conductor.state import State
    from engine.rehearsal.log import RehearsalLog
    from engine.rehearsal.rehearsal import Heard, Rehearsal


def rehearse_to_files(options: SetOptions, report: Path | None) -> None:
    """Rehearse a preset into an audio file (by default named after it), and a report if asked for.

    Raises:
        LivesetError: for anything wrong, before anything plays where it can be known.
    """
    from engine.rehearsal.rehearsal import Rehearsal  # brings the renderer, which `check` does without

    chosen = load_set(options.presets)
    options.check()
    _check_midi(chosen)
    if report is not None:
        from liveset.report.write import (  # what measures takes longer to load than all else
            NAMES,
            PAGE_NAME,
            check_writable,
            write_report,
        )

        check_writable(report)
        check_free(*(report / name for name in NAMES), force=options.force)
    where = _destination(options.preset, options.record, report, force=options.force)
    # A file that is there already is replaced only by a rehearsal that came to its end.
    written = _free(where)
    log_to = new_folder(Path(recording_name(chosen.name)).stem)
    give_up_old()
    rehearsal = Rehearsal(chosen, replace(options, record=str(written)), log_to)
    signal.signal(signal.SIGTERM, _interrupt)  # whoever ends it leaves no folders behind
    console = plain_console(stderr=True, soft_wrap=True)
    started = time.monotonic()
    with _measured_beside(rehearsal, report) as (heard, survey):
        log = _play(rehearsal, written, console, heard)
    for line in log.notices:
        console.print(f"warning: {line}", highlight=False, markup=False)
    if log.kept:
        console.print(f"kept as {', '.join(log.kept)}", highlight=False, markup=False)
    took = time.monotonic() - started
    _put_in_place(written, where)
    length = soundfile.info(where).duration
    count = "1 section" if len(log.sections) == 1 else f"{len(log.sections)} sections"
    console.print(
        f"{where}: {count}, {length:.0f} s of sound made in {took:.0f} s, {length / max(took, 1e-3):.1f} times real time"
    )
    if report is not None:
        try:
            write_report(report, where, log, _takes(log_to), survey())
        except OSError as error:
            raise RecordingError(f"cannot write the report in {report}: {error.strerror}", "free some disk space") from error
        console.print(f"{report / PAGE_NAME} says how it went, report.json and set.png beside it")


@contextlib.contextmanager
def _measured_beside(rehearsal: Rehearsal, report: Path | None) -> Iterator[tuple[Heard, Callable[[], Survey | None]]]:
    """What is to hear the set while it is rendered, for the report, and whatever tells afterwards what was found."""
    if report is None:
        yield lambda _block: None, lambda: None
        return
    from liveset.report.beside import Listener

    listener = Listener(rehearsal.rate, rehearsal.expected_frames, rehearsal.out.suffix[1:].upper())
    try:
        yield listener.feed, listener.close
    except BaseException:
        listener.end()
        raise


def _takes(log_to: Path | None) -> Mapping[str, int]:
    """How often each section was made; nothing where no log says it."""
    if log_to is not None:
        with contextlib.suppress(PerformanceError):
            return takes_of(read_performance(log_to))
    return {}


def _play(rehearsal: Rehearsal, written: Path, console: Console, heard: Heard) -> RehearsalLog:
    """Rehearse, with a bar that shows how far it is; a rehearsal that is broken off says what there is of it."""
    columns = (TextColumn("{task.description:<14}", markup=False), BarColumn(None), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("starting", total=1.0)
        try:
            log = rehearsal.run(
                lambda done, what: progress.update(task, completed=done, description=what or "starting"), heard=heard
            )
        except KeyboardInterrupt:
            progress.stop()
            empty = _remove_empty(written)
            console.print("stopped before anything was played" if empty else f"stopped; what was played so far is in {written}")
            raise
        except BaseException:
            _remove_empty(written)
            raise
        progress.update(task, completed=1.0, description="done")
    return log


def _free(path: Path) -> Path:
    """A name that no file has yet: a rehearsal that named none replaces nothing."""
    names = (path, *(path.with_stem(f"{path.stem}-{n}") for n in range(2, 1000)))
    return next((each for each in names if not each.exists()), path)


def _destination(preset_name: str, out: str | None, report: Path | None, *, force: bool) -> Path:
    """Where the sound goes.

    Raises:
        RecordingError: if what is there already may not be replaced.
    """
    if out is None and report is None:
        return _free(Path(f"{Path(preset_name).stem}.flac"))
    where = (Path(out) if out is not None else report / "set.flac" if report is not None else Path()).expanduser()
    where = where.resolve() if where.is_symlink() else where  # the file is replaced, not the link to it
    check_free(where, force=force)
    if where.exists() and not os.access(where, os.W_OK):
        raise RecordingError(f"cannot write {where}: it may only be read", "name another file")
    return where


def _put_in_place(written: Path, where: Path) -> None:
    """Let a finished rehearsal take the place of the file it was asked to replace."""
    if written == where:
        return
    try:
        written.replace(where)
    except OSError as error:
        raise RecordingError(f"cannot replace {where}: {error.strerror}", f"the rehearsal is in {written}") from error


def _remove_empty(path: Path) -> bool:
    """Take away a file in which nothing came to be. Returns whether it was so."""
    with contextlib.suppress(OSError):
        try:
            empty = path.is_file() and soundfile.info(path).frames == 0
        except soundfile.LibsndfileError:
            empty = path.stat().st_size == 0
        if empty:
            path.unlink()
        return bool(empty)
    return True


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


def check_preset(names: Sequence[str]) -> None:
    """Print the plan a preset makes, or several of them one after the other.

    Raises:
        LivesetError: what is wrong with it.
    """
    chosen = load_set(names)
    _check_midi(chosen)
    state = opening_state(chosen)
    grid = state.settings.grid
    console = plain_console(soft_wrap=True)
    seconds = planned_seconds(state)
    console.print(
        f"{chosen.name}: {tempo_of(state, 0):g} BPM, {key_of(state, 0)}, {grid.beats_per_bar} beats a bar, "
        f"{int(seconds) // 60}:{int(seconds) % 60:02} minutes, generator {state.work.generator}, seed {state.settings.seed}",
        highlight=False,
        markup=False,
    )
    table = Table(box=None, pad_edge=False, padding=(0, 1))
    # A terminal of 80 columns shows all of them; a section's own name gives way.
    for heading in ("section", "role", "purpose", "from", "bars", "energy", "hands over by"):
        table.add_column(heading, no_wrap=True, min_width=None if heading == "section" else len(heading))
    bar = 1
    for index, part in enumerate(state.plan):
        kind, over_bars = hand_over(state, index)
        bars = "1 bar" if over_bars == 1 else f"{over_bars} bars"
        over = f"{kind}, {bars}" if over_bars else kind
        last = part is state.plan[-1]
        place = (titled(title_at(state, index), part.name), part.role, part.purpose, str(bar), str(part.bars))
        table.add_row(*place, f"{part.energy:.2f}", "ending" if last else over)
        bar += part.bars
    console.print(table)
    for line in _moves(state):
        console.print(line, highlight=False, markup=False)
    for note in (*(line for preset in chosen.pieces for line in _word_lines(preset)), *notes(chosen), *_clashes(state)):
        console.print(f"note: {note}", highlight=False, markup=False)


def _moves(state: State) -> Iterator[str]:
    """Where the plan goes to another tempo or key."""
    bar = 1 + state.plan[0].bars
    for index, part in enumerate(state.plan[1:], 1):
        said = []
        if tempo_of(state, index) != tempo_of(state, index - 1):
            glide = glide_of(state, index) if state.work.traits.live else 0
            said.append(f"{tempo_of(state, index):g} BPM" + (f" over {min(glide, part.bars)} bars" if glide else ""))
        if key_of(state, index) != key_of(state, index - 1):
            said.append(key_of(state, index))
        if said:
            yield f"from bar {bar}: {', '.join(said)}"
        bar += part.bars


def _clashes(state: State) -> Iterator[str]:
    """Where a piece's key is far from that of the one before it."""
    for index in range(1, len(state.plan)):
        if opens_piece(state, index) and (steps := fifths_between(state, index - 1)) > NEIGHBOURS:
            yield clash(title_at(state, index), key_of(state, index), key_of(state, index - 1), steps)


def _check_midi(chosen: SetList) -> None:
    from engine.midi.mapping import mapping_of

    for preset in chosen.pieces:
        mapping_of(preset.source, preset.midi.controller, preset.midi.overrides)


def _word_lines(preset: Preset) -> list[str]:
    from engine.prompts.mix import DEFAULT_STYLE, parse

    lines = []
    for number, prompt in enumerate(preset.prompt, 1):
        parsed = parse(prompt.text)
        if prompt.audio is not None:
            sound = heard(Path(prompt.audio), prompt.text)
            lines.append(f"prompt {number}: {sound.name} was heard as {sound.heard}")
        lines += [f'prompt {number}: nothing was understood from "{word}"' for word in parsed.unknown]
        lines += [f'prompt {number}: "{written}" was taken for "{taken}"' for written, taken in parsed.guesses]
    if not any(prompt.weight for prompt in preset.prompt) and not any(section.prompts for section in preset.section):
        lines.append(f"no prompt has any weight: {DEFAULT_STYLE} plays until one does")
    tempos = sorted({bpm for prompt in preset.prompt if (bpm := parse(prompt.text).bpm) is not None})
    if preset.set.bpm is None and len(tempos) > 1:
        lines.append(f"prompts ask for {' and '.join(f'{bpm:g}' for bpm in tempos)} BPM: that of the heaviest counts")
    return lines
