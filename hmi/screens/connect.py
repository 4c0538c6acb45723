"""What is to be seen before there is a plant: whom we are connecting to, and why it does not work yet."""

from __future__ import annotations

import textwrap

from textual.app import ComposeResult
from textual.screen import Screen

from hmi.comm.link import SLOW, Phase
from hmi.format import duration
from hmi.view import View
from hmi.widgets.canvas import Canvas
from hmi.widgets.panel import Panel

_LABEL = 12
"""Cells before the words of an error."""


class Connecting(Panel):
    """Endpoint, attempt, last error."""

    ANYWHERE = True

    def build(self, canvas: Canvas) -> None:
        view, looks = self.view, self.view.looks
        link = view.link
        y = max(0, canvas.height // 2 - 3)
        verb = "reading the plant of" if link.phase is Phase.BROWSING else "connecting to"
        canvas.row(y, 2).add(f"{verb} ", looks.text).add(view.endpoint, looks.live)
        if view.user:
            canvas.rows[y].add(f" as {view.user}", looks.text)
        row = canvas.row(y + 1, 2).add(f"attempt {link.attempt}", looks.dim)
        if link.waits >= SLOW:
            row.add(f", waiting for the server for {duration(link.waits)}", looks.text)
        y += 2
        for index, line in enumerate(textwrap.wrap(link.error, max(20, canvas.width - _LABEL - 4))):
            canvas.row(y, 2).add("" if index else "last error: ", looks.dim, _LABEL).add(line, looks.bad)
            y += 1
        if view.distrusts:
            canvas.row(y, 2).add("ctrl+t", looks.live).add(" shows both certificates", looks.dim)
            y += 1
        canvas.row(y + 1, 2).add("ctrl+q", looks.live).add(
            " quits; connects by itself when the server is there", looks.dim
        )


class Connect(Screen[None]):
    """Shown until the first browse is done."""

    DEFAULT_CSS = "Connect Connecting { height: 1fr; }"

    def __init__(self, view: View) -> None:
        super().__init__()
        self._panel = Connecting(view)

    def compose(self) -> ComposeResult:
        yield self._panel

    def paint(self, force: bool = False) -> None:
        """Paint; called by the application."""
        self._panel.paint(force)
