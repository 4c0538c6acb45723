"""Exit 0 if an OPC UA server answers Hello with Acknowledge, 1 otherwise: what a container's health check runs."""

import socket
import struct
import sys

ENDPOINT = b"opc.tcp://127.0.0.1:4840/plantsim"
TIMEOUT = 3.0


def answers(host: str, port: int) -> bool:
    """Whether the server there greets an OPC UA client (OPC 10000-6, 7.1.2)."""
    body = struct.pack("<5I", 0, 65535, 65535, 0, 0) + struct.pack("<I", len(ENDPOINT)) + ENDPOINT
    hello = b"HELF" + struct.pack("<I", 8 + len(body)) + body
    with socket.create_connection((host, port), TIMEOUT) as connection:
        connection.sendall(hello)
        return connection.recv(4) == b"ACKF"


def main() -> int:
    """Probe the HOST and PORT of the command line, else this machine's default port."""
    host, port = sys.argv[1:3] or ("127.0.0.1", "4840")
    try:
        return 0 if answers(host, int(port)) else 1
    except OSError as error:
        print(f"{host}:{port}: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
