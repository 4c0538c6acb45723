"""What became of a write or a call, in words an operator can act on."""

from __future__ import annotations

from dataclasses import dataclass

from asyncua import ua
from asyncua.ua.status_codes import StatusCodes
from asyncua.ua.uaerrors import UaStatusCodeError

_WORDS = {
    StatusCodes.BadUserAccessDenied: "your role may not do this",
    StatusCodes.BadNotWritable: "it is read-only",
    StatusCodes.BadOutOfRange: "the value is outside its range",
    StatusCodes.BadTypeMismatch: "the value is not of its type",
    StatusCodes.BadInvalidState: "not in this mode",
    StatusCodes.BadRequestNotAllowed: "an interlock holds it",
    StatusCodes.BadResourceUnavailable: "the area is under external control",
    StatusCodes.BadNodeIdUnknown: "the server no longer knows it",
    StatusCodes.BadNodeIdInvalid: "the server no longer knows it",
    StatusCodes.BadMethodInvalid: "the server does not offer it",
    StatusCodes.BadNothingToDo: "the server does not offer it",
    StatusCodes.BadNotExecutable: "it may not be called now",
    StatusCodes.BadEventIdUnknown: "the alarm has changed meanwhile; look again",
    StatusCodes.BadConditionBranchAlreadyAcked: "it is already acknowledged",
    StatusCodes.BadIdentityTokenRejected: "the server does not accept this user or password",
    StatusCodes.BadIdentityTokenInvalid: "the server does not accept this user or password",
    StatusCodes.BadSecurityPolicyRejected: "the server does not offer this security",
    StatusCodes.BadCertificateUntrusted: "the server does not trust this client's certificate yet",
    StatusCodes.BadSecurityChecksFailed: "the server does not trust this client's certificate yet",
    StatusCodes.BadCertificateTimeInvalid: "this client's certificate has run out, or is not valid yet",
    StatusCodes.BadCertificatePolicyCheckFailed: "the key of this client's certificate is too short or too long",
    StatusCodes.BadCertificateUriInvalid: "this client's certificate is another application's",
    StatusCodes.BadTimeout: "the server did not answer in time",
    StatusCodes.BadNotFound: "there is no such thing",
    StatusCodes.BadInvalidArgument: "the server does not take that",
    StatusCodes.BadTooManySessions: "the server has no session free",
}

_DISTRUST = (StatusCodes.BadCertificateUntrusted, StatusCodes.BadSecurityChecksFailed)
"""What servers answer to a certificate that they do not trust."""

LOCAL_OVERRIDE = "forced by hand"

_QUALITY = {
    StatusCodes.BadSensorFailure: "sensor failure",
    StatusCodes.BadOutOfService: "out of service",
    StatusCodes.BadNoCommunication: "no communication",
    StatusCodes.BadWaitingForInitialData: "no value yet",
    StatusCodes.GoodLocalOverride: LOCAL_OVERRIDE,
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """Whether the server took it, and if not why, without a capital or a full stop."""

    ok: bool
    text: str = ""
    doubtful: bool = False
    """No answer came: it may or may not have been taken."""
    result: str = ""
    """What the server named in its answer, such as an instance."""


DONE = Outcome(True)


def refusal(status: int, *reasons: str) -> Outcome:
    """The server's bad status as an outcome; in the server's own words where it gives some."""
    return Outcome(False, "; ".join(reasons) or status_words(status))


def status_words(status: int) -> str:
    """A bad status in words; the standard's name where there are none of ours."""
    return _WORDS.get(status & 0xFFFF0000) or ua.status_codes.get_name_and_doc(status)[0]


def quality_words(status: int) -> str:
    """A quality in words: ``good``, ``bad, sensor failure``."""
    detail = _QUALITY.get(status & 0xFFFF0000, "")
    word = "bad" if status & 0x80000000 else "uncertain" if status & 0x40000000 else "good"
    return f"{word}, {detail}" if detail else word


def connect_words(error: BaseException) -> str:
    """Why connecting failed."""
    if isinstance(error, UaStatusCodeError) and error.code == StatusCodes.BadUserAccessDenied:
        return status_words(StatusCodes.BadIdentityTokenRejected)
    return error_words(error)


def is_distrust(error: BaseException) -> bool:
    """Whether the server refused this client's certificate, and nothing else."""
    return isinstance(error, UaStatusCodeError) and error.code in _DISTRUST


def error_words(error: BaseException) -> str:
    """Why a request failed."""
    if isinstance(error, UaStatusCodeError):
        return status_words(error.code)
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, ConnectionRefusedError):
        return "nobody listens there"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return str(error) or type(error).__name__
