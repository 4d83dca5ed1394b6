"""A player whose engine is gone, and that no other can find."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from engine.player import service
from engine.player.link import EngineLink
from engine.player.service import ALONE_AT_END_S, Respawn, Service
from engine.processes.channels import make_key
from engine.processes.latest import PARAMS, STATUS, NamedValues
from engine.protocol import SetCues
from tests.player.sounds import cue, sine, write_section


@pytest.mark.parametrize("removed", [False, True])
def test_player_out_of_reach_ends_though_it_has_music(removed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(service, "time", SimpleNamespace(monotonic=lambda: now[0], time_ns=lambda: 0))
    folder = tmp_path / "session"
    folder.mkdir()
    make_key(folder)
    link = EngineLink(folder)
    params, status = NamedValues(PARAMS), NamedValues(STATUS)
    player = Service(link, params, status, device=None, block=256, respawn=Respawn(()))
    write_section(tmp_path / "a", sine(220)).close()
    player._set_cues(SetCues((cue(1, tmp_path / "a", 0),)))
    if removed:
        shutil.rmtree(folder)
    assert not player._forgotten()
    now[0] = ALONE_AT_END_S + 1
    assert player._forgotten() is removed
    link.close()
