"""What controllers are told of the state, so that knobs and toggles go on from where things are."""

from __future__ import annotations

from dataclasses import replace

from engine.actions import ACTIONS
from engine.conductor.reacting.values import values_by_target
from engine.presets import parse_preset
from engine.protocol import MACROS, STEMS
from engine.session.opening import opening_state


def test_every_value_is_told_under_an_actions_name_and_mutes_are_among_them() -> None:
    state = opening_state(parse_preset('[[prompt]]\ntext = "house"\n'))
    levels = tuple((stem, level, stem == "bass") for stem, level, _ in state.steering.levels)
    values = values_by_target(replace(state, steering=replace(state.steering, levels=levels)))
    assert set(values) <= {name for name, action in ACTIONS.items() if action.kind != "press"}
    assert {f"macro {name}" for name in MACROS} | {f"mute {stem}" for stem in STEMS} <= set(values)
    assert values["mute bass"] == 1.0 and values["mute drums"] == 0.0
