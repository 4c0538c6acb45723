"""Writes and the status that each is answered with."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from asyncua import ua

from plantsim.engine.command import Origin, Refusal
from plantsim.model.tag import Role

pytestmark = pytest.mark.asyncio(loop_scope="module")
Types = ua.VariantType


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def console(synthetic: Any, opcua_server: Any, connect: Any) -> AsyncIterator[Any]:
    async with opcua_server(synthetic) as server, connect(server.endpoint) as found:
        yield found


@pytest.fixture(autouse=True)
def no_commands_left(synthetic: Any) -> None:
    synthetic.accepted.clear()
    synthetic.refusals.clear()


async def test_a_good_write_goes_to_the_engine_and_shows_with_the_next_scan(
    console: Any, synthetic: Any, eventually: Any
) -> None:
    before = await console.value("TIC-201.SP")
    assert await console.write(("TIC-201.SP", ua.Variant(before + 1, Types.Double))) == ["Good"]
    assert synthetic.accepted == [("TIC-201.SP", before + 1)]
    assert synthetic.origins[-1] == Origin(Role.INSTRUCTOR, "anonymous", "opcua")
    assert await console.value("TIC-201.SP") == before, "the node itself is never written"
    synthetic.show({})

    async def shown() -> bool:
        return bool(await console.value("TIC-201.SP") == before + 1)

    await eventually(shown)


@pytest.mark.parametrize(
    ("name", "value", "status"),
    [
        ("TIC-201.PV", ua.Variant(50.0, Types.Double), "BadNotWritable"),
        ("TIC-201.PV", ua.Variant("x", Types.String), "BadNotWritable"),
        ("TIC-201.SP", ua.Variant(120.1, Types.Double), "BadOutOfRange"),
        ("TIC-201.SP", ua.Variant(float("nan"), Types.Double), "BadOutOfRange"),
        ("TIC-201.SP", ua.Variant("50", Types.String), "BadTypeMismatch"),
        ("TIC-201.SP", ua.Variant(True, Types.Boolean), "BadTypeMismatch"),
        ("TIC-201.SP", ua.Variant([50.0], Types.Double), "BadTypeMismatch"),
        ("TIC-201.MODE", ua.Variant(1.5, Types.Double), "BadTypeMismatch"),
        ("TIC-201.MODE", ua.Variant(-1, Types.Int32), "BadOutOfRange"),
        ("P-201.CMD", ua.Variant(1, Types.Byte), "BadTypeMismatch"),
        ("TIC-201", ua.Variant(1.0, Types.Double), "BadAttributeIdInvalid"),
        ("TIC-201.PV.EURange", ua.Variant(1.0, Types.Double), "BadNotWritable"),
        ("TIC-201.HH.Alarm.AckedState.Id", ua.Variant(True, Types.Boolean), "BadNotWritable"),
        ("TIC-999.SP", ua.Variant(1.0, Types.Double), "BadNodeIdUnknown"),
    ],
)
async def test_a_write_that_cannot_be_is_refused_with_its_status(
    console: Any, synthetic: Any, name: str, value: ua.Variant, status: str
) -> None:
    assert await console.write((name, value)) == [status]
    assert not synthetic.accepted


@pytest.mark.parametrize(
    ("refusal", "status"),
    [
        (Refusal.ROLE, "BadUserAccessDenied"),
        (Refusal.READ_ONLY, "BadNotWritable"),
        (Refusal.TYPE, "BadTypeMismatch"),
        (Refusal.RANGE, "BadOutOfRange"),
        (Refusal.MODE, "BadInvalidState"),
        (Refusal.INTERLOCK, "BadRequestNotAllowed"),
        (Refusal.EXTERNAL, "BadResourceUnavailable"),
        (Refusal.UNKNOWN, "BadNodeIdUnknown"),
        (Refusal.NOT_EXTERNAL, "BadInvalidState"),
    ],
)
async def test_every_refusal_of_the_engine_has_its_status(
    console: Any, synthetic: Any, refusal: Refusal, status: str
) -> None:
    synthetic.refusals["P-201.CMD"] = refusal
    assert await console.write(("P-201.CMD", ua.Variant(True, Types.Boolean))) == [status]


async def test_in_one_request_each_item_has_its_own_answer_and_order_is_kept(console: Any, synthetic: Any) -> None:
    synthetic.refusals["P-201.CMD"] = Refusal.INTERLOCK
    answers = await console.write(
        ("TIC-201.MODE", ua.Variant(0, Types.Byte)),
        ("TIC-201.PV", ua.Variant(1.0, Types.Double)),
        ("P-201.CMD", ua.Variant(True, Types.Boolean)),
        ("TIC-201.OP", ua.Variant(20, Types.Int64)),
        ("TIC-201.OP", ua.Variant(200, Types.Int64)),
    )
    assert answers == ["Good", "BadNotWritable", "BadRequestNotAllowed", "Good", "BadOutOfRange"]
    assert synthetic.accepted == [("TIC-201.MODE", 0), ("TIC-201.OP", 20)]


async def test_a_refused_write_leaves_a_line_in_the_journal(console: Any, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", "plantsim.journal"):
        await console.write(("TIC-201.SP", ua.Variant("hot", Types.String)))
    assert caplog.messages == ["anonymous (opcua): write of TIC-201.SP refused, BadTypeMismatch"]


async def test_nothing_but_values_of_tags_can_be_written(console: Any) -> None:
    for name, attribute in (("TIC-201.SP", "DisplayName"), ("TIC-201.SP", "AccessLevel"), ("Plant", "Description")):
        item = ua.WriteValue(
            NodeId=console.id(name),
            AttributeId=ua.AttributeIds[attribute],
            Value=ua.DataValue(ua.Variant(ua.LocalizedText("mine"), Types.LocalizedText)),
        )
        (answer,) = await console.client.uaclient.write(ua.WriteParameters([item]))
        assert answer.name == "BadNotWritable"
    server_state = ua.NodeId(ua.ObjectIds.Server_ServerStatus_State)
    (answer,) = await console.client.uaclient.write_attributes(
        [server_state], [ua.DataValue(ua.Variant(1, Types.Int32))]
    )
    assert answer.name == "BadNotWritable"


async def test_a_quality_cannot_be_written(console: Any, synthetic: Any) -> None:
    value = ua.DataValue(ua.Variant(20.0, Types.Double), ua.StatusCode(ua.StatusCodes.UncertainInitialValue))
    (answer,) = await console.client.uaclient.write_attributes([console.id("TIC-201.SP")], [value])
    assert answer.name == "BadWriteNotSupported"
    assert not synthetic.accepted


async def test_nodes_and_references_cannot_be_added_or_removed(console: Any) -> None:
    with pytest.raises(ua.uaerrors.BadUserAccessDenied):
        await console.node("Plant").add_object(console.index, "mine")
    with pytest.raises(ua.uaerrors.BadUserAccessDenied):
        await console.client.delete_nodes([console.node("TIC-201")])
    assert await console.value("TIC-201.Kind") == "controller"
