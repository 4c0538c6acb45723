"""The instructor's display: the run, states to go back to, what goes wrong, what the field does, what is practised."""

from __future__ import annotations

from textual.app import ComposeResult

from hmi.screens.listdisplay import ListDisplay
from hmi.view import View
from hmi.widgets.boxes import Box
from hmi.widgets.instructor import FieldList, InjectedList, MalfunctionList, RunControl, ScenarioList, SnapshotList
from hmi.widgets.listing import Listing

WIDE = 120
"""Columns from which what is injected and the snapshots stand side by side."""


class Instructor(ListDisplay):
    """Run control, injected malfunctions, snapshots and all malfunctions; Tab leads from list to list.

    What the field operator can do, and the scenarios, have the malfunctions' place while the cursor is in them.
    """

    NAME = "instructor"
    DEFAULT_CSS = """
    Instructor #upper { layout: vertical; }
    Instructor.-wide #upper { layout: horizontal; }
    Instructor InjectedList, Instructor SnapshotList { width: 1fr; }
    Instructor.-wide InjectedList { width: 3fr; }
    Instructor.-wide SnapshotList { width: 2fr; }
    Instructor MalfunctionList, Instructor FieldList, Instructor ScenarioList { height: 1fr; }
    """

    def __init__(self, view: View) -> None:
        self._run = RunControl(view)
        self._injected = InjectedList(view)
        self._snapshots = SnapshotList(view)
        self._malfunctions = MalfunctionList(view)
        self._field = FieldList(view)
        self._scenarios = ScenarioList(view)
        self._field.display = self._scenarios.display = False
        super().__init__(view, self._malfunctions)
        self._upper = Box(self._injected, self._snapshots, id="upper")
        self._lists = (self._malfunctions, self._injected, self._snapshots, self._field, self._scenarios)
        self._lower = (self._malfunctions, self._field, self._scenarios)
        """Of which one is shown."""
        self._header.instructing = True

    def body(self) -> ComposeResult:
        yield self._run
        yield self._upper
        yield from self._lower

    def heading(self) -> str:
        return f"INSTRUCTOR{self.filtered()}"

    def fit(self, width: int, height: int) -> None:
        wide = width >= WIDE
        self.set_class(wide, "-wide")
        room = height - 3
        upper = max(6, min(16, room // 3)) if wide else 11
        self._upper.styles.height = upper
        self._injected.styles.height = upper if wide else 6
        self._snapshots.styles.height = upper if wide else 5

    def paint(self, force: bool = False) -> None:
        for one in self._lists:
            one.active = one is self.listing
        super().paint(force)

    def action_next_view(self) -> None:
        """The next list; those of the field operator and of the scenarios where there is something in them."""
        facts = self.view.facts
        there = {self._field: bool(facts.actions), self._scenarios: bool(facts.scenarios)}
        lists = [one for one in self._lists if there.get(one, True)]
        at = lists.index(self.listing) if self.listing in lists else -1
        self._turn_to(lists[(at + 1) % len(lists)])

    def _turn_to(self, listing: Listing) -> None:
        self.listing = listing
        shown = listing if listing in self._lower else self._malfunctions
        for one in self._lower:
            one.display = one is shown
        self.listing.settle()
        self.paint(force=True)

    def action_filter(self) -> None:
        """The malfunctions are filtered, or what is shown in their place; wherever the cursor is."""
        self._turn_to(next(one for one in self._lower if one.display))
        super().action_filter()

    def action_pick(self) -> None:
        """Inject what is picked, clear it, go on from it, have it done or begin it; each asks first."""
        cursor = self.view.cursor
        if cursor is None:
            return
        self.listing = next((one for one in self._lists if cursor.kind == one.KIND), self.listing)
        if cursor.kind == "malfunction":
            self.operations.instruct.inject(self.line, cursor.id)
        elif cursor.kind == "injected":
            self.operations.instruct.clear(self.line, cursor.id)
        elif cursor.kind == "snapshot":
            self.operations.instruct.restore(self.line, cursor.id)
        elif cursor.kind == "field":
            self.operations.instruct.do_in_field(self.line, cursor.id)
        elif cursor.kind == "scenario":
            self.operations.instruct.begin(self.line, cursor.id)
        self.paint(force=True)

    def action_clear_all(self) -> None:
        """Mend everything."""
        self.operations.instruct.clear_all(self.line)

    def action_save_state(self) -> None:
        """Keep the present state under a name."""
        self.operations.instruct.save(self.line)

    def action_backtrack(self) -> None:
        """Go back by minutes of plant time."""
        self.operations.instruct.backtrack(self.line)

    def action_set_speed(self) -> None:
        """Any speed, by its number."""
        self.operations.instruct.speed(self.line)

    def action_message(self) -> None:
        """Tell the trainee something."""
        self.operations.instruct.message(self.line)
