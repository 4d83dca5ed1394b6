"""Air above: what drum hits do to the highs of all else."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy import signal

from engine.generators.pocket import Pocket
from engine.generators.pocket.instruments.voices import CHUNK
from engine.generators.pocket.render.air import without_highs
from engine.generators.pocket.score.compose import compose
from engine.timebase import SAMPLE_RATE as RATE
from tests.generators.pocket.listening import ask, play

ALONE_S = 0.12
"""Seconds without another hit before those that are listened to."""


@pytest.mark.parametrize("style", ["future bass", "trance"])
def test_highs_of_chords_and_tunes_make_room_for_drum_hits(pocket: Pocket, style: str) -> None:
    request = ask(style, bars=4)
    sound = play(pocket, request)[:, 2:].sum(axis=1).mean(axis=1)
    hits = sorted({hit.frame for hit in compose(request).hits if hit.velocity * hit.gain > 0.3})
    alone = [hit for before, hit in pairwise(hits) if hit - before > ALONE_S * RATE]

    def level_db(above: bool, start_s: float, end_s: float) -> float:
        edge = signal.butter(4, 6000, "high", fs=RATE, output="sos") if above else signal.butter(4, 1500, fs=RATE, output="sos")
        band = signal.sosfilt(edge, sound)
        cuts = (band[hit + round(start_s * RATE) : hit + round(end_s * RATE)] for hit in alone)
        return float(np.mean([10 * np.log10(np.mean(cut**2) + 1e-14) for cut in cuts]))

    assert len(alone) > 20
    highs, mids = (level_db(above, 0.01, 0.05) - level_db(above, -0.03, -0.002) for above in (True, False))
    assert highs < -1.5 and highs < mids - 1.0


def test_highs_are_ducked_and_lows_stay_whichever_chunk_they_are_in() -> None:
    t = np.arange(2 * CHUNK) / RATE
    for hertz, lost_db in ((400.0, 0.1), (10_000.0, -7.0)):
        tone = torch.from_numpy(np.stack([np.sin(2 * np.pi * hertz * t)] * 2).astype(np.float32))
        before, now = tone[:, :CHUNK], tone[:, CHUNK:]
        ducked = without_highs(before, now, np.full(CHUNK, 0.8, np.float32))
        lost = 20 * np.log10(float(ducked.std() / now.std()))
        assert lost < lost_db and (hertz > 1000 or lost > -0.2)
        assert float((ducked[:, 0] - now[:, 0]).abs().max()) < (0.06 if hertz < 1000 else 1.0), "no step between chunks"
        assert torch.equal(without_highs(before, now, np.zeros(CHUNK, np.float32)), now)
