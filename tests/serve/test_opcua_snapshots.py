"""SaveSnapshot, RestoreSnapshot and Backtrack by an OPC UA client, on the Belfast line."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from asyncua import ua

from plantsim.engine.engine import Engine
from plantsim.model.plant import Plant

Types = ua.VariantType


@pytest.fixture
def engine(belfast: Plant, tmp_path: Path) -> Iterator[Engine]:
    engine = Engine(belfast, frozen=True, epoch=0.0, snapshots=tmp_path)
    engine.start()
    yield engine
    engine.stop()


@pytest.fixture
async def console(engine: Engine, opcua_server: Any, connect: Any) -> AsyncIterator[Any]:
    async with opcua_server(engine) as server, connect(server.endpoint) as found:
        yield found


async def call(console: Any, method: str, argument: float | str) -> str:
    type_ = Types.String if isinstance(argument, str) else Types.Double
    return str((await console.call("Simulation", method, ua.Variant(argument, type_))).StatusCode.name)


async def test_a_client_saves_restores_and_goes_back(engine: Engine, console: Any) -> None:
    assert await call(console, "Step", 100.0) == "Good"
    assert await call(console, "SaveSnapshot", "mark") == "Good"
    assert await call(console, "Step", 100.0) == "Good"
    end = engine.live.state_sha256()
    assert await call(console, "Backtrack", 1.0) == "Good"
    assert await console.value("Simulation.Elapsed") == 120.0
    assert await console.value("Simulation.Branch") == 1
    assert await call(console, "RestoreSnapshot", "mark") == "Good"
    assert await console.value("Simulation.Elapsed") == 100.0
    assert await console.value("Simulation.Branch") == 2
    assert await call(console, "Step", 100.0) == "Good"
    assert engine.live.state_sha256() == end
    assert await call(console, "RestoreSnapshot", "steady") == "Good"
    assert await console.value("Simulation.Elapsed") == 0.0


REFUSED = (
    ("SaveSnapshot", "last", "BadInvalidArgument"),
    ("SaveSnapshot", "../x", "BadInvalidArgument"),
    ("RestoreSnapshot", "../x", "BadInvalidArgument"),
    ("RestoreSnapshot", "nothing", "BadNotFound"),
    ("RestoreSnapshot", "damaged", "BadInvalidArgument"),
    ("Backtrack", 1.0, "BadOutOfRange"),
    ("Backtrack", -1.0, "BadOutOfRange"),
    ("Backtrack", "1", "BadInvalidArgument"),
    ("SaveSnapshot", 1.0, "BadInvalidArgument"),
)


async def test_what_cannot_be_is_refused_and_changes_nothing(engine: Engine, console: Any, tmp_path: Path) -> None:
    (tmp_path / "damaged.snapshot").write_bytes(b"plantsim-snapshot 1 00\nrest")
    before = engine.live.state_sha256()
    for method, argument, status in REFUSED:
        assert await call(console, method, argument) == status, (method, argument)
        assert engine.live.state_sha256() == before
        assert await console.value("Simulation.Branch") == 0
        assert [path.name for path in tmp_path.iterdir()] == ["damaged.snapshot"]
