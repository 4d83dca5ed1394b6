"""Going on with a set whose processes are all gone: from the bar that it was in, with all that was moved."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from engine.command_line import command
from engine.conductor.pieces import title_at
from engine.conductor.reacting.values import level_params
from engine.conductor.requests import SECTION_SUFFIX
from engine.conductor.state import Heard, State, Version
from engine.errors import PerformanceError
from engine.generator_names import STAND_IN
from engine.performances.entries import MADE, MadeSection
from engine.performances.folders import find_folder
from engine.performances.made import MadeLog
from engine.performances.reading import read_performance
from engine.performances.writing import LogFile
from engine.processes.latest import PARAM_DEFAULTS, PARAMS, SharedBlock
from engine.processes.layout import OPTIONS_FILE, PARAMS_FILE, PERFORMANCE_FILE, make_sections_folder
from engine.protocol import SetOptions
from engine.replay.remaking import make_alone
from engine.session.saving import load_state, save_state
from engine.timebase import SLACK


@dataclass(frozen=True, slots=True)
class Resumption:
    """A set that can go on.

    Attributes:
        folder: of its log.
        state: the conductor's, in which the section that sounded is one that pocket makes again.
        options: as the set was started; nothing is recorded by itself.
    """

    folder: Path
    state: State
    options: SetOptions

    @property
    def frame(self) -> int:
        """The transport's frame at which it goes on, a bar line."""
        return self.state.transport.frame

    @property
    def bar(self) -> int:
        """The bar in which it goes on, counted from 1."""
        return self.state.tempo.bar_at(self.frame) + 1

    def prepare(self, session: Path) -> tuple[str, ...]:
        """Make ready the folder of the session in which it goes on; returns what its engine is to be told.

        Raises:
            LivesetError: if the section cannot be made, or the folder not be written.
        """
        now = self.state.transport.now
        assert now is not None
        version, values = now.version, self.state.steering
        make_alone(version.request, make_sections_folder(session) / version.path)
        log = MadeLog(LogFile(self.folder / MADE), self.folder)
        piece = title_at(self.state, version.index)
        log.section(MadeSection(version.path, version.wish.name, STAND_IN, version.request, piece=piece))
        log.close()
        save_state(session, self.state)
        grid = self.state.grid
        tempo = {"bpm": grid.bpm, "tempo": values.bpm or 0.0, "beats_per_bar": float(grid.beats_per_bar)}
        block = SharedBlock(session / PARAMS_FILE, PARAMS, create=True)
        block.update({**PARAM_DEFAULTS, **tempo, **dict(values.macros), **dict(level_params(values.levels)), "run": 1.0})
        (session / PERFORMANCE_FILE).write_text(str(self.folder), encoding="utf-8")
        return "--again", str(self.frame)


def resumption(name: str) -> Resumption:
    """What it takes for a session to go on.

    Raises:
        PerformanceError: if it cannot: it never began, is over, was a rehearsal, or another version of liveset played it.
    """
    folder = find_folder(name)
    performance = read_performance(folder)
    if performance.card.how == "rehearsal":
        raise PerformanceError(f"{folder.name} was a rehearsal", f"play the set: {command('play')}")
    state = load_state(folder)
    try:
        options = SetOptions.read(folder / OPTIONS_FILE)
    except (OSError, ValueError, TypeError) as error:
        raise PerformanceError(f"{folder.name} does not say how it was started", f"play it anew: {command('play')}") from error
    if state is None:
        raise PerformanceError(f"{folder.name} cannot go on: its state cannot be read", f"play it anew: {command('play')}")
    if state.transport.run == "finished":
        raise PerformanceError(f"{folder.name} came to its end", f"{command('replay last')} renders it again")
    return Resumption(folder, resumed(state, performance.frames), replace(options, record=None))


def resumed(state: State, frame: int) -> State:
    """The state from which a set goes on where its transport stood at a frame: at that bar's start, in the section that sounded.

    Raises:
        PerformanceError: if nothing sounded yet.
    """
    now = state.transport.now
    if now is None:
        raise PerformanceError("the set had not begun yet", f"play it: {command('play')}")
    grid, number = state.grid, state.work.last_section + 1
    last = grid.bar_at(now.origin + now.cue.end_frame - 1)
    start = grid.frame_of_bar(max(grid.bar_at(now.origin + SLACK), min(grid.bar_at(frame), last)))
    request = replace(
        now.version.request, section_id=f"s{number:05d}", continue_path=None, continue_frame=0, vary_path=None, from_frame=0
    )
    path = request.section_id + SECTION_SUFFIX
    version: Version = replace(
        now.version, request=request, path=path, generator=STAND_IN, complete=True, ready_to=request.total_frames()
    )
    sounding = replace(now, version=version, cue=replace(now.cue, path=path), fallback=None, heard=(Heard(path, 0),))
    state = state.with_transport(
        now=sounding, cues=(), cue_versions=(), frame=start, clock=0, run="playing", wants_play=True, jump=False, ahead=0.0
    )
    return state.with_work(last_section=number, next=None, others=(), after=None, switch=None, trash=(), jobs=(), failures=0)
