"""Where downloaded models lie, and which there are to download; light enough for every process."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import platformdirs

from engine.command_line import add_the_extra, command
from engine.errors import GeneratorError

MUSIC: Final = "small-music"
CONFIG_FILE: Final = "model_config.json"
ADD_THE_EXTRA: Final = add_the_extra("stable-audio")
"""How to install what Stable Audio needs."""

PARTIAL: Final = ".partial"
"""Below the root: folders of models that are still arriving."""


@dataclass(frozen=True, slots=True)
class Licence:
    """Terms somebody agrees to by using a model."""

    name: str
    url: str


STABILITY: Final = Licence("Stability AI Community License", "https://stability.ai/license")
GEMMA: Final = Licence("Gemma Terms of Use", "https://ai.google.dev/gemma/terms")


@dataclass(frozen=True, slots=True)
class Model:
    """A published model that the generators can load.

    Attributes:
        name: its folder below the root, and what the commands call it.
        repository: on the Hugging Face Hub.
        what: what it is for, in a few words.
        weights_gb: 10^9 bytes of its own weights in float32; the text encoder comes on top.
        gated: the Hub hands it to people who accepted its licence on the model's page.
        licences: of the weights, and of the text encoder published with them.
    """

    name: str
    repository: str
    what: str
    weights_gb: float
    gated: bool
    licences: tuple[Licence, ...] = (STABILITY, GEMMA)

    @property
    def page(self) -> str:
        """Where the licence is read and accepted."""
        return f"https://huggingface.co/{self.repository}"


CATALOGUE: Final = (
    Model(MUSIC, "stabilityai/stable-audio-3-small-music", "music, up to 120 s", 2.3, True),
    Model("small-sfx", "stabilityai/stable-audio-3-small-sfx", "sound effects, up to 120 s", 2.3, True),
    Model("small-music-base", "stabilityai/stable-audio-3-small-music-base", "music, 50 steps, for fine-tuning", 2.3, False),
    Model("small-sfx-base", "stabilityai/stable-audio-3-small-sfx-base", "effects, 50 steps, for fine-tuning", 2.3, False),
    Model("same-s", "stabilityai/SAME-S", "the autoencoder alone", 0.4, False, (STABILITY,)),
)
"""Sizes from the published parameter counts: 459 M of transformer, 108 M of autoencoder."""


def published(name: str) -> Model:
    """The catalogue's entry of a name.

    Raises:
        GeneratorError: there is none.
    """
    for model in CATALOGUE:
        if model.name == name:
            return model
    raise GeneratorError(f'there is no model "{name}"', f"there are {', '.join(model.name for model in CATALOGUE)}")


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
    if not (folder / CONFIG_FILE).is_file():
        raise GeneratorError(
            f"the model {name} is not installed (looked in {models_root()})",
            f"get it: {command(f'models pull {name}')}, or copy it from a folder: {command('models import FOLDER')}",
        )
    return folder


def chosen_model() -> str:
    """The name of the model that sets play on: $LIVESET_MODEL, or small-music."""
    return os.environ.get("LIVESET_MODEL") or MUSIC


def installed() -> tuple[str, ...]:
    """Names of the models that are here, sorted."""
    root = models_root()
    if not root.is_dir():
        return ()
    return tuple(sorted(entry.name for entry in root.iterdir() if entry.name != PARTIAL and (entry / CONFIG_FILE).is_file()))
