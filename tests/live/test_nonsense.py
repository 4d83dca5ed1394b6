"""An engine and a player that are sent nonsense by somebody who knows the key, and folders with damaged files."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import protocol as p
from engine.processes.channels import connect, make_key, send
from engine.processes.client import EngineClient, running_session
from engine.processes.layout import CURRENT_FILE, ENGINE, KEY_FILE, OPTIONS_FILE, PARAMS_FILE, STATE_FILE, runtime_folder
from engine.session.saving import _mark, load_state
from tests.live.conftest import PRESET
from tests.support.engine_alone import Alone
from tests.support.nonsense import nonsense
from tests.support.sessions import session_folder
from tests.support.waiting import LIMIT_S


@pytest.fixture
def alone(private: Path) -> Iterator[Alone]:
    preset = private / "test.toml"
    preset.write_text(PRESET.format(minutes=1), encoding="utf-8")
    with session_folder() as folder:
        made = Alone(folder, p.SetOptions(str(preset)))
        yield made
        made.engine.close()
        made.player.door.close()


def test_engine_goes_on_whatever_a_screen_sends(alone: Alone) -> None:
    for seed in range(3):
        wire = connect(alone.engine.folder, ENGINE)
        before = tuple(alone.engine.screens)
        send(wire, p.ClientHello("screen"))
        # From then on it is read from; there is more nonsense than a socket holds.
        alone.until(lambda: any(screen not in before for screen in alone.engine.screens), "the screen")  # noqa: B023
        for message in nonsense(seed):
            if not isinstance(message, p.UseDevice | p.Record):
                send(wire, message)
        send(wire, p.SetMacro("filter", 0.1 + seed / 10))
        alone.until(lambda: alone.engine.links.params()["filter"] == pytest.approx(0.1 + seed / 10), "the last command")  # noqa: B023
        wire.close()
    client = EngineClient(alone.engine.folder)
    alone.until(lambda: client.snapshot() is not None, "a snapshot")
    client.close()


def test_engine_goes_on_whatever_the_player_says(alone: Alone) -> None:
    alone.until(lambda: alone.player.lines, "the player")
    for message in nonsense(9):
        if message is not None and not isinstance(message, p.PlayerHello | p.DeviceOpened | p.MarkSection):
            alone.player.say(message)  # type: ignore[arg-type]
    alone.player.say(p.DeviceOpened("pulse", 44_100, 256, 0.02, silent=False))
    alone.until(lambda: alone.told("Playing on pulse"), "the last word")


DAMAGES: list[bytes] = [b"", b"\x00", b"{}", b"[]", b"null", b'{"preset": 7}', b'{"minutes": "x"}', b"\xff\xfe{", b"{" * 5000]


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda each: repr(each[:12]))
def test_engine_with_damaged_options_ends_with_one_sentence(private: Path, damage: bytes) -> None:
    folder = private / "s"
    folder.mkdir()
    make_key(folder)
    (folder / OPTIONS_FILE).write_bytes(damage)
    (folder / PARAMS_FILE).write_bytes(b"\x00" * 3)
    argv = [sys.executable, "-m", "engine.live", str(folder), "--resume"]
    ended = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=LIMIT_S)
    assert ended.returncode == 2, ended.stderr
    assert "Traceback" not in ended.stderr
    assert len(ended.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("name", [b"", b"../../etc", b"\xff\xfe", b"a\x00b", b"nothing", b"x" * 5000])
def test_damaged_name_of_the_running_session_means_that_none_runs(private: Path, name: bytes) -> None:
    (runtime_folder() / CURRENT_FILE).write_bytes(name)
    assert running_session() is None


@pytest.mark.parametrize("key", [b"", b"short", b"\x00" * 32])
def test_damaged_key_means_that_nobody_answers(private: Path, key: bytes) -> None:
    folder = runtime_folder() / "abc"
    folder.mkdir()
    (folder / KEY_FILE).write_bytes(key)
    (runtime_folder() / CURRENT_FILE).write_text("abc")
    assert running_session() is None


def test_damaged_states_are_none(private: Path) -> None:
    rng = random.Random(4)
    for _ in range(200):
        data = rng.choice((b"", _mark())) + rng.choice((b"", b"\x80\x04N.", rng.randbytes(rng.randrange(60))))
        (private / STATE_FILE).write_bytes(data)
        assert load_state(private) is None
