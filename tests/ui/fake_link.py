"""A link without an engine: it keeps the commands it is given, and shows the snapshots a test puts into it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

from engine.protocol import (
    MACRO_NEUTRAL,
    MACROS,
    STEMS,
    ArcPart,
    AudioView,
    Command,
    GridFit,
    MacroView,
    MeterView,
    MidiView,
    MoveView,
    NextView,
    Notice,
    NowView,
    PromptView,
    Snapshot,
    StemView,
    TakeView,
)

PARTS = (
    ("intro", "intro", 16, 0.25),
    ("build", "build", 16, 0.55),
    ("drop", "drop", 32, 0.95),
    ("breakdown", "breakdown", 16, 0.3),
    ("build", "build", 16, 0.65),
    ("drop", "drop", 32, 1.0),
    ("outro", "outro", 16, 0.2),
)
BPM = 124.0
BAR_S = 240 / BPM
WAVEFORM = tuple(0.35 + 0.3 * abs(math.sin(i * 0.9)) + 0.3 * (i % 8 == 0) * math.sin(i / 40) ** 2 for i in range(240))


class FakeLink:
    """Keeps commands; ``here`` says whether there is an engine.

    Args:
        shown: what `snapshot` gives, or a function that makes it.
    """

    def __init__(self, shown: Snapshot | Callable[[], Snapshot] | None = None) -> None:
        self.shown = shown
        self.sent: list[Command] = []
        self.here = True
        self.comes_back = False
        self.tries = 0
        self.plays = True
        self.gone = False
        self.blocks = 0
        self.closed = False

    def send(self, command: Command) -> None:
        self.sent.append(command)

    def snapshot(self) -> Snapshot | None:
        return self.shown() if callable(self.shown) else self.shown

    def connected(self) -> bool:
        return self.here

    def reconnect(self) -> bool:
        self.tries += 1
        self.here = self.here or self.comes_back
        return self.here

    def pulse(self) -> float | None:
        self.blocks += self.plays
        return float(self.blocks)

    def ended(self) -> bool:
        return self.gone

    def close(self) -> None:
        self.closed = True


def arc_at(bar: int) -> tuple[ArcPart, ...]:
    """The plan, with the part that sounds at a bar of the set."""
    parts, start = list[ArcPart](), 0
    for name, role, bars, energy in PARTS:
        state = "played" if start + bars <= bar else "now" if start <= bar else "plan"
        more = {"id": len(parts) + 1, "density": 0.2 + 0.7 * energy, "brightness": 0.25 + 0.5 * energy, "start_s": start * BAR_S}
        parts.append(ArcPart(name, role, bars, energy, start, state, **more))  # type: ignore[arg-type]
        start += bars
    return tuple(parts)


def live(seconds: float = 103.0) -> Snapshot:
    """A set in full swing, so many seconds after its start: a pure function, so that pictures can be compared."""
    bar = int(seconds / BAR_S)
    arc = arc_at(bar)
    here = next(part for part in arc if part.state == "now")
    place = arc.index(here)
    coming = arc[min(place + 1, len(arc) - 1)]
    into = bar - here.start_bar
    left_s = (here.start_bar + here.bars) * BAR_S - seconds
    wobble = math.sin(seconds * 9)
    making = into < 4
    return Snapshot(
        serial=int(seconds * 30),
        state="playing",
        title="Sunrise",
        bpm=BPM,
        key="F minor",
        elapsed_s=seconds,
        total_s=144 * BAR_S,
        drift_bars=2,
        arc=arc,
        now=NowView(
            name=here.name,
            role=here.role,
            take="B",
            bar=into + 1,
            bars=here.bars,
            beat=1 + int(seconds / BAR_S * 4) % 4,
            playhead=(seconds / BAR_S - here.start_bar) / here.bars,
            energy=here.energy,
            waveform=WAVEFORM,
            generator="pocket",
        ),
        next=NextView(
            name=coming.name,
            role=coming.role,
            bars=coming.bars,
            state="making" if making else "ready",
            progress=min(1.0, (seconds / BAR_S - here.start_bar) / 4),
            ready_in_s=max(0.0, (4 - seconds / BAR_S + here.start_bar) * BAR_S) if making else 0.0,
            headroom_s=left_s - 1.2,
            transition="bass-swap",
            transition_bars=4,
            at_bar=here.bars + 1,
            steer_until_bar=here.bars - 4,
            energy=coming.energy,
            takes=TAKES[making],
        ),
        prompts=PROMPTS,
        macros=tuple(
            MacroView(
                name,
                {"filter": 0.62, "echo": 0.2, "energy": 0.7}.get(name, MACRO_NEUTRAL[name]),
                MACRO_NEUTRAL[name],
                f"cc{74 + i}",
            )
            for i, name in enumerate(MACROS)
        ),
        stems=tuple(
            StemView(name, 1.0 if i else 0.8, name == "lead", 0.2 + 0.1 * i + 0.15 * abs(wobble)) for i, name in enumerate(STEMS)
        ),
        meters=MeterView(-6.1 + 4 * wobble, -6.4 - 4 * wobble, -13 + 2 * wobble, -13.5 - 2 * wobble, -14.2 + wobble, -14.0, -0.8),
        audio=AudioView("pulse", 0.023, 0.06, 0),
        midi=MidiView(("nanoKONTROL2",), int(seconds * 3), "cc16 91"),
        generator="pocket",
        generator_state="ready",
        speed=62.0,
        notices=(Notice("info", "nanoKONTROL2 is here: CC 16 to 23 move prompts 1 to 8", 3.0),),
        clock_s=seconds,
    )


TAKE_A = TakeView("A", "ready", 1.0, True, True, "", WAVEFORM[::3], -14.2, (0.2, 0.15, 0.08, 0.05))
TAKES = (
    (
        TAKE_A,
        TakeView("B", "making", 0.4, what="drums"),
        TakeView("C", "waiting"),
    ),
    (TakeView("A", "making", 0.5, True), TakeView("B"), TakeView("C")),
)
"""Of the next section: once the first one is there, and before."""

PROMPTS = (
    PromptView("warm analog house, rolling bass", 0.72, "cc16"),
    PromptView("dub chords, long echoes", 0.28, "cc17"),
    PromptView("euphoric supersaw wobblix", 0.0, "cc18", 0.45, ("wobblix",), (("euforic", "euphoric"),)),
    PromptView("ambient drone, no drums", 0.0, "cc19"),
)


MOVES = (
    MoveView(14, "plan: drop inserted before breakdown", 101.2),
    MoveView(13, "energy of build 2 to 0.70", 88.0),
    MoveView(12, "weight of prompt 2 to 0.80", 61.0),
    MoveView(11, "plan: 8 bars more of build", 33.0, late=True),
)
UNDONE = (MoveView(15, "plan: outro moved up", 102.2), MoveView(16, "scene 3 brought back", 103.0))


def planned() -> Snapshot:
    """A set in its third section, the fourth of which is made; it has become longer, and some moves were made."""
    shown = live()
    arc = tuple(replace(part, made="made") if part.id == 4 else part for part in shown.arc)
    return replace(shown, arc=arc, asked_s=250.0, moves=MOVES, undone=UNDONE)


def many_prompts(count: int = 16) -> Snapshot:
    """A set with as many prompt slots as fit."""
    return replace(live(), prompts=tuple(PromptView(f"prompt number {i + 1}", i / 15, f"cc{16 + i}") for i in range(count)))


HOSTILE = (
    "[bold red]x[/] \x1b[31m\n\t\u202eevil\u202c 日本語テキスト \U0001f469\u200d\U0001f467 "
    "Z\u0351\u036b\u0353\u036a\u0302\u036b\u033d a " + "long " * 200
)


def hostile() -> Snapshot:
    """Every text at its worst, every number out of range."""
    s = live()
    nan, inf = math.nan, math.inf
    return replace(
        s,
        title=HOSTILE,
        key=HOSTILE,
        elapsed_s=nan,
        total_s=inf,
        arc=tuple(replace(part, name=HOSTILE, energy=nan) for part in s.arc),
        now=replace(
            s.now,
            name=HOSTILE,
            take=HOSTILE,
            playhead=nan,
            waveform=(nan, inf, -1.0),
            generator=HOSTILE,
            bar=-3,
            fit=GridFit(nan, inf, nan, -1, -1, nan),
        ),
        next=replace(s.next, name=HOSTILE, transition=HOSTILE, headroom_s=nan, ready_in_s=inf, progress=nan, steps=-3),
        prompts=tuple(replace(p, text=HOSTILE, weight=nan, control=HOSTILE, unknown=("[bold", "(", "")) for p in s.prompts),
        macros=tuple(replace(m, value=inf, control=HOSTILE, pickup=nan) for m in s.macros),
        stems=tuple(replace(stem, name=HOSTILE, level=nan, peak=inf) for stem in s.stems),
        meters=MeterView(nan, inf, -inf, nan, nan, inf, nan),
        audio=AudioView(HOSTILE, nan, nan, -1, True, HOSTILE),
        midi=MidiView((HOSTILE, HOSTILE), 7, HOSTILE),
        generator=HOSTILE,
        generator_state=HOSTILE,
        speed=inf,
        ladder_hold=3,
        notices=(Notice("error", HOSTILE, nan),),
    )
