"""The dialog about a server that shows another certificate than before: what that may mean, and what can be done."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator

from rich.style import Style
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.screen import ModalScreen

from hmi.comm.known import ChangedCertificate, grouped
from hmi.view import Target, View
from hmi.widgets.canvas import Canvas
from hmi.widgets.panel import Panel

_READ = 90
"""Columns of text that are read with ease."""
_MEANING = (
    "Nothing was sent to it, no password either.",
    "Either the server was set up anew, or somebody stands between it and this station. Ask whoever runs the server "
    "for the SHA-256 of its certificate (plantsim certs own), by another way than this connection; compare all of it.",
)


_CHOICES = {"Esc  stay disconnected": "stay", "T  trust the new one from now on": "trust", "ctrl+q  quit": "app.leave"}
"""What can be done, with its key, and the action that it is."""


class Changed(Panel):
    """Both certificates, one above the other, and the choice."""

    ANYWHERE = True

    def __init__(self, view: View, changed: ChangedCertificate) -> None:
        super().__init__(view)
        self._changed = changed

    def build(self, canvas: Canvas) -> None:
        for y, (text, style) in enumerate(self._told(min(_READ, canvas.width - 4)), start=1):
            canvas.row(y, 2).add(text, style)
            for choice, action in _CHOICES.items():
                if choice in text:
                    canvas.pick(2 + text.index(choice), y, len(choice), Target("action", action))

    def _told(self, width: int) -> Iterator[tuple[str, Style]]:
        looks, changed = self.view.looks, self._changed
        yield " THE SERVER'S CERTIFICATE IS NOT THE KNOWN ONE ", looks.fault
        yield "", looks.text
        yield changed.known.server, looks.live
        for words, fingerprint, style in (
            (f"known, {changed.known.since}:", changed.known.fingerprint, looks.text),
            ("shown now:", changed.shown, looks.live),
        ):
            yield f"{words}  SHA-256", looks.dim
            half = len(fingerprint) // 2
            yield f"  {grouped(fingerprint[:half])}", style
            yield f"  {grouped(fingerprint[half:])}", style
        yield "", looks.text
        for paragraph in _MEANING:
            for line in textwrap.wrap(paragraph, width):
                yield line, looks.text
            yield "", looks.text
        yield "      ".join(_CHOICES), looks.live


class Trust(ModalScreen[None]):
    """Shown when a certificate has changed; ``trust`` is done when the operator decides for the new one."""

    BINDINGS = [
        Binding("escape,enter,backspace", "stay", show=False),
        Binding("T", "trust", show=False),
    ]
    DEFAULT_CSS = """
    Trust { background: $background; }
    Trust Changed { height: 1fr; }
    """

    def __init__(self, view: View, changed: ChangedCertificate, trust: Callable[[], None]) -> None:
        super().__init__()
        self._panel = Changed(view, changed)
        self._trust = trust

    def compose(self) -> ComposeResult:
        yield self._panel

    def paint(self, force: bool = False) -> None:
        """Paint; called by the application."""
        self._panel.paint(force)

    @on(Panel.Picked)
    async def _picked(self, event: Panel.Picked) -> None:
        event.stop()
        await self.run_action(event.target.id)

    def action_stay(self) -> None:
        """Not trusted; the station stays disconnected."""
        self.dismiss()

    def action_trust(self) -> None:
        """Trust the new certificate."""
        self._trust()
        self.dismiss()
