"""Names of parts in a prompt, as in "[Intro] ambient pads [Drop] hard techno": what stands behind one is for that part alone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from engine.prompts.vocabulary import plain, vocabulary
from engine.protocol import Role

_TAG: Final = re.compile(r"\[([^\[\]]{1,400})\]")
_PLACE: Final = re.compile(
    r"\s*(?:(?:bars?|takte?|measures?|beats?)\s*\d|\d{1,3}\s*:\s*\d{2}\b|\d+\s*(?:-|–|to)\s*\d+\s*(?:bars?|s|sec)?)", re.I
)
"""Bars or a time of the set, which a prompt cannot decide."""
_INSTEAD: Final[tuple[Role, ...]] = ("drop", "build", "breakdown", "intro", "outro")
"""Whose words a part takes that has none of its own, the first that is there."""


@dataclass(frozen=True, slots=True)
class Tagged:
    """A prompt by its tags.

    Attributes:
        common: what stands before and outside them all.
        roles: role -> what stands behind its tag.
        left_out: tags that cannot be followed, with what they say.
    """

    common: str
    roles: dict[Role, str]
    left_out: tuple[str, ...]

    def of(self, role: Role | None) -> str:
        """The words for a part; for a part without any of its own, and for the set, those of the part that weighs most."""
        chosen: Role | None = role if role in self.roles else next((each for each in _INSTEAD if each in self.roles), None)
        return ", ".join(text for text in (self.common, self.roles[chosen] if chosen else "") if text)


def by_tags(text: str) -> Tagged:
    """Take a prompt's tags apart; brackets with other words in them stay where they are."""
    common: list[str] = []
    roles: dict[Role, list[str]] = {}
    left_out: list[str] = []
    owner, at = common, 0
    for found in _TAG.finditer(text):
        name, colon, inside = found[1].partition(":")
        role = vocabulary().tags.get(plain(re.sub(r"\d+", " ", name)))
        place = _PLACE.match(found[1]) is not None
        if role is None and not place:
            continue
        owner.append(text[at : found.start()])
        at = found.end()
        if place:
            left_out.append(found[0])
            owner = owner if ":" in re.sub(r"\d:\d", "", found[1]) else left_out
        elif role is not None and colon:
            roles.setdefault(role, []).append(inside)
        elif role is not None:
            owner = roles.setdefault(role, [])
    owner.append(text[at:])
    joined = {role: ", ".join(_words(parts)) for role, parts in roles.items()}
    return Tagged(", ".join(_words(common)), {role: words for role, words in joined.items() if words}, tuple(_words(left_out)))


def _words(parts: list[str]) -> list[str]:
    return [part.strip(" ,;") for part in parts if part.strip(" ,;")]
