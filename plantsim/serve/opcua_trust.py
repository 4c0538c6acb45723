"""Which client certificates are trusted: a folder of those that are, and one of those that were turned away."""

from __future__ import annotations

import logging
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from asyncua import ua
from asyncua.common.utils import ServiceError
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from plantsim.serve.opcua_users import replace_private

log = logging.getLogger(__name__)

SHORTEST_KEY, LONGEST_KEY = 2048, 4096
"""Bits, as Basic256Sha256 and Aes256Sha256RsaPss have them (OPC 10000-7)."""
MOST_REJECTED = 100
"""Certificates in the rejected folder: whoever is turned away can make new ones for ever."""


class TrustError(Exception):
    """What was asked for is not there, or is ambiguous; the text says what there is."""


@dataclass(frozen=True, slots=True)
class Known:
    """A certificate in one of the folders. name: its file's, without the ending: the SHA-256 of the certificate."""

    name: str
    trusted: bool
    subject: str
    uri: str
    ends: datetime


class TrustList:
    """The certificates of a state folder. now: the time that validity is judged by."""

    def __init__(self, state: Path, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._state = state
        self._trusted, self._rejected = state / "certs" / "trusted", state / "certs" / "rejected"
        self._now = now

    async def check(self, certificate: x509.Certificate, application: ua.ApplicationDescription) -> None:
        """Raise ServiceError with the status of a certificate that is no good; an unknown one is kept for later."""
        status = self.fault(certificate, application.ApplicationUri)
        if status is None:
            return
        name = fingerprint(certificate)
        log.warning(
            "OPC UA: certificate %s of %s turned away, %s",
            name[:16],
            certificate.subject.rfc4514_string(),
            ua.status_codes.get_name_and_doc(status)[0],
        )
        if status == ua.StatusCodes.BadCertificateUntrusted:
            self._reject(certificate, name)
            log.warning("to let it in: plantsim certs trust %s --state %s", name[:16], shlex.quote(str(self._state)))
        raise ServiceError(status)

    def fault(self, certificate: x509.Certificate, uri: str | None) -> int | None:
        """What is wrong with a client's certificate, as a status code (OPC 10000-4, table 100); None if nothing is."""
        now = self._now()
        if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
            return int(ua.StatusCodes.BadCertificateTimeInvalid)
        key = certificate.public_key()
        if not isinstance(key, RSAPublicKey) or not SHORTEST_KEY <= key.key_size <= LONGEST_KEY:
            return int(ua.StatusCodes.BadCertificatePolicyCheckFailed)
        if uri not in _uris(certificate):
            return int(ua.StatusCodes.BadCertificateUriInvalid)
        if not (self._trusted / f"{fingerprint(certificate)}.der").exists():
            return int(ua.StatusCodes.BadCertificateUntrusted)
        return None

    def _reject(self, certificate: x509.Certificate, name: str) -> None:
        try:
            self._rejected.mkdir(mode=0o700, parents=True, exist_ok=True)
            oldest = sorted(self._rejected.glob("*.der"), key=lambda path: path.stat().st_mtime)
            for path in oldest[: max(0, len(oldest) + 1 - MOST_REJECTED)]:
                path.unlink(missing_ok=True)
            replace_private(self._rejected / f"{name}.der", certificate.public_bytes(Encoding.DER))
        except OSError as error:
            log.error("%s: %s", error.filename, error.strerror)

    def known(self) -> list[Known]:
        """What is in the folders; files that are no certificates are left out with a warning."""
        found = []
        for folder, trusted in ((self._trusted, True), (self._rejected, False)):
            for path in sorted(folder.glob("*.der")):
                try:
                    certificate = x509.load_der_x509_certificate(path.read_bytes())
                except ValueError:
                    log.warning("%s: is no certificate", path)
                    continue
                uris = ", ".join(_uris(certificate))
                ends = certificate.not_valid_after_utc
                found.append(Known(path.stem, trusted, certificate.subject.rfc4514_string(), uris, ends))
        return found

    def trust(self, name: str) -> Known:
        """Trust a certificate that was turned away, by the beginning of its name, or that of a file. TrustError."""
        if "/" in name or name.endswith((".der", ".pem", ".crt")):
            return self._trust_file(Path(name))
        one = self._find(name, trusted=False)
        self._trusted.mkdir(mode=0o700, parents=True, exist_ok=True)
        (self._rejected / f"{one.name}.der").replace(self._trusted / f"{one.name}.der")
        return one

    def reject(self, name: str) -> Known:
        """Trust a certificate no longer, by the beginning of its name. TrustError."""
        one = self._find(name, trusted=True)
        self._rejected.mkdir(mode=0o700, parents=True, exist_ok=True)
        (self._trusted / f"{one.name}.der").replace(self._rejected / f"{one.name}.der")
        return one

    def _trust_file(self, path: Path) -> Known:
        content = path.read_bytes()
        try:
            load = x509.load_pem_x509_certificate if content.startswith(b"-----") else x509.load_der_x509_certificate
            certificate = load(content)
        except ValueError:
            raise TrustError(f"{path}: is no certificate, allowed DER or PEM") from None
        name = fingerprint(certificate)
        self._trusted.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace_private(self._trusted / f"{name}.der", certificate.public_bytes(Encoding.DER))
        (self._rejected / f"{name}.der").unlink(missing_ok=True)
        return next(one for one in self.known() if one.name == name and one.trusted)

    def _find(self, name: str, *, trusted: bool) -> Known:
        kind = "trusted" if trusted else "rejected"
        found = [one for one in self.known() if one.trusted is trusted]
        fitting = [one for one in found if name and one.name.startswith(name.lower())]
        if len(fitting) != 1:
            there = ", ".join(one.name[:16] for one in found) or "none"
            what = "no" if not fitting else "more than one"
            raise TrustError(f"{name}: {what} {kind} certificate begins so; there are {there}")
        return fitting[0]


def fingerprint(certificate: x509.Certificate) -> str:
    """The SHA-256 of a certificate, hexadecimal."""
    return certificate.fingerprint(SHA256()).hex()


def _uris(certificate: x509.Certificate) -> list[str]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return names.get_values_for_type(x509.UniformResourceIdentifier)
