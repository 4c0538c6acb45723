"""Modbus RTU on a serial device or pseudo-terminal: the same answers as on the network, in the line's own time.

The line is the plant's alone, as a gateway's would be: it answers for all units, and unknown ones with 0x0B.
"""

from __future__ import annotations

import asyncio
import errno
import fcntl
import logging
import os
import termios

from plantsim.serve.modbus_pdu import Client, Responder
from plantsim.serve.modbus_rtu import Framer, Line, crc

log = logging.getLogger(__name__)

BROADCAST = 0
AGAIN_S = 1.0
"""Between attempts to open a device that has gone, such as an adapter that was unplugged."""
READ_BYTES = 4096


class SerialError(Exception):
    """A line that cannot be used: device and reason."""


class SerialPort:
    """One line, served from `open` to `close` by the running loop."""

    def __init__(self, responder: Responder, line: Line) -> None:
        self._responder = responder
        self._line = line
        self._client = Client(line.device)
        self._framer = Framer(line.patience_s)
        self._fd = -1
        self._timers: set[asyncio.TimerHandle] = set()
        self._silence: asyncio.TimerHandle | None = None
        self._free_at = 0.0
        """When the line has rested long enough for another answer, loop time."""

    def open(self) -> None:
        """Take the device; SerialError says why it cannot be had."""
        self._fd = open_line(self._line)
        asyncio.get_running_loop().add_reader(self._fd, self._receive)
        log.info("Modbus RTU on %s, %d Bd, %s", self._line.device, self._line.baud, self._line.form)

    def close(self) -> None:
        """Give the device back; a second call does nothing."""
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        self._silence = None
        if self._fd >= 0:
            asyncio.get_running_loop().remove_reader(self._fd)
            os.close(self._fd)
            self._fd = -1

    def _later(self, when: float, what: object, *args: object) -> asyncio.TimerHandle:
        """Call at a loop time, unless the port is closed before."""
        assert callable(what)

        def call() -> None:
            self._timers.discard(timer)
            what(*args)

        timer = asyncio.get_running_loop().call_at(when, call)
        self._timers.add(timer)
        return timer

    def _receive(self) -> None:
        now = asyncio.get_running_loop().time()
        try:
            data = os.read(self._fd, READ_BYTES)
        except BlockingIOError:
            return
        except OSError as error:
            self._lost(error.strerror or str(error))
            return
        if not data:
            self._lost("the other end is closed")
            return
        if self._silence is not None:
            self._silence.cancel()
            self._timers.discard(self._silence)
            self._silence = None
        self._answer(self._framer.feed(data, now))
        if self._framer.waiting:
            self._silence = self._later(now + self._line.patience_s, self._end_of_frame)

    def _end_of_frame(self) -> None:
        self._silence = None
        self._answer(self._framer.silence())

    def _answer(self, frames: list[bytes]) -> None:
        for frame in frames:
            unit = frame[0]
            if (
                unit == BROADCAST
            ):  # to all devices of a line, answered by none; one address means something else in each
                continue
            answer = bytes((unit,)) + self._responder.answer(unit, frame[1:], self._client)
            self._send_in_time(answer + crc(answer))

    def _send_in_time(self, frame: bytes) -> None:
        """Send once the line has rested: after the request, and after the answer before."""
        now = asyncio.get_running_loop().time()
        start = max(now + self._line.rest_s, self._free_at)
        self._free_at = start + len(frame) * self._line.character_s + self._line.rest_s
        self._later(start, self._send, frame)

    def _send(self, frame: bytes) -> None:
        try:
            sent = os.write(self._fd, frame)
        except BlockingIOError:
            sent = 0
        except OSError as error:
            self._lost(error.strerror or str(error))
            return
        if sent < len(frame):  # nobody listens, and the device's own buffer is full: an answer too late is none
            termios.tcflush(self._fd, termios.TCOFLUSH)
            log.warning("Modbus RTU on %s: the client does not take its answers", self._line.device)

    def _lost(self, why: str) -> None:
        log.warning("Modbus RTU on %s: %s; trying again every %g s", self._line.device, why, AGAIN_S)
        self.close()
        self._framer = Framer(self._line.patience_s)
        self._try_again()

    def _try_again(self) -> None:
        try:
            self.open()
        except SerialError:
            self._later(asyncio.get_running_loop().time() + AGAIN_S, self._try_again)


def open_line(line: Line) -> int:
    """The device's file descriptor: raw, not blocking, its settings made, locked against others; or SerialError."""
    try:
        fd = os.open(line.device, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        try:
            _set_up(fd, line)
        except BaseException:
            os.close(fd)
            raise
    except (OSError, termios.error) as error:
        raise SerialError(f"{line.device}: {error.args[1]}; allowed: a serial device or a pty") from None
    return fd


def _set_up(fd: int, line: Line) -> None:
    if not os.isatty(fd):
        raise OSError(errno.ENOTTY, os.strerror(errno.ENOTTY))
    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)  # what pyserial's exclusive access goes by; it ends with the file
    control = termios.CS8 | termios.CREAD | termios.CLOCAL
    control |= {"E": termios.PARENB, "O": termios.PARENB | termios.PARODD, "N": 0}[line.form[1]]
    control |= termios.CSTOPB if line.form[2] == "2" else 0
    speed = getattr(termios, f"B{line.baud}")
    characters: list[bytes | int] = list(termios.tcgetattr(fd)[6])
    characters[termios.VMIN], characters[termios.VTIME] = 1, 0
    termios.tcsetattr(fd, termios.TCSANOW, [0, 0, control, 0, speed, speed, characters])
    termios.tcflush(fd, termios.TCIOFLUSH)
