"""The instructor's display: the run, states to go back to, and what goes wrong."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Container

from hmi.screens.listdisplay import ListDisplay
from hmi.view import View
from hmi.widgets.instructor import InjectedList, MalfunctionList, RunControl, SnapshotList

WIDE = 120
"""Columns from which what is injected and the snapshots stand side by side."""


class Instructor(ListDisplay):
    """Run control, injected malfunctions, snapshots and all malfunctions; Tab leads from list to list."""

    NAME = "instructor"
    DEFAULT_CSS = """
    Instructor #upper { layout: vertical; }
    Instructor.-wide #upper { layout: horizontal; }
    Instructor InjectedList, Instructor SnapshotList { width: 1fr; }
    Instructor.-wide InjectedList { width: 3fr; }
    Instructor.-wide SnapshotList { width: 2fr; }
    Instructor MalfunctionList { height: 1fr; }
    """

    def __init__(self, view: View) -> None:
        self._run = RunControl(view)
        self._injected = InjectedList(view)
        self._snapshots = SnapshotList(view)
        self._malfunctions = MalfunctionList(view)
        super().__init__(view, self._malfunctions)
        self._upper = Container(self._injected, self._snapshots, id="upper")
        self._lists = (self._malfunctions, self._injected, self._snapshots)
        self._header.instructing = True

    def body(self) -> ComposeResult:
        yield self._run
        yield self._upper
        yield self._malfunctions

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
        """The next of the three lists."""
        self._turn_to((self._lists.index(self.listing) + 1) % len(self._lists))

    def _turn_to(self, index: int) -> None:
        self.listing = self._lists[index]
        self.listing.settle()
        self.paint(force=True)

    def action_filter(self) -> None:
        """The malfunctions are filtered, wherever the cursor is."""
        self._turn_to(0)
        super().action_filter()

    def action_pick(self) -> None:
        """Inject what is picked, clear it or go on from it; each asks first."""
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
