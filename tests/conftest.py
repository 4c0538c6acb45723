"""Fixtures that need a real plant: the packaged Belfast line, on ephemeral ports."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from plantsim.engine.engine import Engine
from plantsim.engine.live import LivePlant
from plantsim.model.load import load_plant
from plantsim.model.plant import Plant

EPOCH = 1767225600.0


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--scale`` multiplies the length of the long tests."""
    parser.addoption("--scale", type=float, default=1.0, help="length of the long tests, 1 = short")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """``long(scale=4)`` is left out below ``--scale 4``: another of its family stands for it."""
    scale = config.getoption("--scale")
    left_out = [i for i in items if any(mark.kwargs.get("scale", 0.0) > scale for mark in i.iter_markers("long"))]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in set(left_out)]


@pytest.fixture
def scale(request: pytest.FixtureRequest) -> float:
    """How long the long tests are to be."""
    return float(request.config.getoption("--scale"))


@pytest.fixture(scope="session")
def belfast() -> Plant:
    """The packaged Belfast plant."""
    return load_plant("belfast")


@pytest.fixture
def live(belfast: Plant) -> LivePlant:
    """The Belfast line at its steady state, advanced by hand."""
    return LivePlant(belfast, epoch=EPOCH)


@pytest.fixture
def engine(belfast: Plant) -> Iterator[Engine]:
    """The Belfast line frozen at its steady state: time passes by Step or Run."""
    engine = Engine(belfast, frozen=True, epoch=EPOCH)
    engine.start()
    yield engine
    engine.stop()
