"""Messages that pretend to be longer than they are, or to go back: their decoding ends where their bytes do."""

from __future__ import annotations

from struct import pack
from typing import Any

import pytest
from asyncua import ua
from asyncua.common.utils import NotEnoughData
from asyncua.ua.ua_binary import struct_from_binary, struct_to_binary, variant_from_binary, variant_to_binary
from hypothesis import given, settings
from hypothesis import strategies as st

from plantsim.serve.opcua_decoding import Body, refuse_nulls

refuse_nulls()
LENGTHS = st.sampled_from([-(2**31), -256, -10, -2, 0, 1, 127, 2**24, 2**31 - 1])
PLAIN = ua.ReadParameters(
    5.0,
    ua.TimestampsToReturn.Both,
    [ua.ReadValueId(ua.NodeId(f"T-{n}.PV", 2), ua.AttributeIds.Value, "0:1") for n in range(3)],
)


@pytest.mark.parametrize("size", [-1, -256, 4])
def test_bytes_are_read_forwards_and_no_further_than_there_are(size: int) -> None:
    body = Body(b"abcd")
    assert body.read(1) == b"a"
    for take in (body.read, body.skip):
        with pytest.raises(NotEnoughData, match=f"found a length of {size}, allowed 0 to 3"):
            take(size)
    part = body.copy(2)
    body.skip(1)
    assert (part.read(2), body.read(2), len(body)) == (b"bc", b"cd", 0)
    with pytest.raises(NotEnoughData):
        part.read(1)


def test_there_are_no_arrays_of_nulls() -> None:
    for length in (-1, 0):
        assert not variant_from_binary(Body(b"\x80" + pack("<i", length))).Value
    for length in (1, 2**31 - 1):
        with pytest.raises(NotEnoughData, match=r"array of .* nulls, allowed none"):
            variant_from_binary(Body(b"\x80" + pack("<i", length)))
    assert variant_from_binary(Body(variant_to_binary(ua.Variant()))).Value is None


@given(at=st.integers(0, 200), length=LENGTHS, then=st.integers(0, 200), other=LENGTHS)
@settings(deadline=2000, max_examples=300)
def test_whatever_the_lengths_say_decoding_ends(at: int, length: int, then: int, other: int) -> None:
    data: Any = bytearray(struct_to_binary(PLAIN))
    for place, value in ((at, length), (then, other)):
        place %= len(data) - 4
        data[place : place + 4] = pack("<i", value)
    body = Body(bytes(data))
    try:
        found = struct_from_binary(ua.ReadParameters, body)
    except Exception:
        return
    assert len(found.NodesToRead or ()) <= len(data)
