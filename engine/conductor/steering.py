"""All that a performer can change about the future: prompts, macros, levels, scenes, tempo and key. Frozen, without behaviour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from engine.conductor.planning.plan import PlannedSection
from engine.protocol import (
    MACRO_NEUTRAL,
    MAX_TAKES,
    STEMS,
    Change,
    HeardSound,
    HeldChord,
    LoraStrength,
    RoomUse,
    SectionRequest,
    TransitionKind,
)


@dataclass(frozen=True, slots=True)
class Slot:
    """A prompt slot. ``touched`` once the performer moved it: from then on the plan's leanings leave it alone.

    ``sound`` is the file that the prompt is, or has beside its words; its text is then that sound's label.
    """

    text: str
    weight: float
    touched: bool = False
    sound: HeardSound | None = None

    @property
    def words(self) -> str:
        """What there is to read of it."""
        return self.text if self.sound is None else self.sound.words


@dataclass(frozen=True, slots=True)
class Hook:
    """Bars of what played that were marked: from ``first`` to ``last``, counted from 1, of the section in a file.

    ``generator`` names the one that made them. Bars from the room have a ``sound``, what is heard in them, and a ``use``.
    """

    path: str
    name: str
    request: SectionRequest
    first: int
    last: int
    generator: str = ""
    sound: HeardSound | None = None
    use: RoomUse = "continue"


@dataclass(frozen=True, slots=True)
class Variation:
    """A section file that the next section is made out of.

    ``bars`` are the first and last bar (from 1) that are made again, the rest being kept; None varies all of it by ``amount``.
    ``seeds``, a section's own and its set's, stand for the sound where the generator makes the same music of them again;
    ``changes`` are what is written anew of it then, ``ideas`` and ``progression`` as in `SectionRequest`.
    ``hook`` are the bars that it is built on.
    """

    path: str
    amount: float = 1.0
    bars: tuple[int, int] | None = None
    seeds: tuple[int, int] | None = None
    changes: tuple[Change, ...] = ()
    ideas: int = 0
    progression: int = 0
    hook: Hook | None = None


@dataclass(frozen=True, slots=True)
class Take:
    """How one of the takes of the next section is made.

    ``number`` gives it a seed and ideas of its own; divided by `MAX_TAKES` it leaves its place (0 is A), and counts how often it
    was made another way. ``variation`` is what it is made out of; None for nothing.
    """

    number: int = 0
    variation: Variation | None = None


FIRST_TAKES: Final = tuple(Take(number) for number in range(MAX_TAKES))
"""The takes of a section for which nothing was asked yet."""


def place_of(number: int) -> int:
    """The place of a take by its number: 0 is A."""
    return number % MAX_TAKES


def take_name(number: int) -> str:
    """A, B or C, and A2 for one that was made another way: what the performer calls a take."""
    times = number // MAX_TAKES
    return f"{'ABC'[place_of(number)]}{times + 1 if times else ''}"


@dataclass(frozen=True, slots=True)
class Cut:
    """What a panic cut: macros, stems' levels and mutes, and hold, as `Steering` has them."""

    macros: tuple[tuple[str, float], ...]
    levels: tuple[tuple[str, float, bool], ...]
    held: bool


@dataclass(frozen=True, slots=True)
class Scene:
    """Where things stood, or shall stand: prompts by their texts, with their weights, and other values by their actions' names.

    ``whole``: everything there was is in it, so that a prompt which is not is at 0 in it; else what is not in it stays.
    ``bpm``, ``key``: that were asked for; None for none, in which a whole scene leaves them to the plan.
    """

    prompts: tuple[tuple[str, float], ...] = ()
    values: tuple[tuple[str, float], ...] = ()
    whole: bool = True
    bpm: float | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Aim:
    """A value on its way, by its action's name: from where, and to where, 0..1."""

    name: str
    start: float
    goal: float


@dataclass(frozen=True, slots=True)
class Morph:
    """A scene that comes in between two of the transport's frames; at once where they are the same."""

    number: int
    first: int
    last: int
    aims: tuple[Aim, ...]


@dataclass(frozen=True, slots=True)
class Steering:
    """All that a performer can change about the future: one value, to keep and to go back to as a whole.

    Attributes:
        slots: the prompts and their weights.
        macros: their values, 0..1, by name; energy is one of them.
        levels: of each stem, its level, 0..1, and whether it is muted.
        loras: the LoRA files and their strengths.
        takes: how each take of the next section is made, A first; chosen: the place of the one that shall come.
        by_hand: the performer has chosen; rolls: how often each take was made another way.
        transition: how the next section comes in, None as planned; transition_bars: over how many bars, 0 for as many as usual.
        locks: what stays as it is, of `engine.protocol.LOCKS`; lock_base: the take, in seeds, that locked
            stems are of; None for A.
        clocked: the tempo is that of a clock that is followed: nobody decided on it.
        led: tempo and key where a lock holds them that the plan would change.
        held: the sounding section loops until it is released; loop: the index of a section, and the first and last of its bars,
            in which it does then; None for its last ones.
        bpm, key: the tempo and the key of all that follows, since the performer asked for them; None leaves it to the plan.
        taps: the last taps of a tempo, in seconds.
        cut: what the last panic cut, until it is brought back; None for nothing.
        scenes: those that were stored, by their numbers; scene: the one that everything stands as, 0 for none.
        morph: the scene that comes in; None for none.
        chord: the harmony that a keyboard asks for; None leaves it to the plan.
        mark: the first bar of a hook, from 1, and the index of its section; hook: the bars that were marked last.
    """

    slots: tuple[Slot, ...] = ()
    macros: tuple[tuple[str, float], ...] = tuple(MACRO_NEUTRAL.items())
    levels: tuple[tuple[str, float, bool], ...] = tuple((stem, 1.0, False) for stem in STEMS)
    loras: tuple[LoraStrength, ...] = ()
    takes: tuple[Take, ...] = FIRST_TAKES
    chosen: int = 0
    by_hand: bool = False
    rolls: tuple[int, ...] = (0,) * MAX_TAKES
    transition: TransitionKind | None = None
    transition_bars: int = 0
    locks: tuple[str, ...] = ()
    lock_base: Variation | None = None
    clocked: bool = False
    led: tuple[str, ...] = ()
    held: bool = False
    loop: tuple[int, int, int] | None = None
    bpm: float | None = None
    key: str | None = None
    taps: tuple[float, ...] = ()
    cut: Cut | None = None
    scenes: tuple[tuple[int, Scene], ...] = ()
    scene: int = 0
    morph: Morph | None = None
    chord: HeldChord | None = None
    mark: tuple[int, int] | None = None
    hook: Hook | None = None

    @property
    def take(self) -> int:
        """The chosen take's number."""
        return self.takes[self.chosen].number

    @property
    def variation(self) -> Variation | None:
        """What the chosen take is made out of."""
        return self.takes[self.chosen].variation

    @property
    def own_bpm(self) -> float | None:
        """The tempo that a hand has asked for; None where a clock or a lock holds another."""
        return None if self.clocked or "tempo" in self.led else self.bpm

    @property
    def own_key(self) -> str | None:
        """The key that a hand has asked for; None where a lock holds it."""
        return None if "key" in self.led else self.key

    def macro(self, name: str) -> float:
        """A macro's value, 0..1."""
        return dict(self.macros)[name]


@dataclass(frozen=True, slots=True)
class Decided:
    """What was decided about the future before a move, to go back to.

    Attributes:
        what: the move, in a few words; detail: what it moved that to, where that can be said.
        at: the clock's frame of it. number: names it, whatever becomes of the list of moves.
        part: the id of the part of the plan that it leans, 0 for none.
        kind: the type of its command.
        next_index: the plan's index of the section that came next.
        steering: as it was; plan: the plan; whole: the plan from the set's start; total_bars: of the set.
    """

    what: str
    at: int
    kind: type
    next_index: int | None
    steering: Steering
    plan: tuple[PlannedSection, ...]
    whole: tuple[PlannedSection, ...]
    total_bars: int
    detail: str = ""
    number: int = 0
    part: int = 0
