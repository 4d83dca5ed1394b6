"""Dataclasses as JSON and back. What a dataclass is made of is read from its types, so that no field is named here."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from functools import cache
from types import UnionType
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

Made = TypeVar("Made")


def to_plain(value: Any) -> Any:
    """Dictionaries, lists, texts and numbers of a value: what JSON can hold."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, list | tuple):
        return [to_plain(each) for each in value]
    if isinstance(value, dict):
        return {str(name): to_plain(each) for name, each in value.items()}
    return value


def from_plain(kind: type[Made], plain: Any) -> Made:
    """A dataclass from what `to_plain` made of it; fields that it does not have are left out.

    Raises:
        ValueError: if it is not one of that kind.
    """
    try:
        return cast(Made, _read(kind, plain))
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"no {kind.__name__}: {error}") from error


def _read(kind: Any, plain: Any) -> Any:
    if is_dataclass(kind):
        of: Any = kind
        hints = _hints(of)
        return of(**{name: _read(hints[name], each) for name, each in plain.items() if name in hints})
    origin, parts = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return None if plain is None else _read_one_of([part for part in parts if part is not type(None)], plain)
    if origin is tuple:
        if len(parts) == 2 and parts[1] is Ellipsis:
            return tuple(_read(parts[0], each) for each in plain)
        return tuple(_read(part, each) for part, each in zip(parts, plain, strict=True))
    if kind in (int, float) and (isinstance(plain, bool) or not isinstance(plain, int | float)):
        raise TypeError(f"{plain!r} is no number")
    if kind is str and not isinstance(plain, str):
        raise TypeError(f"{plain!r} is no text")
    return plain


def _read_one_of(kinds: list[Any], plain: Any) -> Any:
    """A value as the first of some kinds that it can be."""
    for kind in kinds[:-1]:
        try:
            return _read(kind, plain)
        except (TypeError, KeyError, AttributeError):
            continue
    return _read(kinds[-1], plain)


@cache
def _hints(kind: type[Any]) -> dict[str, Any]:
    return get_type_hints(kind)
