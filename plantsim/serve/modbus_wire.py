"""Malfunctions of the wire on Modbus TCP: late, lost, doubled and frozen answers, exceptions and resets."""

from __future__ import annotations

import asyncio
import struct

from plantsim.serve import wire
from plantsim.serve.modbus_pdu import Client, Responder
from plantsim.serve.registers import RegisterImage

MOST_LATE = 256
"""Answers of one connection that may wait; a client that asks for more is cut off."""
_HEADER = struct.Struct(">HHHB")


class Disturbed:
    """Of one server: its clients as the wire has them, and the images that are frozen for some of them."""

    def __init__(self, clients: wire.Clients, responder: Responder) -> None:
        self._clients = clients
        self.responder = responder
        self._frozen: dict[int, RegisterImage] = {}

    def connect(self, transport: asyncio.Transport, client: Client) -> Link | None:
        """The link of a client that has just connected; None if the wire refused it."""
        link = Link(self, transport, self._clients.new(transport.get_extra_info("peername")), client)
        if link.refused:
            wire.reset(transport)
            return None
        return link

    def image(self, instance: int) -> RegisterImage:
        """The image that a malfunction has frozen: the one that was the latest when somebody first asked."""
        if instance not in self._frozen:
            self._frozen[instance] = self.responder.latest()
        return self._frozen[instance]


class Link:
    """One connection. Requests that something may happen to are its to answer."""

    def __init__(self, disturbed: Disturbed, transport: asyncio.Transport, own: wire.Client, client: Client) -> None:
        self._disturbed = disturbed
        self._transport = transport
        self._own = own
        self._client = client
        self._late = wire.Late(transport)
        self._fate: wire.Fate | None = None

    @property
    def refused(self) -> bool:
        return self._own.refused

    @property
    def is_disturbed(self) -> bool:
        """Whether the next request is for `take`: something is wrong, or earlier answers have not left."""
        self._fate = self._own.fate()
        return self._fate is not None or self._late.waiting > 0

    def take(self, transaction: int, unit: int, request: bytes) -> bool:
        """Answer a request as its fate is; False if it was the connection's last."""
        fate = self._fate or wire.Fate()
        if fate.reset or self._late.waiting >= MOST_LATE:
            wire.reset(self._transport)
            return False
        responder = self._disturbed.responder
        if fate.exception:
            answer = bytes((request[0] | 0x80, fate.exception))
        elif fate.frozen:
            answer = responder.answer_from(self._disturbed.image(fate.frozen), unit, request, self._client)
        else:
            answer = responder.answer(unit, request, self._client)
        frame = _HEADER.pack(transaction, 0, len(answer) + 1, unit) + answer
        if not fate.drop:
            self._late.write(frame * 2 if fate.duplicate else frame, fate.delay)
        return True
