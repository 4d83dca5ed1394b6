"""Whether an output device is there: ``python -m engine.player.output.check DEVICE`` prints what is wrong, or nothing.

In a process of its own, so that no other process loads the sound library.
"""

from __future__ import annotations

import sys

from engine.errors import DeviceError
from engine.player.output.backends import find_device, list_devices, load_sounddevice


def main(argv: list[str]) -> int:
    """Look for a device by name or number. Where there is no device at all nothing is wrong: the set runs silently then."""
    try:
        names = [f"{found.index}: {found.name}" for found in list_devices()]
        if names:
            find_device(load_sounddevice(), argv[0])
    except DeviceError as error:
        if "PortAudio" not in error.message:
            print(f"{error.message}; there is {', '.join(names[:8])}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
