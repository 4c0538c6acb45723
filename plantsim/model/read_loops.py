"""Control loops of a plant file."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from plantsim.model.errors import a, one_of, shown
from plantsim.model.members import MODES
from plantsim.model.plant import Ahead, Constraint, Device, Instrument, Loop, Output, Stream, Unit
from plantsim.model.quantity import RAMP, TIME, parse_eu
from plantsim.model.read_field import find_circle
from plantsim.model.section import ABOVE_0, Section
from plantsim.model.tag import Kind

TYPES = ("PID", "ratio", "override")
FILE_MODES = ("Man", "Auto", "Cascade")
COMMANDS = {Kind.VALVE: "CMD", Kind.VARIABLE_DRIVE: "SPEED_CMD"}
"""The member of a device that a loop may drive."""
MOST_OUTPUTS, MOST_WILD, MOST_CONSTRAINTS = 3, 3, 8
"""Of a loop, in the core."""
BALANCE_S = 60.0
"""In which a ratio taken over goes to its set point, where the file does not say."""


def read_loops(root: Section, instruments: Mapping[str, Instrument], devices: Mapping[str, Device]) -> tuple[Loop, ...]:
    """The loops in the file's order."""
    sections = dict(root.table("loops").children("a loop"))
    for tag, section in sections.items():
        if tag not in instruments:
            raise section.error("", "a loop without an instrument of that name", one_of(instruments, tag))
    loops = {tag: _loop(section, instruments[tag], instruments) for tag, section in sections.items()}
    for tag, loop in loops.items():
        _check_targets(sections[tag], loop, loops, instruments, devices)
        _check_constraints(sections[tag], loop, loops, instruments)
    _check_one_master(sections, loops)
    for tag, instrument in instruments.items():
        ratio = instrument.function is not None and instrument.function.name == "ratio"
        section = Section({}, root.file, f"instruments.{tag}")
        if ratio and (tag not in loops or loops[tag].type != "ratio"):
            raise section.error("function", '"ratio"', f'a loop "{tag}" of type ratio to go with it')
        if not ratio and tag in loops and loops[tag].type == "ratio":
            found = f'"{instrument.function.name}"' if instrument.function else "nothing"
            raise section.error("function", found, '"ratio", as its loop is one')
    return tuple(loops.values())


def check_outputs(
    root: Section,
    loops: Iterable[Loop],
    units: Iterable[Unit],
    streams: Iterable[Stream],
    devices: Mapping[str, Device],
) -> None:
    """Raise PlantError where a loop drives what moves nothing: no stream flows by it and no unit has it."""
    busy = {tag for unit in units for tag in unit.drives.values()} | {stream.device for stream in streams}
    for loop in loops:
        for place, output in enumerate(loop.outputs):
            if output.tag in devices and output.tag not in busy:
                section = Section({}, root.file, f"loops.{loop.tag}")
                found = f'"{output.tag}.{output.member}", which moves nothing'
                allowed = "a device that is the by of a stream or among the drives of a unit"
                raise section.error(f"outputs[{place}].to", found, allowed)


def _loop(section: Section, instrument: Instrument, instruments: Mapping[str, Instrument]) -> Loop:
    type_ = section.text("type", choices=TYPES)
    sp_range = section.span("sp_range", (instrument.low, instrument.high))
    if not instrument.low <= sp_range[0] < sp_range[1] <= instrument.high:
        allowed = f"a range {_range(instrument.low, instrument.high, instrument.eu)}"
        raise section.error("sp_range", shown(section.data["sp_range"]), allowed)
    sp = section.number("sp", low=sp_range[0], high=sp_range[1], eu=instrument.eu)
    mode = FILE_MODES.index(section.text("mode", choices=FILE_MODES))
    ramp = section.quantity("ramp", RAMP, 0.0, low=0.0)
    if type_ == "PID":
        loop = _pid(section, instrument, sp, sp_range, mode, ramp, instruments)
    elif type_ == "ratio":
        wild = section.texts("wild")
        for place, name in enumerate(wild):
            if name not in instruments:
                raise section.error(f"wild[{place}]", shown(name), one_of(instruments, name))
        if len(wild) > MOST_WILD:
            raise section.error("wild", shown(section.data["wild"]), f"at most {MOST_WILD} tags")
        slave = section.text("to", choices=instruments)
        filter_ = section.quantity("filter", TIME, 0.0, low=0.0)
        balance = section.quantity("balance", TIME, BALANCE_S, low=0.0)
        factor = section.number("factor", 1.0)
        if "factor" not in section:
            _check_ratio_unit(section, instrument, [instruments[name] for name in wild], instruments[slave])
        loop = Loop(
            instrument.tag, type_, False, 1.0, 0.0, 0.0, sp, sp_range, mode, ramp=ramp,
            slave=slave, wild=wild, filter=filter_, factor=factor, balance=balance,
        )  # fmt: skip
    else:
        slave = section.text("to", choices=instruments)
        constraints = tuple(_constraint(part) for part in section.tables("constraints"))
        if len(constraints) > MOST_CONSTRAINTS:
            raise section.error("constraints", f"{len(constraints)} of them", f"at most {MOST_CONSTRAINTS}")
        loop = Loop(
            instrument.tag, type_, False, 1.0, 0.0, 0.0, sp, sp_range, mode, ramp=ramp,
            slave=slave, constraints=constraints,
        )  # fmt: skip
    section.end()
    return loop


def _pid(
    section: Section,
    instrument: Instrument,
    sp: float,
    sp_range: tuple[float, float],
    mode: int,
    ramp: float,
    instruments: Mapping[str, Instrument],
) -> Loop:
    op_limits = section.span("op_limits", (0.0, 100.0))
    if not 0.0 <= op_limits[0] < op_limits[1] <= 100.0:
        raise section.error("op_limits", shown(section.data["op_limits"]), "numbers from 0 to 100")
    outputs = tuple(_output(part) for part in section.tables("outputs"))
    if not 1 <= len(outputs) <= MOST_OUTPUTS:
        raise section.error("outputs", f"{len(outputs)} of them" if outputs else "nothing", f"1 to {MOST_OUTPUTS}")
    return Loop(
        instrument.tag,
        "PID",
        section.text("action", choices=("direct", "reverse")) == "direct",
        section.number("gain", low=ABOVE_0, high=1000.0),
        section.quantity("ti", TIME, 0.0, low=0.0),
        section.quantity("td", TIME, 0.0, low=0.0),
        sp,
        sp_range,
        mode,
        section.number("gap", 0.0, 0.0, instrument.high - instrument.low),
        ramp,
        op_limits,
        outputs,
        ahead=_ahead(section, instruments),
    )


def _ahead(section: Section, instruments: Mapping[str, Instrument]) -> Ahead | None:
    part = section.table("feed_forward")
    if "feed_forward" not in section:
        return None
    ahead = Ahead(
        part.text("tag", choices=instruments),
        part.number("gain", low=-1e6, high=1e6),
        part.quantity("lag", TIME, 0.0, low=0.0),
    )
    part.end()
    return ahead


def _output(section: Section) -> Output:
    tag, member = split_member(section, "to", 'a member such as "TV-201A.CMD" or "FIC-201.SP"')
    op = section.span("op", (0.0, 100.0))
    if not 0.0 <= op[0] < op[1] <= 100.0:
        raise section.error("op", shown(section.data["op"]), "numbers from 0 to 100")
    value = section.pair("value", (0.0, 100.0))
    if value[0] == value[1]:
        raise section.error("value", shown(section.data["value"]), "two values that differ")
    section.end()
    return Output(tag, member, op, value)


def split_member(section: Section, key: str, allowed: str) -> tuple[str, str]:
    """``TV-201A.CMD`` in its two parts."""
    text = section.text(key)
    tag, dot, member = text.partition(".")
    if not (tag and dot and member):
        raise section.error(key, shown(text), allowed)
    return tag, member


def _constraint(section: Section) -> Constraint:
    text = section.text("tag")
    tag, _, member = text.partition(".")
    constraint = Constraint(
        tag,
        member or "PV",
        section.number("limit"),
        section.number("gain", low=ABOVE_0, high=1000.0),
        section.quantity("ti", TIME, low=0.0),
        section.text("action", choices=("direct", "reverse")) == "direct",
    )
    section.end()
    return constraint


def _check_ratio_unit(section: Section, ratio: Instrument, wild: list[Instrument], slave: Instrument) -> None:
    """Ratio times wild flow must give the slave's unit; a factor may say otherwise."""
    units = [parse_eu(one.eu) for one in (ratio, wild[0], slave)]
    if any(unit is None or unit.special for unit in units):
        return
    made, flow, wanted = (unit.unit for unit in units if unit is not None)
    product = made * flow
    if product.exponents != wanted.exponents or not math.isclose(product.scale, wanted.scale, rel_tol=1e-9):
        found = f'"{slave.tag}" in {slave.eu}, from {ratio.eu} times {wild[0].eu}'
        raise section.error("to", found, "units that agree, or a factor")
    for other in wild[1:]:
        if other.eu != wild[0].eu:
            raise section.error("wild", f"{wild[0].eu} and {other.eu}", "flows in one unit")


def _check_targets(
    section: Section,
    loop: Loop,
    loops: Mapping[str, Loop],
    instruments: Mapping[str, Instrument],
    devices: Mapping[str, Device],
) -> None:
    """Every output goes to a device's command or a slave's set point, within its range."""
    if loop.slave and loop.slave not in loops:
        raise section.error("to", f'"{loop.slave}", which is no controller', one_of(loops, loop.slave))
    for place, output in enumerate(loop.outputs):
        part = Section({}, section.file, f"{section.path}.outputs[{place}]")
        text = f"{output.tag}.{output.member}"
        if output.tag in devices:
            member = COMMANDS.get(devices[output.tag].kind)
            if member is None:
                found = f'"{text}" of {a(devices[output.tag].kind.value)}'
                raise part.error("to", found, "a valve or a variable drive")
            limits, eu = (0.0, 100.0), "%"
        elif output.tag in loops:
            member, limits, eu = "SP", loops[output.tag].sp_range, instruments[output.tag].eu
        else:
            known = [*(f"{tag}.{COMMANDS[one.kind]}" for tag, one in devices.items() if one.kind in COMMANDS)]
            known += [f"{tag}.SP" for tag in loops]
            raise part.error("to", f'"{text}", where {output.tag} is no device or controller', one_of(known, text))
        if output.member != member:
            raise part.error("to", f'"{text}"', f'"{output.tag}.{member}"')
        if not all(limits[0] <= value <= limits[1] for value in output.value):
            raise part.error("value", f"{output.value[0]:g} to {output.value[1]:g}", f"values {_range(*limits, eu)}")


def _check_constraints(
    section: Section,
    loop: Loop,
    loops: Mapping[str, Loop],
    instruments: Mapping[str, Instrument],
) -> None:
    for place, constraint in enumerate(loop.constraints):
        part = Section({}, section.file, f"{section.path}.constraints[{place}]")
        if constraint.tag not in instruments:
            raise part.error("tag", f'"{constraint.tag}", which is no instrument', one_of(instruments, constraint.tag))
        members = ["PV", "OP"] if constraint.tag in loops else ["PV"]
        if constraint.member not in members:
            allowed = " or ".join(f'"{constraint.tag}.{member}"' for member in members)
            raise part.error("tag", f'"{constraint.tag}.{constraint.member}"', allowed)
        low, high = (instruments[constraint.tag].low, instruments[constraint.tag].high)
        if constraint.member == "OP":
            low, high = 0.0, 100.0
        if not low <= constraint.limit <= high:
            raise part.error("limit", f"{constraint.limit:g}", f"a number {_range(low, high, '')}")


def _check_one_master(sections: Mapping[str, Section], loops: Mapping[str, Loop]) -> None:
    """No device and no set point has two masters; who waits for a master has one; nobody is his own."""
    driven: dict[str, str] = {}
    graph: dict[str, list[str]] = {}
    for tag, loop in loops.items():
        targets = [(f"outputs[{place}].to", f"{one.tag}.{one.member}") for place, one in enumerate(loop.outputs)]
        if loop.slave:
            targets.append(("to", f"{loop.slave}.SP"))
        for key, target in targets:
            if target in driven:
                found = f'"{target}", which {driven[target]} drives already'
                raise sections[tag].error(key, found, "what no other loop drives")
            driven[target] = tag
            graph.setdefault(tag, []).append(target.partition(".")[0])
    circle = find_circle(graph)
    if circle:
        key = "to" if loops[circle[0]].slave else "outputs"
        raise sections[circle[0]].error(key, f"the circle {' > '.join(circle)}", "no circles")
    for tag, loop in loops.items():
        if MODES[loop.mode] == "Cascade" and f"{tag}.SP" not in driven:
            raise sections[tag].error("mode", '"Cascade"', "Man or Auto, as no loop drives its set point")


def _range(low: float, high: float, eu: str) -> str:
    return f"from {low:g} to {high:g} {eu}".rstrip()
