"""The top line: is it playing, what, and where in the set."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Final

from engine.protocol import PieceView, RoomView, RunState, Snapshot, unit
from liveset.ui.widgets.cells import Line, Piece, clean, crop, line_cells, piece, row
from liveset.ui.widgets.gauges import clock, whole
from liveset.ui.widgets.lines import LineWidget

RUN_STATES: Final[dict[RunState, tuple[str, str]]] = {
    "starting": ("… STARTING", "badge-busy"),
    "playing": ("▶ LIVE", "badge-good"),
    "stopped": ("■ STOPPED", "badge-warn"),
    "finished": ("✓ FINISHED", "badge-off"),
}
SILENT: Final = ("▶ NO OUTPUT", "badge-warn")
MUTED: Final = ("▶ MUTED", "badge-warn")
"""What stands in the place of LIVE while the set runs and nobody hears it."""

LOST: Final = ("✗ ENGINE LOST", "badge-bad")
TITLE_CELLS: Final = 40
CUE_CELLS: Final = 16
AFTER_CELLS: Final = 16
"""Of the next piece's title, beside that of the one that sounds."""

ROOM_CELLS: Final = 5
ROOM_QUIETEST: Final = 0.004
"""The audio input's meter, and the peak (-48 dBFS) under which it shows nothing."""

LONGEST_LINE: Final = 60
SHORTEST_LINE: Final = 6
HOUR_S: Final = 3600


@dataclass(frozen=True, slots=True)
class HeaderView:
    """What the top line shows; times in whole seconds. ``room`` is how loud the audio input is, in steps; None without one."""

    state: RunState = "starting"
    lost: bool = False
    title: str = ""
    piece: PieceView = field(default_factory=PieceView)
    bpm: float = 0.0
    bpm_to: float = 0.0
    key: str = ""
    key_to: str = ""
    beats_per_bar: int = 4
    elapsed_s: int = 0
    total_s: int = 0
    asked_s: int = 0
    silent: bool = False
    muted: bool = False
    chord: str = ""
    cue: str = ""
    cue_waits: bool = False
    room: int | None = None

    @classmethod
    def of(cls, snapshot: Snapshot, lost: bool) -> HeaderView:
        """The slice of a snapshot."""
        return cls(
            snapshot.state,
            lost,
            snapshot.title,
            snapshot.piece,
            round(snapshot.bpm, 1),
            round(snapshot.bpm_to, 1),
            snapshot.key,
            snapshot.key_to,
            snapshot.beats_per_bar,
            int(snapshot.elapsed_s) if math.isfinite(snapshot.elapsed_s) else 0,
            whole(snapshot.total_s),
            whole(snapshot.asked_s),
            snapshot.audio.silent,
            _muted(snapshot),
            snapshot.chord,
            snapshot.headphones.what,
            snapshot.headphones.waits,
            room_steps(snapshot.room) if snapshot.room.where else 0 if snapshot.room.why else None,
        )


def room_steps(room: RoomView) -> int:
    """How many of the input's `ROOM_CELLS` are full; 1 and more where anything is heard."""
    peak = max(room.peaks)
    if peak <= ROOM_QUIETEST:
        return 0
    return min(ROOM_CELLS, 1 + int((ROOM_CELLS - 1) * (1 - math.log(min(1.0, peak)) / math.log(ROOM_QUIETEST)) + 1e-9))


def _muted(snapshot: Snapshot) -> bool:
    """Whether the performer's own hands have turned everything down: all stems, or the volume."""
    volume = next((macro.value for macro in snapshot.macros if macro.name == "volume"), 1.0)
    return volume == 0 or (bool(snapshot.stems) and all(stem.muted or stem.level == 0 for stem in snapshot.stems))


def _state(view: HeaderView) -> tuple[str, str]:
    """The word for how the set stands, the worst first."""
    if view.lost:
        return LOST
    if view.state == "playing" and (view.silent or view.muted):
        return SILENT if view.silent else MUTED
    return RUN_STATES[view.state]


def _to(coming: str) -> Line:
    """What a value is on its way to; nothing for nothing."""
    return ((f" → {coming}", "accent"),) if coming else ()


def _asked(view: HeaderView) -> str:
    """When the set was to end as it was asked for, where it ends elsewhere now; else nothing."""
    if not view.asked_s or view.asked_s == view.total_s:
        return ""
    return f"plan {clock(view.asked_s, view.total_s >= HOUR_S)} "


def _titled(view: HeaderView) -> Line:
    """The title of the piece that sounds; of the set, where that is a single one."""
    title = crop(clean(view.piece.title or view.title), TITLE_CELLS)
    return ((title, "strong"),) if title else ()


def _count(view: HeaderView) -> Line:
    """Which piece of how many that is."""
    return ((f" {view.piece.place}/{view.piece.count}", "accent"),) if view.piece.count else ()


def _cue(view: HeaderView) -> Line:
    """What the headphones play; dim as long as it is not there."""
    return (("cue ", "dim"), (crop(clean(view.cue), CUE_CELLS), "dim" if view.cue_waits else "accent")) if view.cue else ()


def _room(view: HeaderView) -> Line:
    """How loud the audio input is."""
    if view.room is None:
        return ()
    return (("in ", "dim"), ("━" * view.room, "accent"), ("─" * (ROOM_CELLS - view.room), "rest"))


class Header(LineWidget[HeaderView]):
    """State, title, tempo, key and metre on the left; the clock with its position line on the right."""

    def lines(self, view: HeaderView, width: int, height: int) -> list[Line]:
        """One line."""
        text, style = _state(view)
        bpm_to = f"{view.bpm_to:.1f}" if view.bpm_to else ""
        known = view.bpm > 0 and bool(view.title or view.key)
        left = [
            piece("liveset", "title", 9),
            piece(f" {text} ", style, 2),
            Piece((*_titled(view), *_count(view)), 4),
            Piece(((f"then {crop(clean(view.piece.after), AFTER_CELLS)}", "dim"),) if view.piece.after else (), 6),
            Piece(((f"{view.bpm:.1f}", "strong"), *_to(bpm_to), (" BPM", "dim")) if known else (), 5),
            Piece(((clean(view.key), ""), *_to(clean(view.key_to))) if known else (), 6),
            Piece(_cue(view), 3),
            Piece(_room(view), 4),
            Piece((("chord ", "dim"), (clean(view.chord), "strong")) if view.chord else (), 3),
            piece(f"{view.beats_per_bar}/4" if known else "", "", 7),
        ]
        return [((" ", ""), *row(width - 1, left, [self._clock(view, width - 1)], gap=2))]

    def _clock(self, view: HeaderView, width: int) -> Piece:
        hours = view.total_s >= HOUR_S
        elapsed, total = clock(view.elapsed_s, hours), clock(view.total_s, hours)
        asked = _asked(view)
        beside = len(asked) + (line_cells(_room(view)) + 2 if view.room is not None else 0)
        length = min(LONGEST_LINE, width * 3 // 10 - beside, width - 2 * len(total) - len(asked) - 8)
        if length < SHORTEST_LINE:
            return Piece(((elapsed, "strong"), (f" / {total} ", "dim")))
        at = round(unit(view.elapsed_s / view.total_s if view.total_s else 0.0) * (length - 1))
        line = (("━" * at, "primary"), ("●", "strong"), ("─" * (length - 1 - at), "rest"))
        spans = ((f"{elapsed} ", "strong"), *line, (f" {total} {asked}", "dim"))
        return Piece(spans) if line_cells(spans) <= width else Piece(((elapsed, "strong"),))
