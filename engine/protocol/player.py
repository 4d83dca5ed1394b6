"""Between the engine and the player: orders, and what happened."""

from __future__ import annotations

from dataclasses import dataclass

from engine.protocol.transitions import TransitionKind
from engine.timebase import Grid


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
    """Write what is heard to ``path`` (.flac or .wav) from now on.

    ``title`` is the set's, ``section`` what sounds already; with ``force`` a file that is there is replaced.
    """

    path: str
    title: str = ""
    section: str = ""
    force: bool = False


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
class Listen:
    """To the player: what the headphones play from the next bar line on, in place of what they played; no cues, nothing.

    Attributes:
        listen_id: grows with every order.
        cues: a timeline of its own, whose frames lie anywhere; all of it is moved so that ``first`` lies on a bar line.
        first: the frame of it that is heard first, on a bar line of the first cue.
        again: frames after which it begins again, on a bar line; 0: never, and the last section loops.
        as_mixed: heard with the set's levels of stems; else all stems are whole.
    """

    listen_id: int
    cues: tuple[Cue, ...] = ()
    first: int = 0
    again: int = 0
    as_mixed: bool = False


@dataclass(frozen=True, slots=True)
class LoopStem:
    """To the player: bars from the room that loop from now on, no cue for none; what looped before ends at a frame."""

    cue: Cue | None
    at: int


@dataclass(frozen=True, slots=True)
class StopPlayer:
    """Fade out, finish the recording and end the process."""


PlayerOrder = SetCues | ClearEffects | StartRecording | StopRecording | OpenDevice | MarkSection | Listen | LoopStem | StopPlayer


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
    """Sound comes out of a device (``silent=False``), or the set runs in real time without one (``silent=True``).

    Attributes:
        name, rate, channels: of the device as it was opened, ``rate`` in Hz.
        block, latency_s: frames per write, and seconds from the renderer to the ear.
        message: what went wrong on the way.
        key: finds the device again, whatever number it has by then.
        wanted: what the player goes back to; None is the default.
        instead_of: the name of the device that should play, where that is gone.
        outputs: that are used, counted from 1: both of the set, then both of the headphones where those are beside it.
    """

    name: str
    rate: int
    block: int
    latency_s: float
    silent: bool
    message: str = ""
    channels: int = 2
    key: str = ""
    wanted: str | None = None
    instead_of: str = ""
    outputs: tuple[int, ...] = (1, 2)


@dataclass(frozen=True, slots=True)
class DeviceLost:
    """The device went away; the player keeps time in silence and tries again."""

    name: str
    message: str


@dataclass(frozen=True, slots=True)
class RecordingState:
    """Recording to ``path``, or not (None); ``message`` says why when it ended by itself.

    ``ended`` is the file that was finished just now, of ``length_s`` seconds; empty for none.
    """

    path: str | None
    message: str = ""
    ended: str = ""
    length_s: float = 0.0


@dataclass(frozen=True, slots=True)
class ListenFailed:
    """From the player: what the headphones should play cannot be read; they are silent."""

    listen_id: int
    message: str


@dataclass(frozen=True, slots=True)
class LoopFailed:
    """From the player: the bars from the room that should loop cannot be read; nothing loops."""

    message: str


@dataclass(frozen=True, slots=True)
class HeadphonesOpened:
    """From the player: where the headphones are, as a performer knows it; empty for nowhere, with why that is so."""

    where: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class PlayerHello:
    """First word to every engine that connects: what sounds now, for an engine that takes over.

    ``headphones`` are None where nobody asked for any.
    """

    frame: int
    cue: Cue | None
    cues: tuple[Cue, ...]
    device: DeviceOpened | None
    recording: str | None
    headphones: HeadphonesOpened | None = None


PlayerEvent = (
    CueStarted
    | Looped
    | CuePostponed
    | CueFailed
    | Finished
    | DeviceOpened
    | DeviceLost
    | RecordingState
    | ListenFailed
    | LoopFailed
    | HeadphonesOpened
    | PlayerHello
)
