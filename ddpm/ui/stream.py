"""A running job as the page sees it: a stage that pulls the newest preview, and a status line a few times a second.

Frames are pulled by the browser and never queued, so a slow link drops frames instead of falling behind.
"""
# ruff: noqa: E501  (lines of HTML and JavaScript)

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, NamedTuple

import gradio as gr

from ddpm.engine import Engine
from ddpm.errors import DDPMError
from ddpm.events import Event, Preview
from ddpm.jobs import Job
from ddpm.ui.pictures import inline

LONG_POLL = 4.0  # seconds a browser's question for the next frame may wait
OVER = ("finished", "stopped", "failed")

STAGE_JS = """
const views=[...element.querySelectorAll('.view')], glow=element.querySelector('.glow img'), film=element.querySelector('.film'),
  bar=element.querySelector('progress'), out=element.querySelector('output'); let job=null;
function show(s){ views.forEach((v,i)=>v.src=s[i]||s[s.length-1]); glow.src=s[s.length-1]; element.classList.add('full'); }
async function pull(my){ let seen=0; while(job===my){
  let r; try{ r=await server.next_frame({job:my,after:seen}); }catch(e){ await new Promise(k=>setTimeout(k,500)); continue; }
  if(!r||r.end) break; if(!r.src) continue; seen=r.n; if(job===my) show(r.src); } }
function roll(f){ film.replaceChildren(); element.classList.toggle('filmed', !!f); if(!f) return;
  const e=document.createElement(f.kind==='mp4'?'video':'img'); e.src=f.src;
  if(f.kind==='mp4') Object.assign(e,{controls:true,loop:true,autoplay:true,muted:true,playsInline:true});
  e.setAttribute(f.kind==='mp4'?'aria-label':'alt','The film of the denoising'); film.append(e); }
function apply(){ const v=props.value||{}; if(v.text!==undefined) out.textContent=v.text;
  bar.value=v.p||0; element.classList.toggle('busy', !!v.busy); element.classList.toggle('failed', !!v.failed);
  roll(v.film); if(v.src) show(v.src);
  if(v.busy && v.job && v.job!==job){ job=v.job; pull(job); } else if(!v.busy) job=null; }
watch('value',apply); apply();
"""


class Update(NamedTuple):
    """What a follower of a job gets: the status for the stage, and the events that are new since the last update."""

    status: dict[str, Any]
    events: list[Event]
    over: bool


def next_frame(engine: Engine) -> Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]:
    async def next_frame(question: dict[str, Any]) -> dict[str, Any]:
        """{"job", "after"} -> {"n", "src"} as soon as there is a newer frame, {"end"} when there will be none."""
        job, after = engine.line.find(str(question.get("job"))), int(question.get("after") or 0)
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


def stage(engine: Engine, labels: list[str], value: dict[str, Any], **options: Any) -> gr.HTML:
    """The picture area: one figure per label, their light behind them, the film, and the status line below."""
    figures = "".join(
        f'<figure><img class="view" alt="{label}"><figcaption>{label}</figcaption></figure>' for label in labels
    )
    template = (
        '<div class="glow" aria-hidden="true"><img alt=""></div>'
        f'<div class="views n{len(labels)}">{figures}</div><div class="film"></div>'
        '<div class="line"><progress max="1" value="0" aria-label="Progress"></progress>'
        '<output aria-live="polite"></output></div>'
    )
    js = STAGE_JS if len(labels) > 1 else STAGE_JS.replace("s[i]||s[s.length-1]", "s[s.length-1]")
    return gr.HTML(
        value,
        html_template=template,
        js_on_load=js,
        server_functions=[next_frame(engine)],
        elem_classes="stage",
        **options,
    )


def words(job: Job, place: int) -> str:
    """The status line: place in line, step and time left, or that the model is being loaded."""
    if job.state == "waiting":
        return "Starting" if place < 1 else f"In line: {place} {'person' if place == 1 else 'people'} before you"
    frame = job.newest
    if frame is None:
        return "Getting ready"
    left = "" if frame.seconds_left is None else f", about {max(1, round(frame.seconds_left))} s left"
    return f"Step {frame.step} of {frame.steps}{left}"


def complaint(job: Job) -> str:
    """What ended a failed job, fit for a visitor: our own refusals word for word, a fault of ours without its insides."""
    if isinstance(job.exception, DDPMError):
        return str(job.exception)
    return "Something broke on our side; the log says what. The page still works: try again, or try other settings."


async def follow(engine: Engine, job: Job, look: bool = True) -> AsyncIterator[Update]:
    """Updates of `job` about four times a second until it is over. A follower that goes away stops its job.

    Who does not `look` at previews spares the worker from making them.
    """
    if not look:
        job.looked_at = float("-inf")
    started, seen, last = time.monotonic(), 0, ""
    try:
        while job.state not in OVER:
            events, text = job.events[seen:], words(job, engine.line.place(job))
            if events or text != last:
                seen, last = seen + len(events), text
                done = job.newest.done if job.newest is not None else 0.0
                yield Update({"job": job.id, "p": done, "text": text, "busy": True}, events, False)
            for _ in range(10):
                if job.done.is_set():
                    break
                await asyncio.sleep(0.025)
        text = {"stopped": "Stopped. Keeping what was there.", "failed": complaint(job)}.get(
            job.state, f"Done in {time.monotonic() - started:.1f} s"
        )
        yield Update({"p": 1.0, "text": text, "busy": False, "failed": job.state == "failed"}, job.events[seen:], True)
    finally:
        if job.state not in OVER:
            job.stop()
