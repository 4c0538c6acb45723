"""The main job in one terminal: a plant behind, the HMI in front, and nothing left when the operator leaves."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import socket
import struct
import subprocess
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from plantsim.commands.itself import command

CTRL_Q = b"\x11"


class Terminal:
    """A pseudo-terminal with a program in it; ``screen`` is all that the program has written."""

    def __init__(self, master: int, process: subprocess.Popen[bytes]) -> None:
        self._master = master
        self.process = process
        self.screen = b""

    def wait_for(self, text: bytes, timeout: float = 30.0) -> None:
        """Read until the text was written."""
        deadline = time.monotonic() + timeout
        while text not in self.screen:
            assert time.monotonic() < deadline, self.screen[-2000:]
            self._read(deadline)

    def press(self, key: bytes) -> None:
        os.write(self._master, key)

    def wait(self, timeout: float = 20.0) -> int:
        """The exit code; what is written meanwhile is read, or the program would wait for us."""
        deadline = time.monotonic() + timeout
        while self.process.poll() is None:
            assert time.monotonic() < deadline, self.screen[-2000:]
            self._read(min(deadline, time.monotonic() + 0.05))
        return self.process.returncode

    def _read(self, until: float) -> None:
        if select.select([self._master], [], [], max(until - time.monotonic(), 0.0))[0]:
            self.screen += os.read(self._master, 65536)


@contextmanager
def terminal(*words: str) -> Iterator[Terminal]:
    """plantsim in a terminal of 120 by 40."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("4H", 40, 120, 0, 0))
    environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    with subprocess.Popen(command(*words), stdin=slave, stdout=slave, stderr=slave, env=environment) as process:
        try:
            yield Terminal(master, process)
        finally:
            process.kill()
            os.close(slave)
            os.close(master)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def test_demo_shows_the_plant_and_leaves_nothing_behind(tmp_path: Path) -> None:
    opcua, modbus = free_port(), free_port()
    with terminal("demo", "--opcua", str(opcua), "--modbus", str(modbus), "--state", str(tmp_path)) as demo:
        demo.wait_for(b"WIC-100")
        demo.wait_for(b"AI-701")
        for port in (opcua, modbus):
            socket.create_connection(("127.0.0.1", port), 5).close()
        demo.press(CTRL_Q)
        assert demo.wait() == 0
    for port in (opcua, modbus):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), 5)
    assert "stopping" in (tmp_path / "demo.log").read_text()


def test_demo_passes_on_why_the_plant_did_not_start(tmp_path: Path) -> None:
    with terminal("demo", "atlantis", "--opcua", "0", "--modbus", "0", "--state", str(tmp_path)) as demo:
        demo.wait_for(b"plantsim demo: plants: ")
        assert demo.wait() == 1
    assert b"atlantis" in demo.screen
    assert b"Traceback" not in demo.screen
