"""Playing on stage: start an engine, show it on the screen or as status lines, and let go of it."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import user_state_path

from engine.command_line import command
from engine.errors import DeviceError, EngineError, OscError, PresetError, RecordingError
from engine.processes.client import EngineClient, EngineProcess, running_session
from engine.processes.layout import APP, check_audio_name, check_free, cue_sheet, log_folder
from engine.protocol import (
    DEFAULT_PRESET,
    NOT_SAVED,
    SAVED,
    Notice,
    Quit,
    SavePreset,
    SetOptions,
    Snapshot,
    input_of,
    names_input,
    titled,
)

if TYPE_CHECKING:
    from liveset.ui.app import Outcome

SCREEN_FILE = "screen.json"
"""What the screen remembers from one set to the next."""

STATUS_S = 1.0
QUIT_S = 4.0
ANSWER_S = 2.0
"""How long the engine of a set that runs may take to say how it stands."""

RECOVERY_S = 15.0
"""How long a headless set waits for the engine that its player starts after one has died, until it asks how that player is."""

SILENT_LUFS = -100.0


def checked(options: SetOptions) -> SetOptions:
    """The options, checked as far as that needs no engine, with paths that hold in any folder.

    Raises:
        LivesetError: for a block, length or recording that cannot be.
    """
    options.check()
    if options.clock is not None:
        from engine.midi.clock import targets

        targets(options.clock)
    if options.link:
        from engine.live.outside.link import load_link

        load_link()
    if options.osc is not None:
        from engine.osc.where import where

        where(options.osc, options.osc_token, options.osc_allow)
    elif options.osc_token or options.osc_allow:
        raise OscError("--osc-token and --osc-allow say who is heard", "say where as well: --osc 9000")
    names = [_absolute(name) for name in options.presets or (DEFAULT_PRESET,)]
    return replace(
        options.with_presets(names),
        record=str(checked_recording(Path(options.record), force=options.force)) if options.record is not None else None,
    )


def _absolute(name: str) -> str:
    """A preset as it is found from any folder."""
    path = Path(name).expanduser()
    return str(path.absolute()) if path.is_file() else name


def checked_recording(path: Path, *, force: bool = False) -> Path:
    """A recording's absolute path, if it can be written.

    Raises:
        RecordingError: if it cannot, or if it or its cue sheet is there already and is not to be replaced.
    """
    path = path.expanduser().absolute()
    check_audio_name(path)
    if not path.parent.is_dir():
        raise RecordingError(f"there is no folder {path.parent}", "make it first, or name another file")
    check_free(path, cue_sheet(path), force=force)
    there = path.exists()
    try:
        path.touch()
        if not there:
            path.unlink()
    except OSError as error:
        raise RecordingError(f"cannot write {path}: {error.strerror}", "name another file") from error
    return path


def check_device(device: str, way: str = "output") -> None:
    """Make sure that there is such a device; where there is none at all the set runs silently, and hears nothing.

    Raises:
        DeviceError: if there are devices, but not this one.
    """
    argv = [sys.executable, "-m", "engine.player.output.check", device, way]
    said = subprocess.run(argv, capture_output=True, text=True, check=False).stdout.strip()
    if said:
        raise DeviceError(said, f"{command('devices')} lists them with their numbers")


def perform(options: SetOptions, screen: bool) -> int:
    """Start a set and stay with it. Returns the exit code.

    Raises:
        LivesetError: if it cannot start.
    """
    options = checked(options)
    if (running := running_session()) is not None and not _ended(running):
        raise EngineError("a set is playing already", f"{command('attach')} shows it; {command('stop')} ends it")
    if options.device not in (None, "none"):
        check_device(str(options.device))
    if options.cue_device is not None:
        check_device(options.cue_device)
    if names_input(options.input):
        check_device(input_of(str(options.input))[0], "input")
    engine = EngineProcess(options)
    try:
        if screen:
            import liveset.ui.app  # noqa: F401  textual loads while the engine starts
        engine.verdict()
    except BaseException:
        engine.abandon()
        raise
    return stay(engine.folder, screen)


def _ended(folder: Path) -> bool:
    """End a set that is over, though a screen still shows it. Returns whether it was over."""
    client = EngineClient(folder)
    shown = next((shown for shown in client.snapshots(ANSWER_S) if shown is not None), None)
    over = shown is not None and shown.state == "finished"
    if over:
        client.send(Quit())
        _wait_gone(client)
    client.close()
    return over


def stop() -> int:
    """Stop the set that is playing: it fades out and its recording is finished.

    Raises:
        EngineError: if none is.
    """
    folder = running_session()
    if folder is None:
        raise EngineError("no set is playing", f"start one with: {command('play')}")
    client = EngineClient(folder)
    client.send(Quit())
    _wait_gone(client)
    client.close()
    print("stopped")
    return 0


def save(name: str, force: bool) -> int:
    """Have the set that is playing saved as a preset, as it stands.

    Raises:
        EngineError: if none is playing, or nothing is answered.
        PresetError: if it cannot be saved under that name.
    """
    folder = running_session()
    if folder is None:
        raise EngineError("no set is playing", f"start one with: {command('play')}")
    client = EngineClient(folder)
    try:
        first = next((shown for shown in client.snapshots(ANSWER_S)), None)
        known = first.notices if first else ()
        client.send(SavePreset(name if Path(name).name == name else str(Path(name).expanduser().absolute()), force))
        deadline = time.monotonic() + ANSWER_S
        for shown in client.snapshots(STATUS_S):
            for notice in shown.notices if shown else ():
                if notice not in known and notice.text.startswith(SAVED):
                    print(notice.text)
                    return 0
                if notice not in known and notice.text.startswith(NOT_SAVED):
                    what, _, hint = notice.text.removeprefix(NOT_SAVED).strip().rstrip(".").partition("; ")
                    raise PresetError(what, hint)
            if time.monotonic() > deadline:
                break
    finally:
        client.close()
    raise EngineError("the set does not answer", f"try again, or look at it: {command('attach')}")


def reattach(screen: bool, stage: bool = False) -> int:
    """Stay with the set that is playing.

    Raises:
        EngineError: if none is.
    """
    folder = running_session()
    if folder is None:
        raise EngineError("no set is playing", f"start one with: {command('play')}")
    return stay(folder, screen, started=False, stage=stage)


def stay(folder: Path, screen: bool, started: bool = True, stage: bool = False) -> int:
    """Show a set until it is over, stopped or left; ``stage``: first in large type."""
    client = EngineClient(folder, 0.0 if screen else 10.0)
    log = log_folder(folder)
    if not screen:
        code = follow(client, started)
        _say_report(log, client.snapshot())
        return code
    from liveset.ui.app import LivesetApp

    ending = LivesetApp(client, memory=user_state_path(APP) / SCREEN_FILE, stage=stage).run()
    if ending == "finished":
        client.send(Quit())
    if ending in ("stopped", "finished"):
        _wait_gone(client)
        _say_report(log, client.snapshot(), farewell(ending, client.snapshot()))
    else:
        print(farewell(ending, client.snapshot()))
    client.close()
    return 0


def _say_report(log: Path | None, last: Snapshot | None, said: str = "") -> None:
    """Say farewell to a set that is over, and have its report written if it was recorded."""
    over = last is None or last.closing or last.state == "finished"
    from liveset.commands.report import report_later

    report = report_later(log) if log is not None and over else ""
    if lines := "\n".join(line for line in (said, report) if line):
        with contextlib.suppress(BrokenPipeError):
            print(lines, flush=True)


def farewell(ending: Outcome | None, last: Snapshot | None) -> str:
    """What is said when a screen has closed: what became of the set, and where its recordings are."""
    if ending in (None, "left"):
        return f"The set plays on. Come back to it with: {command('attach')}"
    said = "The set is over." if ending == "finished" else "The set was stopped."
    if last is None:
        return said
    ended = [recording.path for recording in last.summary.recordings] if last.summary else []
    files = dict.fromkeys([*ended, *([last.audio.recording] if last.audio.recording else [])])
    return "\n".join([said, *(f"Recorded: {path}" for path in files)])


def _was_ended(client: EngineClient) -> bool:
    """Whether somebody ended the set, rather than its engine having died."""
    last = client.snapshot()
    return client.ended() or (last is not None and last.closing)


def _wait_gone(client: EngineClient) -> None:
    """Give the engine time to fade out and finish the recording."""
    deadline = time.monotonic() + QUIT_S
    while client.connected() and time.monotonic() < deadline:
        time.sleep(0.02)


def follow(client: EngineClient, started: bool = True) -> int:
    """One status line a second until the set is over; Ctrl-C stops it.

    An engine that dies is waited for, since its player starts another. Where this command started the set, ending it by a
    signal, or closing the pipe its lines go into, stops the set too.

    Raises:
        EngineError: if no engine comes back.
    """
    told = set[tuple[str, float]]()
    stops = started
    print(f"note: ctrl-c stops the set{'' if started else ', for everybody'}", flush=True)
    for name in _ENDINGS:
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), _end)
    try:
        while not _lines(client, told):
            if _was_ended(client):
                print(farewell("ended", client.snapshot()), flush=True)
                client.close()
                return 0
            print("warning: the engine does not answer; its player goes on, and a new engine is waited for", flush=True)
            if not _recovered(client):
                raise EngineError("the engine is gone and does not come back", f"start again with: {command('play')}")
            print("note: the engine is back", flush=True)
        stops = True
    except KeyboardInterrupt:
        stops = True
        print("stopping", flush=True)
    except (_Ended, BrokenPipeError):
        # Nobody reads any more; without this the interpreter would complain about it at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if stops:
        _stop(client)
    client.close()
    return 0


def _recovered(client: EngineClient) -> bool:
    """Wait for an engine as long as a player lives that starts one. Returns whether there is one."""
    beat = client.pulse()
    while not client.wait_connected(RECOVERY_S):
        before, beat = beat, client.pulse()
        if beat is None or beat == before or client.ended():
            return False
    return True


def _stop(client: EngineClient) -> None:
    """End the set, even one whose engine is gone and whose player is about to start another."""
    if client.wait_connected(QUIT_S):
        client.send(Quit())
        _wait_gone(client)
    else:
        client.forget()


_ENDINGS = ("SIGTERM", "SIGHUP")


class _Ended(BaseException):
    """A signal asked this process to end."""


def _end(_number: int, _frame: object) -> None:
    raise _Ended


def _lines(client: EngineClient, told: set[tuple[str, float]]) -> bool:
    """Print notices as they come and a status line a second. Returns whether the set is over, False if the engine was lost."""
    last = -STATUS_S
    for shown in client.snapshots(STATUS_S):
        if shown is None:
            continue
        for notice in shown.notices:
            if (notice.text, notice.at_s) not in told:
                told.add((notice.text, notice.at_s))
                print(_notice_line(notice), flush=True)
        if shown.state == "finished":
            return True
        if time.monotonic() - last >= STATUS_S:
            last = time.monotonic()
            print(status_line(shown), flush=True)
    return False


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
        f"{titled(shown.piece.title, now.name)} bar {now.bar} of {now.bars}",
    ]
    if after.state != "none":
        when = f"{after.headroom_s:.1f} s in hand"
        waited = after.state == "making" and after.headroom_s <= 0
        parts.append(f"next {after.name}: {after.state}, {f'ready in {after.ready_in_s:.0f} s' if waited else when}")
    loudness = f"{shown.meters.momentary:.1f} LUFS" if shown.meters.momentary > SILENT_LUFS else "silent"
    if shown.audio.silent:
        loudness = "no sound device"
    parts += [loudness, f"load {shown.audio.load * 100:.0f} %", f"breaks {shown.audio.underruns}"]
    return re.sub(r" +", " ", "  ".join(parts).replace("  ", " | "))
