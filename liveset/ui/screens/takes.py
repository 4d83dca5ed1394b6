"""The takes of the next section, for the performer who asked for them: how each looks, what is locked, and keys for both."""

from __future__ import annotations

from typing import ClassVar, Final

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from engine.protocol import (
    LOCKS,
    ChooseTake,
    Command,
    ListenHandOver,
    ListenTake,
    ReRoll,
    ReRollStem,
    SetLock,
    Snapshot,
    TakeStem,
    TakeView,
    Undo,
)
from liveset.ui.link import EngineLink
from liveset.ui.widgets.cells import clean, fit
from liveset.ui.widgets.gauges import EIGHTHS, decibels, level_cells, waveform
from liveset.ui.widgets.next import TAKES

WORDS: Final = {"ready": "ready", "old": "from before", "making": "making", "waiting": "will be made", "none": "not made"}
"""The state of a take in words."""

STEMS: Final = {"d": "drums", "b": "bass", "h": "harmony", "l": "lead"}
"""The key of each stem."""

LOCK_KEYS: Final = {
    "section": "S", "drums": "D", "bass": "B", "harmony": "H", "lead": "L", "motif": "M", "chords": "C", "tempo": "T", "key": "K",
}  # fmt: skip
"""The key of each lock."""

HELP: Final = "d b h l: another stem for the chosen take; on another take, its stem for it"
DEAF: Final = "no headphones (--cue 3,4 or --cue-device): this is how takes look"
HEAR: Final = "space: hear it in the headphones · : the hand-over"
NONE: Final = "no takes: the set plays its last section, or makes one of each"


class TakesScreen(ModalScreen[None]):
    """All takes; up and down move between them, enter or their numbers choose one.

    Args:
        link: the engine, which makes them.
        shown: what it shows of them.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,X,q,ctrl+q,ctrl+c", "leave", "away", show=False),
        Binding("up", "move(-1)", show=False),
        Binding("down", "move(1)", show=False),
        Binding("enter", "choose", show=False),
        *(Binding(f"{number},{key}", f"choose({number - 1})", show=False) for number, key in ((1, "Q"), (2, "E"), (3, "V"))),
        *(Binding(key, f"stem('{stem}')", show=False) for key, stem in STEMS.items()),
        *(Binding(key, f"lock('{what}')", show=False) for what, key in LOCK_KEYS.items()),
        Binding("space", "hear", show=False),
        Binding("colon", "hear_hand_over", show=False),
        Binding("r", "re_roll", show=False),
        Binding("U", "undo", show=False),
    ]

    def __init__(self, link: EngineLink, shown: Snapshot) -> None:
        super().__init__()
        self._link, self._shown, self._at = link, shown, 0

    def compose(self) -> ComposeResult:
        """The takes, the locks, and what keys do."""
        with Vertical(id="takes") as box:
            box.border_title = "Takes of what comes next"
            box.border_subtitle = "enter: this one comes · r: another way · U: undo · esc"
            yield Static("", id="takes-list", markup=False)
            yield Static("", id="takes-locks", markup=False)
            yield Static("", id="takes-note", markup=False)

    def on_mount(self) -> None:
        """Start on the chosen one."""
        self._at = next((i for i, take in enumerate(self._shown.next.takes) if take.chosen), 0)
        self._draw()

    def on_resize(self) -> None:
        """Waveforms are as wide as there is room."""
        self._draw()

    def show(self, shown: Snapshot) -> None:
        """Show the takes as they are now."""
        before = self._shown
        if (shown.next, shown.locks, shown.headphones) != (before.next, before.locks, before.headphones):
            self._shown = shown
            self._draw()

    def _draw(self) -> None:
        takes = self._shown.next.takes
        self._at = max(0, min(self._at, len(takes) - 1))
        width = max(20, min(106, self.size.width - 6))
        text = Text("\n").join([line for i, take in enumerate(takes) for line in self._lines(take, i == self._at, width)])
        self.query_one("#takes-list", Static).update(text if takes else Text(NONE))
        locks = Text("locks")
        for what in LOCKS:
            if what == "motif":
                locks.append("\n     ")
            on = what in self._shown.locks
            locks.append(f" {LOCK_KEYS[what]} ", "bold")
            locks.append(f"[{what}]" if on else what, "bold reverse" if on else "dim")
        self.query_one("#takes-locks", Static).update(locks)
        self.query_one("#takes-note", Static).update(f"{HELP}\n{self._cue()}")

    def _cue(self) -> str:
        """What the headphones play, or why nothing is heard of the takes."""
        headphones = self._shown.headphones
        if not headphones.where:
            return DEAF
        waits = ": not made yet" if headphones.waits else ""
        return f"hearing {clean(headphones.what)}{waits} · {HEAR}" if headphones.what else HEAR

    def _lines(self, take: TakeView, here: bool, width: int) -> list[Text]:
        """Two lines: how it stands and its measures, and its waveform."""
        sign, _ = TAKES[take.state]
        name = f"[{clean(take.name)}]" if take.chosen else f" {clean(take.name)} "
        comes = "comes next" if take.comes else WORDS[take.state]
        progress = f" {round(100 * take.progress)} %" if take.state == "making" else ""
        head = Text()
        head.append("▸ " if here else "  ", "bold")
        head.append(f"{name}{sign} ", "bold" if take.chosen or here else "")
        head.append(fit(f"{comes}{progress}", 14))
        head.append(fit(f"other {take.what}" if take.what else "", 15), "dim")
        if take.waveform:
            head.append(f"{take.loudness:5.1f} LUFS ")
            head.append(" ".join(self._stem(stem.name, rms) for stem, rms in zip(self._shown.stems, take.stems, strict=False)))
        head.truncate(width, overflow="ellipsis")
        (wave,) = waveform(take.waveform, width - 7, 1)
        return [head, Text(f"       {wave if take.waveform else ''}", "" if take.comes else "dim")]

    def _stem(self, name: str, rms: float) -> str:
        return f"{name[:4]} {EIGHTHS[level_cells(decibels(2.0 * rms), 8)]}"

    def _send(self, command: Command) -> None:
        self._link.send(command)

    def action_move(self, step: int) -> None:
        """The one above or below."""
        self._at += step
        self._draw()

    def action_choose(self, place: int | None = None) -> None:
        """The take that the keyboard is on, or one by its number, shall come."""
        if self._shown.next.takes:
            self._send(ChooseTake(self._at if place is None else place))

    def action_stem(self, stem: str) -> None:
        """Another stem in the chosen take; on another take, that one's stem in the chosen take."""
        takes = self._shown.next.takes
        here = takes[self._at] if takes else None
        self._send(ReRollStem(stem) if here is None or here.chosen else TakeStem(stem, self._at))

    def action_lock(self, what: str) -> None:
        """Lock something, or let it go."""
        self._send(SetLock(what))

    def action_hear(self) -> None:
        """Hear the take that the keyboard is on, or no more."""
        if self._shown.next.takes:
            self._send(ListenTake(self._at))

    def action_hear_hand_over(self) -> None:
        """Hear how the next section comes in, or no more."""
        self._send(ListenHandOver())

    def action_re_roll(self) -> None:
        """The chosen take is made another way."""
        self._send(ReRoll())

    def action_undo(self) -> None:
        """The last move is taken back."""
        self._send(Undo())

    def action_leave(self) -> None:
        """Away."""
        self.dismiss(None)
