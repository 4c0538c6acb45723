"""Option values as people type them; each function raises ``ArgumentTypeError`` with what is allowed."""

from __future__ import annotations

import ipaddress
import math
import re
from argparse import ArgumentTypeError
from datetime import UTC, datetime

from plantsim.model.duration import seconds
from plantsim.serve.modbus_rtu import BAUDS, FORMS, Line

SCAN_RANGE = (0.01, 1.0)


def duration(text: str) -> float:
    """``90s``, ``15m``, ``24h`` or ``7d`` in seconds; longer than nothing."""
    found = seconds(text)
    if not found:
        raise ArgumentTypeError(f"'{text}' is no duration; allowed: above 0 in s, m, h or d, such as 90s, 15m, 24h, 7d")
    return found


def scan(text: str) -> float:
    """A scan period of plant time, 10 ms to 1 s, in seconds."""
    found = seconds(text)
    if found is None or not SCAN_RANGE[0] <= found <= SCAN_RANGE[1]:
        raise ArgumentTypeError(f"'{text}' is no scan period; allowed: 10ms to 1s, such as 100ms")
    return found


def speed(text: str) -> float:
    """A multiple of real time; ``max`` is infinite."""
    if text == "max":
        return math.inf
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value > 0):
        raise ArgumentTypeError(f"'{text}' is no speed; allowed: a number above 0 (1 = real time) or max")
    return value


def port(text: str) -> int:
    """A TCP port; 0 asks for a free one."""
    if not (text.isdecimal() and int(text) <= 65535):
        raise ArgumentTypeError(f"'{text}' is no port; allowed: 0 to 65535, 0 = a free one")
    return int(text)


def seed(text: str) -> int:
    """A seed: a non-negative integer of 63 bits."""
    if not (text.isdecimal() and int(text) < 2**63):
        raise ArgumentTypeError(f"'{text}' is no seed; allowed: an integer from 0 to {2**63 - 1}")
    return int(text)


def epoch(text: str) -> float:
    """An ISO 8601 time in seconds since 1970; without an offset it is UTC."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"'{text}' is no time; allowed: ISO 8601, such as 2026-01-01T00:00:00Z") from None
    return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()


def start(text: str) -> str:
    """``cold``, ``steady``, a snapshot's name, or its path."""
    if "/" in text or re.fullmatch(r"[A-Za-z0-9_-]{1,64}", text):
        return text
    raise ArgumentTypeError(f"'{text}' is no state; allowed: cold, steady, a snapshot's name (A-Z a-z 0-9 _ -) or path")


def areas(text: str) -> frozenset[str]:
    """Area ids with commas between; which ids exist is the plant's to say."""
    ids = [part.strip() for part in text.split(",")]
    if not all(ids):
        raise ArgumentTypeError(
            f"'{text}' is no list of areas; allowed: area ids with commas between, such as leach,iron"
        )
    return frozenset(ids)


def names(text: str) -> tuple[str, ...]:
    """Names with commas between."""
    found = tuple(name.strip() for name in text.split(","))
    if not all(found):
        raise ArgumentTypeError(f"found {text!r}, allowed names with commas between")
    return found


def networks(text: str) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    """Networks in CIDR notation, or single addresses, with commas between."""
    try:
        return tuple(ipaddress.ip_network(part.strip(), strict=False) for part in text.split(","))
    except ValueError as error:
        raise ArgumentTypeError(f"'{text}': {error}; allowed: networks such as 192.168.1.0/24,10.0.0.7") from None


def line(text: str) -> Line:
    """A serial line: ``/dev/ttyUSB0``, ``/dev/ttyUSB0,9600`` or ``/dev/ttyUSB0,9600,8N1``; the standard's 19200,8E1."""
    device, *rest = text.split(",")
    baud, form = (rest + ["19200", "8E1"][len(rest) :])[:2] if len(rest) <= 2 else ("", "")
    if not (device and baud.isdecimal() and int(baud) in BAUDS and form in FORMS):
        rates = ", ".join(map(str, BAUDS))
        raise ArgumentTypeError(f"'{text}' is no line; allowed: DEVICE[,BAUD[,8E1]], {rates} Bd, {', '.join(FORMS)}")
    return Line(device, int(baud), form)


def screen_size(text: str) -> tuple[int, int]:
    """Columns and rows of a screen, such as 120x40."""
    match = re.fullmatch(r"(\d{1,3})x(\d{1,3})", text)
    if match is None or int(match[1]) < 80 or int(match[2]) < 24:
        raise ArgumentTypeError(f"'{text}' is no screen size; allowed: 80x24 to 999x999, such as 120x40")
    return int(match[1]), int(match[2])


def sha256(text: str) -> str:
    """A certificate's SHA-256, with or without colons and blanks, in plain lower case."""
    plain = re.sub(r"[:\s]", "", text).lower()
    if not re.fullmatch(r"[0-9a-f]{64}", plain):
        raise ArgumentTypeError(f"'{text}' is no SHA-256; allowed: 64 hexadecimal digits, as 'plantsim certs own' has")
    return plain


def endpoint(text: str) -> str:
    """An OPC UA endpoint URL."""
    if not re.fullmatch(r"opc\.tcp://[^/\s]+(/\S*)?", text):
        raise ArgumentTypeError(f"'{text}' is no endpoint; allowed: opc.tcp://HOST:PORT/PATH")
    return text
