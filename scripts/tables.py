"""Writes the tables of keys, controls and transitions into the Markdown files, from the tables the program itself reads.

    python scripts/tables.py            # writes README.md and docs/*.md where they have marks
    python scripts/tables.py --check    # changes nothing; exit status 1 if a file is out of date

A table stands between ``<!-- table: keys -->`` and ``<!-- end -->``.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Final

from engine.actions import ACTIONS, PROMPT_KEYS, Action
from engine.midi import sheet
from engine.midi.profiles import Profile, load_profile, shipped_names
from engine.osc.incoming import ADDRESSES
from engine.osc.outgoing import TABLE as SENT
from engine.osc.outgoing import whole
from engine.protocol import TRANSITION_TABLE
from liveset.ui.bindings import KEYS, Key

ROOT: Final = Path(__file__).resolve().parent.parent
MARKS: Final = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
NOTES: Final = ("C", "C sharp", "D", "D sharp", "E", "F", "F sharp", "G", "G sharp", "A", "A sharp", "B")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def code(text: str) -> str:
    """Text as typed; nothing for none."""
    return f"`{text}`" if text else ""


def keys() -> str:
    """Every key of the perform screen, in two columns; the prompts' keys in one row."""
    rows = [_key_row(key) for key in KEYS if not key.action.startswith("digit(") or key.keys == "1"]
    half = -(-len(rows) // 2)
    right = [*rows[half:], *([("", "")] * (2 * half - len(rows)))]
    return table(("key", "does", "key", "does"), ((*left, *other) for left, other in zip(rows[:half], right, strict=True)))


def _key_row(key: Key) -> tuple[str, str]:
    if key.action.startswith("digit("):
        return f"`1`-`{PROMPT_KEYS}`", "select a prompt"
    return code(key.cap), key.does


def controls() -> str:
    """What a control can be put on: the name to write under [midi], what it does, and where the general mapping has it."""
    families = groupby(ACTIONS.values(), key=lambda action: (re.sub(r" \d+$", "", action.name), bool(action.controls)))
    return table(("name", "does", "general mapping"), (_control_row(list(members)) for _, members in families))


def _control_row(family: list[Action]) -> tuple[str, str, str]:
    first, last = family[0], family[-1]
    places = [text for control in first.controls for text in [_place(control)]]
    if first is last:
        return code(first.name), first.help, ", ".join(places)
    number = first.name.rsplit(" ", 1)[1]
    does = re.sub(rf"\b{number}\b", f"{number} to {last.name.rsplit(' ', 1)[1]}", first.help)
    spans = [f"CC {_number(a)}-{_number(b)}" for a, b in zip(first.controls, last.controls, strict=True)]
    spans += [f"CC {_number(first.knob)}-{_number(last.knob)} (*)"] if first.knob else []
    return f"{code(first.name)} ... {code(last.name)}", does, ", ".join(spans)


def _number(control: str) -> int:
    return int(control.removeprefix("cc").removeprefix("note"))


def _place(control: str) -> str:
    number = _number(control)
    return f"CC {number}" if control.startswith("cc") else f"note {number} ({NOTES[number % 12]})"


def transitions() -> str:
    """How a section may hand over: the name to write in a preset, what one hears, and how long it takes."""
    return table(("name", "does", "bars"), ((code(row.name), row.help, str(row.bars or "")) for row in TRANSITION_TABLE))


def osc_in() -> str:
    """Every OSC address that is heard."""
    kinds = {"press": "nothing, or above 0", "toggle": "nothing, 0 or 1", "position": "0 to 1"}
    rows = ((code(address), action.takes or kinds[action.kind], action.help) for address, action in ADDRESSES.items())
    return table(("address", "takes", "does"), rows)


def osc_out() -> str:
    """Every OSC address that is sent."""
    return table(("address", "says"), ((code(whole(address)), help) for address, help in SENT.items()))


def controllers() -> str:
    """A sheet of every controller that is known by its name: its map, and what its lights are sent."""
    return "".join(_sheet(name, load_profile(name)) for name in shipped_names())


def _sheet(name: str, profile: Profile) -> str:
    lines = "".join(f"{line.rstrip()}\n" for line in (*sheet.drawing(profile), *sheet.second_layer(profile)))
    lit = "".join(f"- {line}\n" for line in sheet.lights(profile)) or "- no lights that a host sets are known\n"
    return f"## {profile.title}\n\n`{name}`. Numbers from: {profile.source}.\n\n```text\n{lines}```\n\nLights:\n\n{lit}\n"


TABLES: Final[dict[str, Callable[[], str]]] = {
    "keys": keys,
    "controls": controls,
    "transitions": transitions,
    "osc_in": osc_in,
    "osc_out": osc_out,
    "controllers": controllers,
}


def renewed(text: str) -> str:
    """A Markdown text with its tables as they should be.

    Raises:
        KeyError: if it asks for a table that does not exist.
    """
    return MARKS.sub(lambda found: found[1] + TABLES[found[2]]() + found[3], text)


def main(argv: Sequence[str]) -> int:
    """Write the tables, or look whether they are up to date."""
    parser = argparse.ArgumentParser(description="Writes the tables in README.md and docs/*.md.")
    parser.add_argument("--check", action="store_true", help="change nothing; fail if a table is out of date")
    check = parser.parse_args(argv).check
    stale = []
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))):
        text = path.read_text(encoding="utf-8")
        if (fresh := renewed(text)) != text:
            stale.append(path.name)
            if not check:
                path.write_text(fresh, encoding="utf-8")
    if stale:
        print(f"{', '.join(stale)}: tables are out of date; run scripts/tables.py" if check else f"wrote {', '.join(stale)}")
    return int(bool(stale) and check)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
