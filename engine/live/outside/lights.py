"""What the lights of the open controllers belong to, as the mapping has it now."""

from __future__ import annotations

from collections.abc import Iterable

from engine.midi.devices.outputs import Plan
from engine.midi.mapping import Mapping


def plans_of(mapping: Mapping, ports: Iterable[str]) -> dict[str, Plan]:
    """A plan for every open port: its controller's lights, and what its controls move, taught ones included."""
    return {
        port: Plan(
            mapping.profile_of(port).lights,
            {control: bound.action.name for control, bound in mapping.bindings(port).items() if bound is not None},
        )
        for port in ports
    }
