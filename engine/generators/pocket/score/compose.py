"""What is played: a request becomes hits and notes, deterministic by its seeds. No sound here, no torch."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from engine.generators.pocket.point import brightness, drumless, group_gain
from engine.generators.pocket.score.chance import chance
from engine.generators.pocket.score.form import DRUM_GROUPS, TONAL_PARTS, Bar, lay_out, smooth
from engine.generators.pocket.score.kits import players
from engine.generators.pocket.score.sharing import amplitudes, overlap
from engine.generators.pocket.styles import Lane, Style, load_style, off_beat, style_for, styles_for
from engine.music.key import Key
from engine.music.motif import make_motif
from engine.prompts.mix import Mix, mix
from engine.protocol import MotifNote, Role, SectionRequest
from engine.timebase import SAMPLE_RATE, Grid


class Hit(NamedTuple):
    """A drum hit: frame, shot, group, amplitude 0..1 (also how hard), gain (linear), pan -1..1, which variant."""

    frame: int
    shot: str
    group: str
    velocity: float
    gain: float
    pan: float
    variant: int


class Note(NamedTuple):
    """Notes that share a part, an onset and a length: frame, frames held, MIDI notes, velocity and a glide.

    ``slide`` is the interval in semitones from which the pitch glides; ``rise`` octaves by which its filter moves while
    it lasts.
    """

    frame: int
    part: str
    gate: int
    pitches: tuple[tuple[int, float], ...]
    velocity: float
    slide: float = 0.0
    rise: float = 0.0


@dataclass(frozen=True, slots=True)
class Score:
    """A section on paper.

    Attributes:
        hits, notes: in order of frames.
        kicks: frames and velocities of the kick, for the side-chain.
        voices: part, or one of its players -> voice; styles: part's player -> the style it plays in.
        shares: the same -> how much of the part's power is its, 0..1; gains_db: its gain beside the others, of the sub too.
        kits: a hit's group -> the style whose kit plays it.
        bars: the form.
        grid: of the section, frame 0 its downbeat.
        energy, density, brightness: 0..1, the request's as the prompts bend them.
        mix: the prompts' point.
        melody: the lead's notes as degrees, beats counted from the section's start.
        role: what the section is for.
    """

    hits: tuple[Hit, ...]
    notes: tuple[Note, ...]
    kicks: tuple[tuple[int, float], ...]
    voices: dict[str, str]
    styles: dict[str, Style]
    shares: dict[str, float]
    gains_db: dict[str, float]
    kits: dict[str, Style]
    bars: tuple[Bar, ...]
    grid: Grid
    energy: float
    density: float
    brightness: float
    mix: Mix
    melody: tuple[MotifNote, ...]
    role: Role


class Context:
    """What the writers of drums, harmony and melody share while a section is written."""

    def __init__(self, request: SectionRequest, point: Mix, rate: int = SAMPLE_RATE) -> None:
        params = point.params
        self.request = request
        self.mix = point
        self.params = params
        self.key = Key.parse(request.key)
        self.grid = Grid(request.bpm, request.beats_per_bar, rate)
        self.energy = _unit(request.energy + 0.30 * (params["energy"] - 0.5) * (1.2 - request.energy))
        self.density = _unit(params["density"] + 0.8 * (request.density - 0.5) + 0.3 * (self.energy - 0.6))
        self.brightness = brightness(point, 0.8 * (request.brightness - 0.5) + 0.22 * (self.energy - 0.6))
        self.players = {part: tonal_players(point, part) for part in TONAL_PARTS}
        starts = {
            part: sum(each.share * each.style.parts[part].start for each in players) for part, players in self.players.items()
        }
        for part, knob in _PULL.items():
            starts[part] -= 0.5 * (params[knob] - 0.5)
        for part in point.voices:
            if part in starts:
                starts[part] -= 0.35 * max(point.voices[part].values())
        starts["arp"] -= 0.25 * (self.density - 0.5)
        self.bars = lay_out(request, self.energy, starts, dict(point.stems), drumless(point))
        self.motif = request.motif or make_motif(request.set_seed, request.beats_per_bar)
        self.opener = _opener(self, request)
        self.clock = _clock(self)
        self.offbeat = off_beat(point)
        self.beat_frames = float(self.grid.frames_per_beat)
        self.bar_frames = [self.grid.frame_of_bar(i) for i in range(len(self.bars) + 1)]
        self.swing = params["swing"] / 3.0 * 0.25
        self.loose = params["human"] * 0.010 * rate

    def frame(self, bar: int, beat: float, jitter: float = 0.0) -> int:
        """The frame of a beat (counted in the bar), with the swing of its sixteenth and a player's looseness -1..1."""
        step = beat * 4.0
        late = self.swing * (1.0 - abs(step % 2.0 - 1.0))
        return max(0, self.bar_frames[bar] + round((beat + late) * self.beat_frames + jitter * self.loose))

    def frames(self, beats: float) -> int:
        """A duration in frames."""
        return max(1, round(beats * self.beat_frames))

    def played(self, part: str, write: Callable[[Style], Iterable[Note]]) -> Iterator[Note]:
        """What every player of a part plays, written once for each style."""
        written: dict[str, list[Note]] = {}
        for player in self.players[part]:
            name = player.style.name
            if name not in written:
                written[name] = list(write(player.style))
            yield from (note._replace(part=player.name) for note in written[name])


_PULL: Final = {"bass": "bass", "pad": "harmony", "comp": "harmony", "arp": "lead", "melody": "lead"}


def _unit(value: float) -> float:
    return min(1.0, max(0.0, value))


_OPENS_UNDER: Final = 0.42
"""A drum group that enters at less energy than this may carry an intro from its first bar."""


def _opener(context: Context, request: SectionRequest) -> tuple[str, float]:
    """The drum group that plays an intro from its first bar, and the energy it needs; ("", 0) where the style has none."""
    if request.role != "intro":
        return "", 0.0
    groups = ("kick", "hats", "perc")
    needs = {
        group: min((lane.start for lane in style_for(context.mix, group).lanes if lane.group == group), default=9.0)
        for group in groups
    }
    ready = [group for group in groups if needs[group] < _OPENS_UNDER]
    chosen = ready[int(chance(request.set_seed, "opener") * len(ready))] if ready else ""
    return chosen, needs.get(chosen, 0.0)


def _clock(context: Context) -> Lane | None:
    """The cymbal that goes on telling the beats in a breakdown: the first one to enter; None where drums come late."""
    lanes = [lane for lane in style_for(context.mix, "hats").lanes if lane.group == "hats" and not lane.sliced]
    first = min(lanes, key=lambda lane: (lane.shot != "hat", lane.start), default=None)
    return first if first is not None and first.start <= _OPENS_UNDER + 0.1 else None


class Player(NamedTuple):
    """Who plays a tonal part: a name that begins with the part's, the style it plays in, its voice, and how much of the part,
    as a share of the power, is its own."""

    name: str
    style: Style
    voice: str
    share: float


_HEARD: Final = 0.04
"""Share up to which a player is left out; it comes in from nothing above it."""
_NAMED: Final = (0.1, 0.9)
"""Weights of an instrument's name at which it begins to take a part over from the styles' own voices, and has it."""
_INSTEAD: Final = {
    "bass": ("round", "sub", "fm", "plucked bass"),
    "pad": ("warm pad", "strings", "glass pad", "choir"),
    "comp": ("electric piano", "pluck", "organ", "piano"),
    "arp": ("pluck", "marimba", "bell", "square lead"),
    "melody": ("flute", "bell", "square lead", "marimba"),
}
"""What plays a part whose style's own voice prompts do without: the first that they do not do without as well."""
_MOST_PLAYERS: Final = 3
"""How many may play a part: every voice takes time and memory. The next one's share is taken off theirs, so that who overtakes
another comes in from nothing."""


def tonal_players(point: Mix, part: str) -> tuple[Player, ...]:
    """Those who play a part, the one with the most of it first; shares sum to 1.

    Where a knob stands between two styles, or an instrument that is named is light, both play, each softer.
    """
    votes = point.voices.get(part, {})
    named = max(votes, key=lambda voice: (votes[voice], voice), default="")
    vote = smooth((votes[named] - _NAMED[0]) / (_NAMED[1] - _NAMED[0])) if named else 0.0
    against = point.avoided.get(part, {})
    instead = _instead(part, against)
    shares: dict[tuple[str, str], float] = {}
    for style, share in styles_for(point, part):
        own = style.parts[part].voice
        gone = against.get(own, 0.0) * (1.0 - vote)
        others = ((voice, gone * its) for voice, its in instead)
        for voice, its in ((own, 1.0 - vote - gone), (named, vote), *others):
            shares[style.name, voice] = shares.get((style.name, voice), 0.0) + share * its
    order = sorted(((share, at) for at, share in shares.items()), reverse=True)
    floor = max([_HEARD, *(share for share, _ in order[_MOST_PLAYERS:])])
    heard = [(share - floor, at) for share, at in order if share - floor > 1e-3] or [order[0]]
    whole = sum(share for share, _ in heard)
    return tuple(
        Player(part if not number else f"{part} {number}", load_style(style), voice, share / whole)
        for number, (share, (style, voice)) in enumerate(heard)
    )


def _instead(part: str, against: Mapping[str, float]) -> list[tuple[str, float]]:
    """Who plays in an unwanted voice's stead, and its share: the first, as far as it is wanted, then the next. 1 in sum."""
    left, shares = 1.0, []
    for voice in _INSTEAD[part]:
        shares.append((voice, left * (1.0 - against.get(voice, 0.0))))
        left -= shares[-1][1]
    return [*shares[:-1], (shares[-1][0], shares[-1][1] + left)]


_BASSES: Final = 0.5
"""How far two different basses that strike a note at once add up as amplitudes: all start at the same phase."""


def share_gains(players: Sequence[Player], notes: Iterable[Note]) -> dict[str, tuple[float, float]]:
    """The gain in dB that gives each player of a part its share, and its share of the part's power then; see `amplitudes`.

    Amplitudes add up where one voice strikes the same notes in step, and partly where basses do.
    """
    struck: dict[str, set[tuple[int, int]]] = {player.name: set() for player in players}
    for note in notes:
        if note.part in struck:
            struck[note.part].add((note.frame, note.pitches[0][0]))

    def met(one: Player, other: Player) -> float:
        alike = 1.0 if one.voice == other.voice else _BASSES * one.name.startswith("bass")
        return 1.0 if one is other else alike * overlap(struck[one.name], struck[other.name])

    pairs = [[met(one, other) for other in players] for one in players]
    gains = amplitudes([player.share for player in players], pairs)
    return {
        player.name: (20.0 * math.log10(gain), gain * sum(its * met for its, met in zip(gains, row, strict=True)))
        for player, gain, row in zip(players, gains, pairs, strict=True)
    }


_OTHER_VOICES: Final = {"sub": "sub", "fx": "noise", "texture": "tape", "crackle": "crackle"}


def compose(request: SectionRequest, rate: int = SAMPLE_RATE) -> Score:
    """Write a section, its tail included; ``from_frame`` does not matter.

    Raises:
        LivesetError: for a key, vocabulary or style that cannot be read.
    """
    from engine.generators.pocket.score.chords import sub_share, write_harmony
    from engine.generators.pocket.score.drums import pump, write_drums
    from engine.generators.pocket.score.melody import write_melody

    context = Context(request, mix(request.prompts), rate)
    hits = sorted(write_drums(context))
    chords, notes = write_harmony(context)
    lead, melody = write_melody(context, chords)
    gains_db = {"sub": 20.0 * math.log10(max(1e-3, sub_share(context)))}
    shared = {name: its for part in context.players.values() for name, its in share_gains(part, [*notes, *lead]).items()}
    gains_db |= {name: gain_db for name, (gain_db, _) in shared.items()}
    kickers = players(context.mix, "kick")
    whole = sum(gain for _, _, gain in kickers)
    pumping = {kit: gain / whole * group_gain(context.mix, "kick") for kit, _, gain in kickers}
    kicks: dict[int, float] = {}
    for hit in hits:
        if hit.group in pumping:
            kicks[hit.frame] = kicks.get(hit.frame, 0.0) + hit.velocity * pumping[hit.group] * pump(context, hit)
    return Score(
        hits=tuple(hits),
        notes=tuple(sorted([*notes, *lead])),
        kicks=tuple(kicks.items()),
        voices={player.name: player.voice for players in context.players.values() for player in players} | _OTHER_VOICES,
        styles={player.name: player.style for players in context.players.values() for player in players},
        shares={name: share for name, (_, share) in shared.items()},
        gains_db=gains_db,
        kits={
            **{group: style_for(context.mix, group) for group in DRUM_GROUPS},
            **{kit: style for group in DRUM_GROUPS for kit, style, _ in players(context.mix, group)},
        },
        bars=context.bars,
        grid=context.grid,
        energy=context.energy,
        density=context.density,
        brightness=context.brightness,
        mix=context.mix,
        melody=melody,
        role=request.role,
    )
