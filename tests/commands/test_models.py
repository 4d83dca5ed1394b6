"""`liveset models`: the Hub's client against a Hub on this machine, and what the commands say."""

from __future__ import annotations

import importlib.util
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import typer

from engine.errors import GeneratorError
from engine.models.files import partial_folder, read_manifest, verify_folder
from engine.models.registry import installed, model_folder, published
from liveset.commands import hub as pulling
from liveset.commands import models as modelling
from liveset.commands.hub import Hub, pull, survey
from liveset.commands.models import import_model, remove_model, show_models, verify_models
from tests.commands.hub import COMMIT, TinyHub

TINY = Path(__file__).parents[1] / "generators" / "stable_audio" / "data" / "tiny"
MUSIC = published("small-music")
TEXT = "t5gemma-b-b-ul2"


def published_files() -> dict[str, bytes]:
    names = ["model_config.json", "model.safetensors", *(f"{TEXT}/{path.name}" for path in (TINY / TEXT).iterdir())]
    files = {name: (TINY / name).read_bytes() for name in names}
    return {**files, "LICENSE.md": b"terms", "README.md": b"words", "model.ckpt": b"not wanted" * 20_000}


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LIVESET_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.delenv("HF_TOKEN", raising=False)
    return tmp_path / "models"


@pytest.fixture
def hub() -> Iterator[TinyHub]:
    served = TinyHub({MUSIC.repository: published_files()})
    yield served
    served.close()


def fetch(hub: TinyHub, name: str = "small-music") -> list[int]:
    """Pull a model and return the bytes that were counted."""
    client, counted = Hub(hub.endpoint), list[int]()
    pull(client, published(name), survey(client, published(name)), counted.append)
    return counted


def test_pulled_model_is_complete_and_records_its_source(hub: TinyHub, root: Path) -> None:
    counted = fetch(hub)
    place = model_folder()
    fetched = {str(path.relative_to(place)) for path in place.rglob("*") if path.is_file()}
    assert fetched == {*published_files(), "liveset.json"} - {"README.md", "model.ckpt"}
    assert sum(counted) == sum(len(data) for name, data in published_files().items() if name in fetched)
    assert verify_folder(place) == len(fetched) - 1
    manifest = read_manifest(place)
    assert manifest is not None
    assert manifest.source == f"{MUSIC.repository}@{COMMIT}"
    assert list(root.iterdir()) == [place]


def test_interrupted_download_resumes(hub: TinyHub) -> None:
    hub.stop_after = [150_000, 0]
    with pytest.raises(GeneratorError, match=r"connection to the Hub failed.*run it again to go on"):
        fetch(hub)
    assert installed() == ()
    part = partial_folder("small-music") / TEXT / "model.safetensors.part"
    assert part.stat().st_size == 150_000
    hub.asked.clear()
    fetch(hub)
    assert (f"{TEXT}/model.safetensors", "bytes=150000-") in hub.asked
    assert ("LICENSE.md", "") not in hub.asked, "what is there whole is not fetched twice"
    assert verify_folder(model_folder()) == 8


def test_broken_connection_is_retried_at_once(hub: TinyHub) -> None:
    hub.stop_after = [150_000]
    counted = fetch(hub)
    assert sum(counted) == sum(
        path.stat().st_size for path in model_folder().rglob("*") if path.name != "liveset.json" and path.is_file()
    )


def test_server_without_ranges_starts_again(hub: TinyHub) -> None:
    hub.stop_after, hub.ranges = [150_000], False
    fetch(hub)
    assert verify_folder(model_folder()) == 8


@pytest.mark.parametrize("name", ["model.safetensors", f"{TEXT}/tokenizer.json"])
def test_damaged_download_is_discarded(hub: TinyHub, name: str) -> None:
    hub.damaged = name
    with pytest.raises(GeneratorError, match=f"{name} arrived damaged"):
        fetch(hub)
    assert installed() == ()
    hub.damaged = ""
    fetch(hub)
    assert verify_folder(model_folder()) == 8


def test_refused_download_lists_the_steps_to_take(hub: TinyHub, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.gated = True
    with pytest.raises(GeneratorError) as refused:
        fetch(hub)
    for said in (MUSIC.page, "accept its licence", "hf auth login"):
        assert said in str(refused.value), said
    assert "\n" not in str(refused.value)
    monkeypatch.setenv("HF_TOKEN", "accepted")
    fetch(hub)
    assert installed() == ("small-music",)


def test_text_encoder_of_another_repository_is_fetched_too(hub: TinyHub) -> None:
    base = published("small-music-base")
    own = {name: data for name, data in published_files().items() if not name.startswith(TEXT)}
    hub.repositories = {**hub.repositories, base.repository: own}
    fetch(hub, "small-music-base")
    assert verify_folder(model_folder("small-music-base")) == 8


def test_missing_hub_file_is_reported(hub: TinyHub) -> None:
    with pytest.raises(GeneratorError, match="SAME-S is not on the Hub"):
        fetch(hub, "same-s")
    hub.repositories = {MUSIC.repository: {"README.md": b"soon"}}
    with pytest.raises(GeneratorError, match=r"has no model_config\.json"):
        fetch(hub)


def test_file_outside_the_folder_is_refused(hub: TinyHub) -> None:
    hub.repositories = {MUSIC.repository: {**published_files(), "../../evil.json": b"{}"}}
    with pytest.raises(GeneratorError, match="outside itself"):
        fetch(hub)


def test_no_network_is_one_sentence(hub: TinyHub) -> None:
    hub.close()
    with pytest.raises(GeneratorError, match="the connection to the Hub failed") as error:
        fetch(hub)
    assert "\n" not in str(error.value)


def test_full_disk_is_reported_before_the_download(hub: TinyHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(total=10, used=9, free=1_000_000))
    with pytest.raises(GeneratorError, match="no room"):
        fetch(hub)
    assert [name for name, _ in hub.asked] == ["model_config.json"]


def test_pull_without_the_extra_names_the_command_that_adds_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(GeneratorError, match=r"pip install \"liveset\[stable-audio\]\""):
        Hub()


def test_pull_command_explains_the_licence_and_ends_with_what_to_do(
    hub: TinyHub, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(pulling, "Hub", lambda: Hub(hub.endpoint))
    modelling.pull_model("small-music")
    said = capsys.readouterr().out
    for word in ("Stability AI Community License", "Gemma Terms of Use", MUSIC.page, "8 files", "--generator stable-audio"):
        assert word in said, word
    modelling.pull_model("small-music")
    assert "is here already" in capsys.readouterr().out


def test_import_verify_list_and_remove(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    import_model(TINY, None, False)
    verify_models(None)
    show_models()
    said = capsys.readouterr().out
    assert "✓ small-music is whole: checked 7 files by their SHA-256" in said
    assert f"from {TINY}" in said
    monkeypatch.setattr(typer, "confirm", lambda question: False)
    remove_model("small-music", False)
    assert installed() == ("small-music",)
    remove_model("small-music", True)
    assert installed() == ()


def test_name_is_guessed_from_the_folder_then_from_the_configuration(tmp_path: Path) -> None:
    config = json.loads((TINY / "model_config.json").read_text("utf-8"))
    guess = modelling.guess_name
    assert (
        guess(tmp_path / "models--stabilityai--stable-audio-3-small-sfx-base" / "snapshots" / "abc", config) == "small-sfx-base"
    )
    assert guess(tmp_path / "small-sfx", config) == "small-sfx"
    assert guess(tmp_path / "download", config) == "small-music"
    config["model"]["diffusion"]["diffusion_objective"] = "rectified_flow"
    assert guess(tmp_path / "download", config) == "small-music-base"
    with pytest.raises(GeneratorError, match="--name"):
        guess(tmp_path / "download", {"model": {}})


def test_model_of_another_kind_is_not_imported(tmp_path: Path) -> None:
    shutil.copytree(TINY, tmp_path / "medium")
    path = tmp_path / "medium" / "model_config.json"
    config = json.loads(path.read_text("utf-8"))
    config["model"]["pretransform"]["config"]["decoder"]["config"]["sinusoidal_blocks"] = [2]
    path.write_text(json.dumps(config))
    with pytest.raises(GeneratorError, match=r"sinusoidal_blocks.*only SAME-S is known"):
        import_model(tmp_path / "medium", None, False)
    assert installed() == ()
