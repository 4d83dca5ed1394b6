"""From the command line to the engine: what a person asks of a set beside its preset."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Final

from engine.errors import DeviceError, PresetError
from engine.offsets import OFFSETS, named_offset

MAX_MINUTES: Final = 24 * 60
"""The longest set, in minutes."""

BLOCKS: Final = (256, 512, 1024)
"""Frames the player may render at a time."""

MOST_OUTPUTS: Final = 64
"""The highest output that an option may name."""


def pair_of(text: str, option: str) -> tuple[int, int]:
    """Two outputs of a device as an option names them, counted from 1: ``3,4``.

    Raises:
        DeviceError: if it names anything else.
    """
    numbers = [part.strip() for part in text.split(",")]
    if len(numbers) == 2 and all(number.isdecimal() and len(number) <= 2 for number in numbers):
        left, right = (int(number) for number in numbers)
        if left != right and min(left, right) >= 1 and max(left, right) <= MOST_OUTPUTS:
            return left, right
    raise DeviceError(f"{option} must name two outputs, such as 3,4 (got {text[:20]!r})")


INPUT_NONE: Final = "none"
"""The input device that listens to nothing, where a preset names one."""


def names_input(text: str | None) -> bool:
    """Whether what was asked for is an audio input, and not none at all."""
    return text is not None and text.strip().casefold() != INPUT_NONE


def input_of(text: str, where: str = "--input") -> tuple[str, float]:
    """An input device as a person names it, and by how many milliseconds it hears earlier (below 0) or later: ``USB Audio=-12``.

    Args:
        text: what was written; a name with a ``=`` of its own ends with ``=0``.
        where: it was written, for messages.

    Raises:
        DeviceError: if it names none, or no such offset.
    """
    try:
        return named_offset(text)
    except ValueError:
        said = f"{where} {text.strip()[:40]!r} is not an input with {OFFSETS}"
        raise DeviceError(said, 'write "USB Audio" or "USB Audio=-12"; a name that has a = itself ends with "=0"') from None


@dataclass(frozen=True, slots=True)
class SetOptions:
    """What `liveset play` and `liveset rehearse` ask for; None leaves the preset's or the system's word.

    Attributes:
        preset: its name, or the path of a .toml file: the first one of a set list; more: those after it, one a line.
        device: output device, by name or number; "none" plays silently in real time.
        outputs: two outputs of the device that the set is on, counted from 1, as ``3,4``; the first two without.
        cue: two outputs for the headphones, of the same device, or of ``cue_device``, by name or number.
        block: frames that the player renders at a time, one of `BLOCKS`.
        record: the .flac or .wav file that is recorded, or that a rehearsal writes.
        seed: from 0.
        minutes: the set's length, above 0 and at most `MAX_MINUTES`.
        generator: by name; remote: the cluster's address, for one that works on other machines.
        midi: a standard MIDI file whose controller moves a rehearsal plays.
        realtime: rehearse at the speed it is played.
        force: replace files that are there.
        clock: MIDI outputs that get the set's clock, see `engine.midi.clock.targets`.
        clock_in: a part of the name of the MIDI input whose clock the set follows.
        link: join an Ableton Link session.
        osc: where OSC is listened for, as ``PORT`` or ``HOST:PORT``; osc_token: a word that its addresses begin with;
            osc_allow: the senders that are heard, separated by commas. See `engine.osc.where`.
        input: an input device that is listened to, by name or number, see `input_of`.
    """

    preset: str = ""
    device: str | None = None
    block: int | None = None
    record: str | None = None
    seed: int | None = None
    minutes: float | None = None
    generator: str | None = None
    midi: str | None = None
    realtime: bool = False
    force: bool = False
    clock: str | None = None
    clock_in: str | None = None
    link: bool = False
    osc: str | None = None
    osc_token: str | None = None
    osc_allow: str | None = None
    more: str = ""
    outputs: str | None = None
    cue: str | None = None
    cue_device: str | None = None
    input: str | None = None
    remote: str | None = None

    @property
    def presets(self) -> tuple[str, ...]:
        """All presets of the set by their names or paths, in order; none for the one that plays by itself."""
        return (*((self.preset,) if self.preset else ()), *self.more.splitlines())

    def with_presets(self, names: Sequence[str]) -> SetOptions:
        """The options with other presets."""
        return replace(self, preset=names[0] if names else "", more="\n".join(names[1:]))

    def check(self) -> None:
        """Make sure that what can be known without an engine makes sense.

        Raises:
            LivesetError: which option does not, and what it may be.
        """
        if self.block is not None and self.block not in BLOCKS:
            raise DeviceError(f"--block must be {BLOCKS[0]}, {BLOCKS[1]} or {BLOCKS[2]} (got {self.block})")
        main = (1, 2) if self.outputs is None else pair_of(self.outputs, "--outputs")
        cue = () if self.cue is None else pair_of(self.cue, "--cue")
        if self.cue_device is None and set(main) & set(cue):
            shared = min(set(main) & set(cue))
            raise DeviceError(f"output {shared} cannot be for the set and for the headphones", "name others: --cue 3,4")
        if names_input(self.input):
            input_of(str(self.input))
        if self.minutes is not None and not 0 < self.minutes <= MAX_MINUTES:
            raise PresetError(f"--minutes must be above 0 and at most {MAX_MINUTES} (got {self.minutes:g})")

    def write(self, path: Path) -> None:
        """Write them as JSON, by field names."""
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> SetOptions:
        """As written; what another version wrote beside our fields is left out.

        Raises:
            OSError, ValueError: if there is no such file, or it was not written by `write`.
        """
        found = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(found, dict):
            raise ValueError(f"{path} holds no options")
        known = {field.name: field.type for field in fields(cls)}
        given = {name: value for name, value in found.items() if name in known}
        for name, value in given.items():
            if type(value).__name__ not in known[name].replace("float", "float | int").replace("None", "NoneType").split(" | "):
                raise ValueError(f"{name} is {value!r}")
        return cls(**given)
