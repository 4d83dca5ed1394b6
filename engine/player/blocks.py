"""Latest values in ordinary memory, as `engine.processes.latest.SharedBlock` has them: for rehearsals and tests."""

from __future__ import annotations

from engine.processes.latest import PARAM_DEFAULTS, PARAMS, STATUS, NamedValues


def memory_params() -> NamedValues:
    """A parameter block at its defaults (``run`` is 0)."""
    block = NamedValues(PARAMS)
    block.update(PARAM_DEFAULTS)
    return block


def memory_status() -> NamedValues:
    """A status block, all zero."""
    return NamedValues(STATUS)
