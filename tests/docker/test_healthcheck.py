"""The container's health check: healthy is what greets an OPC UA client, and nothing else."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "docker" / "healthcheck.py"


def probe(port: int) -> int:
    return subprocess.run([sys.executable, SCRIPT, "127.0.0.1", str(port)], timeout=20, check=False).returncode


@pytest.mark.parametrize(("greeting", "code"), [(b"ACKF", 0), (b"ERRF", 1), (b"HTTP", 1), (b"", 1)])
def test_health_is_the_answer_to_hello(greeting: bytes, code: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                assert connection.recv(4) == b"HELF"
                connection.sendall(greeting)

        thread = threading.Thread(target=answer)
        thread.start()
        assert probe(server.getsockname()[1]) == code
        thread.join()


def test_nothing_listening_is_unhealthy() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert probe(port) == 1
