"""The kinds of units that a plant file may compose. A kind is an entry here, a builder in compose and a kernel."""

from __future__ import annotations

from plantsim.model.quantity import (
    AREA,
    CAKE_RESISTANCE,
    CONCENTRATION,
    CONDUCTIVITY,
    CURRENT,
    CURRENT_PER_MASS,
    DENSITY,
    DRAG,
    ENERGY,
    FLUX_DENSITY,
    FRACTION,
    FREQUENCY,
    GAS_CONCENTRATION,
    GAS_FLOW,
    HEAT_CAPACITY,
    HEAT_LOSS,
    HYDROGEN,
    LENGTH,
    MASS,
    MASS_CONCENTRATION,
    MASS_FLOW,
    MEDIUM_RESISTANCE,
    MOLAR_ENERGY,
    MOLAR_FLOW,
    NUMBER,
    PH,
    POWER,
    PRESSURE,
    SPECIFIC_FLOW,
    TEMPERATURE,
    TIME,
    TURBIDITY,
    TURBIDITY_YIELD,
    VAPOUR,
    VELOCITY,
    VISCOSITY,
    VOLTAGE,
    VOLUME,
    VOLUME_FLOW,
    Dimension,
)
from plantsim.model.section import ABOVE_0
from plantsim.model.tag import Kind
from plantsim.model.unit_kind import Driven, Form, Medium, Parameter, Port, Probe, Role, UnitKind

AMBIENT = 293.15
"""K, of the hall."""

_MODULATING = (Kind.VALVE, Kind.VARIABLE_DRIVE)
_MOTOR = (Kind.DRIVE, Kind.VARIABLE_DRIVE)
_ON_OFF = (Kind.ON_OFF_VALVE,)


_DILUTE_ACIDS: tuple[dict[str, float], ...] = ({"HCl": 0.05, "NaCl": 0.5}, {"HCl": 0.2}, {"HCl": 2.0})
_FIRST_FILL: tuple[dict[str, float], ...] = ({"HCl": 0.1}, {"HCl": 0.1}, {"HCl": 3.0})


def _size(name: str, dimension: Dimension, doc: str, default: float | None = None) -> Parameter:
    """A quantity above 0; required unless it has a default."""
    if default is None:
        return Parameter(name, dimension, doc, low=ABOVE_0)
    return Parameter(name, dimension, doc, default, ABOVE_0)


def _amount(name: str, dimension: Dimension, doc: str, default: float | None = None) -> Parameter:
    """A quantity that may be 0, but not less; required unless it has a default."""
    if default is None:
        return Parameter(name, dimension, doc, low=0.0)
    return Parameter(name, dimension, doc, default, 0.0)


def _percent(name: str, doc: str, default: float | None = None) -> Parameter:
    """A plain number in %, kept in %."""
    if default is None:
        return Parameter(name, NUMBER, f"{doc}, %", low=0.0, high=100.0)
    return Parameter(name, NUMBER, f"{doc}, %", default, 0.0, 100.0)


def _speed(name: str, doc: str) -> Parameter:
    """A plain number above 0 in %, kept in %."""
    return Parameter(name, NUMBER, f"{doc}, %", low=ABOVE_0, high=100.0)


_TANK = (
    _size("span", VOLUME, "volume at 100 % level"),
    Parameter("overflow", VOLUME, "volume above which outlets without a device overflow", None, ABOVE_0),
    _amount("loss", HEAT_LOSS, "to the surroundings", 0.0),
    _amount("jacket", HEAT_LOSS, "of the jacket at full flow of its medium", 0.0),
)
_TANK_INITIAL = (
    _amount("volume", VOLUME, "liquor in the tank"),
    Parameter("temperature", TEMPERATURE, "of the liquor", AMBIENT),
    Parameter("liquor", Form.LIQUOR, "what is dissolved", {}),
)
_TANK_DRIVES = (
    Role("agitator", _MOTOR, "keeps solids in suspension", required=False),
    Role("cooling", _MODULATING, "cooling water to the jacket", required=False),
    Role("heating", _MODULATING, "hot water or heater", required=False),
)
_TANK_IN = (Port("in", most=8),)
_TANK_OUT = (Port("out", driven=Driven.MAY, most=4),)
_TANK_PROBES = {
    "level": Probe(FRACTION),
    "temperature": Probe(TEMPERATURE),
    "volume": Probe(VOLUME),
}
_LIQUOR_PROBES = {**_TANK_PROBES, "pH": Probe(PH), "redox": Probe(VOLTAGE), "solids": Probe(MASS)}
_FILTER_PROBES = {
    "cake": Probe(MASS_FLOW),
    "filtrate": Probe(VOLUME_FLOW),
    "wash_ratio": Probe(NUMBER),
    "washed": Probe(FRACTION),
}

_ALL = (
    UnitKind("station", "a place for plant-wide tags, without a process"),
    UnitKind(
        "power_meter",
        "the electric supply: draw of all devices",
        probes={"power": Probe(POWER), "energy": Probe(ENERGY)},
    ),
    UnitKind(
        "feed_bin",
        "bin with loss-in-weight screw feeder; lots are tipped in",
        parameters=(
            _amount("initial", MASS, "feed in the bin"),
            _amount("refill_at", MASS, "a lot is tipped when less is left"),
            _size("lot", MASS, "of a lot"),
            _amount("hopper", MASS, "that the feeder's own hopper takes; 0: the screw draws from the bin", 0.0),
            _amount("hopper_initial", MASS, "feed in the hopper", 0.0),
            _size("refill", MASS_FLOW, "into the hopper through the open gate", 1.0),
        ),
        drives=(Role("gate", _ON_OFF, "slide gate from the bin to the hopper", required=False),),
        outlets=(Port("out", Medium.POWDER, Driven.MUST),),
        probes={
            "weight": Probe(MASS),
            "rate": Probe(MASS_FLOW),
            "lots": Probe(NUMBER),
            "hopper_weight": Probe(MASS),
        },
    ),
    UnitKind(
        "demag_furnace",
        "belt furnace that demagnetises the feed",
        parameters=(
            _size("residence", TIME, "of the magnets"),
            _size("heat_capacity", HEAT_CAPACITY, "of the furnace"),
            _amount("power", POWER, "at full output"),
            _amount("loss", HEAT_LOSS, "to the surroundings"),
            _amount("residual_field", FLUX_DENSITY, "at 250 C"),
            _size("field_scale", NUMBER, "K by which the field falls by e"),
        ),
        drives=(Role("heater", _MODULATING, "thyristor"),),
        inlets=(Port("in", Medium.POWDER),),
        outlets=(Port("out", Medium.POWDER),),
        probes={"temperature": Probe(TEMPERATURE), "residual_field": Probe(FLUX_DENSITY), "hold_up": Probe(MASS)},
        step_s=0.5,
    ),
    UnitKind(
        "mill",
        "inerted mill with classifier",
        parameters=(
            _size("residence", TIME, "of the powder"),
            _size("d80", LENGTH, "of the product at the classifier's normal speed"),
            _size("spread", NUMBER, "exponent of the Rosin-Rammler distribution"),
            _speed("classifier_normal", "normal speed of the classifier"),
            _size("classifier_lag", TIME, "of the product size behind the speed"),
            _size("feed_d80", LENGTH, "of the feed"),
            _size("work_index", NUMBER, "Bond's, kWh/t"),
            _amount("idle_power", POWER, "without load"),
            _size("casing", VOLUME, "of gas"),
            _amount("air_leak", VOLUME_FLOW, "air drawn in"),
            _amount("purge", VOLUME_FLOW, "nitrogen at full opening"),
            _size("casing_rise", NUMBER, "K by which the casing stands above the hall, the mill running idle", 17.0),
            _size("casing_lag", TIME, "of the casing's temperature behind the power", 780.0),
            _amount("vibration", VELOCITY, "of sound bearings, the mill running idle", 0.0014),
        ),
        drives=(
            Role("motor", _MOTOR, "of the mill"),
            Role("classifier", (Kind.VARIABLE_DRIVE,), "sets the product size"),
            Role("nitrogen", _MODULATING, "purge"),
            Role("airlock", _MOTOR, "below the mill, without which no powder leaves", required=False),
            Role("gate", _ON_OFF, "below the mill, shut: no powder leaves", required=False),
        ),
        inlets=(Port("in", Medium.POWDER),),
        outlets=(Port("out", Medium.POWDER),),
        probes={
            "d80": Probe(LENGTH),
            "power": Probe(POWER),
            "oxygen": Probe(FRACTION),
            "hold_up": Probe(MASS),
            "rate": Probe(MASS_FLOW),
            "casing_temperature": Probe(TEMPERATURE),
            "vibration": Probe(VELOCITY),
        },
        step_s=0.2,
    ),
    UnitKind(
        "leach_tank",
        "stirred tank in which powder dissolves in acid under swept headspace",
        parameters=(
            *_TANK,
            _size("headspace", VOLUME, "of gas above the liquor"),
            _amount("sweep", GAS_FLOW, "air through this tank at full speed of the fan"),
            _amount("water_vapour", MOLAR_FLOW, "evaporation at 60 C"),
            _amount("acid_vapour", MOLAR_FLOW, "HCl at 1 mol/L of acid and of chloride"),
            Parameter("dilution_heat", Form.FLAG, "strong acid enters and is diluted here", False),
            _amount("purge", GAS_FLOW, "nitrogen at full opening of its valve", 0.0),
            _amount("draught", PRESSURE, "below the atmosphere in the headspace at full speed of the fan", 0.0),
            _size("breathing", GAS_FLOW, "that presses out through a standing fan at 1 mbar", 12.0 / 3600.0),
            Parameter(
                "surface", AREA, "of the liquor; without one that of a tank as wide as it is deep", None, ABOVE_0
            ),
            _amount("foam_life", TIME, "in which foam collapses to 1/e", 30.0),
            Parameter("dome", VOLUME, "of liquor up to where foam is seen; 1.5 times the span without", None, ABOVE_0),
            _amount("current", CURRENT, "of the agitator in clear liquor", 0.0),
            _amount("current_idle", CURRENT, "of the agitator out of liquor", 0.0),
            _amount("drag", DRAG, "by which suspended solids load the agitator", 0.0),
            Parameter(
                "rate_factor", NUMBER, "how fast this feed dissolves, times the rate of the chemistry", 1.0, low=ABOVE_0
            ),
        ),
        initial=_TANK_INITIAL,
        drives=(
            *_TANK_DRIVES,
            Role("sweep", _MOTOR, "fan of the headspace", required=False),
            Role("purge", _ON_OFF, "nitrogen to the headspace", required=False),
        ),
        inlets=_TANK_IN,
        outlets=(*_TANK_OUT, Port("vent", least=0)),
        probes={
            **_TANK_PROBES,
            "acid": Probe(CONCENTRATION),
            "pH": Probe(PH),
            "hydrogen": Probe(HYDROGEN),
            "hydrogen_make": Probe(MOLAR_FLOW),
            "solids": Probe(MASS),
            "off_gas": Probe(MOLAR_FLOW),
            "headspace_pressure": Probe(PRESSURE),
            "heat": Probe(POWER),
            "foam": Probe(LENGTH),
            "foamed": Probe(NUMBER),
            "current": Probe(CURRENT),
        },
        step_s=0.2,
        contacts=("foamed",),
    ),
    UnitKind(
        "duct",
        "sweep air duct with its fan",
        parameters=(_size("capacity", GAS_FLOW, "at full speed"),),
        drives=(Role("fan", _MOTOR, "of the duct"),),
        probes={"flow": Probe(MOLAR_FLOW), "hydrogen": Probe(HYDROGEN)},
    ),
    UnitKind(
        "reactor",
        "stirred tank with reactions of the chemistry's parameter groups",
        parameters=(*_TANK, Parameter("reactions", Form.GROUPS, "groups of reactions")),
        initial=_TANK_INITIAL,
        drives=_TANK_DRIVES,
        inlets=_TANK_IN,
        outlets=_TANK_OUT,
        probes=_LIQUOR_PROBES,
        step_s=0.5,
    ),
    UnitKind(
        "tank",
        "stirred tank without reactions",
        parameters=_TANK,
        initial=_TANK_INITIAL,
        drives=_TANK_DRIVES,
        inlets=_TANK_IN,
        outlets=_TANK_OUT,
        probes=_LIQUOR_PROBES,
        step_s=0.2,
    ),
    UnitKind(
        "filter",
        "cake filter with wash, averaged over its cycle",
        parameters=(
            _percent("moisture", "liquor in the wet cake"),
            _size("density", DENSITY, "of the liquor in the cake"),
            Parameter("wash_efficiency", NUMBER, "displacement per wash volume", low=0.0, high=1.0),
            _percent("passing", "solids that pass the cloth", 0.0),
            Parameter("belt_normal", NUMBER, "usual speed of the belt, %", 60.0, ABOVE_0, 100.0),
            _size("load", MASS_FLOW, "solids that make the usual cake at that speed", 1e-3),
            _size("vacuum", PRESSURE, "under the usual cake of a belt", 45e3),
        ),
        drives=(Role("belt", _MOTOR, "carries the cake over the vacuum", required=False),),
        inlets=(Port("in"), Port("wash")),
        outlets=(Port("filtrate"), Port("cake")),
        probes={
            **_FILTER_PROBES,
            "vacuum": Probe(PRESSURE),
            "moisture": Probe(FRACTION),
            "conductivity": Probe(CONDUCTIVITY),
        },
    ),
    UnitKind(
        "filter_press",
        "batch filter press fed by a pump from a tank; its valves make the cycle of fill, wash, blow and discharge",
        parameters=(
            _size("cloth", AREA, "of all chambers"),
            _size("chambers", VOLUME, "of all chambers"),
            _size("solids_density", DENSITY, "of the solids"),
            Parameter("porosity", FRACTION, "of the cake", low=ABOVE_0, high=0.95),
            _size("cake_resistance", CAKE_RESISTANCE, "specific resistance of the cake"),
            _size("cloth_resistance", MEDIUM_RESISTANCE, "of the clean cloth"),
            _amount("blinding", MEDIUM_RESISTANCE, "what a discharge leaves in the cloth", 0.0),
            _size("rinse", VOLUME, "of water on the open press that takes blinding down to 1/e", 0.05),
            _size("viscosity", VISCOSITY, "of the filtrate"),
            _size("pump_pressure", PRESSURE, "the most that the pump before it can do"),
            _size("air_pressure", PRESSURE, "of the blow", 4e5),
            _size("blow_time", TIME, "in which air drives out all but 1/e of what it can", 240.0),
            _size("discharge_time", TIME, "in which an open press lets go of its cake", 900.0),
            Parameter("moisture", NUMBER, "liquor in the cake when it is blown, %", low=0.0, high=95.0),
            _size("density", DENSITY, "of the liquor in the cake"),
            Parameter(
                "wash_efficiency", NUMBER, "share of the wash water that goes through the cake", low=0.0, high=1.0
            ),
            _percent("passing", "solids that pass the cloth", 0.0),
            _percent("bleed", "solids that pass a clean cloth besides, before they bridge its pores", 0.0),
            _size("bridge", LENGTH, "filtrate per area after which 1/e of that is left", 0.0015),
            _size("turbidity", TURBIDITY_YIELD, "of the filtrate, by the solids in it", 1e3),
            _amount("skip", MASS, "a skip with more cake is taken away when the press closes; 0: a conveyor", 0.0),
        ),
        drives=(
            Role("closing", _ON_OFF, "ram that closes the press"),
            Role("feed", _ON_OFF, "valve before the press", required=False),
            Role("blow", _ON_OFF, "air valve", required=False),
            Role("filtrate", _ON_OFF, "open: filtrate goes on; closed: to the recycle", required=False),
        ),
        inlets=(Port("in"), Port("wash")),
        outlets=(Port("filtrate"), Port("cake"), Port("recycle", least=0)),
        probes={
            **_FILTER_PROBES,
            "pressure_drop": Probe(PRESSURE),
            "solids": Probe(MASS),
            "weight": Probe(MASS),
            "filtered": Probe(VOLUME),
            "discharges": Probe(NUMBER),
            "fullness": Probe(FRACTION),
            "turbidity": Probe(TURBIDITY),
            "skip": Probe(MASS),
            "unrinsed": Probe(NUMBER),
            "closed": Probe(NUMBER),
        },
        contacts=("closed",),
    ),
    UnitKind(
        "cartridge",
        "polishing filter whose cartridge takes up solids until it is changed",
        parameters=(
            _size("surface", AREA, "of the cartridge"),
            _size("clean_resistance", MEDIUM_RESISTANCE, "of a new cartridge"),
            _size("cake_resistance", CAKE_RESISTANCE, "specific resistance of what it has taken up"),
            _size("viscosity", VISCOSITY, "of the liquor"),
            _percent("catches", "of the solids that come", 98.0),
            _size("relief", PRESSURE, "above which flow passes beside the cartridge", 2.5e5),
        ),
        drives=(Role("change", (Kind.SWITCH,), "turned on: a new cartridge is put in", required=False),),
        inlets=(Port("in"),),
        outlets=(Port("out"),),
        probes={"pressure_drop": Probe(PRESSURE), "solids": Probe(MASS), "changed": Probe(NUMBER)},
    ),
    UnitKind(
        "sx_circuit",
        "extract, scrub and strip banks with the organic closed into a loop",
        parameters=(
            Parameter("stages", Form.INTEGER, "of the extract, scrub and strip banks", low=1, high=53, count=3),
            Parameter("extractant", Form.EXTRACTANT, "of the chemistry"),
            Parameter("metals", Form.SPECIES, "that are extracted", high=12),
            _size("concentration", CONCENTRATION, "extractant, as monomer"),
            _size("organic", VOLUME_FLOW, "at full speed of its pump"),
            _amount("entrainment", FRACTION, "aqueous in the stripped organic", 0.0),
            Parameter("aqueous_holdup", VOLUME, "a stage of each bank", low=ABOVE_0, count=3),
            Parameter("organic_holdup", VOLUME, "a stage of each bank", low=ABOVE_0, count=3),
            Parameter("transfer", FREQUENCY, "kLa of each bank at full speed of the mixers", low=0.0, count=3),
            _amount("transfer_na", FREQUENCY, "kLa of Na at full speed of the mixers"),
            _size("organic_tank", VOLUME, "organic behind the strip bank"),
            Parameter("settler_area", AREA, "a stage of each bank", low=ABOVE_0, count=3),
            Parameter("settler_depth", LENGTH, "height of the organic's overflow", 0.4, ABOVE_0),
            Parameter(
                "settler_capacity", SPECIFIC_FLOW, "of both phases, above which carry-over grows", 4.0 / 3600.0, ABOVE_0
            ),
            Parameter("weir", LENGTH, "height of the aqueous weir of each bank", low=ABOVE_0, count=3),
            Parameter("weir_travel", LENGTH, "of an adjustable weir, half up and half down", 0.1, 0.0),
            Parameter(
                "carry_over",
                FRACTION,
                "aqueous in the organic and organic in the aqueous of every settler",
                (0.0, 0.0),
                0.0,
                count=2,
            ),
            Parameter("organic_density", DENSITY, "of the stripped organic", 850.0, ABOVE_0),
            _amount("organic_span", VOLUME, "of the organic tank at 100 %; 0: it is made up at once", 0.0),
            _amount("evaporation", VOLUME_FLOW, "of diluent while all mixers turn, from a tank with a span", 0.0),
            Parameter("profile", Form.SPECIES, "metal whose share of the feed stage is shown", (), high=1),
        ),
        initial=(
            Parameter("aqueous", Form.LIQUOR, "in every stage of each bank", _DILUTE_ACIDS, count=3),
            Parameter("fill", Form.LIQUOR, "the same before the first start", _FIRST_FILL, count=3),
            Parameter(
                "organic",
                Form.LOADING,
                "in every stage of each bank; what is not given is a trace",
                ({}, {}, {}),
                count=3,
            ),
            Parameter("interface", LENGTH, "height of the aqueous in every settler", 0.2, 0.0),
        ),
        drives=(
            Role("organic", (Kind.VARIABLE_DRIVE, Kind.VALVE), "organic pump"),
            Role("mixers", _MOTOR, "pump-mix drives of all banks", required=False),
            Role("crud_pump", _MOTOR, "draws crud off the settlers of the extract bank", required=False),
            *(
                Role(f"{bank}_weir", _MODULATING, f"weir where the aqueous leaves the {bank} bank", required=False)
                for bank in ("extract", "scrub", "strip")
            ),
        ),
        inlets=(Port("feed"), Port("scrub"), Port("strip"), Port("soda"), Port("fresh", least=0)),
        outlets=(Port("raffinate"), Port("liquor")),
        probes={
            "organic_flow": Probe(VOLUME_FLOW),
            "ph_raffinate": Probe(PH),
            "ph_feed": Probe(PH),
            "ph_scrub": Probe(PH),
            "acid_liquor": Probe(CONCENTRATION),
            "loading": Probe(CONCENTRATION),
            "loading_share": Probe(FRACTION),
            "free_dimer": Probe(CONCENTRATION),
            "extract_interface": Probe(LENGTH),
            "scrub_interface": Probe(LENGTH),
            "strip_interface": Probe(LENGTH),
            "organic_in_raffinate": Probe(MASS_CONCENTRATION),
            "organic_in_liquor": Probe(MASS_CONCENTRATION),
            "organic_lost": Probe(VOLUME_FLOW),
            "crud": Probe(LENGTH),
            "organic_level": Probe(FRACTION),
            "organic_density": Probe(DENSITY),
            "feed_share": Probe(FRACTION),
        },
        step_s=1.0,
    ),
    UnitKind(
        "crystalliser",
        "oxalate crystalliser, method of moments",
        parameters=(*_TANK, Parameter("metals", Form.SPECIES, "that precipitate", high=12)),
        initial=(
            *_TANK_INITIAL,
            Parameter("crystals", Form.SOLIDS, "in suspension", {}),
            Parameter("size", LENGTH, "mean of the crystals", 20e-6, ABOVE_0),
        ),
        drives=_TANK_DRIVES,
        inlets=_TANK_IN,
        outlets=_TANK_OUT,
        probes={
            **_TANK_PROBES,
            "pH": Probe(PH),
            "supersaturation": Probe(NUMBER),
            "size": Probe(LENGTH),
            "rare_earth_left": Probe(MASS_CONCENTRATION),
        },
        step_s=0.5,
    ),
    UnitKind(
        "dryer",
        "paddle dryer with air heater",
        parameters=(
            _size("residence", TIME, "of the cake"),
            _amount("rate", FREQUENCY, "first order, of the water at 105 C"),
            _amount("power", POWER, "of the heater at full output"),
            _percent("efficiency", "of the heater"),
            _size("heat_capacity", HEAT_CAPACITY, "of the dryer"),
            _amount("loss", HEAT_LOSS, "to the surroundings"),
        ),
        drives=(Role("heater", _MODULATING, "thyristor"), Role("paddle", _MOTOR, "moves the cake")),
        inlets=(Port("in"),),
        outlets=(Port("out", Medium.POWDER),),
        probes={"temperature": Probe(TEMPERATURE), "moisture": Probe(FRACTION), "water": Probe(MASS_FLOW)},
        step_s=1.0,
    ),
    UnitKind(
        "calciner",
        "rotary calciner in heated zones",
        parameters=(
            Parameter("zones", Form.INTEGER, "along the tube", low=1, high=8),
            _size("residence", TIME, "in a zone at normal speed"),
            _speed("speed_normal", "of the tube"),
            _amount("power", POWER, "of a zone's heater at full output"),
            _size("wall", HEAT_CAPACITY, "of a zone's wall"),
            _size("bed", HEAT_CAPACITY, "of a zone's tube without solids"),
            _amount("film", HEAT_LOSS, "wall to bed, without radiation"),
            _amount("heat_area", AREA, "radiating from a zone's wall to its bed"),
            _amount("shell", HEAT_LOSS, "of a zone to the surroundings"),
            _amount("air", GAS_FLOW, "in counter-current, without a fan"),
            _size("exhaust", GAS_FLOW, "that the fan takes at full speed", 1e-3),
            _amount("draft", PRESSURE, "of the hood at full speed of the fan", 0.0),
            _amount("idle_current", CURRENT, "of the tube's motor", 0.0),
            _amount("load_current", CURRENT_PER_MASS, "that the bed adds", 0.0),
        ),
        initial=(Parameter("zones", TEMPERATURE, "of the zones", count="zones"),),
        drives=(
            Role("zone", _MODULATING, "heater of a zone; one may serve several", per="zones"),
            Role("tube", _MOTOR, "rotation"),
            Role("fan", (Kind.VARIABLE_DRIVE,), "draws the air through", required=False),
        ),
        inlets=(Port("in", Medium.POWDER),),
        outlets=(Port("out", Medium.POWDER),),
        probes={
            "wall": Probe(TEMPERATURE, per="zones"),
            "bed": Probe(TEMPERATURE, per="zones"),
            "loss_on_ignition": Probe(FRACTION),
            "hold_up": Probe(MASS),
            "heat": Probe(POWER),
            "draft": Probe(PRESSURE),
            "oxygen": Probe(FRACTION),
            "current": Probe(CURRENT),
        },
        step_s=1.0,
    ),
    UnitKind(
        "scrubber",
        "packed scrubber for acid gas over a sump of caustic liquor, with its stack",
        parameters=(
            *_TANK,
            _size("recirculation", VOLUME_FLOW, "over the packing at full speed of the pump"),
            _size("transfer_units", NUMBER, "of the packing at full recirculation"),
            _size("air", GAS_FLOW, "up the stack at full speed of the fan"),
            _amount("carbon_dioxide", FRACTION, "in that air", 450e-6),
            _amount("packing_drop", PRESSURE, "over the packing at full recirculation and full speed of the fan", 0.0),
        ),
        initial=_TANK_INITIAL,
        drives=(
            Role("pump", _MOTOR, "recirculates the liquor"),
            Role("fan", _MOTOR, "draws gas and air through"),
            *_TANK_DRIVES[1:],
        ),
        inlets=(*_TANK_IN, Port("gas", most=8)),
        outlets=_TANK_OUT,
        probes={
            **_TANK_PROBES,
            "pH": Probe(PH),
            "recirculation": Probe(VOLUME_FLOW),
            "stack_acid": Probe(GAS_CONCENTRATION),
            "stack_flow": Probe(MOLAR_FLOW),
            "removal": Probe(FRACTION),
            "conductivity": Probe(CONDUCTIVITY),
            "packing_drop": Probe(PRESSURE),
        },
        step_s=1.0,
    ),
    UnitKind(
        "carbonate_tank",
        "stirred tank in which carbonates dissolve in acid, or precipitate with soda, and carbon dioxide leaves",
        parameters=(
            *_TANK,
            _size("particle", LENGTH, "radius of what comes in or precipitates", 1e-5),
            _amount("stripping", FREQUENCY, "rate at which dissolved carbon dioxide leaves"),
            _size("headspace", VOLUME, "of gas above the liquor"),
            _amount("sweep", GAS_FLOW, "air through this tank at full speed of the fan", 0.0),
            _size("surface", AREA, "of the liquor, on which froth stands"),
            _size("froth_life", TIME, "in which froth collapses to 1/e", 120.0),
        ),
        initial=(*_TANK_INITIAL, Parameter("crystals", Form.SOLIDS, "carbonates in suspension", {})),
        drives=(*_TANK_DRIVES, Role("sweep", _MOTOR, "fan of the headspace", required=False)),
        inlets=_TANK_IN,
        outlets=_TANK_OUT,
        probes={
            **_TANK_PROBES,
            "pH": Probe(PH),
            "solids": Probe(MASS),
            "acid": Probe(CONCENTRATION),
            "carbon_dioxide": Probe(FRACTION),
            "carbon_dioxide_make": Probe(MOLAR_FLOW),
            "froth": Probe(LENGTH),
        },
        step_s=0.2,
    ),
    UnitKind(
        "heap",
        "pad of ore in cells that are stacked, irrigated, rinsed, drained and reclaimed in turn, with ion exchange",
        parameters=(
            Parameter(
                "places",
                Form.INTEGER,
                "of the round at which a cell is stacked and cured, irrigated with intermediate liquor, with barren "
                "liquor to the pregnant drain and to the intermediate one, rinsed, drained",
                low=0,
                high=10,
                count=6,
            ),
            Parameter("layers", Form.INTEGER, "of a cell: a dispersivity of half a layer", 20, 2, 100),
            _size("cell_area", AREA, "of a cell"),
            _size("height", LENGTH, "of the lift"),
            _size("density", DENSITY, "dry ore in the heap"),
            _percent("moisture", "water of the ore as it is stacked, of its dry mass"),
            _size("conductivity", SPECIFIC_FLOW, "of the saturated ore"),
            Parameter("exponent", Form.INTEGER, "of the conductivity's fall with saturation", 6, 1, 12),
            Parameter("saturated", FRACTION, "water content of the saturated ore", low=ABOVE_0, high=0.95),
            Parameter("residual", FRACTION, "water content that does not drain", low=0.0, high=0.9),
            _size("deepest", LENGTH, "of liquor on a cell before it runs off", 0.1),
            _amount("rain", SPECIFIC_FLOW, "on the pad", 0.0),
            _amount("evaporation", SPECIFIC_FLOW, "from the pad", 0.0),
            _size("step", TIME, "of the pad", 60.0),
            Parameter("temperature", TEMPERATURE, "of what drains", AMBIENT),
        ),
        initial=(
            _size("slot", TIME, "a cell's time at a place, of a pad in its stride"),
            *(
                parameter
                for name in ("intermediate", "barren", "rinse")
                for parameter in (
                    _amount(f"{name}_flux", SPECIFIC_FLOW, f"{name} liquor on a cell, of a pad in its stride"),
                    Parameter(name, Form.LIQUOR, f"{name} liquor of a pad in its stride", {}),
                )
            ),
        ),
        inlets=(Port("ore", Medium.POWDER), Port("intermediate"), Port("barren"), Port("rinse")),
        outlets=(Port("pregnant"), Port("intermediate"), Port("overflow")),
        probes={
            "ponding": Probe(LENGTH),
            "water": Probe(FRACTION),
            "cells": Probe(NUMBER),
            "stacked": Probe(FRACTION),
            "runoff": Probe(VOLUME_FLOW),
        },
    ),
    UnitKind(
        "bicarbonate_tank",
        "stirred tank of sulfate liquor to which bicarbonate is dosed: hydroxides, rare-earth carbonate, CO2",
        parameters=(*_TANK, _amount("strip", FREQUENCY, "kLa of CO2 at full opening of the air", 0.0)),
        initial=(*_TANK_INITIAL, Parameter("crystals", Form.SOLIDS, "in suspension", {})),
        drives=(*_TANK_DRIVES, Role("air", (*_MODULATING, *_MOTOR), "strips CO2", required=False)),
        inlets=_TANK_IN,
        outlets=_TANK_OUT,
        probes={
            **_TANK_PROBES,
            "pH": Probe(PH),
            "solids": Probe(MASS),
            "saturation": Probe(NUMBER),
            "carbon_dioxide": Probe(MOLAR_FLOW),
            "rare_earth_left": Probe(MASS_CONCENTRATION),
        },
        step_s=1.0,
    ),
    UnitKind(
        "membrane",
        "reverse osmosis of what its pump gives, at a stated recovery",
        parameters=(
            Parameter("recovery", NUMBER, "permeate over feed, %", low=ABOVE_0, high=99.0),
            _percent("rejection", "of the solutes"),
        ),
        inlets=(Port("in"),),
        outlets=(Port("permeate"), Port("retentate")),
        probes={"permeate": Probe(VOLUME_FLOW), "concentration": Probe(NUMBER)},
    ),
    UnitKind(
        "makeup_tank",
        "stirred tank in which a reagent is made up to its strength from water and concentrate, with heat of dilution",
        parameters=(*_TANK, Parameter("reagent", Form.REAGENT, "by which its strength is counted")),
        initial=_TANK_INITIAL,
        drives=_TANK_DRIVES[1:],
        inlets=_TANK_IN,
        outlets=_TANK_OUT,
        probes={
            **_TANK_PROBES,
            "strength": Probe(CONCENTRATION),
            "density": Probe(DENSITY),
            "draw": Probe(MASS_FLOW),
            "heat": Probe(POWER),
            "drawn": Probe(MASS),
        },
        step_s=1.0,
    ),
    UnitKind(
        "hopper",
        "product hopper, emptied a lot at a time, with an off-spec drum",
        parameters=(
            _size("bag_at", MASS, "the lot is closed when more is in, and the off-spec drum taken away"),
            _size("size_ratio", NUMBER, "of an oxide particle to the oxalate crystal it was", 0.4),
            Parameter("good_results", Form.INTEGER, "in a row that open the divert valve", 2, 1, 9),
        ),
        drives=(
            Role("divert", (Kind.ON_OFF_VALVE,), "open to the hopper, closed to the off-spec drum", required=False),
            Role("hand", (Kind.SWITCH,), "on: the divert valve is the operator's", required=False),
            Role("close", (Kind.SWITCH,), "turned on: the lot is closed before it is full", required=False),
        ),
        inlets=(Port("in", Medium.POWDER),),
        probes={
            "weight": Probe(MASS),
            "lots": Probe(NUMBER),
            "off_spec": Probe(MASS),
            "off_spec_rate": Probe(MASS_FLOW),
            "size": Probe(LENGTH),
        },
    ),
    UnitKind(
        "store",
        "reagent tank with deliveries, or without a span a main that never runs dry",
        parameters=(
            Parameter("liquor", Form.LIQUOR, "what is dissolved, water without", {}),
            Parameter("temperature", TEMPERATURE, "of the liquor", AMBIENT),
            _amount("span", VOLUME, "volume at 100 %; 0: a main", 0.0),
            _percent("initial", "level at the start", 75.0),
            _percent("refill_at", "level at which a delivery comes", 20.0),
            _amount("delivery", VOLUME, "of a delivery", 0.0),
        ),
        outlets=(Port("out", driven=Driven.MUST, most=12),),
        probes={
            "level": Probe(FRACTION),
            "volume": Probe(VOLUME),
            "draw": Probe(VOLUME_FLOW),
            "drawn": Probe(MASS),
        },
    ),
    UnitKind(
        "ups",
        "battery that carries the drives whose supply it is while the mains are lost, and is charged by them again",
        parameters=(
            _size("capacity", ENERGY, "what the battery gives when it is full"),
            _size("charger", POWER, "taken from the mains until it is full"),
            _size("rating", POWER, "most that its drives may take together at full output", 1e6),
        ),
        probes={
            "charge": Probe(FRACTION),
            "load": Probe(POWER),
            "lost": Probe(NUMBER),
            "empty": Probe(NUMBER),
            "beside": Probe(POWER),
        },
        contacts=("lost", "empty"),
    ),
    UnitKind(
        "water_circuit",
        "cooling or hot water: a pump, a cooler or a heater, and the valves whose supply it is",
        parameters=(
            _size("shut_off", PRESSURE, "of the pump at full speed and no flow"),
            _size("pressure", PRESSURE, "down to which jackets get their full flow"),
            _size("flow", VOLUME_FLOW, "at that pressure and full speed"),
            _size("volume", VOLUME, "of the water"),
            Parameter("temperature", TEMPERATURE, "of the water at the start", AMBIENT),
            _amount("power", POWER, "of the heater at full output", 0.0),
            _amount("cooler", HEAT_LOSS, "of the cooler at full speed of the pump", 0.0),
            Parameter("cooled_to", TEMPERATURE, "what it cools towards", AMBIENT),
            _amount("loss", HEAT_LOSS, "to the surroundings", 0.0),
        ),
        drives=(
            Role("pump", _MOTOR, "circulates the water; without one it always is", required=False),
            Role("heater", _MODULATING, "thyristor", required=False),
        ),
        probes={"pressure": Probe(PRESSURE), "temperature": Probe(TEMPERATURE), "share": Probe(FRACTION)},
        step_s=1.0,
    ),
    UnitKind(
        "gas_main",
        "nitrogen or compressed air: a regulator, a receiver, and the valves whose supply it is",
        parameters=(
            _size("set_point", PRESSURE, "at which the regulator shuts"),
            _size("pressure", PRESSURE, "down to which consumers get their full flow"),
            _size("most", GAS_FLOW, "that comes in"),
            _amount("use", GAS_FLOW, "of what is no device of the plant's", 0.0),
            _size("volume", VOLUME, "of the receiver"),
            _amount("fails_below", PRESSURE, "below which all valves go to where they fail; 0: it moves none", 0.0),
        ),
        probes={"pressure": Probe(PRESSURE), "share": Probe(FRACTION), "lost": Probe(NUMBER)},
        step_s=1.0,
        contacts=("lost",),
    ),
    UnitKind(
        "reagent_tank",
        "reagent tank that is charged in batches, with its temperature, a heater and its own decomposition",
        parameters=(
            Parameter("liquor", Form.LIQUOR, "one solute, as it is charged"),
            _size("span", VOLUME, "volume at 100 %"),
            _percent("initial", "level at the start", 75.0),
            Parameter("temperature", TEMPERATURE, "at the start", AMBIENT),
            _percent("refill_at", "level at which a batch comes", 20.0),
            _size("delivery", VOLUME, "of a batch"),
            Parameter("batch_temperature", TEMPERATURE, "of a batch before its reagent dissolves", AMBIENT),
            Parameter("dissolution", MOLAR_ENERGY, "given off as the reagent dissolves; negative: taken up", 0.0),
            _amount("loss", HEAT_LOSS, "to the surroundings", 0.0),
            _amount("power", POWER, "of the heater at full output", 0.0),
            _amount("decay", FREQUENCY, "of peroxide at 25 C, to water and oxygen", 0.0),
            _amount("decay_activation", MOLAR_ENERGY, "of that", 0.0),
            _amount("decay_heat", MOLAR_ENERGY, "given off by that", 0.0),
        ),
        drives=(Role("heater", _MODULATING, "thyristor", required=False),),
        outlets=(Port("out", driven=Driven.MUST, most=4),),
        probes={
            **_TANK_PROBES,
            "strength": Probe(CONCENTRATION),
            "draw": Probe(MASS_FLOW),
            "heat": Probe(POWER),
            "drawn": Probe(MASS),
        },
    ),
    UnitKind(
        "hall",
        "air of a hall over the bund of its area's stores: its temperature, and the hydrogen chloride of a leak",
        parameters=(
            _size("air", VOLUME, "in the hall"),
            _size("exchange", TIME, "in which the ventilation renews it"),
            _amount("evaporation", MASS_FLOW, "of hydrogen chloride from the bund when all of it is wet"),
            _size("wet", VOLUME, "that wets half of the bund"),
            _size("drained", TIME, "in which the bund drains to 1/e"),
            _size("leak_at", VOLUME, "that the leak switch notices"),
            _amount("background", GAS_CONCENTRATION, "of hydrogen chloride that there always is", 0.0),
        ),
        probes={
            "hydrogen_chloride": Probe(GAS_CONCENTRATION),
            "temperature": Probe(TEMPERATURE),
            "leak": Probe(NUMBER),
        },
        contacts=("leak",),
    ),
    UnitKind(
        "organic_store",
        "store of fresh organic with deliveries, and the pump that makes up the circuits whose valves are open",
        parameters=(
            _size("span", VOLUME, "volume at 100 %"),
            Parameter("temperature", TEMPERATURE, "of the organic", AMBIENT),
            _percent("initial", "level at the start", 75.0),
            _percent("refill_at", "level at which a delivery comes", 20.0),
            _amount("delivery", VOLUME, "of a delivery", 0.0),
        ),
        drives=(Role("pump", _MOTOR, "sends organic through the valves that are open"),),
        outlets=(Port("out", driven=Driven.MUST, most=4),),
        probes={"level": Probe(FRACTION), "volume": Probe(VOLUME), "draw": Probe(VOLUME_FLOW)},
    ),
    UnitKind(
        "enclosure",
        "air over extraction banks, with the vapour of their diluent and the fan that carries it away",
        parameters=(
            Parameter("circuits", Form.INTEGER, "whose mixers stir it up", low=1, high=8),
            _size("volume", VOLUME, "of air over the banks"),
            _size("air", GAS_FLOW, "at full speed of the fan"),
            _size("draught", GAS_FLOW, "without it"),
            _amount("vapour", GAS_FLOW, "of diluent while all mixers turn at full speed"),
            Parameter("still", FRACTION, "share of that while none does", 0.3, 0.0, 1.0),
            Parameter("explosive", FRACTION, "vapour at the lower explosive limit", 0.007, ABOVE_0, 1.0),
        ),
        drives=(
            Role("fan", _MOTOR, "ventilates"),
            Role("mixers", (Kind.VARIABLE_DRIVE,), "of a circuit", per="circuits"),
        ),
        probes={"vapour": Probe(VAPOUR)},
    ),
)

KINDS: dict[str, UnitKind] = {kind.name: kind for kind in _ALL}

STREAM_PROBES: dict[str, Dimension] = {
    "flow": VOLUME_FLOW,
    "mass_flow": MASS_FLOW,
    "temperature": TEMPERATURE,
}
"""What can be measured in any stream; ``conc(SPECIES, ...)``, ``purity(PRODUCT)``, ``share`` and ``assay`` besides."""
