"""A controller's lights as data: which control has one, and the message for each state; the table [lights] of a profile.

A message is written in hex, with words for what differs from light to light:

| word | is |
| --- | --- |
| `n`, `n+8` | the light's number, or one that lies so far beyond it |
| `9.` | a status byte on the channel of the light's control |
| `c` | the colour of the state |
| `v` | the value, from the low to the high end of ``span``; `vl` and `vh` its two halves in 14 bits |
| `t7` | seven letters of text: what the control moves, and its value |
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from engine.errors import MidiError
from engine.midi.feedback.states import DARK, RHYTHMS, STATES, Rhythm, Shown
from engine.suggest import did_you_mean

_WORD: Final = re.compile(r"[0-9A-F]{2}|[8-9A-E]\.|n(?:[+-]\d+)?|c|vl|vh|v|t\d{1,2}")
_FIELDS: Final = (
    "of", "numbers", "channels", "first", "step", "setup", "value", "span", "colour", "colours", "head", "tail", "cells",
    *RHYTHMS,
)  # fmt: skip
LAST: Final = 127
FINE: Final = 16383
TOP: Final = 0x80
"""Bytes from here on are statuses: no data byte of a message is one."""

Image = dict[str, bytes]
"""A message for every light, by the light's name."""

Template = tuple[str, ...]


class Place(Protocol):
    """A control as lights know it, see `engine.midi.profiles.Control`."""

    @property
    def kind(self) -> str:
        """Such as "cc", "note" or "pitch"."""

    @property
    def number(self) -> int:
        """0..127."""

    @property
    def channel(self) -> int | None:
        """1..16, or None for any."""


@dataclass(frozen=True, slots=True)
class Kind:
    """Lights of one kind.

    Attributes:
        of: the kind of the controls they belong to, "cc", "note" or "pitch".
        numbers, channels: the controls that have one: the first and the last number, and channel (0 and 16: any).
        first, step: the number of the first light, and how far the next one lies from it.
        rhythms: the message for each rhythm; one that blinks and is not there blinks by being sent on and off.
        colours: the colour of each state, and of "" for every other.
        setup: sent first, once for each light.
        value: the message that shows a value, instead of those for states; span: its ends.
        head, tail, cells: a message in which all lights have a place each, in the order of their numbers.
    """

    name: str
    of: str
    numbers: tuple[int, int]
    channels: tuple[int, int] = (0, 16)
    first: int = 0
    step: int = 1
    rhythms: Mapping[Rhythm, Template] = field(default_factory=dict)
    colours: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    setup: Template = ()
    value: Template = ()
    span: tuple[int, int] = (0, LAST)
    head: Template = ()
    tail: Template = ()
    cells: int = 0

    def has(self, control: Place) -> bool:
        """Whether a control has a light of this kind."""
        channel = control.channel or self.channels[0]
        return (
            control.kind == self.of
            and self.numbers[0] <= control.number <= self.numbers[1]
            and self.channels[0] <= channel <= self.channels[1]
        )

    def number(self, control: Place) -> int:
        """The light's number; pitch bends are counted by their channel."""
        if self.of == "pitch":
            return self.first + self.step * ((control.channel or self.channels[0]) - max(self.channels[0], 1))
        return self.first + self.step * (control.number - self.numbers[0])

    def rhythm(self, state: str, lit: Mapping[Rhythm, bool]) -> Template:
        """The message for a state, with ``lit`` saying which blinking lights are bright now."""
        wanted = STATES[state]
        if wanted in self.rhythms:
            return self.rhythms[wanted]
        return self.rhythms["on" if lit[wanted] else "off"]

    def colour(self, state: str) -> tuple[int, ...]:
        """The colour of a state: a number, or several bytes."""
        return self.colours.get(state, self.colours.get("", (LAST,)))


@dataclass(frozen=True, slots=True)
class Lights:
    """All lights of a controller.

    Attributes:
        enter, leave: sent on connecting, and before the port is left.
        bank: beginnings of messages by which the controller says that it changed its bank: all is sent again.
    """

    kinds: tuple[Kind, ...] = ()
    enter: tuple[bytes, ...] = ()
    leave: tuple[bytes, ...] = ()
    bank: tuple[bytes, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.kinds)


def _fill(template: Template, kind: Kind, control: Place, shown: Shown, text: str) -> bytes:
    low, high = kind.span
    value = low + round(min(max(shown.value, 0.0), 1.0) * (high - low))
    number, channel = kind.number(control), control.channel or 1
    return bytes(byte for word in template for byte in _bytes(word, number, channel, value, kind.colour(shown.state), text))


def _bytes(word: str, number: int, channel: int, value: int, colour: Sequence[int], text: str) -> Sequence[int]:
    match word[0]:
        case "n":
            return [number + int(word[1:] or 0)]
        case "c":
            return colour
        case "t":
            length = int(word[1:])
            return text.encode("ascii", "replace").ljust(length)[:length]
        case "v":
            return [{"v": value, "vl": value % TOP, "vh": value // TOP}[word]]
    return [int(word[0], 16) * 16 + channel - 1 if word.endswith(".") else int(word, 16)]


def image(lights: Lights, actions: Mapping[Any, str], shown: Mapping[str, Shown], lit: Mapping[Rhythm, bool]) -> Image:
    """A message for every light of a controller.

    Args:
        actions: the name of the action that each control (a `Place`) moves.
        shown: what each action's light shows.
        lit: whether lights of a rhythm that the controller cannot blink itself are bright now.
    """
    found: Image = {}
    for kind in lights.kinds:
        cells: dict[int, bytes] = {}
        for control, action in actions.items():
            if not kind.has(control):
                continue
            look = shown.get(action, DARK)
            name = f"{kind.name} {kind.number(control)} {control.channel or 0}"
            text = f"{action.split()[-1][:4]:<4}{round(look.value * 99):>2}"
            if kind.setup:
                found[f"setup {name}"] = _fill(kind.setup, kind, control, look, text)
            template = kind.value or kind.rhythm(look.state, lit)
            cells[kind.number(control)] = found[name] = _fill(template, kind, control, look, text)
            if kind.cells:
                del found[name]
        if kind.cells:
            found[kind.name] = _whole(kind, cells)
    return dict(sorted(found.items(), key=lambda item: not item[0].startswith("setup")))


def _whole(kind: Kind, cells: Mapping[int, bytes]) -> bytes:
    """One message for all lights; those that show nothing are dark."""
    dark = bytes(int(word, 16) for word in kind.rhythms["off"])
    body = b"".join(cells.get(kind.first + place, dark) for place in range(kind.cells))
    return bytes(int(word, 16) for word in kind.head) + body + bytes(int(word, 16) for word in kind.tail)


# ---------------------------------------------------------------- reading


def parse_lights(table: Mapping[str, Any], profile: str) -> Lights:
    """Read the table [lights] of a profile.

    Raises:
        MidiError: names what is wrong, and in which profile.
    """

    def messages(key: str) -> tuple[bytes, ...]:
        return tuple(bytes(int(word, 16) for word in _template(text, f"{profile} lights.{key}")) for text in table.get(key, ()))

    kinds = tuple(_kind(name, row, f"{profile} lights.{name}") for name, row in table.items() if isinstance(row, Mapping))
    return Lights(kinds, messages("enter"), messages("leave"), messages("bank"))


def _template(text: object, where: str) -> Template:
    words = str(text).split()
    for word in words:
        if _WORD.fullmatch(word) is None:
            raise MidiError(f"{where}: {word!r} is no byte", "bytes are two signs in hex, or n, c, v, vl, vh, t7, 9.")
    return tuple(words)


def _kind(name: str, row: Mapping[str, Any], where: str) -> Kind:
    for key in row:
        if key not in _FIELDS:
            raise MidiError(f"{where}: unknown key {key!r}", did_you_mean(key, list(_FIELDS)) or f"one of {', '.join(_FIELDS)}")
    rhythms = {rhythm: _template(row[rhythm], where) for rhythm in RHYTHMS if rhythm in row}
    if "value" not in row and not {"off", "on"} <= set(rhythms):
        raise MidiError(f"{where}: it lacks the message for off, for on or for a value", 'write off = "90 n 00"')
    colours = {"": row["colour"]} if "colour" in row else {}
    colours |= row.get("colours", {})
    for state in colours:
        if state and state not in STATES:
            raise MidiError(f"{where}: no state is called {state!r}", did_you_mean(state, list(STATES)))
    numbers = _pair(row.get("numbers", (0, 0)), where)
    return Kind(
        name=name,
        of=str(row.get("of", "note")),
        numbers=numbers,
        channels=_pair(row.get("channels", (0, 16)), where),
        first=int(row.get("first", numbers[0])),
        step=int(row.get("step", 1)),
        rhythms=rhythms,
        colours={state: tuple(_each(value)) for state, value in colours.items()},
        setup=_template(row.get("setup", ""), where),
        value=_template(row.get("value", ""), where),
        span=_pair(row.get("span", (0, LAST)), where),
        head=_template(row.get("head", ""), where),
        tail=_template(row.get("tail", ""), where),
        cells=int(row.get("cells", 0)),
    )


def _each(value: int | Sequence[int]) -> Iterator[int]:
    yield from (value,) if isinstance(value, int) else value


def _pair(value: Sequence[int], where: str) -> tuple[int, int]:
    if len(value) != 2 or not all(isinstance(end, int) for end in value):
        raise MidiError(f"{where}: not two whole numbers", "write the first and the last one: [0, 39]")
    return value[0], value[1]
