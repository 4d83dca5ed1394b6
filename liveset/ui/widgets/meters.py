"""Levels, loudness and the limiter; then the machine: latency, load, breaks, MIDI, generator, recording."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final

from engine.protocol import MeterView, MidiView, Snapshot
from liveset.ui.widgets.cells import Line, Piece, clean, crop, piece, row
from liveset.ui.widgets.gauges import level, level_cells, loudness, whole
from liveset.ui.widgets.lines import LineWidget

FALL_DB: Final = 0.8
"""How far a meter's bar falls between two updates: 24 dB a second, near a PPM's return."""

HOLD_POLLS: Final = 15
"""Updates for which the largest peak stands as a number: half a second, long enough to read."""

WIDE: Final = 110
"""Cells from which the last MIDI message is shown beside the device that sent it."""

MIDI_POLLS: Final = 4
LOUD_DB: Final = -1.0
LONGEST_METER: Final = 36
_RESOLUTION: Final = 2 * LONGEST_METER


@dataclass(frozen=True, slots=True)
class LevelsView:
    """Bars in cells of the finest meter (peak and RMS, left and right), and numbers in dBFS, LUFS and dB."""

    bars: tuple[int, int, int, int] = (0, 0, 0, 0)
    peaks: tuple[float, float] = (-math.inf, -math.inf)
    momentary: float = -math.inf
    integrated: float = -math.inf
    reduction: float = 0.0


class Ballistics:
    """Peaks that rise at once and fall slowly, and numbers that stand long enough to be read; one step an update."""

    def __init__(self) -> None:
        self._bars = [-math.inf] * 4
        self._held = [-math.inf] * 3
        self._numbers = (-math.inf, -math.inf, 0.0)
        self._loudness = (-math.inf, -math.inf)
        self._polls = 0

    def step(self, meters: MeterView) -> LevelsView:
        """Take an update's values."""
        fresh = (meters.peak_l, meters.rms_l, meters.peak_r, meters.rms_r)
        self._bars = [max(_number(new), old - FALL_DB) for new, old in zip(fresh, self._bars, strict=True)]
        now = (meters.peak_l, meters.peak_r, -meters.reduction)
        self._held = [max(_number(new), old) for new, old in zip(now, self._held, strict=True)]
        if self._polls % HOLD_POLLS == 0:
            self._numbers = (round(self._held[0], 1), round(self._held[1], 1), round(max(0.0, self._held[2]), 1))
            self._held = [-math.inf] * 3
        if self._polls % 3 == 0:
            self._loudness = (round(_number(meters.momentary), 1), round(_number(meters.integrated), 1))
        self._polls += 1
        cells = tuple(level_cells(value, _RESOLUTION) for value in self._bars)
        bars = (cells[0], cells[1], cells[2], cells[3])
        return LevelsView(bars, self._numbers[:2], *self._loudness, 0.0 - self._numbers[2])


def _number(value: float) -> float:
    return -math.inf if math.isnan(value) else value


class Levels(LineWidget[LevelsView]):
    """Two meters, loudness and the limiter on one line."""

    def lines(self, view: LevelsView, width: int, height: int) -> list[Line]:
        """One line."""
        room = (width - 70 if width >= 100 else width - 52) // 2
        length = max(3, min(LONGEST_METER, room))
        left = [
            self._meter(" L", view.bars[0], view.bars[1], view.peaks[0], length),
            self._meter("R", view.bars[2], view.bars[3], view.peaks[1], length),
        ]
        limiting = view.reduction < -0.05
        right = [
            Piece(((loudness(view.momentary), "strong"), (" LUFS ", "dim"))),
            Piece((("set ", "dim"), (loudness(view.integrated), ""), (" LUFS", "dim")), 4),
            Piece(
                (
                    ("limit ", "dim"),
                    (f"{view.reduction:5.1f}", "warn" if limiting else "dim"),
                    (" dB ", "dim"),
                ),
                3,
            ),
        ]
        return [row(width, left, right, gap=2)]

    def _meter(self, name: str, peak: int, rms: int, number: float, length: int) -> Piece:
        full, body = round(peak * length / _RESOLUTION), round(rms * length / _RESOLUTION)
        body = min(body, full)
        loud = number > LOUD_DB + 0.05
        return Piece(
            (
                (f"{name} ", "dim"),
                ("█" * body, "primary"),
                ("▒" * (full - body), "primary"),
                ("░" * (length - full), "rest"),
                (f" {level(number)}", "bad" if loud else ""),
                ("!" if loud else " ", "bad"),
            )
        )


@dataclass(frozen=True, slots=True)
class MachineView:
    """The machine's numbers as shown: whole milliseconds and percents."""

    device: str = ""
    silent: bool = False
    latency_ms: int = 0
    load: int = 0
    breaks: int = 0
    ports: tuple[str, ...] = ()
    active: bool = False
    last: str = ""
    generator: str = ""
    generator_state: str = ""
    speed: int = 0
    ladder: tuple[int, int, int] = (0, 0, 0)
    recording: str = ""
    instead_of: str = ""


def _last(midi: MidiView) -> str:
    """What came last, under the name that its port goes by."""
    port = next((port for port in midi.ports if midi.last.startswith(f"{port}: ")), "")
    return f"{midi.called(port)}{midi.last.removeprefix(port)}"


class MachineWatch:
    """Turns snapshots into `MachineView`s: notices MIDI arriving, and steadies the load; one step an update."""

    def __init__(self) -> None:
        self._messages: int | None = None
        self._active = 0
        self._load = 0.0
        self._shown = 0
        self._polls = 0

    def step(self, s: Snapshot) -> MachineView:
        """Take an update's snapshot."""
        arrived = self._messages is not None and s.midi.messages != self._messages
        self._active = MIDI_POLLS if arrived else max(0, self._active - 1)
        self._messages = s.midi.messages
        load = s.audio.load if math.isfinite(s.audio.load) else 0.0
        self._load = max(load, self._load * 0.95)
        if self._polls % HOLD_POLLS == 0:
            self._shown = round(self._load * 100)
        self._polls += 1
        return MachineView(
            s.audio.device,
            s.audio.silent,
            whole(s.audio.latency_s * 1000),
            self._shown,
            s.audio.underruns,
            tuple(s.midi.called(port) for port in s.midi.ports),
            self._active > 0,
            _last(s.midi),
            s.generator,
            s.generator_state,
            whole(s.speed),
            (s.ladder_hold, s.ladder_pocket, s.restarts),
            s.audio.recording or "",
            s.audio.instead_of,
        )


class Machine(LineWidget[MachineView]):
    """Latency, load, breaks, MIDI and the generator on one line; what was counted only once it happened."""

    def lines(self, view: MachineView, width: int, height: int) -> list[Line]:
        """One line."""
        out: Line = (("! ", "warn"), ("out silent", "warn")) if view.silent else (("out ", "dim"), (f"{view.latency_ms} ms", ""))
        if view.instead_of:
            out = (("✗ ", "bad"), (f"on {crop(clean(view.device), 16)}", "bad"))
        held, pocket, restarts = view.ladder
        counted = (("held", held), ("pocket", pocket), ("restarts", restarts))
        ladder = "  ".join(f"{name} {times}×" for name, times in counted if times)
        left = [
            Piece(((" ", ""), *out)),
            Piece((("load ", "dim"), (f"{view.load} %", "warn" if view.load > 60 else "")), 3),
            Piece((("breaks ", "dim"), (f"{view.breaks}", "bad" if view.breaks else "")), 1),
            self._midi(view, width),
            piece(f"! {ladder}" if ladder else "", "warn", 2),
        ]
        return [row(width, left, [self._generator(view), self._recording(view, width)], gap=2 if width < 100 else 3)]

    def _midi(self, view: MachineView, width: int) -> Piece:
        if not view.ports:
            return Piece((("MIDI ", "dim"), ("○ no controller", "dim")), 4)
        said = next((port for port in view.ports if view.last.startswith(f"{port}: ")), None)
        name = clean(view.ports[0] if said is None else said)
        more = f" +{len(view.ports) - 1}" if len(view.ports) > 1 else ""
        dot = ("●", "good") if view.active else ("○", "dim")
        what = clean(view.last if said is None else view.last[len(said) + 2 :])
        last = (f" {crop(what, 32)}", "dim") if width >= WIDE and what else ("", "")
        return Piece((("MIDI ", "dim"), dot, (f" {crop(name, max(8, width // 6))}{more}", ""), last), 2)

    def _generator(self, view: MachineView) -> Piece:
        state = clean(view.generator_state)
        if state in ("", "ready", "working", "idle", "up"):
            return Piece(((clean(view.generator), ""), (f" {view.speed}x" if view.speed else "", "dim"), (" ", "")), 3)
        return Piece(((clean(view.generator), ""), (f" {state} ", "warn")), 3)

    def _recording(self, view: MachineView, width: int) -> Piece:
        if not view.recording:
            return Piece(())
        name = f" {crop(clean(PurePath(view.recording).name), 28)}" if width >= 130 else ""
        return Piece(((" ● REC ", "badge-bad"), (f"{name} ", "dim")))
