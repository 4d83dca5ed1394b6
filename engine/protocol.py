"""What the processes say to each other: frozen dataclasses and nothing else.

Three conversations run on these types: the screen sends `Command`s to the engine and reads `Snapshot`s; the engine
sends `PlayerOrder`s to the player and reads `PlayerEvent`s; the engine hands `SectionRequest`s to a generator. Latest
values that move continuously (macros, meters, the frame count) travel in memory-mapped blocks instead, see `engine.shared`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Final, Literal

from engine.timebase import SAMPLE_RATE, Grid, section_frames

STEMS: Final = ("drums", "bass", "harmony", "lead")
"""Stem names in the order of a section file's stem axis; a model that makes one mix has the single stem ``mix``."""

Role = Literal["intro", "build", "drop", "breakdown", "outro", "free"]
ROLES: Final[tuple[Role, ...]] = ("intro", "build", "drop", "breakdown", "outro", "free")

TransitionKind = Literal["cut", "equal-power", "equal-gain", "bass-swap"]
TRANSITIONS: Final[tuple[TransitionKind, ...]] = ("cut", "equal-power", "equal-gain", "bass-swap")

Macro = Literal["filter", "echo", "reverb", "drive", "energy", "volume"]
MACROS: Final[tuple[Macro, ...]] = ("filter", "echo", "reverb", "drive", "energy", "volume")
MACRO_NEUTRAL: Final[dict[str, float]] = {
    "filter": 0.5,
    "echo": 0.0,
    "reverb": 0.0,
    "drive": 0.0,
    "energy": 0.5,
    "volume": 1.0,
}
"""Where each macro does nothing; all run 0..1. Filter closes a low-pass below 0.5 and opens a high-pass above it."""

MAX_PROMPTS: Final = 16
VARY_AMOUNT: Final = 0.6
"""How much of what is varied is made anew, if nothing else is said."""

MOST_STRETCHED: Final = 0.05
"""How far the tempo of what is varied may be from the set's, as a share of it."""

NEWEST_KEEPER: Final = "newest"
"""Stands for the name of the keeper that was kept last."""

NEAR_S: Final = 12.0
"""Seconds of a part under which its start and its end are heard as one, so that what is before and after it must agree."""

MAX_LORAS: Final = 8
MAX_STRENGTH: Final = 2.0
"""How strongly a LoRA file may bend the model at most."""

# ---------------------------------------------------------------- commands: screen, MIDI and command line -> engine


@dataclass(frozen=True, slots=True)
class Play:
    """Start, or go on after `Stop`."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Fade out and stand still; `Play` goes on from there."""


@dataclass(frozen=True, slots=True)
class TogglePlay:
    """`Play` or `Stop`, whichever changes something."""


@dataclass(frozen=True, slots=True)
class NextNow:
    """Hand over to the next section on the next bar line it can be ready for."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Stay in this section: its last bars loop on the grid. ``on=None`` toggles."""

    on: bool | None = None


@dataclass(frozen=True, slots=True)
class ReRoll:
    """Make the next section again with another seed."""


@dataclass(frozen=True, slots=True)
class Keeper:
    """A section that the performer saved.

    Attributes:
        name: its folder among the keepers; path: its section file.
        title: the set it is from; part: what it was called there.
        role, bars, beats_per_bar, bpm, key, prompts, generator: how it was made.
        seed, set_seed: the section's own and the set's: pocket makes the same music from them.
        kept: when, as YYYY-MM-DD HH:MM.
    """

    name: str
    path: str
    title: str
    part: str
    role: Role
    bars: int
    beats_per_bar: int
    bpm: float
    key: str
    prompts: tuple[PromptWeight, ...]
    generator: str
    seed: int
    set_seed: int
    kept: str = ""


@dataclass(frozen=True, slots=True)
class Keep:
    """Save what plays among the keepers."""


@dataclass(frozen=True, slots=True)
class VaryNext:
    """Make the next section a variation of what plays, or of a keeper.

    ``amount`` is from almost 0 (as it is) to 1 (nothing of it left). ``keeper`` may be a keeper's name, or `NEWEST_KEEPER`.
    """

    amount: float = VARY_AMOUNT
    keeper: Keeper | str | None = None


@dataclass(frozen=True, slots=True)
class RemakeBars:
    """Make some bars of the next section again and keep the rest; both counted from 1, the last one included."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class SetLora:
    """Move a LoRA file's strength, 0..2, from the next section on. ``index`` counts from 0."""

    index: int
    strength: float


@dataclass(frozen=True, slots=True)
class SetWeight:
    """Move a prompt's weight. ``slot`` counts from 0, ``value`` is 0..1."""

    slot: int
    value: float


@dataclass(frozen=True, slots=True)
class SetPrompt:
    """Write a prompt's text. ``slot`` counts from 0."""

    slot: int
    text: str


@dataclass(frozen=True, slots=True)
class SetMacro:
    """Move a macro, 0..1."""

    name: Macro
    value: float


@dataclass(frozen=True, slots=True)
class SetStem:
    """Set a stem's level, 0..1 (1 is unity gain), and whether it is muted; None leaves it as it is."""

    stem: str
    level: float | None = None
    muted: bool | None = None


@dataclass(frozen=True, slots=True)
class Panic:
    """Back to safe at once: effect tails cut, macros neutral, stems at unity, hold off. The music goes on."""


@dataclass(frozen=True, slots=True)
class Record:
    """Start recording to ``path`` (.flac or .wav), or stop with None."""

    path: str | None


@dataclass(frozen=True, slots=True)
class UseDevice:
    """Play on another output device: a name or number as `liveset devices` lists it, None for the default."""

    device: str | None


@dataclass(frozen=True, slots=True)
class Quit:
    """Fade out, stop every process and end the set."""


Command = (
    Play
    | Stop
    | TogglePlay
    | NextNow
    | Hold
    | ReRoll
    | Keep
    | VaryNext
    | RemakeBars
    | SetLora
    | SetWeight
    | SetPrompt
    | SetMacro
    | SetStem
    | Panic
    | Record
    | UseDevice
    | Quit
)

# ---------------------------------------------------------------- engine -> generator


@dataclass(frozen=True, slots=True)
class PromptWeight:
    """One prompt of a mix: its text and its weight, 0..1 (not normalised)."""

    text: str
    weight: float


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
        full_steps: that it would have taken with time enough.
    """

    bpm: float
    phase_ms: float
    stretch: float
    tries: int
    steps: int
    sure: float
    full_steps: int = 8


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
class SectionRequest:
    """Everything a generator needs for one section: the same request gives the same samples.

    Attributes:
        section_id: file-name-safe name, unique in the session.
        prompts: the mix at the moment the generation starts; weights 0..1, at least one above 0 or an empty tuple.
        bars, tail_bars: whole bars of the section, and further bars of the same music that a transition may overlap.
        beats_per_bar, bpm, key: the grid and key, e.g. ``"F minor"``, ``"D dorian"``.
        energy, density, brightness: 0..1.
        role: what the section is for.
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
        steps: of sampling, for generators that take steps; fewer are quicker and coarser.
        tries: how often, at most, a section that misses the grid may be made, each time with another seed.
        vary_path, vary_amount: a section file that this one is a variation of, from almost 0 (as it was) to 1 (nothing of
            it left); None if it is none.
        remake_bars: first and last bar, counted from 1, of ``vary_path`` that are made again while the rest is kept; None
            for all of it.
        loras: what bends the model, each file with its strength.
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
    steps: int = 8
    tries: int = 1
    vary_path: str | None = None
    vary_amount: float = VARY_AMOUNT
    remake_bars: tuple[int, int] | None = None
    loras: tuple[LoraStrength, ...] = ()

    def total_frames(self, rate: int = SAMPLE_RATE) -> int:
        """Frames from the section's downbeat to the end of its tail, whatever ``from_frame`` is."""
        return section_frames(self.bpm, self.beats_per_bar, self.bars + self.tail_bars, rate)


@dataclass(frozen=True, slots=True)
class MakeSection:
    """Engine to generator: make a section and write it to ``path``."""

    job_id: int
    request: SectionRequest
    path: str


@dataclass(frozen=True, slots=True)
class DropSection:
    """Engine to generator: stop working on a job; nothing more need be said of it."""

    job_id: int


@dataclass(frozen=True, slots=True)
class ClientHello:
    """First word of whoever connects to the engine: a screen, or a generator for a place (``main`` or ``pocket``).

    ``max_seconds`` is the most sound that the generator makes at once, with what it continues and the tail; ``steps`` are the
    steps of sampling at which it is at its best.
    """

    role: Literal["screen", "generator"]
    place: str = ""
    name: str = ""
    stems: tuple[str, ...] = ()
    live: bool = False
    pid: int = 0
    max_seconds: float = math.inf
    steps: int = 8


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

    ``fit`` is how it lay on the grid, from generators whose music has to be measured.
    """

    job_id: int
    work_s: float
    fit: GridFit | None = None


@dataclass(frozen=True, slots=True)
class SectionFailed:
    """Generator to engine: it cannot be made."""

    job_id: int
    message: str


WorkerReport = SectionProgress | SectionDone | SectionFailed

# ---------------------------------------------------------------- engine -> player


@dataclass(frozen=True, slots=True)
class Cue:
    """A section (or a re-made rest of one) on the player's timeline.

    Attributes:
        cue_id: grows with every cue; a cue with an id at or below the one sounding is ignored.
        path: the section file.
        start_frame: transport frame at which it starts to sound (the transition's first frame).
        origin_frame: transport frame at which the section's own frame 0 lies, a bar line; equal to ``start_frame``
            but for a re-make, which enters later.
        end_frame: frame of the section at which its bars are over: the next cue's place, and where it loops without one.
        grid: the set's grid, for loops and for late cues.
        loop_bars: how many of its last bars loop when nothing follows, 1 or more.
        transition, length: how it takes over from what sounds, and over how many frames (0..; a cut still fades the
            outgoing side over a few milliseconds).
        correlation: of the two sides over the transition, -1..1, by measurement; equal-power and equal-gain are its ends.
        final: nothing follows: play the tail, then end.
    """

    cue_id: int
    path: str
    start_frame: int
    origin_frame: int
    end_frame: int
    grid: Grid
    loop_bars: int = 4
    transition: TransitionKind = "cut"
    length: int = 0
    correlation: float = 0.0
    final: bool = False


@dataclass(frozen=True, slots=True)
class SetCues:
    """All cues that are still to come, in order of ``start_frame``; replaces what was set before."""

    cues: tuple[Cue, ...]


@dataclass(frozen=True, slots=True)
class ClearEffects:
    """Cut the effects' tails (panic)."""


@dataclass(frozen=True, slots=True)
class StartRecording:
    """Write what is heard to ``path`` (.flac or .wav) from now on."""

    path: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class StopRecording:
    """Finish the recording."""


@dataclass(frozen=True, slots=True)
class OpenDevice:
    """Open another output device; None is the default."""

    device: str | None


@dataclass(frozen=True, slots=True)
class MarkSection:
    """A line of the recording's cue sheet: this section starts at this transport frame."""

    title: str
    frame: int


@dataclass(frozen=True, slots=True)
class StopPlayer:
    """Fade out, finish the recording and end the process."""


PlayerOrder = SetCues | ClearEffects | StartRecording | StopRecording | OpenDevice | MarkSection | StopPlayer

# ---------------------------------------------------------------- player -> engine


@dataclass(frozen=True, slots=True)
class CueStarted:
    """A cue began to sound at a transport frame; ``origin_frame`` is where its section's frame 0 really lies."""

    cue_id: int
    frame: int
    origin_frame: int


@dataclass(frozen=True, slots=True)
class Looped:
    """The sounding section went back some bars at ``frame``; its frame 0 now counts from ``origin_frame``."""

    cue_id: int
    frame: int
    origin_frame: int
    bars: int


@dataclass(frozen=True, slots=True)
class CuePostponed:
    """A cue could not start where asked (late, or its first bars not made yet) and waits for a later bar."""

    cue_id: int
    frame: int
    start_frame: int


@dataclass(frozen=True, slots=True)
class CueFailed:
    """A cue's section file could not be read; it was dropped."""

    cue_id: int
    message: str


@dataclass(frozen=True, slots=True)
class Finished:
    """The final section's tail is over."""

    frame: int


@dataclass(frozen=True, slots=True)
class DeviceOpened:
    """Sound comes out of a device (``silent=False``), or the set runs in real time without one (``silent=True``)."""

    name: str
    rate: int
    block: int
    latency_s: float
    silent: bool
    message: str = ""


@dataclass(frozen=True, slots=True)
class DeviceLost:
    """The device went away; the player keeps time in silence and tries again."""

    name: str
    message: str


@dataclass(frozen=True, slots=True)
class RecordingState:
    """Recording to ``path``, or not (None); ``message`` says why when it ended by itself."""

    path: str | None
    message: str = ""


@dataclass(frozen=True, slots=True)
class PlayerHello:
    """First word to every engine that connects: what sounds now, for an engine that takes over."""

    frame: int
    cue: Cue | None
    cues: tuple[Cue, ...]
    device: DeviceOpened | None
    recording: str | None


PlayerEvent = CueStarted | Looped | CuePostponed | CueFailed | Finished | DeviceOpened | DeviceLost | RecordingState | PlayerHello

# ---------------------------------------------------------------- engine -> screen

RunState = Literal["starting", "playing", "stopped", "finished"]
NextState = Literal["ready", "making", "late", "hold", "failed", "none"]


@dataclass(frozen=True, slots=True)
class ArcPart:
    """A part of the plan: ``state`` says whether it was played, sounds now, or is still planned. ``bars`` as played."""

    name: str
    role: Role
    bars: int
    energy: float
    start_bar: int
    state: Literal["played", "now", "plan"]


@dataclass(frozen=True, slots=True)
class NowView:
    """The section that sounds. ``bar`` counts from 1 (0 before the set starts), ``beat`` from 1, ``playhead`` is 0..1.

    ``waveform`` holds peaks 0..1, evenly spaced over the section's bars; empty until known. ``loops`` counts how often
    its last bars were repeated. ``fit`` is how it lay on the grid, where that had to be measured.
    """

    name: str = ""
    role: Role = "free"
    take: str = "A"
    bar: int = 0
    bars: int = 0
    beat: int = 0
    playhead: float = 0.0
    energy: float = 0.0
    waveform: tuple[float, ...] = ()
    looping: bool = False
    loops: int = 0
    generator: str = ""
    remaking: bool = False
    fit: GridFit | None = None


@dataclass(frozen=True, slots=True)
class NextView:
    """The section to come. Bars count from 1 within the section that sounds; seconds are in hand until the deadline.

    ``steer_until_bar`` is the last bar of the section that sounds at whose start a change still reaches this one; 0: too late.
    ``steps`` are those of sampling where there were too few for full quality, else 0; ``fit`` as in `NowView`.
    """

    name: str = ""
    role: Role = "free"
    bars: int = 0
    take: str = "A"
    state: NextState = "none"
    progress: float = 0.0
    ready_in_s: float = 0.0
    headroom_s: float = 0.0
    transition: str = ""
    transition_bars: int = 0
    at_bar: int = 0
    steer_until_bar: int = 0
    energy: float = 0.0
    fit: GridFit | None = None
    steps: int = 0


@dataclass(frozen=True, slots=True)
class PromptView:
    """A prompt slot. ``pickup`` is where a knob that does not hold the value yet must be turned to; None when it does.

    ``unknown`` are the words nothing was understood from; ``guesses`` says what near misses were taken for.
    """

    text: str
    weight: float
    control: str = ""
    pickup: float | None = None
    unknown: tuple[str, ...] = ()
    guesses: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class MacroView:
    """A macro and the control it is under; or a LoRA file, whose strength is ``value`` times `MAX_STRENGTH`.

    ``lora`` counts the files from 0, and is None for a macro.
    """

    name: str
    value: float
    neutral: float
    control: str = ""
    pickup: float | None = None
    lora: int | None = None


@dataclass(frozen=True, slots=True)
class StemView:
    """A stem's level (0..1, 1 is unity), mute, and peak of the last block, 0..1."""

    name: str
    level: float
    muted: bool
    peak: float = 0.0


@dataclass(frozen=True, slots=True)
class MeterView:
    """Peaks and RMS in dBFS, loudness in LUFS, the limiter's reduction in dB (0 or negative); -inf where nothing sounded."""

    peak_l: float = float("-inf")
    peak_r: float = float("-inf")
    rms_l: float = float("-inf")
    rms_r: float = float("-inf")
    momentary: float = float("-inf")
    integrated: float = float("-inf")
    reduction: float = 0.0


@dataclass(frozen=True, slots=True)
class AudioView:
    """The device: its name, output latency in seconds, the renderer's load (fraction of its block), breaks counted."""

    device: str = ""
    latency_s: float = 0.0
    load: float = 0.0
    underruns: int = 0
    silent: bool = False
    recording: str | None = None


@dataclass(frozen=True, slots=True)
class MidiView:
    """Open ports, and a counter of messages taken (activity is its change)."""

    ports: tuple[str, ...] = ()
    messages: int = 0
    last: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """A line for the performer. ``at_s`` is in seconds since the engine started."""

    level: Literal["info", "warning", "error"]
    text: str
    at_s: float


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All the screen shows, as of one moment."""

    serial: int = 0
    state: RunState = "starting"
    title: str = ""
    bpm: float = 120.0
    key: str = ""
    beats_per_bar: int = 4
    elapsed_s: float = 0.0
    total_s: float = 0.0
    drift_bars: int = 0
    arc: tuple[ArcPart, ...] = ()
    now: NowView = field(default_factory=NowView)
    next: NextView = field(default_factory=NextView)
    hold: bool = False
    prompts: tuple[PromptView, ...] = ()
    macros: tuple[MacroView, ...] = ()
    stems: tuple[StemView, ...] = ()
    meters: MeterView = field(default_factory=MeterView)
    audio: AudioView = field(default_factory=AudioView)
    midi: MidiView = field(default_factory=MidiView)
    generator: str = "pocket"
    generator_state: str = "starting"
    speed: float = 0.0
    ladder_hold: int = 0
    ladder_pocket: int = 0
    restarts: int = 0
    notices: tuple[Notice, ...] = ()
