"""The player as the live engine sees it: reached, lost, started again, and what it says of devices and recordings."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from functools import partial
from typing import Final

from engine import protocol as p
from engine.conductor.events import PlayerSaid, Restarted
from engine.conductor.messages import because
from engine.errors import EngineError
from engine.live.background import Post
from engine.live.links import Links
from engine.live.recordings import Recordings
from engine.processes.channels import Line, connect
from engine.processes.children import Children
from engine.processes.layout import PLAYER
from engine.protocol.checking import fits
from engine.session.session import Session
from engine.timebase import SAMPLE_RATE

REACH_S: Final = 10.0
"""Seconds that a player which is being started may take to answer, until another one is started."""

TRY_S: Final = 0.25
"""Seconds between two looks whether a player that is being reached has ended meanwhile; and how long it is waited for then, twice
as long with each that ends before it has answered."""


class Player:
    """Looks after the line to the player; called on the deciding thread alone.

    Args:
        session: is told what the player says.
        links: keeps the line.
        children: starts another player.
        recordings: of what is played.
        post: has a call made on the deciding thread.

    Attributes:
        device: what it plays on; None until it has said so.
        leaving: the set is being ended: a player that goes is not replaced.
    """

    def __init__(self, session: Session, links: Links, children: Children, recordings: Recordings, post: Post) -> None:
        self.device: p.DeviceOpened | None = None
        self.leaving = False
        self._headphones: p.HeadphonesOpened | None = None
        self._failed = 0
        """Players in a row that ended, or hung, before they answered."""
        self._session, self._links, self._children, self._recordings, self._post = session, links, children, recordings, post

    def reach(self) -> None:
        """Connect, on a thread of its own."""
        threading.Thread(target=self._reach, daemon=True, name="player").start()

    def _reach(self) -> None:
        began = time.monotonic()
        patience = min(REACH_S, TRY_S * 2**self._failed)
        while True:
            try:
                line = Line(connect(self._children.folder, PLAYER, TRY_S))
            except EngineError as error:
                passed = time.monotonic() - began
                if passed >= REACH_S or (passed >= patience and self._ended(error)):
                    self._post(partial(self.gone, None, str(error)))
                    return
            else:
                self._post(partial(self.here, line))
                return

    def _ended(self, error: EngineError) -> bool:
        """Whether the player that does not answer has ended. Of one that another engine started the socket tells."""
        process = self._children.player
        return isinstance(error.__cause__, ConnectionRefusedError) if process is None else process.poll() is not None

    def here(self, line: Line) -> None:
        """A player answers."""
        self._failed = 0
        self._links.player_here(line)
        line.open(lambda event: self._post(partial(self.said, event)), lambda: self._post(partial(self.gone, line)))
        self._recordings.player_here()

    def gone(self, line: Line | None, reason: str = "") -> None:
        """The player died: another goes on from the frame it had reached.

        Args:
            line: that ended; None if there was none yet.
            reason: why none could be reached.
        """
        if line is not self._links.player:
            return
        frame = self._links.player_gone()
        if self.leaving:
            return
        process = self._children.player
        # A line ends before its process does, and may end alone: then the player still plays.
        if reason or (process is not None and process.poll() is not None):
            self._failed += 1
            self._recordings.player_gone()
            self._session.tell("warning", "The player stopped and is being restarted.")
            self._children.start_player(frame)
            self._session.take(Restarted())
        self.reach()

    def said(self, event: p.PlayerEvent) -> None:
        """The player reports."""
        if not fits(event, p.PlayerEvent):
            return
        match event:
            case p.DeviceOpened():
                self._opened(event)
            case p.DeviceLost(name, message):
                self.device = replace(self.device, silent=True) if self.device is not None else None
                self._session.tell("error", f"{name} is gone ({message}): silent until it is back; check its cable.")
            case p.HeadphonesOpened():
                self._headphones_opened(event)
            case p.RecordingState():
                self._recordings.said(event)
            case p.PlayerHello():
                self._recordings.greeted(event)
                if event.device is not None:
                    self._opened(event.device)
                if event.headphones is not None:
                    self._headphones_opened(event.headphones)
        self._session.take(PlayerSaid(event))

    def _headphones_opened(self, opened: p.HeadphonesOpened) -> None:
        before, self._headphones = self._headphones, opened
        if opened == before:
            return
        if opened.where:
            self._session.tell("info", f"Headphones: {opened.where[:60]}.")
        elif opened.why:
            self._session.tell("warning", f"{opened.why[:78]}; the set plays on.")

    def _opened(self, opened: p.DeviceOpened) -> None:
        before, self.device = self.device, opened
        if opened.silent:
            why = f" ({opened.message})" if opened.message else ""
            self._session.tell("warning", f"no sound device: the set runs silently in real time{why}")
            return
        self._children.options = replace(self._children.options, device=opened.wanted)  # for the player after this one
        if opened.message:
            self._session.tell("error", because("Cannot change the output", opened.message, f": still on {opened.name}."[:40]))
        elif opened.instead_of:
            self._session.tell(
                "error", f"{opened.instead_of[:30]} is gone: {opened.name[:30]} plays on until it is back; press O to pick."
            )
        elif before is not None and (before.silent or before.key != opened.key or before.instead_of):
            self._session.tell("info", f"Playing on {opened.name}.")
        if odd := _as_opened(opened):
            self._session.tell("info", f"{opened.name[:40]} takes {odd}.")


def _as_opened(opened: p.DeviceOpened) -> str:
    """What is unlike the set's own sound in how a device was opened; empty where nothing is."""
    odd = [f"{opened.rate} Hz, resampled from {SAMPLE_RATE}"] if opened.rate != SAMPLE_RATE else []
    if opened.channels == 1:
        odd.append("one channel: both sides are mixed")
    elif opened.channels > len(opened.outputs):
        play = "the first two play" if opened.outputs == (1, 2) else f"{', '.join(map(str, opened.outputs))} play"
        odd.append(f"{opened.channels} channels: {play}")
    return ", ".join(odd)
