"""The trust list: what is wrong with a certificate, and where it goes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from asyncua import ua
from asyncua.common.utils import ServiceError
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from plantsim.serve.opcua_trust import MOST_REJECTED, TrustError, TrustList, fingerprint

NOW = datetime(2026, 6, 1, tzinfo=UTC)
URI = "urn:test:client"
KEY = rsa.generate_private_key(65537, 2048)


def certificate(
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey = KEY,
    *,
    uri: str | None = URI,
    name: str = "client",
    days: int = 365,
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
    begin = NOW - timedelta(days=30)
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(begin)
    builder = builder.not_valid_after(begin + timedelta(days=days))
    if uri is not None:
        names = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(uri)])
        builder = builder.add_extension(names, critical=False)
    return builder.sign(key, SHA256())


def trust_list(state: Path) -> TrustList:
    return TrustList(state, lambda: NOW)


async def test_what_is_wrong_has_its_status_and_only_the_unknown_is_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """And only with that one it would help to trust it."""
    application = ua.ApplicationDescription(ApplicationUri=URI)
    certificates = trust_list(tmp_path)
    for made, status in (
        (certificate(days=10), "BadCertificateTimeInvalid"),
        (certificate(rsa.generate_private_key(65537, 1024)), "BadCertificatePolicyCheckFailed"),
        (certificate(ec.generate_private_key(ec.SECP256R1())), "BadCertificatePolicyCheckFailed"),
        (certificate(uri="urn:somebody:else"), "BadCertificateUriInvalid"),
        (certificate(uri=None), "BadCertificateUriInvalid"),
        (certificate(), "BadCertificateUntrusted"),
    ):
        with pytest.raises(ServiceError) as refused:
            await certificates.check(made, application)
        assert ua.StatusCode(refused.value.code).name == status
    (kept,) = certificates.known()
    assert (kept.trusted, kept.subject, kept.uri) == (False, "CN=client", URI)
    advice = [text for text in caplog.messages if text.startswith("to let it in")]
    assert advice == [f"to let it in: plantsim certs trust {kept.name[:16]} --state {tmp_path}"]


async def test_trusting_and_rejecting(tmp_path: Path) -> None:
    application = ua.ApplicationDescription(ApplicationUri=URI)
    certificates = trust_list(tmp_path)
    made = certificate()
    with pytest.raises(ServiceError):
        await certificates.check(made, application)
    name = fingerprint(made)
    assert certificates.trust(name[:8]).trusted is False
    await certificates.check(made, application)
    assert [one.trusted for one in certificates.known()] == [True]
    certificates.reject(name)
    assert certificates.fault(made, URI) == ua.StatusCodes.BadCertificateUntrusted
    for ending, encoding in ((".der", Encoding.DER), (".pem", Encoding.PEM)):
        file = tmp_path / f"client{ending}"
        file.write_bytes(made.public_bytes(encoding))
        assert certificates.trust(str(file)).name == name
        assert certificates.fault(made, URI) is None
        certificates.reject(name)


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    certificates = trust_list(tmp_path)
    with pytest.raises(TrustError, match="abc: no rejected certificate begins so; there are none"):
        certificates.trust("abc")
    (tmp_path / "text.pem").write_text("-----BEGIN nothing")
    with pytest.raises(TrustError, match="is no certificate, allowed DER or PEM"):
        certificates.trust(str(tmp_path / "text.pem"))


async def test_the_rejected_folder_does_not_grow_for_ever(tmp_path: Path) -> None:
    certificates = trust_list(tmp_path)
    folder = tmp_path / "certs" / "rejected"
    folder.mkdir(parents=True)
    for number in range(MOST_REJECTED + 20):
        (folder / f"{number:064x}.der").write_bytes(b"")
    made = certificate()
    with pytest.raises(ServiceError):
        await certificates.check(made, ua.ApplicationDescription(ApplicationUri=URI))
    assert len(list(folder.iterdir())) == MOST_REJECTED
    assert (folder / f"{fingerprint(made)}.der").exists()
