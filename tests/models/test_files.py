"""Models on disk: where they are looked for, what is wrong with a broken one, and that a copy is the same."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from engine.errors import GeneratorError
from engine.models.files import check_folder, import_folder, read_manifest, text_encoder, verify_folder
from engine.models.registry import CATALOGUE, installed, model_folder, models_root, published

TINY = Path(__file__).parents[1] / "generators" / "stable_audio" / "data" / "tiny"
WEIGHTS = "model.safetensors"
TEXT = "t5gemma-b-b-ul2"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LIVESET_MODELS", str(tmp_path / "models"))
    return tmp_path / "models"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model's folder that a test may spoil."""
    shutil.copytree(TINY, tmp_path / "copy", ignore=shutil.ignore_patterns("expected*", "cases*", "*lora*", "dora*"))
    return tmp_path / "copy"


def cut(path: Path, length: int) -> None:
    path.write_bytes(path.read_bytes()[:length])


def test_models_folder_follows_the_environment(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert models_root() == root
    monkeypatch.delenv("LIVESET_MODELS")
    assert models_root().parts[-2:] == ("liveset", "models")


def test_missing_model_is_named_with_the_commands_that_fetch_it(root: Path) -> None:
    with pytest.raises(GeneratorError, match=r"small-sfx is not installed.*models pull small-sfx.*models import"):
        model_folder("small-sfx")


def test_catalogue_names_are_unique_and_known() -> None:
    assert len({model.name for model in CATALOGUE}) == len({model.repository for model in CATALOGUE}) == len(CATALOGUE)
    assert published("small-music").page == "https://huggingface.co/stabilityai/stable-audio-3-small-music"
    with pytest.raises(GeneratorError, match="there are small-music"):
        published("large")


def test_import_can_be_found_and_verified(root: Path, folder: Path) -> None:
    counted: list[int] = []
    place = import_folder(folder, "small-music", counted.append)
    assert place == root / "small-music" == model_folder()
    assert installed() == ("small-music",)
    assert sum(counted) == sum((place / name).stat().st_size for name in check_folder(place))
    assert verify_folder(place) == len(check_folder(place)) == 7
    for name in check_folder(folder):
        assert (place / name).read_bytes() == (folder / name).read_bytes()
    assert list(root.iterdir()) == [place]


def test_linked_import_takes_no_disk_space(root: Path, folder: Path) -> None:
    place = import_folder(folder, "small-music", link=True)
    assert (place / WEIGHTS).samefile(folder / WEIGHTS)
    assert verify_folder(place) == 7


def test_second_import_of_a_name_changes_nothing(root: Path, folder: Path) -> None:
    import_folder(folder, "small-music")
    with pytest.raises(GeneratorError, match="is here already"):
        import_folder(folder, "small-music")
    assert verify_folder(model_folder()) == 7


@pytest.mark.parametrize(
    ("name", "length", "says"),
    [
        (WEIGHTS, 2_000_000, "truncated: 2,000,000 of 2,884,706 bytes"),
        (WEIGHTS, 1000, "truncated or no safetensors"),
        (WEIGHTS, 0, "truncated or no safetensors"),
        (f"{TEXT}/{WEIGHTS}", 300_000, "truncated"),
        ("model_config.json", 500, "not valid JSON"),
        (f"{TEXT}/config.json", 20, "not valid JSON"),
    ],
)
def test_truncated_file_is_named(root: Path, folder: Path, name: str, length: int, says: str) -> None:
    cut(folder / name, length)
    with pytest.raises(GeneratorError, match=says) as caught:
        import_folder(folder, "small-music")
    assert str(folder / name) in caught.value.message
    assert not (root / "small-music").exists()


@pytest.mark.parametrize("name", ["model_config.json", WEIGHTS, f"{TEXT}/config.json", f"{TEXT}/tokenizer.json"])
def test_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(GeneratorError, match="is missing") as caught:
        check_folder(folder)
    assert str(folder / name) in caught.value.message


def test_wrong_file_under_the_right_name_is_named(folder: Path) -> None:
    (folder / WEIGHTS).write_bytes(b"<!doctype html>" * 100)
    with pytest.raises(GeneratorError, match="truncated or no safetensors file"):
        check_folder(folder)
    (folder / "model_config.json").write_text('{"architectures": []}')
    with pytest.raises(GeneratorError, match="not the configuration of a Stable Audio model"):
        check_folder(folder)


def test_one_changed_byte_is_found_by_its_hash(root: Path, folder: Path) -> None:
    place = import_folder(folder, "small-music")
    data = bytearray((place / WEIGHTS).read_bytes())
    data[-1] ^= 1
    (place / WEIGHTS).write_bytes(data)
    check_folder(place)
    with pytest.raises(GeneratorError, match=r"model\.safetensors.*SHA-256"):
        verify_folder(place)


def test_copied_model_is_checked_against_its_manifest(root: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = import_folder(folder, "small-music")
    monkeypatch.setenv("LIVESET_MODELS", str(root.parent / "other"))
    import_folder(place, "small-music")
    known, copied = read_manifest(place), read_manifest(model_folder())
    assert known == copied
    data = bytearray((place / WEIGHTS).read_bytes())
    data[-1] ^= 1
    (place / WEIGHTS).write_bytes(data)
    with pytest.raises(GeneratorError, match="not what its manifest says"):
        import_folder(place, "again")
    assert installed() == ("small-music",)


def test_full_disk_is_reported_before_copying(root: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(total=10, used=9, free=1))
    with pytest.raises(GeneratorError, match=r"no room.*LIVESET_MODELS"):
        import_folder(folder, "small-music")
    assert not root.exists()


def test_text_encoder_is_where_the_configuration_says() -> None:
    config = json.loads((TINY / "model_config.json").read_text("utf-8"))
    assert text_encoder(config) == ("stabilityai/stable-audio-3-small-music", TEXT)
    assert text_encoder({"model": {}}) is None


def test_model_files_are_checked_without_torch() -> None:
    heavy = "torch", "huggingface_hub", "transformers", "numpy"
    code = f"import sys, engine.models.files; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
