"""The routes, as a pure function of the engine: no start-up, no shut-down, no globals."""

from collections.abc import Callable, Mapping

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from server.callers import CallerCheck
from server.dialects.fish.live import LiveEndpoint
from server.dialects.fish.references import PATH as REFERENCES_PATH
from server.dialects.fish.references import ReferencesEndpoint
from server.dialects.fish.speech import FishDialect
from server.dialects.fish.voices import PATH as FISH_VOICES_PATH
from server.dialects.fish.voices import FishVoicesEndpoint
from server.dialects.openai.models import MEMBER_PATH as MODEL_PATH
from server.dialects.openai.models import PATH as MODELS_PATH
from server.dialects.openai.models import ModelsEndpoint
from server.dialects.openai.speech import OpenAiDialect
from server.jobs.desk import Desk
from server.jobs.http.routes import job_routes
from server.jobs.views import PATH
from server.metrics import CONTENT_TYPE
from server.middleware import RequestId
from server.notes.dialect import OwnDialect
from server.notes.endpoint import NotesEndpoint
from server.openapi.document import PATH as OPENAPI_PATH
from server.openapi.document import document
from server.problems import problem
from server.service import Service
from server.voices.endpoint import PATH as VOICES_PATH
from server.voices.endpoint import VoicesEndpoint
from server.voices.intake import VoiceIntake
from server.websocket.endpoint import WebSocketEndpoint
from server.websocket.places import SocketPlaces


def create_app(
    service: Service,
    *,
    is_alive: Callable[[], bool],
    desk: Desk | None = None,
    takes_calls: bool = True,
    max_connections: int = 1_000,
    allowed_hosts: tuple[str, ...] = (),
    allowed_origins: tuple[str, ...] = (),
) -> ASGIApp:
    """Build the application.

    Args:
        service: what speaks.
        is_alive: tells whether the engine turns.
        desk: keeps notes that nobody waits for, if anybody does.
        takes_calls: whether there are WebSockets.
        max_connections: the WebSockets open at once.
        allowed_hosts: see `CallerCheck`.
        allowed_origins: see `CallerCheck`.
    """
    routes = [
        *_notes(service, desk),
        *_speech(service),
        *_voices(service),
        *_about(service, is_alive, keeps_notes=desk is not None),
    ]
    handlers = {HTTPException: _wrong_method, Exception: _internal_problem}
    starlette = Starlette(routes=routes, exception_handlers=handlers)
    # Else it sends a path with a slash too many elsewhere, and refuses a WebSocket without a word.
    starlette.router.redirect_slashes = False
    starlette.router.default = _no_such_path
    # Around Starlette, not in it: so that its answer to a fault passes them too.
    app: ASGIApp = CORSMiddleware(
        starlette,
        allow_origins=allowed_origins,
        allow_methods=["DELETE", "GET", "PATCH", "POST"],
        allow_headers=["*"],
        expose_headers=["ETag", "Location", "Retry-After", "X-Request-Id"],
    )
    by_socket = _BySocket(_sockets(service, max_connections) if takes_calls else {}, app)
    return RequestId(CallerCheck(by_socket, allowed_hosts, allowed_origins))


def _sockets(service: Service, max_connections: int) -> Mapping[str, ASGIApp]:
    places = SocketPlaces(service, max_connections)
    return {
        "/ws/tts": WebSocketEndpoint(service, places),
        "/v1/tts/live": LiveEndpoint(service, places),
        "/v1/tts/live/with-timestamp": LiveEndpoint(service, places, is_timed=True),
    }


def _notes(service: Service, desk: Desk | None) -> list[Route]:
    """Return the notes, of which those that nobody waits for need a desk."""
    notes = NotesEndpoint(service, OwnDialect(service.limits.max_text_chars))
    return [Route(PATH, notes)] if desk is None else job_routes(service, desk, notes)


def _speech(service: Service) -> list[Route]:
    """Return what speaks."""
    max_chars, model = service.limits.max_text_chars, service.engine.info
    timed = FishDialect(model, max_chars, is_timed=True)
    return [
        Route("/v1/tts", NotesEndpoint(service, FishDialect(model, max_chars))),
        Route("/v1/tts/stream/with-timestamp", NotesEndpoint(service, timed)),
        Route("/v1/audio/speech", NotesEndpoint(service, OpenAiDialect(max_chars))),
    ]


def _voices(service: Service) -> list[Route]:
    """Return what tells of the voices it speaks with, and keeps new ones, in the words of each."""
    intake = VoiceIntake(service)
    own, fish = VoicesEndpoint(service, intake), FishVoicesEndpoint(service, intake)
    references = ReferencesEndpoint(service, intake)
    return [
        Route(VOICES_PATH, own.collection, methods=["GET", "POST"]),
        Route(VOICES_PATH + "/{voice_id}", own.member, methods=["GET", "DELETE"]),
        Route(FISH_VOICES_PATH, fish.collection, methods=["GET", "POST"]),
        Route(FISH_VOICES_PATH + "/{voice_id}", fish.member, methods=["GET", "PATCH", "DELETE"]),
        Route(REFERENCES_PATH + "/add", references.add, methods=["POST"]),
        Route(REFERENCES_PATH + "/list", references.ids, methods=["GET"]),
        Route(REFERENCES_PATH + "/update", references.rename, methods=["POST"]),
        Route(REFERENCES_PATH + "/delete", references.delete, methods=["DELETE"]),
    ]


def _about(service: Service, is_alive: Callable[[], bool], *, keeps_notes: bool) -> list[Route]:
    """Return what tells of the server."""
    described = document(keeps_notes=keeps_notes)
    models = ModelsEndpoint(service.engine.info)

    async def livez(_: Request) -> Response:
        return _probe(ok=is_alive())

    async def readyz(_: Request) -> Response:
        return _probe(ok=is_alive() and not service.drain.has_begun)

    async def fish_health(_: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def openapi(_: Request) -> Response:
        return JSONResponse(described)

    async def metrics(_: Request) -> Response:
        return Response(service.metrics.render(), media_type=CONTENT_TYPE)

    return [
        Route(MODELS_PATH, models.collection, methods=["GET"]),
        Route(MODEL_PATH, models.member, methods=["GET"]),
        Route("/v1/health", fish_health, methods=["GET", "POST"]),
        Route(OPENAPI_PATH, openapi),
        Route("/metrics", metrics),
        Route("/livez", livez),
        Route("/readyz", readyz),
    ]


class _BySocket:
    """Takes WebSockets past Starlette: each message would pass the layers it has for requests."""

    def __init__(self, sockets: Mapping[str, ASGIApp], http: ASGIApp) -> None:
        self._sockets = sockets
        self._http = http

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self._sockets.get(scope["path"], _no_such_path)(scope, receive, send)
        else:
            await self._http(scope, receive, send)


# What only HTTP can get wrong has no code on the wire.
async def _no_such_path(scope: Scope, receive: Receive, send: Send) -> None:
    await problem(404, "not_found", "there is no such path")(scope, receive, send)


async def _wrong_method(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 registered for it
    return problem(error.status_code, "method_not_allowed", error.detail, error.headers)


async def _internal_problem(_: Request, __: Exception) -> Response:
    return problem(500, "internal", "the server has failed on this request")


def _probe(*, ok: bool) -> Response:
    return Response(status_code=200 if ok else 503)
