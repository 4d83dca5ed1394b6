"""Names of MIDI inputs and outputs, as people know them and as they stay the same while ports come and go."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from engine.protocol import LONGEST_PORT

_ADDRESS: Final = re.compile(r"\s+\d+:\d+$")
"""ALSA's address of a port: its numbers are given out as things are plugged in."""


_TELLING: Final = 6
"""Letters of a first word from which it tells a device: "MIDI" and "USB" do not."""

_SYSTEMS: Final = ("system",)
"""First words that all devices of a MIDI system share: JACK's."""


def shown(name: str) -> str:
    """A port's name in a line for the performer."""
    return name if len(name) <= LONGEST_PORT else name[: LONGEST_PORT - 1] + "…"


@dataclass(frozen=True, slots=True)
class InputName:
    """An input: its name for people, without what moves; the system's name for it, and its place among those of that name.

    ``base`` is the name that inputs of one kind share: of two, the second one's name ends in "(2)".
    """

    name: str
    base: str
    system: str | None
    place: int = 0


_SECOND: Final = re.compile(r" \(\d+\)$")


def kind_of(name: str) -> str:
    """The name that all inputs of a kind share: that of the first where this is the second one."""
    return _SECOND.sub("", name)


def once(name: str) -> str:
    """A name in which the client's part stands once: "Foo:Foo MIDI 1" is "Foo MIDI 1"."""
    client, colon, port = name.partition(":")
    client, port = client.strip(), port.strip()
    while client and port.startswith(f"{client} {client}"):
        port = port[len(client) + 1 :]
    if not colon or not client or not port:
        return name.strip()
    if port.startswith(client):
        return port
    return client if client.startswith(port) else name.strip()


def input_names(listed: Sequence[str | None]) -> list[InputName]:
    """The inputs behind a system's list; one that has no name is called by its place.

    Windows ends every name with its place in the list, which moves when another is pulled out: it is left away.
    """
    given = [(each or "").strip() for each in listed]
    placed = bool(given) and all(name.endswith(f" {place}") for place, name in enumerate(given))
    seen: Counter[str] = Counter()
    same: Counter[str | None] = Counter()
    found = []
    for place, name in enumerate(given):
        plain = name[: -len(f" {place}")] if placed else _ADDRESS.sub("", name)
        base = once(plain) or f"MIDI input {place + 1}"
        seen[base] += 1
        found.append(InputName(base if seen[base] == 1 else f"{base} ({seen[base]})", base, listed[place], same[listed[place]]))
        same[listed[place]] += 1
    return found


_WAY: Final = re.compile(r"midi(?:in|out)|(?<![a-z])(?:capture|playback|input|output|in|out)(?![a-z])")
"""What tells a controller's input from its output: "(capture)" and "(playback)", "MIDIIN2" and "MIDIOUT2", "In" and "Out"."""


def _same(name: str) -> str:
    return " ".join(_WAY.sub("*", name.lower().replace("_", " ")).split())


def output_of(name: str, outputs: Sequence[InputName]) -> InputName | None:
    """The output of the controller whose input is called ``name``; None if it has none."""
    exact = [each for each in outputs if each.name == name]
    near = [each for each in outputs if _same(each.name) == _same(name)]
    # Some call both ways differently, as "nanoKONTROL2 SLIDER/KNOB" and "nanoKONTROL2 CTRL": the only one of the device is it.
    device = [each for each in outputs if _device(each.name) == _device(name)]
    return next(iter([*exact, *near, *(device if len(device) == 1 else [])]), None)


def _device(name: str) -> str:
    """The first word of a name, which makers give to a device's every port; nothing for one that is no name of its own."""
    first = name.lower().replace(":", " ").split()[:1]
    return first[0] if first and len(first[0]) >= _TELLING and first[0] not in _SYSTEMS else name
