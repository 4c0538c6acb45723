"""No loop swings by itself: a day of steady production with noise, every loop that is in Auto or Cascade.

A loop swings where all three hold on one of the time scales of the record:

- regularity: the autocovariance crosses zero at equal intervals, mean over three times their deviation
  (Thornhill, Huang and Zhang, J. Process Control 13 (2003) 91: r > 1). White noise is in the first lag alone.
- it lasts: of one swing to the next more than half is left in the autocorrelation
  (Miao and Seborg, Proc. IEEE CCA (1999) 359: decay ratio > 0.5). A loop that noise excites, and that damps it to a
  quarter, has 0.25.
- amplitude: more than the sigma that an operator sees, noise or 0.2 % of the range; Hägglund (Control Eng. Practice 3
  (1995) 1543) takes 1 %.

What repeats with a sequence (the press cycle) is forced, not a swing of the loop: it is printed with its cause.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from plantsim.engine.live import LivePlant
from plantsim.model.load import load_plant
from plantsim.model.plant import Instrument, Plant

MAN = 0.0
DAY_S = 86400
SCALES = (1, 8, 60, 300)
"""s over which the record is averaged: each time scale sees periods of 4 to some 800 of its own intervals."""
CROSSINGS = 11
"""Of the autocovariance, as Thornhill takes: ten intervals, five periods."""

Signal = NDArray[np.float64]


@dataclass(frozen=True)
class Swing:
    """period: s. amplitude: eu."""

    period: float
    regularity: float
    decay: float
    amplitude: float

    @property
    def lasts(self) -> bool:
        return self.regularity > 1.0 and self.decay > 0.5


def autocorrelation(signal: Signal) -> Signal:
    """Of what is left when the trend is taken out, up to half the record."""
    n = len(signal)
    at = np.linspace(-1.0, 1.0, n)
    rest = signal - signal.mean() - at * (signal @ at) / (at @ at)
    power = np.abs(np.fft.rfft(rest, 2 * n)) ** 2
    covariance = np.fft.irfft(power)[: n // 2] / np.arange(n, n - n // 2, -1)
    return np.asarray(covariance / covariance[0] if covariance[0] > 0.0 else covariance)


def swing(signal: Signal, interval: float) -> Swing | None:
    """What swings in a record with so many s from point to point; None where five periods are not to be seen."""
    r = autocorrelation(signal)
    below = np.flatnonzero((r[:-1] > 0.0) != (r[1:] > 0.0))
    if len(below) < CROSSINGS:
        return None
    crossings = below[:CROSSINGS] + r[below[:CROSSINGS]] / (r[below[:CROSSINGS]] - r[below[:CROSSINGS] + 1])
    between = np.diff(crossings)
    parts = [slice(below[k] + 1, below[k + 1] + 1) for k in range(3)]
    low, high, next_low = (
        part.start + int(pick(r[part])) for part, pick in zip(parts, (np.argmin, np.argmax, np.argmin), strict=True)
    )
    fall = np.interp(low, [0, high], [1.0, r[high]]) - r[low]
    rise = r[high] - np.interp(high, [low, next_low], [r[low], r[next_low]])
    return Swing(
        period=2.0 * interval * between.mean(),
        regularity=between.mean() / max(3.0 * between.std(), 1e-9),
        decay=float(rise / fall),
        amplitude=float(np.sqrt(2.0) * signal.std()),
    )


def averaged(signal: Signal, times: int) -> Signal:
    """Means of so many points each."""
    return np.asarray(signal[: len(signal) // times * times].reshape(-1, times).mean(axis=1))


def lasting(record: Signal, least: float, interval: int = 0) -> Swing | None:
    """The swing that lasts, on the finest time scale that shows it, where it is larger than that.

    interval: s for which a result of an analyser stands, finer than which it shows nothing; 0 where it is continuous.
    """
    for scale in [*([interval] if interval else []), *(scale for scale in SCALES if scale > interval)]:
        found = swing(averaged(record, scale), scale)
        if found is not None and found.lasts and found.amplitude > least:
            return found
    return None


@dataclass(frozen=True)
class Record:
    """A day, a row a second. tags: loops in service, one a column. forced: s between the cycles of sequences."""

    tags: tuple[str, ...]
    rows: Signal
    forced: dict[str, float]


def day_of(plant: Plant, scan_period: float) -> Record:
    """Of every loop that is not in manual what it controls. scan_period: s, at most a second."""
    live = LivePlant(plant.with_even_lots(), scan_period=scan_period)
    signal = live.core.signal
    loops = [loop.tag for loop in plant.loops if signal[live.tags[f"{loop.tag}.MODE"].row] != MAN]
    columns = [live.tags[f"{tag}.PV"].row for tag in loops]
    steps = {s.tag: live.tags[f"{s.tag}.STEP"].row for s in plant.sequences if s.repeat}
    seen: dict[str, list[float]] = {tag: [] for tag in steps}
    rows = np.empty((DAY_S, len(columns)))
    scans = round(1.0 / live.scan_period)
    for line in rows:
        live.advance(scans)
        line[:] = signal[columns]
        for tag, row in steps.items():
            seen[tag].append(float(signal[row]))
    forced = {}
    for tag, path in seen.items():
        begins = np.flatnonzero(np.diff(path) < 0.0)
        if len(begins) > 1:
            forced[tag] = float(np.diff(begins).mean())
    return Record(tuple(loops), rows, forced)


def element(instruments: dict[str, Instrument], tag: str) -> Instrument:
    """What really measures, where a reading is a copy."""
    instrument = instruments[tag]
    if instrument.function is not None and instrument.function.name == "copy":
        return element(instruments, instrument.function.inputs[0])
    return instrument


def cause(found: Swing, forced: dict[str, float]) -> str:
    """The sequence with which it repeats, to a tenth, or with each half of whose cycle."""
    for tag, period in forced.items():
        if any(abs(found.period * times / period - 1.0) < 0.1 for times in (1.0, 2.0)):
            return tag
    return ""


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "scan_period"),
    [("belfast", 0.1), ("belfast-commercial", 0.1), ("missouri", 1.0), ("viridion", 1.0), ("makuutu", 1.0)],
)
def test_no_loop_swings_by_itself(name: str, scan_period: float) -> None:
    """Prints those that swing, with what forces them. The others with a scan a second, which costs a tenth.

    Controllers that compute less often are nearer to swinging, not farther from it.
    """
    plant = load_plant(name)
    record = day_of(plant, scan_period)
    instruments = {i.tag: i for i in plant.instruments}
    swings = []
    print(f"\n{name}: {len(record.tags)} of {len(plant.loops)} loops in service; cycles [s] {record.forced}")
    for tag, column in zip(record.tags, record.rows.T, strict=True):
        instrument = element(instruments, tag)
        least = max(instrument.noise, 0.002 * (instrument.high - instrument.low))
        interval = round(instrument.sampling.sample) if instrument.sampling is not None else 0
        found = lasting(column, least, interval)
        if found is None:
            continue
        why = cause(found, record.forced)
        print(
            f"{tag:12} period {found.period:7.0f} s, amplitude {found.amplitude:.3g} {instrument.eu}"
            f" (least {least:.3g}), regularity {found.regularity:.1f}, decay {found.decay:.2f} {why}"
        )
        if not why:
            swings.append(tag)
    assert swings == []


def test_a_sine_in_as_much_noise_is_a_swing() -> None:
    chance, at = np.random.default_rng(1), np.arange(DAY_S)
    for period in (20.0, 300.0, 3000.0):
        found = lasting(np.sin(2.0 * np.pi * at / period) + chance.normal(0.0, 0.7, DAY_S), 0.5)
        assert found is not None
        assert found.period == pytest.approx(period, rel=0.05)


@pytest.mark.parametrize("memory", [0.0, 30.0, 3000.0])
def test_noise_drift_and_a_sine_below_the_noise_are_none(memory: float) -> None:
    """Noise that is white, and that a lag has filtered; and a ramp."""
    chance, at = np.random.default_rng(2), np.arange(DAY_S)
    noise = chance.normal(0.0, 1.0, DAY_S)
    keep = np.exp(-1.0 / memory) if memory else 0.0
    for k in range(1, DAY_S):
        noise[k] += keep * noise[k - 1]
    assert lasting(noise, 0.0) is None
    assert lasting(noise + 1e-3 * at, 0.0) is None
    assert lasting(noise + 0.2 * np.sin(2.0 * np.pi * at / 300.0), 1.0 + noise.std()) is None


@pytest.mark.parametrize("seed", range(20))
def test_the_noise_of_an_analyser_whose_results_stand_for_a_quarter_of_an_hour_is_none(seed: int) -> None:
    results = np.random.default_rng(seed).normal(0.0, 1.0, DAY_S // 900)
    assert lasting(np.repeat(results, 900), 1.0, 900) is None
    at = 2.0 * np.pi * np.arange(len(results)) / 6.0
    found = lasting(np.repeat(results + 5.0 * np.sin(at), 900), 1.0, 900)
    assert found is not None
    assert found.period == pytest.approx(6 * 900, rel=0.05)


def test_a_loop_that_damps_to_a_quarter_is_none_and_one_that_hardly_damps_is() -> None:
    """Noise on a second-order system, period 200 s; its autocorrelation decays as its step response does."""
    chance = np.random.default_rng(3)
    omega = 2.0 * np.pi / 200.0

    def excited(damping: float) -> Signal:
        a1, a2 = 2.0 * np.exp(-damping * omega) * np.cos(omega * np.sqrt(1 - damping**2)), -np.exp(-2 * damping * omega)
        x = chance.normal(0.0, 1.0, DAY_S)
        for k in range(2, DAY_S):
            x[k] += a1 * x[k - 1] + a2 * x[k - 2]
        return x

    assert lasting(excited(0.22), 0.0) is None
    assert lasting(excited(0.03), 0.0) is not None
