"""Sound files that a performer brings: every format that libsndfile reads, as stereo at the set's own rate."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from engine.errors import READABLE, SoundError
from engine.timebase import SAMPLE_RATE

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Sound = npt.NDArray[np.float32]
    """(frames, 2) at `SAMPLE_RATE`, full scale at 1."""

SHORTEST_S: Final = 1.0
LONGEST_S: Final = 120.0
"""Seconds that such a file may have."""

SILENT: Final = 0.001
"""A file whose highest value is lower (-60 dBFS) is silent."""

_SHOWN: Final = 30
"""Characters of a file's name in a message."""


def check_sound(path: Path) -> None:
    """Make sure that a file is sound of a usable length; that it is not silent only `read_sound` can tell.

    Raises:
        SoundError: what is wrong with it, in a sentence.
    """
    _header(path)


def read_sound(path: Path) -> Sound:
    """All of a sound file.

    Raises:
        SoundError: as `check_sound` has it, and if it is silent.
    """
    import numpy as np
    import soundfile

    info = _header(path)
    try:
        sound = soundfile.read(path, dtype="float32", always_2d=True, frames=int(LONGEST_S * info.samplerate))[0]
    except (OSError, soundfile.LibsndfileError) as error:
        raise SoundError(f"{_short(path)} cannot be read", READABLE) from error
    sound = np.nan_to_num(sound, nan=0.0, posinf=1.0, neginf=-1.0)
    both = np.repeat(sound, 2, axis=1) if sound.shape[1] == 1 else sound[:, :2]
    if not len(both) or float(np.abs(both).max()) < SILENT:
        raise SoundError(f"{_short(path)} is silent", "choose a file with something to hear in it")
    if info.samplerate != SAMPLE_RATE:
        import soxr

        both = soxr.resample(both, info.samplerate, SAMPLE_RATE, quality="HQ")
    return np.ascontiguousarray(both, np.float32)


def _header(path: Path) -> Any:
    import soundfile

    short = _short(path)
    if path.is_dir():
        raise SoundError(f"{short} is a folder", "name a file")
    if not path.is_file():
        raise SoundError(f"there is no file {short}", "paths are counted from the preset's own folder")
    try:
        info = soundfile.info(path)
    except (OSError, RuntimeError, ValueError) as error:  # soundfile's own errors are RuntimeErrors
        raise SoundError(f"{short} is not audio", "WAV, FLAC, AIFF, Ogg and MP3 files are") from error
    seconds = info.frames / info.samplerate if info.samplerate else 0.0
    if seconds < SHORTEST_S:
        raise SoundError(f"{short} is too short: {seconds:.2f} s", f"a sound has {SHORTEST_S:g} s at least")
    if seconds > LONGEST_S:
        raise SoundError(f"{short} is too long: {seconds:.0f} s", f"a sound has {LONGEST_S:g} s at most: cut it")
    return info


def _short(path: Path) -> str:
    return path.name if len(path.name) <= _SHOWN else path.name[: _SHOWN - 1] + "…"
