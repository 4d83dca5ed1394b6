"""Everything a performer can do or move, one row each: keys, MIDI, OSC, the palette, help and README's tables read it.

The screen adds rows of its own (help, themes, selecting) in `liveset.ui.bindings`. This module stays light: the screen's
first frame waits for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final, Literal

from engine.action_rows.headphones import CUE_KNOBS, CUE_PRESSES
from engine.action_rows.hooks import HOOK_PRESSES
from engine.action_rows.plan import PIECE_PRESSES, PLAN_PRESSES, PLAN_VALUES, TRANSITION_PRESSES
from engine.action_rows.room import ROOM_PRESSES
from engine.protocol import (
    GO_ON_MINUTES,
    LOCKS,
    MACRO_TABLE,
    MAX_LORAS,
    MAX_PROMPTS,
    MAX_SCENES,
    MAX_STRENGTH,
    MAX_TAKES,
    NEWEST_KEEPER,
    ROOM,
    STEMS,
    ChooseTake,
    Command,
    EditPart,
    GoOn,
    Hold,
    HoldChord,
    IgnorePort,
    Keep,
    Learn,
    ListDevices,
    ListKeepers,
    MacroRow,
    MarkKeeper,
    MovePrompt,
    NextNow,
    NudgeTime,
    Panic,
    Play,
    PlayAgain,
    PlayHarmony,
    Quit,
    ReadPrompt,
    RecallScene,
    Record,
    Redo,
    RemakeBars,
    RemoveKeeper,
    RemovePrompt,
    RenamePort,
    ReRoll,
    ReRollStem,
    SaveLast,
    SavePreset,
    SetKey,
    SetLock,
    SetLora,
    SetMacro,
    SetPrompt,
    SetStem,
    SetTempo,
    SetWeight,
    StarWords,
    StepCurve,
    StepKey,
    StepTempo,
    Stop,
    StopLearning,
    StoreScene,
    SwitchBank,
    TakeStem,
    TapTempo,
    ToggleMute,
    TogglePlay,
    ToggleRecord,
    Undo,
    UndoLearning,
    UseDevice,
    UseInput,
    VaryNext,
)

Kind = Literal["press", "toggle", "position"]
"""``press``: each press sends the same command. ``toggle``: each press turns it on or off. ``position``: a value 0..1."""

Group = Literal["Set", "Headphones", "Scenes", "Prompts", "Macros", "Stems", "Locks"]


@dataclass(frozen=True, slots=True)
class Action:
    """One thing a performer can do or move.

    Attributes:
        name: as presets, profiles and messages write it.
        make: the command for a value 0..1; a press ignores the value, a toggle is on above 0.5.
        kind: how a control or key works it.
        label: a word or two, for the footer and the screen.
        help: a line for people who do not know it.
        group: its heading in the help.
        osc: its OSC address.
        neutral: the value it starts at, and where it does nothing, 0..1.
        key: the key that sends it (a press or toggle) or selects it (a position), as Textual names keys.
        controls: the MIDI controls it is under without any set-up.
        knob: the control of the second row of knobs it is under, see `engine.midi.profiles.Profile.bank`.
        pressed: what a key, pad or button sends for it, where the engine decides which way it turns; None for a position.
        held: what a key, pad or button that is held down sends instead; None where that is nothing else.
        exact: the command for a number as OSC sends it, where that is not 0..1; None where it is.
        takes: what such a number means.
    """

    name: str
    make: Callable[[float], Command]
    kind: Kind
    label: str
    help: str
    group: Group
    osc: str
    neutral: float = 0.0
    key: str = ""
    controls: tuple[str, ...] = ()
    knob: str = ""
    pressed: Command | None = None
    held: Command | None = None
    exact: Callable[[float], Command] | None = None
    takes: str = ""


SLOWEST_ON_A_KNOB: Final = 60
STEPS_OF_A_KNOB: Final = 127
"""BPM at the lower end of a knob for the tempo, and the steps that it has: each of them is one BPM."""

NUDGE_MS: Final = 5.0
"""Milliseconds of a press that nudges the set: less than that nobody hears."""

SEMITONES: Final = 11
"""Steps of a knob for the tonic, from C to B."""


def tempo_value(bpm: float) -> float:
    """Where a knob for the tempo stands at so many BPM, 0..1."""
    return min(1.0, max(0.0, (bpm - SLOWEST_ON_A_KNOB) / STEPS_OF_A_KNOB))


def key_value(tonic: int) -> float:
    """Where a knob for the tonic stands, 0..1."""
    return tonic / SEMITONES


BARS_ON_A_PAD: Final = 5  # the first of the four bars that a pad makes again
PROMPT_KEYS: Final = 8
"""Prompts that have a key and a knob of their own; the key 9 moves the keys on to the rest."""


def _press(name: str, command: Command, label: str, help: str, key: str = "", controls: tuple[str, ...] = ()) -> Action:
    address = "/" + name.replace("/", "-").replace(" ", "-")
    return Action(name, lambda _value: command, "press", label, help, "Set", address, key=key, controls=controls, pressed=command)


def _scene(number: int) -> Iterator[Action]:
    """A scene's two rows: bring it back, and store it."""
    recall, store = RecallScene(number), StoreScene(number)
    name, address = f"scene {number}", f"/scene/{number}"
    help = f"bring scene {number} back, on the bar; held down: store it"
    yield Action(name, lambda _value: recall, "press", name, help, "Scenes", address, pressed=recall, held=store)
    name, help = f"store {name}", f"store where everything stands as scene {number}"
    yield Action(name, lambda _value: store, "press", name, help, "Scenes", f"/scene/store/{number}", pressed=store)


def _take(place: int, key: str, note: str) -> Action:
    letter, first = "ABC"[place], "" if place else " (the first and the safe one)"
    help = f"take {letter} of the next section comes{first}"
    return _press(f"take {letter.lower()}", ChooseTake(place), f"take {letter}", help, key, (note,))


def _other_stem(stem: str) -> Action:
    name, help = f"other {stem}", f"the chosen take with the {stem} from another seed, and all else as it is"
    return replace(_press(name, ReRollStem(stem), name, help), group="Stems")


def _stem_of_take(stem: str, place: int) -> Action:
    letter = "ABC"[place]
    name, help = f"{stem} of take {letter.lower()}", f"the chosen take with the {stem} of take {letter}"
    return replace(_press(name, TakeStem(stem, place), f"{stem} of {letter}", help), group="Stems")


_LOCKED: Final = {"section": "next section as it is, whatever is moved", "motif": "tune", "chords": "chord plan"}
"""What a lock keeps, where that is not its name."""


def _lock(what: str) -> Action:
    name, lock = f"lock {what}", SetLock(what)
    help = f"keep the {_LOCKED.get(what, what)}; re-rolls leave it alone. Again: let it go"
    return Action(name, lambda value: SetLock(what, value > 0.5), "toggle", name, help, "Locks", f"/lock/{what}", pressed=lock)


def _prompt(slot: int) -> Action:
    number, reached = slot + 1, slot < PROMPT_KEYS
    return Action(
        f"prompt {number}",
        lambda value: SetWeight(slot, value),
        "position",
        f"prompt {number}",
        f"weight of prompt {number}",
        "Prompts",
        f"/prompt/{number}",
        key=str(number) if reached else "",
        controls=(f"cc{16 + slot}",) if reached else (),
        knob=f"cc{70 + slot}" if reached else "",
    )


def _lora(index: int) -> Action:
    name, help = f"lora {index + 1}", f"strength of LoRA file {index + 1}, from the next section on"
    return Action(
        name, lambda value: SetLora(index, MAX_STRENGTH * value), "position", name, help, "Macros", f"/lora/{index + 1}"
    )


def _macro(row: MacroRow) -> Action:
    return Action(
        f"macro {row.name}",
        lambda value: SetMacro(row.name, value),
        "position",
        row.name,
        row.help,
        "Macros",
        f"/macro/{row.name}",
        row.neutral,
        row.key,
        row.controls,
    )


def _stem(stem: str) -> Action:
    help = f"level of the {stem}"
    return Action(f"stem {stem}", lambda value: SetStem(stem, level=value), "position", stem, help, "Stems", f"/stem/{stem}", 1.0)


def _mute(stem: str, key: str, controls: tuple[str, ...] = ()) -> Action:
    what = "a mix that has no stems" if stem == "mix" else f"the {stem}"
    return Action(
        f"mute {stem}",
        lambda value: SetStem(stem, muted=value > 0.5),
        "toggle",
        f"mute {stem}",
        f"mute or open {what}",
        "Stems",
        f"/mute/{stem}",
        key=key,
        controls=controls,
        pressed=ToggleMute(stem),
    )


def _tempo_and_key() -> Iterator[Action]:
    yield _press("tempo down", StepTempo(-1.0), "slower", "a BPM slower, from the next bar on", "z")
    yield _press("tempo up", StepTempo(1.0), "faster", "a BPM faster, from the next bar on", "Z")
    yield _press("tap tempo", TapTempo(), "tap", "tap the tempo: four times in a row", "i")
    back, ahead = NudgeTime(-NUDGE_MS), NudgeTime(NUDGE_MS)
    yield _press("nudge back", back, "nudge back", f"what sounds {NUDGE_MS:g} ms later, beside others", "left_parenthesis")
    yield _press("nudge ahead", ahead, "nudge ahead", f"what sounds {NUDGE_MS:g} ms sooner, beside others", "right_parenthesis")
    yield _press("fifth up", StepKey(7), "fifth up", "what follows a fifth higher, from the next bar on", "j")
    yield _press("fifth down", StepKey(-7), "fifth down", "what follows a fifth lower, from the next bar on", "J")
    yield _press("semitone up", StepKey(1), "semitone up", "what follows a semitone higher, from the next bar on")
    yield _press("semitone down", StepKey(-1), "semitone down", "what follows a semitone lower, from the next bar on")
    yield Action(
        "tempo",
        lambda value: SetTempo(SLOWEST_ON_A_KNOB + round(STEPS_OF_A_KNOB * value, 1)),
        "position",
        "tempo",
        f"tempo, {SLOWEST_ON_A_KNOB} to {SLOWEST_ON_A_KNOB + STEPS_OF_A_KNOB} BPM, from the next bar on",
        "Set",
        "/tempo",
        tempo_value(120),
        exact=SetTempo,
        takes="BPM",
    )
    yield Action(
        "key",
        lambda value: SetKey(round(SEMITONES * value)),
        "position",
        "key",
        "tonic of what follows, C to B, from the next bar on",
        "Set",
        "/key",
        exact=lambda value: SetKey(round(value) % (SEMITONES + 1)),
        takes="0 (C) to 11 (B)",
    )


def _headphones() -> Iterator[Action]:
    for name, command, label, help, key in CUE_PRESSES:
        address = f"/cue/{name.removeprefix('cue ').replace(' ', '-')}"
        yield replace(_press(name, command, label, help, key), group="Headphones", osc=address)
    for name, make, help, first in CUE_KNOBS:
        yield Action(name, make, "position", name, help, "Headphones", f"/{name.replace(' ', '/')}", first)


def _rows() -> Iterator[Action]:
    """In the order of the help. White keys from the low C send commands, the black keys between them mute."""
    yield _press("play/stop", TogglePlay(), "play", "play or stop", "space", ("note36",))  # C
    yield _press("next", NextNow(), "next now", "next section now, on the next bar", "n", ("note38",))  # D
    yield _press("hold", Hold(), "hold", "hold: the last bars loop until released", "h", ("note40",))  # E
    yield _press("re-roll", ReRoll(), "re-roll", "re-roll: make the next section again, another way", "r", ("note41",))  # F
    yield from (_take(place, "QEV"[place], f"note{(50, 52, 53)[place]}") for place in range(MAX_TAKES))  # D, E, F
    yield _press("vary", VaryNext(), "vary", "vary: make the next section out of what plays", "y", ("note46",))  # A sharp
    yield _press("keep", Keep(), "keep", "keep what plays, for this set or another", "k", ("note48",))  # C
    panic = "panic: no effects, macros neutral, stems open, no hold; again: as it was"
    yield _press("panic", Panic(), "panic", panic, "p", ("note43", "note45"))  # G, A: eight pads from note 36 reach it
    yield from (_press(name, command, name, help, key) for name, command, help, key in PLAN_PRESSES)
    for name, moved, help in PLAN_VALUES:
        yield Action(name, moved, "position", name, help, "Set", "/" + name.replace(" ", "/"), 0.5)
    yield from (replace(_press(name, command, name, help), osc=osc) for name, command, help, osc in PIECE_PRESSES)
    yield _press("undo", Undo(), "undo", "undo the last move: prompts, weights, scenes, takes; not what sounds", "U")
    yield _press("redo", Redo(), "redo", "do again what was undone last", "Y")
    yield from (_press(*row) for row in TRANSITION_PRESSES)
    newest = VaryNext(keeper=NEWEST_KEEPER)
    yield _press("vary keeper", newest, "vary keeper", "make the next section out of the last keeper", "", ("note49",))  # C sharp
    for first in (1, 5, 9, 13):
        bars, note = f"{first}-{first + 3}", ("note47",) if first == BARS_ON_A_PAD else ()  # B
        help = f"make bars {first} to {first + 3} of the next section again, keep the rest"
        yield _press(f"re-make {bars}", RemakeBars(first, first + 3), f"bars {bars}", help, "", note)
    yield from (_press(*row) for row in HOOK_PRESSES)
    yield from (_press(*row) for row in ROOM_PRESSES)
    yield _press("play", Play(), "play", "play, if it is stopped")
    yield _press("stop", Stop(), "stop", "fade out and stand still; play goes on from there")
    yield _press("play again", PlayAgain(), "play again", "play a set that is over from its start again")
    yield _press("go on", GoOn(), "go on", f"make the set {GO_ON_MINUTES:g} minutes longer, also once it is over", "g")
    yield _press("record", Record(""), "record", "start recording, in a new file in the recordings folder")
    yield _press("save last", SaveLast(), "save last", "save the last 10 minutes that were heard, recorded or not", "W")
    yield _press("stop recording", Record(None), "stop rec", "finish the recording")
    bank = f"controllers move prompts {PROMPT_KEYS + 1} to {MAX_PROMPTS}; again: 1 to {PROMPT_KEYS}"
    yield _press("bank", SwitchBank(), "bank", bank)
    yield from _tempo_and_key()
    for number in range(1, MAX_SCENES + 1):
        yield from _scene(number)
    yield from (_prompt(slot) for slot in range(MAX_PROMPTS))
    yield from (_macro(row) for row in MACRO_TABLE)
    yield from (_lora(index) for index in range(MAX_LORAS))
    yield from (_stem(stem) for stem in (*STEMS, "mix", ROOM))
    yield from (_other_stem(stem) for stem in STEMS)
    yield from (_stem_of_take(stem, place) for stem in STEMS for place in range(MAX_TAKES))
    yield _mute("drums", "D", ("note37",))
    yield _mute("bass", "B", ("note39",))
    yield _mute("harmony", "H", ("note42",))
    yield _mute("lead", "L", ("note44",))
    yield _mute("mix", "M")
    yield _mute(ROOM, "")
    yield from (_lock(what) for what in LOCKS)
    yield from _headphones()


ACTIONS: Final[dict[str, Action]] = {action.name: action for action in _rows()}
"""Every action by its name."""

NO_ACTION: Final[dict[type[Command], str]] = {
    EditPart: "names a section of the plan: the plan's screen sends it",
    StepCurve: "names a section of the plan: the plan's screen sends it",
    SetPrompt: "needs a text: the screen asks for it",
    RemovePrompt: "takes what was written away: the screen asks first",
    MovePrompt: "needs two places: the screen moves the selected one",
    ToggleRecord: "the screen's key for recording sends it, with a path",
    IgnorePort: "needs the name of a MIDI input: the palette of commands lists them",
    RenamePort: "needs a name: the list of inputs asks for it",
    PlayHarmony: "needs the name of a MIDI input: the list of inputs sends it",
    HoldChord: "the keys that are held on such an input send it",
    Learn: "needs an action: the screen asks which, or sends what is selected",
    StopLearning: "the screen sends it where a control is waited for",
    UndoLearning: "the screen's key for it sends it",
    SavePreset: "needs a name: the screen asks for it, the command `save` takes it",
    UseDevice: "needs the name of a device: the list of outputs sends it",
    UseInput: "needs the name of a device: the list of inputs beside the outputs sends it",
    ListDevices: "the list of outputs sends it as it opens and closes",
    ListKeepers: "the list of keepers sends it as it opens and closes",
    ReadPrompt: "the screen sends it while a prompt is written, to show what is understood of it",
    StarWords: "needs words: the screen's key for it, in a prompt that is written, sends them",
    MarkKeeper: "needs a keeper, and words: the list of keepers asks for them",
    RemoveKeeper: "deletes for good: the list of keepers asks first",
    Quit: "ends the set: the screen asks first, the command `stop` sends it",
}
"""Commands that no key, control or address sends by itself, and why."""
