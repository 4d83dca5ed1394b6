"""Names and limits that every process knows."""

from __future__ import annotations

from typing import Final, Literal

STEMS: Final = ("drums", "bass", "harmony", "lead")
"""Stem names in the order of a section file's stem axis; a model that makes one mix has the single stem ``mix``."""

STEM_PARTS: Final = {"drums": ("drums",), "bass": ("bass",), "harmony": ("harmony",), "lead": ("arp", "melody")}
"""What of each stem can be written anew by itself: a lead is arpeggios and the tune."""

LOCKS: Final = {
    "section": "next section",
    **{part: part for part in STEM_PARTS},
    "motif": "motif",
    "chords": "chord plan",
    "tempo": "tempo",
    "key": "key",
}
"""What can be locked: the next section, a stem of it, its tune, its chords, and the tempo and key of all that follows."""

Role = Literal["intro", "build", "drop", "breakdown", "outro", "free"]
ROLES: Final[tuple[Role, ...]] = ("intro", "build", "drop", "breakdown", "outro", "free")

SectionPurpose = Literal["statement", "answer", "contrast", "sum"]
"""What a part of a set is for beyond its role: the theme as it is, a reply to it, other material, or all of it together."""

DEFAULT_PRESET: Final = "sunrise"
"""What plays when no preset is named."""

MAX_PROMPTS: Final = 16
LONGEST_PORT: Final = 24
"""Characters of a MIDI port\'s name that a line for the performer has room for."""

LONGEST_PROMPT: Final = 1000
"""Characters of a prompt at most, wherever it comes from."""

VARY_AMOUNT: Final = 0.6
"""How much of what is varied is made anew, if nothing else is said."""

NEWEST_KEEPER: Final = "newest"
"""Stands for the name of the keeper that was kept last."""

GO_ON_MINUTES: Final = 5.0
"""By how many minutes a set is made longer, if nothing else is said."""

SAVED: Final = "Saved:"
NOT_SAVED: Final = "Not saved:"
"""How the engine's word on a preset that was to be saved begins."""

MAX_SCENES: Final = 8
LONGEST_MORPH: Final = 64
"""Bars over which a scene may come in at most."""

PlanEdit = Literal["skip", "repeat", "longer", "shorter", "drop", "end"]
"""What can be done to the plan ahead: leave the next section out, have what sounds once more, give the next section eight bars
more or less, have the next drop at once, or come to the ending."""

PieceEdit = Literal["skip", "leave", "repeat"]
"""What can be done to a set list: leave the next piece out, leave out what is left of this one, or have it once more."""

MAX_PIECES: Final = 32
"""Pieces that a set list may have at first."""

PIECE_ROWS: Final = 8
"""Pieces that have an action of their own, by their numbers."""

SceneAt = Literal["now", "bar"]
"""When a scene that is recalled begins to come in: at once, or on the next bar line."""

NEAR_S: Final = 12.0
"""Seconds of a part under which its start and its end are heard as one, so that what is before and after it must agree."""

MAX_TAKES: Final = 3
"""Takes of the next section at most: A, B and C."""

MAX_LORAS: Final = 8
MAX_STRENGTH: Final = 2.0
"""How strongly a LoRA file may bend the model at most."""
