"""The beat phase that a section's edges should have: that of the section before, or one both sides of a seam derive alike."""

from __future__ import annotations

from functools import cached_property
from typing import Final

from engine.dsp.levels import gain_of
from engine.generators.pocket.instruments.spectra import RATE
from engine.generators.pocket.parts import MARK_VELOCITY, SLICE_VELOCITY
from engine.generators.pocket.point import DRUMLESS, drumless
from engine.generators.pocket.render.renderer import Renderer
from engine.generators.pocket.score.drumming.off_beat import is_heard_as_one, off_beats_at_edges, uses_off_beats
from engine.generators.pocket.seams.beat import FRAME, HOP, beat_phasor, phase_of, phasor
from engine.generators.pocket.seams.controls import Controls, Stroke
from engine.generators.pocket.styles import OFF_BEATS, Lane, Style, firm_steps, load_style
from engine.protocol import Role, SectionRequest

_OFF_BEAT_PHASE: Final[dict[Role | None, float]] = {"breakdown": 0.605, "outro": 0.68}
"""Phase, in beats, of music with strong off-beats, by the role after the seam: what swells after the kick peaks there
(measured over every such style)."""
_OFF_BEAT_PHASE_ELSE: Final = 0.63
"""The same for every other role."""
_ASTRAY: Final = 0.32
"""Beats from its natural phase from which the beat of such music is moved to its off-beats instead of back."""
_FOLLOWED: Final = 0.25
"""Greatest difference, in beats, from the section before at which its phase is followed."""
_AGREED: Final = 0.15
"""Greatest difference, in beats, at which a short section before counts as having the phase its end was aligned to."""
_CLEAR: Final = 0.25
"""Clarity that the end of the section before needs to be followed; see `beat_phasor` for the unit."""

_LATE_S: Final = 0.006
"""Seconds from a stroke to the rise of the spectrum that it causes."""
_NATURAL: Final = (-0.08, 0.13)
"""Least and greatest natural phase, in beats, of a style with drums; a shuffle is heard late."""
_LATE_WITHOUT_DRUMS_S: Final = 0.04
"""Seconds from an onset to the rise of the spectrum for chords and tunes, which swell."""
_EARLY_ENERGY: Final = 0.62
"""Energy up to which a lane counts towards a style's natural phase."""
_OFF_BEAT_SHARE: Final = 0.25
"""Share with which the off-beat cymbal counts: away from drops it is soft, or not there yet."""
_TONAL_SHIFT: Final = -0.012
"""Beats by which chords and basses shift the phase of the drums, on average over every style."""


class BeatTargets:
    """Target phases of a section's opening and closing. The opening's must be asked for first.

    Args:
        request: what was asked for.
        renderer: the section's renderer.
    """

    def __init__(self, request: SectionRequest, renderer: Renderer) -> None:
        self._request = request
        self._renderer = renderer
        self._has_off_beats = uses_off_beats(request.prompts)
        self._at_edges = off_beats_at_edges(request)
        self._opened_at: float | None = None

    def opening_phase(self, phase: float, left: complex) -> float:
        """Target phase, in beats, of an opening that now has ``phase``.

        It is that of the section before, heard as ``left`` (0 where nothing was heard), if that is clear and near enough.
        Otherwise it is derived as a closing's is. After a short section, if what was heard agrees, it lies halfway between the
        two: a short section's end was aligned to the derived phase, or to what it heard before it.
        """
        request = self._request
        roles = (request.role, request.previous_role, *(part.role for part in request.before_previous))
        first = roles[-2] if request.before_previous else request.role
        derived = self._derived_phase(phase, self._at_edges[0], first)
        off_now, off_derived = (abs(phase_of(phasor(each) / left)) if left else 1.0 for each in (phase, derived))
        # A short section was heard under the fade of the one before it, which its own sound does not contain.
        known = bool(request.before_previous) and off_derived < _AGREED
        follows = abs(left) > _CLEAR and min(off_now, off_derived) < _FOLLOWED
        self._opened_at = phase_of(left) if follows else derived
        if known:
            self._opened_at = phase_of(left / abs(left) + phasor(derived))
        return self._opened_at

    def closing_phase(self, phase: float) -> float:
        """Target phase, in beats, of a closing that now has ``phase``; the opening's in a short section."""
        if self._opened_at is not None and is_heard_as_one(self._request):
            return self._opened_at
        return self._derived_phase(phase, self._at_edges[1], self._request.next_role)

    def _derived_phase(self, phase: float, off_beats: bool, after: Role | None) -> float:
        """Phase at a seam, derived from the request rather than the sound: the other side must arrive at the same."""
        astray = abs(phase_of(phasor(phase - self._natural))) > _ASTRAY
        if self._has_off_beats and (astray or off_beats):
            return _OFF_BEAT_PHASE.get(after, _OFF_BEAT_PHASE_ELSE)
        return self._natural

    @cached_property
    def _natural(self) -> float:
        return natural_phase(self._renderer)


def natural_phase(renderer: Renderer) -> float:
    """The phase, in beats, at which the mix of styles is heard by itself.

    With drums it is measured on two bars of the styles' own patterns, the off-beat cymbal softened; without drums it is that of
    chords and tunes.
    """
    score = renderer.score
    beat = float(score.grid.frames_per_beat)
    if drumless(score.mix) > DRUMLESS:
        return _LATE_WITHOUT_DRUMS_S * RATE / beat
    strokes = []
    for name, share in score.mix.styles:
        style = load_style(name)
        for lane in style.lanes:
            if lane.start <= _EARLY_ENERGY:
                strokes += _lane_strokes(renderer, style, lane, share)
    count = round(8 * beat)
    heard = Controls(strokes, [(1.0, 1.0)]).layers(FRAME + count)[0]
    found = phase_of(beat_phasor(heard, -FRAME, (-HOP, count), beat))
    if abs(found) >= 0.25:
        return _LATE_S * RATE / beat
    return min(_NATURAL[1], max(_NATURAL[0], found + _TONAL_SHIFT))


def _lane_strokes(renderer: Renderer, style: Style, lane: Lane, share: float) -> list[Stroke]:
    """A lane's first pattern over two bars."""
    score = renderer.score
    beat, swing = float(score.grid.frames_per_beat), score.mix.params["swing"] / 12.0
    part = share * (_OFF_BEAT_SHARE if firm_steps(lane) == OFF_BEATS else 1.0)
    strokes = []
    for step, mark in enumerate(2 * lane.patterns[0]):
        velocity = SLICE_VELOCITY * (mark != ".") if lane.sliced else MARK_VELOCITY.get(mark, 0.0)
        if velocity > 0.0:
            variant = int(mark, 16) if lane.sliced else 0
            shot = renderer.shots.get(style, lane.shot, velocity, variant)
            frame = round((step / 4.0 + swing * (step % 2)) * beat)
            gain = part * velocity * gain_of(lane.gain_db) * renderer.gains.drums
            strokes.append(Stroke(0, frame + FRAME, shot, gain))
    return strokes
