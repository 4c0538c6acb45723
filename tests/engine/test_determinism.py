"""One seed, one run, to the bit: whatever the vectors of the machine, its C library and the compiler's options."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from importlib.machinery import ExtensionFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from typing import Any

import pytest

import plantsim._core
from plantsim.commands.itself import command
from plantsim.engine import live as live_module
from plantsim.engine.live import LivePlant
from plantsim.engine.simulate import simulate
from plantsim.engine.snapshot import write_snapshot
from plantsim.model.load import load_plant, plant_names
from plantsim.model.plant import Plant

ROOT = Path(__file__).parents[2]
X86 = platform.machine() in ("x86_64", "AMD64")


def state_after(plant: Plant, core: Any, monkeypatch: pytest.MonkeyPatch, scans: int) -> bytes:
    """State, signals and memory of a run with a core of one's choice."""
    monkeypatch.setattr(live_module, "Core", core)
    live = LivePlant(plant)
    live.advance(scans)
    return b"".join(array.tobytes() for array in (live.core.state, live.core.signal, live.core.memory))


@pytest.mark.skipif(not (X86 and plantsim._core.has_avx2()), reason="this machine has no AVX2")
def test_wide_vectors_give_the_same_bits(belfast: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    from plantsim import _core_avx2

    cores = (plantsim._core.Core, _core_avx2.Core)
    one, other = (state_after(belfast, core, monkeypatch, 6000) for core in cores)
    assert one == other


@pytest.mark.skipif(sys.platform != "linux", reason="GLIBC_TUNABLES is Linux's")
def test_the_c_librarys_dispatch_makes_no_difference(tmp_path: Path) -> None:
    hashes = []
    for hardware in ("", "glibc.cpu.hwcaps=-AVX2,-FMA,-AVX2_Usable,-FMA_Usable,-AVX512F,-FMA4"):
        words = command("simulate", "belfast", "--for", "2m", "--json")
        environment = {**os.environ, "GLIBC_TUNABLES": hardware}
        done = subprocess.run(
            words, capture_output=True, text=True, check=True, timeout=120, env=environment, cwd=tmp_path
        )
        hashes.append(json.loads(done.stdout)["state_sha256"])
    assert hashes[0] == hashes[1]


def test_the_core_takes_no_transcendental_function_from_the_c_library() -> None:
    """They differ from one library to the next; sqrt is exact everywhere."""
    path = plantsim._core.__file__
    assert path
    names = subprocess.run(["nm", "--dynamic", "--undefined-only", path], capture_output=True, text=True, check=True)
    undefined = {line.split()[-1].partition("@")[0] for line in names.stdout.splitlines()}
    assert not undefined & {
        "exp",
        "exp2",
        "expm1",
        "log",
        "log2",
        "log10",
        "log1p",
        "pow",
        "cbrt",
        "sin",
        "cos",
        "tanh",
    }


def test_scans_at_once_or_one_by_one(belfast: Plant) -> None:
    one, other = LivePlant(belfast), LivePlant(belfast)
    one.advance(700)
    for scans in (1, 2, 97, 600):
        other.advance(scans)
    assert one.core.state.tobytes() == other.core.state.tobytes()
    assert one.core.signal.tobytes() == other.core.signal.tobytes()


@pytest.fixture(scope="module", params=plant_names())
def plant(request: pytest.FixtureRequest) -> Plant:
    return load_plant(request.param)


OTHERS_SCANS, WHERE_SAVED = 300, 113
"""Scans of a run of every plant, and of its snapshot: in the middle of steps that are longer than a scan."""


@pytest.fixture(scope="module")
def alone(plant: Plant) -> str:
    """Hash of a run of every plant in one piece, by the core that this machine takes."""
    live = LivePlant(plant, seed=5)
    live.advance(OTHERS_SCANS)
    return live.state_sha256()


def test_every_plant_runs_the_same_in_pieces_and_beside_another(plant: Plant, alone: str, belfast: Plant) -> None:
    live, neighbour = LivePlant(plant, seed=5), LivePlant(belfast, seed=6)
    for scans in (1, 2, 97, OTHERS_SCANS - 100):
        live.advance(scans)
        neighbour.advance(7)
    assert live.state_sha256() == alone


def test_every_plant_goes_on_from_its_snapshot_to_the_bit(plant: Plant, alone: str, tmp_path: Path) -> None:
    live = LivePlant(plant, seed=5)
    live.advance(WHERE_SAVED)
    write_snapshot(tmp_path / "some.snapshot", plant.sha256, live.arrays())
    restored = LivePlant(plant, start=str(tmp_path / "some.snapshot"))
    restored.advance(OTHERS_SCANS - WHERE_SAVED)
    assert restored.state_sha256() == alone


@pytest.mark.skipif(not (X86 and plantsim._core.has_avx2()), reason="this machine has no AVX2")
def test_every_plant_has_the_same_bits_without_wide_vectors(
    plant: Plant, alone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_module, "Core", plantsim._core.Core)
    live = LivePlant(plant, seed=5)
    live.advance(OTHERS_SCANS)
    assert live.state_sha256() == alone


BUILD = """
import sys
from setuptools import Extension, setup
sys.argv = ["setup.py", "-q", "build_ext", "--build-lib", sys.argv[1], "--build-temp", sys.argv[1] + "/temp"]
setup(name="variant", script_args=sys.argv[1:], ext_modules=[Extension("_core", ["ext/core.pyx"], include_dirs=["ext"],
      extra_compile_args={flags!r})])
"""


@pytest.mark.long
@pytest.mark.parametrize("flags", ["-O2", "-O1", "-O3 -mavx2 -mfma" if X86 else "-O3 -mcpu=native"])
def test_optimisation_makes_no_difference(
    flags: str, belfast: Plant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scale: float
) -> None:
    """The core compiled otherwise; without contraction even a machine with fused multiply-adds changes nothing."""
    sources = tmp_path / "sources"
    (sources / "ext").mkdir(parents=True)
    for file in (ROOT / "ext").iterdir():
        if file.is_file():
            (sources / "ext" / file.name).write_bytes(file.read_bytes())
    program = BUILD.format(flags=[*flags.split(), "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math"])
    subprocess.run([sys.executable, "-c", program, str(tmp_path / "lib")], cwd=sources, check=True, timeout=600)
    path = next((tmp_path / "lib").glob("_core*.so"))
    spec = spec_from_loader("_core", ExtensionFileLoader("_core", str(path)))
    assert spec is not None
    assert spec.loader is not None
    variant = module_from_spec(spec)
    spec.loader.exec_module(variant)
    scans = round(3000 * scale)
    ours = state_after(belfast, plantsim._core.Core, monkeypatch, scans)
    assert state_after(belfast, variant.Core, monkeypatch, scans) == ours


def test_the_two_plants_of_a_process_do_not_hear_of_each_other(belfast: Plant) -> None:
    alone = simulate(belfast, 60.0, seed=4).state_sha256
    other = LivePlant(belfast, seed=9)
    other.advance(50)
    assert simulate(belfast, 60.0, seed=4).state_sha256 == alone
