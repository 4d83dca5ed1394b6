"""What other processes ask of this package without loading torch themselves; the answer is one line of JSON.

``python -m engine.generators.stable_audio``: which precision "auto" picks here, and the speeds measured for it.
``python -m engine.generators.stable_audio FOLDER``: whether this folder's model can be loaded; nothing of it is.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from engine.errors import LivesetError
from engine.generators.stable_audio.model.checkpoint import TensorFile
from engine.generators.stable_audio.model.config_file import read_config
from engine.generators.stable_audio.model.precision import measure_precisions
from engine.models.files import check_text_folder


def _measured() -> dict[str, object]:
    found = measure_precisions()
    return {"best": found.best, "gigaflops": found.gigaflops}


def _checked(folder: Path) -> dict[str, object]:
    try:
        config = read_config(folder)
        TensorFile(folder / "model.safetensors")
        if config.diffusion is not None:
            check_text_folder(folder / config.diffusion.text_folder)
    except LivesetError as error:
        return {"message": error.message, "hint": error.hint}
    return {}


if __name__ == "__main__":
    print(json.dumps(_checked(Path(sys.argv[1])) if len(sys.argv) > 1 else _measured()))
