"""Trends as CSV and SVG."""

from __future__ import annotations

import csv
import io
import math
from xml.etree import ElementTree

import numpy as np

from hmi.export import Curve, as_csv, as_svg

A = Curve("A.PV", "first & best", "C", np.array([0.0, 10.0]), np.array([1.0, 2.0]), (0.0, 4.0), (1.0, 2.0))
B = Curve("B.PV", "second", "", np.array([5.0, 10.0, 20.0]), np.array([7.0, math.nan, 8.0]), (0.0, 10.0))


def test_csv_holds_values_until_the_next() -> None:
    """A row for every change of any pen; unknown values are empty."""
    rows = list(csv.reader(io.StringIO(as_csv([A, B]))))
    assert rows[0] == ["plant_time", "A.PV [C]", "B.PV"]
    assert [row[1:] for row in rows[1:]] == [["1", ""], ["1", "7"], ["2", ""], ["2", "8"]]
    assert rows[1][0] == "1970-01-01T00:00:00+00:00"


def test_svg_is_well_formed_and_leaves_gaps() -> None:
    """A line for each stretch without a gap, all within the picture; the normal band behind."""
    root = ElementTree.fromstring(as_svg([A, B], 0.0, 30.0, "Plant <x>"))
    space = "{http://www.w3.org/2000/svg}"
    lines = root.findall(f"{space}polyline")
    assert len(lines) == 3
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    for line in lines:
        for point in line.attrib["points"].split():
            x, y = map(float, point.split(","))
            assert 0 <= x <= width
            assert 0 <= y <= height
    texts = [text.text or "" for text in root.iter(f"{space}text")]
    assert "Plant <x>" in texts
    assert "A.PV  first & best, C" in texts
