"""Fills, snare rolls and crashes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from engine.dsp.levels import gain_of
from engine.dsp.ramps import smoothstep
from engine.generators.pocket.parts import MARK_VELOCITY
from engine.generators.pocket.point import group_gain
from engine.generators.pocket.score.chance import choose, spread
from engine.generators.pocket.score.context import Context
from engine.generators.pocket.score.events import Hit
from engine.generators.pocket.score.form import Bar
from engine.generators.pocket.styles import Style, style_for

_FILLS: Final[dict[str, tuple[tuple[tuple[str, str], ...], ...]]] = {
    "small": (
        (("snare", "..oX"),),
        (("snare", ".g.x"), ("rim", "g.o.")),
        (("tom", "..xo"), ("snare", "g...")),
        (("snare", "x.gx"),),
    ),
    "medium": (
        (("snare", "x.gxo.Xx"),),
        (("snare", "..o.x.xX"), ("tom", "o..x.o..")),
        (("tom", "x.xo..xX"), ("snare", "..g.o.g.")),
        (("snare", "gogxg.XX"), ("rim", "x..o....")),
    ),
    "big": (
        (("snare", "x.g.x.gxx.xxXxXX"), ("tom", "........o..o.o.o")),
        (("tom", "..x.x..x.x.x.xxX"), ("snare", "x..g.x..x...X...")),
        (("snare", "o...o...o.o.xxXX"), ("tom", "..o...o.......xx")),
        (("tom", "x..x..x.x..xx.xX"), ("snare", "..g...g...g...XX")),
    ),
}
"""Fills over the last 4, 8 and 16 sixteenths of a bar: (shot, marks) of each line."""


def write_fill(context: Context, bar: Bar, start: float) -> Iterator[Hit]:
    """The fill at a bar's end, if it has one; ``start`` is the energy at which the snare enters."""
    level = bar.active["snare"] * smoothstep(0.5 + (bar.energy - start) / 0.14)
    if not bar.fill or bar.roll or bar.silent or level < 0.1:
        return
    lines = choose(_FILLS[bar.fill], context.request.seed, "fill", bar.index)
    steps = 4 * context.request.beats_per_bar
    style = style_for(context.mix, "snare")
    for shot, line in lines:
        sound = shot if shot in style.kit else "snare"
        offset = steps - len(line)
        for i, mark in enumerate(line):
            if mark in MARK_VELOCITY and offset + i >= 0:
                velocity = MARK_VELOCITY[mark] * level * (0.55 + 0.35 * bar.energy)
                jitter = spread(context.request.seed, "fill", bar.index, i)
                pan = 0.0 if shot == "snare" else 0.5 - i / len(line)
                frame = context.frame(bar.index, (offset + i) / 4, jitter, "snare")
                yield Hit(frame, sound, "snare", velocity, _gain(style, sound), pan, i % 2)


def _gain(style: Style, shot: str) -> float:
    """Linear gain that a style's own lane gives a shot, or the usual one of a snare."""
    return next((gain_of(lane.gain_db) for lane in style.lanes if lane.shot == shot), gain_of(_SNARE_DB))


_SNARE_DB: Final = -5.0
_CRASH_DB: Final = -9.0
_IMPACT_DB: Final = -7.0
"""Gains in dB of shots that no lane of the style plays."""
_ROLL_ACCENTS: Final = (1.0, 0.4, 0.4, 0.4, 0.6, 0.4, 0.4, 0.4)
"""Accent of each thirty-second of a roll, counted from the beat, or from the off-beat where a cymbal plays those. Strokes of
equal strength blur into each other, and a build-up would seem less busy than what comes before it."""


def write_roll(context: Context, bar: Bar) -> Iterator[Hit]:
    """A snare roll that gets faster and louder towards the drop, in bars that have one."""
    if not bar.roll:
        return
    left = context.request.bars - bar.index
    style = style_for(context.mix, "snare")
    rate = {1: 0.25, 2: 0.25, 3: 0.5}.get(left, 1.0)
    turned = context.off_beat_share(bar) * group_gain(context.mix, "hats") if context.offbeat is not None else 0.0
    end = context.request.beats_per_bar - bar.breath
    span = 4.0 if context.request.role == "build" else 2.0
    beat = 0.0
    while beat < end - 1e-6:
        rise = 1.0 - (left - beat / context.request.beats_per_bar) / span
        velocity = (0.1 + 0.32 * max(0.0, rise)) * smoothstep(bar.energy / 0.6)
        on, off = (_ROLL_ACCENTS[(round(8 * beat) + place) % 8] for place in (0, 4))
        velocity *= on + (off - on) * turned
        shot = "snare" if "snare" in style.kit else "clap"
        yield Hit(context.frame(bar.index, beat), shot, "snare", velocity, _gain(style, shot), 0.0, int(beat * 4) % 2)
        step = 0.125 if left == 1 and beat >= end - 1.0 and context.density > 0.55 else rate
        beat += step


def write_crash(context: Context, bar: Bar) -> Iterator[Hit]:
    """Crash cymbals where a section or a long phrase starts, and in the set's last bar."""
    role = context.request.role
    opens = bar.index == 0 and role in {"drop", "free"} and context.request.previous_role is not None
    phrase = bar.index and bar.index % 16 == 0 and role in {"drop", "build", "free"} and bar.index < context.request.bars
    drums = smoothstep((context.params["drums"] - 0.2) / 0.3) * bar.active["hats"]
    if not (opens or phrase or bar.final) or drums < 0.05 or (bar.energy < 0.2 and not bar.final):
        return
    velocity = (0.9 if opens else 0.6) * drums * min(1.0, 0.3 + context.energy)
    frame = context.frame(bar.index, 0.0)
    yield Hit(frame, "crash", "hats", velocity, gain_of(_CRASH_DB), 0.15, bar.index % 2)
    if (opens and role == "drop") or bar.final:
        yield Hit(frame, "impact", "perc", 0.8 * drums, gain_of(_IMPACT_DB), 0.0, 0)
