"""Learning a control: which one a hand moves, and in what way it sends. No ports, no clock, no files."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, NamedTuple

from engine.actions import Action
from engine.midi.meaning.habits import SETTLED
from engine.midi.meaning.messages import plain
from engine.midi.meaning.values import FINE, HALF, SWITCH, TOP, VELOCITY
from engine.midi.names import kind_of
from engine.midi.port import GHOST, Port
from engine.midi.profiles import FINER, WHOLE, Binding, Bindings, Control

ABSOLUTE: Final = "absolute"
STEP: Final = 8
"""Steps (of 127) between two messages of one knob at most, for a few of them to tell that it is no encoder."""

BOTH_WAYS: Final = "is it an endless encoder? Turn it the other way too."
NO_BUTTON: Final = "that is a knob or fader; this needs a button, key or pad."


class Found(NamedTuple):
    """The control that was moved, and the mode (of `engine.midi.meaning.values.MODES`) in which it moves the action."""

    control: Control
    mode: str


@dataclass(slots=True)
class _Seen:
    """What one control has sent since the lesson began."""

    values: list[int] = field(default_factory=list)

    @property
    def distinct(self) -> int:
        return len(set(self.values))

    @property
    def ends(self) -> bool:
        """Both ends and nothing else, as buttons send."""
        return set(self.values) == {0, TOP}

    @property
    def glides(self) -> bool:
        """A way of small steps without a repeat, as knobs send and encoders do not."""
        steps = [abs(now - before) for before, now in zip(self.values, self.values[1:], strict=False)]
        return self.distinct > SETTLED and all(0 < step <= STEP for step in steps)

    @property
    def between(self) -> bool:
        """Values that no encoder sends, and enough of them for a hand."""
        return self.distinct >= SETTLED and any(
            STEP <= value <= HALF - STEP or HALF + STEP <= value < TOP - STEP for value in self.values
        )


@dataclass(slots=True)
class Lesson:
    """Waits for a hand to move a control that an action shall be under.

    A knob that trembles, a release, a neighbour's shake or the low half of another control's value is none.

    Attributes:
        action: what the control shall move.
        add: the controls that the action is under already stay.
        hint: what to tell the performer, once, see `hints`.
    """

    action: Action
    add: bool = False
    _seen: dict[tuple[str, Control], _Seen] = field(default_factory=dict)
    _told: set[str] = field(default_factory=set)
    _hints: list[str] = field(default_factory=list)

    def hints(self) -> list[str]:
        """What to tell the performer since the last call."""
        found, self._hints = self._hints, []
        return found

    def _hint(self, text: str) -> None:
        if text not in self._told:
            self._told.add(text)
            self._hints.append(text)

    def take(self, port: str, state: Port, control: Control, value: int) -> Found | None:
        """Learn of a message whose control's habit has been noted.

        Args:
            port: the port's name; state: what is known of it.
            control: what was moved, with its channel.
            value: 0..127; of a pitch bend its upper seven bits.
        """
        if control.kind == "note":
            return self._struck(control, value)
        if control.kind == "program":
            return Found(control, SWITCH if self.action.kind == "position" else ABSOLUTE)
        seen = self._seen.setdefault((port, control), _Seen())
        seen.values.append(value)
        if self.action.kind != "position":
            return self._pressed(control, seen)
        if control.kind in WHOLE:
            return Found(control, ABSOLUTE) if seen.distinct >= SETTLED else None
        return self._turned(state, control, seen)

    def _struck(self, control: Control, value: int) -> Found | None:
        if value < GHOST:
            return None
        if self.action.kind != "position":
            return Found(control, ABSOLUTE)
        return Found(control, SWITCH if value == TOP else VELOCITY)

    def _pressed(self, control: Control, seen: _Seen) -> Found | None:
        if control.kind == "cc" and seen.values[-1] == TOP and set(seen.values) <= {0, TOP}:
            return Found(control, ABSOLUTE)
        if seen.distinct >= SETTLED:
            self._hint(NO_BUTTON)
        return None

    def _turned(self, state: Port, control: Control, seen: _Seen) -> Found | None:
        habit = state.habit(control)
        if state.in_a_pair(control):
            return None
        if habit.dialect is not None:
            return Found(control, habit.dialect)
        if seen.glides or seen.between:
            low = state.low_half(control)
            fine = low is not None and state.habit(low).low_half
            return Found(control, FINE if fine else ABSOLUTE)
        if seen.ends:
            return Found(control, SWITCH)
        if len(seen.values) > SETTLED and len(seen.values) > seen.distinct:
            self._hint(BOTH_WAYS)
        return None


@dataclass(slots=True)
class Teacher:
    """What every kind of controller has learned, what it is learning, and the way back.

    Attributes:
        tables: by the name that the inputs of a kind share.
        lesson: the control that is waited for; None for none.
    """

    tables: dict[str, Bindings] = field(default_factory=dict)
    lesson: Lesson | None = None
    _before: list[tuple[str, Bindings]] = field(default_factory=list)

    def of(self, port: str) -> Bindings:
        """What a port's controls were taught."""
        return self.tables.get(kind_of(port), {})

    def take(self, port: str, state: Port, control: Control, value: int) -> tuple[list[str], bool]:
        """A message during a lesson: what to tell the performer, and whether something was learned from it."""
        if self.lesson is None:
            return [], False
        found = self.lesson.take(port, state, control, value)
        if found is None:
            return [f"{plain(control)}: {hint}" for hint in self.lesson.hints()], False
        said, learned = self._learn(kind_of(port), state, self.lesson, found)
        self.lesson = None
        return [said], learned

    def _learn(self, kind: str, state: Port, lesson: Lesson, found: Found) -> tuple[str, bool]:
        control, action = found.control, lesson.action
        if control in state.rules.bindings or Control(control.kind, control.number) in state.rules.bindings:
            return f"{plain(control)} stays as it is: the preset's [midi] comes first.", False
        before, table = state.binding(control), dict(state.learned)
        if not lesson.add:
            others = {**state.profile.controls, **(state.profile.bank if state.banked else {}), **table}
            table |= {key: None for key, other in others.items() if other is not None and other.action is action}
        table[control] = Binding(control, action, found.mode)
        if found.mode == FINE:
            table[_low(control)] = Binding(control, action, FINE, low=True)
        self._before.append((kind, self.tables.get(kind, {})))
        self.tables[kind] = table
        was = f", not {before.action.name}" if before is not None and before.action is not action else ""
        return f"{plain(control)} moves {action.name} now{was}", True

    def undo(self) -> str | None:
        """Take back what was learned last. Returns the kind of port; None if nothing was."""
        if not self._before:
            return None
        kind, table = self._before.pop()
        self.tables[kind] = table
        return kind


def _low(control: Control) -> Control:
    """The control on which a 14-bit control's low bits come."""
    return Control("cc", control.number + FINER, control.channel)
