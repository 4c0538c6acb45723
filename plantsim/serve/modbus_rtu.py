"""Modbus RTU frames, without a line: where one ends, whether it came whole, and how long the line must rest.

Modbus over Serial Line 1.02, section 2.5.1. A frame ends with 3.5 characters of silence. Adapters on USB and
pseudo-terminals hand bytes over in lumps, so that silence alone would cut frames in two: a request ends where its
function code says it does, if its CRC fits, and silence ends what has no such length.
"""

from __future__ import annotations

from dataclasses import dataclass

BAUDS = (1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200)
FORMS = ("8E1", "8O1", "8N1", "8N2")
"""Data bits, parity and stop bits; 8E1 is the standard's default."""

PATIENCE_S = 0.02
"""Silence that ends a frame, at least: adapters hold bytes back for up to 16 ms."""
FAST_BAUD, FAST_REST_S = 19200, 1.75e-3
"""Above this rate the silence between frames is this long, whatever the rate."""
LARGEST = 256
"""Bytes of a frame, with unit and CRC."""

_SIZES = {1: 8, 2: 8, 3: 8, 4: 8, 5: 8, 6: 8, 0x16: 10}
"""Of requests that are always as long, with unit and CRC."""
_COUNTED = {0x0F: 6, 0x10: 6, 0x17: 10}
"""Where a longer request says how many bytes follow."""


@dataclass(frozen=True, slots=True)
class Line:
    """A serial line. device: path. baud: one of ``BAUDS``, bits per second. form: one of ``FORMS``."""

    device: str
    baud: int = 19200
    form: str = "8E1"

    @property
    def character_s(self) -> float:
        """Time that a character takes: start bit, 8 data bits, parity, stop bits."""
        return (10 + (self.form != "8N1")) / self.baud

    @property
    def rest_s(self) -> float:
        """Silence between frames: 3.5 characters, 1.75 ms on a fast line."""
        return FAST_REST_S if self.baud > FAST_BAUD else 3.5 * self.character_s

    @property
    def patience_s(self) -> float:
        """Silence after which what has come is a frame or is nothing."""
        return max(self.rest_s, PATIENCE_S)


def crc(data: bytes) -> bytes:
    """Two bytes, low one first (section 2.5.1.2: polynomial 0xA001, from 0xFFFF)."""
    register = 0xFFFF
    for byte in data:
        register = (register >> 8) ^ _TABLE[(register ^ byte) & 0xFF]
    return register.to_bytes(2, "little")


def _entry(byte: int) -> int:
    for _ in range(8):
        byte = (byte >> 1) ^ (0xA001 if byte & 1 else 0)
    return byte


_TABLE = tuple(_entry(byte) for byte in range(256))


class Framer:
    """Cuts what comes off a line into frames; each is unit and request, its CRC found right and taken off."""

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._received = bytearray()
        self._last = 0.0
        self._spoilt = False

    @property
    def waiting(self) -> bool:
        """Whether there is something that only silence can end."""
        return self._spoilt or bool(self._received)

    def feed(self, data: bytes, now: float) -> list[bytes]:
        """Take bytes that came at `now` [s of a monotonic clock]; the frames they complete."""
        frames = self.silence() if self.waiting and now - self._last > self._patience else []
        self._last = now
        if self._spoilt:
            return frames
        self._received += data
        while (size := _size(self._received)) is not None and len(self._received) >= size:
            frame = _checked(self._received[:size])
            if frame is None:  # out of step: nothing can be told until the line has rested
                self._drop()
                return frames
            frames.append(frame)
            del self._received[:size]
        if len(self._received) > LARGEST:
            self._drop()
        return frames

    def silence(self) -> list[bytes]:
        """The line has rested: what has come is one frame, or none if its CRC does not fit."""
        frame = None if self._spoilt else _checked(self._received)
        self._received.clear()
        self._spoilt = False
        return [] if frame is None else [frame]

    def _drop(self) -> None:
        self._received.clear()
        self._spoilt = True


def _size(received: bytearray) -> int | None:
    """Bytes of the request that stands at the beginning; None where that is not to be told yet, or at all."""
    if len(received) < 2:
        return None
    function = received[1]
    if function in _SIZES:
        return _SIZES[function]
    if function in _COUNTED:
        place = _COUNTED[function]
        return None if len(received) <= place else place + 1 + received[place] + 2
    if function == 0x2B and len(received) >= 3:
        return 7 if received[2] == 0x0E else None
    return None


def _checked(frame: bytearray) -> bytes | None:
    """Unit and request of a frame whose CRC fits."""
    if not 4 <= len(frame) <= LARGEST or crc(bytes(frame[:-2])) != frame[-2:]:
        return None
    return bytes(frame[:-2])
