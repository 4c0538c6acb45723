"""Plant files that are wrong as a whole: syntax, keys, feed, products, chemistry."""

from __future__ import annotations

from collections.abc import Callable

import pytest


@pytest.mark.parametrize(
    ("edits", "message"),
    [
        pytest.param(
            [('span = "100 L"\n', 'span = "100 L"\nspam = 1\n')],
            (
                "toy.toml: units.R-201.spam: found an unknown key, allowed kind, area, title, span, overflow, "
                "loss, jacket, initial, drives; nearest span"
            ),
            id="unknown key",
        ),
        pytest.param(
            [('title = "Toy plant"', 'title = "Toy plant"\ncolour = "red"')],
            (
                "toy.toml: colour: found an unknown key, allowed format, name, title, cold, chemistry, feed, "
                "feed_lots, areas, units, devices, streams, feeds and 10 more; nearest cold"
            ),
            id="unknown key at the top",
        ),
        pytest.param(
            [("[feed]\nNd0 = 30\nInert = 70\n", "")],
            "toy.toml: feed: found nothing, allowed a table",
            id="missing table",
        ),
        pytest.param([("format = 1", "format = 2")], "toy.toml: format: found 2, allowed 1", id="wrong format"),
        pytest.param(
            [("format = 1", "format = true")], "toy.toml: format: found true, allowed 1", id="format of another type"
        ),
        pytest.param([("format = 1\n", "")], "toy.toml: format: found nothing, allowed 1", id="no format"),
        pytest.param(
            [('drives = { cooling = "TV-201A", heating = "TV-201B" }', 'drives = "TV-201A"')],
            'toy.toml: units.R-201.drives: found "TV-201A", allowed a table',
            id="text for table",
        ),
        pytest.param(
            [('title = "Tank"', "title = 7")],
            "toy.toml: units.R-201.title: found 7, allowed a text",
            id="number for text",
        ),
        pytest.param(
            [("[devices.XV-201]", "[devices.P-201]")],
            "toy.toml: devices.P-201: found a second table of that name in line 87, allowed one",
            id="table twice",
        ),
        pytest.param(
            [('stroke = "3 s"', 'stroke = "3 s"\nstroke = "4 s"')],
            "toy.toml: devices.XV-201.stroke: found a second value in line 92, allowed one",
            id="key twice",
        ),
        pytest.param(
            [('stroke = "3 s"', "stroke = 3 s")],
            (
                "toy.toml: line 91: found a mistake (expected newline or end of document after a statement), "
                "allowed TOML"
            ),
            id="syntax",
        ),
        pytest.param(
            [('elements = ["Nd"]', 'elements = ["Nd", "Dy"]')],
            'toy.toml: products.Nd2O3.elements[1]: found "Dy", allowed Nd',
            id="product element",
        ),
        pytest.param(
            [('elements = ["Nd"]', 'elements = ["Nd", "Nd"]')],
            'toy.toml: products.Nd2O3.elements[1]: found "Nd" a second time, allowed every text once',
            id="text twice in a list",
        ),
        pytest.param(
            [('elements = ["Nd"]', 'elements = ["Si"]')],
            'toy.toml: products.Nd2O3.elements[0]: found "Si", allowed Nd',
            id="product element not RE",
        ),
        pytest.param(
            [('hopper = "HP-701"', 'hopper = "R-201"')],
            'toy.toml: products.Nd2O3.hopper: found "R-201", allowed HP-701',
            id="product hopper",
        ),
        pytest.param(
            [("[products.Nd2O3]", "[products.nd]")],
            ('toy.toml: products.nd: found a product "nd", allowed an oxide or a mixture such as "Nd2O3" or "NdPr"'),
            id="product name",
        ),
        pytest.param(
            [("Inert = 70", "Inert = 69.98")],
            "toy.toml: feed: found shares that add to 99.98 %, allowed 100 % within 0.01",
            id="feed sum",
        ),
        pytest.param(
            [("Inert = 70", "inert = 70")],
            "toy.toml: feed.inert: found something that is no solid species, allowed Nd0, Inert; nearest Inert",
            id="feed species",
        ),
        pytest.param(
            [("Inert = 70", "Cl = 70")],
            "toy.toml: feed.Cl: found something that is no solid species, allowed Nd0, Inert",
            id="feed dissolved species",
        ),
        pytest.param(
            [('chemistry = "chemistry.toml"', 'chemistry = "chemistry"')],
            (
                'toy.toml: chemistry: found "chemistry", allowed clay-sulfate, coal-refuse-sulfate, '
                "magnets-carbonate-chloride, magnets-chloride, ndfeb-chloride, or a file that ends in .toml"
            ),
            id="chemistry",
        ),
        pytest.param(
            [('chemistry = "chemistry.toml"', 'chemistry = "mine.toml"')],
            (
                'toy.toml: chemistry: found "mine.toml", which is no file beside this one, allowed clay-sulfate, '
                "coal-refuse-sulfate, magnets-carbonate-chloride, magnets-chloride, ndfeb-chloride"
            ),
            id="chemistry file",
        ),
        pytest.param(
            [('name = "toy"', 'name = "Toy plant"')],
            'toy.toml: name: found "Toy plant", allowed a name in lower case such as "my-plant"',
            id="plant name",
        ),
    ],
)
def test_is_refused_with_where_what_and_what_is_allowed(
    edits: list[tuple[str, str]], message: str, mistake: Callable[..., str]
) -> None:
    """One line names the key, what stands there and what may."""
    assert mistake(*edits) == message
