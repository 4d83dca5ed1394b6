"""Keeping what plays while a set goes on: which files it is made of, when it is whole, and what the performer is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from engine.conductor.messages import because
from engine.conductor.pieces import title_at
from engine.conductor.reacting.hooks import NO_HOOK
from engine.conductor.state import Playing, State
from engine.errors import LivesetError, SectionError
from engine.protocol import Keeper, KeeperList, ListenKeeper, MarkKeeper, SectionRequest, VaryNext
from engine.sections.file import SectionReader
from engine.sections.keepers import Layer, find_keeper, keep, keepers, keepers_root, mark_keeper, remove_keeper, whole
from engine.session.later import Later, at_once
from engine.timebase import section_frames

Teller = Callable[[str, str], None]
"""Shows the performer a line: its level and its text."""


@dataclass(frozen=True, slots=True)
class Kept:
    """How the keeping of a version ended: the keeper's name, or what was wrong."""

    version_id: str
    name: str = ""
    error: str = ""


class Keeping:
    """Saves what plays among the keepers.

    Args:
        folder: where the set's section files lie.
        tell: shows the performer a line.

    Attributes:
        later: writes, lists and removes: at once, unless the set plays in real time.
        names: of what was kept in this set, in order.
        shown: the keepers for the screen; None while nobody asks for them.
    """

    def __init__(self, folder: Path, tell: Teller) -> None:
        self.folder = folder
        self.tell = tell
        self.later: Later = at_once
        self.names: tuple[str, ...] = ()
        self.shown: KeeperList | None = None
        self._asked = False
        self._by_version: dict[str, str] = {}
        """The name of each version that was kept; none yet while it is written."""
        self._waiting = ""
        """The version that the section began with which is kept once all of it is made."""

    def ask(self, state: State) -> None:
        """Keep what plays, now or as soon as it is whole."""
        now = state.transport.now
        if now is None:
            self.tell("info", "Nothing to keep yet: nothing is playing.")
        elif now.heard[0].first:
            self.tell("info", "Not kept: its tempo changed in the middle of it. Keep the next one.")
        elif not self._keep(now, state):
            self._waiting = now.heard[0].path
            self.tell("info", f"{now.version.wish.name} will be kept once it is complete.")

    def ask_hook(self, state: State) -> None:
        """Keep the bars that are marked."""
        hook = state.steering.hook
        if hook is None:
            self.tell("info", NO_HOOK)
            return
        try:
            layer = Layer(SectionReader(self.folder / hook.path))
        except SectionError as error:
            self.tell("warning", because("The marked bars are gone", error.message, "."))
            return
        request, info = hook.request, layer.reader.info
        first, end = (section_frames(request.bpm, request.beats_per_bar, bar, info.rate) for bar in (hook.first - 1, hook.last))
        if info.first_frame > first or layer.end < end:
            self.tell("info", "Not kept: these bars were made anew in the middle. Mark others, and keep those.")
            return
        keeper = _described(request, hook.name, _title(state), hook.generator)
        keeper = replace(keeper, name=f"{keeper.name} hook", bars=hook.last - hook.first + 1)
        self.later(lambda: _written([layer], keeper, "", (hook.first, hook.last)), self.done)

    def look(self, state: State) -> None:
        """Whether what is waited for is whole by now."""
        now = state.transport.now
        if not self._waiting or now is None:
            return
        if now.heard[0].path != self._waiting:
            self._waiting = ""
            self.tell("warning", "Section not kept: it ended before it was complete. Try again in this one.")
        elif now.version.complete and self._keep(now, state):
            self._waiting = ""

    def done(self, kept: Kept) -> None:
        """A version was kept, or could not be."""
        if kept.error:
            self._by_version.pop(kept.version_id, None)
            self.tell("error", kept.error)
            return
        if kept.version_id:
            self._by_version[kept.version_id] = kept.name
        self.names = (*self.names, kept.name)
        self.tell("info", f"Kept as {kept.name}: K makes the next section from it.")
        if self._asked:
            self.show(True)

    def show(self, on: bool) -> None:
        """Read the keepers for the screen, or show none any more."""
        self._asked = on
        if on:
            self.later(_listed, self._show)
        else:
            self.shown = None

    def mark(self, command: MarkKeeper) -> None:
        """Write a star, tags or a note on a keeper."""
        self.later(lambda: _marked(command), self._gone)

    def remove(self, name: str) -> None:
        """Delete a keeper, for good."""
        self.later(lambda: _removed(name), self._gone)

    def _show(self, found: KeeperList) -> None:
        self.shown = found if self._asked else None

    def _gone(self, error: str) -> None:
        if error:
            self.tell("error", error)
        if self._asked:
            self.show(True)

    def named(self, command: VaryNext | ListenKeeper) -> VaryNext | ListenKeeper | None:
        """The command with its keeper as it lies there now; None, and a word why, if it cannot be used."""
        keeper = command.keeper
        if keeper is None:
            return command
        try:
            return replace(command, keeper=find_keeper(keeper.name if isinstance(keeper, Keeper) else keeper))
        except SectionError as error:
            self.tell("warning", str(error))
            return None

    def _keep(self, now: Playing, state: State) -> bool:
        """Begin to write what plays; False if not all of it is there."""
        version = now.version
        name = self._by_version.get(version.id)
        if name is not None and (not name or (keepers_root() / name).is_dir()):
            self.tell("info", f"Already kept as {name}." if name else "Already being kept.")
            return True
        layers = self._layers(now) if version.complete else []
        if not whole(layers):
            return False
        self._by_version[version.id] = ""
        keeper = _described(version.request, version.wish.name, _title(state), version.generator)
        self.later(lambda: _written(layers, keeper, version.id), self.done)
        return True

    def _layers(self, now: Playing) -> list[Layer]:
        """The files that what plays is made of, opened at once: they may leave the session before they are copied."""
        layers = []
        for heard in now.heard:
            try:
                layers.append(Layer(SectionReader(self.folder / heard.path), heard.first))
            except SectionError:  # what was given up before it was made is gone, and another one lies under it
                continue
        stems = layers[-1].reader.info.stems if layers else ()
        return [layer for layer in layers if layer.reader.info.stems == stems]


def _written(layers: list[Layer], keeper: Keeper, version_id: str, bars: tuple[int, int] | None = None) -> Kept:
    try:
        return Kept(version_id, keep(layers, keeper, datetime.now(), bars).name)
    except LivesetError as error:
        return Kept(version_id, error=str(error))


def _listed() -> KeeperList:
    return KeeperList(*keepers())


def _removed(name: str) -> str:
    """What was wrong; empty if the keeper is gone."""
    try:
        remove_keeper(name)
    except SectionError as error:
        return str(error)
    return ""


def _marked(command: MarkKeeper) -> str:
    """Write on a keeper; what is wrong, empty if nothing is."""
    try:
        mark_keeper(command.name, command.star, command.tags, command.note)
    except LivesetError as error:
        return str(error)
    return ""


def _title(state: State) -> str:
    """Of the piece that sounds, or of the set where that is a single one."""
    return title_at(state, state.here) or state.settings.title


def _described(request: SectionRequest, part: str, title: str, generator: str) -> Keeper:
    return Keeper(
        name=f"{title} {part}",
        path="",
        title=title,
        part=part,
        role=request.role,
        bars=request.bars,
        beats_per_bar=request.beats_per_bar,
        bpm=request.bpm,
        key=request.key,
        prompts=request.prompts,
        generator=generator,
        seed=request.seed,
        set_seed=request.set_seed,
        ideas=request.ideas,
        progression=request.progression,
    )
