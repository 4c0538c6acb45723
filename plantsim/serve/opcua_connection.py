"""Connections of clients: asyncua's, with reads of many tags answered from plans, and browsing in parts."""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from struct import error as StructError
from traceback import walk_tb
from typing import Any

from asyncua import ua
from asyncua.common.connection import TransportLimits
from asyncua.common.utils import NotEnoughData, ServiceError
from asyncua.crypto.permission_rules import ADMIN_TYPES, USER_TYPES
from asyncua.crypto.security_policies import SecurityPolicyNone
from asyncua.server.binary_server_asyncio import BinaryServer, OPCUAProtocol
from asyncua.server.uaprocessor import PublishRequestData, UaProcessor
from asyncua.ua.ua_binary import (
    header_from_binary,
    nodeid_to_binary,
    struct_from_binary,
    struct_to_binary,
    uatcp_to_binary,
)

from plantsim.serve.opcua_batch import BatchReads
from plantsim.serve.opcua_counters import SERVICES, SessionRecord
from plantsim.serve.opcua_decoding import Body
from plantsim.serve.opcua_messages import Place, chunks, next_number, publish_request, publish_response
from plantsim.serve.opcua_session import MOST_OPERATIONS, Core, Session, check_size

log = logging.getLogger(__name__)

SHORT = 200
"""Characters of an error in the log."""
_READ = ua.NodeId(ua.ObjectIds.ReadRequest_Encoding_DefaultBinary)
_BROWSE = ua.NodeId(ua.ObjectIds.BrowseRequest_Encoding_DefaultBinary)
_BROWSE_NEXT = ua.NodeId(ua.ObjectIds.BrowseNextRequest_Encoding_DefaultBinary)
_REGISTER = ua.NodeId(ua.ObjectIds.RegisterNodesRequest_Encoding_DefaultBinary)
_UNREGISTER = ua.NodeId(ua.ObjectIds.UnregisterNodesRequest_Encoding_DefaultBinary)
_SET_TRIGGERING = ua.NodeId(ua.ObjectIds.SetTriggeringRequest_Encoding_DefaultBinary)
_CLOSE = ua.NodeId(ua.ObjectIds.CloseSessionRequest_Encoding_DefaultBinary)
_PUBLISH = ua.NodeId(ua.ObjectIds.PublishRequest_Encoding_DefaultBinary)
_TRANSFERRED = ua.StatusCode(ua.StatusCodes.GoodSubscriptionTransferred)
_ACTIVATE = ua.NodeId(ua.ObjectIds.ActivateSessionRequest_Encoding_DefaultBinary)
_TOO_LARGE = ua.StatusCodes.BadResponseTooLarge
CHUNK_OVERHEAD = 96
"""Bytes of a chunk that are not of its message, at most: headers, padding and signature."""
SMALLEST_BUFFER = 8192
"""Bytes of a chunk that every client and server can take (OPC 10000-6, 7.1.2.3)."""
HEADER = 8
"""Bytes of a message that say how long it is."""
MOST_WAITING = 50
"""Messages of a connection that are read before their turn."""
LARGEST_MESSAGE = 16 * 1024 * 1024
"""Bytes. asyncua's clients take it for the limit of answers, too."""
_OURS = frozenset((_READ, _BROWSE_NEXT, _REGISTER, _UNREGISTER, _SET_TRIGGERING))
_UNKNOWN_TO_LIBRARY = frozenset((_BROWSE_NEXT, _SET_TRIGGERING))
"""Services of ours that its rules of who may what do not name: who may browse."""
_SERVED = _OURS.union(map(ua.NodeId, (*ADMIN_TYPES, *USER_TYPES)))
"""All services that there are here. The library takes what its rules do not name for what nobody may do."""


class Processor(UaProcessor):
    """Answers the requests of one connection."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._farewells: list[ua.PublishResult] = []
        """Of subscriptions that are another session's by now."""
        self._token: tuple[Any, bytes] | None = None
        """The session whose publish requests are read here, and its encoded authentication token."""
        self._publisher: Any = None
        """The user who may publish, as the rules have last said."""

    async def close(self) -> None:
        """End with the connection, or the connection with a session that nobody uses."""
        await super().close()
        self._transport.abort()

    def take_publish(self, data: bytes) -> bool:
        """Keep a publish request; False where a message is for the library to read.

        That is all that are not as plain as nearly all are, those that can be answered already, and all that is wrong.
        """
        if self._token is None or self._publish_results_subs or self._farewells:
            return False
        (session, token), connection = self._token, self._connection
        policy, security = connection.security_policy, connection.security_token
        if type(policy) is not SecurityPolicyNone or session is not self.session or not session.is_activated():
            return False
        request = publish_request(data, security.ChannelId, security.TokenId, token)
        if (
            request is None
            or request.SequenceNumber - 1 != connection._peer_sequence_number
            or connection._incoming_parts
            or not self._may_publish(session.user, policy.permissions)
        ):
            return False
        subscriptions = session.count_subscriptions()
        if not subscriptions:
            return False
        connection._peer_sequence_number = request.SequenceNumber
        self.session_last_activity = time.monotonic()
        session.touch()
        self.iserver.tally.came("Publish", session.record)
        if len(self._publish_requests) >= self.publish_request_limit(subscriptions):
            self._evict_publish_request()
        results = session.acknowledge_all(request.acknowledged)
        self._publish_requests.append(PublishRequestData(request, request, results))
        return True

    def _may_publish(self, user: Any, permissions: Any) -> bool:
        """Whether a user may; the rules of a connection do not change, users do when somebody else logs in."""
        if user is not self._publisher:
            if permissions is not None and not permissions.check_validity(user, _PUBLISH, None):
                return False
            self._publisher = user
        return True

    async def forward_publish_response(self, result: ua.PublishResult, requestdata: PublishRequestData) -> None:
        """Send what a subscription has to tell as the answer to a request that waited."""
        handle = requestdata.requesthdr.RequestHandle
        body = publish_response(result, requestdata.results, handle)
        if not self._is_too_large(sum(map(len, body))):
            self._send(body, requestdata.seqhdr.RequestId)
            return
        fault = ua.ServiceFault()
        fault.ResponseHeader.ServiceResult = ua.StatusCode(_TOO_LARGE)
        self.send_response(handle, requestdata.seqhdr, fault)

    def tell(self, make: Callable[[Place, Sequence[ua.StatusCode], int], bytes | None]) -> bool:
        """Answer the publish request that waits longest by a message in one chunk; False where that cannot be.

        make: the message at a place, with the results of acknowledgements, of so many bytes at most; None where there
        is none. Nothing is taken or sent then.
        """
        connection = self._connection
        if (
            not self._publish_requests
            or type(connection.security_policy) is not SecurityPolicyNone
            or self._transport.is_closing()
        ):
            return False
        waiting = self._publish_requests[0]
        if waiting.has_timed_out(time.monotonic()):
            return False
        security, number = connection.security_token, next_number(connection._sequence_number)
        place = Place(
            security.ChannelId, security.TokenId, number, waiting.seqhdr.RequestId, waiting.requesthdr.RequestHandle
        )
        message = make(place, waiting.results, connection._limits.max_send_buffer)
        if message is None:
            return False
        self._publish_requests.popleft()
        connection._sequence_number = number
        self._transport.write(message)
        return True

    @property
    def largest_answer(self) -> int:
        """Bytes of an answer's body that the client takes, by its Hello; 0 for any number.

        MaxResponseMessageSize of CreateSession, which a server should keep to, is not among them: node-opcua's client
        always asks for 800,000 there, takes whatever comes, and reads and browses a whole plant in one request.
        """
        limits = self._connection._limits
        if not (limits.largest_answer or limits.most_chunks):
            return 0
        told = (limits.largest_answer, limits.most_chunks * (limits.max_send_buffer - CHUNK_OVERHEAD))
        return min((one for one in told if one > 0), default=0)

    def _is_too_large(self, size: int) -> bool:
        return 0 < self.largest_answer < size

    def send_response(
        self, requesthandle: int, seqhdr: Any, response: Any, msgtype: Any = ua.MessageType.SecureMessage
    ) -> None:
        """Send an answer, or raise ServiceError where it is larger than the client takes."""
        if msgtype != ua.MessageType.SecureMessage:
            super().send_response(requesthandle, seqhdr, response, msgtype)
            return
        response.ResponseHeader.RequestHandle = requesthandle
        body = struct_to_binary(response)
        if not isinstance(response, ua.ServiceFault | ua.PublishResponse) and self._is_too_large(len(body)):
            raise ServiceError(_TOO_LARGE)
        self._send((body,), seqhdr.RequestId)

    def _send(self, body: Sequence[bytes], request: int) -> None:
        """Send an answer. body: in parts."""
        if self._transport.is_closing():  # the client is gone: nobody waits for it, and uvloop would raise
            return
        connection = self._connection
        if type(connection.security_policy) is not SecurityPolicyNone:
            self._transport.write(connection.message_to_binary(b"".join(body), request_id=request))
            return
        security, largest = connection.security_token, connection._limits.max_send_buffer
        number = connection._sequence_number
        message, number = chunks(body, largest, security.ChannelId, security.TokenId, number, request)
        connection._sequence_number = number
        self._transport.write(message)

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

    async def process_message(self, seqhdr: Any, body: Any) -> bool:
        return bool(await super().process_message(seqhdr, Body(bytes(body))))

    def open_secure_channel(self, algohdr: Any, seqhdr: Any, body: Any) -> None:
        super().open_secure_channel(algohdr, seqhdr, Body(bytes(body)))

    async def _process_message(self, typeid: ua.NodeId, requesthdr: Any, seqhdr: Any, body: Any) -> bool:
        service = SERVICES.get(typeid)
        if typeid == _CLOSE and isinstance(self.session, Session):
            self.session.record.asked_to_close = True
        try:
            return await self._answer(typeid, requesthdr, seqhdr, body)
        except (ServiceError, ua.uaerrors.UaStatusCodeError) as error:
            self.iserver.tally.refused(service, self._record(), int(error.code))
            raise
        except Exception as error:  # of whatever kind: a structure within another ends in a TypeError
            if not _is_of_decoding(error):
                raise
            self.iserver.tally.refused(service, self._record(), ua.StatusCodes.BadDecodingError)
            raise ServiceError(ua.StatusCodes.BadDecodingError) from error
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
        if session is not None and typeid not in _SERVED:
            raise ServiceError(ua.StatusCodes.BadServiceUnsupported)
        if typeid == _PUBLISH and isinstance(session, Session) and (self._token is None or self._token[0] != session):
            self._token = session, nodeid_to_binary(requesthdr.AuthenticationToken)
        # whom the library refuses, and what it does by itself, is left to it
        if typeid not in _OURS or not isinstance(session, Session) or session.services.batch is None:
            return bool(await super()._process_message(typeid, requesthdr, seqhdr, body))
        permissions = self._connection.security_policy.permissions
        as_known = _BROWSE if typeid in _UNKNOWN_TO_LIBRARY else typeid
        if permissions is not None and not permissions.check_validity(session.user, as_known, body):
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
        elif typeid == _SET_TRIGGERING:
            triggering = ua.SetTriggeringResponse()
            triggering.Parameters = session.set_triggering(struct_from_binary(ua.SetTriggeringParameters, body))
            self.send_response(requesthdr.RequestHandle, seqhdr, triggering)
        elif typeid == _UNREGISTER:
            check_size(struct_from_binary(ua.UnregisterNodesParameters, body).NodesToUnregister)
            self.send_response(requesthdr.RequestHandle, seqhdr, ua.UnregisterNodesResponse())
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
        answer = (empty[:-8], results, empty[-4:])
        if self._is_too_large(sum(map(len, answer))):
            raise ServiceError(_TOO_LARGE)
        self._send(answer, seqhdr.RequestId)


def _is_of_decoding(error: Exception) -> bool:
    """Whether it was a request that could not be read, and not what was done with it."""
    return _is_of(error, "struct_from_binary")


def _is_of(error: Exception, function: str) -> bool:
    """Whether it came up in a function of the library."""
    return any(frame.f_code.co_name == function for frame, _ in walk_tb(error.__traceback__))


class _Refusals(logging.Filter):
    """Keeps out of the log what the library says of each request that is refused: it is told, and counted."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not str(record.msg).startswith("sending service fault response")


logging.getLogger(UaProcessor.__module__).addFilter(_Refusals())


class Limits(TransportLimits):
    """Of what a client may send at once, and of what it may ask for."""

    largest_answer = 0
    """Bytes of an answer's body that the client takes; 0 for any number."""
    most_chunks = 0
    """Of an answer; 0 for any number."""

    def create_acknowledge_and_set_limits(self, msg: ua.Hello) -> ua.Acknowledge:
        """Take a client's limits, its buffers as large as they have to be (OPC 10000-6, 7.1.2.3).

        Its limits of messages are of answers; what is acknowledged are those of requests, which are ours.
        """
        self.largest_answer, self.most_chunks = msg.MaxMessageSize, msg.MaxChunkCount
        msg.MaxMessageSize = msg.MaxChunkCount = 0
        msg.ReceiveBufferSize = max(msg.ReceiveBufferSize, SMALLEST_BUFFER)
        msg.SendBufferSize = max(msg.SendBufferSize, SMALLEST_BUFFER)
        return super().create_acknowledge_and_set_limits(msg)


def limits() -> Limits:
    """The server's."""
    return Limits(max_chunk_count=LARGEST_MESSAGE // SMALLEST_BUFFER, max_message_size=LARGEST_MESSAGE)


class Protocol(OPCUAProtocol):
    """One connection."""

    processor: Any
    _buffer: bytes

    def __init__(self, **parts: Any) -> None:
        super().__init__(**parts)
        self._writable = asyncio.Event()
        self._writable.set()
        self._is_deaf = False
        """Whether what the client sends stays where it is."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        _give_up_the_dead(transport)
        super().connection_made(transport)
        if self.processor is not None:  # it is None of a connection too many
            self.processor = Processor(self.iserver, self.transport, self.limits)
            self.processor.set_policies(self.policies)

    def pause_writing(self) -> None:
        """Do nothing for a client that does not fetch its answers; what it sends waits with TCP."""
        self._writable.clear()
        self._stop_listening()

    def resume_writing(self) -> None:
        """Go on with what waits, and listen again after that."""
        self._writable.set()
        self._listen_again()

    def _stop_listening(self) -> None:
        self._is_deaf = True
        if self.transport is not None:
            self.transport.pause_reading()

    def _listen_again(self) -> None:
        """Listen, unless something waits still."""
        if not self._is_deaf or not self._writable.is_set() or not self.messages.empty():
            return
        if self.transport is not None and not self.transport.is_closing():
            self._is_deaf = False
            self._take_messages()
            if not self._is_deaf:
                self.transport.resume_reading()

    async def _process_one_msg(self, header: Any, buf: Any) -> bool:
        await self._writable.wait()
        try:
            return bool(await super()._process_one_msg(header, buf))
        except Exception as error:
            # of a signature or a certificate, the errors are of many kinds
            is_of_security = _is_of(error, "receive_from_header_and_body")
            if not is_of_security and not isinstance(error, StructError | NotEnoughData | ValueError | ua.UaError):
                raise
            # there is no request that it could be the answer to
            why = str(error)[:SHORT] or type(error).__name__
            log.warning("OPC UA: %s sent what is no message, and is cut off: %s", self.peer_name, why)
            is_of_channel = not isinstance(error, NotEnoughData | StructError) and (
                is_of_security or isinstance(error, ua.UaError)
            )
            self._refuse(ua.StatusCodes.BadSecurityChecksFailed if is_of_channel else ua.StatusCodes.BadDecodingError)
            return False
        finally:
            self._listen_again()
            if not self.messages.empty():
                await asyncio.sleep(0)  # others have their turn before this client's next request

    def data_received(self, data: bytes) -> None:
        self._buffer = self._buffer + data if self._buffer else data
        self._take_messages()

    def _take_messages(self) -> None:
        """Take the whole messages out of what has come, as many as may wait.

        The library keeps of everything that came at once a copy for each message in it, and collects what a header
        promises, whatever it is.
        """
        data, at = self._buffer, 0
        while len(data) - at >= HEADER and not self._is_deaf:
            size = int.from_bytes(data[at + 4 : at + HEADER], "little")
            if not HEADER < size <= self.limits.max_recv_buffer:
                self._refuse(ua.StatusCodes.BadTcpMessageTooLarge)
                return
            if len(data) - at < size:
                break
            self._take(data[at : at + size])
            at += size
        self._buffer = data[at:]

    def _take(self, message: bytes) -> None:
        # in their turn: not before what came earlier
        if self.messages.empty() and self.processor is not None and self.processor.take_publish(message):
            return
        buffer = Body(message)
        try:
            header = header_from_binary(buffer)
        except NotEnoughData:
            self._refuse(ua.StatusCodes.BadDecodingError)
            return
        self.messages.put_nowait((header, buffer))
        if self.messages.qsize() >= MOST_WAITING:
            self._stop_listening()

    def _refuse(self, status: int) -> None:
        """End a connection on which it is not clear any more where a message begins."""
        self._is_deaf = True
        self._buffer = b""
        if self.transport is not None:
            self.transport.write(uatcp_to_binary(ua.MessageType.Error, ua.ErrorMessage(ua.StatusCode(status), "")))
            self.transport.close()


def _give_up_the_dead(transport: asyncio.BaseTransport) -> None:
    """Let the system find out that a client is gone that did not say so."""
    connected = transport.get_extra_info("socket")
    if connected is None:
        return
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 6)):  # s, s, count
        if (option := getattr(socket, name, None)) is not None:
            connected.setsockopt(socket.IPPROTO_TCP, option, value)


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
