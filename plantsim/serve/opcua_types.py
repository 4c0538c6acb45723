"""Types of our own: what an area, a unit, a loop, an analyser, a valve, a motor or an interlock has.

Each is a subtype of BaseObjectType with instance declarations for its members, and what the plant file makes is an
instance of one of them: whatever is mandatory is there, and what is there is declared (OPC 10000-3, 6.4).
"""

from __future__ import annotations

from dataclasses import dataclass

from asyncua import ua

from plantsim.model.tag import Kind
from plantsim.serve.opcua_nodes import Id, NodeBatch


@dataclass(frozen=True, slots=True)
class Member:
    """A variable of a type, or a property. type: of the variable; instances may have a subtype of it."""

    name: str
    data_type: int
    type: int
    text: str
    mandatory: bool = True
    array: bool = False


@dataclass(frozen=True, slots=True)
class ObjectType:
    """A type. base: of ours that it is a subtype of, empty for BaseObjectType."""

    name: str
    text: str
    members: tuple[Member, ...] = ()
    base: str = ""
    abstract: bool = False


def _number(name: str, text: str, mandatory: bool = True) -> Member:
    return Member(name, Id.Double, Id.DataItemType, text, mandatory)


def _switch(name: str, text: str, mandatory: bool = True) -> Member:
    return Member(name, Id.Boolean, Id.TwoStateDiscreteType, text, mandatory)


def _choice(name: str, text: str, mandatory: bool = True) -> Member:
    return Member(name, Id.UInt16, Id.BaseDataVariableType, text, mandatory)


def _property(name: str, data_type: int, text: str, array: bool = False) -> Member:
    return Member(name, data_type, Id.PropertyType, text, array=array)


AREA, UNIT, PLANT = "AreaType", "UnitType", "PlantType"
TAG, INSTRUMENT = "TagType", "InstrumentType"

_PV = _number("PV", "Process value")
_LIMITS = tuple(
    _number(name, text, mandatory=False)
    for name, text in (
        ("HH", "Limit of the alarm high-high"),
        ("H", "Limit of the alarm high"),
        ("L", "Limit of the alarm low"),
        ("LL", "Limit of the alarm low-low"),
        ("NormalLow", "Lower end of what is normal"),
        ("NormalHigh", "Upper end of what is normal"),
    )
)


def _sampled(mandatory: bool) -> tuple[Member, ...]:
    return (
        Member("SampleTime", Id.DateTime, Id.BaseDataVariableType, "When the sample of PV was taken", mandatory),
        _number("NextResult", "Time until the next result", mandatory),
        _choice("State", "In service, calibrating, out of service or failed", mandatory),
        _switch("CAL", "Calibrate", mandatory),
        _switch("OOS", "Take out of service", mandatory),
    )


TYPES = (
    ObjectType(
        PLANT,
        "A plant: areas in flow order",
        (
            _property("Title", Id.String, "Its name"),
            _property("Products", Id.String, "What it makes", array=True),
            _property("Manual", Id.String, "Operating manual, Markdown"),
        ),
    ),
    ObjectType(AREA, "A section of a plant: units in flow order", (_property("Number", Id.UInt16, "Of its tags"),)),
    ObjectType(UNIT, "A unit operation: its tags, and where its streams go"),
    ObjectType(TAG, "What has a tag", (_property("Kind", Id.String, "What it is"),), abstract=True),
    ObjectType(INSTRUMENT, "What has a process value and its limits", (_PV, *_LIMITS), TAG, abstract=True),
    ObjectType("TransmitterType", "A transmitter", base=INSTRUMENT),
    ObjectType("AnalyserType", "An analyser: takes samples, and tells later", _sampled(mandatory=True), INSTRUMENT),
    ObjectType(
        "LoopType",
        "A controller with its measurement",
        (
            _number("SP", "Set point"),
            _number("OP", "Output"),
            _choice("MODE", "Manual, automatic, cascade or external"),
            _number("Gain", "Proportional gain"),
            _number("Ti", "Integral time"),
            _number("Td", "Derivative time"),
            Member("Limit", Id.String, Id.BaseDataVariableType, "Tag of the constraint in force", mandatory=False),
            *_sampled(mandatory=False),
        ),
        INSTRUMENT,
    ),
    ObjectType("CalculationType", "A value that is calculated", base=INSTRUMENT),
    ObjectType("ValveType", "A valve", base=TAG, abstract=True),
    ObjectType(
        "ControlValveType",
        "A valve with a positioner",
        (_number("CMD", "Command"), _number("POS", "Position")),
        "ValveType",
    ),
    ObjectType(
        "OnOffValveType",
        "A valve that is open or closed",
        (_switch("CMD", "Command"), _switch("OPENED", "Limit switch open"), _switch("CLOSED", "Limit switch closed")),
        "ValveType",
    ),
    ObjectType(
        "MotorType",
        "A drive of one speed",
        (_switch("CMD", "Command"), _switch("RUN", "Runs"), _switch("TRIP", "Has tripped")),
        TAG,
    ),
    ObjectType(
        "VariableSpeedMotorType",
        "A drive with a frequency converter",
        (_number("SPEED_CMD", "Speed wanted"), _number("SPEED", "Speed")),
        "MotorType",
    ),
    ObjectType("SwitchType", "A switch of the field or of the hand", (_switch("STATE", "Position"),), TAG),
    ObjectType(
        "InterlockType",
        "An interlock",
        (
            _switch("TRIPPED", "Has tripped"),
            _switch("FIRST_OUT", "Tripped first of all"),
            _switch("BYPASS", "Is bypassed"),
            _switch("RESET", "Reset: a pulse"),
        ),
        TAG,
    ),
    ObjectType(
        "SequenceType",
        "A sequence of steps",
        (
            _choice("CMD", "Start, hold, resume or abort; reads back 0"),
            _choice("STATE", "Idle, running, held, aborting or complete"),
            _choice("STEP", "Number of the step"),
            _number("STEP_TIME", "Time in the step"),
            _property("Permits", Id.String, "Comparisons without which it does not start", array=True),
            _property("Repeats", Id.Boolean, "Whether the first step follows the last"),
            _property("StepTitles", Id.String, "What each step is about", array=True),
            _property("StepActions", Id.String, "What each step does", array=True),
            _property("StepChecks", Id.String, "Comparisons that each step waits for", array=True),
            _property("StepEnds", Id.String, "Comparisons of which any one ends a step, too", array=True),
            _property("StepNeeds", Id.String, "Comparisons without which a step is passed over", array=True),
            _property("StepDwells", Id.Double, "Time for which a step's checks must hold, s", array=True),
            _property("StepLimits", Id.Double, "Time after which a step holds, s; 0 for never", array=True),
        ),
        TAG,
    ),
    ObjectType("ProfileType", "Concentrations along a circuit: arrays, of which there are as many as metals", base=TAG),
)

TYPE_OF = {
    Kind.TRANSMITTER: "TransmitterType",
    Kind.ANALYSER: "AnalyserType",
    Kind.CONTROLLER: "LoopType",
    Kind.VALVE: "ControlValveType",
    Kind.ON_OFF_VALVE: "OnOffValveType",
    Kind.DRIVE: "MotorType",
    Kind.VARIABLE_DRIVE: "VariableSpeedMotorType",
    Kind.SWITCH: "SwitchType",
    Kind.SEQUENCE: "SequenceType",
    Kind.INTERLOCK: "InterlockType",
    Kind.CALCULATION: "CalculationType",
    Kind.PROFILE: "ProfileType",
}
"""Types of tag objects by kind."""


def build(batch: NodeBatch) -> None:
    """Put the types into ``batch``, before what is of them."""
    for one in TYPES:
        base = batch.id(one.base) if one.base else ua.NodeId(Id.BaseObjectType)
        node = batch.object_type(one.name, base, description=one.text, abstract=one.abstract)
        for member in one.members:
            is_property = member.type == Id.PropertyType
            declared = batch.variable(
                f"{one.name}.{member.name}",
                node,
                ua.Variant(None, ua.VariantType.Null, is_array=member.array),
                browse_name=ua.QualifiedName(member.name, batch.namespace),
                data_type=member.data_type,
                description=member.text,
                type_=member.type,
                reference=Id.HasProperty if is_property else Id.HasComponent,
            )
            rule = Id.ModellingRule_Mandatory if member.mandatory else Id.ModellingRule_Optional
            batch.point(declared, ua.NodeId(Id.HasModellingRule), ua.NodeId(rule))
