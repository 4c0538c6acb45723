"""What is counted of sessions, subscriptions and requests, for the server's diagnostics (OPC 10000-5, 12)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from asyncua import ua

_SERVICES = (
    "Read",
    "HistoryRead",
    "Write",
    "HistoryUpdate",
    "Call",
    "CreateMonitoredItems",
    "ModifyMonitoredItems",
    "SetMonitoringMode",
    "SetTriggering",
    "DeleteMonitoredItems",
    "CreateSubscription",
    "ModifySubscription",
    "SetPublishingMode",
    "Publish",
    "Republish",
    "TransferSubscriptions",
    "DeleteSubscriptions",
    "AddNodes",
    "AddReferences",
    "DeleteNodes",
    "DeleteReferences",
    "Browse",
    "BrowseNext",
    "TranslateBrowsePathsToNodeIds",
    "QueryFirst",
    "QueryNext",
    "RegisterNodes",
    "UnregisterNodes",
    "CreateSession",
    "ActivateSession",
)
SERVICES = {ua.NodeId(getattr(ua.ObjectIds, f"{name}Request_Encoding_DefaultBinary")): name for name in _SERVICES}
"""Names of services by the types of their requests."""
_OF_SESSIONS = frozenset(("CreateSession", "ActivateSession"))
_SECURITY = ("BadCertificate", "BadSecurity", "BadIdentity", "BadUser", "BadApplicationSignature", "BadNonce")
"""Beginnings of the names of status codes that say that somebody may not."""


def is_security(status: int) -> bool:
    """Whether a status refuses for reasons of security."""
    return str(ua.StatusCode(status).name).startswith(_SECURITY)


@dataclass(slots=True)
class SessionRecord:
    """What is known of one session. users: of all logins, oldest first."""

    request: ua.CreateSessionParameters = field(default_factory=ua.CreateSessionParameters)
    since: datetime = field(default_factory=lambda: datetime.now(UTC))
    locales: list[str] = field(default_factory=list)
    users: list[str] = field(default_factory=list)
    mechanism: str = ""
    total: Counter[str] = field(default_factory=Counter)
    """Requests by service."""
    errors: Counter[str] = field(default_factory=Counter)
    unauthorized: int = 0
    asked_to_close: bool = False

    def count_of(self, service: str) -> ua.ServiceCounterDataType:
        """Requests of one service, and those that failed as a whole."""
        return ua.ServiceCounterDataType(self.total[service], self.errors[service])

    def log_in(self, params: ua.ActivateSessionParameters, user: str) -> None:
        """Note who it is from now on."""
        self.locales = list(params.LocaleIds or ())
        self.mechanism = "UserName" if isinstance(params.UserIdentityToken, ua.UserNameIdentityToken) else "Anonymous"
        if not self.users or self.users[-1] != user:
            self.users.append(user)


@dataclass(slots=True)
class SubscriptionRecord:
    """What one subscription has done."""

    modified: int = 0
    enabled: int = 0
    disabled: int = 0
    republish_requests: int = 0
    republished: int = 0
    transfer_requests: int = 0
    to_other_client: int = 0
    to_same_client: int = 0
    publish_requests: int = 0
    values: int = 0
    events: int = 0
    late: int = 0
    discarded: int = 0
    queue_overflows: int = 0
    event_overflows: int = 0


@dataclass(slots=True)
class Tally:
    """What all clients together have done since the server started."""

    sessions: int = 0
    sessions_rejected: int = 0
    sessions_rejected_for_security: int = 0
    sessions_timed_out: int = 0
    sessions_aborted: int = 0
    subscriptions: int = 0
    requests_rejected: int = 0
    requests_rejected_for_security: int = 0

    def came(self, service: str | None, record: SessionRecord | None) -> None:
        """Count a request of a session, None before there is one. service: None for one of no account."""
        if record is not None:
            record.total["Total"] += 1
            if service is not None:
                record.total[service] += 1

    def refused(self, service: str | None, record: SessionRecord | None, status: int) -> None:
        """Count a request that failed as a whole."""
        security = is_security(status)
        self.requests_rejected += 1
        self.requests_rejected_for_security += security
        if service in _OF_SESSIONS:
            self.sessions_rejected += 1
            self.sessions_rejected_for_security += security
        if record is not None:
            record.errors["Total"] += 1
            record.unauthorized += security
            if service is not None:
                record.errors[service] += 1


def session_counts(record: SessionRecord) -> Iterable[tuple[str, ua.ServiceCounterDataType]]:
    """Fields of SessionDiagnosticsDataType that count services."""
    yield "TotalRequestCount", record.count_of("Total")
    for service in _SERVICES:
        if service not in _OF_SESSIONS:
            yield f"{service}Count", record.count_of(service)
