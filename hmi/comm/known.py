"""Servers by the certificates they showed: remembered at first use, refused when another one is shown later.

The file is JSON: for each server, ``host:port``, the SHA-256 of its certificate and the day it was first seen.
"""

from __future__ import annotations

import hashlib
import ipaddress
import json
import os
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

FILE = "known-servers.json"


@dataclass(frozen=True, slots=True)
class Seen:
    """A certificate that a server has shown. fingerprint: SHA-256 in hex. since: day, empty for the first time."""

    server: str
    fingerprint: str
    since: str = ""


class ChangedCertificate(ConnectionError):
    """A server has shown another certificate than the one that is known, or asked for; nothing was sent to it."""

    def __init__(self, known: Seen, shown: str) -> None:
        super().__init__("the server's certificate has changed; it is not trusted")
        self.known = known
        self.shown = shown
        """SHA-256 of what it shows now."""


class KnownServers:
    """What a file remembers. Where it cannot be written, a server is at its first use again next time."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def check(self, endpoint: str, certificate: bytes, wanted: str = "") -> Seen:
        """A certificate (DER) against what is known of the server; remembered at first use.

        wanted: SHA-256 that it must have, whatever is remembered. Raises ChangedCertificate.
        """
        server, shown = server_of(endpoint), hashlib.sha256(certificate).hexdigest()
        entry = self._entries().get(server)
        known = Seen(server, *entry) if entry is not None else None
        if wanted and shown != wanted:
            raise ChangedCertificate(Seen(server, wanted, "by --trust"), shown)
        if known is not None and known.fingerprint == shown:
            return known
        if known is not None and not wanted:
            raise ChangedCertificate(known, shown)
        self.trust(server, shown)
        return Seen(server, shown)

    def trust(self, server: str, fingerprint: str) -> None:
        """Remember a certificate, in place of the one that was."""
        entries = self._entries() | {server: (fingerprint, datetime.now(UTC).strftime("%Y-%m-%d"))}
        with suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            aside = self._path.with_suffix(f".{os.getpid()}")
            text = {name: {"sha256": sha256, "since": since} for name, (sha256, since) in sorted(entries.items())}
            aside.write_text(json.dumps(text, indent=1), encoding="utf-8")
            aside.replace(self._path)

    def _entries(self) -> dict[str, tuple[str, str]]:
        """Fingerprint and day by server."""
        try:
            found = json.loads(self._path.read_text(encoding="utf-8"))
            return {name: (str(one["sha256"]), str(one["since"])) for name, one in found.items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            # to go on as if no server were known would trust whoever answers
            raise ConnectionError(f"{self._path.name} cannot be read; mend or remove {self._path}") from None


def server_of(endpoint: str) -> str:
    """Host and port of an endpoint, by which its certificate is known."""
    return urlsplit(endpoint).netloc.lower()


def is_loopback(endpoint: str) -> bool:
    """Whether what is sent there stays on this machine."""
    host = urlsplit(endpoint).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def grouped(fingerprint: str) -> str:
    """A fingerprint as people compare it: ``ab12 cd34 ...``."""
    return " ".join(fingerprint[at : at + 4] for at in range(0, len(fingerprint), 4))
