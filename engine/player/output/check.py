"""Which output devices there are, said by a process of its own, so that no other one loads the sound library.

``python -m engine.player.output.check NAME`` prints what is wrong with a device, or nothing.
``python -m engine.player.output.check --list`` prints all devices as a line of JSON, and looks again for each line it reads.
``python -m engine.player.output.check --both`` prints the outputs in a line, and the inputs in another.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict

from engine.errors import DeviceError
from engine.player.output.devices import Way, choose, list_devices, listed


def main(argv: list[str]) -> int:
    """Look for a device by name or number, or list all. Without any device nothing is wrong: the set runs silently then."""
    if argv[0] == "--list":
        _list_for_ever()
        return 0
    if argv[0] == "--both":
        _print("output")
        _print("input")
        return 0
    try:
        way: Way = "input" if argv[1:] == ["input"] else "output"
        devices = list_devices(way)
        if devices or way == "input":
            choose(devices, argv[0], way)
    except DeviceError as error:
        if "PortAudio" not in error.message:
            print(error.message if "several" in error.message else f"{error.message}; there is {listed(devices) or 'none'}")
    return 0


def _print(way: Way, *, again: bool = False) -> None:
    try:
        devices = list_devices(way, again=again)
    except DeviceError:
        devices = []
    print(json.dumps([asdict(device) for device in devices]), flush=True)


def _list_for_ever() -> None:
    again = False
    while True:
        _print("output", again=again)
        if not sys.stdin.readline():
            return
        again = True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
