"""Requests and answers without a socket: every function code, every exception code, all or nothing."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plantsim.engine.command import Origin, Refusal
from plantsim.engine.image import ProcessImage
from plantsim.model.modbus_map import assign, with_addresses
from plantsim.model.tag import Kind, Role, Tag, ValueType
from plantsim.serve.modbus_pdu import Client, Responder
from plantsim.serve.registers import WORD_ORDERS, Registers


@dataclass(frozen=True)
class Title:
    name: str = "bench"
    title: str = "Test bench"


ROWS: list[tuple[str, Kind, ValueType, Role | None]] = [
    ("TIC-201.PV", Kind.CONTROLLER, ValueType.FLOAT, None),  # 1/input/2, rack input 10
    ("TIC-201.SP", Kind.CONTROLLER, ValueType.FLOAT, Role.OPERATOR),  # 1/holding/10
    ("TIC-201.MODE", Kind.CONTROLLER, ValueType.UINT16, Role.OPERATOR),  # 1/holding/12
    ("TIC-201.OP", Kind.CONTROLLER, ValueType.FLOAT, Role.OPERATOR),  # 1/holding/13
    ("TIC-201.Gain", Kind.CONTROLLER, ValueType.FLOAT, Role.ENGINEER),  # 1/input/4
    ("P-201.CMD", Kind.DRIVE, ValueType.BOOL, Role.OPERATOR),  # 1/coil/10, rack coil 10
    ("P-202.CMD", Kind.DRIVE, ValueType.BOOL, Role.OPERATOR),  # 1/coil/11, rack coil 11
    ("P-201.RUN", Kind.DRIVE, ValueType.BOOL, None),  # 1/discrete/10, rack discrete 10
    ("TV-201.CMD", Kind.VALVE, ValueType.FLOAT, Role.OPERATOR),  # 1/holding/15, rack holding 10
    ("TV-202.CMD", Kind.VALVE, ValueType.FLOAT, Role.OPERATOR),  # 1/holding/17, rack holding 11
]


class Bench:
    """An engine that holds what is written, and refuses what a test tells it to."""

    def __init__(self) -> None:
        tags = []
        for row, (name, kind, type_, role) in enumerate(ROWS):
            object_, _, member = name.partition(".")
            high = 3.0 if member == "MODE" else 100.0
            on_site = member == "PV"
            tags.append(
                Tag(name, object_, member, "", "leach", "", kind, type_, "", 0.0, high, role, row, field=on_site)
            )
        self.plant = Title()
        self.tags, self.alarms = with_addresses(tags, [], assign(tags, []))
        self.external: frozenset[str] = frozenset()
        self.refuse: dict[str, Refusal] = {}
        self.lockstep = False
        self.journal: list[tuple[str, float, Origin]] = []
        self._value = np.zeros(len(tags))
        self.image = self.scan()

    def scan(self) -> ProcessImage:
        number, scan = len(self.tags), getattr(self, "image", None)
        count = 1 if scan is None else scan.scan + 1
        good = np.zeros(number, np.uint32)
        self.image = ProcessImage(count, 0.0, 0.0, self._value.copy(), good, np.zeros(number), np.zeros(0, np.uint8))
        return self.image

    def set(self, name: str, value: float) -> None:
        self._value[next(tag.row for tag in self.tags if tag.name == name)] = value
        self.scan()

    def check(self, name: str, value: float, origin: Origin) -> Refusal | None:
        tag = next(tag for tag in self.tags if tag.name == name)
        if name in self.refuse:
            return self.refuse[name]
        return None if tag.low <= value <= tag.high else Refusal.RANGE

    def write(
        self, writes: Sequence[tuple[str, float]], origin: Origin, *, whole: bool = False
    ) -> list[Refusal | None]:
        refusals = [self.check(name, value, origin) for name, value in writes]
        if not any(refusals):
            for name, value in writes:
                self.journal.append((name, value, origin))
                self._value[next(tag.row for tag in self.tags if tag.name == name)] = value
        return refusals

    def write_rack(
        self,
        writes: Sequence[tuple[str, float]],
        origin: Origin,
        *,
        whole: bool = False,
        beat: tuple[str, int] | None = None,
    ) -> list[Refusal | None]:
        return self.write(writes, origin, whole=whole)

    @property
    def lost(self) -> frozenset[str]:
        return frozenset()

    @property
    def forced(self) -> frozenset[str]:
        return frozenset()

    def set_lockstep(self, on: bool, origin: Origin) -> None:
        self.lockstep = on

    @property
    def written(self) -> dict[str, float]:
        return {name: value for name, value, _ in self.journal}


@pytest.fixture
def bench() -> Bench:
    return Bench()


CLIENT = Client("test")
LOOKER = Client("test", may_write=False)


def responder(bench: Bench, word_order: str = "abcd") -> Responder:
    registers = Registers(bench.tags, bench.alarms, word_order)
    return Responder(bench, registers, identity={0: "plantsim", 1: "bench", 2: "1.0"})


def ask(bench: Bench, request: str, unit: int = 1, client: Client = CLIENT) -> str:
    """The answer, both in hexadecimal."""
    return responder(bench).answer(unit, bytes.fromhex(request), client).hex(" ")


def float_hex(value: float) -> str:
    return struct.pack(">f", value).hex(" ")


def test_fc3_reads_values_in_force(bench: Bench) -> None:
    bench.set("TIC-201.SP", 60.0)
    bench.set("TIC-201.MODE", 1)
    assert ask(bench, "03 000a 0003") == f"03 06 {float_hex(60.0)} 00 01"


def test_fc4_reads_a_page_with_its_scan_counter(bench: Bench) -> None:
    bench.set("TIC-201.PV", 61.5)
    answer = responder(bench).answer(1, bytes.fromhex("04 0000 0064"), CLIENT)
    assert answer[:2] == bytes((4, 200))
    assert struct.unpack_from(">If", answer, 2) == (bench.image.scan, 61.5)


def test_fc1_and_fc2_pack_bits_from_the_lowest(bench: Bench) -> None:
    bench.set("P-202.CMD", 1)
    bench.set("P-201.RUN", 1)
    assert ask(bench, "01 000a 0002") == "01 01 02"
    assert ask(bench, "02 000a 0001", unit=12) == "02 01 01"


def test_fc5_writes_a_coil(bench: Bench) -> None:
    assert ask(bench, "05 000a ff00") == "05 00 0a ff 00"
    assert bench.journal == [("P-201.CMD", True, Origin(Role.OPERATOR, "test", "modbus"))]


def test_fc6_writes_a_single_register_value(bench: Bench) -> None:
    assert ask(bench, "06 000c 0002") == "06 00 0c 00 02"
    assert bench.written == {"TIC-201.MODE": 2}


def test_fc15_writes_coils(bench: Bench) -> None:
    assert ask(bench, "0f 000a 0002 01 01") == "0f 00 0a 00 02"
    assert bench.written == {"P-201.CMD": True, "P-202.CMD": False}


def test_fc16_writes_whole_values(bench: Bench) -> None:
    assert ask(bench, f"10 000a 0005 0a {float_hex(60.1)} 0001 {float_hex(40)}") == "10 00 0a 00 05"
    assert bench.written == {"TIC-201.SP": 60.1, "TIC-201.MODE": 1, "TIC-201.OP": 40.0}


@pytest.mark.parametrize("order", WORD_ORDERS)
def test_a_float_is_written_in_the_word_order(bench: Bench, order: str) -> None:
    raw = struct.pack(">f", 60.1)
    request = bytes.fromhex("10 000a 0002 04") + bytes(raw[i] for i in WORD_ORDERS[order])
    assert responder(bench, order).answer(1, request, CLIENT).hex() == "10000a0002"
    assert bench.written == {"TIC-201.SP": 60.1}


def test_fc22_masks_a_register_in_force(bench: Bench) -> None:
    bench.set("TIC-201.MODE", 3)
    assert ask(bench, "16 000c fffe 0000") == "16 00 0c ff fe 00 00"
    assert bench.written == {"TIC-201.MODE": 2}


def test_fc23_writes_and_reads_in_one_request(bench: Bench) -> None:
    bench.set("TIC-201.SP", 60.0)
    answer = ask(bench, "17 000a 0002 000c 0001 02 0001")
    assert answer == f"17 04 {float_hex(60.0)}"
    assert bench.written == {"TIC-201.MODE": 1}


def test_fc23_with_a_wrong_read_writes_nothing(bench: Bench) -> None:
    assert ask(bench, "17 000b 0002 000c 0001 02 0001") == "97 03"
    assert not bench.journal


def test_fc43_identifies_plant_and_unit(bench: Bench) -> None:
    assert bytes.fromhex(ask(bench, "2b 0e 01 00")) == b"\x2b\x0e\x01\x82\0\0\3\0\x08plantsim\1\5bench\2\0031.0"
    assert ask(bench, "2b 0e 04 06") == "2b 0e 04 82 00 00 01 06 0a " + b"SCADA view".hex(" ")
    assert ask(bench, "2b 0e 04 06", unit=12).endswith(b"I/O rack of area leach".hex(" "))
    assert ask(bench, "2b 0e 02 06").startswith("2b 0e 02 82 00 00 01 06")


def test_fc43_continues_where_an_answer_was_full(bench: Bench) -> None:
    registers = Registers(bench.tags, bench.alarms)
    texts = {number: f"{number}" * 100 for number in range(6)}
    long = Responder(bench, registers, identity=texts)
    seen, following = b"", 0
    for _ in range(7):
        answer = long.answer(1, bytes((0x2B, 0x0E, 2, following)), CLIENT)
        assert len(answer) <= 253
        seen += answer[7:]
        following = answer[5]
        if not answer[4]:
            break
    assert seen == b"".join(bytes((n, 100)) + t.encode() for n, t in texts.items()) + b"\6\x0aSCADA view"


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        ("63", "e3 01"),
        ("08 0000 0000", "88 01"),
        ("2b 0d 00", "ab 01"),
        ("03 03e8 0001", "83 02"),
        ("03 0000 0002", "83 02"),  # below the first point: a gap alone
        ("03 ffff 0002", "83 02"),
        ("04 0064 0001", "84 02"),  # beyond the last page
        ("02 ffff 0001", "82 02"),
        ("06 03e8 0001", "86 02"),
        ("05 00c8 ff00", "85 02"),
        ("10 0002 0002 04 00000000", "90 02"),  # input registers are not written to
        ("2b 0e 04 05", "ab 02"),
        ("03 000a 0000", "83 03"),
        ("03 000a 007e", "83 03"),
        ("01 000a 07d1", "81 03"),
        ("03 000a 0001", "83 03"),  # half a float
        ("03 000b 0002", "83 03"),
        ("04 0001 0003", "84 03"),  # half the scan counter
        ("06 000a 0000", "86 03"),
        ("10 000a 0004 08 00000000 0001 0000", "90 03"),
        ("16 000a 0000 0000", "96 03"),
        ("10 000a 0002 05 0000000000", "90 03"),
        ("10 000a 0002 04 000000", "90 03"),
        ("10 000a 007c f8" + "00" * 248, "90 03"),
        ("0f 000a 0002 02 0000", "8f 03"),
        ("0f 000a 0000 00", "8f 03"),
        ("05 000a 0001", "85 03"),
        ("03 000a", "83 03"),
        ("03 000a 0002 00", "83 03"),
        ("03", "83 03"),
        ("2b", "ab 03"),
        ("2b 0e 05 00", "ab 03"),
        ("10 000a 0002 04 7fc00000", "90 03"),  # not a number
        ("10 000a 0002 04 7f800000", "90 03"),  # infinite
        ("10 000a 0002 04 43480000", "90 03"),  # 200 on a range of 0 to 100
        ("06 000c 0004", "86 03"),  # no such mode
    ],
)
def test_what_can_not_be_served_has_its_exception_code(bench: Bench, request_: str, answer: str) -> None:
    assert ask(bench, request_) == answer


BENCH = Bench()
RESPONDER = responder(BENCH)


@given(st.sampled_from([1, 12, 200]), st.sampled_from([1, 2, 3, 4, 5, 6, 15, 16, 22, 23, 43, 99, 200]), st.data())
def test_whatever_is_asked_has_an_answer(unit: int, function: int, data: st.DataObject) -> None:
    small = st.integers(0, 40).map(lambda n: n.to_bytes(2, "big"))
    fields = data.draw(st.lists(small, max_size=6).map(b"".join) | st.binary(max_size=252))
    answered = RESPONDER.answer(unit, bytes((function,)) + fields, CLIENT)
    assert 2 <= len(answered) <= 253
    if answered[0] != function:
        assert answered[0] == function | 0x80
        assert answered[1] in (1, 2, 3, 4, 0x0B)


@pytest.mark.parametrize("unit", [0, 2, 10, 11, 13, 247, 255])
def test_an_unknown_unit_answers_0b(bench: Bench, unit: int) -> None:
    assert ask(bench, "03 000a 0002", unit) == "83 0b"
    assert ask(bench, "63", unit) == "e3 0b"


@pytest.mark.parametrize(
    ("refusal", "code"),
    [
        (Refusal.UNKNOWN, 2),
        (Refusal.READ_ONLY, 2),
        (Refusal.TYPE, 3),
        (Refusal.RANGE, 3),
        (Refusal.ROLE, 4),
        (Refusal.MODE, 4),
        (Refusal.INTERLOCK, 4),
        (Refusal.EXTERNAL, 4),
        (Refusal.NOT_EXTERNAL, 4),
    ],
)
def test_a_refused_write_answers_the_code_of_its_reason(bench: Bench, refusal: Refusal, code: int) -> None:
    bench.refuse = {"TIC-201.SP": refusal, "P-201.CMD": refusal, "TV-201.CMD": refusal}
    assert ask(bench, "10 000a 0002 04 00000000") == f"90 {code:02x}"
    assert ask(bench, "05 000a ff00") == f"85 {code:02x}"
    assert ask(bench, "06 000a 0000", unit=12) == f"86 {code:02x}"


@pytest.mark.parametrize(
    ("unit", "request_"),
    [
        (1, f"10 000a 0005 0a {float_hex(60)} 0001 {float_hex(40)}"),
        (12, "10 000a 0002 04 0001 0002"),
        (1, "0f 000a 0002 01 03"),
    ],
)
def test_a_block_with_one_refused_value_changes_nothing(bench: Bench, unit: int, request_: str) -> None:
    bench.refuse = {"TIC-201.OP": Refusal.MODE, "TV-202.CMD": Refusal.MODE, "P-202.CMD": Refusal.INTERLOCK}
    assert ask(bench, request_, unit).endswith(" 04")
    assert not bench.journal


def test_nothing_is_written_where_writes_are_not_allowed(bench: Bench) -> None:
    for request in ("05 000a ff00", "06 000c 0001", f"10 000a 0002 04 {float_hex(60)}"):
        assert ask(bench, request, client=LOOKER)[3:] == "04"
    assert ask(bench, "06 0000 0001", unit=12, client=LOOKER) == "86 04", "nor the heartbeat"
    assert ask(bench, "03 000c 0001", client=LOOKER) == "03 02 00 00"
    assert not bench.journal


def test_a_plc_commands_its_rack_in_counts(bench: Bench) -> None:
    assert ask(bench, "06 000a 3600", unit=12) == "06 00 0a 36 00"
    assert ask(bench, "05 000b ff00", unit=12) == "05 00 0b ff 00"
    assert bench.journal == [
        ("TV-201.CMD", 50.0, Origin(Role.OPERATOR, "test", "rack")),
        ("P-202.CMD", True, Origin(Role.OPERATOR, "test", "rack")),
    ]
    bench.scan()
    assert ask(bench, "03 000a 0002", unit=12) == "03 04 36 00 00 00"


@pytest.mark.parametrize("counts", ["ffff", "6c01", "7fff"])
def test_counts_beyond_20_ma_are_out_of_range(bench: Bench, counts: str) -> None:
    assert ask(bench, f"06 000a {counts}", unit=12) == "86 03"


def test_a_heartbeat_reads_back_at_once(bench: Bench) -> None:
    line = responder(bench)
    assert line.answer(12, bytes.fromhex("06 0000 1234"), CLIENT).hex() == "0600001234"
    assert line.answer(12, bytes.fromhex("03 0000 0001"), CLIENT).hex() == "03021234"
    bench.scan()
    assert line.answer(12, bytes.fromhex("16 0000 ff00 0001"), CLIENT).hex() == "160000ff000001"
    assert line.answer(12, bytes.fromhex("03 0000 000a"), CLIENT).hex() == "03141201" + "0000" * 9


def test_a_plc_writes_heartbeat_and_commands_as_one_block_over_the_gap(bench: Bench) -> None:
    block = "0001" + "0000" * 9 + "3600" + "6c00"
    assert ask(bench, f"10 0000 000c 18 {block}", unit=12) == "10 00 00 00 0c"
    assert bench.written == {"TV-201.CMD": 50.0, "TV-202.CMD": 100.0}
    assert ask(bench, f"10 0000 000c 18 {block.replace('00000000', '00000007', 1)}", unit=12) == "90 02"


def test_an_answer_shows_one_image_and_the_next_answer_the_newest(bench: Bench) -> None:
    line = responder(bench)
    bench.set("TIC-201.PV", 1.0)
    first = line.answer(1, bytes.fromhex("04 0000 0004"), CLIENT)
    bench.set("TIC-201.PV", 2.0)
    second = line.answer(1, bytes.fromhex("04 0000 0004"), CLIENT)
    (scan, value), (next_scan, next_value) = struct.unpack(">If", first[2:]), struct.unpack(">If", second[2:])
    assert (value, next_value, next_scan - scan) == (1.0, 2.0, 1)
