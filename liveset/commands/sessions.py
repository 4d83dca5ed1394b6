"""`liveset sessions`, `replay` and `export`: the sets that were played, once more, and as files for other programs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from engine.errors import LivesetError, RecordingError
from engine.performances.folders import MOST_KEPT, all_folders, find_folder, performances_root, remove_folder
from engine.performances.reading import Performance, length_frames, read_card, read_performance
from engine.processes.layout import check_audio_name, check_free
from engine.timebase import SAMPLE_RATE
from engine.versions import version
from liveset.commands.plain import plain_console


def clock(seconds: float) -> str:
    """Seconds as minutes and seconds."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


def show_sessions(as_json: bool = False) -> None:
    """Print all sets that were played, the newest first, and those that cannot be read."""
    console, found, broken = plain_console(highlight=False, soft_wrap=True), [], []
    for folder in all_folders():
        try:
            found.append((folder.name, read_card(folder), length_frames(folder) / SAMPLE_RATE))
        except LivesetError as error:
            broken.append(str(error))
    if as_json:
        cards = [{"name": name, "length_s": length, **asdict(card)} for name, card, length in found]
        typer.echo(json.dumps({"folder": str(performances_root()), "sessions": cards, "broken": broken}))
        return
    if not found and not broken:
        console.print(f"no set was played yet; the last {MOST_KEPT} are kept in {performances_root()}")
    for name, card, length in found:
        how = "rehearsed" if card.how == "rehearsal" else "played"
        presets = ", ".join(card.preset.splitlines())
        console.print(f"{name}  {clock(length):>6} min  {card.title}, {how} {card.started}, seed {card.seed}, {presets}")
    for text in broken:
        console.print(f"✗ {text}")


def remove_session(name: str) -> None:
    """Delete a session.

    Raises:
        PerformanceError: there is none of that name, or it cannot be deleted.
    """
    typer.echo(f"{remove_folder(name).name} is gone")


def replay_session(
    name: str, out: Path, span: tuple[int | None, int | None, float | None] = (None, None, None), *, force: bool = False
) -> None:
    """Render a session into a file once more.

    Args:
        name: the session's.
        out: a .flac or .wav file.
        span: the first and last bar, counted from 1, and instead of the first how many minutes of its end.
        force: replace a file that is there.

    Raises:
        LivesetError: there is none of that name, or it cannot be played again, or the file not be written.
    """
    from engine.replay.remaking import check_repeatable
    from engine.replay.replay import Span, replay

    performance = read_performance(find_folder(name))
    out = out.expanduser()
    check_audio_name(out)
    check_free(out, force=force)
    check_repeatable(performance)
    Span(*span).frames(performance)
    with progress_bar(performance.card.title) as (console, told):
        _say_version(performance, console)
        frames = replay(performance, out, Span(*span), told)
    console.print(f"{out}: {clock(frames / SAMPLE_RATE)} min of {performance.name}", highlight=False)


def replay_changed(name: str, out: Path, words: Sequence[str], *, force: bool = False) -> None:
    """Render a session's moves once more, on another seed, other prompts or another preset.

    Args:
        name: the session's.
        out: a .flac or .wav file.
        words: the changes, see `engine.replay.varying.read_changes`.
        force: replace a file that is there.

    Raises:
        LivesetError: there is no such session, the changes make no sense, or the file cannot be written.
    """
    from engine.replay.varying import changed_set, read_changes, replay_with

    folder, out = find_folder(name), out.expanduser()
    performance, changes = read_performance(folder), read_changes(words)
    check_audio_name(out)
    check_free(out, force=force)
    changed_set(folder, performance, changes)
    fresh = out.with_name(f".with-{out.name[-200:]}")
    try:
        with progress_bar(performance.card.title) as (console, told):
            log = replay_with(folder, performance, changes, fresh, lambda done, _what: told(done))
        fresh.replace(out)
    except OSError as error:
        raise RecordingError(f"cannot write {out}: {error.strerror}", "name another file") from error
    finally:
        with suppress(OSError):
            fresh.unlink(missing_ok=True)
    for line in log.notices:
        console.print(f"warning: {line}", highlight=False, markup=False)
    moved = f"{len(log.events)} move{'' if len(log.events) == 1 else 's'}"
    console.print(f"{out}: {moved} of {performance.name}, with {', '.join(words)}", highlight=False, markup=False)


def export_session(name: str, folder: Path, *, force: bool = False) -> None:
    """Write a session as a folder that music programs open.

    Raises:
        LivesetError: there is none of that name, or it cannot be played again, or the folder not be written.
    """
    from engine.replay.daw.export import check_folder, export
    from engine.replay.remaking import check_repeatable

    performance = read_performance(find_folder(name))
    folder = folder.expanduser()
    check_repeatable(performance)
    check_folder(folder, force=force)
    with progress_bar(performance.card.title) as (console, told):
        _say_version(performance, console)
        peaks = export(performance, folder, told)
    for each, peak in peaks.items():
        if peak > 1.0:
            console.print(f"warning: {each}.wav goes beyond full scale and was clipped there", highlight=False)
    console.print(f"{folder}: stems, set.mid and sections.csv of {performance.name}", highlight=False)


def _say_version(performance: Performance, console: Console) -> None:
    if performance.card.version != version():
        console.print(f"note: liveset {performance.card.version} played it; another version may sound different", highlight=False)


@contextmanager
def progress_bar(title: str) -> Iterator[tuple[Console, Callable[[float], None]]]:
    """A bar that shows how far it is: where to print, and what tells it."""
    console = plain_console(stderr=True, soft_wrap=True)
    columns = (TextColumn("{task.description:<14}", markup=False), BarColumn(None), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(title[:14], total=1.0)
        yield console, lambda done: progress.update(task, completed=done)
