"""The core's own functions against the C library's, and its random numbers against the distribution."""

from __future__ import annotations

import math
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.special import ndtri
from scipy.stats import kstest

from plantsim import _layers

WIDE = settings(derandomize=True, deadline=None, max_examples=2000)


def ulps(got: float, wanted: float) -> float:
    return abs(got - wanted) / math.ulp(wanted)


@WIDE
@given(st.floats(-700.0, 700.0))
@example(0.0)
@example(-0.0)
@example(1.0)
@example(math.log(2.0) / 2.0)
def test_exp_is_within_two_ulps_of_the_library(x: float) -> None:
    assert ulps(_layers.exp(x), math.exp(x)) <= 2.0


@WIDE
@given(st.floats(5e-324, 1.7976931348623157e308))
@example(1.0)
@example(math.nextafter(1.0, 0.0))
@example(math.sqrt(0.5))
@example(math.sqrt(2.0))
@example(2.2250738585072014e-308)
@example(5e-324)
@example(1.7976931348623157e308)
def test_logarithms_are_within_three_ulps_of_the_library(x: float) -> None:
    assert ulps(_layers.log(x), math.log(x)) <= 3.0
    assert ulps(_layers.log10(x), math.log10(x)) <= 3.0


def test_exp_ends_in_zero_infinity_and_nan() -> None:
    assert _layers.exp(0.0) == 1.0
    assert _layers.exp(-745.1) == math.exp(-745.1) > 0.0
    assert _layers.exp(-746.0) == _layers.exp(-math.inf) == 0.0
    assert _layers.exp(709.78) == pytest.approx(math.exp(709.78), rel=1e-15)
    assert _layers.exp(710.0) == _layers.exp(math.inf) == math.inf
    assert math.isnan(_layers.exp(math.nan))


@pytest.mark.parametrize("function", [_layers.log, _layers.log10])
def test_logarithms_end_in_minus_infinity_and_nan(function: object) -> None:
    assert callable(function)
    assert function(1.0) == 0.0
    assert function(0.0) == -math.inf
    assert function(math.inf) == math.inf
    assert math.isnan(function(-1e-300))
    assert math.isnan(function(math.nan))


def test_decimal_powers_have_integer_logarithms() -> None:
    assert [_layers.log10(10.0**-n) for n in range(15)] == pytest.approx([-n for n in range(15)], abs=1e-15)


@WIDE
@given(st.floats(1e-3, 10.0), st.floats(1e-3, 1e6))
def test_lag_step_does_not_lose_digits_to_cancellation(h: float, lag: float) -> None:
    assert _layers.lag(h, lag) == pytest.approx(-math.expm1(-h / lag), rel=1e-14)


def test_no_lag_follows_at_once() -> None:
    assert _layers.lag(0.1, 0.0) == 1.0


@WIDE
@given(st.floats(1e-15, 1.0 - 1e-15))
def test_normal_quantile_agrees_with_scipy(p: float) -> None:
    assert _layers.quantile(p) == pytest.approx(float(ndtri(p)), rel=2e-14, abs=1e-15)


def test_noise_is_standard_normal_and_white() -> None:
    x = np.array([_layers.normal(1, 2, scan) for scan in range(100_000)])
    assert kstest(x, "norm").pvalue > 0.01
    assert abs(np.corrcoef(x[1:], x[:-1])[0, 1]) < 4 / math.sqrt(x.size)


def test_noise_of_two_keys_two_seeds_and_two_scans_is_independent() -> None:
    n = 50_000
    base = np.array([_layers.normal(1, 2, scan) for scan in range(n)])
    for other in (
        [_layers.normal(1, 3, scan) for scan in range(n)],
        [_layers.normal(2, 2, scan) for scan in range(n)],
        [_layers.normal(1, scan, 2) for scan in range(n)],
        [_layers.normal(scan, 1, 2) for scan in range(n)],
    ):
        assert abs(np.corrcoef(base, other)[0, 1]) < 4 / math.sqrt(n)
        assert abs(float(np.std(other)) - 1.0) < 4 / math.sqrt(2 * n)


def test_noise_depends_on_its_counters_alone() -> None:
    assert _layers.normal(7, 8, 9) == _layers.normal(7, 8, 9)
    assert _layers.normal(2**64 - 1, 2**64 - 1, 2**63) == _layers.normal(2**64 - 1, 2**64 - 1, 2**63)


def test_uniform_numbers_never_reach_the_ends() -> None:
    x = np.array([_layers.uniform(3, key, 0) for key in range(100_000)])
    assert x.min() > 0.0
    assert x.max() < 1.0
    assert kstest(x, "uniform").pvalue > 0.01


def mix(z: int) -> int:
    """SplitMix64's finaliser in Python's integers."""
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 % 2**64
    z = (z ^ z >> 27) * 0x94D049BB133111EB % 2**64
    return z ^ z >> 31


@given(*[st.integers(0, 2**63 - 1)] * 3)
def test_uniform_numbers_are_splitmix64_with_a_generator_per_key(seed: int, key: int, scan: int) -> None:
    golden = 0x9E3779B97F4A7C15
    start = mix((mix((seed + golden) % 2**64) + key * golden) % 2**64)
    bits = mix((start + scan * (mix((start + golden) % 2**64) | 1)) % 2**64)
    assert _layers.uniform(seed, key, scan) == ((bits >> 12) + 0.5) * 2.0**-52


def test_noise_is_the_same_on_every_machine() -> None:
    assert [_layers.normal(1, 2, scan).hex() for scan in (0, 1, 1_000_000)] == [
        "-0x1.6be2022cb732dp+0",
        "-0x1.a75f47010cf4ep-1",
        "0x1.3ded88dc1bd47p+1",
    ]


EXACT = {"sqrt", "fabs", "floor", "ceil", "nearbyint", "fmin", "fmax", "isfinite", "isnan", "NAN", "INFINITY"}
"""What IEEE 754 leaves no choice in; every other function differs between C libraries and processors."""


INEXACT = {"exp", "exp2", "expm1", "log", "log1p", "log2", "log10", "pow", "cbrt", "sin", "cos", "tan", "tanh"}


def test_no_kernel_calls_a_function_whose_last_bit_depends_on_the_machine() -> None:
    taken: dict[str, set[str]] = {}
    for source in (Path(__file__).parents[2] / "ext").glob("*.p[xy]*"):
        for names in re.findall(r"from libc\.math cimport ([^(\n]+|\([^)]+\))", source.read_text()):
            found = {name.split(" as ")[0].strip() for name in names.strip("()").split(",")}
            taken.setdefault(source.name, set()).update(found - {""})
    assert {name: sorted(names - EXACT) for name, names in taken.items() if names - EXACT} == {}


@pytest.mark.skipif(shutil.which("nm") is None, reason="nm (binutils) is not installed")
def test_the_compiled_core_links_to_no_such_function() -> None:
    for module in Path(str(_layers.__file__)).parent.glob("_*.so"):
        symbols = subprocess.run(["nm", "-D", str(module)], capture_output=True, text=True, check=True).stdout
        undefined = set(re.findall(r" U (\w+)", symbols))
        assert (
            undefined & {"exp", "expm1", "log", "log1p", "log10", "log2", "pow", "cbrt", "sin", "cos", "tanh"} == set()
        )
