"""How people write keys: letters, German and Romance names, Camelot and Open Key numbers; one table for all who read them."""

from __future__ import annotations

import re
from typing import Final

MODE_NAMES: Final[dict[str, str]] = {
    "": "major",
    "maj": "major",
    "major": "major",
    "dur": "major",
    "majeur": "major",
    "mayor": "major",
    "maior": "major",
    "maggiore": "major",
    "ionian": "major",
    "m": "minor",
    "min": "minor",
    "minor": "minor",
    "moll": "minor",
    "mineur": "minor",
    "menor": "minor",
    "minore": "minor",
    "aeolian": "minor",
    "natural minor": "minor",
    "dor": "dorian",
    "dorian": "dorian",
    "phryg": "phrygian",
    "phrygian": "phrygian",
    "lyd": "lydian",
    "lydian": "lydian",
    "mixo": "mixolydian",
    "mix": "mixolydian",
    "mixolydian": "mixolydian",
    "locrian": "locrian",
    "harm minor": "harmonic minor",
    "harmonic": "harmonic minor",
    "harmonic minor": "harmonic minor",
    "melodic": "melodic minor",
    "melodic minor": "melodic minor",
    "pentatonic minor": "minor pentatonic",
    "minor pentatonic": "minor pentatonic",
    "pentatonic major": "major pentatonic",
    "major pentatonic": "major pentatonic",
    "pentatonic": "minor pentatonic",
    "minor penta": "minor pentatonic",
    "major penta": "major pentatonic",
}
"""What a mode is called -> its name in `engine.music.key.MODES`; nothing at all is major."""

_GERMAN: Final = frozenset({"dur", "moll"})
_LETTERS: Final = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11, "h": 11}
_SOLFEGE: Final = {"do": 0, "ut": 0, "re": 2, "ré": 2, "mi": 4, "fa": 5, "sol": 7, "la": 9, "lá": 9, "si": 11}
_SIGNS: Final = {
    **{"": 0, "#": 1, "##": 2, "♯": 1, "sharp": 1, "is": 1, "dièse": 1, "diese": 1, "diesis": 1, "sostenido": 1, "sustenido": 1},
    **{"b": -1, "bb": -2, "♭": -1, "flat": -1, "es": -1, "s": -1, "bémol": -1, "bemol": -1, "bemolle": -1},
}
_ROMANCE_MODE: Final = r"(?:mineur|majeur|menor|mayor|maior|minore|maggiore)"
_ROMANCE: Final = re.compile(
    rf"({'|'.join(_SOLFEGE)})[\s-]*(#|♯|♭|dièse|diese|diesis|sostenido|sustenido|bémol|bemolle|bemol)?[\s-]+({_ROMANCE_MODE})",
    re.IGNORECASE,
)
_GERMAN_NAME: Final = re.compile(r"([a-h])(isis|eses|is|es|s|#|♯|♭)?[\s-]*(dur|moll)", re.IGNORECASE)
_LETTER_NAME: Final = re.compile(r"([A-Ga-g])\s*(##?|bb?|♯|♭|[\s-]?sharp|[\s-]?flat)?[\s_-]*(.*)", re.IGNORECASE | re.DOTALL)
_CAMELOT: Final = re.compile(r"(1[0-2]|0?[1-9])\s?([ABab])")
_OPEN_KEY: Final = re.compile(r"(1[0-2]|0?[1-9])\s?([mdMD])")

_WORDED: Final = "|".join(sorted((name for name in MODE_NAMES if len(name) > 2), key=len, reverse=True)).replace(" ", r"[\s-]+")
_SIGN_WORDS: Final = r"(?:\s?(?:##?|♯|♭)|bb?|[\s-](?:sharp|flat))"
_LEAD: Final = (
    r"(?:\bin\s+(?:the\s+)?key(?:\s+of)?|\bkey(?:\s+of|\s+is)?\s*[:=]?|\btonart\s*[:=]?|\bscale\s*[:=]|\bin(?:\s+the)?)"
)
_ROMANCE_NAME: Final = _ROMANCE.pattern.replace("(?:", "(").replace("(", "(?:")
IN_TEXT: Final = (
    re.compile(
        rf"(?:{_LEAD}\s*)?(?<![\w#])((?:[A-G]{_SIGN_WORDS}?[\s-]*(?:{_WORDED}|min|maj)"
        rf"|[A-H](?:is|es|s)?[\s-]*(?:dur|moll)|{_ROMANCE_NAME}))(?!\w)(?:\s+key\b)?",
        re.IGNORECASE,
    ),
    re.compile(
        r"(?:(?i:\bin|\bkey(?:\s+of|\s+is)?\s*[:=]?|\bscale\s*[:=])\s*)([A-G](?:#|b|♯|♭)?m?|(?:1[0-2]|0?[1-9])[ABab])(?![\w#♯♭'’])(?!\s*/)"
        r"|(?<![\w#/])([A-G](?:#|b|♯|♭)?m|[A-G][#♯♭]|(?:1[0-2]|[1-9])[AB])(?![\w#♯♭'’/])"
    ),
)
"""Keys in running text, those with a mode in words first: the name is in the first group that matched."""


def read_key(text: str) -> tuple[int, str] | None:
    """The pitch class (0 is C) and the mode's name as written, of a key; None where there is no tonic.

    The mode is as it stands in the text, lower case; `MODE_NAMES` has what it means.
    """
    text = " ".join(text.replace("_", " ").split())
    for pattern, minor in ((_CAMELOT, "a"), (_OPEN_KEY, "m")):
        if found := pattern.fullmatch(text):
            number = int(found[1]) + (7 if pattern is _OPEN_KEY else 0)
            minor_tonic = 8 + 7 * (number - 1)  # 1A is A flat minor, each number a fifth up
            return (minor_tonic % 12, "minor") if found[2].lower() == minor else ((minor_tonic + 3) % 12, "major")
    if found := _ROMANCE.fullmatch(text):
        return (_SOLFEGE[found[1].lower()] + _SIGNS[(found[2] or "").lower()]) % 12, found[3].lower()
    if found := _GERMAN_NAME.fullmatch(text):
        return _german(found[1].lower(), (found[2] or "").lower()), found[3].lower()
    found = _LETTER_NAME.fullmatch(text)
    return _letter(found) if found else None


def _german(letter: str, sign: str) -> int:
    """The pitch class of a German name: b is B flat, h is B."""
    if letter == "b" and not sign:
        return 10
    steps = {"isis": 2, "eses": -2}.get(sign)
    return (_LETTERS[letter] + (_SIGNS[sign] if steps is None else steps)) % 12


def _letter(found: re.Match[str]) -> tuple[int, str]:
    """The pitch class and the mode of a name such as "F# min" or "Bbm"."""
    letter, sign, rest = found[1], (found[2] or "").strip(" -"), found[3]
    mode = rest.lower().replace("-", " ").strip()
    if rest.strip() == "M":
        mode = "major"
    return (_LETTERS[letter.lower()] + _SIGNS[sign.lower()]) % 12, mode
