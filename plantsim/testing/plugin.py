"""pytest plugin: the fixtures ``plant`` and ``plant_factory``, and their markers. Loaded by itself once installed.

@pytest.mark.plant("belfast", start="cold", seed=7)
def test_my_trend_page(plant):
    connect(plant.opcua)
    plant.advance("15m")
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from plantsim.model.default_plant import DEFAULT_PLANT

if TYPE_CHECKING:
    from plantsim.testing.served import ServedPlant

MARKERS = (
    "plant(name_or_file, *, start, seed, scan, epoch, external, lockstep, opcua, modbus): what the plant fixture runs",
    "plant_start(start): what state the plant fixture starts from: steady, cold or a snapshot's path",
)


def pytest_configure(config: pytest.Config) -> None:
    """Make the markers known."""
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)


@pytest.fixture
def plant_factory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., ServedPlant]]:
    """``plant_factory("belfast", seed=7)`` starts a plant; all of them end with the test. See ``serve_plant``."""
    from plantsim.testing.served import serve_plant

    with ExitStack() as running:

        def start(plant: Any = DEFAULT_PLANT, **options: Any) -> ServedPlant:
            options.setdefault("state", tmp_path_factory.mktemp("plant"))
            return running.enter_context(serve_plant(plant, **options))

        yield start


@pytest.fixture
def plant(request: pytest.FixtureRequest, plant_factory: Callable[..., ServedPlant]) -> ServedPlant:
    """A plant of the test's own on free ports, frozen at its start; which one is for the markers to say."""
    arguments: tuple[Any, ...] = ()
    options: dict[str, Any] = {}
    for marker in reversed(list(request.node.iter_markers("plant"))):  # the closest to the test last
        arguments = marker.args or arguments
        options |= marker.kwargs
    closest = request.node.get_closest_marker("plant_start")
    if closest is not None:
        options["start"] = closest.args[0]
    return plant_factory(*arguments, **options)
