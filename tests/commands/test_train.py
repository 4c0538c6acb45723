"""``plantsim train`` as its user has it: without a terminal, and with one."""

from __future__ import annotations

import json
import re
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

from plantsim.cli import main
from plantsim.commands.itself import command
from plantsim.commands.train import flowing
from tests.test_demo import CTRL_Q, terminal

PORTS = ("--opcua", "0", "--modbus", "0")


class Page(HTMLParser):
    """What a page is made of."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_insecure_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "feeder-bridging", "--insecure"]) == 2
    assert "--insecure: not with train" in capsys.readouterr().err


def test_an_unknown_scenario_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "feeder-bridgin"]) == 1
    assert "nearest feeder-bridging" in capsys.readouterr().err


def test_a_password_that_is_none_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("PLANTSIM_PASSWORD", "abc")
    assert main(["train", "feeder-bridging", *PORTS, "--state", str(tmp_path)]) == 2
    assert "PLANTSIM_PASSWORD: password: allowed 8 to" in capsys.readouterr().err


def test_without_a_terminal_it_serves_scores_and_writes_the_debrief(tmp_path: Path) -> None:
    words = command("train", "feeder-bridging", *PORTS, "--state", str(tmp_path), "--speed", "max", "--history", "off")
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    ready, score, debrief = done.stdout.splitlines()
    assert ready.startswith("ready plant=belfast opcua=opc.tcp://127.0.0.1:")
    assert score == "score 20 of 100, failed: Feeder taken from the loop is required"
    assert re.search(r"log in as trainee with the password \S{16}, ", done.stderr)
    path = Path(debrief.removeprefix("debrief "))
    assert path.parent == tmp_path / "sessions"
    facts = json.loads(path.with_suffix(".json").read_text())
    assert (facts["score"], facts["passed"], facts["expert_score"]) == (20.0, False, 100.0)
    assert facts["practise"]
    assert next(one["text"] for one in facts["happened"]).startswith("Powder arches")
    feed = next(one for one in facts["trends"] if one["tag"] == "WIC-101.PV")
    assert len(feed["times"]) == len(feed["trainee"]) == len(feed["expert"]) > 300
    text = path.read_text(encoding="utf-8")
    page = Page(text)
    assert not page.open, "every element is closed"
    assert not page.addresses, "it needs nothing but itself"
    assert page.tags.count("svg") == 1 + len(facts["trends"])
    assert text.count('text-anchor="middle">20:00</text>') == page.tags.count("svg"), "each has its time axis"
    assert "Feeder taken from the loop (required)" in text


def test_the_briefing_fits_the_terminal_and_can_be_declined(tmp_path: Path) -> None:
    """Ctrl-D where Enter begins: nothing was started, nothing is said of it."""
    text = flowing("One line that\nis short.\n\n" + "word " * 40, 30)
    assert text.startswith("One line that is short.\n\nword")
    assert max(map(len, text.splitlines())) <= 30
    with terminal("train", "sweep-fan-trip", *PORTS, "--state", str(tmp_path)) as trained:
        trained.wait_for(b"Enter begins")
        trained.press(b"\x04")
        assert trained.wait() == 0
    assert b"Traceback" not in trained.screen


@pytest.mark.long
def test_in_a_terminal_the_hmi_is_the_trainees_and_the_debrief_is_named(tmp_path: Path) -> None:
    with terminal("train", "feeder-bridging", *PORTS, "--state", str(tmp_path), "--history", "off") as trained:
        trained.wait_for(b"Enter begins")
        trained.press(b"\r")
        trained.wait_for(b"WIC-100")
        trained.press(CTRL_Q)
        assert trained.wait(40.0) == 0
        trained.wait_for(b"debrief ")
    assert len(list((tmp_path / "sessions").glob("*.html"))) == 1
