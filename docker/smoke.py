"""Exit 0 if a plant serves what it should over the network: both protocols, in step, its time passing.

    python smoke.py [HOST [OPCUA-PORT [MODBUS-PORT]]]

What the compose file's profile ``test`` runs beside the plant, as a client that knows its address alone.
"""

import asyncio
import struct
import sys

from asyncua import Client, ua

WITHIN_S = 30.0
BETWEEN_S = 0.2
FURTHER = 5
"""Scans that both protocols must have shown to pass."""


async def modbus_counter(host: str, port: int) -> int:
    """The scan counter at the beginning of unit 1's input registers."""
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(struct.pack(">HHHBBHH", 1, 0, 6, 1, 4, 0, 2))
    answer = await reader.readexactly(13)
    writer.close()
    (counter,) = struct.unpack(">I", answer[9:])
    return int(counter)


async def check(host: str, opcua: int, modbus: int) -> None:
    """Raise for what is not as it should be."""
    async with asyncio.timeout(WITHIN_S), Client(f"opc.tcp://{host}:{opcua}/plantsim") as client:
        space = await client.get_namespace_index("urn:plantsim:plant")
        scans = client.get_node(f"ns={space};s=Simulation.ScanCount")
        below = await client.get_node(f"ns={space};s=Plant").get_children()
        print(f"opcua: {len(below)} nodes below Plant", flush=True)
        first = int(await scans.read_value())
        while (over_modbus := await modbus_counter(host, modbus)) < first + FURTHER:
            await asyncio.sleep(BETWEEN_S)
        print(f"modbus: scan {over_modbus}", flush=True)
        while (over_opcua := int(await scans.read_value())) < over_modbus:
            await asyncio.sleep(BETWEEN_S)
        print(f"opcua: scan {over_opcua}", flush=True)
        status = (await client.get_node(f"ns={space};s=WIC-100.PV").read_data_value()).StatusCode
        if not status.is_good():
            raise ValueError(f"WIC-100.PV: found {status.name}, allowed Good")


def main() -> int:
    """Check the address of the command line, else this machine's default ports."""
    host, opcua, modbus = [*sys.argv[1:4], *("127.0.0.1", "4840", "5020")[len(sys.argv[1:4]) :]]
    try:
        asyncio.run(check(host, int(opcua), int(modbus)))
    except (OSError, TimeoutError, ValueError, ua.UaError, asyncio.IncompleteReadError) as error:
        print(f"{host}: {error or type(error).__name__}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
