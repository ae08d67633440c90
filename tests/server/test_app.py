"""What no route takes."""

import json

import pytest
from starlette.types import Scope

from protocol.messages import SUBPROTOCOL
from server.app import create_app
from server.service import Service
from tests.helpers.asgi import calling, http_scope, websocket_scope
from tests.helpers.virtual_engine_thread import VirtualEngineThread

pytestmark = pytest.mark.anyio

NAMED = {"x-request-id": "abc"}


@pytest.mark.parametrize(
    ("scope", "status", "code"),
    [
        (http_scope("GET", "/", NAMED), 404, "not_found"),
        (http_scope("POST", "/v1/notes/", NAMED), 404, "not_found"),
        (http_scope("GET", "/ws/tts", NAMED), 404, "not_found"),
        (http_scope("PUT", "/v1/voices", NAMED), 405, "method_not_allowed"),
        (http_scope("GET", "/v1/notes", NAMED), 405, "method_not_allowed"),
        (websocket_scope(SUBPROTOCOL, path="/ws/tts/", headers=NAMED), 404, "not_found"),
        (websocket_scope(SUBPROTOCOL, path="/v1/notes", headers=NAMED), 404, "not_found"),
    ],
    ids=lambda value: value["path"] if isinstance(value, dict) else str(value),
)
async def test_what_no_route_takes_is_a_problem_with_its_id(
    scope: Scope, status: int, code: str
) -> None:
    engine = VirtualEngineThread()
    app = create_app(Service(engine.client), is_alive=lambda: engine.is_alive)
    async with calling(app, dict(scope)) as call:
        start, body = await call.get(), await call.get()
    headers = dict(start["headers"])
    assert (start["status"], json.loads(body["body"])["code"]) == (status, code)
    assert headers[b"content-type"] == b"application/problem+json"
    assert headers[b"x-request-id"] == b"abc"
