"""compose.yaml against the rules of the Compose specification that it uses, and our own on who may reach what."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

FILE = Path(__file__).parents[2] / "docker" / "compose.yaml"

WORDS = {"type": "array", "items": {"type": "string"}}
DURATION = {"type": "string", "pattern": r"^(\d+(us|ms|s|m|h))+$"}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["name", "services"],
    "properties": {
        "name": {"type": "string", "pattern": "^[a-z0-9][a-z0-9_-]*$"},
        "volumes": {
            "type": "object",
            "propertyNames": {"pattern": "^[a-zA-Z0-9._-]+$"},
            "additionalProperties": {"type": ["object", "null"]},
        },
        "services": {
            "type": "object",
            "propertyNames": {"pattern": "^[a-zA-Z0-9._-]+$"},
            "additionalProperties": {
                "type": "object",
                "additionalProperties": False,
                "required": ["image"],
                "properties": {
                    "image": {"type": "string", "pattern": r"^[a-z0-9./_-]+:(?!latest$)[\w][\w.-]*$"},
                    "build": {
                        "type": "object",
                        "additionalProperties": False,
                        "properties": {
                            "context": {"type": "string"},
                            "dockerfile": {"type": "string"},
                            "args": {"type": "object"},
                        },
                    },
                    "hostname": {"type": "string", "pattern": "^[a-z0-9-]+$"},
                    "command": WORDS,
                    "entrypoint": WORDS,
                    "profiles": {"type": "array", "items": {"type": "string", "pattern": "^[a-zA-Z0-9][\\w.-]*$"}},
                    "environment": {"type": "object", "additionalProperties": {"type": ["string", "number", "null"]}},
                    "ports": {
                        "type": "array",
                        "uniqueItems": True,
                        "items": {"type": "string", "pattern": r"^([\d.]+:)?\d+:\d+(/(tcp|udp))?$"},
                    },
                    "volumes": {"type": "array", "items": {"type": "string", "pattern": "^[^:]+:/[^:]*(:(ro|rw))?$"}},
                    "tmpfs": WORDS,
                    "read_only": {"type": "boolean"},
                    "init": {"type": "boolean"},
                    "cap_drop": WORDS,
                    "security_opt": WORDS,
                    "restart": {"enum": ["no", "always", "on-failure", "unless-stopped"]},
                    "stop_grace_period": DURATION,
                    "depends_on": {
                        "type": "object",
                        "additionalProperties": {
                            "type": "object",
                            "additionalProperties": False,
                            "required": ["condition"],
                            "properties": {
                                "condition": {
                                    "enum": ["service_started", "service_healthy", "service_completed_successfully"]
                                }
                            },
                        },
                    },
                    "healthcheck": {
                        "type": "object",
                        "additionalProperties": False,
                        "required": ["test"],
                        "properties": {
                            "test": {**WORDS, "prefixItems": [{"enum": ["CMD", "CMD-SHELL", "NONE"]}]},
                            "interval": DURATION,
                            "timeout": DURATION,
                            "start_period": DURATION,
                            "retries": {"type": "integer", "minimum": 1},
                        },
                    },
                },
            },
        },
    },
}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(FILE.read_text())
    return loaded


def test_compose_file_keeps_the_specification(compose: dict[str, Any]) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(compose, SCHEMA)


def test_what_services_refer_to_exists(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        for name in service.get("depends_on", {}):
            assert name in compose["services"]
        for volume in service.get("volumes", []):
            assert volume.split(":")[0] in compose["volumes"]
        if build := service.get("build"):
            context = FILE.parent / build["context"]
            assert (context / build["dockerfile"]).is_file()


def test_ports_are_published_to_this_machine_only(compose: dict[str, Any]) -> None:
    published = [port for service in compose["services"].values() for port in service.get("ports", [])]
    assert published
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_services_run_without_privileges(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        assert service["cap_drop"] == ["ALL"]
        assert "no-new-privileges:true" in service["security_opt"]
        assert service["read_only"] is True
        assert "/tmp" in service["tmpfs"]


def test_the_test_profile_runs_what_the_image_has_against_the_plant(compose: dict[str, Any]) -> None:
    test = compose["services"]["test"]
    assert [name for name, service in compose["services"].items() if "profiles" in service] == ["test"]
    script = Path(test["entrypoint"][1])
    assert f"\nCOPY docker/{script.name} {script}\n" in (FILE.parent / "Dockerfile").read_text()
    assert (FILE.parent / script.name).is_file()
    assert test["command"] == ["plant"]
    assert "plant" in test["depends_on"]


@pytest.mark.parametrize("name", ["plant", "hmi"])
def test_commands_are_ones_that_plantsim_accepts(compose: dict[str, Any], name: str) -> None:
    """The words parse; nothing is started."""
    from plantsim.cli import build_parser

    words = [word.replace("${PLANTSIM_USER:-}", "") for word in compose["services"][name]["command"]]
    args = build_parser().parse_args(words)
    assert args.host == "0.0.0.0"
