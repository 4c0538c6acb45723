"""Connections of clients: asyncua's, with reads of many tags answered from plans."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from asyncua import ua
from asyncua.server.binary_server_asyncio import BinaryServer, OPCUAProtocol
from asyncua.server.uaprocessor import UaProcessor
from asyncua.ua.ua_binary import struct_from_binary, struct_to_binary

from plantsim.serve.opcua_session import MOST_OPERATIONS, Session

_READ = ua.NodeId(ua.ObjectIds.ReadRequest_Encoding_DefaultBinary)


class Processor(UaProcessor):
    """Answers the requests of one connection."""

    async def _process_message(self, typeid: ua.NodeId, requesthdr: Any, seqhdr: Any, body: Any) -> bool:
        session, permissions = self.session, self._connection.security_policy.permissions
        # whom the library refuses it is left to refuse
        if (
            typeid != _READ
            or not isinstance(session, Session)
            or session.services.batch is None
            or not session.is_activated()
            or (permissions is not None and not permissions.check_validity(session.user, typeid, body))
        ):
            return bool(await super()._process_message(typeid, requesthdr, seqhdr, body))
        self.session_last_activity = time.monotonic()
        session.touch()
        request = bytes(body.copy().read(len(body)))
        batch = session.services.batch
        response = ua.ReadResponse()
        results = batch.answer(request)
        if results is None:
            params = struct_from_binary(ua.ReadParameters, body)
            batch.prepare(request, params, MOST_OPERATIONS)
            response.Results = await session.read(params)
            self.send_response(requesthdr.RequestHandle, seqhdr, response)
            return True
        response.ResponseHeader.RequestHandle = requesthdr.RequestHandle
        empty = struct_to_binary(response)  # ends with the lengths of its results and of its diagnostics
        self._transport.write(
            self._connection.message_to_binary(empty[:-8] + results + empty[-4:], request_id=seqhdr.RequestId)
        )
        return True


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
