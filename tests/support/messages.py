"""Every message that the sources hold for a performer, found by reading the code: errors, notices, doctor's findings."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
FOLDERS: Final = ("engine", "liveset")

PLACEHOLDER: Final = 12
"""Characters that a value in the middle of a message counts for: a name, a number with its unit, a file's name."""

CHAIN: Final = 3
"""Names and choices inside one another that are followed."""

NUMBER: Final = 6
"""Characters that a value with a format counts for: a number, as in ``{bpm:g}``."""


@dataclass(frozen=True, slots=True)
class Message:
    """One call that shows something.

    Attributes:
        where: file and line.
        error: it is raised or shown as an error, so that it has to say what to do.
        text: the longest that the message can be, its values written as ``_``.
        hint: the same of the hint; None where there is no hint at all.
    """

    where: str
    error: bool
    text: str
    hint: str | None


RAISES: Final = "raises"
"""A parameter that holds the type of error to raise, as in `engine.textfiles`."""

Words = dict[str, list[ast.expr]]
"""Expressions that were assigned to each name in a function, or in a module."""


def _assigned(body: ast.AST) -> Words:
    words: Words = {}
    for node in ast.walk(body):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    words.setdefault(target.id, []).append(node.value)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
            words.setdefault(node.target.id, []).append(node.value)
    return words


def longest(node: ast.expr | None, words: Words, depth: int = 0) -> str:
    """The longest text that an expression can stand for; what only the running program knows is some ``_``."""
    text = "_" * PLACEHOLDER
    match node:
        case ast.Constant(value=str(said)):
            text = said
        case ast.Constant(value=None) | None:
            text = ""
        case ast.FormattedValue(format_spec=ast.JoinedStr()):
            text = "_" * NUMBER
        case ast.FormattedValue(value=value) | ast.Call(func=ast.Attribute(value=value, attr="strip" | "lstrip" | "rstrip")):
            text = longest(value, words, depth)
        case ast.JoinedStr(values=parts):
            text = "".join(longest(part, words, depth) for part in parts)
        case ast.BinOp(left=left, op=ast.Add(), right=right) if not _is_number(right):
            text = longest(left, words, depth) + longest(right, words, depth)
        case _ if choices := _choices(node, words if depth < CHAIN else {}):
            text = max((longest(choice, words, depth + 1) for choice in choices), key=len)
    return text


def _is_number(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, int | float)


def _choices(node: ast.expr, words: Words) -> list[ast.expr]:
    """Expressions of which a value is one."""
    match node:
        case ast.IfExp(body=body, orelse=orelse):
            return [body, orelse]
        case ast.BoolOp(values=values):
            return values
        case ast.Name(id=name):
            return words.get(name, [])
    return []


def _error_names(trees: dict[Path, ast.Module]) -> frozenset[str]:
    """`LivesetError` and every class below it."""
    names = {"LivesetError", RAISES}
    for _ in range(3):
        for tree in trees.values():
            for node in ast.walk(tree):
                if isinstance(node, ast.ClassDef) and any(isinstance(b, ast.Name) and b.id in names for b in node.bases):
                    names.add(node.name)
    return frozenset(names)


def _name(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else call.func.attr if isinstance(call.func, ast.Attribute) else ""


def _argument(call: ast.Call, place: int, name: str) -> ast.expr | None:
    named = {keyword.arg: keyword.value for keyword in call.keywords}
    return call.args[place] if len(call.args) > place else named.get(name)


def _parts(call: ast.Call, errors: frozenset[str]) -> tuple[bool, ast.expr | None, ast.expr | None] | None:
    """(whether it is an error, its text, its hint) of a call that shows something; None for any other."""
    name = _name(call)
    level = call.args[0].value if call.args and isinstance(call.args[0], ast.Constant) else ""
    if name in errors:
        return True, _argument(call, 0, "message"), _argument(call, 1, "hint")
    if name == "Finding":
        return level == "problem", _argument(call, 1, "what"), _argument(call, 2, "advice")
    if name in ("Tell", "Notice"):
        return level == "error", _argument(call, 1, "text"), None
    if name in ("tell", "_tell"):
        return (
            level == "error",
            _argument(call, 1, "text") if level in ("info", "warning", "error") else _argument(call, 0, "text"),
            None,
        )
    return None


def _calls(tree: ast.Module) -> Iterator[tuple[ast.Call, Words]]:
    """Every call and what the names around it may stand for."""

    def walk(node: ast.AST, words: Words) -> Iterator[tuple[ast.Call, Words]]:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            words = words | _assigned(node)
        if isinstance(node, ast.Call):
            yield node, words
        for child in ast.iter_child_nodes(node):
            yield from walk(child, words)

    constants = {
        name: values for name, values in _assigned(ast.Module(tree.body, [])).items() if name.isupper() or name[:1] == "_"
    }
    yield from walk(tree, constants)


def messages(root: Path = ROOT) -> list[Message]:
    """All of them, in the order of the files."""
    paths = sorted(path for folder in FOLDERS for path in (root / folder).rglob("*.py"))
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in paths}
    errors = _error_names(trees)
    found = []
    for path, tree in trees.items():
        for call, words in _calls(tree):
            parts = _parts(call, errors)
            if parts is None or parts[1] is None:
                continue
            error, text, hint = parts
            where = f"{path.relative_to(root)}:{call.lineno}"
            found.append(Message(where, error, longest(text, words), None if hint is None else longest(hint, words)))
    return found
