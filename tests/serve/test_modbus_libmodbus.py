"""libmodbus, another implementation of the protocol, as client of a running plant: all its tables and function codes.

The client is compiled here, from tests/serve/libmodbus/client.c.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest

from plantsim.engine.engine import Engine
from plantsim.model.plant import Plant
from plantsim.model.tag import ValueType
from plantsim.serve.modbus import ModbusServer
from plantsim.serve.modbus_rtu import Line

HERE = Path(__file__).parent / "libmodbus"
TIMEOUT = 10.0
RACK = 12
"""The leach area's."""
EXTERNAL = frozenset({"leach"})

pytestmark = [
    pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler is installed (apt install gcc)"),
    pytest.mark.skipif(
        not Path("/usr/include/modbus/modbus.h").exists(),
        reason="libmodbus is not installed (apt install libmodbus-dev)",
    ),
]

Ask = Callable[..., Awaitable[str]]
"""Unit, function code, address and the rest; the answer's line."""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    built = tmp_path_factory.mktemp("libmodbus") / "client"
    source = str(HERE / "client.c")
    subprocess.run(["cc", "-O1", "-Wall", "-Werror", "-o", str(built), source, "-lmodbus"], check=True)
    return built


@pytest.fixture
def engine(belfast: Plant) -> Iterator[Engine]:
    engine = Engine(belfast, frozen=True, epoch=0.0, external=EXTERNAL)
    engine.start()
    yield engine
    engine.stop()


@asynccontextmanager
async def client(program: Path, *line: str) -> AsyncIterator[Ask]:
    process = await asyncio.create_subprocess_exec(
        program, *line, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    to, back = process.stdin, process.stdout

    async def ask(*words: int | str) -> str:
        to.write((" ".join(map(str, words)) + "\n").encode())
        async with asyncio.timeout(TIMEOUT):
            return (await back.readline()).decode().strip()

    try:
        yield ask
    finally:
        to.close()
        assert await process.wait() == 0


@pytest.fixture
async def ask(engine: Engine, program: Path) -> AsyncIterator[Ask]:
    server = ModbusServer(engine, host="127.0.0.1", port=0)
    await server.start()
    try:
        async with client(program, "tcp", "127.0.0.1", str(server.address[1])) as asked:
            yield asked
    finally:
        await server.stop()


async def step(engine: Engine, seconds: float = 0.1) -> None:
    async with asyncio.timeout(TIMEOUT):
        await asyncio.wrap_future(engine.step(seconds))


def place(engine: Engine, name: str) -> tuple[int, int]:
    point = engine.tags[name].modbus
    assert point is not None
    return point.unit, point.address


async def test_every_value_reads_as_it_is(engine: Engine, ask: Ask) -> None:
    await step(engine, 1.0)
    functions = {
        ("holding", "float32"): "float",
        ("input", "float32"): "float-input",
        ("coil", "bool"): "1",
        ("discrete", "bool"): "2",
        ("holding", "uint16"): "3",
        ("input", "uint16"): "4",
    }
    seen: dict[str, int] = {}
    for tag in engine.tags:
        point = tag.modbus
        if point is None or tag.type is ValueType.TIME:  # seconds here, a date there
            continue
        function = functions[point.table, point.type]
        text = await ask(point.unit, function, point.address, *(() if function.startswith("float") else (1,)))
        expected = engine.image.value[tag.row]
        if function.startswith("float"):
            assert np.float32(text) == np.float32(expected), tag.name
        else:
            assert int(text) == int(expected), tag.name
        seen[function] = seen.get(function, 0) + 1
    assert set(seen) == set(functions.values())
    assert sum(seen.values()) > 1500


async def test_set_points_and_commands_are_written(engine: Engine, ask: Ask) -> None:
    unit, address = place(engine, "LIC-321.SP")
    high, low = np.frombuffer(np.array([np.float32(41.5)], dtype=">f4").tobytes(), dtype=">u2")
    assert await ask(unit, 16, address, high, low) == "done"
    unit_of_motor, coil = place(engine, "TV-306A.CMD")
    assert await ask(unit_of_motor, 5, coil, 0) == "done"
    await step(engine)
    assert await ask(unit, "float", address) == "41.5"
    assert await ask(unit_of_motor, 1, coil, 1) == "0"
    assert await ask(unit_of_motor, 15, coil, 1) == "done"
    await step(engine)
    assert await ask(unit_of_motor, 1, coil, 1) == "1"


async def test_outputs_of_a_rack_are_written_masked_and_exchanged(engine: Engine, ask: Ask) -> None:
    wired = engine.tags["P-208.SPEED_CMD"].rack
    assert wired is not None
    output = wired.address

    async def held() -> int:
        await step(engine)
        return int(await ask(RACK, 3, output, 1))

    assert await ask(RACK, 6, output, 0x1234) == "done"
    assert await held() == 0x1234
    assert await ask(RACK, 22, output, 0x00F0, 0x0005) == "done"
    assert await held() == (0x1234 & 0x00F0) | (0x0005 & ~0x00F0)
    # what is written is in force at the next scan, what is read the last one's
    assert await ask(RACK, 23, output, 1, output, 9000) == "53"
    assert await held() == 9000


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ((1, 3, 60000, 1), 2),
        ((1, 1, 60000, 1), 2),
        ((1, 5, 60000, 1), 2),
        ((1, 3, 10, 1), 3),
        ((1, 6, 10, 0), 3),
        ((99, 4, 0, 2), 11),
    ],
)
async def test_what_is_refused_has_its_exception(ask: Ask, request_: tuple[int, ...], code: int) -> None:
    assert (await ask(*request_)).startswith(f"exception {code}: ")


async def test_over_a_serial_line(engine: Engine, program: Path) -> None:
    """Two pseudo-terminals wired together: libmodbus at one, the plant at the other."""
    ours, theirs = os.openpty(), os.openpty()
    loop = asyncio.get_running_loop()
    loop.add_reader(ours[0], lambda: os.write(theirs[0], os.read(ours[0], 4096)))
    loop.add_reader(theirs[0], lambda: os.write(ours[0], os.read(theirs[0], 4096)))
    server = ModbusServer(engine, host="127.0.0.1", port=0, line=Line(os.ttyname(ours[1])))
    await server.start()
    try:
        async with client(program, "rtu", os.ttyname(theirs[1])) as asked:
            await step(engine, 0.5)
            assert await asked(1, 4, 0, 2) == f"0 {engine.image.scan}"
            unit, address = place(engine, "LIC-321.SP")
            assert await asked(unit, 3, address, 1) == "exception 3: Illegal data value"
            assert np.float32(await asked(unit, "float", address)) == np.float32(
                engine.image.value[engine.tags["LIC-321.SP"].row]
            )
    finally:
        await server.stop()
        for end in (ours[0], theirs[0]):
            loop.remove_reader(end)
        for end in (*ours, *theirs):
            os.close(end)
