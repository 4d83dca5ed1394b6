"""Every key of the perform screen, once: the engine's actions that have a key, and what the screen alone can do.

The screen's bindings, its footer, the help and the command palette read this table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from engine.actions import ACTIONS, Action
from engine.actions import Group as ActionGroup

Group = Literal[ActionGroup, "Moving what is selected", "Screen"]
GROUPS: Final[tuple[Group, ...]] = (
    "Set",
    "Headphones",
    "Scenes",
    "Prompts",
    "Macros",
    "Stems",
    "Locks",
    "Moving what is selected",
    "Screen",
)
"""Headings of the help, in order."""

_CAPS: Final = {
    "minus": "-",
    "plus": "+",
    "question_mark": "?",
    "left_parenthesis": "(",
    "right_parenthesis": ")",
    "less_than_sign": "<",
    "greater_than_sign": ">",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "ctrl+p": "ctrl p",
    "ctrl+z": "ctrl z",
    "escape": "esc",
    "full_stop": ".",
    "comma": ",",
    "slash": "/",
    "backslash": "\\",
    "semicolon": ";",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "left_curly_bracket": "{",
    "right_curly_bracket": "}",
    "dollar_sign": "$",
    "at": "@",
    "number_sign": "#",
    "vertical_line": "|",
    "percent_sign": "%",
    "ampersand": "&",
    "colon": ":",
    "apostrophe": "'",
    "asterisk": "*",
    "underscore": "_",
    "exclamation_mark": "!",
}
"""Textual's names of keys, as printed for people where that is not the name itself."""


@dataclass(frozen=True, slots=True)
class Key:
    """One or several keys and what they do.

    Attributes:
        keys: Textual's names, separated by commas; empty for what the command palette alone offers.
        does: one line of help.
        action: the screen's action.
        group: its heading in the help.
        label: a word or two, for the footer.
        palette: offered in the command palette.
    """

    keys: str
    does: str
    action: str
    group: Group
    label: str = ""
    palette: bool = True

    @property
    def cap(self) -> str:
        """The first of the keys, as printed for people."""
        first = self.keys.split(",")[0]
        return _CAPS.get(first) or first.replace("shift+", "shift ").replace("up", "↑").replace("down", "↓")


def _key(action: Action) -> Key:
    """How the screen works one of the engine's actions: a press is sent, a toggle is turned, a position is selected."""
    kind, _, name = action.name.partition(" ")
    if action.name == "play/stop":
        return Key(action.key, "play or stop; stopping takes a second press", "play_stop", action.group, action.label)
    if action.kind == "press":
        return Key(action.key, action.help, f"send('{action.name}')", action.group, action.label)
    if action.kind == "toggle":
        return Key(action.key, action.help, f"{kind}('{name}')", action.group, action.label)
    if kind == "prompt":
        return Key(action.key, f"select {action.label}", f"digit({name})", action.group, action.label, palette=False)
    return Key(action.key, f"select the {action.label}", f"{kind}('{name}')", action.group, action.label)


_OWN: Final[tuple[Key, ...]] = (
    Key("b", "re-make some bars of the next section, keep the rest", "remake_bars", "Set", "bars"),
    Key("K", "keepers: make the next section out of one", "keepers", "Set", "keepers"),
    Key("O", "outputs and audio inputs: play on another, listen to one", "devices", "Set", "outputs"),
    Key("I", "MIDI inputs: what arrives; ignore, rename, play chords", "inputs", "Set", "inputs"),
    Key("X", "takes: how each looks, stems of one in another, locks", "takes", "Set", "takes"),
    Key("slash", "plan: insert, move, lengthen sections; curves; the end", "plan", "Set", "plan"),
    Key("semicolon", "moves: what can be undone, and back to any of them", "moves", "Set", "moves"),
    Key("minus", "less energy", "energy(-1)", "Set", "energy"),
    Key("plus,equals_sign", "more energy", "energy(1)", "Set", "energy"),
    Key("R", "start or stop recording", "record", "Set", "record"),
    Key("s", "then 1 to 8: bring back a scene; s again: at once, over 4 or 16 bars", "scene", "Scenes", "scene"),
    Key("S", "then 1 to 8: store where everything stands as a scene", "scene(True)", "Scenes", "store"),
    Key("w", "save the set as it stands as a preset", "save", "Set", "save"),
    Key("9", "digits reach prompts 9 to 16, or 1 to 8 again", "bank", "Prompts"),
    Key("a", "add a prompt", "add_prompt", "Prompts"),
    Key("enter", "write the selected prompt's text", "write", "Prompts", "write"),
    Key("x,delete", "twice: remove the selected prompt", "remove_prompt", "Prompts", "remove"),
    Key("less_than_sign", "move the selected prompt up", "move_prompt(-1)", "Prompts"),
    Key("greater_than_sign", "move the selected prompt down", "move_prompt(1)", "Prompts"),
    Key("m", "mute or open the selected stem", "mute_selected", "Stems", "mute"),
    Key("up", "selected value up by .05", "turn(1)", "Moving what is selected", palette=False),
    Key("down", "selected value down by .05", "turn(-1)", "Moving what is selected", palette=False),
    Key("shift+up,pageup", "selected value up by .25 (also page up)", "turn(1, True)", "Moving what is selected", palette=False),
    Key(
        "shift+down,pagedown",
        "selected value down by .25 (also page down)",
        "turn(-1, True)",
        "Moving what is selected",
        palette=False,
    ),
    Key("home", "selected value to .00", "put(0)", "Moving what is selected", palette=False),
    Key("end", "selected value to 1.00", "put(1)", "Moving what is selected", palette=False),
    Key("0,backspace", "selected value to neutral", "neutral", "Moving what is selected", "neutral"),
    Key("right", "select the one below", "beside(1)", "Moving what is selected", palette=False),
    Key("left", "select the one above", "beside(-1)", "Moving what is selected", palette=False),
    Key("tab", "on to macros, stems, prompts", "column(1)", "Moving what is selected", "column", palette=False),
    Key("shift+tab", "back through the columns", "column(-1)", "Moving what is selected", palette=False),
    Key("c", "learn: a control for what is selected, or for the key pressed next", "learn", "Screen", "learn"),
    Key("C", "learn one more control: those it is under already stay", "learn(True)", "Screen"),
    Key("escape", "leave what the screen waits for", "leave", "Screen", "leave it", palette=False),
    Key("u", "take back what was learned last", "undo_learning", "Screen", "undo"),
    Key("t", "next colour theme", "theme(1)", "Screen"),
    Key("T", "previous colour theme", "theme(-1)", "Screen"),
    Key("exclamation_mark", "stage view: large type, to be read from afar; every key works in it", "stage", "Screen", "stage"),
    Key("l", "log: all messages, and what prompts were taken to say", "log", "Screen", "log"),
    Key("question_mark", "all keys", "help", "Screen", "keys"),
    Key("ctrl+p", "command palette", "app.command_palette", "Screen", palette=False),
    Key("ctrl+z", "says why the screen cannot be put aside", "no_suspend", "Screen", palette=False),
    Key("q,ctrl+q,ctrl+c", "close the screen; asks whether the set should stop", "close", "Screen", "close"),
)
"""What needs the screen: a text, a list, a selection, or nothing but the screen itself."""

_ALL: Final = (
    *(_key(action) for action in ACTIONS.values() if action.key or action.kind == "press" or action.name.startswith("lock ")),
    *_OWN,
)
ROWS: Final = tuple(sorted(_ALL, key=lambda key: GROUPS.index(key.group)))
"""Everything the command palette may offer, in the help's order: the keys, and presses that have none."""

KEYS: Final = tuple(key for key in ROWS if key.keys)
"""Every key."""

MACRO_KEYS: Final = {
    **{action.label: action.key for action in ACTIONS.values() if action.name.startswith("macro ")},
    "energy": "±",
}
STEM_KEYS: Final = {
    action.name.removeprefix("mute "): action.key for action in ACTIONS.values() if action.name.startswith("mute ")
}
"""The key printed beside each macro and stem."""


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
    near: bool = False
    stopping: bool = False
    learning: bool = False
    scene: str = ""
    takes: bool = False


STORE_SCENE: Final = "store it"
"""`Moment.scene` while a scene will be stored."""

Hint = tuple[str, str]
"""A cap and a word."""

_BY_ACTION: Final = {key.action: key for key in KEYS}


def _hint(action: str, word: str = "") -> Hint:
    """The key of a screen's action, with its label or another word."""
    key = _BY_ACTION[action]
    return key.cap, word or key.label


def _send(name: str, word: str = "") -> Hint:
    return _hint(f"send('{name}')", word)


def _moves(moment: Moment) -> tuple[Hint, ...]:
    """The keys that move what is selected."""
    if moment.kind == "prompt":
        return (("1-8", "prompt"), ("↑↓", "weight"), _hint("write"))
    if moment.kind == "macro":
        return (("↑↓", moment.name), _hint("neutral"), ("←→", "macro"))
    return (("↑↓", moment.name), _hint("mute_selected", "open" if moment.muted else ""), ("←→", "stem"))


def hints(moment: Moment) -> tuple[Hint, ...]:
    """The keys that matter now, most important first; help and closing come last and are always kept."""
    if moment.editing:
        last = ("ctrl+t", "nearest word") if moment.near else ("↑↓", "starred")
        return (("enter", "take it"), ("esc", "leave it as it was"), ("ctrl+s", "star words"), last)
    if moment.scene:
        other = () if moment.scene == STORE_SCENE else (_hint("scene", "another way"),)
        return (("1-8", moment.scene), *other, _hint("leave"), _hint("help"), _hint("close"))
    if moment.learning:
        return (("any key", "another thing"), _hint("leave"), _hint("help"), _hint("close"))
    if moment.state == "finished":
        return (_hint("play_stop", "play again"), _send("go on"), _hint("log"), _hint("help"), _hint("close"))
    playing = moment.state == "playing"
    play = (_hint("play_stop", "again: stop" if moment.stopping else "stop" if playing else ""),)
    takes = (("Q E V", "take"),) if moment.takes else ()
    steer = (_send("next"), _send("hold", "release" if moment.hold else ""), _send("re-roll"), _send("keep"))
    record = _hint("record", "stop rec" if moment.recording else "")
    more = (("- +", "energy"), _hint("column(1)"), _send("panic"), record)
    make = (*takes, _send("vary"), _hint("remake_bars"), _hint("keepers")) if playing else ()
    return (*play, *(steer if playing else ()), *_moves(moment), *more, *make, _hint("help"), _hint("close"))
