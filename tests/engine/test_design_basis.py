"""`belfast` at rest beside its design basis: each figure within 5 %, or with a reason that goes with a stated ratio."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

MAKER = Path(__file__).parents[2] / "docs" / "make_design_basis.py"
WITHIN = 0.05


def test_what_is_beyond_five_per_cent_of_the_design_has_its_reason() -> None:
    for row in runpy.run_path(str(MAKER))["rows"]():
        what = f"{row.place} {row.of}"
        assert row.simulated == pytest.approx(row.ratio * row.design, rel=WITHIN), what
        assert bool(row.why) == (row.ratio != 1.0), what
