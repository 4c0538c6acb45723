"""What a trainee does about the scenario besides running the plant: reads, asks for a hint, ends it."""

from __future__ import annotations

from dataclasses import replace

from hmi.comm.link import Link
from hmi.debrief import Debrief, NotADebrief, from_json
from hmi.exercise import Exercise
from hmi.journal import Kind
from hmi.view import View
from hmi.widgets.entryline import EntryLine
from hmi.wishes import Call, Wishes, Work


class Practise(Wishes):
    """Follows the scenario and carries the trainee's wishes to the link."""

    def __init__(self, link: Link, view: View, work: Work, call: Call) -> None:
        super().__init__(link, view, work, call)
        self._told = 0
        self._looked = ""
        self._reported = ""
        """Where the debrief is whose report was asked for last."""
        self._report: Debrief | None = None
        self.news: list[str] = []
        """Messages that have not been shown yet."""

    def poll(self) -> None:
        """Look at the scenario now and then; where none runs or has run, once per connection and once one begins."""
        known = self._generation == self._view.link.generation
        if self._view.link.online and not (known and self._view.exercise is None and not self._view.scenario):
            self._look_now_and_then(self._look)

    async def _look(self) -> None:
        try:
            generation = self._view.link.generation
            known, exercise = await self._link.exercise()
            if not known:
                return
            if exercise is not None and exercise.debrief:
                exercise = replace(exercise, report=await self._report_of(exercise))
            before, self._view.exercise = self._view.exercise, exercise
            seated = self._generation == generation
            late = before is None and not seated
            begins = exercise is not None and not exercise.over and (before is None or before.over)
            if begins and exercise is not None and seated:  # while somebody sits here
                self.news.append(f"scenario begins: {exercise.title}")
                self._view.note(Kind.SYSTEM, "", f"scenario begins: {exercise.title}", "scenario")
                self._told = 0
            self._generation = generation
            messages = exercise.messages if exercise is not None else ()
            if len(messages) < self._told:  # of another scenario
                self._told = 0
            for index, line in enumerate(messages[self._told :], self._told + 1):
                text = line.partition(" ")[2]
                if not late or index == len(messages):  # of what was told before this station came the newest is news
                    self.news.append(text)
                self._view.note(Kind.SYSTEM, "", f"message: {text}", "scenario")
            self._told = len(messages)
        finally:
            self._looked_now()

    async def _report_of(self, exercise: Exercise) -> Debrief | None:
        """The report, which is read once; None where the server has none that can be read."""
        if exercise.debrief != self._reported:
            text = await self._link.text("Training.Report")
            if text is None:  # asked again at the next look
                return None
            self._reported, self._report = exercise.debrief, None
            try:
                self._report = from_json(text) if text else None
            except NotADebrief as error:
                self._view.note(Kind.SYSTEM, "", str(error), "scenario")
        return self._report

    def looked(self, name: str) -> None:
        """Tell the record of a display or a faceplate that was opened."""
        exercise = self._view.exercise
        if exercise is not None and not exercise.over and name != self._looked:
            self._looked = name
            self._work(self._tell(name))

    async def _tell(self, name: str) -> None:
        await self._link.call("DisplayOpened", name, owner="Training")

    def hint(self, line: EntryLine) -> None:
        """Ask for the next hint, which costs points."""
        line.confirm("ask for a hint, which costs points", lambda: self._do(line, "hint", "RequestHint"), "ask")

    def finish(self, line: EntryLine) -> None:
        """End the scenario as it stands."""
        line.confirm(
            "end the scenario as it stands; what is open counts as nothing",
            lambda: self._do(line, "end of the scenario", "Finish"),
            "end it",
        )

    def _do(self, line: EntryLine, what: str, method: str) -> None:
        line.busy(what)
        self._work(self._done(line, what, method))

    async def _done(self, line: EntryLine, what: str, method: str) -> None:
        await self._call(line, what, method, owner="Training")
        await self._look()
