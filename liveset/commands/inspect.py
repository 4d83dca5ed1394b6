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
from engine.processes.layout import inputs_file, learned_folder
from liveset.commands.plain import plain_console

if TYPE_CHECKING:
    from engine.midi.devices.monitor import PortInfo
    from engine.midi.mapping import Mapping


def _table(*columns: str) -> Table:
    return Table(*columns, box=None, pad_edge=False, padding=(0, 2))


def show_devices() -> None:
    """Print the audio outputs.

    Raises:
        DeviceError: if PortAudio is missing.
    """
    from engine.player.output.devices import list_devices

    console, found = plain_console(soft_wrap=True), list_devices()
    if not found:
        console.print(f"no sound device: `{command('play')}` is silent in real time; `{command('rehearse')}` needs none")
        return
    table = _table("", "number", "name", "system", "channels", "rate")
    for device in found:
        mark = "default" if device.default else ""
        table.add_row(mark, str(device.index), Text(device.name), device.hostapi, str(device.channels), f"{device.rate:g} Hz")
    console.print(table)
    console.print(f"\npick one with: {command('play --device NUMBER-OR-NAME')}", highlight=False)
    if heard := list_devices("input"):
        console.print("\ninputs:")
        table = _table("", "number", "name", "system", "channels", "rate")
        for device in heard:
            mark = "default" if device.default else ""
            table.add_row(mark, str(device.index), Text(device.name), device.hostapi, str(device.channels), f"{device.rate:g} Hz")
        console.print(table)
        console.print(f"\nlisten to one with: {command('play --input NUMBER-OR-NAME')}", highlight=False)


def _ports(mapping: Mapping) -> tuple[list[PortInfo], str]:
    """The inputs, and what to say of them."""
    from engine.midi.devices.monitor import list_ports

    try:
        ports = list_ports(mapping)
    except MidiError as error:
        return [], f"MIDI inputs: none; {error}"
    known = [(_known_as(mapping, port.name), port.controller if port.used else "not listened to") for port in ports]
    names = ", ".join(f"{name} ({taken})" for name, taken in known)
    return ports, "MIDI inputs: " + (names or "none (they may be plugged in while a set plays)")


def _known_as(mapping: Mapping, port: str) -> str:
    """What the performer calls an input, and its own name."""
    given = mapping.names.get(port)
    return port if given is None else f"{given} = {port}"


def _show_map(console: Console, heading: str, controls: list[tuple[str, Action]]) -> None:
    """What the controls of a port move."""
    console.print(f"\n{heading}", highlight=False, markup=False)
    rows = _table("control", "moves", "")
    for control, action in controls:
        rows.add_row(control, action.name, Text(action.help, style="dim"))
    console.print(rows)
    if any(control.endswith("*") for control, _ in controls):
        console.print("* for controllers whose knobs send these: once another of the row was moved", highlight=False)


def show_maps(console: Console, mapping: Mapping, ports: list[PortInfo]) -> None:
    """The map that is in force on each port, each map once; without a port, that of any controller."""
    maps: dict[tuple[tuple[str, Action], ...], list[str]] = {}
    for port in ports:
        if port.used:
            maps.setdefault(tuple(mapping.in_force(port.name)), []).append(port.name)
    if not maps:
        maps = {tuple(mapping.in_force("")): [mapping.greeting("")]}
    for controls, names in maps.items():
        _show_map(console, ", ".join(names), list(controls))


def _mapping(console: Console, preset_name: str) -> Mapping:
    """A preset's mapping, or that of any set, with what controllers were taught.

    Raises:
        LivesetError: if the preset or its [midi] table is wrong.
    """
    from engine.midi.mapping import mapping_of
    from engine.midi.profiles import GENERIC
    from engine.midi.teaching import given_names, learned

    preset = load_preset(preset_name) if preset_name else None
    mapping = mapping_of(preset.source, preset.midi.controller, preset.midi.overrides) if preset else mapping_of("", GENERIC, {})
    tables, said = learned.load(learned_folder())
    mapping.remember(tables)
    mapping.names, wrong = given_names.load(inputs_file())
    said += [wrong] if wrong else []
    for line in said:
        console.print(f"warning: {line}", highlight=False, markup=False)
    return mapping


def learn_control(action: str, preset_name: str, add: bool) -> None:
    """Put the next control that is moved on an action, for every set from now on.

    Raises:
        LivesetError: if nothing is called that, the preset is wrong, or what was learned cannot be kept.
    """
    from engine.midi.devices.monitor import learn
    from engine.midi.teaching import learned

    console = plain_console(soft_wrap=True)
    mapping = _mapping(console, preset_name)
    mapping.learn(action, add)
    console.print(f"move the knob, fader, key or pad for {action}; Ctrl-C leaves it", highlight=False, markup=False)
    before = dict(mapping.teacher.tables)
    for line in learn(mapping, threading.Event()):
        console.print(line, highlight=False, markup=False)
    for kind, table in mapping.teacher.tables.items():
        if before.get(kind) is not table:
            learned.save(learned_folder(), kind, table)
            console.print(f"kept in {learned.file_of(learned_folder(), kind)}", highlight=False, markup=False)


def export_map(port: str, preset_name: str) -> None:
    """Print the map of an input as a controller's profile, which others can use.

    Raises:
        LivesetError: if the preset is wrong, or no input is called that.
    """
    from engine.midi.teaching import learned

    console = plain_console(soft_wrap=True)
    mapping = _mapping(console, preset_name)
    ports, _ = _ports(mapping)
    names = [*(each.name for each in ports), *mapping.teacher.tables]
    found = next((name for name in names if port.lower() in name.lower()), None)
    if found is None:
        known = ", ".join(dict.fromkeys(names)) or "there are none"
        raise MidiError(f"no input is called {port!r}", f"inputs are: {known}")
    console.print(learned.profile(found, mapping.bindings(found)), end="", highlight=False, markup=False)


def show_template(name: str) -> None:
    """Draw a controller's map, with what its lights are sent.

    Raises:
        MidiError: if no profile is called that.
    """
    from engine.midi import sheet
    from engine.midi.profiles import load_profile

    console, profile = plain_console(soft_wrap=True), load_profile(name)
    lines = [profile.title, *sheet.drawing(profile), *sheet.second_layer(profile)]
    lines += [f"lights: {line}" for line in sheet.lights(profile)]
    lines += [f"numbers from: {profile.source}"] if profile.source else []
    for line in lines:
        console.print(line, highlight=False, markup=False)


def show_midi(preset_name: str, watch: bool) -> None:
    """Print the MIDI inputs and the mapping; with ``watch`` what arrives, until Ctrl-C.

    Raises:
        LivesetError: if the preset or its [midi] table is wrong.
    """
    from engine.midi.devices.monitor import monitor

    console = plain_console(soft_wrap=True)
    mapping = _mapping(console, preset_name)
    ports, said = _ports(mapping)
    console.print(said, highlight=False, markup=False)
    show_maps(console, mapping, ports)
    if watch:
        console.print("\nturn a knob or press a pad; Ctrl-C ends", highlight=False)
        for line in monitor(mapping, threading.Event()):
            console.print(line, highlight=False, markup=False)
