"""The server's key and certificate, and what it refuses to be."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from plantsim.serve.address import is_loopback
from plantsim.serve.opcua import OpcUaServer
from plantsim.serve.opcua_security import CERTIFICATE, KEY, open_identity


def test_insecure_is_for_loopback_only(synthetic: Any) -> None:
    with pytest.raises(ValueError, match=r"insecure on 0\.0\.0\.0: allowed on loopback only, such as 127\.0\.0\.1"):
        OpcUaServer(synthetic, host="0.0.0.0", port=0, state=Path("/nowhere"), insecure=True)


def test_key_and_certificate_are_made_once_and_private(tmp_path: Path) -> None:
    first = open_identity(tmp_path)
    again = open_identity(tmp_path)
    assert again.certificate == first.certificate
    for name in (KEY, CERTIFICATE):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600


def test_a_certificate_of_another_key_is_replaced(tmp_path: Path) -> None:
    old = open_identity(tmp_path)
    (tmp_path / KEY).unlink()
    new = open_identity(tmp_path)
    assert new.certificate != old.certificate
    stored = x509.load_der_x509_certificate((tmp_path / CERTIFICATE).read_bytes())
    assert stored.public_key() == new.key.public_key()


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("plant.example", False),
    ],
)
def test_loopback_is_what_only_this_machine_reaches(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback
