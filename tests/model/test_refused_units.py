"""Areas, units and streams that a plant file may not hold."""

from __future__ import annotations

from collections.abc import Callable

import pytest


@pytest.mark.parametrize(
    ("edits", "message"),
    [
        pytest.param(
            [('volume = "60 L", ', 'volume = "60 L", level = 60, ')],
            "toy.toml: units.R-201.initial.level: found an unknown key, allowed volume, temperature, liquor",
            id="unknown key in initial",
        ),
        pytest.param(
            [('span = "100 L"\n', "")],
            'toy.toml: units.R-201.span: found nothing, allowed a volume such as "60 L"',
            id="missing key",
        ),
        pytest.param(
            [('span = "100 L"', 'spann = "100 L"')],
            'toy.toml: units.R-201.span: found "spann" instead, allowed a volume such as "60 L"',
            id="misspelt key",
        ),
        pytest.param(
            [('volume = "60 L", ', "")],
            'toy.toml: units.R-201.initial.volume: found nothing, allowed a volume such as "60 L"',
            id="missing initial key",
        ),
        pytest.param(
            [('span = "100 L"', "span = 100")],
            'toy.toml: units.R-201.span: found 100, allowed a volume such as "60 L"',
            id="number for quantity",
        ),
        pytest.param(
            [('span = "100 L"', 'span = "100 kg"')],
            'toy.toml: units.R-201.span: found "100 kg", allowed a volume such as "60 L"',
            id="unit mismatch",
        ),
        pytest.param(
            [('span = "100 L"', 'span = "a lot"')],
            'toy.toml: units.R-201.span: found "a lot", allowed a volume such as "60 L"',
            id="not a quantity",
        ),
        pytest.param(
            [('span = "100 L"', 'span = "-1 L"')],
            'toy.toml: units.R-201.span: found "-1 L", allowed a volume such as "60 L", above 0',
            id="negative quantity",
        ),
        pytest.param(
            [('kind = "tank"', 'kind = "tnak"')],
            (
                'toy.toml: units.R-201.kind: found "tnak", allowed station, power_meter, feed_bin, '
                "demag_furnace, mill, leach_tank, duct, reactor, tank, filter, filter_press, cartridge and 21 "
                "more; nearest tank"
            ),
            id="unknown kind",
        ),
        pytest.param(
            [('[units.R-201]\narea = "leach"\nkind = "tank"\n', '[units.R-201]\narea = "leech"\nkind = "tank"\n')],
            'toy.toml: units.R-201.area: found "leech", allowed leach, product; nearest leach',
            id="unknown area",
        ),
        pytest.param(
            [("[units.R-201]", "[units.r201]")],
            'toy.toml: units.r201: found a unit "r201", allowed a name such as "R-201"',
            id="bad unit name",
        ),
        pytest.param(
            [("liquor = { HCl = 0.6 }", "liquor = { HBr = 0.6 }")],
            (
                "toy.toml: units.R-201.initial.liquor.HBr: found something that is no solute, allowed HCl, H2O, "
                "H, Cl, Nd"
            ),
            id="unknown solute",
        ),
        pytest.param(
            [("liquor = { HCl = 0.6 }", "liquor = { HCl = -1 }")],
            "toy.toml: units.R-201.initial.liquor.HCl: found -1, allowed a number of mol/L, not below 0",
            id="negative strength",
        ),
        pytest.param(
            [("liquor = { HCl = 0.6 }", 'liquor = { HCl = "1 mol/L" }')],
            'toy.toml: units.R-201.initial.liquor.HCl: found "1 mol/L", allowed a number of mol/L, not below 0',
            id="strength with a unit",
        ),
        pytest.param(
            [("liquor = { HCl = 0.6 }", "liquor = { HCl = 60 }")],
            "toy.toml: units.R-201.initial.liquor: found solutes that take up 1.07 L/L, allowed room for water",
            id="no room for water",
        ),
        pytest.param(
            [('title = "Tank"', 'title = ""')],
            'toy.toml: units.R-201.title: found "", allowed a text',
            id="empty title",
        ),
        pytest.param(
            [('jacket = "150 W/K"', 'jacket = "-150 W/K"')],
            (
                'toy.toml: units.R-201.jacket: found "-150 W/K", allowed a heat flow per kelvin such as "150 '
                'W/K", not below 0'
            ),
            id="negative heat flow",
        ),
        pytest.param(
            [('volume = "60 L"', 'volume = "160 L"')],
            'toy.toml: units.R-201.initial.volume: found "160 L", more than its span, allowed at most "100 L"',
            id="more than a tank holds",
        ),
        pytest.param(
            [("liquor = { HCl = 2.0 }", "liquor = { HCl = 2.0 }\ninitial = 130")],
            "toy.toml: units.WM-201.initial: found 130, allowed a number such as 0.5, from 0 to 100",
            id="percentage",
        ),
        pytest.param(
            [('heating = "TV-201B"', 'heater = "TV-201B"')],
            (
                "toy.toml: units.R-201.drives.heater: found an unknown key, allowed cooling, agitator, heating; "
                "nearest heating"
            ),
            id="unknown role",
        ),
        pytest.param(
            [('heating = "TV-201B"', 'heating = "TV-201C"')],
            (
                'toy.toml: units.R-201.drives.heating: found "TV-201C", which is no device, allowed TV-201A, '
                "TV-201B, P-201; nearest TV-201B"
            ),
            id="role without device",
        ),
        pytest.param(
            [('heating = "TV-201B"', 'heating = "HS-201"')],
            (
                'toy.toml: units.R-201.drives.heating: found "HS-201", which is a switch, allowed a valve or '
                "variable drive"
            ),
            id="role with wrong device",
        ),
        pytest.param(
            [('id = "product"', 'id = "leach"')],
            'toy.toml: areas[leach].id: found a second area "leach", allowed an id of its own',
            id="repeated area",
        ),
        pytest.param(
            [("number = 700", "number = 200")],
            "toy.toml: areas[product].number: found 200, which is that of leach, allowed a number of its own",
            id="repeated area number",
        ),
        pytest.param(
            [("number = 700", "number = 750")],
            "toy.toml: areas[product].number: found 750, allowed a whole hundred from 100 to 800",
            id="odd area number",
        ),
        pytest.param(
            [("number = 700", "number = 900")],
            "toy.toml: areas[product].number: found 900, allowed a whole hundred from 100 to 800",
            id="area number",
        ),
        pytest.param(
            [("[streams.202]", "[streams.B]")],
            'toy.toml: streams.B: found a stream "B", allowed a number of three or four digits',
            id="stream name",
        ),
        pytest.param(
            [('to = "HP-701.in"', 'to = "R-201.in"')],
            'toy.toml: streams.202.to: found "R-201.in", the unit that it comes from, allowed another unit',
            id="circular stream",
        ),
        pytest.param(
            [('from = "R-201.out"', 'from = "R-202.out"')],
            (
                'toy.toml: streams.202.from: found "R-202.out", where R-202 is no unit, allowed WM-201, R-201, '
                "HP-701; nearest R-201"
            ),
            id="missing source unit",
        ),
        pytest.param(
            [('from = "R-201.out"', 'from = "R-201.outlet"')],
            'toy.toml: streams.202.from: found "R-201.outlet", allowed R-201.out; nearest R-201.out',
            id="missing port",
        ),
        pytest.param(
            [
                (
                    "[streams.202]",
                    (
                        '[streams.203]\ntitle = "Bypass"\nfrom = "WM-201.out"\nto = "HP-701.in"\n'
                        'by = "XV-201"\ncapacity = "1 L/h"\n[streams.202]'
                    ),
                )
            ],
            (
                'toy.toml: streams.202.to: found "HP-701.in", which has stream 203 already, allowed a port with '
                "room: this one takes 1"
            ),
            id="port used twice",
        ),
        pytest.param(
            [('to = "HP-701.in"\n', "")],
            "toy.toml: units.HP-701: found no stream to its port in, allowed one",
            id="port unconnected",
        ),
        pytest.param(
            [('by = "P-201"\n', "")],
            "toy.toml: streams.201.by: found nothing, allowed TV-201A, TV-201B, P-201, AG-201, XV-201",
            id="missing mover",
        ),
        pytest.param(
            [('by = "P-201"', 'by = "P-202"')],
            ('toy.toml: streams.201.by: found "P-202", allowed TV-201A, TV-201B, P-201, AG-201, XV-201; nearest P-201'),
            id="unknown mover",
        ),
        pytest.param(
            [('by = "P-201"', 'by = "HS-201"')],
            (
                'toy.toml: streams.201.by: found "HS-201", allowed TV-201A, TV-201B, P-201, AG-201, XV-201; '
                "nearest P-201"
            ),
            id="mover of wrong kind",
        ),
        pytest.param(
            [('capacity = "120 L/h"\n', "")],
            'toy.toml: streams.201.capacity: found nothing, allowed a volume flow such as "40 L/h"',
            id="capacity missing",
        ),
        pytest.param(
            [('capacity = "120 L/h"', 'capacity = "120 kg/h"')],
            'toy.toml: streams.201.capacity: found "120 kg/h", allowed a volume flow such as "40 L/h"',
            id="capacity mismatch",
        ),
        pytest.param(
            [('from = "R-201.out"', 'from = "R-201.out"\ncapacity = "1 L/h"')],
            'toy.toml: streams.202.capacity: found "1 L/h", allowed a capacity only beside "by"',
            id="capacity without mover",
        ),
        pytest.param(
            [('from = "R-201.out"', 'from = "R-201.out"\nthrough = "XV-201"')],
            'toy.toml: streams.202.through: found "XV-201", allowed a shut-off valve only beside "by"',
            id="shut-off without mover",
        ),
        pytest.param(
            [('capacity = "120 L/h"', 'capacity = "120 L/h"\nthrough = "P-201"')],
            'toy.toml: streams.201.through: found "P-201", allowed XV-201; nearest XV-201',
            id="shut-off by no on/off valve",
        ),
        pytest.param(
            [('from = "R-201.out"', 'from = "R-201.out"\nhead = true')],
            'toy.toml: streams.202.head: found true, allowed true only beside "by"',
            id="head without mover",
        ),
    ],
)
def test_is_refused_with_where_what_and_what_is_allowed(
    edits: list[tuple[str, str]], message: str, mistake: Callable[..., str]
) -> None:
    """One line names the key, what stands there and what may."""
    assert mistake(*edits) == message
