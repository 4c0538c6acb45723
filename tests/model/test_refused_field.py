"""Devices and instruments that a plant file may not hold."""

from __future__ import annotations

from collections.abc import Callable

import pytest


@pytest.mark.parametrize(
    ("edits", "message"),
    [
        pytest.param(
            [("[devices.XV-201]", "[devices.XV201]")],
            (
                'toy.toml: devices.XV201: found a tag "XV201", allowed function letters, number and at most a '
                'letter A to D: "TV-201A"'
            ),
            id="tag name",
        ),
        pytest.param(
            [("[devices.XV-201]", "[devices.XV-301]")],
            ('toy.toml: devices.XV-301: found number 301 for unit R-201 of area "leach", allowed a number 200 to 299'),
            id="tag number of another area",
        ),
        pytest.param(
            [("[devices.XV-201]", "[devices.XV-4101]")],
            (
                'toy.toml: devices.XV-4101: found number 4101 for unit R-201 of area "leach", allowed a number '
                "200 to 299"
            ),
            id="four digit tag",
        ),
        pytest.param(
            [("[instruments.LI-201]", "[instruments.XV-201]")],
            ("toy.toml: instruments.XV-201: found a tag that devices.XV-201 has already, allowed a name of its own"),
            id="tag twice",
        ),
        pytest.param(
            [('kind = "on/off valve"', 'kind = "gate"')],
            (
                'toy.toml: devices.XV-201.kind: found "gate", allowed valve, on/off valve, fixed drive, variable '
                "drive, switch"
            ),
            id="device kind",
        ),
        pytest.param(
            [
                (
                    '[devices.XV-201]\nkind = "on/off valve"\nunit = "R-201"',
                    '[devices.XV-201]\nkind = "on/off valve"\nunit = "R-202"',
                )
            ],
            'toy.toml: devices.XV-201.unit: found "R-202", allowed WM-201, R-201, HP-701; nearest R-201',
            id="device unit",
        ),
        pytest.param(
            [('fail = "open"', 'fail = "opened"')],
            'toy.toml: devices.TV-201A.fail: found "opened", allowed closed, open, hold, off; nearest open',
            id="fail position",
        ),
        pytest.param(
            [("initial = 4\n", "initial = 104\n")],
            "toy.toml: devices.TV-201A.initial: found 104, allowed a number from 0 to 100",
            id="initial opening",
        ),
        pytest.param(
            [('title = "Agitator"\nstroke = "1 s"\ninitial = true', 'title = "Agitator"\nstroke = "1 s"\ninitial = 1')],
            "toy.toml: devices.AG-201.initial: found 1, allowed true or false",
            id="initial of a drive",
        ),
        pytest.param(
            [('title = "High level"', 'title = "High level"\nstroke = "1 s"')],
            "toy.toml: devices.LS-201.stroke: found an unknown key, allowed kind, unit, title, measures, initial",
            id="switch with stroke",
        ),
        pytest.param(
            [('eu = "L/h"\n', 'eu = "furlongs"\n')],
            ('toy.toml: instruments.FIC-201.eu: found "furlongs", allowed a unit such as "L/h", "C", "pH" or "% LEL"'),
            id="instrument unit text",
        ),
        pytest.param(
            [('eu = "L/h"\n', 'eu = "kg/h"\n')],
            ('toy.toml: instruments.FIC-201.eu: found "kg/h", allowed a unit that fits a volume flow such as "40 L/h"'),
            id="instrument eu mismatch",
        ),
        pytest.param(
            [('measures = "R-201.level"\neu = "%"', 'measures = "R-201.level"\neu = "pH"')],
            'toy.toml: instruments.LI-201.eu: found "pH", allowed a unit that fits a fraction such as "10 %"',
            id="pH for level",
        ),
        pytest.param(
            [('measures = "R-201.level"\neu = "%"', 'measures = "R-201.level"\neu = "% LEL"')],
            'toy.toml: instruments.LI-201.eu: found "% LEL", allowed a unit that fits a fraction such as "10 %"',
            id="LEL for level",
        ),
        pytest.param(
            [("range = [95, 100]", "range = [100, 95]")],
            "toy.toml: instruments.AI-202.range: found [100, 95], allowed two numbers, the lower one first",
            id="range reversed",
        ),
        pytest.param(
            [("range = [95, 100]", "range = [95, 97, 100]")],
            ("toy.toml: instruments.AI-202.range: found [95, 97, 100], allowed two numbers in a list such as [0, 100]"),
            id="range of three",
        ),
        pytest.param(
            [("normal = [40, 60]", "normal = [40, 160]")],
            "toy.toml: instruments.FIC-201.normal: found [40, 160], allowed a band within its range 0 to 120",
            id="normal outside range",
        ),
        pytest.param(
            [('measures = "201.flow"', 'measures = "209.flow"')],
            (
                'toy.toml: instruments.FIC-201.measures: found "209.flow", where 209 is no unit or stream, '
                "allowed WM-201, R-201, HP-701, 201, 202; nearest 202"
            ),
            id="missing measured stream",
        ),
        pytest.param(
            [('measures = "R-201.level"', 'measures = "R-202.level"')],
            (
                'toy.toml: instruments.LI-201.measures: found "R-202.level", where R-202 is no unit or stream, '
                "allowed WM-201, R-201, HP-701, 201, 202; nearest R-201"
            ),
            id="missing measured unit",
        ),
        pytest.param(
            [('measures = "R-201.level"', 'measures = "R-201.lvel"')],
            (
                'toy.toml: instruments.LI-201.measures: found "R-201.lvel", allowed R-201.level, '
                "R-201.temperature, R-201.volume, R-201.pH, R-201.redox, R-201.solids; nearest R-201.level"
            ),
            id="missing probe",
        ),
        pytest.param(
            [('measures = "201.flow"', 'measures = "201.colour"')],
            (
                'toy.toml: instruments.FIC-201.measures: found "201.colour", allowed 201.flow, 201.mass_flow, '
                "201.temperature, 201.assay(ELEMENT, ...), 201.conc(SPECIES, ...), 201.purity(PRODUCT), "
                "201.share(SPECIES, ...); nearest 201.flow"
            ),
            id="missing stream probe",
        ),
        pytest.param(
            [("conc( Nd )", "conc(Pr)")],
            (
                'toy.toml: instruments.AIC-201.measures: found "202.conc(Pr)", where Pr is not known, allowed '
                "H2O, H, Cl, Nd"
            ),
            id="unknown species",
        ),
        pytest.param(
            [("purity(Nd2O3)", "purity(NdPr)")],
            ('toy.toml: instruments.AI-202.measures: found "202.purity(NdPr)", where NdPr is not known, allowed Nd2O3'),
            id="unknown product",
        ),
        pytest.param(
            [('measures = "201.flow"\n', "")],
            (
                'toy.toml: instruments.FIC-201.measures: found nothing, allowed a probe such as "R-201.level" or '
                '"201.flow", or a function'
            ),
            id="neither measures nor function",
        ),
        pytest.param(
            [('measures = "201.flow"', 'measures = "201.flow"\nfunction = "copy(LI-201)"')],
            "toy.toml: instruments.FIC-201.function: found a function beside measures, allowed one of the two",
            id="both",
        ),
        pytest.param(
            [('function = "copy(LI-201)"', 'function = "median(LI-201)"')],
            (
                'toy.toml: instruments.WIC-201.function: found "median(LI-201)", allowed "max(TAG, TAG)", '
                '"average(TAG, 600 s)", "copy(TAG)", "estimate(TAG, TAG, 12 h)", '
                '"estimate(-TAG, TAG, 12 h)" or, of a ratio controller, "ratio"'
            ),
            id="unknown function",
        ),
        pytest.param(
            [('function = "copy(LI-201)"', 'function = "copy(LI-203)"')],
            (
                'toy.toml: instruments.WIC-201.function: found "copy(LI-203)", where LI-203 is no instrument, '
                "allowed FIC-201, TIC-201, LI-201, FFIC-201, AIC-201, AI-202, LI-202, WIC-201; nearest LI-202"
            ),
            id="function of unknown tag",
        ),
        pytest.param(
            [('function = "copy(LI-201)"', 'function = "copy(TIC-201)"')],
            'toy.toml: instruments.WIC-201.eu: found "%", allowed "C", that of TIC-201',
            id="function unit",
        ),
        pytest.param(
            [
                ('function = "copy(LI-201)"', 'function = "copy(LI-202)"'),
                ('function = "average(LI-201, 10 min)"', 'function = "average(WIC-201, 10 min)"'),
            ],
            ("toy.toml: instruments.LI-202.function: found the circle LI-202 > WIC-201 > LI-202, allowed no circles"),
            id="function circle",
        ),
        pytest.param(
            [('sample = "15 min"\n', "")],
            ('toy.toml: instruments.AIC-201.delay: found "10 min", allowed a delay only beside a time between samples'),
            id="delay without sample",
        ),
        pytest.param(
            [('delay = "10 min"', 'delay = "2 h"')],
            (
                'toy.toml: instruments.AIC-201.delay: found "2 h", allowed a delay below 8 times the time '
                "between samples"
            ),
            id="delay too long",
        ),
        pytest.param(
            [('sample = "15 min"', 'sample = "15 min"\nkind = "transmitter"')],
            'toy.toml: instruments.AIC-201.kind: found "transmitter", allowed "analyser" beside sample or delay',
            id="sample of transmitter",
        ),
        pytest.param(
            [('function = "copy(LI-201)"', 'function = "copy(WIC-201)"')],
            "toy.toml: instruments.WIC-201.function: found the circle WIC-201 > WIC-201, allowed no circles",
            id="function of itself",
        ),
        pytest.param(
            [('[instruments.LI-201]\nunit = "R-201"', '[instruments.LI-201]\nunit = "R-209"')],
            'toy.toml: instruments.LI-201.unit: found "R-209", allowed WM-201, R-201, HP-701; nearest R-201',
            id="instrument without a unit of the plant",
        ),
        pytest.param(
            [('"average(LI-201, 10 min)"', '"average(LI-201)"')],
            (
                'toy.toml: instruments.LI-202.function: found "average(LI-201)", allowed "max(TAG, TAG)", '
                '"average(TAG, 600 s)", "copy(TAG)", "estimate(TAG, TAG, 12 h)", '
                '"estimate(-TAG, TAG, 12 h)" or, of a ratio controller, "ratio"'
            ),
            id="average without a time",
        ),
        pytest.param(
            [('"average(LI-201, 10 min)"', '"average(LI-201, 10 L)"')],
            (
                'toy.toml: instruments.LI-202.function: found "average(LI-201, 10 L)", allowed "max(TAG, TAG)", '
                '"average(TAG, 600 s)", "copy(TAG)", "estimate(TAG, TAG, 12 h)", '
                '"estimate(-TAG, TAG, 12 h)" or, of a ratio controller, "ratio"'
            ),
            id="average over a volume",
        ),
    ],
)
def test_is_refused_with_where_what_and_what_is_allowed(
    edits: list[tuple[str, str]], message: str, mistake: Callable[..., str]
) -> None:
    """One line names the key, what stands there and what may."""
    assert mistake(*edits) == message
