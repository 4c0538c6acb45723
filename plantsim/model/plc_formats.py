"""The I/O racks from the PLC's side: Structured Text variables, OpenPLC's slave devices, LinuxCNC's mb2hal.

To OpenPLC a rack is two slave devices, its head (counters and heartbeat) and its points, so that the addresses between
them take no registers. It counts the points of its slave devices through, in their order, from %IX100.0, %QX100.0,
%IW100 and %QW100; the variables have those addresses.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from plantsim.model.tag import Tag

HOST, PORT = "127.0.0.1", 5020
FIRST = 100
"""Byte or word of OpenPLC's first point of a slave device."""
MOST_REGISTERS = 400
"""Of a table, in all slave devices of one OpenPLC."""
MOST_ELEMENTS = 100
"""Of one transaction of mb2hal."""

_COUNTER = {0: ("scan_counter", "scan counter"), 1: ("status_word", "status word")}
_HEARTBEAT = {0: ("heartbeat", "PLC heartbeat; in lock step the scan counter's echo")}
_HEAD = {"input": _COUNTER, "holding": _HEARTBEAT}
_TABLES = ("discrete", "coil", "input", "holding")


@dataclass(frozen=True, slots=True)
class Block:
    """A slave device of OpenPLC. spans: first address and number of points of each table."""

    name: str
    unit: int
    spans: Mapping[str, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class RackSide:
    """One rack. points: of each table, by address, an identifier and a comment."""

    area: str
    unit: int
    points: Mapping[str, Mapping[int, tuple[str, str]]]

    def size(self, table: str) -> int:
        """Addresses from 0 to the last point."""
        return max(self.points[table], default=-1) + 1

    def blocks(self) -> tuple[Block, Block]:
        """Its head and its points, as OpenPLC reads and writes them."""
        head, points = {}, {}
        for table in _TABLES:
            own = len(self.points[table].keys() & _HEAD.get(table, {}).keys())
            first = min((n for n in self.points[table] if n >= own), default=0)
            head[table] = (0, own)
            points[table] = (first, max(self.size(table) - first, 0) if first >= own else 0)
        return Block(f"{self.area}_head", self.unit, head), Block(self.area, self.unit, points)


def racks(tags: Sequence[Tag]) -> list[RackSide]:
    """The racks of these tags, by unit."""
    by_unit: dict[int, RackSide] = {}
    for tag in tags:
        if tag.rack is None:
            continue
        unit = tag.rack.unit
        if unit not in by_unit:
            points: dict[str, dict[int, tuple[str, str]]] = {table: {} for table in _TABLES}
            points["input"] |= {n: (f"{tag.area}_{name}", what) for n, (name, what) in _COUNTER.items()}
            points["holding"] |= {n: (f"{tag.area}_{name}", what) for n, (name, what) in _HEARTBEAT.items()}
            by_unit[unit] = RackSide(tag.area, unit, points)
        points_of = by_unit[unit].points[tag.rack.table]
        assert isinstance(points_of, dict)
        points_of[tag.rack.address] = (identifier(tag), _comment(tag))
    for side in by_unit.values():
        if not any(address for address in side.points["holding"]) and not side.points["coil"]:
            holding = side.points["holding"]
            assert isinstance(holding, dict)
            holding.clear()  # nothing to command, so no heartbeat either
    return [by_unit[unit] for unit in sorted(by_unit)]


def identifier(tag: Tag) -> str:
    """``TIC_201_PV``."""
    return tag.name.replace("-", "_").replace(".", "_")


def _comment(tag: Tag) -> str:
    assert tag.rack is not None
    scale = f", 0 to 27648 = {tag.low:g} to {tag.high:g} {tag.eu}".rstrip() if tag.rack.type == "counts" else ""
    return f"{tag.description}{scale}".replace("*)", "* )")


def structured_text(tags: Sequence[Tag]) -> str:
    """A global variable block of IEC 61131-3 for a configuration."""
    offsets = dict.fromkeys(_TABLES, 0)
    lines = ["(* I/O racks of plantsim, at the addresses of OpenPLC's slave devices: see the openplc format *)"]
    for side in racks(tags):
        rows = []
        for block in side.blocks():
            for table, (first, count) in block.spans.items():
                for address in sorted(side.points[table].keys() & set(range(first, first + count))):
                    name, what = side.points[table][address]
                    rows.append((name, _located(table, offsets[table] + address - first), table, address, what))
                offsets[table] += count
        lines += ["", f"(* area {side.area}, unit {side.unit} *)", "VAR_GLOBAL"]
        for name, place, table, address, what in rows:
            type_ = "BOOL" if table in ("discrete", "coil") else "UINT" if address < 2 else "INT"
            lines.append(f"  {name} AT {place} : {type_}; (* {side.unit}/{table}/{address}: {what} *)")
        lines.append("END_VAR")
    return "\n".join(lines) + "\n"


def _located(table: str, index: int) -> str:
    direction = "I" if table in ("discrete", "input") else "Q"
    if table in ("discrete", "coil"):
        return f"%{direction}X{FIRST + index // 8}.{index % 8}"
    return f"%{direction}W{FIRST + index}"


def _too_many(blocks: Sequence[Block]) -> Iterator[str]:
    for table in ("input", "holding"):
        registers = sum(block.spans[table][1] for block in blocks)
        if registers > MOST_REGISTERS:
            yield f"# found {registers} {table} registers, allowed {MOST_REGISTERS}: choose a PLC's areas (--area)"


def openplc(tags: Sequence[Tag]) -> str:
    """OpenPLC's mbconfig.cfg: two slave devices per rack."""
    blocks = [block for side in racks(tags) for block in side.blocks()]
    lines = [*_too_many(blocks), f'Num_Devices = "{len(blocks)}"', 'Polling_Period = "100"', 'Timeout = "1000"']
    for number, block in enumerate(blocks):
        lines += ["# ------------", f"#   DEVICE {number}", "# ------------"]
        entries: dict[str, str | int] = {
            "name": block.name,
            "slave_id": block.unit,
            "protocol": "TCP",
            "address": HOST,
            "IP_Port": PORT,
            "RTU_Baud_Rate": "None",
            "RTU_Parity": "None",
            "RTU_Data_Bits": "None",
            "RTU_Stop_Bits": "None",
            "RTU_TX_Pause": "None",
        }
        for table, key in _KEYS.items():
            first, count = block.spans[table]
            if table == "holding":
                entries |= {"Holding_Registers_Read_Start": 0, "Holding_Registers_Read_Size": 0}
            entries |= {f"{key}_Start": first, f"{key}_Size": count}
        lines += [f'device{number}.{key} = "{value}"' for key, value in entries.items()]
    return "\n".join(lines) + "\n"


_KEYS = {
    "discrete": "Discrete_Inputs",
    "coil": "Coils",
    "input": "Input_Registers",
    "holding": "Holding_Registers",
}
"""What OpenPLC calls the tables."""
_FUNCTIONS = {
    "discrete": "fnct_02_read_discrete_inputs",
    "coil": "fnct_15_write_multiple_coils",
    "input": "fnct_04_read_input_registers",
    "holding": "fnct_16_write_multiple_registers",
}


def mb2hal(tags: Sequence[Tag]) -> str:
    """A configuration file of LinuxCNC's mb2hal: pins such as ``mb2hal.leach-input.TIC_201_PV``."""
    transactions = [part for side in racks(tags) for part in _transactions(side)]
    lines = ["[MB2HAL_INIT]", "INIT_DEBUG=1", "VERSION=1.1", "HAL_MODULE_NAME=mb2hal", "SLOWDOWN=0.0"]
    lines.append(f"TOTAL_TRANSACTIONS={len(transactions)}")
    for number, (name, unit, table, start, pins) in enumerate(transactions):
        lines += [
            "",
            f"[TRANSACTION_{number:02}]",
            "LINK_TYPE=tcp",
            f"TCP_IP={HOST}",
            f"TCP_PORT={PORT}",
            f"MB_SLAVE_ID={unit}",
            f"FIRST_ELEMENT={start}",
            f"PIN_NAMES={','.join(pins)}",
            "MAX_UPDATE_RATE=20.0",
            "MB_RESPONSE_TIMEOUT_MS=1000",
            "DEBUG=1",
            f"MB_TX_CODE={_FUNCTIONS[table]}",
            f"HAL_TX_NAME={name}",
        ]
    return "\n".join(lines) + "\n"


def _transactions(side: RackSide) -> Iterator[tuple[str, int, str, int, list[str]]]:
    """Name, unit, table, first address and pins. Gaps are read as they are; a write leaves them out."""
    for table, points in side.points.items():
        runs: list[tuple[int, int]] = []
        if table in ("discrete", "input"):
            first = min(points, default=0)
            runs = [(start, min(MOST_ELEMENTS, side.size(table) - start)) for start in
                    range(first, side.size(table), MOST_ELEMENTS)]  # fmt: skip
        else:
            for address in sorted(points):
                if runs and runs[-1][0] + runs[-1][1] == address and runs[-1][1] < MOST_ELEMENTS:
                    runs[-1] = (runs[-1][0], runs[-1][1] + 1)
                else:
                    runs.append((address, 1))
        for place, (start, count) in enumerate(runs):
            pins = [points[n][0] if n in points else f"gap_{n}" for n in range(start, start + count)]
            yield f"{side.area}-{table}" + (f"-{place}" if place else ""), side.unit, table, start, pins
