"""When sections sound: exact frames, loops on the grid, late and unready cues, the end."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.player.offline import OfflinePlayer
from engine.protocol import (
    TRANSITIONS,
    Cue,
    CueFailed,
    CuePostponed,
    CueStarted,
    Finished,
    Looped,
    PlayerEvent,
    SetCues,
    TransitionKind,
)
from engine.timebase import Grid
from tests.player.sounds import BAR, GRID, constant, cue, noise, playing, ramp, sine, write_more, write_section


def of_type(events: list[PlayerEvent], kind: type) -> list[PlayerEvent]:
    return [event for event in events if isinstance(event, kind)]


def test_section_sounds_at_its_exact_frame(tmp_path: Path) -> None:
    write_section(tmp_path / "a", ramp())
    player = playing(cue(1, tmp_path / "a", 1))
    out = player.render(BAR + 20_000)
    assert not out[:BAR].any()
    assert np.array_equal(out[BAR:, 0], (np.arange(20_000) * 1e-6).astype(np.float32))
    assert player.events()[0] == CueStarted(1, BAR, BAR)
    assert player.status["silent_frames"] == 0


def test_sections_abut_at_the_bar_line(tmp_path: Path) -> None:
    write_section(tmp_path / "a", ramp(1e-6))
    write_section(tmp_path / "b", ramp(2e-6))
    player = playing(cue(1, tmp_path / "a", 0), cue(2, tmp_path / "b", 4))
    out = player.render(4 * BAR + 5000)[:, 0]
    assert np.array_equal(out[: 4 * BAR], (np.arange(4 * BAR) * 1e-6).astype(np.float32))
    assert np.allclose(out[4 * BAR + 264 :], np.arange(264, 5000) * 2e-6, atol=1e-9)
    assert [e.frame for e in of_type(player.events(), CueStarted) if isinstance(e, CueStarted)] == [0, 4 * BAR]


@pytest.mark.parametrize("block", [256, 512, 1024, 768, 256 * 7])
def test_same_samples_at_every_block_size(tmp_path: Path, block: int) -> None:
    write_section(tmp_path / "a", {"drums": noise(1), "bass": sine(60), "harmony": sine(300), "lead": noise(2)}, bars=1)
    write_section(tmp_path / "b", noise(3), bars=1)

    def played(size: int) -> npt.NDArray[np.float32]:
        a = cue(1, tmp_path / "a", 0, bars=1, loop_bars=1)
        player = playing(a, cue(2, tmp_path / "b", 2, bars=1, transition="bass-swap", length=BAR, final=True))
        player.params.update({"echo": 0.4, "reverb": 0.3, "filter": 0.4, "drive": 0.2, "level_bass": 0.5})
        total = 256 * 7 * 12 * 6
        return np.concatenate([player.render(size) for _ in range(total // size)])

    whole = played(256 * 12)
    assert whole.any()
    assert np.array_equal(played(block), whole)


def test_loops_on_the_grid_without_accumulating(tmp_path: Path) -> None:
    grid = Grid(127.3, origin=1234)
    write_section(tmp_path / "a", sine(100), bars=3, grid=grid)
    player = playing(cue(1, tmp_path / "a", 0, bars=3, grid=grid, loop_bars=2))
    player.render(grid.frame_of_bar(22))
    loops = [e for e in player.events() if isinstance(e, Looped)]
    assert [e.frame for e in loops] == [grid.frame_of_bar(bar) for bar in range(3, 23, 2)][: len(loops)]
    assert len(loops) == 10
    for event in loops:
        assert event.bars == 2
        assert event.origin_frame == grid.origin + event.frame - grid.frame_of_bar(1)
    assert player.status["silent_frames"] == 0


def test_loop_repeats_the_samples_of_its_bars(tmp_path: Path) -> None:
    write_section(tmp_path / "a", noise(5, 0.05), bars=4)
    out = playing(cue(1, tmp_path / "a", 0, loop_bars=2)).render(6 * BAR)[:, 0]
    assert np.array_equal(out[4 * BAR : 6 * BAR - 500], out[2 * BAR : 4 * BAR - 500])


@pytest.mark.parametrize("bars", [1, 4])
def test_loop_makes_no_step(tmp_path: Path, bars: int) -> None:
    write_section(tmp_path / "a", sine(97.3), bars=bars)
    out = playing(cue(1, tmp_path / "a", 0, bars=bars, loop_bars=1)).render(8 * BAR)[:, 0]
    own = np.abs(np.diff(out[: BAR // 2])).max()
    assert np.abs(np.diff(out)).max() <= 1.6 * own


def test_tail_is_not_needed_for_a_loop(tmp_path: Path) -> None:
    write_section(tmp_path / "a", sine(97.3), bars=1, tail_bars=0)
    player = playing(cue(1, tmp_path / "a", 0, bars=1, loop_bars=1))
    out = player.render(5 * BAR)[:, 0]
    assert np.abs(np.diff(out)).max() <= 0.02
    assert player.status["silent_frames"] == 0


def test_unwritten_bars_are_never_played(tmp_path: Path) -> None:
    writer = write_section(tmp_path / "a", constant(0.25), ready=BAR + 600)
    player = playing(cue(1, tmp_path / "a", 0))
    out = player.render(5 * BAR)[:, 0]
    assert [e.bars for e in player.events() if isinstance(e, Looped)][:2] == [1, 1]
    assert np.allclose(out[64:], 0.25, atol=1e-6)
    write_more(writer, 10 * BAR)
    player.render(3 * BAR)
    assert player.status["silent_frames"] == 0


def test_cue_without_its_first_bar_waits_bar_by_bar(tmp_path: Path) -> None:
    write_section(tmp_path / "a", sine(80))
    writer = write_section(tmp_path / "b", sine(90), ready=BAR // 2)
    player = playing(cue(1, tmp_path / "a", 0, loop_bars=2), cue(2, tmp_path / "b", 4), cue(3, tmp_path / "a", 8))
    player.render(5 * BAR + BAR // 2)
    write_more(writer, 10 * BAR)
    player.render(BAR)
    events = player.events()
    assert [(e.cue_id, e.start_frame // BAR) for e in events if isinstance(e, CuePostponed)] == [(2, 5), (3, 9), (2, 6), (3, 10)]
    assert [(e.cue_id, e.frame) for e in events if isinstance(e, CueStarted)] == [(1, 0), (2, 6 * BAR)]
    assert player.status["silent_frames"] == 0


def test_late_cue_starts_on_the_next_bar_line(tmp_path: Path) -> None:
    write_section(tmp_path / "a", sine(80))
    write_section(tmp_path / "b", sine(90))
    first = cue(1, tmp_path / "a", 0)
    player = playing(first)
    player.render(2 * BAR + 300)
    player.order(SetCues((first, cue(2, tmp_path / "b", 2))))
    player.order(SetCues((first, cue(2, tmp_path / "b", 2))))
    player.render(2 * BAR)
    events = player.events()
    assert CuePostponed(2, 2 * BAR, 3 * BAR) in events
    assert len(of_type(events, CuePostponed)) == 1
    assert CueStarted(2, 3 * BAR, 3 * BAR) in events


def test_remake_takes_over_at_its_beat_or_a_later_one(tmp_path: Path) -> None:
    beat = GRID.frame_of_beat(1)
    write_section(tmp_path / "a", ramp(1e-6))
    write_section(tmp_path / "a2", ramp(1e-6), first_frame=5 * beat)
    write_section(tmp_path / "a3", ramp(1e-6), first_frame=6 * beat)
    first = cue(1, tmp_path / "a", 0)
    remake = replace(
        first, cue_id=2, path=str(tmp_path / "a2"), start_frame=5 * beat, transition="equal-power", length=441, correlation=1.0
    )
    player = playing(first, remake)
    out = [player.render(6 * beat + 1000)]
    late = replace(remake, cue_id=3, path=str(tmp_path / "a3"), start_frame=6 * beat)
    player.order(SetCues((late,)))
    out.append(player.render(3 * beat))
    samples = np.concatenate(out)[:, 0]
    assert np.allclose(samples, np.arange(len(samples)) * 1e-6, atol=2e-7)
    assert player.events() == [
        CueStarted(1, 0, 0),
        CueStarted(2, 5 * beat, 0),
        CuePostponed(3, 6 * beat, 7 * beat),
        CueStarted(3, 7 * beat, 0),
    ]


def test_old_cues_are_ignored(tmp_path: Path) -> None:
    for name in "abc":
        write_section(tmp_path / name, sine(80))
    player = playing(cue(1, tmp_path / "a", 0), cue(5, tmp_path / "b", 1))
    player.render(BAR + 2000)
    player.order(SetCues((cue(5, tmp_path / "b", 2), cue(4, tmp_path / "c", 2))))
    player.render(4 * BAR)
    assert [e.cue_id for e in player.events() if isinstance(e, CueStarted)] == [1, 5]


def test_final_section_plays_its_tail_and_ends(tmp_path: Path) -> None:
    write_section(tmp_path / "a", constant(0.25), bars=2, tail_bars=1)
    player = playing(cue(1, tmp_path / "a", 0, bars=2, final=True))
    out = player.render(5 * BAR)[:, 0]
    assert np.allclose(out[64 : 3 * BAR - 441], 0.25, atol=1e-6)
    assert not out[3 * BAR :].any()
    assert player.events() == [CueStarted(1, 0, 0), Finished(3 * BAR)]
    assert player.status["silent_frames"] == 0


def test_damaged_file_fails_its_cue_only(tmp_path: Path) -> None:
    write_section(tmp_path / "a", sine(80))
    (tmp_path / "bad").write_bytes(b"LSECT001" + b"\xff" * 9000)
    player = playing(cue(1, tmp_path / "a", 0), cue(2, tmp_path / "bad", 1), cue(3, tmp_path / "none", 2))
    player.render(3 * BAR)
    events = player.events()
    assert [e.cue_id for e in events if isinstance(e, CueFailed)] == [2, 3]
    assert [e.cue_id for e in events if isinstance(e, CueStarted)] == [1]


def test_stop_freezes_the_transport_and_play_goes_on(tmp_path: Path) -> None:
    write_section(tmp_path / "a", sine(220))
    player = playing(cue(1, tmp_path / "a", 0))
    out = [player.render(20_000)]
    player.params["run"] = 0.0
    out.append(player.render(20_000))
    frozen = player.frame
    out.append(player.render(10_000))
    assert player.frame == frozen
    assert not out[-1].any()
    player.params["run"] = 1.0
    out.append(player.render(20_000))
    samples = np.concatenate(out)[:, 0]
    assert samples[-10_000:].any()
    assert np.abs(np.diff(samples)).max() <= 1.1 * np.abs(np.diff(samples[:15_000])).max()


START = st.integers(0, 14)


@settings(max_examples=15, deadline=None)
@given(
    plan=st.lists(
        st.tuples(START, st.sampled_from("abcd"), st.sampled_from(TRANSITIONS), st.integers(0, 90_000), st.integers(1, 5)),
        max_size=7,
    ),
    waits=st.lists(st.integers(1, 60_000), min_size=1, max_size=7),
    ready=st.integers(BAR + 500, 4 * BAR),
)
def test_any_schedule_of_cues_fills_every_frame(
    tmp_path_factory: pytest.TempPathFactory,
    plan: list[tuple[int, str, TransitionKind, int, int]],
    waits: list[int],
    ready: int,
) -> None:
    folder = tmp_path_factory.mktemp("sections")
    for name, bars, tail, done in (("a", 2, 2, None), ("b", 1, 1, None), ("c", 4, 1, ready), ("d", 3, 2, 100)):
        write_section(folder / name, constant(0.2), bars=bars, tail_bars=tail, ready=done)
    lengths = {"a": 2, "b": 1, "c": 4, "d": 3}
    first = cue(1, folder / "a", 0, bars=2, loop_bars=2)
    player = playing(first)
    cues: list[Cue] = []
    heard = [player.render(3000)]
    for number, (bar, name, kind, length, loop) in enumerate(plan):
        cues.append(
            cue(number + 2, folder / name, bar, lengths[name], transition=kind, length=length, loop_bars=loop, correlation=1.0)
        )
        player.order(SetCues(tuple(cues if number % 3 else cues[-1:])))
        heard.append(player.render(waits[number % len(waits)]))
    heard.append(player.render(6 * BAR))
    assert player.status["silent_frames"] == 0
    samples = np.concatenate(heard)[:, 0]
    assert samples[64:].min() > 0.09
    assert samples.max() <= 0.42
    assert np.abs(np.diff(samples[64:])).max() < 0.01
    frames = [e.frame for e in player.events() if isinstance(e, CueStarted | Looped)]
    assert all(frame == GRID.frame_of_bar(GRID.bar_at(frame)) for frame in frames)
    assert all(a <= b + 512 for a, b in itertools.pairwise(frames))


def test_player_can_be_asked_for_any_number_of_frames(tmp_path: Path) -> None:
    write_section(tmp_path / "a", ramp())
    player: OfflinePlayer = playing(cue(1, tmp_path / "a", 0))
    out = np.concatenate([player.render(n) for n in (1, 255, 7, 1000, 256, 3)])
    assert np.array_equal(out[:, 0], (np.arange(len(out)) * 1e-6).astype(np.float32))


def test_another_tempo_that_is_late_waits_for_a_bar_line_of_what_sounds(tmp_path: Path) -> None:
    """The section that sounds has no other bar lines, however the next one counts."""
    fast = GRID.from_bar(4, 2 * GRID.bpm * 0.93)
    write_section(tmp_path / "a", sine(100))
    writer = write_section(tmp_path / "b", sine(200), grid=fast, ready=1)
    follow = replace(cue(2, tmp_path / "b", 4, grid=fast), final=True)
    player = playing(cue(1, tmp_path / "a", 0), follow)
    player.render(4 * BAR + BAR // 2)
    write_more(writer, 10**6)
    player.render(BAR * 8)
    begun = [event for event in player.events() if isinstance(event, CueStarted)]
    assert [event.frame for event in begun] == [0, GRID.frame_of_bar(5)]
    assert player.status["silent_frames"] == 0


def test_a_re_make_in_another_tempo_that_is_late_comes_in_with_a_later_bar(tmp_path: Path) -> None:
    """Bar 1 of it was to follow bar 0 of what sounds: a bar later it is its bar 2."""
    fast = GRID.from_bar(1, 1.5 * GRID.bpm)
    write_section(tmp_path / "a", sine(100))
    bar = Grid(fast.bpm).frame_of_bar(1)
    writer = write_section(tmp_path / "b", ramp(), bars=4, grid=fast, first_frame=bar - 900, ready=1)
    origin = fast.frame_of_bar(0)
    whole = cue(2, tmp_path / "b", 0, grid=fast)
    late = replace(whole, start_frame=BAR - 441, origin_frame=origin, transition="equal-power", length=441)
    player = playing(cue(1, tmp_path / "a", 0), late)
    player.render(BAR + BAR // 2)
    write_more(writer, 10**6)
    out = player.render(2 * BAR)[:, 0]
    started = [event for event in player.events() if isinstance(event, CueStarted)][-1]
    assert started.frame == GRID.frame_of_bar(2)
    assert started.frame - started.origin_frame == pytest.approx(Grid(fast.bpm).frame_of_bar(2), abs=1)
    at = GRID.frame_of_bar(2) - BAR - BAR // 2 + 1000
    assert out[at] == pytest.approx((Grid(fast.bpm).frame_of_bar(2) + 1000) * 1e-6, abs=3e-6)
