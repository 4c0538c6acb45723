"""The cause-and-effect matrix over the wire is that of the plant file."""

from __future__ import annotations

from typing import Any

from plantsim.engine.engine import Engine
from plantsim.model.plant import Plant
from plantsim.serve.opcua_procedures import comparison


async def test_every_interlock_tells_what_trips_it_and_what_it_does(
    belfast: Plant, engine: Engine, opcua_server: Any, connect: Any
) -> None:
    async with opcua_server(engine) as server, connect(server.endpoint) as console:
        for one in belfast.interlocks:
            assert await console.value(f"{one.tag}.Causes") == list(map(comparison, one.when))
            told = [await console.value(f"{one.tag}.{name}") for name in ("Votes", "Delay", "Latched", "Group")]
            assert told == [one.votes, one.delay, one.latched, one.group]
            done = [f"{e.tag} {e.value:g} %" if e.verb == "%" else f"{e.tag} {e.verb}" for e in one.effects]
            assert await console.value(f"{one.tag}.Effects") == done
