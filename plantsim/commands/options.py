"""Options that several subcommands share."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path

from plantsim.commands import values
from plantsim.model.default_plant import DEFAULT_PLANT


def add_plant(parser: ArgumentParser, default: str | None = DEFAULT_PLANT) -> None:
    """PLANT; without a default it must be given."""
    note = f" (default {default})" if default else ""
    parser.add_argument(
        "plant",
        metavar="PLANT",
        nargs="?" if default else None,
        default=default,
        help=f"a name that 'plantsim plants' lists, or the path of a plant file{note}",
    )


def add_run(parser: ArgumentParser) -> None:
    """What a run is reproduced from: seed, initial state, scan period, plant time at the start."""
    group = parser.add_argument_group("the run")
    group.add_argument(
        "--seed", type=values.seed, default=1, metavar="N", help="seed of all noise (default %(default)s)"
    )
    group.add_argument(
        "--start",
        type=values.start,
        default="steady",
        metavar="STATE",
        help="cold, steady, or a snapshot by name (a run leaves the one called last) or path (default %(default)s)",
    )
    group.add_argument("--scan", type=values.scan, default=0.1, metavar="PERIOD", help="10ms to 1s (default 100ms)")
    group.add_argument(
        "--state", type=Path, metavar="DIR", help="snapshots, certificates and passwords (default: your state folder)"
    )
    group.add_argument("--epoch", type=values.epoch, metavar="TIME", help="plant time at the start, ISO 8601")


def add_servers(parser: ArgumentParser) -> None:
    """Where the servers listen, who may do what there, and how time passes."""
    group = parser.add_argument_group("servers")
    group.add_argument(
        "--host", default="127.0.0.1", metavar="ADDRESS", help="address to listen on (default %(default)s)"
    )
    group.add_argument(
        "--opcua", type=values.port, default=4840, metavar="PORT", help="default %(default)s; 0 = a free one"
    )
    group.add_argument(
        "--modbus", type=values.port, default=5020, metavar="PORT", help="default %(default)s; 0 = a free one"
    )
    group.add_argument("--insecure", action="store_true", help="anonymous clients act as instructor; loopback only")
    group.add_argument("--allow-none", action="store_true", help="allow unencrypted OPC UA sessions beyond loopback")
    group.add_argument(
        "--modbus-serial",
        type=values.line,
        metavar="DEVICE[,BAUD[,8E1]]",
        help="serve Modbus RTU there too (default 19200,8E1)",
    )
    group.add_argument(
        "--modbus-allow",
        type=values.networks,
        default=(),
        metavar="CIDR[,CIDR]",
        help="networks that Modbus clients may connect from (default: all that reach the port)",
    )
    group.add_argument(
        "--history",
        default=None,
        metavar="PATH|off",
        help="file that the history is kept in (default: one for each plant; of train, for each session)",
    )
    group.add_argument(
        "--metrics",
        type=values.port,
        metavar="PORT",
        help="answer Prometheus there; 0 = a free one (default: not at all)",
    )
    group.add_argument("--modbus-write", action="store_true", help="allow Modbus writes beyond loopback")
    group.add_argument(
        "--word-order",
        choices=["abcd", "cdab", "badc", "dcba"],
        default="abcd",
        help="of Modbus 32-bit values (default %(default)s)",
    )
    group.add_argument(
        "--external",
        type=values.areas,
        default=frozenset[str](),
        metavar="AREA[,AREA]",
        help="areas that a PLC controls through the I/O racks",
    )
    group.add_argument(
        "--lockstep",
        action="store_true",
        help="every scan waits until the PLC has echoed the last one's counter to holding register 0 of its rack",
    )
    group.add_argument(
        "--lockstep-timeout",
        type=values.duration,
        default=5.0,
        metavar="DURATION",
        help="wall time after which a scan goes on without the echo (default 5s)",
    )
    group.add_argument(
        "--log-level", choices=["debug", "info", "warning", "error"], default="info", help="default %(default)s"
    )
    group = parser.add_argument_group("time")
    group.add_argument(
        "--speed", type=values.speed, default=1.0, metavar="X", help="times real time, or max (default 1)"
    )
    group.add_argument(
        "--realtime",
        action="store_true",
        help="ask for a real-time thread on a processor of its own; the log says what was got",
    )
    group.add_argument("--frozen", action="store_true", help="start frozen")
    group.add_argument(
        "--for", type=values.duration, dest="duration", metavar="DURATION", help="stop after that much plant time"
    )
