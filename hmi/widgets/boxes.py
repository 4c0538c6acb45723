"""What holds panels and is seen of itself only as ground: Textual need not make up its lines one by one."""

from __future__ import annotations

from textual.containers import Container, Horizontal


class Box(Container):
    """Panels one below the other, or as its style says."""

    BLANK = True


class Side(Horizontal):
    """Panels side by side."""

    BLANK = True
