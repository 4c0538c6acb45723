"""A session's report as the server would write it: small, and with a bit of everything."""

from __future__ import annotations

import math
from typing import Any

CRITERIA = (
    ("ack", "Low feed acknowledged", "detect", 15.0, 15.0, "2:53 WIC-100.L acknowledged, 0:53 after it began"),
    ("man", "Feeder taken from the loop", "act", 0.0, 30.0, "not done by 35:00 (all points within 5:00)"),
    ("surge", "No surge of feed", "act", 10.0, 10.0, "never: WIC-100.PV > 6.5"),
    ("back", "Feed back at its rate, in cascade, and kept there", "stabilise", 12.5, 20.0, "from 22:04 on"),
)
MARKS = (
    (120.0, "scenario", "arch", "Powder arches over the screw", None),
    (150.0, "alarm", "WIC-100.L", "came", 3),
    (173.0, "acknowledge", "WIC-100.L", "acknowledged", 3),
    (240.0, "alarm", "TIC-111.HH", "came", 1),
    (241.0, "trip", "KS-101", "tripped", None),
    (260.0, "alarm", "FIC-4101.HH", "came", 2),
    (300.0, "action", "WIC-100.SP", "4.3 -> 5", None),
    (301.0, "refused", "P-401.CMD", "0: interlock", None),
    (400.0, "display", "WIC-100", "opened", None),
    (570.0, "hint", "", "Look at the feeder", None),
    (570.0, "penalty", "", "hint (-1)", None),
    (840.0, "scenario", "vibrated", "The arch comes down", None),
    (840.0, "message", "", "Field: the powder is coming down now.", None),
    (2100.0, "message", "", "Scenario over", None),
)
TIMES = [15.0 * place for place in range(141)]
LESSON = "The screw turned in vain.\n\nThe harm is done when the arch comes down on a screw at full speed."


def facts(**changes: Any) -> dict[str, Any]:
    """The report's facts, of which some may be others."""
    trainee = [4.3 if at < 120.0 else 0.0 if at < 840.0 else 5.0 + 2.0 * math.exp((840.0 - at) / 60.0) for at in TIMES]
    expert = [4.3 if at < 120.0 else 0.0 if at < 840.0 else 4.3 for at in TIMES]
    feed = {
        "tag": "WIC-100.PV", "description": "Feed rate", "eu": "kg/h", "low": 0.0, "high": 8.0, "normal": [4.1, 4.5],
        "times": TIMES, "trainee": trainee, "expert_times": TIMES, "expert": expert,
    }  # fmt: skip
    bad = [None if 60 < place < 80 else 60.0 for place in range(141)]
    hot = feed | {"tag": "TIC-111.PV", "description": "Furnace", "eu": "C", "normal": None, "trainee": bad}
    return {
        "format": 1,
        "scenario": "feeder-bridging",
        "title": "The feed stops",
        "plant": "belfast",
        "briefing": "Keep it going.",
        "trainee": "ann",
        "began": "2026-02-25T06:00:00+00:00",
        "plant_began": "2026-02-25T05:38:20+00:00",
        "seconds": 2100.0,
        "score": 36.5,
        "pass_at": 70.0,
        "passed": False,
        "verdict": "failed: Feeder taken from the loop is required",
        "expert_score": 100.0,
        "competencies": {
            name: {"points": points, "of": of}
            for name, points, of in (("detect", 15.0, 15.0), ("act", 10.0, 40.0), ("stabilise", 12.5, 20.0))
        },
        "criteria": [
            {"id": id_, "title": title, "competency": competency, "points": points, "of": of, "required": id_ == "man",
             "evidence": evidence, "expert": "3:23 WIC-100.MODE Cascade -> Manual, 1:23 after it began"}
            for id_, title, competency, points, of, evidence in CRITERIA
        ],
        "penalties": [{"at": 570.0, "title": "hint", "points": 1.0}],
        "alarms": {"count": 3, "worst_10_min": 3, "floods": 0, "acknowledge_s": 23.0, "chattering": []},
        "timeline": [
            {"at": at, "kind": kind, "name": name, "text": text, "priority": priority}
            for at, kind, name, text, priority in MARKS
        ],
        "malfunctions": [
            {"malfunction": "feeder-bridging", "text": "Powder arches", "from": 120.0, "to": 840.0},
            {"malfunction": "valve-stuck@FV-4101", "text": "It sticks", "from": 1980.0, "to": 2100.0},
        ],
        "trends": [feed, hot | {"expert_times": [], "expert": []}],
        "happened": [{"at": 120.0, "text": "Powder arches over the screw"}, {"at": 840.0, "text": "It comes down"}],
        "lesson": LESSON,
        "practise": ["A loop that sees no flow winds its output up. Take it to Man before what it waits for comes."],
        "next": ["sweep-fan-trip", "acid-pump-air-lock"],
    } | changes  # fmt: skip
