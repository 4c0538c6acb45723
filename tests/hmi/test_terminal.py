"""The HMI in a terminal as an operator has it: a process of its own on a pseudo terminal, keys in, characters out."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from plantsim.commands.itself import command

WITHIN = 60.0
RSS_MB, GROWTH_MB = 110.0, 10.0
"""What a display may have once all its displays have been seen, and by how much more after an hour; the bench has the
figure of one that has just begun."""
StartPlant = Callable[..., AbstractContextManager[str]]
pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="pseudo terminals as Linux has them")

LOOK_AROUND = {
    "1": "FEED PREP", "2": "ACID LEACH", ":TIC-201\r": "deviation", "\x7f": "ACID LEACH", "4": "SOLVENT",
    "8": "UTILITIES", "\x1bOQ": "ALARMS", "\x1bOR": "TRENDS", ".": "TRENDS", "\x1bOS": "JOURNAL", "0": "OVERVIEW",
}  # fmt: skip
"""Keys, and what their display says."""


@dataclass
class Terminal:
    """A program on a pseudo terminal, and all it has written."""

    process: subprocess.Popen[bytes]
    handle: int
    seen: bytearray = field(default_factory=bytearray)

    def press(self, keys: str, *texts: str) -> None:
        """Send keys, wait until all the texts have been written and, as a person would, until the screen is drawn."""
        self.seen.clear()
        os.write(self.handle, keys.encode())
        end = time.monotonic() + WITHIN
        while not all(text.encode() in self.seen for text in texts):
            if time.monotonic() > end or self.process.poll() is not None:
                pytest.fail(f"{keys!r} did not bring {texts}; the end of what came: {bytes(self.seen[-800:])!r}")
            self.read(0.1)
        while select.select([self.handle], [], [], 0.1)[0] and time.monotonic() < end:
            self.read(0.0)

    def read(self, timeout: float) -> None:
        """Take what is there."""
        if select.select([self.handle], [], [], timeout)[0]:
            with suppress(OSError):  # of a terminal whose program has ended
                self.seen += os.read(self.handle, 65536)

    @property
    def memory(self) -> float:
        """Resident memory, MB."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    def resize(self, columns: int, rows: int) -> None:
        """Give the window another size."""
        fcntl.ioctl(self.handle, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.process.send_signal(signal.SIGWINCH)

    def ended(self) -> int:
        """Wait for the program's end; its exit code."""
        end = time.monotonic() + WITHIN
        while self.process.poll() is None and time.monotonic() < end:
            self.read(0.1)
        return self.process.wait(1)


@contextmanager
def hmi(
    endpoint: str, home: Path, *options: str, term: str = "xterm-256color", colours: str = "truecolor"
) -> Iterator[Terminal]:
    """``plantsim hmi`` on a terminal of 120 columns and 40 rows, with no configuration of anybody's."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    ours_alone = {"NO_COLOR", "COLUMNS", "LINES"}  # the last two are set by readline in whatever imports it
    env = {k: v for k, v in os.environ.items() if k not in ours_alone}
    env |= {
        "TERM": term,
        "COLORTERM": colours,
        "XDG_CONFIG_HOME": str(home),
        "XDG_STATE_HOME": str(home),
    }
    words = command("hmi", endpoint, *options)
    process = subprocess.Popen(words, stdin=theirs, stdout=theirs, stderr=theirs, env=env, start_new_session=True)
    os.close(theirs)
    try:
        yield Terminal(process, ours)
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def test_displays_can_be_returned_to(endpoint: str, tmp_path: Path) -> None:
    """Whatever was left is there again, and goes on living."""
    with hmi(endpoint, tmp_path) as terminal:
        terminal.press("", "OVERVIEW", "Throughput")
        for _ in range(2):
            terminal.press("2", "ACID LEACH", "R-201")
            terminal.press("0", "OVERVIEW", "Throughput")
            terminal.press("\x1bOQ", "ALARMS")
            terminal.press("\x1bOR", "TRENDS")
            terminal.press("5", "OXALATE PRECIPITATION")
        terminal.press("\x11")
        assert terminal.ended() == 0
    assert b"Traceback" not in terminal.seen


def test_rubbish_and_windows_of_any_size_are_survived(endpoint: str, tmp_path: Path) -> None:
    """Pasted megabytes, control characters, a window of nothing and back: the plant is untouched, the display lives."""
    rubbish = "".join(chr(c) for c in range(1, 256) if c not in (3, 17, 26, 27)) * 8
    with hmi(endpoint, tmp_path) as terminal:
        terminal.press("", "OVERVIEW", "Throughput")
        terminal.press(f"\x1b[200~{rubbish}\x1b[201~")
        terminal.press("2", "ACID LEACH")
        terminal.press(":", "go to tag")
        terminal.read(0.3)
        terminal.press(f"\x1b[200~{rubbish[:500]}\x1b[201~\r", "nothing is called")
        for size in ((1, 1), (3, 300), (300, 3), (79, 23)):
            terminal.resize(*size)
            terminal.read(0.3)
        terminal.seen.clear()
        terminal.resize(120, 40)
        terminal.press("0", "OVERVIEW", "Throughput")
        terminal.press("\x11")
        assert terminal.ended() == 0
    assert b"Traceback" not in terminal.seen


def test_keys_that_come_in_one_burst_are_those_of_the_entry(endpoint: str, tmp_path: Path) -> None:
    """As over a slow line: ``-`` of a tag's name is not the key that slows the plant down, nor its digits sections."""
    with hmi(endpoint, tmp_path) as terminal:
        terminal.press("", "OVERVIEW", "Throughput")
        terminal.press(":TIC-201\r", "ACID LEACH", "deviation")
        terminal.press("p500\r", "500 is outside 0.0 .. 120.0")
        terminal.press("\x7f" * 3 + "6\x7f7\r2", "-> 7.0")
        terminal.press("\x1b", "cancelled")
        terminal.press("p64\r\r2", "64.0 °C done", "ACID LEACH")
        assert b"x0" not in terminal.seen
        terminal.press(":TIC-201\r", "deviation")
        terminal.press("p60\r\r", "60.0 °C done")


def test_keys_typed_behind_the_name_of_a_tag_are_those_of_its_faceplate(endpoint: str, tmp_path: Path) -> None:
    """Also where its section has never been open, where it is open already, and where another tag's faceplate is."""
    with hmi(endpoint, tmp_path) as terminal:
        terminal.press("", "OVERVIEW", "Throughput")
        terminal.press(":TIC-201\rp61\r", "TIC-201 SP", "-> 61.0")
        terminal.press("\x1b", "cancelled")
        terminal.press(":TIC-202\rp62.5\r", "TIC-202 SP", "-> 62.5")
        terminal.press("\x1b", "cancelled")
        terminal.press(":WIC-100\rp2\x7f3\r", "WIC-100 SP", "-> 3")
        terminal.press("\x1b", "cancelled")


def test_no_color_sends_no_colour_to_the_terminal(endpoint: str, tmp_path: Path) -> None:
    """Neither of sixteen, nor of 256, nor of all colours."""
    with hmi(endpoint, tmp_path, "--theme", "mono", "--ascii") as terminal:
        terminal.press("", "OVERVIEW", "Throughput")
        terminal.press("2", "ACID LEACH")
        assert b"38;2;" not in terminal.seen
        assert b"48;2;" not in terminal.seen
        assert b"38;5;" not in terminal.seen


@pytest.mark.parametrize("term", ["xterm-16color", "linux"])
def test_a_terminal_of_sixteen_colours_is_sent_no_others(endpoint: str, tmp_path: Path, term: str) -> None:
    with hmi(endpoint, tmp_path, term=term, colours="") as terminal:
        terminal.press("", "OVERVIEW", "Throughput")
        terminal.press("2", "ACID LEACH")
        assert b"8;2;" not in terminal.seen
        assert b"8;5;" not in terminal.seen
        assert b"\x1b[1;97;40m" in terminal.seen, "live values"


@pytest.mark.long
def test_memory_stays_while_an_operator_looks_around(start_plant: StartPlant, tmp_path: Path, scale: float) -> None:
    """All displays again and again, on a plant of which every minute shows an hour; ``--scale 60`` is an hour."""
    rounds: list[float] = []
    with (
        start_plant("--opcua", "0", "--insecure", "--speed", "60") as endpoint,
        hmi(endpoint, tmp_path / "home") as terminal,
    ):
        terminal.press("", "OVERVIEW", "Throughput")
        end = time.monotonic() + 60.0 * scale
        while time.monotonic() < end or len(rounds) < 3:
            for keys, text in LOOK_AROUND.items():
                terminal.press(keys, text)
            until = time.monotonic() + 5.0
            while time.monotonic() < until:
                terminal.read(0.1)
            rounds.append(terminal.memory)
        terminal.press("\x11")
        assert terminal.ended() == 0
    settled = rounds[len(rounds) // 5 :]
    print(
        f"{len(rounds)} rounds: {rounds[0]:.1f}, then {settled[0]:.1f} to {settled[-1]:.1f} MB, most {max(rounds):.1f}"
    )
    assert max(rounds) < RSS_MB
    assert max(settled) - settled[0] < GROWTH_MB
