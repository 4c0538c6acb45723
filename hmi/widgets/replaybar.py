"""The line of a replay: the whole session, what happened in it by letters, and the time cursor."""

from __future__ import annotations

from hmi.format import clock
from hmi.replay import marks
from hmi.widgets.canvas import Canvas
from hmi.widgets.panel import Panel

_CLOCK = 10
"""Cells of a time and the blanks beside it."""


class ReplayBar(Panel):
    """Start, a cell for each part of the session, end; shown in a replay alone."""

    DEFAULT_CSS = "ReplayBar { height: 1; display: none; }"

    def point(self, x: int, y: int) -> bool:
        """Leap to the time below the mouse."""
        player, cells = self.view.player, max(1, self.size.width - 2 * _CLOCK)
        at = x - _CLOCK
        if player is None or not 0 <= at < cells:
            return False
        session = player.session
        player.leap(session.start + (session.end - session.start) * at / cells)
        return True

    def build(self, canvas: Canvas) -> None:
        looks, player = self.view.looks, self.view.player
        if player is None:
            return
        session = player.session
        cells = max(1, canvas.width - 2 * _CLOCK)
        line = marks(session.happenings, session.start, session.end, cells)
        at = min(cells - 1, int(player.share * cells))
        row = canvas.row(0).add(f" {clock(session.start)} ", looks.dim)
        row.add(line[:at], looks.text).add("◆", looks.cursor).add(line[at + 1 :], looks.dim)
        row.add(f" {clock(session.end)}", looks.dim)
