"""OPC UA at work, and a small engine without a plant that shows any value, status, alarm or refusal on demand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import pytest_asyncio
from asyncua import Client, Node, ua

from plantsim.engine.alarm_desk import AlarmListener, Change
from plantsim.engine.command import Origin, Refusal
from plantsim.engine.engine import Engine
from plantsim.engine.fieldwork import UnknownAction
from plantsim.engine.image import UNACKED, ProcessImage
from plantsim.engine.shelf import NoSuchSnapshot
from plantsim.engine.snapshot import SnapshotError
from plantsim.history.historian import Historian
from plantsim.model.malfunction import UnknownMalfunction
from plantsim.model.tag import AlarmPoint, Kind, Role, Tag, TagTable, ValueType
from plantsim.serve.opcua import OpcUaServer
from plantsim.serve.opcua_users import changed_users, new_user

START = 1_767_225_600.0
"""2026-01-01T00:00:00Z."""
TIMEOUT = 10.0
SECRET = "only-for-today"
"""Password of the users of `login`."""
MODES = ("Manual", "Automatic", "Cascade", "External")


def _tags() -> TagTable:
    tags: list[Tag] = []

    def add(
        name: str,
        kind: Kind,
        type_: ValueType = ValueType.FLOAT,
        eu: str = "",
        span: tuple[float, float] = (0.0, 1.0),
        role: Role | None = None,
        **more: Any,
    ) -> None:
        object_, member = name.split(".", 1)
        area, unit = ("", "") if kind in (Kind.KPI, Kind.SIMULATION) else ("leach", "R-201")
        text = f"{object_}, {member.lower()}" if member != "PV" else object_
        tags.append(Tag(name, object_, member, text, area, unit, kind, type_, eu, *span, role, len(tags), **more))

    controller, drive, simulation = Kind.CONTROLLER, Kind.VARIABLE_DRIVE, Kind.SIMULATION
    add("TIC-201.PV", controller, eu="C", span=(0, 120), field=True)
    add("TIC-201.SP", controller, eu="C", span=(0, 120), role=Role.OPERATOR)
    add("TIC-201.OP", controller, eu="%", span=(0, 100), role=Role.OPERATOR)
    add("TIC-201.MODE", controller, ValueType.UINT16, span=(0, 3), role=Role.OPERATOR, states=MODES)
    add("TIC-201.Gain", controller, eu="%/%", span=(0, 100), role=Role.ENGINEER)
    add("AIC-201.PV", controller, eu="mol/L", span=(0, 2))
    add("AI-201.PV", Kind.ANALYSER, eu="pH", span=(0, 14))
    add("AI-201.SampleTime", Kind.ANALYSER, ValueType.TIME)
    add("P-201.CMD", drive, ValueType.BOOL, role=Role.OPERATOR, states=("Stop", "Start"))
    add("P-201.SPEED", drive, eu="%", span=(0, 100))
    add("KPI.Purity.NdPr", Kind.KPI, eu="%", span=(0, 100))
    add("Simulation.Time", simulation, ValueType.TIME)
    add("Simulation.ScanCount", simulation, ValueType.UINT32, span=(0, 2**32 - 1))
    add("Simulation.Seed", simulation, ValueType.INT64, span=(0, 2.0**63))
    add("Simulation.Running", simulation, ValueType.BOOL, states=("Frozen", "Running"))
    add("Simulation.Pacing", simulation, ValueType.TEXT, states=("", "History"))
    return TagTable(tags)


def _plant() -> Any:
    areas = [SimpleNamespace(id="leach", number=200, title="Acid leach")]
    areas.append(SimpleNamespace(id="iron", number=300, title="Iron removal"))
    units = [SimpleNamespace(id=f"R-{n}", area="leach", title=f"Leach tank {n}") for n in (201, 202)]
    units.append(SimpleNamespace(id="R-301", area="iron", title="Precipitator"))
    ends = (("", "R-201"), ("R-201", "R-202"), ("R-202", "R-301"), ("R-301", "R-201"), ("R-301", ""))
    return SimpleNamespace(
        name="small",
        title="A small plant",
        areas=areas,
        units=units,
        loops=[SimpleNamespace(tag="TIC-201", outputs=[SimpleNamespace(tag="P-201")], slave="AIC-201")],
        streams=[SimpleNamespace(source_unit=source, target_unit=target) for source, target in ends],
        products=[SimpleNamespace(name="NdPr"), SimpleNamespace(name="DyTb")],
        sequences=[],
        procedures=[],
        interlocks=[],
    )


@dataclass
class SyntheticEngine:
    """Shows what it is told to. Scans run in a thread of their own, as the real one's do."""

    refusals: dict[str, Refusal] = field(default_factory=dict)
    """What to answer to writes of a tag that would otherwise be accepted."""

    def __post_init__(self) -> None:
        self.plant = _plant()
        self.tags = _tags()
        self.manual = "# A small plant\n"
        self.scan_period = 0.1
        told = "R-201 hot", "Cooling lost", "Boils over", "Close TV-201B"
        alarm = AlarmPoint(0, "TIC-201", "HH", "leach", 1, *told, 3.0)
        self.alarms = (alarm, replace(alarm, row=1, condition="TRIP", priority=4))
        self.speed = 1.0
        self.failure: Exception | None = None
        self.in_scenario = False
        self.accepted: list[tuple[str, float | bool | int]] = []
        self.origins: list[Origin] = []
        self.acknowledged: list[tuple[str, Origin, str]] = []
        self._listeners: list[Callable[[ProcessImage], None]] = []
        self._thread = ThreadPoolExecutor(1, "scan")
        size = len(self.tags)
        time = np.full(size, START)
        self.image = ProcessImage(
            0, START, START, np.zeros(size), np.zeros(size, np.uint32), time, np.zeros(len(self.alarms), np.uint8)
        )

    def close(self) -> None:
        self._thread.shutdown()

    def write(self, writes: Sequence[tuple[str, float | bool | int]], origin: Origin) -> list[Refusal | None]:
        self.origins.append(origin)
        return [self._write(name, value, origin) for name, value in writes]

    def _write(self, name: str, value: float | bool | int, origin: Origin) -> Refusal | None:
        tag = self.tags[name]
        if tag.role is None:
            return Refusal.READ_ONLY
        if origin.role < tag.role:
            return Refusal.ROLE
        if not tag.low <= value <= tag.high:
            return Refusal.RANGE
        if name in self.refusals:
            return self.refusals[name]
        self.accepted.append((name, value))
        return None

    def listen(self, listener: Callable[[ProcessImage], None]) -> Callable[[], None]:
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def act_on_alarm(
        self, alarm: AlarmPoint, change: Change, origin: Origin, comment: str = "", seconds: float | None = None
    ) -> Refusal | None:
        assert change is Change.ACKNOWLEDGED, "alarms that do more are tested with the real engine"
        if origin.role < Role.OPERATOR:
            return Refusal.ROLE
        if not self.image.alarms[alarm.row] & UNACKED:
            return Refusal.MODE
        self.acknowledged.append((alarm.name, origin, comment))
        self.show({}, None, {alarm.row: int(self.image.alarms[alarm.row]) & ~UNACKED})
        return None

    def shelved_until(self, alarm: AlarmPoint) -> float | None:
        return None

    def listen_alarms(self, listener: AlarmListener) -> Callable[[], None]:
        return lambda: None

    def run(self) -> None:
        self.show({"Simulation.Running": 1.0})

    def freeze(self) -> None:
        self.show({"Simulation.Running": 0.0})

    def set_speed(self, speed: float) -> None:
        if not speed > 0:
            raise ValueError(speed)
        self.speed = speed

    def step(self, seconds: float) -> Future[None]:
        if not 0 < seconds <= 3600:
            raise ValueError(seconds)
        return self._thread.submit(self._scan, round(seconds / self.scan_period))

    def save_snapshot(self, name: str, origin: Origin) -> None:
        raise SnapshotError("none here")

    def restore_snapshot(self, name: str, origin: Origin) -> None:
        raise NoSuchSnapshot("none here")

    def backtrack(self, minutes: float, origin: Origin) -> None:
        raise ValueError("none here")

    def inject(self, malfunction: str, severity: float, delay: float, ramp: float, origin: Origin) -> str:
        raise UnknownMalfunction("none here")

    def inject_when(
        self, malfunction: str, severity: float, delay: float, ramp: float, condition: str, origin: Origin
    ) -> str:
        raise UnknownMalfunction("none here")

    def clear(self, name: str, origin: Origin) -> None:
        raise UnknownMalfunction("none here")

    def clear_all(self, origin: Origin) -> None:
        """There are none."""

    def do_in_field(self, action: str, origin: Origin) -> None:
        raise UnknownAction("none here")

    field_actions = ()
    field_work = ()
    injected = ()
    snapshots = ()
    backtrack_reach = 0.0

    def _scan(self, count: int) -> None:
        for _ in range(count):
            self._publish({})

    def show(
        self,
        values: dict[str, float],
        status: dict[str, int] | None = None,
        alarms: dict[int, int] | None = None,
    ) -> None:
        """Publish one more scan with these values, statuses and alarm bits; what was written takes effect."""
        self._thread.submit(self._publish, values, status or {}, alarms or {}).result()

    def _publish(
        self, values: dict[str, float], status: dict[str, int] | None = None, alarms: dict[int, int] | None = None
    ) -> None:
        before = self.image
        scan = before.scan + 1
        time = START + scan * self.scan_period
        value, state, bits = before.value.copy(), before.status.copy(), before.alarms.copy()
        written, self.accepted = self.accepted, []
        counters = {"Simulation.ScanCount": float(scan), "Simulation.Time": time}
        for name, number in (*written, *counters.items(), *values.items()):
            value[self.tags[name].row] = number
        for name, code in (status or {}).items():
            state[self.tags[name].row] = code
        for row, flags in (alarms or {}).items():
            bits[row] = flags
        self.image = ProcessImage(scan, time, time, value, state, np.full(len(value), time), bits)
        for listener in tuple(self._listeners):
            listener(self.image)


@pytest.fixture(scope="module")
def synthetic() -> Iterator[SyntheticEngine]:
    engine = SyntheticEngine()
    yield engine
    engine.close()


@dataclass
class Console:
    """An OPC UA client that asks by tag name and takes refusals as answers."""

    client: Client
    index: int

    def id(self, name: str) -> ua.NodeId:
        return ua.NodeId(name, self.index)

    def node(self, name: str) -> Node:
        return self.client.get_node(self.id(name))

    async def read(self, name: str, attribute: int = ua.AttributeIds.Value) -> ua.DataValue:
        (answer,) = await self.client.uaclient.read_attributes([self.id(name)], attribute)
        return answer

    async def value(self, name: str, attribute: int = ua.AttributeIds.Value) -> Any:
        return (await self.read(name, attribute)).Value.Value

    async def write(self, *writes: tuple[str, ua.Variant]) -> list[str]:
        """The names of the status codes, such as ``BadOutOfRange``."""
        ids, values = [self.id(name) for name, _ in writes], [ua.DataValue(value) for _, value in writes]
        answers = await self.client.uaclient.write_attributes(ids, values, ua.AttributeIds.Value)
        return [answer.name for answer in answers]

    async def call(self, owner: str, method: str | ua.NodeId, *arguments: ua.Variant) -> ua.CallMethodResult:
        method_id = self.id(f"{owner}.{method}") if isinstance(method, str) else method
        request = ua.CallMethodRequest(self.id(owner), method_id, list(arguments))
        (answer,) = await self.client.uaclient.call([request])
        return answer

    async def browse(self, name: str, reference: int | ua.NodeId = ua.ObjectIds.HierarchicalReferences) -> list[str]:
        """NodeIds of what the node refers to, in the server's order."""
        found = await self.node(name).get_references(reference, ua.BrowseDirection.Forward)
        return [str(one.NodeId.Identifier) for one in found]


@asynccontextmanager
async def _console(endpoint: str, prepare: Callable[[Client], Awaitable[None]] | None = None) -> AsyncIterator[Console]:
    # its own watchdog gives up a server whose loop stands still for a second, as it does in the next test's set-up
    client = Client(endpoint, timeout=TIMEOUT, watchdog_intervall=3600.0)
    if prepare is not None:
        await prepare(client)
    async with client:
        yield Console(client, await client.get_namespace_index("urn:plantsim:plant"))


@pytest.fixture(scope="module")
def connect() -> Callable[..., Any]:
    """``async with connect(endpoint) as console``, or with a coroutine that prepares the client first."""
    return _console


@asynccontextmanager
async def _serving(engine: Any, **options: Any) -> AsyncIterator[OpcUaServer]:
    given: dict[str, Any] = {"host": "127.0.0.1", "port": 0, "state": Path("/nowhere"), "insecure": True}
    server = OpcUaServer(engine, **(given | options))
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


@pytest.fixture(scope="module")
def opcua_server() -> Callable[..., Any]:
    """``async with opcua_server(engine) as server``, insecure unless told otherwise."""
    return _serving


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Engine], AbstractContextManager[Historian]]:
    """``with recording(engine) as historian``: what the engine does is kept, from its start on."""

    @contextmanager
    def kept(engine: Engine) -> Iterator[Historian]:
        historian = Historian(
            tmp_path_factory.mktemp("history") / "h.sqlite", engine.tags, scan_period=engine.scan_period
        )
        historian.start()
        engine.sample(historian)
        engine.start()
        yield historian
        engine.stop()
        historian.stop()

    return kept


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def login(
    synthetic: SyntheticEngine, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Callable[..., Any]]:
    """``async with login("operator") as console``: also ``engineer`` and ``instructor``, on a server that asks who."""
    state = tmp_path_factory.mktemp("state")
    with changed_users(state) as users:
        for role in (Role.OPERATOR, Role.ENGINEER, Role.INSTRUCTOR):
            users[role.name.lower()] = new_user(role.name.lower(), role, SECRET)
    async with _serving(synthetic, state=state, insecure=False) as server:

        def as_user(user: str, password: str = SECRET) -> Any:
            async def prepare(client: Client) -> None:
                client.set_user(user)
                client.set_password(password)

            return _console(server.endpoint, prepare)

        yield as_user


async def _eventually(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(TIMEOUT):
        while not await condition():
            await asyncio.sleep(0.01)


@pytest.fixture(scope="module")
def eventually() -> Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]:
    """``await eventually(condition)`` returns once the condition holds, and fails if it does not within the timeout."""
    return _eventually
