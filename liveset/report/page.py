"""report.html: a whole set on one page, in one file that needs nothing else, no network either."""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Final

from engine.analysis.survey import Survey
from engine.protocol import PlayedSection
from engine.rehearsal.log import RehearsalLog
from liveset.report.charts import overview
from liveset.report.checks import MOST_DRIFT_MS, MOST_JUMP, Check, checks
from liveset.report.measures import CLIP_S, SeamMeasures, SectionMeasures

_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; media-src data:"
"""A browser that keeps to it fetches nothing for this page."""

_STYLE: Final = """
:root { --ink: #1c2530; --paper: #fff; --soft: #5a6673; --line: #c9d1d9; --blue: #0072b2; --orange: #b84a00; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8edf2; --paper: #14191f; --soft: #9aa7b4; --line: #3a444f; --blue: #56b4e9; --orange: #f0a04b; }
}
body { background: var(--paper); color: var(--ink); font: 15px/1.45 system-ui, sans-serif; max-width: 1100px; margin: 0 auto;
  padding: 1rem; }
h1 { font-size: 1.5rem; margin: 0.2rem 0; } h2 { font-size: 1.15rem; margin: 1.8rem 0 0.4rem; }
p.sub, td.soft, small { color: var(--soft); }
table { border-collapse: collapse; width: 100%; } .wide { overflow-x: auto; }
td, th { border-bottom: 1px solid var(--line); padding: 0.25rem 0.5rem; text-align: left; vertical-align: top; }
th { font-weight: 600; color: var(--soft); white-space: nowrap; } td.n { text-align: right; white-space: nowrap; }
.pass b { color: var(--blue); } .fail b { color: var(--orange); } .fail { font-weight: 600; } b { white-space: nowrap; }
svg { width: 100%; height: auto; } svg text { fill: var(--ink); font: 10.5px system-ui, sans-serif; }
svg text.axis { fill: var(--soft); } svg .wave { fill: var(--blue); } svg .border { stroke: var(--soft); stroke-width: 0.6; }
svg text.name { font-weight: 600; } svg text.planned { fill: var(--orange); } svg text.loud { fill: var(--blue); }
svg polyline { fill: none; stroke-width: 1.6; } svg polyline.loud { stroke: var(--blue); }
svg polyline.planned { stroke: var(--orange); stroke-dasharray: 6 3; }
audio { width: 230px; height: 32px; }
"""


def page(
    log: RehearsalLog,
    heard: Survey,
    sections: Sequence[SectionMeasures],
    seams: Sequence[SeamMeasures],
    takes: Mapping[str, int],
) -> str:
    """The page.

    Args:
        log: what was played.
        heard: measures of the whole file; sections, seams: of each.
        takes: how often each section was made, by its title; empty where that is not known.
    """
    found = checks(log, heard, sections, seams)
    failed = sum(check.passed is False for check in found)
    verdict = "every check passed" if not failed else "1 check failed" if failed == 1 else f"{failed} checks failed"
    body = [
        f"<h1>{escape(log.preset)}</h1>",
        f'<p class="sub">{_clock(heard.frames / heard.rate)} min, {len(log.sections)} sections, seed {log.seed}: {verdict}</p>',
        _checks(found),
        "<h2>The set</h2>",
        overview(log.sections, heard, sections),
        "<h2>Seams</h2>",
        _seams(seams),
        "<h2>Sections</h2>",
        _sections(log.sections, sections, takes),
        _notices(log.notices),
    ]
    head = f'<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
    head += '<meta name="viewport" content="width=device-width, initial-scale=1">'
    head += f"<title>{escape(log.preset)}: report</title><style>{_STYLE}</style>"
    return f'<!doctype html>\n<html lang="en"><head>{head}</head><body>\n' + "\n".join(body) + "\n</body></html>\n"


def _checks(found: Sequence[Check]) -> str:
    rows = []
    for check in found:
        word, kind = {True: ("✓ pass", "pass"), False: ("✗ FAIL", "fail"), None: ("– unknown", "unknown")}[check.passed]
        cells = f"<td>{escape(check.name)}</td><td>{escape(check.found)}</td><td class=soft>{escape(check.wanted)}</td>"
        rows.append(f'<tr class="{kind}"><td><b>{word}</b></td>{cells}</tr>')
    return _table(("", "what", "found", "should be"), rows)


def _seams(seams: Sequence[SeamMeasures]) -> str:
    rows = []
    for seam in seams:
        over = f"{seam.kind or '-'}" + (f", {seam.length_s:.1f} s" if seam.length_s else "")
        sound = base64.b64encode(seam.clip).decode()
        cells = [
            f"<td class=n>{_clock(seam.at_s)}</td><td>{escape(seam.before)} → {escape(seam.after)}</td><td>{escape(over)}</td>",
            _number(seam.step_lu, "{:+.1f} LU"),
            _number(seam.jump, "{:.2f}", seam.jump > MOST_JUMP),
            _number(seam.drift_ms, "{:+.1f} ms", abs(seam.drift_ms) > MOST_DRIFT_MS),
            f'<td><audio controls preload="none" src="data:{seam.clip_type};base64,{sound}"></audio></td>',
        ]
        rows.append(f"<tr>{''.join(cells)}</tr>")
    note = f"<small>Sharpness: of the seam beside the music around it. ✗: beyond what it should be. Sound: {CLIP_S:g} s.</small>"
    return _table(("at", "seam", "hand-over", "loudness", "sharpness", "beat moves", "sound"), rows) + note


def _sections(sections: Sequence[PlayedSection], measured: Sequence[SectionMeasures], takes: Mapping[str, int]) -> str:
    rows = []
    for section, heard in zip(sections, measured, strict=True):
        prompts = "<br>".join(f"{each.weight:.2f} {escape(each.text)}" for each in section.prompts if each.weight > 0)
        tempo = f"{section.bpm:g}" + ("" if math.isnan(heard.bpm) else f"<br><small>heard {heard.bpm:.1f}</small>")
        key = escape(section.key) + (f"<br><small>heard {escape(heard.key)}</small>" if heard.key else "")
        made = takes.get(section.title, 0)
        cells = [
            f"<td class=n>{_clock(section.start_s)}</td>",
            f"<td>{escape(section.title)}<br><small>{escape(section.role)}</small></td>",
            f"<td class=n>{section.bars}</td><td class=n>{tempo}</td><td>{key}</td>",
            _number(heard.lufs, "{:.1f}"),
            f"<td>{prompts}</td><td>{escape(', '.join(heard.unknown))}</td>",
            _number(_float(section.headroom_s), "{:.1f} s", _float(section.headroom_s) < 0),
            _number(_float(section.generated_in_s), "{:.1f} s"),
            f"<td class=n>{made or '-'}</td><td>{escape(section.generator)}<br><small>seed {section.seed}</small></td>",
        ]
        rows.append(f"<tr>{''.join(cells)}</tr>")
    heads = ("at", "section", "bars", "BPM", "key", "LUFS", "prompts", "not understood", "in hand", "made in", "takes", "by")
    return _table(heads, rows)


def _notices(notices: Sequence[str]) -> str:
    if not notices:
        return ""
    return "<h2>What went wrong</h2><ul>" + "".join(f"<li>{escape(text)}</li>" for text in notices) + "</ul>"


def _table(heads: Sequence[str], rows: Sequence[str]) -> str:
    head = "".join(f"<th>{name}</th>" for name in heads)
    return f'<div class="wide"><table><tr>{head}</tr>{"".join(rows)}</table></div>'


def _number(value: float, form: str, wrong: bool = False) -> str:
    if not math.isfinite(value):
        return "<td class=n>-</td>"
    return f"<td class='n{' fail' if wrong else ''}'>{'✗ ' if wrong else ''}{form.format(value)}</td>"


def _float(value: float | None) -> float:
    return math.nan if value is None else value


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"
