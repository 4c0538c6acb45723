"""Who we are to the server: user, security mode, and this client's own certificate."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import platformdirs
from asyncua import ua
from asyncua.client.client import Client
from asyncua.crypto.security_policies import SecurityPolicyBasic256Sha256

Security = Literal["none", "sign", "encrypt"]

_MODES = {
    "sign": ua.MessageSecurityMode.Sign,
    "encrypt": ua.MessageSecurityMode.SignAndEncrypt,
}


@dataclass(frozen=True, slots=True)
class Login:
    """How to present ourselves. ``folder`` holds the client's certificate and key; None is the user's state folder."""

    user: str | None = None
    password: str | None = None
    security: Security = "none"
    folder: Path | None = None

    async def client(self, endpoint: str, timeout: float) -> Client:
        """A client ready to connect; with security on, the server is asked for its certificate first."""
        client = Client(endpoint, timeout=timeout, watchdog_intervall=3600.0)  # the link has a watchdog of its own
        client.name = "plantsim HMI"
        client.application_uri = "urn:plantsim:hmi"
        client.session_timeout = 60_000
        if self.user:
            client.set_user(self.user)
            client.set_password(self.password or "")
        if self.security != "none":
            folder = self.folder or platformdirs.user_state_path("plantsim") / "hmi"
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            certificate, key = await client.setup_self_signed_certificate(
                folder / "key.pem", folder / "certificate.der"
            )
            mode = _MODES[self.security]
            await client.set_security(SecurityPolicyBasic256Sha256, certificate, key, mode=mode)
        return client
