"""The journal of this station."""

from __future__ import annotations

from textual.app import ComposeResult

from hmi.journal import Kind, as_csv
from hmi.screens.listdisplay import ListDisplay
from hmi.view import View
from hmi.widgets.entryline import Tone
from hmi.widgets.journallist import JournalList

_KINDS = (None, *Kind)


class JournalDisplay(ListDisplay):
    """What was done here and what happened, with the alarms that the server remembers from before, the newest first."""

    NAME = "journal"
    DEFAULT_CSS = "JournalDisplay JournalList { height: 1fr; }"
    listing: JournalList

    def __init__(self, view: View) -> None:
        super().__init__(view, JournalList(view))

    def body(self) -> ComposeResult:
        yield self.listing

    def turns(self) -> str:
        return "next-list"

    def heading(self) -> str:
        kind = self.listing.kind
        return f"JOURNAL  {kind.value.lower() if kind is not None else 'all'}{self.filtered()}"

    def action_next_view(self) -> None:
        """One kind of entries after the other, then all."""
        at = _KINDS.index(self.listing.kind)
        self.show_kind(_KINDS[(at + 1) % len(_KINDS)])

    def show_kind(self, kind: Kind | None) -> None:
        """Turn to the entries of one kind, or to all."""
        self.listing.kind = kind
        self.paint(force=True)

    def action_pick(self) -> None:
        """The faceplate of the tag that the entry is about."""
        cursor = self.view.cursor
        entry = self.view.journal.get(cursor.id) if cursor is not None else None
        if entry is not None and entry.tag:
            self.open_face(entry.tag)

    def action_note(self) -> None:
        """Write a remark into the journal."""
        self.line.ask("note for the journal:", str, self._note)

    def _note(self, text: object) -> None:
        words = str(text).strip()
        if words:
            self.view.note(Kind.NOTE, "", words, who=self.view.user or "operator")
            self.paint(force=True)
        else:
            self.line.say("nothing was written", Tone.PLAIN)

    def action_export(self) -> None:
        """Save what is listed as CSV, the oldest first."""
        self.save("journal", "csv", as_csv(reversed(self.listing.entries())))
