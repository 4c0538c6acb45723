"""The command line as a shell meets it: what it prints, where, and the exit code."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from plantsim.commands.itself import command

COMMANDS = (
    "demo", "run", "hmi", "simulate", "settle", "new", "tags", "nodeset", "plants", "malfunctions", "check", "schema",
    "history", "users", "certs",
)  # fmt: skip
READY = re.compile(r"ready plant=belfast opcua=opc\.tcp://127\.0\.0\.1:(\d+)/plantsim modbus=127\.0\.0\.1:(\d+)\n")


def plantsim(*words: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*words), capture_output=True, text=True, timeout=timeout, check=False, stdin=subprocess.DEVNULL
    )


@contextmanager
def running(*words: str) -> Iterator[subprocess.Popen[str]]:
    """The command as a background process, which does not outlive the block."""
    with subprocess.Popen(
        command(*words), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def test_help_lists_the_commands() -> None:
    done = plantsim("--help")
    assert done.returncode == 0
    for name in COMMANDS:
        assert re.search(rf"^ +{name}( |$)", done.stdout, re.MULTILINE)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str) -> None:
    done = plantsim(name, "--help")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["frobnicate"], 2, r"plantsim: COMMAND: invalid choice: '?frobnicate'? \(choose from .*demo.*\)"),
        ([], 2, r"plantsim: the following arguments are required: COMMAND"),
        (["simulate", "--fast"], 2, r"plantsim simulate: --fast: not known here; allowed: --help .*--for .*--json.*"),
        (
            ["simulate", "--for", "5x"],
            2,
            r"plantsim simulate: --for: '5x' is no duration; allowed: .*90s, 15m, 24h, 7d",
        ),
        (["simulate", "--for", "0s"], 2, r"plantsim simulate: --for: '0s' is no duration; allowed: .*"),
        (["simulate", "--for"], 2, r"plantsim simulate: --for: expected one argument"),
        (
            ["simulate", "--scan", "5ms"],
            2,
            r"plantsim simulate: --scan: '5ms' is no scan period; allowed: 10ms to 1s.*",
        ),
        (["simulate", "--seed", "-1"], 2, r"plantsim simulate: --seed: .*"),
        (["simulate", "--epoch", "now"], 2, r"plantsim simulate: --epoch: 'now' is no time; allowed: ISO 8601.*"),
        (["simulate", "--out", "trends.xls"], 2, r"plantsim simulate: --out: .*allowed: .*\.csv or \.parquet"),
        (["simulate", "--plot", "trends.doc"], 2, r"plantsim simulate: --plot: .*allowed: .*\.png or \.svg"),
        (["run", "--opcua", "65536"], 2, r"plantsim run: --opcua: '65536' is no port; allowed: 0 to 65535, .*"),
        (["run", "--speed", "0"], 2, r"plantsim run: --speed: '0' is no speed; allowed: .*above 0.* or max"),
        (["run", "--opcua", "4841", "--modbus", "4841"], 2, r"plantsim run: --opcua and --modbus: both ask for .*"),
        (
            ["run", "--insecure", "--host", "0.0.0.0"],
            2,
            r"plantsim run: --insecure with --host 0\.0\.0\.0: .*loopback.*",
        ),
        (["run", "--host", "no.such.invalid"], 1, r"plantsim run: --host no\.such\.invalid: no such address; .*"),
        (
            ["run", "--external", "lech", "--opcua", "0", "--modbus", "0"],
            1,
            r"plantsim run: --external: .*lech.*leach.*",
        ),
        (
            ["run", "--opcua", "0", "--modbus", "0", "--modbus-serial", "/dev/null"],
            1,
            r"plantsim run: --modbus-serial /dev/null: Inappropriate ioctl for device; allowed: .*",
        ),
        (["hmi", "http://127.0.0.1"], 2, r"plantsim hmi: ENDPOINT: .* is no endpoint; allowed: opc\.tcp://.*"),
        (["hmi"], 1, r"plantsim hmi: the HMI needs a terminal; allowed without one: --web \[PORT\]"),
        (["tags", "--format", "xls"], 2, r"plantsim tags: --format: invalid choice: 'xls' .*"),
        (["tags", "atlantis"], 1, r"plantsim tags: plants: .*atlantis.*belfast.*"),
        (["simulate", "atlantis"], 1, r"plantsim simulate: plants: .*atlantis.*belfast.*"),
        (["run", "atlantis", "--opcua", "0", "--modbus", "0"], 1, r"plantsim run: plants: .*atlantis.*belfast.*"),
        (["check", "nowhere.toml"], 1, r"plantsim check: .*nowhere\.toml.*"),
    ],
)
def test_a_mistake_is_answered_in_one_line(words: list[str], code: int, message: str) -> None:
    done = plantsim(*words)
    assert (done.returncode, done.stdout) == (code, "")
    assert re.fullmatch(message + "\n", done.stderr), done.stderr


def test_plants_prints_one_line_each() -> None:
    done = plantsim("plants")
    assert (done.returncode, done.stderr) == (0, "")
    assert all(re.fullmatch(r"[a-z-]+\t[^\t]+", line) for line in done.stdout.splitlines())
    assert "belfast" in [line.split("\t")[0] for line in done.stdout.splitlines()]


def test_tags_as_json_have_the_members_that_others_rely_on() -> None:
    tags = json.loads(plantsim("tags", "--format", "json").stdout)
    keys = ["tag", "description", "area", "unit", "kind", "eu", "low", "high", "role", "opcua", "modbus", "rack"]
    assert all(list(tag) == keys for tag in tags)
    by_name = {tag["tag"]: tag for tag in tags}
    assert by_name["WIC-100.SP"]["role"] == "operator"
    assert by_name["WIC-100.SP"]["opcua"] == "nsu=urn:plantsim:plant;s=WIC-100.SP"
    assert by_name["WIC-100.SP"]["modbus"].keys() == {"unit", "table", "address", "type"}
    assert {"KPI.Throughput", "Simulation.Speed"} <= by_name.keys()


def test_check_names_file_key_found_and_allowed(tmp_path: Path) -> None:
    file = tmp_path / "plant.toml"
    file.write_text('format = 1\nname = "Plant"\n')
    done = plantsim("check", str(file))
    assert done.returncode == 1
    assert re.fullmatch(r"plantsim check: plant\.toml:2: name: found .*, allowed .*\n", done.stderr)


def test_run_says_ready_once_and_stops_on_sigterm(tmp_path: Path) -> None:
    with running("run", "--opcua", "0", "--modbus", "0", "--state", str(tmp_path)) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        match = READY.fullmatch(line)
        assert match, line
        for port in match.groups():
            socket.create_connection(("127.0.0.1", int(port)), 5).close()
        process.send_signal(signal.SIGTERM)
        rest, log = process.communicate(timeout=20)
    assert (process.returncode, rest) == (0, ""), log
    assert "Traceback" not in log
    assert str(tmp_path) in log, "where the passwords are"


def test_run_stops_on_ctrl_c_and_frees_its_ports(tmp_path: Path) -> None:
    with running("run", "--opcua", "0", "--modbus", "0", "--insecure", "--state", str(tmp_path)) as process:
        assert process.stdout is not None
        match = READY.fullmatch(process.stdout.readline())
        assert match
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
    for port in match.groups():
        with socket.create_server(("127.0.0.1", int(port))):
            pass


def test_run_ends_after_the_plant_time_asked_for(tmp_path: Path) -> None:
    words = ("--opcua", "0", "--modbus", "0", "--insecure", "--speed", "max", "--for", "10m", "--state", str(tmp_path))
    done = plantsim("run", *words)
    assert done.returncode == 0, done.stderr
    assert READY.fullmatch(done.stdout)


def test_demo_without_a_terminal_runs_headless(tmp_path: Path) -> None:
    with running("demo", "--opcua", "0", "--modbus", "0", "--state", str(tmp_path)) as process:
        assert process.stdout is not None
        assert READY.fullmatch(process.stdout.readline())
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


@pytest.mark.parametrize("option", ["--opcua", "--modbus"])
def test_a_port_in_use_is_named(option: str) -> None:
    other = "--modbus" if option == "--opcua" else "--opcua"
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        done = plantsim("run", option, port, other, "0")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"plantsim run: port {port} on 127.0.0.1 is in use; give another one with {option} PORT, 0 for a free one\n"
    )


def test_simulate_json_has_the_members_that_others_rely_on() -> None:
    done = plantsim("simulate", "belfast", "--for", "10m", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    result = json.loads(done.stdout)
    assert list(result) == [
        "plant",
        "seed",
        "plant_seconds",
        "wall_seconds",
        "times_real_time",
        "throughput_kg_h",
        "products",
        "byproducts",
        "balance_error",
        "alarms",
        "state_sha256",
    ]
    assert result["plant_seconds"] == pytest.approx(600)
    assert result["balance_error"] < 1e-9
    for product in result["products"].values():
        assert list(product) == ["rate_kg_h", "purity_pct", "recovery_pct"]
    assert list(result["products"]) == ["Nd2O3", "Dy2O3"]
    assert list(result["byproducts"]) == ["Pr6O11", "Tb4O7"]


def test_simulate_is_reproduced_by_its_seed() -> None:
    hashes = [
        json.loads(plantsim("simulate", "--for", "2m", "--seed", seed, "--json").stdout)["state_sha256"]
        for seed in ("1", "1", "2")
    ]
    assert hashes[0] == hashes[1] != hashes[2]


def test_run_leaves_its_state_and_a_later_one_goes_on_from_it(tmp_path: Path) -> None:
    """The plant's time goes on counting, and a snapshot's scan period is part of it."""
    state = ("--state", str(tmp_path))
    first = plantsim("run", "belfast", "--opcua", "0", "--modbus", "0", "--speed", "max", "--for", "60s", *state)
    assert first.returncode == 0
    assert (tmp_path / "snapshots" / "belfast" / "last.snapshot").exists()
    second = plantsim("simulate", "belfast", "--start", "last", "--for", "10s", "--json", *state)
    assert second.returncode == 0
    assert json.loads(second.stdout)["plant_seconds"] == pytest.approx(10.0)
    other = plantsim("simulate", "belfast", "--start", "last", "--scan", "50ms", "--for", "10s", *state)
    assert other.returncode == 1
    assert "found a scan of 0.1 s, allowed the run's 0.05 s" in other.stderr
