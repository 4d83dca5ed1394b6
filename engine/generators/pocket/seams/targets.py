"""Where in the beat a section's edges should lie: where the section before left the beat, or by rule, for both sides alike."""

from __future__ import annotations

from functools import cached_property
from typing import Final

from engine.generators.pocket.render.renderer import Renderer
from engine.generators.pocket.score.off_beat import is_heard_as_one, off_beats_at_edges, uses_off_beats
from engine.generators.pocket.seams.beat import phase_of, phasor
from engine.generators.pocket.seams.controls import natural_phase
from engine.protocol import Role, SectionRequest

_OFF: Final[dict[Role | None, float]] = {"breakdown": 0.605, "outro": 0.68}
"""Where the beat seems to lie, in beats, in music that leans on its off-beats, by what follows the seam: what swells after
the kick peaks there (over every style of that kind). `_OFF_ELSE` where nothing is given."""
_OFF_ELSE: Final = 0.63
_ASTRAY: Final = 0.32
"""Beats from its home from which the beat of such music is not led back, but to its off-beats."""
_FOLLOWED: Final = 0.25
"""Beats by which the section before may have left the beat elsewhere than it lies or should lie here, and be followed."""
_AGREED: Final = 0.15
"""Beats by which a short section before may seem to have left the beat elsewhere than where its end was led to."""
_PLAIN: Final = 0.25
"""How clear the end of the section before must be to be followed."""


class BeatTargets:
    """Where in the beat, in beats, a section's opening and closing should lie. The opening is asked for first.

    Args:
        request: what was asked for.
        renderer: what makes the section's sound.
    """

    def __init__(self, request: SectionRequest, renderer: Renderer) -> None:
        self._request = request
        self._renderer = renderer
        self._leans = uses_off_beats(request.prompts)
        self._leaning = off_beats_at_edges(request)
        self._opened_at: float | None = None

    def opening_phase(self, lies: float, left: complex) -> float:
        """Where in the beat the pulse of the opening should lie that lies at ``lies`` now, in beats.

        It follows what was heard of the section before, ``left``. Else it is decided as a closing's is; so it is after a short
        part as well, whose end was led there, if what was heard of it agrees.
        """
        request = self._request
        run = (
            request.role,
            request.previous_role,
            *(part.role for part in request.before_previous),
        )  # short parts, then the one before them
        first = run[-2] if request.before_previous else request.role
        place = self._phase_by_rule(lies, self._leaning[0], first)
        near, off = (abs(phase_of(phasor(at) / left)) if left else 1.0 for at in (lies, place))
        # A short part was heard under the fade of the one before it, which its own sound does not tell.
        known = bool(request.before_previous) and off < _AGREED
        follows = abs(left) > _PLAIN and min(near, off) < _FOLLOWED and not known
        self._opened_at = phase_of(left) if follows else place
        return self._opened_at

    def closing_phase(self, lies: float) -> float:
        """The same for the closing. In a short section it is where the opening's is."""
        if self._opened_at is not None and is_heard_as_one(self._request):
            return self._opened_at
        return self._phase_by_rule(lies, self._leaning[1], self._request.next_role)

    def _phase_by_rule(self, lies: float, leans: bool, after: Role | None) -> float:
        """Where the pulse should lie at a seam: decided by what was asked for, rather than by what is heard, since the section on
        the other side must come to the same place."""
        astray = abs(phase_of(phasor(lies - self._natural))) > _ASTRAY
        if self._leans and (astray or leans):
            return _OFF.get(after, _OFF_ELSE)
        return self._natural

    @cached_property
    def _natural(self) -> float:
        return natural_phase(self._renderer)
