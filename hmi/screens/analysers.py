"""All analysers of the plant."""

from __future__ import annotations

from textual.app import ComposeResult

from hmi.screens.listdisplay import ListDisplay
from hmi.view import View
from hmi.widgets.analysers import AnalyserList


class Analysers(ListDisplay):
    """What is known of the plant's composition, and how old that knowledge is."""

    NAME = "analysers"
    DEFAULT_CSS = "Analysers AnalyserList { height: 1fr; }"

    def __init__(self, view: View) -> None:
        super().__init__(view, AnalyserList(view))

    def body(self) -> ComposeResult:
        yield self.listing

    def heading(self) -> str:
        return f"ANALYSERS{self.filtered()}"
