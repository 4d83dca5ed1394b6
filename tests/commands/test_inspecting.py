"""`liveset midi`: what it lists."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.console import Console

from engine.midi.devices.monitor import PortInfo
from engine.midi.mapping import mapping_of
from engine.midi.profiles import load_profile
from liveset.commands.inspect import show_maps, show_midi


def preset(folder: Path, midi: str) -> str:
    (folder / "mine.toml").write_text(f'[[prompt]]\ntext = "house"\n[midi]\n{midi}\n')
    return str(folder / "mine.toml")


def test_midi_lists_the_mapping_in_order(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    show_midi(preset(tmp_path, "notes = true"), False)
    listed = [line.split()[0] for line in capsys.readouterr().out.splitlines() if line.startswith(("cc", "note"))]
    plain, row = [c for c in listed if not c.endswith("*")], [c for c in listed if c.endswith("*")]
    assert row == [f"cc{n}*" for n in range(70, 78)]
    assert plain == sorted(plain, key=lambda c: (c.startswith("note"), int(c.lstrip("cnote"))))
    every = {str(control) for control in load_profile("generic").controls}
    assert every == set(plain)


def test_midi_lists_the_overrides_of_a_preset(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    show_midi(preset(tmp_path, 'notes = true\ncc1 = "prompt 2"\ncc72 = "off"\nnote43 = "off"'), False)
    rows = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines() if line.startswith(("cc", "note")))
    assert rows["cc1"].split("  ")[0] == "prompt 2" and "weight of prompt 2" in rows["cc1"]
    assert "note43" not in rows and "cc72*" not in rows and "cc72" not in rows
    assert rows["note45"].startswith("panic")


def test_midi_lists_the_map_that_is_in_force_on_each_port(capsys: pytest.CaptureFixture[str]) -> None:
    ports = [PortInfo(name, used, "") for name, used in (("LPD8", True), ("Keys", True), ("Organ", True), ("Clock", False))]
    show_maps(Console(width=120), mapping_of("", "generic", {"port": {"Organ": {"notes": True}}}), ports)
    pages = {page.splitlines()[0]: page for page in capsys.readouterr().out.strip().split("\n\n")}
    assert set(pages) == {"LPD8", "Keys", "Organ"}
    assert "note36" in pages["LPD8"] and "cc2 " in pages["LPD8"]
    assert "note" not in pages["Keys"] and "cc16" in pages["Keys"]
    assert "note36" in pages["Organ"]
