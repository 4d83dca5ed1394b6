"""`liveset devices` and `liveset midi`: what is plugged in."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from engine.errors import MidiError
from engine.presets import load_preset

if TYPE_CHECKING:
    from engine.midi.profiles import Profile


def _table(*columns: str) -> Table:
    return Table(*columns, box=None, pad_edge=False, padding=(0, 2))


def show_devices() -> None:
    """Print the audio outputs.

    Raises:
        DeviceError: if PortAudio is missing.
    """
    from engine.player.backends import list_devices

    console, found = Console(soft_wrap=True), list_devices()
    if not found:
        console.print("no sound device: `liveset play` then runs silently in real time, and `liveset rehearse` needs none")
        return
    table = _table("", "number", "name", "system", "channels", "rate")
    for device in found:
        mark = "default" if device.default else ""
        table.add_row(mark, str(device.index), device.name, device.hostapi, str(device.channels), f"{device.rate:g} Hz")
    console.print(table)
    console.print("\npick one with: liveset play --device NUMBER-OR-NAME", highlight=False)


def _order(control: str) -> tuple[str, int]:
    """Controls before notes, by number."""
    kind = control.rstrip("0123456789")
    return kind, int(control[len(kind) :] or 0)


def _inputs(profile: Profile) -> str:
    from engine.midi.monitor import list_ports

    try:
        names = ", ".join(f"{port.name} ({port.controller})" for port in list_ports(profile))
    except MidiError as error:
        return f"MIDI inputs: none; {error}"
    return "MIDI inputs: " + (names or "none (they may be plugged in while a set plays)")


def show_midi(preset_name: str, watch: bool) -> None:
    """Print the MIDI inputs and the mapping; with ``watch`` what arrives, until Ctrl-C.

    Raises:
        LivesetError: if the preset or its [midi] table is wrong.
    """
    from engine.midi.mapping import mapping_of
    from engine.midi.monitor import monitor
    from engine.midi.profiles import GENERIC

    console = Console(soft_wrap=True)
    preset = load_preset(preset_name) if preset_name else None
    mapping = mapping_of(preset.source, preset.midi.controller, preset.midi.overrides) if preset else mapping_of("", GENERIC, {})
    profile = mapping.profile
    console.print(_inputs(profile), highlight=False, markup=False)
    rows = _table("control", "moves")
    known = {control: target for target, control in mapping.labels().items()}
    for label in sorted(known, key=_order):
        rows.add_row(label, known[label])
    for control, binding in sorted(profile.bank.items(), key=lambda item: _order(str(item[0]))):
        if binding is not None:
            rows.add_row(f"{control}*", binding.target.name)
    console.print(rows)
    if any(profile.bank.values()):
        console.print("* for controllers whose knobs send these: once another of the row was moved", highlight=False)
    if watch:
        console.print("\nturn a knob or press a pad; Ctrl-C ends", highlight=False)
        for line in monitor(mapping, threading.Event()):
            console.print(line, highlight=False, markup=False)
