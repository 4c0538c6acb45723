"""Loading a plant: what comes out, and which file it comes from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from plantsim.model import load
from plantsim.model.errors import PlantError
from plantsim.model.load import load_plant, plant_names
from plantsim.model.plant import Condition, Conditions, Constraint, Function, Measurement, Output, Plant, Sampling
from plantsim.model.tag import Kind

Load = Callable[..., Plant]


def test_process_quantities_are_in_si(load_toy: Load) -> None:
    """Volumes in m3, temperatures in K, powers in W, times in s; strengths stay in mol/L."""
    plant = load_toy()
    unit = plant.unit("R-201")
    assert unit.parameters == {"span": 0.1, "overflow": None, "loss": 0.0, "jacket": 150.0}
    assert unit.initial == {"volume": 0.06, "temperature": 333.15, "liquor": {"HCl": 0.6}}
    assert unit.drives == {"cooling": "TV-201A", "heating": "TV-201B"}
    pump = next(device for device in plant.devices if device.tag == "P-201")
    assert (pump.stroke, pump.power, pump.initial, pump.fail) == (2.0, 50.0, 40.0, "stop")
    assert plant.streams[0].capacity == pytest.approx(0.12 / 3600)


def test_instruments_keep_their_engineering_unit(load_toy: Load) -> None:
    """Ranges and bands in eu; the probe is converted by scale and offset."""
    one = {instrument.tag: instrument for instrument in load_toy().instruments}
    assert (one["FIC-201"].low, one["FIC-201"].high, one["FIC-201"].normal) == (0.0, 120.0, (40.0, 60.0))
    assert one["TIC-201"].measures == Measurement("R-201", False, "temperature", 1.0, -273.15)
    flow = one["FIC-201"].measures
    assert flow is not None
    assert (flow.source, flow.stream, flow.probe, flow.offset) == ("201", True, "flow", 0.0)
    assert flow.scale == pytest.approx(3.6e6)
    assert one["AIC-201"].measures == Measurement("202", True, "conc(Nd)", 1.0, 0.0)
    assert one["AIC-201"].sampling == Sampling(900.0, 600.0)
    assert one["AI-202"].sampling == Sampling(0.0, 0.0)
    assert one["LI-202"].function == Function("average", ("LI-201",), 600.0)
    assert one["TIC-201"].sampling is None


def test_the_class_of_an_instrument_follows_from_what_it_does(load_toy: Load) -> None:
    """A loop makes a controller, a sample an analyser, a function a calculation."""
    plant = load_toy()
    kinds = {instrument.tag: plant.kind_of(instrument) for instrument in plant.instruments}
    assert kinds == {
        "FIC-201": Kind.CONTROLLER,
        "TIC-201": Kind.CONTROLLER,
        "LI-201": Kind.TRANSMITTER,
        "FFIC-201": Kind.CONTROLLER,
        "AIC-201": Kind.CONTROLLER,
        "AI-202": Kind.ANALYSER,
        "LI-202": Kind.CALCULATION,
        "WIC-201": Kind.CONTROLLER,
    }


def test_loops_say_where_their_output_goes(load_toy: Load) -> None:
    """Split range, cascade, ratio and override."""
    loops = {loop.tag: loop for loop in load_toy().loops}
    assert loops["TIC-201"].outputs == (
        Output("TV-201A", "CMD", (0.0, 45.0), (100.0, 0.0)),
        Output("TV-201B", "CMD", (55.0, 100.0), (0.0, 100.0)),
    )
    tic = loops["TIC-201"]
    assert (tic.direct, tic.gain, tic.ti, tic.td, tic.sp, tic.mode) == (False, 6.67, 1100.0, 15.0, 60.0, 1)
    assert tic.sp_range == (0.0, 120.0)
    assert tic.ramp == pytest.approx(5 / 60)
    ratio = loops["FFIC-201"]
    assert (ratio.slave, ratio.wild, ratio.filter, ratio.factor) == ("FIC-201", ("LI-201",), 60.0, 1.0)
    assert loops["WIC-201"].constraints == (Constraint("LI-201", "PV", 85.0, 1.0, 600.0, True),)


def test_alarms_carry_limit_delays_and_suppression(load_toy: Load) -> None:
    """Delays in s, limits in eu; a trip has no limit."""
    alarms = {f"{alarm.tag}.{alarm.condition}": alarm for alarm in load_toy().alarms}
    hot = alarms["TIC-201.HH"]
    assert (hot.limit, hot.deadband, hot.on_delay, hot.off_delay, hot.priority) == (90.0, 0.6, 10.0, 60.0, 1)
    assert hot.suppressed_when == Conditions((Condition("AG-201", "RUN", "=", 0.0),), all=False)
    assert alarms["TIC-201.H"].suppressed_when is None
    assert alarms["P-201.TRIP"].limit != alarms["P-201.TRIP"].limit


def test_units_stand_in_the_order_of_their_areas(load_toy: Load) -> None:
    """The file may mix areas; the flow goes area by area."""
    assert [unit.id for unit in load_toy().units] == ["WM-201", "R-201", "HP-701"]


def test_a_stream_without_a_target_leaves_the_plant(load_toy: Load) -> None:
    """Its target is empty."""
    plant = load_toy(
        (
            "[streams.202]",
            '[streams.203]\ntitle = "Drain"\nfrom = "R-201.out"\nby = "XV-201"\ncapacity = "1 L/h"\n[streams.202]',
        )
    )
    drain = next(stream for stream in plant.streams if stream.id == "203")
    assert (drain.target_unit, drain.target_port, drain.device) == ("", "", "XV-201")


def test_a_ratio_with_a_factor_may_mix_units(load_toy: Load) -> None:
    """The factor says how they go together."""
    plant = load_toy(('eu = "L/h/%"', 'eu = "%"'), ('filter = "1 min"', 'filter = "1 min"\nfactor = 0.0005'))
    loop = plant.loop("FFIC-201")
    assert loop is not None
    assert loop.factor == 0.0005


def test_the_digest_changes_with_the_plant_file(load_toy: Load) -> None:
    """Snapshots are keyed by it."""
    assert load_toy().sha256 == load_toy().sha256
    assert load_toy().sha256 != load_toy(("sp = 60", "sp = 61")).sha256


def test_a_name_finds_a_plant_of_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Maps and files of another format are no plants."""
    (tmp_path / "one.toml").write_text('format = 1\nname = "one"\n')
    (tmp_path / "two.toml").write_text("# a plant\nformat = 1 # first\n")
    (tmp_path / "one.map.toml").write_text("format = 1\n")
    (tmp_path / "old.toml").write_text("format = 0\n")
    monkeypatch.setattr(load, "FOLDER", tmp_path)
    assert plant_names() == ["one", "two"]
    with pytest.raises(PlantError) as caught:
        load_plant("tow")
    assert str(caught.value) == (
        "plants: tow: found no plant of that name, allowed one, two; nearest two, or the path of a plant file"
    )


@pytest.mark.parametrize("name", ["./missing.toml", "missing.toml"])
def test_a_path_that_is_not_there_is_refused(name: str) -> None:
    """With a slash or a suffix it is a path, never a name."""
    with pytest.raises(PlantError) as caught:
        load_plant(name)
    assert str(caught.value) == "missing.toml: file: found No such file or directory, allowed a file that can be read"


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    """TOML is UTF-8."""
    path = tmp_path / "plant.toml"
    path.write_bytes(b"format = 1\nname = '\xff'\n")
    with pytest.raises(PlantError) as caught:
        load_plant(path)
    assert str(caught.value) == "plant.toml: text: found bytes that are no UTF-8 at 19, allowed UTF-8"


@pytest.mark.parametrize("name", plant_names())
def test_every_plant_of_the_package_loads(name: str) -> None:
    """And goes by its file's name."""
    assert load_plant(name).name == name
