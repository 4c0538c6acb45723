"""The alarm book against a model written from ISA-18.2's state diagram, with one name for each state and no bits."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from plantsim.alarms.book import AlarmBook, Rule
from plantsim.alarms.states import UNCONFIRMED, AlarmState, isa_state

WENT, CAME, SUPPRESS, RELEASE = range(4)
LONGEST = 40


class Model:
    """One alarm: what is shown follows from who keeps it quiet and from where annunciation stands."""

    def __init__(self) -> None:
        self.present = False
        self.by_design = self.by_hand = self.out = self.disabled = False
        self.shelf: int | None = None
        self.once = False
        self.place = AlarmState.NORMAL
        self.to_confirm = False
        self.annunciated = 0

    @property
    def quiet(self) -> bool:
        return self.by_design or self.by_hand or self.out or self.disabled or self.shelf is not None

    @property
    def shown(self) -> AlarmState:
        if self.out or self.disabled:
            return AlarmState.OUT_OF_SERVICE
        if self.by_design or self.by_hand:
            return AlarmState.SUPPRESSED
        return AlarmState.SHELVED if self.shelf is not None else self.place

    def hush(self) -> None:
        self.place = AlarmState.ACKED if self.present else AlarmState.NORMAL
        self.to_confirm = False

    def surface(self) -> None:
        """Nothing keeps it quiet any more, or less does."""
        if self.quiet:
            return
        if self.present:
            self.place = AlarmState.UNACK
            self.to_confirm = False
            self.annunciated += 1
        else:
            self.place = AlarmState.NORMAL

    def come(self) -> None:
        self.present = True
        if self.quiet:
            self.hush()
        else:
            self.surface()

    def go(self) -> None:
        self.present = False
        if self.place is AlarmState.UNACK:
            self.place = AlarmState.RTN_UNACK
        elif self.place is AlarmState.ACKED:
            self.place = AlarmState.NORMAL
        if self.once:
            self.unshelve()

    def unshelve(self) -> None:
        self.shelf, self.once = None, False
        self.surface()

    def tick(self, scan: int) -> None:
        if self.shelf is not None and self.shelf <= scan:
            self.unshelve()


class AlarmBookAgreesWithTheDiagram(RuleBasedStateMachine):
    """Random lives of one alarm among others that stay quiet."""

    @initialize(confirm=st.booleans())
    def begin(self, confirm: bool) -> None:
        self.book = AlarmBook([Rule("g", confirm, LONGEST)] * 3)
        self.confirm, self.model, self.scan = confirm, Model(), 0

    @rule(scans=st.integers(1, 30))
    def time_passes(self, scans: int) -> None:
        self.scan += scans
        self.book.apply([], self.scan)
        self.model.tick(self.scan)

    @rule()
    def condition_turns(self) -> None:
        if self.model.by_design:
            return  # the core holds it back
        self.scan += 1
        self.book.apply([(self.scan, 1, WENT if self.model.present else CAME)], self.scan)
        self.model.tick(self.scan)
        if self.model.present:
            self.model.go()
        else:
            self.model.come()

    @rule()
    def design_turns(self) -> None:
        self.scan += 1
        went = [(self.scan, 1, WENT)] if self.model.present and not self.model.by_design else []
        what = RELEASE if self.model.by_design else SUPPRESS
        self.book.apply([*went, (self.scan, 1, what)], self.scan)
        self.model.tick(self.scan)
        if went:
            self.model.go()
        self.model.by_design = not self.model.by_design
        if self.model.by_design:
            self.model.hush()
        elif not self.model.by_hand:
            self.model.surface()

    @rule()
    def acknowledge(self) -> None:
        waiting = not self.model.quiet and self.model.place in (AlarmState.UNACK, AlarmState.RTN_UNACK)
        assert self.book.acknowledge(1, self.scan) == waiting
        if waiting:
            self.model.place = AlarmState.ACKED if self.model.present else AlarmState.NORMAL
            self.model.to_confirm = self.confirm

    @rule()
    def confirm_response(self) -> None:
        assert self.book.confirm(1, self.scan) == self.model.to_confirm
        self.model.to_confirm = False

    @rule(scans=st.integers(-1, LONGEST + 5))
    def shelve(self, scans: int) -> None:
        timed = self.model.shelf is not None and not self.model.once
        allowed = 0 < scans <= LONGEST and not timed
        assert self.book.shelve(1, self.scan, scans) == allowed
        if allowed:
            self.model.shelf, self.model.once = self.scan + scans, False
            self.model.hush()

    @rule()
    def shelve_once(self) -> None:
        allowed = not self.model.once
        assert self.book.shelve_once(1, self.scan) == allowed
        if allowed:
            self.model.shelf, self.model.once = self.scan + LONGEST, True
            self.model.hush()

    @rule()
    def unshelve(self) -> None:
        shelved = self.model.shelf is not None
        assert self.book.unshelve(1, self.scan) == shelved
        if shelved:
            self.model.unshelve()

    @rule(on=st.booleans())
    def suppress(self, on: bool) -> None:
        done = self.book.suppress(1, self.scan) if on else self.book.unsuppress(1, self.scan)
        assert done == (self.model.by_hand != on)
        if not done:
            return
        self.model.by_hand = on
        if on:
            self.model.hush()
        elif not self.model.by_design:
            self.model.surface()

    @rule(on=st.booleans())
    def service(self, on: bool) -> None:
        done = self.book.return_(1, self.scan) if on else self.book.take_out(1, self.scan)
        assert done == (self.model.out == on)
        if done:
            self.model.out = not on
            if on:
                self.model.surface()
            else:
                self.model.hush()

    @rule(on=st.booleans())
    def enable(self, on: bool) -> None:
        done = self.book.enable(1, self.scan) if on else self.book.disable(1, self.scan)
        assert done == (self.model.disabled == on)
        if done:
            self.model.disabled = not on
            if on:
                self.model.surface()
            else:
                self.model.hush()

    @rule()
    def save_and_restore(self) -> None:
        arrays, annunciated = self.book.arrays(), self.book.annunciated
        self.book = AlarmBook([Rule("g", self.confirm, LONGEST)] * 3)
        self.book.restore(arrays)
        self.book.annunciated = annunciated

    @invariant()
    def they_agree(self) -> None:
        if not hasattr(self, "model"):
            return
        bits = int(self.book.states()[1])
        assert isa_state(bits) is self.model.shown
        assert bool(bits & UNCONFIRMED) == self.model.to_confirm
        assert self.book.annunciated == self.model.annunciated
        assert self.book.states()[[0, 2]].tolist() == [0, 0]


AlarmBookAgreesWithTheDiagram.TestCase.settings = settings(
    derandomize=True, deadline=None, max_examples=200, stateful_step_count=40
)
TestAlarmBook = AlarmBookAgreesWithTheDiagram.TestCase
