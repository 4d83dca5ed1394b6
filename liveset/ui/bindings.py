"""Every key of the perform screen, once: the screen's bindings, its footer, the help and the command palette read this table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from engine.protocol import Command, Hold, Keep, NextNow, Panic, ReRoll, TogglePlay, VaryNext

Group = Literal["Set", "Prompts", "Macros", "Stems", "Moving what is selected", "Screen"]

COMMANDS: Final[dict[str, Command]] = {
    "play": TogglePlay(),
    "next": NextNow(),
    "hold": Hold(),
    "reroll": ReRoll(),
    "vary": VaryNext(),
    "keep": Keep(),
    "panic": Panic(),
}
"""Commands that need nothing from the screen, by the name their action carries."""


@dataclass(frozen=True, slots=True)
class Key:
    """One or several keys and what they do.

    Attributes:
        keys: Textual's names, separated by commas.
        cap: as printed for people.
        does: one line of help.
        action: the screen's action.
        group: its heading in the help.
        palette: offered in the command palette.
    """

    keys: str
    cap: str
    does: str
    action: str
    group: Group
    palette: bool = True


def _select(keys: str, name: str, kind: str, does: str, group: Group) -> Key:
    return Key(keys, keys, does, f"{kind}('{name}')", group)


KEYS: Final[tuple[Key, ...]] = (
    Key("space", "space", "play or stop", "send('play')", "Set"),
    Key("n", "n", "next section now, on the next bar", "send('next')", "Set"),
    Key("h", "h", "hold: the last bars loop until released", "send('hold')", "Set"),
    Key("r", "r", "re-roll: make the next section again, another way", "send('reroll')", "Set"),
    Key("y", "y", "vary: make the next section out of what plays", "send('vary')", "Set"),
    Key("b", "b", "re-make some bars of the next section, keep the rest", "remake_bars", "Set"),
    Key("k", "k", "keep what plays, for this set or another", "send('keep')", "Set"),
    Key("K", "K", "keepers: make the next section out of one", "keepers", "Set"),
    Key("minus", "-", "less energy", "energy(-1)", "Set"),
    Key("plus,equals_sign", "+", "more energy", "energy(1)", "Set"),
    Key("p", "p", "panic: no effects, macros neutral, stems open, no hold", "send('panic')", "Set"),
    Key("R", "R", "start or stop recording", "record", "Set"),
    *(Key(str(n), str(n), f"select prompt {n}", f"digit({n})", "Prompts", palette=False) for n in range(1, 9)),
    Key("9", "9", "digits reach prompts 9 to 16, or 1 to 8 again", "bank", "Prompts"),
    Key("a", "a", "add a prompt", "add_prompt", "Prompts"),
    Key("enter", "enter", "write the selected prompt's text", "write", "Prompts"),
    _select("f", "filter", "macro", "select the filter", "Macros"),
    _select("e", "echo", "macro", "select the echo", "Macros"),
    _select("v", "reverb", "macro", "select the reverb", "Macros"),
    _select("d", "drive", "macro", "select the drive", "Macros"),
    _select("o", "volume", "macro", "select the volume", "Macros"),
    _select("D", "drums", "mute", "mute or open the drums", "Stems"),
    _select("B", "bass", "mute", "mute or open the bass", "Stems"),
    _select("H", "harmony", "mute", "mute or open the harmony", "Stems"),
    _select("L", "lead", "mute", "mute or open the lead", "Stems"),
    _select("M", "mix", "mute", "mute or open a mix that has no stems", "Stems"),
    Key("m", "m", "mute or open the selected stem", "mute_selected", "Stems"),
    Key("up", "↑", "up by .05", "turn(1)", "Moving what is selected", palette=False),
    Key("down", "↓", "down by .05", "turn(-1)", "Moving what is selected", palette=False),
    Key("shift+up,pageup", "shift ↑", "up by .25 (page up)", "turn(1, True)", "Moving what is selected", palette=False),
    Key("shift+down,pagedown", "shift ↓", "down by .25 (page down)", "turn(-1, True)", "Moving what is selected", palette=False),
    Key("home", "home", "to .00", "put(0)", "Moving what is selected", palette=False),
    Key("end", "end", "to 1.00", "put(1)", "Moving what is selected", palette=False),
    Key("0,backspace", "0", "to where it does nothing", "neutral", "Moving what is selected"),
    Key("right", "→", "select the one below", "beside(1)", "Moving what is selected", palette=False),
    Key("left", "←", "select the one above", "beside(-1)", "Moving what is selected", palette=False),
    Key("tab", "tab", "on to macros, stems, prompts", "column(1)", "Moving what is selected", palette=False),
    Key("shift+tab", "shift tab", "back", "column(-1)", "Moving what is selected", palette=False),
    Key("t", "t", "next colour theme", "theme(1)", "Screen"),
    Key("T", "T", "previous colour theme", "theme(-1)", "Screen"),
    Key("question_mark", "?", "all keys", "help", "Screen"),
    Key("ctrl+p", "ctrl p", "command palette", "app.command_palette", "Screen", palette=False),
    Key("q,ctrl+q,ctrl+c", "q", "close the screen; asks whether the set should stop", "close", "Screen"),
)


@dataclass(frozen=True, slots=True)
class Moment:
    """What decides which keys matter now."""

    state: str = "starting"
    lost: bool = False
    kind: str = "prompt"
    name: str = ""
    muted: bool = False
    hold: bool = False
    recording: bool = False
    editing: bool = False


Hint = tuple[str, str]
"""A cap and a word."""

_MOVES: Final[dict[str, tuple[Hint, ...]]] = {
    "prompt": (("1-8", "prompt"), ("↑↓", "weight"), ("enter", "write")),
    "macro": (("↑↓", "{name}"), ("0", "neutral"), ("←→", "macro")),
    "stem": (("↑↓", "{name}"), ("m", "{mute}"), ("←→", "stem")),
}


def hints(moment: Moment) -> tuple[Hint, ...]:
    """The keys that matter now, most important first; help and closing come last and are always kept."""
    if moment.editing:
        return (("enter", "take it"), ("esc", "leave it as it was"))
    if moment.state == "finished":
        return (("q", "close"), ("?", "keys"))
    words = {"name": moment.name, "mute": "open" if moment.muted else "mute"}
    moves = tuple((cap, word.format(**words)) for cap, word in _MOVES[moment.kind])
    play = (("space", "stop" if moment.state == "playing" else "play"),)
    steer = (("n", "next now"), ("h", "release" if moment.hold else "hold"), ("r", "re-roll"), ("k", "keep"))
    more = (("- +", "energy"), ("tab", "column"), ("p", "panic"), ("R", "stop rec" if moment.recording else "record"))
    make = (("y", "vary"), ("b", "bars"), ("K", "keepers")) if moment.state == "playing" else ()
    return (*play, *(steer if moment.state == "playing" else ()), *moves, *more, *make, ("?", "keys"), ("q", "close"))
