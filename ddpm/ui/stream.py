"""A running job as the page sees it: a stage that pulls the newest preview, and a status line a few times a second.

Frames are pulled by the browser and never queued, so a slow link drops frames instead of falling behind. A page that
is reloaded finds its job again: a job outlives its last follower by a few seconds.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, NamedTuple

import gradio as gr

from ddpm.engine import Engine
from ddpm.errors import DDPMError
from ddpm.events import Event, Preview, Result
from ddpm.jobs import Job
from ddpm.ui.controls import script
from ddpm.ui.pictures import inline

GRACE = 10.0  # seconds in which a reloaded page may take its job up again; a closed one is given up then
LONG_POLL = 4.0  # seconds a browser's question for the next frame may wait
OVER = ("finished", "stopped", "failed")


class Update(NamedTuple):
    """What a follower of a job gets: the status for the stage, and the events that are new since the last update."""

    status: dict[str, Any]
    events: list[Event]
    over: bool


def next_frame(engine: Engine) -> Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]:
    async def next_frame(question: dict[str, Any]) -> dict[str, Any]:
        """{"job", "after"} -> {"n", "src"} as soon as there is a newer frame, {"end"} when there will be none."""
        after = question.get("after") or 0 if isinstance(question, dict) else None
        if not isinstance(after, int):
            return {"end": True}  # no page of ours asks so
        job = engine.line.find(str(question.get("job")))
        end = time.monotonic() + LONG_POLL
        while job is not None and time.monotonic() < end:
            job.looked_at = time.monotonic()
            number, preview = job.frame_number, job.newest
            if preview is not None and number > after and (preview.x0 is not None or preview.x_t is not None):
                return {"n": number, "src": [inline(image) for image in pair(preview)]}
            if job.state in OVER:
                break
            await asyncio.sleep(0.02)
        return {"n": after} if job is not None and job.state not in OVER else {"end": True}

    return next_frame


def pair(preview: Preview) -> list[Any]:
    """The frame's pictures, noisy first; a stage with one view shows the last."""
    return [image for image in (preview.x_t, preview.x0) if image is not None]


def stage(engine: Engine, tab: str, labels: list[str], value: dict[str, Any], **options: Any) -> gr.HTML:
    """The picture area: one figure per label, their light behind them, the film, and the status line below.

    It triggers `retry` with {"job"} where the page was reloaded while `tab` had one.
    """
    figures = "".join(
        f'<figure><img class="view" alt="{label}"><figcaption>{label}</figcaption></figure>' for label in labels
    )
    template = (
        '<div class="glow" aria-hidden="true"><img alt=""></div>'
        f'<div class="views n{len(labels)}">{figures}</div><div class="film"></div>'
        '<div class="line"><progress max="1" value="0" aria-label="Progress"></progress>'
        '<output aria-live="polite"></output></div>'
    )
    return gr.HTML(value, html_template=template, js_on_load=script("job") + script("stage"), tab=tab,
                   server_functions=[next_frame(engine)], elem_classes="stage", **options)  # fmt: skip


def words(job: Job, place: int, ready: bool = True) -> str:
    """The status line: place in line, step and time left, or that the first model is being loaded."""
    if job.state == "waiting":
        if place == 1 and not ready:
            return "Loading the model, only this once"
        return "Starting" if place < 1 else f"In line: {place} {'person' if place == 1 else 'people'} before you"
    frame = job.newest
    if frame is None:
        return "Getting ready"
    left = "" if frame.seconds_left is None else f", about {max(1, round(frame.seconds_left))} s left"
    return f"Step {frame.step} of {frame.steps}{left}"


def complaint(job: Job) -> str:
    """What ended a failed job: our own refusals word for word, a fault of ours without its insides."""
    if isinstance(job.exception, DDPMError):
        return str(job.exception)
    return "Something broke on our side; the log says what. The page still works: try again, or try other settings."


async def follow(engine: Engine, job: Job, look: bool = True, grace: float = 0.0) -> AsyncIterator[Update]:
    """Updates of `job` about four times a second until it is over, and one a second where nothing is new.

    Only between two updates does gradio see that who asked has gone: without them a waiting job kept its place. A job
    that nobody follows any more is stopped after `grace` seconds. Who does not `look` at previews spares the worker
    from making them.
    """
    if not look:
        job.looked_at = float("-inf")
    loop, seen, last, told_at = asyncio.get_running_loop(), 0, "", 0.0
    job.followers += 1
    try:
        while job.state not in OVER:
            events = job.events[seen:]
            text = words(job, engine.line.place(job), bool(engine.models.names()))
            if events or text != last or loop.time() - told_at > 1:
                seen, last, told_at = seen + len(events), text, loop.time()
                done = job.newest.done if job.newest is not None else 0.0
                yield Update({"job": job.id, "p": done, "text": text, "busy": True}, events, False)
            for _ in range(10):
                if job.done.is_set():
                    break
                await asyncio.sleep(0.025)
        status = {"p": 1.0, "text": ending(job), "busy": False, "failed": job.state == "failed"}
        yield Update(status, job.events[seen:], True)
    finally:
        job.followers -= 1
        if grace:
            loop.call_later(grace, _give_up, job)
        else:
            _give_up(job)


def ending(job: Job) -> str:
    """The status line of a job that is over."""
    match job.state:
        case "failed":
            return complaint(job)
        case "stopped" if any(isinstance(event, Result) for event in job.events):
            return "Stopped. Keeping what was there."
        case "stopped":
            return "Stopped before anything was there."
    return f"Done in {(job.over_at or job.asked_at) - job.asked_at:.1f} s"


def _give_up(job: Job) -> None:
    if not job.followers and not job.over:
        job.stop()
