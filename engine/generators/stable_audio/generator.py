"""Stable Audio as the set's generator: sections that continue each other, vary, and lie on the grid."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final, cast

import numpy as np
import numpy.typing as npt

from engine.command_line import command
from engine.errors import GeneratorError, LivesetError
from engine.generators.base import Block
from engine.generators.stable_audio.model.config import EXTRA_SECONDS
from engine.generators.stable_audio.model.model import StableAudio
from engine.generators.stable_audio.model.precision import Precision
from engine.generators.stable_audio.section import material
from engine.generators.stable_audio.section.level import CEILING, Levelling, limited
from engine.generators.stable_audio.section.mend import Mending, measured
from engine.generators.stable_audio.section.piece import KEPT_S, MOST_STRETCH, Piece, plan_piece, plan_remake
from engine.generators.stable_audio.section.stretch import crossed
from engine.generators.stable_audio.section.tail import unfaded
from engine.models.registry import chosen_model, model_folder
from engine.protocol import GridFit, SectionRequest, Traits
from engine.timebase import SAMPLE_RATE, Grid

Audio = npt.NDArray[np.float32]

BLOCK: Final = SAMPLE_RATE
STEP_SHARE: Final = 0.7
"""The part of the time a piece takes that goes into its steps; the rest goes into decoding."""

HALF_BEAT_S: Final = 1.5
"""Seconds of half a beat at 20 BPM, the slowest tempo."""

_SEEDS: Final = 2**63


class _Cancelled(Exception):
    """Nobody wants the section any more."""


class StableAudioSections:
    """Makes a section as one piece of the model's, mends its grid and level, and hands it out in blocks of a second.

    A piece is measured on its first seconds, so that the first blocks come while the rest is still being decoded. The model is
    told of a longer piece than it makes: it writes no ending into it.

    Attributes:
        fit: how the section made last lay on the grid; None before the first, and after one that failed.
    """

    name = "stable-audio"
    rate = SAMPLE_RATE

    def __init__(self, folder: Path | None = None, model: StableAudio | None = None) -> None:
        """Read the model from ``folder``, by default the installed one, unless ``model`` is it."""
        self.fit: GridFit | None = None
        self._folder, self._model = folder, model
        self._loras: tuple[tuple[str, float], ...] = ()

    @property
    def traits(self) -> Traits:
        """What plans and estimates need to know of it. Loads the model.

        Its longest piece also holds what mending the grid may need: some stretching, and half a beat.
        """
        model = self._ready()
        return Traits(
            stems=("mix",),
            max_seconds=model.max_seconds * (1 - MOST_STRETCH) - HALF_BEAT_S,
            steps=model.full_steps,
            step_share=STEP_SHARE,
            kept_s=KEPT_S,
            most_stretched=material.MOST_STRETCHED,
        )

    def warm_up(self) -> None:
        """Load the model; $LIVESET_PRECISION may choose float32, bfloat16 or int8 instead of the fastest that is as good.

        Raises:
            GeneratorError: it is not installed, not whole, makes no music, or the transformers package is missing.
        """
        self._ready()

    def generate(
        self, request: SectionRequest, on_progress: Callable[[float], None], cancelled: Callable[[], bool]
    ) -> Iterator[Block]:
        """See `engine.generators.base.Generator.generate`."""
        self.fit = None
        try:
            request = replace(request, steps=request.steps or self._ready().full_steps)
            skip = request.from_frame
            for part in self._made(request, on_progress, cancelled):
                for start in range(min(skip, len(part)), len(part), BLOCK):
                    if cancelled():
                        return
                    yield part[start : start + BLOCK, None, :]
                skip = max(0, skip - len(part))
        except _Cancelled:
            return
        except LivesetError:
            raise
        except (RuntimeError, MemoryError, OSError, ValueError, ArithmeticError, LookupError) as error:  # torch: memory, mostly
            message = " ".join(str(error).split())[:200] or type(error).__name__
            raise GeneratorError(f"Stable Audio could not make the section: {message}", "try fewer bars") from error

    def _ready(self) -> StableAudio:
        if self._model is None:
            precision = cast(Precision, os.environ.get("LIVESET_PRECISION") or "auto")
            folder = self._folder or model_folder(chosen_model())
            model = StableAudio.load(folder, precision=precision)
            if model.composer is None:
                raise GeneratorError(f"{folder} is an autoencoder alone and makes no music", "choose another model")
            self._model = model
        return self._model

    def _made(
        self, request: SectionRequest, on_progress: Callable[[float], None], cancelled: Callable[[], bool]
    ) -> Iterator[Audio]:
        """The section in parts (frames, 2), each as soon as it is safe; its fit once all of it was taken."""
        model = self._ready()
        loras = tuple((lora.path, lora.strength) for lora in request.loras)
        if loras != self._loras:
            model.set_loras(loras)
            self._loras = loras
        if request.remake_bars is not None:
            section, fit = self._remade(model, request, on_progress, cancelled)
            yield section
        else:
            piece = plan_piece(request, model.rate, model.config.sample_size)
            fit = yield from self._flowing(model, piece, request, on_progress, cancelled)
        self.fit = replace(fit, full_steps=model.full_steps)

    def _flowing(
        self,
        model: StableAudio,
        piece: Piece,
        request: SectionRequest,
        on_progress: Callable[[float], None],
        cancelled: Callable[[], bool],
    ) -> Generator[Audio, None, GridFit]:
        """Make the piece until it lies on the grid, with one seed after the other, and mend the best while it is decoded.

        Each is measured on its first seconds: of one that is no use no more is decoded.
        """
        origin = Grid(request.bpm, request.beats_per_bar, self.rate).frame_of_bar(piece.lead_bars)
        found: list[tuple[float, Mending, Iterator[Audio], bool]] = []
        for number in range(max(1, request.tries)):
            mending = Mending(self.rate, request, origin, piece.source is not None)
            sound = self._sound(model, piece, request, (request.seed + number) % _SEEDS, on_progress, cancelled)
            over = _fed(mending, sound)
            while not mending.measure(over):
                over = _fed(mending, sound)
            found.append((mending.off, mending, sound, over))
            if not mending.off:
                break
        _, mending, sound, over = min(found, key=lambda each: each[0])
        levelling, parts = Levelling(self.rate, request.energy), []
        body = Grid(request.bpm, request.beats_per_bar, self.rate).frame_of_bar(request.bars)
        sent = 0
        while True:
            parts.append(levelling.take(mending.take(over), over))
            if len(part := parts[-1][: max(0, body - sent)]):
                sent += len(part)
                yield part
            if over:
                break
            over = _fed(mending, sound)
            mending.measure(over)
        section = np.concatenate(parts)
        on_progress(1.0)
        yield unfaded(section, request, self.rate)
        return mending.fit(section, len(found), request.steps)

    def _remade(
        self,
        model: StableAudio,
        request: SectionRequest,
        on_progress: Callable[[float], None],
        cancelled: Callable[[], bool],
    ) -> tuple[Audio, GridFit]:
        """A section with some bars made again, the rest as it was to the sample."""
        piece, start, _, begin = plan_remake(request, model.rate, model.config.sample_size)
        made = np.concatenate(list(self._sound(model, piece, request, request.seed % _SEEDS, on_progress, cancelled)))
        out = material.whole(request, self.rate).copy()
        grid = Grid(request.bpm, request.beats_per_bar, self.rate)
        assert request.remake_bars is not None
        first, last = grid.frame_of_bar(request.remake_bars[0] - 1), grid.frame_of_bar(request.remake_bars[1])
        fade = round(grid.frames_per_beat / 8)
        lead_in = min(fade, first)
        # the fades end on the bar lines: the first new and the first kept downbeat are heard whole
        skipped = round((start - begin) / model.rate * self.rate) - lead_in
        new = limited(made[max(0, skipped) :][: last - first + lead_in], self.rate)
        lead_in -= max(0, -skipped)
        out[first - lead_in : first] = crossed(out[first - lead_in : first], new[:lead_in], 0.5)
        tail = out[last - fade : last].copy()
        body = new[lead_in:][: last - first]
        out[first : first + len(body)] = body
        out[last - fade : last] = crossed(out[last - fade : last], tail, 0.5)
        edge = out[first - lead_in : last]
        np.clip(edge, -CEILING, CEILING, out=edge)  # where two sounds meet
        on_progress(1.0)
        return out, measured(out, self.rate, request, first, last)

    def _sound(
        self,
        model: StableAudio,
        piece: Piece,
        request: SectionRequest,
        seed: int,
        on_progress: Callable[[float], None],
        cancelled: Callable[[], bool],
    ) -> Iterator[Audio]:
        """The piece in blocks (frames, 2), as they are decoded; in a single one where it has to be resampled.

        Raises:
            _Cancelled: while it was being made.
        """
        done, seconds = 0, piece.frames / model.rate
        waiting: list[Audio] = []
        for made in model.stream(
            piece.prompt,
            (piece.frames + 0.5) / model.rate,  # half a frame more: truncating never loses one
            request.steps,
            seed,
            source=piece.source,
            remake=None if piece.remake is None else [piece.remake],
            vary=piece.vary,
            amount=min(1.0, max(0.01, request.vary_amount if piece.amount is None else piece.amount)),
            told_s=min(model.config.sample_size / model.rate, seconds + EXTRA_SECONDS),
            on_progress=lambda fraction: on_progress(fraction * STEP_SHARE),
            cancelled=cancelled,
        ):
            block = made[: piece.frames - done]
            done += len(block)
            on_progress(STEP_SHARE + (1 - STEP_SHARE) * done / piece.frames)
            if not np.isfinite(block).all():
                raise GeneratorError("Stable Audio made sound that is no number", f"{command('models verify')} checks its files")
            waiting.append(block if block.shape[1] == 2 else np.repeat(block[:, :1], 2, axis=1))
            if model.rate == self.rate:
                yield waiting.pop()
        if cancelled() or not done:
            raise _Cancelled
        if waiting:
            yield material.resampled(np.concatenate(waiting), model.rate, self.rate)


def _fed(mending: Mending, sound: Iterator[Audio]) -> bool:
    """Hand on the next block of a piece. Returns whether there is none any more."""
    block = next(sound, None)
    if block is not None:
        mending.feed(block)
    return block is None
