"""For scripts: typed endpoints for gradio_client and plain HTTP routes, through the same line as the page."""

from __future__ import annotations

from typing import Any

from ddpm.engine import Engine
from ddpm.ui.easel import Page


def endpoints(page: Page) -> None:
    pass


def routes(engine: Engine) -> list[Any]:
    return []
