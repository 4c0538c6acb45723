"""Scans per second in lock step with a PLC on a loopback socket, which reads its inputs and writes outputs and echo.

    python tests/bench/bench_lockstep.py

The PLC is a thread of this process with a plain socket: it reads the leach rack's input registers until the scan
counter moves, then writes an output and the echo, each by itself or all outputs and the echo as one block. What is
measured is the round trip, plant and both ends included; beside it stands the time that the plant's scan takes alone.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
import time

from plantsim.commands.run import loop_factory
from plantsim.engine.engine import Engine
from plantsim.engine.live import LivePlant
from plantsim.model.load import load_plant
from plantsim.model.plant import Plant
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


def plc(port: int, output: int, scans: int, as_block: bool) -> int:
    """Go along for so many scans; requests it took."""
    link, last, done, asked = Link(port), -1, 0, 0
    held = list(struct.unpack(f">{output + 1}H", link.ask(struct.pack(">BHH", 3, 0, output + 1))[2:]))
    while done < scans:
        answer = link.ask(struct.pack(">BHH", 4, 0, 34))
        asked += 1
        (counter,) = struct.unpack_from(">H", answer, 2)
        if counter == last:
            continue
        last = counter
        held[0], held[output] = counter, 12000 + counter % 100
        if as_block:
            block = struct.pack(f">BHHB{len(held)}H", 16, 0, len(held), 2 * len(held), *held)
            answers = [link.ask(block)]
        else:
            answers = [link.ask(struct.pack(">BHH", 6, address, held[address])) for address in (output, 0)]
        if any(answer[0] & 0x80 for answer in answers):
            raise RuntimeError("a write was refused")
        asked += len(answers)
        done += 1
    link.close()
    return asked


async def measure(plant: Plant, as_block: bool) -> None:
    engine = Engine(plant, frozen=True, epoch=0.0, external=frozenset({"leach"}), lockstep=True)
    server = ModbusServer(engine, host="127.0.0.1", port=0)
    await server.start()
    engine.start()
    wired = engine.tags["P-208.SPEED_CMD"].rack
    assert wired is not None
    result: list[int] = []
    thread = threading.Thread(target=lambda: result.append(plc(server.address[1], wired.address, SCANS, as_block)))
    begun, used = time.perf_counter(), time.process_time()
    done = asyncio.wrap_future(engine.step(SCANS * engine.scan_period))
    thread.start()
    await done
    wall, processor = time.perf_counter() - begun, time.process_time() - used
    await asyncio.to_thread(thread.join)
    engine.stop()
    await server.stop()
    print(f"{'one block' if as_block else 'one by one'}: {SCANS / wall:,.0f} scans/s, ", end="")
    print(
        f"{SCANS * engine.scan_period / wall:,.0f} times real time; {result[0] / SCANS:.1f} requests a scan; ", end=""
    )
    print(f"{SCANS / processor:,.0f} scans per CPU second of both ends", flush=True)


def alone(plant: Plant) -> None:
    """The scan and its process image, without servers and threads."""
    live, begun = LivePlant(plant, epoch=0.0), time.perf_counter()
    for _ in range(SCANS):
        live.advance(1)
    scanned = time.perf_counter()
    for _ in range(SCANS):
        live.image({}, diagnose=False)
    shown = time.perf_counter()
    print(f"alone: {1e6 * (scanned - begun) / SCANS:.0f} us a scan, {1e6 * (shown - scanned) / SCANS:.0f} us its image")


async def main() -> None:
    plant = load_plant("belfast")
    alone(plant)
    for as_block in (False, True):
        await measure(plant, as_block)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(main())
