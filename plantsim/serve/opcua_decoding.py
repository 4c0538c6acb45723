"""What is read of a message, and no more: lengths that a message only pretends to have end its decoding.

asyncua takes a length below zero for a way back in the message, from where it reads again and again what it has read
before, and makes an array of nulls, which are no bytes at all, as long as the message likes: two thousand million of
them stop the server for minutes and fill its memory, before it is known whose message it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from struct import pack

from asyncua.common.utils import Buffer, NotEnoughData
from asyncua.ua.ua_binary import Primitives1


class Body(Buffer):
    """Bytes to decode, read from the first to the last."""

    def read(self, size: int) -> bytes:
        """The next bytes. NotEnoughData for more than there are, or less than none."""
        self._check(size)
        begin = self._cur_pos
        self._size -= size
        self._cur_pos += size
        found: bytes = self._data[begin : self._cur_pos]
        return found

    def skip(self, size: int) -> None:
        """Go past the next bytes. NotEnoughData as of ``read``."""
        self._check(size)
        self._size -= size
        self._cur_pos += size

    def copy(self, size: int = -1) -> Body:
        """What is left, or so many bytes of it, to be read beside it."""
        return Body(self._data, self._cur_pos, self._size if size == -1 else min(size, self._size))

    def _check(self, size: int) -> None:
        if not 0 <= size <= self._size:
            raise NotEnoughData(f"found a length of {size}, allowed 0 to {self._size}")


class Nulls:
    """Arrays of nulls: there are none (OPC 10000-6, 5.2.2.16)."""

    @staticmethod
    def pack_array(values: Sequence[None] | None) -> bytes:
        """As many bytes as its length takes."""
        return pack("<i", -1 if values is None else len(values))

    @staticmethod
    def unpack_array(data: Buffer, length: int) -> tuple[()]:
        """Nothing. NotEnoughData where the array says that it has elements."""
        if length > 0:
            raise NotEnoughData(f"found an array of {length} nulls, allowed none")
        return ()


def refuse_nulls() -> None:
    """Let the library read arrays of nulls so, where it would look for the quick way to read numbers."""
    Primitives1.Null = Nulls
