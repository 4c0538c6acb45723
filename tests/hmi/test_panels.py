"""Bars, trends, section layouts, colours: what panels paint, without a terminal."""

from collections.abc import Callable
from dataclasses import fields, replace
from itertools import pairwise

import numpy as np
import pytest
from rich.segment import Segment
from rich.style import Style

from hmi.alarms import AlarmBook
from hmi.comm.health import Health
from hmi.comm.link import LinkState, Phase
from hmi.exercise import Criterion, Exercise
from hmi.interlock import parse_interlock
from hmi.model import Member, Plant, TagObject, ValueClass
from hmi.procedure import Check, Procedure, Step
from hmi.screens.connect import Connecting
from hmi.store import TagStore, Trace
from hmi.theme import HOLLOW, LOOKS, MONO, PALETTES, SHAPES, Looks, Palette
from hmi.view import Target, View
from hmi.widgets.ascii import ascii_text
from hmi.widgets.bar import band, position
from hmi.widgets.canvas import Canvas, Hit, Row
from hmi.widgets.comms import Comms
from hmi.widgets.exercise import ExercisePanel
from hmi.widgets.faceplate import Face, face_rows, title_lines
from hmi.widgets.panel import Panel
from hmi.widgets.pens import Pens
from hmi.widgets.procedures import NextStep, StepList
from hmi.widgets.stages import ceiling, cells_of, concentration, joined
from hmi.widgets.trend import LABEL, Pen, band_rows, curves, dots, next_span, span_text, text
from hmi.widgets.units import arrange


@pytest.mark.parametrize(
    ("value", "half"), [(0.0, 0), (49.9, 9), (50.0, 10), (100.0, 19), (-0.1, None), (100.1, None), (np.nan, None)]
)
def test_pointer_moves_by_half_cells(value: float, half: int | None) -> None:
    """Ten cells tell twenty positions; outside there is none."""
    assert position(value, 0.0, 100.0, 10) == half


def test_band_is_never_narrower_than_a_cell() -> None:
    """A band too narrow for the bar is still seen."""
    assert band((49.0, 49.1), 0.0, 100.0, 10) == (4, 5)
    assert band((0.0, 100.0), 0.0, 100.0, 10) == (0, 10)
    assert band(None, 0.0, 100.0, 10) == (0, 0)


def test_curve_is_drawn_between_the_extremes() -> None:
    """Top of the scale is the top dot, bottom the bottom dot, unknown is blank."""
    low = np.array([0.0, 0.0, np.nan, 10.0])
    high = np.array([0.0, 10.0, np.nan, 10.0])
    patterns = dots(Trace(low, high, high), 0.0, 10.0, 2, 1)
    assert text(patterns[0]) == "⣸⠈"


def test_flat_curve_is_one_dot_high() -> None:
    """A value that stands still is a line, whatever the height."""
    flat = np.full(8, 5.0)
    patterns = dots(Trace(flat, flat, flat), 0.0, 10.0, 4, 6)
    assert np.bitwise_count(patterns).sum() == 8


def test_values_off_the_scale_stay_at_its_edge() -> None:
    """A curve never leaves its box."""
    flat = np.full(2, 99.0)
    assert text(dots(Trace(flat, flat, flat), 0.0, 10.0, 1, 2)[0]) == "⠉"


@pytest.mark.parametrize("height", range(1, 12))
@pytest.mark.parametrize("normal", [(57.0, 63.0), (59.9, 60.1), (45.0, 50.0), (40.0, 95.0)])
def test_normal_values_are_drawn_on_the_band(height: int, normal: tuple[float, float]) -> None:
    """However few rows or cells there are, a value within the band never looks outside it."""
    shaded = band_rows((45.0, 90.0), normal, height)
    start, end = band(normal, 45.0, 90.0, height)
    for value in np.linspace(max(45.0, normal[0]), min(90.0, normal[1]), 50):
        curve = np.full(2, value)
        (row,) = np.flatnonzero(dots(Trace(curve, curve, curve), 45.0, 90.0, 1, height)[:, 0])
        assert row in shaded
        half = position(float(value), 45.0, 90.0, height)
        assert half is not None
        assert start <= half // 2 < end or value == normal[1]


def test_spans_step_between_minutes_and_a_week() -> None:
    """Shorter and longer stop at the ends."""
    assert next_span(300.0, -1) == 300.0
    assert next_span(300.0, 1) == 900.0
    assert next_span(86400.0, 1) == 3 * 86400.0
    assert next_span(7 * 86400.0, 1) == 7 * 86400.0
    assert (span_text(900.0), span_text(14400.0)) == ("15 min", "4 h")


def test_row_never_exceeds_its_width() -> None:
    """Whatever is added, the line stays as wide as the panel."""
    row = Row(10, Style())
    row.add("a long text", Style(), 6).add("another", Style()).add("more", Style())
    line = "".join(segment.text for segment in row.finish())
    assert line == "a lon…anot"


def test_neighbours_of_one_style_are_one_stretch() -> None:
    """Texts of the same style that follow each other are one for the terminal."""
    plain, loud = Style(), Style(bold=True)
    row = Row(8, plain)
    row.add("a", plain).add("b", plain).add("c", loud)
    assert [segment.text for segment in row.finish()] == ["ab", "c", "     "]


@pytest.mark.parametrize(("width", "height"), [(80, 21), (100, 47), (120, 37), (160, 47)])
@pytest.mark.parametrize("tags", [1, 5, 9])
def test_section_shows_every_tag_once_within_the_height(
    make_plant: Callable[..., Plant], width: int, height: int, tags: int
) -> None:
    """No tag is lost between columns and pages, none is painted below the edge."""
    plant = make_plant(tags, 9)
    layout = arrange(plant, "leach", width, height)
    shown = [tag.id for page in layout.pages for column in page for line in column for tag in line.tags]
    assert shown == list(plant.tags)
    assert layout.height <= height
    assert all(len(page) * (layout.width + 1) <= width + 1 for page in layout.pages)


def test_broken_unit_repeats_its_heading(make_plant: Callable[..., Plant]) -> None:
    """A column never starts with tags of a unit that is named elsewhere."""
    layout = arrange(make_plant(9, 9), "leach", 80, 12)
    assert len(layout.pages) > 1
    for page in layout.pages:
        for column in page:
            assert column[0].heading
            assert all(not line.heading or after.tags for line, after in pairwise(column))


@pytest.mark.parametrize(("count", "width"), [(5, 32), (21, 32), (57, 32), (57, 52), (3, 2)])
def test_every_stage_has_a_cell_to_be_read_off_in(count: int, width: int) -> None:
    """In order, none outside; where there are more stages than cells some share one."""
    found = [cells_of(stage, count, width) for stage in range(count)]
    assert found[0][0] == 0
    assert found[-1][1] == width
    assert all(first < last <= width for first, last in found)
    assert found == sorted(found)


def test_profile_is_a_staircase_with_risers() -> None:
    """Each stage keeps its value for its columns, and the step to it is drawn from the value before."""
    trace = joined(np.array([1.0, 3.0]), 4)
    assert trace.last.tolist() == [1.0, 1.0, 3.0, 3.0]
    assert trace.low.tolist() == [1.0, 1.0, 1.0, 3.0]
    assert trace.high.tolist() == [1.0, 1.0, 3.0, 3.0]


@pytest.mark.parametrize(("value", "top"), [(0.0, 1.0), (0.07, 0.1), (0.1, 0.1), (0.11, 0.2), (1.3, 2.0), (4.0, 5.0)])
def test_scale_of_a_profile_is_round(value: float, top: float) -> None:
    """1, 2, 5 of a decade, so that it does not change with every value."""
    assert ceiling(value) == pytest.approx(top)


def test_concentrations_keep_three_digits_or_their_decade() -> None:
    """Main metals by digits, impurities by powers of ten, nothing at all by what it is below."""
    shown = [concentration(value) for value in (0.1234, 12.345, 3.21e-5, 1e-17, np.nan)]
    assert shown == ["0.123", "12.35", "3.2e-5", "<1e-9", "---"] or shown[1] == "12.34"


def chroma(colour: str) -> float:
    """Of #rrggbb, 0 (grey) to 1."""
    parts = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    return (max(parts) - min(parts)) / 255


def luminance(colour: str) -> float:
    """Relative luminance of #rrggbb, 0 to 1."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))


def contrast(one: str, other: str) -> float:
    """Contrast ratio, 1 to 21."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("palette", PALETTES.values(), ids=PALETTES)
def test_all_normal_is_grey(palette: Palette) -> None:
    """Hues are for the abnormal, and one blue for what the operator has set."""
    for name in ("ground", "panel", "line", "text", "dim", "live", "band", "tick"):
        assert chroma(getattr(palette, name)) < 0.07, name
    assert chroma(palette.p1) > 0.5 or palette is MONO


@pytest.mark.parametrize("palette", PALETTES.values(), ids=lambda palette: palette.name)
def test_every_theme_shows_the_normal_band_of_a_trend(palette: Palette) -> None:
    """By its ground, or with few colours or none by dots."""
    view = View(TagStore(), AlarmBook())
    view.looks = LOOKS[palette.name]
    view.store.lay_out(["TI-1.PV"], ["TI-1.PV"], None)
    view.store.put(view.store.slot("TI-1.PV"), 50.0, 0, 1000.0)
    canvas = Canvas(10, 10, view.looks.text)
    curves(canvas, view, [Pen("TI-1.PV", view.looks.pens[0], (0.0, 100.0))], 0, 0, 10, 10, 60.0, (0.0, 20.0))
    rows = [row.finish() for row in canvas.rows]
    inside, outside = ([(s.text, s.style and s.style.bgcolor) for s in rows[y]] for y in (9, 0))
    assert inside != outside


def test_mono_styles_have_no_colours() -> None:
    """Attributes alone."""
    for style in vars_of(LOOKS["mono"]):
        assert style.color is None
        assert style.bgcolor is None


def vars_of(looks: Looks) -> list[Style]:
    """All styles of a set of looks."""
    values = (getattr(looks, field.name) for field in fields(looks))
    return [style for value in values for style in (value if isinstance(value, tuple) else (value,)) if
            isinstance(style, Style)]  # fmt: skip


def test_ascii_keeps_every_cell() -> None:
    """Whatever is painted becomes ASCII of the same width, and marks that differ stay apart."""
    marks = [*SHAPES.values(), *HOLLOW.values()]
    assert len({ascii_text(mark) for mark in marks}) == 8
    everything = "".join(map(chr, range(0x2800, 0x2900))) + "▌▐█▾◂▸╷●○▮▯▨─│┤→←…°³µ日"
    assert ascii_text(everything).isascii()
    assert len(ascii_text(everything)) == len(everything)
    assert ascii_text(chr(0x2800)) == " "
    assert "?" not in ascii_text(everything[:-1])


@pytest.mark.parametrize("palette", PALETTES.values(), ids=PALETTES)
def test_marks_are_legible(palette: Palette) -> None:
    """Text and alarm colours stand out from the ground."""
    for name in ("text", "live", "p1", "p2", "p3", "diagnostic", "setting"):
        assert contrast(getattr(palette, name), palette.ground) >= 4.0, name
    assert contrast(palette.dim, palette.ground) >= 3.0


def test_priorities_differ_without_colour() -> None:
    """Shape and hollow shape tell all states apart."""
    assert len({*SHAPES.values(), *HOLLOW.values()}) == 8


def test_scenario_without_a_connection_is_not_shown_as_live() -> None:
    """What was last heard of a running scenario is marked so; of one that is over nothing changes any more."""
    panel = ExercisePanel(view := View(TagStore(), AlarmBook()))
    view.exercise = Exercise("Bridging", "", 3600.0, 60.0, "running", score=50.0)

    def head() -> list[str]:
        assert view.exercise is not None
        return [text for text, _ in panel._told(view.exercise, 80)][:2]

    view.link = LinkState(Phase.ONLINE)
    assert head() == [" Bridging   running, 1 min of 1 h 00   50 points of 100", ""]
    view.link = LinkState(Phase.LOST)
    assert head()[0] == " Bridging   ---?"
    assert head()[1].startswith(" no connection; when last heard of: running, 1 min")
    view.exercise = replace(view.exercise, state="passed")
    assert "passed" in head()[0]


def test_what_is_read_off_stays_on_a_trend_that_becomes_narrower(make_plant: Callable[..., Plant]) -> None:
    """There is nothing behind now."""
    view = View(TagStore(), AlarmBook(), plant=make_plant(), span=600.0)
    view.store.lay_out(["TIC-200.PV"], ["TIC-200.PV"], None)
    view.store.put(0, 60.0, 0, 36_000.0)
    view.groups = [["TIC-200.PV"]]
    pens = Pens(view)
    pens.read_off = 100
    canvas = Canvas(60, 12, view.looks.text)
    pens.build(canvas)
    foot = "".join(segment.text for segment in canvas.rows[11].finish())
    assert "read at 09:59:5" in foot
    assert pens.read_off == 60 - LABEL - 2


def test_a_mark_at_the_edge_of_a_panel_stays_in_it() -> None:
    """Of two letters on the last column the second is not painted over what is beside."""
    view, target = View(TagStore(), AlarmBook()), Target("tag", "P-201")
    view.marks = {target: "as"}
    lines = [[Segment("0123456789", Style())]]
    Panel(view)._write_marks(lines, [Hit(9, 0, 1, target)])
    assert "".join(segment.text for segment in lines[0]) == "012345678a"


def test_the_score_is_whole_beside_a_long_title() -> None:
    """A line that is cut would say "50 points of 10"."""
    panel = ExercisePanel(view := View(TagStore(), AlarmBook()))
    criterion = Criterion("stabilise", "Feed back in cascade, as far as the furnace allows it", "0.0", "20", "never")
    view.exercise = Exercise(
        "A title of many words " * 3, "", 3600.0, 60.0, "failed", score=50.0, criteria=(criterion,)
    )
    shown = _painted(panel, 80, 24)
    assert "\n failed, 1 min of 1 h 00   50 points of 100" in shown
    assert "Feed back in cascade, as far as the furnace allows it" in " ".join(shown.split())


def _painted(panel: Panel, width: int, height: int) -> str:
    """What a panel paints, without a terminal."""
    canvas = Canvas(width, height, panel.view.looks.text)
    panel.build(canvas)
    return "\n".join("".join(segment.text for segment in row.finish()) for row in canvas.rows)


def test_a_long_error_is_shown_to_its_end() -> None:
    """At 80 columns, too: what is cut off may be what would have helped."""
    view = View(TagStore(), AlarmBook(), "opc.tcp://127.0.0.1:4840/plantsim")
    error = (
        "the server refuses the certificate of this station: " + "it must be moved to the trusted folder " * 4 + "END"
    )
    view.link = LinkState(Phase.CONNECTING, attempt=3, error=error)
    shown = _painted(Connecting(view), 80, 24)
    assert " ".join(shown.split("last error:")[1].split()).startswith(error)


def test_a_long_title_takes_the_lines_it_needs(make_controller: Callable[..., TagObject]) -> None:
    """Titles of interlocks say what trips what: they are not cut."""
    tag = make_controller("UZ-211", "R-201")
    tag.title = "Hydrogen in the leach off-gas, two of three analysers, stops the feed of magnets and of acid, and more"
    plant = Plant("Small", (), {}, {tag.id: tag})
    face = Face(View(TagStore(), AlarmBook(), plant=plant))
    face.tag_id = tag.id
    first = [line.strip() for line in title_lines(tag, 60)]
    assert " ".join(first) == tag.title
    shown = _painted(face, 60, 20)
    assert all(line in shown for line in first)
    assert face_rows(tag, 60, plant) == face_rows(tag, 160, plant) + len(first) - 1


def test_the_faceplate_of_an_interlock_is_its_row_of_the_matrix_and_that_of_a_device_names_it() -> None:
    """Which cause holds, how it trips and lets go, what it does to what, and who of its group was first."""
    interlocks = {
        "UZ-211": parse_interlock(["AI-211A.PV > 25", "AI-211A.PV bad"], 1, 2.0, True, ["P-201 STOP"], "R-201"),
        "UZ-212": parse_interlock(["K-213A.RUN = 0"], 1, 0.0, False, ["P-201 STOP", "TV-201 0 %"], "R-201"),
    }
    tags = {
        id_: TagObject(id_, "A row", "interlock", "leach", "R-201", {
            name: Member(f"{id_}.{name}", name, ValueClass.BOOLEAN) for name in ("TRIPPED", "FIRST_OUT")
        })
        for id_ in interlocks
    }  # fmt: skip
    run = {"RUN": Member("P-201.RUN", "RUN", ValueClass.BOOLEAN)}
    tags["P-201"] = TagObject("P-201", "Acid pump", "drive", "leach", "R-201", run, tripped_by=tuple(interlocks))
    store = TagStore()
    view = View(store, AlarmBook(), plant=Plant("Small", (), {}, tags, interlocks=interlocks))
    values = {"AI-211A.PV": 31.0, "K-213A.RUN": 1, "UZ-211.TRIPPED": 1, "UZ-211.FIRST_OUT": 1, "UZ-212.TRIPPED": 0}
    store.lay_out([*values, "UZ-212.FIRST_OUT"], (), None)
    for name, value in values.items():
        store.put(store.slot(name), value, 0, 1000.0)
    shown = {}
    for id_, tag in tags.items():
        face = Face(view)
        face.tag_id = id_
        shown[id_] = _painted(face, 80, face_rows(tag, 80, view.plant))
    assert "causes    ● AI-211A PV above 25   now 31" in shown["UZ-211"]
    assert "○ AI-211A PV is bad" in shown["UZ-211"]
    assert "any of them, after 2 s, stays until it is reset" in shown["UZ-211"]
    assert "effects   P-201      stopped             Acid pump" in shown["UZ-211"]
    assert "group     R-201   first out UZ-211" in shown["UZ-211"]
    assert "at once, lets go by itself" in shown["UZ-212"]
    assert "TV-201     to 0 %" in shown["UZ-212"]
    assert "trips     ● UZ-211  ○ UZ-212" in shown["P-201"]


@pytest.mark.parametrize("told", [([], ["P-201 STOP"]), (["nonsense"], ["P-201 STOP"]), (["A.PV > 1"], ["P-201"])])
def test_an_interlock_that_makes_no_sense_is_none(told: tuple[list[str], list[str]]) -> None:
    causes, effects = told
    with pytest.raises(ValueError, match=r"interlock has|no comparison"):
        parse_interlock(causes, 1, 0.0, True, effects, "R-201")


def test_the_faceplate_of_a_sequence_shows_its_permits_and_steps() -> None:
    """Whoever wants to start it sees there what is missing, and where to read what its steps do."""
    members = {name: Member(f"KS-700.{name}", name, ValueClass.INTEGER) for name in ("STATE", "STEP")}
    tag = TagObject("KS-700", "Lot change", "sequence", "product", "HP-711", members)
    steps = (Step("Run the old lot out"), Step("Tip the new lot"))
    procedure = Procedure(tag.id, tag.title, steps, (Check("WI-103.PV", "<", 250.0), Check("P-401.RUN", "=", 1.0)))
    store = TagStore()
    view = View(store, AlarmBook(), plant=Plant("Small", (), {}, {tag.id: tag}, procedures={tag.id: procedure}))
    values = {"KS-700.STATE": 0, "KS-700.STEP": 0, "WI-103.PV": 263.0, "P-401.RUN": 1}
    store.lay_out(values, (), None)
    for name, value in values.items():
        store.put(store.slot(name), value, 0, 1000.0)
    face = Face(view)
    face.tag_id = tag.id
    rows = face_rows(tag, 80, view.plant)
    shown = _painted(face, 80, rows)
    assert "permits   ○ WI-103 PV below 250  not yet" in shown
    assert "✓ P-401 RUN is 1" in shown
    assert "steps     ○  1  Run the old lot out" in shown
    assert shown.rstrip().endswith("F6 what they do and wait for")
    store.put(store.slot("KS-700.STATE"), 1, 0, 1001.0)
    store.put(store.slot("KS-700.STEP"), 2, 0, 1001.0)
    shown = _painted(face, 80, rows)
    assert "permits" not in shown
    assert "✓  1  Run the old lot out" in shown
    assert "●  2  Tip the new lot" in shown


def test_the_overview_has_a_line_for_a_procedure_under_way() -> None:
    """Its step and what this waits for; none for a cycle that goes round for ever, unless it is held."""
    steps = (Step("Run the old lot out", checks=(Check("WI-103.PV", "<", 75.0),)), Step("Tip the new lot", dwell=60.0))
    cycle = Procedure("KS-310", "Press cycle", (Step("Fill"),), repeats=True)
    lot = Procedure("KS-700", "Lot change", steps)
    store = TagStore()
    view = View(store, AlarmBook(), plant=Plant("Small", (), {}, {}, procedures={"KS-310": cycle, "KS-700": lot}))
    store.lay_out(("KS-310.STATE", "KS-310.STEP", "KS-700.STATE", "KS-700.STEP", "WI-103.PV"), (), None)

    def shown(**values: float) -> str:
        for name, value in values.items():
            store.put(store.slot(name.replace("_", "-", 1).replace("_", ".")), value, 0, 1000.0)
        return _painted(NextStep(view), 100, 1).rstrip()

    assert shown(KS_310_STATE=1, KS_310_STEP=1, KS_700_STATE=0, KS_700_STEP=0, WI_103_PV=77.0) == ""
    line = shown(KS_700_STATE=1, KS_700_STEP=1)
    assert line == " KS-700 running 1/2 Run the old lot out   waits for WI-103 PV below 75, now 77"
    assert shown(KS_700_STEP=2) == " KS-700 running 2/2 Tip the new lot   all holds, and must for 1 min"
    assert shown(KS_310_STATE=2) == " KS-310 held 1/1 Fill  and 1 more"


def test_of_a_step_that_is_done_nothing_is_said_not_to_hold() -> None:
    """The bin of the old lot was empty then; that the new lot fills it does not undo the step."""
    steps = (Step("Run the old lot out", checks=(Check("WI-103.PV", "<", 75.0),)), Step("Tip the new lot"))
    store = TagStore()
    lot = Procedure("KS-700", "Lot change", steps)
    view = View(store, AlarmBook(), plant=Plant("Small", (), {}, {}, procedures={"KS-700": lot}))
    store.lay_out(("KS-700.STATE", "KS-700.STEP", "WI-103.PV"), (), None)
    for name, value in (("KS-700.STATE", 1), ("KS-700.STEP", 1), ("WI-103.PV", 321.0)):
        store.put(store.slot(name), value, 0, 1000.0)
    shown = StepList(view)
    shown.tag, shown.active = "KS-700", True
    view.cursor = Target("step", "1")
    assert "until WI-103 PV below 75" in (at_work := _painted(shown, 80, 12))
    assert "now 321 not yet" in at_work
    store.put(store.slot("KS-700.STEP"), 2, 0, 1001.0)
    assert "until WI-103 PV below 75" in (done := _painted(shown, 80, 12))
    assert "not yet" not in done


def test_how_far_the_clocks_are_apart_is_never_cut() -> None:
    """A long product name gives way to it, at 80 columns and after a day run fast."""
    view = View(TagStore(), AlarmBook(), "opc.tcp://127.0.0.1:4840/plantsim")
    view.health = Health()
    view.health.product, view.health.nodes, view.health.skew = "Belfast demonstration plant: NdFeB", 4577, 86400.25
    assert "members 4577   clock ahead +86400.25 s" in _painted(Comms(view), 80, 24)
