"""The instructor's display: the run, states to go back to, what goes wrong, and what is practised."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Container

from hmi.screens.listdisplay import ListDisplay
from hmi.view import View
from hmi.widgets.instructor import InjectedList, MalfunctionList, RunControl, ScenarioList, SnapshotList

WIDE = 120
"""Columns from which what is injected and the snapshots stand side by side."""


class Instructor(ListDisplay):
    """Run control, injected malfunctions, snapshots and all malfunctions; Tab leads from list to list.

    The scenarios have the malfunctions' place while the cursor is in them.
    """

    NAME = "instructor"
    DEFAULT_CSS = """
    Instructor #upper { layout: vertical; }
    Instructor.-wide #upper { layout: horizontal; }
    Instructor InjectedList, Instructor SnapshotList { width: 1fr; }
    Instructor.-wide InjectedList { width: 3fr; }
    Instructor.-wide SnapshotList { width: 2fr; }
    Instructor MalfunctionList, Instructor ScenarioList { height: 1fr; }
    """

    def __init__(self, view: View) -> None:
        self._run = RunControl(view)
        self._injected = InjectedList(view)
        self._snapshots = SnapshotList(view)
        self._malfunctions = MalfunctionList(view)
        self._scenarios = ScenarioList(view)
        self._scenarios.display = False
        super().__init__(view, self._malfunctions)
        self._upper = Container(self._injected, self._snapshots, id="upper")
        self._lists = (self._malfunctions, self._injected, self._snapshots, self._scenarios)
        self._header.instructing = True

    def body(self) -> ComposeResult:
        yield self._run
        yield self._upper
        yield self._malfunctions
        yield self._scenarios

    def turns(self) -> str:
        return "next-choice"

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
        """The next list; that of the scenarios where there are some."""
        count = len(self._lists) if self.view.facts.scenarios else len(self._lists) - 1
        self._turn_to((self._lists.index(self.listing) + 1) % count)

    def _turn_to(self, index: int) -> None:
        self.listing = self._lists[index]
        self._scenarios.display = self.listing is self._scenarios
        self._malfunctions.display = not self._scenarios.display
        self.listing.settle()
        self.paint(force=True)

    def action_choose(self, kind: str) -> None:
        """Turn to the list whose head was clicked."""
        self._turn_to(next(index for index, one in enumerate(self._lists) if kind == one.KIND))

    def action_speed_to(self, speed: str) -> None:
        """The speed that was clicked."""
        self.operations.speed_to(self.line, float(speed))

    def action_filter(self) -> None:
        """The malfunctions are filtered, or the scenarios where they are shown; wherever the cursor is."""
        self._turn_to(self._lists.index(self._scenarios) if self._scenarios.display else 0)
        super().action_filter()

    def action_pick(self) -> None:
        """Inject what is picked, clear it, go on from it or begin it; each asks first."""
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
