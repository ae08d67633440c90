"""The OpenAPI document speaks of the routes that there are."""

import json
import re
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Route

from server.app import create_app
from server.openapi.document import PATH, document
from server.service import Service
from tests.helpers.asgi import calling, http_scope
from tests.helpers.jobs import keeping
from tests.helpers.virtual_engine_thread import VirtualEngineThread
from tests.server.test_notes import serving, whole


async def routes(folder: Path, *, keeps_notes: bool) -> set[tuple[str, str]]:
    """Return the methods of each path, its parameters as the document writes them."""
    async with AsyncExitStack() as stack:
        if keeps_notes:
            return _paths((await stack.enter_async_context(keeping(folder))).app)
        service = Service(VirtualEngineThread().client)
        return _paths(create_app(service, is_alive=lambda: True))


def _paths(app: Any) -> set[tuple[str, str]]:  # noqa: ANN401 whatever layer it is
    while not isinstance(app, CORSMiddleware):
        app = getattr(app, "_app", None) or app._http
    starlette = app.app
    assert isinstance(starlette, Starlette)
    return {
        (re.sub(r":\w+}", "}", each.path), method.lower())
        for each in starlette.routes
        if isinstance(each, Route)
        # What makes notes sees to methods by itself.
        for method in (each.methods or {"POST"}) - {"HEAD", "OPTIONS"}
    }


@pytest.fixture
def virtual_time() -> bool:
    return False  # a database has a thread of its own


def references(node: object) -> set[str]:
    if isinstance(node, dict):
        found = set().union(*map(references, node.values())) if node else set()
        return found | ({node["$ref"]} if isinstance(node.get("$ref"), str) else set())
    return set().union(*map(references, node)) if isinstance(node, list) and node else set()


@pytest.mark.anyio
@pytest.mark.parametrize("keeps_notes", [False, True])
async def test_every_method_of_every_route_is_in_the_document_and_no_other(
    tmp_path: Path, *, keeps_notes: bool
) -> None:
    described = {
        (path, method)
        for path, methods in document(keeps_notes=keeps_notes)["paths"].items()
        for method in methods
        if method != "parameters"
    }
    found = await routes(tmp_path, keeps_notes=keeps_notes)
    assert described == found - {(PATH, "get")}


@pytest.mark.parametrize("keeps_notes", [False, True])
def test_what_it_refers_to_is_there_and_nothing_is_there_for_nobody(*, keeps_notes: bool) -> None:
    described = document(keeps_notes=keeps_notes)
    schemas = described["components"]["schemas"]
    assert references(described) == {f"#/components/schemas/{name}" for name in schemas}


@pytest.mark.anyio
async def test_it_is_served() -> None:
    async with (
        serving(VirtualEngineThread()) as app,
        calling(app, http_scope("GET", PATH)) as call,
    ):
        call.put(type="http.request", body=b"", more_body=False)
        status, data = await whole(call)
    assert (status, json.loads(data)) == (200, document(keeps_notes=False))
