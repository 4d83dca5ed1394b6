"""Where everything of a set in progress lies: file names, addresses and folders, each written here once.

A session is one set being played. Its folder in the user's runtime folder holds sockets, key, logs and latest values; its
section files lie in the cache, since a set takes hundreds of megabytes. Light on purpose: screen and player import it.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Final

import platformdirs

from engine.errors import SECTIONS_HINT, EngineError, RecordingError

APP: Final = "liveset"
"""What this instrument's folders are called on every system."""

KEY_FILE: Final = "key"
OPTIONS_FILE: Final = "options.json"
PARAMS_FILE: Final = "params.block"
STATUS_FILE: Final = "status.block"
STATE_FILE: Final = "state.pickle"
PERFORMANCE_FILE: Final = "log-folder"
"""In a session's folder: names the folder in which what is played is written down."""
ENGINE_LOG: Final = "engine.log"
PLAYER_LOG: Final = "player.log"
HEADPHONES_FILE: Final = "headphones.samples"
ROOM_FILE: Final = "room.samples"

CURRENT_FILE: Final = "current"
"""In the runtime folder: names the session that plays now."""

LOCK_FILE: Final = "in-use"
"""In a session's sections folder: locked as long as one of its processes lives."""

PACE_FILE: Final = "pace.json"
"""In the cache folder: how long each generator took on this machine."""

ENGINE: Final = "engine"
PLAYER: Final = "player"
"""The names under which a session's processes listen."""

MAX_NAME_BYTES: Final = 255
"""Longest file name in bytes that the common file systems take."""

MAX_SOCKET_BYTES: Final = 100
"""Longest socket path in bytes that the common systems take (104 on macOS, 108 on Linux)."""

AUDIO_ENDINGS: Final = (".flac", ".wav")
"""What recordings, rehearsals and exports are written as."""

_SHORTER: Final = "set XDG_RUNTIME_DIR to a shorter folder"
_OWN: Final = "set XDG_RUNTIME_DIR to a folder of yours"


LEARNED: Final = "learned"
CONTROLLERS: Final = "controllers"
"""The folders, among the settings of this user, of what controllers were taught, and of profiles that the user wrote."""

INPUTS: Final = "inputs.toml"
"""The file among them of what MIDI inputs are called."""


def learned_folder() -> Path:
    """Where what performers taught their controllers lies: theirs, whatever the session."""
    return Path(platformdirs.user_config_dir(APP)) / LEARNED


def inputs_file() -> Path:
    """What the performer calls MIDI inputs, beside what was taught of them."""
    return Path(platformdirs.user_config_dir(APP)) / INPUTS


def controllers_folder() -> Path:
    """Where the user's own profiles of controllers lie, beside those that ship."""
    return Path(platformdirs.user_config_dir(APP)) / CONTROLLERS


def generator_log(session: Path, place: str) -> Path:
    """The log that a generator writes itself."""
    return session / f"generator-{place}.log"


def generator_errors(session: Path, place: str) -> Path:
    """What a generator's process prints, such as why it could not start."""
    return session / f"generator-{place}.err"


def address(session: Path, name: str) -> str:
    """Where a process of a session listens: a socket file, or a named pipe on Windows.

    Raises:
        EngineError: if the folder's name is too long for a socket.
    """
    if sys.platform == "win32":
        return rf"\\.\pipe\{APP}-{session.resolve().name}-{name}"
    path = str(session / f"{name}.sock")
    if len(os.fsencode(path)) > MAX_SOCKET_BYTES:
        raise EngineError(f"the path is too long for a socket: {path}", _SHORTER)
    return path


def runtime_folder() -> Path:
    """Where sessions keep their sockets and keys: the user's runtime folder, readable by that user alone.

    Raises:
        EngineError: if it cannot be made, or belongs to somebody else.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # where there is no runtime folder, its stand-in serves as well
        folder = Path(platformdirs.user_runtime_dir(APP))
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise EngineError(f"cannot make {folder}: {error.strerror}", _OWN) from error
    if os.name == "posix" and folder.stat().st_uid != os.getuid():
        raise EngineError(f"{folder} belongs to another user", _OWN)
    return folder


def cache_folder() -> Path:
    """The user's cache: what can be made again."""
    return Path(platformdirs.user_cache_dir(APP))


def sections_folders(session: Path) -> tuple[Path, Path]:
    """Where a session's section files lie: in the user's cache, or else, where that takes no files, in the system's folder for
    temporary ones."""
    user = os.getuid() if hasattr(os, "getuid") else 0
    rest = Path(tempfile.gettempdir()) / f"{APP}-{user}"
    return cache_folder() / "sessions" / session.name, rest / "sessions" / session.name


def make_sections_folder(session: Path) -> Path:
    """Make the folder for a session's section files, or find the one that an engine before this one made.

    Raises:
        EngineError: if none can be made.
    """
    wanted, other = sections_folders(session)
    if _own(other) and not wanted.is_dir():
        return other
    try:
        wanted.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        with contextlib.suppress(OSError):
            for folder in (other.parents[1], other.parent, other):
                folder.mkdir(exist_ok=True, mode=0o700)
        if not all(_own(folder) for folder in (other.parents[1], other.parent, other)):
            raise EngineError(f"cannot make {wanted}: {error.strerror}", SECTIONS_HINT) from error
        return other
    return wanted


def _own(folder: Path) -> bool:
    """Whether a folder is there and this user's: in the system's folder for temporary files anybody may make one."""
    if not folder.is_dir() or folder.is_symlink():
        return False
    return os.name != "posix" or folder.stat().st_uid == os.getuid()


def recording_name(title: str) -> str:
    """A recording's file name when nobody gave one: the set's title and the time, as FLAC."""
    words = "".join(char if char.isalnum() or char in "-_" else " " for char in title).split()
    name = cut_bytes("-".join(words), MAX_NAME_BYTES // 2).rstrip("-")
    return f"{name or 'set'}-{time.strftime('%Y%m%d-%H%M%S')}{AUDIO_ENDINGS[0]}"


def cut_bytes(text: str, most: int) -> str:
    """As much of a text as takes so many bytes in a file's name, no character cut in two."""
    return os.fsencode(text)[:most].decode(errors="ignore")


def cue_sheet(recording: Path) -> Path:
    """The cue sheet that lies beside a recording."""
    return recording.with_suffix(".cue")


def check_free(*paths: Path, force: bool = False) -> None:
    """Make sure that files can be written without another one being lost: the one rule for all that is written.

    Args:
        paths: what is going to be written.
        force: whether what is there may be replaced; a folder never is.

    Raises:
        RecordingError: if one is there already.
    """
    for path in paths:
        if path.is_dir():
            raise RecordingError(f"{path} is a folder", "name a file in it")
        if not force and (path.exists() or path.is_symlink()):
            raise RecordingError(f"{path} is there already", "name another file, or replace it with --force")


def free_name(path: Path) -> Path:
    """The path, or the first like it with a number, under which neither a recording nor a cue sheet lies yet."""
    names = (path, *(path.with_stem(f"{path.stem}-{n}") for n in range(2, 1000)))
    return next((each for each in names if not each.exists() and not cue_sheet(each).exists()), path)


def check_audio_name(path: Path) -> None:
    """Make sure that an audio file's name has an ending that can be written.

    Raises:
        RecordingError: if it is neither .flac nor .wav, or too long.
    """
    if path.suffix.lower() not in AUDIO_ENDINGS:
        raise RecordingError(f"{path} is neither .flac nor .wav", "name the file with one of these endings")
    if (length := len(os.fsencode(path.name))) > MAX_NAME_BYTES:
        raise RecordingError(f"the name {path.name[:20]}... has {length} bytes", f"use at most {MAX_NAME_BYTES}")


def log_folder(session: Path) -> Path | None:
    """Where what a set that plays does is written down; None where it is not."""
    with contextlib.suppress(OSError):
        return Path((session / PERFORMANCE_FILE).read_text(encoding="utf-8"))
    return None
