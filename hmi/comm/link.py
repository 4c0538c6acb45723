"""The link to the server: connects, browses, watches, reconnects; writes and calls. It never gives up."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import Enum
from typing import Any, Protocol

from asyncua import ua
from asyncua.client.client import Client
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.object_ids import ObjectIds
from asyncua.ua.uaerrors import UaError, UaStatusCodeError

from hmi.alarms import AlarmBook, AlarmRecord, Memory, Told
from hmi.comm.browse import Browsed, NotAPlant, browse_plant, read_limits
from hmi.comm.client import PatientClient
from hmi.comm.events import AlarmEvent, read_alarm_events
from hmi.comm.exercise import read_exercise
from hmi.comm.feed import Feed
from hmi.comm.health import Health
from hmi.comm.history import Stretch, first_time, read_extremes, read_raw
from hmi.comm.known import ChangedCertificate, Seen
from hmi.comm.lists import last_writes
from hmi.comm.login import Login
from hmi.comm.outcome import DONE, Outcome, error_words, refusal
from hmi.comm.services import node_id, plain, read
from hmi.exercise import Exercise
from hmi.hands import LastWrite
from hmi.model import Member, Plant, TagObject, ValueClass
from hmi.store import TagStore

REQUEST_TIMEOUT = 4.0
"""Seconds a request of the operator's may take, of a server that is not known to be slow."""
WATCH_PERIOD = 2.0
"""Seconds between two looks at whether the server is still there."""
SILENCE = 10.0
"""Seconds without a publish message of each subscription, keep-alives included, after which they count as dead. A slow
server is given more."""
ROUND_TRIPS = 3.0
"""Of the last round trip's length, by which a slow server is given more."""
SLOW = 4.0
"""Seconds of waiting or silence after which the operator is told of it."""
BACKOFF = (0.5, 1.0, 2.0, 3.0, 5.0)
"""Seconds before the first, second, ... new attempt; the last one repeats."""

_ACKNOWLEDGE = ua.NodeId(ua.Int32(ObjectIds.AcknowledgeableConditionType_Acknowledge))
_ADD_COMMENT = ua.NodeId(ua.Int32(ObjectIds.ConditionType_AddComment))
_TIMED_SHELVE = ua.NodeId(ua.Int32(ObjectIds.ShelvedStateMachineType_TimedShelve))
_ONE_SHOT_SHELVE = ua.NodeId(ua.Int32(ObjectIds.ShelvedStateMachineType_OneShotShelve))
_UNSHELVE = ua.NodeId(ua.Int32(ObjectIds.ShelvedStateMachineType_Unshelve))
_CLOCK = "Simulation.Time"

log = logging.getLogger(__name__)


class Phase(Enum):
    """What the link is at."""

    CONNECTING = "connecting"
    BROWSING = "browsing"
    ONLINE = "online"
    LOST = "lost"
    """Was online; connecting again."""


@dataclass(frozen=True, slots=True)
class LinkState:
    """The link as a display shows it."""

    phase: Phase = Phase.CONNECTING
    attempt: int = 0
    began: float = math.nan
    """time.monotonic() of when the present attempt began; nan between two."""
    error: str = ""
    """Why the last attempt or connection failed."""
    since: datetime | None = None
    """Wall-clock time the connection was lost."""
    latency_ms: float = 0.0
    """Round trip of the last watch request."""
    generation: int = 0
    """Counts the browses; a new one means the displays' facts have changed."""

    @property
    def online(self) -> bool:
        """Whether values are live."""
        return self.phase is Phase.ONLINE

    @property
    def waits(self) -> float:
        """Seconds that the present attempt has been waiting for the server; nan where there is none."""
        return math.nan if self.online else time.monotonic() - self.began


@dataclass(frozen=True, slots=True)
class Past:
    """What the server remembers of the alarms. since: plant time from which on, s since 1970; nan where nothing."""

    memory: Memory
    told: tuple[Told, ...] = ()
    since: float = math.nan


class Source(Protocol):
    """What brings values into store and book: a subscription, or a replay. refused: names that it cannot bring."""

    refused: list[str]

    async def start(self, client: Client, browsed: Browsed) -> None:
        """Begin, with the first values."""
        ...


class Link:
    """The connection to one endpoint. ``run`` it once; read ``state``, ``plant``, the store and the book at will."""

    def __init__(self, endpoint: str, login: Login, store: TagStore, book: AlarmBook) -> None:
        self.endpoint = endpoint
        self.login = login
        self.state = LinkState()
        self.plant: Plant | None = None
        self.changed: ChangedCertificate | None = None
        """Why the server is not trusted, while it is not."""
        self.first_seen: Seen | None = None
        """The server's certificate, where this is its first use."""
        self._again = asyncio.Event()
        self._gone = asyncio.Event()
        """The present connection is not to be waited for."""
        self._renewed = False
        """Whether it ended for another login."""
        self.health = Health(security=login.security)
        self._store = store
        self._book = book
        self._browsed: Browsed | None = None
        self._client: PatientClient | None = None
        self._feed: Source = Feed(store, book, self.health)
        self._types: dict[str, ua.VariantType] = {}
        self._limit = REQUEST_TIMEOUT
        """Seconds that the operator's requests may take."""

    async def run(self) -> None:
        """Keep connected until cancelled."""
        attempt = 0
        while True:
            attempt += 1
            self.state = replace(self.state, attempt=attempt, began=time.monotonic())
            try:
                await self._session()
            except Exception as error:
                expected = isinstance(error, OSError | TimeoutError | UaError | NotAPlant)
                log.log(
                    logging.INFO if expected else logging.ERROR, "%s: %r", self.endpoint, error, exc_info=not expected
                )
                if self.state.online:
                    attempt = 0
                self.changed = error if isinstance(error, ChangedCertificate) else self.changed
                self._lost(error)
                self.state = replace(self.state, began=math.nan)
            self._again.clear()
            if self._renewed:
                self._renewed = False
                continue
            with suppress(TimeoutError):
                await asyncio.wait_for(self._again.wait(), BACKOFF[min(attempt, len(BACKOFF) - 1)])

    def trust(self, changed: ChangedCertificate) -> None:
        """Take the certificate that the server shows now for its own, and connect."""
        self.login.known.trust(changed.known.server, changed.shown)
        self.login = replace(self.login, trust="")
        self.changed = None
        self._again.set()

    async def log_in(self, user: str, password: str) -> Outcome:
        """Go on as another user, or without one.

        Tried on a connection beside the present one, which stays as it is where the server refuses.
        """
        login = replace(self.login, user=user or None, password=password)
        try:
            client = await login.client(self.endpoint, self._certified)
            await client.connect()
            with suppress(Exception):
                await asyncio.wait_for(client.disconnect(), 1.0)
        except Exception as error:
            return Outcome(False, login.refused(error))
        self.login = login
        self._renewed = True
        self._gone.set()
        self._again.set()
        return DONE

    async def write(self, member: Member, value: float | bool | int) -> Outcome:
        """Write one member's value. The outcome is the server's answer, not yet the effect."""
        client, browsed = self._client, self._browsed
        if client is None or browsed is None or not self.state.online:
            return Outcome(False, "no connection; nothing was sent")
        try:
            node = browsed.nodes[member.name]
            variant = ua.Variant(*await self._typed(client, node, member, value))
            writing = client.uaclient.write_attributes([node], [ua.DataValue(variant)], AttributeIds.Value)
            (status,) = await asyncio.wait_for(writing, self._limit)
        except Exception as error:
            return self._counted(_failed(error))
        return self._counted(DONE if status.is_good() else refusal(status.value))

    async def call(self, method: str, *arguments: float | str, owner: str = "Simulation") -> Outcome:
        """Call a method of the Simulation object, or of another one."""
        browsed = self._browsed
        if browsed is None:
            return Outcome(False, "no connection; nothing was sent")
        variants = [
            ua.Variant(a, ua.VariantType.String) if isinstance(a, str) else ua.Variant(float(a), ua.VariantType.Double)
            for a in arguments
        ]
        method_id = node_id(f"{owner}.{method}", browsed.namespace)
        return await self._call(node_id(owner, browsed.namespace), method_id, variants)

    async def exercise(self) -> tuple[bool, Exercise | None]:
        """Whether the server has answered, and the scenario that runs on it."""
        client, browsed = self._client, self._browsed
        if client is None or browsed is None or not self.state.online:
            return False, None
        try:
            return True, await read_exercise(client, browsed.namespace)
        except (UaError, OSError, TimeoutError) as error:
            log.info("nothing of a scenario: %r", error)
            return False, None

    async def text(self, name: str) -> str | None:
        """The value of a variable of texts; empty where the server has no such, None where it does not answer."""
        client, browsed = self._client, self._browsed
        if client is None or browsed is None or not self.state.online:
            return None
        try:
            (value,) = await read(client, [(node_id(name, browsed.namespace), AttributeIds.Value)])
        except (UaError, OSError, TimeoutError) as error:
            log.info("%s: no answer: %r", name, error)
            return None
        found = plain(value)
        return found if isinstance(found, str) else ""

    async def last_writes(self, tag: str) -> tuple[LastWrite, ...] | None:
        """Who set what of a tag object last, the latest first; None where the server does not tell."""
        found = await self.ask(("LastWrites",), "Plant", tag)
        return None if found is None else last_writes(found[0])

    async def ask(self, methods: Sequence[str], owner: str = "Simulation", *arguments: str) -> list[list[Any]] | None:
        """The results of methods of an object that only tell something; None where one does not."""
        client, browsed = self._client, self._browsed
        if client is None or browsed is None or not self.state.online:
            return None
        requests = []
        for name in methods:
            request = ua.CallMethodRequest()
            request.ObjectId = node_id(owner, browsed.namespace)
            request.MethodId = node_id(f"{owner}.{name}", browsed.namespace)
            request.InputArguments = [ua.Variant(argument, ua.VariantType.String) for argument in arguments]
            requests.append(request)
        try:
            results = await client.uaclient.call(requests)
        except (UaError, OSError, TimeoutError) as error:
            log.info("%s: no answer: %r", ", ".join(methods), error)
            return None
        if not all(result.StatusCode.is_good() for result in results):
            return None
        return [[variant.Value for variant in result.OutputArguments or []] for result in results]

    async def acknowledge(self, record: AlarmRecord, comment: str = "") -> Outcome:
        """Acknowledge an alarm as it was seen: the change that ``record`` holds, not a later one."""
        browsed = self._browsed
        if browsed is None:
            return Outcome(False, "no connection; nothing was sent")
        variants = [
            ua.Variant(record.event_id, ua.VariantType.ByteString),
            ua.Variant(ua.LocalizedText(comment), ua.VariantType.LocalizedText),
        ]
        return await self._call(node_id(record.alarm.name, browsed.namespace), _ACKNOWLEDGE, variants)

    async def comment(self, record: AlarmRecord, comment: str) -> Outcome:
        """Add a comment to an alarm as the operator saw it."""
        browsed = self._browsed
        if browsed is None:
            return Outcome(False, "no connection; nothing was sent")
        variants = [
            ua.Variant(record.event_id, ua.VariantType.ByteString),
            ua.Variant(ua.LocalizedText(comment), ua.VariantType.LocalizedText),
        ]
        return await self._call(node_id(record.alarm.name, browsed.namespace), _ADD_COMMENT, variants)

    async def shelve(self, record: AlarmRecord, seconds: float | None) -> Outcome:
        """Shelve an alarm for a time, or until it returns to normal (None)."""
        if seconds is None:
            return await self._shelving(record, _ONE_SHOT_SHELVE, [])
        return await self._shelving(record, _TIMED_SHELVE, [ua.Variant(1000.0 * seconds, ua.VariantType.Double)])

    async def unshelve(self, record: AlarmRecord) -> Outcome:
        """Let a shelved alarm be annunciated again."""
        return await self._shelving(record, _UNSHELVE, [])

    async def _shelving(self, record: AlarmRecord, method: ua.NodeId, arguments: list[ua.Variant]) -> Outcome:
        state = self._browsed.nodes.get(f"{record.alarm.name}.ShelvingState") if self._browsed is not None else None
        if state is None:
            return Outcome(False, "the server does not offer it")
        return await self._call(state, method, arguments)

    async def history(self, names: Sequence[str], start: float, end: float) -> dict[str, Stretch]:
        """What the server remembers of members between start and end (s since 1970); those it can tell of."""
        client, browsed = self._client, self._browsed
        known = [name for name in names if browsed is not None and name in browsed.nodes]
        if client is None or browsed is None or not self.state.online or not known:
            return {}
        try:
            found = await read_raw(client, [browsed.nodes[name] for name in known], start, end)
        except (UaError, OSError, TimeoutError) as error:
            log.info("no history: %r", error)
            return {}
        return {name: stretch for name, stretch in zip(known, found, strict=True) if stretch is not None}

    async def extremes(self, name: str, start: float, end: float, intervals: int) -> Stretch | None:
        """Lowest and highest value of a member in each of so many intervals; None where the server cannot tell."""
        client, browsed = self._client, self._browsed
        if client is None or browsed is None or not self.state.online or name not in browsed.nodes:
            return None
        try:
            return await read_extremes(client, browsed.nodes[name], start, end, intervals)
        except (UaError, OSError, TimeoutError) as error:
            log.info("%s: no extremes: %r", name, error)
            return None

    async def past(self, start: float, end: float, most: int) -> Past:
        """What the alarms did between start and end (s since 1970), the newest so many events of it."""
        client, browsed = self._client, self._browsed
        if client is None or browsed is None or not self.state.online:
            return Past(Memory.SILENT)
        try:
            found = await read_alarm_events(client, browsed.plant.alarms, _TOLD, start, end, most)
            if found is None:
                return Past(Memory.NONE)
            # one that is sampled: where it begins, all of the history does
            measured = (t.primary.name for t in browsed.plant.tags.values() if t.primary is not None)
            node = next((browsed.nodes[name] for name in measured if name in browsed.nodes), None)
            since = await first_time(client, node, start, end) if node is not None else end
        except (UaError, OSError, TimeoutError) as error:
            log.info("no history of alarms: %r", error)
            return Past(Memory.SILENT)
        if found:
            since = found[0].time if len(found) == most else min(since, found[0].time)
        memory = Memory.CUT if len(found) == most else Memory.WHOLE
        return Past(memory, tuple(_told(event) for event in found), since)

    async def refresh_limits(self, tags: Iterable[TagObject]) -> None:
        """Read limits and normal bands again; keeps the old ones where the server does not answer."""
        client, browsed = self._client, self._browsed
        if client is None or browsed is None or not self.state.online:
            return
        with suppress(Exception):
            await read_limits(client, tags, browsed.nodes)

    # --- one connection's life ---

    async def _session(self) -> None:
        client = await self.login.client(self.endpoint, self._certified)
        self._gone = gone = asyncio.Event()

        async def lost(_error: Exception) -> None:
            gone.set()

        client.connection_lost_callback = lost
        await client.connect()
        self._renewed = False
        try:
            self._enter(Phase.BROWSING)
            browsed = await browse_plant(client)
            self._lay_out(browsed)
            await self._feed.start(client, browsed)
            if self._feed.refused:
                log.warning("%d items cannot be watched, such as %s", len(self._feed.refused), self._feed.refused[0])
            self.health.sessions += 1
            self.health.since = datetime.now()
            self.health.nodes = len(browsed.nodes)
            started = time.monotonic()
            self.health.product = await _product(client)
            trip = time.monotonic() - started
            self._client = client
            self.plant = browsed.plant
            self.changed = None
            self.state = LinkState(Phase.ONLINE, generation=self.state.generation + 1)
            await self._watch(client, gone, trip)
        finally:
            self._client = None
            with suppress(Exception):
                await asyncio.wait_for(client.disconnect(), 1.0)

    def _certified(self, seen: Seen) -> None:
        self.health.certificate = seen.fingerprint
        self.first_seen = seen if not seen.since else self.first_seen

    def _lay_out(self, browsed: Browsed) -> None:
        self._browsed = browsed
        self._types = {}
        numbers = (
            member.name
            for tag in browsed.plant.tags.values()
            for member in tag.members.values()
            if member.value_class is ValueClass.NUMBER
        )
        self._store.lay_out(browsed.live, numbers, _CLOCK if _CLOCK in browsed.live else None)
        self._book.lay_out(browsed.plant.alarms.values())

    async def _watch(self, client: PatientClient, gone: asyncio.Event, trip: float) -> None:
        """Return never; raise when the connection is dead. trip: seconds of the last round trip."""
        names = (ObjectIds.Server_ServerStatus_State, ObjectIds.Server_ServerStatus_CurrentTime)
        nodes = [ua.NodeId(ua.Int32(name)) for name in names]
        self._allow(client, trip)
        while True:
            started = time.monotonic()
            answer, clock = await client.uaclient.read_attributes(nodes, AttributeIds.Value)
            trip = time.monotonic() - started
            silence = self._allow(client, trip)
            if answer.StatusCode is not None and answer.StatusCode.is_bad():
                raise ConnectionError("the server is shutting down")
            self.state = replace(self.state, latency_ms=1000 * trip)
            self.health.latencies.append(self.state.latency_ms)
            self.health.skew = _skew(plain(clock))
            if self.health.silence > silence:
                raise ConnectionError("the server sends no more values")
            with suppress(TimeoutError):
                await asyncio.wait_for(gone.wait(), WATCH_PERIOD)
            if gone.is_set():
                raise ConnectionError("the login changes" if self._renewed else "the server closed the connection")

    def _allow(self, client: PatientClient, trip: float) -> float:
        """Give a server the time it needs by its last round trip (s); the seconds it may be silent."""
        self._limit = max(REQUEST_TIMEOUT, ROUND_TRIPS * trip)
        silence = SILENCE + ROUND_TRIPS * trip
        client.wait_for_answers(silence)
        return silence

    def _enter(self, phase: Phase) -> None:
        # on the way back the displays keep showing "lost" until values are live again
        if self.state.phase is not Phase.LOST:
            self.state = replace(self.state, phase=phase)

    def _lost(self, error: Exception) -> None:
        words = str(error) if isinstance(error, NotAPlant) else self.login.refused(error)
        # also what was heard on a way back that failed: its values came before it was online
        self._store.lose()
        self._book.lose()
        if self.state.online:
            self.state = replace(self.state, phase=Phase.LOST, error=words, since=datetime.now())
        elif self.state.phase is Phase.LOST:
            self.state = replace(self.state, error=words)
        else:
            self.state = replace(self.state, phase=Phase.CONNECTING, error=words)

    # --- requests ---

    async def _call(self, owner: ua.NodeId, method: ua.NodeId, arguments: list[ua.Variant]) -> Outcome:
        client = self._client
        if client is None or not self.state.online:
            return Outcome(False, "no connection; nothing was sent")
        request = ua.CallMethodRequest()
        request.ObjectId = owner
        request.MethodId = method
        request.InputArguments = arguments
        try:
            (result,) = await asyncio.wait_for(client.uaclient.call([request]), self._limit)
        except Exception as error:
            return self._counted(_failed(error))
        if not result.StatusCode.is_good():
            return self._counted(refusal(result.StatusCode.value, *_reasons(result)))
        named = [variant.Value for variant in result.OutputArguments or [] if isinstance(variant.Value, str)]
        return self._counted(Outcome(True, result=", ".join(named)))

    def _counted(self, outcome: Outcome) -> Outcome:
        if outcome.ok:
            self.health.done += 1
        elif outcome.doubtful:
            self.health.doubtful += 1
        else:
            self.health.turned_down += 1
        return outcome

    async def _typed(
        self, client: Client, node: ua.NodeId, member: Member, value: float | bool | int
    ) -> tuple[object, ua.VariantType]:
        """The value as the server's own type of that variable, which it insists on."""
        found = self._types.get(member.name)
        if found is None:
            current = (await client.uaclient.read_attributes([node], AttributeIds.Value))[0].Value
            found = current.VariantType if current is not None else ua.VariantType.Null
            if found is ua.VariantType.Null:
                found = _FALLBACK[member.value_class]
            self._types[member.name] = found
        if found is ua.VariantType.Boolean:
            return bool(value), found
        if found in (ua.VariantType.Double, ua.VariantType.Float):
            return float(value), found
        return int(value), found


_FALLBACK = {
    ValueClass.NUMBER: ua.VariantType.Double,
    ValueClass.INTEGER: ua.VariantType.UInt16,
    ValueClass.BOOLEAN: ua.VariantType.Boolean,
    ValueClass.TEXT: ua.VariantType.String,
    ValueClass.TIME: ua.VariantType.DateTime,
    ValueClass.OTHER: ua.VariantType.Double,
}


async def _product(client: Client) -> str:
    """Name and version of the server's software; empty where it does not say."""
    names = (ObjectIds.Server_ServerStatus_BuildInfo_ProductName,
             ObjectIds.Server_ServerStatus_BuildInfo_SoftwareVersion)  # fmt: skip
    nodes = [ua.NodeId(ua.Int32(name)) for name in names]
    answers = await read(client, [(node, AttributeIds.Value) for node in nodes])
    return " ".join(str(found) for answer in answers if (found := plain(answer)))


_TOLD = ("Time", "ReceiveTime", "ActiveState.Id", "AckedState.Id", "ClientUserId")


def _told(event: AlarmEvent) -> Told:
    wall = event.fields.get("ReceiveTime")
    return Told(
        event.alarm,
        event.time,
        wall if isinstance(wall, float) else event.time,
        bool(event.fields.get("ActiveState.Id")),
        bool(event.fields.get("AckedState.Id")),
        str(event.fields.get("ClientUserId") or ""),
    )


def _skew(clock: object) -> float:
    """Seconds by which the server's wall clock is ahead of ours; nan where it does not tell the time."""
    if not isinstance(clock, datetime):
        return math.nan
    aware = clock if clock.tzinfo is not None else clock.replace(tzinfo=UTC)
    return (aware - datetime.now(UTC)).total_seconds()


def _reasons(result: ua.CallMethodResult) -> list[str]:
    """Why a call was refused, as far as the server says more than its status."""
    found = (one.AdditionalInfo for one in result.InputArgumentDiagnosticInfos or [])
    return [str(text) for text in found if text]


def _failed(error: Exception) -> Outcome:
    """A request that met no answer may still have been taken; only the server's own refusal is certain."""
    if isinstance(error, UaStatusCodeError):
        return refusal(error.code)
    return Outcome(False, f"{error_words(error)}; it may or may not have been taken, look at the value", doubtful=True)
