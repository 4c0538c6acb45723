"""Interlocks in the plant: whom they refuse, whom they overrule, how soon they act; their rows have their own test."""

from __future__ import annotations

from plantsim.engine.command import Origin, Refusal
from plantsim.engine.engine import Engine
from plantsim.engine.live import LivePlant
from plantsim.model.plant import Plant
from plantsim.model.tag import Role

TIMEOUT_S = 20.0
OPERATOR, ENGINEER = (Origin(role, role.name.lower(), "test") for role in (Role.OPERATOR, Role.ENGINEER))


def test_a_commands_refusal_names_the_interlock(engine: Engine) -> None:
    """The feed permit is withdrawn: the feeder cannot be started, and can be once permit and way are there again."""
    assert engine.write([("HS-102.STATE", False)], OPERATOR) == [None]
    engine.step(1.0).result(TIMEOUT_S)
    assert engine.check("SC-101.CMD", True, OPERATOR) is Refusal.INTERLOCK
    assert engine.write([("HS-102.STATE", True)], OPERATOR) == [None]
    engine.step(1.0).result(TIMEOUT_S)
    for name in (
        "RV-131.CMD",
        "XV-131.CMD",
        "ML-121.CMD",
        "SC-101.CMD",
    ):  # from the leach up: each waits for the one below
        assert engine.write([(name, True)], OPERATOR) == [None], name
        engine.step(20.0).result(TIMEOUT_S)
    assert engine.image.value[engine.tags["SC-101.RUN"].row] == 1.0


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
