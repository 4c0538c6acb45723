"""The debrief as one HTML page that needs nothing else: plots are inline SVG, and it prints on A4."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from plantsim.training.judges import clock

WIDTH, HEIGHT, LEFT, BOTTOM = 760, 150, 56, 18
"""Of a plot, in px, and its margins for the axes' numbers."""
EXPERT, TRAINEE = 'stroke="#999" stroke-dasharray="5 4"', 'stroke="#124f8c" stroke-width="1.6"'
LANES = (
    ("scenario", ("scenario",)),
    ("alarms", ("alarm", "trip")),
    ("acknowledged", ("acknowledge",)),
    ("actions", ("action", "refused")),
    ("displays", ("display",)),
    ("messages, hints", ("message", "hint", "penalty")),
)
STYLE = """
:root { color-scheme: light; }
body { font: 15px/1.45 system-ui, sans-serif; color: #222; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin-bottom: 0; } h2 { font-size: 1.1rem; margin-top: 1.8rem; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { text-align: left; vertical-align: top; padding: .25rem .6rem .25rem 0; border-bottom: 1px solid #ddd; }
.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.total { font-size: 2rem; font-weight: 600; } .quiet { color: #666; }
figure { margin: 1rem 0; break-inside: avoid; } figcaption { font-size: .9rem; }
svg { width: 100%; height: auto; } svg text { font: 11px system-ui, sans-serif; fill: #555; }
@media print { body { margin: 0; max-width: none; font-size: 10pt; } tr, li { break-inside: avoid; } }
@page { size: A4; margin: 15mm; }
"""


def page(facts: dict[str, Any]) -> str:
    """The whole page. facts: of ``debrief``."""
    body = [
        f"<h1>{escape(facts['title'])}</h1>",
        f'<p class="quiet">{escape(facts["scenario"])} on {escape(facts["plant"])}; {escape(facts["trainee"])}, '
        f"{escape(facts['began'])}, {clock(facts['seconds'])} of plant time</p>",
        _result(facts),
        _criteria(facts),
        "<h2>What happened</h2>",
        _list(f"{clock(one['at'])} {one['text']}" for one in facts["happened"]),
        *(f"<p>{escape(part)}</p>" for part in facts["lesson"].split("\n\n")),
        "<h2>What to practise</h2>",
        _list(facts["practise"]) if facts["practise"] else "<p>Nothing that stands out.</p>",
        f"<p>Next: {escape(', '.join(facts['next']))}</p>" if facts["next"] else "",
        "<h2>Timeline</h2>",
        _lanes(facts),
        "<h2>Trends</h2>",
        '<p class="quiet">Solid: the trainee. Dashed: the expert.</p>',
        *(_trend(trend, facts["seconds"]) for trend in facts["trends"]),
        "<h2>Briefing</h2>",
        f"<p>{escape(facts['briefing'])}</p>",
        "<h2>Record</h2>",
        _record(facts),
    ]
    title = escape(f"Debrief: {facts['title']}")
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f"<style>{STYLE}</style></head><body>\n" + "\n".join(body) + "\n</body></html>\n"
    )


def _result(facts: dict[str, Any]) -> str:
    expert = f" The expert has {facts['expert_score']:.0f}." if facts["expert_score"] is not None else ""
    alarms = facts["alarms"]
    took = f", acknowledged after {alarms['acknowledge_s']:.0f} s on average" if alarms["acknowledge_s"] else ""
    counted = "1 alarm" if alarms["count"] == 1 else f"{alarms['count']} alarms"
    return (
        f'<p><span class="total">{facts["score"]:.0f}</span> of 100, {escape(facts["verdict"])} '
        f"(it takes {facts['pass_at']:g}).{expert}</p>"
        f"<p>{counted}, at most {alarms['worst_10_min']} in ten minutes{took}.</p>"
    )


def _criteria(facts: dict[str, Any]) -> str:
    rows = []
    for name, points in facts["competencies"].items():
        rows.append(
            f'<tr><th>{escape(name)}</th><th class="number">{points["points"]:.0f} / {points["of"]:g}</th><th></th>'
            "<th></th></tr>"
        )
        for one in facts["criteria"]:
            if one["competency"] == name:
                required = " (required)" if one["required"] else ""
                rows.append(
                    f'<tr><td>{escape(one["title"])}{required}</td><td class="number">{one["points"]:.0f} / '
                    f'{one["of"]:g}</td><td>{escape(one["evidence"])}</td><td class="quiet">{escape(one["expert"])}'
                    "</td></tr>"
                )
    for loss in facts["penalties"]:
        rows.append(
            f'<tr><td>{escape(loss["title"])}</td><td class="number">-{loss["points"]:g}</td>'
            f"<td>at {clock(loss['at'])}</td><td></td></tr>"
        )
    head = '<tr><th>Criterion</th><th class="number">Points</th><th>Evidence</th><th>Expert</th></tr>'
    return f"<table><thead>{head}</thead><tbody>{''.join(rows)}</tbody></table>"


def _list(items: Iterable[str]) -> str:
    return "<ul>" + "".join(f"<li>{escape(item)}</li>" for item in items) + "</ul>"


def _record(facts: dict[str, Any]) -> str:
    rows = "".join(
        f'<tr><td class="number">{clock(one["at"])}</td><td>{escape(one["kind"])}</td><td>{escape(one["name"])}</td>'
        f"<td>{escape(one['text'])}</td></tr>"
        for one in facts["timeline"]
    )
    return f"<table><tbody>{rows}</tbody></table>"


def _x(at: float, length: float) -> float:
    return LEFT + (WIDTH - LEFT - 20) * (at / length if length > 0.0 else 0.0)


def _time_axis(length: float, y: float) -> str:
    step = next((one for one in (60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800) if length / one <= 8), 86400)
    return "".join(
        f'<text x="{_x(at, length):.1f}" y="{y:.1f}" text-anchor="middle">{clock(at)}</text>'
        for at in range(0, math.floor(length) + 1, step)
    )


def _lanes(facts: dict[str, Any]) -> str:
    length, left = facts["seconds"], 100
    parts = []
    for place, (title, kinds) in enumerate(LANES):
        y = 14 + 20 * place
        parts.append(f'<text x="0" y="{y + 4}">{title}</text>')
        parts.append(f'<line x1="{left}" x2="{WIDTH}" y1="{y}" y2="{y}" stroke="#ddd"/>')
        for one in facts["timeline"]:
            if one["kind"] in kinds:
                x = left + (WIDTH - left - 4) * (one["at"] / length if length else 0.0)
                said = escape(f"{clock(one['at'])} {one['name']} {one['text']}")
                parts.append(
                    f'<rect x="{x:.1f}" y="{y - 6}" width="3" height="12" fill="#444"><title>{said}</title></rect>'
                )
    return f'<svg viewBox="0 0 {WIDTH} {20 * len(LANES) + 8}" role="img" aria-label="Timeline">{"".join(parts)}</svg>'


def _trend(trend: dict[str, Any], length: float) -> str:
    values = [one for one in (*trend["trainee"], *trend["expert"]) if one is not None]
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    if high - low < 1e-9:
        low, high = low - 0.5, high + 0.5
    top = 6
    span = HEIGHT - BOTTOM - top

    def y(value: float) -> float:
        return top + span * (high - value) / (high - low)

    def line(times: Sequence[float], points: Sequence[float | None], style: str) -> str:
        path, pen = [], "M"
        for at, value in zip(times, points, strict=False):
            if value is None or at > length:
                pen = "M"
                continue
            path.append(f"{pen}{_x(at, length):.1f} {y(value):.1f}")
            pen = "L"
        return f'<path d="{" ".join(path)}" fill="none" {style}/>' if path else ""

    numbers = "".join(
        f'<text x="{LEFT - 6}" y="{y(value) + 4:.1f}" text-anchor="end">{value:.4g}</text>'
        f'<line x1="{LEFT}" x2="{WIDTH - 20}" y1="{y(value):.1f}" y2="{y(value):.1f}" stroke="#e4e4e4"/>'
        for value in (low, (low + high) / 2.0, high)
    )
    label = escape(f"{trend['tag']}, {trend['description']}" + (f", {trend['eu']}" if trend["eu"] else ""))
    return (
        f'<figure><figcaption>{label}</figcaption><svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">'
        f"{numbers}{line(trend['expert_times'], trend['expert'], EXPERT)}"
        f"{line(trend['times'], trend['trainee'], TRAINEE)}"
        f"{_time_axis(length, HEIGHT - 4)}</svg></figure>"
    )
