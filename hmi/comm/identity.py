"""This station's own certificate and key: made for its first secured connection, kept in its state folder."""

from __future__ import annotations

import asyncio
import hashlib
import random
from pathlib import Path

from asyncua import Client
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

_CERTIFICATE = "certificate.der"
_TRIES = 8
_PAUSE = 0.25
"""Longest time between two of them, s; it is drawn, or stations that met once would meet again."""


async def own_certificate(client: Client, folder: Path) -> tuple[Path, Path]:
    """The files of a certificate and its key, made if they are not there.

    Stations that start at the same moment write over each other's: what does not belong together is made anew. OSError
    where the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    certificate, key = folder / _CERTIFICATE, folder / "key.pem"
    for _ in range(_TRIES):
        try:
            await client.setup_self_signed_certificate(key, certificate)
            if belong(certificate, key):
                break
        except (ValueError, FileNotFoundError):
            pass  # another station is at it
        await asyncio.sleep(random.uniform(0.0, _PAUSE))
        if not belong(certificate, key):
            certificate.unlink(missing_ok=True)
            key.unlink(missing_ok=True)
    return certificate, key


def own_fingerprint(folder: Path) -> str:
    """SHA-256 in hex of the certificate that is there; empty where there is none."""
    try:
        return hashlib.sha256((folder / _CERTIFICATE).read_bytes()).hexdigest()
    except OSError:
        return ""


def belong(certificate: Path, key: Path) -> bool:
    """Whether a certificate is of this key; what is not there or cannot be read is of none."""
    try:
        private = load_pem_private_key(key.read_bytes(), None)
        return x509.load_der_x509_certificate(certificate.read_bytes()).public_key() == private.public_key()
    except (FileNotFoundError, ValueError):
        return False
