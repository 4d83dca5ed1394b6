"""What every generator imports, for `tests.support.forked_workers`."""

from __future__ import annotations

import contextlib

import torch

import engine.generators.pocket.generator
import engine.generators.stable_audio.generator
import engine.generators.worker  # noqa: F401

torch.set_num_threads(1)

with contextlib.suppress(ImportError):
    import transformers  # noqa: F401
