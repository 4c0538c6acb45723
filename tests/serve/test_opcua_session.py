"""Who a client is and what it may do: users, roles, channels."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from asyncua import Client, ua
from asyncua.crypto.cert_gen import setup_self_signed_certificate
from asyncua.crypto.security_policies import (
    SecurityPolicyAes256Sha256RsaPss,
    SecurityPolicyBasic256Sha256,
    SecurityPolicyNone,
)
from asyncua.ua.ua_binary import struct_to_binary
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from plantsim.engine.command import Origin
from plantsim.model.tag import Role
from plantsim.serve.opcua_trust import TrustList
from plantsim.serve.opcua_users import FREE_ATTEMPTS, INITIAL_PASSWORDS

pytestmark = pytest.mark.asyncio(loop_scope="module")
Mode, Double = ua.MessageSecurityMode, ua.VariantType.Double

POLICIES = [
    (policy, mode)
    for policy in (SecurityPolicyBasic256Sha256, SecurityPolicyAes256Sha256RsaPss)
    for mode in (Mode.Sign, Mode.SignAndEncrypt)
]


APPLICATION = "urn:test:client"


@dataclass
class Secured:
    """A server with users, and everything to come in by."""

    endpoint: str
    state: Path
    passwords: dict[str, str]
    connect: Callable[..., AbstractAsyncContextManager[Any]]

    def login(
        self, user: str | None = None, password: str | None = None, policy: Any = None, mode: Any = Mode.SignAndEncrypt
    ) -> AbstractAsyncContextManager[Any]:
        """A console of that user; the password is the right one unless given, the channel None unless given."""

        async def prepare(client: Client) -> None:
            client.application_uri = APPLICATION
            if policy is not None:
                await client.set_security(
                    policy, str(self.state / "client.der"), str(self.state / "client.pem"), mode=mode
                )
            if user is not None:
                client.set_user(user)
                client.set_password(self.passwords.get(user, "") if password is None else password)

        return self.connect(self.endpoint, prepare)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def secured(
    synthetic: Any, opcua_server: Any, connect: Any, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Secured]:
    state = tmp_path_factory.mktemp("state")
    async with opcua_server(synthetic, state=state / "new", insecure=False) as server:
        lines = (state / "new" / INITIAL_PASSWORDS).read_text().splitlines()
        passwords = {line.split(" ")[0]: line.split(" ")[1] for line in lines}
        await setup_self_signed_certificate(
            state / "client.pem", state / "client.der", APPLICATION, "localhost", [], {}
        )
        TrustList(state / "new").trust(str(state / "client.der"))
        yield Secured(server.endpoint, state, passwords, connect)


@pytest.mark.parametrize("policy", [SecurityPolicyBasic256Sha256, SecurityPolicyAes256Sha256RsaPss])
async def test_a_certificate_is_turned_away_until_it_is_trusted(secured: Secured, policy: Any) -> None:
    certificates = TrustList(secured.state / "new")
    (ours,) = [one for one in certificates.known() if one.trusted]
    certificates.reject(ours.name)
    try:
        with pytest.raises(ua.uaerrors.BadCertificateUntrusted):
            async with secured.login("operator", policy=policy):
                pass
        assert [one.name for one in certificates.known() if not one.trusted] == [ours.name]
    finally:
        certificates.trust(ours.name[:12])
    async with secured.login("operator", policy=policy) as console:
        assert await console.value("TIC-201.Kind") == "controller"


def write_certificate(folder: Path, *, bits: int = 2048, days: tuple[int, int] = (-1, 300), uri: str) -> None:
    """Of a new key, self-signed. days: of its validity, from today."""
    key = rsa.generate_private_key(65537, bits)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "client")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=days[0]))
        .not_valid_after(now + timedelta(days=days[1]))
        .add_extension(x509.SubjectAlternativeName([x509.UniformResourceIdentifier(uri)]), critical=False)
        .sign(key, SHA256())
    )
    (folder / "client.der").write_bytes(made.public_bytes(Encoding.DER))
    (folder / "client.pem").write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    )


@pytest.mark.parametrize(
    ("parts", "status"),
    [
        ({"days": (-300, -1)}, "BadCertificateTimeInvalid"),
        ({"days": (1, 300)}, "BadCertificateTimeInvalid"),
        ({"bits": 1024}, "BadCertificatePolicyCheckFailed"),
        ({"uri": "urn:somebody:else"}, "BadCertificateUriInvalid"),
    ],
)
async def test_a_certificate_that_is_no_good_is_refused_though_it_is_trusted(
    secured: Secured, tmp_path: Path, parts: dict[str, Any], status: str
) -> None:
    write_certificate(tmp_path, **{"uri": APPLICATION} | parts)
    certificates = TrustList(secured.state / "new")
    trusted = certificates.trust(str(tmp_path / "client.der"))
    try:
        with pytest.raises(ua.uaerrors.UaStatusCodeError) as refused:
            async with replace(secured, state=tmp_path).login("operator", policy=SecurityPolicyBasic256Sha256):
                pass
        assert ua.StatusCode(refused.value.code).name == status
    finally:
        certificates.reject(trusted.name)
        (secured.state / "new" / "certs" / "rejected" / f"{trusted.name}.der").unlink()


@pytest.mark.parametrize(
    ("named", "status"), [(b"", "BadCertificateUntrusted"), (b"that of somebody else", "BadCertificateInvalid")]
)
async def test_only_the_channels_own_certificate_counts(secured: Secured, named: bytes, status: str) -> None:
    """Neither naming none nor naming one that is trusted gets past the trust list."""
    stranger = secured.state / "stranger"
    await setup_self_signed_certificate(
        stranger.with_suffix(".pem"), stranger.with_suffix(".der"), APPLICATION, "localhost", [], {}
    )
    trusted = (secured.state / "client.der").read_bytes()

    async def prepare(client: Client) -> None:
        client.application_uri = APPLICATION
        await client.set_security(
            SecurityPolicyBasic256Sha256, f"{stranger}.der", f"{stranger}.pem", mode=Mode.SignAndEncrypt
        )
        create = client.uaclient.create_session

        async def create_session(parameters: ua.CreateSessionParameters) -> ua.CreateSessionResult:
            parameters.ClientCertificate = trusted if named else None
            return await create(parameters)

        client.uaclient.create_session = create_session

    with pytest.raises(ua.uaerrors.UaStatusCodeError) as refused:
        async with secured.connect(secured.endpoint, prepare):
            pass
    assert ua.StatusCode(refused.value.code).name == status


async def test_many_wrong_passwords_close_a_name_even_to_the_right_one(
    synthetic: Any, opcua_server: Any, connect: Any, tmp_path: Path
) -> None:
    async with opcua_server(synthetic, state=tmp_path, insecure=False) as server:
        lines = (tmp_path / INITIAL_PASSWORDS).read_text().splitlines()
        passwords = {line.split(" ")[0]: line.split(" ")[1] for line in lines}
        other = Secured(server.endpoint, tmp_path, passwords, connect)
        for _ in range(FREE_ATTEMPTS):
            with pytest.raises(ua.uaerrors.BadUserAccessDenied):
                async with other.login("operator", "wrong password"):
                    pass
        with pytest.raises(ua.uaerrors.BadUserAccessDenied):
            async with other.login("operator"):
                pass
        async with other.login("engineer") as console:
            assert await console.value("TIC-201.Kind") == "controller"


def watched(test: Awaitable[Any]) -> Awaitable[Any]:
    return asyncio.wait_for(test, 10.0)


async def test_anonymous_reads_and_writes_nothing(secured: Secured, synthetic: Any) -> None:
    async with secured.login() as console:
        assert await console.value("TIC-201.Kind") == "controller"
        assert await console.write(("TIC-201.SP", ua.Variant(50.0, Double))) == ["BadUserAccessDenied"]
        assert await console.write(("TIC-201.PV", ua.Variant(50.0, Double))) == ["BadNotWritable"]
        text = ua.Variant("50", ua.VariantType.String)
        assert await console.write(("TIC-201.SP", text)) == ["BadUserAccessDenied"], "role comes before type"
        assert await console.value("TIC-201.SP", ua.AttributeIds.UserAccessLevel) == 1
        assert await console.value("TIC-201.SP", ua.AttributeIds.AccessLevel) == 3


@pytest.mark.parametrize(
    ("user", "role", "set_point", "gain"),
    [
        ("operator", Role.OPERATOR, "Good", "BadUserAccessDenied"),
        ("engineer", Role.ENGINEER, "Good", "Good"),
        ("instructor", Role.INSTRUCTOR, "Good", "Good"),
    ],
)
async def test_each_role_may_do_its_part(
    secured: Secured, synthetic: Any, user: str, role: Role, set_point: str, gain: str
) -> None:
    async with secured.login(user) as console:
        writes = ("TIC-201.SP", ua.Variant(50.0, Double)), ("TIC-201.Gain", ua.Variant(2.0, Double))
        assert await console.write(*writes) == [set_point, gain]
        assert synthetic.origins[-1] == Origin(role, user, "opcua")
        levels = [await console.value(name, ua.AttributeIds.UserAccessLevel) for name, _ in writes]
        assert levels == [3 if answer == "Good" else 1 for answer in (set_point, gain)]


@pytest.mark.parametrize(("policy", "mode"), POLICIES)
async def test_every_policy_takes_a_user_in(secured: Secured, policy: Any, mode: Any) -> None:
    async with secured.login("engineer", policy=policy, mode=mode) as console:
        assert await console.write(("TIC-201.Gain", ua.Variant(2.0, Double))) == ["Good"]


@pytest.mark.parametrize(("policy", "mode"), POLICIES)
async def test_a_message_that_was_changed_on_its_way_ends_the_connection(
    secured: Secured, policy: Any, mode: Any, eventually: Any, caplog: pytest.LogCaptureFixture
) -> None:
    console = secured.login("operator", policy=policy, mode=mode)
    found = await console.__aenter__()
    protocol = found.client.uaclient.protocol
    asked = ua.ReadRequest()
    asked.RequestHeader.AuthenticationToken = protocol.authentication_token
    asked.Parameters.NodesToRead = [ua.ReadValueId(found.id("TIC-201.PV"), ua.AttributeIds.Value)]
    data = bytearray(protocol._connection.message_to_binary(struct_to_binary(asked), request_id=1_000_000))
    data[-1] ^= 1  # of the signature, or of what it is encrypted in
    transport = protocol.transport
    transport.write(bytes(data))

    async def is_ended() -> bool:
        return bool(transport.is_closing())

    await eventually(is_ended)
    assert any("sent what is no message, and is cut off" in text for text in caplog.messages)
    assert not [one for one in caplog.records if one.name.startswith("asyncua.server") and one.levelname == "ERROR"]
    with suppress(ua.UaError, OSError, TimeoutError):
        await console.__aexit__(None, None, None)
    async with secured.login("operator", policy=policy, mode=mode) as again:
        assert await again.value("TIC-201.Kind") == "controller"


@pytest.mark.parametrize("policy", [None, SecurityPolicyBasic256Sha256])
@pytest.mark.parametrize(("user", "password"), [("operator", "wrong"), ("admin", "admin"), ("admin", "x")])
async def test_a_wrong_user_or_password_is_refused(secured: Secured, policy: Any, user: str, password: str) -> None:
    with pytest.raises(ua.uaerrors.BadUserAccessDenied):
        async with secured.login(user, password, policy):
            pass


async def test_admin_is_a_name_like_any_other(secured: Secured) -> None:
    for name in ("admin", "Admin"):
        with pytest.raises((ua.uaerrors.BadUserAccessDenied, ua.uaerrors.BadIdentityTokenRejected)):
            async with secured.login(name, secured.passwords["operator"]):
                pass


def after_create_session(client: Client, change: Callable[[Client], None]) -> None:
    """Let the client do something odd between creating and activating its session."""
    create_session = client.create_session

    async def changed() -> ua.CreateSessionResult:
        answer = await create_session()
        change(client)
        return answer

    client.create_session = changed


@pytest.mark.parametrize("mode", [None, Mode.SignAndEncrypt])
async def test_a_password_in_the_clear_is_refused_whatever_the_channel(secured: Secured, mode: Any) -> None:
    def in_the_clear(client: Client) -> None:
        for policy in client._policy_ids:
            policy.SecurityPolicyUri = SecurityPolicyNone.URI

    client = Client(secured.endpoint)
    client.application_uri = APPLICATION
    if mode is not None:
        certificate, key = str(secured.state / "client.der"), str(secured.state / "client.pem")
        await client.set_security(SecurityPolicyBasic256Sha256, certificate, key, mode=mode)
    client.set_user("operator")
    client.set_password(secured.passwords["operator"])
    after_create_session(client, in_the_clear)
    with pytest.raises(ua.uaerrors.BadIdentityTokenRejected):
        await watched(client.connect())


async def test_a_password_token_of_another_session_is_refused(secured: Secured) -> None:
    def with_an_old_nonce(client: Client) -> None:
        client._server_nonce = bytes(32)

    client = Client(secured.endpoint)
    client.set_user("operator")
    client.set_password(secured.passwords["operator"])
    after_create_session(client, with_an_old_nonce)
    with pytest.raises(ua.uaerrors.BadIdentityTokenRejected):
        await watched(client.connect())


async def test_a_session_cannot_be_taken_over_by_guessing_its_token(secured: Secured) -> None:
    async with secured.login("instructor") as victim:
        client = Client(secured.endpoint)
        await client.connect_socket()
        try:
            await client.send_hello()
            await client.open_secure_channel()
            activation = ua.ActivateSessionParameters(UserIdentityToken=ua.UserNameIdentityToken(UserName="eve"))
            for number in range(1000, 1100):  # as asyncua numbers them
                client.uaclient.session.restore_authentication_token(ua.NodeId(number))
                with pytest.raises(ua.uaerrors.BadSessionIdInvalid):
                    await client.uaclient.activate_session(activation)
            with pytest.raises(ua.UaError):
                await client.get_node(victim.id("TIC-201.SP")).write_value(20.0)
        finally:
            client.disconnect_socket()


async def test_endpoints_offer_both_policies_and_users_only_by_encrypted_password(secured: Secured) -> None:
    found = await Client(secured.endpoint).connect_and_get_server_endpoints()
    offered = {(one.SecurityPolicyUri, one.SecurityMode) for one in found}
    assert offered == {(SecurityPolicyNone.URI, Mode.None_), *((policy.URI, mode) for policy, mode in POLICIES)}
    for endpoint in found:
        assert endpoint.EndpointUrl == secured.endpoint
        uris = {token.TokenType: token.SecurityPolicyUri for token in endpoint.UserIdentityTokens}
        assert set(uris) == {ua.UserTokenType.Anonymous, ua.UserTokenType.UserName}
        assert uris[ua.UserTokenType.UserName] not in (None, SecurityPolicyNone.URI)


async def test_it_is_found_at_the_address_that_the_client_knows(
    synthetic: Any, opcua_server: Any, tmp_path: Path
) -> None:
    """Behind 0.0.0.0, too, which nobody can connect to; and not as another one."""
    async with opcua_server(synthetic, host="0.0.0.0", state=tmp_path, insecure=False, allow_none=True) as server:
        for host in ("127.0.0.1", "127.0.0.2", "localhost"):
            endpoint = server.endpoint.replace("0.0.0.0", host)
            (found,) = await Client(endpoint).connect_and_find_servers()
            assert found.DiscoveryUrls == [endpoint]
            assert found.ApplicationType == ua.ApplicationType.Server
        async with Client(endpoint) as client:
            assert [one.ApplicationUri for one in await client.find_servers([found.ApplicationUri])] == [
                found.ApplicationUri
            ]
            assert await client.find_servers(["urn:somebody:else"]) == []


async def test_beyond_loopback_unencrypted_channels_are_for_discovery_only(
    synthetic: Any, opcua_server: Any, tmp_path: Path, connect: Any
) -> None:
    async with opcua_server(synthetic, host="0.0.0.0", state=tmp_path, insecure=False) as server:
        endpoint = server.endpoint.replace("0.0.0.0", "127.0.0.1")
        found = await Client(endpoint).connect_and_get_server_endpoints()
        assert SecurityPolicyNone.URI not in {one.SecurityPolicyUri for one in found}
        client = Client(endpoint)
        await client.connect_socket()
        try:
            await client.send_hello()
            await client.open_secure_channel()
            parameters = ua.CreateSessionParameters(EndpointUrl=endpoint, RequestedSessionTimeout=10_000)
            await client.uaclient.create_session(parameters)
            activation = ua.ActivateSessionParameters(UserIdentityToken=ua.AnonymousIdentityToken())
            await client.uaclient.activate_session(activation)
            with pytest.raises(ua.uaerrors.BadUserAccessDenied):
                await client.get_node(ua.NodeId(2256)).read_value()
        finally:
            client.disconnect_socket()
    async with (
        opcua_server(synthetic, host="0.0.0.0", state=tmp_path, insecure=False, allow_none=True) as server,
        connect(server.endpoint.replace("0.0.0.0", "127.0.0.1")) as console,
    ):
        assert await console.value("TIC-201.Kind") == "controller"
