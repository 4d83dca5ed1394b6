"""What a preset holds: its tables and keys, each with its range.

``[set]`` names the frame, ``[[prompt]]`` up to sixteen texts or sound files with weights, ``[[section]]`` the parts (none
given: an arc is planned), ``[[lora]]`` files that bend the model, ``[start]`` and ``[[scene]]`` where things stand,
``[takes]`` the next section's takes, ``[midi]`` the controller, ``[input]`` what is listened to. docs/presets.md lists every key.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from engine.errors import LivesetError, PresetError
from engine.generator_names import KNOWN, STAND_IN, works_as
from engine.music.key import Key
from engine.protocol import (
    LONGEST_MORPH,
    LONGEST_PROMPT,
    MAX_LORAS,
    MAX_MINUTES,
    MAX_PIECES,
    MAX_PROMPTS,
    MAX_SCENES,
    MAX_STRENGTH,
    MAX_TAKES,
    ROOM,
    STEMS,
    HeardSound,
    Macro,
    Role,
    SceneAt,
    TransitionKind,
    input_of,
    one_line,
    visible,
)
from engine.suggest import did_you_mean
from engine.timebase import MAX_BPM, MIN_BPM

LEVELS = (*STEMS, "mix", ROOM)
"""What has a level of its own: the stems, or the mix of a model that has none; and what loops from the room."""

Unit = Annotated[float, Field(ge=0.0, le=1.0)]
Strength = Annotated[float, Field(ge=0.0, le=MAX_STRENGTH)]


def checked_generator(name: str) -> str:
    """A generator's name, if it may be one.

    Raises:
        PresetError: names the nearest known one.
    """
    bare = works_as(name)
    if bare in KNOWN or ":" in bare:
        return name
    raise PresetError(f'there is no generator "{bare}"', did_you_mean(bare, KNOWN))


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


def _one_line(value: Any) -> Any:
    """Text on one line, without characters that cannot be seen."""
    return one_line(value) if isinstance(value, str) else value


_SIGNATURE = re.compile(r"\s*(\d{1,2})\s*/\s*(2|4|8|16)\s*")
OneLine = Annotated[str, BeforeValidator(_one_line)]


def _known_key(value: str) -> str:
    """A key in its canonical spelling."""
    try:
        return Key.parse(value).name
    except LivesetError as error:
        raise ValueError(str(error)) from error


KnownKey = Annotated[str, AfterValidator(_known_key)]

LONGEST_GLIDE = 64
"""Bars over which a section comes to its tempo at most."""


class SetTable(_Table):
    """``[set]``: minutes, bpm, key and beats_per_bar may be left out; then six minutes, and the prompts decide.

    ``lift`` is by how many semitones the key rises at the last drop, for the rest of the set.
    ``time_signature = "7/8"`` is another way to write ``beats_per_bar = 7``: the tempo counts the beats it names.
    """

    title: Annotated[OneLine, Field(min_length=1, max_length=80)] = "Untitled"
    minutes: Annotated[float, Field(gt=0, le=MAX_MINUTES)] | None = None
    bpm: Annotated[float, Field(ge=MIN_BPM, le=MAX_BPM)] | None = None
    key: KnownKey | None = None
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 1
    generator: str = STAND_IN
    opening: Literal["pocket", "wait"] = "pocket"
    beats_per_bar: Annotated[int, Field(ge=2, le=12)] | None = None
    lift: Annotated[int, Field(ge=0, le=2)] = 0

    @model_validator(mode="before")
    @classmethod
    def _signature(cls, data: Any) -> Any:
        if not isinstance(data, dict) or "time_signature" not in data:
            return data
        rest = {name: value for name, value in data.items() if name != "time_signature"}
        found = _SIGNATURE.fullmatch(str(data["time_signature"]))
        if found is None:
            raise ValueError('time_signature is written as "4/4" or "7/8"')
        return {"beats_per_bar": int(found[1]), **rest}

    @field_validator("generator")
    @classmethod
    def _known_generator(cls, value: str) -> str:
        try:
            return checked_generator(value)
        except LivesetError as error:
            raise ValueError(str(error)) from error


PromptText = Annotated[OneLine, Field(min_length=1, max_length=LONGEST_PROMPT)]
_NUMBER = re.compile(r"\d{1,2}", re.ASCII)


def prompt_number(name: str) -> int | None:
    """The number by which a scene names a prompt; None where it is the prompt's text, which may be figures too, as in "808"."""
    return int(name) if _NUMBER.fullmatch(name) else None


class PromptTable(_Table):
    """``[[prompt]]``: a text, a sound file, or both; and its weight."""

    text: PromptText = ""
    audio: Annotated[str, Field(min_length=1)] | None = None
    weight: Unit = 1.0

    @property
    def label(self) -> str:
        """What stands for it among the prompts."""
        return self.text if self.audio is None else HeardSound(self.audio, self.text).label


class SectionTable(_Table):
    """``[[section]]``: what is left out follows from the role, or from the minutes (bars).

    bpm and key count from this section on; it comes to its bpm bar by bar over its first ``glide`` bars, 0 for at once.
    """

    name: Annotated[OneLine, Field(min_length=1, max_length=40)] | None = None
    role: Role = "free"
    bars: Annotated[int, Field(ge=1, le=512)] | None = None
    energy: Unit | None = None
    density: Unit | None = None
    brightness: Unit | None = None
    prompts: dict[int, Unit] = Field(default_factory=dict)
    transition: TransitionKind | None = None
    bpm: Annotated[float, Field(ge=MIN_BPM, le=MAX_BPM)] | None = None
    key: KnownKey | None = None
    glide: Annotated[int, Field(ge=0, le=LONGEST_GLIDE)] = 0

    @field_validator("prompts", mode="before")
    @classmethod
    def _slot_numbers(cls, value: Any) -> Any:
        if isinstance(value, dict):
            for key in value:
                if not str(key).isdigit():
                    raise ValueError(f"prompts are named by number, as in {{ 1 = 0.9 }}, not {key!r}")
            return {int(key): weight for key, weight in value.items()}
        return value


class StartTable(_Table):
    """``[start]``: where macros and stems stand as the set begins; what is left out is neutral."""

    macros: dict[Macro, Unit] = Field(default_factory=dict)
    stems: dict[str, Unit] = Field(default_factory=dict)
    muted: tuple[str, ...] = ()

    @field_validator("stems", "muted")
    @classmethod
    def _known_stems(cls, value: Any) -> Any:
        for name in value:
            if name not in LEVELS:
                raise ValueError(f'there is no stem "{visible(str(name))[:40]}": they are {", ".join(LEVELS)}')
        return value


class SceneTable(StartTable):
    """``[[scene]]``: where things stand, under a number; what is left out stays as it is when the scene is brought back.

    ``prompts`` are texts with weights, or numbers of the preset's prompts; ``loras`` are its LoRA files' numbers with strengths.
    """

    number: Annotated[int, Field(ge=1, le=MAX_SCENES)]
    prompts: dict[PromptText, Unit] = Field(default_factory=dict)
    loras: dict[int, Strength] = Field(default_factory=dict)
    bpm: Annotated[float, Field(ge=MIN_BPM, le=MAX_BPM)] | None = None
    key: KnownKey | None = None


class ScenesTable(_Table):
    """``[scenes]``: when a scene begins to come in, and over how many bars."""

    at: SceneAt = "bar"
    bars: Annotated[int, Field(ge=0, le=LONGEST_MORPH)] = 0


class TakesTable(_Table):
    """``[takes]``: how many takes of each next section are made as time allows, and whether the newest comes by itself.

    ``b`` and ``c`` are what these takes have another of than A.
    """

    count: Annotated[int, Field(ge=1, le=MAX_TAKES)] = MAX_TAKES
    newest: bool = False
    b: Literal["all", "drums", "bass", "harmony", "lead"] = "all"
    c: Literal["all", "drums", "bass", "harmony", "lead"] = "all"


class LoraTable(_Table):
    """``[[lora]]``: a LoRA file, as Stability's tools write them, and how strongly it bends the model."""

    path: Annotated[str, Field(min_length=1)]
    strength: Strength = 1.0


class MidiTable(BaseModel):
    """``[midi]``: the controller's profile, and per-control overrides (``cc20 = "prompt 3"``), checked by the mapping."""

    model_config = ConfigDict(extra="allow", frozen=True)
    controller: str = "generic"

    @property
    def overrides(self) -> dict[str, Any]:
        """Everything but the controller's name."""
        return dict(self.__pydantic_extra__ or {})


def _input(value: str) -> str:
    """An input device, with an offset or without one."""
    try:
        input_of(value, "device =")
    except LivesetError as error:
        raise ValueError(str(error)) from error
    return value


class InputTable(_Table):
    """``[input]``: the input device that is listened to, see `input_of`; the command line goes before it."""

    device: Annotated[str, Field(min_length=1), AfterValidator(_input)] | None = None


class RemoteTable(_Table):
    """``[remote]``: the address of the cluster for a generator that works on other machines; empty for the one that is known."""

    address: Annotated[OneLine, Field(max_length=255)] = ""


class SetListTable(_Table):
    """``[setlist]``, in a file without any other table: the pieces of a set in order, as files or presets' names."""

    title: Annotated[OneLine, Field(min_length=1, max_length=80)] | None = None
    pieces: Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(min_length=1, max_length=MAX_PIECES)]


class Preset(_Table):
    """A whole preset. ``source`` is where it came from, for messages and the report."""

    set: SetTable = Field(default_factory=SetTable)
    prompt: Annotated[tuple[PromptTable, ...], Field(max_length=MAX_PROMPTS)] = ()
    section: tuple[SectionTable, ...] = ()
    lora: Annotated[tuple[LoraTable, ...], Field(max_length=MAX_LORAS)] = ()
    start: StartTable = Field(default_factory=StartTable)
    scenes: ScenesTable = Field(default_factory=ScenesTable)
    scene: tuple[SceneTable, ...] = ()
    takes: TakesTable = Field(default_factory=TakesTable)
    midi: MidiTable = Field(default_factory=MidiTable)
    input: InputTable = Field(default_factory=InputTable)
    remote: RemoteTable = Field(default_factory=RemoteTable)
    source: str = ""

    @model_validator(mode="before")
    @classmethod
    def _as_tables(cls, data: Any) -> Any:
        """``[prompt]``, ``prompt = "techno"`` and ``prompt = ["techno"]`` say what ``[[prompt]]`` would."""
        if not isinstance(data, dict):
            return data
        data = dict(data)
        for name in ("prompt", "section", "lora", "scene"):
            if isinstance(data.get(name), dict | str):
                data[name] = [data[name]]
        prompts = data.get("prompt")
        if isinstance(prompts, list | tuple):
            data["prompt"] = [{"text": each} if isinstance(each, str) else each for each in prompts]
        return data

    @property
    def minutes(self) -> float:
        """Minutes asked for; six when the preset does not say."""
        return 6.0 if self.set.minutes is None else self.set.minutes
