"""The debrief of a session: everything that is known of it once it is over, as plain data for JSON and the page."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from plantsim.alarms.metrics import measure
from plantsim.training.debrief_page import page
from plantsim.training.record import Kind
from plantsim.training.runner import Runner
from plantsim.training.script import Attempt, attempt

FORMAT = 1
HALF_DONE = 0.7
"""Share of a criterion's points below which it is to be practised."""


def debrief(runner: Runner, trainee: str, began: float, expert: Runner | None) -> dict[str, Any]:
    """Facts of a session that is over. began: seconds since 1970. expert: the same scenario as its script did it."""
    scenario, record, score = runner.scenario, runner.record, runner.score()
    metrics = measure(record.annunciations(), 0.0, runner.elapsed + 1.0)
    experts = {mark.id: mark for mark in expert.score().marks} if expert is not None else {}
    return {
        "format": FORMAT,
        "scenario": scenario.id,
        "title": scenario.title,
        "plant": scenario.plant.name,
        "briefing": scenario.briefing.strip(),
        "trainee": trainee,
        "began": datetime.fromtimestamp(began, UTC).isoformat(timespec="seconds"),
        "plant_began": datetime.fromtimestamp(runner.plant_began, UTC).isoformat(timespec="milliseconds"),
        "seconds": runner.elapsed,
        "score": round(score.total, 1),
        "pass_at": score.pass_at,
        "passed": score.passed,
        "verdict": score.verdict,
        "expert_score": round(expert.score().total, 1) if expert is not None else None,
        "competencies": {
            name: {"points": round(points, 1), "of": weight} for name, (points, weight) in score.by_competency().items()
        },
        "criteria": [
            {
                "id": mark.id,
                "title": mark.title,
                "competency": mark.competency.value,
                "points": round(mark.points, 1),
                "of": mark.weight,
                "required": mark.required,
                "evidence": mark.evidence,
                "expert": experts[mark.id].evidence if mark.id in experts else "",
            }
            for mark in score.marks
        ],
        "penalties": [{"at": one.at, "title": one.title, "points": one.points} for one in score.losses],
        "alarms": {
            "count": metrics.count,
            "worst_10_min": metrics.worst_10_min,
            "floods": metrics.floods,
            "acknowledge_s": metrics.acknowledge_s,
            "chattering": list(metrics.chattering),
        },
        "timeline": [
            {
                "at": one.at,
                "kind": one.kind.value,
                "name": one.name,
                "text": one.text,
                "priority": record.alarms[one.name].priority if one.name in record.alarms else None,
            }
            for one in record.entries
        ],
        "malfunctions": malfunctions(runner),
        "trends": [
            {
                "tag": tag.name,
                "description": tag.description,
                "eu": tag.eu,
                "low": tag.low,
                "high": tag.high,
                "normal": tag.normal,
                "times": record.times,
                "trainee": points,
                "expert_times": expert.record.times if expert is not None else [],
                "expert": expert.record.samples[place] if expert is not None else [],
            }
            for place, (tag, points) in enumerate(zip(record.trends, record.samples, strict=True))
        ],
        "happened": [
            {"at": one.at, "text": one.text} for one in record.entries if one.kind is Kind.SCENARIO and one.text
        ],
        "lesson": scenario.lesson.strip(),
        "practise": [mark.practise for mark in score.marks if mark.practise and (mark.share or 0.0) < HALF_DONE],
        "next": list(scenario.next),
    }


def malfunctions(runner: Runner) -> list[dict[str, Any]]:
    """What the scenario let fail, and from when to when, s since it began; to its end what it never mended."""
    came = {entry.name: entry.at for entry in runner.record.of(Kind.SCENARIO)}
    events = [one for one in runner.scenario.happenings if one.id in came]
    found = []
    for one in events:
        if one.inject is None:
            continue
        name, since = one.inject.malfunction, came[one.id] + one.inject.delay
        mended = [came[other.id] for other in events if _means(other.clear, name) and came[other.id] >= came[one.id]]
        if since < runner.elapsed:
            found.append({"malfunction": name, "text": one.told, "from": since, "to": min([*mended, runner.elapsed])})
    return found


def _means(cleared: str, injected: str) -> bool:
    """Whether a clear is of that malfunction: both name its target, or one leaves it to the plant file."""
    (name, _, target), (other, _, its_target) = cleared.partition("@"), injected.partition("@")
    return bool(name) and name == other and (target == its_target or not target or not its_target)


def as_json(facts: dict[str, Any]) -> str:
    """The facts as the file beside the page has them."""
    return json.dumps(facts, indent=1)


def write_debrief(facts: dict[str, Any], folder: Path) -> Path:
    """Write page and JSON side by side; the path of the page. OSError."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    stamp = facts["began"].replace(":", "").replace("-", "").partition("+")[0]
    path = folder / f"{facts['scenario']}-{stamp}.html"
    count = 1
    while path.exists():
        count += 1
        path = folder / f"{facts['scenario']}-{stamp}-{count}.html"
    path.with_suffix(".json").write_text(as_json(facts), encoding="utf-8")
    path.write_text(page(facts), encoding="utf-8")
    return path


def expert_run(runner: Runner, start: str = "", going: Callable[[], bool] = lambda: True) -> Attempt:
    """The expert's way through a session's scenario, from the same start with the same noise. going: as of attempt."""
    engine = runner.engine
    seed = int(engine.image.value[engine.tags["Simulation.Seed"].row])
    return attempt(
        runner.scenario, runner.scenario.expert, start=start, seed=seed, scan_period=engine.scan_period, going=going
    )
