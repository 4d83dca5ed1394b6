"""The state of a running set on disk: what an engine that takes over goes on from."""

from __future__ import annotations

import contextlib
import hashlib
import pickle
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, get_args, get_type_hints

from engine.conductor.state import State
from engine.processes.layout import STATE_FILE
from engine.protocol import MACROS

VERSION: Final = 2
"""Of what the saved values mean; their names and types are in the shape."""


@cache
def _mark() -> bytes:
    """The first line of the file: says which states fit. Any change of what a state is made of changes it."""
    seen: dict[str, list[str]] = {}

    def walk(kind: Any) -> None:
        for part in get_args(kind):
            walk(part)
        if not is_dataclass(kind) or f"{kind.__module__}.{kind.__qualname__}" in seen:  # type: ignore[union-attr]
            return
        hints = get_type_hints(kind)
        seen[f"{kind.__module__}.{kind.__qualname__}"] = [f"{field.name}: {hints[field.name]}" for field in fields(kind)]  # type: ignore[union-attr]
        for field in fields(kind):
            walk(hints[field.name])

    walk(State)
    shape = hashlib.sha256(repr(sorted(seen.items())).encode()).hexdigest()[:16]
    return f"liveset state {VERSION} {shape}\n".encode()


def save_state(folder: Path, state: State) -> None:
    """Write the state. A full disk must not stop the set: the older state then is what a new engine goes on from."""
    with contextlib.suppress(OSError):
        fresh = folder / f"{STATE_FILE}.new"
        fresh.write_bytes(_mark() + pickle.dumps(state))
        fresh.replace(folder / STATE_FILE)


def load_state(folder: Path) -> State | None:
    """The state an engine before this one saved, without the jobs and generators that ended with it.

    Returns:
        None if there is none, or another version of liveset wrote it.
    """
    try:
        mark, _, data = (folder / STATE_FILE).read_bytes().partition(b"\n")
        if mark + b"\n" != _mark():
            return None
        state = pickle.loads(data)
        if not isinstance(state, State):
            return None
    except Exception:  # noqa: BLE001  a damaged pickle may raise anything, and is of no use whatever it raises
        return None
    unfinished = {job.version.id for job in state.work.jobs}
    following, after = state.work.next, state.work.after
    return state.with_steering(chord=None).with_work(  # which keys are held now is not known
        jobs=(),
        up=(),
        retry_at=0,
        next=None if following is not None and following.id in unfinished else following,
        others=tuple(version for version in state.work.others if version.id not in unfinished),
        after=None if after is not None and after.id in unfinished else after,
        switch=None,
    )


def with_heard_values(state: State, params: dict[str, float]) -> State:
    """The state with macros, levels and the headphones' knobs as the player has them: no state is saved for those alone.

    Args:
        params: the player's latest values by name.
    """
    macros = tuple((name, params.get(name, value) if name in MACROS else value) for name, value in state.steering.macros)
    levels = []
    for stem, level, muted in state.steering.levels:
        gain = params.get(f"level_{stem}", 0.0 if muted else level)
        levels.append((stem, gain, False) if gain > 0 else (stem, level, muted or level > 0))
    own = state.headphones
    state = state.with_headphones(level=params.get("cue_level", own.level), mix=params.get("cue_mix", own.mix))
    return state.with_steering(macros=macros, levels=tuple(levels))


def past_files(state: State, sections: Path) -> State:
    """The state with a section number beyond every file there: one that the player has mapped is never written over."""
    numbers = [int(path.stem[1:]) for path in sections.glob("s*") if path.stem[1:].isdigit()]
    return state.with_work(last_section=max(state.work.last_section, *numbers, 0))
