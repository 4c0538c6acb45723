"""Modbus requests and answers, without sockets: what each function code does with the register image and the engine."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from plantsim.engine.command import Origin, Refusal
from plantsim.engine.image import ProcessImage
from plantsim.model.tag import AlarmPoint, Role, Tag
from plantsim.serve.registers import GAP, HEARTBEAT, REST, START, RegisterImage, Registers, Table

ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE, DEVICE_FAILURE, NO_SUCH_UNIT = 0x01, 0x02, 0x03, 0x04, 0x0B

EXCEPTION_OF = {
    Refusal.UNKNOWN: ILLEGAL_ADDRESS,
    Refusal.READ_ONLY: ILLEGAL_ADDRESS,
    Refusal.TYPE: ILLEGAL_VALUE,
    Refusal.RANGE: ILLEGAL_VALUE,
    Refusal.ROLE: DEVICE_FAILURE,
    Refusal.MODE: DEVICE_FAILURE,
    Refusal.INTERLOCK: DEVICE_FAILURE,
    Refusal.EXTERNAL: DEVICE_FAILURE,
    Refusal.NOT_EXTERNAL: DEVICE_FAILURE,
    Refusal.SILENT: DEVICE_FAILURE,
}

MAX_READ_BITS, MAX_READ_REGISTERS = 2000, 125
MAX_WRITE_BITS, MAX_WRITE_REGISTERS, MAX_EXCHANGE_REGISTERS = 1968, 123, 121
"""Largest quantities in one request (Modbus Application Protocol 1.1b3, section 6)."""
MAX_PDU = 253

READ_IDENTIFICATION = 0x0E
"""The encapsulated interface of function 43 that is served."""
BASIC, REGULAR, EXTENDED, INDIVIDUAL = 1, 2, 3, 4
CONFORMITY = 0x82
"""Regular identification, as a stream and object by object."""

_ADDRESS_AND_WORD = struct.Struct(">xHH")
_MASK = struct.Struct(">xHHH")
_BLOCK = struct.Struct(">xHHB")
_EXCHANGE = struct.Struct(">xHHHHB")


class Plant(Protocol):
    """What identifies the plant."""

    @property
    def name(self) -> str: ...
    @property
    def title(self) -> str: ...


class Engine(Protocol):
    """What Modbus asks of the engine."""

    @property
    def plant(self) -> Plant: ...
    @property
    def tags(self) -> Sequence[Tag]: ...
    @property
    def alarms(self) -> Sequence[AlarmPoint]: ...
    @property
    def image(self) -> ProcessImage: ...
    @property
    def external(self) -> frozenset[str]: ...
    @property
    def lost(self) -> frozenset[str]: ...
    @property
    def forced(self) -> frozenset[str]: ...
    def set_lockstep(self, on: bool, origin: Origin) -> None: ...
    def write(
        self, writes: Sequence[tuple[str, float]], origin: Origin, *, whole: bool = False
    ) -> list[Refusal | None]: ...
    def write_rack(
        self,
        writes: Sequence[tuple[str, float]],
        origin: Origin,
        *,
        whole: bool = False,
        beat: tuple[str, int] | None = None,
    ) -> list[Refusal | None]: ...


@dataclass(frozen=True, slots=True)
class Client:
    """Who asks: a name for the journal, and whether its wire may write at all."""

    name: str
    may_write: bool = True


class Refused(Exception):
    """The request is answered by an exception code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Responder:
    """Answers requests to all units; each answer shows one process image.

    identity: texts of the identification objects 0 (vendor) to 5 (model); object 6 names the unit.
    """

    def __init__(self, engine: Engine, registers: Registers, *, identity: Mapping[int, str]) -> None:
        self._engine = engine
        self._registers = registers
        self._identity = identity
        self._heartbeats: dict[int, int] = {}
        self._latest: RegisterImage | None = None
        self._shown: RegisterImage | None = None
        self._functions: dict[int, Callable[[int, bytes, Client], bytes]] = {
            0x01: lambda unit, request, _: self._read_bits(unit, "coil", request),
            0x02: lambda unit, request, _: self._read_bits(unit, "discrete", request),
            0x03: lambda unit, request, _: self._read_registers(unit, "holding", request),
            0x04: lambda unit, request, _: self._read_registers(unit, "input", request),
            0x05: self._write_coil,
            0x06: self._write_register,
            0x0F: self._write_coils,
            0x10: self._write_registers,
            0x16: self._mask_register,
            0x17: self._exchange_registers,
            0x2B: lambda unit, request, _: self._identify(unit, request),
        }

    def answer_from(self, image: RegisterImage, unit: int, request: bytes, client: Client) -> bytes:
        """The answer, as `answer` gives it, from an image that is not the latest; writes reach the engine."""
        self._shown = image
        try:
            return self.answer(unit, request, client)
        finally:
            self._shown = None

    def answer(self, unit: int, request: bytes, client: Client) -> bytes:
        """The answer to one request: function code and data, at least one byte."""
        function = request[0]
        try:
            if unit not in self._registers.units:
                raise Refused(NO_SUCH_UNIT)
            serve = self._functions.get(function)
            if serve is None:
                raise Refused(ILLEGAL_FUNCTION)
            return serve(unit, request, client)
        except Refused as refused:
            return bytes((function | 0x80, refused.code))

    def _image(self) -> RegisterImage:
        return self._shown or self.latest()

    def latest(self) -> RegisterImage:
        """The register image of the engine's latest process image."""
        source = self._engine.image
        if self._latest is None or self._latest.source is not source:
            engine = self._engine
            self._latest = self._registers.build(source, engine.external, engine.lost, engine.forced)
        return self._latest

    # reading

    def _read_bits(self, unit: int, name: str, request: bytes) -> bytes:
        start, count = _unpack(_ADDRESS_AND_WORD, request)
        _quantity(count, MAX_READ_BITS)
        table = self._registers.table(unit, name)
        _whole_values(table, start, count)
        first = table.start + start
        packed = np.packbits(self._image().bits[first : first + count], bitorder="little").tobytes()
        return bytes((request[0], len(packed))) + packed

    def _read_registers(self, unit: int, name: str, request: bytes) -> bytes:
        start, count = _unpack(_ADDRESS_AND_WORD, request)
        _quantity(count, MAX_READ_REGISTERS)
        return bytes((request[0], 2 * count)) + self._registers_at(unit, name, start, count)

    def _registers_at(self, unit: int, name: str, start: int, count: int) -> bytes:
        table = self._registers.table(unit, name)
        _whole_values(table, start, count)
        first = 2 * (table.start + start)
        words = self._image().registers[first : first + 2 * count]
        if start == HEARTBEAT and name == "holding" and unit in self._heartbeats:
            return self._heartbeats[unit].to_bytes(2, "big") + words[2:]
        return words

    # writing

    def _write_coil(self, unit: int, request: bytes, client: Client) -> bytes:
        address, word = _unpack(_ADDRESS_AND_WORD, request)
        if word not in (0x0000, 0xFF00):
            raise Refused(ILLEGAL_VALUE)
        self._set_bits(unit, address, [word == 0xFF00], client)
        return request

    def _write_coils(self, unit: int, request: bytes, client: Client) -> bytes:
        start, count, size = _unpack(_BLOCK, request)
        _quantity(count, MAX_WRITE_BITS)
        _data_size(request, _BLOCK, size, (count + 7) // 8)
        bits = np.unpackbits(np.frombuffer(request, np.uint8, size, _BLOCK.size), count=count, bitorder="little")
        self._set_bits(unit, start, [bool(bit) for bit in bits], client)
        return request[:5]

    def _write_register(self, unit: int, request: bytes, client: Client) -> bytes:
        address, word = _unpack(_ADDRESS_AND_WORD, request)
        self._set_registers(unit, address, word.to_bytes(2, "big"), client)
        return request

    def _write_registers(self, unit: int, request: bytes, client: Client) -> bytes:
        start, count, size = _unpack(_BLOCK, request)
        _quantity(count, MAX_WRITE_REGISTERS)
        _data_size(request, _BLOCK, size, 2 * count)
        self._set_registers(unit, start, request[_BLOCK.size :], client)
        return request[:5]

    def _mask_register(self, unit: int, request: bytes, client: Client) -> bytes:
        address, and_mask, or_mask = _unpack(_MASK, request)
        current = int.from_bytes(self._registers_at(unit, "holding", address, 1), "big")
        word = (current & and_mask) | (or_mask & ~and_mask & 0xFFFF)
        self._set_registers(unit, address, word.to_bytes(2, "big"), client)
        return request

    def _exchange_registers(self, unit: int, request: bytes, client: Client) -> bytes:
        read_start, read_count, start, count, size = _unpack(_EXCHANGE, request)
        _quantity(read_count, MAX_READ_REGISTERS)
        _quantity(count, MAX_EXCHANGE_REGISTERS)
        _data_size(request, _EXCHANGE, size, 2 * count)
        _whole_values(self._registers.table(unit, "holding"), read_start, read_count)  # before anything is written
        self._set_registers(unit, start, request[_EXCHANGE.size :], client)
        return bytes((request[0], 2 * read_count)) + self._registers_at(unit, "holding", read_start, read_count)

    def _set_bits(self, unit: int, start: int, bits: Sequence[bool], client: Client) -> None:
        table = self._registers.table(unit, "coil")
        _whole_values(table, start, len(bits))
        writes: list[tuple[str, float]] = []
        lockstep: bool | None = None
        for address, bit in enumerate(bits, start):
            if address in table.places:
                writes.append((table.places[address].tag.name, bit))
            elif table.layout[address] == START:
                lockstep = bit
            elif bit:
                raise Refused(ILLEGAL_ADDRESS)
        if lockstep is not None and self._registers.in_scenario(self._engine.image):
            raise Refused(DEVICE_FAILURE)
        if writes or lockstep is None:
            self._command(unit, writes, client)
        if lockstep is not None:  # open to all clients: it is the test bench's, not the plant's
            self._engine.set_lockstep(lockstep, Origin(Role.OPERATOR, client.name, "modbus"))

    def _set_registers(self, unit: int, start: int, data: bytes, client: Client) -> None:
        """Write a block of registers.

        A PLC writes its outputs as one block; the gaps in it may be written with the zeros that they read as.
        """
        table = self._registers.table(unit, "holding")
        _whole_values(table, start, len(data) // 2)
        writes: list[tuple[str, float]] = []
        heartbeat: int | None = None
        at = 0
        while at < len(data):
            address = start + at // 2
            width = 1
            if table.layout[address] == GAP:
                if data[at : at + 2] != b"\0\0":
                    raise Refused(ILLEGAL_ADDRESS)
            elif address in table.places:
                place = table.places[address]
                width = place.width
                try:
                    writes.append((place.tag.name, self._registers.decode(place, data[at : at + 2 * width])))
                except ValueError:
                    raise Refused(ILLEGAL_VALUE) from None
            else:
                heartbeat = int.from_bytes(data[at : at + 2], "big")
            at += 2 * width
        self._command(unit, writes, client, heartbeat)

    def _command(
        self, unit: int, writes: Sequence[tuple[str, float]], client: Client, heartbeat: int | None = None
    ) -> None:
        """Hand all writes of one request to the engine, which takes all of them or none."""
        if not client.may_write:
            raise Refused(DEVICE_FAILURE)
        area = self._registers.area(unit)
        if area is None:
            refusals = self._engine.write(writes, Origin(Role.OPERATOR, client.name, "modbus"), whole=True)
        else:
            origin = Origin(Role.OPERATOR, client.name, "rack")
            beat = None if heartbeat is None else (area, heartbeat)
            refusals = self._engine.write_rack(writes, origin, whole=True, beat=beat)
        for refusal in refusals:
            if refusal is not None:
                raise Refused(EXCEPTION_OF[refusal])
        if heartbeat is not None:
            self._heartbeats[unit] = heartbeat

    # identification

    def _identify(self, unit: int, request: bytes) -> bytes:
        if len(request) < 2:
            raise Refused(ILLEGAL_VALUE)
        if request[1] != READ_IDENTIFICATION:
            raise Refused(ILLEGAL_FUNCTION)
        if len(request) != 4 or request[2] not in (BASIC, REGULAR, EXTENDED, INDIVIDUAL):
            raise Refused(ILLEGAL_VALUE)
        category, number = request[2], request[3]
        area = self._registers.area(unit)
        texts = {**self._identity, 6: "SCADA view" if area is None else f"I/O rack of area {area}"}
        if category == INDIVIDUAL:
            if number not in texts:
                raise Refused(ILLEGAL_ADDRESS)
            chosen = [number]
        else:
            chosen = sorted(n for n in texts if n <= (2 if category == BASIC else 6))
            chosen = chosen[chosen.index(number) :] if number in chosen else chosen
        objects, following = b"", 0
        for i, number in enumerate(chosen):
            text = texts[number].encode()[:120]
            if 7 + len(objects) + 2 + len(text) > MAX_PDU:
                following, chosen = number, chosen[:i]
                break
            objects += bytes((number, len(text))) + text
        more = 0xFF if following else 0x00
        return request[:3] + bytes((CONFORMITY, more, following, len(chosen))) + objects


def _unpack(form: struct.Struct, request: bytes) -> tuple[int, ...]:
    """The fields after the function code; a request with data after them has _BLOCK or _EXCHANGE as its form."""
    if len(request) < form.size or (form in (_ADDRESS_AND_WORD, _MASK) and len(request) != form.size):
        raise Refused(ILLEGAL_VALUE)
    return form.unpack_from(request)


def _quantity(count: int, most: int) -> None:
    if not 1 <= count <= most:
        raise Refused(ILLEGAL_VALUE)


def _data_size(request: bytes, form: struct.Struct, said: int, needed: int) -> None:
    if said != needed or len(request) != form.size + needed:
        raise Refused(ILLEGAL_VALUE)


def _whole_values(table: Table, start: int, count: int) -> None:
    """A block must touch a value, lie within the table, and cut no value in two; gaps between values read 0."""
    end = start + count
    if end > table.size:
        raise Refused(ILLEGAL_ADDRESS)
    block = table.layout[start:end]
    if block[0] == REST or (end < table.size and table.layout[end] == REST):
        raise Refused(ILLEGAL_VALUE)
    if START not in block:
        raise Refused(ILLEGAL_ADDRESS)
