"""Voices of recordings, from the request to the sound."""

import base64
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import msgpack
import numpy as np
import pytest
import torch
from starlette.types import ASGIApp

from engine.runners.s1.voices import Voices, read_voices
from server.app import create_app
from server.service import Service
from server.voices.decoder import decode
from server.voices.folder import FolderVoiceStore
from server.voices.library import VoiceLibrary
from tests.engine.s1.speaker import VOICES, make_runner, tiny_speaker
from tests.helpers.asgi import AsgiCall, calling, http_scope
from tests.helpers.recordings import RATE_HZ, TEXT, recording
from tests.helpers.virtual_engine_thread import VirtualEngineThread, running

pytestmark = pytest.mark.anyio

NOTE = {"text": "Say it.", "format": "pcm", "seed": 7}
INLINE = {"audio": base64.b64encode(recording()).decode(), "text": f" {TEXT}\n"}

BERTA = {"id": "berta", "reference": INLINE}


@pytest.fixture
def anyio_backend() -> str:
    """What is tested here is done in threads and processes; the other loop would only wait."""
    return "asyncio"


@asynccontextmanager
async def serving(
    store: Path | None = None, voices: Voices = VOICES
) -> AsyncIterator[tuple[ASGIApp, VirtualEngineThread]]:
    runner = make_runner(tiny_speaker(torch.float64), voices)
    async with running(VirtualEngineThread(runner)) as engine:
        library = VoiceLibrary(None if store is None else FolderVoiceStore(store))
        service = Service(engine.client, voices=library)
        yield create_app(service, is_alive=lambda: True), engine


async def asked(
    app: ASGIApp, method: str, path: str, fields: Mapping[str, object] | None = None
) -> tuple[int, bytes]:
    """Make a request, by JSON; return the status and the body."""
    body = b"" if fields is None else json.dumps(fields).encode()
    return await asked_raw(app, method, path, body, "application/json")


async def asked_raw(
    app: ASGIApp, method: str, path: str, body: bytes, media_type: str
) -> tuple[int, bytes]:
    async with calling(app, http_scope(method, path, {"content-type": media_type})) as call:
        call.put(type="http.request", body=body, more_body=False)
        with anyio.fail_after(30):
            return await whole(call)


async def whole(call: AsgiCall) -> tuple[int, bytes]:
    status, data = (await call.get())["status"], b""
    while True:
        part = await call.get()
        data += part["body"]
        if not part.get("more_body", False):
            return status, data


async def spoken(app: ASGIApp, **fields: object) -> bytes:
    status, data = await asked(app, "POST", "/v1/notes", NOTE | fields)
    assert status == 200, data
    return data


async def refused(app: ASGIApp, **fields: object) -> str:
    status, data = await asked(app, "POST", "/v1/notes", NOTE | fields)
    assert status >= 400
    return str(json.loads(data)["code"])


@pytest.fixture
def beside_checkpoint(tmp_path: Path) -> Voices:
    """Return the voice of the recording as a checkpoint's folder has it."""
    model = tiny_speaker(torch.float64)
    codes = model.codec.encoder.encode(torch.from_numpy(decode(recording(), RATE_HZ)))
    (tmp_path / "voices").mkdir()
    np.save(tmp_path / "voices" / "berta.npy", codes.numpy())
    (tmp_path / "voices" / "berta.txt").write_text(TEXT, encoding="utf-8")
    return read_voices(tmp_path, model.prompts)


async def test_a_reference_sounds_as_the_same_stored_and_as_its_codes_beside_the_checkpoint(
    tmp_path: Path, beside_checkpoint: Voices
) -> None:
    async with serving(tmp_path / "store") as (app, _):
        inline = await spoken(app, reference=INLINE)
        status, created = await asked(
            app, "POST", "/v1/voices", {"id": "berta", "reference": INLINE}
        )
        assert (status, json.loads(created)["id"]) == (201, "berta")
        stored = await spoken(app, voice="berta")
        default = await spoken(app)
    async with serving(voices=beside_checkpoint) as (app, _):
        own = await spoken(app, voice="berta")
    assert inline == stored == own
    assert inline != default


async def test_a_stored_voice_outlives_the_server(tmp_path: Path) -> None:
    async with serving(tmp_path) as (app, _):
        await asked(app, "POST", "/v1/voices", BERTA)
        before = await spoken(app, voice="berta")
    async with serving(tmp_path) as (app, _):
        assert await spoken(app, voice="berta") == before
        assert (await asked(app, "DELETE", "/v1/voices/berta"))[0] == 204
        assert await refused(app, voice="berta") == "unknown_voice"


async def test_msgpack_says_the_same_as_json() -> None:
    fields = NOTE | {"reference": {"audio": recording(), "text": TEXT}}
    async with serving() as (app, _):
        inline = await spoken(app, reference=INLINE)
        body = msgpack.packb(fields)
        assert await asked_raw(app, "POST", "/v1/notes", body, "application/msgpack") == (
            200,
            inline,
        )
