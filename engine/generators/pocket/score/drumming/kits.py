"""Who plays the drums: the kits of the styles in the mix, and how loud each is."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from engine.generators.pocket.instruments.breaks import TUNED, heard_hz
from engine.generators.pocket.parts import MARK_VELOCITY
from engine.generators.pocket.score.chance import chance
from engine.generators.pocket.score.tones.players import share_amplitudes
from engine.generators.pocket.styles import EVERY_BEAT, Style, firm_steps, load_style, styles_for
from engine.music.key import Key
from engine.prompts.mix import Mix

_SMALLEST_SHARE: Final = 0.02
"""Kits below this share are dropped; above it they fade in from zero."""


_KICK_HZ: Final = 51.0
"""Middle of the range that kicks are tuned in."""
_KICK_ENDS_S: Final = 0.23
"""Seconds after which a kick on every beat has ended, by `_ENDED`, to leave room for the bass."""
_ENDED: Final = 0.063
"""Amplitude of its end against its start: -24 dB."""


def in_tune(style: Style, key: Key) -> Style:
    """A style whose kick, and the drums of whose breaks, are on the tonic or the fifth of a key; the kick is short where it is
    struck on every beat."""
    breaks = {
        shot: tuple(sorted((dict(given) | {drum: _tuned(key, heard_hz(drum, dict(given)["tune"])) for drum in TUNED}).items()))
        for shot, given in style.kit.items()
        if dict(given).get("model") == "break"
    }
    style = replace(style, kit={**style.kit, **breaks}) if breaks else style
    kick = dict(style.kit.get("kick", ()))
    if kick.get("model") != "kick":
        return style
    kick["tune"] = _tuned(key, _KICK_HZ)
    if any(lane.shot == "kick" and firm_steps(lane) == EVERY_BEAT for lane in style.lanes):
        grip = 1.0 + 5.0 * kick["drive"]  # as the model bends it, which makes it longer
        left = math.log(grip / (_ENDED * math.tanh(grip)))
        kick["decay"] = min(kick["decay"], _KICK_ENDS_S / left ** (1.0 / 1.35))
    return replace(style, kit={**style.kit, "kick": tuple(sorted(kick.items()))})


_OWN: Final[dict[str, dict[str, tuple[float, float]]]] = {
    "hat": {"tone": (-0.12, 0.12), "decay": (-0.2, 0.2)},
    "shaker": {"tone": (-0.15, 0.15), "decay": (-0.3, 0.3)},
    "ride": {"tone": (-0.12, 0.12)},
    "clap": {"tone": (-0.08, 0.08), "decay": (-0.25, 0.1)},
    "snare": {"tune": (-0.17, 0.17), "tone": (-0.12, 0.12), "decay": (-0.25, 0.25)},
    "rim": {"tune": (-0.3, 0.3)},
    "conga": {"tune": (-0.25, 0.25), "decay": (-0.3, 0.3)},
    "tom": {"tune": (-0.2, 0.2), "decay": (-0.3, 0.3)},
    "break": {"tune": (-0.1, 0.1), "tone": (-0.2, 0.2)},
}
"""Model -> setting -> the range from which a set's seed draws what is added: to a tone itself, else in octaves. A break's tune is
the speed of its turntable: what is in tune on it stays so."""


def of_the_set(style: Style, set_seed: int) -> Style:
    """A style with drums of the set's own: a little higher or lower, brighter or darker, shorter or longer than it has them."""
    kit = {}
    for shot, given in style.kit.items():
        settings = dict(given)
        for name, (low, high) in _OWN.get(str(settings.get("model")), {}).items():
            if name in settings:
                drawn = low + (high - low) * chance(set_seed, "own drums", shot, name)
                settings[name] = min(1.0, max(0.0, settings[name] + drawn)) if name == "tone" else settings[name] * 2.0**drawn
        kit[shot] = tuple(sorted(settings.items()))
    return replace(style, kit=kit)


def _tuned(key: Key, hertz: float) -> float:
    """The pitch in Hz of a key's tonic or fifth that is nearest to another pitch."""
    note = 69.0 + 12.0 * math.log2(hertz / 440.0)
    away = ((key.tonic + fifth - note + 6.0) % 12.0 - 6.0 for fifth in (0, 7))
    return float(hertz * 2.0 ** (min(away, key=abs) / 12.0))


def drum_kits(point: Mix, group: str) -> list[tuple[str, Style, float]]:
    """The kits that play a drum group: (name for `Hit.group`, style, linear gain 0..1).

    Kick and snare come from one style, or from two where a knob stands between them; hats and percussion from every style.
    Gains are in proportion to the shares and make the group as loud as a single kit (`share_amplitudes`).
    """
    few = group in {"kick", "snare"}
    shared = styles_for(point, group) if few else [(load_style(name), share) for name, share in point.styles]
    playing = [(style, share - _SMALLEST_SHARE) for style, share in shared if share - _SMALLEST_SHARE > 1e-6]
    if len(playing) <= 1:
        return [(group, playing[0][0] if playing else shared[0][0], 1.0)]
    whole = sum(share for _, share in playing)
    met = [[_correlation(one, other, group) for other, _ in playing] for one, _ in playing]
    gains = share_amplitudes([share / whole for _, share in playing], met)
    return [(f"{group} {style.name}", style, gain) for (style, _), gain in zip(playing, gains, strict=True)]


_SHOT_CORRELATION: Final = {"kick": 0.1, "rim": 0.0, "perc": 0.1, "perc2": 0.0, "break": 0.0, "shaker": 0.8, "ride": 1.0}
_SHOT_CORRELATION_ELSE: Final = 0.5
"""Correlation 0..1 of two kits' shots of one name, averaged over the styles' kits (`Shots.correlation`): low for kicks, whose
pitch falls differently in each, and for tuned drums; half or more for those made of noise, which is the same in all."""


def _correlation(one: Style, other: Style, group: str) -> float:
    """Correlation 0..1 of two kits in a group: how far their amplitudes add up."""
    mine, its = _struck(one, group), _struck(other, group)
    alike = sum(_alike(shot, dict(one.kit[shot]), dict(other.kit[shot])) for _, shot in mine & its)
    return alike / math.sqrt(max(1, len(mine)) * max(1, len(its)))


def _alike(shot: str, one: Mapping[str, Any], other: Mapping[str, Any]) -> float:
    """Correlation 0..1 of two kits' shots of one name. Kicks are tuned to the same note: those that fall alike are one sound."""
    same = one == other or (shot == "kick" and one.get("sweep") == other.get("sweep"))
    return 1.0 if same else _SHOT_CORRELATION.get(shot, _SHOT_CORRELATION_ELSE)


def _struck(style: Style, group: str) -> set[tuple[int, str]]:
    """(sixteenth, shot) of every hit of a style's drum group in a bar of four beats."""
    lanes = (lane for lane in style.lanes if lane.group == group)
    return {(step, lane.shot) for lane in lanes for step, mark in enumerate(lane.patterns[0]) if mark in MARK_VELOCITY}
