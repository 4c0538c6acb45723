"""The cold plant filled and fed by hand: by writes that an operator may make, and a permit of the engineer."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from plantsim.engine.command import Origin
from plantsim.engine.live import LivePlant
from plantsim.engine.permission import Permission
from plantsim.model.plant import Plant
from plantsim.model.tag import Role

OPERATOR = Origin(Role.OPERATOR, "anna", "test")
ENGINEER = Origin(Role.ENGINEER, "bert", "test")
START, RESET, OPEN, CLOSE = True, True, True, False
AUTO, CASCADE = 1, 2
ABORT = 4


class Desk:
    """What an operator has before her: readings, and commands that may be refused."""

    def __init__(self, plant: Plant) -> None:
        self.live = LivePlant(plant, start="cold", scan_period=1.0)
        self.permission = Permission(plant, self.live.tags, frozenset())

    def __getitem__(self, name: str) -> float:
        return float(self.live.core.signal[self.live.tags[name].row])

    def write(self, values: Mapping[str, float], origin: Origin = OPERATOR) -> None:
        """One a scan; none may be refused."""
        for name, value in values.items():
            assert self.permission.check(self.live.image({}), name, value, origin) is None, name
            self.live.core.signal[self.live.tags[name].row] = value
            self.live.advance(1)

    def wait(self, what: Callable[[], bool], most_h: float) -> None:
        for _ in range(round(60 * most_h)):
            self.live.advance(60)
            if what():
                return
        pytest.fail("what was waited for did not come")


def leach_full(desk: Desk) -> bool:
    return min(desk["LIC-206.PV"], desk["LIC-207.PV"], desk["LIC-208.PV"]) > 50.0


@pytest.mark.long
def test_the_cold_plant_is_filled_and_fed_by_hand(belfast: Plant) -> None:
    desk = Desk(belfast)
    # the scrubber's sump by its valve in manual, then its pump
    desk.write({"KS-801.CMD": ABORT, "K-808.CMD": START, "LIC-803.OP": 100.0})
    desk.wait(lambda: desk["LIC-803.PV"] > 40.0, 8.0)
    desk.write({"LIC-803.MODE": AUTO, "P-801.CMD": START, "AIC-801.MODE": AUTO, "P-802A.CMD": START})
    # sweep, which releases feed and acid
    desk.write({"K-213A.CMD": START, "FIC-213.MODE": AUTO, "FIC-213.SP": 620.0})
    desk.wait(lambda: desk["FIC-213.PV"] > 560.0, 0.2)
    desk.write({f"UZ-{row}.RESET": RESET for row in (213, 802, 807, 808)})
    # cooling water, which releases acid and feed, and hot water for what is to be heated
    desk.write({"P-826.CMD": START, "TIC-827.MODE": AUTO})
    desk.wait(lambda: desk["PI-826.PV"] > 2.5 and desk["UZ-826.TRIPPED"] == 0.0, 0.2)
    # water to the first leach tank; an agitator that has stood turns with the engineer's leave
    desk.write({"FIC-202.OP": 95.0})
    desk.wait(lambda: desk["LIC-206.PV"] > 30.0, 1.0)
    desk.write({"UZ-215.RESET": RESET, "UZ-216.RESET": RESET, "UZ-217.RESET": RESET}, ENGINEER)
    desk.write({"AG-201.CMD": START, "AG-202.CMD": START, "AG-203.CMD": START})
    desk.write(
        {
            "XV-215.CMD": CLOSE,
            "XV-217.CMD": OPEN,
            "P-201.CMD": START,
            "FIC-201.MODE": AUTO,
            "FIC-201.SP": 2.3,
            "LIC-206.MODE": AUTO,
            "LIC-207.MODE": AUTO,
        }
    )
    desk.wait(lambda: leach_full(desk), 4.0)
    assert 0.2 < desk["AIC-201.PV"] < 0.5
    desk.write({"FIC-201.SP": 0.0, "FIC-202.OP": 0.0})
    # leach and furnace hot, mill inert
    desk.write(
        {"TIC-201.MODE": AUTO, "TIC-202.MODE": AUTO, "TIC-203.MODE": AUTO, "TIC-111.MODE": AUTO, "AIC-122.MODE": AUTO}
    )
    desk.wait(lambda: min(desk[f"TIC-20{k}.PV"] for k in (1, 2, 3)) > 55.0 and desk["TIC-111.PV"] > 340.0, 4.0)
    desk.wait(lambda: desk["AI-112.PV"] < 2.0 and desk["AIC-122.PV"] < 3.0, 1.0)
    desk.write({"RV-131.CMD": START})
    desk.live.advance(10)
    desk.write({"UZ-122.RESET": RESET, "XV-131.CMD": OPEN, "ML-121.CMD": START})
    desk.live.advance(60)
    desk.write({"SC-124.CMD": START, "AIC-124.MODE": AUTO})
    # slurry goes on to the iron tanks
    desk.write({"AG-301.CMD": START, "AG-302.CMD": START, "AG-304.CMD": START})
    desk.write({"P-208.CMD": START, "LIC-208.MODE": AUTO})
    # first feed, acid and water by ratio
    desk.write({"FIC-201.MODE": CASCADE, "FIC-202.MODE": CASCADE, "AIC-201.MODE": AUTO})
    desk.write({"SC-101.CMD": START, "WIC-101.OP": 14.0})
    desk.wait(lambda: desk["WIC-101.PV"] > 1.3, 0.5)
    most_hydrogen = 0.0
    for _ in range(120):
        desk.live.advance(60)
        most_hydrogen = max(most_hydrogen, desk["AI-211A.PV"])
    assert desk["WIC-101.PV"] > 1.3
    assert desk["FY-219.PV"] > 0.1, "hydrogen of a leach at work"
    assert most_hydrogen < 10.0
    assert desk["FIC-201.PV"] > 3.0
    assert desk["FI-209.PV"] > 5.0
    assert desk.live.health.balance_error() < 1e-9
