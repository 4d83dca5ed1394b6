"""OSC over UDP: commands in, what the set does out to those who subscribed; on threads of its own, which hold nobody up."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

from pythonosc.osc_bundle_builder import OscBundleBuilder
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import build_msg
from pythonosc.osc_packet import OscPacket, ParseError

from engine.errors import OscError
from engine.osc.beats import Beats
from engine.osc.incoming import SUBSCRIBE, UNSUBSCRIBE, command_of, without_token
from engine.osc.outgoing import BAR, BEAT, Value, Values, changed, values_of, whole
from engine.osc.where import Where
from engine.protocol import Command, Snapshot

log = logging.getLogger(__name__)

LARGEST: Final = 65_535
"""Bytes of a datagram at most."""

SUBSCRIBED_S: Final = 60.0
"""Seconds for which somebody who subscribed is sent to, without asking again."""

MOST_SUBSCRIBERS: Final = 16
KEEP: Final = 256
"""Commands kept between two fetches; a position that is sent again takes the place of the one before."""

BUNDLE: Final = 20
"""Messages in a bundle: with more it may be longer than a network's packets."""

QUIET_S: Final = 10.0
"""Seconds between two words on messages that make no sense."""

LOOK_S: Final = 0.25
"""Seconds after which a thread looks whether it shall end."""

Address = tuple[str, int]


def _quiet(record: logging.LogRecord) -> bool:
    """The library writes a line for every datagram that is none: whoever sends junk must not fill the log."""
    return "pythonosc" not in record.pathname


logging.getLogger().addFilter(_quiet)  # the library logs by the root's own name


class OscServer:
    """Listens at an address until `close`.

    Args:
        where: the address, and who is heard there.
        wake: called from another thread when there is something to `drain`; must return at once.
        clock: the time in seconds that beats are sent by; it never goes back.
        wall: the time of day that bundles carry, in seconds since 1970.

    Raises:
        OscError: the address is taken, or none of this machine's.
    """

    def __init__(
        self,
        where: Where,
        wake: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.where = where
        self._wake, self._clock, self._wall = wake, clock, wall
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self._socket.bind((where.host, where.port))
        except OSError as error:
            self._socket.close()
            said = f"OSC cannot listen at {where.host}:{where.port} ({error.strerror})"
            raise OscError(said, "name another port: --osc 9001") from error
        self._socket.settimeout(LOOK_S)
        self._lock = threading.Lock()
        self._commands: dict[object, Command] = {}
        self._presses = 0
        self._notices: list[str] = []
        self._quiet_until = float("-inf")
        self._subscribers: dict[Address, float] = {}
        self._fresh: dict[Address, Values] = {}
        self._latest: tuple[Snapshot, float] | None = None
        self._shown = threading.Event()
        self._closed = False
        for run in (self._listen, self._send):
            threading.Thread(target=run, name="osc", daemon=True).start()

    @property
    def port(self) -> int:
        """The port that is listened at."""
        return int(self._socket.getsockname()[1])

    def close(self) -> None:
        """Listen and send no more."""
        self._closed = True
        self._shown.set()
        self._socket.close()

    # ------------------------------------------------------------ in

    def drain(self) -> tuple[list[Command], list[str]]:
        """The commands since the last call, in order, and sentences for the performer."""
        with self._lock:
            commands, self._commands = list(self._commands.values()), {}
            notices, self._notices = self._notices, []
        return commands, notices

    def _listen(self) -> None:
        while not self._closed:
            try:
                data, sender = self._socket.recvfrom(LARGEST)
            except TimeoutError:
                continue
            except OSError:  # closed, or a subscriber that is not there any more
                continue
            if self.where.hears(sender[0]):
                self.take(data, (str(sender[0]), int(sender[1])))

    def take(self, data: bytes, sender: Address) -> None:
        """One datagram, whatever is in it."""
        try:
            messages = [each.message for each in OscPacket(data).messages]
        except (ParseError, ValueError, IndexError, TypeError, RecursionError, OverflowError) as error:
            self._say(OscError(f"OSC: what {sender[0]} sends is no OSC ({type(error).__name__})", "look at its settings"))
            return
        for message in messages:
            try:
                self._take(message, sender)
            except OscError as error:
                self._say(error)

    def _take(self, message: OscMessage, sender: Address) -> None:
        address, args = without_token(str(message.address), self.where.token), list(message.params)
        if address is None:
            raise OscError(f"OSC: {sender[0]} sent no token", "addresses begin with /liveset/TOKEN")
        if address in (SUBSCRIBE, UNSUBSCRIBE):
            self._subscribe((sender[0], _port(args, sender[1])), address == SUBSCRIBE)
            return
        command = command_of(address, args)
        if command is None:
            return
        with self._lock:
            first = not self._commands
            self._presses += 1
            # A fader that is drawn is one movement; presses are kept one by one.
            key: object = address if args and not _same_each_time(command) else self._presses
            self._commands.pop(key, None)
            if len(self._commands) < KEEP:
                self._commands[key] = command
        if first:
            self._wake()

    def _say(self, error: OscError) -> None:
        """Tell the performer, now and then."""
        now = self._clock()
        with self._lock:
            if now < self._quiet_until:
                return
            self._quiet_until = now + QUIET_S
            self._notices.append(f"{str(error)[:99].rstrip('.')}.")
        self._wake()

    def _subscribe(self, subscriber: Address, on: bool) -> None:
        with self._lock:
            known = subscriber in self._subscribers
            if not on:
                self._subscribers.pop(subscriber, None)
            elif known or len(self._subscribers) < MOST_SUBSCRIBERS:
                self._subscribers[subscriber] = self._clock() + SUBSCRIBED_S
                self._fresh[subscriber] = {}  # everything again, also to somebody who was started anew

    # ------------------------------------------------------------ out

    @property
    def listeners(self) -> int:
        """How many are sent to."""
        return len(self._subscribers)

    def offer(self, shown: Snapshot) -> None:
        """Make this what subscribers are told next."""
        self._latest = (shown, self._clock())
        self._shown.set()

    def _send(self) -> None:
        """Beats as they sound, and what has changed as it is offered."""
        beats = Beats()
        while not self._closed:
            following = beats.next_at()
            wait = LOOK_S if following is None else min(LOOK_S, max(0.0, following - self._clock()))
            offered = self._shown.wait(wait)
            self._shown.clear()
            latest = self._latest
            if offered and latest is not None:
                shown, at = latest
                beats.hear(shown.beats * 60 / shown.bpm, shown.state == "playing", shown.bpm, shown.beats_per_bar, at)
            if (beat := beats.due(self._clock())) is not None:
                self._tell_beat(*beat, beats.bpm, beats.sounded_at())
            if offered and latest is not None and self._subscribers:
                self._tell(values_of(latest[0]))

    def _tell_beat(self, bar: int, beat: int, bpm: float, at: float | None) -> None:
        messages: list[tuple[str, Sequence[Value]]] = [(BEAT, (beat, bar, bpm))]
        if beat == 1:
            messages.insert(0, (BAR, (bar,)))
        for subscriber in self._present():
            self._bundle(subscriber, messages, at)

    def _tell(self, values: Values) -> None:
        for subscriber in self._present():
            with self._lock:
                before = self._fresh.get(subscriber, {})
                self._fresh[subscriber] = values
            news = [(address, (value,)) for address, value in changed(before, values).items()]
            for first in range(0, len(news), BUNDLE):
                self._bundle(subscriber, news[first : first + BUNDLE])

    def _present(self) -> list[Address]:
        """Those who are sent to; who did not ask again in time is forgotten."""
        now = self._clock()
        with self._lock:
            self._subscribers = {each: until for each, until in self._subscribers.items() if until > now}
            self._fresh = {each: values for each, values in self._fresh.items() if each in self._subscribers}
            return list(self._subscribers)

    def _bundle(self, subscriber: Address, messages: Sequence[tuple[str, Sequence[Value]]], at: float | None = None) -> None:
        """Send messages with the time they are about, of this object's clock: now where none is given."""
        ago = 0.0 if at is None else self._clock() - at
        builder = OscBundleBuilder(self._wall() - ago)  # type: ignore[arg-type]  # its own type says int, and cuts nothing
        for address, values in messages:
            builder.add_content(build_msg(whole(address), list(values)))
        with contextlib.suppress(OSError):  # nobody is there, or the network is down
            self._socket.sendto(builder.build().dgram, subscriber)


def _port(args: Sequence[Any], otherwise: int) -> int:
    """The port that a subscriber names, or the one it sends from.

    Raises:
        OscError: it is none.
    """
    if not args:
        return otherwise
    if isinstance(args[0], bool) or not isinstance(args[0], int) or not 1 <= args[0] <= LARGEST:
        raise OscError("OSC: subscribe takes a port", "such as: /liveset/subscribe 9001")
    return args[0]


def _same_each_time(command: Command) -> bool:
    """Whether a command is a press: sent twice, it is done twice."""
    return not hasattr(command, "value") and not hasattr(command, "level") and not hasattr(command, "strength")
