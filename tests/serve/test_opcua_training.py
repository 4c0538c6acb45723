"""A scenario on the wire: what the trainee is told, can ask, and does not see; what the instructor sees."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from asyncua import Client, ua

from plantsim.engine.engine import Engine
from plantsim.model.tag import Role
from plantsim.serve.opcua_users import changed_users, new_user
from plantsim.training.read_scenario import load_scenario
from plantsim.training.scenario import Scenario
from plantsim.training.stage import Stage

String = ua.VariantType.String
SECRET = "only-for-today"
BEGIN = "BeginScenario"
HIDDEN = ("KPI.Throughput", "KPI.Purity.Nd2O3", "KPI.Throughput.EURange", "Simulation.Seed", "Training.Score")


def logged_in(user: str) -> Callable[[Client], Any]:
    async def prepare(client: Client) -> None:
        client.set_user(user)
        client.set_password(SECRET)

    return prepare


async def test_a_scenario_on_the_wire(tmp_path: Path, opcua_server: Any, connect: Any, eventually: Any) -> None:
    """The instructor begins it; a trainee who was there before is told of it, and no longer sees what it hides."""
    scenario = load_scenario("feeder-bridging")
    with changed_users(tmp_path) as users:
        users["instructor"] = new_user("instructor", Role.INSTRUCTOR, SECRET)
    engine = Engine(scenario.plant, scenarios=[scenario.id])
    stage = Stage(engine, scenarios=[scenario.id])
    engine.start()
    options = {"state": tmp_path, "insecure": False, "training": stage}
    guest = new_user("trainee", Role.OPERATOR, SECRET)
    try:
        async with (
            opcua_server(engine, guest=guest, **options) as server,
            connect(server.endpoint, logged_in("trainee")) as trainee,
            connect(server.endpoint, logged_in("instructor")) as instructor,
        ):
            await begun_by(instructor, trainee, scenario, eventually)
            runner = stage.session
            assert runner is not None
            await hidden_from(trainee)
            await shown_to(instructor)
            assert await trainee.value("Training.Scenario") == "feeder-bridging"
            assert await trainee.value("Simulation.Scenario") == "feeder-bridging"
            assert "4.3 kg/h" in await trainee.value("Training.Briefing")
            await messages(trainee, instructor, eventually)

            await by_radio(instructor, trainee, eventually)
            await instructor.call("Simulation", "Step", ua.Variant(180.0, ua.VariantType.Double))
            assert (await trainee.call("Training", "RequestHint")).OutputArguments[0].Value == scenario.hints[0].text
            shown = await trainee.call("Training", "DisplayOpened", ua.Variant("WIC-101", String))
            assert shown.StatusCode.is_good()
            assert [entry.name for entry in runner.record.entries if entry.kind.value == "display"] == ["WIC-101"]
            evidence = await instructor.value("Training.Evidence")
            assert [line.split("\t")[0] for line in evidence].count("penalty") == 1

            assert (await trainee.call("Training", "Finish")).StatusCode.is_good()
            assert await trainee.value("Training.State") == "failed"
            await eventually(lambda: named(trainee, "Simulation.Scenario", ""))
            assert (await trainee.call("Training", BEGIN)).StatusCode.name == "BadNodeIdUnknown"
            assert await trainee.value("KPI.Purity.Nd2O3") > 99.0, "when it is over nothing is kept back"
            assert len(await trainee.value("Training.Evidence")) == len(scenario.criteria) + 1
    finally:
        engine.stop()


async def begun_by(instructor: Any, trainee: Any, scenario: Scenario, eventually: Any) -> None:
    assert await trainee.value("KPI.Throughput") > 0
    assert (await trainee.read("Training.Title")).StatusCode.name == "BadNodeIdUnknown"
    assert await instructor.value("Training.Title") == ""
    for method in ("ListScenarios", BEGIN, "RequestHint"):
        answer = await trainee.call("Training", method)
        assert answer.StatusCode.name == "BadNodeIdUnknown", method
    assert (await instructor.call("Training", "RequestHint")).StatusCode.name == "BadInvalidState"
    listed = (await instructor.call("Training", "ListScenarios")).OutputArguments
    assert [column.Value for column in listed] == [[scenario.id], [scenario.title], [scenario.length]]
    unknown = await instructor.call("Training", BEGIN, ua.Variant("x", String))
    assert unknown.StatusCode.name == "BadNotFound"
    begun = await instructor.call("Training", BEGIN, ua.Variant(scenario.id, String))
    assert begun.StatusCode.is_good()
    await eventually(lambda: named(trainee, "Simulation.Scenario", scenario.id))
    assert await trainee.value("Training.Title") == scenario.title
    again = await instructor.call("Training", BEGIN, ua.Variant(scenario.id, String))
    assert again.StatusCode.name == "BadInvalidState"


async def named(console: Any, name: str, value: str) -> bool:
    return bool(await console.value(name) == value)


async def hidden_from(trainee: Any) -> None:
    for name in HIDDEN:
        assert (await trainee.read(name)).StatusCode.name == "BadNodeIdUnknown", name
        assert await trainee.write((name, ua.Variant(1.0, ua.VariantType.Double))) == ["BadNodeIdUnknown"]
    for method in ("Inject", "InjectWhen", "DoInField", "ListField", "Freeze", "SetSpeed", "Backtrack"):
        assert (await trainee.call("Simulation", method)).StatusCode.name == "BadNodeIdUnknown"
    assert (
        await trainee.call("Training", "SendMessage", ua.Variant("x", String))
    ).StatusCode.name == "BadNodeIdUnknown"
    objects = await trainee.client.nodes.objects.get_children()
    assert "KPI" not in {str(node.nodeid.Identifier) for node in objects}
    for owner in ("Simulation", "Training"):
        seen = await trainee.browse(owner)
        assert not {"Simulation.Seed", "Simulation.Inject", "Training.Score", "Training.SendMessage"} & set(seen)
        assert seen
    path = ua.RelativePath([ua.RelativePathElement(TargetName=ua.QualifiedName("KPI", trainee.index))])
    (found,) = await trainee.client.uaclient.translate_browsepaths_to_nodeids(
        [ua.BrowsePath(ua.NodeId(ua.ObjectIds.ObjectsFolder), path)]
    )
    assert found.StatusCode.name == "BadNoMatch"
    heard: list[Any] = []
    watching = await trainee.client.create_subscription(50, Heard(heard))
    answers = await watching.subscribe_data_change(
        [trainee.node("KPI.Throughput"), trainee.node("WIC-101.PV")], attr=ua.AttributeIds.Value
    )
    assert isinstance(answers[0], ua.StatusCode)
    assert answers[0].name == "BadNodeIdUnknown"
    assert isinstance(answers[1], int)
    (alone,) = await watching.subscribe_data_change([trainee.node("Training.Score")])
    assert alone.name == "BadNodeIdUnknown"
    await watching.delete()


async def by_radio(instructor: Any, trainee: Any, eventually: Any) -> None:
    """The trainee hears what the field operator has done when it is done, and not from whom he had it."""
    action = ua.Variant("restore the air of TV-202", String)
    unseen = await trainee.call("Simulation", "DoInField", action)
    assert unseen.StatusCode.name == "BadNodeIdUnknown"
    assert (await instructor.call("Simulation", "DoInField", action)).StatusCode.name == "Good"
    assert "TV-202" not in await trainee.value("Training.Message")
    await instructor.call("Simulation", "Step", ua.Variant(301.0, ua.VariantType.Double))
    await eventually(lambda: named(trainee, "Training.Message", "Field: TV-202 has its air pressure."))


async def shown_to(instructor: Any) -> None:
    for name in HIDDEN:
        assert (await instructor.read(name)).StatusCode.is_good(), name
    assert "Simulation.Inject" in await instructor.browse("Simulation")


class Heard:
    """Keeps the events of a subscription."""

    def __init__(self, heard: list[Any]) -> None:
        self.heard = heard

    def event_notification(self, event: Any) -> None:
        self.heard.append(event)

    def datachange_notification(self, *_: Any) -> None:
        """Not asked for."""


async def messages(trainee: Any, instructor: Any, eventually: Any) -> None:
    heard: list[Any] = []
    watching = await trainee.client.create_subscription(50, Heard(heard))
    await watching.subscribe_events()
    sent = await instructor.call("Training", "SendMessage", ua.Variant("Look at the feeder.", String))
    assert sent.StatusCode.is_good()

    async def came() -> bool:
        return any(event.Message.Text == "Look at the feeder." for event in heard)

    await eventually(came)
    assert (await trainee.value("Training.Message"), await trainee.value("Training.Messages")) == (
        "Look at the feeder.",
        ["0:00 Look at the feeder."],
    )
    await watching.delete()
