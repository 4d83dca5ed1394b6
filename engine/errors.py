"""The one error tree: every failure a performer may see says what, where and what to do."""

from __future__ import annotations

from typing import Final

READABLE: Final = "make it readable, or copy it again"
"""What to do about a file that the system refuses to read."""

WRITABLE: Final = "free some disk space, or choose another folder"
"""What to do where the system refuses to write."""

SECTIONS_HINT: Final = "free some disk space, or set XDG_CACHE_HOME to a folder on a bigger disk"
"""What to do where there is no room for section files."""


class LivesetError(Exception):
    """Something went wrong that a person can act on.

    Args:
        message: what is wrong and where, one sentence without a final full stop.
        hint: what to do about it; may be empty.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}; {self.hint}" if self.hint else self.message

    def __reduce__(self) -> tuple[type[LivesetError], tuple[str, str]]:
        return (type(self), (self.message, self.hint))


class PresetError(LivesetError):
    """A preset that cannot be read or does not make sense."""


class PromptError(LivesetError):
    """A vocabulary or style file, or a prompt, that cannot be read."""


class DeviceError(LivesetError):
    """An audio device that is missing, busy or refuses the settings."""


class SoundError(LivesetError):
    """A sound file that cannot be read, or cannot be what it is meant for."""


class SectionError(LivesetError):
    """A section file that is missing, truncated or not one of ours."""


class DiskFullError(SectionError):
    """A section file for which the disk has no room."""


class GeneratorError(LivesetError):
    """A generator that cannot start or cannot make what was asked for."""


class MidiError(LivesetError):
    """A MIDI port, mapping or file that cannot be used."""


class OscError(LivesetError):
    """An OSC address that cannot be listened at, or a message that makes no sense."""


class ServeError(LivesetError):
    """A screen that cannot be shown in a browser."""


class LinkError(LivesetError):
    """Ableton Link, which is not installed."""


class RecordingError(LivesetError):
    """A recording or report that cannot be written."""


class PerformanceError(LivesetError):
    """The log of a set that was played, which cannot be read, or from which it cannot be played again."""


class EngineError(LivesetError):
    """An engine or player that cannot be started or reached."""
