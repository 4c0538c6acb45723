"""Writes that follow one another: each is judged by the plant as those before it will have made it."""

from __future__ import annotations

import math

import pytest

from plantsim.engine.command import Origin, Refusal
from plantsim.engine.engine import Engine
from plantsim.model.tag import Role

OPERATOR = Origin(Role.OPERATOR, "anna", "test")
RACK = Origin(Role.OPERATOR, "plc", "rack")
TIMEOUT_S = 20.0
MAN, AUTO, CASCADE, EXTERNAL = range(4)


def value(engine: Engine, name: str) -> float:
    return float(engine.image.value[engine.tags[name].row])


def test_mode_and_output_in_one_write_are_both_taken(engine: Engine) -> None:
    """Order counts: the output first would be refused."""
    assert engine.write([("TIC-202.OP", 33.0), ("TIC-202.MODE", MAN)], OPERATOR) == [Refusal.MODE, None]
    assert engine.write([("TIC-203.MODE", MAN), ("TIC-203.OP", 33.0)], OPERATOR) == [None, None]
    engine.step(0.1).result(TIMEOUT_S)
    assert value(engine, "TIC-203.OP") == 33.0


def test_write_right_behind_a_change_of_mode_is_judged_by_the_new_mode(engine: Engine) -> None:
    """No image has shown it yet."""
    scan = engine.image.scan
    assert engine.write([("FIC-201.MODE", AUTO)], OPERATOR) == [None]
    assert engine.write([("FIC-201.SP", 14.0)], OPERATOR) == [None]
    assert engine.write([("FIC-201.MODE", CASCADE)], OPERATOR) == [None]
    assert engine.write([("FIC-201.SP", 14.0)], OPERATOR) == [Refusal.MODE]
    assert engine.image.scan == scan


def test_rack_is_heard_right_behind_the_change_to_external(engine: Engine) -> None:
    assert engine.write_rack([("TV-202.CMD", 10.0)], RACK) == [Refusal.NOT_EXTERNAL]
    engine.write([("TIC-202.MODE", EXTERNAL)], OPERATOR)
    assert engine.write_rack([("TV-202.CMD", 10.0)], RACK) == [None]


@pytest.mark.parametrize("what", [math.nan, math.inf, -math.inf, 1e300])
@pytest.mark.parametrize("name", ["TIC-201.MODE", "TIC-201.SP"])
def test_what_is_no_number_of_the_plant_is_refused(engine: Engine, name: str, what: float) -> None:
    assert engine.write([(name, what)], OPERATOR)[0] in (Refusal.TYPE, Refusal.RANGE)


@pytest.mark.parametrize(
    ("name", "what", "refusal"),
    [
        ("P-201.SPEED", 1.0, Refusal.READ_ONLY),
        ("FIC-201.SP", 1.0, Refusal.READ_ONLY),
        ("NIC-1.CMD", 1.0, Refusal.UNKNOWN),
        ("P-201.CMD", 1.0, Refusal.TYPE),
        ("P-201.SPEED_CMD", 101.0, Refusal.RANGE),
        ("P-201.SPEED_CMD", 50.0, Refusal.NOT_EXTERNAL),
    ],
)
def test_rack_moves_actuators_alone(engine: Engine, name: str, what: float, refusal: Refusal) -> None:
    assert engine.write_rack([(name, what)], RACK) == [refusal]


def test_split_range_in_manual_is_moved_by_either_valve(engine: Engine) -> None:
    engine.write([("TIC-201.MODE", MAN), ("TV-201B.CMD", 50.0)], OPERATOR)
    engine.step(0.1).result(TIMEOUT_S)
    assert value(engine, "TIC-201.OP") == pytest.approx(77.5)
    assert (value(engine, "TV-201A.CMD"), value(engine, "TV-201B.CMD")) == pytest.approx((0.0, 50.0))
    engine.write([("TV-201A.CMD", 20.0)], OPERATOR)
    engine.step(0.1).result(TIMEOUT_S)
    assert (value(engine, "TV-201A.CMD"), value(engine, "TV-201B.CMD")) == pytest.approx((20.0, 0.0))


def test_asking_a_valve_for_what_it_does_already_moves_nothing(engine: Engine) -> None:
    """The cooling valve is shut over the whole of the heating valve's range."""
    engine.write([("TIC-201.MODE", MAN), ("TIC-201.OP", 80.0)], OPERATOR)
    engine.step(0.1).result(TIMEOUT_S)
    engine.write([("TV-201A.CMD", 0.0)], OPERATOR)
    engine.step(0.1).result(TIMEOUT_S)
    assert value(engine, "TIC-201.OP") == 80.0
