"""The generators that come with liveset, by the names that presets and the command line use. Imports nothing."""

from __future__ import annotations

KNOWN = {
    "pocket": "engine.generators.pocket.generator:Pocket",
    "stable-audio": "engine.generators.stable_audio.generator:StableAudioSections",
}
"""Where each is; any other name is read as ``module:Class``."""

STAND_IN = "pocket"
"""It needs no download and is fast everywhere: what a preset that names none plays on, and what stands in for the others."""

MAKES_ALIKE = (STAND_IN,)
"""Generators that make the same samples of the same request on any day: what they made need not be kept to be heard again."""

REMOTE = "remote:"
"""Before the name of a generator that works on other machines."""

REMOTE_VARIABLE = "LIVESET_REMOTE"
"""In the environment of a generator's process: the address of the cluster."""


def remote_name(name: str) -> str:
    """What a generator is called where it works on other machines."""
    return REMOTE + name


def works_as(name: str) -> str:
    """The generator's name without where it works: ``pocket`` for ``remote:pocket``."""
    return name.removeprefix(REMOTE)
