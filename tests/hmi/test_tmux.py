"""A scenario worked in tmux, from the command line to the score: keys go in, and what a person reads comes out."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from plantsim.commands.itself import command

WITHIN = 180.0
"""Seconds that whatever is waited for may take on a busy machine."""
LOOK = 0.05
"""Seconds between two looks at the screen."""
pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed (apt install tmux)"),
]

# As feeder-bridging, but it goes on as the trainee does: no deadline is met or missed by how busy the machine is.
SCENARIO = """
format = 1
title = "The arch that waits"
plant = "belfast"
speed = 60
briefing = "Keep the feed at 4.3 kg/h. The feeder answers within seconds."

[[events]]
id = "arch"
at = "10s"
inject = { malfunction = "feeder-bridging" }
told = "Powder arches over the feeder screw"

[[events]]
id = "vibrated"
after = "arch"
when = ["WIC-101.MODE = Man", "WIC-101.OP < 41"]
hold = "10s"
clear = "feeder-bridging"
told = "The arch comes down"
message = "Field: the powder is coming down now."

[[criteria]]
id = "ack"
title = "Low feed acknowledged"
competency = "detect"
weight = 30
kind = "respond"
after = "arch"
acknowledge = ["WIC-101.L", "WIC-101.DEV"]
within = "5h"
late = "6h"

[[criteria]]
id = "man"
title = "Feeder taken from the loop"
competency = "act"
weight = 40
required = true
kind = "respond"
after = "arch"
write = ["WIC-101.MODE = Man"]
within = "5h"
late = "6h"

[[criteria]]
id = "back"
title = "Feed back in cascade"
competency = "stabilise"
weight = 20
kind = "reach"
after = "vibrated"
when = ["WIC-101.MODE = Cascade"]
hold = "20s"
within = "5h"
late = "6h"

[[criteria]]
id = "trends"
title = "Trends looked at"
competency = "diagnose"
weight = 10
kind = "respond"
after = "arch"
display = ["trends"]
within = "5h"
late = "6h"

[end]
at = "8h"
when = ["WIC-101.MODE = Cascade", "WIC-101.PV > 4"]
hold = "30s"

[expert]
title = "Man at 40 % while the arch stands, then back to cascade"
acknowledges = "25s"

[[expert.steps]]
when = ["alarm WIC-101.L"]
hold = "20s"
write = { "WIC-101.MODE" = "Man", "WIC-101.OP" = 40 }

[[expert.steps]]
when = ["WIC-101.PV > 2"]
hold = "1m"
write = { "WIC-101.MODE" = "Cascade" }

[wrong]
title = "Does nothing"

[[wrong.steps]]
when = ["alarm WIC-101.L"]
display = "alarms"

[debrief]
trends = ["WIC-101.PV", "WIC-101.OP"]
lesson = "A screw that turns in vain winds the loop up."
"""


@dataclass(frozen=True)
class Tmux:
    """One program in a tmux server of its own."""

    socket: str

    def _tmux(self, *words: str) -> str:
        done = subprocess.run(
            ["tmux", "-S", self.socket, *words], capture_output=True, text=True, check=False, timeout=WITHIN
        )
        return done.stdout

    @property
    def screen(self) -> str:
        """What stands on the screen; a line that the terminal has wrapped is one."""
        return "".join(f"{line.rstrip()}\n" for line in self._tmux("capture-pane", "-pJ").splitlines())

    def see(self, pattern: str) -> str:
        """Wait until the screen has a match; fail with what it has instead."""
        end = time.monotonic() + WITHIN
        while not (found := re.search(pattern, shown := self.screen)):
            if time.monotonic() > end:
                pytest.fail(f"{pattern!r} did not come; there is:\n{shown}")
            time.sleep(LOOK)
        return found.group()

    def press(self, *keys: str) -> None:
        """Press keys by tmux's names of them."""
        self._tmux("send-keys", *keys)

    def type(self, text: str) -> None:
        """Type a text, and Enter."""
        self._tmux("send-keys", "-l", text)
        self._tmux("send-keys", "Enter")


@pytest.fixture
def tmux(tmp_path: Path) -> Iterator[Tmux]:
    """``plantsim train`` of the scenario in a terminal of 120 columns and 40 rows, with nobody's configuration."""
    scenario = tmp_path / "waiting-arch.toml"
    scenario.write_text(SCENARIO)
    words = command("train", str(scenario), "--opcua", "0", "--modbus", "0", "--history", "off")
    words += ["--state", str(tmp_path)]
    unset = {"NO_COLOR", "COLUMNS", "LINES"}
    env = {k: v for k, v in os.environ.items() if k not in unset} | {"LC_ALL": "C.UTF-8", "TERM": "xterm-256color"}
    env |= {"XDG_CONFIG_HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path)}
    with TemporaryDirectory(prefix="tmux-") as folder:  # tmp_path is too long for a socket
        terminal = ["tmux", "-S", f"{folder}/socket", "-f", "/dev/null"]
        start = [*terminal, "new-session", "-d", "-x", "120", "-y", "40", shlex.join(words)]
        # what is said after the HMI was left is still to be read
        subprocess.run([*start, ";", "set-option", "remain-on-exit", "on"], env=env, check=True, timeout=WITHIN)
        try:
            yield Tmux(f"{folder}/socket")
        finally:
            subprocess.run([*terminal, "kill-server"], check=False, timeout=WITHIN)


def change(tmux: Tmux, key: str, member: str, typed: str, confirmed: str) -> None:
    """Write a member of WIC-101 on its faceplate: prompt, value, confirm line, answer."""
    tmux.press(key)
    tmux.see(rf"WIC-101 {member} \(.*\):")
    tmux.type(typed)
    tmux.see(f"WIC-101 {confirmed} +Enter send  Esc cancel")
    tmux.press("Enter")
    tmux.see(f"WIC-101 {confirmed} done")


def test_a_scenario_is_worked_by_keys_to_its_score(tmux: Tmux, tmp_path: Path) -> None:
    """Briefing, alarm, faceplate, writes with their confirm lines, message, score: the screen and the report agree."""
    tmux.see("Enter begins")
    assert "Keep the feed at 4.3 kg/h" in tmux.screen
    tmux.press("Enter")
    tmux.see("UNACK WIC-101")

    tmux.press(":")
    tmux.see("go to tag or section:")
    tmux.type("WIC-101")
    tmux.see(r"MODE +Cascade")
    tmux.press("a")
    tmux.see(r"WIC-101 \w+ acknowledged")
    change(tmux, "m", "MODE", "man", "MODE Cascade -> Manual")
    change(tmux, "o", "OP", "40", r"OP [\d.]+ -> 40\.0 %")
    tmux.see("message: Field: the powder is coming down now")
    change(tmux, "m", "MODE", "cascade", "MODE Manual -> Cascade")

    tmux.press("F7")
    tmux.see(r"90 points of 100 +it takes 70")  # the debrief comes by itself
    tmux.press("Tab")
    tmux.see("Debrief: ")
    shown = tmux.see(r"(?s)The arch that waits   passed, .*BRIEFING")
    tmux.press("C-q")
    said = tmux.see(r"(?s)score .*\.html")
    (report,) = (tmp_path / "sessions").glob("*.json")
    facts = json.loads(report.read_text())
    assert (facts["score"], facts["passed"]) == (90.0, True)
    assert "   90 points of 100\n" in shown
    assert said.splitlines()[0] == "score 90 of 100, passed"
    assert f"debrief: {report.with_suffix('')}" in shown
    assert f"debrief {report.with_suffix('.html')}" in said
    rows = re.findall(r"(?m)^ +([\d.]+) of ([\d.]+) +(detect|act|diagnose|stabilise) +(.*?) *$", shown)
    told = [(float(points), float(of), competency, title) for points, of, competency, title in rows]
    assert told == [(one["points"], one["of"], one["competency"], one["title"]) for one in facts["criteria"]]
