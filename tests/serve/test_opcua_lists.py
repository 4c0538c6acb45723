"""What an instructor chooses from: lists on the wire for his role, and nothing to be found below it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from asyncua import Client, ua
from asyncua.crypto.security_policies import SecurityPolicyBasic256Sha256

from plantsim.engine.engine import Engine
from plantsim.model.plant import Plant
from plantsim.serve.opcua_trust import TrustList

Types = ua.VariantType
LISTS = ("ListMalfunctions", "ListInjected", "ListFieldActions", "ListField", "ListSnapshots")


@pytest.fixture
def engine(belfast: Plant, tmp_path: Path) -> Iterator[Engine]:
    engine = Engine(belfast, frozen=True, epoch=0.0, snapshots=tmp_path / "snapshots")
    (tmp_path / "snapshots").mkdir()
    engine.start()
    yield engine
    engine.stop()


@pytest.fixture
async def console(engine: Engine, opcua_server: Any, connect: Any) -> AsyncIterator[Any]:
    async with opcua_server(engine) as server, connect(server.endpoint) as found:
        yield found


async def call(console: Any, method: str, *arguments: float | str) -> list[Any]:
    given = [ua.Variant(a, Types.String if isinstance(a, str) else Types.Double) for a in arguments]
    answer = await console.call("Simulation", method, *given)
    assert answer.StatusCode.name == "Good"
    return [variant.Value for variant in answer.OutputArguments or []]


async def test_malfunctions_and_what_became_of_them_are_listed(belfast: Plant, console: Any) -> None:
    names, titles, defaults = await call(console, "ListMalfunctions")
    assert names == [place.name for place in belfast.malfunctions]
    at = names.index("sweep-fan-trip@DU-213")
    assert (titles[at], defaults[at]) == ("Sweep fan trip", True)
    assert not defaults[names.index("transmitter-stuck@TIC-201")], "an instrument's failure has no target of its own"
    results = await console.value("Simulation.ListInjected.OutputArguments")
    assert [(one.Name, one.ValueRank) for one in results[:2]] == [("instances", 1), ("levels", 1)]
    assert await call(console, "ListInjected") == [[]] * 7
    await call(console, "Step", 1.0)
    (first,) = await call(console, "Inject", "sweep-fan-trip", 0.5, 0.0, 10.0)
    (second,) = await call(console, "Inject", "transmitter-stuck@TIC-201", 1.0, 3600.0, 0.0)
    await call(console, "Step", 5.0)
    instances, levels, severities, delays, ramps, since, conditions = await call(console, "ListInjected")
    assert instances == [first, second]
    assert levels == [pytest.approx(0.25, abs=0.01), 0.0]
    assert (severities, delays, ramps) == ([0.5, 1.0], [0.0, 3600.0], [10.0, 0.0])
    assert [moment.timestamp() for moment in since] == [1.0, 1.0]
    assert conditions == ["", ""]
    await call(console, "Clear", first)
    assert (await call(console, "ListInjected"))[0] == [second]


async def test_snapshots_are_listed_with_how_far_back_there_is_to_go(console: Any) -> None:
    names, saved, minutes = await call(console, "ListSnapshots")
    assert (names, [moment.year for moment in saved], minutes) == (["steady", "cold"], [1601, 1601], 0.0)
    await call(console, "Step", 90.0)
    await call(console, "SaveSnapshot", "mark")
    names, saved, minutes = await call(console, "ListSnapshots")
    assert names == ["steady", "cold", "mark"]
    assert saved[2].year > 2000
    assert minutes == pytest.approx(1.5)


async def test_below_instructor_there_is_nothing_to_be_found(
    engine: Engine, opcua_server: Any, connect: Any, tmp_path: Path
) -> None:
    """Neither by browsing nor by name, nor by reading, watching or calling what somebody knows the NodeId of."""
    async with opcua_server(engine, state=tmp_path, insecure=False) as server:
        passwords = dict(line.split() for line in (tmp_path / "initial-passwords.txt").read_text().splitlines())

        def as_user(name: str) -> Any:
            async def prepare(client: Client) -> None:
                client.application_uri = "urn:plantsim:test"
                certificate, key = await client.setup_self_signed_certificate(tmp_path / "k.pem", tmp_path / "c.der")
                mode = ua.MessageSecurityMode.SignAndEncrypt
                await client.set_security(SecurityPolicyBasic256Sha256, certificate, key, mode=mode)
                client.set_user(name)
                client.set_password(passwords[name])

            return prepare

        with pytest.raises((ua.UaError, ConnectionError)):
            async with connect(server.endpoint, as_user("engineer")):
                pytest.fail("an unknown certificate was let in")
        (turned_away,) = TrustList(tmp_path).known()
        TrustList(tmp_path).trust(turned_away.name)
        for prepare in (None, as_user("engineer")):
            async with connect(server.endpoint, prepare) as console:
                children = await console.browse("Simulation")
                assert "Simulation.Time" in children
                assert not [child for child in children if child.removeprefix("Simulation.") in LISTS]
                for name in LISTS:
                    node = f"Simulation.{name}"
                    for one, attribute in (
                        (node, ua.AttributeIds.BrowseName), (node, ua.AttributeIds.UserExecutable),
                        (f"{node}.OutputArguments", ua.AttributeIds.Value),
                    ):  # fmt: skip
                        assert (await console.read(one, attribute)).StatusCode.name == "BadNodeIdUnknown"
                    assert await console.browse(node) == []
                    with pytest.raises(ua.uaerrors.BadNoMatch):
                        await console.node("Simulation").get_child(f"{console.index}:{name}")
                    answer = await console.call("Simulation", name)
                    assert (answer.StatusCode.name, answer.OutputArguments) == ("BadNodeIdUnknown", [])
                await _watches(console, "BadNodeIdUnknown")
        async with connect(server.endpoint, as_user("instructor")) as console:
            assert {f"Simulation.{name}" for name in LISTS} <= set(await console.browse("Simulation"))
            await _watches(console, "Good")


async def _watches(console: Any, status: str) -> None:
    """One subscription to a hidden node and a plain one: the hidden one is not there, the plain one is watched."""

    class Handler:
        def datachange_notification(self, *_: object) -> None:
            """What arrives is of no interest here."""

    subscription = await console.client.create_subscription(100, Handler())
    requests = []
    for handle, name in enumerate(("Simulation.ListInjected.OutputArguments", "Simulation.ScanCount")):
        item = ua.ReadValueId(console.id(name), ua.AttributeIds.Value)
        wanted = ua.MonitoringParameters(ClientHandle=handle, SamplingInterval=100.0, QueueSize=1)
        requests.append(ua.MonitoredItemCreateRequest(item, ua.MonitoringMode.Reporting, wanted))
    parameters = ua.CreateMonitoredItemsParameters()
    parameters.SubscriptionId = subscription.subscription_id
    parameters.ItemsToCreate = requests
    parameters.TimestampsToReturn = ua.TimestampsToReturn.Both
    answers = await console.client.uaclient.create_monitored_items(parameters)
    assert [answer.StatusCode.name for answer in answers] == [status, "Good"]
    await subscription.delete()
