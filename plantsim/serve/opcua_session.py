"""Sessions: who a client is, and what its reads, writes and calls are answered with."""

from __future__ import annotations

import asyncio
import hmac
import logging
import math
import secrets
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from struct import error as StructError
from struct import unpack_from
from typing import Any, TypeVar

from asyncua import ua
from asyncua.common.utils import ServiceError
from asyncua.crypto import uacrypto
from asyncua.crypto.permission_rules import User
from asyncua.crypto.security_policies import SecurityPolicyAes256Sha256RsaPss, SecurityPolicyBasic256Sha256
from asyncua.server.internal_server import InternalServer
from asyncua.server.internal_session import InternalSession, SessionState

from plantsim.engine.command import Origin
from plantsim.model.tag import Role, Tag
from plantsim.serve import opcua_browse, opcua_owned, opcua_seam
from plantsim.serve.opcua_audit import Audit
from plantsim.serve.opcua_batch import BatchReads
from plantsim.serve.opcua_browse import BrowsePoints
from plantsim.serve.opcua_counters import SessionRecord, Tally
from plantsim.serve.opcua_hidden import UNKNOWN, Hides
from plantsim.serve.opcua_history import HistoryReads, Points
from plantsim.serve.opcua_identities import Identities, PlantUser
from plantsim.serve.opcua_limits import MOST_SESSIONS
from plantsim.serve.opcua_methods import Methods
from plantsim.serve.opcua_ranges import encoding_fault, part_of
from plantsim.serve.opcua_users import ANONYMOUS, Users
from plantsim.serve.opcua_writes import Writes

log = logging.getLogger(__name__)

MOST_UNACKNOWLEDGED = 100
"""Messages of a subscription that are kept for Republish: 10 s of a client that acknowledges nothing."""
MOST_OPERATIONS = 10_000
"""Of one request: what asyncua publishes in OperationLimits, and does not keep to."""

_DECRYPT = {
    SecurityPolicyBasic256Sha256.AsymmetricEncryptionURI: uacrypto.decrypt_rsa_oaep,
    SecurityPolicyAes256Sha256RsaPss.AsymmetricEncryptionURI: uacrypto.decrypt_rsa_oaep_sha256,
}

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")

_NO_SUBSCRIPTION = ua.StatusCode(ua.StatusCodes.BadSubscriptionIdInvalid)

_DENIED = ua.StatusCode(ua.StatusCodes.BadUserAccessDenied)

_READ, _WRITE = ua.AccessLevel.CurrentRead.mask, ua.AccessLevel.CurrentWrite.mask
_HISTORY = ua.AccessLevel.HistoryRead.mask


@dataclass(slots=True)
class Services:
    """What sessions answer from."""

    tags: Mapping[ua.NodeId, Tag]
    writes: Writes
    methods: Methods
    history: HistoryReads
    hides: Hides
    batch: BatchReads | None = None
    """Reads of many tags; None where the installed asyncua is another one."""
    private: frozenset[ua.NodeId] = frozenset()
    """Nodes whose values are for the instructor alone."""
    audit: Audit | None = None
    """None where the installed asyncua is another one."""


class Session(InternalSession):
    """A client's session."""

    services: Services
    history_points: Points
    browse_points: BrowsePoints
    record: SessionRecord
    iserver: Core

    @property
    def last_activity(self) -> float:
        """When it last asked for anything, on the monotonic clock, s."""
        return float(self._last_activity)

    @property
    def origin(self) -> Origin:
        """Who acts, for permission and journal."""
        user = self.user
        if not isinstance(user, PlantUser):  # not activated yet
            return Origin(Role.OBSERVER, ANONYMOUS, "opcua")
        return Origin(user.plant_role, user.name or ANONYMOUS, "opcua")

    @property
    def application(self) -> str:
        """Which application a client says it is."""
        return self.record.request.ClientDescription.ApplicationUri or ""

    async def create_session(
        self, params: ua.CreateSessionParameters, sockname: tuple[str, int] | None = None
    ) -> ua.CreateSessionResult:
        """Open the session for the holder of the channel's certificate (OPC 10000-4, 5.7.2).

        What the client names besides is no proof of anything: one that differs is refused, without security any is
        ignored, and one that is missing does not go past the trust list.
        """
        certificate = opcua_seam.channel_certificate(self.iserver, self)
        if certificate is not None and params.ClientCertificate not in (None, b"", certificate):
            raise ServiceError(ua.StatusCodes.BadCertificateInvalid)
        params.ClientCertificate = certificate
        self.record.request = params
        result = await super().create_session(params, sockname)
        self.iserver.tally.sessions += 1
        self._audit_session("CreateSession")
        return result

    async def close_session(self, delete_subs: bool = True) -> None:
        """End the session."""
        was_open = self.state != SessionState.Closed
        timed_out = time.monotonic() - self.last_activity >= (self.session_timeout or math.inf)
        await super().close_session(delete_subs)
        if was_open and not self.record.asked_to_close:
            self.iserver.tally.sessions_timed_out += timed_out
            self.iserver.tally.sessions_aborted += not timed_out
        if was_open:
            self._audit_session("CloseSession")

    def _audit(self) -> Audit | None:
        """Where what is done is told, if anybody listens."""
        audit = self.services.audit
        return audit if audit is not None and audit.is_heard() else None

    def _audit_session(self, service: str, origin: Origin | None = None, code: int = ua.StatusCodes.Good) -> None:
        audit = self._audit()
        if audit is not None:
            audit.session(service, self.session_id, origin or self.origin, code)

    async def read(self, params: ua.ReadParameters) -> list[ua.DataValue]:
        """Read, with what this session may do in UserAccessLevel and UserExecutable."""
        if params.MaxAge < 0:
            raise ServiceError(ua.StatusCodes.BadMaxAgeInvalid)
        check_size(params.NodesToRead)
        results = await super().read(params)
        for index, item in enumerate(params.NodesToRead):
            if item.AttributeId == ua.AttributeIds.UserAccessLevel and item.NodeId in self.services.tags:
                role = self.services.tags[item.NodeId].role
                level = _READ if role is None or self.origin.role < role else _READ | _WRITE
                level |= _HISTORY if self.services.history.has(item.NodeId) else 0
                results[index] = ua.DataValue(ua.Variant(level, ua.VariantType.Byte))
            elif item.AttributeId == ua.AttributeIds.UserExecutable:
                needed = self.services.methods.role(item.NodeId)
                if needed is not None:
                    may = self.origin.role >= needed
                    results[index] = ua.DataValue(ua.Variant(may, ua.VariantType.Boolean))
            if item.IndexRange:
                results[index] = part_of(results[index], item.IndexRange)
            fault = encoding_fault(item)
            if fault is not None and results[index].Value is not None:
                results[index] = ua.DataValue(StatusCode=ua.StatusCode(fault))
            if self._denies(item.NodeId):
                if item.AttributeId == ua.AttributeIds.Value:
                    results[index] = ua.DataValue(StatusCode=_DENIED)
                elif item.AttributeId == ua.AttributeIds.UserAccessLevel:
                    results[index] = ua.DataValue(ua.Variant(0, ua.VariantType.Byte))
            if self._hides(item.NodeId):
                results[index] = ua.DataValue(StatusCode=UNKNOWN)
        return [_with_timestamps(result, params.TimestampsToReturn) for result in results]

    async def write(self, params: ua.WriteParameters) -> list[ua.StatusCode]:
        """Write: nothing but tags, and those through the engine."""
        check_size(params.NodesToWrite)

        async def write(items: list[ua.WriteValue]) -> list[ua.StatusCode]:
            return self.services.writes.write(items, self.origin)

        audit = self._audit()
        old = [
            self.aspace.read_attribute_value(item.NodeId, item.AttributeId) if audit is not None else None
            for item in params.NodesToWrite
        ]
        answers = await self._of_seen(params.NodesToWrite, lambda item: item.NodeId, write, lambda: UNKNOWN)
        if audit is not None:
            for item, before, answer in zip(params.NodesToWrite, old, answers, strict=True):
                audit.wrote(item, before, answer, self.origin)
        return answers

    async def call(self, params: list[ua.CallMethodRequest]) -> list[ua.CallMethodResult]:
        """Call: nothing but the methods that the plant has."""
        check_size(params)
        results: list[ua.CallMethodResult] = []
        for request in params:
            if self._hides(request.MethodId) or self._hides(request.ObjectId):
                results.append(ua.CallMethodResult(StatusCode=UNKNOWN))
            else:
                results.append(await self.services.methods.call(request, self.origin, self.session_id))
            audit = self._audit()
            if audit is not None:
                audit.called(request, results[-1].StatusCode, self.origin)
        return results

    async def history_read(self, params: ua.HistoryReadParameters) -> list[ua.HistoryReadResult]:
        """Read history, in a thread: it is in a file."""
        check_size(params.NodesToRead)

        async def read(items: list[ua.HistoryReadValueId]) -> list[ua.HistoryReadResult]:
            asked = replace(params, NodesToRead=items)
            return await asyncio.to_thread(self.services.history.read, asked, self.history_points)

        return await self._of_seen(
            params.NodesToRead, lambda item: item.NodeId, read, lambda: ua.HistoryReadResult(StatusCode=UNKNOWN)
        )

    # ------------------------------------------------------------------ what is not there for everybody

    def _hides(self, node: ua.NodeId) -> bool:
        user = self.user
        return self.services.hides(node, user.plant_role if isinstance(user, PlantUser) else Role.OBSERVER)

    def _denies(self, node: ua.NodeId) -> bool:
        """Whether a node is there, but its value is not for this session."""
        return node in self.services.private and self.origin.role < Role.INSTRUCTOR

    async def _of_seen(
        self,
        items: Sequence[Asked],
        node_of: Callable[[Asked], ua.NodeId],
        ask: Callable[[list[Asked]], Awaitable[list[Answer]]],
        unknown: Callable[[], Answer],
    ) -> list[Answer]:
        """Ask for the items whose nodes are there for this session, all at once; the others are unknown."""
        hidden = [self._hides(node_of(item)) for item in items]
        seen = [item for item, is_hidden in zip(items, hidden, strict=True) if not is_hidden]
        answers = iter(await ask(seen) if seen else ())
        return [unknown() if is_hidden else next(answers) for is_hidden in hidden]

    async def browse(self, params: ua.BrowseParameters) -> list[ua.BrowseResult]:
        """Browse, past what is hidden, as many references at a time as the client asks for."""
        if not params.View.ViewId.is_null():  # there are none
            raise ServiceError(ua.StatusCodes.BadViewIdUnknown)
        check_size(params.NodesToBrowse)
        results: list[ua.BrowseResult] = await super().browse(params)
        for asked, result in zip(params.NodesToBrowse, results, strict=True):
            if asked.NodeId not in self.aspace or self._hides(asked.NodeId):
                result.StatusCode, result.References = UNKNOWN, []
            elif (fault := opcua_browse.fault(asked, self.aspace)) is not None:
                result.StatusCode, result.References = ua.StatusCode(fault), []
            else:
                seen = [one for one in result.References if not self._hides(one.NodeId)]
                result.References = opcua_browse.masked(seen, int(asked.ResultMask))
        if self.services.batch is not None:  # another asyncua's connections would not let anybody ask for the rest
            self.browse_points.shorten(results, params.RequestedMaxReferencesPerNode)
        return results

    async def browse_next(self, parameters: ua.BrowseNextParameters) -> list[ua.BrowseResult]:
        """Go on where browsing left off, or say that nobody wants to."""
        points = self.browse_points
        check_size(parameters.ContinuationPoints)
        return [
            points.release(point or b"")
            if parameters.ReleaseContinuationPoints
            else points.next(point or b"", self._hides)
            for point in parameters.ContinuationPoints
        ]

    async def translate_browsepaths_to_nodeids(self, params: list[ua.BrowsePath]) -> list[ua.BrowsePathResult]:
        """Follow browse paths; those that end at or start from what is hidden lead nowhere."""
        check_size(params)
        results: list[ua.BrowsePathResult] = await super().translate_browsepaths_to_nodeids(params)
        for path, result in zip(params, results, strict=True):
            if self._hides(path.StartingNode) or any(self._hides(one.TargetId) for one in result.Targets):
                result.StatusCode, result.Targets = ua.StatusCode(ua.StatusCodes.BadNoMatch), []
        return results

    async def create_monitored_items(
        self, params: ua.CreateMonitoredItemsParameters
    ) -> list[ua.MonitoredItemCreateResult]:
        """Watch values and events."""
        self._check_owned(params.SubscriptionId)
        check_size(params.ItemsToCreate)
        create = super().create_monitored_items

        async def watch(items: list[ua.MonitoredItemCreateRequest]) -> list[ua.MonitoredItemCreateResult]:
            allowed = [one for one in items if not self._denies(one.ItemToMonitor.NodeId)]
            made = iter(await create(replace(params, ItemsToCreate=allowed)) if allowed else ())
            denied = ua.MonitoredItemCreateResult(StatusCode=_DENIED)
            return [denied if self._denies(one.ItemToMonitor.NodeId) else next(made) for one in items]

        return await self._of_seen(
            params.ItemsToCreate,
            lambda item: item.ItemToMonitor.NodeId,
            watch,
            lambda: ua.MonitoredItemCreateResult(StatusCode=UNKNOWN),
        )

    def withdraw_hidden(self) -> None:
        """Let no item of this session go on showing what is hidden from it by now."""
        for subscription in self._owned():
            opcua_owned.withdraw(subscription, self._hides, UNKNOWN)

    def activate_session(
        self, params: ua.ActivateSessionParameters, peer_certificate: bytes | None
    ) -> ua.ActivateSessionResult:
        """Log in, perhaps as another user than before."""
        try:
            result = super().activate_session(params, peer_certificate)
        except (ServiceError, ua.UaStatusCodeError) as refused:
            name = getattr(params.UserIdentityToken, "UserName", None) or ANONYMOUS
            self._audit_session("ActivateSession", Origin(Role.OBSERVER, name, "opcua"), refused.code)
            raise
        self._audit_session("ActivateSession")
        self.record.log_in(params, self.origin.user)
        for subscription in self._owned():
            opcua_owned.own(subscription, self.origin, self.application)
        self.withdraw_hidden()
        return result

    # ------------------------------------------------------------------ whose subscriptions they are

    def _owned(self) -> list[Any]:
        """The subscriptions of this session."""
        found, mine = tuple(self.subscription_service.subscriptions.values()), self.session_id
        # NodeIds take long to compare, and mostly it is the same object
        return [one for one in found if one.session_id is mine or one.session_id == mine]

    def _owns(self, subscription: int) -> bool:
        found = self.subscription_service.subscriptions.get(subscription)
        mine = self.session_id
        return found is not None and bool(found.session_id is mine or found.session_id == mine)

    def _check_owned(self, subscription: int) -> None:
        if not self._owns(subscription):
            raise ServiceError(ua.StatusCodes.BadSubscriptionIdInvalid)

    async def _of_owned(
        self, ids: Sequence[int], ask: Callable[[list[int]], Awaitable[list[ua.StatusCode]]]
    ) -> list[ua.StatusCode]:
        check_size(ids)
        owned = [self._owns(one) for one in ids]
        answers = iter(await ask([one for one, is_owned in zip(ids, owned, strict=True) if is_owned]))
        return [next(answers) if is_owned else _NO_SUBSCRIPTION for is_owned in owned]

    async def create_subscription(
        self,
        params: ua.CreateSubscriptionParameters,
        callback: Callable[..., Any],
        request_callback: Callable[..., Any] | None = None,
    ) -> ua.CreateSubscriptionResult:
        """Subscribe, as this user."""
        result = await super().create_subscription(params, callback, request_callback)
        made = self.subscription_service.subscriptions[result.SubscriptionId]
        opcua_owned.own(made, self.origin, self.application)
        self.iserver.tally.subscriptions += 1
        return result

    def modify_subscription(self, params: ua.ModifySubscriptionParameters) -> ua.ModifySubscriptionResult:
        """Change intervals and limits of a subscription of this session."""
        self._check_owned(params.SubscriptionId)
        result: ua.ModifySubscriptionResult = super().modify_subscription(params)
        return result

    async def delete_subscriptions(self, ids: list[int]) -> list[ua.StatusCode]:
        """End subscriptions of this session."""
        if not ids and self.state == SessionState.Closed:  # one that ends has none to end with it
            return []
        return await self._of_owned(ids, super().delete_subscriptions)

    async def set_publishing_mode(self, params: ua.SetPublishingModeParameters) -> list[ua.StatusCode]:
        """Let subscriptions of this session publish, or not."""
        change = super().set_publishing_mode
        return await self._of_owned(params.SubscriptionIds, lambda ids: change(replace(params, SubscriptionIds=ids)))

    async def modify_monitored_items(
        self, params: ua.ModifyMonitoredItemsParameters
    ) -> list[ua.MonitoredItemModifyResult]:
        """Change how something is watched."""
        self._check_owned(params.SubscriptionId)
        check_size(params.ItemsToModify)
        results: list[ua.MonitoredItemModifyResult] = await super().modify_monitored_items(params)
        return results

    async def delete_monitored_items(self, params: ua.DeleteMonitoredItemsParameters) -> list[ua.StatusCode]:
        """Watch something no longer."""
        self._check_owned(params.SubscriptionId)
        check_size(params.MonitoredItemIds)
        results: list[ua.StatusCode] = await super().delete_monitored_items(params)
        return results

    async def set_monitoring_mode(self, params: ua.SetMonitoringModeParameters) -> list[ua.StatusCode]:
        """Report, sample or do neither."""
        self._check_owned(params.SubscriptionId)
        check_size(params.MonitoredItemIds)
        results: list[ua.StatusCode] = await super().set_monitoring_mode(params)
        return results

    def set_triggering(self, params: ua.SetTriggeringParameters) -> ua.SetTriggeringResult:
        """Let items report when another one has something to tell."""
        self._check_owned(params.SubscriptionId)
        check_size([*(params.LinksToAdd or ()), *(params.LinksToRemove or ())])
        subscription: Any = self.subscription_service.subscriptions[params.SubscriptionId]
        result: ua.SetTriggeringResult = subscription.set_triggering(params)
        return result

    def publish(self, acks: Iterable[ua.SubscriptionAcknowledgement] | None = None) -> tuple[int, list[ua.StatusCode]]:
        """Take acknowledgements of this session's messages; how many subscriptions it has, and what of each came."""
        owned = self._owned()
        if not owned:
            raise ServiceError(ua.StatusCodes.BadNoSubscription)
        return len(owned), self.acknowledge(acks or ())

    def acknowledge(self, acks: Iterable[ua.SubscriptionAcknowledgement]) -> list[ua.StatusCode]:
        """Take acknowledgements of this session's messages; what of each came."""
        return self.acknowledge_all([(one.SubscriptionId, one.SequenceNumber) for one in acks])

    def acknowledge_all(self, acks: Iterable[tuple[int, int]]) -> list[ua.StatusCode]:
        """Take acknowledgements by subscription and sequence number; what of each came."""
        return [
            opcua_owned.acknowledge(self.subscription_service.subscriptions[subscription], number)
            if self._owns(subscription)
            else _NO_SUBSCRIPTION
            for subscription, number in acks
        ]

    def count_subscriptions(self) -> int:
        """Subscriptions of this session."""
        return len(self._owned())

    def republish(self, params: ua.RepublishParameters) -> ua.NotificationMessage:
        """A message of this session once more, for as long as it is not acknowledged."""
        self._check_owned(params.SubscriptionId)
        return opcua_owned.sent(
            self.subscription_service.subscriptions[params.SubscriptionId], params.RetransmitSequenceNumber
        )

    async def transfer_subscriptions(
        self, params: ua.TransferSubscriptionsParameters, callback: Callable[..., Any]
    ) -> list[ua.TransferResult]:
        """Take over subscriptions of another session of the same user, or of the same application without one."""
        check_size(params.SubscriptionIds)
        results: list[ua.TransferResult] = []
        for number in params.SubscriptionIds:
            found = self.subscription_service.subscriptions.get(number)
            if found is None:
                results.append(ua.TransferResult(_NO_SUBSCRIPTION))
            elif not opcua_owned.is_owned_by(found, self.origin, self.application):
                results.append(ua.TransferResult(ua.StatusCode(ua.StatusCodes.BadUserAccessDenied)))
            else:
                numbers = opcua_owned.hand_over(found, self.session_id, callback, params.SendInitialValues)
                results.append(ua.TransferResult(AvailableSequenceNumbers=numbers))
        return results


def check_size(operations: Sequence[object] | None) -> None:
    """Refuse a request beyond what OperationLimits says. ServiceError."""
    if not operations:
        raise ServiceError(ua.StatusCodes.BadNothingToDo)
    if len(operations) > MOST_OPERATIONS:
        raise ServiceError(ua.StatusCodes.BadTooManyOperations)


def _with_timestamps(value: ua.DataValue, wanted: ua.TimestampsToReturn) -> ua.DataValue:
    # who asks for the source time alone gets both, as from asyncua itself: its client always asks so, and shows both
    if wanted == ua.TimestampsToReturn.Neither:
        return replace(value, SourceTimestamp=None, ServerTimestamp=None)
    if wanted == ua.TimestampsToReturn.Server:
        return replace(value, SourceTimestamp=None)
    return value


class Core(InternalServer):
    """asyncua's server without its sockets, with our sessions and our idea of identity."""

    def __init__(self, users: Users, named_users: bool) -> None:
        self.identities = Identities(users)
        super().__init__(user_manager=self.identities)
        self.allow_remote_admin = False
        self.max_unacked_messages_per_subscription = MOST_UNACKNOWLEDGED
        tokens = (ua.AnonymousIdentityToken, ua.UserNameIdentityToken)
        self.supported_tokens = tokens if named_users else tokens[:1]
        self.sessions: dict[ua.NodeId, InternalSession] = {}
        """Open sessions of clients by authentication token."""
        self.services: Services | None = None
        self.tally = Tally()

    def create_session(self, name: str, user: User | None = None, external: bool = False) -> InternalSession:
        """A session for a client that has just connected."""
        assert self.services is not None, "no client connects before the server listens"
        if external and len(self.sessions) >= MOST_SESSIONS:
            raise ServiceError(ua.StatusCodes.BadTooManySessions)
        session = Session(
            self, self.aspace, self.subscription_service, name, user=PlantUser(name=ANONYMOUS), external=external
        )
        session.services = self.services
        session.history_points = Points()
        session.browse_points = BrowsePoints()
        session.record = SessionRecord()
        return session

    def register_external_session(self, session: InternalSession) -> None:
        """Keep a session for clients that come back to it.

        asyncua numbers its authentication tokens, so that anybody could take over anybody's session.
        """
        session.auth_token = ua.NodeId(secrets.token_bytes(32), 0, ua.NodeIdType.ByteString)
        self.sessions[session.auth_token] = session
        super().register_external_session(session)

    def unregister_external_session(self, session: InternalSession) -> None:
        """Forget a closed session."""
        self.sessions.pop(session.auth_token, None)
        super().unregister_external_session(session)

    def withdraw_hidden(self) -> None:
        """Let no session's items go on showing what is hidden from it by now."""
        for session in self.sessions.values():
            assert isinstance(session, Session)
            session.withdraw_hidden()

    async def check_password(self, session: InternalSession, params: ua.ActivateSessionParameters, peer: str) -> None:
        """Look at the password of a login, if it has one, before asyncua asks for it. ServiceError."""
        token = params.UserIdentityToken
        if isinstance(token, ua.UserNameIdentityToken) and ua.UserNameIdentityToken in self.supported_tokens:
            try:
                name, password = self.decrypt_user_token(session, token)
            except (ServiceError, ValueError, TypeError, StructError):
                return  # asyncua comes to it by itself, and has its status for it
            await self.identities.check(name, password, peer)

    def find_servers(
        self, params: ua.FindServersParameters, sockname: tuple[str, int] | None = None
    ) -> list[ua.ApplicationDescription]:
        """This server alone, at the address that the client knows; none where it asks for others (OPC 10000-4, 5.5.2).

        asyncua knows itself only by the endpoints that it had before it listened.
        """
        wanted = set(params.ServerUris or ())
        known = {one.Server.ApplicationUri: one.Server for one in self.endpoints}
        return [
            replace(
                server,
                DiscoveryUrls=[
                    self._mangle_endpoint_url(url, params.EndpointUrl, sockname) for url in server.DiscoveryUrls
                ],
            )
            for uri, server in known.items()
            if not wanted or uri in wanted
        ]

    def register_server(self, server: Any, conf: Any = None) -> None:
        """This is no discovery server."""
        raise ServiceError(ua.StatusCodes.BadServiceUnsupported)

    def decrypt_user_token(self, isession: InternalSession, token: ua.UserNameIdentityToken) -> tuple[str, str]:
        """User and password of a token; only encrypted with this session's nonce, so that it cannot be used again."""
        decrypt = _DECRYPT.get(token.EncryptionAlgorithm or "")
        if decrypt is None or self.private_key is None:
            log.warning("OPC UA: a password for %r came unencrypted or by an old algorithm", token.UserName)
            raise ServiceError(ua.StatusCodes.BadIdentityTokenRejected)
        secret: bytes = decrypt(self.private_key, token.Password)
        nonce = isession.nonce or b""
        length = unpack_from("<I", secret)[0] - len(nonce)
        if length < 0 or not nonce or not hmac.compare_digest(secret[4 + length :], nonce):
            raise ServiceError(ua.StatusCodes.BadIdentityTokenRejected)
        return token.UserName or "", secret[4 : 4 + length].decode()
