"""Trend files: every tag is there, as what it is, and a value that must not be used is empty."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from plantsim.commands.plot import Plot
from plantsim.commands.stop import Stop
from plantsim.commands.trends import open_trends
from plantsim.engine.image import BAD, UNCERTAIN, ProcessImage
from plantsim.model.tag import Kind, Tag, ValueType

TYPES = (ValueType.FLOAT, ValueType.BOOL, ValueType.UINT16, ValueType.TIME, ValueType.TEXT, ValueType.FLOAT)
NAMES = ("TI-1.PV", "P-1.RUN", "TIC-1.MODE", "AI-1.SampleTime", "WIC-100.Limit", "TI-2.PV")
TAGS = [
    Tag(name, name, "PV", "", "leach", "R-201", Kind.TRANSMITTER, type_, "C", 0, 1, None, row, states=("", "AIC-211"))
    for row, (name, type_) in enumerate(zip(NAMES, TYPES, strict=True))
]
TIME = datetime(2026, 1, 1, tzinfo=UTC)
ROW = [20.5, True, 2, TIME, "AIC-211", None]


def image() -> ProcessImage:
    """One image; the last value's quality is bad, the first's only uncertain."""
    return ProcessImage(
        scan=1,
        plant_time=TIME.timestamp(),
        wall=0.0,
        value=np.array([20.5, 1.0, 2.0, TIME.timestamp(), 1.0, 99.0]),
        status=np.array([UNCERTAIN, 0, 0, 0, 0, BAD], dtype=np.uint32),
        time=np.zeros(6),
        alarms=np.zeros(0, dtype=np.uint8),
    )


def test_csv_has_a_column_for_each_tag_and_a_row_for_each_sample(tmp_path: Path) -> None:
    path = tmp_path / "trends.csv"
    with open_trends(path, TAGS) as trends:
        trends.add(image())
        trends.add(image())
    with path.open(newline="") as file:
        head, *rows = csv.reader(file)
    assert head == ["time", *NAMES]
    assert rows == [[TIME.isoformat(), "20.5", "True", "2", TIME.isoformat(), "AIC-211", ""]] * 2


def test_parquet_keeps_types_descriptions_and_units(tmp_path: Path) -> None:
    path = tmp_path / "trends.parquet"
    with open_trends(path, TAGS) as trends:
        for _ in range(1001):
            trends.add(image())
    table = pq.read_table(path)
    assert table.column_names == ["time", *NAMES]
    assert table.num_rows == 1001
    assert list(table.slice(1000).to_pylist()[0].values()) == [TIME, *ROW]
    assert table.schema.field("TI-1.PV").metadata[b"eu"] == b"C"


def test_a_file_that_can_not_be_written_is_refused_before_the_run(tmp_path: Path) -> None:
    for name in ("none/trends.csv", "none/trends.parquet"):
        with pytest.raises(Stop, match=r"--out .*none.*No such file"):
            open_trends(tmp_path / name, TAGS)


@pytest.mark.parametrize(("suffix", "head"), [(".svg", b"<?xml"), (".png", b"\x89PNG")])
def test_plot_is_drawn_in_the_format_of_its_suffix(tmp_path: Path, suffix: str, head: bytes) -> None:
    path = tmp_path / f"trends{suffix}"
    tag = Tag("KPI.Purity.NdPr", "KPI", "Purity.NdPr", "", "", "", Kind.KPI, ValueType.FLOAT, "%", 0, 100, None, 0)
    with Plot(path, [tag], "Plant") as plot:
        plot.add(image())
        plot.add(image())
    assert path.read_bytes().startswith(head)


@pytest.mark.parametrize(("name", "extra"), [("trends.parquet", "data"), ("trends.svg", "plot")])
def test_a_missing_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, extra: str) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    monkeypatch.setitem(__import__("sys").modules, "matplotlib", None)
    with pytest.raises(Stop, match=rf"pip install 'plantsim\[{extra}\]'"):
        open_trends(tmp_path / name, TAGS) if extra == "data" else Plot(tmp_path / name, TAGS, "Plant")
