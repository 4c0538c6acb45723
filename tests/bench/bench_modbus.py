"""Reads of 100 input registers per second: this server beside pymodbus's own and libmodbus's, on one and on ten
connections.

    python tests/bench/bench_modbus.py

Each server runs in a process of its own and a client in this one, one request outstanding per connection. Behind this
server `belfast` runs in real time, a scan and a new register image every 100 ms; the others serve registers at rest.
libmodbus's, a C program that waits on all connections at once, takes part where its headers are (apt install
libmodbus-dev). The figures are medians over the rounds; "per CPU s" counts the server's processor time alone, which on
a machine that others use is the steadier measure.
"""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import os
import selectors
import shutil
import socket
import statistics
import struct
import subprocess
import threading
import time
from collections.abc import Callable
from importlib.util import find_spec
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory

from plantsim.engine.engine import Engine
from plantsim.model.load import load_plant
from plantsim.serve.modbus import ModbusServer

REQUEST = struct.pack(">HHHBBHH", 1, 0, 6, 1, 4, 0, 100)
ANSWER_SIZE = 9 + 200
ROUNDS, SECONDS = 3, 1.5


async def own() -> int:
    """Start this server with a running plant; its port."""
    engine = Engine(load_plant("belfast"))
    server = ModbusServer(engine, host="127.0.0.1", port=0)
    await server.start()
    engine.start()
    kept.append(engine)
    return server.address[1]


async def stock() -> int:
    """Start pymodbus's server as its documentation shows; its port."""
    logging.getLogger("pymodbus").setLevel(logging.CRITICAL)  # it reports every client that leaves
    from pymodbus.server import ModbusTcpServer
    from pymodbus.simulator import DataType, SimData, SimDevice

    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = int(probe.getsockname()[1])
    device = SimDevice(id=1, simdata=[SimData(0, count=2010, values=7, datatype=DataType.REGISTERS)])
    server = ModbusTcpServer(device, address=("127.0.0.1", port))
    await server.serve_forever(background=True)
    return port


kept: list[Engine] = []
SERVERS = {"plantsim": own, "pymodbus": stock}
HEADER = Path("/usr/include/modbus/modbus.h")
C_SERVER = r"""
#include <modbus/modbus.h>
#include <stdio.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <unistd.h>

int main(void)
{
    modbus_t *context = modbus_new_tcp("127.0.0.1", 0);
    modbus_mapping_t *map = modbus_mapping_new(0, 0, 0, 2010);
    struct sockaddr_in where;
    socklen_t size = sizeof where;
    uint8_t query[MODBUS_TCP_MAX_ADU_LENGTH];
    int door = modbus_tcp_listen(context, 16), most = door;
    fd_set all, ready;

    getsockname(door, (struct sockaddr *)&where, &size);
    printf("%d\n", ntohs(where.sin_port));
    fflush(stdout);
    FD_ZERO(&all);
    FD_SET(door, &all);
    for (;;) {
        ready = all;
        select(most + 1, &ready, NULL, NULL, NULL);
        for (int s = 0; s <= most; s++) {
            if (!FD_ISSET(s, &ready))
                continue;
            if (s == door) {
                int link = accept(door, NULL, NULL);
                FD_SET(link, &all);
                most = link > most ? link : most;
                continue;
            }
            modbus_set_socket(context, s);
            int n = modbus_receive(context, query);
            if (n > 0)
                modbus_reply(context, query, n, map);
            else if (n == -1) {
                close(s);
                FD_CLR(s, &all);
            }
        }
    }
}
"""


def child(name: str, loop: str, pipe: Connection) -> None:
    """Serve until told to end; answers each message on the pipe with the processor time used so far."""

    async def run() -> None:
        pipe.send(await SERVERS[name]())
        ended = asyncio.Event()
        current = asyncio.get_running_loop()

        def listen() -> None:
            while pipe.recv():
                pipe.send(time.process_time())
            current.call_soon_threadsafe(ended.set)

        threading.Thread(target=listen, daemon=True).start()
        await ended.wait()
        for engine in kept:
            engine.stop()

    with asyncio.Runner(loop_factory=new_loop(loop)) as runner:
        runner.run(run())


def new_loop(loop: str) -> Callable[[], asyncio.AbstractEventLoop]:
    if loop == "uvloop":
        import uvloop

        return uvloop.new_event_loop  # type: ignore[no-any-return, unused-ignore]
    return asyncio.new_event_loop


def requests(port: int, connections: int) -> int:
    """Requests answered in SECONDS with one outstanding on each connection."""
    selector = selectors.DefaultSelector()
    for _ in range(connections):
        link = socket.create_connection(("127.0.0.1", port))
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        link.send(REQUEST)
        selector.register(link, selectors.EVENT_READ)
    done, end = 0, time.perf_counter() + SECONDS
    while time.perf_counter() < end:
        for key, _ in selector.select(1.0):
            link = key.fileobj  # type: ignore[assignment]
            if len(link.recv(4096)) != ANSWER_SIZE:
                raise RuntimeError("an answer of the wrong size")
            link.send(REQUEST)
            done += 1
    for key in list(selector.get_map().values()):
        key.fileobj.close()  # type: ignore[union-attr]
    return done


def measure(name: str, loop: str, connections: int) -> tuple[float, float]:
    """Requests per second, and per second of the server's processor time."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=child, args=(name, loop, there))
    process.start()
    port = here.recv()
    here.send(True)
    before = here.recv()
    done = requests(port, connections)
    here.send(True)
    used = here.recv() - before
    here.send(False)
    process.join()
    return done / SECONDS, done / used


def processor_time(process: int) -> float:
    """Seconds of processor that a process has used, as Linux tells."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure_libmodbus(program: Path, connections: int) -> tuple[float, float]:
    with subprocess.Popen([program], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        before = processor_time(process.pid)
        done = requests(port, connections)
        used = processor_time(process.pid) - before
        process.kill()
    return done / SECONDS, done / used


def built(folder: Path) -> Path | None:
    """libmodbus's server, where it can be compiled."""
    if not HEADER.exists() or shutil.which("cc") is None:
        return None
    program = folder / "server"
    subprocess.run(["cc", "-O2", "-x", "c", "-o", program, "-", "-lmodbus"], input=C_SERVER, text=True, check=True)
    return program


def main() -> None:
    with TemporaryDirectory() as folder:
        compare(built(Path(folder)))


def compare(libmodbus: Path | None) -> None:
    loops = ["asyncio", "uvloop"] if find_spec("uvloop") else ["asyncio"]
    print(f"{'loop':8}{'connections':>12}  {'server':10}{'requests/s':>12}{'per CPU s':>12}")
    for loop in loops:
        for connections in (1, 10):
            servers = [*SERVERS, "libmodbus"] if libmodbus else SERVERS
            runs: dict[str, list[tuple[float, float]]] = {name: [] for name in servers}
            for _ in range(ROUNDS):
                for name, results in runs.items():
                    if name == "libmodbus" and libmodbus:
                        results.append(measure_libmodbus(libmodbus, connections))
                    else:
                        results.append(measure(name, loop, connections))
            median = {
                name: [statistics.median(column) for column in zip(*rows, strict=True)] for name, rows in runs.items()
            }
            for name, (rate, per_cpu) in median.items():
                print(f"{loop:8}{connections:12}  {name:10}{rate:12,.0f}{per_cpu:12,.0f}")
            for other in list(median)[1:]:
                ratios = [ours / theirs for ours, theirs in zip(median["plantsim"], median[other], strict=True)]
                print(f"{loop:8}{connections:12}  over {other:10}{ratios[0]:7.2f}{ratios[1]:12.2f}", flush=True)


if __name__ == "__main__":
    main()
