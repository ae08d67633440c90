"""`/v1/voices`, and notes with a reference, as their clients see them."""

import base64
import json
import threading
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import msgpack
import pytest
from anyio import to_thread
from starlette.types import ASGIApp

from engine.runners.tone import SAMPLES_PER_CHAR, ToneRunner
from server.app import create_app
from server.service import Service
from server.voices.folder import FolderVoiceStore
from server.voices.library import VoiceLibrary
from server.voices.recording import MAX_AUDIO_BYTES
from server.voices.store import VoiceStore
from tests.helpers.asgi import calling, http_scope
from tests.helpers.asking import Answer, ask, ask_raw
from tests.helpers.cloning import (
    REFERENCE,
    UNUSABLE_TEXT,
    CloningRunner,
    FakeEncoder,
    decode_at_once,
)
from tests.helpers.virtual_engine_thread import VirtualEngineThread, running
from tests.server.voices.store_conformance import NO_IDS

pytestmark = pytest.mark.anyio

WRITTEN = {"audio": base64.b64encode(REFERENCE.audio).decode(), "text": REFERENCE.text}
ANNA = {"id": "anna", "name": "Anna B.", "reference": WRITTEN}
LISTED_ANNA = {"id": "anna", "name": "Anna B.", "languages": ["en"], "stored": True}
NOTE = {"text": "Hello there.", "format": "pcm"}


@pytest.fixture
def anyio_backend() -> str:
    """What is tested here is done in threads and processes; the other loop would only wait."""
    return "asyncio"


class Server:
    """The application with a folder of voices and a model that clones."""

    def __init__(self, store: VoiceStore, runner: ToneRunner) -> None:
        self.runner = runner
        self.engine = VirtualEngineThread(runner)
        library = VoiceLibrary(store, decode_at_once)
        self.service = Service(self.engine.client, voices=library)
        self.app: ASGIApp = create_app(self.service, is_alive=lambda: True)

    async def ask(
        self,
        method: str,
        path: str,
        fields: Mapping[str, object] | None = None,
        *,
        query: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        return await ask(self.app, method, path, fields, query=query, headers=headers)

    async def send(
        self, path: str, body: bytes, media_type: str, *, method: str = "POST"
    ) -> Answer:
        return await ask_raw(self.app, method, path, body, media_type)

    async def refusal(
        self, method: str, path: str, fields: Mapping[str, object] | None = None
    ) -> tuple[int, str]:
        return (await self.ask(method, path, fields)).refusal

    async def ids(self) -> list[str]:
        """Return the ids that are listed."""
        listed = (await self.ask("GET", "/v1/voices")).fields
        return [voice["id"] for voice in listed["voices"]]


@asynccontextmanager
async def serving(
    folder: Path, runner: ToneRunner | None = None, *, max_voices: int = 10
) -> AsyncIterator[Server]:
    store = FolderVoiceStore(folder, max_voices=max_voices)
    server = Server(store, runner or CloningRunner(FakeEncoder()))
    async with running(server.engine):
        yield server


async def test_a_voice_is_stored_listed_spoken_with_and_removed(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        assert isinstance(server.runner, CloningRunner)
        created = await server.ask("POST", "/v1/voices", ANNA)
        assert (created.status, created.fields) == (201, LISTED_ANNA)
        assert created.headers[b"location"] == b"/v1/voices/anna"
        tone = {"id": "tone", "name": "A sine", "languages": ["en"], "stored": False}
        assert (await server.ask("GET", "/v1/voices")).fields["voices"] == [tone, LISTED_ANNA]
        for path, found in (("/v1/voices/anna", LISTED_ANNA), ("/v1/voices/tone", tone)):
            assert (await server.ask("GET", path)).fields == found
        note = NOTE | {"voice": "anna"}
        assert (await server.ask("POST", "/v1/notes", note)).status == 200
        assert server.runner.references == [REFERENCE.text]
        removed = await server.ask("DELETE", "/v1/voices/anna")
        assert (removed.status, removed.body) == (204, b"")
        for method in ("GET", "DELETE"):
            assert await server.refusal(method, "/v1/voices/anna") == (404, "unknown_voice")
        assert await server.refusal("POST", "/v1/notes", note) == (404, "unknown_voice")


async def test_a_voice_says_words_by_its_lexicon_and_the_request_s_goes_before_it(
    tmp_path: Path,
) -> None:
    async with serving(tmp_path) as server:
        words = {"K8s": "Kubernetes", "SQL": "sequel"}
        created = await server.ask("POST", "/v1/voices", ANNA | {"lexicon": words})
        assert created.fields == LISTED_ANNA | {"lexicon": words}
        assert (await server.ask("GET", "/v1/voices/anna")).fields == created.fields

        async def length(**fields: object) -> int:
            asked = {"voice": "anna", "format": "pcm", **fields}
            return len((await server.ask("POST", "/v1/notes", asked)).body) // 2

        note = "K8s and SQL."
        said = await length(text=note)
        assert said == len("Kubernetes and sequel.") * SAMPLES_PER_CHAR
        assert await length(ssml=f"<speak>{note}</speak>") == said
        longer = await length(text=note, lexicon={"sql": "ess queue ell"})
        assert longer == len("Kubernetes and ess queue ell.") * SAMPLES_PER_CHAR
        assert await length(text=note, voice="tone") == len(note) * SAMPLES_PER_CHAR


@pytest.mark.parametrize("lexicon", ["a", {"two words": "x"}, {"a": "\ud800"}, {"a": 1}])
async def test_a_lexicon_that_is_none_is_refused(tmp_path: Path, lexicon: object) -> None:
    async with serving(tmp_path) as server:
        refusal = await server.refusal("POST", "/v1/voices", ANNA | {"lexicon": lexicon})
        assert refusal == (422, "bad_value")
        assert await server.ids() == ["tone"]


async def test_of_several_recordings_none_is_dropped_and_each_is_encoded_once(
    tmp_path: Path,
) -> None:
    recordings = [WRITTEN | {"text": text} for text in ("One.", "Two.", "One.")]
    fields = {"text": "Hello there.", "format": "wav", "references": recordings}
    async with serving(tmp_path, CloningRunner(encoder := FakeEncoder())) as server:
        assert (await server.ask("POST", "/v1/tts", fields)).status == 200
        assert isinstance(server.runner, CloningRunner)
        assert server.runner.references == ["One. Two. One."]
        assert encoder.encoded == ["One.", "Two."]
        recordings[1]["text"] = UNUSABLE_TEXT
        refused = await server.ask("POST", "/v1/tts", fields)
        assert (refused.status, set(refused.fields)) == (400, {"status", "message"})


async def test_a_voice_without_an_id_gets_one_and_its_name_is_that(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        made = [
            (await server.ask("POST", "/v1/voices", {"reference": WRITTEN})).fields
            for _ in range(2)
        ]
        assert made[0]["id"] != made[1]["id"]
        for voice in made:
            assert voice["name"] == voice["id"]
            assert (await server.ask("GET", f"/v1/voices/{voice['id']}")).fields == voice


async def test_a_voice_may_come_as_msgpack(tmp_path: Path) -> None:
    reference = {"audio": REFERENCE.audio, "text": REFERENCE.text}
    body = msgpack.packb({"id": "a b", "reference": reference})
    async with serving(tmp_path) as server:
        created = await server.send("/v1/voices", body, "application/msgpack")
        assert created.status == 201
        assert created.headers[b"location"] == b"/v1/voices/a%20b"


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"id": "tone"}, (409, "bad_state")),
        ({"id": "alloy"}, (409, "bad_state")),
        ({"id": "default"}, (409, "bad_state")),
        ({"id": "taken"}, (409, "bad_state")),
        ({"id": "../anna"}, (422, "bad_value")),
        ({"id": "a/b"}, (422, "bad_value")),
        ({"id": "a+b"}, (422, "bad_value")),
        ({"id": ""}, (422, "bad_value")),
        ({"id": 7}, (422, "bad_value")),
        ({"name": " "}, (422, "bad_value")),
        ({"name": "x" * 201}, (422, "bad_value")),
        ({"name": "\ud800"}, (422, "bad_value")),
        ({"reference": None}, (422, "bad_value")),
        ({"reference": "RIFF"}, (422, "bad_value")),
        ({"reference": {}}, (422, "bad_value")),
        ({"reference": {"text": "No audio."}}, (422, "bad_value")),
        ({"reference": WRITTEN | {"text": ""}}, (422, "bad_value")),
        ({"reference": WRITTEN | {"text": None}}, (422, "bad_value")),
        ({"reference": WRITTEN | {"audio": "not base64!"}}, (422, "bad_value")),
        ({"reference": WRITTEN | {"audio": "YQ"}}, (422, "bad_value")),
        ({"reference": WRITTEN | {"rate": 1}}, (422, "bad_value")),
        ({"reference": WRITTEN | {"text": UNUSABLE_TEXT}}, (422, "unsupported")),
        ({"nmae": "Anna"}, (422, "bad_value")),
    ],
    ids=str,
)
async def test_what_cannot_be_a_voice_is_refused_and_not_kept(
    tmp_path: Path, changes: dict[str, object], refusal: tuple[int, str]
) -> None:
    async with serving(tmp_path) as server:
        assert (await server.ask("POST", "/v1/voices", ANNA | {"id": "taken"})).status == 201
        assert await server.refusal("POST", "/v1/voices", ANNA | changes) == refusal
        assert await server.ids() == ["tone", "taken"]


async def test_a_full_store_says_so_before_a_voice_is_made(tmp_path: Path) -> None:
    encoder = FakeEncoder()
    async with serving(tmp_path, CloningRunner(encoder), max_voices=1) as server:
        assert (await server.ask("POST", "/v1/voices", ANNA)).status == 201
        more = ANNA | {"id": "berta", "reference": WRITTEN | {"text": "Another text."}}
        assert await server.refusal("POST", "/v1/voices", more) == (429, "quota")
        assert encoder.encoded == [REFERENCE.text]


async def test_no_voice_is_begun_while_the_server_goes_away(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        await server.service.drain.run(0.0, 0.0)
        assert await server.refusal("POST", "/v1/voices", ANNA) == (503, "draining")


async def test_a_model_that_cannot_clone_refuses_all_of_it(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        await server.ask("POST", "/v1/voices", ANNA)
    unsupported = (422, "unsupported")
    async with serving(tmp_path, ToneRunner(sleep=lambda _: None)) as server:
        assert await server.refusal("POST", "/v1/voices", ANNA | {"id": "berta"}) == unsupported
        long = WRITTEN | {"audio": base64.b64encode(bytes(MAX_AUDIO_BYTES)).decode()}
        assert await server.refusal("POST", "/v1/voices", {"reference": long}) == unsupported
        wishes: list[dict[str, object]] = [
            {"voice": "anna"},
            {"reference": WRITTEN},
            {"reference": long},
        ]
        for fields in wishes:
            assert await server.refusal("POST", "/v1/notes", NOTE | fields) == unsupported
        assert await server.ids() == ["tone"]
        assert await server.refusal("GET", "/v1/voices/anna") == (404, "unknown_voice")
        removed = await server.ask("DELETE", "/v1/voices/anna")
        assert (removed.status, removed.body) == (204, b"")


@pytest.mark.parametrize(
    "wish",
    [{"temperature": 0.5}, {"format": "mp3", "sample_rate": 12_345}, {"language": "tlh"}],
    ids=str,
)
async def test_no_voice_is_made_for_a_note_that_cannot_be(
    tmp_path: Path, wish: dict[str, object]
) -> None:
    encoder = FakeEncoder()
    async with serving(tmp_path, CloningRunner(encoder)) as server:
        answer = await server.ask("POST", "/v1/notes", NOTE | {"reference": WRITTEN} | wish)
        assert answer.status in (404, 422)
    assert encoder.encoded == []


@pytest.mark.parametrize("voice_id", [*NO_IDS, "a/b/c", "..%2f..", "\\\\host"])
async def test_no_id_leads_out_of_the_folder(tmp_path: Path, voice_id: str) -> None:
    async with serving(tmp_path / "voices") as server:
        await server.ask("POST", "/v1/voices", ANNA)
        for method in ("GET", "DELETE"):
            assert (await server.refusal(method, f"/v1/voices/{voice_id}"))[0] == 404
        assert (await server.ask("GET", "/v1/voices/anna")).status == 200


async def test_other_methods_are_refused(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        for method, path in (("DELETE", "/v1/voices"), ("POST", "/v1/voices/anna")):
            assert await server.refusal(method, path) == (405, "method_not_allowed")


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/v1/notes", "/v1/voices"])
async def test_the_largest_recording_fits_and_a_larger_one_does_not(
    tmp_path: Path, path: str
) -> None:
    body = NOTE if path == "/v1/notes" else {}
    async with serving(tmp_path) as server:
        for num_bytes, status in ((MAX_AUDIO_BYTES, None), (MAX_AUDIO_BYTES + 1, 422)):
            audio = base64.b64encode(bytes(num_bytes)).decode()
            reference = {"audio": audio, "text": "Long."}
            answer = await server.ask("POST", path, {**body, "reference": reference})
            assert answer.status == (status or (200 if body else 201))
        too_long = b" " * (MAX_AUDIO_BYTES * 2)
        assert (await server.send(path, too_long, "application/json")).status == 413


@pytest.mark.parametrize("path", ["/v1/notes", "/v1/voices"])
async def test_a_voice_for_a_client_that_left_is_given_up(tmp_path: Path, path: str) -> None:
    encoder = FakeEncoder(threading.Event())
    body = json.dumps({**(NOTE if path == "/v1/notes" else {}), "reference": WRITTEN}).encode()
    async with serving(tmp_path, CloningRunner(encoder)) as server:
        async with calling(server.app, http_scope("POST", path)) as call:
            call.put(type="http.request", body=body, more_body=False)
            await to_thread.run_sync(encoder.has_begun.wait, 20)
            call.put(type="http.disconnect")
            with anyio.fail_after(20):
                await call.returned.wait()
        assert encoder.was_given_up.is_set()
        assert server.engine.scheduler.num_sequences == 0


@pytest.mark.parametrize(("path", "status"), [("/v1/notes", 200), ("/v1/voices", 201)])
async def test_the_server_waits_while_a_voice_is_being_made(
    tmp_path: Path, path: str, status: int
) -> None:
    let_go = threading.Event()
    encoder = FakeEncoder(let_go)
    body = (NOTE if path == "/v1/notes" else {}) | {"reference": WRITTEN}
    async with serving(tmp_path, CloningRunner(encoder)) as server:
        answers: list[Answer] = []

        async def ask() -> None:
            answers.append(await server.ask("POST", path, body))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ask)
            await to_thread.run_sync(encoder.has_begun.wait, 20)
            tasks.start_soon(server.service.drain.run, 20.0, 0.0)
            await anyio.wait_all_tasks_blocked()
            let_go.set()
    assert [answer.status for answer in answers] == [status]


async def test_a_voice_that_takes_longer_than_the_server_can_wait_is_refused(
    tmp_path: Path,
) -> None:
    encoder = FakeEncoder(threading.Event())
    async with serving(tmp_path, CloningRunner(encoder)) as server:
        answers: list[Answer] = []

        async def ask() -> None:
            answers.append(await server.ask("POST", "/v1/voices", {"reference": WRITTEN}))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ask)
            await to_thread.run_sync(encoder.has_begun.wait, 20)
            await server.service.drain.run(0.0, 5.0)
    assert [answer.status for answer in answers] == [503]
