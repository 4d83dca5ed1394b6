"""`liveset explain`: what a prompt is understood to say, and where each part of it comes from."""

from __future__ import annotations

import json
from typing import Any

from rich.table import Table

from engine.prompts.mix import Mix, Parsed, decide_beats, decide_bpm, decide_key, mix, parse
from engine.prompts.vocabulary import plain, vocabulary
from engine.protocol import PromptWeight
from liveset.commands.plain import plain_console

_BAR: int = 16
"""Characters of a parameter's bar."""
_ALL: float = 0.99
_COLUMNS: int = 4
"""Untouched parameters on a line."""


def explain(text: str, as_json: bool) -> None:
    """Print what one prompt says: style, tempo, key, instruments, every parameter with its words, and unknown words.

    Args:
        text: the prompt.
        as_json: print one JSON object instead of a page.

    Raises:
        PromptError: if the vocabulary or a style cannot be read.
    """
    parsed, point = parse(text), mix([PromptWeight(text, 1.0)])
    if as_json:
        print(json.dumps(understood(parsed, point), indent=2, ensure_ascii=False))
    else:
        _print(parsed, point)


def understood(parsed: Parsed, point: Mix) -> dict[str, Any]:
    """What a prompt says, as JSON can hold it.

    ``parameters`` holds for every musical parameter its value 0..1, how far words moved it, and which; tempo and key say
    whether the text named them or what it leads to with the seed 0.
    """
    prompt = [PromptWeight(parsed.text, 1.0)]
    return {
        "text": parsed.text,
        "styles": [{"name": name, "share": round(share, 3)} for name, share in point.styles],
        "style_words": list(parsed.sources.get("style", ())),
        "bpm": {"value": decide_bpm(prompt, 0), "named": parsed.bpm is not None, "words": list(parsed.sources.get("bpm", ()))},
        "beats_per_bar": decide_beats(prompt),
        "key": {
            "value": decide_key(prompt, 0),
            "named": parsed.key is not None,
            "words": list(parsed.sources.get("key", ()) or parsed.sources.get("mode", ())),
        },
        "silenced": list(parsed.negated),
        "silencing_words": list(parsed.sources.get("stem", ())),
        "softer": {part: round(level, 3) for part, level in parsed.softer.items()},
        "softening_words": list(parsed.sources.get("softer", ())),
        "avoided": {part: list(voices) for part, voices in parsed.avoided.items()},
        "avoiding_words": list(parsed.sources.get("avoided", ())),
        "voices": {part: list(named) for part, named in parsed.voices.items()},
        "voice_words": list(parsed.sources.get("voice", ())),
        "parameters": {
            name: {
                "value": round(value, 3),
                "moved": round(parsed.values.get(name, 0.0), 3),
                "words": list(parsed.sources.get(name, ())),
            }
            for name, value in point.params.items()
        },
        "guesses": [{"written": written, "taken_for": taken} for written, taken in parsed.guesses],
        "unknown": list(parsed.unknown),
    }


def _said(words: tuple[str, ...]) -> str:
    return ", ".join(f'"{word}"' for word in words)


def _print(parsed: Parsed, point: Mix) -> None:
    console = plain_console(highlight=False)
    console.print(_music(parsed, point))
    moved = sorted((name for name in point.params if parsed.sources.get(name)), key=lambda name: -abs(parsed.values[name]))
    if moved:
        console.print("\nmoved by your words", style="bold")
        console.print(_moved(parsed, point, moved))
    still = [name for name in point.params if name not in moved]
    if still:
        console.print("\nas the style has it", style="bold")
        console.print(_still(point, still))
    for written, taken in parsed.guesses:
        console.print(f'\n? "{written}" was taken for "{taken}"', style="yellow", markup=False)
    if parsed.unknown:
        console.print(f"\n✗ not understood: {_said(parsed.unknown)}", style="red", markup=False)
    elif parsed.text.strip():
        console.print("\n✓ every word was understood", style="green")


def _table(*columns: int) -> Table:
    """A table without lines; its columns at least so wide, the last one wrapping."""
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    for width in columns:
        table.add_column(min_width=width, no_wrap=True)
    table.add_column(overflow="fold")
    return table


def _music(parsed: Parsed, point: Mix) -> Table:
    """Style, tempo, key, what is silent and which instruments play, each with the words it came from."""
    prompt, said = [PromptWeight(parsed.text, 1.0)], parsed.sources
    beats = decide_beats(prompt)
    styles = ", ".join(name if share > _ALL else f"{name} {100 * share:.0f} %" for name, share in point.styles)
    tonality = said.get("key", ()) or said.get("mode", ())
    table = _table(9, 18)
    table.add_row("style", styles, _said(said.get("style", ())) or "none named: the usual one")
    table.add_row(
        "tempo",
        f"{decide_bpm(prompt, 0):g} BPM" + (f", {beats} beats a bar" if beats != 4 else ""),
        _said(said.get("bpm", ())) or "from the style",
    )
    table.add_row("key", decide_key(prompt, 0), _said(tonality) or "drawn anew for every seed")
    if parsed.negated:
        table.add_row("silent", ", ".join(parsed.negated), _said(said.get("stem", ())))
    if parsed.softer:
        table.add_row("softer", ", ".join(parsed.softer), _said(said.get("softer", ())))
    if parsed.avoided:
        voices = dict.fromkeys(voice for each in parsed.avoided.values() for voice in each)
        table.add_row("without", ", ".join(voices), _said(said.get("avoided", ())))
    for part, named in parsed.voices.items():
        table.add_row(part, ", ".join(named), _said(_voicing(part, said.get("voice", ()))))
    return table


def _voicing(part: str, said: tuple[str, ...]) -> tuple[str, ...]:
    """Those of the words naming instruments that name one for this part; the words may begin with an amount."""
    entries = vocabulary().entries

    def names(words: str) -> bool:
        tokens = plain(words).split()
        phrases = (" ".join(tokens[start:]) for start in range(len(tokens)))
        found = next((entries[phrase] for phrase in phrases if phrase in entries), None)
        return found is None or part in found.voice

    return tuple(words for words in said if names(words))


def _moved(parsed: Parsed, point: Mix, names: list[str]) -> Table:
    """Parameters that words moved: value 0..1 as a bar, how far it was moved, and by which words."""
    table = _table(12, _BAR, 4, 5)
    for name in names:
        value = point.params[name]
        bar = "█" * round(value * _BAR) + "·" * (_BAR - round(value * _BAR))
        table.add_row(name, bar, f"{value:.2f}", f"{parsed.values[name]:+.2f}", _said(parsed.sources[name]))
    return table


def _still(point: Mix, names: list[str]) -> Table:
    """Parameters no word touched, several to a line."""
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    cells = [f"{name:<12} {point.params[name]:.2f}" for name in names]
    rows = -(-len(cells) // _COLUMNS)
    for row in range(rows):
        table.add_row(*cells[row::rows])
    return table
