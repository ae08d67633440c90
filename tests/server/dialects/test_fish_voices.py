"""Voices in Fish's words: what its SDKs send is kept, and what they read is there."""

import base64
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import msgpack
import pytest

from engine.runners.tone import ToneRunner
from protocol.codes import ErrorCode
from server.dialects.fish.speech import FishDialect
from server.dialects.fish.voice_request import parse_change, parse_new
from server.errors import RequestError
from server.voices.request import NewVoice
from server.voices.store import StoredVoice, VoiceDetails
from tests.helpers.asking import Answer
from tests.helpers.cloning import REFERENCE, UNUSABLE_TEXT, CloningRunner
from tests.helpers.forms import MEDIA_TYPE, Part, written
from tests.helpers.virtual_engine import instant_tone
from tests.server.voices.test_endpoint import Server, serving

pytestmark = pytest.mark.anyio

JSON, PACKED = "application/json", "application/msgpack"
ENCODED = "application/x-www-form-urlencoded"
#: As the newer SDK sends it, every default in it.
SDK: list[Part] = [
    ("title", "Anna B."),
    ("visibility", "private"),
    ("type", "tts"),
    ("train_mode", "fast"),
    ("texts", REFERENCE.text),
    ("enhance_audio_quality", "true"),
    ("voices", REFERENCE.audio),
]
#: Every field that the models of both modules demand.
DEMANDED = {
    "_id", "type", "title", "description", "cover_image", "train_mode", "state", "tags", "samples",
    "created_at", "updated_at", "languages", "visibility", "lock_visibility", "like_count",
    "mark_count", "shared_count", "task_count", "author",
}  # fmt: skip
FIELDS = {"title": "Anna", "voices": [b"RIFF"], "texts": ["Hi."]}
VOICE = StoredVoice("anna", "Anna", "digest", VoiceDetails("Warm.", ("female",), "public"))
FOREVER_AGO = "1970-01-01T00:00:00.000+00:00"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def parsed(**fields: object) -> NewVoice:
    return parse_new(bytearray(msgpack.packb(FIELDS | fields)), PACKED)


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({}, {"id": None, "name": "Anna", "audio": b"RIFF", "text": "Hi."}),
        ({}, {"description": "", "tags": (), "visibility": "private"}),
        ({"description": "Warm.", "tags": ["a", "b"], "visibility": "unlist"},
         {"description": "Warm.", "tags": ("a", "b"), "visibility": "unlist"}),
        ({"description": None, "tags": None, "visibility": None},
         {"description": "", "tags": (), "visibility": "private"}),
        ({"voices": b"RIFF", "texts": "Hi.", "tags": "a"},
         {"audio": b"RIFF", "text": "Hi.", "tags": ("a",)}),
        ({"voices": [base64.b64encode(b"RIFF").decode()]}, {"audio": b"RIFF"}),
        ({"title": " Anna "}, {"name": "Anna"}),
        ({"type": "svc", "train_mode": "full", "cover_image": b"PNG", "of_next_year": [{}]},
         {"name": "Anna"}),
    ],
)  # fmt: skip
def test_every_field_is_understood(fields: dict[str, object], found: dict[str, object]) -> None:
    asked = parsed(**fields)
    told = {
        "id": asked.id,
        "name": asked.name,
        "audio": asked.reference.audio,
        "text": asked.reference.text,
        "description": asked.details.description,
        "tags": asked.details.tags,
        "visibility": asked.details.visibility,
    }
    assert {name: told[name] for name in found} == found


@pytest.mark.parametrize(
    ("fields", "code", "named"),
    [
        ({"title": None}, ErrorCode.BAD_VALUE, "title"),
        ({"title": " "}, ErrorCode.BAD_VALUE, "title"),
        ({"title": "x" * 201}, ErrorCode.BAD_VALUE, "title"),
        ({"voices": []}, ErrorCode.BAD_VALUE, "voices"),
        ({"voices": None}, ErrorCode.BAD_VALUE, "voices"),
        ({"voices": [7]}, ErrorCode.BAD_VALUE, "voices"),
        ({"voices": ["no base64!"]}, ErrorCode.BAD_VALUE, "voices"),
        ({"voices": [b"a", b"b"], "texts": ["a", "b"]}, ErrorCode.UNSUPPORTED, "voices"),
        ({"texts": []}, ErrorCode.BAD_VALUE, "texts"),
        ({"texts": ["a", "b"]}, ErrorCode.BAD_VALUE, "texts"),
        ({"texts": [b"a"]}, ErrorCode.BAD_VALUE, "texts"),
        ({"description": "x" * 2_001}, ErrorCode.BAD_VALUE, "description"),
        ({"tags": ["x"] * 33}, ErrorCode.BAD_VALUE, "tags"),
        ({"tags": ["x" * 65]}, ErrorCode.BAD_VALUE, "tags"),
        ({"tags": {"a": 1}}, ErrorCode.BAD_VALUE, "tags"),
        ({"visibility": "hidden"}, ErrorCode.BAD_VALUE, "visibility"),
    ],
)
def test_what_cannot_be_understood_is_named(
    fields: dict[str, object], code: ErrorCode, named: str
) -> None:
    with pytest.raises(RequestError, match=named) as refused:
        parsed(**fields)
    assert refused.value.code is code


@pytest.mark.parametrize("field", ["title", "description", "tags"])
def test_half_a_surrogate_pair_is_refused(field: str) -> None:
    body = json.dumps(FIELDS | {"voices": "", field: "\ud800"}).encode()
    with pytest.raises(RequestError, match=field):
        parse_new(bytearray(body), JSON)


@pytest.mark.parametrize(
    ("media_type", "body", "changes"),
    [
        (JSON, b'{"title": "Anne"}', {"name": "Anne"}),
        (PACKED, msgpack.packb({"tags": []}), {"tags": ()}),
        (ENCODED, b"description=&tags=a&tags=b", {"description": "", "tags": ("a", "b")}),
        (MEDIA_TYPE, written([("visibility", "unlist"), ("cover_image", b"PNG")]),
         {"visibility": "unlist"}),
        (JSON, b'{"title": null, "_id": "berta", "task_count": 7}', {}),
        ("", b"", {}),
    ],
)  # fmt: skip
def test_what_is_left_out_of_a_change_stays_as_it_is(
    media_type: str, body: bytes, changes: dict[str, object]
) -> None:
    changed = parse_change(bytearray(body), media_type)(VOICE)
    assert (changed.id, changed.digest) == (VOICE.id, VOICE.digest)
    told = {
        "name": changed.name,
        "description": changed.details.description,
        "tags": changed.details.tags,
        "visibility": changed.details.visibility,
    }
    before = {
        "name": "Anna",
        "description": "Warm.",
        "tags": ("female",),
        "visibility": "public",
    }
    assert told == before | changes


def test_a_note_may_come_as_a_form() -> None:
    parts: list[Part] = [
        ("text", "Hello."),
        ("format", "mp3"),
        ("mp3_bitrate", "64"),
        ("normalize", "false"),
        ("sample_rate", "16000"),
        ("prosody[speed]", "1.5"),
        ("references[0][audio]", REFERENCE.audio),
        ("references[0][text]", REFERENCE.text),
    ]
    dialect = FishDialect(instant_tone().info, 100)
    note = dialect.parse(bytearray(written(parts)), {"content-type": MEDIA_TYPE})
    assert note.text == "Hello."
    assert note.parameters.references == (REFERENCE,)
    assert (note.parameters.sample_rate, note.parameters.speed) == (16_000, 1.5)
    assert (note.bit_rate, note.parameters.may_normalize) == (64_000, False)
    for wrong in (
        ("sample_rate", "high"),
        ("normalize", "no"),
        ("prosody[speed]", "x"),
        ("references", b"RIFF"),
    ):
        with pytest.raises(RequestError) as refused:
            dialect.parse(bytearray(written([*parts[:2], wrong])), {"content-type": MEDIA_TYPE})
        assert refused.value.code is ErrorCode.BAD_VALUE


async def create(server: Server, parts: Iterable[Part] = SDK, **fields: str) -> Answer:
    changed = [(name, fields.get(name, content)) for name, content in parts]
    return await server.send("/model", written(changed), MEDIA_TYPE)


async def listed(server: Server, **query: object) -> Any:  # noqa: ANN401
    answer = await server.ask("GET", "/model", query=urlencode(query, doseq=True))
    assert answer.status == 200
    return answer.fields


async def test_a_voice_is_created_read_changed_spoken_with_and_removed(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        created = await create(server)
        voice = created.fields
        assert created.status == 201
        assert set(voice) >= DEMANDED
        assert (voice["title"], voice["state"], voice["languages"]) == (
            "Anna B.",
            "trained",
            ["en"],
        )
        assert voice["created_at"] == voice["updated_at"] > FOREVER_AGO
        path = f"/model/{voice['_id']}"
        assert (await server.ask("GET", path)).fields == voice
        changed = await server.ask("PATCH", path, {"title": "Anne", "tags": ["female"]})
        assert (changed.status, changed.fields["title"]) == (200, "Anne")
        read = (await server.ask("GET", path)).fields
        assert read == changed.fields
        assert read == voice | {
            "title": "Anne",
            "tags": ["female"],
            "updated_at": read["updated_at"],
        }
        assert read["updated_at"] >= voice["updated_at"]
        note = {"text": "Hello there.", "format": "pcm", "reference_id": voice["_id"]}
        assert (await server.ask("POST", "/v1/tts", note)).status == 200
        assert isinstance(server.runner, CloningRunner)
        assert server.runner.references == [REFERENCE.text]
        assert (await server.ask("DELETE", path)).status == 204
        for method in ("GET", "PATCH", "DELETE"):
            gone = await server.ask(method, path, {})
            assert (gone.status, set(gone.fields)) == (404, {"status", "message"})


async def test_ours_and_theirs_are_the_same_voices(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        voice = (await create(server)).fields
        assert (await server.ask("GET", f"/v1/voices/{voice['_id']}")).fields == {
            "id": voice["_id"],
            "name": "Anna B.",
            "languages": ["en"],
            "stored": True,
        }
        own = (await server.ask("GET", "/model/tone")).fields
        assert set(own) >= DEMANDED
        assert (own["visibility"], own["created_at"]) == ("public", FOREVER_AGO)
        for method in ("PATCH", "DELETE"):
            assert (await server.ask(method, "/model/tone", {"title": "Mine"})).status == 404


@pytest.mark.parametrize(
    ("query", "total", "titles"),
    [
        ({}, 4, ["1 a", "2 b", "3 c", "A sine"]),
        ({"page_size": 2}, 4, ["1 a", "2 b"]),
        ({"page_size": 2, "page_number": 2}, 4, ["3 c", "A sine"]),
        ({"page_size": 3, "page_number": 2}, 4, ["A sine"]),
        ({"page_size": 1_000, "page_number": 9**20}, 4, []),
        ({"self": "true"}, 3, ["1 a", "2 b", "3 c"]),
        ({"self": "false", "sort_by": "task_count"}, 4, ["1 a", "2 b", "3 c", "A sine"]),
        ({"sort_by": "created_at"}, 4, ["3 c", "2 b", "1 a", "A sine"]),
        ({"title": "B"}, 1, ["2 b"]),
        ({"tag": "odd"}, 2, ["1 a", "3 c"]),
        ({"tag": ["odd", "last"]}, 1, ["3 c"]),
        ({"language": ["fr", "EN"]}, 4, ["1 a", "2 b", "3 c", "A sine"]),
        ({"language": "fr"}, 0, []),
        ({"author_id": "tone"}, 1, ["A sine"]),
        ({"title_language": "de", "of_next_year": "x"}, 4, ["1 a", "2 b", "3 c", "A sine"]),
    ],
    ids=str,
)
async def test_a_list_has_the_page_and_the_voices_that_are_wanted(
    tmp_path: Path, query: dict[str, object], total: int, titles: list[str]
) -> None:
    async with serving(tmp_path) as server:
        for number, (title, *tags) in enumerate(
            (("1 a", "odd"), ("2 b", "even"), ("3 c", "odd", "last"))
        ):
            voice = StoredVoice(
                str(number), title, "0", VoiceDetails(tags=tuple(tags)), number + 1.0
            )
            await server.service.voices.store.add(voice, REFERENCE)
        found = await listed(server, **query)
    assert (found["total"], [voice["title"] for voice in found["items"]]) == (total, titles)


@pytest.mark.parametrize(
    "query",
    ["page_size=0", "page_size=1001", "page_size=many", "page_number=0", "page_number=-1"],
)
async def test_a_page_that_there_cannot_be_is_refused(tmp_path: Path, query: str) -> None:
    async with serving(tmp_path) as server:
        refused = await server.ask("GET", "/model", query=query)
    assert (refused.status, set(refused.fields)) == (400, {"status", "message"})


@pytest.mark.parametrize(
    ("asked", "media_type", "body", "status"),
    [
        ("POST /model", MEDIA_TYPE, written(SDK)[:-5], 400),
        ("POST /model", "multipart/form-data", written(SDK), 400),
        ("POST /model", JSON, b"{}", 400),
        ("POST /model", MEDIA_TYPE, written([("title", "x")] * 10_000), 400),
        ("POST /model", MEDIA_TYPE, b"--a-boundary\r\n" + b"x" * (17 << 20), 400),
        ("POST /model", JSON, json.dumps({
            "title": "x", "voices": ["YQ=="], "texts": [UNUSABLE_TEXT]}).encode(), 400),
        ("PATCH /model/nobody", JSON, b'{"title": "x"}', 404),
        ("PATCH /model/nobody", JSON, b"[", 400),
        ("GET /model/nobody", JSON, b"", 404),
        ("DELETE /model/..", JSON, b"", 404),
    ],
    ids=lambda value: repr(value)[:30],
)  # fmt: skip
async def test_a_refusal_is_in_their_shape(
    tmp_path: Path, asked: str, media_type: str, body: bytes, status: int
) -> None:
    async with serving(tmp_path) as server:
        method, path = asked.split()
        refused = await server.send(path, body, media_type, method=method)
        assert (refused.status, set(refused.fields)) == (status, {"status", "message"})
        assert refused.fields["status"] == status
        assert (await listed(server))["total"] == 1


async def test_a_full_store_and_one_that_goes_away_say_so(tmp_path: Path) -> None:
    async with serving(tmp_path, max_voices=1) as server:
        assert (await create(server)).status == 201
        assert (await create(server)).status == 429
        await server.service.drain.run(0.0, 0.0)
        assert (await create(server)).status == 503


async def test_a_model_that_cannot_clone_says_so_in_their_shape(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        voice_id = (await create(server)).fields["_id"]
    async with serving(tmp_path, ToneRunner(sleep=lambda _: None)) as server:
        note = {"text": "Hello.", "reference_id": voice_id}
        for refused in (await create(server), await server.ask("POST", "/v1/tts", note)):
            assert (refused.status, set(refused.fields)) == (400, {"status", "message"})
            assert "cannot clone" in refused.fields["message"]
        assert [voice["title"] for voice in (await listed(server))["items"]] == ["A sine"]
        for method, status in (("GET", 404), ("PATCH", 404), ("DELETE", 204)):
            assert (await server.ask(method, f"/model/{voice_id}", {})).status == status
