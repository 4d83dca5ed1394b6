"""Stable Audio 3 small: text to stereo music with a diffusion transformer, on this machine alone.

The text encoder comes from the transformers package (an extra of liveset); nothing here ever asks the network.
"""

from engine.generators.stable_audio.model.model import StableAudio
from engine.generators.stable_audio.model.precision import Measured, measure_precisions

__all__ = ["Measured", "StableAudio", "measure_precisions"]
