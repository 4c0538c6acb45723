"""Every loop of the Belfast line against a disturbance that it is there for: in Auto it wins, in Man the band is lost.

What is wrong is physical: a worn pump, weak acid, a fouled jacket, a meter that reads high, a load change. Loops that
take hours run with a scan of 1 s, the others with the plant's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numpy.typing import NDArray

from plantsim.model.plant import Plant

if TYPE_CHECKING:
    from tests.engine.conftest import MakeTrial

MAN, AUTO = 0.0, 1.0


@dataclass(frozen=True)
class Case:
    """story: what happens. wrong: the fields of the bench's `Wrong`."""

    loop: str
    story: str
    wrong: Mapping[str, Mapping[str, Any]]
    minutes: float
    scan_period: float = field(default=0.1)


def fast(loop: str, story: str, *, minutes: float = 6.0, **wrong: Mapping[str, Any]) -> Case:
    return Case(loop, story, wrong, minutes)


def slow(loop: str, story: str, *, hours: float, **wrong: Mapping[str, Any]) -> Case:
    return Case(loop, story, wrong, 60.0 * hours, 1.0)


def load(tag: str, set_point: float) -> dict[str, float]:
    """The operator takes a flow out of its cascade and sets it."""
    return {f"{tag}.MODE": AUTO, f"{tag}.SP": set_point}


ALONE = {"WIC-100.MODE": MAN}
"""The throughput master would lower the feed and help."""

CASES = [
    # feed
    fast("WIC-101", "screw delivers 10 % more", streams={"101": 1.1}),
    slow("TIC-111", "a tenth of the heating elements is gone", hours=2, units={"FU-111": {"power": 0.9}}),
    fast("AIC-122", "seal leaks twice the air", minutes=20, units={"ML-121": {"air_leak": 2.0}}),
    fast("AIC-124", "harder lot, a fifth coarser", minutes=30, units={"ML-121": {"d80": 1.2}}),
    # leach
    slow("AIC-201", "acid drum 10 % weak", hours=14, liquors={"TK-811": 0.9}),
    fast("FFIC-203", "feed goes up", minutes=12, writes=load("WIC-101", 5.0)),
    fast("FFIC-204", "feed goes up", minutes=12, writes=load("WIC-101", 5.0)),
    fast("FIC-201", "acid pump delivers 10 % less", streams={"201": 0.9}),
    fast("FIC-202", "water main 10 % weak", streams={"202": 0.9}),
    slow("TIC-201", "jacket fouled, feed 10 % up", hours=5, units={"R-201": {"jacket": 0.4}}, streams={"101": 1.1}),
    slow("TIC-202", "tank stands open", hours=4, units={"R-202": {"loss": 4.0}}),
    slow("TIC-203", "tank stands open", hours=4, units={"R-203": {"loss": 4.0}}),
    slow("LIC-206", "pinch valve lets a tenth less through", hours=3, streams={"206": 0.9}),
    slow("LIC-207", "pinch valve lets a tenth less through", hours=3, streams={"207": 0.9}),
    slow("LIC-208", "slurry pump worn by a tenth", hours=3, streams={"203": 0.9}),
    fast("AIC-211", "damper of R-201 closed by a fifth", units={"R-201": {"sweep": 0.8}}),
    fast("FIC-213", "fan blows a tenth less", minutes=10, units={"DU-213": {"capacity": 0.9}}),
    # iron
    slow("AIC-301", "caustic pump delivers 10 % less", hours=4, streams={"300": 0.9}),
    slow("AIC-302", "caustic pump sucks air", hours=4, streams={"301": 0.4}),
    slow("AIC-303", "peroxide 15 % weak", hours=4, liquors={"TK-822": 0.85}),
    fast("FFIC-304", "slurry flow falls", minutes=12, writes={"LIC-208.MODE": MAN, "LIC-208.OP": 36.0}),
    fast("FIC-304", "peroxide pump delivers a fifth less", streams={"302": 0.8}),
    slow("TIC-306", "jacket fouled", hours=4, units={"R-301": {"jacket": 0.4}}),
    slow("TIC-307", "insulation wet", hours=4, units={"R-302": {"loss": 3.0}}),
    slow("LIC-305", "meter of the press pump reads 10 % high", hours=8, meters={"FIC-311": 1.1}),
    fast("FIC-311", "press pump worn", streams={"303": 0.88}),
    fast("FIC-314", "wash water pressure down", streams={"304": 0.75}),
    slow("LIC-321", "meter of the feed pump reads 15 % high", hours=16, meters={"FIC-4101": 1.15}),
    slow("TIC-322", "cooler fouled by a quarter", hours=12, units={"TK-311": {"jacket": 0.75}}),
    # extraction
    fast("FIC-4101", "pump worn", streams={"401": 0.85}),
    fast("FFIC-4106", "feed to extraction falls", minutes=20, writes=load("FIC-4101", 56.0)),
    fast("FFIC-4107", "organic falls", minutes=12, writes=load("FIC-4102", 21.0)),
    fast("FFIC-4108", "organic falls", minutes=12, writes=load("FIC-4102", 21.0)),
    fast("FFIC-4109", "organic falls", minutes=12, writes=load("FIC-4102", 21.0)),
    fast("FIC-4102", "pump worn by a tenth", units={"SX-1": {"organic": 0.9}}),
    fast("FIC-4103", "pump worn", streams={"403": 0.85}),
    fast("FIC-4104", "pump worn", streams={"404": 0.85}),
    fast("FIC-4105", "pump worn", streams={"405": 0.8}),
    slow("AIC-4110", "soda meter reads 30 % high", hours=12, meters={"FIC-4105": 1.3}),
    slow("AIC-4126", "extractant 25 % weak", hours=34, units={"SX-1": {"concentration": 0.75}}, writes=ALONE),
    slow("AIC-4128", "scrub acid 25 % weak", hours=34, liquors={"TK-812": 0.75}, writes=ALONE),
    slow("LIC-4118", "meter of the draw reads 20 % high", hours=14, meters={"FIC-521": 1.2}),
    slow("LIC-4119", "meter of the draw reads 10 % high", hours=10, meters={"FIC-501": 1.1}),
    # precipitation
    fast("FIC-501", "pump worn", streams={"500": 0.85}),
    fast("FFIC-502", "liquor falls", minutes=12, writes=load("FIC-501", 66.0)),
    fast("FIC-503", "pump worn", streams={"501": 0.85}),
    slow("AIC-504", "caustic pump delivers 10 % less", hours=4, streams={"502": 0.9}),
    slow("TIC-505", "jacket half fouled", hours=4, units={"CR-501": {"jacket": 0.5}}),
    slow("LIC-506", "slurry pump worn by a tenth", hours=3, streams={"503": 0.9}),
    fast("FIC-512", "wash water pressure down", streams={"504": 0.75}),
    fast("FIC-521", "pump worn", streams={"520": 0.8}),
    fast("FFIC-522", "liquor falls", minutes=12, writes=load("FIC-521", 0.87)),
    fast("FIC-523", "pump worn", streams={"521": 0.75}),
    slow("AIC-524", "caustic pump delivers 10 % less", hours=4, streams={"522": 0.9}),
    slow("TIC-525", "jacket half fouled", hours=4, units={"CR-521": {"jacket": 0.5}}),
    slow("LIC-526", "slurry pump worn by a tenth", hours=3, streams={"523": 0.9}),
    fast("FIC-532", "wash water pressure down", streams={"524": 0.75}),
    # drying and calcination
    slow("TIC-601", "heater 5 % weak", hours=2, units={"DR-601": {"power": 0.95}}),
    slow("TIC-611", "insulation a third worse", hours=4, units={"KL-611": {"shell": 1.33}}),
    slow("TIC-612", "insulation a third worse", hours=4, units={"KL-611": {"shell": 1.33}}),
    slow("TIC-613", "insulation a third worse", hours=4, units={"KL-611": {"shell": 1.33}}),
    slow("TIC-614", "insulation a third worse", hours=4, units={"KL-611": {"shell": 1.33}}),
    slow("TIC-631", "heater 10 % weak", hours=2, units={"DR-631": {"power": 0.9}}),
    slow("TIC-641", "insulation a third worse", hours=4, units={"KL-641": {"shell": 1.33}}),
    slow("TIC-642", "insulation a third worse", hours=4, units={"KL-641": {"shell": 1.33}}),
    # purity: the circuit's own analyser reads low, so that its trim alone leaves the product off-spec
    slow(
        "AIC-701",
        "extractant 25 % weak, raffinate analyser shows a fifth",
        hours=60,
        units={"SX-1": {"concentration": 0.75}},
        meters={"AIC-4126": 0.2},
        writes=ALONE,
    ),
    slow(
        "AIC-702",
        "scrub acid 25 % weak, strip analyser shows a quarter",
        hours=72,
        liquors={"TK-812": 0.75},
        meters={"AIC-4128": 0.25},
        writes=ALONE,
    ),
]


def run(make_trial: MakeTrial, case: Case, mode: float | None = None) -> tuple[NDArray[np.float64], float]:
    """PV over the run, and the set point at its end."""
    trial = make_trial(scan_period=case.scan_period, **case.wrong)
    if mode is not None:
        trial[f"{case.loop}.MODE"] = mode
    pv = trial.record([f"{case.loop}.PV"], 60.0 * case.minutes)[:, 0]
    return pv, trial[f"{case.loop}.SP"]


def test_every_loop_is_tried(belfast: Plant) -> None:
    """The throughput master has tests of its own."""
    assert sorted(case.loop for case in CASES) == sorted(loop.tag for loop in belfast.loops if loop.type != "override")


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.loop}, {case.story}")
def test_loop_brings_its_pv_back_into_the_band_and_in_manual_it_stays_out(
    belfast: Plant, make_trial: MakeTrial, case: Case
) -> None:
    low, high = next(i.normal for i in belfast.instruments if i.tag == case.loop and i.normal is not None)
    pv, set_point = run(make_trial, case)
    last = pv[-len(pv) // 10 :]
    assert np.all((low <= last) & (last <= high)), f"in Auto: {last.min():.4g} to {last.max():.4g}"
    assert abs(last.mean() - set_point) < (high - low) / 6, f"in Auto: {last.mean():.4g} at set point {set_point:.4g}"
    pv, _ = run(make_trial, case, MAN)
    last = pv[-len(pv) // 10 :]
    assert np.all((last < low) | (high < last)), f"in Man: {last.min():.4g} to {last.max():.4g}"
