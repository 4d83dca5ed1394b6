"""`liveset doctor`: is this machine ready for a stage, and if not, what to change."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

from engine.command_line import command
from engine.conductor.tempo import planned_seconds
from engine.errors import LivesetError
from engine.processes.layout import cache_folder
from engine.protocol import SetOptions
from liveset.commands.plain import plain_console

Level = Literal["ok", "note", "problem"]
GLYPHS: dict[Level, str] = {"ok": "✓", "note": "!", "problem": "✗"}
COLOURS: dict[Level, str] = {"ok": "green", "note": "yellow", "problem": "red"}
SECTION_MB_PER_MINUTE = 85
"""Four stereo stems of float32 at 44.1 kHz."""

LEAST_FREE_MB = 1000
LEAST_SPEED = 4.0
LEAST_COLUMNS, LEAST_LINES = 80, 24
MEASURED_MINUTES = 0.5


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the examination, and what to do about it."""

    level: Level
    what: str
    advice: str = ""


Checks = Iterable[Callable[[], Iterator[Finding]]]


def _ready(problems: int, _notes: int) -> str:
    return "see above for what to change" if problems else "ready to play"


def examine(checks: Checks | None = None, verdict: Callable[[int, int], str] = _ready) -> int:
    """Print every finding. Returns 1 if something keeps a set from playing, else 0.

    Args:
        checks: what is looked at; all of this machine if not given.
        verdict: the last line, of the numbers of problems and of notes.
    """
    console, found = plain_console(soft_wrap=True), Counter[Level]()
    for check in CHECKS if checks is None else checks:
        for finding in check():
            console.print(f"{GLYPHS[finding.level]} {finding.level:<8}", style=COLOURS[finding.level], end="")
            console.print(finding.what, highlight=False, markup=False)
            if finding.advice:
                console.print(f"{'':>10}{finding.advice}", highlight=False, markup=False)
            found[finding.level] += 1
    console.print(verdict(found["problem"], found["note"]), highlight=False)
    return int(found["problem"] > 0)


def _versions() -> Iterator[Finding]:
    from engine.versions import libraries, version

    found = libraries()
    torch = found.pop("torch", None)
    yield Finding("ok", f"liveset {version()}, Python {platform.python_version()}, torch {torch or 'missing'}")
    yield Finding("ok", f"libraries: {', '.join(f'{name} {of}' for name, of in found.items() if of)}")
    missing = [name for name, of in found.items() if of is None]
    if missing:
        yield Finding("note", f"libraries that are missing: {', '.join(missing)}", f"pip install {' '.join(missing)}")


def _sound() -> Iterator[Finding]:
    from engine.player.output.devices import list_devices

    try:
        devices = list_devices()
    except LivesetError as error:
        yield Finding("problem", f"sound: {error.message}", error.hint)
        return
    default = next((device for device in devices if device.default), None)
    if default is None:
        yield Finding("note", "sound: no output device", "plug one in; until then sets run silently, and rehearse works")
    else:
        yield Finding("ok", f"sound: {default.name} ({default.hostapi}), {len(devices)} outputs in all")


RIGHTS: Final = 'write "@audio - rtprio 95" in /etc/security/limits.d/audio.conf, join the group audio, log in again'
"""How a user comes to run programs in real time on Linux."""


def _priority() -> Iterator[Finding]:
    from engine.player.output.servers import SERVERS, may_run_in_real_time, running_servers

    gaps = "on a busy machine there will be gaps"
    if may_run_in_real_time():
        yield Finding("ok", "priority: the player runs in real time")
    else:
        yield Finding("note", f"priority: the player may not run in real time: {gaps}", RIGHTS)
    for server in running_servers():
        if server.realtime:
            yield Finding("ok", f"priority: {server.name} runs in real time")
        else:
            what = f"priority: {server.name} does not run in real time: {gaps}"
            yield Finding("note", what, SERVERS[server.name])


def _midi() -> Iterator[Finding]:
    from engine.midi.devices.monitor import list_ports
    from engine.midi.mapping import mapping_of

    try:
        ports = [port.name for port in list_ports(mapping_of("", "generic", {}))]
    except LivesetError as error:
        yield Finding("note", f"MIDI: {error.message}", error.hint)
        return
    if ports:
        yield Finding("ok", f"MIDI: {', '.join(ports)}")
    else:
        yield Finding("note", "MIDI: no input", "plug a controller in at any time; every key works without one")


def _terminal() -> Iterator[Finding]:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        yield Finding("note", "terminal: none", f"`{command('play')}` then prints a status line a second")
        return
    size = shutil.get_terminal_size()
    colours = os.environ.get("COLORTERM", "") in ("truecolor", "24bit")
    text = f"terminal: {size.columns}x{size.lines}, {'true colour' if colours else 'few colours'}"
    if size.columns < LEAST_COLUMNS or size.lines < LEAST_LINES:
        yield Finding("note", text, "make it at least 80 columns by 24 lines")
    elif (sys.stdout.encoding or "").lower() != "utf-8":
        yield Finding("note", f"{text}, {sys.stdout.encoding}", "set LANG to a UTF-8 locale: meters and arcs are drawn with it")
    else:
        yield Finding("ok", text)


def _disk() -> Iterator[Finding]:
    folder = cache_folder()
    existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
    free = shutil.disk_usage(existing).free // 2**20
    text = f"disk: {free} MB free for sections in {folder} ({SECTION_MB_PER_MINUTE} MB a minute)"
    level: Level = "ok" if free >= LEAST_FREE_MB else "problem"
    yield Finding(level, text, "" if level == "ok" else "free some space, or set XDG_CACHE_HOME to a larger disk")


def _generators() -> Iterator[Finding]:
    from engine.presets import load_preset
    from engine.rehearsal.rehearsal import Rehearsal

    with tempfile.TemporaryDirectory() as folder:
        options = SetOptions(record=f"{folder}/measured.wav", minutes=MEASURED_MINUTES)
        try:
            rehearsal = Rehearsal(load_preset(), options)
            log = rehearsal.run()
        except LivesetError as error:
            yield Finding("problem", f"generator pocket: {error.message}", error.hint)
            return
    work = sum(section.generated_in_s or 0.0 for section in log.sections)
    speed = planned_seconds(rehearsal.state) / max(work, 1e-3)
    text = f"generator pocket: makes {speed:.0f} seconds of music a second here"
    if speed < LEAST_SPEED:
        yield Finding("problem", text, "close other programs: a set needs at least four")
    else:
        yield Finding("ok", text)


def _stable_audio() -> Iterator[Finding]:
    from importlib.util import find_spec

    from engine.models.files import check_folder, read_object
    from engine.models.registry import ADD_THE_EXTRA, CONFIG_FILE, chosen_model, installed, model_folder
    from liveset.commands.models import ask_child

    who = "generator stable-audio"
    here = installed()
    whole: list[str] = []
    for name in here:
        try:
            check_folder(model_folder(name))
            whole.append(name)
        except LivesetError as error:
            yield Finding("note", f"{who}: {error.message}", f"{error.hint}; until then sets play on pocket")
    if not here:
        advice = f"{command('models pull small-music')}, or {command('models import FOLDER')}; pocket plays without"
        yield Finding("note", f"{who}: no model is here", advice)
    chosen = chosen_model()
    if here and chosen not in here:
        yield Finding(
            "note", f"{who}: the model {chosen} is not here; sets play on pocket", f"LIVESET_MODEL={here[0]} chooses another"
        )
    if chosen in whole:
        yield from _chosen(f"{who}: {chosen}", read_object(model_folder(chosen) / CONFIG_FILE))
    if find_spec("transformers") is None:
        yield Finding("note", f"{who}: the transformers package is missing", ADD_THE_EXTRA)
    elif whole:
        yield Finding("ok", f"{who}: {', '.join(whole)}")
    try:
        found = ask_child()
    except LivesetError as error:
        yield Finding("note", f"{who}: {error.message}", error.hint)
        return
    speeds = ", ".join(f"{name} {speed:.0f}" for name, speed in found["gigaflops"].items())
    yield Finding("ok", f"{who}: runs in {found['best']} here (measured in GFLOP/s: {speeds})")


def _chosen(who: str, config: dict[str, Any]) -> Iterator[Finding]:
    """What is to be known of the model that sets play on."""
    if config.get("model_type") == "autoencoder":
        yield Finding("note", f"{who} is an autoencoder alone and makes no music; sets play on pocket", "choose another model")
    elif config["model"].get("diffusion", {}).get("diffusion_objective") == "rectified_flow":
        what = "takes 50 steps where small-music takes 8, near a deadline 25: about five times the work"
        yield Finding("note", f"{who} {what}", "it is published for fine-tuning; sets sound best on small-music")


def _remote() -> Iterator[Finding]:
    """The extra for other machines; of their cluster, no more than whether it answers, since Ray takes seconds to say more."""
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as version_of

    from engine.generators.remote.where import ADD_RAY, check_answers, configured_address

    try:
        found = version_of("ray")
    except PackageNotFoundError:
        yield Finding("ok", f"other machines: Ray is not installed; sets play on this one ({ADD_RAY})")
        return
    try:
        address = configured_address()
        if address is None:
            yield Finding("ok", f"other machines: Ray {found}, and no cluster; {command('remote head')} begins one")
            return
        check_answers(address)
    except LivesetError as error:
        yield Finding("note", f"other machines: Ray {found}; {error.message}", error.hint)
    else:
        yield Finding("ok", f"other machines: Ray {found}; the cluster at {address} answers ({command('remote status')})")


def _processor() -> Iterator[Finding]:
    cores = os.cpu_count() or 1
    text = f"processor: {cores} cores"
    yield Finding("ok", text) if cores > 1 else Finding("note", text, "two cores or more keep generating away from playing")


CHECKS: tuple[Callable[[], Iterator[Finding]], ...] = (
    _versions,
    _sound,
    _priority,
    _midi,
    _terminal,
    _disk,
    _processor,
    _generators,
    _stable_audio,
    _remote,
)
