"""Voices in the words of fish-speech's own server."""

from pathlib import Path
from typing import Any

import msgpack
import pytest

from engine.runners.tone import ToneRunner
from tests.helpers.asking import Answer
from tests.helpers.cloning import REFERENCE, CloningRunner
from tests.helpers.forms import MEDIA_TYPE, Part, written
from tests.server.voices.test_endpoint import Server, serving

pytestmark = pytest.mark.anyio

JSON, PACKED = "application/json", "application/msgpack"
ADD, LIST = "/v1/references/add", "/v1/references/list"
UPDATE, DELETE = "/v1/references/update", "/v1/references/delete"
ANNA: list[Part] = [("id", "anna"), ("text", REFERENCE.text), ("audio", REFERENCE.audio)]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def told(
    server: Server, method: str, path: str, fields: dict[str, Any] | None = None
) -> tuple[int, Any]:
    """Ask in msgpack, and be answered in it."""
    answer = await server.send(path, msgpack.packb(fields or {}), PACKED, method=method)
    assert answer.headers[b"content-type"] == PACKED.encode()
    return answer.status, msgpack.unpackb(answer.body)


async def add(server: Server, parts: list[Part] | None = None) -> Answer:
    return await server.send(ADD, written(ANNA if parts is None else parts), MEDIA_TYPE)


async def test_a_voice_is_added_listed_renamed_spoken_with_and_deleted(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        added = msgpack.unpackb((await add(server)).body)
        assert (added["success"], added["reference_id"]) == (True, "anna")
        status, listed = await told(server, "GET", LIST)
        assert (status, listed["success"], listed["reference_ids"]) == (200, True, ["anna"])
        names = {"old_reference_id": "anna", "new_reference_id": "b c"}
        status, renamed = await told(server, "POST", UPDATE, names)
        assert (status, renamed) == (200, {"success": True, **names, "message": renamed["message"]})
        assert (await told(server, "GET", LIST))[1]["reference_ids"] == ["b c"]
        note = {"text": "Hello.", "format": "pcm", "reference_id": "b c"}
        assert (await server.ask("POST", "/v1/tts", note)).status == 200
        assert isinstance(server.runner, CloningRunner)
        assert server.runner.references == [REFERENCE.text]
        status, deleted = await told(server, "DELETE", DELETE, {"reference_id": "b c"})
        assert (status, deleted["success"], deleted["reference_id"]) == (200, True, "b c")
        assert (await told(server, "GET", LIST))[1]["reference_ids"] == []


@pytest.mark.parametrize(
    ("method", "path", "fields", "status"),
    [
        ("POST", ADD, {"id": "anna", "text": "x", "audio": b"x"}, 409),
        ("POST", ADD, {"id": "tone", "text": "x", "audio": b"x"}, 409),
        ("POST", ADD, {"id": "../x", "text": "x", "audio": b"x"}, 400),
        ("POST", ADD, {"id": "b", "text": " ", "audio": b"x"}, 400),
        ("POST", ADD, {"id": "b", "text": "x"}, 400),
        ("POST", ADD, {}, 400),
        ("DELETE", DELETE, {"reference_id": "nobody"}, 404),
        ("DELETE", DELETE, {"reference_id": "../x"}, 404),
        ("DELETE", DELETE, {}, 400),
        ("POST", UPDATE, {"old_reference_id": "nobody", "new_reference_id": "b"}, 404),
        ("POST", UPDATE, {"old_reference_id": "anna", "new_reference_id": "anna"}, 409),
        ("POST", UPDATE, {"old_reference_id": "anna", "new_reference_id": "tone"}, 409),
        ("POST", UPDATE, {"old_reference_id": "anna", "new_reference_id": "../x"}, 400),
        ("POST", UPDATE, {"old_reference_id": "anna"}, 400),
    ],
    ids=str,
)
async def test_a_refusal_has_its_status_and_says_that_it_is_one(
    tmp_path: Path, method: str, path: str, fields: dict[str, Any], status: int
) -> None:
    async with serving(tmp_path) as server:
        await add(server)
        found, refused = await told(server, method, path, fields)
        assert found == status
        assert refused == {"success": False, "message": refused["message"]}
        assert (await told(server, "GET", LIST))[1]["reference_ids"] == ["anna"]


@pytest.mark.parametrize(
    ("headers", "query", "media_type"),
    [
        ({}, "", PACKED),
        ({"accept": "*/*"}, "", PACKED),
        ({"accept": JSON}, "", JSON),
        ({"accept": f"{JSON}, {PACKED}"}, "", PACKED),
        ({}, "format=json", JSON),
        ({"accept": JSON}, "format=msgpack", PACKED),
        ({"accept": JSON}, "format=xml", JSON),
    ],
    ids=str,
)
async def test_it_answers_in_msgpack_unless_json_is_asked_for(
    tmp_path: Path, headers: dict[str, str], query: str, media_type: str
) -> None:
    async with serving(tmp_path) as server:
        answer = await server.ask("GET", LIST, query=query, headers=headers)
    assert answer.headers[b"content-type"].decode() == media_type


async def test_a_model_that_cannot_clone_says_so_and_forgets_all_the_same(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        await add(server)
    async with serving(tmp_path, ToneRunner(sleep=lambda _: None)) as server:
        refused = await add(server, [("id", "b"), *ANNA[1:]])
        assert refused.status == 400
        assert "cannot clone" in msgpack.unpackb(refused.body)["message"]
        assert (await told(server, "GET", LIST))[1]["reference_ids"] == []
        assert (await told(server, "DELETE", DELETE, {"reference_id": "anna"}))[0] == 200
