"""ASCII in place of everything else, one cell for one cell, for terminals and fonts without more."""

from __future__ import annotations

from rich.segment import Segment

_MARKS = {
    "■": "#", "▲": "A", "◆": "*", "•": ".", "□": "o", "△": "v", "◇": "+", "◦": ",",
    "●": "@", "○": "o", "▮": "#", "▯": "-", "▨": "%", "▾": "V", "◂": "<", "▸": ">", "╷": "'",
    "▌": "|", "▐": "|", "█": "#", "▒": "=", "·": ".", "─": "-", "│": "|", "┤": "|", "├": "|", "┼": "+",
    "→": ">", "←": "<", "↑": "^", "↓": "v", "…": "~", "°": "'", "³": "3", "²": "2", "µ": "u", "μ": "u",
    "×": "x", "–": "-", "−": "-", "’": "'", "✓": "x", "‰": "%", "Ω": "O",
}  # fmt: skip
_EIGHTHS = dict(zip("▁▂▃▄▅▆▇", "__--==#", strict=True))


def _braille(pattern: int) -> str:
    """A braille cell by where its dots are: high, middle, low, or over the whole height."""
    high, low = bool(pattern & 0x1B), bool(pattern & 0xE4)
    top, bottom = bool(pattern & 0x09), bool(pattern & 0xC0)
    if not pattern:
        return " "
    if top and bottom:
        return "|"
    if high and low:
        return "-"
    return "'" if top else "-" if high and not top else "." if bottom and not high else "-"


TABLE = str.maketrans({**_MARKS, **_EIGHTHS, **{chr(0x2800 + p): _braille(p) for p in range(256)}})


def ascii_text(text: str) -> str:
    """A text in ASCII, as long as before; what has no likeness becomes a question mark."""
    if text.isascii():
        return text
    return text.translate(TABLE).encode("ascii", "replace").decode("ascii")


def ascii_segments(segments: list[Segment]) -> list[Segment]:
    """Segments in ASCII."""
    return [s if s.text.isascii() else Segment(ascii_text(s.text), s.style, s.control) for s in segments]
