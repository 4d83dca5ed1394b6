"""What is known of one open port: its controller, its rules, and the habits of its controls."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

from engine.actions import ACTIONS, PROMPT_KEYS
from engine.midi.meaning.habits import PAIR_S, Bursts, Habit, Modes
from engine.midi.meaning.pairs import Pair
from engine.midi.meaning.values import FINE, HALF, RELATIVE, TOGGLE, position
from engine.midi.profiles import (
    FINER,
    GENERIC,
    LAST_COARSE,
    MACKIE,
    NONE,
    Binding,
    Bindings,
    Control,
    Profile,
    Shift,
    load_profile,
)
from engine.midi.rules import Rules

SETTLING_S: Final = 0.3
"""Seconds after a port opened in which what it sends moves nothing: many controllers send where all their knobs stand."""

BOUNCE_S: Final = 0.06
"""Seconds after a press in which the same control cannot be pressed again: contacts bounce, pads ring."""

REBOUND_S: Final = 0.02
"""The same after it was let go of."""

GHOST: Final = 8
"""Velocities below this are a pad's neighbours shaking, not a finger."""


UPPER: Final = {f"prompt {n}": f"prompt {n + PROMPT_KEYS}" for n in range(1, PROMPT_KEYS + 1)}
"""A prompt's action in the first bank -> the one in the second."""

_MODES: Final = {
    "mackie": "this controller is in Mackie mode: its faders and V-Pots are played",
    "hui": "this controller is in HUI mode, which moves nothing: set another",
}


@dataclass(slots=True)
class Port:
    """One port. Keys of the tables carry the channel.

    Attributes:
        profile: which controller it is taken for.
        rules: what the preset says of it.
        meant: every message is meant as it is (a file's): nothing is guarded against.
        opened_at: when it opened, in seconds.
        banked: its second row of knobs moves prompts.
        at: where each absolute control stands, 0..1.
        pressed_at: when each control was last pressed.
        encoders: controls that were found to be endless encoders.
        learned: what its controls were taught to move.
        shifted: its second layer counts, since the control for it is held.
        upper: what moves prompts 1 to 8 moves 9 to 16.
    """

    profile: Profile
    rules: Rules
    meant: bool
    opened_at: float = float("-inf")
    banked: bool = False
    at: dict[Control, float] = field(default_factory=dict)
    habits: dict[Control, Habit] = field(default_factory=dict)
    pairs: dict[Control, Pair] = field(default_factory=dict)
    pressed_at: dict[Control, float] = field(default_factory=dict)
    bursts: Bursts = field(default_factory=Bursts)
    modes: Modes = field(default_factory=Modes)
    encoders: set[Control] = field(default_factory=set)
    learned: Bindings = field(default_factory=dict)
    shifted: bool = False
    upper: bool = False

    @property
    def shift(self) -> Shift | None:
        """Its second layer: the preset's, or the profile's."""
        return self.rules.shift or self.profile.shift

    def shifts(self, control: Control, value: int) -> bool:
        """Whether a message is that of the control that is held for the second layer, which counts from then on, or no more."""
        if self.shift is None or not self.shift.is_hold(control):
            return False
        self.shifted = value >= (1 if control.kind == "note" else HALF)
        return True

    @property
    def tables(self) -> tuple[Bindings, ...]:
        """All that its controls may move, whatever is held."""
        return (
            self.shift.bindings if self.shift else {},
            self.rules.bindings,
            self.learned,
            self.profile.bank,
            self.profile.controls,
        )

    @property
    def notes_on(self) -> bool:
        """Whether the general mapping's notes send commands here."""
        return self.meant if self.rules.notes is None else self.rules.notes

    def hears(self, channel: int) -> bool:
        """Whether the preset lets a channel count."""
        return not self.rules.channels or channel in self.rules.channels

    def habit(self, control: Control) -> Habit:
        """What is known of a control."""
        if control not in self.habits:
            self.habits[control] = Habit(note=control.kind == "note")
        return self.habits[control]

    def binding(self, control: Control) -> Binding | None:
        """What a control moves: the second layer's line while that counts, the preset's, what was learned, the profile's.

        Of each the second row of knobs comes before the first, and a channel's own line before that of any channel.
        """
        anywhere = Control(control.kind, control.number)
        bank: Bindings = self.profile.bank if self.banked else {}
        layer: Bindings = self.shift.bindings if self.shift and self.shifted else {}
        for table in (layer, self.rules.bindings, self.learned, bank, self.profile.controls):
            for key in (control, anywhere):
                if key in table:
                    found = self.in_bank(table[key])
                    silent = control.kind == "note" and table is self.profile.controls and self.profile.name == GENERIC
                    return None if silent and not self.notes_on else found
        return None

    def in_bank(self, binding: Binding | None) -> Binding | None:
        """A binding as the bank of prompts has it."""
        if binding is None or not self.upper or binding.action.name not in UPPER:
            return binding
        return replace(binding, action=ACTIONS[UPPER[binding.action.name]])

    def silenced(self, control: Control) -> Binding | None:
        """What a note would do if the preset said ``notes = true``."""
        if control.kind != "note" or self.notes_on or self.profile.name != GENERIC:
            return None
        anywhere = Control(control.kind, control.number)
        if any(key in table for table in (self.rules.bindings, self.learned) for key in (control, anywhere)):
            return None
        return self.profile.controls.get(anywhere)

    def enter_bank(self, control: Control) -> bool:
        """Whether a control shows that this port's knobs are the second row: it is of that row and of no other.

        A hand is told from a dump by its second message.
        """
        anywhere = Control(control.kind, control.number)
        if self.banked or anywhere not in self.profile.bank or anywhere in self.profile.controls:
            return False
        if any(key in table for table in (self.rules.bindings, self.learned) for key in (control, anywhere)):
            return False
        habit = self.habit(control)
        self.banked = self.meant or (habit.count > 1 and not habit.ends_only)
        return self.banked

    def position(self, binding: Binding, control: Control, value: int, at: float) -> float | None:
        """Where an absolute control stands, 0..1; None while the other half of a 14-bit value is missing."""
        if control.kind == "pitch":
            return position(value, 14)
        if binding.mode != FINE:
            return position(value)
        high = Control("cc", binding.control.number, control.channel)
        if high not in self.pairs:
            self.pairs[high] = Pair()
        return self.pairs[high].take(binding.low, value, at)

    def learn(self, control: Control, value: int, at: float) -> None:
        """Where a control stands, said while it was not moved by a hand."""
        binding = self.binding(control)
        if binding is not None and binding.action.kind == "position" and binding.mode not in RELATIVE:
            now = self.position(binding, control, value, at)
            if now is not None:
                self.at[Control(control.kind, binding.control.number, control.channel)] = now

    def find_out(self, control: Control, value: int, at: float) -> list[str]:
        """What a message tells of what sends it that was not known, for the performer; the profile changes with it."""
        said, habit, channel = list[str](), self.habit(control), control.channel or 0
        if control.kind == "pitch":
            self.modes.bend(channel)
        elif control.kind == "note":
            self.modes.note(channel)
        elif channel == 1:
            self.modes.control(control.number, value, habit.dialect, at)
        if self.profile.name == GENERIC and (mode := self.modes.found):
            self.profile = load_profile(MACKIE if mode == "mackie" else NONE)
            said.append(_MODES[mode])
        binding = self.binding(control)
        absolute = binding is not None and binding.mode == "absolute" and binding.action.kind == "position"
        if habit.dialect and absolute and control not in self.encoders:
            self.encoders.add(control)
            said.append(f"cc{control.number} ch{channel} is an endless encoder, followed as {habit.dialect}")
        return said

    def low_half(self, control: Control) -> Control | None:
        """The control that may be a controller's low half: none for one that was seen to be a button."""
        if control.kind != "cc" or control.number > LAST_COARSE:
            return None
        low = Control("cc", control.number + FINER, control.channel)
        habit = self.habits.get(low)
        button = habit is not None and habit.ends_only and habit.alone and habit.count > 1
        return None if habit is None or button else low

    def pair_up(self, control: Control, at: float) -> None:
        """Note whether a control was heard together with the other half of a 14-bit value."""
        if control.kind != "cc" or control.number >= 2 * FINER:
            return
        high = control.number <= LAST_COARSE
        other = self.habits.get(Control("cc", control.number + (FINER if high else -FINER), control.channel))
        low = other if high else self.habit(control)
        together = other is not None and abs(at - other.last_at) <= PAIR_S
        if low is not None and together:
            low.paired += 1
        elif low is not None and not high:
            low.alone = True

    def in_a_pair(self, control: Control) -> bool:
        """Whether a message is the low half of what another control sent just now: a button's first press may be neither."""
        if control.kind != "cc" or not FINER <= control.number < 2 * FINER:
            return False
        habit = self.habit(control)
        high = self.habits.get(Control("cc", control.number - FINER, control.channel))
        together = high is not None and abs(habit.last_at - high.last_at) <= PAIR_S
        return habit.low_half or (together and not (habit.ends_only and habit.alone))

    def presses(self, binding: Binding, control: Control, value: int, before: int | None, at: float) -> bool:
        """Whether a message is a press, and no bounce, ghost or repeat."""
        habit = self.habit(control)
        if binding.mode == TOGGLE:
            middle = GHOST if control.kind == "note" else HALF
            pressed = before is None or (value >= middle) != (before >= middle)
        elif control.kind == "note":
            pressed = value >= (1 if self.meant else GHOST)
        else:  # a button that never lets go is pressed by the same value again
            again = not habit.released and value == before
            pressed = value >= HALF and (before is None or before < HALF or again)
        if not pressed:
            return False
        bounced = at - self.pressed_at.get(control, float("-inf")) < BOUNCE_S
        rebounded = binding.mode != TOGGLE and at - habit.released_at < REBOUND_S
        if (bounced or rebounded) and not self.meant:
            return False
        self.pressed_at[control] = at
        return True
