"""Fixtures that need a real plant: the packaged Belfast line, on ephemeral ports."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from plantsim.engine.engine import Engine
from plantsim.engine.live import LivePlant
from plantsim.model.load import load_plant
from plantsim.model.plant import Plant

EPOCH = 1767225600.0
PRESS = """
[units.FP-301]
area = "iron"
kind = "filter_press"
title = "Iron filter press"
drives = { closing = "XV-316", feed = "XV-311", blow = "XV-315" }
cloth = "2.4 m2"
chambers = "30 L"
solids_density = "2860 kg/m3"
porosity = "73 %"
cake_resistance = "6e12 m/kg"
cloth_resistance = "5e10 1/m"
blinding = "1e9 1/m"
viscosity = "0.45 mPa*s"
pump_pressure = "6 bar"
moisture = 50
density = "1080 kg/m3"
wash_efficiency = 0.95

"""
PRESS_FIELD = """
[devices.XV-311]
unit = "FP-301"
kind = "on/off valve"
title = "Press feed valve"
stroke = "3 s"
initial = true

[devices.XV-315]
unit = "FP-301"
kind = "on/off valve"
title = "Press air valve"
stroke = "3 s"

[devices.XV-316]
unit = "FP-301"
kind = "on/off valve"
title = "Press closing ram, open: the press is closed"
stroke = "30 s"
initial = true

[instruments.PDI-312]
unit = "FP-301"
title = "Press pressure drop"
measures = "FP-301.pressure_drop"
eu = "bar"
range = [0, 10]
normal = [0, 5]
lag = "0.5 s"

[sequences.KS-310]
unit = "FP-301"
title = "Filter press cycle"
repeat = true

[[sequences.KS-310.steps]]
title = "Close"
do = ["XV-316.CMD = Open"]
until = ["XV-316.OPENED = 1"]
for = "10 s"
most = "5 min"

[[sequences.KS-310.steps]]
title = "Fill and filter"
do = ["XV-311.CMD = Open", "FIC-311.MODE = Auto", "FIC-311.SP = 105"]
for = "150 min"

[[sequences.KS-310.steps]]
title = "Wash"
do = ["FIC-311.MODE = Man", "FIC-311.OP = 0", "XV-311.CMD = Close", "FIC-314.MODE = Auto", "FIC-314.SP = 88"]
for = "30 min"

[[sequences.KS-310.steps]]
title = "Blow"
do = ["FIC-314.SP = 0", "XV-315.CMD = Open"]
for = "15 min"

[[sequences.KS-310.steps]]
title = "Drain"
do = ["XV-315.CMD = Close"]
until = ["PDI-312.PV < 0.1"]
for = "30 s"
most = "10 min"

[[sequences.KS-310.steps]]
title = "Discharge"
do = ["XV-316.CMD = Close"]
until = ["XV-316.CLOSED = 1"]
for = "16 min"

[[sequences.KS-310.steps]]
title = "Wait for slurry"
until = ["LIC-305.PV > 30"]
"""


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--scale`` multiplies the length of the long tests."""
    parser.addoption("--scale", type=float, default=1.0, help="length of the long tests, 1 = short")


@pytest.fixture
def scale(request: pytest.FixtureRequest) -> float:
    """How long the long tests are to be."""
    return float(request.config.getoption("--scale"))


@pytest.fixture(scope="session")
def belfast() -> Plant:
    """The packaged Belfast plant."""
    return load_plant("belfast")


@pytest.fixture(scope="session")
def pressed(belfast: Plant, tmp_path_factory: pytest.TempPathFactory) -> Plant:
    """The Belfast line with a filter press that has its cycle, in the place of the averaged one."""
    text = belfast.path.read_text(encoding="utf-8")
    head, _, rest = text.partition("[units.FP-301]\n")
    path = tmp_path_factory.mktemp("pressed") / "pressed.toml"
    path.write_text(head + PRESS + rest[rest.index("[units.TK-311]") :] + PRESS_FIELD, encoding="utf-8")
    return load_plant(str(path))


@pytest.fixture
def live(belfast: Plant) -> LivePlant:
    """The Belfast line at its steady state, advanced by hand."""
    return LivePlant(belfast, epoch=EPOCH)


@pytest.fixture
def engine(belfast: Plant) -> Iterator[Engine]:
    """The Belfast line frozen at its steady state: time passes by Step or Run."""
    engine = Engine(belfast, frozen=True, epoch=EPOCH)
    engine.start()
    yield engine
    engine.stop()
