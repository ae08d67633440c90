"""The job API from outside: what is accepted is kept, made once, and told of truly."""

from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from starlette.types import Receive, Scope, Send

from tests.helpers.asking import ask
from tests.helpers.jobs import ASYNC, keeping
from tests.helpers.virtual_engine import STEP_S

pytestmark = pytest.mark.anyio

LONG = " ".join(["word"] * 2_000)


@pytest.fixture
def virtual_time() -> bool:
    return False  # the database has a thread of its own


async def test_a_note_that_nobody_waits_for_is_that_of_who_waits(tmp_path: Path) -> None:
    note: dict[str, Any] = {"text": "The very same.", "format": "pcm"}
    async with keeping(tmp_path) as kept:
        answer = await kept.submit(**note)
        assert answer.status == 202
        job_id = answer.fields["id"]
        assert answer.headers[b"location"] == f"/v1/notes/{job_id}".encode()
        assert answer.headers[b"preference-applied"] == b"respond-async"
        shown = await kept.until(job_id, "stored")
        audio = await ask(kept.app, "GET", shown["audio"])
        waited = await ask(kept.app, "POST", "/v1/notes", note)
    # A tone is as high as its slot.
    assert len(audio.body) == len(waited.body)
    assert audio.headers[b"content-type"] == b"audio/pcm"
    assert shown["bytes"] == len(audio.body)
    assert shown["audio_s"]["made"] == pytest.approx(len(audio.body) / 2 / 24_000, abs=0.01)
    assert shown["characters"] == {"total": 14, "spoken": 14}


async def test_the_same_key_a_hundred_times_at_once_is_one_note(tmp_path: Path) -> None:
    ids: set[str] = set()
    async with keeping(tmp_path) as kept:

        async def submit() -> None:
            ids.add(await kept.accepted(key="order 66"))

        async with anyio.create_task_group() as tasks:
            for _ in range(100):
                tasks.start_soon(submit)
        (job_id,) = ids
        shown = await kept.until(job_id, "stored")
        assert shown["attempts"] == 1
        # Also once it is there.
        assert await kept.accepted(key="order 66") == job_id
        listed = (await ask(kept.app, "GET", "/v1/notes")).fields["notes"]
        assert [each["id"] for each in listed] == [job_id]


async def test_a_request_is_the_same_however_it_is_written(tmp_path: Path) -> None:
    async with keeping(tmp_path, role="calls") as kept:
        first = await kept.accepted(key="k", speed=1, voice=None, volume_db=-3)
        assert await kept.accepted(volume_db=-3.0, speed=1.0, key="k") == first


@pytest.mark.parametrize("other", [{"text": "Another."}, {"format": "pcm"}, {"priority": "high"}])
async def test_a_key_stands_for_one_request(tmp_path: Path, other: dict[str, str]) -> None:
    async with keeping(tmp_path) as kept:
        await kept.accepted(key="k")
        assert (await kept.submit(key="k", **other)).refusal == (409, "key_reused")


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"text": " "}, (422, "bad_value")),
        ({"text": "x" * 400_001}, (413, "text_too_long")),
        ({"voice": "nobody"}, (404, "unknown_voice")),
        ({"priority": "soon"}, (422, "bad_value")),
        ({"expires_s": 0}, (422, "bad_value")),
        ({"expires_s": 1e9}, (422, "bad_value")),
        ({"format": "vinyl"}, (422, "bad_value")),
        ({"unheard_of": 1}, (422, "bad_value")),
        ({"temperature": 0.5}, (422, "unsupported")),
        ({"reference": {"audio": "AAAA", "text": "a"}}, (422, "unsupported")),
        ({"webhook": "ftp://example.com"}, (422, "bad_value")),
        ({"webhook": "http://127.0.0.1/"}, (422, "bad_value")),
        ({"webhook": "http://2130706433/"}, (422, "bad_value")),
        ({"webhook": "http://[::ffff:10.0.0.1]/"}, (422, "bad_value")),
        ({"webhook": "https://user:secret@example.com/"}, (422, "bad_value")),
        ({"key": "two\nlines"}, (422, "bad_value")),
    ],
)
async def test_what_could_never_be_spoken_is_never_accepted(
    tmp_path: Path, fields: dict[str, Any], refusal: tuple[int, str]
) -> None:
    async with keeping(tmp_path) as kept:
        assert (await kept.submit(**fields)).refusal == refusal
        assert not (await ask(kept.app, "GET", "/v1/notes")).fields["notes"]


@pytest.mark.parametrize("second", [b"one", b"another"])
async def test_which_of_two_keys_is_meant_is_not_guessed(tmp_path: Path, second: bytes) -> None:
    async with keeping(tmp_path, role="calls") as kept:

        async def with_two_keys(scope: Scope, receive: Receive, send: Send) -> None:
            headers = [*scope["headers"], (b"idempotency-key", second)]
            await kept.app({**scope, "headers": headers}, receive, send)

        headers = {**ASYNC, "idempotency-key": "one"}
        answer = await ask(with_two_keys, "POST", "/v1/notes", {"text": "A."}, headers=headers)
        assert answer.refusal == (400, "bad_message")
        assert not (await ask(kept.app, "GET", "/v1/notes")).fields["notes"]


async def test_without_the_preference_the_note_is_the_answer(tmp_path: Path) -> None:
    async with keeping(tmp_path) as kept:
        for wish in ("", "handling=strict", "respond-asynchronously"):
            headers = {"prefer": wish}
            note = await ask(kept.app, "POST", "/v1/notes", {"text": "Now."}, headers=headers)
            assert note.body[:4] == b"RIFF"
        headers = {"prefer": "wait=5, Respond-Async ; x=1"}
        note = await ask(kept.app, "POST", "/v1/notes", {"text": "Now."}, headers=headers)
        assert note.status == 202


async def test_a_waiting_note_is_cancelled_and_then_forgotten(tmp_path: Path) -> None:
    async with keeping(tmp_path, role="calls") as kept:
        job_id = await kept.accepted()
        assert (await ask(kept.app, "DELETE", f"/v1/notes/{job_id}")).status == 202
        assert (await kept.find(job_id))["state"] == "cancelled"
        audio = await ask(kept.app, "GET", f"/v1/notes/{job_id}/audio")
        assert audio.refusal == (409, "bad_state")
        assert (await ask(kept.app, "DELETE", f"/v1/notes/{job_id}")).status == 204
        gone = await ask(kept.app, "GET", f"/v1/notes/{job_id}")
        assert gone.refusal == (404, "not_found")


async def test_a_running_note_is_cancelled_and_frees_the_engine(tmp_path: Path) -> None:
    async with keeping(tmp_path) as kept:
        job_id = await kept.accepted(text=LONG)
        await kept.until(job_id, "running")
        assert (await ask(kept.app, "DELETE", f"/v1/notes/{job_id}")).status == 202
        await kept.until(job_id, "cancelled")
        await anyio.sleep(2 * STEP_S)
        assert not kept.engine.scheduler.num_sequences
        assert not list((tmp_path / "audio").glob("*/*"))


async def test_what_is_forgotten_leaves_no_audio(tmp_path: Path) -> None:
    async with keeping(tmp_path) as kept:
        job_id = await kept.accepted()
        await kept.until(job_id, "stored")
        assert list((tmp_path / "audio").glob("*/*"))
        assert (await ask(kept.app, "DELETE", f"/v1/notes/{job_id}")).status == 204
        assert not list((tmp_path / "audio").glob("*/*"))


async def test_a_cancelled_note_can_be_sent_again(tmp_path: Path) -> None:
    async with keeping(tmp_path, role="calls") as kept:
        job_id = await kept.accepted()
        retry = f"/v1/notes/{job_id}/retry"
        assert (await ask(kept.app, "POST", retry)).refusal == (409, "bad_state")
        await ask(kept.app, "DELETE", f"/v1/notes/{job_id}")
        assert (await ask(kept.app, "POST", retry)).fields["state"] == "queued"
    async with keeping(tmp_path) as kept:
        await kept.until(job_id, "stored")


async def test_the_list_is_walked_by_pages_and_filtered(tmp_path: Path) -> None:
    async with keeping(tmp_path, role="calls") as kept:
        ids = [await kept.accepted(text=f"Number {n}.") for n in range(7)]
        await ask(kept.app, "DELETE", f"/v1/notes/{ids[3]}")
        seen, query = [], "limit=3"
        while query:
            page = (await ask(kept.app, "GET", "/v1/notes", query=query)).fields
            seen += [each["id"] for each in page["notes"]]
            query = page["next_cursor"] and f"limit=3&cursor={page['next_cursor']}"
        assert seen == ids[::-1]
        page = (await ask(kept.app, "GET", "/v1/notes", query="state=cancelled")).fields
        assert [each["id"] for each in page["notes"]] == [ids[3]]
        for query in ("limit=0", "limit=501", "limit=x", "state=lost", "cursor=$"):
            answer = await ask(kept.app, "GET", "/v1/notes", query=query)
            assert answer.refusal == (422, "bad_value")


async def test_where_too_much_waits_the_next_is_told_when_to_come(tmp_path: Path) -> None:
    async with keeping(tmp_path, role="calls", max_queued_audio_s=10) as kept:
        await kept.accepted(text="x" * 100)
        refused = await kept.submit(text="x" * 100)
        assert refused.refusal == (429, "quota")
        # There never will be room for this one.
        assert (await kept.submit(text="x" * 151)).refusal == (413, "text_too_long")
        assert int(refused.headers[b"retry-after"]) >= 1
        # What is there already takes no room.
        await kept.accepted(key="small", text="x" * 20)
        await kept.accepted(key="small", text="x" * 20)


async def test_a_server_that_goes_away_accepts_nothing_and_ends_what_it_makes(
    tmp_path: Path,
) -> None:
    async with keeping(tmp_path) as kept:
        job_id = await kept.accepted()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(kept.service.drain.run, 10.0, 0.1)
            await anyio.lowlevel.checkpoint()
            assert (await kept.submit()).refusal == (503, "draining")
        state = (await kept.find(job_id))["state"]
        assert state in {"queued", "stored"}


async def test_what_waits_survives_the_process(tmp_path: Path) -> None:
    async with keeping(tmp_path, role="calls") as kept:
        ids = [await kept.accepted(text=f"Number {n}.") for n in range(3)]
    async with keeping(tmp_path) as kept:
        for job_id in ids:
            await kept.until(job_id, "stored")


async def test_events_tell_of_every_state_to_the_end(tmp_path: Path) -> None:
    async with keeping(tmp_path, role="calls") as kept:
        job_id = await kept.accepted()
        bodies = []

        async def follow() -> None:
            bodies.append((await ask(kept.app, "GET", f"/v1/notes/{job_id}/events")).body)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(follow)
            await anyio.sleep(0.05)
            await ask(kept.app, "DELETE", f"/v1/notes/{job_id}")
        told = [line for line in bodies[0].split(b"\n") if line.startswith(b"data: ")]
        assert [b'"queued"' in told[0], b'"cancelled"' in told[-1]] == [True, True]
        missing = await ask(kept.app, "GET", "/v1/notes/nobody/events")
        assert missing.refusal == (404, "not_found")


async def test_async_is_a_wish_of_this_route_alone(tmp_path: Path) -> None:
    async with keeping(tmp_path) as kept:
        answer = await ask(kept.app, "POST", "/v1/tts", {"text": "Now."}, headers=ASYNC)
        assert answer.status == 200
