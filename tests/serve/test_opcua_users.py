"""The users file: made once, private, and refused with a clear text when it is not what it should be."""

from __future__ import annotations

import re
import stat
from pathlib import Path

import pytest

from plantsim.model.tag import Role
from plantsim.serve.opcua_users import (
    FILE,
    FREE_ATTEMPTS,
    INITIAL_PASSWORDS,
    LONGEST_DELAY,
    Attempts,
    Users,
    UsersError,
    changed_users,
    new_user,
    write_private,
)


def passwords(state: Path) -> dict[str, str]:
    lines = (state / INITIAL_PASSWORDS).read_text().splitlines()
    return {line.split(" ")[0]: line.split(" ")[1] for line in lines}


def test_the_first_start_makes_three_users_with_passwords_of_their_own(tmp_path: Path) -> None:
    users = Users.open(tmp_path)
    given = passwords(tmp_path)
    assert {name: users.role_of(name, password) for name, password in given.items()} == {
        "operator": Role.OPERATOR,
        "engineer": Role.ENGINEER,
        "instructor": Role.INSTRUCTOR,
    }
    assert len(set(given.values())) == 3
    assert users.anonymous is Role.OBSERVER


def test_passwords_are_kept_as_hashes_in_files_that_only_the_owner_reads(tmp_path: Path) -> None:
    Users.open(tmp_path)
    kept = (tmp_path / FILE).read_text()
    assert not any(password in kept for password in passwords(tmp_path).values())
    for name in (FILE, INITIAL_PASSWORDS):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600


def test_the_next_start_keeps_users_and_passwords(tmp_path: Path) -> None:
    Users.open(tmp_path)
    given = passwords(tmp_path)
    (tmp_path / INITIAL_PASSWORDS).unlink()
    assert Users.open(tmp_path).role_of("engineer", given["engineer"]) is Role.ENGINEER
    assert not (tmp_path / INITIAL_PASSWORDS).exists()


def test_no_name_opens_a_door_without_its_password(tmp_path: Path) -> None:
    users = Users.open(tmp_path)
    given = passwords(tmp_path)
    for name, password in (
        ("admin", "admin"),
        ("Admin", ""),
        ("root", given["instructor"]),
        ("operator", given["engineer"]),
        ("operator", ""),
        ("", ""),
        ("Operator", given["operator"]),
    ):
        assert users.role_of(name, password) is None, name


def test_a_private_file_is_never_written_over(tmp_path: Path) -> None:
    write_private(tmp_path / "secret", b"one")
    with pytest.raises(FileExistsError):
        write_private(tmp_path / "secret", b"two")


HASH = "$argon2id$v=19$m=32768,t=3,p=1$IIRZ3B0EOw3yUMNP0sfWog$Nx4sVRj4DT3bNqkRWQUtcZ3Ol4HuUQFqOa3q0tqbxUM"
GOOD = f'role = "operator"\nargon2 = "{HASH}"\n'


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("format = 2", "format: found 2, allowed 1"),
        ("format = 1\nuser = 1", "found user, allowed format and users"),
        ("format = 1\nusers = 3", "users: found 3, allowed tables [users.NAME]"),
        (
            'format = 1\n[users.eve]\nrole = "operator"',
            "users.eve: allowed are role and argon2, both",
        ),
        (
            "format = 1\n[users.eve]\n" + GOOD.replace("operator", "chief"),
            "users.eve.role: found 'chief', allowed observer, operator, engineer, instructor",
        ),
        (
            "format = 1\n[users.eve]\n" + GOOD.replace(HASH, "xyz"),
            "users.eve.argon2: found no hash, allowed one that 'plantsim users' has written",
        ),
        ("format = ", "Invalid value"),
    ],
)
def test_a_users_file_with_a_mistake_is_refused_by_where_found_allowed(
    tmp_path: Path, content: str, message: str
) -> None:
    write_private(tmp_path / FILE, content.encode())
    with pytest.raises(UsersError, match=rf"^{re.escape(str(tmp_path / FILE))}: .*{re.escape(message)}"):
        Users.open(tmp_path)


def test_a_users_file_that_others_can_read_is_warned_of(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    Users.open(tmp_path)
    (tmp_path / FILE).chmod(0o644)
    Users.open(tmp_path)
    assert "can be read by others than its owner; allowed: mode 600" in caplog.text


def test_each_wrong_password_after_some_closes_the_name_for_twice_as_long() -> None:
    now = 0.0
    attempts = Attempts(lambda: now)
    for _ in range(FREE_ATTEMPTS):
        assert attempts.open("eve")
        attempts.failed("eve")
    for delay in (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, LONGEST_DELAY, LONGEST_DELAY):
        assert attempts.open("bob")
        now += delay - 0.001
        assert not attempts.open("eve")
        now += 0.002
        assert attempts.open("eve")
        attempts.failed("eve")
    attempts.succeeded("eve")
    assert attempts.open("eve")


def test_users_that_are_changed_meanwhile_are_followed(tmp_path: Path) -> None:
    users = Users.open(tmp_path)
    with changed_users(tmp_path) as known:
        known["eve"] = new_user("eve", Role.ENGINEER, "a long password")
        del known["operator"]
    assert users.role_of("eve", "a long password") is Role.ENGINEER
    assert users.role_of("operator", passwords(tmp_path)["operator"]) is None
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600
    (tmp_path / FILE).write_text("format = 3")
    assert users.role_of("eve", "a long password") is Role.ENGINEER, "a file with a mistake locks nobody out"


def test_a_change_that_fails_changes_nothing(tmp_path: Path) -> None:
    Users.open(tmp_path)
    before = (tmp_path / FILE).read_bytes()
    with pytest.raises(UsersError, match="password: allowed 8 to 256 characters"), changed_users(tmp_path) as known:
        known["eve"] = new_user("eve", Role.ENGINEER, "short")
    with pytest.raises(UsersError, match="user 'e ve': allowed 1 to 64 of"):
        new_user("e ve", Role.ENGINEER, "a long password")
    assert (tmp_path / FILE).read_bytes() == before
