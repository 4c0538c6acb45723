"""Scans per second in lock step with a PLC on a loopback socket, which reads its inputs and writes outputs and echo.

    python tests/bench/bench_lockstep.py

The PLC is a thread of this process with a plain socket: it reads the leach rack's input registers until the scan
counter moves, then writes an output, and the echo. What is measured is the round trip, plant and both ends included.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
import time

from plantsim.commands.run import loop_factory
from plantsim.engine.engine import Engine
from plantsim.model.load import load_plant
from plantsim.serve.modbus import ModbusServer

SCANS = 2000
UNIT = 12


class Link:
    """One request at a time."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, request: bytes) -> bytes:
        self._socket.sendall(struct.pack(">HHHB", 1, 0, len(request) + 1, UNIT) + request)
        return self._socket.recv(512)[7:]

    def close(self) -> None:
        self._socket.close()


def plc(port: int, output: int, scans: int) -> int:
    """Go along for so many scans; requests it took."""
    link, last, done, asked = Link(port), -1, 0, 0
    while done < scans:
        answer = link.ask(struct.pack(">BHH", 4, 0, 34))
        asked += 1
        (counter,) = struct.unpack_from(">H", answer, 2)
        if counter == last:
            continue
        last = counter
        link.ask(struct.pack(">BHH", 6, output, 12000 + counter % 100))
        link.ask(struct.pack(">BHH", 6, 0, counter))
        asked += 2
        done += 1
    link.close()
    return asked


async def main() -> None:
    plant = load_plant("belfast")
    engine = Engine(plant, frozen=True, epoch=0.0, external=frozenset({"leach"}), lockstep=True)
    server = ModbusServer(engine, host="127.0.0.1", port=0)
    await server.start()
    engine.start()
    wired = engine.tags["P-208.SPEED_CMD"].rack
    assert wired is not None
    result: list[int] = []
    thread = threading.Thread(target=lambda: result.append(plc(server.address[1], wired.address, SCANS)))
    begun, used = time.perf_counter(), time.process_time()
    done = asyncio.wrap_future(engine.step(SCANS * engine.scan_period))
    thread.start()
    await done
    wall, processor = time.perf_counter() - begun, time.process_time() - used
    await asyncio.to_thread(thread.join)
    engine.stop()
    await server.stop()
    print(f"{SCANS / wall:,.0f} scans/s, {SCANS * engine.scan_period / wall:,.0f} times real time")
    print(f"{result[0] / SCANS:.1f} requests a scan; {SCANS / processor:,.0f} scans per CPU second of both ends")


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(main())
