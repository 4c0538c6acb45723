"""``plantsim users`` and ``plantsim certs``, as a shell meets them."""

from __future__ import annotations

import os
import subprocess
from hashlib import sha256
from pathlib import Path

import pytest

from plantsim.commands.itself import command
from plantsim.model.tag import Role
from plantsim.serve.opcua_security import CERTIFICATE, open_identity
from plantsim.serve.opcua_users import Users


def plantsim(state: Path, *words: str, password: str | None = None) -> tuple[int, str, str]:
    environment = {name: value for name, value in os.environ.items() if name != "PLANTSIM_PASSWORD"}
    if password is not None:
        environment["PLANTSIM_PASSWORD"] = password
    done = subprocess.run(
        command(*words, "--state", str(state)),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        stdin=subprocess.DEVNULL,
        env=environment,
    )
    return done.returncode, done.stdout, done.stderr


def test_users_are_added_changed_and_removed(tmp_path: Path) -> None:
    assert plantsim(tmp_path, "users", "list") == (0, "", "")
    assert plantsim(tmp_path, "users", "add", "eve", "--role", "engineer", password="first password")[0] == 0
    assert plantsim(tmp_path, "users", "list")[1].splitlines()[-1] == "eve\tengineer"
    assert Users.open(tmp_path).role_of("eve", "first password") is Role.ENGINEER
    assert plantsim(tmp_path, "users", "passwd", "eve", password="second password")[0] == 0
    users = Users.open(tmp_path)
    assert users.role_of("eve", "first password") is None
    assert users.role_of("eve", "second password") is Role.ENGINEER
    assert plantsim(tmp_path, "users", "remove", "eve")[0] == 0
    assert "eve" not in plantsim(tmp_path, "users", "list")[1]


@pytest.mark.parametrize(
    ("words", "password", "code", "message"),
    [
        (("users", "remove", "eve"), None, 1, "eve: no such user; there are operator, engineer, instructor"),
        (("users", "add", "operator"), "a password", 1, "operator: there already; 'plantsim users passwd' changes"),
        (("users", "add", "eve"), "short", 1, "password: allowed 8 to 256 characters"),
        (("users", "add", "eve"), None, 2, "no terminal to ask for the password; allowed: PLANTSIM_PASSWORD"),
        (("users", "add", "eve", "--role", "chief"), "a password", 2, "invalid choice"),
        (("certs", "trust", "abc"), None, 1, "abc: no rejected certificate begins so; there are none"),
        (("certs", "trust", "/none.der"), None, 1, "/none.der: No such file or directory"),
    ],
)
def test_refusals(tmp_path: Path, words: tuple[str, ...], password: str | None, code: int, message: str) -> None:
    found, out, text = plantsim(tmp_path, *words, password=password)
    assert (found, out) == (code, "")
    assert message in text
    assert len(text.splitlines()) == 1


def test_no_certificates_are_an_empty_list(tmp_path: Path) -> None:
    assert plantsim(tmp_path, "certs", "list") == (0, "", "")


def test_the_servers_own_certificate_is_named_by_its_sha256(tmp_path: Path) -> None:
    """As the display's dialog shows it; before the first run there is none."""
    code, _, said = plantsim(tmp_path, "certs", "own")
    assert code == 1
    assert "no certificate yet; the first plantsim run makes one" in said
    open_identity(tmp_path)
    shown = sha256((tmp_path / CERTIFICATE).read_bytes()).hexdigest()
    assert plantsim(tmp_path, "certs", "own") == (0, f"{shown}\n", "")
