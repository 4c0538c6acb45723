"""One judge for each rule: follows the session second by second, and says what it is worth and why.

A share is None while nothing can be said yet; it counts as 0. Times are s of plant time since the scenario began, so
that no speed changes a score.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from plantsim.alarms.metrics import measure
from plantsim.engine.image import BAD, ProcessImage
from plantsim.training.record import Entry, Kind, Record
from plantsim.training.scenario import AlarmHandling, Avoid, Band, Figure, Order, Reach, Respond, Rule
from plantsim.training.watch import all_hold

Came = Mapping[str, float]
"""When each event of the scenario came; the start is the empty name."""
Verdict = tuple[float | None, str]
"""Share of the points, 0..1, and the evidence."""


class Judge(Protocol):
    """Judges one criterion."""

    def hear(self, entry: Entry, came: Came) -> None:
        """Something was put on record."""
        ...

    def see(self, at: float, image: ProcessImage, came: Came) -> None:
        """A second has passed."""
        ...

    def verdict(self, at: float, record: Record) -> Verdict:
        """As of now."""
        ...


def clock(seconds: float) -> str:
    """``12:05`` or ``1:02:05``."""
    hours, rest = divmod(round(seconds), 3600)
    return f"{hours}:{rest // 60:02d}:{rest % 60:02d}" if hours else f"{rest // 60}:{rest % 60:02d}"


def in_time(took: float, within: float, late: float) -> float:
    """1 up to `within`, 0 from `late` on, and a straight line between."""
    return min(max((late - took) / (late - within), 0.0), 1.0) if late > within else float(took <= within)


class RespondJudge:
    """Judges Respond. What was done before the event came does not count."""

    def __init__(self, rule: Respond) -> None:
        self.rule = rule
        self.names = {alarm.name for alarm in rule.acknowledge}
        self.done: tuple[float, str] | None = None
        self.since: float | None = None

    def hear(self, entry: Entry, came: Came) -> None:
        if self.done is None and self.rule.after in came and self._fits(entry):
            what = f"{entry.name} {entry.text}" if entry.kind is not Kind.DISPLAY else f"display {entry.name}"
            self.done = entry.at, what

    def _fits(self, entry: Entry) -> bool:
        match entry.kind:
            case Kind.ACKNOWLEDGE:
                return entry.name in self.names
            case Kind.DISPLAY:
                return entry.name in self.rule.display
            case Kind.ACTION:
                return any(pattern.fits(entry.name, entry.after) for pattern in self.rule.write)
        return False

    def see(self, at: float, image: ProcessImage, came: Came) -> None:
        self.since = came.get(self.rule.after)

    def verdict(self, at: float, record: Record) -> Verdict:
        wanted = f"(all points within {clock(self.rule.within)}, none after {clock(self.rule.late)})"
        if self.done is not None and self.since is not None:
            took = max(self.done[0] - self.since, 0.0)
            share = in_time(took, self.rule.within, self.rule.late)
            return share, f"{clock(self.done[0])} {self.done[1]}, {clock(took)} after it began {wanted}"
        if self.since is None:
            return None, f"nothing to answer to by {clock(at)} {wanted}"
        return (0.0 if at - self.since >= self.rule.late else None), f"not done by {clock(at)} {wanted}"


class BandJudge:
    """Judges Band. A reading of Bad quality is outside."""

    def __init__(self, rule: Band) -> None:
        self.rule = rule
        self.inside = self.total = 0
        self.least = self.greatest = float("nan")

    def hear(self, entry: Entry, came: Came) -> None:
        """Says nothing about a value."""

    def see(self, at: float, image: ProcessImage, came: Came) -> None:
        since = came.get(self.rule.after)
        if since is None or at < since + self.rule.delay:
            return
        value = float(image.value[self.rule.tag.row])
        good = not image.status[self.rule.tag.row] & BAD
        self.total += 1
        self.inside += good and self.rule.low <= value <= self.rule.high
        if good:
            self.least = value if self.least != self.least else min(self.least, value)
            self.greatest = value if self.greatest != self.greatest else max(self.greatest, value)

    def verdict(self, at: float, record: Record) -> Verdict:
        rule = self.rule
        band = f"{rule.tag.name} within {rule.low:g} to {rule.high:g} {rule.tag.eu}".rstrip()
        if not self.total:
            return None, f"{band}: nothing to judge by {clock(at)}"
        part = self.inside / self.total
        share = min(max((part - rule.none) / (rule.most - rule.none), 0.0), 1.0)
        return share, f"{band} for {100 * part:.0f} % of the time; it was {self.least:.4g} to {self.greatest:.4g}"


class ReachJudge:
    """Judges Reach."""

    def __init__(self, rule: Reach) -> None:
        self.rule = rule
        self.since: float | None = None
        self.holds: float | None = None
        self.reached: float | None = None

    def hear(self, entry: Entry, came: Came) -> None:
        """Says nothing about a state."""

    def see(self, at: float, image: ProcessImage, came: Came) -> None:
        self.since = came.get(self.rule.after)
        if self.since is None or self.reached is not None:
            return
        if not all_hold(self.rule.when, image):
            self.holds = None
            return
        self.holds = at if self.holds is None else self.holds
        if at - self.holds >= self.rule.hold:
            self.reached = self.holds

    def verdict(self, at: float, record: Record) -> Verdict:
        what = " and ".join(watch.text for watch in self.rule.when)
        wanted = f"(all points within {clock(self.rule.within)}, none after {clock(self.rule.late)})"
        if self.since is None:
            return None, f"{what}: nothing to judge by {clock(at)}"
        if self.reached is None:
            late = at - self.since >= self.rule.late + self.rule.hold
            return (0.0 if late else None), f"{what}: not by {clock(at)} {wanted}"
        took = self.reached - self.since
        share = in_time(took, self.rule.within, self.rule.late)
        return share, f"{what} from {clock(self.reached)} on, {clock(took)} after it began {wanted}"


class OrderJudge:
    """Judges Order."""

    def __init__(self, rule: Order) -> None:
        self.rule = rule
        self.done: list[float] = []

    def hear(self, entry: Entry, came: Came) -> None:
        due = self.rule.steps[len(self.done) : len(self.done) + 1]
        if entry.kind is Kind.ACTION and any(step.fits(entry.name, entry.after) for step in due):
            self.done.append(entry.at)

    def see(self, at: float, image: ProcessImage, came: Came) -> None:
        """Says nothing about what is written."""

    def verdict(self, at: float, record: Record) -> Verdict:
        steps = self.rule.steps
        said = [f"{step.text} at {clock(when)}" for step, when in zip(steps, self.done, strict=False)]
        if len(self.done) < len(steps):
            said.append(f"then missing: {steps[len(self.done)].text}")
        return (len(self.done) / len(steps) if self.done else None), ", ".join(said)


class AvoidJudge:
    """Judges Avoid. With both a state and writes it is the writes while the state holds."""

    def __init__(self, rule: Avoid) -> None:
        self.rule = rule
        self.holds = not rule.when
        self.happened: tuple[float, str] | None = None

    @property
    def state(self) -> str:
        """In words."""
        return " and ".join(watch.text for watch in self.rule.when)

    def hear(self, entry: Entry, came: Came) -> None:
        fits = entry.kind is Kind.ACTION and any(one.fits(entry.name, entry.after) for one in self.rule.write)
        if fits and self.holds and self.happened is None:
            self.happened = entry.at, f"{entry.name} {entry.text}" + (f" while {self.state}" if self.rule.when else "")

    def see(self, at: float, image: ProcessImage, came: Came) -> None:
        if not self.rule.when:
            return
        self.holds = all_hold(self.rule.when, image)
        if self.happened is None and self.holds and not self.rule.write:
            self.happened = at, self.state

    def verdict(self, at: float, record: Record) -> Verdict:
        if self.happened is not None:
            return 0.0, f"{clock(self.happened[0])} {self.happened[1]}"
        return 1.0, "never: " + " while ".join(filter(None, (", ".join(w.text for w in self.rule.write), self.state)))


class AlarmJudge:
    """Judges AlarmHandling: alarms that were acknowledged in time, as a share, and none of it in a flood."""

    def __init__(self, rule: AlarmHandling) -> None:
        self.rule = rule

    def hear(self, entry: Entry, came: Came) -> None:
        """The record has it."""

    def see(self, at: float, image: ProcessImage, came: Came) -> None:
        """The record has it."""

    def verdict(self, at: float, record: Record) -> Verdict:
        alarms = record.annunciations()
        due = [one for one in alarms if one.acknowledged is not None or at - one.came >= self.rule.acknowledge]
        if not due or at <= 0.0:
            return None, "no alarm to be acknowledged yet"
        limit = self.rule.acknowledge
        kept = sum(one.acknowledged is not None and one.acknowledged - one.came <= limit for one in due)
        metrics = measure(alarms, 0.0, at + 1.0)
        share = kept / len(due) if metrics.worst_10_min <= self.rule.most else 0.5 * kept / len(due)
        return share, (
            f"{kept} of {len(due)} alarms acknowledged within {clock(limit)}; "
            f"at most {metrics.worst_10_min} in ten minutes (allowed {self.rule.most})"
        )


class FigureJudge:
    """Judges Figure."""

    def __init__(self, rule: Figure) -> None:
        self.rule = rule
        self.first: float | None = None
        self.value = 0.0

    def hear(self, entry: Entry, came: Came) -> None:
        """Says nothing about a figure."""

    def see(self, at: float, image: ProcessImage, came: Came) -> None:
        value = float(image.value[self.rule.tag.row])
        self.first = value if self.first is None else self.first
        self.value = value - self.first if self.rule.change else value

    def verdict(self, at: float, record: Record) -> Verdict:
        rule = self.rule
        share = min(max((self.value - rule.none) / (rule.full - rule.none), 0.0), 1.0)
        how = "changed by" if rule.change else "is"
        wanted = f"(all points at {rule.full:g}, none at {rule.none:g})"
        return share, f"{rule.tag.name} {how} {self.value:.4g} {rule.tag.eu} {wanted}"


def judge_of(rule: Rule) -> Judge:
    """A judge for a rule, as it stands at the start."""
    match rule:
        case Respond():
            return RespondJudge(rule)
        case Band():
            return BandJudge(rule)
        case Reach():
            return ReachJudge(rule)
        case Order():
            return OrderJudge(rule)
        case Avoid():
            return AvoidJudge(rule)
        case AlarmHandling():
            return AlarmJudge(rule)
        case Figure():
            return FigureJudge(rule)
