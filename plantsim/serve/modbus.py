"""The Modbus server: frames on sockets around ``Responder``, and a serial line beside them.

Own framing instead of pymodbus's server, which leaves pipelined requests unanswered, gives unknown units, functions and
quantities the wrong codes, serves half of a float, and takes several times the processor per request.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import Protocol, cast

from plantsim.engine.image import ProcessImage
from plantsim.engine.wire import Wire
from plantsim.serve.address import Network, is_loopback, lies_in
from plantsim.serve.modbus_pdu import Client, Engine, Responder
from plantsim.serve.modbus_rtu import Line
from plantsim.serve.modbus_serial import SerialPort
from plantsim.serve.modbus_wire import Disturbed, Link
from plantsim.serve.registers import Registers
from plantsim.serve.wire import Clients, Restarts, seen_through

log = logging.getLogger(__name__)

MAX_CONNECTIONS = 256
ROOM = 8192
"""Bytes that are read at once from one connection."""

TURN = 32
"""Requests answered on one connection before everything else on the loop has its turn."""

MOST = 262
"""Largest length field that is read on: a request may be longer than it should be, and is answered so."""

_HEADER = struct.Struct(">HHHB")
"""Transaction, protocol (0 for Modbus), length of what follows, unit."""


class ServedEngine(Engine, Protocol):
    """What the server asks of the engine besides."""

    def listen(self, listener: Callable[[ProcessImage], None]) -> Callable[[], None]: ...


class ModbusServer:
    """Serves unit 1 and the I/O racks of one plant on one port, and on a serial line where one is given.

    word_order: abcd, cdab, badc or dcba, for the 32-bit values of unit 1; ValueError otherwise. allow_writes: None
    allows them on the loopback interface alone; the serial line always may write. port: 0 chooses a free one.
    allow: networks that clients may connect from; empty is all. wire: what is wrong between server and clients, None
    for nothing ever; the serial line has bad qualities alone of it.
    """

    def __init__(
        self,
        engine: ServedEngine,
        *,
        host: str,
        port: int,
        word_order: str = "abcd",
        allow_writes: bool | None = None,
        allow: Sequence[Network] = (),
        line: Line | None = None,
        wire: Wire | None = None,
    ) -> None:
        self._wire = wire
        if wire is not None:
            engine = seen_through(engine, wire, "modbus")
        self._engine = engine
        self._host, self._port = host, port
        self._allow = tuple(allow)
        self._may_write = is_loopback(host) if allow_writes is None else allow_writes
        self._responder = Responder(
            engine,
            Registers(engine.tags, engine.alarms, word_order),
            identity={
                0: "plantsim",
                1: engine.plant.name,
                2: version("plantsim"),
                4: "plantsim",
                5: engine.plant.title,
            },
        )
        self._serial = None if line is None else SerialPort(self._responder, line)
        self._disturbed = None if wire is None else Disturbed(Clients(wire, "modbus"), self._responder)
        self._restarts: Restarts | None = None
        self._server: asyncio.Server | None = None
        self._connections: set[_Connection] = set()

    @property
    def address(self) -> tuple[str, int]:
        """Host and port: while listening, the port really in use."""
        if self._server is None or not self._server.sockets:
            return self._host, self._port
        return self._host, cast(int, self._server.sockets[0].getsockname()[1])

    @property
    def clients(self) -> int:
        """How many are connected by TCP."""
        return len(self._connections)

    async def start(self) -> None:
        """Listen; OSError, with host and port in its text, when they are not to be had, SerialError for the line."""
        await self._listen(self._port)
        if self._wire is not None:
            self._restarts = Restarts(self._engine, self._wire, "modbus", self._restart)
        if self._serial is not None:
            self._serial.open()

    async def _listen(self, port: int) -> None:
        try:
            self._server = await asyncio.get_running_loop().create_server(
                lambda: _Connection(self._responder, self._connections, self._allow, self._may_write, self._disturbed),
                self._host,
                port,
            )
        except OSError as error:
            reason = f"Modbus cannot listen on {self._host}:{port}: {error.strerror}"
            raise OSError(error.errno, reason) from error

    async def _restart(self, outage: float) -> None:
        """Be away for so many s; the port stays the same."""
        _, port = self.address
        self._port = port
        await self._close()
        await asyncio.sleep(outage)
        await self._listen(port)

    async def stop(self) -> None:
        """Close the ports and all connections; a second call does nothing."""
        if self._serial is not None:
            self._serial.close()
        restarts, self._restarts = self._restarts, None
        if restarts is not None:
            await restarts.stop()
        await self._close()

    async def _close(self) -> None:
        server, self._server = self._server, None
        if server is None:
            return
        server.close()
        for connection in tuple(self._connections):
            connection.abort()
        await server.wait_closed()


class _Connection(asyncio.BufferedProtocol):
    """One client: takes requests off the stream and answers them in order.

    Bytes come into room of its own: for a protocol without, asyncio has 256 KiB allocated anew for every read.

    Reading rests while a client has more requests waiting than one turn answers, or does not fetch its answers, so that
    what is buffered for one connection stays small.
    """

    def __init__(
        self,
        responder: Responder,
        connections: set[_Connection],
        allow: Sequence[Network],
        may_write: bool,
        disturbed: Disturbed | None,
    ) -> None:
        self._responder = responder
        self._connections = connections
        self._allow = allow
        self._disturbed = disturbed
        self._link: Link | None = None
        self._client = Client("", may_write)
        self._room = bytearray(ROOM)
        self._received = bytearray()
        self._resting = False
        self._blocked = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        peer = transport.get_extra_info("peername")
        self._client = Client(f"{peer[0]}:{peer[1]}", self._client.may_write)
        if self._allow and not lies_in(peer[0], self._allow):
            log.warning("Modbus client %s turned away: --modbus-allow does not name its network", self._client.name)
            self._transport.abort()
            return
        if len(self._connections) >= MAX_CONNECTIONS:
            log.warning("Modbus client %s turned away: %d are connected", self._client.name, MAX_CONNECTIONS)
            self._transport.abort()
            return
        if self._disturbed is not None:
            self._link = self._disturbed.connect(self._transport, self._client)
            if self._link is None:
                return
        self._connections.add(self)
        # a client that vanished without closing must not hold its place for ever
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.discard(self)

    def abort(self) -> None:
        """Close at once."""
        self._transport.abort()

    def get_buffer(self, sizehint: int) -> bytearray:
        return self._room

    def buffer_updated(self, nbytes: int) -> None:
        self._received += self._room[:nbytes]
        if not self._resting:
            self._take_turn()

    def pause_writing(self) -> None:
        self._blocked = True

    def resume_writing(self) -> None:
        self._blocked = False
        self._take_turn()

    def _take_turn(self) -> None:
        """Answer what has arrived whole, up to one turn."""
        if self._transport.is_closing():
            return
        received, start = self._received, 0
        answers: list[bytes] = []
        disturbed = 0
        while len(answers) + disturbed < TURN and len(received) - start >= _HEADER.size:
            transaction, protocol, length, unit = _HEADER.unpack_from(received, start)
            if protocol != 0 or not 2 <= length <= MOST:
                log.info("Modbus client %s closed: protocol %d, length %d", self._client.name, protocol, length)
                self._transport.write(b"".join(answers))
                self._transport.close()
                return
            end = start + _HEADER.size - 1 + length
            if len(received) < end:
                break
            request = bytes(received[start + _HEADER.size : end])
            start = end
            if self._link is not None and self._link.is_disturbed:
                self._transport.write(b"".join(answers))
                answers.clear()
                if not self._link.take(transaction, unit, request):
                    break
                disturbed += 1
                continue
            answer = self._responder.answer(unit, request, self._client)
            answers.append(_HEADER.pack(transaction, 0, len(answer) + 1, unit) + answer)
        del received[:start]
        self._transport.write(b"".join(answers))
        full = len(answers) + disturbed >= TURN
        if full and not self._blocked:
            asyncio.get_running_loop().call_soon(self._take_turn)
        self._rest(full or self._blocked)

    def _rest(self, rest: bool) -> None:
        """Stop or go on reading; whoever lets it rest has arranged the next turn."""
        if rest == self._resting:
            return
        self._resting = rest
        if rest:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()
