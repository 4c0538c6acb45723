"""The HMI on a terminal of its own: first paint, processor time, key to screen, memory.

    python tests/bench/bench_hmi.py [COLUMNSxROWS [SECONDS]]

A plant runs in real time in one process, ``plantsim hmi`` in another on a pseudo terminal, whose screen is kept here as
a terminal keeps it. "First value" is from the start of the HMI's process to the overview, which needs the connection
and the browse; "own paint" is to the first characters of any kind. Processor time is the HMI's share of one core while
displays stand for a while; key to screen is from the key to the title of the display it calls. That the key brought the
display, title and all, and that it stays while it is measured, is asserted. Last, the share that the server has of a
core while nobody is connected, and with three such displays.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from codecs import getincrementaldecoder
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from plantsim.commands.itself import command

KEYS = {
    "1": "FEED PREP",
    "2": "ACID LEACH",
    "3": "IRON REMOVAL",
    "5": "OXALATE",
    "8": "UTILITIES",
    "0": "OVERVIEW",
}
"""Keys and what their display says first."""
ROUNDS = 6
"""Times that every key is pressed."""
STATIONS = 3
"""Displays at once that the server is measured with."""

_CONTROL = re.compile(r"\x1b(?:\[([0-9;?<>=$]*)([@-~])|\][^\x07\x1b]*(?:\x07|\x1b\\)|P[^\x1b]*\x1b\\|[()].|[^\[\]P()])")
"""A control sequence: arguments and the letter that says what it is, or one of another kind."""


class Screen:
    """What a terminal shows of what was written to it: text at places, as far as Textual asks for more."""

    def __init__(self, columns: int, rows: int) -> None:
        self._cells = [[" "] * columns for _ in range(rows)]
        self._x = self._y = 0
        self._rest = ""
        self._decoder = getincrementaldecoder("utf-8")("replace")

    @property
    def lines(self) -> list[str]:
        """Its lines, from the first."""
        return ["".join(row) for row in self._cells]

    def write(self, data: bytes) -> None:
        """Take what a program writes."""
        text = self._rest + self._decoder.decode(data)
        at = 0
        while at < len(text):
            if text[at] == "\x1b":
                found = _CONTROL.match(text, at)
                if found is None:  # the rest of it has not come yet
                    break
                self._control(found[1] or "", found[2] or "")
                at = found.end()
            else:
                self._put(text[at])
                at += 1
        self._rest = text[at:]

    def _control(self, arguments: str, end: str) -> None:
        if end == "H":
            row, _, column = arguments.partition(";")
            self._y, self._x = int(row or 1) - 1, int(column or 1) - 1
        elif end == "J":
            for line in self._cells:
                line[:] = [" "] * len(line)

    def _put(self, character: str) -> None:
        if character == "\r":
            self._x = 0
        elif character == "\n":
            self._y += 1
        elif character >= " ":
            if 0 <= self._y < len(self._cells) and 0 <= self._x < len(self._cells[0]):
                self._cells[self._y][self._x] = character
            self._x += 1


@dataclass
class Terminal:
    """A program on a pseudo terminal."""

    process: subprocess.Popen[bytes]
    handle: int
    screen: Screen
    began: float = 0.0
    """When the first characters came."""

    def until(self, text: str, within: float = 60.0, line: int | None = None) -> float:
        """Read on until a text is on the screen, or on one line of it; the moment of it."""
        end = time.perf_counter() + within
        while not self.shows(text, line):
            if time.perf_counter() > end:
                raise TimeoutError("\n".join((f"{text!r} did not come; the screen:", *self.screen.lines)))
            self.read(0.05)
        return time.perf_counter()

    def shows(self, text: str, line: int | None = None) -> bool:
        """Whether a text is on the screen, or on one line of it."""
        lines = self.screen.lines
        return any(text in found for found in (lines if line is None else lines[line : line + 1]))

    def read(self, timeout: float) -> None:
        """Take what is there."""
        if select.select([self.handle], [], [], timeout)[0]:
            with suppress(OSError):  # of a terminal whose program has ended
                self.screen.write(os.read(self.handle, 65536))
                self.began = self.began or time.perf_counter()

    def idle(self, seconds: float) -> None:
        """Let it paint for a while."""
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            self.read(0.05)

    def press(self, key: str, title: str) -> float:
        """Seconds from a key to the title of a display that was not there; all of that is there soon after it."""
        self.idle(0.3)
        before = self.screen.lines
        assert title not in before[0], f"{title!r} was there before {key!r} was pressed"
        started = time.perf_counter()
        os.write(self.handle, key.encode())
        seconds = self.until(title, line=0) - started
        self.idle(0.3)
        after = self.screen.lines
        changed = sum(was != is_ for was, is_ in zip(before[1:-2], after[1:-2], strict=True))
        assert title in after[0], f"{key!r} did not stay at {title!r}: {after[0]!r}"
        assert changed > len(after) // 3, f"{key!r} changed {changed} lines below the title alone"
        return seconds

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
    return Terminal(process, ours, Screen(columns, rows))


def measure(endpoint: str, columns: int, rows: int, seconds: float, home: Path) -> None:
    """Open the HMI, press keys, and print what it took."""
    started = time.perf_counter()
    terminal = open_terminal(command("hmi", endpoint), columns, rows, home)
    try:
        first = terminal.until("Throughput") - started
        own = terminal.began - started
        terminal.idle(3.0)
        shares = {}
        for key, text in KEYS.items():
            terminal.press(key, text)
            before, at = terminal.processor, time.perf_counter()
            terminal.idle(seconds / len(KEYS))
            shares[text] = (terminal.processor - before) / (time.perf_counter() - at)
            assert terminal.shows(text, 0), f"{text} did not stay while it was measured"
        waits = sorted(terminal.press(key, text) for _ in range(ROUNDS) for key, text in KEYS.items())
        print(f"{columns}x{rows}")
        print(f"  own paint        {1e3 * own:7.0f} ms")
        print(f"  first value      {1e3 * first:7.0f} ms")
        print(f"  processor        {100 * statistics.mean(shares.values()):7.1f} % of a core"
              f" (most {100 * max(shares.values()):.1f} %: {max(shares, key=lambda k: shares[k])})")  # fmt: skip
        late = waits[int(0.95 * len(waits))]
        print(f"  key to screen    {1e3 * statistics.median(waits):7.1f} ms p50, {1e3 * late:.1f} ms p95")
        print(f"  memory           {terminal.memory:7.0f} MB")
        leave(terminal)
    finally:
        terminal.process.kill()
        terminal.process.wait()
        os.close(terminal.handle)


def leave(terminal: Terminal) -> None:
    """ctrl+q ends the program, with nothing to complain of."""
    os.write(terminal.handle, b"\x11")
    end = time.perf_counter() + 10.0
    while terminal.process.poll() is None and time.perf_counter() < end:
        terminal.read(0.05)
    assert terminal.process.poll() == 0, f"ctrl+q: exit code {terminal.process.poll()}"


def measure_server(server: int, endpoint: str, columns: int, rows: int, seconds: float, home: Path) -> None:
    """Print what the server takes without displays and with some, each on another section."""
    shares = []
    terminals: list[Terminal] = []
    try:
        for stations in (0, STATIONS):
            terminals += [open_terminal(command("hmi", endpoint), columns, rows, home) for _ in range(stations)]
            for terminal, key in zip(terminals, KEYS, strict=False):
                terminal.until("Throughput")
                if not terminal.shows(KEYS[key], 0):
                    terminal.press(key, KEYS[key])
            before, at = processor(server), time.perf_counter()
            while time.perf_counter() < at + seconds:
                for terminal in terminals:
                    terminal.read(0.05)
                if not terminals:
                    time.sleep(0.05)
            shares.append((processor(server) - before) / (time.perf_counter() - at))
            for terminal, text in zip(terminals, KEYS.values(), strict=False):
                assert terminal.shows(text, 0), f"{text} did not stay while the server was measured"
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
