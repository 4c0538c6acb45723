"""Malfunctions of the wire on OPC UA: late answers, connections refused or reset, and a server that restarts.

Late is all that leaves for a client, notifications too. Nothing is lost or doubled: TCP does neither, and a secure
channel ends at a gap in its sequence numbers.
"""

from __future__ import annotations

import asyncio
from typing import Any, cast

from plantsim.serve import wire
from plantsim.serve.opcua_connection import Connections, Protocol


class LateTransport:
    """A transport whose writes leave as late as the wire has it; everything else is the transport's own."""

    def __init__(self, transport: asyncio.Transport, client: wire.Client) -> None:
        self._transport = transport
        self._client = client
        self._late = wire.Late(transport)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        fate = self._client.fate()
        if (fate is None or fate.delay == 0.0) and not self._late.waiting:
            self._transport.write(data)
        else:
            self._late.write(bytes(data), fate.delay if fate is not None else 0.0)

    def writelines(self, pieces: Any) -> None:
        self.write(b"".join(pieces))


class _Connection(Protocol):
    """A connection with the wire before it."""

    clients_on_wire: wire.Clients
    on_wire: wire.Client | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.on_wire = self.clients_on_wire.new(transport.get_extra_info("peername"))
        if self.on_wire.refused:
            self.on_wire = None
            wire.reset(cast(asyncio.Transport, transport))
            return
        late = LateTransport(cast(asyncio.Transport, transport), self.on_wire)
        super().connection_made(cast(asyncio.BaseTransport, late))

    def data_received(self, data: bytes) -> None:
        fate = None if self.on_wire is None else self.on_wire.fate()
        if fate is not None and fate.reset:
            assert self.transport is not None
            wire.reset(self.transport)
            return
        super().data_received(data)


class WiredServer(Connections):
    """The port, between which and its clients the wire may stand."""

    clients_on_wire: wire.Clients

    def _make_protocol(self) -> Protocol:
        made = _Connection(
            iserver=self.iserver,
            policies=self._policies,
            clients=self.clients,
            closing_tasks=self.closing_tasks,
            limits=self.limits,
        )
        made.clients_on_wire = self.clients_on_wire
        return made

    async def restart(self, outage: float) -> None:
        """End all connections and sessions with their subscriptions, and be away for so many s."""
        listening = cast(asyncio.Server, cast(Any, self)._server)
        listening.close()
        for transport in tuple(self.iserver.asyncio_transports):
            wire.reset(transport)
        for session in tuple(cast(Any, self.iserver).sessions.values()):
            await session.close_session(True)
        await listening.wait_closed()
        await asyncio.sleep(outage)
        self._server = await asyncio.get_running_loop().create_server(self._make_protocol, self.hostname, self.port)
