"""What is heard in a sound that music goes by: a file that is a prompt, or bars from the room."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath


@dataclass(frozen=True, slots=True)
class HeardSound:
    """A sound file, and what was measured in it.

    Attributes:
        path: of the file.
        words: that are written beside it in a prompt; empty for none.
        seconds: its length.
        bpm: its tempo, 0 where no beat is clear enough; beats: whole beats that it has from ``start_s`` on, 0 without a tempo.
        start_s: where its first beat lies, in seconds.
        key: such as ``"F minor"``; empty where none is clear enough.
        energy, density, brightness: 0..1.
    """

    path: str
    words: str = ""
    seconds: float = 0.0
    bpm: float = 0.0
    beats: int = 0
    start_s: float = 0.0
    key: str = ""
    energy: float = 0.5
    density: float = 0.5
    brightness: float = 0.5

    @property
    def name(self) -> str:
        """The file's name."""
        return PurePath(self.path).name

    @property
    def label(self) -> str:
        """What stands for it among the prompts: its words and its name."""
        return f"{self.words} + {self.name}" if self.words else self.name

    @property
    def heard(self) -> str:
        """What was heard in it, for people."""
        tempo = f"{self.bpm:g} BPM" if self.bpm else "no clear tempo"
        return f"{tempo}, {self.key or 'no clear key'}, energy {self.energy:.2f}"
