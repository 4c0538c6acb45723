"""Notifications and reads per second of server processor time: this server, asyncua's own and node-opcua's in one run.

    python tests/bench/bench_opcua.py [SECONDS]

All tags are doubles that change ten times a second, in a process of the server's own; a client in this one has a
subscription of all of them on each of its connections (publishing interval 100 ms, queue size 10, both times). It
decodes no more of an answer than it counts, so that it is not the limit. Age is from the source time of the first value
of a message to its arrival. "Of all" is what arrived of the changes there were: less than 100 % is a server that cannot
follow. Ratios are between notifications per CPU second; the cost of a server is per message as well as per value, so
that a ratio means something only with its count of tags and its share of a core beside it. The reads are of one request
that comes again and again, as those of clients that poll do. Both servers of Python have the loop that
``plantsim run`` has, uvloop's where it is installed. node-opcua's server takes part where Node and the modules
of ``.ci/node`` are installed.
"""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from struct import unpack_from
from types import SimpleNamespace
from typing import Any

import numpy as np
from asyncua import Client, Server, ua
from asyncua.common.utils import Buffer
from asyncua.ua.ua_binary import nodeid_from_binary, struct_from_binary, struct_to_binary

from plantsim.commands.run import loop_factory
from plantsim.engine.image import ProcessImage
from plantsim.model.tag import Kind, Tag, TagTable, ValueType
from plantsim.serve.opcua import OpcUaServer

PERIOD = 0.1
"""s between changes, and publishing interval."""
CASES = ((1000, 1), (1000, 5), (5000, 1), (5000, 5))
ALONE = (5000, 5)
"""The case that asyncua's server has no hope of."""
"""Tags and subscribers."""
READ = 1000
"""Nodes of one read."""
READS = 200
OUTSTANDING = 3
"""Publish requests of each connection that the server has in hand."""
SETTLING = 2.0
"""s that pass before figures are taken: first values and what piled up while items were made."""
FILETIME_EPOCH = 11_644_473_600
"""s from 1601 to 1970."""

background: list[asyncio.Task[None]] = []


@dataclass
class Changing:
    """An engine of nothing but tags that all change in each scan."""

    tags: TagTable
    image: ProcessImage
    listeners: list[Callable[[ProcessImage], None]] = field(default_factory=list)
    plant: Any = field(
        default_factory=lambda: SimpleNamespace(
            name="bench",
            title="bench",
            areas=[SimpleNamespace(id="leach", number=200, title="Leach")],
            units=[],
            streams=[],
            products=[],
            malfunctions=[],
            sequences=[],
            procedures=[],
            loops=[],
            interlocks=[],
        )
    )
    scan_period: float = PERIOD
    alarms: tuple[()] = ()
    in_scenario: bool = False
    manual: str = ""
    failure: Exception | None = None
    injected: tuple[()] = ()
    snapshots: tuple[()] = ()
    backtrack_reach: float = 0.0

    def listen(self, listener: Callable[[ProcessImage], None]) -> Callable[[], None]:
        self.listeners.append(listener)
        return lambda: self.listeners.remove(listener)

    def listen_alarms(self, _: object) -> Callable[[], None]:
        return lambda: None

    def scan(self) -> None:
        """Change everything, ten times a second, for good."""
        due = time.monotonic()
        while True:
            due += PERIOD
            time.sleep(max(0.0, due - time.monotonic()))
            self.image = blank(len(self.tags), self.image.scan + 1)
            for listener in tuple(self.listeners):
                listener(self.image)


def blank(count: int, scan: int) -> ProcessImage:
    now = time.time()
    value = np.arange(count, dtype=np.float64) + 0.5 * scan
    return ProcessImage(scan, now, now, value, np.zeros(count, np.uint32), np.full(count, now), np.zeros(0, np.uint8))


async def own(count: int) -> tuple[str, list[str]]:
    """Start this server; its URL and the NodeIds of the tags."""
    tags = [
        Tag(f"X-{n}.PV", f"X-{n}", "PV", f"X-{n}", "leach", "", Kind.CALCULATION, ValueType.FLOAT, "C", 0, 1e9, None, n)
        for n in range(count)
    ]
    engine = Changing(TagTable(tags), blank(count, 0))
    served: Any = engine
    server = OpcUaServer(served, host="127.0.0.1", port=0, state=Path("/nowhere"), insecure=True)
    await server.start()
    threading.Thread(target=engine.scan, daemon=True).start()
    return server.endpoint, [tag.node for tag in tags]


async def stock(count: int) -> tuple[str, list[str]]:
    """Start asyncua's server, written to by the cheapest way that it has."""
    server = Server()
    server.set_endpoint("opc.tcp://127.0.0.1:0/stock")
    server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
    await server.init()
    index = await server.register_namespace("urn:plantsim:plant")
    folder = await server.nodes.objects.add_folder(index, "Plant")
    nodes = [
        (await folder.add_variable(ua.NodeId(f"X-{n}.PV", index), f"X-{n}.PV", float(n))).nodeid for n in range(count)
    ]
    await server.start()

    async def change() -> None:
        due, scan = time.monotonic(), 0
        while True:
            due = max(due + PERIOD, time.monotonic())
            await asyncio.sleep(due - time.monotonic())
            scan += 1
            now = datetime.now(UTC)
            for n, node in enumerate(nodes):
                value = ua.Variant(n + 0.5 * scan, ua.VariantType.Double)
                await server.write_attribute_value(node, ua.DataValue(value, SourceTimestamp=now, ServerTimestamp=now))

    background.append(asyncio.create_task(change()))
    url = f"opc.tcp://127.0.0.1:{server.bserver.port}/stock"
    return url, [f"nsu=urn:plantsim:plant;s={node.Identifier}" for node in nodes]


SERVERS = {"asyncua": stock, "plantsim": own}
NODE = "node-opcua"
MODULES = Path(__file__).parents[2] / ".ci" / "node" / "node_modules"


def child(name: str, count: int, pipe: Connection) -> None:
    """Serve until told to end; answers each message on the pipe with the processor time used so far, s, and RSS, MB."""
    logging.disable(logging.ERROR)

    async def run() -> None:
        pipe.send(await SERVERS[name](count))
        ended = asyncio.Event()
        loop = asyncio.get_running_loop()

        def listen() -> None:
            while pipe.recv():
                rss = next(line for line in Path("/proc/self/status").read_text().splitlines() if "VmRSS" in line)
                pipe.send((time.process_time(), int(rss.split()[1]) / 1024))
            loop.call_soon_threadsafe(ended.set)

        threading.Thread(target=listen, daemon=True).start()
        await ended.wait()

    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(run())


@dataclass
class Tally:
    """What has arrived."""

    notifications: int = 0
    ages_ms: list[float] = field(default_factory=list)

    def take(self, answer: Buffer) -> tuple[int, int]:
        """Count one publish response; its subscription and sequence number."""
        arrived = time.time()
        nodeid_from_binary(answer)
        header = struct_from_binary(ua.ResponseHeader, answer)
        header.ServiceResult.check()
        subscription, available = unpack_from("<Ii", answer.read(8))
        answer.skip(4 * max(available, 0) + 1)  # their numbers; whether there is more
        sequence, _, parts = unpack_from("<IQi", answer.read(16))
        for _ in range(max(parts, 0)):
            kind = nodeid_from_binary(answer)
            _, length = unpack_from("<Bi", answer.read(5))
            body = bytes(answer.read(length))
            if kind.Identifier != ua.ObjectIds.DataChangeNotification_Encoding_DefaultBinary:
                continue
            self.notifications += int(unpack_from("<i", body)[0])
            # handle, mask, type and double of the first value; its status if there is one, and its source time
            at = 4 + 4 + 1 + 9 + (4 if body[8] & 2 else 0)
            self.ages_ms.append(1e3 * (arrived + FILETIME_EPOCH - unpack_from("<q", body, at)[0] / 1e7))
        return subscription, sequence


async def connected(url: str, ids: list[str]) -> tuple[Client, list[ua.NodeId]]:
    client = Client(url, timeout=60.0, watchdog_intervall=3600.0)
    await client.connect()
    index = await client.get_namespace_index("urn:plantsim:plant")
    return client, [ua.NodeId(one.partition(";s=")[2], index) for one in ids]


async def ask(client: Client, request: Any) -> Buffer:
    protocol = client.uaclient.protocol
    assert protocol is not None
    return await protocol.send_request(request)


async def subscribe(client: Client, nodes: list[ua.NodeId], tally: Tally) -> list[asyncio.Task[None]]:
    """Watch all nodes; the tasks that count what comes."""
    wanted = ua.CreateSubscriptionRequest()
    wanted.Parameters = ua.CreateSubscriptionParameters(1e3 * PERIOD, 3000, 1000, 0, True, 0)
    answer = struct_from_binary(ua.CreateSubscriptionResponse, await ask(client, wanted))
    number = answer.Parameters.SubscriptionId
    for first in range(0, len(nodes), 1000):
        items = [
            ua.MonitoredItemCreateRequest(
                ua.ReadValueId(node, ua.AttributeIds.Value),
                ua.MonitoringMode.Reporting,
                ua.MonitoringParameters(first + n, 0.0, None, 10, True),
            )
            for n, node in enumerate(nodes[first : first + 1000])
        ]
        creating = ua.CreateMonitoredItemsRequest()
        creating.Parameters = ua.CreateMonitoredItemsParameters(number, ua.TimestampsToReturn.Both, items)
        made = struct_from_binary(ua.CreateMonitoredItemsResponse, await ask(client, creating))
        for result in made.Results:
            result.StatusCode.check()

    async def publish() -> None:
        acknowledged: list[ua.SubscriptionAcknowledgement] = []
        while True:
            request = ua.PublishRequest()
            request.Parameters = ua.PublishParameters(acknowledged)
            acknowledged = [ua.SubscriptionAcknowledgement(*tally.take(await ask(client, request)))]

    return [asyncio.create_task(publish()) for _ in range(OUTSTANDING)]


async def read_ms(client: Client, nodes: list[ua.NodeId]) -> float:
    """Median time of a read of many values, with a request that is encoded once."""
    protocol = client.uaclient.protocol
    assert protocol is not None
    assert protocol.transport is not None
    request = ua.ReadRequest()
    request.RequestHeader.AuthenticationToken = protocol.authentication_token
    values = [ua.ReadValueId(node, ua.AttributeIds.Value) for node in nodes]
    request.Parameters = ua.ReadParameters(0.0, ua.TimestampsToReturn.Both, values)
    encoded = struct_to_binary(request)
    taken: list[float] = []
    for _ in range(READS):
        protocol._request_id += 1
        answer = asyncio.get_running_loop().create_future()
        protocol._callbackmap[protocol._request_id] = answer
        message = protocol._connection.message_to_binary(encoded, request_id=protocol._request_id)
        began = time.perf_counter()
        protocol.transport.write(message)
        await answer
        taken.append(1e3 * (time.perf_counter() - began))
    return statistics.median(taken)


Used = Callable[[], Awaitable[tuple[float, float]]]
"""Asks a server for its processor time so far, s, and its RSS, MB."""
Serving = tuple[str, list[str], Used]
"""URL, NodeIds, and what asks."""


@asynccontextmanager
async def python(name: str, count: int) -> AsyncIterator[Serving]:
    """A server of Python in a process of its own."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=child, args=(name, count, there))
    process.start()
    there.close()  # so that a server that ends before it answers is seen here

    async def used() -> tuple[float, float]:
        here.send(True)
        answer: tuple[float, float] = here.recv()
        return answer

    try:
        url, ids = await asyncio.to_thread(here.recv)
        yield url, ids, used
    finally:
        here.send(False)
        await asyncio.to_thread(process.join, 5.0)
        if process.is_alive():
            process.kill()


@asynccontextmanager
async def node(_: str, count: int) -> AsyncIterator[Serving]:
    """node-opcua's server."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        words = [MODULES, folder, port, count, round(1e3 * PERIOD)]
        process = await asyncio.create_subprocess_exec(
            "node", Path(__file__).with_name("node_server.js"), *map(str, words),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        stdin, stdout = process.stdin, process.stdout
        assert stdin is not None
        assert stdout is not None

        async def line() -> str:
            while said := (await stdout.readline()).decode():
                if said.startswith("= "):  # the library, too, talks there
                    return said.removeprefix("= ").strip()
            raise RuntimeError("node-opcua's server has ended")

        async def used() -> tuple[float, float]:
            stdin.write(b"\n")
            seconds, megabytes = map(float, (await line()).split())
            return seconds, megabytes

        try:
            yield await line(), [f"nsu=urn:plantsim:plant;s=X-{n}.PV" for n in range(count)], used
        finally:
            stdin.close()
            await process.wait()


def serving(name: str, count: int) -> AbstractAsyncContextManager[Serving]:
    """A server in a process of its own."""
    return node(name, count) if name == NODE else python(name, count)


@dataclass(frozen=True)
class Figures:
    """Of one server in one case."""

    per_second: float
    core_share: float
    ages_ms: list[float]
    rss_mb: float

    @property
    def per_cpu_second(self) -> float:
        return self.per_second / self.core_share


async def measure(name: str, count: int, subscribers: int, seconds: float) -> Figures:
    async with serving(name, count) as (url, ids, used):
        tally, clients, tasks = Tally(), [], []
        for _ in range(subscribers):
            client, nodes = await connected(url, ids)
            clients.append(client)
            tasks += await subscribe(client, nodes, tally)
        await asyncio.sleep(SETTLING)
        before, arrived, ages, began = (await used())[0], tally.notifications, len(tally.ages_ms), time.perf_counter()
        await asyncio.sleep(seconds)
        arrived, elapsed = tally.notifications - arrived, time.perf_counter() - began
        after, rss = await used()
        for task in tasks:
            if task.done():
                task.result()  # a count that broke off is no figure
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for client in clients:
            client.uaclient.disconnect_socket()
        return Figures(arrived / elapsed, (after - before) / elapsed, tally.ages_ms[ages:], rss)


async def measure_read(name: str) -> float:
    async with serving(name, READ) as (url, ids, _):
        client, nodes = await connected(url, ids)
        median = await read_ms(client, nodes)
        client.uaclient.disconnect_socket()
        return median


async def run(seconds: float) -> None:
    print(
        f"{'tags x subscribers':20}{'server':12}{'notif/s':>10}{'of all':>8}{'CPU':>8}{'per CPU s':>12}"
        f"{'age p50/p99 ms':>16}{'RSS MB':>8}"
    )
    beside = ("asyncua", NODE) if MODULES.is_dir() and shutil.which("node") else ("asyncua",)
    for count, subscribers in CASES:
        case = f"{count:,} x {subscribers}"
        servers = ("plantsim",) if (count, subscribers) == ALONE else (*beside, "plantsim")
        found = {name: await measure(name, count, subscribers, seconds) for name in servers}
        for name, one in found.items():
            p50, p99 = np.percentile(one.ages_ms, (50, 99)) if one.ages_ms else (np.nan, np.nan)
            print(
                f"{case:20}{name:12}{one.per_second:10,.0f}{one.per_second * PERIOD / (count * subscribers):8.0%}"
                f"{one.core_share:8.1%}{one.per_cpu_second:12,.0f}{f'{p50:,.0f} / {p99:,.0f}':>16}{one.rss_mb:8.0f}"
            )
        for name, one in found.items():
            if name != "plantsim":
                ratio = found["plantsim"].per_cpu_second / one.per_cpu_second
                print(f"{case:20}{f'over {name}':20}{ratio:30.1f}", flush=True)
    for name in (*beside, "plantsim"):
        print(f"{f'read of {READ:,}':20}{name:12}{await measure_read(name):10.2f} ms p50", flush=True)


def main() -> None:
    logging.disable(logging.ERROR)
    asyncio.run(run(float(sys.argv[1]) if len(sys.argv) > 1 else 6.0))


if __name__ == "__main__":
    main()
