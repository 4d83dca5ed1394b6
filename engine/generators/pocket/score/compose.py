"""What is played: a request becomes hits and notes, deterministic by its seeds. No sound here, no torch."""

from __future__ import annotations

import math
from typing import Final

from engine.generators.pocket.parts import DRUM_GROUPS
from engine.generators.pocket.point import group_gain
from engine.generators.pocket.score.chords import sub_share, write_harmony
from engine.generators.pocket.score.context import Context
from engine.generators.pocket.score.drums import pump, write_drums
from engine.generators.pocket.score.events import Score
from engine.generators.pocket.score.kits import drum_kits
from engine.generators.pocket.score.melody import write_melody
from engine.generators.pocket.score.players import share_gains
from engine.generators.pocket.styles import style_for
from engine.prompts.mix import mix
from engine.protocol import SectionRequest
from engine.timebase import SAMPLE_RATE

_OTHER_VOICES: Final = {"sub": "sub", "fx": "noise", "texture": "tape", "crackle": "crackle"}


def compose(request: SectionRequest, rate: int = SAMPLE_RATE) -> Score:
    """Write a section, its tail included; ``from_frame`` does not matter.

    Raises:
        LivesetError: for a key, vocabulary or style that cannot be read.
    """

    context = Context(request, mix(request.prompts, request.role), rate)
    hits = sorted(write_drums(context))
    chords, notes = write_harmony(context)
    lead, melody = write_melody(context, chords)
    gains_db = {"sub": 20.0 * math.log10(max(1e-3, sub_share(context)))}
    shared = {name: its for part in context.players.values() for name, its in share_gains(part, [*notes, *lead]).items()}
    gains_db |= {name: gain_db for name, (gain_db, _) in shared.items()}
    kickers = drum_kits(context.mix, "kick")
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
            **{kit: style for group in DRUM_GROUPS for kit, style, _ in drum_kits(context.mix, group)},
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
