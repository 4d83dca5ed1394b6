"""README's picture can still be made: the script plays a set and draws the real screen."""

from __future__ import annotations

import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "picture.py"


def test_picture_script_draws_the_screen_of_a_playing_set(private: Path) -> None:
    out = private / "screen.svg"
    argv = [sys.executable, str(SCRIPT), "--section", "1", "--bar", "1", "--soon", "--out", str(out)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    words = " ".join(ET.parse(out).getroot().itertext()).replace("\N{NO-BREAK SPACE}", " ")
    for shown in ("Sunrise", "NO OUTPUT", "INTRO", "warm analog house", "MACROS", "STEMS"):
        assert shown in words
    assert "http" not in out.read_text(encoding="utf-8").partition("</style>")[0].partition("<style>")[2]
