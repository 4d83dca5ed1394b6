"""Where downloaded models lie, and which there are to download; light enough for every process."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

from engine.errors import GeneratorError

MUSIC = "small-music"


def models_root() -> Path:
    """The folder of all models: $LIVESET_MODELS, or the platform's data folder."""
    chosen = os.environ.get("LIVESET_MODELS")
    return Path(chosen).expanduser() if chosen else platformdirs.user_data_path("liveset") / "models"


def model_folder(name: str = MUSIC) -> Path:
    """The folder of an installed model.

    Raises:
        GeneratorError: it is not here.
    """
    folder = models_root() / name
    if not (folder / "model_config.json").is_file():
        raise GeneratorError(
            f"the model {name} is not installed (looked in {models_root()})",
            f"get it: liveset models pull {name}, or copy it from a folder: liveset models import FOLDER",
        )
    return folder
