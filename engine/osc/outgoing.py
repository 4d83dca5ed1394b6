"""From snapshots to OSC messages: what lights and visuals follow. Pure."""

from __future__ import annotations

from typing import Final

from engine.osc.incoming import ROOT
from engine.protocol import LOCKS, Snapshot

Value = int | float | str
Values = dict[str, Value]
"""Addresses without `ROOT`, and what they are at."""

BEAT: Final = "/beat"
BAR: Final = "/bar"

TABLE: Final[dict[str, str]] = {
    BEAT: "as each beat sounds: its number in the bar from 1, the bar from 1, the tempo",
    BAR: "as each bar begins: its number from 1",
    "/state": "starting, playing, stopped or finished",
    "/playing": "1 while the set plays",
    "/title": "the set's title",
    "/piece": "the title of the piece that sounds, in a set of several; else empty",
    "/piece/number": "its place in the order, from 1",
    "/piece/next": "the title of the piece after it; empty for none",
    "/bpm": "the tempo",
    "/key": "the key",
    "/chord": "the chord that a keyboard holds, such as Am7; empty for none",
    "/elapsed": "whole seconds since the set began",
    "/length": "seconds of the whole set",
    "/section/number": "the section that sounds, from 1",
    "/section/name": "its name",
    "/section/role": "intro, build, drop, breakdown, outro or free",
    "/section/purpose": "statement, answer, contrast or sum",
    "/section/energy": "its energy, 0 to 1",
    "/section/bar": "the bar of it that sounds, from 1",
    "/section/bars": "how many bars it has",
    "/next/name": "the section that comes",
    "/next/role": "its role",
    "/next/state": "none, making or ready",
    "/next/bars-left": "bars until it comes",
    "/next/deadline": "seconds in hand until it must be there; below 0 it is late",
    "/take": "the take of it that was chosen: A, B or C",
    "/take/NAME": "how take a, b or c stands: ready, old, making, waiting or none",
    "/lock/NAME": "1 while it is locked",
    "/late": "1 while the next section is late",
    "/hold": "1 while the last bars loop",
    "/recording": "1 while a recording runs",
    "/loudness": "of the last 0.4 seconds, in LUFS",
    "/prompt/N": "weight of prompt N",
    "/prompt/N/text": "its text",
    "/macro/NAME": "a macro's value",
    "/stem/NAME": "a stem's level as set",
    "/mute/NAME": "1 while a stem is muted",
    "/level/NAME": "a stem's peak as it sounds, 0 to 1",
    "/scene": "the scene that everything stands as; 0 for none",
    "/scene/coming": "the scene that comes in; 0 for none",
}
"""Everything that is sent, by its address without `ROOT`."""

SILENT_LUFS: Final = -70.0
_COARSE: Final = 2
"""Decimal places of what is measured: finer changes are not worth a message."""


def values_of(s: Snapshot) -> Values:
    """Everything a subscriber may follow, as it is now."""
    at = next((part for part in s.arc if part.state == "now"), None)
    number = next((i for i, part in enumerate(s.arc, 1) if part.state == "now"), 0)
    late = s.next.state == "making" and s.next.headroom_s <= 0
    found: Values = {
        "/state": s.state,
        "/playing": int(s.state == "playing"),
        "/title": s.title,
        "/piece": s.piece.title,
        "/piece/number": s.piece.place,
        "/piece/next": s.piece.after,
        "/bpm": s.bpm,
        "/key": s.key,
        "/chord": s.chord,
        "/elapsed": int(s.elapsed_s),
        "/length": int(s.total_s),
        "/section/number": number,
        "/section/name": s.now.name,
        "/section/role": s.now.role,
        "/section/purpose": at.purpose if at else "",
        "/section/energy": s.now.energy,
        "/section/bar": s.now.bar,
        "/section/bars": s.now.bars,
        "/next/name": s.next.name,
        "/next/role": s.next.role,
        "/next/state": s.next.state,
        "/next/bars-left": max(0, s.now.bars - s.now.bar + 1) if s.next.state != "none" else 0,
        "/next/deadline": round(s.next.headroom_s, 1),
        "/take": s.next.take,
        "/late": int(late),
        "/hold": int(s.hold),
        "/recording": int(s.audio.recording is not None),
        "/loudness": round(max(SILENT_LUFS, s.meters.momentary), 1),
        "/scene": s.scenes.active,
        "/scene/coming": s.scenes.coming,
    }
    for what in LOCKS:
        found[f"/lock/{what}"] = int(what in s.locks)
    for take in s.next.takes:
        found[f"/take/{take.name[0].lower()}"] = take.state
    for i, prompt in enumerate(s.prompts, 1):
        found[f"/prompt/{i}"] = prompt.weight
        found[f"/prompt/{i}/text"] = prompt.text
    for macro in s.macros:
        found[f"/macro/{macro.name}"] = macro.value
    for stem in s.stems:
        found[f"/stem/{stem.name}"] = stem.level
        found[f"/mute/{stem.name}"] = int(stem.muted)
        found[f"/level/{stem.name}"] = round(min(1.0, stem.peak), _COARSE)
    return found


def changed(before: Values, after: Values) -> Values:
    """What is another than before, or new."""
    return {address: value for address, value in after.items() if before.get(address) != value}


def whole(address: str) -> str:
    """An address as it is sent."""
    return f"{ROOT}{address}"
