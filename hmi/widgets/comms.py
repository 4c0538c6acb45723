"""Level 4: the connection, the subscription, the quality of what arrives, the scan, and this program itself."""

from __future__ import annotations

import math
import os
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import numpy as np

from hmi.comm.health import Health, percentile
from hmi.comm.link import SLOW
from hmi.format import BAD, as_many, duration, number, short
from hmi.store import Quality, Trace
from hmi.view import View
from hmi.widgets.canvas import Canvas, Row
from hmi.widgets.panel import Panel
from hmi.widgets.stages import ceiling
from hmi.widgets.trend import dots, text

_LABEL = 14


@dataclass(slots=True)
class Rates:
    """Messages, values and processor time per second, between two looks."""

    at: float = field(default_factory=time.monotonic)
    messages: int = 0
    values: int = 0
    processor: float = field(default_factory=time.process_time)
    shown: tuple[float, float, float] = (math.nan, math.nan, math.nan)

    def look(self, health: Health) -> tuple[float, float, float]:
        """Messages/s, values/s and share of one processor since the last look, renewed every two seconds."""
        now = time.monotonic()
        passed = now - self.at
        if passed >= 2.0:
            processor = time.process_time()
            self.shown = (
                (health.messages - self.messages) / passed,
                (health.values - self.values) / passed,
                (processor - self.processor) / passed,
            )
            self.at, self.messages, self.values, self.processor = now, health.messages, health.values, processor
        return self.shown


class Comms(Panel):
    """Communication diagnostics."""

    PERIOD = 0.5

    def __init__(self, view: View, id: str | None = None) -> None:  # noqa: A002
        super().__init__(view, id=id)
        self.paints: deque[float] = deque(maxlen=240)
        """Seconds that the last paintings took; the application's own."""
        self._rates = Rates()

    def build(self, canvas: Canvas) -> None:
        y = self._connection(canvas, 0)
        y = self._subscription(canvas, y + 1)
        y = self._quality(canvas, y + 1)
        y = self._scan(canvas, y + 1)
        y = self._program(canvas, y + 1)
        self._latencies(canvas, y + 1)

    def _line(self, canvas: Canvas, y: int, label: str) -> Row:
        return canvas.row(y).add(f" {label}", self.view.looks.dim, _LABEL)

    def _pair(self, row: Row, name: str, value: str, bad: bool = False) -> Row:
        looks = self.view.looks
        return row.add(f"{name} ", looks.dim).add(value, looks.bad if bad else looks.live).add("   ", looks.text)

    def _connection(self, canvas: Canvas, y: int) -> int:
        view, looks = self.view, self.view.looks
        link, health = view.link, view.health
        row = self._line(canvas, y, "ENDPOINT").add(view.endpoint, looks.live).add("   ", looks.text)
        row.add("CONNECTED" if link.online else link.phase.value.upper(), looks.text if link.online else looks.fault)
        row = self._line(canvas, y + 1, "session")
        self._pair(row, "user", view.user or "anonymous")
        certificate = f", {health.certificate[:8]}" if health.certificate else ""
        self._pair(row, "security", f"{health.security}{certificate}")
        up = (datetime.now() - health.since).total_seconds() if health.since is not None and link.online else math.nan
        self._pair(row, "up", duration(up))
        row = self._line(canvas, y + 2, "server")
        ahead = BAD if math.isnan(health.skew) else f"{health.skew:+.2f} s"
        room = row.width - row.used - len(f"   members {health.nodes}   clock ahead {ahead} ")
        row.add(short(health.product or BAD, min(36, room)), looks.live).add("   ", looks.text)
        self._pair(row, "members", str(health.nodes))
        self._pair(row, "clock ahead", ahead)
        row = self._line(canvas, y + 3, "breaks")
        self._pair(row, "reconnected", str(max(0, health.sessions - 1)))
        if link.error:
            self._pair(row, "last error", short(link.error, max(1, row.width - row.used - len("last error "))))
        return y + 4

    def _subscription(self, canvas: Canvas, y: int) -> int:
        health = self.view.health
        messages, values, _ = self._rates.look(health)
        row = self._line(canvas, y, "SUBSCRIPTION")
        self._pair(row, "items", str(health.watched))
        self._pair(row, "refused", str(len(health.refused)), bad=bool(health.refused))
        quiet = health.silence
        self._pair(row, "last message", BAD if math.isnan(quiet) else f"{quiet:.1f} s ago", bad=quiet >= SLOW)
        row = self._line(canvas, y + 1, "")
        self._pair(row, "messages/s", number(messages, 1))
        self._pair(row, "values/s", number(values, 0))
        self._pair(row, "values", str(health.values))
        row = self._line(canvas, y + 2, "requests")
        self._pair(row, "done", str(health.done))
        self._pair(row, "refused", str(health.turned_down))
        self._pair(row, "unanswered", str(health.doubtful), bad=bool(health.doubtful))
        return y + 3

    def _quality(self, canvas: Canvas, y: int) -> int:
        """Of the primary values: how many are good, and the first few that are not."""
        view, looks = self.view, self.view.looks
        read = {
            t.id: view.store.read(t.primary.name).quality for t in view.plant.tags.values() if t.primary is not None
        }
        counts = Counter(read.values())
        row = self._line(canvas, y, "QUALITY")
        for quality in Quality:
            abnormal = quality is not Quality.GOOD and counts[quality] > 0
            self._pair(row, "forced" if quality is Quality.OVERRIDE else quality.name.lower(), str(counts[quality]),
                       bad=abnormal)  # fmt: skip
        worst = sorted((tag for tag, quality in read.items() if quality > Quality.OVERRIDE), key=lambda t: -read[t])
        row = self._line(canvas, y + 1, "not good")
        row.add(as_many(worst, row.width - row.used) or "none", looks.bad if worst else looks.dim)
        return y + 2

    def _scan(self, canvas: Canvas, y: int) -> int:
        """What the simulation says of its own scan, where this session may read it."""
        view, looks = self.view, self.view.looks
        if not view.plant.simulation:
            return y - 1
        row = self._line(canvas, y, "SCAN")
        for name, title, digits in (
            ("ScanPeriod", "period", 2), ("ScanTime", "takes", 2), ("Overruns", "overruns", 0),
            ("ActualSpeed", "speed", 2),
        ):  # fmt: skip
            member = view.plant.simulation.get(name)
            if member is not None:
                value = view.store.number(member.name)
                self._pair(row, title, f"{number(value, digits)} {member.eu}".rstrip(), bad=math.isnan(value))
        pacing = view.store.read("Simulation.Pacing").value
        row = self._line(canvas, y + 1, "")
        self._pair(row, "pacing", str(pacing) if isinstance(pacing, str) and pacing else "-")
        branch = view.store.read("Simulation.Branch").value
        row.add("branch ", looks.dim).add(str(branch) if branch is not None else "-", looks.live)
        failure = view.store.read("Simulation.Failure").value
        if not (isinstance(failure, str) and failure):
            return y + 2
        self._line(canvas, y + 2, "").add(f" STOPPED  {failure} ", looks.shout)
        return y + 3

    def _program(self, canvas: Canvas, y: int) -> int:
        _, _, processor = self._rates.look(self.view.health)
        row = self._line(canvas, y, "THIS STATION")
        self._pair(row, "processor", BAD if math.isnan(processor) else f"{100 * processor:.1f} %")
        self._pair(row, "memory", memory())
        self._pair(row, "paint p50/p95", f"{1e3 * percentile(self.paints, 0.5):.1f}/"
                   f"{1e3 * percentile(self.paints, 0.95):.1f} ms")  # fmt: skip
        return y + 1

    def _latencies(self, canvas: Canvas, y: int) -> None:
        """Round trips of the last minutes as a curve, if there is room."""
        looks, known = self.view.looks, self.view.health.latencies
        row = self._line(canvas, y, "LATENCY")
        self._pair(row, "p50", f"{number(percentile(known, 0.5), 1)} ms")
        self._pair(row, "p95", f"{number(percentile(known, 0.95), 1)} ms")
        self._pair(row, "now", f"{self.view.link.latency_ms:.1f} ms")
        height = min(8, canvas.height - y - 1)
        width = min(60, canvas.width - _LABEL - 2)
        if height < 2 or not known:
            return
        values = np.full(2 * width, np.nan)
        recent = list(known)[-2 * width :]
        values[len(values) - len(recent) :] = recent
        high = ceiling(max(recent))
        patterns = dots(Trace(values, values, values), 0.0, high, width, height)
        for line in range(height):
            mark = f"{high:g} ms" if line == 0 else "0" if line == height - 1 else ""
            canvas.row(y + 1 + line).add(mark, looks.dim, _LABEL - 1, right=True).add("│", looks.line)
            canvas.row(y + 1 + line).add(text(patterns[line]), looks.text)


def memory() -> str:
    """Resident memory of this process; not told where the system does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return BAD
    return f"{pages * os.sysconf('SC_PAGE_SIZE') / 1e6:.0f} MB"
