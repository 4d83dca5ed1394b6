"""Stable Audio 3 small behind one class: load a folder, make music, continue it, vary it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch

from engine.errors import GeneratorError
from engine.generators.stable_audio.model.autoencoder import Autoencoder
from engine.generators.stable_audio.model.checkpoint import Shapes, TensorFile
from engine.generators.stable_audio.model.composer import Composer, autoencoder_prefix
from engine.generators.stable_audio.model.conditioning import (
    Prompt,
    import_transformers,
    shares,
    weighted_prompts,
)
from engine.generators.stable_audio.model.config import ModelConfig
from engine.generators.stable_audio.model.config_file import read_config
from engine.generators.stable_audio.model.lora import Change, read_changes
from engine.generators.stable_audio.model.precision import PRECISIONS, Precision, measure_precisions
from engine.generators.stable_audio.model.sampling import FULL_STEPS, STEPS, Length, Noise, keep_mask, length_of, schedule
from engine.generators.stable_audio.model.transformer import Steady
from engine.models.files import check_text_folder

Audio = npt.NDArray[np.float32]
"""(frames, channels) float32 at the model's rate, full scale at 1."""

Latents = npt.NDArray[np.float32]
"""(latent width, latent frames) float32, as the checkpoint has them."""


class StableAudio:
    """A loaded checkpoint.

    Attributes:
        config: what its model_config.json says.
        rate: frames per second of all sound in and out.
        channels: of all sound in and out.
        composer: the parts that make latents; None for a standalone autoencoder.
        max_seconds: the longest piece it makes at once.
        full_steps: steps that are enough for this model; 0 for a standalone autoencoder.
        precision: what the large matrices run in, never "auto".
    """

    def __init__(self, config: ModelConfig, file: TensorFile, precision: Precision, device: torch.device) -> None:
        self.config, self.precision = config, precision
        self.rate, self.channels = config.rate, config.autoencoder.channels
        self.max_seconds = config.sample_size / config.rate
        self.full_steps = FULL_STEPS[config.diffusion.objective] if config.diffusion is not None else 0
        self._file, self._device = file, device
        self._changed: set[str] = set()
        prefix = autoencoder_prefix(file)
        self._autoencoder = Autoencoder(Shapes(file.shapes, prefix, file.path), config.autoencoder, precision)
        self.composer = None
        if config.diffusion is not None:
            folder = config.path.parent / config.diffusion.text_folder
            self.composer = Composer(file, config.diffusion, folder, precision, device)
        self._autoencoder.load(file, prefix, device)

    @classmethod
    def load(
        cls, folder: str | Path, precision: Precision | Literal["auto"] = "float32", device: str | torch.device = "cpu"
    ) -> StableAudio:
        """Load a published folder; nothing is ever fetched from the network.

        Args:
            folder: holds model_config.json, model.safetensors and the text encoder's folder (a standalone SAME-S: the first two).
            precision: float32 is exact; bfloat16 and int8 are faster; auto measures and picks (never int8).
            device: as torch names it.

        Raises:
            GeneratorError: a file is missing, truncated or of another model (all are checked before any is loaded), or the
                transformers package is missing.
        """
        if precision not in (*PRECISIONS, "auto"):
            raise GeneratorError(f"there is no precision {precision!r}", f"choose auto, {', '.join(PRECISIONS)}")
        config = read_config(Path(folder))
        file = TensorFile(Path(folder) / "model.safetensors")
        if config.diffusion is not None:
            check_text_folder(Path(folder) / config.diffusion.text_folder)
            import_transformers()
        where = torch.device(device)
        if precision == "int8" and where.type != "cpu":
            raise GeneratorError("int8 runs on the CPU only", "choose bfloat16")
        chosen = measure_precisions(where.type).best if precision == "auto" else precision
        with torch.inference_mode():
            return cls(config, file, chosen, where)

    def generate(
        self,
        prompt: Prompt,
        seconds: float,
        steps: int = 8,
        seed: int = 0,
        *,
        source: npt.ArrayLike | None = None,
        remake: Sequence[tuple[float, float]] | None = None,
        vary: npt.ArrayLike | None = None,
        amount: float = 0.6,
    ) -> Audio:
        """Make a piece of music.

        Args:
            prompt: text, or (text, weight) pairs; a weight may be a curve over the piece.
            seconds: how long, up to ``max_seconds``.
            steps: more is better and slower; ``full_steps`` are enough.
            seed: same seed, same machine: same samples.
            source: sound (frames, channels) that the piece keeps, but for what ``remake`` names.
            remake: (start, end) in seconds, made anew; by default from the source's end on: a continuation.
            vary: sound the piece is a variation of.
            amount: of the variation, above 0 (as it was) to 1 (nothing of it left).

        Returns:
            (int(seconds * rate), channels) float32.

        Raises:
            GeneratorError: what is asked for cannot be made; says why.
        """
        return np.concatenate(
            list(self.stream(prompt, seconds, steps, seed, source=source, remake=remake, vary=vary, amount=amount))
        )

    @torch.inference_mode()
    def stream(
        self,
        prompt: Prompt,
        seconds: float,
        steps: int = 8,
        seed: int = 0,
        *,
        source: npt.ArrayLike | None = None,
        remake: Sequence[tuple[float, float]] | None = None,
        vary: npt.ArrayLike | None = None,
        amount: float = 0.6,
        told_s: float | None = None,
        on_progress: Callable[[float], None] = lambda fraction: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Iterator[Audio]:
        """What ``generate`` makes, in blocks, each as soon as it is decoded.

        Args:
            told_s: how long the model is told that the piece is; of a longer one it makes the beginning, without an ending.
            on_progress: told the fraction of steps taken, 0..1, after each.
            cancelled: asked between steps and between blocks; once true the iterator ends early.
        """
        length = length_of(seconds, self.config)
        latents = torch.empty(0)
        for done, x in enumerate(self._steps(prompt, told_s or seconds, length, steps, seed, source, remake, vary, amount)):
            latents = x
            on_progress(done / steps)
            if cancelled():
                return
        for block in self._autoencoder.decode(latents, length.samples):
            yield block.cpu().numpy()
            if cancelled():
                return

    @torch.inference_mode()
    def latents(
        self,
        prompt: Prompt,
        seconds: float,
        steps: int = 8,
        seed: int = 0,
        *,
        source: npt.ArrayLike | None = None,
        remake: Sequence[tuple[float, float]] | None = None,
        vary: npt.ArrayLike | None = None,
        amount: float = 0.6,
    ) -> Latents:
        """What ``generate`` would decode: all latent frames, those beyond the piece's end included."""
        length = length_of(seconds, self.config)
        *_, last = self._steps(prompt, seconds, length, steps, seed, source, remake, vary, amount)
        return last.cpu().numpy()

    @torch.inference_mode()
    def encode(self, audio: npt.ArrayLike) -> Latents:
        """Sound (frames, channels), zero-padded to whole chunks -> latents (latent width, latent frames)."""
        return self._autoencoder.encode(self._audio(audio)).cpu().numpy()

    @torch.inference_mode()
    def decode(self, latents: npt.ArrayLike) -> Audio:
        """Latents (latent width, latent frames) -> sound (latent frames * ratio, channels)."""
        given = torch.as_tensor(np.asarray(latents, dtype=np.float32), device=self._device)
        given = given[0] if given.ndim == 3 and len(given) == 1 else given
        width = self.config.autoencoder.width
        if given.ndim != 2 or len(given) != width:
            raise GeneratorError(
                f"latents of shape {tuple(given.shape)} cannot be decoded", f"their shape must be ({width}, frames)"
            )
        samples = given.shape[1] * self.config.autoencoder.ratio
        return torch.cat(list(self._autoencoder.decode(given, samples))).cpu().numpy()

    @torch.inference_mode()
    def set_loras(self, loras: Sequence[tuple[str | Path, float]]) -> None:
        """Use these LoRA files, each at its strength, stacked in order; replaces what was set. An empty list takes all away.

        Weights are read from the checkpoint again, so that strengths may move as often as wanted without wearing them.

        Raises:
            GeneratorError: a file that cannot be used; then nothing has changed.
        """
        composer = self._composing()
        stacks: dict[str, list[tuple[Change, float]]] = {}
        for path, strength in loras:
            for name, change in read_changes(Path(path), self._file.shapes).items():
                if name not in composer.linears:
                    raise GeneratorError(
                        f"{path} changes {name}, which is no layer that can be changed", "use a LoRA file made for this model"
                    )
                stacks.setdefault(name, []).append((change, float(strength)))
        for name in self._changed | set(stacks):
            weight = self._file.read(name + ".weight").float()
            for change, strength in stacks.get(name, []):
                weight = change.apply(weight, strength)
            composer.linears[name].set_weight(weight.to(self._device))
        self._changed = set(stacks)

    def _composing(self) -> Composer:
        if self.composer is None:
            raise GeneratorError(
                f"{self._file.path} is an autoencoder alone and makes no music", "load a whole Stable Audio folder"
            )
        return self.composer

    def _steps(
        self,
        prompt: Prompt,
        seconds: float,
        length: Length,
        steps: int,
        seed: int,
        source: npt.ArrayLike | None,
        remake: Sequence[tuple[float, float]] | None,
        vary: npt.ArrayLike | None,
        amount: float,
    ) -> Iterator[torch.Tensor]:
        """The latents (width, total) before the first step and after each."""
        composer = self._composing()
        if source is None and remake is not None:
            raise GeneratorError("there is no source to make parts of again", "give the source, or leave out what to re-make")
        if vary is not None and not 0 < amount <= 1:
            raise GeneratorError(f"a variation cannot have the amount {amount}", "give more than 0 and at most 1")
        times = schedule(steps, length.frames, composer.config.shift, amount if vary is not None else 1.0)
        noise = Noise(seed, (1, composer.transformer.latent_width, length.total), self._device)
        local = None if source is None else self._local(composer, source, remake, length)
        steady = self._steady(composer, prompt, seconds, length, local, times[:-1])
        x = noise.draw()
        if vary is not None:
            whole = self._audio(vary, length.total * self.config.autoencoder.ratio)
            x = self._autoencoder.encode(whole)[None, :, : length.total] * (1 - amount) + x * amount
        yield x[0]
        advance = STEPS[composer.config.objective]
        for index in range(steps):
            velocity = composer.transformer(x, index, steady)
            x = advance(x, velocity, float(times[index]), float(times[index + 1]), noise)
            yield x[0]

    def _steady(
        self, composer: Composer, prompt: Prompt, seconds: float, length: Length, local: torch.Tensor | None, times: torch.Tensor
    ) -> Steady:
        prompts = weighted_prompts(prompt)
        duration = composer.conditioner.seconds(seconds, self._device)
        parts = shares([curve for _, curve in prompts], length.frames, length.total)
        return composer.transformer.prepare(
            contexts=[composer.conditioner.context(composer.text.encode(text), duration) for text, _ in prompts],
            shares=None if parts is None else parts.to(self._device),
            seconds=duration,
            local=local,
            times=times,
            real=(torch.arange(length.total) < length.real).float(),
        )

    def _local(
        self, composer: Composer, source: npt.ArrayLike, remake: Sequence[tuple[float, float]] | None, length: Length
    ) -> torch.Tensor:
        """The local condition (total, 1 + width): which frames of the source are kept, and their latents."""
        if not composer.config.inpaints:
            raise GeneratorError(
                f"the model in {self.config.path} cannot continue a sound", "choose another model with LIVESET_MODEL"
            )
        ratio = self.config.autoencoder.ratio
        given = self._audio(source)
        if remake is None and len(given) >= length.samples:
            raise GeneratorError(
                "the source is as long as the piece, so that there is nothing to continue", "name what to re-make"
            )
        spans = [(len(given) / self.rate, length.samples / self.rate)] if remake is None else list(remake)
        if any(not 0 <= start < end for start, end in spans):
            raise GeneratorError(f"{spans} cannot be made again", "name spans (start, end) in seconds that end after they start")
        kept = keep_mask(spans, length, self.rate, ratio).to(self._device)
        latents = self._autoencoder.encode(self._audio(source, length.total * ratio), wanted=kept)[:, : length.total]
        return torch.cat((kept[None], latents * kept)).T

    def _audio(self, audio: npt.ArrayLike, samples: int | None = None) -> torch.Tensor:
        """Sound as a tensor (frames, channels), cut or zero-padded to ``samples``; mono is spread over all channels."""
        array = np.asarray(audio, dtype=np.float32)
        array = array[:, None] if array.ndim == 1 else array
        if array.ndim != 2 or array.shape[1] not in (1, self.channels) or not len(array):
            raise GeneratorError(
                f"sound of shape {array.shape} cannot be used", f"it must be (frames, {self.channels}) at {self.rate} Hz"
            )
        if not np.isfinite(array).all():
            raise GeneratorError(
                "the sound given holds values that are not finite numbers", "every sample must be a finite number"
            )
        tensor = torch.tensor(array, device=self._device).expand(-1, self.channels)
        if samples is None:
            return tensor
        return torch.nn.functional.pad(tensor[:samples], (0, 0, 0, max(0, samples - len(tensor))))
