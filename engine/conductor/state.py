"""What the conductor knows: its state, frozen dataclasses without behaviour.

Frames are transport frames unless said otherwise. ``clock`` counts frames the player has rendered, whether the
transport moved or not; it is the only time there is.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

from engine.conductor.headphones import Headphones
from engine.conductor.piece import Piece
from engine.conductor.planning.pace import Pace, ladder
from engine.conductor.planning.plan import PlannedSection
from engine.conductor.steering import FIRST_TAKES, Decided, Steering, Take, Variation, place_of
from engine.protocol import (
    MAX_TAKES,
    Cue,
    GridFit,
    HeldChord,
    LoraStrength,
    MotifNote,
    Place,
    PlayedSection,
    PromptWeight,
    Role,
    RunState,
    SceneAt,
    SectionPurpose,
    SectionRequest,
    Traits,
)
from engine.timebase import SAMPLE_RATE, Grid, TempoChange, TempoMap

Purpose = Literal["next", "take", "remake", "after"]
"""``take``: another take of the next section than the one that shall come; it gives way to all else. ``after``: the section after
the next one, while the stand-in still opens the set."""
OPENING: Final = -1
"""The index of a version that the stand-in plays until the plan's first section is there."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What stays the same through a set, or was asked of all of it.

    Attributes:
        grid: the tempo that the set begins in, its metre and bar 0; for what sounds see `State.grid`.
        key: that it begins in. seed, title: of the set.
        total_bars: where the set should end.
        plan: the set's parts as they were asked for, for playing it again.
        motif: the set's motif.
        commit: frames before a cue's start at which it can no longer be changed (the way to the player and back).
        fade: frames of a re-make's crossfade, which ends on the beat.
        loop_bars: bars that loop when nothing follows.
        stand_in: the name of the generator that can stand in for the set's own; empty for none.
        loads: the name that the set's generator is loaded by; what it calls itself may be another.
        opens: the stand-in plays from the start until the first section of a slower generator is there.
        takes: how many takes of the next section are made; newest: what was made last comes, unless the performer chooses.
        take_parts: what of each take is written anew, as `STEM_PARTS` names it, while the rest is as in A; empty for all.
        pieces: those that the set plays, see `engine.conductor.pieces`; empty where it is a single one. Seed and motif are the
            first one's, and each has its own.
        scene_at, scene_bars: when a scene begins to come in, and over how many bars, where its recall does not say.
    """

    grid: Grid
    key: str
    seed: int
    title: str
    total_bars: int
    plan: tuple[PlannedSection, ...] = ()
    motif: tuple[MotifNote, ...] = ()
    commit: int = 2 * 1024
    fade: int = 441
    loop_bars: int = 4
    stand_in: str = ""
    loads: str = ""
    opens: bool = False
    takes: int = 1
    newest: bool = False
    take_parts: tuple[tuple[str, ...], ...] = ((),) * MAX_TAKES
    scene_at: SceneAt = "bar"
    scene_bars: int = 0
    pieces: tuple[Piece, ...] = ()


@dataclass(frozen=True, slots=True)
class Wish:
    """What a section should sound like: two versions with equal wishes need not be made twice."""

    name: str
    role: Role
    prompts: tuple[PromptWeight, ...]
    bars: int
    tail_bars: int
    energy: float
    density: float
    brightness: float
    take: int
    next_role: Role | None
    bpm: float
    key: str
    purpose: SectionPurpose = "statement"
    occurrence: int = 1
    loras: tuple[LoraStrength, ...] = ()
    variation: Variation | None = None
    chord: HeldChord | None = None


@dataclass(frozen=True, slots=True)
class Version:
    """A section as generated, or being generated. Frames count from the section's downbeat.

    ``index`` is its place in the plan, `OPENING` for what the stand-in plays before its first part; ``filler`` marks
    what it plays while a section is late; ``headroom_s`` is how long before its deadline it was complete, ``fit`` how it lay
    on the grid, where that was measured.
    """

    request: SectionRequest
    index: int
    wish: Wish
    path: str
    generator: str
    place: Place = "main"
    ready_to: int = 0
    complete: bool = False
    work_s: float = 0.0
    headroom_s: float = 0.0
    filler: bool = False
    fit: GridFit | None = None

    @property
    def id(self) -> str:
        """The section's id."""
        return self.request.section_id

    @property
    def take(self) -> int:
        """Its place among the takes: 0 is A."""
        return place_of(self.wish.take)

    @property
    def total(self) -> int:
        """Frames to the end of its tail."""
        return self.request.total_frames()


@dataclass(frozen=True, slots=True)
class Job:
    """A request a generator works on.

    ``asked_at`` is the clock's frame, of the newest try; ``done`` the fraction of the work that the generator said was done
    at the clock's frame ``told_at``, 0 before it said anything. ``urgent`` unless there is a version to play in its place.
    """

    job_id: int
    version: Version
    purpose: Purpose
    place: Place
    asked_at: int
    done: float = 0.0
    told_at: int = 0
    urgent: bool = True


@dataclass(frozen=True, slots=True)
class Heard:
    """A file that the sounding section was played from, from one of the section's frames on."""

    path: str
    first: int


@dataclass(frozen=True, slots=True)
class Playing:
    """The section that sounds: its version, its cue, where its frame 0 lies now, and how often it looped.

    ``fallback`` is a complete version of the same section to go back to when this one stops being made. ``heard`` are its
    versions so far, this one last; the first holds the section's beginning.
    """

    version: Version
    cue: Cue
    origin: int
    started: int
    loops: int = 0
    fallback: Version | None = None
    heard: tuple[Heard, ...] = ()


@dataclass(frozen=True, slots=True)
class Transport:
    """Where the set is: what sounds, what the player was told, and what was played.

    Attributes:
        run: whether the set is starting, plays, stands still, or is over.
        frame: of the transport; clock: frames rendered, whether the transport moved or not.
        wants_play: False while the performer has stopped the set.
        jump: the performer asked for the next section on the next bar line it can be ready for.
        overdue: the sounding section is over, and the next one comes in on the first bar line it can be ready for.
        now: what sounds; None before the set starts.
        cues: what the player was last told and has not begun yet; cue_versions: the versions of the last few cues by cue id.
        last_cue: the newest cue's id.
        history: the sections that were played, the sounding one last.
        drift: bars by which the set will end later than was asked for (negative: sooner).
        changes: the set's other tempos so far, each from a bar on.
        ahead: seconds by which the performer has nudged the set forward in all; it is heard so much sooner.
        loop: the bars from the room that loop beside the sections; None for none.
        holds, pockets: how often the last bars were held because the next section was late, and how often the stand-in played.
    """

    run: RunState = "starting"
    frame: int = 0
    clock: int = 0
    wants_play: bool = True
    jump: bool = False
    overdue: bool = False
    now: Playing | None = None
    cues: tuple[Cue, ...] = ()
    cue_versions: tuple[tuple[int, Version], ...] = ()
    last_cue: int = 0
    history: tuple[PlayedSection, ...] = ()
    drift: int = 0
    changes: tuple[TempoChange, ...] = ()
    ahead: float = 0.0
    loop: Cue | None = None
    holds: int = 0
    pockets: int = 0


@dataclass(frozen=True, slots=True)
class Work:
    """The generators, what they are working on, and what they have made for the future.

    Attributes:
        generator: the name of the set's own; traits: what it says of itself.
        up: the places whose generators are ready to work.
        speed: seconds of sound a second of work, of the last few sections; pace: the same the other way round and by steps.
        lead: frames from asking for a re-make to its first sound.
        failures: failed tries in a row; retry_at: the clock's frame before which nothing is tried again.
        restarts: how often a process of the set was started again.
        share: how much of a core the generator gets where the machine starves it, 0..1, else 1; starved: that it does.
        jobs: what the generators work on; last_job: the newest job's id.
        next: the version of the next section that comes as things stand; others: its other takes, as far as they are there.
        spares: whether other takes are made: not after one failed, until the next section has begun.
        after: the section after that, where it is made while the stand-in still opens the set.
        switch: the version that is to replace what sounds.
        trash: files that nothing will play again once the next section sounds.
        last_section: the number of the newest section file.
        room: bars of the longest section for which the disk has room; 0 while that was no trouble.
        swept: the disk was full, and old files were given back since something could last be made.
    """

    generator: str = ""
    traits: Traits = field(default_factory=Traits)
    up: tuple[Place, ...] = ()
    speed: float = 0.0
    pace: Pace = field(default_factory=Pace)
    lead: int = SAMPLE_RATE // 10
    failures: int = 0
    retry_at: int = 0
    restarts: int = 0
    share: float = 1.0
    starved: bool = False
    jobs: tuple[Job, ...] = ()
    last_job: int = 0
    next: Version | None = None
    others: tuple[Version, ...] = ()
    after: Version | None = None
    spares: bool = True
    switch: Version | None = None
    trash: tuple[str, ...] = ()
    last_section: int = 0
    room: int = 0
    swept: bool = False

    def job(self, place: Place) -> Job | None:
        """What a generator works on."""
        return next((job for job in self.jobs if job.place == place), None)

    @property
    def takes(self) -> tuple[Version, ...]:
        """All takes of the next section that are there, at most one for each place."""
        return (*((self.next,) if self.next is not None else ()), *self.others)

    @property
    def steps(self) -> tuple[int, ...]:
        """The steps of sampling that a section may be made with, the best first."""
        return ladder(self.traits.steps)


@dataclass(frozen=True, slots=True)
class State:
    """The conductor's whole state; every change makes a new one.

    Attributes:
        settings: what stays the same through the set.
        plan: the set's parts, fitted to the bars that are left.
        steering: what the performer has set.
        transport: where the set is.
        work: what the generators do.
        headphones: what the performer alone hears.
        moves: what can be undone, oldest first; undone: what can be done again.
        last_move, last_part: the numbers that the newest move and the newest part of the plan have; they never go back.
    """

    settings: Settings
    plan: tuple[PlannedSection, ...]
    steering: Steering = field(default_factory=Steering)
    transport: Transport = field(default_factory=Transport)
    work: Work = field(default_factory=Work)
    headphones: Headphones = field(default_factory=Headphones)
    moves: tuple[Decided, ...] = ()
    undone: tuple[Decided, ...] = ()
    last_move: int = 0
    last_part: int = 0

    @property
    def tempo(self) -> TempoMap:
        """Where the set's bars lie: as they were heard, and as they go on in the tempo that sounds."""
        return TempoMap(self.settings.grid, self.transport.changes)

    @property
    def grid(self) -> Grid:
        """The grid of what sounds: its tempo, and the set's bars."""
        return self.transport.changes[-1].grid if self.transport.changes else self.settings.grid

    @property
    def here(self) -> int:
        """The plan's index of what sounds; of its first part before that sounds."""
        now = self.transport.now
        return 0 if now is None else min(max(0, now.version.index), len(self.plan) - 1)

    def with_take(self, variation: Variation | None) -> State:
        """The state with the chosen take made another way."""
        own, at = self.steering, self.steering.chosen
        rolls = tuple(times + (place == at) for place, times in enumerate(own.rolls))
        fresh = Take(MAX_TAKES * rolls[at] + at, variation)
        return self.with_steering(takes=(*own.takes[:at], fresh, *own.takes[at + 1 :]), rolls=rolls)

    def with_first_takes(self) -> State:
        """The state in which nothing has been asked of the next section's takes, nor of how it comes in."""
        usual = self.with_steering(transition=None, transition_bars=0)
        return usual.with_steering(takes=FIRST_TAKES, chosen=0, by_hand=False, rolls=(0,) * MAX_TAKES, lock_base=None)

    def with_steering(self, **changes: Any) -> State:
        """The state with some fields of `Steering` changed."""
        return replace(self, steering=replace(self.steering, **changes))

    def with_transport(self, **changes: Any) -> State:
        """The state with some fields of `Transport` changed."""
        return replace(self, transport=replace(self.transport, **changes))

    def with_work(self, **changes: Any) -> State:
        """The state with some fields of `Work` changed."""
        return replace(self, work=replace(self.work, **changes))

    def with_headphones(self, **changes: Any) -> State:
        """The state with some fields of `Headphones` changed."""
        return replace(self, headphones=replace(self.headphones, **changes))
