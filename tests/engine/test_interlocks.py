"""The cause-and-effect matrix of Belfast, row by row: cause, effect, latch, reset, bypass."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from plantsim.engine.command import Origin, Refusal
from plantsim.engine.engine import Engine
from plantsim.engine.image import GOOD_LOCAL_OVERRIDE
from plantsim.engine.live import LivePlant
from plantsim.model.load import load_plant
from plantsim.model.plant import Interlock, Plant
from plantsim.model.tag import Kind, Role

SCAN_S = 0.5
TIMEOUT_S = 20.0
OPERATOR, ENGINEER = (Origin(role, role.name.lower(), "test") for role in (Role.OPERATOR, Role.ENGINEER))
ROWS = [pytest.param(one, id=one.tag) for one in load_plant("belfast").interlocks]


class Bench:
    """A plant in production, whose instruments can be made to read what they should not."""

    def __init__(self, plant: Plant) -> None:
        self.live = LivePlant(plant, scan_period=SCAN_S)
        self.forced: dict[str, float] = {}

    def row(self, name: str) -> int:
        return self.live.tags[name].row

    def __getitem__(self, name: str) -> float:
        return float(self.live.core.signal[self.row(name)])

    def __setitem__(self, name: str, value: float) -> None:
        self.live.core.signal[self.row(name)] = value

    def held(self, name: str) -> bool:
        return bool(self.live.core.quality[self.row(name)] == GOOD_LOCAL_OVERRIDE)

    def scan(self, n: int = 1) -> None:
        for _ in range(n):
            for name, value in self.forced.items():
                self[name] = value
            self.live.advance(1)

    def cause(self, interlock: Interlock) -> None:
        """Its first condition: a machine is stopped, a switch turned, an instrument reads beyond the limit."""
        c = interlock.when[0]
        if c.member == "RUN":
            self[f"{c.tag}.CMD"] = 0.0
        elif c.member == "STATE":
            self[f"{c.tag}.STATE"] = c.value
        else:
            tag = self.live.tags[f"{c.tag}.{c.member}"]
            self.forced[tag.name] = min(c.value + 1.0, tag.high) if c.relation == ">" else max(c.value - 1.0, tag.low)

    def no_cause(self, interlock: Interlock) -> None:
        c = interlock.when[0]
        self.forced.clear()
        if c.member == "RUN":
            self[f"{c.tag}.CMD"] = 1.0
        elif c.member == "STATE":
            self[f"{c.tag}.STATE"] = 1.0 - c.value
        else:
            tag = self.live.tags[f"{c.tag}.{c.member}"]
            away = 1.0 + interlock.deadband
            self.forced[tag.name] = max(c.value - away, tag.low) if c.relation == ">" else min(c.value + away, tag.high)

    def until(self, holds: Callable[[], bool], most: int) -> int:
        for n in range(1, most + 1):
            self.scan()
            if holds():
                return n
        raise AssertionError(f"not within {most} scans")


@pytest.fixture
def bench(belfast: Plant) -> Bench:
    bench = Bench(belfast)
    bench.scan(4)
    return bench


@pytest.mark.parametrize("interlock", ROWS)
def test_row_of_the_matrix(bench: Bench, interlock: Interlock) -> None:
    tag, plant = interlock.tag, bench.live.plant
    assert not any(bench[f"{one.tag}.TRIPPED"] for one in plant.interlocks), "none stands in production"
    bench.cause(interlock)
    extra = 2 if interlock.when[0].member == "RUN" else 1  # a stopped machine is seen to be stopped one scan later
    scans = bench.until(lambda: bench[f"{tag}.TRIPPED"] == 1.0, round(interlock.delay / SCAN_S) + extra)
    assert scans >= interlock.delay / SCAN_S, "not before its delay"
    assert sum(bench[f"{one.tag}.FIRST_OUT"] for one in plant.interlocks if one.group == interlock.group) == 1.0

    later = plant.interlocks[plant.interlocks.index(interlock) + 1 :]
    overruled = {e.tag for one in later if bench[f"{one.tag}.TRIPPED"] for e in one.effects}
    kinds = {d.tag: d.kind for d in plant.devices}
    for effect in interlock.effects:
        if effect.tag in overruled:
            continue
        member = "SPEED_CMD" if effect.verb == "%" and kinds[effect.tag] is Kind.VARIABLE_DRIVE else "CMD"
        full = 1.0 if kinds[effect.tag] is Kind.ON_OFF_VALVE else 100.0
        wanted = {"START": 1.0, "OPEN": full, "%": effect.value}.get(effect.verb, 0.0)
        assert bench[f"{effect.tag}.{member}"] == wanted, f"{effect.tag} {effect.verb}"
        assert bench.held(f"{effect.tag}.{member}")
        bench[f"{effect.tag}.{member}"] = full - wanted
    bench.scan()
    for effect in interlock.effects:
        if effect.verb == "STOP":
            assert bench[f"{effect.tag}.RUN"] == 0.0, "no command moves it"

    locked = any(effect.verb == "LOCK" for effect in interlock.effects)
    if locked:
        bench[f"{tag}.RESET"] = 1.0
        bench.scan()
    bench.no_cause(interlock)
    bench.scan(4)
    if interlock.latched and not locked:
        assert bench[f"{tag}.TRIPPED"] == 1.0, "latched"
        bench[f"{tag}.RESET"] = 1.0
        bench.scan(1)
        assert bench[f"{tag}.RESET"] == 0.0
    assert bench[f"{tag}.TRIPPED"] == 0.0

    fresh = Bench(plant)
    fresh[f"{tag}.BYPASS"] = 1.0
    fresh.cause(interlock)
    fresh.scan(round(interlock.delay / SCAN_S) + 4)
    assert fresh[f"{tag}.TRIPPED"] == 0.0
    assert fresh[f"{tag}.BYPASS"] == 1.0


@pytest.mark.parametrize("interlock", ROWS)
def test_who_may_bypass_and_reset_is_the_rows_own(bench: Bench, interlock: Interlock) -> None:
    tags = bench.live.tags
    assert tags[f"{interlock.tag}.BYPASS"].role is interlock.bypass_role
    assert tags[f"{interlock.tag}.RESET"].role is interlock.reset_role
    assert tags[f"{interlock.tag}.TRIPPED"].role is tags[f"{interlock.tag}.FIRST_OUT"].role is None


def test_a_commands_refusal_names_the_interlock(engine: Engine) -> None:
    """The feed permit is withdrawn: the feeder cannot be started, and can be once the permit is back."""
    assert engine.write([("HS-102.STATE", False)], OPERATOR) == [None]
    engine.step(1.0).result(TIMEOUT_S)
    assert engine.check("SC-101.CMD", True, OPERATOR) is Refusal.INTERLOCK
    assert engine.write([("HS-102.STATE", True)], OPERATOR) == [None]
    engine.step(1.0).result(TIMEOUT_S)
    assert engine.write([("SC-101.CMD", True)], OPERATOR) == [None]


def test_a_loop_in_manual_cannot_move_what_is_held(engine: Engine) -> None:
    engine.write([("AIC-122.MODE", 0.0), ("HS-101.STATE", True)], OPERATOR)
    engine.step(1.0).result(TIMEOUT_S)
    assert engine.check("AIC-122.OP", 20.0, OPERATOR) is Refusal.INTERLOCK
    assert engine.check("AIC-122.SP", 2.0, OPERATOR) is None
    assert engine.image.value[engine.tags["AIC-122.OP"].row] == 100.0, "the loop follows"


def test_a_rack_commands_and_the_interlock_rules_all_the_same(belfast: Plant) -> None:
    """Its words are taken, or one held actuator would refuse a PLC's whole block of outputs; they move nothing."""
    engine = Engine(belfast, frozen=True, external=frozenset({"leach"}))
    engine.start()
    try:
        engine.write([("HS-101.STATE", True)], OPERATOR)
        engine.step(1.0).result(TIMEOUT_S)
        assert engine.write_rack([("P-201.CMD", True)], Origin(Role.OPERATOR, "plc", "rack")) == [None]
        engine.step(1.0).result(TIMEOUT_S)
        assert engine.image.value[engine.tags["P-201.RUN"].row] == 0.0
        assert engine.image.value[engine.tags["P-201.CMD"].row] == 0.0
    finally:
        engine.stop()


def test_an_engineer_bypasses_an_operator_does_not(engine: Engine) -> None:
    assert engine.check("UZ-201.BYPASS", True, OPERATOR) is Refusal.ROLE
    assert engine.check("UZ-201.BYPASS", True, ENGINEER) is None
    assert engine.check("UZ-213.BYPASS", True, ENGINEER) is Refusal.READ_ONLY, "it keeps hydrogen away"


def test_loss_of_sweep_stops_feed_and_acid_within_five_seconds(belfast: Plant) -> None:
    """From the fan's stop on, by the instruments alone, at the plant's own scan."""
    live = LivePlant(belfast)
    row = {name: live.tags[name].row for name in ("K-213A.CMD", "SC-101.RUN", "P-201.RUN", "UZ-213.FIRST_OUT")}
    live.core.signal[row["K-213A.CMD"]] = 0.0
    live.advance(100)
    below = 0
    while live.core.signal[row["SC-101.RUN"]] != 0.0:
        below += live.core.signal[live.tags["FIC-213.PV"].row] < 300.0
        live.advance(1)
        assert live.core.scan < 600
    assert below * 0.1 <= 5.0
    assert live.core.signal[row["P-201.RUN"]] == 0.0
    assert live.core.signal[row["UZ-213.FIRST_OUT"]] == 1.0


def test_interlocks_act_alike_at_any_speed(belfast: Plant) -> None:
    """In one go or scan by scan, the state is the same to the bit."""
    one, other = LivePlant(belfast), LivePlant(belfast)
    for live in (one, other):
        live.core.signal[live.tags["AG-201.CMD"].row] = 0.0
    one.advance(600)
    for _ in range(600):
        other.advance(1)
    assert one.core.signal[one.tags["UZ-215.TRIPPED"].row] == 1.0
    assert one.state_sha256() == other.state_sha256()
