"""SX-1 to SX-3 at rest beside the design basis: profiles, purity and recovery of another solver on the same laws.

The design basis counts Murphree efficiency 0.90 against the organic; here the same is a rate, 9 times organic flow over
organic hold-up. Its settlers part the phases but for some strip acid, and so they do here. Its scrub flows are tuned to
the cut, and so they are here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import brentq

from plantsim.engine.live import LivePlant
from plantsim.model.load import load_plant
from tests.core.conftest import Bench

Vector = NDArray[np.float64]
MakeBench = Callable[..., Bench]


@dataclass(frozen=True)
class Design:
    """A circuit as the design basis has it: flows in L/h, solutes in mol/L; heavy, light: the metals it parts."""

    unit: str
    heavy: str
    light: str
    organic: float
    feed: tuple[float, dict[str, float]]
    scrub: tuple[float, float]
    strip: tuple[float, float]
    soda: float
    streams: tuple[str, str, str, str]
    oxide: dict[str, float]
    """g of oxide per mol."""


SX_2 = Design(
    "SX-2", "Nd", "Pr", 230.0, (55.23, {"PrCl3": 0.02984, "NdCl3": 0.10688, "HCl": 0.028, "NaCl": 0.31}),
    (46.439, 1.30), (5.8, 4.0), 7.82, ("431", "433", "434", "435"), {"Nd": 168.24, "Pr": 170.24},
)  # fmt: skip
SX_3 = Design(
    "SX-3", "Dy", "Tb", 17.0, (12.15, {"TbCl3": 0.006017, "DyCl3": 0.04897, "HCl": 0.030, "NaCl": 0.13}),
    (5.2103, 1.00), (0.9, 5.0), 0.51, ("461", "463", "464", "465"), {"Dy": 186.50, "Tb": 186.92},
)  # fmt: skip

SX_1 = Design(
    "SX-1", "Dy", "Nd", 24.0,
    (45.0, {"PrCl3": 0.03662, "NdCl3": 0.13118, "TbCl3": 0.001625, "DyCl3": 0.01322, "HCl": 0.003, "NaCl": 0.30}),
    (9.8678, 0.30), (1.0, 4.0), 0.36, ("401", "403", "404", "405"), {"Dy": 186.50, "Nd": 168.24},
)  # fmt: skip
COMMERCIAL_SX_3 = Design(
    "SX-3", "Dy", "Tb", 744.2, (621.8, {"TbCl3": 0.004374, "DyCl3": 0.035596, "HCl": 0.030, "NaCl": 0.0894}),
    (241.91, 1.00), (33.49, 5.0), 22.3, ("461", "463", "464", "465"), {"Dy": 186.50, "Tb": 186.92},
)  # fmt: skip


class Circuit:
    """A circuit on the bench, with the inputs of its design; `settle` after each change of them."""

    def __init__(self, make_bench: MakeBench, live: LivePlant, design: Design) -> None:
        self.design = design
        unit = design.unit
        self.bench = make_bench(unit, tank_span=0.0, at=0.0)
        volumes = self.bench.tables[unit]["v_org"]
        rate = [9.0 * design.organic / 3600.0 / v for v in volumes]
        self.bench = make_bench(unit, transfer=rate, carry_over=[0.0, 0.0], tank_span=0.0, at=0.0)
        self.bench.from_steady(live)
        self.bench.opening(f"P-4{unit[-1]}02", design.organic / 3.6e3 / self.bench.tables[unit]["organic_capacity"])
        self.bench.opening(f"MX-4{unit[-1]}14", 1.0)
        self.signed = np.zeros(len(self.bench.state(unit)), dtype=bool)
        stages = len(self.bench.stages(unit))
        self.signed[self.bench.index["H"] * stages :][:stages] = True
        self.strip()
        self.soda()
        self.feed()
        self.scrub(design.scrub[0])
        self.bench.tick(unit, 2.0, 50_000)

    def feed(self, factor: float = 1.0, metal: float = 1.0) -> None:
        flow, solutes = self.design.feed
        solutes = {
            name: x * (metal if name in ("PrCl3", "NdCl3", "TbCl3", "DyCl3") else 1.0) for name, x in solutes.items()
        }
        self.bench.feed(self.design.streams[0], self.bench.liquor(factor * flow / 3600.0, solutes))

    def scrub(self, litres_h: float, acid: float = 1.0) -> None:
        solutes = {"HCl": acid * self.design.scrub[1]}
        self.bench.feed(self.design.streams[1], self.bench.liquor(litres_h / 3600.0, solutes))

    def strip(self, acid: float | None = None) -> None:
        flow, normal = self.design.strip
        self.bench.feed(self.design.streams[2], self.bench.liquor(flow / 3600.0, {"HCl": acid or normal}))

    def organic(self, factor: float) -> None:
        """Its flow, with the soda in ratio."""
        capacity = self.bench.tables[self.design.unit]["organic_capacity"]
        pump = f"P-4{self.design.unit[-1]}02"
        self.bench.opening(pump, factor * self.design.organic / 3.6e3 / capacity)
        self.soda(factor)

    def soda(self, factor: float = 1.0) -> None:
        self.bench.feed(self.design.streams[3], self.bench.liquor(factor * self.design.soda / 3600.0, {"NaOH": 10.0}))

    def settle(self) -> None:
        self.bench.settle(self.design.unit, self.signed)

    def out(self) -> tuple[Vector, Vector]:
        """mol/s of dissolved species in raffinate and strip liquor."""
        unit, na = self.design.unit, self.bench.na
        out = self.bench.rate(unit)[len(self.bench.state(unit)) :]
        return out[:na], out[na:]

    def share(self) -> float:
        """Of the heavy metal in the raffinate."""
        raffinate, _ = self.out()
        heavy, light = (raffinate[self.bench.index[m]] for m in (self.design.heavy, self.design.light))
        return float(heavy / (heavy + light))

    def purity(self) -> float:
        """% of the heavy metal's oxide in the product."""
        _, liquor = self.out()
        heavy, light = (
            liquor[self.bench.index[m]] * self.design.oxide[m] for m in (self.design.heavy, self.design.light)
        )
        return float(100.0 * heavy / (heavy + light))

    def recovery(self) -> float:
        """% of the heavy metal that leaves as product."""
        raffinate, liquor = self.out()
        i = self.bench.index[self.design.heavy]
        return float(100.0 * liquor[i] / (liquor[i] + raffinate[i]))

    def tune(self, share: float) -> float:
        """The scrub flow [L/h] that makes the raffinate share, set."""

        def off(litres_h: float) -> float:
            self.scrub(litres_h)
            self.settle()
            return self.share() - share

        nominal = self.design.scrub[0]
        found = float(brentq(off, 0.985 * nominal, 1.015 * nominal, xtol=1e-5 * nominal))
        off(found)
        return found


@pytest.fixture
def sx_2(make_bench: MakeBench, live: LivePlant) -> Circuit:
    return Circuit(make_bench, live, SX_2)


@pytest.fixture
def sx_3(make_bench: MakeBench, live: LivePlant) -> Circuit:
    return Circuit(make_bench, live, SX_3)


# Design basis: stage -> pH, aqueous light and heavy, organic light and heavy, mol/L
SX_2_PROFILE = {
    "E1": (2.02, 0.015, 0.00203, 0.0911, 0.0185),
    "E2": (1.61, 0.222, 0.0441, 0.086, 0.0247),
    "E7": (1.59, 0.142, 0.127, 0.0481, 0.0625),
    "E13": (1.57, 0.0694, 0.199, 0.0211, 0.0894),
    "E20": (1.57, 0.0501, 0.218, 0.0147, 0.0954),
    "S1": (1.50, 0.0725, 0.35, 0.0135, 0.0966),
    "S4": (1.50, 0.0555, 0.367, 0.0102, 0.0999),
    "S10": (1.50, 0.0291, 0.394, 0.00524, 0.105),
    "S32": (0.83, 0.000623, 0.383, 3.14e-5, 0.0247),
    "T1": (-0.02, 0.00125, 0.979, 3.27e-6, 0.00263),
    "T3": (-0.60, 1.3e-5, 0.0104, 3.28e-8, 2.63e-5),
}
SX_3_PROFILE = {
    "E1": (0.89, 0.00408, 8.42e-5, 0.0366, 0.00159),
    "E4": (0.48, 0.0304, 0.00392, 0.0223, 0.00567),
    "E12": (0.52, 0.0116, 0.0331, 0.007, 0.0409),
    "E18": (0.92, 0.00995, 0.0954, 0.00578, 0.114),
    "S1": (0.77, 0.0188, 0.258, 0.0042, 0.116),
    "S6": (0.77, 0.00351, 0.273, 0.000766, 0.119),
    "S14": (0.23, 7.59e-5, 0.135, 1.07e-5, 0.0349),
    "T1": (-0.48, 0.000203, 0.66, 1.35e-6, 0.00538),
    "T3": (-0.70, 2.74e-6, 0.0117, 1.54e-8, 7.05e-5),
}

SX_1_ND_DY = {
    "E1": (1.56, 0.107, 3.2e-9, 0.0276, 3.96e-7),
    "E2": (1.31, 0.12, 1.18e-8, 0.015, 5.63e-7),
    "E4": (1.09, 0.111, 7.09e-7, 0.00487, 1.16e-5),
    "E6": (1.07, 0.109, 3.1e-5, 0.00373, 0.000415),
    "E8": (1.12, 0.109, 0.000933, 0.00253, 0.00838),
    "E10": (1.41, 0.108, 0.00986, 0.0012, 0.0426),
    "S1": (1.19, 0.00291, 0.0433, 0.000126, 0.044),
    "S3": (1.13, 3.21e-5, 0.0488, 1.38e-6, 0.0453),
    "S6": (0.76, 3.28e-8, 0.034, 1.55e-9, 0.0248),
    "T1": (-0.30, 3.72e-8, 0.595, 0.0, 0.00319),
    "T3": (-0.60, 0.0, 0.00803, 0.0, 3.49e-5),
}
SX_1_PR_TB = {
    "E1": (1.56, 0.0298, 3.47e-8, 0.00515, 1.86e-6),
    "E2": (1.31, 0.0323, 8.33e-7, 0.00271, 1.78e-5),
    "E4": (1.09, 0.0306, 3.78e-5, 0.000896, 0.000299),
    "E6": (1.07, 0.0304, 0.000401, 0.000691, 0.00261),
    "E8": (1.12, 0.0303, 0.00286, 0.000469, 0.0126),
    "E10": (1.41, 0.0302, 0.00736, 0.000222, 0.016),
    "S1": (1.19, 0.000541, 0.0316, 2.3e-5, 0.0154),
    "S3": (1.13, 5.77e-6, 0.0266, 2.45e-7, 0.012),
    "S6": (0.76, 5.65e-9, 0.0082, 0.0, 0.00304),
    "T1": (-0.30, 6.34e-9, 0.0731, 0.0, 0.000346),
    "T3": (-0.60, 0.0, 0.000849, 0.0, 3.61e-6),
}
COMMERCIAL_SX_3_PROFILE = {
    "E1": (0.93, 0.00307, 8.82e-7, 0.0362, 2.18e-5),
    "E2": (0.55, 0.0343, 1.96e-5, 0.0348, 3.96e-5),
    "E5": (0.53, 0.0299, 0.000103, 0.0292, 0.0002),
    "E8": (0.51, 0.0252, 0.000474, 0.0239, 0.000898),
    "E12": (0.50, 0.0197, 0.00315, 0.0178, 0.00568),
    "E16": (0.53, 0.0148, 0.0162, 0.0121, 0.0267),
    "E20": (0.71, 0.0104, 0.0539, 0.00746, 0.0782),
    "E22": (0.94, 0.0089, 0.0822, 0.00605, 0.114),
    "S1": (0.77, 0.0186, 0.259, 0.00418, 0.116),
    "S4": (0.77, 0.00599, 0.271, 0.00132, 0.118),
    "S8": (0.77, 0.00123, 0.275, 0.000269, 0.119),
    "S12": (0.72, 0.000232, 0.27, 5e-5, 0.115),
    "S16": (0.20, 1.81e-5, 0.122, 2.45e-6, 0.0298),
    "T1": (-0.48, 5.44e-5, 0.662, 3.2e-7, 0.00489),
    "T3": (-0.70, 7.74e-7, 0.0129, 3.75e-9, 6.72e-5),
}


def check_profile(
    circuit: Circuit, profile: Mapping[str, tuple[float, ...]], pair: tuple[str, str] | None = None
) -> None:
    """Of a light and a heavy metal, those that the circuit parts if none are named. To 2.5 %; traces, given in few
    digits, to a tenth, and what is nought to the basis to 1e-9 mol/L."""
    bench, design = circuit.bench, circuit.design
    rows = bench.stages(design.unit)
    extract, scrub, _ = bench.tables[design.unit]["stages"]
    metals = bench.tables[design.unit]["re"]
    light, heavy = (bench.index[metal] for metal in pair or (design.light, design.heavy))
    for name, (ph, *expected) in profile.items():
        row = rows[{"E": 0, "S": extract, "T": extract + scrub}[name[0]] + int(name[1:]) - 1]
        organic = row[bench.na :]
        found = (row[light], row[heavy], organic[metals.index(light)], organic[metals.index(heavy)])
        assert -np.log10(row[bench.index["H"]]) == pytest.approx(ph, abs=0.04), name
        for value, what in zip(found, expected, strict=True):
            assert value == pytest.approx(what, rel=0.025 if what > 1e-4 else 0.1, abs=1e-9), name


def test_sx_1_parts_heavies_from_ndpr_as_designed(make_bench: MakeBench, live: LivePlant) -> None:
    """Scrub 9.87 L/h takes Nd and Pr off the organic but for 1e-3 %, and loses nothing of Dy; the basis has no iron."""
    circuit = Circuit(make_bench, live, SX_1)
    bench = circuit.bench
    iron = bench.tables["SX-1"]["re"].index(bench.index["Fe3"])
    rows = bench.stages("SX-1")
    rows[:, [bench.index["Fe3"], bench.na + iron]] = 0.0
    bench.state("SX-1")[iron - len(bench.tables["SX-1"]["re"]) - 2] = 0.0
    circuit.settle()
    assert circuit.purity() > 99.999
    assert circuit.recovery() > 99.999
    check_profile(circuit, SX_1_ND_DY)
    check_profile(circuit, SX_1_PR_TB, ("Pr", "Tb"))


def test_the_commercial_sx_3_parts_dy_from_tb_as_designed() -> None:
    """Scrub 242 L/h makes 99.992 % Dy2O3 at 99.996 % recovery."""
    plant = load_plant("belfast-commercial")
    circuit = Circuit(lambda unit, **changes: Bench(plant, {unit: changes}), LivePlant(plant), COMMERCIAL_SX_3)
    circuit.settle()
    assert circuit.purity() == pytest.approx(99.992, abs=0.002)
    assert circuit.recovery() == pytest.approx(99.996, abs=0.002)
    check_profile(circuit, COMMERCIAL_SX_3_PROFILE)


def test_sx_2_parts_nd_from_pr_as_designed(sx_2: Circuit) -> None:
    """Scrub 46.44 L/h makes 99.87 % Nd2O3 at 96.23 % recovery."""
    assert sx_2.tune(0.1192) == pytest.approx(46.439, rel=0.002)
    assert sx_2.purity() == pytest.approx(99.871, abs=0.03)
    assert sx_2.recovery() == pytest.approx(96.23, abs=0.1)
    check_profile(sx_2, SX_2_PROFILE)


def test_sx_3_parts_dy_from_tb_as_designed(sx_3: Circuit) -> None:
    """Scrub 5.21 L/h makes 99.97 % Dy2O3 at 99.75 % recovery."""
    assert sx_3.tune(0.0202) == pytest.approx(5.2103, rel=0.005)
    assert sx_3.purity() == pytest.approx(99.969, abs=0.01)
    assert sx_3.recovery() == pytest.approx(99.747, abs=0.02)
    check_profile(sx_3, SX_3_PROFILE)


@pytest.mark.parametrize(
    ("change", "purity", "recovery"),
    [
        pytest.param({"scrub": 0.95}, 89.1, 99.97, marks=pytest.mark.long),
        pytest.param({"scrub": 1.05}, 99.968, 80.5, marks=pytest.mark.long),
        pytest.param({"soda": 1.05}, 85.9, 99.99, marks=pytest.mark.long),
        pytest.param({"strip": 3.0}, 88.8, 84.2, marks=pytest.mark.long),
    ],
)
def test_what_an_operator_does_to_sx_2_ends_where_the_design_basis_says(
    change: dict[str, float], purity: float, recovery: float, sx_2: Circuit
) -> None:
    nominal = sx_2.tune(0.1192)
    act(sx_2, change, nominal)
    assert sx_2.purity() == pytest.approx(purity, abs=0.5 if purity < 99.0 else 0.02)
    assert sx_2.recovery() == pytest.approx(recovery, abs=1.2)


@pytest.mark.parametrize(
    ("change", "purity", "recovery"),
    [
        pytest.param({"scrub": 0.95}, 99.945, 99.97, marks=pytest.mark.long),
        pytest.param({"scrub": 1.05}, 99.980, 98.75, marks=pytest.mark.long),
        ({"strip": 2.5}, 99.94, 86.0),
    ],
)
def test_what_an_operator_does_to_sx_3_ends_where_the_design_basis_says(
    change: dict[str, float], purity: float, recovery: float, sx_3: Circuit
) -> None:
    nominal = sx_3.tune(0.0202)
    act(sx_3, change, nominal)
    assert sx_3.purity() == pytest.approx(purity, abs=0.02)
    assert sx_3.recovery() == pytest.approx(recovery, abs=0.8)


def act(circuit: Circuit, change: dict[str, float], scrub: float) -> None:
    """Change inputs, wait two days, and go on to where the circuit rests."""
    if "scrub" in change:
        circuit.scrub(change["scrub"] * scrub)
    if "soda" in change:
        circuit.soda(change["soda"])
    if "strip" in change:
        circuit.strip(change["strip"])
    circuit.bench.tick(circuit.design.unit, 2.0, 86_400)
    circuit.settle()


# Design basis: what is turned up by 1 % -> purity and recovery of the heavy metal, purity of the light one, all in %
GAINS = {
    "SX-2": {
        "scrub flow": (0.047, -3.07, -8.48),
        "scrub acid": (0.048, -3.09, -8.52),
        "soda": (-0.049, 3.88, 10.7),
        "organic": (-0.051, 4.00, 11.0),
        "feed flow": (0.003, -0.93, -2.56),
        "feed metal": (0.002, -0.87, -2.39),
    },
    "SX-3": {
        "scrub flow": (0.0029, -0.094, -0.73),
        "scrub acid": (0.0033, -0.114, -0.89),
        "soda": (-0.0000, 0.021, 0.16),
        "organic": (-0.0022, 0.092, 0.72),
        "feed flow": (-0.0007, 0.002, 0.018),
        "feed metal": (-0.0004, -0.035, -0.28),
    },
}


def turned(circuit: Circuit, what: str, factor: float, scrub: float) -> tuple[float, float, float]:
    """Purity and recovery of the heavy metal and purity of the light one, %, where the circuit rests with one input
    changed; it is put back to its nominal inputs first."""
    circuit.organic(factor if what == "organic" else 1.0)
    circuit.soda(factor if what in ("soda", "organic") else 1.0)
    circuit.feed(factor if what == "feed flow" else 1.0, factor if what == "feed metal" else 1.0)
    circuit.scrub(scrub * (factor if what == "scrub flow" else 1.0), factor if what == "scrub acid" else 1.0)
    circuit.settle()
    raffinate, _ = circuit.out()
    design, bench = circuit.design, circuit.bench
    heavy, light = (raffinate[bench.index[m]] * design.oxide[m] for m in (design.heavy, design.light))
    return circuit.purity(), circuit.recovery(), float(100.0 * light / (heavy + light))


@pytest.mark.long
@pytest.mark.parametrize(("design", "share"), [(SX_2, 0.1192), (SX_3, 0.0202)], ids=["SX-2", "SX-3"])
def test_gains_are_those_of_the_design_basis(
    design: Design, share: float, make_bench: MakeBench, live: LivePlant
) -> None:
    """Prints them, by differences over half a per cent each way."""
    circuit = Circuit(make_bench, live, design)
    scrub = circuit.tune(share)
    print(f"\n{design.unit}: % per + 1 % of purity, recovery, purity of the raffinate; the design basis behind")
    for what, expected in GAINS[design.unit].items():
        high, low = (np.array(turned(circuit, what, factor, scrub)) for factor in (1.005, 0.995))
        found = high - low
        print(f"  {what:12} {found[0]:+.4f} {found[1]:+.3f} {found[2]:+.3f}   {expected}")
        bounds = ((0.15, 0.0002), (0.03, 0.005), (0.03, 0.02))  # relative; what a last digit of the basis is worth
        for gain, basis, (part, least) in zip(found, expected, bounds, strict=True):
            assert gain == pytest.approx(basis, rel=part, abs=least), what
