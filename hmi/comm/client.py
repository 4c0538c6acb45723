"""An OPC UA client that is quick to see that nobody is there, and patient with whoever is."""

from __future__ import annotations

from asyncua.client.client import Client

from hmi.comm.notifications import quick

REACH = 4.0
"""Seconds in which a server must take a connection."""
PATIENCE = 120.0
"""Seconds that a server which has taken it may need for an answer while we connect and read its plant: one
just started, or that runs at full speed on a small machine, is slow, not away."""


class PatientClient(Client):
    """As asyncua's, with a limit for the connection and another for each answer."""

    def __init__(self, endpoint: str) -> None:
        super().__init__(endpoint, timeout=REACH, watchdog_intervall=3600.0)  # the link has a watchdog of its own
        quick(self.uaclient)

    async def connect_socket(self) -> None:
        await super().connect_socket()
        self.wait_for_answers(PATIENCE)

    def wait_for_answers(self, seconds: float) -> None:
        """How long each answer may take from now on."""
        if self.uaclient.protocol is not None:
            self.uaclient.protocol.timeout = seconds
