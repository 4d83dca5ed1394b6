"""A prompt that is a sound, or has one beside its words: what was heard in it bends the music as words would."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from engine.prompts.parsing import Parsed, parse
from engine.protocol import PromptWeight, Role

_REACH: Final = 1.2
"""How far a sound that is all energy, dense or bright moves the music that way: -0.6..0.6, as a strong word does."""


def read_prompt(prompt: PromptWeight, role: Role | None = None) -> Parsed:
    """What a prompt says: its words, and what its sound has where those are silent.

    Raises:
        PromptError: if a vocabulary or style file cannot be read.
    """
    words, sound = parse(prompt.words, role), prompt.sound
    if sound is None:
        return words
    leaning = {"energy": sound.energy, "density": sound.density, "brightness": sound.brightness}
    heard = {name: _REACH * (value - 0.5) for name, value in leaning.items()}
    values = {**words.values, **{name: min(1.0, max(-1.0, words.values.get(name, 0.0) + by)) for name, by in heard.items()}}
    return replace(words, key=words.key or sound.key or None, values=values, heard_bpm=sound.bpm)
