"""The audio input as the live engine sees it: a process that reads a device, and the last bars from it in memory."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from engine.conductor.messages import because
from engine.errors import LivesetError
from engine.live.background import Background, Post
from engine.player.apart import Apart
from engine.player.input.ring import RoomRing
from engine.processes.layout import OPTIONS_FILE, ROOM_FILE
from engine.protocol import INPUT_NONE, RoomView, SetOptions, input_of, names_input
from engine.session.session import Session
from engine.timebase import SAMPLE_RATE

HUNG_S: Final = 3.0
"""Seconds without any sound from a device that is open, after which its process is started again."""


class RoomInput:
    """An input device, looked after; nothing where none was asked for.

    Args:
        folder: the session's, in which the ring lies.
        device: see `input_of`; None or ``none`` for none.
        session: takes bars of what is heard, and tells the performer.
        post: has a call made on the deciding thread.

    Raises:
        DeviceError: if the device makes no sense.
        OSError: if there can be no ring.
    """

    def __init__(self, folder: Path, device: str | None, session: Session, post: Post) -> None:
        self._folder, self._session, self._post = folder, session, post
        self._ring: RoomRing | None = None
        self._apart: Apart | None = None
        self._offset_ms = 0.0
        self._where = self._why = ""
        self._captured, self._moved_at = 0, time.monotonic()
        self._listen(device)

    def use(self, device: str | None) -> None:
        """Listen to another device, or to none, from now on; also in an engine that takes this one's place."""
        try:
            self._listen(device)
        except (LivesetError, OSError) as error:
            said = error.message if isinstance(error, LivesetError) else str(error)
            self._session.tell("error", because("The input stays as it is", said, "."))
            return
        try:
            options = self._folder / OPTIONS_FILE
            replace(SetOptions.read(options), input=device or INPUT_NONE).write(options)
        except (OSError, ValueError, TypeError) as error:
            self._session.tell("warning", because("The input is forgotten if the engine starts again", str(error), "."))
        if self._apart is None:
            self._session.tell("info", "No audio input: nothing is heard of the room.")

    def _listen(self, device: str | None) -> None:
        """What is heard so far of another device is forgotten.

        Raises:
            DeviceError: if the device makes no sense: what was listened to stays.
            OSError: if there can be no ring.
        """
        listens = names_input(device)
        name, offset_ms = input_of(device) if listens and device is not None else ("", 0.0)
        if listens and self._ring is None:
            self._ring = RoomRing(self._folder / ROOM_FILE, create=True)
            self._session.room.later = Background("room", self._post)
        if self._apart is not None:
            self._apart.close()
        self._apart, self._where, self._why, self._offset_ms = None, "", "", offset_ms
        self._session.room.ring = self._ring if listens else None
        if self._ring is not None:
            self._ring.forget()
        if listens:
            argv = ["engine.player.input.process", str(self._folder), "--device", name, f"--offset={offset_ms}"]
            self._apart = apart = Apart("audio input", argv, lambda said: self._post(partial(self._heard, apart, said)))

    def tick(self) -> None:
        """Look after the process; call it every now and then."""
        if self._ring is None or self._apart is None:
            return
        now, captured = time.monotonic(), self._ring.captured
        if captured != self._captured or not self._where:
            self._captured, self._moved_at = captured, now
        elif now - self._moved_at > HUNG_S:
            self._moved_at = now
            self._apart.kill()
        self._apart.tick()

    def view(self) -> RoomView:
        """For the screen."""
        loop = self._session.state.transport.loop
        peaks = self._ring.peaks if self._ring is not None and self._where else (0.0, 0.0)
        return RoomView(self._where, self._why, peaks, 0 if loop is None else loop.loop_bars)

    def close(self) -> None:
        """Let the device go."""
        if self._apart is not None:
            self._apart.close()

    def _heard(self, apart: Apart, said: dict[str, Any]) -> None:
        if apart is not self._apart:  # of a device that is not listened to any more
            return
        where, why = str(said.get("opened", "")), str(said.get("lost", ""))
        if (where, why) == (self._where, self._why):
            return
        self._where, self._why = where, why
        if where:
            odd = [f"{said['rate']} Hz"] if said.get("rate", SAMPLE_RATE) != SAMPLE_RATE else []
            odd += ["one channel"] if said.get("channels") == 1 else []
            way = "earlier" if self._offset_ms < 0 else "later"
            odd += [f"{abs(self._offset_ms):g} ms {way}"] if self._offset_ms else []
            shape = ", ".join(odd)
            self._session.tell("info", f"Audio input: {where[:50]}{f' ({shape})' if shape else ''}.")
        elif why:
            self._session.tell("warning", f"Audio input: {why[:60]}; the set plays on.")
