"""Drum parts: patterns with their variations and ghosts, fills, rolls, breaths, crashes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from engine.dsp.ramps import smoothstep
from engine.generators.pocket.parts import DRUM_GROUPS, MARK_VELOCITY, SLICE_VELOCITY, part_of
from engine.generators.pocket.point import group_gain
from engine.generators.pocket.score.chance import chance, choose, spread
from engine.generators.pocket.score.context import Context
from engine.generators.pocket.score.events import Hit
from engine.generators.pocket.score.form import Bar
from engine.generators.pocket.score.kits import drum_kits
from engine.generators.pocket.score.off_beat import neighbours_agree, off_beat_share, turn_share
from engine.generators.pocket.styles import Lane, Style, style_for

_EXTRA: Final = 0.55
"""Amplitude of a digit among a pattern's marks, when density is over that many tenths."""

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
"""Fills over the last 4, 8 and 16 sixteenths of a bar."""


_VARIANTS: Final = {"kick": 2, "snare": 2, "hats": 3, "perc": 3}
"""How many slightly different shots a lane strikes in turn; several styles that play together share them out, since every
shot takes memory and time to make."""


def write_drums(context: Context) -> list[Hit]:
    """Every hit of the section and its tail."""
    hits: list[Hit] = []
    for group in DRUM_GROUPS:
        playing = drum_kits(context.mix, group)
        variants = max(1, _VARIANTS[group] // len(playing))
        for kit, style, share in playing:
            for number, lane in enumerate(style.lanes):
                if lane.group == group:
                    for bar in context.bars:
                        hits.extend(_lane_bar(context, lane, number, bar, kit, share, variants))
    snare_style = style_for(context.mix, "snare")
    backbeat = [lane for lane in snare_style.lanes if lane.group == "snare"]
    for bar in context.bars:
        if backbeat:
            hits.extend(_fill(context, bar, min(lane.start for lane in backbeat)))
            hits.extend(_roll(context, bar))
        hits.extend(_crash(context, bar))
    gains = {group: group_gain(context.mix, group) for group in DRUM_GROUPS}
    return [hit._replace(gain=hit.gain * gains[part_of(hit.group)]) for hit in hits if gains[part_of(hit.group)] > 0.0]


def _mark_amplitude(context: Context, mark: str) -> float:
    """Amplitude of a pattern's mark, 0..1, at this density."""
    if mark in MARK_VELOCITY:
        amplitude = MARK_VELOCITY[mark]
        return amplitude * smoothstep((context.density - 0.02) / 0.3) if mark == "g" else amplitude
    if not mark.isdigit():
        return 0.0
    wanted = context.density + 0.6 * (context.params["syncopation"] - 0.5)
    return _EXTRA * smoothstep(0.5 + (wanted - int(mark) / 10.0) / 0.16)


def _lane_bar(context: Context, lane: Lane, number: int, bar: Bar, kit: str, share: float, variants: int) -> Iterator[Hit]:
    """A lane in one bar, thinned where a fill or a breath takes over."""
    level = bar.active[lane.group] * smoothstep(0.5 + (_local(context, bar, lane) - lane.start) / 0.14)
    told = _timekeeping(context, bar) * bar.active[lane.group] if lane is context.timekeeper else 0.0
    clock = told > 0.0 and told >= level
    level = max(told, level)
    if lane is context.offbeat or (lane.group == "perc" and _builds_from_calm(context)):
        level = _off_beat_level(context, level, bar)
    if bar.silent or level < 0.02:
        return
    steps = 4 * context.request.beats_per_bar
    pattern = _pattern(context, lane, number, bar)
    last = _last_step(bar, lane, steps)
    seed = context.request.seed
    gain = share * 10 ** ((lane.gain_db + (_LIFT_DB if clock else _lift(lane, bar.energy))) / 20)
    for step in range(1 if bar.final else min(steps, last)):
        mark = pattern[step % 16] if not clock else _TIMEKEEPER_MARKS[step % 4]
        amplitude = SLICE_VELOCITY * (mark != ".") if lane.sliced else _mark_amplitude(context, mark)
        if (lane.group in {"hats", "perc"} and lane is not context.offbeat) or lane.sliced or mark not in "Xx":
            amplitude *= _subdivision_level(step, bar.energy + (0.0 if lane.group in {"hats", "perc"} else _SOONER))
        if amplitude <= 0.0:
            continue
        wobble = 0.0 if lane.group == "kick" else spread(seed, lane.shot, bar.index, step)
        velocity = amplitude * level**0.7 * (1.0 + (0.08 + 0.2 * context.params["human"]) * wobble)
        if velocity < 0.03:
            continue
        jitter = 0.0 if lane.group == "kick" else spread(seed + 7, lane.shot, bar.index, step)
        frame = context.frame(bar.index, step / 4, jitter)
        yield Hit(
            frame,
            lane.shot,
            kit,
            min(1.0, velocity),
            gain,
            lane.pan * _pan_width(context),
            int(mark, 16) if lane.sliced else (step * 7 + bar.index) % variants,
        )


_QUICK: Final = ((0.0, 0.0), (0.66, 0.36), (0.46, 0.3), (0.66, 0.36))
"""For each sixteenth of a beat the energy at which cymbals and percussion play it half as loud, and the width of the rise."""


_SOONER: Final = 0.15
"""How much sooner, in energy, sliced breaks and the soft strokes of kick and snare are quick."""


def _subdivision_level(step: int, energy: float) -> float:
    """How loud a sixteenth is at a bar's energy, 0..1: little energy leaves the beats, more brings eighths, then sixteenths."""
    place, width = _QUICK[step % 4]
    return smoothstep(0.5 + (energy - place) / width) if width else 1.0


_LIFT_DB: Final = 3.0


def _lift(lane: Lane, energy: float) -> float:
    """dB by which cymbals and percussion come forward where the energy is high, so that their quick notes are heard."""
    return _LIFT_DB * smoothstep((energy - 0.6) / 0.35) if lane.group in {"hats", "perc"} else 0.0


def _pan_width(context: Context) -> float:
    return 0.7 + context.params["width"]


_TIMEKEEPER_MARKS: Final = "x..."
"""A beat of the closed hat that goes on telling the time in a breakdown, where its style has drums by then."""
_LINGER: Final = 0.5
"""How present the off-beat cymbal of a drop stays when it is over."""


def pump(context: Context, kick: Hit) -> float:
    """How deep a kick's side-chain goes, 0..1 of the style's: shallow in an intro, deeper through a build-up and before a drop.

    What is ducked on the beats swells off them, and that is the drop's pulse.
    """
    turned = 1.0
    if context.request.role == "intro" or _builds_from_calm(context) or not all(neighbours_agree(context.request)):
        turned = _off_beat_share(context, context.bars[context.grid.bar_at(kick.frame)])
    return _SHALLOW + (1.0 - _SHALLOW) * turned


_SHALLOW: Final = 0.35
"""Share of the side-chain's depth where it is shallow."""


def _off_beat_share(context: Context, bar: Bar) -> float:
    """How far the music has turned to its drop's pulse in a bar, 0..1; without an off-beat cymbal only a build-up does."""
    if context.offbeat is not None:
        return off_beat_share(context.request, bar)
    return turn_share(bar) if context.request.role == "build" else 0.0


def _timekeeping(context: Context, bar: Bar) -> float:
    """How much the closed hat tells the beats, 0..1: in a breakdown, once the off-beat cymbal has gone, and into an outro."""
    if context.request.role == "breakdown":
        return 1.0 - off_beat_share(context.request, bar) if context.offbeat is not None else 1.0
    return 1.0 - turn_share(bar) if context.request.role == "outro" and context.offbeat is None else 0.0


def _builds_from_calm(context: Context) -> bool:
    """Whether this is a build-up out of a section that tells the beats and little else."""
    return context.request.role == "build" and context.request.previous_role in {None, "intro", "breakdown"}


def _off_beat_level(context: Context, level: float, bar: Bar) -> float:
    """The level of the off-beat cymbal, and of a build-up's percussion: it lingers after a drop, and comes before one."""
    leans = _off_beat_share(context, bar)
    if context.request.role in {"intro", "breakdown", "outro"}:
        return max(level, _LINGER * bar.active["hats"] * leans)
    return level * leans if _builds_from_calm(context) or not all(neighbours_agree(context.request)) else level


def _local(context: Context, bar: Bar, lane: Lane) -> float:
    """The bar's energy as a lane feels it: how prompts weigh drums moves the point at which it enters."""
    felt = bar.energy + 0.5 * (context.params["drums"] - 0.5) - _HOLD.get((context.request.role, lane.group), 0.0)
    group, needs = context.opener
    return max(felt, needs + 0.04 + 0.5 * (context.params["drums"] - 0.5)) if lane.group == group else felt


_HOLD: Final = {("breakdown", "hats"): 0.28, ("breakdown", "perc"): 0.15, ("intro", "perc"): 0.05, ("outro", "perc"): 0.1}


def _pattern(context: Context, lane: Lane, number: int, bar: Bar) -> str:
    """The lane's main pattern (the set's choice), its variations at the ends of four and eight bars."""
    count = len(lane.patterns)
    main = int(chance(context.request.set_seed, "lane", number) * count) if lane.group in {"perc", "hats"} else 0
    turn = bar.index % 8
    if count == 1 or (turn in {0, 1, 2, 4, 5, 6} and not (turn % 2 and count > 2 and lane.group != "kick")):
        return lane.patterns[main]
    other = 1 + int(chance(context.request.seed, "variation", number, bar.index // 4) * (count - 1))
    return lane.patterns[(main + other) % count]


def _last_step(bar: Bar, lane: Lane, steps: int) -> int:
    """The step at which a lane gives way in this bar."""
    last = steps
    if bar.breath:
        last = 0 if lane.group == "kick" else steps - round(4 * bar.breath)
    if bar.roll and lane.group == "snare":
        last = 0
    if bar.fill in {"medium", "big"} and not bar.roll:
        given = {"medium": {"snare": 8, "perc": 4, "kick": 2}, "big": {"snare": 16, "perc": 8, "kick": 4, "hats": 4}}[bar.fill]
        last = min(last, max(1, steps - given.get(lane.group, 0)))
    return last


def _fill(context: Context, bar: Bar, start: float) -> Iterator[Hit]:
    """A fill at the bar's end, if the drums are in."""
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
                yield Hit(
                    context.frame(bar.index, (offset + i) / 4, jitter), sound, "snare", velocity, _gain(style, sound), pan, i % 2
                )


def _gain(style: Style, shot: str) -> float:
    """The gain a style's own lane gives a shot, or the snare's usual one."""
    return next((10 ** (lane.gain_db / 20) for lane in style.lanes if lane.shot == shot), 10 ** (-5.0 / 20))


_ROLL_ACCENTS: Final = (1.0, 0.4, 0.4, 0.4, 0.6, 0.4, 0.4, 0.4)
"""How hard a roll strikes each thirty-second from what it accents: the beats, or the off-beats where a cymbal tells those.
Strokes that are all alike blur into each other, and a build-up seems less busy than what comes before it."""


def _roll(context: Context, bar: Bar) -> Iterator[Hit]:
    """A snare roll that quickens and rises towards the next section."""
    if not bar.roll:
        return
    left = context.request.bars - bar.index
    style = style_for(context.mix, "snare")
    rate = {1: 0.25, 2: 0.25, 3: 0.5}.get(left, 1.0)
    told_off = _off_beat_share(context, bar) * group_gain(context.mix, "hats") if context.offbeat is not None else 0.0
    end = context.request.beats_per_bar - bar.breath
    span = 4.0 if context.request.role == "build" else 2.0
    beat = 0.0
    while beat < end - 1e-6:
        rise = 1.0 - (left - beat / context.request.beats_per_bar) / span
        velocity = (0.22 + 0.6 * max(0.0, rise)) * smoothstep(bar.energy / 0.6)
        on, off = (_ROLL_ACCENTS[(round(8 * beat) + place) % 8] for place in (0, 4))
        velocity *= on + (off - on) * told_off
        shot = "snare" if "snare" in style.kit else "clap"
        yield Hit(context.frame(bar.index, beat), shot, "snare", velocity, _gain(style, shot), 0.0, int(beat * 4) % 2)
        step = 0.125 if left == 1 and beat >= end - 1.0 and context.density > 0.55 else rate
        beat += step


def _crash(context: Context, bar: Bar) -> Iterator[Hit]:
    """Cymbals where a section or a long phrase starts, and where the set lands."""
    role = context.request.role
    opens = bar.index == 0 and role in {"drop", "free"} and context.request.previous_role is not None
    phrase = bar.index and bar.index % 16 == 0 and role in {"drop", "build", "free"} and bar.index < context.request.bars
    drums = smoothstep((context.params["drums"] - 0.2) / 0.3) * bar.active["hats"]
    if not (opens or phrase or bar.final) or drums < 0.05 or (bar.energy < 0.2 and not bar.final):
        return
    velocity = (0.9 if opens else 0.6) * drums * min(1.0, 0.3 + context.energy)
    frame = context.frame(bar.index, 0.0)
    yield Hit(frame, "crash", "hats", velocity, 10 ** (-9.0 / 20), 0.15, bar.index % 2)
    if (opens and role == "drop") or bar.final:
        yield Hit(frame, "impact", "perc", 0.8 * drums, 10 ** (-7.0 / 20), 0.0, 0)
