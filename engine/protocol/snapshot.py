"""From the engine to the screen: all that is shown, as of one moment."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from engine.protocol.headphones import HeadphonesView
from engine.protocol.library import Keeper
from engine.protocol.plan import MoveView
from engine.protocol.reading import PromptReading
from engine.protocol.requests import GridFit
from engine.protocol.room import RoomView
from engine.protocol.takes import TakeView
from engine.protocol.words import Role, SectionPurpose

RunState = Literal["starting", "playing", "stopped", "finished"]
NextState = Literal["ready", "making", "late", "hold", "failed", "none"]


@dataclass(frozen=True, slots=True)
class ArcPart:
    """A part of the plan: ``state`` says whether it was played, sounds now, or is still planned. ``bars`` as played.

    ``purpose`` is what it is for among the parts of its role. ``id`` names it in commands: pieces of one part share it.
    ``start_s`` are seconds of the set at its start, as things stand; ``made`` says how far the making of the next one is, and
    ``fixed`` that a planned one cannot be changed any more. ``piece`` is the title of the piece that begins with it, else empty.
    """

    name: str
    role: Role
    bars: int
    energy: float
    start_bar: int
    state: Literal["played", "now", "plan"]
    purpose: SectionPurpose = "statement"
    id: int = 0
    density: float = 0.0
    brightness: float = 0.0
    start_s: float = 0.0
    made: Literal["", "making", "made"] = ""
    fixed: bool = False
    piece: str = ""


@dataclass(frozen=True, slots=True)
class PieceView:
    """Which piece of a set list sounds: its title, its place in the order from 1, how many there are, and the next one's title.

    ``count`` is 0 where the set is a single piece; ``after`` is empty where none follows.
    """

    title: str = ""
    place: int = 0
    count: int = 0
    after: str = ""


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
    ``steps`` are those of sampling where there were too few for full quality, else 0; ``fit`` as in `NowView`. ``bpm`` and
    ``key`` are its own where they are not those of what sounds, else 0 and empty. ``name`` has its piece's title before it where
    another piece begins. ``transition_chosen``: kind or length are the performer's. ``take`` is the one that was chosen,
    ``takes`` are all that may come.
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
    transition_chosen: bool = False
    at_bar: int = 0
    steer_until_bar: int = 0
    energy: float = 0.0
    bpm: float = 0.0
    key: str = ""
    fit: GridFit | None = None
    steps: int = 0
    takes: tuple[TakeView, ...] = ()


@dataclass(frozen=True, slots=True)
class PromptView:
    """A prompt slot. ``pickup`` is where a knob that does not hold the value yet must be turned to; None when it does.

    ``unknown`` are the words nothing was understood from; ``guesses`` says what near misses were taken for; ``unfollowed`` are
    the words that ask for another tempo or key than the set's.
    """

    text: str
    weight: float
    control: str = ""
    pickup: float | None = None
    unknown: tuple[str, ...] = ()
    guesses: tuple[tuple[str, str], ...] = ()
    unfollowed: tuple[str, ...] = ()


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
    """The device: its name, output latency in seconds, the renderer's load (fraction of its block), breaks counted.

    ``instead_of`` names the device that the set should play on, where it is gone and another one plays.
    """

    device: str = ""
    latency_s: float = 0.0
    load: float = 0.0
    underruns: int = 0
    silent: bool = False
    recording: str | None = None
    instead_of: str = ""


@dataclass(frozen=True, slots=True)
class DeviceInfo:
    """An output device.

    Attributes:
        index: its number now.
        name, hostapi: as the system has them.
        channels: how many outputs it has.
        rate: the one it prefers, in Hz.
        default: whether sound goes there when no device is named.
        key: its name and host, and a number where two cards share both: finds the same device again.
    """

    index: int
    name: str
    hostapi: str
    channels: int
    rate: float
    default: bool
    key: str = ""


@dataclass(frozen=True, slots=True)
class ScenesView:
    """The scenes: which numbers hold one, and which one everything stands as (0: none, or something was moved since).

    ``coming`` is the one that comes in, 0 for none, and ``progress`` how far it is, 0..1; 0 while it waits for the bar line.
    """

    stored: tuple[int, ...] = ()
    active: int = 0
    coming: int = 0
    progress: float = 0.0


@dataclass(frozen=True, slots=True)
class MidiView:
    """Open ports, and a counter of messages taken (activity is its change).

    ``last`` is the last message as the monitor says it: "Foo: cc16 ch1 = 64 -> prompt 1". ``ignored`` are ports that `IgnorePort`
    named. ``learning`` is the action that waits for a control, see `Learn`; empty for none.
    ``taken`` says of each port what it is taken for, ``lasts`` what came last, of those that something came from.
    ``keyboards`` are those whose notes are harmony. ``upper``: the controllers move prompts 9 to 16, see `SwitchBank`.
    ``names`` are those that the performer gave to ports: everybody shows them in place of the ports' own.
    """

    ports: tuple[str, ...] = ()
    messages: int = 0
    last: str = ""
    ignored: tuple[str, ...] = ()
    learning: str = ""
    taken: tuple[str, ...] = ()
    lasts: tuple[tuple[str, str], ...] = ()
    keyboards: tuple[str, ...] = ()
    upper: bool = False
    names: tuple[tuple[str, str], ...] = ()

    def called(self, port: str) -> str:
        """A port's name for the performer."""
        return dict(self.names).get(port, port)


@dataclass(frozen=True, slots=True)
class Notice:
    """A line for the performer, said ``count`` times, the last time ``at_s`` seconds after the engine started."""

    level: Literal["info", "warning", "error"]
    text: str
    at_s: float
    count: int = 1


@dataclass(frozen=True, slots=True)
class KeeperList:
    """All keepers, the newest first, and a line for each that is broken."""

    keepers: tuple[Keeper, ...] = ()
    broken: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RecordingView:
    """A recording that has ended: its file, and its length in seconds."""

    path: str
    length_s: float


@dataclass(frozen=True, slots=True)
class Summary:
    """What a set that is over came to.

    Attributes:
        length_s: seconds of the set, from its first downbeat to the bar line at which its last section is over.
        sections: how many were played.
        recordings: what was recorded of it, oldest first.
        keepers: the names of what was kept in it, oldest first.
        breaks: gaps in the sound that the player noticed.
        holds, stand_ins: how often the last bars were held, and how often the stand-in played, because a section was late.
        restarts: how often a process of the set was started again.
    """

    length_s: float
    sections: int
    recordings: tuple[RecordingView, ...] = ()
    keepers: tuple[str, ...] = ()
    breaks: int = 0
    holds: int = 0
    stand_ins: int = 0
    restarts: int = 0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All the screen shows, as of one moment.

    ``starred`` are words for prompts that have a star, ``own_words`` those of the performer's own vocabulary; ``reading`` is
    what would be understood of a prompt that is being written (`ReadPrompt`). ``keepers``, ``devices`` and ``inputs`` are None
    until a screen asks for them (`ListKeepers`, `ListDevices`), ``summary`` until the set is over. ``bpm_to`` and ``key_to`` are
    what was asked of what sounds, and is not heard yet; 0 and empty for nothing else. ``locks`` are those of `LOCKS` that are on,
    ``hook`` says which bars are marked, and ``hook_loops`` whether the set is held in them.
    ``beats`` since bar 1, as they are heard. ``chord`` is the name of what a keyboard
    holds. ``clock_s`` are seconds since the engine started; ``closing`` that it was told to end.
    ``asked_s`` are the seconds of the set as it was asked for at its start, ``total_s`` as things stand. ``moves`` are those
    that can be undone, ``undone`` those that can be done again, each with the next one first.
    """

    serial: int = 0
    state: RunState = "starting"
    title: str = ""
    piece: PieceView = field(default_factory=PieceView)
    bpm: float = 120.0
    bpm_to: float = 0.0
    key: str = ""
    key_to: str = ""
    beats: float = 0.0
    beats_per_bar: int = 4
    elapsed_s: float = 0.0
    total_s: float = 0.0
    asked_s: float = 0.0
    drift_bars: int = 0
    arc: tuple[ArcPart, ...] = ()
    now: NowView = field(default_factory=NowView)
    next: NextView = field(default_factory=NextView)
    hold: bool = False
    prompts: tuple[PromptView, ...] = ()
    nothing_up: str = ""
    macros: tuple[MacroView, ...] = ()
    stems: tuple[StemView, ...] = ()
    locks: tuple[str, ...] = ()
    hook: str = ""
    hook_loops: bool = False
    moves: tuple[MoveView, ...] = ()
    undone: tuple[MoveView, ...] = ()
    scenes: ScenesView = field(default_factory=ScenesView)
    meters: MeterView = field(default_factory=MeterView)
    audio: AudioView = field(default_factory=AudioView)
    midi: MidiView = field(default_factory=MidiView)
    generator: str = ""
    generator_state: str = "starting"
    speed: float = 0.0
    ladder_hold: int = 0
    ladder_pocket: int = 0
    restarts: int = 0
    notices: tuple[Notice, ...] = ()
    keepers: KeeperList | None = None
    starred: tuple[str, ...] = ()
    own_words: tuple[str, ...] = ()
    reading: PromptReading | None = None
    summary: Summary | None = None
    devices: tuple[DeviceInfo, ...] | None = None
    inputs: tuple[DeviceInfo, ...] | None = None
    clock_s: float = 0.0
    closing: bool = False
    chord: str = ""
    headphones: HeadphonesView = field(default_factory=HeadphonesView)
    room: RoomView = field(default_factory=RoomView)
