"""How late scans are in real time, quiet and under load, with and without ``--realtime``.

    python tests/bench/bench_lateness.py [--seconds 30]

The plant runs in a process of its own. Load: 10 Modbus clients that read 100 registers ten times a second each, and 3
OPC UA clients that watch 1,000 tags each, in a second process. The figures are the server's own members
``Simulation.Lateness*`` of the last 1,000 scans, and its overruns; asked once at the end.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import multiprocessing
import re
import struct
import subprocess
import tempfile
from typing import Any

from asyncua import Client

from plantsim.commands.itself import command

MODBUS_CLIENTS, OPCUA_CLIENTS, ITEMS = 10, 3, 1000
PERIOD_S = 0.1
MEMBERS = ("LatenessP50", "LatenessP99", "LatenessMax", "Overruns", "ScanCount")


class Silent:
    """Takes notifications."""

    def datachange_notification(self, node: Any, value: Any, data: Any) -> None:
        pass


async def poll(host: str, port: int, number: int) -> None:
    reader, writer = await asyncio.open_connection(host, port)
    await asyncio.sleep(PERIOD_S * number / MODBUS_CLIENTS)
    while True:
        writer.write(struct.pack(">HHHBBHH", 1, 0, 6, 1, 4, 0, 100))
        await reader.readexactly(209)
        await asyncio.sleep(PERIOD_S)


async def watch(endpoint: str, ready: asyncio.Event) -> None:
    async with Client(endpoint) as client:
        space = await client.get_namespace_index("urn:plantsim:plant")
        plant = client.get_node(f"ns={space};s=Plant")
        found: list[Any] = []
        waiting = [plant]
        while waiting and len(found) < ITEMS:
            node = waiting.pop()
            for child in await node.get_referenced_nodes(refs=33, direction=0):
                text = str(child.nodeid.Identifier)
                (found if re.search(r"\.(PV|SP|OP|SPEED|POS|HH|H|L|LL|CMD|RUN)$", text) else waiting).append(child)
        subscription = await client.create_subscription(1e3 * PERIOD_S, Silent())
        await subscription.subscribe_data_change(found[:ITEMS])
        ready.set()
        await asyncio.Event().wait()


async def load(endpoint: str, host: str, port: int, ready: Any) -> None:
    flags = [asyncio.Event() for _ in range(OPCUA_CLIENTS)]
    tasks = [asyncio.create_task(watch(endpoint, flag)) for flag in flags]
    tasks += [asyncio.create_task(poll(host, port, number)) for number in range(MODBUS_CLIENTS)]
    for flag in flags:
        await flag.wait()
    ready.set()
    await asyncio.gather(*tasks)


def burden(endpoint: str, host: str, port: int, ready: Any) -> None:
    """The process of the clients."""
    logging.getLogger("asyncua").setLevel(logging.ERROR)
    asyncio.run(load(endpoint, host, port, ready))


async def figures(endpoint: str) -> list[float]:
    async with Client(endpoint) as client:
        space = await client.get_namespace_index("urn:plantsim:plant")
        nodes = [client.get_node(f"ns={space};s=Simulation.{member}") for member in MEMBERS]
        return [float(value) for value in await client.read_values(nodes)]


async def measure(seconds: float, loaded: bool, *options: str) -> list[float]:
    """The figures at the end; overruns and scans while it was measured."""
    with tempfile.TemporaryDirectory() as state:
        words = ["--opcua", "0", "--modbus", "0", "--insecure", "--log-level", "error", "--state", state, *options]
        with subprocess.Popen(command("run", *words), stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout is not None
            ready = re.search(r"opcua=(\S+) modbus=(\S+):(\d+)", server.stdout.readline())
            assert ready
            clients = None
            try:
                if loaded:
                    begun = multiprocessing.Event()
                    arguments = (ready[1], ready[2], int(ready[3]), begun)
                    clients = multiprocessing.Process(target=burden, args=arguments, daemon=True)
                    clients.start()
                    await asyncio.to_thread(begun.wait, 120)
                await asyncio.sleep(3.0)
                before = await figures(ready[1])
                await asyncio.sleep(seconds)
                after = await figures(ready[1])
            finally:
                if clients is not None:
                    clients.terminate()
                    clients.join()
                server.terminate()
    return [*after[:3], after[3] - before[3], after[4] - before[4]]


def main() -> None:
    logging.getLogger("asyncua").setLevel(logging.ERROR)
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=30.0)
    seconds = parser.parse_args().seconds
    print(f"{'':34} {'p50 ms':>8} {'p99 ms':>8} {'max ms':>8} {'overruns':>9} {'scans':>7}")
    for title, loaded, scan in (("100 ms, under load", True, "100ms"), ("10 ms, quiet", False, "10ms")):
        for options in ((), ("--realtime",)):
            p50, p99, most, overruns, scans = asyncio.run(measure(seconds, loaded, "--scan", scan, *options))
            name = title + (", --realtime" if options else "")
            print(f"{name:34} {p50:8.2f} {p99:8.2f} {most:8.2f} {overruns:9.0f} {scans:7.0f}", flush=True)


if __name__ == "__main__":
    main()
