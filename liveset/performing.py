"""Playing on stage: start an engine, show it on the screen or as status lines, and let go of it."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from pathlib import Path

from engine.client import EngineClient, EngineProcess, PlayOptions, running_session
from engine.errors import DeviceError, EngineError, LivesetError, PresetError, RecordingError
from engine.protocol import Notice, Quit, Snapshot

BLOCKS = (256, 512, 1024)
DEFAULT_PRESET = "sunrise"
STATUS_S = 1.0
QUIT_S = 4.0


@dataclass(frozen=True, slots=True)
class PlayChoices:
    """`liveset play`'s arguments as they were given."""

    preset: str = ""
    device: str | None = None
    block: str | None = None
    record: Path | None = None
    seed: int | None = None
    minutes: float | None = None
    generator: str | None = None

    def options(self) -> PlayOptions:
        """Checked as far as that needs no engine.

        Raises:
            LivesetError: for a block, length or recording that cannot be.
        """
        if self.block is not None and self.block not in {str(block) for block in BLOCKS}:
            raise DeviceError(f"--block is {self.block}", "it is 256, 512 or 1024")
        if self.minutes is not None and not 0 < self.minutes <= 24 * 60:
            raise PresetError(f"--minutes is {self.minutes:g}", "it is more than 0 and at most 1440")
        name = self.preset or DEFAULT_PRESET
        path = Path(name).expanduser()
        return PlayOptions(
            preset=str(path.absolute()) if path.is_file() else name,
            device=self.device,
            block=int(self.block) if self.block else None,
            record=str(checked_recording(self.record)) if self.record else None,
            seed=self.seed,
            minutes=self.minutes,
            generator=self.generator,
        )


def checked_recording(path: Path) -> Path:
    """A recording's absolute path, if it can be written.

    Raises:
        RecordingError: if it cannot.
    """
    path = path.expanduser().absolute()
    if path.suffix.lower() not in (".flac", ".wav"):
        raise RecordingError(f"{path} is neither .flac nor .wav", "name the recording with one of these endings")
    if not path.parent.is_dir():
        raise RecordingError(f"there is no folder {path.parent}", "make it first, or name another file")
    if path.exists():
        raise RecordingError(f"{path} exists already", "a recording replaces nothing: name another file")
    try:
        path.touch()
        path.unlink()
    except OSError as error:
        raise RecordingError(f"cannot write {path}: {error.strerror}", "name another file") from error
    return path


def perform(choices: PlayChoices, screen: bool) -> int:
    """Start a set and stay with it. Returns the exit code.

    Raises:
        LivesetError: if it cannot start.
    """
    options = choices.options()
    if running_session() is not None:
        raise EngineError("a set is playing already", "liveset attach  shows it; there you can stop it")
    engine = EngineProcess(options)
    try:
        if screen:
            import liveset.app  # noqa: F401  textual loads while the engine starts
        engine.verdict()
    except BaseException:
        engine.abandon()
        raise
    return stay(engine.folder, screen)


def reattach(screen: bool) -> int:
    """Stay with the set that is playing.

    Raises:
        EngineError: if none is.
    """
    folder = running_session()
    if folder is None:
        raise EngineError("no set is playing", "start one with: liveset play")
    return stay(folder, screen)


def stay(folder: Path, screen: bool) -> int:
    """Show a set until it is over, stopped or left."""
    client = EngineClient(folder, 0.0 if screen else 10.0)
    if not screen:
        return follow(client)
    from liveset.app import LivesetApp

    ending = LivesetApp(client).run()
    if ending == "finished":
        client.send(Quit())
    if ending in ("stopped", "finished"):
        _wait_gone(client)
    else:
        print("The set plays on. Come back to it with: liveset attach")
    client.close()
    return 0


def _wait_gone(client: EngineClient) -> None:
    """Give the engine time to fade out and finish the recording."""
    deadline = time.monotonic() + QUIT_S
    while client.connected() and time.monotonic() < deadline:
        time.sleep(0.02)


def follow(client: EngineClient) -> int:
    """One status line a second until the set is over or Ctrl-C."""
    last, told = -STATUS_S, set[tuple[str, float]]()
    try:
        for shown in client.snapshots(STATUS_S):
            if shown is None:
                continue
            for notice in shown.notices:
                if (notice.text, notice.at_s) not in told:
                    told.add((notice.text, notice.at_s))
                    print(_notice_line(notice), flush=True)
            if shown.state == "finished":
                break
            if time.monotonic() - last >= STATUS_S:
                last = time.monotonic()
                print(status_line(shown), flush=True)
    except KeyboardInterrupt:
        print("stopping", flush=True)
    if not client.connected() and not client.reconnect():
        raise LivesetError("the engine is gone", "its player goes on by itself for a moment; start again with: liveset play")
    client.send(Quit())
    _wait_gone(client)
    client.close()
    return 0


def clock(seconds: float) -> str:
    """Seconds as m:ss, or h:mm:ss from an hour on."""
    whole = max(0, int(seconds))
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes:02}:{rest:02}"


def _notice_line(notice: Notice) -> str:
    return f"{ {'info': 'note', 'warning': 'warning', 'error': 'error'}[notice.level] }: {notice.text}"


def status_line(shown: Snapshot) -> str:
    """A set's state in one line of plain text."""
    now, after = shown.now, shown.next
    if not now.name:
        return f"{clock(0)} / {clock(shown.total_s)}  starting: {shown.generator} is {shown.generator_state}"
    parts = [
        f"{clock(shown.elapsed_s)} / {clock(shown.total_s)}",
        shown.state,
        f"{shown.bpm:g} BPM",
        shown.key,
        f"{now.name} bar {now.bar} of {now.bars}",
    ]
    if after.state != "none":
        parts.append(f"next {after.name}: {after.state}, {after.headroom_s:.1f} s in hand")
    loudness = f"{shown.meters.momentary:.1f} LUFS" if shown.meters.momentary > -100 else "silent"
    parts += [loudness, f"load {shown.audio.load * 100:.0f} %", f"breaks {shown.audio.underruns}"]
    return re.sub(r" +", " ", "  ".join(parts).replace("  ", " | "))
