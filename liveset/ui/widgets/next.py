"""What comes next, and whether it is safe."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from engine.protocol import NextState, NextView, Snapshot, Summary, TakeState, TakeView, short_path, unit
from liveset.ui.widgets.cells import Line, Piece, clean, crop, piece, row
from liveset.ui.widgets.gauges import bars, clock, hurried, on_grid, progress, seconds
from liveset.ui.widgets.lines import GUTTER, LineWidget, label

STATES: Final[dict[NextState, tuple[str, str]]] = {
    "ready": (" ✓ SAFE   ", "badge-good"),
    "making": (" … MAKING ", "badge-busy"),
    "late": (" ! LATE   ", "badge-warn"),
    "hold": (" ⟲ HOLD   ", "badge-warn"),
    "failed": (" ✗ FAILED ", "badge-bad"),
    "none": (" – NONE   ", "badge-off"),
}
TAKES: Final[dict[TakeState, tuple[str, str]]] = {
    "ready": ("✓", "good"),
    "old": ("~", "good"),
    "making": ("…", "accent"),
    "waiting": ("·", "dim"),
    "none": ("–", "dim"),
}
"""The sign of a take's state, and its style."""
ROOMY: Final = 100
"""Columns from which on locks are named; with fewer they are counted."""
IN_HAND_CELLS: Final = 14
NO_NEXT: Final = NextView()


@dataclass(frozen=True, slots=True)
class NextSlice:
    """The coming section, the bar that sounds, whether anything plays, what a set that is over came to, and what is locked."""

    next: NextView = NO_NEXT
    bar: int = 0
    started: bool = False
    summary: Summary | None = None
    locks: tuple[str, ...] = ()

    @classmethod
    def of(cls, snapshot: Snapshot) -> NextSlice:
        """The slice of a snapshot, times in tenths of a second."""
        coming = snapshot.next
        rounded = replace(
            coming,
            progress=round(unit(coming.progress), 2),
            ready_in_s=round(coming.ready_in_s, 1),
            headroom_s=round(coming.headroom_s, 1),
            takes=tuple(replace(take, progress=0.0, waveform=(), loudness=0.0, stems=()) for take in coming.takes),
        )
        return cls(rounded, snapshot.now.bar, bool(snapshot.now.name), snapshot.summary, snapshot.locks)


class Next(LineWidget[NextSlice]):
    """Name, size and state on the first line; how and when it enters, and until when it can be steered, on the second."""

    def lines(self, view: NextSlice, width: int, height: int) -> list[Line]:
        """One or two lines."""
        if view.summary is not None:
            return over(view.summary, width)[:height]
        return [self._head(view, width), self._detail(view, width)][:height]

    def _head(self, view: NextSlice, width: int) -> Line:
        coming = view.next
        if coming.state == "none" and not coming.name:
            return row(width, [Piece((label("NEXT"), ("nothing follows" if view.started else "being planned", "dim")))])
        left = [
            Piece((label("NEXT"), (crop(clean(coming.name), 24), "strong"))),
            piece(bars(coming.bars), "dim", 2),
            Piece(takes_line(coming.takes), 1) if _several(coming) else piece(f"take {clean(coming.take)}", "dim", 5),
            *((piece(f"{coming.bpm:.1f} BPM", "accent", 2),) if coming.bpm else ()),
            *((piece(clean(coming.key), "accent", 2),) if coming.key else ()),
            piece("" if coming.role == "free" or coming.role in coming.name.lower() else coming.role, "dim", 6),
            *self._making(coming, width),
        ]
        text, style = STATES[coming.state]
        hand = _in_hand(coming)
        in_hand = piece(f"{hand.rjust(IN_HAND_CELLS)} ", "warn" if coming.headroom_s < 0 else "", 3)
        return row(width, left, [piece(text, style, 0), in_hand], gap=2)

    def _making(self, coming: NextView, width: int) -> list[Piece]:
        """The progress of the take in the making; only its words where it is done or there is little room."""
        if coming.state in ("ready", "hold") and coming.progress >= 1:
            return [
                piece(on_grid(coming.fit), "warn" if hurried(coming.fit) else "dim", 4)
                if coming.fit
                else piece("ready", "dim", 7)
            ]
        length = min(24, max(0, (width - 84) // 2))
        share = f"{round(coming.progress * 100):3d} %"
        spans = (*progress(coming.progress, length, "primary"), (f" {share}", "")) if length >= 6 else ((share.strip(), ""),)
        made = [Piece(spans, 3), piece(f"ready in {seconds(coming.ready_in_s)}", "dim", 4)]
        return [*made, piece(f"{coming.steps} steps", "warn", 3)] if coming.steps else made

    def _detail(self, view: NextSlice, width: int) -> Line:
        coming = view.next
        if not coming.name:
            return ()
        how = clean(coming.transition) or "cut"
        over = f"{how} over {bars(coming.transition_bars)}" if coming.transition_bars else how
        left = [Piece(((" " * GUTTER, ""), (over, "accent" if coming.transition_chosen else "")))]
        if coming.transition_chosen:
            left.append(piece("chosen", "accent", 2))
        if coming.state == "hold":
            left.append(piece("when hold is released", "accent", 2))
        elif coming.at_bar:
            away = coming.at_bar - view.bar - 1
            when = f"in {bars(away)}" if away > 0 else "on the next bar"
            when = when if view.bar else ""
            left += [piece(when, "accent", 2), piece(f"at bar {coming.at_bar}", "dim", 3)]
        if view.locks:
            named = f"locked: {' '.join(view.locks)}" if width >= ROOMY else f"{len(view.locks)} locked"
            left.append(piece(named, "accent", 2))
        return row(width, left, [self._steer(view, short=bool(view.locks) and width < ROOMY)], gap=2)

    def _steer(self, view: NextSlice, *, short: bool) -> Piece:
        until = view.next.steer_until_bar
        if not view.bar:
            return Piece((), 1)
        if until < view.bar or not until:
            return piece("too late to steer ", "warn", 1)
        if short:
            return Piece((("steer until ", "dim"), (f"bar {until} ", "strong")), 1)
        rest = until - view.bar
        return Piece(
            (("steer until ", "dim"), (f"bar {until}", "strong"), (f", {bars(rest)} more " if rest else ", now ", "dim")), 1
        )


def _several(coming: NextView) -> bool:
    """Whether there is something to choose from, or was chosen: the first take in the making needs its room for its progress."""
    return any(take.state in ("ready", "old") or (take.chosen and i) for i, take in enumerate(coming.takes))


def takes_line(takes: tuple[TakeView, ...]) -> Line:
    """Each take's letter and the sign of its state; the chosen one in brackets, and an arrow before one that comes instead."""
    spans: list[tuple[str, str]] = []
    for i, take in enumerate(takes):
        sign, style = TAKES[take.state]
        arrow = "▸" if take.comes and not take.chosen else ""
        name = f"[{clean(take.name)}]" if take.chosen else clean(take.name)
        spans += [(f"{' ' if i else ''}{arrow}{name}", "strong" if take.chosen or arrow else "dim"), (sign, style)]
    return tuple(spans)


def _in_hand(coming: NextView) -> str:
    """How much time there is, or how late it is; nothing where the two would gainsay each other, or time does not run."""
    if coming.state == "hold":
        return ""
    if coming.headroom_s < 0:
        return f"{seconds(-coming.headroom_s)} late"
    return "" if coming.state == "late" else f"{seconds(coming.headroom_s)} in hand"


def over(summary: Summary, width: int) -> list[Line]:
    """What the set came to: its length and what was kept, then its recordings."""
    sections = f"{summary.sections} section{'' if summary.sections == 1 else 's'}"
    kept = (
        f"kept {len(summary.keepers)}: {', '.join(clean(name) for name in summary.keepers)}"
        if summary.keepers
        else "nothing kept"
    )
    head = [
        Piece((label("OVER"), (clock(summary.length_s), "strong"))),
        piece(sections, "dim", 3),
        piece(crop(kept, max(14, width // 3)), "", 2),
    ]
    faults = {"breaks": summary.breaks, "held": summary.holds, "stood in": summary.stand_ins, "restarts": summary.restarts}
    counted = "  ".join(f"{name} {times}" for name, times in faults.items() if times or name == "breaks")
    first = row(width, head, [piece(f"{counted} ", "warn" if summary.breaks else "dim", 1)], gap=2)
    left: Line = ((" " * GUTTER, ""),)
    if not summary.recordings:
        return [first, (*left, ("not recorded", "dim"))]
    last, more = summary.recordings[-1], len(summary.recordings) - 1
    length, others = f"recorded {clock(last.length_s)} ", f"  and {more} more" if more else ""
    where = short_path(clean(last.path), max(16, width - GUTTER - len(length) - len(others) - 1))
    return [first, (*left, (length, "dim"), (where, "strong"), (others, "dim"))]
