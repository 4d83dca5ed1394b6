"""`liveset devices` and `liveset midi`: what is plugged in."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from engine.actions import Action
from engine.command_line import command
from engine.errors import MidiError
from engine.presets import load_preset

if TYPE_CHECKING:
    from engine.midi.profiles import Bindings, Control, Profile


def _table(*columns: str) -> Table:
    return Table(*columns, box=None, pad_edge=False, padding=(0, 2))


def show_devices() -> None:
    """Print the audio outputs.

    Raises:
        DeviceError: if PortAudio is missing.
    """
    from engine.player.output.devices import list_devices

    console, found = Console(soft_wrap=True), list_devices()
    if not found:
        console.print(f"no sound device: `{command('play')}` is silent in real time; `{command('rehearse')}` needs none")
        return
    table = _table("", "number", "name", "system", "channels", "rate")
    for device in found:
        mark = "default" if device.default else ""
        table.add_row(mark, str(device.index), Text(device.name), device.hostapi, str(device.channels), f"{device.rate:g} Hz")
    console.print(table)
    console.print(f"\npick one with: {command('play --device NUMBER-OR-NAME')}", highlight=False)


def _order(control: Control) -> tuple[str, int, int]:
    """Controllers before notes, by number."""
    return control.kind, control.number, control.channel or 0


def _rows(profile: Profile, overrides: Bindings) -> list[tuple[str, Action]]:
    """Every control that moves something, in order, then the second row of knobs, marked; overrides before both."""
    plain = {**profile.controls, **overrides}
    bank = {control: binding for control, binding in profile.bank.items() if control not in overrides}
    return [
        (f"{control}{mark}", binding.action)
        for table, mark in ((plain, ""), (bank, "*"))
        for control in sorted(table, key=_order)
        if (binding := table[control]) is not None and not binding.low
    ]


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
    from engine.midi.profiles import GENERIC, parse_bindings

    console = Console(soft_wrap=True)
    preset = load_preset(preset_name) if preset_name else None
    mapping = mapping_of(preset.source, preset.midi.controller, preset.midi.overrides) if preset else mapping_of("", GENERIC, {})
    profile = mapping.profile
    console.print(_inputs(profile), highlight=False, markup=False)
    rows = _table("control", "moves", "")
    for control, action in _rows(profile, parse_bindings(preset.midi.overrides if preset else {})):
        rows.add_row(control, action.name, f"[dim]{action.help}[/dim]")
    console.print(rows)
    if any(profile.bank.values()):
        console.print("* for controllers whose knobs send these: once another of the row was moved", highlight=False)
    if watch:
        console.print("\nturn a knob or press a pad; Ctrl-C ends", highlight=False)
        for line in monitor(mapping, threading.Event()):
            console.print(line, highlight=False, markup=False)
