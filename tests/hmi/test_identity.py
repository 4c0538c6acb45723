"""The station's own certificate."""

from __future__ import annotations

import asyncio
from pathlib import Path

from asyncua import Client

from hmi.comm.identity import belong, own_certificate


def _client() -> Client:
    client = Client("opc.tcp://127.0.0.1:4840")
    client.application_uri = "urn:plantsim:hmi"
    return client


async def test_stations_that_start_together_have_one_certificate(tmp_path: Path) -> None:
    """What one of them made and another wrote over by half is made anew until it belongs together."""
    folder = tmp_path / "station"
    found = await asyncio.gather(*(own_certificate(_client(), folder) for _ in range(4)))
    assert set(found) == {(folder / "certificate.der", folder / "key.pem")}
    assert belong(*found[0])
    kept = found[0][0].read_bytes()
    assert (await own_certificate(_client(), folder))[0].read_bytes() == kept


async def test_a_certificate_of_another_key_is_made_anew(tmp_path: Path) -> None:
    """As is one that was cut off while it was written."""
    certificate, key = await own_certificate(_client(), tmp_path / "one")
    other, _ = await own_certificate(_client(), tmp_path / "other")
    for spoilt in (other.read_bytes(), certificate.read_bytes()[:100]):
        certificate.write_bytes(spoilt)
        assert not belong(certificate, key)
        await own_certificate(_client(), tmp_path / "one")
        assert belong(certificate, key)
