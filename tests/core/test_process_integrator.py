"""The integrator on the units it integrates: order, Jacobian, what must be conserved, and shocks."""

from __future__ import annotations

from collections.abc import Callable, Collection

import numpy as np
import pytest
from numpy.typing import NDArray

from plantsim.engine.live import LivePlant
from tests.core.conftest import Bench, at_work

Vector = NDArray[np.float64]
MakeBench = Callable[..., "Bench"]
TICK_S = 0.1


def short_circuit(make_bench: MakeBench, live: LivePlant) -> Bench:
    """SX-1 with three extraction, two scrub and two strip stages, at what they hold in the whole circuit."""
    whole = make_bench("SX-1")
    whole.from_steady(live)
    rows = whole.stages("SX-1")[[0, 8, 9, 14, 15, 16, 20]]
    initial = [*rows.T.ravel(), *whole.behind("SX-1")[:7]]
    bench = make_bench("SX-1", stages=[3, 2, 2], tank_span=0.0, at=0.0, initial=initial)
    bench.core.streams[:] = whole.core.streams
    bench.core.drive[:] = whole.core.drive
    return bench


def oxidation(make_bench: MakeBench, live: LivePlant) -> Bench:
    """Peroxide oxidises iron while aluminium hydroxide dissolves."""
    bench = make_bench("R-301")
    liquor = {"FeCl2": 0.004, "HCl": 0.02, "NdCl3": 0.1, "H2O2": 0.001, "NaCl": 0.5}
    bench.fill("R-301", 80.0, liquor, Fe3=8.0, AlOH3=1.0)
    return bench


def leach(make_bench: MakeBench, live: LivePlant) -> Bench:
    """A tenth less acid and a third more feed than the steady tank is used to."""
    bench = make_bench("R-201")
    bench.from_steady(live)
    bench.scale("201", 0.9)
    bench.scale("103", 1.3)
    return bench


def extraction(make_bench: MakeBench, live: LivePlant) -> Bench:
    """A fifth more feed and a third more scrub acid, in seven of the stages."""
    bench = short_circuit(make_bench, live)
    bench.scale("401", 1.2)
    bench.scale("403", 1.3)
    return bench


def precipitation(make_bench: MakeBench, live: LivePlant) -> Bench:
    """A third more oxalic acid."""
    bench = make_bench("CR-501")
    bench.from_steady(live)
    bench.scale("501", 1.3)
    return bench


def calcination(make_bench: MakeBench, live: LivePlant) -> Bench:
    """A third more cake and the second zone at full heat, in the first two zones of a kiln that is cool enough for a
    second to be short beside every reaction."""
    whole = make_bench("KL-611")
    whole.from_steady(live)
    first = whole.state("KL-611")[: 2 * (whole.nc + 2)]
    bench = make_bench("KL-611", zones=2, initial=first)
    bench.core.streams[:] = whole.core.streams
    bench.core.drive[:] = whole.core.drive
    zones = bench.state("KL-611").reshape(2, bench.nc + 2)
    zones[:, bench.nc :] = [[420.0, 440.0], [600.0, 640.0]]
    bench.scale("601", 1.3)
    bench.opening("EH-612", 1.0)
    return bench


CASES = [
    ("R-301", oxidation, (0.5, 0.25, 0.125, 0.0625)),
    pytest.param("R-201", leach, (1.0, 0.5, 0.25, 0.125), marks=pytest.mark.long),
    pytest.param("SX-1", extraction, (2.0, 1.0, 0.5, 0.25), marks=pytest.mark.long),
    ("CR-501", precipitation, (0.4, 0.2, 0.1, 0.05)),
    pytest.param("KL-611", calcination, (2.0, 1.0, 0.5, 0.25), marks=pytest.mark.long),
]
HORIZON_S = 64.0


def error(bench: Bench, unit: str, exact: Vector, h: float) -> float:
    """Largest error after the horizon in steps of h, relative to each state, or to 1e-3 of its unit."""
    bench.tick(unit, h, round(HORIZON_S / h))
    assert bench.effort(unit)[1:] == (0, 0), "the order is that of undivided steps"
    return float(np.max(np.abs(bench.state(unit) - exact) / np.maximum(np.abs(exact), 1e-3)))


@pytest.mark.parametrize(("unit", "case", "steps"), CASES)
def test_order_of_convergence_is_two_and_the_tick_errs_by_less_than_1e_6(
    unit: str,
    case: Callable[[MakeBench, LivePlant], Bench],
    steps: tuple[float, ...],
    make_bench: MakeBench,
    live: LivePlant,
) -> None:
    exact = case(make_bench, live).exact(unit, HORIZON_S)
    errors = [error(case(make_bench, live), unit, exact, h) for h in steps]
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    assert np.all(orders > 1.85), orders
    assert np.all(orders < 2.15), orders
    assert error(case(make_bench, live), unit, exact, TICK_S) < 1e-6


EXPLICIT = [
    ("belfast", "FU-111"),
    ("belfast", "ML-121"),
    ("belfast", "DR-601"),
    ("belfast", "SB-801"),
    ("belfast", "TK-841"),
    ("viridion", "R-221"),
    ("makuutu", "R-501"),
    ("coal-refuse", "R-201"),
]
"""Of kinds whose reactions are slow beside a scan, so that the step is Heun's."""


@pytest.mark.parametrize(("name", "unit"), EXPLICIT)
def test_order_of_convergence_is_two_without_an_implicit_part(name: str, unit: str) -> None:
    """A fifth more of the first stream and a tenth less of the second."""

    def disturbed() -> Bench:
        bench = Bench(at_work(name).plant, {unit: {}})
        bench.from_steady(at_work(name))
        for stream, factor in zip(bench.inlets(unit), (1.2, 0.9), strict=False):
            bench.core.streams[:, stream, 1:] *= factor
        return bench

    exact = disturbed().exact(unit, HORIZON_S)
    errors = [error(disturbed(), unit, exact, h) for h in (4.0, 2.0, 1.0, 0.5)]
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    assert np.all(orders > 1.85), orders
    assert np.all(orders < 2.15), orders
    assert error(disturbed(), unit, exact, TICK_S) < 1e-6


def quiet(make_bench: MakeBench, unit: str, **changes: object) -> Bench:
    """A unit with nothing coming or going, whose volume depends on its water alone."""
    bench = make_bench(unit, molar_volumes=False, **changes)
    bench.core.streams[:, :, 1:] = 0.0
    return bench


def differences(bench: Bench, unit: str, columns: list[int], exhausted: Collection[int] = ()) -> Vector:
    """Jacobian of derivatives and outflows by central differences, other columns zero; upwards of what is exhausted."""
    y = bench.state(unit).copy()
    result = np.zeros((len(bench.rate(unit)), len(bench.rate(unit))))
    for k in columns:
        step = 1e-5 * max(abs(y[k]), 1e-3)
        high, low = y.copy(), y.copy()
        high[k] += step
        low[k] -= 0.0 if k in exhausted else step
        result[:, k] = (bench.rate(unit, high) - bench.rate(unit, low)) / (high[k] - low[k])
    return result


def check_relax(bench: Bench, unit: str, columns: list[int], exhausted: Collection[int] = ()) -> None:
    """(I - gh A)^-1 b solves the system of the differenced Jacobian, for a short step and for a long one."""
    jacobian = differences(bench, unit, columns, exhausted)
    rows = [*columns, *range(len(bench.state(unit)), len(jacobian))]
    b = np.zeros(len(jacobian))
    b[columns] = np.random.default_rng(1).normal(size=len(columns))
    for gh in (0.03, 3.0):
        x = bench.relax(unit, gh, b)
        size = np.abs(gh * jacobian) @ np.abs(x) + np.abs(b) + 1e-3
        assert np.max(np.abs(x - gh * jacobian @ x - b)[rows] / size[rows]) < 1e-6


@pytest.mark.parametrize("acid", [0.1, 1e-3, -0.01])
def test_jacobian_of_the_iron_reactions_is_their_derivative(acid: float, make_bench: MakeBench) -> None:
    """But for adsorption, which follows another rate and is taken as that rate stands."""
    table = make_bench("R-301").tables["R-301"]
    bench = quiet(make_bench, "R-301", reactions=[r for r in table["reactions"] if r["kind"] != 2])
    solids = dict.fromkeys(("FeOOH", "AlOH3", "NdOH3", "PrOH3", "DyOH3", "TbOH3", "Cu0"), 0.2)
    bench.fill("R-301", 80.0, {"FeCl2": 0.2, "NdCl3": 0.1, "H2O2": 0.01, "NaCl": 0.5}, Fe3=0.8, Al=0.5, **solids)
    bench.state("R-301")[bench.index["H"]] = 80.0 * acid
    columns = [i for i in range(bench.nc) if bench.species[i].name != "H2O"]
    check_relax(bench, "R-301", columns)


@pytest.mark.parametrize("acid", [0.1, 0.001])
def test_jacobian_of_the_iron_reactions_holds_where_there_is_nothing_left(acid: float, make_bench: MakeBench) -> None:
    """No solid to dissolve, and no metal but what is needed for it to want to."""
    table = make_bench("R-301").tables["R-301"]
    bench = quiet(make_bench, "R-301", reactions=[r for r in table["reactions"] if r["kind"] != 2])
    bench.fill("R-301", 80.0, {"NaCl": 0.5})
    bench.state("R-301")[bench.index["H"]] = 80.0 * acid
    columns = [i for i in range(bench.nc) if bench.species[i].name != "H2O"]
    check_relax(bench, "R-301", columns, [i for i in columns if bench.state("R-301")[i] == 0.0])


@pytest.mark.parametrize("net", [0.05, 1e-4, -1e-3, -0.05])
def test_jacobian_of_effluent_is_its_derivative_where_borate_buffers_it(net: float, make_bench: MakeBench) -> None:
    """Neutralisation, from acid to alkaline."""
    table = make_bench("TK-841").tables["TK-841"]
    bench = quiet(make_bench, "TK-841", reactions=[r for r in table["reactions"] if r["kind"] != 2])
    assert table["boron"] >= 0
    bench.opening("P-841", 0.0)
    hydroxides = {bench.species[r["b"]].name: 0.2 for r in table["reactions"] if r["kind"] == 1}
    bench.fill("TK-841", 80.0, {"NdCl3": 0.01, "NaCl": 0.5}, Al=0.5, Co=0.3, B=4.0, **hydroxides)
    bench.state("TK-841")[bench.index["H"]] = 80.0 * net
    columns = [i for i in range(bench.nc) if bench.species[i].name not in ("H2O", "B")]
    check_relax(bench, "TK-841", columns)


LAWS: dict[str, dict[str, object]] = {
    "dimers": {},
    "polynomial": {"law": 1, "order": [0.7, 0.5, 2.0, 1.8, 0.0], "k_ex": [0.03, 0.02, 0.005, 0.004, 0.15]},
    "polynomial beside sulfate": {
        "law": 1, "order": [0.7, 0.5, 2.0, 1.8, 0.0], "k_ex": [0.03, 0.02, 0.005, 0.004, 0.15],
        "charge": [3.0, 3.0, 3.0, 3.0, 2.0], "ka2": 10.0**-1.99,
    },
    "polynomial of the dose": {
        "law": 1, "order": [0.7, 0.5, 1.7, 1.8, 0.0], "k_ex": [0.03, 0.02, 0.005, 0.004, 0.15],
        "order_by_dose": [0.05, 0.04, 0.06, -0.02, 0.0], "power_of_dose": [-0.4, -0.4, 0.0, 0.2, 0.0],
        "dose_per_free": 66.0,
    },
}  # fmt: skip
METALS = {"Pr": 0.03, "Nd": 0.1, "Tb": 0.001, "Dy": 0.008}


@pytest.mark.parametrize("metals", [METALS, dict.fromkeys(METALS, 0.0)], ids=["loaded", "bare"])
@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("acid", [0.5, 0.02, 1e-3])
def test_jacobian_of_an_extraction_stage_is_its_derivative(
    acid: float, law: str, metals: dict[str, float], make_bench: MakeBench
) -> None:
    """But for sulfate, which no reaction makes: that its column is nought costs neither order nor balance."""
    whole = make_bench("SX-1")
    initial = [*whole.stages("SX-1")[:3].T.ravel(), *whole.behind("SX-1")[:7]]
    changes = dict(LAWS[law])
    if "sulfate" in law:
        changes["sulfate"] = whole.index["Al"]  # the kernel knows species by their place
    bench = quiet(make_bench, "SX-1", stages=[1, 1, 1], tank_span=0.0, at=0.0, initial=initial, **changes)
    for device in ("P-4102", "LV-4114", "LV-4116"):
        bench.opening(device, 0.0)
    for c in bench.stages("SX-1"):
        c[bench.index["H"]] = acid
        c[bench.index["Al"]] = 0.05
        for metal, aqueous in metals.items():
            c[bench.index[metal]] = aqueous
        organic = (0.006, 0.02, 0.001, 0.01, 0.002) if any(metals.values()) else (0.0,) * 5
        c[bench.na :] = *organic, 0.05, 0.1  # iron, Na, and an interface below the weir
    n = len(bench.stages("SX-1"))
    spectators = range(bench.index["Al"] * n, (bench.index["Al"] + 1) * n) if "sulfate" in law else ()
    check_relax(bench, "SX-1", [k for k in range(bench.stages("SX-1").size) if k not in spectators])


@pytest.mark.parametrize(("acid", "oxalate"), [(0.5, 0.1), (0.05, 0.02), (0.5, 1e-4)])
def test_jacobian_of_the_crystalliser_is_its_derivative_by_supersaturation(
    acid: float, oxalate: float, make_bench: MakeBench, live: LivePlant
) -> None:
    """Along oxalate with the acid that keeps [H+], and along all rare earths in one proportion."""
    table = make_bench("CR-501").tables["CR-501"]
    k1, k2 = table["k1"], table["k2"]
    rest = at_rest(make_bench, live, "CR-501")
    bench = quiet(make_bench, "CR-501", initial=rest.state("CR-501").tolist(), trace=[])
    bench.opening("P-506", 0.0)
    litres = 150.0
    state = bench.state("CR-501")
    moments = state[bench.nc :].copy()
    bench.fill("CR-501", litres, {"NdCl3": 0.03, "PrCl3": 0.01, "NaCl": 0.2})
    state[bench.nc :] = moments
    ox, h, metals = bench.tables["CR-501"]["oxalate"], bench.index["H"], [bench.index[m] for m in ("Nd", "Pr")]
    bound = (k1 * acid + 2.0 * acid**2) / (acid**2 + k1 * acid + k1 * k2)  # H+ that an oxalate binds
    state[ox], state[h] = litres * oxalate, litres * (acid + bound * oxalate)

    def along(direction: Vector) -> Vector:
        step = 1e-5
        up, down = (bench.rate("CR-501", state + sign * step * direction) for sign in (1.0, -1.0))
        return (up - down) / (2.0 * step)

    by_oxalate, by_metal = np.zeros(len(state)), np.zeros(len(state))
    by_oxalate[ox], by_oxalate[h] = state[ox], bound * state[ox]
    by_metal[metals] = state[metals]
    slopes = along(by_oxalate) / state[ox], along(by_metal) / state[metals].sum()
    assert np.abs(slopes[0]).max() > 1e-4, "there is supersaturation"
    b = np.zeros(len(slopes[0]))
    b[[ox, *metals]] = np.random.default_rng(1).normal(size=3)
    for gh in (0.03, 3.0):
        x = bench.relax("CR-501", gh, b)
        parts = gh * slopes[0] * x[ox], gh * slopes[1] * x[metals].sum()
        size = np.abs(parts).sum(axis=0) + np.abs(b) + 1e-3
        assert np.max(np.abs(x - b - parts[0] - parts[1]) / size) < 1e-6


def test_jacobian_of_calcination_is_its_derivative(make_bench: MakeBench) -> None:
    bench = quiet(make_bench, "KL-611")
    bench.opening("SC-619", 0.0)
    state = bench.state("KL-611")
    width = bench.nc + 2
    for zone, kelvin in enumerate((400.0, 700.0, 1000.0, 1200.0)):
        state[zone * width : zone * width + bench.nc] = 0.1
        state[zone * width + bench.index["H"]] = 0.05 if zone % 2 else 0.5
        state[zone * width + bench.nc : (zone + 1) * width] = kelvin
    check_relax(bench, "KL-611", [zone * width + i for zone in range(4) for i in range(bench.nc)])


def shut(bench: Bench, *devices: str) -> Bench:
    """Nothing comes, and what these devices let out stays."""
    bench.core.streams[:, :, 1:] = 0.0
    for device in devices:
        bench.opening(device, 0.0)
    return bench


def at_rest(make_bench: MakeBench, live: LivePlant, unit: str, **changes: object) -> Bench:
    bench = make_bench(unit, **changes)
    bench.from_steady(live)
    return bench


@pytest.mark.parametrize(
    ("unit", "devices"),
    [
        ("R-201", ["LV-206"]),
        ("R-301", []),
        ("SX-1", ["P-4102"]),
        ("SX-1", []),
        ("CR-501", ["P-506"]),
        ("KL-611", ["SC-619"]),
    ],
    ids=["leach", "iron", "standing circuit", "organic going round", "crystalliser", "kiln"],
)
def test_closed_vessel_keeps_every_element_over_20_000_ticks(
    unit: str, devices: list[str], make_bench: MakeBench, live: LivePlant
) -> None:
    """Gas that leaves is counted."""
    bench = at_rest(make_bench, live, unit)
    state = bench.state(unit)
    if unit == "R-301":
        state[: bench.nc] *= 0.8  # below the overflow
        state[bench.index["H2O2"]] = state[bench.index["Fe2"]] = 3.0
    before = state.copy()
    assert shut(bench, *devices).run(unit, TICK_S, 20_000) < 1e-12
    assert np.max(np.abs(state - before)) > 1e-3, "something happened"


def acid(per_litre: float, litres: float) -> Callable[[Bench, str], None]:
    def shock(bench: Bench, unit: str) -> None:
        bench.state(unit)[bench.index["H"]] = per_litre * litres

    return shock


def peroxide(bench: Bench, unit: str) -> None:
    bench.state(unit)[bench.index["H2O2"]] = 500.0
    bench.state(unit)[bench.index["Fe2"]] = 100.0


def without(*streams: str) -> Callable[[Bench, str], None]:
    def shock(bench: Bench, unit: str) -> None:
        for stream in streams:
            bench.scale(stream, 0.0)

    return shock


def times(stream: str, factor: float) -> Callable[[Bench, str], None]:
    return lambda bench, unit: bench.scale(stream, factor)


def stage_acid(mol_l: float) -> Callable[[Bench, str], None]:
    def shock(bench: Bench, unit: str) -> None:
        bench.stages("SX-1")[:, bench.index["H"]] = mol_l

    return shock


def loaded(free: float, mol_l: float | None = None) -> Callable[[Bench, str], None]:
    """The organic loaded until so much free dimer is left, and all aqueous at one acidity."""

    def shock(bench: Bench, unit: str) -> None:
        organic = bench.stages("SX-1")[:, bench.na : bench.na + 5]
        organic *= (0.25 - free) / 3.0 / organic.sum(axis=1, keepdims=True)
        bench.stages("SX-1")[:, bench.na + 5] = 1e-4
        if mol_l is not None:
            bench.stages("SX-1")[:, bench.index["H"]] = mol_l

    return shock


def strong_liquor(bench: Bench, unit: str) -> None:
    for metal in ("Nd", "Pr", "Dy", "Tb"):
        bench.stages("SX-1")[:, bench.index[metal]] = 1.0
    bench.stages("SX-1")[:, bench.index["H"]] = 1e-3


FAST = {"transfer": [20.0, 20.0, 20.0]}
SHOCKS = {
    "strong acid in leach": ("R-201", {}, acid(5.0, 60.0)),
    "acid gone in leach": ("R-201", {}, acid(1e-4, 60.0)),
    "caustic in leach": ("R-201", {}, acid(-0.3, 60.0)),
    "leach without acid": ("R-201", {}, without("201")),
    "strong acid in iron stage": ("R-301", {}, acid(5.0, 100.0)),
    "neutral iron stage": ("R-302", {}, acid(0.0, 100.0)),
    "caustic in iron stage": ("R-301", {}, acid(-0.3, 100.0)),
    "soda alone": ("R-301", {}, without("203", "302")),
    "peroxide dumped": ("R-301", {}, peroxide),
    "extractant starved": ("SX-1", {}, loaded(0.002)),
    "extractant starved and acid gone": ("SX-1", {}, loaded(0.002, 1e-3)),
    "the same, near equilibrium": ("SX-1", FAST, loaded(0.002, 1e-3)),
    "acid gone, near equilibrium": ("SX-1", FAST, stage_acid(1e-3)),
    "alkaline stages": ("SX-1", {}, stage_acid(-0.05)),
    "strong acid in every stage": ("SX-1", {}, stage_acid(5.0)),
    "metal past saturation": ("SX-1", {}, strong_liquor),
    "ten times the soda": ("SX-1", {}, times("405", 10.0)),
    "no feed to extraction": ("SX-1", {}, without("401")),
    "no scrub acid": ("SX-1", {}, without("403")),
    "strong acid in crystalliser": ("CR-501", {}, acid(5.0, 150.0)),
    "caustic in crystalliser": ("CR-501", {}, acid(-0.3, 150.0)),
    "oxalic acid alone": ("CR-501", {}, without("500", "502")),
    "liquor alone": ("CR-501", {}, without("501")),
    "kiln at full heat": ("KL-611", {}, lambda bench, unit: bench.core.drive.fill(1.0)),
}


@pytest.mark.parametrize("name", SHOCKS)
def test_shocked_unit_stays_finite_and_positive_and_conserves(
    name: str, make_bench: MakeBench, live: LivePlant
) -> None:
    """Two minutes after the shock (half a minute where steps are many); only net acidity may be negative."""
    unit, changes, shock = SHOCKS[name]
    bench = at_rest(make_bench, live, unit, **changes)
    shock(bench, unit)
    ticks = 240 if name == "caustic in crystalliser" else 1200
    assert bench.run(unit, TICK_S, ticks) < 3e-10, "rounding of up to a million sub-steps"
    state = bench.state(unit)
    assert np.all(np.isfinite(state))
    if unit == "SX-1":
        bench.stages(unit)[:, bench.index["H"]] = 0.0
    else:
        state[bench.index["H"] :: bench.nc + 2 if unit == "KL-611" else len(state)] = 0.0
    assert state.min() > -1e-12
    assert bench.effort(unit)[2] < 20, "ticks in which even the smallest step was too large"


@pytest.mark.long
def test_shocked_unit_goes_where_the_equations_go(make_bench: MakeBench, live: LivePlant) -> None:
    """A minute after the acid of a starved circuit is gone, within the step test's tolerance of SciPy's Radau."""
    bench = short_circuit(make_bench, live)
    loaded(0.002, 1e-3)(bench, "SX-1")
    exact = bench.exact("SX-1", 60.0, rtol=1e-8, atol=1e-10)
    bench.tick("SX-1", TICK_S, 600)
    assert np.max(np.abs(bench.state("SX-1") - exact) / (np.abs(exact) + 1e-3)) < 1e-4


def test_a_trace_less_than_nothing_in_a_feed_costs_few_steps(make_bench: MakeBench, live: LivePlant) -> None:
    """What precipitates to the last trace leaves a tank as -1e-12 mol/s of rounding: no step is short enough for it."""
    bench = make_bench("TK-841")
    bench.from_steady(live)
    metal = bench.index["Pr"]
    bench.core.streams[:, :, 2 + metal] = 0.0
    bench.core.streams[:, bench.layout.streams["506"], 2 + metal] = -2e-12
    bench.state("TK-841")[[metal, bench.index["PrOH3"]]] = 1e-12, 0.0
    bench.tick("TK-841", 1.0, 200)
    accepted, rejected, _ = bench.effort("TK-841")
    assert (accepted < 400, rejected < 100) == (True, True), (accepted, rejected)
    assert -1e-9 < bench.state("TK-841")[metal] < 0.0
