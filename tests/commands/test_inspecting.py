"""`liveset midi`: what it lists."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.midi.profiles import load_profile
from liveset.commands.inspect import show_midi


def test_midi_lists_the_mapping_in_order(capsys: pytest.CaptureFixture[str]) -> None:
    show_midi("", False)
    listed = [line.split()[0] for line in capsys.readouterr().out.splitlines() if line.startswith(("cc", "note"))]
    plain, row = [c for c in listed if not c.endswith("*")], [c for c in listed if c.endswith("*")]
    assert row == [f"cc{n}*" for n in range(70, 78)]
    assert plain == sorted(plain, key=lambda c: (c.startswith("note"), int(c.lstrip("cnote"))))
    every = {str(control) for control in load_profile("generic").controls}
    assert every == set(plain)


def test_midi_lists_the_overrides_of_a_preset(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('[[prompt]]\ntext = "house"\n[midi]\ncc1 = "prompt 2"\ncc72 = "off"\nnote43 = "off"\n')
    show_midi(str(path), False)
    rows = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines() if line.startswith(("cc", "note")))
    assert rows["cc1"].split("  ")[0] == "prompt 2" and "weight of prompt 2" in rows["cc1"]
    assert "note43" not in rows and "cc72*" not in rows and "cc72" not in rows
    assert rows["note45"].startswith("panic")
