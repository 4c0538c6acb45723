"""Connections of clients: asyncua's, with reads of many tags answered from plans, and browsing in parts."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import Any

from asyncua import ua
from asyncua.common.utils import ServiceError
from asyncua.server.binary_server_asyncio import BinaryServer, OPCUAProtocol
from asyncua.server.uaprocessor import UaProcessor
from asyncua.ua.ua_binary import struct_from_binary, struct_to_binary

from plantsim.serve.opcua_batch import BatchReads
from plantsim.serve.opcua_counters import SERVICES, SessionRecord
from plantsim.serve.opcua_session import MOST_OPERATIONS, Core, Session, check_size

_READ = ua.NodeId(ua.ObjectIds.ReadRequest_Encoding_DefaultBinary)
_BROWSE = ua.NodeId(ua.ObjectIds.BrowseRequest_Encoding_DefaultBinary)
_BROWSE_NEXT = ua.NodeId(ua.ObjectIds.BrowseNextRequest_Encoding_DefaultBinary)
_REGISTER = ua.NodeId(ua.ObjectIds.RegisterNodesRequest_Encoding_DefaultBinary)
_CLOSE = ua.NodeId(ua.ObjectIds.CloseSessionRequest_Encoding_DefaultBinary)
_PUBLISH = ua.NodeId(ua.ObjectIds.PublishRequest_Encoding_DefaultBinary)
_TRANSFERRED = ua.StatusCode(ua.StatusCodes.GoodSubscriptionTransferred)
_ACTIVATE = ua.NodeId(ua.ObjectIds.ActivateSessionRequest_Encoding_DefaultBinary)
_OURS = frozenset((_READ, _BROWSE_NEXT, _REGISTER))


class Processor(UaProcessor):
    """Answers the requests of one connection."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._farewells: list[ua.PublishResult] = []
        """Of subscriptions that are another session's by now."""

    def forsake(self, subscription: int, number: int) -> None:
        """Tell the client that another session has taken over one of its subscriptions; number: of the message."""
        self._publish_results_subs.pop(subscription, None)  # what it has to tell is not for this client any more
        message = ua.NotificationMessage(SequenceNumber=number, PublishTime=datetime.now(UTC))
        message.NotificationData.append(ua.StatusChangeNotification(Status=_TRANSFERRED))
        self._farewells.append(ua.PublishResult(SubscriptionId=subscription, NotificationMessage=message))
        if self._publish_requests and not self._transport.is_closing():
            waiting = self._publish_requests.popleft()
            self._bid_farewell(waiting.requesthdr, waiting.seqhdr, waiting.results)

    def _bid_farewell(self, requesthdr: Any, seqhdr: Any, results: list[ua.StatusCode]) -> None:
        response = ua.PublishResponse()
        response.Parameters = self._farewells.pop(0)
        response.Parameters.Results = results
        self.send_response(requesthdr.RequestHandle, seqhdr, response)

    async def _process_message(self, typeid: ua.NodeId, requesthdr: Any, seqhdr: Any, body: Any) -> bool:
        service = SERVICES.get(typeid)
        if typeid == _CLOSE and isinstance(self.session, Session):
            self.session.record.asked_to_close = True
        try:
            return await self._answer(typeid, requesthdr, seqhdr, body)
        except (ServiceError, ua.uaerrors.UaStatusCodeError) as error:
            self.iserver.tally.refused(service, self._record(), int(error.code))
            raise
        finally:
            self.iserver.tally.came(service, self._record())

    def _record(self) -> SessionRecord | None:
        return self.session.record if isinstance(self.session, Session) else None

    async def _answer(self, typeid: ua.NodeId, requesthdr: Any, seqhdr: Any, body: Any) -> bool:
        if typeid == _PUBLISH and self._farewells and isinstance(self.session, Session):
            acknowledged = struct_from_binary(ua.PublishParameters, body).SubscriptionAcknowledgements
            self._bid_farewell(requesthdr, seqhdr, self.session.acknowledge(acknowledged))
            return True
        if typeid == _ACTIVATE:
            await self._check_password(requesthdr, body)
        session = self.session
        # whom the library refuses, and what it does by itself, is left to it
        if typeid not in _OURS or not isinstance(session, Session) or session.services.batch is None:
            return bool(await super()._process_message(typeid, requesthdr, seqhdr, body))
        permissions = self._connection.security_policy.permissions
        as_browse = _BROWSE if typeid == _BROWSE_NEXT else typeid  # which the library's own rules do not know
        if permissions is not None and not permissions.check_validity(session.user, as_browse, body):
            raise ua.uaerrors.BadUserAccessDenied
        if not session.is_activated():
            raise ServiceError(ua.StatusCodes.BadSessionNotActivated)
        self.session_last_activity = time.monotonic()
        session.touch()
        if typeid == _READ:
            await self._read(session, session.services.batch, requesthdr, seqhdr, body)
        elif typeid == _BROWSE_NEXT:
            next_ = ua.BrowseNextResponse()
            next_.Parameters.Results = await session.browse_next(struct_from_binary(ua.BrowseNextParameters, body))
            self.send_response(requesthdr.RequestHandle, seqhdr, next_)
        else:
            nodes = struct_from_binary(ua.RegisterNodesParameters, body).NodesToRegister
            check_size(nodes)
            registered = ua.RegisterNodesResponse()
            registered.Parameters.RegisteredNodeIds = nodes  # a NodeId is as short as its tag's name
            self.send_response(requesthdr.RequestHandle, seqhdr, registered)
        return True

    async def _check_password(self, requesthdr: Any, body: Any) -> None:
        """Have a password looked at, and other connections served meanwhile."""
        # a client that has lost its connection comes back by another one
        session = self.session or self.iserver.lookup_external_session(requesthdr.AuthenticationToken)
        if session is not None and isinstance(self.iserver, Core):
            params = struct_from_binary(ua.ActivateSessionParameters, body.copy())
            await self.iserver.check_password(session, params, str(self.name[0]) if self.name else "")

    async def _read(self, session: Session, batch: BatchReads, requesthdr: Any, seqhdr: Any, body: Any) -> None:
        request = bytes(body.copy().read(len(body)))
        response = ua.ReadResponse()
        results = batch.answer(request)
        if results is None:
            params = struct_from_binary(ua.ReadParameters, body)
            batch.prepare(request, params, MOST_OPERATIONS)
            response.Results = await session.read(params)
            self.send_response(requesthdr.RequestHandle, seqhdr, response)
            return
        response.ResponseHeader.RequestHandle = requesthdr.RequestHandle
        empty = struct_to_binary(response)  # ends with the lengths of its results and of its diagnostics
        self._transport.write(
            self._connection.message_to_binary(empty[:-8] + results + empty[-4:], request_id=seqhdr.RequestId)
        )


class Protocol(OPCUAProtocol):
    """One connection."""

    processor: Any

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if self.processor is not None:  # it is None of a connection too many
            self.processor = Processor(self.iserver, self.transport, self.limits)
            self.processor.set_policies(self.policies)


class Connections(BinaryServer):
    """The port that clients connect to."""

    def _make_protocol(self) -> Protocol:
        return Protocol(
            iserver=self.iserver,
            policies=self._policies,
            clients=self.clients,
            closing_tasks=self.closing_tasks,
            limits=self.limits,
        )
