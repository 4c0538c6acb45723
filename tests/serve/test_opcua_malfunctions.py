"""Inject, Clear and ClearAll by an OPC UA client, on the Belfast line."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from asyncua import ua

from plantsim.engine.engine import Engine

Types = ua.VariantType


@pytest.fixture
async def console(engine: Engine, opcua_server: Any, connect: Any) -> AsyncIterator[Any]:
    async with opcua_server(engine) as server, connect(server.endpoint) as found:
        yield found


async def call(console: Any, method: str, *arguments: float | str) -> Any:
    given = [ua.Variant(a, Types.String if isinstance(a, str) else Types.Double) for a in arguments]
    return await console.call("Simulation", method, *given)


async def test_what_is_injected_goes_wrong_and_is_mended_by_its_instance(engine: Engine, console: Any) -> None:
    answer = await call(console, "Inject", "sweep-fan-trip", 1.0, 0.0, 0.0)
    assert answer.StatusCode.name == "Good"
    (instance,) = answer.OutputArguments
    assert (instance.Value, instance.VariantType) == ("sweep-fan-trip@DU-213#1", Types.String)
    await call(console, "Step", 5.0)
    assert await console.value("K-213A.TRIP") is True
    assert await console.value("FIC-213.PV") < 100.0
    assert engine.malfunctions == {"sweep-fan-trip@DU-213#1": 1.0}
    assert (await call(console, "Clear", instance.Value)).StatusCode.name == "Good"
    assert engine.malfunctions == {}
    await call(console, "Inject", "transmitter-stuck@TIC-201", 1.0, 0.0, 0.0)
    await call(console, "Inject", "transmitter-open-circuit@TIC-202", 1.0, 0.0, 0.0)
    await call(console, "Step", 1.0)
    answer = await console.node("TIC-202.PV").read_data_value(raise_on_bad_status=False)
    assert answer.StatusCode.name == "BadSensorFailure"
    assert (await call(console, "ClearAll")).StatusCode.name == "Good"
    assert engine.malfunctions == {}


async def test_the_result_is_declared(console: Any) -> None:
    (result,) = await console.value("Simulation.Inject.OutputArguments")
    assert (result.Name, result.DataType) == ("instance", ua.NodeId(Types.String.value))


REFUSED = (
    ("Inject", ("sweep-fan", 1.0, 0.0, 0.0), "BadNotFound"),
    ("Inject", ("sweep-fan-trip@AG-201", 1.0, 0.0, 0.0), "BadNotFound"),
    ("Inject", ("transmitter-stuck", 1.0, 0.0, 0.0), "BadNotFound"),
    ("Inject", ("sweep-fan-trip", 1.1, 0.0, 0.0), "BadOutOfRange"),
    ("Inject", ("sweep-fan-trip", float("nan"), 0.0, 0.0), "BadOutOfRange"),
    ("Inject", ("sweep-fan-trip", 1.0, -1.0, 0.0), "BadOutOfRange"),
    ("Inject", ("sweep-fan-trip", 1.0, 0.0, float("inf")), "BadOutOfRange"),
    ("Inject", ("sweep-fan-trip", 1.0), "BadArgumentsMissing"),
    ("Inject", (1.0, 1.0, 0.0, 0.0), "BadInvalidArgument"),
    ("Clear", ("sweep-fan-trip",), "BadNotFound"),
)


async def test_refused(console: Any) -> None:
    for method, arguments, status in REFUSED:
        assert (await call(console, method, *arguments)).StatusCode.name == status, (method, arguments)


ARM = ("InjectWhen", "organic-pump-trip", 1.0, 5.0, 0.0, "SC-101.RUN = 0")


async def test_what_is_armed_waits_for_its_condition_is_listed_and_can_be_cleared(engine: Engine, console: Any) -> None:
    answer = await call(console, *ARM)
    assert answer.StatusCode.name == "Good"
    instance = answer.OutputArguments[0].Value
    await call(console, *ARM)
    await call(console, "Step", 20.0)
    listed = [variant.Value for variant in (await call(console, "ListInjected")).OutputArguments]
    assert (listed[0][0], listed[1], listed[6]) == (instance, [0.0, 0.0], ["SC-101.RUN = Stopped"] * 2)
    assert [moment.year for moment in listed[5]] == [1601, 1601]
    assert (await call(console, "Clear", instance)).StatusCode.name == "Good"
    await call(console, "Inject", "drive-trip@SC-101", 1.0, 0.0, 0.0)
    await call(console, "Step", 20.0)
    listed = [variant.Value for variant in (await call(console, "ListInjected")).OutputArguments]
    assert (listed[1], listed[6]) == ([1.0, 1.0], ["", ""])
    assert 20.0 < listed[5][0].timestamp() - engine.live.epoch < 30.0


REFUSED_TO_ARM = (
    (("sweep-fan-trip", 1.0, 0.0, 0.0, "SC-999.RUN = 0"), "BadInvalidArgument", "where SC-999 is no tag"),
    (("sweep-fan-trip", 1.0, 0.0, 0.0, "SC-101 stands"), "BadInvalidArgument", "TAG.MEMBER with one of = < >"),
    (("sweep-fan-trip", 1.0, 0.0, 0.0, ""), "BadInvalidArgument", "found nothing"),
    (("sweep-fan", 1.0, 0.0, 0.0, "SC-101.RUN = 0"), "BadNotFound", "sweep-fan-trip"),
    (("wire-delay@modbus", 1.0, 0.0, 0.0, "SC-101.RUN = 0"), "BadNotFound", "wire-delay"),
    (("sweep-fan-trip", 2.0, 0.0, 0.0, "SC-101.RUN = 0"), "BadOutOfRange", "severity: found 2.0, allowed 0 to 1"),
)


async def test_what_cannot_be_armed_is_refused_with_the_reason(engine: Engine, console: Any) -> None:
    for arguments, status, why in REFUSED_TO_ARM:
        answer = await call(console, "InjectWhen", *arguments)
        assert answer.StatusCode.name == status, arguments
        assert why in answer.InputArgumentDiagnosticInfos[0].AdditionalInfo
        assert len(answer.InputArgumentDiagnosticInfos) == len(answer.InputArgumentResults) == len(arguments)
    assert engine.injected == []
