"""The HMI as a web page, kept from pages of other origins."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from socket import gethostname
from typing import Any

from aiohttp import web
from textual_serve.server import Server

from plantsim.serve.address import is_address, is_loopback


class Site(Server):
    """Serves one HMI process per visitor.

    Who opens the page shows the token that was printed with its address, and gets a cookie for it: whoever else has an
    account on this machine, or reaches the port, does not operate the plant as the user that the site is for.

    The page's links follow the address that the visitor used, so it also works behind a forwarded port. Browsers let
    any page open a WebSocket to any address: only the HMI's own page may do so here, and only under an address, not
    under a name that somebody else can point here; or a foreign page could operate the plant.
    """

    def __init__(self, command: str, host: str, port: int, token: str = "") -> None:
        """token: what the page is opened with; one of its own where it is empty."""
        super().__init__(command, host, port, title="plantsim")
        self.token = token or secrets.token_urlsafe(24)
        self.cookie = f"plantsim-{port}"  # browsers keep one jar for all ports of a host

    async def _make_app(self) -> web.Application:
        app = await super()._make_app()
        app.middlewares.append(self.guard)
        return app

    @web.middleware
    async def guard(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Answer 403 to a foreign origin or a foreign name, and to who has not shown the token."""
        origin = request.headers.get("Origin")
        foreign = origin is not None and origin.partition("://")[2] != request.host
        if foreign or not self.goes_by(request.url.host or ""):
            raise web.HTTPForbidden(text="only the HMI's own page may connect, under this machine's address")
        shown = request.query.get("token")
        if shown is not None and self._is_token(shown):
            rest = {key: value for key, value in request.query.items() if key != "token"}
            answer = web.HTTPSeeOther(request.rel_url.with_query(rest))  # the token is not to stay in the address
            answer.set_cookie(self.cookie, self.token, httponly=True, samesite="Lax")
            raise answer
        if not self._is_token(request.cookies.get(self.cookie, "")):
            raise web.HTTPForbidden(text="open the address with its token, as plantsim hmi --web printed it")
        return await handler(request)

    def _is_token(self, shown: str) -> bool:
        return secrets.compare_digest(shown.encode(), self.token.encode())

    async def on_startup(self, app: web.Application) -> None:
        print(f"ready web={self.public_url}/?token={self.token}", flush=True)

    def goes_by(self, name: str) -> bool:
        """Whether this site is meant by a name; behind loopback only loopback's."""
        if is_loopback(name):
            return True
        return not is_loopback(self.host) and (is_address(name) or name in (self.host, gethostname()))

    async def handle_index(self, request: web.Request) -> Any:
        self.public_url = f"{request.scheme}://{request.host}"
        return await super().handle_index(request)
