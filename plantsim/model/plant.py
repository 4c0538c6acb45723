"""A plant as its file describes it. Process quantities are in SI; what belongs to an instrument is in its eu."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from plantsim.chemistry.chemistry import Chemistry
from plantsim.model.malfunction import Malfunctions
from plantsim.model.tag import Kind, Role

WATCHDOG_S = 2.0


@dataclass(frozen=True, slots=True)
class Area:
    """number: the hundred of its tags.

    watchdog: s without a change of its PLC's heartbeat after which that is lost. heartbeat: tag of the switch that says
    so, which has an alarm; empty without one.
    """

    id: str
    number: int
    title: str
    watchdog: float = WATCHDOG_S
    heartbeat: str = ""


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit operation.

    kind: a name of ``KINDS``. parameters, initial: by name as the kind lists them, in SI (plain numbers as they are,
    liquors in mol/L, solids in mol), None where an optional one is absent.
    drives: role -> device.
    """

    id: str
    area: str
    kind: str
    title: str
    parameters: Mapping[str, Any]
    initial: Mapping[str, Any]
    drives: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Stream:
    """What flows from one unit to another, or with an empty ``target_unit`` out of the plant.

    device: that sets the flow, empty where the unit itself does. capacity: at its full opening, m3/s of liquid or kg/s
    of powder, None without a device. head: gravity outflow, capacity at full level. through: a shut-off valve
    in the line.
    """

    id: str
    title: str
    source_unit: str
    source_port: str
    target_unit: str
    target_port: str
    device: str
    capacity: float | None
    head: bool
    through: str = ""


@dataclass(frozen=True, slots=True)
class Loss:
    """What an output does when its PLC falls silent: ``hold``, ``fail`` position, or ``ramp`` to %, over s."""

    policy: str = "hold"
    to: float = 0.0
    over: float = 0.0


@dataclass(frozen=True, slots=True)
class Standby:
    """What makes a drive the standby of another.

    machine: the drive beside which it stands. selector: hand switch that gives this one the duty, empty without one.
    delay: s that the duty machine may be without its run report before the other is called.
    """

    machine: str
    selector: str
    delay: float


@dataclass(frozen=True, slots=True)
class Device:
    """A valve, drive or switch. stroke: s of full travel or of a drive's ramp. power: W at full output.

    initial: % of a valve or variable drive, 1 or 0 of what is on or off. loss: under external control. supply: the unit
    whose battery carries a drive without mains, or the header that a valve takes from. draw: m3/s, or Nm3/s of a gas,
    that it takes of that at full opening. contact: what a field switch shows. moved_by: the hydraulic pack without
    which an on/off valve stays where it is.
    """

    tag: str
    kind: Kind
    unit: str
    title: str
    stroke: float
    fail: str
    initial: float
    power: float
    loss: Loss = Loss()
    standby: Standby | None = None
    supply: str = ""
    contact: Measurement | None = None
    moved_by: str = ""
    draw: float = 0.0

    @property
    def hand(self) -> bool:
        """Whether it is a switch that the operator turns."""
        return self.kind is Kind.SWITCH and self.tag.startswith("HS")


@dataclass(frozen=True, slots=True)
class Measurement:
    """A probe of a unit or of a stream: temperature, conc(Dy, Tb). scale, offset: eu = scale probe + offset."""

    source: str
    stream: bool
    probe: str
    scale: float
    offset: float


@dataclass(frozen=True, slots=True)
class Function:
    """A calculation of other PVs: max, average, copy, or ratio (made by the loop). time: s.

    An estimate is the first input, of a falling one its negative, and a bias that goes after the second in that time.
    """

    name: str
    inputs: tuple[str, ...]
    time: float = 0.0


@dataclass(frozen=True, slots=True)
class Sampling:
    """How an analyser works: s between samples (0: continuous), s from sample to result.

    phase: s, when its turn comes in the round of an analyser of several streams. shared: the instrument by which that
    analyser is put out of service and calibrated; empty where it has no other stream.
    """

    sample: float
    delay: float
    phase: float = 0.0
    shared: str = ""


@dataclass(frozen=True, slots=True)
class Instrument:
    """A transmitter, analyser or calculation; exactly one of ``measures`` and ``function`` is there.

    low, high: range, eu. normal: band of the PV, eu. lag: s. noise: one sigma, eu. sampling: of an analyser.
    wired: to the I/O rack of its area.
    """

    tag: str
    unit: str
    title: str
    eu: str
    low: float
    high: float
    normal: tuple[float, float] | None
    measures: Measurement | None
    function: Function | None
    lag: float
    noise: float
    sampling: Sampling | None
    wired: bool


@dataclass(frozen=True, slots=True)
class Output:
    """Where a PID's output goes: OP from op[0] to op[1] % becomes value[0] to value[1], in % or in the slave's eu."""

    tag: str
    member: str
    op: tuple[float, float]
    value: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Constraint:
    """A value that an override controller keeps on its side of a limit (eu of the tag). ti: s. direct: act above it."""

    tag: str
    member: str
    limit: float
    gain: float
    ti: float
    direct: bool


@dataclass(frozen=True, slots=True)
class Ahead:
    """What a loop feeds forward: gain times the PV of a tag, in % of output per eu of that, behind a lag in s."""

    tag: str
    gain: float
    lag: float


@dataclass(frozen=True, slots=True)
class Loop:
    """What makes the instrument of the same tag a controller.

    direct: OP rises with PV. gain: % of output per % of PV span. ti, td: s, ti 0 without integral action. mode: 0 Man,
    1 Auto, 2 Cascade. sp_range, gap: eu. ramp: eu/s, 0 none. op_limits: %. slave: the loop whose SP a ratio or override
    sets. wild: PVs that a ratio multiplies, summed and filtered over ``filter`` s; factor: slave SP = factor SP wild.
    balance: s in which a ratio that is taken over goes from what is there to its set point.
    """

    tag: str
    type: str
    direct: bool
    gain: float
    ti: float
    td: float
    sp: float
    sp_range: tuple[float, float]
    mode: int
    gap: float = 0.0
    ramp: float = 0.0
    op_limits: tuple[float, float] = (0.0, 100.0)
    outputs: tuple[Output, ...] = ()
    slave: str = ""
    wild: tuple[str, ...] = ()
    filter: float = 0.0
    factor: float = 1.0
    balance: float = 0.0
    constraints: tuple[Constraint, ...] = ()
    ahead: Ahead | None = None


@dataclass(frozen=True, slots=True)
class Condition:
    """A comparison with a member's value: relation is one of = < >, or ``bad`` where its quality is meant."""

    tag: str
    member: str
    relation: str
    value: float


@dataclass(frozen=True, slots=True)
class Conditions:
    """Comparisons that must all hold, or one of which must."""

    terms: tuple[Condition, ...]
    all: bool


@dataclass(frozen=True, slots=True)
class Alarm:
    """A rationalised alarm.

    limit, deadband: eu (ROC: eu/min, STALE: s); limit is nan where the condition has none. Delays in s. cause: what
    may have raised it, the likeliest first, and where to look. against: the other reading of a DEV that is not against
    a set point. window: s over which a rate is taken.
    """

    tag: str
    condition: str
    limit: float
    deadband: float
    on_delay: float
    off_delay: float
    priority: int
    class_: str
    cause: str
    consequence: str
    response: str
    respond_min: float
    suppressed_when: Conditions | None
    against: str = ""
    window: float = 0.0


@dataclass(frozen=True, slots=True)
class AlarmClass:
    """What alarms of a class have in common. confirm: the response must be confirmed. longest_shelving: s."""

    confirm: bool = False
    longest_shelving: float = 8.0 * 3600.0


@dataclass(frozen=True, slots=True)
class Action:
    """A member gets a value (eu), at once or, with a rate, in eu/s."""

    tag: str
    member: str
    value: float
    rate: float = 0.0


@dataclass(frozen=True, slots=True)
class Step:
    """Of a sequence: does its actions, ends when all checks have held for ``dwell`` s, and holds after ``most`` s.

    ends: checks of which any one ends it, too. unless: it is passed over unless all of these hold when it is its turn.
    """

    title: str
    actions: tuple[Action, ...]
    checks: tuple[Condition, ...]
    dwell: float
    most: float
    on_hold: tuple[Action, ...]
    on_abort: tuple[Action, ...]
    ends: tuple[Condition, ...] = ()
    unless: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Sequence:
    """Steps one after the other. permits: without which it does not start. complete, running: as which the plant file
    has it, idle without. repeat: whether the first step follows the last. cold_complete: in a plant that starts cold.
    """

    tag: str
    unit: str
    title: str
    permits: tuple[Condition, ...]
    steps: tuple[Step, ...]
    complete: bool = False
    repeat: bool = False
    running: bool = False
    cold_complete: bool = False


@dataclass(frozen=True, slots=True)
class Task:
    """A step that somebody carries out; checks: which show that it is done, once they all hold."""

    title: str
    text: str
    checks: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Procedure:
    """Steps for people, one after the other. when: what it is for, and when to begin it."""

    id: str
    title: str
    when: str
    steps: tuple[Task, ...]


@dataclass(frozen=True, slots=True)
class Effect:
    """What an interlock does to a device. verb: STOP, START, LOCK, OPEN, CLOSE, or % with a value of 0..100."""

    tag: str
    verb: str
    value: float = 0.0


@dataclass(frozen=True, slots=True)
class Interlock:
    """A row of the cause-and-effect matrix.

    group: of which the first to trip is the first out. when: comparisons (``bad`` is one too), ``votes`` of which make
    the cause once they have lasted ``delay`` s; deadband: eu. latched: stays until it is reset. bypass_role: None where
    it must not be bypassed. bypass_time: s after which a bypass ends.
    """

    tag: str
    unit: str
    title: str
    group: str
    when: tuple[Condition, ...]
    votes: int
    deadband: float
    delay: float
    latched: bool
    reset_role: Role
    bypass_role: Role | None
    bypass_time: float
    effects: tuple[Effect, ...]


@dataclass(frozen=True, slots=True)
class Product:
    """An oxide or mixture of oxides, or what is sold by its content of them.

    elements: that count as product. spec_pct: least purity, % of oxide. most_loss_pct: on ignition, % by mass.
    graded_by: what purity is a share of: ``oxide``, what is left on ignition, or ``mass``, all that is sold.
    """

    name: str
    elements: tuple[str, ...]
    hopper: str
    spec_pct: float
    byproduct: bool
    most_loss_pct: float = 1.0
    graded_by: str = "oxide"


def purity_analyser(place: int) -> str:
    """Tag of the purity analyser of a product, counted from 0; the same in every plant."""
    return f"AI-{701 + place}"


@dataclass(frozen=True, slots=True)
class Divert:
    """A divert valve that sends a product off spec to its drum, unless the hand switch is on.

    analyser: of the product's purity. limit: least purity, eu of the analyser. good_results: in a row that open it.
    """

    valve: str
    hand: str
    analyser: str
    limit: float
    good_results: int


@dataclass(frozen=True, slots=True)
class Feed:
    """What is tipped into a bin. composition: species -> wt %. lots: as ``Plant.feed_lots``."""

    composition: Mapping[str, float]
    lots: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Plant:
    """All of a plant file, in its order, units in that of their areas.

    feed: species -> wt %. feed_lots: way in which lots differ -> one sigma in % of what the feed has of it. feeds: bin
    -> its own feed, where that is another. cold_is_empty: whether a cold start is from empty vessels, else from what
    the file has in them. empty: this one's are, see model/cold.py.
    sha256: of the plant file and its chemistry file, by which snapshots are keyed.
    """

    name: str
    title: str
    path: Path
    chemistry: Chemistry = field(repr=False)
    feed: Mapping[str, float]
    feed_lots: Mapping[str, float]
    feeds: Mapping[str, Feed]
    areas: tuple[Area, ...]
    units: tuple[Unit, ...]
    streams: tuple[Stream, ...]
    devices: tuple[Device, ...]
    instruments: tuple[Instrument, ...]
    loops: tuple[Loop, ...]
    alarms: tuple[Alarm, ...]
    sequences: tuple[Sequence, ...]
    procedures: tuple[Procedure, ...]
    interlocks: tuple[Interlock, ...]
    alarm_classes: Mapping[str, AlarmClass]
    malfunctions: Malfunctions
    products: tuple[Product, ...]
    sha256: str
    cold_is_empty: bool = False
    empty: bool = False

    def feed_of(self, bin_: str) -> Feed:
        """What is tipped into a feed bin; without a bin, the feed of those that have none of their own."""
        return self.feeds.get(bin_) or Feed(self.feed, self.feed_lots)

    def with_even_lots(self) -> Plant:
        """The plant with feeds whose lots do not differ."""
        even = {bin_: replace(feed, lots={}) for bin_, feed in self.feeds.items()}
        return replace(self, feed_lots={}, feeds=MappingProxyType(even))

    @property
    def diverts(self) -> tuple[Divert, ...]:
        """The divert valves of all products, each by the purity analyser of its product: AI-701 of the first."""
        return tuple(
            Divert(
                hopper.drives["divert"],
                hopper.drives["hand"],
                purity_analyser(place),
                product.spec_pct,
                int(hopper.parameters["good_results"]),
            )
            for place, product in enumerate(self.products)
            for hopper in (self.unit(product.hopper),)
            if "divert" in hopper.drives
        )

    def area(self, id_: str) -> Area:
        """The area of that id."""
        return next(area for area in self.areas if area.id == id_)

    def unit(self, id_: str) -> Unit:
        """The unit of that id."""
        return next(unit for unit in self.units if unit.id == id_)

    def loop(self, tag: str) -> Loop | None:
        """The loop of that tag, if its instrument is a controller."""
        return next((loop for loop in self.loops if loop.tag == tag), None)

    def kind_of(self, instrument: Instrument) -> Kind:
        """The class of tag object that an instrument is."""
        if self.loop(instrument.tag) is not None:
            return Kind.CONTROLLER
        if instrument.function is not None:
            return Kind.CALCULATION
        return Kind.ANALYSER if instrument.sampling is not None else Kind.TRANSMITTER
