"""`liveset play` as a person starts it, without a terminal."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from tests.support.waiting import LIMIT_S


def test_play_without_a_terminal_prints_a_line_a_second_until_interrupted(private: Path) -> None:
    argv = [sys.executable, "-m", "liveset", "play", "sunrise", "--generator", "tests.generators.tones:Tones"]
    argv += ["--record", str(private / "take.wav")]
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, stdin=subprocess.DEVNULL)
    assert process.stdout is not None
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line)
        if sum("playing" in seen for seen in lines) >= 3:
            break
    process.send_signal(signal.SIGINT)
    rest = process.stdout.read()
    assert process.wait(LIMIT_S) == 0, rest
    text = "".join(lines) + rest
    assert "Traceback" not in text
    assert "124 BPM | F minor | intro bar" in text
    assert (private / "take.wav").stat().st_size > 44_100
