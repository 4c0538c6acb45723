"""The cause-and-effect matrix of every plant, row by row as its file has it: cause, effect, latch, reset and bypass.

A cause is made in the field: an instrument is forced beyond its limit or fails, a machine is stopped, a switch turned.
"""

from __future__ import annotations

import functools
import math
import tomllib
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from plantsim.engine.command import Origin, Refusal
from plantsim.engine.forcing import Forcing
from plantsim.engine.image import GOOD_LOCAL_OVERRIDE
from plantsim.engine.live import FROM_INTERLOCK, LivePlant
from plantsim.engine.permission import Permission
from plantsim.model.load import load_plant, plant_names, plant_path
from plantsim.model.plant import Condition, Effect, Interlock
from plantsim.model.tag import Kind, Role

SCAN_S = 0.5
BYPASS_S = 120.0
"""For which rows are bypassed here, so that they need not be waited for a shift; longer than any delay."""
SHIFT_S = 8.0 * 3600.0
EXPIRED = 2
"""What an interlock reports, as in ext/interlock.pxd."""
EXTERNAL = 3.0
MACHINE_SCANS = 40
"""In which a machine has answered its command: the longest stroke."""
OPERATOR, ENGINEER = (Origin(role, role.name.lower(), "test") for role in (Role.OPERATOR, Role.ENGINEER))


def rows() -> Iterable[Any]:
    for name in plant_names():
        for row in tomllib.loads(plant_path(name).read_text())["interlocks"]:
            marks = [] if name == "belfast" else [pytest.mark.long]
            yield pytest.param((name, row["id"]), id=f"{name}-{row['id']}", marks=marks)


class Bench:
    """A plant in production, in which causes can be made, and which can be had again as it was."""

    def __init__(self, name: str) -> None:
        plant = load_plant(name)
        self.stated = {one.tag: one for one in plant.interlocks}
        self.plant = replace(plant, interlocks=tuple(replace(one, bypass_time=BYPASS_S) for one in plant.interlocks))
        self.rows = {one.tag: one for one in self.plant.interlocks}
        self.kinds = {device.tag: device.kind for device in plant.devices}
        self.live = LivePlant(self.plant, scan_period=SCAN_S)
        self.forcing = Forcing(self.live)
        self.contacts = {device.tag for device in plant.devices if device.contact is not None}
        self.held: dict[str, float] = {}
        """Field switches that show something else than they see."""
        self.told: list[tuple[int, int, int, int]] = []
        self.live.tell = self.told.extend
        self.permission = Permission(self.plant, self.live.tags, frozenset())
        self.live.advance(4)
        self.rest = self.live.arrays()

    def __getitem__(self, name: str) -> float:
        return float(self.live.core.signal[self.live.tags[name].row])

    def __setitem__(self, name: str, value: float) -> None:
        self.live.core.signal[self.live.tags[name].row] = value

    def afresh(self) -> None:
        """As it was in production."""
        for force in list(self.forcing.forces):
            self.forcing.release(force.name)
        self.held.clear()
        self.live.restore(self.rest)
        self.told.clear()
        assert self.tripped() == [], "none stands in production"

    def scan(self, n: int = 1) -> None:
        for _ in range(n):
            self.forcing.hold()
            for name, value in self.held.items():
                self[name] = value
            self.live.advance(1)

    def tripped(self, group: str | None = None) -> list[str]:
        return [tag for tag, one in self.rows.items() if group in (None, one.group) and self[f"{tag}.TRIPPED"]]

    def first_out(self, group: str) -> list[str]:
        return [tag for tag, one in self.rows.items() if one.group == group and self[f"{tag}.FIRST_OUT"]]

    def force(self, name: str, value: float) -> None:
        tag = self.live.tags[name]
        assert self.forcing.takes(tag), f"{name} cannot be forced"
        self.forcing.put(tag, min(max(value, tag.low), tag.high), ENGINEER, 0.0)

    def drawn(self, c: Condition, by: float) -> None:
        """Force a reading to so much beyond its limit, eu; with a negative number to the side where all is well."""
        self.force(f"{c.tag}.{c.member}", c.value + by if c.relation == ">" else c.value - by)

    def turn(self, switch: str, value: float) -> None:
        """A hand switch stays where it is put, a field switch is held there."""
        if switch in self.contacts:
            self.held[f"{switch}.STATE"] = value
        self[f"{switch}.STATE"] = value

    def cause(self, c: Condition) -> None:
        if c.relation == "bad":
            self.live.injected.inject(f"transmitter-failed@{c.tag}", 1.0, 0.0, 0.0)
        elif c.member in ("RUN", "OPENED"):
            self.force(f"{c.tag}.CMD", 0.0)
        elif c.member == "STATE":
            self.turn(c.tag, c.value)
        else:
            tag = self.live.tags[f"{c.tag}.{c.member}"]
            self.drawn(c, 0.01 * (tag.high - tag.low))

    def no_cause(self, c: Condition, deadband: float) -> None:
        for force in list(self.forcing.forces):
            self.forcing.release(force.name)
        self.live.injected.clear_all()
        if c.member in ("RUN", "OPENED"):
            self[f"{c.tag}.CMD"] = 1.0
        elif c.member == "STATE":
            self.turn(c.tag, 1.0 - c.value)
        elif c.relation != "bad":
            tag = self.live.tags[f"{c.tag}.{c.member}"]
            self.drawn(c, -deadband - 0.01 * (tag.high - tag.low))

    def until_tripped(self, interlock: Interlock) -> int:
        """Scans until it trips; a machine is seen to be stopped a scan after its command."""
        for n in range(1, math.ceil(interlock.delay / SCAN_S) + 3):
            self.scan()
            if self[f"{interlock.tag}.TRIPPED"]:
                return n
        raise AssertionError(f"{interlock.tag} has not tripped")

    def commands(self, interlock: Interlock) -> dict[str, tuple[Effect, float]]:
        """What it holds, by the tag's name: the effect and its value, without what a later row overrules."""
        later = self.plant.interlocks[self.plant.interlocks.index(interlock) + 1 :]
        rules = [e for one in later if self[f"{one.tag}.TRIPPED"] for e in one.effects]
        found = {}
        for effect in interlock.effects:
            kind = self.kinds[effect.tag]
            if all(e == effect for e in rules if e.tag == effect.tag):
                speed = effect.verb == "%" and kind is Kind.VARIABLE_DRIVE
                full = 1.0 if kind is Kind.ON_OFF_VALVE else 100.0
                value = {"START": 1.0, "OPEN": full, "%": effect.value}.get(effect.verb, 0.0)
                found[f"{effect.tag}.{'SPEED_CMD' if speed else 'CMD'}"] = effect, value
        return found


@functools.cache
def bench_of(name: str) -> Bench:
    return Bench(name)


@pytest.fixture(params=rows())
def row(request: pytest.FixtureRequest) -> tuple[Bench, Interlock]:
    name, tag = request.param
    bench = bench_of(name)
    bench.afresh()
    return bench, bench.rows[tag]


def test_every_cause_has_its_effects_in_the_scan_that_trips_it(row: tuple[Bench, Interlock]) -> None:
    """And not before its delay. What is commanded against it moves nothing, and is refused."""
    bench, interlock = row
    for group in [interlock.when] if interlock.votes > 1 else [(c,) for c in interlock.when]:
        bench.afresh()
        for c in group[:-1]:
            bench.cause(c)
        if group[:-1]:
            bench.scan(math.ceil(interlock.delay / SCAN_S) + 3)
            assert (not bench[f"{interlock.tag}.TRIPPED"]) == (len(group) - 1 < interlock.votes)
        bench.cause(group[-1])
        assert bench.until_tripped(interlock) >= interlock.delay / SCAN_S, "not before its delay"

        held = bench.commands(interlock)
        assert held, "no later row overrules all of it"
        image = bench.live.image({})
        for name, (effect, value) in held.items():
            assert bench[name] == value, name
            assert image.status[bench.live.tags[name].row] == GOOD_LOCAL_OVERRIDE, name
            if effect.verb in ("STOP", "LOCK"):
                assert bench[f"{effect.tag}.RUN"] == 0.0, f"{effect.tag} stops in the same scan"
            other = bool(value == 0.0) if bench.live.tags[name].high == 1.0 else 100.0 - value
            assert bench.permission.check(image, name, other, ENGINEER) in (Refusal.INTERLOCK, Refusal.MODE), name
            bench[name] = float(other)
        bench.scan()
        for name, (_, value) in held.items():
            if name in bench.commands(interlock):
                assert bench[name] == value, f"{name} stays"


def test_it_acts_in_the_scan_that_trips_it_though_a_plc_holds_every_output(row: tuple[Bench, Interlock]) -> None:
    """All loops are in External, and the outputs that it takes get the opposite before each scan."""
    bench, interlock = row
    for loop in bench.plant.loops:
        bench[f"{loop.tag}.MODE"] = EXTERNAL
    for c in interlock.when[: interlock.votes]:
        bench.cause(c)
    bench.until_tripped(interlock)
    held = bench.commands(interlock)
    assert {name: bench[name] for name in held} == {name: value for name, (_, value) in held.items()}
    for _ in range(3):
        for name, (_, value) in held.items():
            bench[name] = float(value == 0.0) if bench.live.tags[name].high == 1.0 else 100.0 - value
        bench.scan()
        for name, (effect, value) in held.items():
            if name in bench.commands(interlock):
                assert bench[name] == value, name
                assert effect.verb not in ("STOP", "LOCK") or bench[f"{effect.tag}.RUN"] == 0.0, name


def test_it_lets_go_as_it_says_it_does(row: tuple[Bench, Interlock]) -> None:
    """Beyond its deadband, after a reset if it latches, and of a locked machine after leave to start has been given."""
    bench, interlock = row
    tag, c = interlock.tag, interlock.when[0]
    for each in interlock.when[: interlock.votes]:
        bench.cause(each)
    bench.until_tripped(interlock)
    if interlock.deadband > 0.0 and interlock.votes == 1:
        bench.drawn(c, -0.5 * interlock.deadband)
        bench.scan(2)
        assert bench[f"{tag}.TRIPPED"], "its cause has not gone by its deadband"
    bench.no_cause(c, interlock.deadband)
    bench.scan(MACHINE_SCANS)
    assert bool(bench[f"{tag}.TRIPPED"]) == interlock.latched
    if interlock.latched:
        bench[f"{tag}.RESET"] = 1.0
        bench.scan()
        assert bench[f"{tag}.RESET"] == 0.0, "a pulse"
    if any(effect.verb == "LOCK" for effect in interlock.effects):
        assert bench[f"{tag}.TRIPPED"], "leave to start is not yet a start"
        bench[f"{c.tag}.CMD"] = 1.0
        bench.scan(3)
    assert not bench[f"{tag}.TRIPPED"]


def test_bypassed_it_does_nothing_until_the_bypass_ends_by_itself(row: tuple[Bench, Interlock]) -> None:
    bench, interlock = row
    tag = interlock.tag
    bench[f"{tag}.BYPASS"] = 1.0
    for c in interlock.when[: interlock.votes]:
        bench.cause(c)
    bench.scan(round(BYPASS_S / SCAN_S))
    assert (bench[f"{tag}.TRIPPED"], bench[f"{tag}.BYPASS"]) == (0.0, 1.0)
    bench.scan()
    index = bench.plant.interlocks.index(interlock)
    assert (bench[f"{tag}.TRIPPED"], bench[f"{tag}.BYPASS"]) == (1.0, 0.0)
    assert (FROM_INTERLOCK, index, EXPIRED) in [event[1:] for event in bench.told], "and says so"


def test_who_may_bypass_and_reset_it_is_the_rows_own(row: tuple[Bench, Interlock]) -> None:
    bench, interlock = row
    image, tag = bench.live.image({}), interlock.tag
    for member, least in (("BYPASS", interlock.bypass_role), ("RESET", interlock.reset_role)):
        for origin in (OPERATOR, ENGINEER):
            refusal = None if least is not None and origin.role >= least else Refusal.ROLE
            wanted = Refusal.READ_ONLY if least is None else refusal
            assert bench.permission.check(image, f"{tag}.{member}", True, origin) is wanted, (member, origin.user)
    for member in ("TRIPPED", "FIRST_OUT"):
        assert bench.permission.check(image, f"{tag}.{member}", True, ENGINEER) is Refusal.READ_ONLY
    assert 0.0 < bench.stated[tag].bypass_time <= SHIFT_S, "no bypass outlasts a shift"


def test_the_first_of_its_group_is_said_to_be_the_first(row: tuple[Bench, Interlock]) -> None:
    """It stays so when another row of the group trips, too, of which the cause can be made all the same."""
    bench, interlock = row
    for c in interlock.when[: interlock.votes]:
        bench.cause(c)
    bench.until_tripped(interlock)
    (first,) = bench.first_out(interlock.group)
    assert first == interlock.tag or first in bench.tripped(interlock.group), "or one that has the same cause"
    taken = {c.tag for c in interlock.when} | {effect.tag for effect in interlock.effects}
    others = [one for one in bench.plant.interlocks if one.group == interlock.group and one.when[0].tag not in taken]
    for other in others[:2]:
        for c in other.when[: other.votes]:
            bench.cause(c)
        bench.scan(math.ceil(other.delay / SCAN_S) + 3)
        assert other.tag in bench.tripped(interlock.group)
        assert bench.first_out(interlock.group) == [first]
