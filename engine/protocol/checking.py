"""Whether a message from another process is one of ours in every field: what is not is dropped before it can do harm."""

from __future__ import annotations

import math
from dataclasses import fields, is_dataclass
from functools import cache
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints


def fits(message: object, kind: Any) -> bool:
    """Whether a value is of a kind: a dataclass with fields that fit, a union, a literal, a tuple, text or a finite number."""
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        return any(fits(message, each) for each in get_args(kind))
    if origin is Literal:
        return any(message == each and type(message) is type(each) for each in get_args(kind))
    if origin is tuple:
        return isinstance(message, tuple) and _items_fit(message, get_args(kind))
    if kind is float:
        return isinstance(message, int | float) and not isinstance(message, bool) and math.isfinite(message)
    if is_dataclass(kind):
        return type(message) is kind and all(fits(getattr(message, name), of) for name, of in _hints(kind))
    return type(message) is kind


def _items_fit(message: tuple[Any, ...], kinds: tuple[Any, ...]) -> bool:
    if len(kinds) == 2 and kinds[1] is Ellipsis:
        return all(fits(item, kinds[0]) for item in message)
    return len(message) == len(kinds) and all(fits(item, of) for item, of in zip(message, kinds, strict=True))


@cache
def _hints(kind: type[Any]) -> tuple[tuple[str, Any], ...]:
    hints = get_type_hints(kind)
    return tuple((field.name, hints[field.name]) for field in fields(kind))
