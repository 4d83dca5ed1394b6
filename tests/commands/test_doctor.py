"""`liveset doctor`: what it says of Stable Audio with no model, a whole one, a broken one, and without its package."""

from __future__ import annotations

import importlib.util
import platform
import socket
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

from engine.models.files import import_folder
from engine.models.registry import model_folder
from engine.player.output import servers
from liveset.commands import models as modelling
from liveset.commands.doctor import Finding, _priority, _remote, _stable_audio, _versions
from tests.generators.stable_audio.conftest import TINY, make_base


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LIVESET_MODELS", str(tmp_path))
    return tmp_path


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(modelling, "ask_child", lambda: {"best": "bfloat16", "gigaflops": {"float32": 100.4, "bfloat16": 300.0}})


def said() -> list[Finding]:
    return list(_stable_audio())


@pytest.mark.usefixtures("measured")
def test_doctor_without_a_model_names_the_commands() -> None:
    first, second = said()
    assert (first.level, second.level) == ("note", "ok")
    assert "liveset models pull small-music" in first.advice
    assert second.what.endswith("runs in bfloat16 here (measured in GFLOP/s: float32 100, bfloat16 300)")


@pytest.mark.usefixtures("measured")
def test_doctor_names_a_truncated_model() -> None:
    import_folder(TINY, "small-music")
    assert said()[0] == Finding("ok", "generator stable-audio: small-music")
    weights = model_folder() / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    assert said()[0].level == "note"
    assert f"{weights} is truncated" in said()[0].what


@pytest.mark.usefixtures("measured")
def test_doctor_says_what_the_chosen_model_cannot_do(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_folder(make_base(tmp_path_factory.mktemp("base") / "arrived"), "small-music-base")
    assert "the model small-music is not here" in said()[0].what
    assert said()[0].advice.startswith("LIVESET_MODEL=small-music-base")
    monkeypatch.setenv("LIVESET_MODEL", "small-music-base")
    assert "takes 50 steps where small-music takes 8" in said()[0].what
    config = model_folder("small-music-base") / "model_config.json"
    config.write_text(config.read_text().replace("rectified_flow", "rf_denoiser"))
    assert [finding.level for finding in said()] == ["ok", "ok"]


@pytest.mark.usefixtures("measured")
def test_doctor_names_the_command_for_a_missing_package(monkeypatch: pytest.MonkeyPatch) -> None:
    import_folder(TINY, "small-music")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert "liveset[stable-audio]" in said()[0].advice


def test_precision_is_measured_in_a_process_of_its_own() -> None:
    found = modelling.ask_child()
    assert found["best"] in found["gigaflops"]
    assert all(speed > 0 for speed in found["gigaflops"].values())


def test_versions_are_those_of_the_installed_packages() -> None:
    first, libraries = list(_versions())[:2]
    assert first == Finding("ok", f"liveset {version('liveset')}, Python {platform.python_version()}, torch {version('torch')}")
    assert f"textual {version('textual')}" in libraries.what and f"mido {version('mido')}" in libraries.what


@pytest.mark.parametrize("may", [True, False])
def test_doctor_says_whether_the_player_may_run_in_real_time(may: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers, "may_run_in_real_time", lambda: may)
    monkeypatch.setattr(servers, "running_servers", lambda: ())
    (finding,) = _priority()
    assert finding.level == ("ok" if may else "note")
    assert ("limits.d" in finding.advice) != may


@pytest.mark.parametrize("name", servers.SERVERS)
def test_doctor_says_how_a_sound_server_comes_to_run_in_real_time(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers, "running_servers", lambda: (servers.Server(name, False),))
    *_, finding = _priority()
    assert finding.level == "note" and name in finding.what and finding.advice == servers.SERVERS[name]
    monkeypatch.setattr(servers, "running_servers", lambda: (servers.Server(name, True),))
    *_, finding = _priority()
    assert finding.level == "ok" and not finding.advice


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux describes processes in files")
def test_sound_servers_are_found_by_the_name_of_their_process(tmp_path: Path) -> None:
    for number, name in ((11, "pulseaudio"), (12, "bash"), (13, "pipewire"), (14, "pulseaudio")):
        (tmp_path / str(number) / "task").mkdir(parents=True)
        (tmp_path / str(number) / "comm").write_text(f"{name}\n")
    (tmp_path / "15").mkdir()
    (tmp_path / "self").mkdir()
    found = servers.running_servers(tmp_path)
    assert found == (servers.Server("pipewire", False), servers.Server("pulseaudio", False))


def said_of_others(monkeypatch: pytest.MonkeyPatch, folder: Path, address: str = "") -> Finding:
    """What is said of other machines, on one that has a token and was never part of a cluster."""
    for variable in ("HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(variable, str(folder))
    monkeypatch.setenv("LIVESET_REMOTE", address)
    monkeypatch.setenv("RAY_AUTH_TOKEN", "0" * 64)
    (found,) = _remote()
    return found


def test_doctor_without_ray_says_how_it_comes_and_takes_it_for_no_fault(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def missing(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr("importlib.metadata.version", missing)
    found = said_of_others(monkeypatch, tmp_path)
    assert found.level == "ok" and "Ray is not installed" in found.what and "remote" in found.what


def test_doctor_says_whether_a_cluster_is_configured_and_answers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("importlib.metadata.version", lambda name: "2.60.0")
    assert said_of_others(monkeypatch, tmp_path).what.startswith("other machines: Ray 2.60.0, and no cluster")
    with socket.create_server(("127.0.0.1", 0)) as there:
        address = f"127.0.0.1:{there.getsockname()[1]}"
        found = said_of_others(monkeypatch, tmp_path, address)
        assert found.level == "ok" and f"the cluster at {address} answers" in found.what
    found = said_of_others(monkeypatch, tmp_path, address)
    assert (found.level, found.what) == ("note", f"other machines: Ray 2.60.0; no cluster answers at {address}")
    assert "remote head" in found.advice
