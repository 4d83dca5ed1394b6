"""The lines of a performance log, and the files they stand in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple

from engine.protocol import SectionRequest, titled

PLAYED: Final = "played.jsonl"
"""What the player did: cues, values and files, each with the quantum in which they came to count. The player alone writes it."""

MADE: Final = "made.jsonl"
"""What set it was, the requests of its sections, and the performer's commands. The engine alone writes it."""

PRESET_COPY: Final = "preset.toml"
"""The preset as it was when the set began."""

KEPT_SECTIONS: Final = "sections"
"""The folder of section files that no request makes again, each under the name that `MadeSection.path` has."""

FORMAT: Final = 1

PARAMS_NOTE: Final = "params"
CUES_NOTE: Final = "cues"
FILE_NOTE: Final = "file"
CUT_NOTE: Final = "cut"
LOOP_NOTE: Final = "loop"
ENDING_NOTE: Final = "ending"


class Note(NamedTuple):
    """Something that came to count in the renderer.

    Attributes:
        quantum: counted from the renderer's first, in which it counts from the first frame on.
        frame: the transport's, at that quantum's start.
        kind: `PARAMS_NOTE`, the values that changed by name; `CUES_NOTE`, all cues to come; `FILE_NOTE`, a section file's name
            and how many of its frames may be played; `CUT_NOTE`, the effects' tails; `LOOP_NOTE`, bars from the room that loop;
            `ENDING_NOTE`, the last fade-out.
        value: as the kind says; None where it says nothing.
    """

    quantum: int
    frame: int
    kind: str
    value: Any


@dataclass(frozen=True, slots=True)
class SetCard:
    """What set was played.

    Attributes:
        title, preset, seed, generator: of the set; the preset as it was named, several of them one a line, the generator by the
            name it is loaded by.
        started: local date and time, to the second.
        how: on a stage or rehearsed: a rehearsal's file leaves out what is rendered while the transport stands still.
        minutes: that were asked for; None for the preset's.
        bars: where the plan should end.
        version: of liveset.
        format: of these lines.
    """

    title: str
    preset: str
    seed: int
    generator: str
    started: str
    how: Literal["live", "rehearsal"] = "live"
    minutes: float | None = None
    bars: int = 0
    version: str = ""
    format: int = FORMAT


@dataclass(frozen=True, slots=True)
class MadeSection:
    """A section that a generator was asked for.

    Attributes:
        path: the section file's name.
        name: what the plan calls it.
        generator: that made it, by its own name.
        request: with the names of the files that it goes by.
        heard: frames that were written of the file before when it was asked for; -1 where there was none.
        piece: the title of the piece it is of, in a set of several.
    """

    path: str
    name: str
    generator: str
    request: SectionRequest
    heard: int = -1
    piece: str = ""

    @property
    def title(self) -> str:
        """Its name, with its piece's before it where there are several."""
        return titled(self.piece, self.name)


@dataclass(frozen=True, slots=True)
class PlayerCard:
    """A player that began to play: where its transport stood, frames it renders at a time, and its tape's name.

    The tape has all that it rendered, quantum by quantum; the name is that of the folder with the tape's last minutes.
    """

    frame: int
    block: int
    tape: str = ""


@dataclass(frozen=True, slots=True)
class RecordingCard:
    """A recording that a player began: its file, the set's title, the tape's frame it starts with, and what sounded there."""

    path: str
    title: str
    start: int
    section: str = ""


@dataclass(frozen=True, slots=True)
class HeardSection:
    """A section that began to be heard, at a frame of the tape."""

    at: int
    title: str
