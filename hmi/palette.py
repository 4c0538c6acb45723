"""The command palette's sources: the table of commands, the sections and all tags."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider

from hmi.commands import offered, permitted
from hmi.screens.display import Display

if TYPE_CHECKING:
    from hmi.app import HmiApp


class CommandProvider(Provider):
    """Commands that make sense on the present display and that this session may do."""

    async def discover(self) -> Hits:
        """All of them."""
        for title, help_, action in self._commands():
            yield DiscoveryHit(title, partial(self.app.run_action, action, self.screen), help=help_)

    async def search(self, query: str) -> Hits:
        """Those that match."""
        matcher = self.matcher(query)
        for title, help_, action in self._commands():
            score = matcher.match(f"{title} {help_}")
            if score > 0:
                run = partial(self.app.run_action, action, self.screen)
                yield Hit(score, matcher.highlight(title), run, help=help_)

    def _commands(self) -> list[tuple[str, str, str]]:
        if not isinstance(self.screen, Display):
            return []
        situation = self.screen.situation()
        return [
            (command.title, command.help, command.action)
            for command in offered(situation)
            if "{}" not in command.action and command.id != "palette" and permitted(situation, command)
        ]


class PlantProvider(Provider):
    """Sections and tags by name and title."""

    async def search(self, query: str) -> Hits:
        """Those that match, tags by their faceplate."""
        app = cast("HmiApp", self.app)
        matcher = self.matcher(query)
        for index, area in enumerate(app.view.plant.areas, 1):
            score = matcher.match(text := f"{index} {area.title}")
            if score > 0:
                yield Hit(score, matcher.highlight(text), partial(app.show_section, area.id), help="section")
        for tag in app.view.plant.tags.values():
            score = matcher.match(text := f"{tag.id} {tag.title}")
            if score > 0:
                help_ = f"{tag.kind} of {tag.unit or tag.area}"
                yield Hit(score, matcher.highlight(text), partial(app.go_to, tag.id), help=help_)
