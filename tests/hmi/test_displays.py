"""The displays against a running plant: what they show, and that it fits."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

import hmi.screens.display
from hmi.screens.overview import Overview
from hmi.settings import Settings
from hmi.widgets.panel import Panel
from plantsim.model.load import plant_names

StartPlant = Callable[..., AbstractContextManager[str]]
SitDown = Callable[..., AbstractAsyncContextManager[Any]]
SIZES = [(80, 24), *(pytest.param(size, marks=pytest.mark.long) for size in ((120, 40), (160, 50)))]


async def test_throughput_and_purity_come_first(endpoint: str, sit_down: SitDown) -> None:
    """The two numbers the plant is run for stand above everything else, the purity with target and age."""
    async with sit_down(endpoint, (160, 50)) as desk:
        await desk.until(lambda: re.search(r"sample +\d+ (s|min) old", desk.lines[2]))
        await desk.until(lambda: re.search(r"set +\d", desk.lines[1]))
        assert "WIC-100" in desk.lines[1]
        assert "Throughput" in desk.lines[1]
        assert f"{desk.value('WIC-100.SP'):.2f}" in desk.lines[1]
        assert "AI-701" in desk.lines[2]
        assert f"at  {desk.value('AIC-701.SP'):.2f}" in desk.lines[2]


async def test_purity_and_throughput_are_trended_in_their_sections(endpoint: str, sit_down: SitDown) -> None:
    """As on the overview, though this has them above its sections."""
    async with sit_down(endpoint, (120, 40)) as desk:
        await desk.press("7")
        await desk.see("% oxide Nd oxide purity")
        await desk.see("% oxide Dy oxide purity")
        await desk.press("1")
        await desk.see("kg/h Throughput mas")


async def test_sections_stand_in_flow_order(endpoint: str, sit_down: SitDown) -> None:
    """The overview follows the material, as the browse gives it."""
    async with sit_down(endpoint) as desk:
        titles = [area.title for area in desk.app.view.plant.areas]
        assert titles[0].lower().startswith("feed")
        places = [desk.text.index(f"{number} {title}") for number, title in enumerate(titles, 1)]
        assert places == sorted(places)


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_everything_fits(endpoint: str, sit_down: SitDown, size: tuple[int, int]) -> None:
    """No display scrolls or paints outside the terminal, with a faceplate and without."""

    def fits(desk: Any) -> None:
        screen = desk.app.screen
        assert len(desk.lines) == size[1]
        assert not screen.show_vertical_scrollbar
        assert not screen.show_horizontal_scrollbar
        for panel in screen.query(Panel):
            assert not panel.region or screen.region.contains_region(panel.region), panel
            assert not panel.region or panel.virtual_size.height <= panel.region.height, panel

    async with sit_down(endpoint, size) as desk:
        fits(desk)
        for key in (*"12345678", "f2", "f3", "0"):
            await desk.press(key)
            await desk.pilot.pause()
            fits(desk)
        await desk.press("2")
        desk.display.open_face("TIC-201")
        await desk.see("MODE")
        fits(desk)


async def shows_all_sections(desk: Any) -> None:
    """Every unit and tag object is on its section's display, page by page where the terminal is small."""
    plant = desk.app.view.plant
    for number, area in enumerate(plant.areas, 1):
        await desk.press(str(number))
        await desk.until(lambda shown=area.id: desk.display.area == shown)
        seen = ""
        for page in range(1, desk.display.pages() + 1):
            if desk.display.pages() > 1:
                await desk.see(f"  {page}/{desk.display.pages()} ")
            await desk.pilot.pause()
            seen += desk.text
            await desk.press("pagedown")
        for unit in area.units:
            assert f" {unit} " in seen or not plant.units[unit].tags, unit
        for tag in plant.of_area(area.id):
            assert tag.id in seen, tag.id


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_every_section_shows_all_its_units_and_tags(
    endpoint: str, sit_down: SitDown, size: tuple[int, int]
) -> None:
    async with sit_down(endpoint, size) as desk:
        await shows_all_sections(desk)


@pytest.mark.long
@pytest.mark.parametrize("plant", [name for name in plant_names() if name != "belfast"])
async def test_sections_of_every_plant_show_all_their_units_and_tags(
    plant: str, start_plant: StartPlant, sit_down: SitDown
) -> None:
    """From the browse alone, as with a plant that the display has never seen."""
    with start_plant("--opcua", "0", "--insecure", plant=plant) as endpoint:
        async with sit_down(endpoint, (160, 50), wait=False) as desk:
            await desk.until(lambda: isinstance(desk.app.screen, Overview), within=120.0)
            await shows_all_sections(desk)


async def test_stages_of_a_circuit_are_read_off(endpoint: str, sit_down: SitDown) -> None:
    """Each circuit has a page with its metals in both phases; the arrows go from stage to stage, l to decades."""
    async with sit_down(endpoint) as desk:
        await desk.press("4")
        await desk.see("SX-1 ")
        while desk.display.page.kind != "stages":
            await desk.press("pagedown")
        await desk.see("SX-1 stages")
        for metal in ("Pr", "Nd", "Tb", "Dy"):
            await desk.see(f"{metal} aqueous ")
            await desk.see(f"{metal} organic ")
        await desk.see("stage E1")
        await desk.press(*["right"] * 10)
        await desk.see("stage S1")
        profile = desk.app.view.store.read("SX-1.Profile.Nd.aq").array
        assert len(profile) == 21
        await desk.until(
            lambda: f"Nd aqueous {desk.app.view.store.read('SX-1.Profile.Nd.aq').array[10]:.3f} mol/L" in desk.text
        )
        await desk.press("l")
        await desk.see("logarithmic scale")
        await desk.press("pagedown")
        await desk.see("SX-2 stages")


async def test_zones_of_the_calciners_stand_together(endpoint: str, sit_down: SitDown) -> None:
    """Each zone with its set point; a key on its line opens its faceplate."""
    async with sit_down(endpoint) as desk:
        await desk.press("6")
        await desk.see("KL-611 ")
        while desk.display.page.kind != "zones":
            await desk.press("pagedown")
        for zone in ("zone 1   TIC-611", "zone 4   TIC-614", "zone 3-4 TIC-642"):
            await desk.see(zone)
        await desk.press("down", "enter")
        await desk.until(lambda: desk.display.face is not None and desk.display.face.id == "TIC-611")


async def test_analysers_tell_their_age_and_are_filtered(endpoint: str, sit_down: SitDown) -> None:
    """F8 lists them all with sample age and next result; / leaves those that match."""
    async with sit_down(endpoint, (80, 24)) as desk:
        await desk.press("f8")
        await desk.see("next in")
        listing = desk.display.listing
        assert len(listing.ids()) == sum(tag.kind == "analyser" for tag in desk.app.view.plant.tags.values())
        await desk.press("slash")
        await desk.type("oxide purity")
        await desk.see("ANALYSERS  /oxide purity")
        await desk.until(lambda: re.search(r"AI-701 .*Nd oxide purity.*\d+ (s|min) ", desk.text))
        assert listing.ids() == ["AI-701", "AI-702", "AI-703", "AI-704"]
        await desk.press("slash")
        await desk.type("")
        await desk.until(lambda: len(listing.ids()) > 4)


async def test_stream_leads_to_the_next_unit(endpoint: str, sit_down: SitDown) -> None:
    """A unit's arrow can be picked: it turns to the section that the stream flows to."""
    async with sit_down(endpoint, (160, 50)) as desk:
        await desk.press("2")
        await desk.see("→ R-301")
        line, y = next((line, y) for y, line in enumerate(desk.lines) if "→ R-301" in line)
        await desk.pilot.click(offset=(line.index("→ R-301") + 3, y))
        await desk.see("3 IRON REMOVAL")


async def test_every_kind_of_object_has_a_faceplate(endpoint: str, sit_down: SitDown) -> None:
    """One of each kind opens and shows all its live members."""
    async with sit_down(endpoint, (160, 50)) as desk:
        tags = {tag.kind: tag for tag in desk.app.view.plant.tags.values()}
        for tag in tags.values():
            desk.display.open_face(tag.id)
            await desk.see(f"{tag.unit} {tag.kind}")
            for member in tag.members.values():
                if member.member in ("PV", "SP", "OP", "MODE", "CMD", "POS", "RUN", "STATE"):
                    await desk.see(f" {member.member} ")
            await desk.press("escape")


async def test_a_faceplate_tells_what_it_moves_and_what_moves_it(endpoint: str, sit_down: SitDown) -> None:
    """Up and down a cascade; which master a set point comes from is not known otherwise."""
    async with sit_down(endpoint, (80, 24)) as desk:
        desk.display.open_face("AIC-4226")
        await desk.see("acts on   FFIC-4207  SX-2 scrub acid to organic ratio")
        await desk.see("set by    AIC-701  Nd purity master")
        desk.display.open_face("TV-201A")
        await desk.see("set by    TIC-201  R-201 temperature")
        desk.display.open_face("TIC-201")
        await desk.see("acts on   TV-201A  TV-201B")


async def test_digits_backspace_and_cursor_lead_about(endpoint: str, sit_down: SitDown) -> None:
    """A section in one key, a faceplate in three, and back again."""
    async with sit_down(endpoint) as desk:
        await desk.press("2")
        await desk.see("2 ACID LEACH")
        await desk.press("down", "enter")
        await desk.until(lambda: desk.display.face is not None)
        await desk.press("backspace")
        await desk.until(lambda: desk.display.face is None)
        await desk.press("backspace")
        await desk.see("OVERVIEW")


async def test_go_to_finds_tags_and_sections(endpoint: str, sit_down: SitDown) -> None:
    """A tag opens on its section, dashes or not; what does not exist is said."""
    async with sit_down(endpoint) as desk:
        await desk.press("colon")
        await desk.type("tic201")
        await desk.until(lambda: desk.display.face is not None)
        assert desk.display.face.id == "TIC-201"
        assert desk.display.heading().startswith("2 ")
        await desk.press("colon")
        await desk.type("iron")
        await desk.see("3 IRON")
        await desk.press("colon")
        await desk.type("XYZ-9")
        await desk.see("nothing is called 'XYZ-9' here")


async def test_palette_finds_tags(endpoint: str, sit_down: SitDown) -> None:
    """Ctrl-P leads to a faceplate as well."""
    async with sit_down(endpoint) as desk:
        await desk.press("ctrl+p")
        await desk.press(*"TIC-201")
        await desk.see("TIC-201 ")
        await desk.pilot.pause(0.5)
        await desk.press("enter", "enter")
        await desk.until(lambda: getattr(desk.app.screen, "face", None) is not None)
        assert desk.display.face.id == "TIC-201"


async def test_palette_runs_commands(endpoint: str, sit_down: SitDown) -> None:
    """What has a key can be found by name as well."""
    async with sit_down(endpoint) as desk:
        await desk.press("ctrl+p")
        await desk.press(*"standing")
        await desk.see("all standing alarms")
        await desk.press("enter", "enter")
        await desk.see("ALARMS ")


async def test_footer_is_clicked(endpoint: str, sit_down: SitDown) -> None:
    """The footer's words do what their keys do."""
    async with sit_down(endpoint) as desk:
        await desk.pilot.click(offset=(desk.lines[-1].index("Alarms"), desk.app.size.height - 1))
        await desk.see("ALARMS ")


async def test_pens_are_added_and_read_off(endpoint: str, sit_down: SitDown) -> None:
    """A tag is added by t, stands on the trends with its value and normal band, and is removed by d."""
    async with sit_down(endpoint) as desk:
        desk.display.open_face("TIC-201")
        await desk.press("t", "f3")
        await desk.see("TIC-201.PV")
        history = desk.app.view.store.trace("TIC-201.PV", 60, 60)
        assert history.last[-1] == pytest.approx(desk.value("TIC-201.PV"), abs=5)
        await desk.press("left", "left")
        await desk.see("read at")
        await desk.press("d")
        await desk.see("No pens yet")


@pytest.mark.long
async def test_groups_of_trends_and_their_files(
    endpoint: str, sit_down: SitDown, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each section has a group; what is on the screen is saved as CSV and SVG; own pens are there the next time."""
    folder = tmp_path / "home" / "Downloads"  # which is not there yet
    monkeypatch.setattr(hmi.screens.display, "user_downloads_path", lambda: folder)
    settings = Settings(state=tmp_path / "station.json")
    async with sit_down(endpoint, settings=settings) as desk:
        desk.display.open_face("TIC-201")
        await desk.press("t", "f3")
        await desk.see("TRENDS  own")
        await desk.press("full_stop", "full_stop")
        await desk.see("TRENDS  2 Acid leach")
        assert desk.app.view.pens
        await desk.press("x")
        await desk.see(f"saved as {folder}"[:100])
        await desk.press("i")
        await desk.until(lambda: len(list(folder.glob("*.svg"))) == 1)
        await desk.press("comma", "comma")
        await desk.see("TIC-201.PV")
    csv, svg = (next(folder.glob(f"*.{ending}")).read_text() for ending in ("csv", "svg"))
    assert csv.startswith("plant_time,")
    assert svg.startswith("<svg ")
    async with sit_down(endpoint, settings=settings) as desk:
        assert desk.app.view.groups[0] == ["TIC-201.PV"]


async def test_what_cannot_be_saved_is_said(
    endpoint: str, sit_down: SitDown, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And where to."""
    (tmp_path / "file").touch()
    monkeypatch.setattr(hmi.screens.display, "user_downloads_path", lambda: tmp_path / "file")
    async with sit_down(endpoint) as desk:
        await desk.press("f4", "x")
        await desk.until(lambda: "File exists" in desk.text or "Not a directory" in desk.text)
        monkeypatch.setattr(hmi.screens.display, "user_downloads_path", lambda: tmp_path)
        await desk.press("x")
        await desk.until(lambda: len(list(tmp_path.glob("*.csv"))) == 1)


@pytest.mark.long
async def test_trends_reach_back_before_the_station_was_opened(start_plant: StartPlant, sit_down: SitDown) -> None:
    """What the server has recorded stands before the first value that this station saw, without a gap."""
    with start_plant("--opcua", "0", "--insecure", "--speed", "20") as endpoint:
        async with sit_down(endpoint) as desk:
            await desk.until(lambda: desk.value("Simulation.Elapsed") > 150, within=60)
        async with sit_down(endpoint) as desk:
            opened = desk.app.view.store.now
            store = desk.app.view.store
            await desk.until(lambda: len(store.samples("WIC-100.PV", 3600)[0]) > 20)
            times, values = store.samples("WIC-100.PV", 3600)
            assert times[0] < opened - 100
            assert values[(times > times[0] + 1) & (times < opened)] == pytest.approx(4.3, abs=0.5)


async def test_keys_are_the_operators_own(endpoint: str, sit_down: SitDown) -> None:
    """A changed key works and is written in footer and help; the old one does nothing."""
    async with sit_down(endpoint, settings=Settings(keys={"alarms": "v", "trends": "b"})) as desk:
        await desk.see("v Alarms  b Trends")
        await desk.press("f2")
        await desk.pilot.pause()
        await desk.see("OVERVIEW")
        await desk.press("v")
        await desk.see("ALARMS ")
        await desk.press("b")
        await desk.see("TRENDS ")
        await desk.press("f1")
        await desk.see("v       all standing alarms")


async def test_help_names_every_group_of_keys(endpoint: str, sit_down: SitDown) -> None:
    """F1 shows the table of commands and the marks page by page, no sentence cut; any way out leads back."""
    async with sit_down(endpoint, (80, 24)) as desk:
        await desk.press("f1")
        left = {"new set point", "Moving about", "Alarms", "Trends", "Program", "Simulation", "Replay", "Marks"}
        for page in range(1, 6):
            await desk.see(f"page {page} of 5")
            left -= {word for word in left if word in desk.text}
            assert "…" not in desk.text
            await desk.press("pagedown")
        assert left == set()
        await desk.see("Esc back")
        await desk.press("escape")
        await desk.see("OVERVIEW")


async def test_a_key_read_in_the_help_does_there_what_it_is_for(endpoint: str, sit_down: SitDown) -> None:
    """Nobody must close the page first; a key that does nothing on the display beneath leaves the page open."""
    async with sit_down(endpoint, (80, 24), settings=Settings(keys={"trends": "b"})) as desk:
        await desk.press("f1", "p", "f3")
        await desk.see("page 1 of")
        await desk.press("2")
        await desk.see("2 ACID LEACH")
        await desk.press("f1", "b")
        await desk.see("TRENDS ")


async def test_too_small_a_terminal_says_so(endpoint: str, sit_down: SitDown) -> None:
    """Below the floor one line tells the need, and the alarm counts remain; growing brings the display back."""
    async with sit_down(endpoint, (80, 24)) as desk:
        await desk.pilot.resize_terminal(60, 20)
        await desk.see("terminal too small: 60x20, needs 80x24")
        await desk.see("alarms ")
        await desk.pilot.resize_terminal(120, 40)
        await desk.see("OVERVIEW")


async def test_theme_changes_on_the_spot(endpoint: str, sit_down: SitDown) -> None:
    """F12 turns to light greys and back."""
    async with sit_down(endpoint) as desk:
        dark = desk.app.view.looks
        await desk.press("f12")
        await desk.until(lambda: desk.app.view.looks is not dark)
        await desk.press("f12")
        await desk.until(lambda: desk.app.view.looks is dark)


async def test_mouse_opens_what_it_points_at(endpoint: str, sit_down: SitDown) -> None:
    """Everything that can be picked by keys can be clicked."""
    async with sit_down(endpoint) as desk:
        await desk.pilot.click(offset=(5, 1))
        await desk.until(lambda: desk.display.face is not None)
        assert desk.display.face.id == "WIC-100"
