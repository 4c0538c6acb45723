"""Whether a command may listen where it is asked to."""

from __future__ import annotations

import errno
import os
import socket

from plantsim.commands.stop import Stop
from plantsim.serve.modbus_rtu import Line


def check_port(host: str, port: int, option: str) -> None:
    """Try to listen there for a moment, as a server would; ``Stop`` says why it can not."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen(1)
    except socket.gaierror:
        raise Stop(f"--host {host}: no such address; allowed: one of this machine, such as 127.0.0.1") from None
    except OSError as error:
        raise Stop(bind_failure(error, host, port, option)) from None


def check_line(line: Line) -> None:
    """Open a serial line for a moment; ``Stop`` says why it can not be had."""
    from plantsim.serve.modbus_serial import SerialError, open_line

    try:
        os.close(open_line(line))
    except SerialError as error:
        raise Stop(f"--modbus-serial {error}") from None


def bind_failure(error: OSError, host: str, port: int, option: str) -> str:
    """One line on why nothing can listen there."""
    if error.errno == errno.EADDRINUSE:
        return f"port {port} on {host} is in use; give another one with {option} PORT, 0 for a free one"
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"port {port} on {host} needs privileges; give one above 1023 with {option} PORT, 0 for a free one"
    return f"--host {host}: {error.strerror or error}; allowed: an address of this machine, such as 127.0.0.1"
