"""The Dockerfile against the rules that a Dockerfile linter would check. The image itself is not built here."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docker" / "Dockerfile"


class Instruction(NamedTuple):
    word: str
    rest: str


@pytest.fixture(scope="module")
def stages() -> list[list[Instruction]]:
    """The instructions of each build stage, continuation lines joined."""
    text = re.sub(r"(?m)^\s*#.*\n", "", FILE.read_text())
    lines = re.sub(r"\\\n\s*", "", text).splitlines()
    instructions = [Instruction(*line.split(maxsplit=1)) for line in lines if line.strip()]
    starts = [i for i, instruction in enumerate(instructions) if instruction.word == "FROM"]
    assert starts[0] == 0, "nothing but FROM comes first"
    return [instructions[a:b] for a, b in zip(starts, [*starts[1:], len(instructions)], strict=True)]


def of(stage: list[Instruction], word: str) -> list[str]:
    return [instruction.rest for instruction in stage if instruction.word == word]


def test_instructions_are_known(stages: list[list[Instruction]]) -> None:
    known = {"FROM", "ARG", "RUN", "COPY", "USER", "WORKDIR", "VOLUME", "EXPOSE", "HEALTHCHECK", "ENTRYPOINT", "CMD"}
    assert {instruction.word for stage in stages for instruction in stage} <= known


def test_base_images_have_a_version(stages: list[list[Instruction]]) -> None:
    for stage in stages:
        image = stage[0].rest.split()[0]
        assert re.fullmatch(r"[a-z/]+:\d[\w.-]*", image), image


def test_compiler_stays_in_the_build_stage(stages: list[list[Instruction]]) -> None:
    assert len(stages) == 2
    assert "slim" in stages[-1][0].rest
    assert not re.search(r"gcc|build-essential|apt-get", " ".join(of(stages[-1], "RUN")))


def test_apt_lists_are_cleaned_where_apt_is_used(stages: list[list[Instruction]]) -> None:
    for command in (run for stage in stages for run in of(stage, "RUN") if "apt-get install" in run):
        assert "--no-install-recommends" in command
        assert "rm -rf /var/lib/apt/lists/*" in command


def test_pip_keeps_no_cache(stages: list[list[Instruction]]) -> None:
    for command in (run for stage in stages for run in of(stage, "RUN") if re.search(r"\bpip\b", run)):
        assert "--no-cache-dir" in command


def test_image_does_not_run_as_root(stages: list[list[Instruction]]) -> None:
    (user,) = of(stages[-1], "USER")
    assert user not in ("root", "0")
    assert f"useradd --create-home --uid 10001 {user}" in " ".join(of(stages[-1], "RUN"))
    after = [instruction.word for instruction in stages[-1]]
    assert "RUN" not in after[after.index("USER") :]


def test_working_directories_are_absolute(stages: list[list[Instruction]]) -> None:
    assert all(path.startswith("/") for stage in stages for path in of(stage, "WORKDIR"))


def test_commands_are_in_exec_form_and_there_is_one_of_each(stages: list[list[Instruction]]) -> None:
    for word in ("ENTRYPOINT", "CMD"):
        (rest,) = of(stages[-1], word)
        assert all(isinstance(part, str) for part in json.loads(rest))
    (health,) = of(stages[-1], "HEALTHCHECK")
    assert json.loads(health.partition("CMD ")[2])[0] == "python"


def test_copied_files_exist(stages: list[list[Instruction]]) -> None:
    for stage in stages:
        for copy in of(stage, "COPY"):
            source, _target = copy.split()
            assert (ROOT / source).exists()


def test_default_command_is_one_that_plantsim_accepts(stages: list[list[Instruction]]) -> None:
    """The words parse; nothing is started."""
    from plantsim.cli import build_parser

    (rest,) = of(stages[-1], "CMD")
    args = build_parser().parse_args(json.loads(rest))
    assert args.state == Path(of(stages[-1], "VOLUME")[0])
