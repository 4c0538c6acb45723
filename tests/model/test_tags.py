"""The list of tags: members per kind, facts per member, alarms."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from plantsim.model.plant import Plant
from plantsim.model.tag import AlarmPoint, Kind, Role, Tag, TagTable, ValueType
from plantsim.model.tags import build_tags

Load = Callable[..., Plant]


@pytest.fixture
def tags(load_toy: Load) -> TagTable:
    """The toy's tags."""
    return build_tags(load_toy())[0]


@pytest.fixture
def alarms(load_toy: Load) -> tuple[AlarmPoint, ...]:
    """The toy's alarms."""
    return build_tags(load_toy())[1]


CONTROLLER = ["PV", "SP", "OP", "MODE", "Gain", "Ti", "Td"]
SAMPLED = ["SampleTime", "NextResult", "State", "CAL", "OOS"]


@pytest.mark.parametrize(
    ("name", "kind", "members"),
    [
        ("LI-201", Kind.TRANSMITTER, ["PV"]),
        ("LI-202", Kind.CALCULATION, ["PV"]),
        ("AI-202", Kind.ANALYSER, ["PV", *SAMPLED]),
        ("TIC-201", Kind.CONTROLLER, [*CONTROLLER, "HH", "H"]),
        ("FIC-201", Kind.CONTROLLER, [*CONTROLLER, "NormalLow", "NormalHigh"]),
        ("FFIC-201", Kind.CONTROLLER, CONTROLLER),
        ("AIC-201", Kind.CONTROLLER, [*CONTROLLER, *SAMPLED]),
        ("WIC-201", Kind.CONTROLLER, [*CONTROLLER, "Limit"]),
        ("TV-201A", Kind.VALVE, ["CMD", "POS"]),
        ("XV-201", Kind.ON_OFF_VALVE, ["CMD", "OPENED", "CLOSED"]),
        ("AG-201", Kind.DRIVE, ["CMD", "RUN", "TRIP"]),
        ("P-201", Kind.VARIABLE_DRIVE, ["CMD", "RUN", "TRIP", "SPEED_CMD", "SPEED"]),
        ("HS-201", Kind.SWITCH, ["STATE"]),
        (
            "KPI",
            Kind.KPI,
            [
                "Throughput",
                "OxideRate.Nd2O3",
                "Purity.Nd2O3",
                "Recovery.Nd2O3",
                "SpecificAcid",
                "SpecificEnergy",
                "OffSpec",
            ],
        ),
        (
            "Simulation",
            Kind.SIMULATION,
            [
                "Time",
                "Elapsed",
                "Speed",
                "ActualSpeed",
                "Running",
                "ScanPeriod",
                "ScanTime",
                "ScanCount",
                "Overruns",
                "Pacing",
                "Seed",
                "Scenario",
                "Branch",
                "Lockstep",
                "LockstepTimeouts",
                "LatenessP50",
                "LatenessP99",
                "LatenessMax",
                "LoopLatencyP50",
                "LoopLatencyP99",
                "LoopLatencyMax",
                "HeartbeatAge.leach",
                "HeartbeatAge.product",
                "BalanceError",
                "Substeps.R-201",
            ],
        ),
    ],
)
def test_each_kind_has_its_members(tags: TagTable, name: str, kind: Kind, members: list[str]) -> None:
    """Limits only where an alarm has one, normal limits where there is a band."""
    found = tags.of(name)
    assert [tag.member for tag in found] == members
    assert {tag.kind for tag in found} == {kind}


def test_a_limit_is_in_the_unit_of_its_instrument_and_belongs_to_the_engineer(tags: TagTable) -> None:
    """All facts of one member."""
    assert tags["TIC-201.HH"] == Tag(
        name="TIC-201.HH",
        object="TIC-201",
        member="HH",
        description="Temperature, high high limit",
        area="leach",
        unit="R-201",
        kind=Kind.CONTROLLER,
        type=ValueType.FLOAT,
        eu="C",
        low=0.0,
        high=120.0,
        role=Role.ENGINEER,
        row=tags["TIC-201.HH"].row,
    )


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("TIC-201.PV", None),
        ("TIC-201.SP", Role.OPERATOR),
        ("TIC-201.OP", Role.OPERATOR),
        ("TIC-201.MODE", Role.OPERATOR),
        ("TIC-201.Gain", Role.ENGINEER),
        ("TIC-201.Ti", Role.ENGINEER),
        ("TIC-201.Td", Role.ENGINEER),
        ("FFIC-201.SP", Role.OPERATOR),
        ("FFIC-201.Gain", None),
        ("WIC-201.Ti", None),
        ("WIC-201.Limit", None),
        ("FIC-201.NormalLow", None),
        ("AI-202.SampleTime", None),
        ("AI-202.State", None),
        ("AI-202.CAL", Role.OPERATOR),
        ("TV-201A.CMD", Role.OPERATOR),
        ("TV-201A.POS", None),
        ("P-201.SPEED_CMD", Role.OPERATOR),
        ("P-201.TRIP", None),
        ("HS-201.STATE", Role.OPERATOR),
        ("LS-201.STATE", None),
        ("KPI.Throughput", None),
        ("Simulation.Speed", None),
    ],
)
def test_each_member_has_its_least_writing_role(tags: TagTable, name: str, role: Role | None) -> None:
    """The operator runs, the engineer tunes, measurements are read."""
    assert tags[name].role is role


def test_a_set_point_spans_its_own_range(load_toy: Load) -> None:
    """It may be narrower than the instrument's."""
    tags, _ = build_tags(load_toy(('mode = "Auto"\nramp', 'sp_range = [20, 80]\nmode = "Auto"\nramp')))
    assert (tags["TIC-201.SP"].low, tags["TIC-201.SP"].high) == (20.0, 80.0)
    assert (tags["TIC-201.PV"].low, tags["TIC-201.PV"].high) == (0.0, 120.0)


def test_states_are_named(tags: TagTable) -> None:
    """What a number means can be read from the tag."""
    assert tags["TIC-201.MODE"].states == ("Manual", "Automatic", "Cascade", "External")
    assert tags["AI-202.State"].states == ("In service", "Calibrating", "Out of service", "Failed")
    assert tags["P-201.RUN"].states == ("Stopped", "Running")
    assert tags["WIC-201.Limit"].states == ("", "LI-201")
    assert tags["WIC-201.Limit"].type is ValueType.TEXT


def test_only_what_has_an_element_of_its_own_is_wired_to_the_rack(tags: TagTable) -> None:
    """A controller on a calculated value has no cable."""
    assert tags["TIC-201.PV"].field
    assert not tags["FFIC-201.PV"].field
    assert not tags["WIC-201.PV"].field


def test_the_normal_band_stands_at_the_measured_value(tags: TagTable) -> None:
    """Displays draw it behind the trend."""
    assert tags["FIC-201.PV"].normal == (40.0, 60.0)
    assert tags["TIC-201.PV"].normal is None


def test_rows_count_on_from_the_first(load_toy: Load) -> None:
    """KPI and Simulation come last."""
    tags, _ = build_tags(load_toy(), first_row=7)
    assert [tag.row for tag in tags] == list(range(7, 7 + len(tags)))
    wide = [tag.kind in (Kind.KPI, Kind.SIMULATION) for tag in tags]
    assert wide == sorted(wide)


def test_tags_of_a_unit_stand_together_in_flow_order(tags: TagTable) -> None:
    """Instruments before devices."""
    objects = list(dict.fromkeys(tag.object for tag in tags if tag.unit == "R-201"))
    assert objects == [
        "FIC-201",
        "TIC-201",
        "LI-201",
        "FFIC-201",
        "AIC-201",
        "AI-202",
        "LI-202",
        "WIC-201",
        "TV-201A",
        "TV-201B",
        "P-201",
        "AG-201",
        "XV-201",
        "HS-201",
        "LS-201",
    ]


def test_an_alarm_says_what_is_wrong_and_what_to_do(alarms: tuple[AlarmPoint, ...]) -> None:
    """In the order of the file, rows from 0."""
    assert alarms[0] == AlarmPoint(
        0,
        "TIC-201",
        "HH",
        "leach",
        1,
        "Temperature: high high",
        "Cooling TV-201A lost",
        "Boils over",
        "Quench",
        3.0,
        "safety",
        on_delay=10.0,
        off_delay=60.0,
    )
    assert [alarm.name for alarm in alarms] == ["TIC-201.HH", "TIC-201.H", "P-201.TRIP"]
    assert alarms[2].message == "Acid pump: tripped"
