"""Between the engine and a generator: what a section is to be, and how the making of it goes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from engine.protocol.hearing import HeardSound
from engine.protocol.transitions import TransitionKind
from engine.protocol.words import STEMS, VARY_AMOUNT, Role, SectionPurpose
from engine.timebase import SAMPLE_RATE, section_frames


@dataclass(frozen=True, slots=True)
class PromptWeight:
    """One prompt of a mix: its text and its weight, 0..1 (not normalised).

    ``sound`` is the file that the prompt is, or has beside its words; its text is then its label alone.
    """

    text: str
    weight: float
    sound: HeardSound | None = None

    @property
    def words(self) -> str:
        """What there is to read of it."""
        return self.text if self.sound is None else self.sound.words


@dataclass(frozen=True, slots=True)
class LoraStrength:
    """A LoRA file and how strongly it bends the model; 0 is not at all, 1 as it was trained."""

    path: str
    strength: float


@dataclass(frozen=True, slots=True)
class GridFit:
    """How a generated section lay on the grid it was asked for, as measured, and what was done about it.

    Attributes:
        bpm: its own tempo as it came out; 0 if no beat was found.
        phase_ms: how far its downbeats were from the grid's after mending, in milliseconds (positive: late).
        stretch: by which its length was changed, 1 for not at all.
        tries: how often it was made.
        steps: of sampling that the one kept took.
        sure: 0..1, how clear the beat was.
        full_steps: that it would have taken with time enough; 0 for as many as it took.
    """

    bpm: float
    phase_ms: float
    stretch: float
    tries: int
    steps: int
    sure: float
    full_steps: int = 0


@dataclass(frozen=True, slots=True)
class MotifNote:
    """A note of the set's motif: onset and length in beats, degree of the scale counted from 0 (may be negative)."""

    beat: float
    beats: float
    degree: int


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A part of the plan as a section near it needs to know it: its role, and the mix it would have as things stand."""

    role: Role
    prompts: tuple[PromptWeight, ...] = ()


@dataclass(frozen=True, slots=True)
class HeldChord:
    """What a performer's hands hold on a keyboard, as pitch classes, 0 (C) to 11 (B).

    Attributes:
        tones: what chords and tunes are made of, in order; empty where a bass note alone is held: they stay as planned.
        root: what the bass plays.
    """

    tones: tuple[int, ...]
    root: int


@dataclass(frozen=True, slots=True)
class Change:
    """What of a section is written anew where a generator makes music from seeds, not out of sound.

    Attributes:
        seed: of what is new.
        bars: the first and last bar, counted from 1, that are written anew; None for bars all over the section.
        amount: the share of those bars, 0..1, part by part.
        ideas: as in `SectionRequest`, of what is new.
        parts: what of those bars, as `STEM_PARTS` names it; empty for all.
    """

    seed: int
    bars: tuple[int, int] | None = None
    amount: float = 1.0
    ideas: int = 0
    parts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SectionRequest:
    """Everything a generator needs for one section: the same request gives the same samples.

    Attributes:
        section_id: file-name-safe name, unique in the session.
        prompts: the mix at the moment the generation starts; weights 0..1, at least one above 0 or an empty tuple.
        bars, tail_bars: whole bars of the section, and further bars of the same music that a transition may overlap.
        beats_per_bar, bpm, key: the grid and key, e.g. ``"F minor"``, ``"D dorian"``.
        energy, density, brightness: 0..1.
        role: what the section is for; purpose: what it is for among those of its role, and occurrence: which of them it is,
            counted from 1.
        seed: this take's seed; set_seed: the whole set's, for what all sections share.
        index, first_bar: which section of the plan, and the set's bar at which it starts (for longer harmonic arcs).
        position: where in the set it starts, 0..1.
        previous_role, next_role, next_energy: its neighbours in the plan; None at the set's ends.
        before_previous, after_next: the parts beyond them, nearest first, as long as every part in between is shorter than
            `NEAR_S`; empty where the neighbour itself is not.
        motif: the set's motif.
        from_frame: make only what follows this frame of the section (a re-make of what is playing); the samples are
            those the section would have there (at the section's edges nearly: what a generator corrects by hearing a whole
            edge it may leave out, to be there at once).
        continue_path, continue_frame: the section file before and the frame in it at which this section starts, for
            generators that continue audio, or hear where its beat lay; None if there is none.
        entry, entry_bars: how the section before hands over, and over how many of this one's first bars.
        exit, exit_bars: how this one hands over, and over how many bars of its tail.
        previous_prompts: the mix of the section before, from which a generator may move to this one's over its first bars;
            next_prompts: the mix that the one after would have as things stand. Empty where there is none.
        steps: of sampling, for generators that take steps; fewer are quicker and coarser, 0 are as many as it is best with.
        tries: how often, at most, a section that misses the grid may be made, each time with another seed.
        vary_path, vary_amount: a section file that this one is a variation of, from almost 0 (as it was) to 1 (nothing of
            it left); None if it is none.
        remake_bars: first and last bar, counted from 1, of ``vary_path`` that are made again while the rest is kept; None
            for all of it.
        loras: what bends the model, each file with its strength.
        ideas, progression: how many ideas on from those that the plan gives it its figures and its chords are, where a generator
            has several of each: other takes are other music, not the same played again.
        built_on, built_bars: a section whose tune in some bars, the first and the last counted from 1, is this one's motif.
        changes: what of the section that ``seed`` makes is written anew, in this order.
        chords: the harmony that a keyboard asks for: bars of the section, counted from 0 and rising, each with the chord from
            there on; None, and whatever is before the first of them, is as the generator plans it.
    """

    section_id: str
    prompts: tuple[PromptWeight, ...]
    bars: int
    bpm: float
    key: str
    seed: int
    tail_bars: int = 2
    beats_per_bar: int = 4
    energy: float = 0.6
    density: float = 0.5
    brightness: float = 0.5
    role: Role = "free"
    purpose: SectionPurpose = "statement"
    occurrence: int = 1
    set_seed: int = 0
    index: int = 0
    first_bar: int = 0
    position: float = 0.0
    previous_role: Role | None = None
    next_role: Role | None = None
    next_energy: float | None = None
    before_previous: tuple[Neighbour, ...] = ()
    after_next: tuple[Neighbour, ...] = ()
    motif: tuple[MotifNote, ...] = ()
    from_frame: int = 0
    continue_path: str | None = None
    continue_frame: int = 0
    entry: TransitionKind = "cut"
    entry_bars: int = 0
    exit: TransitionKind = "cut"
    exit_bars: int = 0
    previous_prompts: tuple[PromptWeight, ...] = ()
    next_prompts: tuple[PromptWeight, ...] = ()
    steps: int = 0
    tries: int = 1
    vary_path: str | None = None
    vary_amount: float = VARY_AMOUNT
    remake_bars: tuple[int, int] | None = None
    loras: tuple[LoraStrength, ...] = ()
    changes: tuple[Change, ...] = ()
    chords: tuple[tuple[int, HeldChord | None], ...] = ()
    ideas: int = 0
    progression: int = 0
    built_on: SectionRequest | None = None
    built_bars: tuple[int, int] = (0, 0)

    def total_frames(self, rate: int = SAMPLE_RATE) -> int:
        """Frames from the section's downbeat to the end of its tail, whatever ``from_frame`` is."""
        return section_frames(self.bpm, self.beats_per_bar, self.bars + self.tail_bars, rate)


@dataclass(frozen=True, slots=True)
class MakeSection:
    """Engine to generator: make a section and write it to ``path``; what is not urgent gives way to all else on the machine."""

    job_id: int
    request: SectionRequest
    path: str
    urgent: bool = True


@dataclass(frozen=True, slots=True)
class DropSection:
    """Engine to generator: stop working on a job; nothing more need be said of it."""

    job_id: int


Place = Literal["main", "stand-in"]
"""What a generator is there for: the set's own sections, or to stand in while they are late."""


@dataclass(frozen=True, slots=True)
class Traits:
    """What a generator says of itself before it makes anything; plans and estimates go by it.

    Attributes:
        live: fast enough to re-make the section that is playing.
        stems: names along a block's stem axis.
        max_seconds: the most sound that it makes at once, with what it keeps of the section before and the tail.
        steps: of sampling at which it is at its best; 0 for one that takes no steps.
        step_share: the part of its work, 0..1, that grows with the steps, until other counts were measured.
        kept_s: seconds of the section before that it keeps at the start of the one it makes, in whole bars, and works over
            as well; 0 for nothing, else at least a bar.
        most_stretched: how far the tempo of what it varies may be from the set's, as a share of it.
        hands: how many sections it makes at once, each as quickly as if it were alone.
    """

    live: bool = False
    stems: tuple[str, ...] = STEMS
    max_seconds: float = math.inf
    steps: int = 0
    step_share: float = 0.0
    kept_s: float = 0.0
    most_stretched: float = 0.0
    hands: int = 1

    def kept_bars(self, bar_s: float) -> int:
        """Whole bars of the section before that it keeps, where a bar has so many seconds."""
        return max(1, math.floor(self.kept_s / bar_s)) if self.kept_s else 0


@dataclass(frozen=True, slots=True)
class ClientHello:
    """First word of whoever connects to the engine: a screen, or a generator with its place, its name and its traits.

    A generator says it again when its traits turn out to be others.
    """

    role: Literal["screen", "generator"]
    place: Place = "main"
    name: str = ""
    pid: int = 0
    traits: Traits = Traits()


@dataclass(frozen=True, slots=True)
class SectionProgress:
    """Generator to engine: the file is written up to this frame of the section, and the fraction of the work done, 0..1.

    The fraction falls when the section is made again from the start.
    """

    job_id: int
    ready_to: int
    done: float = 0.0


@dataclass(frozen=True, slots=True)
class SectionDone:
    """Generator to engine: the file is complete; ``work_s`` seconds of work went into it.

    ``fit`` is how it lay on the grid, from generators whose music has to be measured; ``share`` the part of those seconds, 0..1,
    that the machine left it a core for.
    """

    job_id: int
    work_s: float
    fit: GridFit | None = None
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class SectionFailed:
    """Generator to engine: it cannot be made; ``full`` where the disk has no room for it."""

    job_id: int
    message: str
    full: bool = False


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """Generator to engine, once a second whatever it does: it lives.

    Attributes:
        cpu_s: processor seconds that its process has had so far.
        waited_s: seconds that its threads have waited for a core while they had work; 0 where the system does not tell.
    """

    cpu_s: float
    waited_s: float = 0.0


WorkerReport = SectionProgress | SectionDone | SectionFailed | Heartbeat | ClientHello
