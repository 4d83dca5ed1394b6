"""Render every style for about a minute and show it on one page: sound, picture and measures.

    python scripts/gallery.py --out FOLDER [--seconds 60] [--seed 1] [style ...]

FOLDER gets a FLAC file and a picture a style (level, spectrogram, self-similarity), and index.html to open in a browser.
"""

from __future__ import annotations

import argparse
import html
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

import matplotlib
import numpy as np
import numpy.typing as npt
import soundfile
import torch
from matplotlib.axes import Axes
from scipy import signal

from engine.analysis.beat import onset_strength, tempo
from engine.analysis.key import estimate_key, key_score
from engine.analysis.loudness import integrated_lufs, longest_silence_ms, true_peak_dbtp
from engine.conductor.planning.plan import PlannedSection, beyond
from engine.generators.pocket import Pocket
from engine.prompts.mix import decide_beats, decide_bpm, decide_key, parse
from engine.prompts.vocabulary import style_names
from engine.protocol import Neighbour, PromptWeight, Role, SectionRequest

matplotlib.use("Agg")
import matplotlib.pyplot as plt

Audio = npt.NDArray[np.float32]

_ARC: Final[tuple[tuple[Role, float, float], ...]] = (
    ("intro", 0.35, 0.25),
    ("build", 0.65, 0.25),
    ("drop", 1.0, 0.4),
    ("outro", 0.3, 0.1),
)
"""What a minute is made of: role, energy, share of the bars."""
_FADE: Final = 2_205
"""Frames over which a section's tail fades under the next."""
_SOFT_ONSET: Final = 25.0
"""Rise in the onset strength that still counts as a note; so chosen that pads and noise do not."""

_PAGE: Final = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Pocket, style by style</title>
<style>body{{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem;background:#111;color:#ddd}}
section{{margin:0 0 3rem}}img{{width:100%;border-radius:6px}}audio{{width:100%;margin:.5rem 0}}
table{{border-collapse:collapse}}td,th{{padding:.1rem 1rem .1rem 0;text-align:left}}a{{color:#8cf}}.out{{color:#fa4}}</style>
<h1>Pocket, style by style</h1><p>{intro}</p><table>{overview}</table>{body}</html>
"""


@dataclass(frozen=True, slots=True)
class Piece:
    """A style's minute: (frames, 2) sound, seconds at which its sections start, tempo, key, seconds of work."""

    style: str
    sound: Audio
    seams: tuple[float, ...]
    bpm: float
    key: str
    work_s: float


def play(pocket: Pocket, style: str, seconds: float, seed: int) -> Piece:
    """A small set of a style: intro, build, drop and outro."""
    prompts = (PromptWeight(style, 1.0),)
    bpm, key, beats = decide_bpm(prompts, seed), decide_key(prompts, seed), decide_beats(prompts)
    bar_s = 60.0 * beats / bpm
    whole = seconds / bar_s
    bars = [max(2, 2 * round(whole * share / 2)) for _, _, share in _ARC]
    planned = [
        PlannedSection(role, role, length, energy, 0.2 + 0.7 * energy, 0.25 + 0.5 * energy)
        for (role, energy, _), length in zip(_ARC, bars, strict=True)
    ]
    parts: list[Audio] = []
    seams: list[float] = []
    begun, at = time.process_time(), 0
    for index, part in enumerate(planned):
        after = planned[index + 1] if index + 1 < len(planned) else None
        request = SectionRequest(
            "gallery",
            prompts,
            part.bars,
            bpm,
            key,
            seed + index,
            energy=part.energy,
            density=part.density,
            brightness=part.brightness,
            role=part.role,
            beats_per_bar=beats,
            set_seed=seed,
            index=index,
            first_bar=sum(bars[:index]),
            previous_role=planned[index - 1].role if index else None,
            next_role=after.role if after else None,
            next_energy=after.energy if after else None,
            before_previous=tuple(Neighbour(each.role) for each in beyond(planned[:index][::-1], bar_s)),
            after_next=tuple(Neighbour(each.role) for each in beyond(planned[index + 1 :], bar_s)),
        )
        made = np.concatenate(list(pocket.generate(request, lambda _: None, lambda: False))).sum(axis=1)
        parts.append(made)
        seams.append(at / pocket.rate)
        at += round(request.bars * bar_s * pocket.rate)
    return Piece(style, _joined(parts, seams, pocket.rate), tuple(seams[1:]), bpm, key, time.process_time() - begun)


def _joined(parts: list[Audio], seams: list[float], rate: int) -> Audio:
    """Sections one after another, the end of each fading under the next."""
    starts = [round(seam * rate) for seam in seams]
    out = np.zeros((starts[-1] + len(parts[-1]), 2), dtype=np.float32)
    for index, made in enumerate(parts):
        part = made.copy()
        if index + 1 < len(parts):
            body = starts[index + 1] - starts[index]
            part = part[: body + _FADE]
            part[body:] *= np.linspace(1.0, 0.0, _FADE, dtype=np.float32)[:, None]
        if index:
            part[:64] *= np.linspace(0.0, 1.0, 64, dtype=np.float32)[:, None]
        out[starts[index] : starts[index] + len(part)] += part
    return out


@dataclass(frozen=True, slots=True)
class Measure:
    """A number about a piece, in words, and whether it lies where music of its kind does; None where there is no such place."""

    name: str
    text: str
    fits: bool | None = None

    def cell(self, tag: str = "td") -> str:
        """As a cell of a table; what does not fit has a mark, a colour and a word for those who ask."""
        said = html.escape(self.text)
        return f"<{tag} class=out title='outside the usual'>! {said}</{tag}>" if self.fits is False else f"<{tag}>{said}</{tag}>"


def measure(piece: Piece, rate: int) -> list[Measure]:
    """What can be said about a piece in numbers."""
    mono, side = piece.sound.mean(axis=1), (piece.sound[:, 0] - piece.sound[:, 1]) / 2
    key = estimate_key(piece.sound, rate)
    drop = piece.sound[round(piece.seams[1] * rate) : round(piece.seams[2] * rate)]
    heard, peak, loud = tempo(piece.sound, rate, piece.bpm), true_peak_dbtp(piece.sound, rate), integrated_lufs(drop, rate)
    tilt, crest = _tilt(mono, rate), _db(float(np.abs(piece.sound).max()) / float(mono.std()))
    width, rush = _db(float(side.std()) / float(mono.std())), onsets_per_second(piece.sound, rate)
    drums = rush > 1.5
    return [
        Measure("tempo", f"{piece.bpm:g} asked, {heard:.2f} heard", abs(heard / piece.bpm - 1) <= 0.005 if drums else None),
        Measure("key", f"{piece.key} asked, {key} heard", key_score(piece.key, key) >= 0.5),
        Measure("LUFS", f"{integrated_lufs(piece.sound, rate):.1f}"),
        Measure("LUFS of the drop", f"{loud:.1f}", abs(loud + 14) <= 1),
        Measure("dBTP", f"{peak:.1f}", peak <= -1.0 + 0.05),
        Measure("tilt, dB an octave", f"{tilt:.1f}", -7 <= tilt <= -2),
        Measure("crest, dB", f"{crest:.1f}", 8 <= crest <= 18),
        Measure("side to mid, dB", f"{width:.1f}", -18 <= width <= -4),
        Measure("onsets a second", f"{rush:.1f}"),
        Measure("longest silence, ms", f"{longest_silence_ms(piece.sound, rate):.0f}"),
        Measure("times faster than it plays", f"{len(piece.sound) / rate / piece.work_s:.0f}"),
    ]


def onsets_per_second(audio: Audio, rate: int) -> float:
    """Peaks of the onset strength that stand clearly above their surroundings, at least 50 ms apart."""
    times, strength = onset_strength(audio, rate)
    if len(strength) < 2 or not strength.any():
        return 0.0
    step = times[1] - times[0]
    around = signal.medfilt(strength, 2 * round(0.25 / step) + 1)
    above = strength - around
    least = max(_SOFT_ONSET, 0.15 * float(np.quantile(above, 0.998)))
    peaks, _ = signal.find_peaks(above, height=least, distance=max(1, round(0.05 / step)))
    return len(peaks) * rate / len(audio)


def similarity(piece: Piece, rate: int) -> npt.NDArray[np.float64]:
    """How alike any two beats sound: (beats, beats), -1..1, the cosine between their spectra in third octaves.

    A beat is heard with its neighbours, a bar in all, lest kick and snare be all one sees. Each beat's loudness and what all
    beats have in common are taken off first, so that it is sound that is compared.
    """
    length = round(60.0 / piece.bpm * rate)
    beats = piece.sound[: len(piece.sound) // length * length].mean(axis=1).reshape(-1, length)
    hertz = np.fft.rfftfreq(length, 1 / rate)
    edges = 40.0 * 2.0 ** (np.arange(28) / 3)
    power = np.abs(np.fft.rfft(beats * np.hanning(length), axis=1)) ** 2
    bands = np.stack([power[:, (hertz >= low) & (hertz < high)].sum(axis=1) for low, high in pairwise(edges)], axis=1)
    bar = np.stack([np.convolve(band, np.ones(4) / 4, mode="same") for band in bands.T], axis=1)
    level = 10 * np.log10(bar + 1e-7 * bar.max())
    level -= level.mean(axis=1, keepdims=True)
    level -= level.mean(axis=0)
    level /= np.linalg.norm(level, axis=1, keepdims=True) + 1e-9
    return np.asarray(level @ level.T)


def _db(ratio: float) -> float:
    return float(20.0 * np.log10(max(ratio, 1e-9)))


def _tilt(mono: npt.NDArray[np.float32], rate: int) -> float:
    """Slope of the mean power spectrum between 100 Hz and 10 kHz in dB an octave."""
    frames = mono[: len(mono) // 8192 * 8192].reshape(-1, 8192) * np.hanning(8192)
    power = (np.abs(np.fft.rfft(frames, axis=1)) ** 2).mean(axis=0)
    hertz = np.fft.rfftfreq(8192, 1 / rate)
    band = (hertz > 100) & (hertz < 10_000)
    return float(np.polyfit(np.log2(hertz[band]), 10 * np.log10(power[band] + 1e-20), 1)[0])


def draw(piece: Piece, rate: int, path: Path) -> None:
    """Level, spectrogram and self-similarity, with a line where a section starts."""
    figure = plt.figure(figsize=(14, 5), layout="constrained")
    grid = figure.add_gridspec(2, 2, width_ratios=(2.2, 1), height_ratios=(1, 2))
    above = figure.add_subplot(grid[0, 0])
    below, square = figure.add_subplot(grid[1, 0], sharex=above), figure.add_subplot(grid[:, 1])
    step = max(1, len(piece.sound) // 2400)
    blocks = piece.sound[: len(piece.sound) // step * step].reshape(-1, step, 2)
    seconds = np.arange(len(blocks)) * step / rate
    above.fill_between(seconds, blocks.min(axis=(1, 2)), blocks.max(axis=(1, 2)), linewidth=0)
    above.set(ylim=(-1, 1), ylabel="level")
    below.specgram(piece.sound.mean(axis=1) + 1e-9, NFFT=4096, Fs=rate, noverlap=2048, cmap="magma", vmin=-140)
    below.set_yscale("symlog", linthresh=200)
    below.set(ylim=(30, 18_000), ylabel="Hz", xlabel="seconds", xlim=(0, len(piece.sound) / rate))
    alike = similarity(piece, rate)
    end = len(alike) * 60.0 / piece.bpm
    square.imshow(alike, extent=(0, end, end, 0), cmap="magma", vmin=-0.5, vmax=1, interpolation="nearest")
    square.set(xlabel="seconds", ylabel="seconds", title="how alike any two beats sound")
    _mark((above, below, square), piece.seams)
    for seam in piece.seams:
        square.axhline(seam, color="c", linewidth=0.7)
    figure.savefig(path, dpi=80)
    plt.close(figure)


def _mark(axes: Sequence[Axes], seams: Sequence[float]) -> None:
    for axis in axes:
        for seam in seams:
            axis.axvline(seam, color="c", linewidth=0.7)


def entry(piece: Piece, measures: list[Measure], stem: str) -> str:
    """A style's part of the page."""
    rows = "".join(f"<tr><td>{html.escape(one.name)}</td>{one.cell()}</tr>" for one in measures)
    style = html.escape(piece.style)
    return (
        f"<section id='{stem}'><h2>{style}</h2><audio controls preload=none src='{stem}.flac'></audio>"
        f"<img src='{stem}.png' alt='level, spectrogram and self-similarity of {style}'><table>{rows}</table></section>"
    )


def line(piece: Piece, measures: list[Measure], stem: str) -> str:
    """A style's line of the table at the top."""
    return f"<tr><td><a href='#{stem}'>{html.escape(piece.style)}</a></td>{''.join(one.cell() for one in measures)}</tr>"


def main() -> None:
    """Render, measure, draw and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("styles", nargs="*", default=list(style_names()), help="styles or whole prompts; all styles if none")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    if not 4.0 <= arguments.seconds <= 600.0:
        parser.error(f"--seconds is {arguments.seconds:g}: it is 4 to 600")
    for style in arguments.styles:
        if unknown := parse(style).unknown:
            parser.error(f'"{style}": nothing was understood from "{unknown[0]}"; styles are {", ".join(style_names())}')
    try:
        arguments.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        parser.error(f"cannot make the folder {arguments.out}: {error.strerror}")
    torch.set_num_threads(1)
    pocket = Pocket()
    body: list[str] = []
    overview: list[str] = []
    for style in arguments.styles:
        piece = play(pocket, style, arguments.seconds, arguments.seed)
        stem = "".join(c if c.isalnum() else "_" for c in style)
        soundfile.write(arguments.out / f"{stem}.flac", piece.sound, pocket.rate, subtype="PCM_16")
        draw(piece, pocket.rate, arguments.out / f"{stem}.png")
        measures = measure(piece, pocket.rate)
        if not overview:
            overview.append("<tr><th></th>" + "".join(f"<th>{html.escape(one.name)}</th>" for one in measures) + "</tr>")
        overview.append(line(piece, measures, stem))
        body.append(entry(piece, measures, stem))
        said = "; ".join(f"{one.name} {one.text}{' !' if one.fits is False else ''}" for one in measures)
        print(f"{style:14} {said}", flush=True)
    intro = (
        f"Every piece is an intro, a build, a drop and an outro made by the embedded generator with the seed {arguments.seed}. "
        "An exclamation mark stands where a measure lies outside what is usual for a mixed record."
    )
    page = arguments.out / "index.html"
    page.write_text(_PAGE.format(intro=html.escape(intro), overview="".join(overview), body="".join(body)), encoding="utf-8")
    print(page)


if __name__ == "__main__":
    main()
