"""Run in a network namespace of its own: a set that joins another program's Link session. Prints what became of it as JSON.

    unshare -rn python -m tests.live.in_a_link_session FOLDER

The other has 96 BPM before the set, at 100, comes; then a hand asks the set for 98. Multicast goes over loopback alone.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import socket
import struct
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import link

from engine.processes.client import EngineClient, EngineProcess
from engine.protocol import Quit, SetOptions, SetTempo, Snapshot

LIMIT_S = 40.0
SIOCSIFFLAGS, UP_LOOPBACK_RUNNING_MULTICAST = 0x8914, 0x1 | 0x8 | 0x40 | 0x1000
PRESET = '[set]\nminutes = 4\nbpm = 100\nseed = 3\ngenerator = "tests.generators.tones:Tones"\n[[prompt]]\ntext = "techno"\n'


def loopback_up() -> None:
    """A namespace's loopback begins down, and without multicast."""
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH14s", b"lo", UP_LOOPBACK_RUNNING_MULTICAST, b""))


def until(done: Callable[[], bool]) -> bool:
    """Whether it came true in time."""
    deadline = time.monotonic() + LIMIT_S
    while not done():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def session(peer: Any) -> tuple[float, float]:
    """The session's tempo, and its beat in the bar."""
    state = peer.captureSessionState()
    return state.tempo(), state.phaseAtTime(peer.clock().micros(), 4)


def apart_s(peer: Any, client: EngineClient) -> float:
    """Seconds between the set's bars and the session's: the middle one of some snapshots, each a little late."""
    found = []
    for shown in client.snapshots(3.0):
        if shown is not None:
            bpm, beat = session(peer)
            found.append(((shown.beats - beat + 2) % 4 - 2) * 60 / bpm)
        if len(found) == 21:
            break
    return sorted(found)[len(found) // 2]


def main(folder: Path) -> None:
    """Play, and say what happened."""
    loopback_up()
    peer = link.Link(96.0)
    peer.enabled = True
    (folder / "set.toml").write_text(PRESET)
    engine = EngineProcess(SetOptions(str(folder / "set.toml"), device="none", link=True))
    engine.verdict(LIMIT_S)
    client = EngineClient(engine.folder, LIMIT_S)

    def shown() -> Snapshot:
        found = next((each for each in client.snapshots(3.0) if each is not None), None)
        assert found is not None
        return found

    results: dict[str, Any] = {}
    try:
        results["met"] = until(lambda: peer.numPeers() == 1)
        results["tempo of the others"] = session(peer)[0]
        results["begins in their bars"] = until(lambda: shown().beats > 0.2) and abs(apart_s(peer, client)) < 0.2
        results["follows"] = until(lambda: abs(shown().bpm - 96) < 0.5 and shown().state == "playing")
        results["in time"] = until(lambda: abs(apart_s(peer, client)) < 0.06)
        client.send(SetTempo(98.0))
        results["others follow a hand"] = until(lambda: abs(session(peer)[0] - 98) < 0.01)
        results["in time again"] = until(lambda: abs(shown().bpm - 98) < 0.5 and abs(apart_s(peer, client)) < 0.06)
        peer.enabled = False
        results["alone"] = until(lambda: any("nobody else" in notice.text for notice in shown().notices))
    finally:
        print(json.dumps(results))
        with contextlib.suppress(OSError):
            client.send(Quit())
        engine.process.wait(LIMIT_S)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
