"""Option values as people type them."""

from __future__ import annotations

import math
from argparse import ArgumentTypeError
from collections.abc import Callable
from ipaddress import ip_network

import pytest

from plantsim.commands import values
from plantsim.serve.modbus_rtu import Line


@pytest.mark.parametrize(
    ("parse", "text", "value"),
    [
        (values.duration, "90s", 90.0),
        (values.duration, "1.5h", 5400.0),
        (values.duration, "15m", 900.0),
        (values.duration, "7d", 604800.0),
        (values.duration, "500ms", 0.5),
        (values.scan, "10ms", 0.01),
        (values.scan, "1s", 1.0),
        (values.speed, "0.5", 0.5),
        (values.speed, "max", math.inf),
        (values.port, "0", 0),
        (values.port, "65535", 65535),
        (values.line, "/dev/ttyUSB0", Line("/dev/ttyUSB0", 19200, "8E1")),
        (values.line, "/dev/ttyUSB0,9600", Line("/dev/ttyUSB0", 9600, "8E1")),
        (values.line, "/dev/serial/by-path/pci-0:1.0,115200,8N1", Line("/dev/serial/by-path/pci-0:1.0", 115200, "8N1")),
        (values.networks, "10.0.0.0/8, ::1", (ip_network("10.0.0.0/8"), ip_network("::1"))),
        (values.networks, "192.168.1.5/24", (ip_network("192.168.1.0/24"),)),
        (values.sha256, " AB:" * 2 + "cd" * 30, "ab" * 2 + "cd" * 30),
        (values.seed, str(2**63 - 1), 2**63 - 1),
        (values.epoch, "1970-01-01T00:00:01Z", 1.0),
        (values.epoch, "1970-01-01T01:00+01:00", 0.0),
        (values.epoch, "1970-01-02", 86400.0),
        (values.areas, "leach, iron", frozenset({"leach", "iron"})),
        (values.endpoint, "opc.tcp://[::1]:4840/plantsim", "opc.tcp://[::1]:4840/plantsim"),
    ],
)
def test_value_is_read(parse: Callable[[str], object], text: str, value: object) -> None:
    assert parse(text) == value


@pytest.mark.parametrize(
    ("parse", "text"),
    [
        (values.duration, "90"),
        (values.duration, "-1h"),
        (values.duration, "0s"),
        (values.duration, "1h30m"),
        (values.duration, ""),
        (values.scan, "9ms"),
        (values.scan, "2s"),
        (values.speed, "inf"),
        (values.speed, "nan"),
        (values.speed, "-1"),
        (values.port, "65536"),
        (values.port, "-1"),
        (values.port, "http"),
        (values.line, "/dev/ttyUSB0,9601"),
        (values.line, "/dev/ttyUSB0,9600,7E1"),
        (values.line, ",9600"),
        (values.line, "a,9600,8N1,b"),
        (values.networks, "10.0.0.0/33"),
        (values.networks, "here"),
        (values.sha256, "ab" * 31),
        (values.seed, str(2**63)),
        (values.seed, "1.0"),
        (values.epoch, "yesterday"),
        (values.areas, "leach,"),
        (values.areas, ""),
        (values.endpoint, "opc.tcp://"),
        (values.endpoint, "127.0.0.1:4840"),
    ],
)
def test_what_is_refused_is_quoted_with_what_is_allowed(parse: Callable[[str], object], text: str) -> None:
    with pytest.raises(ArgumentTypeError, match="allowed: ") as refused:
        parse(text)
    assert f"'{text}'" in str(refused.value)
