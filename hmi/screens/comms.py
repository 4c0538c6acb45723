"""Communication diagnostics."""

from __future__ import annotations

from textual.app import ComposeResult

from hmi.screens.display import Display
from hmi.view import View
from hmi.widgets.comms import Comms


class Communication(Display):
    """How the station is connected and how it does."""

    NAME = "comms"
    DEFAULT_CSS = "Communication Comms { height: 1fr; }"

    def __init__(self, view: View) -> None:
        super().__init__(view)
        self.panel = Comms(view)

    def body(self) -> ComposeResult:
        yield self.panel

    def heading(self) -> str:
        return "COMMUNICATION"
