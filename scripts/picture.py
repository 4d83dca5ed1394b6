"""Draws docs/screen.svg, the picture in README.md: the real screen, attached to a set that really plays.

Starts an engine, a player and pocket in a folder of their own, opens the screen without a terminal, moves some controls as a
performer would, waits until the section that sounds and the next one are both shown in full, and saves Textual's own drawing.
It plays in real time, without a sound device unless `--device` names one, so the picture takes a minute or two.

    .venv/bin/python scripts/picture.py [--preset sunrise] [--section 3] [--device pulse] [--out docs/screen.svg]
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import sys
import tempfile
import time
from pathlib import Path

from engine.errors import LivesetError
from engine.processes.client import EngineClient, EngineProcess
from engine.protocol import Command, Quit, SetMacro, SetOptions, SetStem, SetWeight, Snapshot
from liveset.ui.app import LivesetApp

SIZE = (120, 36)
"""Columns and rows of the terminal that is drawn."""

LIMIT_S = 240.0
"""Longest wait for the picture: two sections of half a minute, and time for a busy machine to catch up."""

BAR = 9
"""The bar of the section at which the picture is taken: late enough for its waveform and the next section to be there."""

MOVES: tuple[Command, ...] = (
    SetWeight(0, 0.72),
    SetWeight(1, 0.28),
    SetMacro("filter", 0.62),
    SetMacro("reverb", 0.3),
    SetStem("lead", muted=True),
)
"""What a performer would have moved by then."""

_FONTS = re.compile(r"\s*@font-face \{.*?\}", re.DOTALL)
"""Where Textual's drawing fetches its font: a picture should ask no server for anything, any fixed-width font will do."""

PRIVATE = ("XDG_RUNTIME_DIR", "XDG_CACHE_HOME", "XDG_STATE_HOME")
"""Folders that the set gets to itself, so that it meets no other set and leaves nothing behind."""


def is_full(shown: Snapshot, section: int, bar: int, soon: bool) -> bool:
    """Whether the section of this number sounds, and (unless ``soon``) all there is to show of it and of the next is known."""
    played = sum(part.state == "played" for part in shown.arc)
    return (
        shown.state == "playing"
        and played >= section - 1
        and shown.now.bar >= bar
        and (soon or (bool(shown.now.waveform) and shown.next.state == "ready"))
    )


async def draw(client: EngineClient, size: tuple[int, int], section: int, bar: int, soon: bool) -> str:
    """The screen as SVG, once it is full.

    Raises:
        SystemExit: if the set does not get that far in `LIMIT_S`.
    """
    app = LivesetApp(client)
    deadline = time.monotonic() + LIMIT_S
    moved = False
    async with app.run_test(size=size) as pilot:
        while time.monotonic() < deadline:
            await pilot.pause(0.1)
            shown = client.snapshot()
            if shown is None or shown.state != "playing":
                continue
            if not moved and shown.arc and sum(part.state == "played" for part in shown.arc) >= section - 2:
                moved = True  # a section ahead, so that what is made next follows them already
                for command in MOVES:
                    client.send(command)
            if is_full(shown, section, bar, soon):
                await pilot.pause(0.5)  # the screen renews its text ten times a second
                return _FONTS.sub("", app.export_screenshot(title="liveset", simplify=True))
    raise SystemExit(f"no picture: the set did not get to section {section} within {LIMIT_S:g} s")


def main() -> int:
    """Play a set until its screen is full, and write the picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", default="sunrise", help="the set that plays (default: sunrise)")
    parser.add_argument("--section", type=int, default=3, help="take the picture in this section, counted from 1 (default: 3)")
    parser.add_argument("--bar", type=int, default=BAR, help=f"at this bar of it or later (default: {BAR})")
    parser.add_argument("--soon", action="store_true", help="do not wait until everything is known and the next section is ready")
    parser.add_argument("--device", default="none", help="the output device it plays on (default: none, silently)")
    parser.add_argument("--out", type=Path, default=Path("docs/screen.svg"), help="the file (default: docs/screen.svg)")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lp", ignore_cleanup_errors=True) as name:
        os.environ.update(dict.fromkeys(PRIVATE, name))
        try:
            engine = EngineProcess(SetOptions(given.preset, device=given.device))
            engine.verdict()
            client = EngineClient(engine.folder)
            try:
                picture = asyncio.run(draw(client, SIZE, given.section, given.bar, given.soon))
            finally:
                client.send(Quit())
                engine.process.wait(LIMIT_S)
                client.close()
        except LivesetError as error:
            print(f"no picture: {error}", file=sys.stderr)
            return 1
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(picture, encoding="utf-8")
    print(f"wrote {given.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
