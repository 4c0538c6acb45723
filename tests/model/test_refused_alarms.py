"""Alarms that a plant file may not hold."""

from __future__ import annotations

from collections.abc import Callable

import pytest


@pytest.mark.parametrize(
    ("edits", "message"),
    [
        pytest.param(
            [('suppressed_when = "AG-201.RUN=0"', 'suppressed_when = "TIC-201.HH<80"')],
            (
                'toy.toml: alarms[TIC-201.HH].suppressed_when: found "TIC-201.HH", allowed TIC-201.PV, '
                "TIC-201.SP, TIC-201.OP, TIC-201.MODE, TIC-201.Gain, TIC-201.Ti, TIC-201.Td; nearest TIC-201.Ti"
            ),
            id="suppression by a limit",
        ),
        pytest.param(
            [('tag = "P-201"\ncondition', 'tag = "P-202"\ncondition')],
            (
                'toy.toml: alarms[P-202.TRIP].tag: found "P-202", which is no tag, allowed FIC-201, TIC-201, '
                "LI-201, FFIC-201, AIC-201, AI-202, LI-202, WIC-201, TV-201A, TV-201B, P-201, AG-201 and 3 more; "
                "nearest P-201"
            ),
            id="alarm tag",
        ),
        pytest.param(
            [('condition = "HH"', 'condition = "HIHI"')],
            (
                'toy.toml: alarms[TIC-201.HIHI].condition: found "HIHI", allowed HH, H, L, LL, DEV, TRIP, FAIL, '
                "DISCREPANCY, ROC, STALE, HELD, STANDBY; nearest HH"
            ),
            id="alarm condition",
        ),
        pytest.param(
            [('condition = "TRIP"', 'condition = "H"')],
            'toy.toml: alarms[P-201.H].condition: found "H" of P-201, allowed TRIP',
            id="alarm condition of kind",
        ),
        pytest.param(
            [('tag = "TIC-201"\ncondition = "H"', 'tag = "LI-201"\ncondition = "DEV"')],
            'toy.toml: alarms[LI-201.DEV].condition: found "DEV" of LI-201, allowed HH, H, L, LL, TRIP, FAIL, ROC',
            id="alarm DEV of controller only",
        ),
        pytest.param(
            [("limit = 90", "limit = 190")],
            "toy.toml: alarms[TIC-201.HH].limit: found 190, allowed a number from 0 to 120 C",
            id="limit outside range",
        ),
        pytest.param(
            [('cause = "Too much acid"\n', "")],
            "toy.toml: alarms[TIC-201.H].cause: found nothing, allowed a text",
            id="cause missing",
        ),
        pytest.param(
            [("limit = 90\n", "")],
            "toy.toml: alarms[TIC-201.HH].limit: found nothing, allowed a number from 0 to 120 C",
            id="limit missing",
        ),
        pytest.param(
            [("limit = 80", "limit = 95")],
            ("toy.toml: alarms[TIC-201.HH].limit: found 90, with H at 95, allowed limits in the order LL < L < H < HH"),
            id="limits out of order",
        ),
        pytest.param(
            [('condition = "TRIP"', 'condition = "TRIP"\nlimit = 1')],
            (
                "toy.toml: alarms[P-201.TRIP].limit: found an unknown key, allowed tag, condition, against, on_delay, "
                "off_delay, priority, class, cause, consequence, response, respond_min, suppressed_when"
            ),
            id="limit of a trip",
        ),
        pytest.param(
            [("deadband = 0.6", "deadband = 121")],
            "toy.toml: alarms[TIC-201.HH].deadband: found 121, allowed a number from 0 to 120",
            id="deadband",
        ),
        pytest.param(
            [('tag = "P-201"\ncondition', 'tag = "XV-201"\ncondition')],
            'toy.toml: alarms[XV-201.TRIP].condition: found "TRIP" of XV-201, allowed DISCREPANCY',
            id="alarm of a valve",
        ),
        pytest.param(
            [("respond_min = 10", "respond_min = -1")],
            "toy.toml: alarms[P-201.TRIP].respond_min: found -1, allowed a number not below 0",
            id="response time",
        ),
        pytest.param(
            [("priority = 3", "priority = 5")],
            "toy.toml: alarms[P-201.TRIP].priority: found 5, allowed a whole number from 1 to 4",
            id="priority",
        ),
        pytest.param(
            [('condition = "H"\nlimit = 80', 'condition = "HH"\nlimit = 80')],
            "toy.toml: alarms[TIC-201.HH].condition: found a second HH of TIC-201, allowed one",
            id="second alarm",
        ),
        pytest.param(
            [('suppressed_when = "AG-201.RUN=0"', 'suppressed_when = "AG-201 stopped"')],
            (
                'toy.toml: alarms[TIC-201.HH].suppressed_when: found "AG-201 stopped", allowed TAG.MEMBER with one '
                'of = < > and a value, or with bad: "TIC-201.PV > 80", "K-213A.RUN = 0"; several joined by "and", '
                'or by "or"'
            ),
            id="suppression text",
        ),
        pytest.param(
            [("AG-201.RUN=0", "AG-201.RUN=0 or P-201.RUN=0 and P-201.TRIP=1")],
            (
                'toy.toml: alarms[TIC-201.HH].suppressed_when: found "AG-201.RUN=0 or P-201.RUN=0", allowed TAG.MEMBER '
                'with one of = < > and a value, or with bad: "TIC-201.PV > 80", "K-213A.RUN = 0"; several joined by '
                '"and", or by "or"'
            ),
            id="suppression by both and and or",
        ),
        pytest.param(
            [("AG-201.RUN=0", "AG-201.RUN=0 or P-201.RUN=0 or P-201.TRIP=1 or AG-201.TRIP=1")],
            "toy.toml: alarms[TIC-201.HH].suppressed_when: found 4 comparisons, allowed at most 3",
            id="too many suppressions",
        ),
        pytest.param(
            [
                (
                    '[[alarms]]\ntag = "TIC-201"\ncondition = "HH"',
                    '[alarm_classes.safe]\n\n[[alarms]]\ntag = "TIC-201"\ncondition = "HH"',
                )
            ],
            (
                'toy.toml: alarm_classes.safe: found "safe", of which there is no alarm, allowed safety, process, '
                "equipment; nearest safety"
            ),
            id="unknown class",
        ),
        pytest.param(
            [('suppressed_when = "AG-201.RUN=0"', 'suppressed_when = "AG-202.RUN=0"')],
            (
                'toy.toml: alarms[TIC-201.HH].suppressed_when: found "AG-202.RUN", where AG-202 is no tag, '
                "allowed FIC-201, TIC-201, LI-201, FFIC-201, AIC-201, AI-202, LI-202, WIC-201, TV-201A, TV-201B, "
                "P-201, AG-201 and 3 more; nearest AI-202"
            ),
            id="suppression tag",
        ),
        pytest.param(
            [('suppressed_when = "AG-201.RUN=0"', 'suppressed_when = "AG-201.RUNS=0"')],
            (
                'toy.toml: alarms[TIC-201.HH].suppressed_when: found "AG-201.RUNS", allowed AG-201.CMD, '
                "AG-201.RUN, AG-201.TRIP; nearest AG-201.RUN"
            ),
            id="suppression member",
        ),
    ],
)
def test_is_refused_with_where_what_and_what_is_allowed(
    edits: list[tuple[str, str]], message: str, mistake: Callable[..., str]
) -> None:
    """One line names the key, what stands there and what may."""
    assert mistake(*edits) == message
