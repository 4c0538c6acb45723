"""A toy plant of three units, and ways to load it with edits."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from plantsim.model.errors import PlantError
from plantsim.model.load import load_plant
from plantsim.model.plant import Plant

CHEMISTRY = """\
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

[species.Cl]
formula = { Cl = 1 }
charge = -1
phase = "aq"
molar_volume = "17.8 cm3/mol"
standing = "Q"
source = "handbook"

[species.Nd]
formula = { Nd = 1 }
charge = 3
phase = "aq"
molar_volume = "-40 cm3/mol"
standing = "T"
source = "guess"

[species.Nd0]
formula = { Nd = 1 }
phase = "solid"

[species.Inert]
formula = { Si = 1, O = 2 }
phase = "solid"

[solutes.HCl]
H = 1
Cl = 1

[parameters.leach.rate]
value = "0.17 mm/h/(mol/L)"
standing = "Q"
source = "Lister"

[parameters.leach.powers]
value = [1, "2 kW", "text"]
standing = "T"
source = "guess"

[extractants.PC-88A]
k_na = 1e-5
k_na_standing = "T"
k_na_source = "assumed"

[extractants.PC-88A.log10_k_ex]
Nd = { value = -2.75, standing = "C", source = "anchor" }
"""

PLANT = """\
format = 1
name = "toy"
title = "Toy plant"
chemistry = "chemistry.toml"

[feed]
Nd0 = 30
Inert = 70

[products.Nd2O3]
elements = ["Nd"]
hopper = "HP-701"
spec_pct = 99.5

[[areas]]
id = "leach"
number = 200
title = "Acid leach"

[[areas]]
id = "product"
number = 700
title = "Product"

[units.WM-201]
area = "leach"
kind = "store"
title = "Acid"
liquor = { HCl = 2.0 }

[units.HP-701]
area = "product"
kind = "hopper"
title = "Hopper"
bag_at = "5 kg"

[units.R-201]
area = "leach"
kind = "tank"
title = "Tank"
span = "100 L"
jacket = "150 W/K"
drives = { cooling = "TV-201A", heating = "TV-201B" }
initial = { volume = "60 L", temperature = "60 C", liquor = { HCl = 0.6 } }

[streams.201]
title = "Acid"
from = "WM-201.out"
to = "R-201.in"
by = "P-201"
capacity = "120 L/h"

[streams.202]
title = "Product"
from = "R-201.out"
to = "HP-701.in"

[devices.TV-201A]
kind = "valve"
unit = "R-201"
title = "Cooling water"
stroke = "6 s"
fail = "open"
initial = 4

[devices.TV-201B]
kind = "valve"
unit = "R-201"
title = "Hot water"
stroke = "6 s"

[devices.P-201]
kind = "variable drive"
unit = "R-201"
title = "Acid pump"
stroke = "2 s"
initial = 40
power = "0.05 kW"

[devices.AG-201]
kind = "fixed drive"
unit = "R-201"
title = "Agitator"
stroke = "1 s"
initial = true

[devices.XV-201]
kind = "on/off valve"
unit = "R-201"
title = "Gate"
stroke = "3 s"

[devices.HS-201]
kind = "switch"
unit = "R-201"
title = "Permit"
initial = true

[devices.LS-201]
kind = "switch"
unit = "R-201"
title = "High level"

[instruments.FIC-201]
unit = "R-201"
title = "Acid flow"
measures = "201.flow"
eu = "L/h"
range = [0, 120]
normal = [40, 60]
lag = "1 s"
noise = 0.1

[instruments.TIC-201]
unit = "R-201"
title = "Temperature"
measures = "R-201.temperature"
eu = "C"
range = [0, 120]
lag = "20 s"

[instruments.LI-201]
unit = "R-201"
title = "Level"
measures = "R-201.level"
eu = "%"
range = [0, 100]

[instruments.FFIC-201]
unit = "R-201"
title = "Acid per level"
function = "ratio"
eu = "L/h/%"
range = [0, 2]

[instruments.AIC-201]
unit = "R-201"
title = "Neodymium"
measures = "202.conc( Nd )"
eu = "g/L"
range = [0, 20]
sample = "15 min"
delay = "10 min"

[instruments.AI-202]
unit = "R-201"
title = "Purity"
measures = "202.purity(Nd2O3)"
eu = "% oxide"
range = [95, 100]
kind = "analyser"

[instruments.LI-202]
unit = "R-201"
title = "Mean level"
function = "average(LI-201, 10 min)"
eu = "%"
range = [0, 100]

[instruments.WIC-201]
unit = "R-201"
title = "Master"
function = "copy(LI-201)"
eu = "%"
range = [0, 100]

[loops.TIC-201]
type = "PID"
action = "reverse"
gain = 6.67
ti = "1100 s"
td = "15 s"
sp = 60
mode = "Auto"
ramp = "5 /min"
outputs = [ { to = "TV-201A.CMD", op = [0, 45], value = [100, 0] }, { to = "TV-201B.CMD", op = [55, 100] } ]

[loops.FIC-201]
type = "PID"
action = "reverse"
gain = 0.5
ti = "3 s"
sp = 50
mode = "Cascade"
outputs = [ { to = "P-201.SPEED_CMD" } ]

[loops.FFIC-201]
type = "ratio"
wild = ["LI-201"]
to = "FIC-201"
sp = 1
mode = "Cascade"
filter = "1 min"

[loops.AIC-201]
type = "PID"
action = "direct"
gain = 1
sp = 10
mode = "Man"
outputs = [ { to = "FFIC-201.SP", value = [0.5, 1.5] } ]

[loops.WIC-201]
type = "override"
to = "AIC-201"
sp = 60
mode = "Auto"
constraints = [ { tag = "LI-201", limit = 85, gain = 1, ti = "600 s", action = "direct" } ]

[[alarms]]
tag = "TIC-201"
condition = "HH"
limit = 90
deadband = 0.6
on_delay = "10 s"
off_delay = "60 s"
priority = 1
class = "safety"
cause = "Cooling TV-201A lost"
consequence = "Boils over"
response = "Quench"
respond_min = 3
suppressed_when = "AG-201.RUN=0"

[[alarms]]
tag = "TIC-201"
condition = "H"
limit = 80
priority = 2
class = "process"
cause = "Too much acid"
consequence = "Hot"
response = "Cool"
respond_min = 5

[[alarms]]
tag = "P-201"
condition = "TRIP"
priority = 3
class = "equipment"
cause = "Overload"
consequence = "No acid"
response = "Reset"
respond_min = 10
"""

Edit = tuple[str, str]


def write(folder: Path, edits: tuple[Edit, ...], plant: str = PLANT, chemistry: str = CHEMISTRY) -> Path:
    """Write the toy with every edit's first text, which must be there, replaced once by its second."""
    for old, new in edits:
        assert old in plant, old
        plant = plant.replace(old, new, 1)
    (folder / "chemistry.toml").write_text(chemistry, encoding="utf-8")
    path = folder / "toy.toml"
    path.write_text(plant, encoding="utf-8")
    return path


@pytest.fixture
def load_toy(tmp_path: Path) -> Callable[..., Plant]:
    """The toy, loaded after edits (old text, new text)."""
    return lambda *edits: load_plant(write(tmp_path, edits))


@pytest.fixture
def mistake(tmp_path: Path) -> Callable[..., str]:
    """What is said about the toy after edits (old text, new text)."""

    def message(*edits: Edit) -> str:
        with pytest.raises(PlantError) as caught:
            load_plant(write(tmp_path, edits))
        caught.value.line = None  # its own test is in test_lines.py
        return str(caught.value)

    return message
