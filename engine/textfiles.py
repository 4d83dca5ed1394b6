"""Text, TOML and JSON from outside, read in one way: whatever is wrong with them is one clear sentence."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any, Final

from engine.errors import LivesetError
from engine.protocol import visible

_BOM: Final = "\ufeff"
_BARE: Final = re.compile(r"^\s*([A-Za-z0-9_-]+)\s*=\s*([^\s\"'\[{#0-9+\-][^#\n]*?)\s*$")
"""A value that is text without quotes: ``key = warm house``."""
_COLON: Final = re.compile(r"^\s*([A-Za-z0-9_-]+)\s*:\s")
_CURLY: Final = re.compile(r"[“”„‘’«»]")
_MOST_MISTAKES: Final = 8
"""Told at once."""
_LINE: Final = re.compile(r"line (\d+)")


def read_text(path: Path, raises: type[LivesetError]) -> str:
    """A UTF-8 text file, without the byte order mark that some editors put in front.

    Raises:
        LivesetError: of the type ``raises``: it is missing, cannot be read, or is no UTF-8 text.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise raises(f"{path} is missing", "put it there, or name another file") from error
    except OSError as error:
        raise raises(f"cannot read {path}: {error.strerror}", "make it readable, or name another file") from error
    except UnicodeDecodeError as error:
        raise raises(f"cannot read {path}: it is not UTF-8 text", "save it as UTF-8") from error


def parse_toml(text: str, source: str, raises: type[LivesetError]) -> dict[str, Any]:
    """TOML as a dictionary.

    Args:
        text: what to read; a byte order mark in front counts for nothing.
        source: the file's name, for the message.
        raises: the type of error.

    Raises:
        LivesetError: of the type ``raises``: names the line, and the way out where the mistake is a usual one.
    """
    text = text.removeprefix(_BOM)
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        first, *others = _mistakes(text, str(error))
        if not others:
            raise raises(f"{source} is not valid TOML: {first[0]}", first[1]) from error
        lines = "".join(f"\n  {problem}; {hint}" for problem, hint in (first, *others))
        raise raises(f"{source} is not valid TOML in {1 + len(others)} places:{lines}") from error
    except (ValueError, OverflowError) as error:  # Python reads no whole number of more than 4,300 digits
        raise raises(f"{source} is not valid TOML: a number in it is too long", "shorten that number") from error
    except RecursionError as error:
        raise raises(f"{source} is not valid TOML: its brackets are nested too deeply", "remove some of them") from error


def read_toml(path: Path, raises: type[LivesetError]) -> dict[str, Any]:
    """A TOML file as a dictionary; see `parse_toml`."""
    return parse_toml(read_text(path, raises), str(path), raises)


def _mistakes(text: str, problem: str) -> list[tuple[str, str]]:
    """The first mistake and those behind it, as long as each is of a usual kind, with the way out of each."""
    lines, found = text.splitlines(), []
    for _ in range(_MOST_MISTAKES):
        place = _LINE.search(problem)
        number = int(place[1]) - 1 if place else len(lines) - 1
        line = visible(lines[number]) if 0 <= number < len(lines) else ""
        hint = _way_out(line)
        found.append((visible(problem), hint or "correct that line and try again"))
        if not hint or not 0 <= number < len(lines):  # what follows may be wrong for its sake alone
            break
        lines[number] = ""
        try:
            tomllib.loads("\n".join(lines))
            break
        except tomllib.TOMLDecodeError as error:
            problem = str(error)
        except (ValueError, RecursionError):
            break
    return found


def _way_out(line: str) -> str:
    """What to do about a line of TOML that cannot be read; nothing where its mistake is not a usual one."""
    if _CURLY.search(line):
        return 'use straight quotes: "like this"'
    if bare := _BARE.match(line):
        return f'text needs quotes: {bare[1]} = "{bare[2][:40].strip()}"'
    if colon := _COLON.match(line):
        return f"write {colon[1]} = ... instead of {colon[1]}: ..."
    return ""


def read_json(path: Path, raises: type[LivesetError], hint: str = "") -> dict[str, Any]:
    """A JSON object from a file.

    Raises:
        LivesetError: of the type ``raises``: missing, unreadable, or not a JSON object; names the file.
    """
    text = read_text(path, raises)
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise raises(f"{path} is not valid JSON", hint) from error
    if not isinstance(data, dict):
        raise raises(f"{path} is not a JSON object", hint)
    return data
