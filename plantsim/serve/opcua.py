"""The OPC UA server: the plant's tags, alarms and the run itself, for any OPC UA client."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from asyncua import Server, ua
from asyncua.server.binary_server_asyncio import BinaryServer

from plantsim.engine.image import ProcessImage
from plantsim.engine.wire import Wire
from plantsim.history.series import has_history
from plantsim.model.tag import Tag, ValueType
from plantsim.serve import (
    opcua_alarms,
    opcua_browse,
    opcua_event_history,
    opcua_failure,
    opcua_forcing,
    opcua_hands,
    opcua_history,
    opcua_interlocks,
    opcua_limits,
    opcua_lists,
    opcua_methods,
    opcua_node_data,
    opcua_notify,
    opcua_procedures,
    opcua_seam,
    opcua_space,
    opcua_training,
)
from plantsim.serve.address import is_loopback, url_host
from plantsim.serve.opcua_audit import Audit
from plantsim.serve.opcua_batch import BatchReads
from plantsim.serve.opcua_connection import Connections, limits
from plantsim.serve.opcua_diagnostics import PRIVATE, Diagnostics
from plantsim.serve.opcua_engine import Engine
from plantsim.serve.opcua_event_history import EventReads
from plantsim.serve.opcua_events import REFRESH_END, REFRESH_START, Event, refresh_mark, subtypes
from plantsim.serve.opcua_hidden import Hidden
from plantsim.serve.opcua_history import History, HistoryReads
from plantsim.serve.opcua_nodes import NodeBatch
from plantsim.serve.opcua_nodeset import write_nodeset
from plantsim.serve.opcua_outlet import LiveOutlet, Outlet, StoredOutlet
from plantsim.serve.opcua_publish import Listener, Publisher
from plantsim.serve.opcua_security import (
    Identity,
    application_uri,
    endpoints,
    open_identity,
    policies,
)
from plantsim.serve.opcua_session import Core, Services
from plantsim.serve.opcua_table import LiveTable
from plantsim.serve.opcua_trust import TrustList
from plantsim.serve.opcua_users import User, Users
from plantsim.serve.opcua_wire import WiredServer
from plantsim.serve.opcua_writes import Writes
from plantsim.serve.wire import Clients, Restarts, seen_through

log = logging.getLogger(__name__)

PATH = "/plantsim"
CLOSING_TIME = 2.0
"""s that connections have to take their last answers when the server stops."""


class CannotListen(OSError):
    """The address is not to be had; the text has host and port."""


class OpcUaServer:
    """Serves one plant on one port.

    port: 0 chooses a free one. state: folder of users, certificate and key, made at the first start. insecure:
    anonymous acts as instructor, and nothing is encrypted; ValueError beyond loopback. allow_none: unencrypted sessions
    beyond loopback, too. history: of the tags, None where nothing is kept. training: where scenarios are
    played, None for nowhere. guest: a user of this run alone. wire: what is wrong between server and clients, None for
    nothing ever.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        host: str,
        port: int,
        state: Path,
        insecure: bool,
        allow_none: bool = False,
        history: History | None = None,
        training: opcua_training.Stage | None = None,
        guest: User | None = None,
        wire: Wire | None = None,
    ) -> None:
        if insecure and not is_loopback(host):
            raise ValueError(f"insecure on {host}: allowed on loopback only, such as 127.0.0.1")
        self._engine = engine if wire is None else seen_through(engine, wire, "opcua")
        self._wire = wire
        self._restarts: Restarts | None = None
        self._host, self._port = host, port
        self._state = state
        self._insecure = insecure
        self._history = history
        self._training = training
        self._guest = guest
        self._none_allowed = allow_none or is_loopback(host)
        self._server: Server | None = None
        self._publisher: Publisher | None = None
        self._conditions: opcua_alarms.Conditions | None = None
        self._diagnostics: Diagnostics | None = None

    @property
    def endpoint(self) -> str:
        """The URL; while listening, with the port really in use."""
        host = url_host(self._host)
        bound = self._server.bserver if self._server is not None else None
        return f"opc.tcp://{host}:{bound.port if bound is not None else self._port}{PATH}"

    @property
    def clients(self) -> int:
        """Sessions that are open."""
        return len(self._server.iserver.sessions) if self._server is not None else 0

    @property
    def watched(self) -> int:
        """Items that clients watch, in all subscriptions."""
        return opcua_seam.watched(self._server.iserver) if self._server is not None else 0

    @property
    def waiting(self) -> int:
        """Values and events that wait in the queues of subscriptions."""
        return opcua_seam.queued(self._server.iserver)[0] if self._server is not None else 0

    @property
    def dropped(self) -> int:
        """Values and events that queues had no room for, since it listens."""
        return opcua_seam.queued(self._server.iserver)[1] if self._server is not None else 0

    async def start(self) -> None:
        """Build the address space and listen. Raises CannotListen, UsersError, or OSError for the state folder."""
        if self._server is not None:
            return
        # its every connection and request is worth a line at INFO
        logging.getLogger("asyncua").setLevel(max(logging.WARNING, logging.getLogger("asyncua").level))
        with _no_collection():
            users, identity = Users.insecure(), None
            if self._insecure:
                core = Core(users, named_users=False)
            else:
                users, identity = await asyncio.to_thread(self._open_state)
                core = Core(users, named_users=True)
                core.certificate, core.private_key = identity.certificate, identity.key
                core.certificate_validator = TrustList(self._state).check
            server = Server(iserver=core)
            publisher = await self._build(server, core)
        try:
            await self._listen(server, core, identity)
        except BaseException:
            if self._conditions is not None:
                self._conditions.close()
            if self._restarts is not None:
                await self._restarts.stop()
            await _stop_core(core)
            gc.unfreeze()
            raise
        self._server, self._publisher = server, publisher
        publisher.start()
        if self._diagnostics is not None:
            self._diagnostics.start()

    async def stop(self) -> None:
        """Close the port and all sessions; a second call does nothing."""
        server, self._server = self._server, None
        publisher, self._publisher = self._publisher, None
        restarts, self._restarts = self._restarts, None
        if restarts is not None:
            await restarts.stop()
        if server is None or publisher is None:
            return
        await publisher.stop()
        if self._diagnostics is not None:
            await self._diagnostics.stop()
        if self._conditions is not None:
            self._conditions.close()
        core = server.iserver
        assert isinstance(core, Core)
        for session in tuple(core.sessions.values()):
            await session.close_session(True)
        transports = tuple(core.asyncio_transports)
        closing = asyncio.ensure_future(server.bserver.stop())
        await asyncio.wait((closing,), timeout=CLOSING_TIME)
        for transport in transports:
            transport.abort()  # of a client that does not fetch its answers
        await closing
        await _stop_core(core)
        gc.unfreeze()

    async def catch_up(self) -> None:
        """Return when clients can read the newest image there is at the time of the call, or a newer one."""
        if self._publisher is not None:
            await self._publisher.catch_up()

    async def write_nodeset(self, path: Path) -> int:
        """Write the plant's address space as a NodeSet2 file, without listening; the number of nodes. OSError."""
        core = Core(Users.insecure(), named_users=False)
        await self._build(Server(iserver=core), core, has_history)
        try:
            assert core.services is not None
            namespace = next(iter(core.services.tags)).NamespaceIndex
            return write_nodeset(core.aspace, namespace, path, frozenset(core.services.tags))
        finally:
            if self._conditions is not None:
                self._conditions.close()

    def _open_state(self) -> tuple[Users, Identity]:
        self._state.mkdir(mode=0o700, parents=True, exist_ok=True)
        users = Users.open(self._state)
        if self._guest is not None:
            users.admit(self._guest)
        return users, open_identity(self._state)

    async def _build(self, server: Server, core: Core, historized: Callable[[Tag], bool] | None = None) -> Publisher:
        """Address space and services. historized: which tags say that they have a history, by default those that do."""
        engine = self._engine
        fast = opcua_seam.install(core, core.aspace)
        await server.init()
        opcua_node_data.share(core.aspace)
        await server.set_application_uri(application_uri())
        await server.set_build_info(
            "urn:plantsim", "plantsim", engine.plant.title, version("plantsim"), "0", datetime.now(UTC)
        )
        batch = NodeBatch(await server.register_namespace(opcua_space.NAMESPACE))
        history = self._history
        kept = historized or (lambda tag: history is not None and bool(history.series_of(tag.name)))
        nodes = opcua_space.build(batch, engine, kept)
        opcua_procedures.build(batch, engine, nodes.objects)
        opcua_interlocks.build(batch, engine, nodes.objects)
        opcua_methods.build(batch, nodes.simulation)
        opcua_lists.build(batch, nodes.simulation)
        opcua_hands.build(batch)
        opcua_forcing.build(batch, nodes.simulation)
        opcua_failure.build(batch, nodes.simulation)
        alarm_nodes = [opcua_alarms.build(batch, alarm, nodes.objects[alarm.object]) for alarm in engine.alarms]
        if history is not None:
            opcua_history.build(batch)
        if self._training is not None:
            opcua_training.build(batch)
        batch.add_to(core.aspace)
        if history is not None:
            await opcua_history.announce(core.aspace)
            await opcua_event_history.announce(core.aspace, batch.namespace)
        if fast:
            await opcua_browse.announce(core.aspace)
            await opcua_limits.announce(core.aspace)

        async def tell(event: Event) -> None:
            if history is not None:
                opcua_event_history.keep(history, event, batch.namespace)
            await opcua_notify.notify_event(core, event)

        conditions = opcua_alarms.Conditions(
            engine,
            core.aspace,
            alarm_nodes,
            lambda alarm: nodes.notifiers[alarm.object],
            tell,
        )
        self._conditions = conditions
        table = LiveTable(engine.tags, engine.image)
        node_of = {tag.row: node for node, tag in nodes.tags.items()}
        outlet: Outlet
        if fast:
            doubles = frozenset(tag.row for tag in nodes.tags.values() if tag.type is ValueType.FLOAT)
            outlet = LiveOutlet(core.aspace, table, node_of, doubles)
        else:
            outlet = StoredOutlet(core.aspace, table, node_of)
            for row in node_of:
                await outlet.push(row, table.read(row))
        failure = opcua_failure.FailureFace(
            batch, core.aspace, engine, lambda event: opcua_notify.notify_event(core, event)
        )
        listeners: list[Listener] = [_at_scenarios(engine, core), conditions.publish, failure.publish]
        methods: dict[ua.NodeId, opcua_methods.Method] = {}
        if self._training is not None:
            face = opcua_training.TrainingFace(
                batch, core.aspace, self._training, lambda event: opcua_notify.notify_event(core, event)
            )
            listeners.append(face.publish)
            methods.update(face.methods())
        publisher = Publisher(engine, table, outlet, listeners)
        for listener in listeners:
            if (rest := listener(table.image)) is not None:
                await rest
        if fast:
            # the last, so that messages have what the others tell
            listeners.append(lambda _: opcua_notify.scan_shown(core))
        methods.update(opcua_methods.simulation_methods(batch, engine, publisher))
        methods.update(opcua_lists.methods(batch, engine))
        methods.update(opcua_hands.methods(batch, engine))
        methods.update(opcua_forcing.methods(batch, engine))
        methods.update(opcua_methods.condition_methods(conditions))

        async def refresh(subscription: int, item: int | None, session: ua.NodeId) -> int:
            events = (refresh_mark(REFRESH_START), *conditions.retained(), refresh_mark(REFRESH_END))
            return await opcua_notify.notify_again(core, subscription, item, session, events)

        methods.update(opcua_methods.refresh_methods(refresh))
        hidden = Hidden(engine, batch.namespace, lambda: self._training is not None and self._training.session is None)
        core.services = Services(
            nodes.tags,
            Writes(engine, core.aspace, nodes.tags),
            opcua_methods.Methods(core.aspace, methods),
            HistoryReads(
                history,
                nodes.tags,
                core.aspace,
                EventReads(history, batch.namespace, subtypes(core.aspace)) if history is not None else None,
            ),
            hidden,
            BatchReads(table, nodes.tags, hidden.ever) if fast else None,
            PRIVATE,
            Audit(
                lambda event, may: opcua_notify.hear(core, event, may),
                lambda may: opcua_notify.is_heard(core, may),
                hidden,
                application_uri(),
            )
            if fast
            else None,
        )
        if fast:
            self._diagnostics = Diagnostics(core, core.aspace)
            core.disabled_clock = True  # there is one that costs nothing while nobody looks
            auditing = ua.DataValue(ua.Variant(True, ua.VariantType.Boolean))
            await core.aspace.write_attribute_value(
                ua.NodeId(ua.ObjectIds.Server_Auditing), ua.AttributeIds.Value, auditing
            )
        return publisher

    async def _listen(self, server: Server, core: Core, identity: Identity | None) -> None:
        """Open the port. Done by hand: the library's own start prints a traceback when the port is in use."""
        await core.start()
        if self._diagnostics is not None:
            self._diagnostics.show_clock(core.aspace)
        try:
            assert core.services is not None
            kind = BinaryServer  # to which the wire has no access: of an asyncua other than the one known here
            if core.services.batch is not None:
                kind = Connections if self._wire is None else WiredServer
            bound = kind(core, await self._address(), self._port, limits())
            if isinstance(bound, WiredServer) and self._wire is not None:
                bound.clients_on_wire = Clients(self._wire, "opcua")
                self._restarts = Restarts(self._engine, self._wire, "opcua", bound.restart)
            bound.set_policies(policies(identity, self._none_allowed))
            await bound.start()
        except OSError as error:
            # asyncio puts the address into the text, and the resolver has numbers of its own
            reason = error.strerror if isinstance(error, socket.gaierror) else os.strerror(error.errno or 0)
            text = f"OPC UA cannot listen on {self._host}:{self._port}: {reason}"
            raise CannotListen(error.errno, text) from error
        server.bserver = bound
        host = url_host(self._host)
        url = f"opc.tcp://{host}:{bound.port}{PATH}"
        application = ua.ApplicationDescription(
            ApplicationUri=application_uri(),
            ProductUri="urn:plantsim",
            ApplicationName=ua.LocalizedText(self._engine.plant.title),
            ApplicationType=ua.ApplicationType.Server,
            DiscoveryUrls=[url],
        )
        for endpoint in endpoints(url, application, identity, self._none_allowed):
            core.add_endpoint(endpoint)

    async def _address(self) -> str:
        """What to bind to. A name may stand for several addresses, which cannot share a port that is chosen freely."""
        if self._port != 0:
            return self._host
        found = await asyncio.get_running_loop().getaddrinfo(self._host, 0, type=socket.SOCK_STREAM)
        return str(found[0][4][0])


def _at_scenarios(engine: Engine, core: Core) -> Listener:
    """Takes from the subscriptions of all sessions what a scenario hides, when one begins."""
    was_in_scenario = False

    def withdraw(_: ProcessImage) -> None:
        nonlocal was_in_scenario
        before, was_in_scenario = was_in_scenario, engine.in_scenario
        if was_in_scenario and not before:
            core.withdraw_hidden()

    return withdraw


async def _stop_core(core: Core) -> None:
    core.identities.close()
    # its clock would sleep on for up to a second
    clock, core.time_task = core.time_task, None
    if clock is not None:
        clock.cancel()
        with suppress(asyncio.CancelledError):
            await clock
    await core.stop()


@contextmanager
def _no_collection() -> Iterator[None]:
    """Build half a million objects that stay, out of the garbage collector's sight.

    It would double the time to build them, and afterwards stop the event loop for half a second with each full
    collection.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
        gc.freeze()
    finally:
        if enabled:
            gc.enable()
