"""Play whole sets of two seeds and show them side by side: the sets, their drops, and figures beside those of real recordings.

    python scripts/gallery_sets.py --out FOLDER [--minutes 6] [--seeds 1 2] [PRESET ...]

A PRESET is a preset's name or file; without one, three that ship. FOLDER gets a FLAC file a set and a drop, a picture a drop, and
sets.html to open in a browser.
"""

from __future__ import annotations

import argparse
import html
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Final

import matplotlib
import numpy as np
import numpy.typing as npt
import soundfile

from engine.analysis.beat import onset_strength
from engine.analysis.form import Pictures, after, air, bar_pictures, between, borders_heard, far_copies
from engine.errors import LivesetError
from engine.presets import load_preset
from engine.protocol import SetOptions
from engine.rehearsal.rehearsal import Rehearsal
from engine.timebase import Grid

matplotlib.use("Agg")
import matplotlib.pyplot as plt

PICTURED_BARS: Final = 16
"""Bars of a drop that its picture shows."""
PRESETS: Final = ("sunrise", "midnight", "backroom")
SIXTEENTHS: Final = 16

REAL: Final = {
    "bars said again": "0 to .25",
    "drops apart, dB": "",
    "breakdowns apart, dB": "",
    "inside a drop, 8 bars on, dB": "3.9",
    "16 bars on, dB": "5.5",
    "range at 30 to 150 Hz, dB": "20",
    "range at 300 to 2,000 Hz, dB": "12.3",
    "range at 5 to 15 kHz, dB": "24",
    "rise there in 10 ms, dB": "19",
    "fall there in 60 ms, dB": "13",
    "below 60 Hz, dB": "-6",
    "side to mid above 6 kHz, dB": "-7",
    "borders that are heard": "",
    "onsets as in the other seed": "",
}
"""Each figure, and what 36 recordings of electronic music under free licences have."""

_PAGE: Final = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Sets and their drops</title>
<style>body{{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem;background:#111;color:#ddd}}
.row{{display:flex;flex-wrap:wrap;gap:1rem}}figure{{flex:1 1 16rem;margin:0}}audio,img{{width:100%}}
table{{border-collapse:collapse;margin:1rem 0 3rem}}td,th{{padding:.1rem 1.5rem .1rem 0;text-align:left}}</style>
<h1>Sets and their drops</h1><p>Each preset is played whole, unsteered, with every seed. Bars are compared as pictures of 64 bands
by 64 moments; the last column has what real recordings have.</p>{body}</html>
"""


@dataclass(frozen=True, slots=True)
class Part:
    """A section of a set: its name, role, sound (frames, 2) and its bars as pictures."""

    name: str
    role: str
    sound: npt.NDArray[np.float32]
    bars: Pictures


@dataclass(frozen=True, slots=True)
class PlayedSet:
    """A set: its seed, sound (frames, 2), frames a second, grid, and parts."""

    seed: int
    sound: npt.NDArray[np.float32]
    rate: int
    grid: Grid
    parts: tuple[Part, ...]

    def of(self, role: str) -> list[Part]:
        """Its parts of a role."""
        return [part for part in self.parts if part.role == role]


def play(preset: str, seed: int, minutes: float, path: Path) -> PlayedSet:
    """Rehearse a preset into a file, and take it apart.

    Raises:
        LivesetError: for a preset that is wrong, or a file that cannot be written.
    """
    rehearsal = Rehearsal(load_preset(preset), SetOptions(preset, minutes=minutes, seed=seed, record=str(path), force=True))
    plan, grid = rehearsal.state.plan, rehearsal.state.settings.grid
    log = rehearsal.run()
    sound, rate = soundfile.read(path, dtype="float32", always_2d=True)
    parts = []
    for section in log.sections:
        starts = [grid.frame_of_bar(section.start_bar + bar) / rate for bar in range(section.bars + 1)]
        cut = sound[round(starts[0] * rate) : round(starts[-1] * rate)]
        bars = bar_pictures(sound, rate, starts[:-1], starts[1] - starts[0])
        parts.append(Part(section.name, plan[section.index].role, cut, bars))
    return PlayedSet(seed, sound, rate, grid, tuple(parts))


def onset_pattern(part: Part, rate: int, grid: Grid) -> npt.NDArray[np.float64]:
    """How strongly each sixteenth of a bar is struck on average, over a part: (16,), its mean taken off."""
    times, strength = onset_strength(part.sound, rate)
    bar_s = float(grid.frames_per_bar) / rate
    place = np.floor(times / bar_s * SIXTEENTHS + 0.5).astype(int) % SIXTEENTHS
    sums = np.bincount(place, strength, SIXTEENTHS)
    return np.asarray(sums - sums.mean())


def likeness(one: npt.NDArray[np.float64], other: npt.NDArray[np.float64]) -> float:
    """The cosine between two patterns, -1..1; 0 where one has nothing."""
    size = float(np.linalg.norm(one) * np.linalg.norm(other))
    return float(one @ other) / size if size else 0.0


def figures(one: PlayedSet, other: PlayedSet | None) -> dict[str, str]:
    """What `REAL` has of real recordings, of a set; the onsets against the set of another seed."""
    drops = one.of("drop")
    later = [[found for part in drops if (found := after(part.bars, bars)) is not None] for bars in (8, 16)]
    moving = air(one.sound, one.rate)
    said = [
        f"{far_copies(np.concatenate([part.bars for part in one.parts])):.2f}",
        _all(between([part.bars for part in drops])),
        _all(between([part.bars for part in one.of("breakdown")])),
        *(_all([float(np.mean(found))] if found else []) for found in later),
        f"{moving.low_range_db:.1f}",
        f"{moving.mid_range_db:.1f}",
        f"{moving.high_range_db:.1f}",
        f"{moving.high_rise_db:.1f}",
        f"{moving.high_fall_db:.1f}",
        f"{moving.sub_db:.1f}",
        f"{moving.side_db:.1f}",
        f"{borders_heard(np.concatenate([part.bars for part in one.parts]), _borders(one)):.2f}",
        _alike(one, other),
    ]
    return dict(zip(REAL, said, strict=True))


def _borders(one: PlayedSet) -> list[int]:
    """The first bars of a set's parts after the first."""
    return list(accumulate(len(part.bars) for part in one.parts[:-1]))


def _all(values: list[float]) -> str:
    return " ".join(f"{value:.1f}" for value in values) or "–"


def _alike(one: PlayedSet, other: PlayedSet | None) -> str:
    if other is None or not one.of("drop") or not other.of("drop"):
        return "–"
    patterns = [onset_pattern(each.of("drop")[0], each.rate, each.grid) for each in (one, other)]
    return f"{likeness(*patterns):.2f}"


def entry(preset: str, sets: list[PlayedSet], folder: Path) -> str:
    """A preset's part of the page; writes its drops."""
    stem = Path(preset).stem
    whole = (_player(f"{stem}-{one.seed}.flac", f"seed {one.seed}, the whole set") for one in sets)
    rows = "".join(f"<div class=row>{''.join(_drops(stem, one, folder))}</div>" for one in sets)
    found = [figures(one, next((other for other in sets if other is not one), None)) for one in sets]
    head = "<tr><th></th>" + "".join(f"<th>seed {one.seed}</th>" for one in sets) + "<th>real</th></tr>"
    table = "".join(
        f"<tr><td>{html.escape(name)}</td>{''.join(f'<td>{html.escape(each[name])}</td>' for each in found)}<td>{real}</td></tr>"
        for name, real in REAL.items()
    )
    title = html.escape(stem)
    return f"<h2>{title}</h2><div class=row>{''.join(whole)}</div>{rows}<table>{head}{table}</table>"


def _drops(stem: str, one: PlayedSet, folder: Path) -> Iterator[str]:
    for number, part in enumerate(one.of("drop"), 1):
        name = f"{stem}-{one.seed}-drop-{number}.flac"
        soundfile.write(folder / name, part.sound, one.rate, subtype="PCM_16")
        picture = Path(name).with_suffix(".png").name
        draw(part, one, folder / picture)
        yield _player(name, f"seed {one.seed}, {part.name}, drop {number}", picture)


def draw(part: Part, of: PlayedSet, path: Path) -> None:
    """The spectrogram of a part's first `PICTURED_BARS` bars, with a line where every fourth begins."""
    bar_s = float(of.grid.frames_per_bar) / of.rate
    bars = min(PICTURED_BARS, len(part.bars))
    figure, axes = plt.subplots(figsize=(8, 3), layout="constrained")
    with np.errstate(divide="ignore"):  # silence is drawn as the darkest colour
        axes.specgram(part.sound.mean(axis=1), NFFT=2048, Fs=of.rate, noverlap=1536, cmap="magma", vmin=-130)
    axes.set_yscale("symlog", linthresh=200)
    axes.set(ylim=(30, 18_000), ylabel="Hz", xlabel="bars", xlim=(0, bars * bar_s))
    axes.set_xticks([bar * bar_s for bar in range(0, bars, 4)], [str(bar + 1) for bar in range(0, bars, 4)])
    for bar in range(4, bars, 4):
        axes.axvline(bar * bar_s, color="c", linewidth=0.7)
    figure.savefig(path, dpi=80)
    plt.close(figure)


def _player(name: str, said: str, picture: str = "") -> str:
    caption = html.escape(said)
    image = f"<img src='{html.escape(picture)}' alt='spectrogram: {caption}'>" if picture else ""
    audio = f"<audio controls preload=none src='{html.escape(name)}'></audio>"
    return f"<figure><figcaption>{caption}</figcaption>{image}{audio}</figure>"


def main() -> None:
    """Play, measure and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("presets", nargs="*", default=list(PRESETS), metavar="PRESET")
    parser.add_argument("--minutes", type=float, default=6.0)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2])
    arguments = parser.parse_args()
    try:
        arguments.out.mkdir(parents=True, exist_ok=True)
        body = []
        for preset in arguments.presets:
            names = [arguments.out / f"{Path(preset).stem}-{seed}.flac" for seed in arguments.seeds]
            sets = [play(preset, seed, arguments.minutes, path) for seed, path in zip(arguments.seeds, names, strict=True)]
            body.append(entry(preset, sets, arguments.out))
            print(preset, flush=True)
    except LivesetError as error:
        parser.error(str(error))
    except OSError as error:
        parser.error(f"cannot write in {arguments.out}: {error.strerror}")
    page = arguments.out / "sets.html"
    page.write_text(_PAGE.format(body="".join(body)), encoding="utf-8")
    print(page)


if __name__ == "__main__":
    main()
