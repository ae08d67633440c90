"""The routes of notes that are jobs."""

from starlette.requests import Request
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from server.jobs.acceptance import Acceptance
from server.jobs.desk import Desk
from server.jobs.http.audio_endpoint import AudioEndpoint
from server.jobs.http.batch import BatchEndpoint
from server.jobs.http.endpoint import JobsEndpoint
from server.jobs.http.events import EventsEndpoint
from server.jobs.http.problems import Handler, answering
from server.jobs.http.reading import ReadRoute
from server.jobs.http.submission import SubmissionEndpoint, wants_job
from server.jobs.views import PATH
from server.service import Service

_MEMBER = PATH + "/{job_id}"
_OF_NOTES = ["GET", "OPTIONS", "POST"]


def job_routes(service: Service, desk: Desk, notes: ASGIApp) -> list[Route]:
    """Return the routes; `notes` makes the note of whoever waits for it."""
    acceptance = Acceptance(service, desk)
    submission = SubmissionEndpoint(acceptance, desk, service.drain)
    batch = BatchEndpoint(acceptance, desk, service.drain)
    jobs = JobsEndpoint(desk)
    audio = AudioEndpoint(desk)
    events = EventsEndpoint(desk.watch, service.drain)
    return [
        Route(PATH, _Notes(notes, submission.answer, jobs.list), methods=_OF_NOTES),
        Route(f"{PATH}/batch", answering(batch.answer), methods=["POST"]),
        Route(_MEMBER, answering(jobs.member), methods=["DELETE", "GET"]),
        Route(f"{_MEMBER}/retry", answering(jobs.retry), methods=["POST"]),
        Route(f"{_MEMBER}/audio", ReadRoute(service.drain, audio.answer), methods=["GET"]),
        Route(f"{_MEMBER}/events", ReadRoute(service.drain, events.answer), methods=["GET"]),
    ]


class _Notes:
    """`/v1/notes`: jobs are listed and accepted, and whoever waits for a note gets it."""

    def __init__(self, notes: ASGIApp, submit: Handler, list_jobs: Handler) -> None:
        self._notes = notes
        self._submit = answering(submit)
        self._list = answering(list_jobs)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        if scope["method"] == "GET":
            await (await self._list(request))(scope, receive, send)
        elif scope["method"] == "POST" and wants_job(request):
            await (await self._submit(request))(scope, receive, send)
        else:
            await self._notes(scope, receive, send)
