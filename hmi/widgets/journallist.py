"""The journal as a list, the newest entry first."""

from __future__ import annotations

from hmi.format import WHEN, moment
from hmi.journal import Entry, Kind
from hmi.view import View
from hmi.widgets.canvas import Canvas, Row
from hmi.widgets.listing import Listing

WHO = 11


class JournalList(Listing):
    """All entries, or those of one kind; what an instructor did to the run only while one sits here."""

    KIND = "entry"
    EMPTY = "nothing yet: this station writes down what happens"

    def __init__(self, view: View, id: str | None = None) -> None:  # noqa: A002
        super().__init__(view, id=id, heads=1)
        self.kind: Kind | None = None

    def entries(self) -> list[Entry]:
        """What is listed."""
        return [
            entry
            for entry in self.view.journal.newest_first()
            if (self.kind is None or entry.kind is self.kind)
            and (not entry.instructs or self.view.plant.instructs)
            and self.matches(entry.who, entry.tag, entry.text)
        ]

    def ids(self) -> list[str]:
        return [entry.id for entry in self.entries()]

    def head(self, canvas: Canvas) -> None:
        looks = self.view.looks
        row = canvas.row(0).add(" plant time", looks.dim, WHEN + 2).add("kind", looks.dim, 8).add("who", looks.dim, WHO)
        row.add("tag", looks.dim, 10).add("what", looks.dim)

    def line(self, row: Row, id_: str, picked: bool) -> None:
        looks = self.view.looks
        entry = self.view.journal.get(id_)
        if entry is None:
            return
        row.add(moment(entry.time, self.view.store.now), looks.dim, WHEN).add(" ", looks.text)
        row.add(entry.kind.value, looks.cursor if picked else looks.text, 7).add(" ", looks.text)
        row.add(entry.who, looks.text, WHO - 1).add(" ", looks.text)
        row.add(entry.tag, looks.live, 9).add(" ", looks.text)
        row.add(entry.text, looks.text, max(0, row.width - row.used))
