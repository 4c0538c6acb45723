"""Control loops that a plant file may not hold."""

from __future__ import annotations

from collections.abc import Callable

import pytest


@pytest.mark.parametrize(
    ("edits", "message"),
    [
        pytest.param(
            [("[loops.WIC-201]", "[loops.WIC-202]")],
            (
                "toy.toml: loops.WIC-202: found a loop without an instrument of that name, allowed FIC-201, "
                "TIC-201, LI-201, FFIC-201, AIC-201, AI-202, LI-202, WIC-201; nearest WIC-201"
            ),
            id="loop without instrument",
        ),
        pytest.param(
            [('type = "override"', 'type = "overide"')],
            'toy.toml: loops.WIC-201.type: found "overide", allowed PID, ratio, override; nearest override',
            id="loop type",
        ),
        pytest.param(
            [('mode = "Man"', 'mode = "Manual"')],
            'toy.toml: loops.AIC-201.mode: found "Manual", allowed Man, Auto, Cascade; nearest Man',
            id="mode",
        ),
        pytest.param(
            [('sp = 60\nmode = "Auto"\nramp', 'sp = 160\nmode = "Auto"\nramp')],
            "toy.toml: loops.TIC-201.sp: found 160, allowed a number from 0 to 120 C",
            id="set point outside range",
        ),
        pytest.param(
            [('sp = 60\nmode = "Auto"\nramp', 'sp = 60\nsp_range = [0, 50]\nmode = "Auto"\nramp')],
            "toy.toml: loops.TIC-201.sp: found 60, allowed a number from 0 to 50 C",
            id="set point outside sp_range",
        ),
        pytest.param(
            [('sp = 60\nmode = "Auto"\nramp', 'sp = 60\nsp_range = [0, 150]\nmode = "Auto"\nramp')],
            "toy.toml: loops.TIC-201.sp_range: found [0, 150], allowed a range from 0 to 120 C",
            id="sp_range outside range",
        ),
        pytest.param(
            [('ramp = "5 /min"', 'ramp = "5 min"')],
            'toy.toml: loops.TIC-201.ramp: found "5 min", allowed a ramp such as "5 /min"',
            id="ramp unit",
        ),
        pytest.param(
            [('to = "P-201.SPEED_CMD"', 'to = "P-202.SPEED_CMD"')],
            (
                'toy.toml: loops.FIC-201.outputs[0].to: found "P-202.SPEED_CMD", where P-202 is no device or '
                "controller, allowed TV-201A.CMD, TV-201B.CMD, P-201.SPEED_CMD, TIC-201.SP, FIC-201.SP, "
                "FFIC-201.SP, AIC-201.SP, WIC-201.SP; nearest P-201.SPEED_CMD"
            ),
            id="output to nothing",
        ),
        pytest.param(
            [('to = "P-201.SPEED_CMD"', 'to = "P-201.CMD"')],
            'toy.toml: loops.FIC-201.outputs[0].to: found "P-201.CMD", allowed "P-201.SPEED_CMD"',
            id="output to wrong member",
        ),
        pytest.param(
            [('to = "P-201.SPEED_CMD"', 'to = "XV-201.CMD"')],
            (
                'toy.toml: loops.FIC-201.outputs[0].to: found "XV-201.CMD" of an on/off valve, allowed a valve '
                "or a variable drive"
            ),
            id="output to on/off",
        ),
        pytest.param(
            [('to = "P-201.SPEED_CMD"', 'to = "P-201"')],
            (
                'toy.toml: loops.FIC-201.outputs[0].to: found "P-201", allowed a member such as "TV-201A.CMD" or '
                '"FIC-201.SP"'
            ),
            id="output without member",
        ),
        pytest.param(
            [('to = "P-201.SPEED_CMD"', 'to = "TV-201A.CMD"')],
            (
                'toy.toml: loops.FIC-201.outputs[0].to: found "TV-201A.CMD", which TIC-201 drives already, '
                "allowed what no other loop drives"
            ),
            id="output driven twice",
        ),
        pytest.param(
            [("value = [100, 0]", "value = [120, 0]")],
            "toy.toml: loops.TIC-201.outputs[0].value: found 120 to 0, allowed values from 0 to 100 %",
            id="output range",
        ),
        pytest.param(
            [("value = [0.5, 1.5]", "value = [0.5, 2.5]")],
            "toy.toml: loops.AIC-201.outputs[0].value: found 0.5 to 2.5, allowed values from 0 to 2 L/h/%",
            id="slave range",
        ),
        pytest.param(
            [("value = [100, 0]", "value = [50, 50]")],
            "toy.toml: loops.TIC-201.outputs[0].value: found [50, 50], allowed two values that differ",
            id="output without effect",
        ),
        pytest.param(
            [('constraints = [ { tag = "LI-201"', 'constraints = [ { tag = "TIC-201.SP"')],
            ('toy.toml: loops.WIC-201.constraints[0].tag: found "TIC-201.SP", allowed "TIC-201.PV" or "TIC-201.OP"'),
            id="constraint of another member",
        ),
        pytest.param(
            [("op = [0, 45]", "op = [45, 0]")],
            "toy.toml: loops.TIC-201.outputs[0].op: found [45, 0], allowed two numbers, the lower one first",
            id="op span",
        ),
        pytest.param(
            [('outputs = [ { to = "P-201.SPEED_CMD" } ]\n', "")],
            "toy.toml: loops.FIC-201.outputs: found nothing, allowed 1 to 3",
            id="no outputs",
        ),
        pytest.param(
            [('wild = ["LI-201"]\nto = "FIC-201"', 'wild = ["LI-201"]\nto = "LI-202"\nfactor = 1')],
            (
                'toy.toml: loops.FFIC-201.to: found "LI-202", which is no controller, allowed TIC-201, FIC-201, '
                "FFIC-201, AIC-201, WIC-201; nearest WIC-201"
            ),
            id="ratio slave no loop",
        ),
        pytest.param(
            [('eu = "L/h/%"', 'eu = "L/kg"')],
            (
                'toy.toml: loops.FFIC-201.to: found "FIC-201" in L/h, from L/kg times %, allowed units that '
                "agree, or a factor"
            ),
            id="ratio units",
        ),
        pytest.param(
            [('wild = ["LI-201"]', 'wild = ["LI-209"]')],
            (
                'toy.toml: loops.FFIC-201.wild[0]: found "LI-209", allowed FIC-201, TIC-201, LI-201, FFIC-201, '
                "AIC-201, AI-202, LI-202, WIC-201; nearest LI-202"
            ),
            id="ratio wild",
        ),
        pytest.param(
            [
                (
                    'function = "ratio"\neu = "L/h/%"\nrange = [0, 2]',
                    'measures = "R-201.level"\neu = "%"\nrange = [0, 2]',
                ),
                ('filter = "1 min"', 'filter = "1 min"\nfactor = 1'),
            ],
            'toy.toml: instruments.FFIC-201.function: found nothing, allowed "ratio", as its loop is one',
            id="ratio of a measured value",
        ),
        pytest.param(
            [('to = "P-201.SPEED_CMD"', 'to = "LI-201.PV"')],
            (
                'toy.toml: loops.FIC-201.outputs[0].to: found "LI-201.PV", where LI-201 is no device or '
                "controller, allowed TV-201A.CMD, TV-201B.CMD, P-201.SPEED_CMD, TIC-201.SP, FIC-201.SP, "
                "FFIC-201.SP, AIC-201.SP, WIC-201.SP; nearest WIC-201.SP"
            ),
            id="output to a member of nothing",
        ),
        pytest.param(
            [('ti = "3 s"', 'ti = "3 s"\nop_limits = [0, 110]')],
            "toy.toml: loops.FIC-201.op_limits: found [0, 110], allowed numbers from 0 to 100",
            id="output limits",
        ),
        pytest.param(
            [('function = "copy(LI-201)"', 'function = "ratio"')],
            (
                'toy.toml: instruments.WIC-201.function: found "ratio", allowed a loop "WIC-201" of type ratio '
                "to go with it"
            ),
            id="ratio without loop",
        ),
        pytest.param(
            [
                ('outputs = [ { to = "P-201.SPEED_CMD" } ]', 'outputs = [ { to = "AIC-201.SP", value = [1, 2] } ]'),
                ('to = "AIC-201"\nsp', 'to = "TIC-201"\nsp'),
            ],
            (
                "toy.toml: loops.FIC-201.outputs: found the circle FIC-201 > AIC-201 > FFIC-201 > FIC-201, "
                "allowed no circles"
            ),
            id="cascade circle",
        ),
        pytest.param(
            [('mode = "Man"', 'mode = "Auto"'), ('sp = 60\nmode = "Auto"\nramp', 'sp = 60\nmode = "Cascade"\nramp')],
            'toy.toml: loops.TIC-201.mode: found "Cascade", allowed Man or Auto, as no loop drives its set point',
            id="cascade without master",
        ),
        pytest.param(
            [('to = "FIC-201"\nsp', 'to = "AIC-201"\nfactor = 1\nsp')],
            (
                'toy.toml: loops.WIC-201.to: found "AIC-201.SP", which FFIC-201 drives already, allowed what no '
                "other loop drives"
            ),
            id="two masters",
        ),
        pytest.param(
            [('constraints = [ { tag = "LI-201"', 'constraints = [ { tag = "LI-209"')],
            (
                'toy.toml: loops.WIC-201.constraints[0].tag: found "LI-209", which is no instrument, allowed '
                "FIC-201, TIC-201, LI-201, FFIC-201, AIC-201, AI-202, LI-202, WIC-201; nearest LI-202"
            ),
            id="constraint tag",
        ),
        pytest.param(
            [('constraints = [ { tag = "LI-201"', 'constraints = [ { tag = "LI-201.OP"')],
            'toy.toml: loops.WIC-201.constraints[0].tag: found "LI-201.OP", allowed "LI-201.PV"',
            id="constraint member",
        ),
        pytest.param(
            [('drives = { cooling = "TV-201A", heating = "TV-201B" }', 'drives = { cooling = "TV-201A" }')],
            (
                'toy.toml: loops.TIC-201.outputs[1].to: found "TV-201B.CMD", which moves nothing, allowed a device '
                "that is the by of a stream or among the drives of a unit"
            ),
            id="output to an idle valve",
        ),
        pytest.param(
            [("gain = 1\n", "gain = 0\n")],
            "toy.toml: loops.AIC-201.gain: found 0, allowed a number above 0, not above 1000",
            id="no gain",
        ),
        pytest.param(
            [("limit = 85", "limit = 185")],
            "toy.toml: loops.WIC-201.constraints[0].limit: found 185, allowed a number from 0 to 100",
            id="constraint limit",
        ),
    ],
)
def test_is_refused_with_where_what_and_what_is_allowed(
    edits: list[tuple[str, str]], message: str, mistake: Callable[..., str]
) -> None:
    """One line names the key, what stands there and what may."""
    assert mistake(*edits) == message
