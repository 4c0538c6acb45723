"""Who set what last, asked by a client."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from asyncua import Client, ua

from plantsim.engine.command import Origin
from plantsim.engine.engine import Engine
from plantsim.model.tag import Role

ANNA = Origin(Role.OPERATOR, "anna", "opcua")
SCENARIO = Origin(Role.INSTRUCTOR, "scenario", "scenario")


async def last_writes(console: Any, tag: str) -> list[tuple[Any, ...]]:
    answer = await console.call("Plant", "LastWrites", ua.Variant(tag, ua.VariantType.String))
    assert answer.StatusCode.name == "Good"
    return list(zip(*(variant.Value for variant in answer.OutputArguments), strict=True))


async def test_the_last_writes_of_an_object_are_told(engine: Engine, opcua_server: Any, connect: Any) -> None:
    """The latest first, with values as people read them, names and plant time."""
    async with opcua_server(engine) as server, connect(server.endpoint) as console:
        assert await last_writes(console, "TIC-201") == []
        engine.write([("TIC-201.SP", 61.0)], ANNA)
        engine.step(10.0).result(30.0)
        engine.write([("TIC-201.SP", 62.5), ("TIC-202.SP", 60.0), ("TIC-201.SP", 1e9)], ANNA)
        engine.write([("TIC-201.MODE", 0)], SCENARIO)
        found = await last_writes(console, "TIC-201")
        assert [row[:4] for row in found] == [
            ("MODE", "Manual", "scenario", "scenario"), ("SP", "62.5", "anna", "opcua")
        ]  # fmt: skip
        assert [row[4].timestamp() - engine.live.epoch for row in found] == [10.0, 10.0]
        assert await last_writes(console, "nothing") == []


async def test_an_operator_is_not_told_what_a_scenario_did(
    engine: Engine, opcua_server: Any, connect: Any, tmp_path: Path
) -> None:
    """That would tell what is practised; an observer is told nothing at all."""
    engine.write([("TIC-201.SP", 61.0)], SCENARIO)
    engine.write([("TIC-201.MODE", 0)], ANNA)
    async with opcua_server(engine, state=tmp_path, insecure=False) as server:
        passwords = dict(line.split() for line in (tmp_path / "initial-passwords.txt").read_text().splitlines())

        async def operator(client: Client) -> None:
            client.set_user("operator")
            client.set_password(passwords["operator"])

        async with connect(server.endpoint, operator) as console:
            assert [row[0] for row in await last_writes(console, "TIC-201")] == ["MODE"]
        async with connect(server.endpoint) as console:
            answer = await console.call("Plant", "LastWrites", ua.Variant("TIC-201", ua.VariantType.String))
            assert answer.StatusCode.name == "BadUserAccessDenied"
