"""Colours: greys for the normal state, hues for the abnormal alone, one blue for what the operator has set."""

from __future__ import annotations

from dataclasses import dataclass, replace

from rich.style import Style
from textual.theme import Theme

from hmi.alarms import AlarmState

SHAPES = {1: "■", 2: "▲", 3: "◆", 4: "•"}
"""Priority by shape, so that it survives without colour; a digit always stands beside it."""
HOLLOW = {1: "□", 2: "△", 3: "◇", 4: "◦"}
"""The same for an alarm that returned to normal unacknowledged."""


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of one theme, as #rrggbb."""

    name: str
    dark: bool
    ground: str
    panel: str
    line: str
    text: str
    dim: str
    live: str
    band: str
    tick: str
    setting: str
    p1: str
    p2: str
    p3: str
    diagnostic: str
    violet: str = "#43356b"
    """Ground of the instructor's header."""
    violet_text: str = "#ece8f6"

    @property
    def theme(self) -> Theme:
        """The Textual theme, for what Textual itself paints: palette, help, inputs."""
        return Theme(
            name=self.name,
            dark=self.dark,
            primary=self.setting,
            secondary=self.tick,
            accent=self.setting,
            warning=self.p2,
            error=self.p1,
            success=self.text,
            foreground=self.text,
            background=self.ground,
            surface=self.panel,
            panel=self.panel,
            variables={
                "line": self.line,
                "dim": self.dim,
                "live": self.live,
                "block-cursor-background": self.live,
                "block-cursor-foreground": self.ground,
                "block-cursor-text-style": "none",
                "border": self.line,
            },
        )


DARK = Palette(
    name="grey-dark",
    dark=True,
    ground="#1c1e20",
    panel="#26292c",
    line="#3c4146",
    text="#c0c4c8",
    dim="#80868c",
    live="#eceef0",
    band="#3f454b",
    tick="#8b929a",
    setting="#8fb3d9",
    p1="#ff4d4d",
    p2="#ffb000",
    p3="#e8e337",
    diagnostic="#c678dd",
)
LIGHT = Palette(
    name="grey-light",
    dark=False,
    ground="#c8cacc",
    panel="#bbbec1",
    line="#9a9ea2",
    text="#26292c",
    dim="#5a6066",
    live="#0a0c0e",
    band="#a5a9ad",
    tick="#5f666d",
    setting="#1f4e79",
    p1="#b00000",
    p2="#8a4b00",
    p3="#5f5700",
    diagnostic="#7a3a94",
    violet="#c6b4e6",
    violet_text="#1c1e20",
)
SIXTEEN = Palette(
    name="sixteen",
    dark=True,
    ground="#000000",
    panel="#000000",
    line="#555555",
    text="#aaaaaa",
    dim="#aaaaaa",
    live="#ffffff",
    band="#555555",
    tick="#aaaaaa",
    setting="#55ffff",
    p1="#ff5555",
    p2="#aa5500",
    p3="#ffff55",
    diagnostic="#ff55ff",
    violet="#aa00aa",
    violet_text="#ffffff",
)
"""The sixteen colours that every colour terminal has, as the text console's: of another, the nearest would be shown.
Of their two greys the darker is too dark to read, so labels are told from values by these being bold and white."""
MONO = Palette(
    name="mono",
    dark=True,
    ground="#000000",
    panel="#000000",
    line="#808080",
    text="#c0c0c0",
    dim="#808080",
    live="#ffffff",
    band="#000000",
    tick="#c0c0c0",
    setting="#c0c0c0",
    p1="#ffffff",
    p2="#ffffff",
    p3="#ffffff",
    diagnostic="#ffffff",
)
"""No colours at all: the styles below use attributes alone; the colours are for what Textual itself paints."""
PALETTES = {palette.name: palette for palette in (DARK, LIGHT, SIXTEEN, MONO)}


@dataclass(frozen=True, slots=True)
class Looks:
    """Rich styles of a palette, made once."""

    text: Style
    dim: Style
    line: Style
    live: Style
    title: Style
    setting: Style
    band: Style
    """Ground of the normal band."""
    tick: Style
    bar: Style
    """Ground of a bar outside the normal band."""
    bad: Style
    frame: Style
    """Header and footer."""
    frame_dim: Style
    key: Style
    shout: Style
    """Inverse grey: frozen, and other states that are not alarms but must be seen."""
    fault: Style
    """Inverse: no connection."""
    cursor: Style
    instructing: Style
    """Header of the instructor's display."""
    pens: tuple[Style, Style, Style, Style]
    p1: Style
    p2: Style
    p3: Style
    p4: Style
    band_glyph: str = " "
    """What fills a bar's normal band where its ground cannot show it."""
    bar_glyph: str = " "
    """The same outside the band."""

    def priority(self, priority: int) -> Style:
        """The style of an alarm priority."""
        return {1: self.p1, 2: self.p2, 3: self.p3}.get(priority, self.p4)

    def with_frame(self, style: Style) -> Looks:
        """The same with another header."""
        bold = style + Style(bold=True)
        return replace(self, frame=style, frame_dim=style, key=bold)

    @classmethod
    def of(cls, palette: Palette) -> Looks:
        """The styles of a palette."""

        def ink(colour: str, bold: bool | None = None) -> Style:
            return Style(color=colour, bgcolor=palette.ground, bold=bold)

        return cls(
            text=ink(palette.text),
            dim=ink(palette.dim),
            line=ink(palette.line),
            live=ink(palette.live, bold=True),
            title=ink(palette.text, bold=True),
            setting=ink(palette.setting),
            band=Style(color=palette.live, bgcolor=palette.band),
            tick=ink(palette.tick),
            bar=Style(color=palette.tick, bgcolor=palette.panel),
            bad=ink(palette.diagnostic),
            frame=Style(color=palette.text, bgcolor=palette.panel),
            frame_dim=Style(color=palette.dim, bgcolor=palette.panel),
            key=Style(color=palette.live, bgcolor=palette.panel, bold=True),
            shout=Style(color=palette.ground, bgcolor=palette.text, bold=True),
            fault=Style(color=palette.ground, bgcolor=palette.diagnostic, bold=True),
            cursor=Style(color=palette.ground, bgcolor=palette.text),
            instructing=Style(color=palette.violet_text, bgcolor=palette.violet),
            pens=(ink(palette.live), ink(palette.setting), ink(palette.tick), ink(palette.text)),
            p1=ink(palette.p1, bold=True),
            p2=ink(palette.p2, bold=True),
            p3=ink(palette.p3, bold=True),
            p4=ink(palette.diagnostic, bold=True),
        )


def _mono() -> Looks:
    """Bold, inverse and underlined in place of colours."""
    plain, bold, inverse, faint = Style(), Style(bold=True), Style(reverse=True), Style(dim=True)
    loud = Style(bold=True, reverse=True)
    return Looks(
        text=plain, dim=faint, line=faint, live=bold, title=bold, setting=Style(underline=True), band=bold, tick=plain,
        bar=faint, bad=Style(bold=True, italic=True), frame=inverse, frame_dim=inverse, key=loud, shout=loud,
        fault=loud, cursor=inverse, instructing=inverse, pens=(bold, plain, faint, plain), p1=loud, p2=bold, p3=bold,
        p4=plain,
        band_glyph="▒", bar_glyph="·",
    )  # fmt: skip


def _sixteen() -> Looks:
    """Bars are filled with characters: of sixteen colours none is a grey that text would stand out from."""
    looks = Looks.of(SIXTEEN)
    return replace(looks, band=looks.tick, bar=looks.dim, band_glyph="▒", bar_glyph="·")


LOOKS = {
    **{palette.name: Looks.of(palette) for palette in (DARK, LIGHT)},
    SIXTEEN.name: _sixteen(),
    MONO.name: _mono(),
}


def badge(priority: int, state: AlarmState) -> str:
    """``■1`` for a standing alarm, ``□1`` for one that returned unacknowledged."""
    shape = (HOLLOW if state is AlarmState.RETURNED else SHAPES).get(priority, "•")
    return f"{shape}{priority}"
