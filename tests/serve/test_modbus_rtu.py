"""Frames of a serial line without the line: their ends, their CRC, and the silence between them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plantsim.serve.modbus_rtu import Framer, Line, crc

READ = bytes.fromhex("01 03 000a 0002")
REQUESTS = [
    READ,
    bytes.fromhex("0c 01 000a 0010"),
    bytes.fromhex("0c 05 000a ff00"),
    bytes.fromhex("01 0f 000a 0002 01 03"),
    bytes.fromhex("01 10 000a 0002 04 42700000"),
    bytes.fromhex("01 16 000c fffe 0001"),
    bytes.fromhex("01 17 000a 0002 000c 0001 02 0001"),
    bytes.fromhex("01 2b 0e 01 00"),
]


def wire(frame: bytes) -> bytes:
    return frame + crc(frame)


@pytest.mark.parametrize(
    ("frame", "check"),
    [
        ("02 07", "41 12"),  # Modbus over Serial Line 1.02, figure in appendix B: CRC 0x1241, low byte first
        ("01 03 00 00 00 0a", "c5 cd"),
        ("11 03 00 6b 00 03", "76 87"),
    ],
)
def test_crc_is_that_of_the_standard(frame: str, check: str) -> None:
    assert crc(bytes.fromhex(frame)) == bytes.fromhex(check)


@given(st.lists(st.sampled_from(REQUESTS), min_size=1, max_size=5), st.data())
def test_frames_come_out_whole_however_the_bytes_arrive(frames: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(wire(frame) for frame in frames)
    cuts = sorted(data.draw(st.sets(st.integers(1, len(stream) - 1), max_size=8)))
    framer = Framer(0.02)
    found: list[bytes] = []
    for number, (start, end) in enumerate(zip([0, *cuts], [*cuts, len(stream)], strict=True)):
        found += framer.feed(stream[start:end], 0.001 * number)
    assert found == frames
    assert not framer.waiting


def test_a_function_without_a_known_length_ends_with_silence() -> None:
    framer = Framer(0.02)
    assert framer.feed(wire(b"\x01\x63\x01\x02\x03"), 0.0) == []
    assert framer.waiting
    assert framer.silence() == [b"\x01\x63\x01\x02\x03"]
    assert framer.feed(wire(b"\x01\x63"), 1.0) == []
    assert framer.feed(wire(READ), 2.0) == [b"\x01\x63", READ], "and so does one that the next comes long after"


def test_a_frame_that_was_cut_off_does_not_spoil_the_next() -> None:
    framer = Framer(0.02)
    assert framer.feed(wire(READ)[:5], 0.0) == []
    assert framer.feed(wire(READ), 0.1) == [READ]


def test_after_a_wrong_crc_nothing_counts_until_the_line_has_rested() -> None:
    framer = Framer(0.02)
    wrong = bytearray(wire(READ))
    wrong[3] ^= 1
    assert framer.feed(bytes(wrong), 0.0) == []
    assert framer.feed(wire(READ), 0.01) == [], "it may be the rest of the frame that was spoilt"
    assert framer.feed(wire(READ), 0.1) == [READ]


@given(st.lists(st.tuples(st.binary(min_size=1, max_size=300), st.floats(0.0, 0.05)), max_size=20))
def test_noise_is_survived_and_forgotten(pieces: list[tuple[bytes, float]]) -> None:
    framer, now = Framer(0.02), 0.0
    for noise, pause in pieces:
        now += pause
        for frame in framer.feed(noise, now):
            assert len(frame) >= 2
    assert framer.feed(wire(READ), now + 1.0)[-1:] == [READ]


@pytest.mark.parametrize(
    ("line", "rest"),
    [
        (Line("x", 9600, "8E1"), 3.5 * 11 / 9600),
        (Line("x", 9600, "8N1"), 3.5 * 10 / 9600),
        (Line("x", 19200, "8N2"), 3.5 * 11 / 19200),
        (Line("x", 115200), 1.75e-3),
    ],
)
def test_silence_between_frames_is_three_and_a_half_characters(line: Line, rest: float) -> None:
    assert line.rest_s == pytest.approx(rest)
