"""Presets: a set described in TOML, checked against a schema before anything plays.

``[set]`` names the frame, ``[[prompt]]`` up to sixteen texts with weights, ``[[section]]`` the parts (none given: an
arc is planned), ``[[lora]]`` files that bend the model, ``[midi]`` the controller. README.md lists every key.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from rapidfuzz import process

from engine.errors import LivesetError, PresetError
from engine.music.key import Key
from engine.protocol import LONGEST_PROMPT, MAX_LORAS, MAX_PROMPTS, MAX_STRENGTH, ROLES, TRANSITIONS, Role, TransitionKind
from engine.resources import data_folder

Unit = Annotated[float, Field(ge=0.0, le=1.0)]
DEFAULT_PRESET = "sunrise"
MAX_MINUTES = 24 * 60
GENERATORS = ("pocket", "stable-audio")
"""Generators by name; anything else is ``module:Class``, one of your own."""


def checked_generator(name: str) -> str:
    """A generator's name, if it may be one.

    Raises:
        PresetError: names the nearest known one.
    """
    if name in GENERATORS or ":" in name:
        return name
    raise PresetError(f'there is no generator "{name}"', nearest(name, GENERATORS))


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class SetTable(_Table):
    """``[set]``: minutes and bpm/key may be left out; then six minutes, and the prompts decide."""

    title: Annotated[str, Field(min_length=1, max_length=80)] = "Untitled"
    minutes: Annotated[float, Field(gt=0, le=MAX_MINUTES)] | None = None
    bpm: Annotated[float, Field(ge=20, le=300)] | None = None
    key: str | None = None
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 1
    generator: str = "pocket"
    opening: Literal["pocket", "wait"] = "pocket"
    beats_per_bar: Annotated[int, Field(ge=2, le=12)] = 4

    @field_validator("key")
    @classmethod
    def _known_key(cls, value: str | None) -> str | None:
        if value is None:
            return None
        try:
            return Key.parse(value).name
        except LivesetError as error:
            raise ValueError(str(error)) from error

    @field_validator("generator")
    @classmethod
    def _known_generator(cls, value: str) -> str:
        try:
            return checked_generator(value)
        except LivesetError as error:
            raise ValueError(str(error)) from error


class PromptTable(_Table):
    """``[[prompt]]``: a text and its weight."""

    text: Annotated[str, Field(min_length=1, max_length=LONGEST_PROMPT)]
    weight: Unit = 1.0


class SectionTable(_Table):
    """``[[section]]``: what is left out follows from the role, or from the minutes (bars)."""

    name: Annotated[str, Field(min_length=1, max_length=40)] | None = None
    role: Role = "free"
    bars: Annotated[int, Field(ge=1, le=512)] | None = None
    energy: Unit | None = None
    density: Unit | None = None
    brightness: Unit | None = None
    prompts: dict[int, Unit] = Field(default_factory=dict)
    transition: TransitionKind | None = None

    @field_validator("prompts", mode="before")
    @classmethod
    def _slot_numbers(cls, value: Any) -> Any:
        if isinstance(value, dict):
            for key in value:
                if not str(key).isdigit():
                    raise ValueError(f"prompts are named by number, as in {{ 1 = 0.9 }}, not {key!r}")
            return {int(key): weight for key, weight in value.items()}
        return value


class LoraTable(_Table):
    """``[[lora]]``: a LoRA file, as Stability's tools write them, and how strongly it bends the model."""

    path: Annotated[str, Field(min_length=1)]
    strength: Annotated[float, Field(ge=0.0, le=MAX_STRENGTH)] = 1.0


class MidiTable(BaseModel):
    """``[midi]``: the controller's profile, and per-control overrides (``cc20 = "prompt 3"``), checked by the mapping."""

    model_config = ConfigDict(extra="allow", frozen=True)
    controller: str = "generic"

    @property
    def overrides(self) -> dict[str, Any]:
        """Everything but the controller's name."""
        return dict(self.__pydantic_extra__ or {})


class Preset(_Table):
    """A whole preset. ``source`` is where it came from, for messages and the report."""

    set: SetTable = Field(default_factory=SetTable)
    prompt: Annotated[tuple[PromptTable, ...], Field(max_length=MAX_PROMPTS)] = ()
    section: tuple[SectionTable, ...] = ()
    lora: Annotated[tuple[LoraTable, ...], Field(max_length=MAX_LORAS)] = ()
    midi: MidiTable = Field(default_factory=MidiTable)
    source: str = ""

    @property
    def minutes(self) -> float:
        """Minutes asked for; six when the preset does not say."""
        return 6.0 if self.set.minutes is None else self.set.minutes


_KEYS: dict[str, tuple[str, ...]] = {
    "": ("set", "prompt", "section", "lora", "midi"),
    "set": tuple(SetTable.model_fields),
    "prompt": tuple(PromptTable.model_fields),
    "section": tuple(SectionTable.model_fields),
    "lora": tuple(LoraTable.model_fields),
}
_CHOICES: dict[str, tuple[str, ...]] = {"role": ROLES, "transition": TRANSITIONS}


def nearest(word: str, known: tuple[str, ...]) -> str:
    """A hint that names the nearest known word, or all of them when none is near."""
    found = process.extractOne(word, known, score_cutoff=60)
    return f'did you mean "{found[0]}"?' if found else "known are " + ", ".join(known)


def _place(location: tuple[int | str, ...]) -> str:
    table = str(location[0])
    where = f"[[{table}]] number {int(location[1]) + 1}" if len(location) > 1 and isinstance(location[1], int) else f"[{table}]"
    rest = [str(part) for part in location[1:] if not isinstance(part, int) or part != location[1]]
    return where + (f", {'.'.join(rest)}" if rest else "")


def _explain(error: ValidationError, source: str) -> PresetError:
    first = error.errors()[0]
    location = tuple(first["loc"])
    leaf = str(location[-1])
    if first["type"] == "extra_forbidden":
        table = "" if len(location) == 1 else str(location[0])
        where = f" in {_place(location[:-1])}" if table else ""
        return PresetError(f'{source}: unknown key "{leaf}"{where}', nearest(leaf, _KEYS.get(table, ())))
    message = first["msg"].removeprefix("Value error, ")
    given = first.get("input")
    if first["type"] == "literal_error" and leaf in _CHOICES:
        return PresetError(f'{source}: {_place(location)} is "{given}"', nearest(str(given), _CHOICES[leaf]))
    if first["type"] == "too_long":
        count, most = first["ctx"]["actual_length"], first["ctx"]["max_length"]
        return PresetError(f"{source}: there are {count} [[{leaf}]] tables", f"at most {most} can be")
    shown = f" (it is {given!r})" if isinstance(given, str | int | float | bool) and len(str(given)) <= 40 else ""
    return PresetError(f"{source}: {_place(location)}: {message[:1].lower() + message[1:]}{shown}")


def parse_preset(text: str, source: str = "preset", folder: Path = Path()) -> Preset:
    """Read a preset from TOML text; the files it names are looked for from ``folder``.

    Raises:
        PresetError: names the table, the key and the nearest right one.
    """
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PresetError(f"{source} is not valid TOML: {error}", "fix that line and try again") from error
    if "source" in table:
        raise PresetError(f'{source}: unknown key "source"', nearest("source", _KEYS[""]))
    try:
        preset = Preset.model_validate({**table, "source": source})
    except ValidationError as error:
        raise _explain(error, source) from error
    _check_slots(preset)
    return preset.model_copy(update={"lora": tuple(_found(lora, preset.source, folder) for lora in preset.lora)})


def _found(lora: LoraTable, source: str, folder: Path) -> LoraTable:
    """The table with its file's whole path."""
    path = (folder / Path(lora.path).expanduser()).absolute()
    if not path.is_file():
        raise PresetError(f"{source}: [[lora]] path: there is no file {path}", "paths are counted from the preset's own folder")
    return lora.model_copy(update={"path": str(path)})


def _check_slots(preset: Preset) -> None:
    if not preset.prompt:
        raise PresetError(f"{preset.source}: there is no [[prompt]]", 'add one, such as:  [[prompt]]  text = "warm deep house"')
    for number, section in enumerate(preset.section, 1):
        for slot in section.prompts:
            if not 1 <= slot <= len(preset.prompt):
                raise PresetError(
                    f"{preset.source}: [[section]] number {number} leans on prompt {slot}",
                    f"there are prompts 1 to {len(preset.prompt)}",
                )


def preset_names() -> tuple[str, ...]:
    """Names of the shipped presets."""
    return tuple(sorted(path.stem for path in data_folder().glob("*.toml") if path.stem != "vocabulary"))


def find_preset(name: str) -> Path:
    """The file a name stands for: a path, or a shipped preset's name with or without .toml.

    Raises:
        PresetError: names the nearest shipped preset.
    """
    if not name.strip():
        raise PresetError("the preset's name is empty", "shipped are " + ", ".join(preset_names()))
    path = Path(name).expanduser()
    if path.suffix == ".toml" and path.is_file():
        return path
    if path.is_dir() or (path.is_file() and path.suffix != ".toml"):
        raise PresetError(f"{name} is not a preset", "presets are TOML files ending in .toml")
    shipped = data_folder() / f"{path.name.removesuffix('.toml')}.toml"
    if len(path.parts) == 1 and shipped.stem in preset_names():
        return shipped
    raise PresetError(f'there is no preset "{name}"', nearest(path.stem, preset_names()))


def load_preset(name: str = DEFAULT_PRESET) -> Preset:
    """Find and read a preset.

    Raises:
        PresetError: if there is none, it cannot be read, or it does not make sense.
    """
    path = find_preset(name)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PresetError(f"cannot read {path}: {error}", "presets are UTF-8 text files") from error
    return parse_preset(text, str(path) if path.parent != data_folder() else path.name, path.parent)
