"""Delays and deadbands end at their scan, at real time and as fast as the machine goes: the journal says in which.

The sweep air is lowered and brought back by hand, at stated plant times; noise is on it. What must come when is worked
out here from the readings alone, scan by scan: a condition acts so many scans after the first of those in which it
holds without a break.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise

import pytest

from plantsim.engine import scan_thread
from plantsim.engine.command import Origin
from plantsim.engine.engine import Engine
from plantsim.engine.image import ProcessImage
from plantsim.engine.journal import Event, EventKind
from plantsim.model.plant import Plant
from plantsim.model.tag import Role

ANNA = Origin(Role.OPERATOR, "anna", "test")
TIMEOUT_S = 60.0
SCAN_S = 0.1
OUTPUTS = {2: 18.0, 20: 47.0, 40: 60.0}
"""% of the fan's speed by s of plant time: far below the limits, into the deadband of the low alarm, and back."""
END = 600
"""Scans."""

Happened = tuple[int, str, str]


class SteppedClock:
    """A wall clock of which every reading is half a scan later than the one before: the machine is always in time."""

    def __init__(self) -> None:
        self._readings = 0

    def monotonic(self) -> float:
        self._readings += 1
        return 0.5 * SCAN_S * self._readings


@dataclass
class Desk:
    """Writes at plant times, and stands at the end. Tells all that it hears."""

    engine: Engine
    over: threading.Event = field(default_factory=threading.Event)
    heard: list[Event] = field(default_factory=list)

    def hear(self, event: Event) -> None:
        self.heard.append(event)

    def judge(self, image: ProcessImage) -> None:
        output = OUTPUTS.get(round(image.scan * SCAN_S))
        if output is not None:
            answers = self.engine.write([("FIC-213.MODE", 0.0), ("FIC-213.OP", output)], ANNA)
            assert answers == [None, None]
        if image.scan >= END:
            self.engine.freeze()
            self.over.set()


def ran(plant: Plant, speed: float) -> tuple[list[Happened], dict[int, float], str]:
    """Alarms and trips of the journal, the sweep air by scan as far as it was published, and the state's digest."""
    engine = Engine(plant, scan_period=SCAN_S, epoch=0.0, speed=speed, frozen=True)
    desk = Desk(engine)
    row = engine.tags["FIC-213.PV"].row
    air: dict[int, float] = {}
    engine.listen(lambda image: air.update({image.scan: float(image.value[row])}))
    engine.supervise(desk)
    engine.start()
    try:
        engine.run()
        assert desk.over.wait(TIMEOUT_S)
    finally:
        engine.stop()
    kinds = [EventKind.ALARM, EventKind.TRIP]
    events = [e.event for e in engine.journal.entries(kinds=kinds)]
    assert events == [event for event in desk.heard if event.kind in kinds]
    assert all(event.plant_time == pytest.approx(event.scan * SCAN_S) for event in events)
    assert engine.image.scan == END
    return [(e.scan, e.source, e.what) for e in events], air, engine.live.state_sha256()


def expected(air: dict[int, float], holds: Callable[[float], bool], seconds: float, since: int = 0) -> int:
    """The scan in which a condition has held so many s without a break, from a scan on."""
    begun = None
    for scan in range(since + 1, END + 1):
        if not holds(air[scan]):
            begun = None
            continue
        begun = scan if begun is None else begun
        if scan - begun == round(seconds / SCAN_S):
            return scan
    raise AssertionError("it never holds so long")


def test_alarms_and_trips_come_in_their_scan_at_any_speed(belfast: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    fast, _, fast_state = ran(belfast, math.inf)
    clock = SteppedClock()
    monkeypatch.setattr(scan_thread, "time", clock)
    real, air, real_state = ran(belfast, 1.0)
    assert sorted(air) == list(range(END + 1)), "in real time every scan is published"
    assert fast == real
    assert fast_state == real_state

    low = next(a for a in belfast.alarms if (a.tag, a.condition) == ("FIC-213", "L"))
    lost = next(i for i in belfast.interlocks if i.tag == "UZ-213")
    limit, deadband = low.limit, low.deadband
    comes = expected(air, lambda pv: pv <= limit, low.on_delay)
    goes = expected(air, lambda pv: pv > limit + deadband, low.off_delay, comes)
    trips = expected(air, lambda pv: pv < 300.0, lost.delay)
    by_source = {source: [(scan, what) for scan, of, what in real if of == source] for _, source, _ in real}
    assert by_source["FIC-213.L"] == [(comes, "came"), (goes, "went")]
    assert by_source["UZ-213"] == [(trips, "tripped")]
    back = [scan for scan in range(comes, goes) if air[scan] > limit]
    assert len(back) > low.off_delay / SCAN_S + 100, "it stood in its deadband for longer than its delay"
    assert all(a[0] <= b[0] for a, b in pairwise(real))
