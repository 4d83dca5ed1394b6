"""Three short pieces: the second one near in tempo and key, the third far from both."""

from __future__ import annotations

from pathlib import Path

from engine.presets import SetList, parse_preset

PIECE = """
[set]
title = "{title}"
bpm = {bpm}
key = "{key}"
seed = {seed}
generator = "{generator}"

[[prompt]]
text = "{text}"
weight = {weight}

[[section]]
role = "intro"
bars = {intro}

[[section]]
role = "drop"
bars = 4
"""

PIECES = (
    {"title": "Alpha", "bpm": 150, "key": "A minor", "seed": 3, "text": "deep house", "weight": 0.8},
    {"title": "Beta", "bpm": 160, "key": "E minor", "seed": 4, "text": "dark techno", "weight": 0.3},
    {"title": "Gamma", "bpm": 200, "key": "Eb major", "seed": 5, "text": "drum and bass", "weight": 0.6},
)
MORE = ("", '[start]\nmacros = { filter = 0.4 }\nmuted = ["lead"]\n[midi]\ncc20 = "prompt 1"\n[[scene]]\nnumber = 2\n', "")
TONES = "tests.generators.tones:Tones"


def texts(generator: str = TONES, intro: int = 4) -> list[str]:
    """The pieces as presets' texts."""
    return [PIECE.format(generator=generator, intro=intro, **own) + more for own, more in zip(PIECES, MORE, strict=True)]


def set_list(generator: str = TONES, intro: int = 4) -> SetList:
    """The pieces as a set."""
    return SetList(
        tuple(parse_preset(text, name) for text, name in zip(texts(generator, intro), "abc", strict=True)), source="abc"
    )


def written(folder: Path, generator: str = TONES, intro: int = 4) -> list[str]:
    """The pieces as files of a folder; their paths."""
    paths = []
    for text, name in zip(texts(generator, intro), "abc", strict=True):
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")
        paths.append(str(folder / f"{name}.toml"))
    return paths
