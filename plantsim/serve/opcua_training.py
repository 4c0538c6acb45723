"""The Training object: what trainee and instructor see of a scenario that runs, and what they can ask of it.

Objects/Training, its variables and methods; every message is an event of it, too, at the Server and the Plant.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Protocol

from asyncua import ua
from asyncua.server.address_space import AddressSpace

from plantsim.engine.image import ProcessImage
from plantsim.model.tag import Role
from plantsim.serve.opcua_events import Event
from plantsim.serve.opcua_methods import Argument, Call, Method, declare
from plantsim.serve.opcua_nodes import Id, NodeBatch
from plantsim.serve.opcua_space import PLANT

log = logging.getLogger(__name__)

TRAINING = "Training"
INSTRUCTORS_OWN = frozenset(f"{TRAINING}.{name}" for name in ("Score", "Evidence", "SendMessage"))
"""Not there for others until the scenario is over: the criteria tell what is wrong."""
CHOICE = frozenset(f"{TRAINING}.{name}" for name in ("ListScenarios", "BeginScenario"))
"""For the instructor alone, always."""
MESSAGE_SEVERITY = 200
LONGEST_TEXT = 1000
"""Characters of a message or a display's name that are taken."""

_VARIABLES: dict[str, tuple[ua.VariantType, bool, int, str]] = {
    "Scenario": (ua.VariantType.String, False, Id.String, "Id of the scenario"),
    "Title": (ua.VariantType.String, False, Id.String, "What it is about"),
    "Briefing": (ua.VariantType.String, False, Id.String, "What the trainee is to know before"),
    "Length": (ua.VariantType.Double, False, Id.Double, "Plant time that it takes at most, s"),
    "Elapsed": (ua.VariantType.Double, False, Id.Double, "Plant time since it began, s"),
    "State": (ua.VariantType.String, False, Id.String, "running, passed or failed"),
    "Message": (ua.VariantType.String, False, Id.String, "The latest message"),
    "Messages": (ua.VariantType.String, True, Id.String, "All messages, each with the time when it came"),
    "Score": (ua.VariantType.Double, False, Id.Double, "Points of 100 so far"),
    "Evidence": (
        ua.VariantType.String,
        True,
        Id.String,
        "A line a criterion: competency, title, points, of, evidence; by tabs",
    ),
    "Debrief": (ua.VariantType.String, False, Id.String, "Where the report is, once there is one"),
    "Report": (ua.VariantType.String, False, Id.String, "All of the report as JSON, once there is one"),
}
_TEXT = Argument("text", ua.VariantType.String, f"At most {LONGEST_TEXT} characters")
_DISPLAY = Argument(
    "display", ua.VariantType.String, "A section, alarms, trends, journal, or a tag whose faceplate it is"
)
_HINT = Argument("hint", ua.VariantType.String, "The hint, or why there is none")
_SCENARIO = Argument("scenario", ua.VariantType.String, "Its id, as ListScenarios has it")
_SCENARIOS = (
    Argument("scenarios", ua.VariantType.String, "Ids of what may be begun", array=True),
    Argument("titles", ua.VariantType.String, "What each is about", array=True),
    Argument("lengths", ua.VariantType.Double, "Plant time that each takes at most, s", array=True),
)


class Scenario(Protocol):
    """Facts of a scenario."""

    @property
    def id(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def briefing(self) -> str: ...
    @property
    def length(self) -> float: ...


class Session(Protocol):
    """A scenario that runs. Its methods may be called from any thread."""

    @property
    def scenario(self) -> Scenario: ...
    @property
    def elapsed(self) -> float: ...
    @property
    def state(self) -> str: ...
    @property
    def lines(self) -> Sequence[str]:
        """Messages, each with its time."""
        ...

    @property
    def points(self) -> float: ...
    @property
    def evidence(self) -> Sequence[str]: ...
    @property
    def debrief(self) -> str: ...
    @property
    def report(self) -> str: ...
    def hint(self) -> str: ...
    def tell(self, text: str) -> None: ...
    def display_opened(self, name: str) -> None: ...
    def finish(self) -> object: ...


class Stage(Protocol):
    """Where scenarios are played. Its methods may be called from any thread."""

    @property
    def session(self) -> Session | None: ...
    def scenarios(self) -> Sequence[tuple[str, str, float]]: ...
    def begin(self, name: str) -> None:
        """LookupError for one that is not there, RuntimeError where it cannot begin now."""
        ...


def build(batch: NodeBatch) -> None:
    """The object's nodes."""
    root = batch.object(
        TRAINING, ua.NodeId(Id.ObjectsFolder), browse_name=TRAINING, description="The scenario that runs",
        reference=Id.Organizes,
    )  # fmt: skip
    for name, (type_, is_array, data_type, description) in _VARIABLES.items():
        batch.variable(
            f"{TRAINING}.{name}", root, ua.Variant([] if is_array else _empty(type_), type_, is_array=is_array),
            browse_name=ua.QualifiedName(name, batch.namespace), data_type=data_type, description=description,
        )  # fmt: skip
    for name, description, arguments, results in (
        ("RequestHint", "Ask for the next hint, which costs points", (), (_HINT,)),
        ("DisplayOpened", "Say what the trainee looks at", (_DISPLAY,), ()),
        ("Finish", "End the scenario as it stands; what is open counts as nothing", (), ()),
        ("SendMessage", "Tell the trainee something", (_TEXT,), ()),
        ("ListScenarios", "What can be practised on this plant", (), _SCENARIOS),
        ("BeginScenario", "Go to a scenario's start and begin it; the present state is lost", (_SCENARIO,), ()),
    ):
        declare(batch, root, f"{TRAINING}.{name}", description, arguments, results)


def _empty(type_: ua.VariantType) -> float | str:
    return 0.0 if type_ is ua.VariantType.Double else ""


class TrainingFace:
    """Keeps the object's variables up to date with the session that is on. notify: sends an event."""

    def __init__(
        self, batch: NodeBatch, space: AddressSpace, stage: Stage, notify: Callable[[Event], Awaitable[None]]
    ) -> None:
        self._batch = batch
        self._space = space
        self._stage = stage
        self._notify = notify
        self._of: Session | None = None
        """The session that is shown."""
        self._shown: dict[str, object] = {}
        self._told = 0

    async def publish(self, _: ProcessImage | None = None) -> None:
        """Show what has changed, and send the messages that are new."""
        session = self._stage.session
        if session is None:
            return
        if session is not self._of:
            self._of, self._told = session, 0
            self._shown.pop("State", None)  # all of it is new
        scenario, lines = session.scenario, tuple(session.lines)
        news: dict[str, object] = {"Elapsed": session.elapsed, "State": session.state}
        news |= {"Report": session.report, "Debrief": session.debrief}  # who sees where it is finds it there
        if news != {name: self._shown.get(name) for name in news} or len(lines) > self._told:
            news |= {"Scenario": scenario.id, "Title": scenario.title, "Briefing": scenario.briefing}
            news |= {"Length": scenario.length, "Score": session.points, "Evidence": list(session.evidence)}
            news |= {"Messages": list(lines), "Message": lines[-1].partition(" ")[2] if lines else ""}
        for name, value in news.items():
            if value != self._shown.get(name):
                self._shown[name] = value
                await self._put(name, value)
        for line in lines[self._told :]:
            await self._notify(self._event(line.partition(" ")[2]))
        self._told = len(lines)

    async def _put(self, name: str, value: object) -> None:
        type_, is_array, _, _ = _VARIABLES[name]
        now = datetime.now(UTC)
        data = ua.DataValue(ua.Variant(value, type_, is_array=is_array), SourceTimestamp=now, ServerTimestamp=now)
        node = self._batch.id(f"{TRAINING}.{name}")
        await self._space.write_attribute_value(node, ua.AttributeIds.Value, data)

    def _event(self, text: str) -> Event:
        now = datetime.now(UTC)
        kind = ua.NodeId(Id.BaseEventType)
        fields = {
            "EventId": ua.Variant(uuid.uuid4().bytes, ua.VariantType.ByteString),
            "EventType": ua.Variant(kind, ua.VariantType.NodeId),
            "SourceNode": ua.Variant(self._batch.id(TRAINING), ua.VariantType.NodeId),
            "SourceName": ua.Variant(TRAINING, ua.VariantType.String),
            "Time": ua.Variant(now, ua.VariantType.DateTime),
            "ReceiveTime": ua.Variant(now, ua.VariantType.DateTime),
            "Message": ua.Variant(ua.LocalizedText(text), ua.VariantType.LocalizedText),
            "Severity": ua.Variant(MESSAGE_SEVERITY, ua.VariantType.UInt16),
        }
        return Event(kind, fields, (ua.NodeId(Id.Server), self._batch.id(PLANT)))

    def methods(self) -> dict[ua.NodeId, Method]:
        """The object's methods."""
        objects, stage = frozenset((self._batch.id(TRAINING),)), self._stage

        async def hint(_: Call) -> int | str:
            if stage.session is None:
                return int(ua.StatusCodes.BadInvalidState)
            text = stage.session.hint()
            await self.publish()
            return text

        async def opened(call: Call) -> int:
            (name,) = call.arguments
            if stage.session is None:
                return int(ua.StatusCodes.BadInvalidState)
            stage.session.display_opened(name[:LONGEST_TEXT])
            return int(ua.StatusCodes.Good)

        async def finish(_: Call) -> int:
            if stage.session is None:
                return int(ua.StatusCodes.BadInvalidState)
            stage.session.finish()
            await self.publish()
            return int(ua.StatusCodes.Good)

        async def send(call: Call) -> int:
            (text,) = call.arguments
            if stage.session is None:
                return int(ua.StatusCodes.BadInvalidState)
            if not 0 < len(text) <= LONGEST_TEXT:
                return int(ua.StatusCodes.BadOutOfRange)
            stage.session.tell(text)
            await self.publish()
            return int(ua.StatusCodes.Good)

        async def scenarios(_: Call) -> Sequence[ua.Variant]:
            found = await asyncio.to_thread(stage.scenarios)
            columns = [list(column) for column in zip(*found, strict=True)] or [[], [], []]
            return [
                ua.Variant(column, result.type, is_array=True)
                for column, result in zip(columns, _SCENARIOS, strict=True)
            ]

        async def begin(call: Call) -> int:
            (name,) = call.arguments
            try:
                await asyncio.to_thread(stage.begin, name)
            except LookupError as error:
                log.warning("BeginScenario: %s", error)
                return int(ua.StatusCodes.BadNotFound)
            except RuntimeError as error:
                log.warning("BeginScenario: %s", error)
                return int(ua.StatusCodes.BadInvalidState)
            await self.publish()
            return int(ua.StatusCodes.Good)

        return {
            self._batch.id(f"{TRAINING}.{name}"): Method(role, arguments, objects, run)
            for name, role, arguments, run in (
                ("RequestHint", Role.OPERATOR, (), hint),
                ("DisplayOpened", Role.OPERATOR, (_DISPLAY,), opened),
                ("Finish", Role.OPERATOR, (), finish),
                ("SendMessage", Role.INSTRUCTOR, (_TEXT,), send),
                ("ListScenarios", Role.INSTRUCTOR, (), scenarios),
                ("BeginScenario", Role.INSTRUCTOR, (_SCENARIO,), begin),
            )
        }
