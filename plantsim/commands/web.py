"""The HMI as a web page, kept from pages of other origins."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from socket import gethostname
from typing import Any

from aiohttp import web
from textual_serve.server import Server

from plantsim.serve.address import is_address, is_loopback


class Site(Server):
    """Serves one HMI process per visitor.

    The page's links follow the address that the visitor used, so it also works behind a forwarded port. Browsers let
    any page open a WebSocket to any address: only the HMI's own page may do so here, and only under an address, not
    under a name that somebody else can point here; or a foreign page could operate the plant.
    """

    def __init__(self, command: str, host: str, port: int) -> None:
        super().__init__(command, host, port, title="plantsim")

    async def _make_app(self) -> web.Application:
        app = await super()._make_app()
        app.middlewares.append(self.guard)
        return app

    @web.middleware
    async def guard(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Answer 403 to a foreign origin or a foreign name."""
        origin = request.headers.get("Origin")
        foreign = origin is not None and origin.partition("://")[2] != request.host
        if foreign or not self.goes_by(request.url.host or ""):
            raise web.HTTPForbidden(text="only the HMI's own page may connect, under this machine's address")
        return await handler(request)

    def goes_by(self, name: str) -> bool:
        """Whether this site is meant by a name; behind loopback only loopback's."""
        if is_loopback(name):
            return True
        return not is_loopback(self.host) and (is_address(name) or name in (self.host, gethostname()))

    async def handle_index(self, request: web.Request) -> Any:
        self.public_url = f"{request.scheme}://{request.host}"
        return await super().handle_index(request)
