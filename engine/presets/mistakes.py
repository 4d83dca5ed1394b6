"""What is wrong with a preset, all of it at once, in a performer's words: where, what, and what to write instead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic_core import ErrorDetails

from engine.errors import PresetError
from engine.presets.tables import (
    LoraTable,
    PromptTable,
    ScenesTable,
    SceneTable,
    SectionTable,
    SetListTable,
    SetTable,
    StartTable,
)
from engine.protocol import ROLES, TRANSITIONS, visible
from engine.suggest import did_you_mean

KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "": ("set", "prompt", "section", "lora", "start", "scenes", "scene", "midi"),
    "set": (*SetTable.model_fields, "time_signature"),
    "prompt": tuple(PromptTable.model_fields),
    "section": tuple(SectionTable.model_fields),
    "lora": tuple(LoraTable.model_fields),
    "start": tuple(StartTable.model_fields),
    "scenes": tuple(ScenesTable.model_fields),
    "scene": tuple(SceneTable.model_fields),
    "setlist": tuple(SetListTable.model_fields),
}
_CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    "role": ROLES,
    "transition": TRANSITIONS,
    "opening": ("pocket", "wait"),
    "at": ("now", "bar"),
}
_SYNONYMS: Final[Mapping[str, Mapping[str, str]]] = {
    "": {
        "prompts": "prompt",
        "sections": "section",
        "parts": "section",
        "part": "section",
        "loras": "lora",
        "controller": "midi",
    },
    "set": {
        **dict.fromkeys(("tempo", "speed", "beats_per_minute"), "bpm"),
        **dict.fromkeys(("length", "duration", "time", "min"), "minutes"),
        **dict.fromkeys(("meter", "metre", "signature", "beats", "timesignature"), "beats_per_bar"),
        **dict.fromkeys(("name",), "title"),
        **dict.fromkeys(("scale", "tonality", "root", "mode"), "key"),
        **dict.fromkeys(("model", "engine"), "generator"),
    },
    "prompt": {
        **dict.fromkeys(("prompt", "words", "name", "style"), "text"),
        **dict.fromkeys(("strength", "volume", "level", "amount", "value"), "weight"),
    },
    "section": {
        **dict.fromkeys(("length", "duration", "measures"), "bars"),
        **dict.fromkeys(("type", "kind", "part"), "role"),
        **dict.fromkeys(("title",), "name"),
        **dict.fromkeys(("prompt", "weights"), "prompts"),
        **dict.fromkeys(("fade", "crossfade"), "transition"),
        **dict.fromkeys(("tempo", "speed", "beats_per_minute"), "bpm"),
        **dict.fromkeys(("scale", "tonality", "root", "mode"), "key"),
        **dict.fromkeys(("ramp", "glissando", "glide_bars"), "glide"),
    },
    "lora": {**dict.fromkeys(("file", "name"), "path"), **dict.fromkeys(("weight", "amount"), "strength")},
}
"""What people call a key -> its name."""

_WANTED: Final[Mapping[str, str]] = {
    "greater_than_equal": "at least {ge:g}",
    "greater_than": "above {gt:g}",
    "less_than_equal": "at most {le:g}",
    "less_than": "below {lt}",
    **dict.fromkeys(("float_parsing", "float_type"), "a number"),
    **dict.fromkeys(("int_parsing", "int_type", "int_from_float", "int_parsing_size"), "a whole number"),
    "string_type": "text in quotes",
    "finite_number": "a number that is not infinite",
}
"""A kind of the schema's errors -> what is wanted."""

_LONGEST: Final = 40
"""Characters shown of a value that is wrong."""

_PERCENT_FROM: Final = 5
"""A share of 0 to 1 that is written as this much or more was meant in per cent."""

Mistake = tuple[str, str]
"""What is wrong and where; what to do about it."""


def place(location: Sequence[int | str]) -> str:
    """Where a value stands: "[[prompt]] number 2, weight"."""
    table = str(location[0])
    numbered = len(location) > 1 and isinstance(location[1], int)
    where = f"[[{table}]] number {int(location[1]) + 1}" if numbered else f"[{table}]"
    rest = [str(part) for part in location[2 if numbered else 1 :]]
    return where + (f", {'.'.join(rest)}" if rest else "")


def unknown_key(key: str, table: str, where: str = "") -> Mistake:
    """A key that is not there, and the one that was probably meant."""
    known = KEYS.get(table, ())
    meant = _SYNONYMS.get(table, {}).get(key.lower())
    return f'unknown key "{_short(key)}"{where}', f'did you mean "{meant}"?' if meant else did_you_mean(key, known)


def explained(error: ErrorDetails) -> Mistake:  # noqa: PLR0911  # one return for each kind of error
    """One of the schema's errors."""
    location = tuple(error["loc"]) or ("preset",)
    kind, given, leaf = error["type"], error.get("input"), str(location[-1])
    if kind == "extra_forbidden":
        table = "" if len(location) == 1 else str(location[0])
        return unknown_key(leaf, table, f" in {place(location[:-1])}" if table else "")
    where, context = place(location), error.get("ctx", {})
    if kind == "literal_error" and leaf in _CHOICES:
        return f'{where} is "{_short(given)}"', did_you_mean(str(given), _CHOICES[leaf])
    if kind in ("string_too_long", "too_long") and isinstance(given, str):
        return f"{where} has {len(given):,} characters", f"at most {context['max_length']:,} can be"
    if kind in ("string_too_short", "too_short"):
        return f"{where} is empty", "write something between the quotes"
    if kind == "too_long":
        return f"there are {context['actual_length']} [[{leaf}]] tables", f"at most {context['max_length']} can be"
    if kind in ("less_than_equal", "less_than") and _percent(leaf, given):
        return f"{where} is {given:g}", f"did you mean {float(given) / 100:g}? It runs from 0 to 1"
    if kind in ("tuple_type", "dict_type", "model_type", "list_type"):
        return f"{where} is not a table", f"write it as {_written(location)}"
    if kind == "missing":
        return f"{where} is missing", f'add  {leaf} = "..."' if leaf in ("text", "path") else f"add {leaf}"
    if kind == "value_error":
        return f"{where}: {error['msg'].removeprefix('Value error, ')}", ""
    shown = f" (got {_short(given)})" if isinstance(given, str | int | float | bool) else ""
    wanted = _WANTED.get(kind, error["msg"].removeprefix("Input should be ").lower())
    return f"{where} must be {wanted.format(**context)}{shown}", ""


def _percent(leaf: str, given: Any) -> bool:
    """Whether somebody wrote per cent where the scale is 0 to 1."""
    shares = ("weight", "energy", "density", "brightness")
    return isinstance(given, int | float) and _PERCENT_FROM <= given <= 100 and (leaf in shares or leaf.isdigit())


def _written(location: Sequence[int | str]) -> str:
    table = str(location[0])
    return f"[[{table}]]" if table in ("prompt", "section", "lora", "scene") else f"[{table}]"


def _short(value: object) -> str:
    text = visible(str(value))
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def all_of(errors: Sequence[ErrorDetails]) -> list[Mistake]:
    """The schema's errors; a key that is missing because it is misspelt is told once."""
    told = [explained(error) for error in errors]
    meant = {hint for message, hint in told if message.startswith("unknown key")}
    missing = {index: str(error["loc"][-1]) for index, error in enumerate(errors) if error["type"] == "missing"}
    return [each for index, each in enumerate(told) if f'did you mean "{missing.get(index)}"?' not in meant]


def as_error(mistakes: Sequence[Mistake], source: str) -> PresetError:
    """One error for all of them: a sentence for one, a list for more."""
    mistakes = [(visible(message), visible(hint)) for message, hint in mistakes]
    if len(mistakes) == 1:
        message, hint = mistakes[0]
        return PresetError(f"{source}: {message}", hint)
    lines = [f"\n  {message}; {hint}" if hint else f"\n  {message}" for message, hint in mistakes]
    return PresetError(f"{source} has {len(mistakes)} mistakes:{''.join(lines)}")
