"""The debrief as one HTML page that needs nothing else: plots are inline SVG, and it prints on A4."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from plantsim.training.judges import clock

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 760, 170, 104, 20, 8, 22
"""Of a plot, in px, and its margins for the axes' numbers and for the names of the timeline's lanes."""
LANE, MARK = 20, 6
"""Height of a lane of the timeline, and half of a mark's."""
EXPERT, TRAINEE = 'stroke="#999" stroke-dasharray="5 4"', 'stroke="#124f8c" stroke-width="1.6"'
LANES = (
    ("scenario", ("scenario",)),
    ("alarms", ("alarm", "trip")),
    ("acknowledged", ("acknowledge",)),
    ("actions", ("action", "refused")),
    ("displays", ("display",)),
    ("messages, hints", ("message", "hint", "penalty")),
)
"""Below the malfunctions', a lane for each kind of what happened."""
PRIORITIES = {1: ("#b00000", "high"), 2: ("#c07000", "medium"), 3: ("#8a7f00", "low"), 4: ("#7a3a94", "diagnostic")}
"""Colour and name of alarm priorities; by their shapes they are told apart on a page without colours."""
STEPS = (60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400, 172800, 432000, 864000)
"""s between two ticks of the time axis."""
STYLE = """
:root { color-scheme: light; }
body { font: 15px/1.45 system-ui, sans-serif; color: #222; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin-bottom: 0; } h2 { font-size: 1.1rem; margin-top: 1.8rem; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { text-align: left; vertical-align: top; padding: .25rem .6rem .25rem 0; border-bottom: 1px solid #ddd; }
.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.total { font-size: 2rem; font-weight: 600; } .quiet { color: #666; }
figure { margin: 1rem 0; break-inside: avoid; } figcaption { font-size: .9rem; }
svg { width: 100%; height: auto; break-inside: avoid; }
h2 { break-after: avoid; } svg text { font: 11px system-ui, sans-serif; fill: #555; }
@media print { body { margin: 0; max-width: none; font-size: 10pt; } tr, li { break-inside: avoid; } }
@page { size: A4; margin: 15mm; }
"""


def page(facts: dict[str, Any]) -> str:
    """The whole page. facts: of ``debrief``."""
    body = [
        f"<h1>{escape(facts['title'])}</h1>",
        f'<p class="quiet">{escape(facts["scenario"])} on {escape(facts["plant"])}; {escape(facts["trainee"])}, '
        f"{_moment(facts['began'])}, {clock(facts['seconds'])} of plant time</p>",
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
        '<p class="quiet">Solid: the trainee. Dashed: the expert. Shaded: the normal band. Time: of the plant, since '
        "the beginning.</p>",
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


def _moment(began: str) -> str:
    return escape(began.replace("T", " ").replace("+00:00", " UTC"))


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
    return LEFT + (WIDTH - LEFT - RIGHT) * (min(max(at / length, 0.0), 1.0) if length > 0.0 else 0.0)


def _ticks(length: float) -> range:
    """Times, s since the beginning, that the axis is marked at."""
    return range(0, math.floor(length) + 1, next((one for one in STEPS if length / one <= 8), STEPS[-1]))


def _time_axis(length: float, top: float, bottom: float) -> str:
    """Plant time since the beginning: a line through the plot and a number below it at each tick."""
    return "".join(
        f'<line x1="{_x(at, length):.1f}" x2="{_x(at, length):.1f}" y1="{top:.1f}" y2="{bottom:.1f}" stroke="#e4e4e4"/>'
        f'<text x="{_x(at, length):.1f}" y="{bottom + 14:.1f}" text-anchor="middle">{clock(at)}</text>'
        for at in _ticks(length)
    )


def _lanes(facts: dict[str, Any]) -> str:
    """What failed as bars, below it what happened by kinds, over one time axis."""
    length = facts["seconds"]
    failed = facts["malfunctions"]
    bottom = TOP + LANE * (len(failed) + len(LANES))
    parts = [_time_axis(length, TOP, bottom)]
    for place, one in enumerate(failed):
        y = TOP + LANE * (place + 0.5)
        since, until = _x(one["from"], length), _x(one["to"], length)
        said = escape(f"{one['malfunction']}, {clock(one['from'])} to {clock(one['to'])}: {one['text']}")
        # beside the bar where there is more room
        before = since - LEFT > WIDTH - RIGHT - until
        x, anchor = (since - 6, "end") if before else (until + 6, "start")
        if max(since - LEFT, WIDTH - RIGHT - until) < 6.5 * len(one["malfunction"]):  # in the bar
            x, anchor = since + 6, "start"
        parts.append(
            f'<rect x="{since:.1f}" y="{y - MARK}" width="{max(3.0, until - since):.1f}" height="{2 * MARK}" '
            f'fill="#ccc"><title>{said}</title></rect>'
            f'<text x="{x:.1f}" y="{y + 4}" text-anchor="{anchor}">{escape(one["malfunction"])}</text>'
        )
    if failed:
        parts.append(f'<text x="0" y="{TOP + LANE / 2 + 4}">malfunctions</text>')
    for place, (title, kinds) in enumerate(LANES, len(failed)):
        y = TOP + LANE * (place + 0.5)
        parts.append(f'<text x="0" y="{y + 4}">{title}</text>')
        parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}" stroke="#ddd"/>')
        for one in facts["timeline"]:
            if one["kind"] in kinds:
                said = escape(f"{clock(one['at'])} {one['name']} {one['text']}")
                parts.append(_mark(one, _x(one["at"], length), y).replace("/>", f"><title>{said}</title></path>"))
    name = "Timeline in plant time since the beginning"
    legend = '<p class="quiet">Alarms: square high, triangle medium, diamond low priority, a bar for a trip.</p>'
    return f'<svg viewBox="0 0 {WIDTH} {bottom + BOTTOM}" role="img" aria-label="{name}">{"".join(parts)}</svg>' + (
        legend if any(one["kind"] in ("alarm", "trip") for one in facts["timeline"]) else ""
    )


def _mark(one: dict[str, Any], x: float, y: float) -> str:
    """A bar, or an alarm by the shape and colour of its priority."""
    size = MARK - 1
    shape = f"M{x - 1.5:.1f} {y - MARK}h3v{2 * MARK}h-3z"
    colour = "#444"
    if one["kind"] == "alarm" and one["priority"] in PRIORITIES:
        colour = PRIORITIES[one["priority"]][0]
        shape = {
            1: f"M{x - size:.1f} {y - size}h{2 * size}v{2 * size}h{-2 * size}z",
            2: f"M{x:.1f} {y - size}l{size} {2 * size}h{-2 * size}z",
        }.get(one["priority"], f"M{x:.1f} {y - size}l{size} {size}l{-size} {size}l{-size} {-size}z")
    elif one["kind"] == "trip":
        colour = PRIORITIES[1][0]
    return f'<path d="{shape}" fill="{colour}"/>'


def _scale(trend: dict[str, Any]) -> tuple[float, float, float]:
    """Lowest and highest value of a plot, round numbers, and the step between its lines."""
    values = [one for one in (*trend["trainee"], *trend["expert"], *(trend["normal"] or ())) if one is not None]
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    if high - low < 1e-6 * max(1.0, abs(high)):  # a line in the middle
        low, high = low - 0.5 * max(1.0, 0.01 * abs(low)), high + 0.5 * max(1.0, 0.01 * abs(high))
    power = 10.0 ** math.floor(math.log10((high - low) / 3.0))
    step = next(one * power for one in (1.0, 2.0, 2.5, 5.0, 10.0) if (high - low) / (one * power) <= 4.0)
    return step * math.floor(low / step + 1e-9), step * math.ceil(high / step - 1e-9), step


def _trend(trend: dict[str, Any], length: float) -> str:
    low, high, step = _scale(trend)
    bottom = HEIGHT - BOTTOM

    def y(value: float) -> float:
        return TOP + (bottom - TOP) * (high - value) / (high - low)

    def line(times: Sequence[float], points: Sequence[float | None], style: str) -> str:
        path, pen = [], "M"
        for at, value in zip(times, points, strict=False):
            if value is None or at > length:
                pen = "M"
                continue
            path.append(f"{pen}{_x(at, length):.1f} {y(value):.1f}")
            pen = "L"
        return f'<path d="{" ".join(path)}" fill="none" {style}/>' if path else ""

    band = ""
    if trend["normal"]:
        above, below = y(trend["normal"][1]), y(trend["normal"][0])
        band = (
            f'<rect x="{LEFT}" y="{above:.1f}" width="{WIDTH - LEFT - RIGHT}" height="{max(1.0, below - above):.1f}" '
            'fill="#eef1f4"/>'
        )
    numbers = "".join(
        f'<text x="{LEFT - 6}" y="{y(value) + 4:.1f}" text-anchor="end">{value:.6g}</text>'
        f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(value):.1f}" y2="{y(value):.1f}" stroke="#e4e4e4"/>'
        for value in (round(low + step * place, 12) for place in range(round((high - low) / step) + 1))
    )
    unit = f'<text x="0" y="{TOP + 4}">{escape(trend["eu"])}</text>' if trend["eu"] else ""
    label = escape(f"{trend['tag']}, {trend['description']}" + (f", {trend['eu']}" if trend["eu"] else ""))
    return (
        f'<figure><figcaption>{label}</figcaption><svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">'
        f"{band}{_time_axis(length, TOP, bottom)}{numbers}{unit}"
        f"{line(trend['expert_times'], trend['expert'], EXPERT)}"
        f"{line(trend['times'], trend['trainee'], TRAINEE)}</svg></figure>"
    )
