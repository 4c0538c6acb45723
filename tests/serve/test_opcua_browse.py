"""Browsing in parts, and requests of browsing that are larger than the server takes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from asyncua import ua

from plantsim.serve.opcua_browse import MOST_POINTS
from plantsim.serve.opcua_session import MOST_OPERATIONS

pytestmark = pytest.mark.asyncio(loop_scope="module")
OBJECTS, SERVER = ua.NodeId(ua.ObjectIds.ObjectsFolder), ua.NodeId(ua.ObjectIds.Server)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def endpoint(synthetic: Any, opcua_server: Any) -> AsyncIterator[str]:
    async with opcua_server(synthetic) as server:
        yield server.endpoint


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def console(endpoint: str, connect: Any) -> AsyncIterator[Any]:
    async with connect(endpoint) as found:
        yield found


async def browse(console: Any, *nodes: ua.NodeId, most: int = 0) -> list[ua.BrowseResult]:
    wanted = [
        ua.BrowseDescription(node, ua.BrowseDirection.Forward, ua.NodeId(ua.ObjectIds.References), True, 0, 63)
        for node in nodes
    ]
    asked = ua.BrowseParameters(RequestedMaxReferencesPerNode=most, NodesToBrowse=wanted)
    return list(await console.client.uaclient.browse(asked))


async def go_on(console: Any, *points: bytes | None, release: bool = False) -> list[ua.BrowseResult]:
    asked = ua.BrowseNextParameters(ReleaseContinuationPoints=release, ContinuationPoints=list(points))
    return list(await console.client.uaclient.browse_next(asked))


def nodes_of(result: ua.BrowseResult) -> list[ua.NodeId]:
    return [one.NodeId for one in result.References]


@pytest.mark.parametrize("most", [1, 3, 4, 1000])
async def test_parts_are_the_whole(console: Any, most: int) -> None:
    for node in (SERVER, console.id("TIC-201")):
        (whole,) = await browse(console, node)
        assert whole.ContinuationPoint is None
        (part,) = await browse(console, node, most=most)
        found = nodes_of(part)
        while part.ContinuationPoint:
            assert len(part.References) == most
            (part,) = await go_on(console, part.ContinuationPoint)
            assert part.References, "a point has something behind it"
            found += nodes_of(part)
        assert found == nodes_of(whole)


async def test_a_point_is_good_for_one_use_of_its_session(console: Any, endpoint: str, connect: Any) -> None:
    (first,) = await browse(console, SERVER, most=2)
    async with connect(endpoint) as other:
        (foreign,) = await go_on(other, first.ContinuationPoint)
        assert foreign.StatusCode.name == "BadContinuationPointInvalid"
    second, again, none = await go_on(console, first.ContinuationPoint, first.ContinuationPoint, None)
    assert second.StatusCode.is_good()
    assert [again.StatusCode.name, none.StatusCode.name] == ["BadContinuationPointInvalid"] * 2
    released, gone = await go_on(console, second.ContinuationPoint, second.ContinuationPoint, release=True)
    assert (released.StatusCode.name, released.References) == ("Good", [])
    assert gone.StatusCode.name == "BadContinuationPointInvalid"


async def test_there_are_as_many_points_as_the_server_says(console: Any) -> None:
    limit = ua.NodeId(ua.ObjectIds.Server_ServerCapabilities_MaxBrowseContinuationPoints)
    assert await console.client.get_node(limit).read_value() == MOST_POINTS
    (old,) = await browse(console, SERVER, most=1)
    results = await browse(console, *[SERVER] * (MOST_POINTS + 1), most=1)
    names = [one.StatusCode.name for one in results]
    assert names == ["Good"] * MOST_POINTS + ["BadNoContinuationPoints"]
    gone, held = await go_on(console, old.ContinuationPoint, results[0].ContinuationPoint)
    assert (gone.StatusCode.name, held.StatusCode.name) == ("BadContinuationPointInvalid", "Good")
    await go_on(console, *(one.ContinuationPoint for one in results[1:-1]), release=True)


async def test_what_is_hidden_meanwhile_is_not_told_and_looks_like_nothing(
    synthetic: Any, opcua_server: Any, connect: Any, tmp_path: Any
) -> None:
    async with opcua_server(synthetic, insecure=False, state=tmp_path) as server, connect(server.endpoint) as observer:
        (first,) = await browse(observer, OBJECTS, most=1)
        synthetic.in_scenario = True
        try:
            (rest,) = await go_on(observer, first.ContinuationPoint)
            found = nodes_of(first) + nodes_of(rest)
            while rest.ContinuationPoint:
                (rest,) = await go_on(observer, rest.ContinuationPoint)
                found += nodes_of(rest)
            assert observer.id("KPI") not in found
            assert observer.id("Plant") in found
            hidden, missing = await browse(observer, observer.id("KPI"), observer.id("nothing"))
            assert hidden.StatusCode.name == missing.StatusCode.name == "BadNodeIdUnknown"
        finally:
            synthetic.in_scenario = False


@pytest.mark.long
async def test_requests_are_as_large_as_the_server_says(console: Any) -> None:
    client = console.client.uaclient
    too_many = MOST_OPERATIONS + 1
    node = console.id("TIC-201.PV")
    with pytest.raises(ua.uaerrors.BadTooManyOperations):
        await browse(console, *[node] * too_many)
    with pytest.raises(ua.uaerrors.BadTooManyOperations):
        await go_on(console, *[b"x"] * too_many)
    with pytest.raises(ua.uaerrors.BadTooManyOperations):
        await client.register_nodes([node] * too_many)
    with pytest.raises(ua.uaerrors.BadTooManyOperations):
        await client.translate_browsepaths_to_nodeids([ua.BrowsePath(node)] * too_many)
    for empty in (browse(console), go_on(console), client.register_nodes([])):
        with pytest.raises(ua.uaerrors.BadNothingToDo):
            await empty
    assert await client.register_nodes([node]) == [node]


async def test_references_tell_what_is_asked_of_them(console: Any) -> None:
    def told(reference: ua.ReferenceDescription) -> int:
        found = (
            not reference.ReferenceTypeId.is_null(),
            reference.IsForward,
            reference.NodeClass != ua.NodeClass.Unspecified,
            bool(reference.BrowseName.Name),
            bool(reference.DisplayName.Text),
            not reference.TypeDefinition.is_null(),
        )
        return sum(1 << bit for bit, one in enumerate(found) if one)

    for mask in (0, 1, 2, 4, 8, 16, 32, 21, 63):
        wanted = ua.BrowseDescription(
            console.id("TIC-201"), ua.BrowseDirection.Forward, ua.NodeId(ua.ObjectIds.HasComponent), True, 0, mask
        )
        (result,) = await console.client.uaclient.browse(ua.BrowseParameters(NodesToBrowse=[wanted]))
        assert {told(one) for one in result.References} == {mask}
        assert all(str(one.NodeId.Identifier).startswith("TIC-201.") for one in result.References)


@pytest.mark.parametrize(
    ("direction", "reference", "status"),
    [
        (ua.BrowseDirection.Both, ua.NodeId(), "Good"),
        (ua.BrowseDirection.Inverse, ua.NodeId(ua.ObjectIds.HasComponent), "Good"),
        (ua.BrowseDirection.Invalid, ua.NodeId(), "BadBrowseDirectionInvalid"),
        (ua.BrowseDirection.Forward, ua.NodeId(99_999), "BadReferenceTypeIdInvalid"),
        (ua.BrowseDirection.Forward, OBJECTS, "BadReferenceTypeIdInvalid"),
    ],
)
async def test_what_cannot_be_followed_is_refused_with_its_status(
    console: Any, direction: ua.BrowseDirection, reference: ua.NodeId, status: str
) -> None:
    wanted = ua.BrowseDescription(console.id("TIC-201"), direction, reference, True, 0, 63)
    (result,) = await console.client.uaclient.browse(ua.BrowseParameters(NodesToBrowse=[wanted]))
    assert result.StatusCode.name == status
    assert bool(result.References) is (status == "Good")


async def test_there_are_no_views(console: Any) -> None:
    asked = ua.BrowseParameters(View=ua.ViewDescription(ViewId=console.id("Plant")))
    asked.NodesToBrowse = [ua.BrowseDescription(SERVER, ua.BrowseDirection.Forward, ua.NodeId(), True, 0, 63)]
    with pytest.raises(ua.uaerrors.BadViewIdUnknown):
        await console.client.uaclient.browse(asked)
