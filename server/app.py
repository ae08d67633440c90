"""The routes, as a pure function of the engine: no start-up, no shut-down, no globals."""

from collections.abc import Callable

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute

from protocol.messages import Limits
from server.drain import Drain
from server.engine_client import EngineClient
from server.middleware import OriginCheck, RequestId
from server.notes.endpoint import NotesEndpoint
from server.problems import problem
from server.websocket.endpoint import WebSocketEndpoint


def create_app(
    engine: EngineClient,
    *,
    is_alive: Callable[[], bool],
    limits: Limits | None = None,
    drain: Drain | None = None,
    max_connections: int = 1_000,
    allowed_origins: tuple[str, ...] = (),
) -> Starlette:
    """Build the application.

    `is_alive` tells whether the engine still turns; `drain` is begun by whoever ends the server.
    """
    limits = limits or Limits()
    drain = drain or Drain()

    async def livez(_: Request) -> Response:
        return _probe(ok=is_alive())

    async def readyz(_: Request) -> Response:
        return _probe(ok=is_alive() and not drain.has_begun)

    async def voices(_: Request) -> Response:
        return JSONResponse(_voices(engine))

    return Starlette(
        routes=[
            WebSocketRoute("/ws/tts", WebSocketEndpoint(engine, limits, max_connections, drain)),
            Route("/v1/notes", NotesEndpoint(engine, limits, drain)),
            Route("/v1/voices", voices),
            Route("/livez", livez),
            Route("/readyz", readyz),
        ],
        exception_handlers={HTTPException: _http_problem, Exception: _internal_problem},
        middleware=[
            Middleware(RequestId),
            Middleware(OriginCheck, allowed_origins=allowed_origins),
            Middleware(
                CORSMiddleware,
                allow_origins=allowed_origins,
                allow_methods=["GET", "POST"],
                allow_headers=["*"],
                expose_headers=["X-Request-Id"],
            ),
        ],
    )


async def _http_problem(_: Request, error: Exception) -> Response:
    """Say what the router refuses as everything else is said."""
    assert isinstance(error, HTTPException)  # noqa: S101 registered for it
    return problem(error.status_code, "bad_message", error.detail, error.headers)


async def _internal_problem(_: Request, __: Exception) -> Response:
    return problem(500, "internal", "the server has failed on this request")


def _probe(*, ok: bool) -> Response:
    return Response(status_code=200 if ok else 503)


def _voices(engine: EngineClient) -> dict[str, object]:
    catalogue = engine.info.voices
    return {
        "default": catalogue.default.id,
        "voices": [
            {"id": voice.id, "name": voice.name, "languages": list(voice.languages)}
            for voice in catalogue
        ],
        "variants": sorted(catalogue.variants),
    }
