"""The OpenAPI document speaks of the routes that there are."""

import json
import re
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Route

from server.app import create_app
from server.openapi.document import PATH, document
from server.service import Service
from tests.helpers.asgi import calling, http_scope
from tests.helpers.virtual_engine_thread import VirtualEngineThread
from tests.server.test_notes import serving, whole


def routes() -> set[tuple[str, str]]:
    """Return the methods of each path, its parameters as the document writes them."""
    app: Any = create_app(Service(VirtualEngineThread().client), is_alive=lambda: True)
    while not isinstance(app, CORSMiddleware):
        app = getattr(app, "_app", None) or app._http
    starlette = app.app
    assert isinstance(starlette, Starlette)
    return {
        (re.sub(r":\w+}", "}", each.path), method.lower())
        for each in starlette.routes
        if isinstance(each, Route)
        # What makes notes sees to methods by itself.
        for method in (each.methods or {"POST"}) - {"HEAD"}
    }


def references(node: object) -> set[str]:
    if isinstance(node, dict):
        found = set().union(*map(references, node.values())) if node else set()
        return found | ({node["$ref"]} if isinstance(node.get("$ref"), str) else set())
    return set().union(*map(references, node)) if isinstance(node, list) and node else set()


def test_every_method_of_every_route_is_in_the_document_and_no_other() -> None:
    described = {
        (path, method)
        for path, methods in document()["paths"].items()
        for method in methods
        if method != "parameters"
    }
    assert described == routes() - {(PATH, "get")}


def test_what_it_refers_to_is_there_and_nothing_is_there_for_nobody() -> None:
    schemas = document()["components"]["schemas"]
    assert references(document()) == {f"#/components/schemas/{name}" for name in schemas}


@pytest.mark.anyio
async def test_it_is_served() -> None:
    async with (
        serving(VirtualEngineThread()) as app,
        calling(app, http_scope("GET", PATH)) as call,
    ):
        call.put(type="http.request", body=b"", more_body=False)
        status, data = await whole(call)
    assert (status, json.loads(data)) == (200, document())
