"""What the writers of drums, harmony and melody share while a section is written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from engine.dsp.ramps import smoothstep
from engine.generators.pocket.parts import LEVEL_PARAM, TONAL_PARTS
from engine.generators.pocket.point import brightness, drumless, without_cymbals
from engine.generators.pocket.score.chance import chance
from engine.generators.pocket.score.drumming.off_beat import off_beat_share, turn_share
from engine.generators.pocket.score.events import Note
from engine.generators.pocket.score.feel import DRAG_S, Feel, feel_of
from engine.generators.pocket.score.form import Bar, lay_out
from engine.generators.pocket.score.ideas import open_share
from engine.generators.pocket.score.tones.players import tonal_players
from engine.generators.pocket.styles import Lane, Style, off_beat_cymbal, style_for
from engine.music.key import Key
from engine.music.motif import make_motif
from engine.prompts.mix import Mix
from engine.protocol import SectionRequest, unit
from engine.timebase import SAMPLE_RATE, Grid

_OPENS_UNDER: Final = 0.42
"""Energy: a drum group that enters below it may open an intro from its first bar."""
_TIMEKEEPER_MARGIN: Final = 0.1
"""Energy by which a timekeeper may enter above `_OPENS_UNDER`."""
_NEVER: Final = 9.0
"""Energy that is never reached."""
_DECAY_REACH: Final = 0.22
"""By how much notes get longer and shorter within a section, as "decay"."""
_LOOSE_S: Final = 0.010
"""Seconds by which notes stray at most, at full "human"."""


class Context:
    """What the writers of drums, harmony and melody share while a section is written.

    Attributes:
        request: what was asked for.
        mix, params: the prompts as one point, and its parameters 0..1.
        key, grid: of the section.
        energy, density, brightness: 0..1, the request's as the prompts change them.
        players: tonal part -> who plays it.
        bars: the form, tail included.
        motif: the set's.
        opener: the drum group that opens an intro and the energy it needs, or ("", 0).
        timekeeper: the cymbal that keeps time in a breakdown, or None.
        offbeat: the cymbal that plays every off-beat, or None.
        beat_frames, bar_frames: frames in a beat, and the frame of each bar line.
        swing: beats by which odd sixteenths come late.
        loose: frames by which notes stray at most.
        drag: frames by which a player drags at most.

    Raises:
        LivesetError: if the key, the vocabulary or a style cannot be read.
    """

    def __init__(self, request: SectionRequest, point: Mix, rate: int = SAMPLE_RATE) -> None:
        params = point.params
        self.request = request
        self.mix = point
        self.params = params
        self.key = Key.parse(request.key)
        self.grid = Grid(request.bpm, request.beats_per_bar, rate)
        self.energy = unit(request.energy + 0.30 * (params["energy"] - 0.5) * (1.2 - request.energy))
        self.density = unit(params["density"] + 0.8 * (request.density - 0.5) + 0.3 * (self.energy - 0.6))
        self.brightness = brightness(point, 0.8 * (request.brightness - 0.5) + 0.22 * (self.energy - 0.6))
        self.players = {part: tonal_players(point, part, _draw(request, part)) for part in TONAL_PARTS}
        self.bars = lay_out(
            request, self.energy, self._starts(), dict(point.stems), drumless(point), self._wanted(), 0.6 + 0.9 * params["motion"]
        )
        self.motif = request.motif or make_motif(request.set_seed, request.beats_per_bar)
        self.opener = _opener(self, request)
        self.timekeeper = _timekeeper(self)
        self.offbeat = off_beat_cymbal(point)
        self.beat_frames = float(self.grid.frames_per_beat)
        self.bar_frames = [self.grid.frame_of_bar(i) for i in range(len(self.bars) + 1)]
        self.swing = params["swing"] / 3.0 * 0.25
        self.loose = params["human"] * _LOOSE_S * rate
        self.drag = params["human"] * DRAG_S * rate
        self._feels: dict[str, Feel] = {}

    def _starts(self) -> dict[str, float]:
        """The energy at which each tonal part enters: the style's, less where prompts want more of it."""
        starts = {
            part: sum(each.share * each.style.parts[part].start for each in players) for part, players in self.players.items()
        }
        for part, param in LEVEL_PARAM.items():
            starts[part] -= 0.5 * (self.params[param] - 0.5)
        for part in self.mix.voices:
            if part in starts:
                starts[part] -= 0.35 * max(self.mix.voices[part].values())
        starts["arp"] -= 0.25 * (self.density - 0.5)
        return starts

    def _wanted(self) -> dict[str, float]:
        """How far each part plays in every phrase, 0..1: what prompts name, and pads where there are hardly any drums."""
        wanted = {part: smoothstep((max(votes.values()) - 0.1) / 0.6) for part, votes in self.mix.voices.items() if votes}
        return wanted | {"pad": max(wanted.get("pad", 0.0), without_cymbals(self.mix))}

    def frame(self, bar: int, beat: float, jitter: float = 0.0, player: str = "") -> int:
        """The frame of a beat counted in its bar, with swing.

        Args:
            bar, beat: where.
            jitter: the player's inaccuracy, -1..1.
            player: who plays it, as `feel_of` knows them.
        """
        step, feel = beat * 4.0, self._feel(player)
        late = feel.swing * self.swing * (1.0 - abs(step % 2.0 - 1.0))
        stray = jitter * self.loose + feel.late * self.drag
        return max(0, self.bar_frames[bar] + round((beat + late) * self.beat_frames + stray))

    def _feel(self, player: str) -> Feel:
        found = self._feels.get(player)
        if found is None:
            found = self._feels[player] = feel_of(self.request.set_seed, player)
        return found

    def decay(self, bar: int, part: str) -> float:
        """How long a part's notes are held in a bar, 0..1: shorter and longer over 16 bars around the prompts' own."""
        return unit(self.params["decay"] + _DECAY_REACH * open_share(self.request, f"{part} decay", bar))

    def frames(self, beats: float) -> int:
        """A duration in beats as frames, at least 1."""
        return max(1, round(beats * self.beat_frames))

    def off_beat_share(self, bar: Bar) -> float:
        """How far a bar has turned to the drop's off-beats, 0..1; without an off-beat cymbal only a build-up turns."""
        if self.offbeat is not None:
            return off_beat_share(self.request, bar)
        return turn_share(bar) if self.request.role == "build" else 0.0

    def played(self, part: str, write: Callable[[Style], Iterable[Note]]) -> Iterator[Note]:
        """The notes of every player of a part; ``write`` is called once for each style."""
        written: dict[str, list[Note]] = {}
        for player in self.players[part]:
            name = player.style.name
            if name not in written:
                written[name] = list(write(player.style))
            yield from (note._replace(part=player.name) for note in written[name])


def _draw(request: SectionRequest, part: str) -> float:
    """Random number in [0, 1) that picks a part's voice: the set's own, and another in a contrast."""
    return chance(request.set_seed, "voice", part, int(request.purpose == "contrast"))


def _opener(context: Context, request: SectionRequest) -> tuple[str, float]:
    """The drum group that opens an intro, and the energy it needs; ("", 0) elsewhere and where the style has none."""
    if request.role != "intro":
        return "", 0.0
    groups = ("kick", "hats", "perc")
    needs = {
        group: min((lane.start for lane in style_for(context.mix, group).lanes if lane.group == group), default=_NEVER)
        for group in groups
    }
    ready = [group for group in groups if needs[group] < _OPENS_UNDER]
    chosen = ready[int(chance(request.set_seed, "opener") * len(ready))] if ready else ""
    return chosen, needs.get(chosen, 0.0)


def _timekeeper(context: Context) -> Lane | None:
    """The cymbal that keeps time in a breakdown: the closed hat, or the first to enter; None where cymbals enter late."""
    lanes = [lane for lane in style_for(context.mix, "hats").lanes if lane.group == "hats" and not lane.sliced]
    first = min(lanes, key=lambda lane: (lane.shot != "hat", lane.start), default=None)
    return first if first is not None and first.start <= _OPENS_UNDER + _TIMEKEEPER_MARGIN else None
