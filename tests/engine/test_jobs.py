"""The line: order, places, stopping, what survives a failure, and what is let go."""

from __future__ import annotations

import contextvars
import threading
import weakref
from collections.abc import Callable, Iterator

import pytest
from PIL import Image

from ddpm import jobs
from ddpm.errors import BadRequest, DDPMError, LineFull
from ddpm.events import Event, Failed, Film, Notice, Preview, Result
from ddpm.jobs import Job, Line


@pytest.fixture
def line() -> Iterator[Line]:
    made = Line(max_waiting=2)
    yield made
    made.close()


def until_stopped(job: Job) -> Iterator[Event]:
    yield Notice("running")
    step = 0
    while not job.stopping():
        step += 1
        yield Preview(0, step, 1000, None)
    yield Notice("kept")


def saying(*texts: str) -> Callable[[Job], Iterator[Event]]:
    return lambda job: iter([Notice(text) for text in texts])


def busy(line: Line) -> Job:
    """A job that is certain to be running."""
    running = threading.Event()

    def work(job: Job) -> Iterator[Event]:
        running.set()
        yield from until_stopped(job)

    job = line.submit(work, "busy")
    assert running.wait(5)
    return job


def test_jobs_run_one_after_another_in_their_order(line: Line) -> None:
    first, second, third = busy(line), line.submit(saying("b"), "x"), line.submit(saying("c"), "x")
    assert (first.state, second.state, first.place, second.place, third.place) == ("running", "waiting", 0, 1, 2)
    first.stop()
    assert third.done.wait(5)
    assert [job.state for job in (first, second, third)] == ["stopped", "finished", "finished"]
    assert [event.text for event in first.events if isinstance(event, Notice)] == ["running", "kept"]


def test_a_full_line_is_refused_and_a_waiting_job_leaves_at_once(line: Line) -> None:
    running = busy(line)
    waiting = [line.submit(saying("b")), line.submit(saying("c"))]
    with pytest.raises(LineFull, match="2 requests are waiting"):
        line.submit(saying("d"))
    waiting[0].stop()
    assert waiting[0].state == "stopped" and waiting[0].done.is_set() and not waiting[0].events
    assert waiting[1].place == 1 and line.waiting == 1
    running.stop()
    assert waiting[1].done.wait(5) and waiting[1].state == "finished"


@pytest.mark.parametrize("problem", [BadRequest("steps is 0.", "steps"), ZeroDivisionError("of ours"), KeyError()])
def test_what_ends_a_job_reaches_its_caller_and_the_next_job_runs(line: Line, problem: Exception) -> None:
    def work(job: Job) -> Iterator[Event]:
        yield Notice("before")
        raise problem

    job = line.submit(work)
    told = []
    with pytest.raises(type(problem)) as raised:
        for event in job.follow():
            told.append(event)
    assert raised.value is problem and told == [Notice("before")]
    assert job.state == "failed" and job.error == (str(problem) or type(problem).__name__)
    assert list(line.submit(saying("next")).follow()) == [Notice("next")]


def test_a_failure_from_another_process_is_one_here(line: Line) -> None:
    job = line.submit(lambda job: iter([Failed("out of time")]))
    with pytest.raises(DDPMError, match="out of time"):
        list(job.follow())


def test_following_yields_everything_once_and_leaving_stops(line: Line) -> None:
    assert list(line.submit(saying("a", "b", "c")).follow()) == [Notice("a"), Notice("b"), Notice("c")]
    job = line.submit(until_stopped)
    follower = job.follow()
    seen = [next(follower) for _ in range(5)]
    assert any(isinstance(event, Preview) for event in seen)
    follower.close()
    assert job.done.wait(5) and job.state == "stopped"


def test_previews_are_pulled_and_looking_is_noticed(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    job = busy(line)
    while job.newest is None or job.newest.step < 3:
        pass
    assert job.frame_number >= 3 and job.watched()
    monkeypatch.setattr(jobs, "LOOK", 0.0)
    assert not job.watched()
    assert not any(isinstance(event, Preview) for event in job.events)


def test_jobs_are_found_by_id_and_session_until_they_are_old(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    job, other = line.submit(saying("a"), "me"), line.submit(saying("b"), "you")
    assert job.done.wait(5) and other.done.wait(5)
    assert line.find(job.id) is job and line.of_session("me") == [job] and line.find("nothing") is None
    monkeypatch.setattr(jobs, "KEEP", -1.0)
    assert line.find(job.id) is None and line.of_session("you") == []


def test_only_so_many_jobs_are_kept(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "KEPT", 3)
    for _ in range(6):
        assert line.submit(saying("a"), "me").done.wait(5)
    assert len(line.of_session("me")) == 3


def test_no_more_pictures_are_kept_than_fit(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    picture = Image.new("RGB", (100, 10))  # 3,000 bytes
    monkeypatch.setattr(jobs, "KEPT_BYTES", 7000)
    made = [line.submit(lambda job: iter([Result(0, picture, 1), Notice("done")]), "me") for _ in range(2)]
    for _ in range(2):
        assert made[-1].done.wait(5)
        made.append(line.submit(lambda job: iter([Result(0, picture, 1)]), "me"))
    assert made[-1].done.wait(5) and line.submit(saying("a"), "you").done.wait(5)
    assert line.of_session("me") == made[-2:]  # the newest two
    film = line.submit(lambda job: iter([Film(bytes(9000), "gif", 8, 1)]), "me")
    assert film.done.wait(5) and line.submit(saying("a"), "you").done.wait(5)
    assert line.of_session("me") == [] and film.events  # who follows it has it all the same


class Photo:
    """Stands for a picture of many megabytes."""


@pytest.mark.parametrize("end", ["finished", "failed", "stopped"])
def test_a_job_that_is_over_keeps_nothing_of_its_request(line: Line, end: str) -> None:

    def painting(photo: Photo) -> Iterator[Event]:
        yield Notice("before")
        if end == "failed":
            raise BadRequest("steps is 0.", "steps")

    def asked(photo: Photo) -> Job:
        return line.submit(lambda job: painting(photo))

    photo, running = Photo(), busy(line)
    known, job = weakref.ref(photo), asked(photo)
    del photo
    if end == "stopped":
        job.stop()  # while it waits
    running.stop()
    assert job.done.wait(5) and job.state == end and line.find(job.id) is job
    assert known() is None


def test_all_work_is_done_in_one_thread_in_the_callers_context(line: Line) -> None:
    token: contextvars.ContextVar[str] = contextvars.ContextVar("token", default="none")
    seen: list[tuple[str, int]] = []

    def work(job: Job) -> Iterator[Event]:
        seen.append((token.get(), threading.get_ident()))
        yield Notice("done")

    for name in ("ann", "ben"):
        token.set(name)
        assert line.submit(work).done.wait(5)
    assert [name for name, _ in seen] == ["ann", "ben"]
    assert len({thread for _, thread in seen}) == 1 and seen[0][1] != threading.get_ident()


def test_closing_ends_everything() -> None:
    line = Line()
    running = busy(line)
    waiting = line.submit(saying("never"))
    line.close()
    assert running.state == waiting.state == "stopped"
    with pytest.raises(LineFull, match="closed"):
        line.submit(saying("late"))
    assert line._worker is not None and not line._worker.is_alive()


def test_work_that_gives_way_is_stopped_by_any_other_and_only_by_that(line: Line) -> None:
    running = threading.Event()

    def work(job: Job) -> Iterator[Event]:
        running.set()
        yield from until_stopped(job)

    spare = line.submit(work, what="warm", gives_way=True)
    assert running.wait(5) and line.running == "warm" and not line.idle
    waiting = line.submit(saying("later"), what="warm", gives_way=True)
    assert spare.state == "running" and waiting.state == "waiting"
    asked = line.submit(saying("now"))
    assert asked.done.wait(5) and (spare.state, waiting.state, asked.state) == ("stopped", "stopped", "finished")


def test_a_job_may_be_of_several_sessions_and_those_of_none_are_nobodys(line: Line) -> None:
    job, other = line.submit(saying("a"), "me"), line.submit(saying("b"))
    job.sessions.add("my other tab")
    assert line.of_session("me") == line.of_session("my other tab") == [job]
    assert line.of_session("") == [] and line.find(other.id) is other
