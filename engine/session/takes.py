"""How the takes of the next section stand, for the screen and lights. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from engine.conductor.forecast import progress_of, usable
from engine.conductor.looping import looped
from engine.conductor.recipes import in_seeds, next_wish, recipe
from engine.conductor.state import Job, State
from engine.conductor.steering import take_name
from engine.conductor.takes import has_time, how_many, take_at
from engine.protocol import STEM_PARTS, TakeState, TakeView
from engine.session.pictures import Picture

NO_PICTURES: Final[Mapping[str, Picture]] = {}


def takes_view(state: State, index: int, pictures: Mapping[str, Picture] = NO_PICTURES) -> tuple[TakeView, ...]:
    """All takes of the next section that there may be, A first; none where the set makes one alone and no other was chosen.

    Args:
        index: the next section's place in the plan.
        pictures: of takes by section id.
    """
    count = how_many(state)
    return tuple(_view(state, index, place, pictures) for place in range(count)) if count > 1 else ()


def _view(state: State, index: int, place: int, pictures: Mapping[str, Picture]) -> TakeView:
    take, there = state.steering.takes[place], take_at(state, place)
    job = next((job for job in state.work.jobs if job.purpose != "remake" and _is(job, index, place)), None)
    comes = there is not None and there is state.work.next
    drawn = pictures.get(there.id) if there is not None else None
    drawn = Picture((), float("-inf"), ()) if drawn is None else drawn
    return TakeView(
        name=take_name(take.number),
        state=_state(state, index, place, making=job is not None),
        progress=progress_of(state, job)[0] if job is not None else float(there is not None and there.complete),
        chosen=place == state.steering.chosen,
        comes=comes and there is not None and usable(state, there),
        what=_what(state, index, place),
        waveform=drawn.peaks,
        loudness=drawn.loudness,
        stems=drawn.stems,
    )


def _what(state: State, index: int, place: int) -> str:
    """Which stems a take does not share with A, where it is made of the same seeds; else what it is made out of."""
    made = recipe(state, index, place)
    if made is None:
        return ""
    if made.seeds is None:
        return "variation"
    parts = {part for change in made.changes for part in change.parts or ("bars",)}
    stems = [stem for stem, its in STEM_PARTS.items() if parts & set(its)]
    others = ["bars"] if "bars" in parts else []
    alike = made.seeds == in_seeds(state, index, 0).seeds
    return " ".join([*stems, *others] if alike or stems or others else ["variation"])


def _is(job: Job, index: int, place: int) -> bool:
    return job.version.index == index and job.version.take == place


def _state(state: State, index: int, place: int, *, making: bool) -> TakeState:
    there = take_at(state, place)
    if there is not None and usable(state, there):
        return "ready" if there.wish == next_wish(state, index, place) else "old"
    if making:
        return "making"
    wanted = place == state.steering.chosen or (place < state.settings.takes and has_time(state, index))
    return "waiting" if wanted else "none"


def hook_loops(state: State) -> bool:
    """Whether the set is held in the marked bars."""
    now = state.transport.now
    return now is not None and looped(state, now.version) is not None


def hook_shown(state: State) -> str:
    """Which bars are marked, in a few words; empty for none."""
    mark, hook, now = state.steering.mark, state.steering.hook, state.transport.now
    if mark is not None and now is not None and now.version.index == mark[0]:
        return f"from bar {mark[1]}"
    if now is not None and (loop := looped(state, now.version)) is not None:
        return f"loops {loop[0]}-{loop[1]}"
    return "" if hook is None else f"{hook.name} {hook.first}-{hook.last}"
