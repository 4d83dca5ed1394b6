"""What of which section was heard when; and bars of the set as frames, for all files that other programs open."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from engine.performances.entries import MadeSection
from engine.performances.reading import Performance
from engine.protocol import Cue


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a section as it was heard.

    Attributes:
        section: what was heard; cue: how it came in.
        first, end: the transport's frames.
        origin: the transport's frame at which the section's own frame 0 lies.
    """

    section: MadeSection
    cue: Cue
    first: int
    end: int
    origin: int


@dataclass(frozen=True, slots=True)
class Part:
    """A section of the set, whatever versions it was heard in and however it looped: its first span, and where it ended."""

    span: Span
    start: int
    end: int


def spans(performance: Performance) -> list[Span]:
    """All that was heard, in order: each version of a section, and each time that it went back."""
    cues = performance.cues()
    made = {section.path: section for section in performance.sections}
    begun: list[tuple[int, int, Cue]] = []
    for stretch in performance.stretches:
        begun += [(event.frame, event.origin_frame, cues[event.cue_id]) for event in stretch.events if event.cue_id in cues]
    ends = [frame for frame, _, _ in begun[1:]] + [performance.frames]
    found = []
    for (frame, origin, cue), end in zip(begun, ends, strict=True):
        section = made.get(Path(cue.path).name)
        if section is not None and end > frame:
            found.append(Span(section, cue, frame, end, origin))
    return found


def parts(performance: Performance) -> list[Part]:
    """The set's sections in order; one that was made anew while it played is one."""
    found: list[Part] = []
    for span in spans(performance):
        last = found[-1] if found else None
        request = span.section.request
        if last is not None and (last.span.section.name, last.span.section.request.index) == (span.section.name, request.index):
            found[-1] = Part(last.span, last.start, span.end)
        else:
            found.append(Part(span, span.origin if span.origin <= span.first else span.first, span.end))
    return found
