"""The HMI on a terminal of its own: first paint, processor time, key to screen, memory.

    python tests/bench/bench_hmi.py [COLUMNSxROWS [SECONDS]]

A plant runs in real time in one process, ``plantsim hmi`` in another on a pseudo terminal. "First value" is from the
start of the HMI's process to the overview, which needs the connection and the browse; "own paint" is to the first
characters of any kind. Processor time is the HMI's share of one core while displays stand for a while; key to screen is
from the key to the first characters of the display it calls. Last, the share that the server has of a core while nobody
is connected, and with three such displays.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from plantsim.commands.itself import command

KEYS = {
    b"1": b"FEED PREP",
    b"2": b"ACID LEACH",
    b"3": b"IRON REMOVAL",
    b"5": b"OXALATE",
    b"8": b"UTILITIES",
    b"0": b"OVERVIEW",
}
"""Keys and what their display says first."""
ROUNDS = 6
"""Times that every key is pressed."""
STATIONS = 3
"""Displays at once that the server is measured with."""


@dataclass
class Terminal:
    """A program on a pseudo terminal."""

    process: subprocess.Popen[bytes]
    handle: int
    seen: bytearray = field(default_factory=bytearray)

    def until(self, text: bytes, within: float = 60.0) -> float:
        """Read on until a text comes; the moment of it."""
        end = time.perf_counter() + within
        while text not in self.seen:
            if time.perf_counter() > end:
                raise TimeoutError(f"{text!r} did not come; the end of what did: {bytes(self.seen[-500:])!r}")
            self.read(0.05)
        return time.perf_counter()

    def read(self, timeout: float) -> None:
        """Take what is there."""
        if select.select([self.handle], [], [], timeout)[0]:
            with suppress(OSError):  # of a terminal whose program has ended
                self.seen += os.read(self.handle, 65536)

    def idle(self, seconds: float) -> None:
        """Let it paint for a while."""
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            self.read(0.05)

    def press(self, key: bytes, text: bytes) -> float:
        """Seconds from a key to a text on the screen."""
        self.idle(0.3)
        self.seen.clear()
        started = time.perf_counter()
        os.write(self.handle, key)
        return self.until(text) - started

    @property
    def processor(self) -> float:
        """Processor time so far, s."""
        return processor(self.process.pid)

    @property
    def memory(self) -> float:
        """Resident memory, MB."""
        return int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def processor(pid: int) -> float:
    """Processor time of a process so far, s."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def open_terminal(words: list[str], columns: int, rows: int, home: Path) -> Terminal:
    """Start a program on a terminal of its own, with no configuration."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    env = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", "XDG_CONFIG_HOME": str(home),
           "XDG_STATE_HOME": str(home)}  # fmt: skip
    process = subprocess.Popen(words, stdin=theirs, stdout=theirs, stderr=theirs, env=env, start_new_session=True)
    os.close(theirs)
    return Terminal(process, ours)


def measure(endpoint: str, columns: int, rows: int, seconds: float, home: Path) -> None:
    """Open the HMI, press keys, and print what it took."""
    started = time.perf_counter()
    terminal = open_terminal(command("hmi", endpoint), columns, rows, home)
    try:
        own = terminal.until(b"\x1b[") - started
        first = terminal.until(b"Throughput") - started
        terminal.idle(3.0)
        shares = {}
        for key, text in KEYS.items():
            terminal.press(key, text)
            before, at = terminal.processor, time.perf_counter()
            terminal.idle(seconds / len(KEYS))
            shares[text.decode()] = (terminal.processor - before) / (time.perf_counter() - at)
        waits = sorted(terminal.press(key, text) for _ in range(ROUNDS) for key, text in KEYS.items())
        print(f"{columns}x{rows}")
        print(f"  own paint        {1e3 * own:7.0f} ms")
        print(f"  first value      {1e3 * first:7.0f} ms")
        print(f"  processor        {100 * statistics.mean(shares.values()):7.1f} % of a core"
              f" (most {100 * max(shares.values()):.1f} %: {max(shares, key=lambda k: shares[k])})")  # fmt: skip
        late = waits[int(0.95 * len(waits))]
        print(f"  key to screen    {1e3 * statistics.median(waits):7.1f} ms p50, {1e3 * late:.1f} ms p95")
        print(f"  memory           {terminal.memory:7.0f} MB")
    finally:
        os.write(terminal.handle, b"\x11")
        terminal.idle(1.0)
        terminal.process.kill()
        terminal.process.wait()
        os.close(terminal.handle)


def measure_server(server: int, endpoint: str, columns: int, rows: int, seconds: float, home: Path) -> None:
    """Print what the server takes without displays and with some, each on another section."""
    shares = []
    terminals: list[Terminal] = []
    try:
        for stations in (0, STATIONS):
            terminals += [open_terminal(command("hmi", endpoint), columns, rows, home) for _ in range(stations)]
            for terminal, key in zip(terminals, KEYS, strict=False):
                terminal.until(b"Throughput")
                terminal.press(key, KEYS[key])
            before, at = processor(server), time.perf_counter()
            while time.perf_counter() < at + seconds:
                for terminal in terminals:
                    terminal.read(0.05)
                if not terminals:
                    time.sleep(0.05)
            shares.append((processor(server) - before) / (time.perf_counter() - at))
    finally:
        for terminal in terminals:
            terminal.process.kill()
            terminal.process.wait()
            os.close(terminal.handle)
    print(
        f"  server           {100 * shares[0]:7.1f} % of a core alone, {100 * shares[1]:.1f} % with {STATIONS} displays"
    )


def main(size: str = "120x40", seconds: str = "30") -> None:
    """Start a plant and measure the HMI against it."""
    columns, rows = map(int, size.split("x"))
    with tempfile.TemporaryDirectory() as folder:
        words = command("run", "belfast", "--opcua", "0", "--modbus", "0", "--insecure", "--state", folder)
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
            assert server.stdout is not None
            endpoint = dict(word.split("=", 1) for word in server.stdout.readline().split()[1:])["opcua"]
            try:
                measure(endpoint, columns, rows, float(seconds), Path(folder) / "home")
                measure_server(server.pid, endpoint, columns, rows, float(seconds), Path(folder) / "home")
            finally:
                server.terminate()


if __name__ == "__main__":
    main(*sys.argv[1:])
