"""Following a set by status lines: an engine that is gone is waited for as long as a player lives that starts another."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.errors import EngineError
from engine.processes.client import EngineClient
from engine.protocol import Quit, Snapshot
from liveset.commands.play import follow


@pytest.fixture(autouse=True)
def no_signals(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the tests run in keeps its own signals."""
    monkeypatch.setattr("signal.signal", lambda *_: None)


class Lost(EngineClient):
    """Its engine is gone; the player's pulse is as given, at each look, and an engine comes after so many waits."""

    def __init__(self, folder: Path, pulses: list[float | None], comes_after: int = 99) -> None:
        super().__init__(folder, 0)
        self._pulses, self._left = pulses, comes_after
        self.sent: list[object] = []

    def snapshots(self, timeout_s: float) -> Iterator[Snapshot | None]:
        if self._left <= 0:
            raise KeyboardInterrupt
        return iter(())

    def pulse(self) -> float | None:
        return self._pulses.pop(0) if self._pulses else None

    def wait_connected(self, timeout_s: float) -> bool:
        self._left -= 1
        return self._left <= 0

    def connected(self) -> bool:
        return False

    def send(self, command: object) -> None:
        self.sent.append(command)


def test_engine_is_waited_for_as_long_as_its_player_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    client = Lost(tmp_path, [1.0, 2.0, 3.0, 4.0], comes_after=4)
    assert follow(client) == 0
    assert "the engine is back" in capsys.readouterr().out
    assert client.sent == [Quit()], "ctrl-c stopped it"


@pytest.mark.parametrize("pulses", [[1.0, 1.0], [5.0, 6.0, None], [None]])
def test_engine_is_given_up_with_its_player(tmp_path: Path, pulses: list[float | None]) -> None:
    with pytest.raises(EngineError, match="does not come back"):
        follow(Lost(tmp_path, pulses))


def test_set_that_is_stopped_while_its_engine_is_gone_loses_its_folder(tmp_path: Path) -> None:
    class Impatient(Lost):
        def wait_connected(self, timeout_s: float) -> bool:
            if timeout_s > 10:
                raise KeyboardInterrupt
            return False

    folder = tmp_path / "session"
    folder.mkdir()
    assert follow(Impatient(folder, [])) == 0
    assert not folder.exists(), "its player ends without one"
