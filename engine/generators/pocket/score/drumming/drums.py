"""Drum parts: the lanes of every kit, bar by bar, and the cymbals that keep time. Fills and rolls are in `fills`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from engine.dsp.levels import gain_of
from engine.dsp.ramps import smoothstep
from engine.generators.pocket.parts import DRUM_GROUPS, MARK_VELOCITY, SLICE_VELOCITY, part_of
from engine.generators.pocket.point import group_gain
from engine.generators.pocket.score.chance import chance, spread
from engine.generators.pocket.score.context import Context
from engine.generators.pocket.score.drumming.fills import write_crash, write_fill, write_roll
from engine.generators.pocket.score.drumming.grooves import groove, groove_level_db
from engine.generators.pocket.score.drumming.kits import drum_kits
from engine.generators.pocket.score.drumming.off_beat import is_heard_as_one, neighbours_agree, off_beat_share, turn_share
from engine.generators.pocket.score.events import Hit
from engine.generators.pocket.score.feel import FLAM_S, FLAM_VELOCITY, accent, has_flam
from engine.generators.pocket.score.form import Bar
from engine.generators.pocket.score.ideas import idea, phrase_of
from engine.generators.pocket.styles import EVERY_BEAT, OFF_BEATS, Lane, Style, firm_steps, in_bar, style_for

_EXTRA: Final = 0.55
"""Velocity of a hit that a pattern marks with a digit, once the density is above that many tenths."""
_VARIANTS: Final = {"kick": 2, "snare": 2, "hats": 3, "perc": 3}
"""Number of slightly different shots a lane alternates between. Kits that play together share it, since every shot takes
memory and time to make."""


def write_drums(context: Context) -> list[Hit]:
    """Every hit of the section and its tail, in no particular order."""
    hits: list[Hit] = []
    for group in DRUM_GROUPS:
        playing = drum_kits(context.mix, group)
        variants = max(1, _VARIANTS[group] // len(playing))
        for kit, style, share in playing:
            for number, lane in enumerate(style.lanes):
                if lane.group == group:
                    for bar in context.bars:
                        hits.extend(_lane_bar(context, lane, number, bar, (kit, style, share), variants))
    snare_style = style_for(context.mix, "snare")
    backbeat = [lane for lane in snare_style.lanes if lane.group == "snare"]
    for bar in context.bars:
        if backbeat:
            hits.extend(write_fill(context, bar, min(lane.start for lane in backbeat)))
            hits.extend(write_roll(context, bar))
        hits.extend(write_crash(context, bar))
    gains = {group: group_gain(context.mix, group) for group in DRUM_GROUPS}
    return [hit._replace(gain=hit.gain * gains[part_of(hit.group)]) for hit in _choked(hits) if gains[part_of(hit.group)] > 0.0]


def _choked(hits: Iterable[Hit]) -> Iterator[Hit]:
    """The hits, an open hat ending where the foot closes it: at the kit's next stroke on either hat."""
    closing: dict[str, int] = {}
    for hit in sorted(hits, key=lambda hit: hit.frame, reverse=True):
        yield hit._replace(length=max(1, closing[hit.group] - hit.frame)) if hit.shot == "open" and hit.group in closing else hit
        if hit.shot in {"hat", "open"}:
            closing[hit.group] = hit.frame


def _mark_amplitude(context: Context, mark: str) -> float:
    """Velocity 0..1 of a pattern's mark at the section's density."""
    if mark in MARK_VELOCITY:
        amplitude = MARK_VELOCITY[mark]
        return amplitude * smoothstep((context.density - 0.02) / 0.3) if mark == "g" else amplitude
    if not mark.isdigit():
        return 0.0
    wanted = context.density + 0.6 * (context.params["syncopation"] - 0.5)
    return _EXTRA * smoothstep(0.5 + (wanted - int(mark) / 10.0) / 0.16)


_SOONER: Final = 0.15
"""Energy by which sliced breaks and the soft strokes of kick and snare get their sixteenths earlier."""
_LIFT_DB: Final = 3.0
"""Greatest lift of cymbals and percussion, in dB."""
_TIMEKEEPER_MARKS: Final = "x..."
"""Pattern of the timekeeper in each beat of a breakdown."""


_IDEAS: Final = 64
"""More ideas than a set has: each phrase of each has a groove."""


def _lane_bar(
    context: Context, lane: Lane, number: int, bar: Bar, playing: tuple[str, Style, float], variants: int
) -> Iterator[Hit]:
    """One lane in one bar, which stops where a fill or the pause before a drop takes over.

    Args:
        number: the lane's index in its style.
        playing: the kit's name (`Hit.group`), its style and its linear gain.
        variants: how many shots to alternate between.
    """
    level = bar.active[lane.group] * smoothstep(0.5 + (_local(context, bar, lane) - lane.start) / 0.14)
    timekeeping = _timekeeping(context, bar) * bar.active[lane.group] if lane is context.timekeeper else 0.0
    keeps_time = timekeeping > 0.0 and timekeeping >= level
    level = max(timekeeping, level)
    if lane is context.offbeat or (lane.group == "perc" and _builds_from_calm(context)):
        level = _off_beat_level(context, level, bar)
    if bar.silent or level < 0.02 or not (keeps_time or _plays(context, lane, number, bar)):
        return
    kit, style, share = playing
    shot = _shot(context, lane, style, bar)
    steps = 4 * context.request.beats_per_bar
    firm = lane is context.offbeat or lane is context.timekeeper
    which = _IDEAS * phrase_of(context.request, bar.index) + idea(context.request, "drums", bar.index)
    written = _pattern(context, lane, number, bar)
    own = groove(written, lane, context.request.set_seed, number, which, bar.index, firm=firm)
    pattern = in_bar(own, bar.index, steps)
    last = _last_step(bar, lane, steps)
    seed = context.request.seed
    own_db = groove_level_db(lane, context.request.set_seed, number, firm=firm)
    gain = share * gain_of(lane.gain_db + own_db + (_LIFT_DB if keeps_time else _lift(lane, bar.energy)))
    for step in range(1 if bar.final else min(steps, last)):
        mark = pattern[step] if not keeps_time else _TIMEKEEPER_MARKS[step % 4]
        amplitude = SLICE_VELOCITY * (mark != ".") if lane.sliced else _mark_amplitude(context, mark)
        if (lane.group in {"hats", "perc"} and lane is not context.offbeat) or lane.sliced or mark not in "Xx":
            amplitude *= _subdivision_level(step, bar.energy + (0.0 if lane.group in {"hats", "perc"} else _SOONER))
        if amplitude <= 0.0:
            continue
        wobble = 0.0 if lane.group == "kick" else spread(seed, lane.shot, bar.index, step)
        if lane.group in {"hats", "perc"} and not firm and not lane.sliced:
            amplitude *= accent(context.request.set_seed, lane.shot, step)
        velocity = amplitude * level**0.7 * (1.0 + (0.08 + 0.2 * context.params["human"]) * wobble)
        if velocity < 0.03:
            continue
        jitter = 0.0 if lane.group == "kick" else spread(seed + 7, lane.shot, bar.index, step)
        frame = context.frame(bar.index, step / 4, jitter, lane.group)
        if lane.group == "snare" and mark in "Xx" and not lane.sliced:
            yield from _flam(context, bar, step, Hit(frame, shot, kit, velocity, gain, lane.pan, step % variants))
        yield Hit(
            frame,
            shot,
            kit,
            min(1.0, velocity),
            gain,
            _pan(context, lane, step),
            int(mark, 16) if lane.sliced else (step * 7 + bar.index) % variants,
        )


_FLAMS: Final = (0.12, 0.2)
""" "human" at which players begin to play flams, and the width over which these become as loud as they are."""


def _flam(context: Context, bar: Bar, step: int, stroke: Hit) -> Iterator[Hit]:
    """The soft stroke right before an accented one, where a set's drummer plays one."""
    velocity = stroke.velocity * FLAM_VELOCITY * smoothstep((context.params["human"] - _FLAMS[0]) / _FLAMS[1])
    frame = stroke.frame - round(FLAM_S * context.grid.rate)
    if velocity > 0.03 and frame >= 0 and has_flam(context.request.set_seed, bar.index, step):
        yield stroke._replace(frame=frame, velocity=velocity)


_QUICK: Final = ((0.0, 0.0), (0.66, 0.36), (0.46, 0.3), (0.66, 0.36))
"""For each sixteenth of a beat: the energy at which cymbals and percussion play it half as loud, and the width of the rise."""


def _subdivision_level(step: int, energy: float) -> float:
    """Gain 0..1 of a sixteenth at a bar's energy: little energy leaves the beats, more brings eighths, then sixteenths."""
    place, width = _QUICK[step % 4]
    return smoothstep(0.5 + (energy - place) / width) if width else 1.0


def _lift(lane: Lane, energy: float) -> float:
    """dB by which cymbals and percussion get louder at high energy, so that their sixteenths are heard."""
    return _LIFT_DB * smoothstep((energy - 0.6) / 0.35) if lane.group in {"hats", "perc"} else 0.0


_STRAYS: Final = 0.35
"""How far to either side of its line's place a stroke of percussion may be, 0..1."""


def _pan(context: Context, lane: Lane, step: int) -> float:
    """Where a stroke is heard, -1 (left) to 1: its line's place, and around it for percussion, the same in every bar."""
    strays = _STRAYS * spread(context.request.set_seed, "pan", lane.shot, step) if lane.group == "perc" else 0.0
    return max(-1.0, min(1.0, (lane.pan + strays) * (0.7 + context.params["width"])))


_LINGER: Final = 0.5
"""How present a drop's off-beat cymbal stays right after the drop, 0..1."""
_SHALLOW: Final = 0.35
"""Depth of the side-chain where it is shallow, as a share of the style's."""


def pump_depth(context: Context, kick: Hit) -> float:
    """Depth of a kick's side-chain, 0..1 of the style's: shallow in an intro, deepening through a build-up.

    What is ducked on the beats swells on the off-beats, and that is the pulse of a drop.
    """
    turned = 1.0
    if context.request.role == "intro" or _builds_from_calm(context) or not all(neighbours_agree(context.request)):
        turned = context.off_beat_share(context.bars[context.grid.bar_at(kick.frame)])
    return _SHALLOW + (1.0 - _SHALLOW) * turned


def _timekeeping(context: Context, bar: Bar) -> float:
    """How present the timekeeper is, 0..1: in a breakdown, once the off-beat cymbal has gone, and at an outro's start."""
    if context.request.role == "breakdown":
        return 1.0 - off_beat_share(context.request, bar) if context.offbeat is not None else 1.0
    return 1.0 - turn_share(bar) if context.request.role == "outro" and context.offbeat is None else 0.0


def _builds_from_calm(context: Context) -> bool:
    """Whether this is a build-up after a section with little more than the beats."""
    return context.request.role == "build" and context.request.previous_role in {None, "intro", "breakdown"}


def _off_beat_level(context: Context, level: float, bar: Bar) -> float:
    """Level 0..1 of the off-beat cymbal, and of a build-up's percussion: it lingers after a drop, and arrives before one."""
    turned = context.off_beat_share(bar)
    if context.request.role in {"intro", "breakdown", "outro"}:
        return max(level, _LINGER * bar.active["hats"] * turned)
    return level * turned if _builds_from_calm(context) or not all(neighbours_agree(context.request)) else level


_HELD_BACK: Final = {("breakdown", "hats"): 0.28, ("breakdown", "perc"): 0.15, ("intro", "perc"): 0.05, ("outro", "perc"): 0.1}
"""(role, drum group) -> energy by which the group enters later."""


def _local(context: Context, bar: Bar, lane: Lane) -> float:
    """A bar's energy as compared with the one at which a lane enters; prompts that want more drums raise it."""
    felt = bar.energy + 0.5 * (context.params["drums"] - 0.5) - _HELD_BACK.get((context.request.role, lane.group), 0.0)
    group, needs = context.opener
    return max(felt, needs + 0.04 + 0.5 * (context.params["drums"] - 0.5)) if lane.group == group else felt


def _pattern(context: Context, lane: Lane, number: int, bar: Bar) -> str:
    """A lane's pattern in a bar: its idea's, or a variation at the end of four or eight bars and through every other phrase."""
    count, request = len(lane.patterns), context.request
    drawn = lane.group in {"perc", "hats"}
    steady = firm_steps(lane) == EVERY_BEAT
    main = int(chance(request.set_seed, "lane", number) * count) if drawn or (lane.group == "kick" and not steady) else 0
    if drawn or not steady:
        main += idea(request, "drums", bar.index)
    phrase, turn = phrase_of(request, bar.index), bar.index % 8
    plain = turn in {0, 1, 2, 4, 5, 6} and not (turn % 2 and count > 2 and lane.group != "kick")
    if count == 1 or (plain and not (drawn and phrase % 2 and turn % 2)):
        return lane.patterns[main % count]
    other = 1 + int(chance(request.seed, "variation", number, bar.index // 4) * (count - 1))
    return lane.patterns[(main + other) % count]


def _plays(context: Context, lane: Lane, number: int, bar: Bar) -> bool:
    """Whether a lane that others can stand in for plays in a phrase: the later the phrase, the more of them do."""
    request = context.request
    phrase = phrase_of(request, bar.index)
    if (
        lane.group not in {"hats", "perc"}
        or lane.sliced
        or lane in {context.offbeat, context.timekeeper}
        or is_heard_as_one(request)
    ):
        return True
    share = _SHARES[phrase % len(_SHARES)] + (_SUM_SHARE if request.purpose == "sum" else 0.0)
    return chance(request.set_seed, "lane plays", idea(request, "drums", bar.index), phrase, number) < share


_OTHER_SHOTS: Final = ("perc", "perc2", "rim", "tom", "shaker")
"""Percussion that may play each other's patterns."""


def _shot(context: Context, lane: Lane, style: Style, bar: Bar) -> str:
    """The drum that plays a lane: percussion hands its patterns round from idea to idea."""
    turn = idea(context.request, "drums", bar.index)
    shots = [shot for shot in _OTHER_SHOTS if shot in style.kit]
    if lane.group != "perc" or not turn or lane.shot not in shots:
        return lane.shot
    return shots[(shots.index(lane.shot) + turn) % len(shots)]


_SHARES: Final = (0.75, 0.85, 0.65, 0.95)
"""Share of the cymbals and percussion that plays in successive phrases."""
_SUM_SHARE: Final = 0.2


def _last_step(bar: Bar, lane: Lane, steps: int) -> int:
    """The sixteenth at which a lane stops in this bar to leave room for a fill, a roll or the pause before a drop."""
    last = steps // 2 if lane.group in bar.gap and firm_steps(lane) != OFF_BEATS else steps
    if bar.breath:
        last = min(last, 0 if lane.group == "kick" else steps - round(4 * bar.breath))
    if bar.roll and lane.group == "snare":
        last = 0
    if bar.fill in {"medium", "big"} and not bar.roll:
        given = {"medium": {"snare": 8, "perc": 4, "kick": 2}, "big": {"snare": 16, "perc": 8, "kick": 4, "hats": 4}}[bar.fill]
        last = min(last, max(1, steps - given.get(lane.group, 0)))
    return last
