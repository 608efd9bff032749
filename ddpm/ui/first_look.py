"""Knows when the page was first shown, so that what is loaded behind it does not compete with it."""

from __future__ import annotations

import threading

from starlette.types import ASGIApp, Receive, Scope, Send


class FirstLook:
    """ASGI middleware: sets the event once a GET of / has been answered."""

    def __init__(self, app: ASGIApp, seen: threading.Event) -> None:
        self.app, self.seen = app, seen

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)
        if scope["type"] == "http" and scope["method"] == "GET" and scope["path"] == "/":
            self.seen.set()
