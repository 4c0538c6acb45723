"""The pytest plugin, in other people's test suites: real plants on real ports."""

from __future__ import annotations

import time
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from plantsim.testing import serve_plant

SUITE = """
import struct, socket
import pytest
from asyncua.sync import Client

def counter(plant):
    with socket.create_connection(plant.modbus) as link:
        link.sendall(bytes.fromhex("0001 0000 0006 01 04 0000 0002"))
        return struct.unpack(">I", link.recv(260)[9:13])[0]

def test_both_protocols_show_the_scan_advanced_to(plant):
    plant.advance("2m")
    assert counter(plant) == 1200
    with Client(plant.opcua) as client:
        ns = client.get_namespace_index("urn:plantsim:plant")
        assert client.get_node(f"ns={ns};s=Simulation.ScanCount").read_value() == 1200

@pytest.mark.plant("belfast", seed=5, opcua=False)
@pytest.mark.plant_start("cold")
def test_markers_say_which_plant(plant):
    assert plant.tags["Simulation.Seed"] == 5
    assert plant.tags["KPI.Recovery.Nd2O3"] == 0.0
    with pytest.raises(ValueError, match="without OPC UA"):
        plant.opcua

@pytest.mark.plant(opcua=False)
class TestOperating:
    def test_a_set_point_is_written_and_reached(self, plant):
        plant.tags["TIC-201.SP"] = 62.0
        assert plant.tags["TIC-201.SP"] == 62.0
        took = plant.wait(lambda tags: abs(tags["TIC-201.PV"] - 62.0) < 0.3, plant_time="2h", every="10s")
        assert 0.0 < took < 7200.0

    def test_what_never_holds_fails_in_plant_time(self, plant):
        from plantsim.testing import NeverHeld
        with pytest.raises(NeverHeld, match="within 5m"):
            plant.wait(lambda tags: tags["TIC-201.PV"] > 119.0, plant_time="5m", every="30s")
        assert plant.elapsed == pytest.approx(300.0)

    def test_a_malfunction_shows_and_is_mended(self, plant):
        name = plant.inject("feeder-bridging", 1.0, delay="10s")
        plant.wait(lambda tags: tags["WIC-101.PV"] < 1.0, plant_time="5m")
        plant.clear(name)
        plant.wait(lambda tags: tags["WIC-101.PV"] > 4.0, plant_time="15m")
        with pytest.raises(ValueError):
            plant.inject("no-such-thing")

    def test_names_and_refusals_are_explained(self, plant):
        import plantsim
        with pytest.raises(KeyError, match="near to it: .*TIC-201.PV"):
            plant.tags["TIC-201.PVV"]
        with pytest.raises(plantsim.Refused, match="TIC-201.SP = 1000.0: outside its range"):
            plant.tags["TIC-201.SP"] = 1000.0

def test_two_plants_with_one_seed_are_the_same_to_the_bit(plant_factory):
    first, second, third = (plant_factory(seed=seed, opcua=False) for seed in (3, 3, 4))
    for plant in (first, second, third):
        plant.advance("5m")
    assert first.sha256 == second.sha256 != third.sha256
"""


@pytest.fixture
def plugin() -> list[str]:
    """How to load it where the package was installed before it had one."""
    installed = any(entry.name == "plantsim" for entry in entry_points(group="pytest11"))
    return [] if installed else ["-p", "plantsim.testing.plugin"]


def test_a_suite_runs_on_its_own_plants(pytester: pytest.Pytester, plugin: list[str]) -> None:
    pytester.makepyfile(SUITE)
    result = pytester.runpytest_subprocess("-q", "--strict-markers", *plugin)
    result.assert_outcomes(passed=7)


def test_an_unknown_plant_fails_the_test_with_what_is_allowed(pytester: pytest.Pytester, plugin: list[str]) -> None:
    pytester.makepyfile('import pytest\n@pytest.mark.plant("atlantis")\ndef test_it(plant): pass')
    result = pytester.runpytest_subprocess("-q", *plugin)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*atlantis*belfast*"])


def test_a_plant_is_gone_within_a_second_and_its_ports_with_it(tmp_path: Path) -> None:
    plant = serve_plant(state=tmp_path)
    first = plant.modbus
    plant.run(speed=float("inf"))
    begun = time.monotonic()
    plant.close()
    took = time.monotonic() - begun
    plant.close()
    print(f"closed {first} in {took:.2f} s")
    assert not plant.engine.alive
    assert not plant._thread.is_alive()


def test_an_area_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="external: found 'lech', allowed feed, leach"):
        serve_plant(state=tmp_path, external=["lech"])
