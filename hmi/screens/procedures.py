"""The procedures' display: how far each is, its steps with what they wait for, and its commands."""

from __future__ import annotations

from textual.app import ComposeResult

from hmi.journal import Kind
from hmi.procedure import Procedure, order
from hmi.screens.listdisplay import ListDisplay
from hmi.view import Target, View
from hmi.widgets.boxes import Side
from hmi.widgets.procedures import ProcedureList, StepList, progress_of, unmet, words

WIDE = 120
"""Columns from which the list and the steps stand side by side."""
_LIST = 50
BROAD = 160
"""Columns from which the list shows whole titles, too."""


class Procedures(ListDisplay):
    """List and steps; Tab leads from one to the other, in a narrow terminal one is there at a time."""

    NAME = "procedures"
    DEFAULT_CSS = f"""
    Procedures ProcedureList, Procedures StepList {{ width: 1fr; height: 1fr; }}
    Procedures.-wide ProcedureList {{ width: {_LIST}; }}
    Procedures.-broad ProcedureList {{ width: 2fr; }}
    Procedures.-broad StepList {{ width: 3fr; }}
    Procedures.-wide StepList {{ border-left: solid $line; }}
    """

    def __init__(self, view: View) -> None:
        self._procedures = ProcedureList(view)
        self._steps = StepList(view)
        super().__init__(view, self._procedures)
        self._wide = False

    def body(self) -> ComposeResult:
        with Side():
            yield self._procedures
            yield self._steps

    def heading(self) -> str:
        return f"PROCEDURES  {self._steps.tag if self.view_name() == 'steps' else ''}{self.filtered()}"

    @property
    def by_hand(self) -> bool:
        return self._steps.procedure is not None and self._steps.procedure.by_hand

    def view_name(self) -> str:
        return "steps" if self.listing is self._steps else "list"

    def fit(self, width: int, height: int) -> None:
        self._wide = width >= WIDE
        self.set_class(self._wide, "-wide")
        self.set_class(width >= BROAD, "-broad")
        self._procedures.display = self._wide or self.listing is self._procedures
        self._steps.display = self._wide or self.listing is self._steps

    def paint(self, force: bool = False) -> None:
        self._procedures.active = self.listing is self._procedures
        self._steps.active = self.listing is self._steps
        if self.listing is self._procedures:
            self.listing.settle()
            self._steps.tag = self.view.cursor.id if self.view.cursor is not None else ""
        super().paint(force)

    def show_procedure(self, tag: str) -> None:
        """Open the steps of a sequence, at the step where it is."""
        if tag in self.view.plant.procedures:
            self.view.cursor = Target("procedure", tag)
            self._steps.tag = tag
            self._turn_to(self._steps)

    def action_next_view(self) -> None:
        """From the list to the steps, and back."""
        self._turn_to(self._steps if self.listing is self._procedures else self._procedures)

    def _turn_to(self, listing: ProcedureList | StepList) -> None:
        self.listing = listing
        if listing is self._procedures:
            self.view.cursor = Target("procedure", self._steps.tag)
        elif (procedure := self._steps.procedure) is not None:
            step = progress_of(self.view, procedure).step
            self.view.cursor = Target("step", str(min(max(1, step), len(procedure.steps))))
        self.relayout()

    def action_pick(self) -> None:
        """The steps of the procedure under the cursor; of a step the faceplate of what its line speaks of."""
        cursor = self.view.cursor
        if cursor is None:
            return
        if cursor.kind == "procedure":
            self._steps.tag = cursor.id
            self._turn_to(self._steps)
        elif cursor.kind == "step":
            if self.listing is not self._steps:
                self._turn_to(self._steps)
                self.view.cursor = cursor
            if tag := self._steps.tag_of(cursor.id):
                self.open_face(tag)
            self.paint(force=True)
        else:
            super().action_pick()

    def action_order(self) -> None:
        """Start, hold or resume, whichever is next; a start tells what permits are missing."""
        procedure = self._steps.procedure
        if procedure is None:
            return
        if procedure.by_hand:
            self._by_hand(procedure)
            return
        word = order(progress_of(self.view, procedure).state)
        if not word:
            self.line.say(f"{procedure.tag}: nothing to order in its present state")
            return
        missing = unmet(self.view, procedure.permits) if word == "Start" else []
        note = f"   not met: {', '.join(words(self.view, one) for one in missing)}" if missing else ""
        self.operations.order(self.line, self.view.plant.tags[procedure.tag], word, note)

    def action_abort(self) -> None:
        """Abort the procedure, which does what its step says for that case."""
        procedure = self._steps.procedure
        if procedure is None:
            return
        if not procedure.by_hand:
            self.operations.order(self.line, self.view.plant.tags[procedure.tag], "Abort")
        elif progress_of(self.view, procedure).at_work:
            self.line.confirm(f"{procedure.tag}: give it up?", lambda: self._give_up(procedure), "give up")

    def _by_hand(self, procedure: Procedure) -> None:
        """Begin it; under way, take its step as done after a question, for the plant does not show it."""
        now = progress_of(self.view, procedure)
        if not now.at_work:
            self.view.walks.begin(procedure.tag, self.view.store.now)
            self._tell(procedure, "begun")
            return
        title = procedure.steps[now.step - 1].title
        text = f"{procedure.tag} step {now.step}, {title}: not shown by the plant; take it as done?"
        self.line.confirm(text, lambda: self._tick(procedure, now.step), "tick")

    def _tick(self, procedure: Procedure, step: int) -> None:
        if progress_of(self.view, procedure).step == step:  # the plant may have shown it meanwhile
            self.view.walks.tick(procedure, self.view.store.now)
            self._tell(procedure, f"taken as done: {procedure.steps[step - 1].title}")

    def _give_up(self, procedure: Procedure) -> None:
        self.view.walks.give_up(procedure.tag)
        self._tell(procedure, "given up")

    def _tell(self, procedure: Procedure, text: str) -> None:
        self.view.note(Kind.PROCEDURE, procedure.tag, text, who=self.view.user or "operator")
        self.line.say(f"{procedure.tag} {text}")
        self.paint(force=True)
