"""The base of displays that are one long list: the cursor moves line by line, ``/`` leaves the lines that match."""

from __future__ import annotations

import sys

from hmi.screens.display import Display
from hmi.view import View
from hmi.widgets.listing import Listing


class ListDisplay(Display):
    """A display around one Listing."""

    def __init__(self, view: View, listing: Listing) -> None:
        super().__init__(view)
        self.listing = listing

    def on_screen_resume(self) -> None:
        """Start at the first line."""
        self.listing.settle()
        super().on_screen_resume()

    def paint(self, force: bool = False) -> None:
        self.listing.settle()
        super().paint(force)

    def filtered(self) -> str:
        """The filter in words, for the heading."""
        return f"  /{self.listing.wanted}" if self.listing.wanted else ""

    def pages(self) -> int:
        return -(-len(self.listing.ids()) // self.listing.room)

    def action_move(self, dx: int, dy: int) -> None:
        self.listing.move(dy)
        self.paint(force=True)

    def action_page(self, index: int) -> None:
        self.listing.move(self.listing.room if index == 0 else -self.listing.room)
        self.paint(force=True)

    def action_ends(self, index: int) -> None:
        """To the first line, or the last."""
        self.listing.move((-1, 1)[index] * sys.maxsize)
        self.paint(force=True)

    def scroll(self, lines: int) -> None:
        self.listing.move(lines)
        self.paint(force=True)

    def action_filter(self) -> None:
        """Leave the lines that contain some words; nothing typed shows all."""
        self.line.ask("filter (words that a line must contain; empty for all):", str, self._filter,
                      initial=self.listing.wanted)  # fmt: skip

    def _filter(self, text: object) -> None:
        self.listing.wanted = str(text).strip()
        self.paint(force=True)
