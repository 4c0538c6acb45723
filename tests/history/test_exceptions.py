"""Exception reporting: what is kept stays within two dead bands of what was there."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from plantsim.history.exceptions import Entry, Exceptions
from plantsim.history.samples import Samples, joined, value_at
from plantsim.history.store import tail_of

S = 1_000_000
BAD_SENSOR_FAILURE = 0x808C0000


def exceptions(
    deadband: float = 1.0, *, stepped: bool = False, fast: bool = False, longest: int = 10**15
) -> Exceptions:
    return Exceptions(np.array([deadband]), np.array([stepped]), np.array([fast]), np.array([longest]))


def kept(values: Sequence[float], made: Exceptions, status: Sequence[int] | None = None) -> Samples:
    """What is kept of values a second apart."""
    entries: list[Entry] = []
    for second, value in enumerate(values):
        state = np.array([status[second] if status else 0], dtype=np.uint32)
        entries += made.take(1, second * S, np.array([value]), state, all_series=True)
    return joined([samples for _, samples in tail_of(entries, 0, 0, 10**18, {1: 2**62})])


walks = st.lists(st.floats(-5, 5), min_size=1, max_size=60)


@given(walks, st.floats(0, 3))
def test_a_line_through_the_samples_is_within_two_dead_bands(walk: list[float], deadband: float) -> None:
    values = np.cumsum(walk)
    found = kept(values.tolist(), exceptions(deadband))
    for second in range(int(found.time[-1]) // S + 1):
        value, _ = value_at(found, second * S, stepped=False)
        assert abs(value - values[second]) <= 2 * deadband + 1e-9


@given(walks)
def test_what_is_stepped_is_kept_exactly(walk: list[float]) -> None:
    values = np.round(walk)
    found = kept(values.tolist(), exceptions(0.0, stepped=True))
    steps = [second for second in range(len(values)) if second == 0 or values[second] != values[second - 1]]
    assert found.time.tolist() == [second * S for second in steps]
    assert found.value.tolist() == values[steps].tolist()


def test_the_sample_before_a_step_is_kept_so_that_it_stays_a_step() -> None:
    found = kept([1.0, 1.1, 1.2, 9.0, 9.0], exceptions())
    assert list(zip((found.time // S).tolist(), found.value.tolist(), strict=True)) == [(0, 1.0), (2, 1.2), (3, 9.0)]


def test_a_change_of_status_is_kept_and_so_is_a_value_that_goes_and_comes() -> None:
    nan = float("nan")
    found = kept([1.0, nan, nan, 1.0], exceptions(), [0, BAD_SENSOR_FAILURE, BAD_SENSOR_FAILURE, 0])
    assert (found.time // S).tolist() == [0, 1, 2, 3]
    assert found.status.tolist() == [0, BAD_SENSOR_FAILURE, BAD_SENSOR_FAILURE, 0]


def test_what_stands_still_is_kept_now_and_then() -> None:
    found = kept([1.0] * 30, exceptions(longest=10 * S))
    assert (found.time // S).tolist() == [0, 10, 20]


def test_between_seconds_only_fast_series_are_looked_at() -> None:
    for fast, count in ((True, 1), (False, 0)):
        made = exceptions(fast=fast)
        made.take(1, 0, np.array([0.0]), np.zeros(1, np.uint32), all_series=True)
        entries = made.take(1, S // 2, np.array([5.0]), np.zeros(1, np.uint32), all_series=False)
        assert len(entries) == count
