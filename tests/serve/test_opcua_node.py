"""node-opcua, a client that is not ours, asks the server for all that a SCADA system asks for, by every policy."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from plantsim.commands.itself import command
from plantsim.serve.opcua_trust import TrustList
from plantsim.serve.opcua_users import INITIAL_PASSWORDS

SCRIPT = Path(__file__).parent / "node" / "client.js"
MODULES = Path(__file__).parents[2] / ".ci" / "node" / "node_modules"
WITHIN = 120.0
pytestmark = [
    pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed (apt install nodejs)"),
    pytest.mark.skipif(not (MODULES / "node-opcua").exists(), reason="no node-opcua here (npm ci --prefix .ci/node)"),
]


@dataclass
class Served:
    """A plant with passwords and a trust list, and where they are."""

    endpoint: str
    state: Path

    @property
    def passwords(self) -> dict[str, str]:
        lines = (self.state / INITIAL_PASSWORDS).read_text(encoding="utf-8").splitlines()
        return dict(line.split(" ") for line in lines)

    def ask(self, policy: str, mode: str, user: str = "") -> dict[str, Any]:
        """What node-opcua was told."""
        given = {
            "endpoint": self.endpoint,
            "policy": policy,
            "mode": mode,
            "user": user,
            "password": self.passwords.get(user, ""),
            "pki": str(self.state.parent / "pki"),
            "modules": str(MODULES),
        }
        words = ["node", str(SCRIPT), json.dumps(given)]
        done = subprocess.run(words, capture_output=True, text=True, timeout=WITHIN, check=False)
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return found


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("node")
    words = command("run", "belfast", "--opcua", "0", "--modbus", "0", "--state", str(folder / "state"))
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen(words, stdout=subprocess.PIPE, stderr=log, text=True) as run,
    ):
        try:
            assert run.stdout is not None
            ready = re.search(r"opcua=(\S+)", run.stdout.readline())
            assert ready is not None
            (state,) = [path.parent for path in (folder / "state").rglob(INITIAL_PASSWORDS)]
            yield Served(ready[1], state)
        finally:
            run.terminate()


def test_anonymous_looks_and_changes_nothing(served: Served) -> None:
    told = served.ask("None", "None")
    assert "error" not in told, told
    assert told["read"][0] == "Good"
    assert told["read"][1] == pytest.approx(4.3, abs=0.3)
    assert set(told["refused"].values()) <= {"BadUserAccessDenied", "BadNotWritable"}
    assert told["browsed"]["variables"] > 1800
    assert told["browsed"]["methods"] >= 10


@pytest.mark.parametrize(
    ("policy", "mode"),
    [
        pytest.param("Basic256Sha256", "Sign", marks=pytest.mark.long),
        pytest.param("Basic256Sha256", "SignAndEncrypt", marks=pytest.mark.long),
        pytest.param("Aes256_Sha256_RsaPss", "Sign", marks=pytest.mark.long),
        ("Aes256_Sha256_RsaPss", "SignAndEncrypt"),
    ],
)
def test_the_instructor_does_all_there_is_to_do(served: Served, policy: str, mode: str) -> None:
    """The first time its certificate is refused until somebody trusts it."""
    certificates = TrustList(served.state)
    if not certificates.known():
        assert "BadCertificateUntrusted" in served.ask(policy, mode, "instructor")["error"]
        (found,) = certificates.known()
        assert found.trusted is False
        certificates.trust(found.name)
    told = served.ask(policy, mode, "instructor")
    assert "error" not in told, told
    assert told["refused"] == {"read_only": "BadNotWritable", "range": "BadOutOfRange", "mode": "BadInvalidState"}
    assert told["subscribed"] == {"steps": [0.0, 3.0, 0.0], "answers": ["Good", "Good", "Good"]}
    assert told["method"] == ["Good", 300]
    assert told["history"]["raw"][0].startswith("Good")
    assert told["history"]["raw"][1] > 0
    assert told["history"]["processed"] == ["Good", 1]
    assert told["alarm"].pop("severity") in (300, 600, 900)
    done = ("acknowledged", "commented", "shelved", "unshelved")
    assert told["alarm"] == dict.fromkeys(done, "Good")
    transport = ["UserName", "UA Binary", "UA-TCP UA-SC UA-Binary"]
    assert told["secured"] == [["instructor", *transport, mode, policy, True]]
