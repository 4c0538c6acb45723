"""Loading a chemistry: what comes out, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from plantsim.chemistry.load import Chemistry, load_chemistry
from plantsim.model.errors import PlantError

TOY = """\
format = 1
title = "toy"

[species.H2O]
formula = { H = 2, O = 1 }
phase = "aq"
molar_volume = "18 cm3/mol"
standing = "C"
source = "density"

[species.H]
formula = { H = 1 }
charge = 1
phase = "aq"
molar_volume = "0 cm3/mol"
standing = "C"
source = "convention"

[species.Na]
formula = { Na = 1 }
charge = 1
phase = "aq"
molar_volume = "-1.2 cm3/mol"
standing = "Q"
source = "handbook"

[species.Inert]
formula = { Si = 1, O = 2 }
phase = "solid"

[solutes.NaOH]
Na = 1
H = -1
H2O = 1

[parameters.leach.rate]
value = "0.36 m/h"
standing = "Q"
source = "Lister"

[parameters.leach.mixed]
value = { cation = "Na", heat = "20 kJ/mol", list = [1, "2 kW"] }
standing = "T"
source = "guess"

[extractants.PC-88A]
k_na = 1e-5
k_na_standing = "T"
k_na_source = "assumed"

[extractants.PC-88A.log10_k_ex]
Na = { value = -2.75, standing = "C", source = "anchor" }
"""


def load_edited(folder: Path, old: str = "", new: str = "") -> Chemistry:
    """The toy chemistry after one edit."""
    assert old in TOY
    path = folder / "toy.toml"
    path.write_text(TOY.replace(old, new, 1) if old else TOY, encoding="utf-8")
    return load_chemistry(path)


def test_parameters_come_in_si_whatever_their_form(tmp_path: Path) -> None:
    """Quantities in tables and lists too; other texts stay."""
    chemistry = load_edited(tmp_path)
    assert chemistry.value("leach", "rate") == pytest.approx(1e-4)
    assert chemistry.value("leach", "mixed") == {"cation": "Na", "heat": 20e3, "list": [1, 2000.0]}
    assert chemistry.group("leach")["rate"] == chemistry.value("leach", "rate")
    assert chemistry.species["Na"].molar_volume == pytest.approx(-1.2e-6)
    assert chemistry.solutes["NaOH"] == {"Na": 1.0, "H": -1.0, "H2O": 1.0}
    assert chemistry.extractants["PC-88A"].log10_k_ex == {"Na": -2.75}
    assert chemistry.elements == {"H", "O", "Na", "Si"}


def test_a_parameter_that_is_missing_is_named(tmp_path: Path) -> None:
    """Whoever asks for it learns where it belongs."""
    with pytest.raises(PlantError) as caught:
        load_edited(tmp_path).value("leach", "speed")
    assert str(caught.value) == (
        "toy.toml: parameters.leach.speed: found nothing, allowed a parameter with value, standing and source"
    )
    with pytest.raises(PlantError) as caught:
        load_edited(tmp_path).group("leech")
    assert str(caught.value) == "toy.toml: parameters.leech: found nothing, allowed leach; nearest leach"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "{ Si = 1, O = 2 }",
            "{ Si = 1, Ox = 2 }",
            "species.Inert.formula.Ox: found something that is no element, allowed "
            "H, B, C, N, O, F, Na, Mg, Al, Si, P, S and 34 more; nearest O",
        ),
        ("{ Si = 1, O = 2 }", "{}", "species.Inert.formula: found an empty table, allowed one element at least"),
        (
            "{ Si = 1, O = 2 }",
            "{ Si = 1, O = 0 }",
            "species.Inert.formula.O: found 0, allowed a number from 0 to 100, not 0",
        ),
        (
            'phase = "solid"',
            'phase = "solids"',
            'species.Inert.phase: found "solids", allowed aq, solid, gas; nearest solid',
        ),
        (
            'phase = "solid"',
            'phase = "solid"\ncharge = 1',
            "species.Inert.charge: found 1, allowed no charge on a solid",
        ),
        (
            'molar_volume = "-1.2 cm3/mol"',
            'molar_volume = "-1.2 cm3"',
            'species.Na.molar_volume: found "-1.2 cm3", allowed a molar volume such as "18 cm3/mol"',
        ),
        (
            'standing = "Q"\nsource = "h',
            'standing = "X"\nsource = "h',
            'species.Na.standing: found "X", allowed S, Q, C, T',
        ),
        ('source = "handbook"\n', "", "species.Na.source: found nothing, allowed a text"),
        ("H = -1\n", "", "solutes.NaOH: found a charge of +1, allowed species whose charges cancel"),
        (
            "H = -1\n",
            "Inert = -1\n",
            "solutes.NaOH.Inert: found something that is no dissolved species, allowed H2O, H, Na",
        ),
        ('source = "Lister"\n', "", "parameters.leach.rate.source: found nothing, allowed a text"),
        ('value = "0.36 m/h"\n', "", "parameters.leach.rate.value: found nothing, allowed a value"),
        (
            "Na = { value",
            "Nb = { value",
            "extractants.PC-88A.log10_k_ex.Nb: found something that is no species, allowed H2O, H, Na, Inert",
        ),
        ("k_na = 1e-5\n", "", "extractants.PC-88A.k_na: found nothing, allowed a number not below 0"),
    ],
)  # fmt: skip
def test_a_mistake_is_refused_with_where_what_and_what_is_allowed(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    """One line names the key, what stands there and what may."""
    with pytest.raises(PlantError) as caught:
        load_edited(tmp_path, old, new)
    caught.value.line = None
    assert str(caught.value) == f"toy.toml: {message}"


def test_an_extractant_in_a_file_of_its_own_serves_the_metals_that_the_chemistry_has(tmp_path: Path) -> None:
    """Its constants of others are left out; a polynomial needs the order of each metal."""
    file = tmp_path / "toy.toml"
    file.write_text(TOY, encoding="utf-8")
    folder = tmp_path / "extractants"
    folder.mkdir()
    text = """
    format = 1
    law = "polynomial"
    k_na = 0.0
    k_na_standing = "T"
    k_na_source = "none"
    [log10_k_ex]
    Na = { value = -1.5, order = 0.3, standing = "T", source = "made up" }
    Nb = { value = 1.0, order = 2.0, standing = "T", source = "made up" }
    """
    (folder / "mine.toml").write_text(text, encoding="utf-8")
    mine = load_chemistry(file).extractants["mine"]
    assert (mine.law, dict(mine.log10_k_ex), dict(mine.order)) == ("polynomial", {"Na": -1.5}, {"Na": 0.3})
    (folder / "mine.toml").write_text(text.replace("order = 0.3, ", ""), encoding="utf-8")
    with pytest.raises(PlantError, match=r"mine\.toml:\d+: log10_k_ex\.Na\.order: found nothing, allowed a number"):
        load_chemistry(file)
    dosed = text.replace("order = 0.3,", "order = 0.3, order_by_dose = 0.04, power_of_dose = -0.4,")
    (folder / "mine.toml").write_text(dosed, encoding="utf-8")
    with pytest.raises(PlantError, match=r"log10_k_ex\.Na\.order_by_dose: found an unknown key"):
        load_chemistry(file)
    volume = (
        'molar_volume = "330 cm3/mol"\n    molar_volume_standing = "C"\n    molar_volume_source = "density"\n    k_na'
    )
    (folder / "mine.toml").write_text(dosed.replace("k_na", volume, 1), encoding="utf-8")
    mine = load_chemistry(file).extractants["mine"]
    assert (mine.order_by_dose["Na"], mine.power_of_dose["Na"]) == (0.04, -0.4)
    assert mine.molar_volume == pytest.approx(330e-6)
