"""Servers by their certificates: remembered at first use, refused in a dialog when they show another one."""

from __future__ import annotations

import hashlib
import json
import socket
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from asyncua import Server, ua

from hmi.comm.identity import own_fingerprint
from hmi.comm.known import FILE, ChangedCertificate, KnownServers, Seen, grouped, is_loopback
from hmi.comm.login import Login
from hmi.screens.connect import Connect
from hmi.screens.trust import Trust
from plantsim.commands.itself import command
from plantsim.serve.opcua_security import CERTIFICATE, KEY, application_uri, open_identity

if TYPE_CHECKING:
    from tests.hmi.conftest import Desk

SitDown = Callable[..., AbstractAsyncContextManager["Desk"]]
ENDPOINT = "opc.tcp://plant.example:4840/plantsim"
FIRST, SECOND = hashlib.sha256(b"first").hexdigest(), hashlib.sha256(b"second").hexdigest()


def test_a_certificate_is_remembered_at_first_use_and_another_is_refused(tmp_path: Path) -> None:
    """Host and port are what it is known by; the path does not matter."""
    known = KnownServers(tmp_path / "new" / FILE)
    assert known.check(ENDPOINT, b"first") == Seen("plant.example:4840", FIRST)
    again = known.check("opc.tcp://PLANT.example:4840/other", b"first")
    assert again.fingerprint == FIRST
    assert again.since
    with pytest.raises(ChangedCertificate) as refused:
        known.check(ENDPOINT, b"second")
    assert (refused.value.known.fingerprint, refused.value.shown) == (FIRST, SECOND)
    assert known.check(ENDPOINT.replace("4840", "4841"), b"second").since == ""
    known.trust("plant.example:4840", SECOND)
    assert known.check(ENDPOINT, b"second").since


def test_a_certificate_that_is_asked_for_counts_more_than_the_memory(tmp_path: Path) -> None:
    """It is refused at first use, too, if it is not that one; and remembered if it is."""
    known = KnownServers(tmp_path / FILE)
    with pytest.raises(ChangedCertificate):
        known.check(ENDPOINT, b"first", SECOND)
    known.check(ENDPOINT, b"first")
    known.check(ENDPOINT, b"second", SECOND)
    assert known.check(ENDPOINT, b"second").fingerprint == SECOND


@pytest.mark.parametrize("text", ["{", "[]", '{"plant.example:4840": 1}', '{"plant.example:4840": {"sha256": "x"}}'])
def test_a_memory_that_cannot_be_read_trusts_nobody(tmp_path: Path, text: str) -> None:
    """The message names the file."""
    (tmp_path / FILE).write_text(text)
    with pytest.raises(ConnectionError, match=FILE):
        KnownServers(tmp_path / FILE).check(ENDPOINT, b"first")


@pytest.mark.parametrize(
    ("login", "endpoint", "checks"),
    [
        (Login(), ENDPOINT, False),
        (Login("operator", "x"), ENDPOINT, True),
        (Login("operator", "x"), "opc.tcp://127.0.0.1:4840/plantsim", False),
        (Login("operator", "x"), "opc.tcp://[::1]:4840/plantsim", False),
        (Login(security="sign"), "opc.tcp://localhost:4840/plantsim", True),
        (Login(trust=FIRST), "opc.tcp://localhost:4840/plantsim", True),
    ],
)
def test_it_matters_where_a_secret_leaves_the_machine(login: Login, endpoint: str, checks: bool) -> None:
    """Or where the session is to be secured."""
    assert login.checks(endpoint) is checks
    assert is_loopback(endpoint) is (endpoint != ENDPOINT)


@asynccontextmanager
async def serving(folder: Path, port: int) -> AsyncIterator[str]:
    """A server with the certificate of a folder; gives its SHA-256. It is no plant, which is found out after it."""
    folder.mkdir(exist_ok=True)
    open_identity(folder)
    server = Server()
    await server.init()
    await server.set_application_uri(application_uri())
    server.set_endpoint(f"opc.tcp://127.0.0.1:{port}/plantsim")
    server.set_security_policy([ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt])
    await server.load_certificate(folder / CERTIFICATE)
    await server.load_private_key(folder / KEY)
    async with server:
        yield hashlib.sha256((folder / CERTIFICATE).read_bytes()).hexdigest()


@pytest.mark.parametrize("size", [(80, 24), pytest.param((160, 50), marks=pytest.mark.long)])
async def test_a_station_that_is_not_trusted_yet_says_what_lets_it_in(
    guarded: Any, sit_down: SitDown, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    """The command with its own certificate; it comes in by itself once somebody has given it at the server."""
    monkeypatch.setattr("hmi.comm.link.BACKOFF", (0.2,))
    login = Login("operator", guarded.passwords["operator"], "encrypt", tmp_path)
    async with sit_down(guarded.endpoint, size, wait=False, login=login) as desk:
        await desk.see("does not trust this client's certificate yet")
        name = own_fingerprint(tmp_path)[:16]
        await desk.until(lambda: f"'plantsim certs trust {name}' lets it in" in " ".join(desk.text.split()))
        words = command("certs", "trust", name, "--state", str(guarded.folder))
        subprocess.run(words, check=True, capture_output=True, timeout=60)
        await desk.until(lambda: desk.app.link.state.online)


@pytest.mark.long
async def test_a_server_that_shows_another_certificate_is_refused_until_it_is_trusted(
    tmp_path: Path, sit_down: SitDown, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The dialog has both fingerprints; Esc stays away, ctrl+t shows it again, T goes on and remembers."""
    monkeypatch.setattr("hmi.comm.link.BACKOFF", (0.2,))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    login = Login(security="encrypt", folder=tmp_path / "client")
    endpoint = f"opc.tcp://127.0.0.1:{port}/plantsim"
    name = f"127.0.0.1:{port}"

    def remembered() -> str:
        return str(json.loads((tmp_path / "client" / FILE).read_text())[name]["sha256"])

    async with sit_down(endpoint, (80, 24), wait=False, login=login) as desk:
        async with serving(tmp_path / "a", port) as first:
            await desk.see("has no namespace urn:plantsim:plant")
            assert remembered() == first
        async with serving(tmp_path / "b", port) as second:
            await desk.see("THE SERVER'S CERTIFICATE IS NOT THE KNOWN ONE")
            for fingerprint in (first, second):
                assert grouped(fingerprint[:32]) in desk.text
                assert grouped(fingerprint[32:]) in desk.text
            assert "ctrl+q  quit" in desk.text
            await desk.press("escape")
            assert isinstance(desk.app.screen, Connect)
            await desk.see("last error: the server's certificate has changed")
            await desk.see("ctrl+t shows both certificates")
            attempt = desk.app.link.state.attempt
            await desk.until(lambda: desk.app.link.state.attempt > attempt)
            assert isinstance(desk.app.screen, Connect), "who has decided is not asked again"
            assert remembered() == first
            await desk.press("ctrl+t")
            assert isinstance(desk.app.screen, Trust)
            await desk.press("T")
            await desk.see("has no namespace urn:plantsim:plant")
            assert remembered() == second
