"""Security: the server's own certificate, and the endpoints it offers."""

from __future__ import annotations

import ipaddress
import logging
import socket
from dataclasses import dataclass
from pathlib import Path

from asyncua import ua
from asyncua.crypto import uacrypto
from asyncua.crypto.permission_rules import PermissionRuleset, SimpleRoleRuleset
from asyncua.crypto.security_policies import (
    SecurityPolicyAes256Sha256RsaPss,
    SecurityPolicyBasic256Sha256,
    SecurityPolicyFactory,
    SecurityPolicyNone,
)
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from plantsim.serve.opcua_users import write_private

log = logging.getLogger(__name__)

KEY, CERTIFICATE = "server-key.pem", "server-certificate.der"
VALID_DAYS = 3650
"""A certificate that runs out takes every client's trust with it."""

TRANSPORT = "http://opcfoundation.org/UA-Profile/Transport/uatcp-uasc-uabinary"

_SECURE = (
    (SecurityPolicyBasic256Sha256, ua.MessageSecurityMode.Sign, 50),
    (SecurityPolicyBasic256Sha256, ua.MessageSecurityMode.SignAndEncrypt, 70),
    (SecurityPolicyAes256Sha256RsaPss, ua.MessageSecurityMode.Sign, 60),
    (SecurityPolicyAes256Sha256RsaPss, ua.MessageSecurityMode.SignAndEncrypt, 80),
)
"""Policy, mode and security level."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What the server proves itself with."""

    certificate: x509.Certificate
    key: RSAPrivateKey


class _DiscoveryOnly(PermissionRuleset):
    """For unencrypted channels where they are not allowed: a client may ask for endpoints there, nothing else.

    asyncua opens such a channel to everybody, offered or not.
    """

    def check_validity(self, user: object, action_type: ua.NodeId, body: object) -> bool:
        return False


def application_uri() -> str:
    """What this server is called among all applications."""
    return f"urn:{socket.gethostname()}:plantsim"


def open_identity(state: Path) -> Identity:
    """The key and certificate of a state folder, made at the first start. OSError, ValueError where that fails.

    A certificate that has run out, or is another machine's, is replaced; the key stays.
    """
    # asyncua's generator takes time to import, and only the first start needs it
    from asyncua.crypto import cert_gen

    key_path, path = state / KEY, state / CERTIFICATE
    if not key_path.exists():
        write_private(key_path, cert_gen.dump_private_key_as_pem(cert_gen.generate_private_key()))
        path.unlink(missing_ok=True)
    key = _load_key(key_path)
    if path.exists():
        certificate = x509.load_der_x509_certificate(path.read_bytes())
        if certificate.public_key() == key.public_key() and not uacrypto.check_certificate(
            certificate, application_uri(), socket.gethostname()
        ):
            return Identity(certificate, key)
        path.unlink()
    names: list[x509.GeneralName] = [
        x509.UniformResourceIdentifier(application_uri()),
        x509.DNSName(socket.gethostname()),
        x509.DNSName("localhost"),
        x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
    ]
    certificate = cert_gen.generate_self_signed_app_certificate(
        key, "plantsim", {"organizationName": "plantsim"}, names, [ExtendedKeyUsageOID.SERVER_AUTH], days=VALID_DAYS
    )
    write_private(path, certificate.public_bytes(Encoding.DER))
    log.info("new self-signed certificate: %s", path)
    return Identity(certificate, key)


def _load_key(path: Path) -> RSAPrivateKey:
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    key = load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, RSAPrivateKey):
        raise ValueError(f"{path}: found another kind of key, allowed an RSA key")
    return key


def policies(identity: Identity | None, none_allowed: bool) -> list[SecurityPolicyFactory]:
    """What a channel may be opened with. Without an identity there is no security but None."""
    ruleset = SimpleRoleRuleset() if none_allowed else _DiscoveryOnly()
    certificate, key = (identity.certificate, identity.key) if identity else (None, None)
    made = [SecurityPolicyFactory(SecurityPolicyNone, ua.MessageSecurityMode.None_, certificate, key, ruleset)]
    if identity is not None:
        made += [
            SecurityPolicyFactory(policy, mode, certificate, key, SimpleRoleRuleset()) for policy, mode, _ in _SECURE
        ]
    return made


def endpoints(
    url: str, application: ua.ApplicationDescription, identity: Identity | None, none_allowed: bool
) -> list[ua.EndpointDescription]:
    """What is offered to clients. User names only where the server can decrypt a password."""
    offered = [(SecurityPolicyNone, ua.MessageSecurityMode.None_, 0)] if none_allowed else []
    offered += _SECURE if identity is not None else ()
    return [
        ua.EndpointDescription(
            EndpointUrl=url,
            Server=application,
            ServerCertificate=identity.certificate.public_bytes(Encoding.DER) if identity is not None else None,
            SecurityMode=mode,
            SecurityPolicyUri=policy.URI,
            UserIdentityTokens=_tokens(policy.URI, identity is not None),
            TransportProfileUri=TRANSPORT,
            SecurityLevel=level,
        )
        for policy, mode, level in offered
    ]


def _tokens(policy_uri: str, users: bool) -> list[ua.UserTokenPolicy]:
    tokens = [ua.UserTokenPolicy(PolicyId="anonymous", TokenType=ua.UserTokenType.Anonymous)]
    if users:
        # a password is encrypted by itself on every channel: asyncua does not tell which channel it came by
        uri = SecurityPolicyBasic256Sha256.URI if policy_uri == SecurityPolicyNone.URI else policy_uri
        tokens.append(
            ua.UserTokenPolicy(PolicyId="username", TokenType=ua.UserTokenType.UserName, SecurityPolicyUri=uri)
        )
    return tokens
