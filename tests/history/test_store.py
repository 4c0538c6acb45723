"""The file: what was written is there again, in its branch, whatever ended the run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plantsim.history.exceptions import Entry
from plantsim.history.samples import Samples
from plantsim.history.store import (
    Branch,
    HistoryError,
    InUse,
    Store,
    connect_reader,
    lineage,
    packed,
    read_branches,
    read_chunks,
    read_tail,
    unpacked,
)

ALL = {1: 2**62, 2: 2**62}


def entry(branch: int, time: int, **values: float) -> Entry:
    """Values of series by number, as in ``s3=1.5``."""
    series = np.array([int(name[1:]) for name in values], np.int32)
    return Entry(branch, time, series, np.array(list(values.values())), np.zeros(len(values), np.uint32))


def read(path: Path, series: int, start: int = 0, end: int = 10**9) -> list[tuple[int, float]]:
    db = connect_reader(path)
    pieces = read_chunks(db, series, start, end, ALL)
    db.close()
    return [(t, v) for _, one in pieces for t, v in zip(one.time.tolist(), one.value.tolist(), strict=True)]


@given(
    st.lists(
        st.tuples(st.integers(0, 2**53), st.floats(width=64), st.integers(0, 2**32 - 1)),
        min_size=1,
        unique_by=lambda row: row[0],
    )
)
def test_packing_keeps_every_bit(rows: list[tuple[int, float, int]]) -> None:
    time, value, status = zip(*sorted(rows), strict=True)
    one = Samples(np.array(time, np.int64), np.array(value), np.array(status, np.uint32))
    back = unpacked(packed(one), len(one))
    for before, after in ((one.time, back.time), (one.value, back.value), (one.status, back.status)):
        assert before.tobytes() == after.tobytes()


def test_a_tail_becomes_chunks_and_both_outlast_the_run(tmp_path: Path) -> None:
    path = tmp_path / "h.sqlite"
    store = Store(path)
    assert store.series_ids([("A", "A|float"), ("B", "B|float")]) == [1, 2]
    first = [entry(1, 10, s1=1.0, s2=2.0), entry(1, 20, s1=3.0), entry(1, 20, s1=4.0)]
    store.append([Branch(1, None, 0, 0)], first)
    store.roll(first)
    store.append([], [entry(1, 30, s2=5.0)])
    store.abandon()  # as a process that is killed leaves it
    assert read(path, 1) == [(10, 1.0), (20, 4.0)]
    again = Store(path)
    assert (read(path, 2), again.newest()) == ([(10, 2.0), (30, 5.0)], 30)
    assert again.series_ids([("B", "B|float"), ("C", "C|float")]) == [2, 3]
    again.close()
    db = connect_reader(path)
    assert (read_tail(db), read_branches(db)) == ([], [Branch(1, None, 0, 0)])
    db.close()


def test_a_branch_goes_back_to_its_ancestors_until_it_left_them() -> None:
    branches = [Branch(1, None, 0, 0), Branch(2, 1, 1, 50), Branch(3, 2, 2, 40), Branch(4, 3, 3, 60)]
    assert lineage(branches, 4) == {4: 2**62, 3: 60, 2: 40, 1: 40}
    assert lineage(branches, 2) == {2: 2**62, 1: 50}


def test_the_oldest_goes_by_age_and_by_size(tmp_path: Path) -> None:
    store = Store(tmp_path / "h.sqlite")
    random = np.random.default_rng(1)
    for hour in range(20):
        entries = [entry(1, 1000 * hour + i, s1=random.random(), s2=random.random()) for i in range(1000)]
        store.roll(entries)
    assert read(store.path, 1)[0][0] == 0
    store.retain(2500, 1e12)
    assert read(store.path, 1)[0][0] == 2000
    half = store.size() / 2
    store.retain(0, half)
    assert store.size() <= half
    assert read(store.path, 1)[-1][0] == 19999
    store.close()


def test_a_file_has_one_writer(tmp_path: Path) -> None:
    path = tmp_path / "h.sqlite"
    store = Store(path)
    with pytest.raises(InUse, match="another run writes to it"):
        Store(path)
    store.close()
    Store(path).close()


@pytest.mark.parametrize("content", [b"no data base at all, but long enough to be one" * 100, None])
def test_a_damaged_file_is_put_aside(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "h.sqlite"
    if content is None:  # pages in the middle are lost
        store = Store(path)
        store.roll([entry(1, i, **{f"s{n}": float(i * n) for n in range(1, 200)}) for i in range(20)])
        store.abandon()
        whole = bytearray(path.read_bytes())
        assert len(whole) > 8 * 4096
        whole[3 * 4096 : 6 * 4096] = bytes(3 * 4096)
        path.write_bytes(whole)
    else:
        path.write_bytes(content)
    Store(path).close()
    assert len(list(tmp_path.glob("h.sqlite.damaged-*"))) == 1
    assert read(path, 1) == []


def test_what_cannot_be_opened_is_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(HistoryError, match=r"history .*: not there"):
        connect_reader(tmp_path / "none.sqlite")
    (tmp_path / "file").write_text("")
    with pytest.raises(HistoryError, match=r"history .*file/h.sqlite: "):
        Store(tmp_path / "file" / "h.sqlite")
