"""A loop from the room beside the sections: on the grid, at its level, until it is taken away; and the same in a replay."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from engine.performances.entries import PLAYED, MadeSection, SetCard
from engine.performances.made import MadeLog
from engine.performances.played import PlayedLog
from engine.performances.reading import Performance, Stretch, read_performance
from engine.performances.writing import LogFile
from engine.player.offline import OfflinePlayer
from engine.player.rendering.room import OUT_FADE
from engine.player.rendering.voices import STEM_NAMES
from engine.protocol import STEMS, Cue, LoopFailed, LoopStem, SectionRequest, SetCues
from engine.replay.daw.stems import StemRenderer, exported
from engine.replay.rendering import Files, quanta
from engine.timebase import QUANTUM
from tests.player.sounds import BAR, GRID, constant, cue, noise, ramp, write_section
from tests.replay.test_replay import Whole

BARS = 2


def room(path: Path, start: int, origin: int) -> LoopStem:
    """Two bars that are at their place of bar 0 at ``origin``, and are heard from ``start`` on; both are bars."""
    found = Cue(1, str(path), start * BAR, origin * BAR, BARS * BAR, GRID, loop_bars=BARS)
    return LoopStem(found, start * BAR)


def silent_set(folder: Path, player: OfflinePlayer | None = None) -> OfflinePlayer:
    section = write_section(folder / "s00001.section", constant(0.0), bars=16)
    player = OfflinePlayer() if player is None else player
    player.params["run"] = 1.0
    player.order(SetCues((cue(1, section.path, 0, bars=16),)))
    return player


def test_a_loop_begins_on_its_bar_in_step_and_goes_round(tmp_path: Path) -> None:
    loop = write_section(tmp_path / "room-001.bars", {"room": ramp(1e-6)}, bars=BARS, tail_bars=1)
    player = silent_set(tmp_path)
    player.order(room(loop.path, start=3, origin=2))
    heard = player.render(8 * BAR)[:, 0]
    assert not heard[: 3 * BAR].any()
    middle = BAR // 2
    places = [(bar, (bar - 2) % BARS) for bar in range(3, 8)]
    assert [round(float(heard[bar * BAR + middle]) * 1e6) for bar, _ in places] == [at * BAR + middle for _, at in places]


def test_a_loop_has_a_level_of_its_own_and_is_taken_away(tmp_path: Path) -> None:
    loop = write_section(tmp_path / "room-001.bars", {"room": constant(0.25)}, bars=BARS, tail_bars=1)
    player = silent_set(tmp_path)
    player.order(room(loop.path, start=0, origin=0))
    player.params["level_room"] = 0.5
    heard = player.render(BAR)
    assert abs(float(heard[BAR // 2, 0]) - 0.125) < 1e-4 and player.status["peak_room"] > 0.1
    player.params["level_drums"] = player.params["level_mix"] = 0.0
    assert abs(float(player.render(BAR)[BAR // 2, 0]) - 0.125) < 1e-4
    player.order(LoopStem(None, 3 * BAR))
    ended = player.render(2 * BAR)
    assert abs(float(ended[BAR // 2, 0]) - 0.125) < 1e-4 and not ended[BAR + 1000 :].any()


def rendered(folder: Path, sizes: int) -> npt.NDArray[np.float32]:
    player = silent_set(folder)
    player.order(room(folder / "room-001.bars", start=1, origin=0))
    return np.concatenate([player.render(sizes) for _ in range(4 * BAR // sizes)])


def test_a_loop_is_the_same_at_every_block_size(tmp_path: Path) -> None:
    write_section(tmp_path / "room-001.bars", {"room": noise(4)}, bars=BARS, tail_bars=1)
    assert np.array_equal(rendered(tmp_path, BAR), rendered(tmp_path, BAR // 5))


def test_a_file_that_cannot_be_read_loops_nothing(tmp_path: Path) -> None:
    player = silent_set(tmp_path)
    player.order(room(tmp_path / "gone.bars", start=1, origin=0))
    assert not player.render(3 * BAR).any()
    assert any(isinstance(event, LoopFailed) and "gone.bars" in event.message for event in player.events())


def test_a_file_that_was_cut_off_loops_nothing(tmp_path: Path) -> None:
    loop = write_section(tmp_path / "room-001.bars", {"room": constant(0.25)}, bars=BARS, tail_bars=1)
    with loop.path.open("r+b") as file:
        file.truncate(loop.path.stat().st_size // 2)
    player = silent_set(tmp_path)
    player.order(room(loop.path, start=1, origin=0))
    assert not player.render(3 * BAR).any()
    assert any(isinstance(event, LoopFailed) and "truncated" in event.message for event in player.events())


def logged(folder: Path) -> tuple[npt.NDArray[np.float32], Performance]:
    """Six bars in which a loop comes in at the second and is taken away at the fifth: as heard, and as it was noted."""
    (folder / "log").mkdir()
    log = PlayedLog(LogFile(folder / "log" / PLAYED), 0, QUANTUM)
    write_section(folder / "room-001.bars", {"room": noise(4)}, bars=BARS, tail_bars=1)
    player = silent_set(folder, OfflinePlayer(notes=log.notes))
    heard = []
    for turn in range(6):
        if turn == 1:
            player.order(room(folder / "room-001.bars", start=2, origin=1))
        if turn == 4:
            player.order(LoopStem(None, 5 * BAR))
        heard.append(player.render(BAR))
        log.turn(player.renderer.quanta, player.frame)
        for event in player.events():
            log.said(event, player.renderer.quanta)
    log.close(player.renderer.quanta, player.frame)
    made = MadeLog(LogFile(folder / "log" / "made.jsonl"))
    made.begin(SetCard("Set", "", 1, "pocket", ""))
    made.close()
    return np.concatenate(heard), read_performance(folder / "log")


def test_a_set_with_a_loop_is_played_again_to_the_sample(tmp_path: Path) -> None:
    whole, performance = logged(tmp_path)
    again = np.concatenate([quantum.sound for quantum in quanta(performance, Whole(tmp_path))])
    late = OfflinePlayer().renderer.latency
    length = min(len(whole), len(again) - late)
    assert length > 5 * BAR and np.abs(whole[2 * BAR : 5 * BAR]).max() > 0.1
    assert np.array_equal(again[late : late + length], whole[:length])


def test_a_loop_is_a_stem_of_its_own_in_an_export(tmp_path: Path) -> None:
    whole, performance = logged(tmp_path)
    renderers: list[StemRenderer] = []

    def made(stretch: Stretch, files: Files) -> StemRenderer:
        renderers.append(StemRenderer(stretch, files))
        return renderers[-1]

    stems = [renderers[-1].stems.copy() for each in quanta(performance, Whole(tmp_path), made) if each.end > each.first]
    sound = np.concatenate(stems, axis=2)
    alone = sound[STEM_NAMES.index("room")].T
    assert not sound[: STEM_NAMES.index("room")].any(), "the sections are silent in this set"
    assert not alone[: 2 * BAR].any() and not alone[5 * BAR + OUT_FADE :].any()
    assert np.abs(alone[2 * BAR : 5 * BAR]).max() > 0.1
    rest = whole[3 * BAR : 4 * BAR] - alone[3 * BAR : 4 * BAR]
    assert np.abs(rest).max() < 1e-6, "what was heard, where nothing else sounds and nothing is limited"


def test_an_export_has_a_mix_where_a_generator_makes_no_stems(tmp_path: Path) -> None:
    _, performance = logged(tmp_path)
    request = SectionRequest("s00001", (), 16, 120.0, "A minor", 1)
    by = [replace(performance, sections=(MadeSection("s", "s", name, request),)) for name in ("pocket", "stable-audio")]
    assert [exported(each) for each in by] == [(*STEMS, "room"), (*STEMS, "mix", "room")]
    renderers: list[StemRenderer] = []

    def made(stretch: Stretch, files: Files) -> StemRenderer:
        renderers.append(StemRenderer(stretch, files))
        return renderers[-1]

    write_section(tmp_path / "s00001.section", {"mix": constant(0.25)}, bars=16)
    stems = [renderers[-1].stems.copy() for each in quanta(by[1], Whole(tmp_path), made) if each.end > each.first]
    mix = np.concatenate(stems, axis=2)[STEM_NAMES.index("mix")]
    assert np.allclose(mix[:, BAR : 2 * BAR], 0.25)
