"""What a rehearsal's generator can begin before it is asked: the section after the next one, if nobody moves anything.

The conductor is a pure function, so that what it will ask for can be asked of it now. Whoever foresees wrongly has lost some work
and nothing else: a section that was made ahead counts only for a request that is equal to its own.
"""

from __future__ import annotations

from engine.conductor.events import At, PlayerSaid, StartJob
from engine.conductor.state import Job, State
from engine.conductor.step import step
from engine.protocol import CueStarted


def foreseen(state: State) -> Job | None:
    """What the set's own generator will be asked for when the next section begins; None where that cannot be told yet."""
    transport, coming = state.transport, state.work.next
    if transport.run != "playing" or coming is None or not coming.complete or state.work.job("main") is not None:
        return None
    versions = dict(transport.cue_versions)
    cue = next((each for each in transport.cues if (of := versions.get(each.cue_id)) is not None and of.id == coming.id), None)
    if cue is None:
        return None
    begins = At(cue.start_frame, transport.clock + max(0, cue.start_frame - transport.frame))
    _, actions = step(state, PlayerSaid(CueStarted(cue.cue_id, cue.start_frame, cue.origin_frame)), begins)
    return next((each.job for each in actions if isinstance(each, StartJob) and each.job.place == "main"), None)
