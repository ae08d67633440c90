"""Voices of recordings, from the request to the sound."""

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

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
from tests.helpers.asking import ask, ask_raw
from tests.helpers.recordings import RATE_HZ, TEXT, recording
from tests.helpers.virtual_engine_thread import VirtualEngineThread, running

pytestmark = pytest.mark.anyio

NOTE = {"text": "Say it.", "format": "pcm", "seed": 7}
#: The space around a text is no part of it, whichever way it comes.
INLINE = {"audio": base64.b64encode(recording()).decode(), "text": f" {TEXT}\n"}
BERTA = {"id": "berta", "reference": INLINE}


@pytest.fixture
def anyio_backend() -> str:
    """What is tested here is done in threads and processes; the other loop would only wait."""
    return "asyncio"


@asynccontextmanager
async def serving(store: Path | None = None, voices: Voices = VOICES) -> AsyncIterator[ASGIApp]:
    runner = make_runner(tiny_speaker(torch.float64), voices)
    async with running(VirtualEngineThread(runner)) as engine:
        library = VoiceLibrary(None if store is None else FolderVoiceStore(store))
        yield create_app(Service(engine.client, voices=library), is_alive=lambda: True)


async def spoken(app: ASGIApp, **fields: object) -> bytes:
    answer = await ask(app, "POST", "/v1/notes", NOTE | fields)
    assert answer.status == 200, answer.body
    return answer.body


@pytest.fixture
def beside_checkpoint(tmp_path: Path) -> Voices:
    """Return the voice of the recording as a checkpoint's folder has it."""
    model = tiny_speaker(torch.float64)
    codes = model.codec.encoder.encode(torch.from_numpy(decode(recording(), RATE_HZ)))
    (tmp_path / "voices").mkdir()
    np.save(tmp_path / "voices" / "berta.npy", codes.numpy())
    (tmp_path / "voices" / "berta.txt").write_text(TEXT, encoding="utf-8")
    return read_voices(tmp_path, model.prompts, 1_000)


async def test_a_reference_sounds_as_the_same_stored_and_as_its_codes_beside_the_checkpoint(
    tmp_path: Path, beside_checkpoint: Voices
) -> None:
    packed = msgpack.packb(NOTE | {"reference": {"audio": recording(), "text": TEXT}})
    async with serving(tmp_path / "store") as app:
        inline = await spoken(app, reference=INLINE)
        raw = await ask_raw(app, "POST", "/v1/notes", packed, "application/msgpack")
        assert (await ask(app, "POST", "/v1/voices", BERTA)).status == 201
        stored = await spoken(app, voice="berta")
        default = await spoken(app)
    async with serving(voices=beside_checkpoint) as app:
        own = await spoken(app, voice="berta")
    assert inline == raw.body == stored == own
    assert inline != default


async def test_a_stored_voice_outlives_the_server(tmp_path: Path) -> None:
    async with serving(tmp_path) as app:
        await ask(app, "POST", "/v1/voices", BERTA)
        before = await spoken(app, voice="berta")
    async with serving(tmp_path) as app:
        assert await spoken(app, voice="berta") == before
        assert (await ask(app, "DELETE", "/v1/voices/berta")).status == 204
        gone = await ask(app, "POST", "/v1/notes", NOTE | {"voice": "berta"})
        assert gone.refusal == (404, "unknown_voice")
