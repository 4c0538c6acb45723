"""Who we are to the server: user, security mode, and this client's own certificate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import platformdirs
from asyncua import ua
from asyncua.crypto.security_policies import SecurityPolicyBasic256Sha256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import Certificate

from hmi.comm.client import PatientClient
from hmi.comm.identity import own_certificate, own_fingerprint
from hmi.comm.known import FILE, KnownServers, Seen, is_loopback
from hmi.comm.outcome import connect_words, is_distrust

Security = Literal["none", "sign", "encrypt"]

_MODES = {
    "sign": ua.MessageSecurityMode.Sign,
    "encrypt": ua.MessageSecurityMode.SignAndEncrypt,
}


@dataclass(frozen=True, slots=True)
class Login:
    """How to present ourselves. ``folder`` holds the client's certificate and key, and the known servers; None is the
    user's state folder."""

    user: str | None = None
    password: str | None = None
    security: Security = "none"
    folder: Path | None = None
    trust: str = ""
    """SHA-256 in hex that the server's certificate must have, whatever is remembered of the server."""

    @property
    def known(self) -> KnownServers:
        """The servers whose certificates are known."""
        return KnownServers(self._folder / FILE)

    @property
    def _folder(self) -> Path:
        return self.folder or platformdirs.user_state_path("plantsim") / "hmi"

    def checks(self, endpoint: str) -> bool:
        """Whether the server's certificate matters: it is to secure the session, or a password leaves this machine."""
        return self.security != "none" or bool(self.trust) or (bool(self.user) and not is_loopback(endpoint))

    def refused(self, error: BaseException) -> str:
        """Why connecting failed; with what lets this client in where only its certificate is not trusted yet."""
        words = connect_words(error)
        own = own_fingerprint(self._folder)[:16]  # as many digits as `plantsim certs list` shows
        if self.security == "none" or not own or not is_distrust(error):
            return words
        return f"{words}; there, 'plantsim certs trust {own}' lets it in"

    async def client(self, endpoint: str, seen: Callable[[Seen], None] | None = None) -> PatientClient:
        """A client ready to connect; with security on, the server is asked for its certificate first.

        seen: told the server's certificate when it connects. Connecting raises ChangedCertificate, before the password
        is sent, for one that is not the known one.
        """
        client = PatientClient(endpoint)
        client.name = "plantsim HMI"
        client.application_uri = "urn:plantsim:hmi"
        client.session_timeout = 60_000
        if self.checks(endpoint):

            async def validate(certificate: Certificate, _: ua.ApplicationDescription) -> None:
                found = self.known.check(endpoint, certificate.public_bytes(Encoding.DER), self.trust)
                if seen is not None:
                    seen(found)

            client.certificate_validator = validate
        if self.user:
            client.set_user(self.user)
            client.set_password(self.password or "")
        if self.security != "none":
            certificate, key = await own_certificate(client, self._folder)
            mode = _MODES[self.security]
            await client.set_security(SecurityPolicyBasic256Sha256, certificate, key, mode=mode)
        return client
