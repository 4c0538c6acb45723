"""The package as users get it: a wheel that works by itself, or one clear message."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
BUILD_FILES = ("pyproject.toml", "setup.py", "MANIFEST.in", "README.md", "LICENSE", "CHANGELOG.md")


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a build reads, copied so that it leaves nothing behind."""
    copy = tmp_path_factory.mktemp("sources")
    for name in BUILD_FILES:
        shutil.copy(ROOT / name, copy)
    built = shutil.ignore_patterns("__pycache__", "*.so", "*.c")
    for name in ("plantsim", "hmi", "ext"):
        shutil.copytree(ROOT / name, copy / name, ignore=built)
    return copy


def build_wheel(sources: Path, target: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--no-deps",
        "--no-build-isolation",
        "--wheel-dir",
        str(target),
        str(sources),
    ]
    variables = {**os.environ, **environment}
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300, env=variables)


def runtime_distributions(name: str) -> Iterator[str]:
    """The package's declared dependencies, and theirs."""
    seen = set[str]()
    waiting = [name]
    while waiting:
        for text in distribution(waiting.pop()).requires or ():
            requirement = Requirement(text)
            if requirement.name in seen or (requirement.marker and not requirement.marker.evaluate({"extra": ""})):
                continue
            seen.add(requirement.name)
            waiting.append(requirement.name)
            yield requirement.name


def link_distribution(name: str, site: Path) -> None:
    """Make an installed distribution visible in another environment of the same interpreter."""
    found = distribution(name)
    for top in {file.parts[0] for file in found.files or () if file.parts[0] not in ("..", "__pycache__")}:
        link = site / top
        if not link.exists():
            link.symlink_to(Path(str(found.locate_file(top))))


@pytest.mark.long  # compiles all of the core
def test_wheel_simulates_in_a_bare_environment(sources: Path, tmp_path: Path) -> None:
    """Only what the wheel itself asks for is there, and nothing of the source tree."""
    built = build_wheel(sources, tmp_path)
    assert built.returncode == 0, built.stdout + built.stderr
    (wheel,) = tmp_path.glob("plantsim-*.whl")

    venv.create(tmp_path / "bare", symlinks=True)
    python = tmp_path / "bare" / "bin" / "python"
    query = [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    site = Path(subprocess.run(query, capture_output=True, text=True, check=True).stdout.strip())
    install = [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-deps", "--no-index", str(wheel)]
    subprocess.run(install, capture_output=True, check=True, timeout=60)
    for name in runtime_distributions("plantsim"):
        link_distribution(name, site)

    plantsim = python.with_name("plantsim")
    done = subprocess.run(
        [str(plantsim), "simulate", "belfast", "--for", "1m", "--json"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["plant"] == "belfast"
    for module in ("plantsim.serve.opcua", "plantsim.serve.modbus", "hmi.app"):
        subprocess.run([str(python), "-c", f"import {module}"], cwd=tmp_path, check=True, timeout=60)


def test_build_without_a_compiler_says_what_to_install(sources: Path, tmp_path: Path) -> None:
    """With cores of one line, for it is the compiler that is missing."""
    small = tmp_path / "small"
    shutil.copytree(sources, small)
    for core in (small / "ext").glob("*.pyx"):
        core.write_text("def nothing(): pass\n")
    built = build_wheel(small, tmp_path, CC="/nonexistent/gcc")
    assert built.returncode != 0
    assert "plantsim's core could not be compiled" in built.stdout + built.stderr
    assert "apt install gcc python3-dev" in built.stdout + built.stderr
