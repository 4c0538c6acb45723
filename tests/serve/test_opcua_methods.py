"""The methods of the Simulation object."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from asyncua import ua

pytestmark = pytest.mark.asyncio(loop_scope="module")
Types = ua.VariantType
ALL = ["Run", "Freeze", "Step", "SetSpeed", "SaveSnapshot", "RestoreSnapshot", "Backtrack"]
ALL += ["Inject", "InjectWhen", "Clear", "ClearAll", "DoInField"]
LISTS = ["ListMalfunctions", "ListInjected", "ListFieldActions", "ListField", "ListSnapshots"]
FORCING = ["Force", "Release", "ListForced"]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def console(synthetic: Any, opcua_server: Any, connect: Any) -> AsyncIterator[Any]:
    async with opcua_server(synthetic) as server, connect(server.endpoint) as found:
        yield found


def double(value: float) -> ua.Variant:
    return ua.Variant(value, Types.Double)


async def test_methods_are_described_by_their_arguments(console: Any) -> None:
    found = await console.node("Simulation").get_methods()
    assert [str(node.nodeid.Identifier).partition(".")[2] for node in found] == ALL + LISTS + FORCING
    (argument,) = await console.value("Simulation.Step.InputArguments")
    assert (argument.Name, argument.DataType.Identifier) == ("seconds", ua.ObjectIds.Double)


async def test_step_answers_when_its_last_image_can_be_read(console: Any, synthetic: Any) -> None:
    for scans in (1, 10, 3):
        before = synthetic.image.scan
        assert (await console.call("Simulation", "Step", double(scans / 10))).StatusCode.name == "Good"
        assert await console.value("Simulation.ScanCount") == before + scans


async def test_run_and_freeze_reach_the_engine(console: Any, synthetic: Any, eventually: Any) -> None:
    for method, running in (("Run", True), ("Freeze", False)):
        assert (await console.call("Simulation", method)).StatusCode.name == "Good"

        async def told(running: bool = running) -> bool:
            return bool(await console.value("Simulation.Running") is running)

        await eventually(told)


@pytest.mark.parametrize("speed", [ua.Variant(10.0, Types.Float), ua.Variant(10, Types.Int64), double(math.inf)])
async def test_set_speed_takes_any_number_above_zero(console: Any, synthetic: Any, speed: ua.Variant) -> None:
    assert (await console.call("Simulation", "SetSpeed", speed)).StatusCode.name == "Good"
    assert synthetic.speed == speed.Value


@pytest.mark.parametrize(
    ("method", "arguments", "status"),
    [
        ("Step", [double(-1.0)], "BadOutOfRange"),
        ("Step", [double(0.0)], "BadOutOfRange"),
        ("Step", [double(3601.0)], "BadOutOfRange"),
        ("Step", [double(math.nan)], "BadOutOfRange"),
        ("Step", [double(math.inf)], "BadOutOfRange"),
        ("SetSpeed", [double(0.0)], "BadOutOfRange"),
        ("SetSpeed", [double(math.nan)], "BadOutOfRange"),
        ("Step", [], "BadArgumentsMissing"),
        ("Step", [double(1.0), double(1.0)], "BadTooManyArguments"),
        ("Run", [double(1.0)], "BadTooManyArguments"),
        ("Step", [ua.Variant("1", Types.String)], "BadInvalidArgument"),
        ("Step", [ua.Variant([1.0], Types.Double)], "BadInvalidArgument"),
        ("Step", [ua.Variant(None, Types.Null)], "BadInvalidArgument"),
        ("Explode", [], "BadMethodInvalid"),
    ],
)
async def test_a_call_that_cannot_be_is_refused_with_its_status(
    console: Any, synthetic: Any, method: str, arguments: list[ua.Variant], status: str
) -> None:
    before = synthetic.image
    answer = await console.call("Simulation", method, *arguments)
    assert answer.StatusCode.name == status
    assert synthetic.image is before
    if status == "BadInvalidArgument":
        assert [result.name for result in answer.InputArgumentResults] == ["BadTypeMismatch"]


async def test_a_method_is_called_on_its_own_object(console: Any) -> None:
    freeze = console.id("Simulation.Freeze")
    assert (await console.call("Plant", freeze)).StatusCode.name == "BadMethodInvalid"
    assert (await console.call("Nothing", freeze)).StatusCode.name == "BadNodeIdUnknown"


async def test_methods_are_the_instructors(synthetic: Any, opcua_server: Any, connect: Any, tmp_path: Path) -> None:
    async with opcua_server(synthetic, state=tmp_path, insecure=False) as server, connect(server.endpoint) as anonymous:
        for method in ALL:
            assert (await anonymous.call("Simulation", method)).StatusCode.name == "BadUserAccessDenied"
            node = f"Simulation.{method}"
            assert await anonymous.value(node, ua.AttributeIds.Executable) is True
            assert await anonymous.value(node, ua.AttributeIds.UserExecutable) is False


async def test_the_instructor_sees_that_it_may_call(console: Any) -> None:
    assert await console.value("Simulation.Step", ua.AttributeIds.UserExecutable) is True


async def test_an_engine_that_stops_during_a_step_leaves_the_connection_alive(
    console: Any, synthetic: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: int) -> None:
        raise RuntimeError("the core has stopped")

    monkeypatch.setattr(synthetic, "_scan", fail)
    assert (await console.call("Simulation", "Step", double(1.0))).StatusCode.name == "BadInvalidState"
    assert await console.value("TIC-201.Kind") == "controller"
