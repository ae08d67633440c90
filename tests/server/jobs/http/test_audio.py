"""The audio of notes: parts of what is stored, all of what is made, never two takes in one."""

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import anyio
import pytest

from server.jobs.http import audio, audio_endpoint
from server.jobs.spool import SpoolAbandoned
from server.jobs.store import Landing, StoreFailed
from server.notes.gathered_stream import GATHER_S
from tests.helpers.asgi import calling, http_scope
from tests.helpers.asking import Answer, ask
from tests.helpers.jobs import TIMEOUT_S, Kept, keeping

pytestmark = pytest.mark.anyio


@pytest.fixture
def virtual_time() -> bool:
    return False  # the database has a thread of its own


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@asynccontextmanager
async def stored(folder: Path) -> AsyncIterator[tuple[Kept, str, bytes]]:
    async with keeping(folder) as kept:
        job_id = await kept.accepted(format="pcm")
        await kept.until(job_id, "stored")
        yield kept, job_id, (await fetch(kept, job_id)).body


async def fetch(kept: Kept, job_id: str, query: str = "", **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    path = f"/v1/notes/{job_id}/audio"
    return await ask(kept.app, "GET", path, query=query, headers=named)


async def test_a_range_is_that_part_of_the_file(tmp_path: Path) -> None:
    async with stored(tmp_path) as (kept, job_id, whole):
        end = len(whole)
        for asked, start, stop in [
            ("bytes=0-0", 0, 1),
            ("bytes=10-99", 10, 100),
            (f"bytes={end - 1}-", end - 1, end),
            ("bytes=-5", end - 5, end),
            (f"bytes=-{end + 5}", 0, end),
            (f"bytes=7-{end + 100}", 7, end),
        ]:
            part = await fetch(kept, job_id, range=asked)
            assert (part.status, part.body) == (206, whole[start:stop])
            told = f"bytes {start}-{stop - 1}/{end}"
            assert part.headers[b"content-range"] == told.encode()
            assert part.headers[b"content-length"] == str(stop - start).encode()


@pytest.mark.parametrize("asked", ["bytes=", "bytes=-", "bytes=5-3", "lines=1-2", "bytes=0-1,4-5"])
async def test_what_is_no_one_range_is_the_file(tmp_path: Path, asked: str) -> None:
    async with stored(tmp_path) as (kept, job_id, whole):
        answer = await fetch(kept, job_id, range=asked)
        assert (answer.status, answer.body) == (200, whole)


async def test_past_the_end_there_is_nothing(tmp_path: Path) -> None:
    async with stored(tmp_path) as (kept, job_id, whole):
        for asked in (f"bytes={len(whole)}-", "bytes=-0"):
            answer = await fetch(kept, job_id, range=asked)
            assert (answer.status, answer.body) == (416, b"")
            assert answer.headers[b"content-range"] == f"bytes */{len(whole)}".encode()


async def test_whoever_has_it_is_told_so_and_whoever_has_another_take_gets_all(
    tmp_path: Path,
) -> None:
    async with stored(tmp_path) as (kept, job_id, whole):
        etag = (await fetch(kept, job_id)).headers[b"etag"].decode()
        assert (await fetch(kept, job_id, if_none_match=etag)).status == 304
        assert (await fetch(kept, job_id, if_match=etag)).body == whole
        for unlike in ('"another"', f"W/{etag}"):
            assert (await fetch(kept, job_id, if_match=unlike)).status == 412
        same = await fetch(kept, job_id, range="bytes=5-", if_range=etag)
        other = await fetch(kept, job_id, range="bytes=5-", if_range='"another"')
        assert (same.status, same.body) == (206, whole[5:])
        assert (other.status, other.body) == (200, whole)


async def test_a_take_in_the_making_is_held_to_the_same_conditions(tmp_path: Path) -> None:
    async with keeping(tmp_path) as kept:
        job_id = await kept.accepted(text=" ".join(["word"] * 2_000))
        await kept.until(job_id, "running")
        etag = f'"{job_id}-1"'
        # Whoever goes on by it must not get another take.
        assert (await fetch(kept, job_id, if_match=f'"{job_id}-2"')).status == 412
        assert (await fetch(kept, job_id, if_none_match=etag)).status == 304
        taken = await ask(kept.app, "HEAD", f"/v1/notes/{job_id}/audio", headers={"if-match": etag})
        assert (taken.status, taken.headers[b"etag"]) == (200, etag.encode())


async def test_head_tells_all_but_the_bytes(tmp_path: Path) -> None:
    async with stored(tmp_path) as (kept, job_id, whole):
        answer = await ask(kept.app, "HEAD", f"/v1/notes/{job_id}/audio")
        assert answer.headers[b"content-length"] == str(len(whole)).encode()
        assert answer.body == b""


async def test_a_named_take_is_read_on_from_any_byte(tmp_path: Path) -> None:
    async with stored(tmp_path) as (kept, job_id, whole):
        for offset in (0, 1, len(whole) - 1, len(whole)):
            answer = await fetch(kept, job_id, f"take=1&offset={offset}")
            assert (answer.status, answer.body) == (200, whole[offset:])
        assert (await fetch(kept, job_id, "take=2&offset=9")).refusal == (409, "take_changed")
        for query in ("offset=9", "take=x", "take=1&offset=-1", "take=" + "9" * 40):
            assert (await fetch(kept, job_id, query)).refusal == (422, "bad_value")


async def test_past_the_end_of_a_named_take_there_is_nothing(tmp_path: Path) -> None:
    async with stored(tmp_path) as (kept, job_id, whole):
        answer = await fetch(kept, job_id, f"take=1&offset={len(whole) + 1}")
        assert (answer.status, answer.body) == (416, b"")
        assert answer.headers[b"content-range"] == f"bytes */{len(whole)}".encode()


async def listen(kept: Kept, job_id: str, query: str = "") -> tuple[int, bytes, bool]:
    """Return the status, what came, and whether it had an end."""
    scope = http_scope("GET", f"/v1/notes/{job_id}/audio")
    async with calling(kept.app, {**scope, "query_string": query.encode()}) as call:
        call.put(type="http.request", body=b"", more_body=False)
        await call.returned.wait()
        start, *parts = call.rest()
    data = b"".join(part.get("body", b"") for part in parts)
    return start["status"], data, not parts[-1].get("more_body", False)


AHEAD = "take=1&offset=100000000"


async def test_whoever_is_ahead_of_a_take_is_answered_at_once(tmp_path: Path) -> None:
    async with keeping(tmp_path) as kept:
        job_id = await kept.accepted(text=" ".join(["word"] * 2_000), format="pcm")
        await kept.until(job_id, "running")
        scope = http_scope("GET", f"/v1/notes/{job_id}/audio")
        async with calling(kept.app, {**scope, "query_string": AHEAD.encode()}) as call:
            call.put(type="http.request", body=b"", more_body=False)
            assert (await call.get())["status"] == 200
            # Answered at its end, it would have one.
            await ask(kept.app, "DELETE", f"/v1/notes/{job_id}")
            await call.returned.wait()
            assert call.rest() == []


async def test_whoever_is_ahead_of_a_whole_take_is_told_of_its_end(tmp_path: Path) -> None:
    async with keeping(tmp_path) as kept:
        job_id = await kept.accepted(text=" ".join(["word"] * 30), format="pcm")
        await kept.until(job_id, "running")
        assert await listen(kept, job_id, AHEAD) == (200, b"", True)


async def test_a_note_in_the_making_is_heard_from_its_first_byte_to_its_last(
    tmp_path: Path,
) -> None:
    text = " ".join(["word"] * 120)
    async with keeping(tmp_path) as kept:
        heard: list[tuple[int, bytes, bool]] = []
        job_id = await kept.accepted(text=text, format="pcm")

        async def follow() -> None:
            heard.append(await listen(kept, job_id))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(follow)  # before it has begun
            await kept.until(job_id, "running")
            tasks.start_soon(follow)  # while it runs
            assert not heard
        await kept.until(job_id, "stored")
        stored = (await fetch(kept, job_id)).body
    assert heard == [(200, stored, True)] * 2


async def test_a_take_that_is_given_up_has_no_end_and_is_never_continued(tmp_path: Path) -> None:
    text = " ".join(["word"] * 2_000)
    async with keeping(tmp_path) as kept:
        heard: list[tuple[int, bytes, bool]] = []
        job_id = await kept.accepted(text=text, format="pcm")
        await kept.until(job_id, "running")

        async def follow() -> None:
            heard.append(await listen(kept, job_id))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(follow)
            await anyio.sleep(2 * GATHER_S)
            await ask(kept.app, "DELETE", f"/v1/notes/{job_id}")
        await kept.until(job_id, "cancelled")
    ((status, data, has_end),) = heard
    assert (status, has_end) == (200, False)
    assert data
    async with keeping(tmp_path) as kept:
        await ask(kept.app, "POST", f"/v1/notes/{job_id}/retry")
        await kept.until(job_id, "running")
        answer = await fetch(kept, job_id, f"take=1&offset={len(data)}")
        assert answer.refusal == (409, "take_changed")


@pytest.mark.slow
async def test_what_the_relay_has_lost_is_taken_from_the_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = " ".join(["word"] * 120)
    async with keeping(tmp_path) as kept:

        async def follow(job_id: str, take: int, start: int = 0) -> AsyncIterator[bytes]:
            async with aclosing(real(job_id, take, start)) as chunks:
                async for data in chunks:
                    yield data
                    raise SpoolAbandoned

        real = kept.desk.relay.follow
        monkeypatch.setattr(kept.desk.relay, "follow", follow)
        job_id = await kept.accepted(text=text, format="pcm")
        heard = await listen(kept, job_id)
        await kept.until(job_id, "stored")
        assert heard == (200, (await fetch(kept, job_id)).body, True)


async def follow_in_vain(*_: object) -> AsyncIterator[bytes]:
    await anyio.sleep_forever()
    yield b"never"


@pytest.mark.slow
async def test_who_hears_nothing_of_a_note_has_it_from_the_store_as_soon_as_it_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with keeping(tmp_path) as kept:
        monkeypatch.setattr(kept.desk.relay, "follow", follow_in_vain)
        job_id = await kept.accepted(text=" ".join(["word"] * 120), format="pcm")
        with anyio.fail_after(TIMEOUT_S):
            heard = await listen(kept, job_id)
        assert heard == (200, (await fetch(kept, job_id)).body, True)


async def test_who_hears_nothing_of_a_take_is_told_as_soon_as_it_was_given_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with keeping(tmp_path) as kept:

        async def land(*_: object) -> Landing:
            await anyio.sleep(2 * GATHER_S)
            raise StoreFailed("it is gone")

        monkeypatch.setattr(kept.desk.relay, "follow", follow_in_vain)
        monkeypatch.setattr(kept.desk.store, "land", land)
        job_id = await kept.accepted(text=" ".join(["word"] * 120), format="pcm")
        await kept.until(job_id, "running")
        with anyio.fail_after(TIMEOUT_S):
            answer = await fetch(kept, job_id, "take=1&offset=0")
        assert answer.refusal == (409, "take_changed")


async def test_who_asks_too_early_is_told_so_after_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audio, "PATIENCE_S", 0.05)
    async with keeping(tmp_path, role="calls") as kept:
        job_id = await kept.accepted()
        assert (await fetch(kept, job_id)).refusal == (409, "bad_state")
        assert (await fetch(kept, job_id, "take=1&offset=5")).refusal == (409, "take_changed")
        assert (await fetch(kept, "nobody")).refusal == (404, "not_found")


async def test_so_many_may_listen_to_notes_in_the_making_and_any_number_to_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audio_endpoint, "MAX_LISTENERS", 1)
    async with stored(tmp_path) as (kept, old, whole), anyio.create_task_group() as tasks:
        job_id = await kept.accepted(text=" ".join(["word"] * 2_000))
        await kept.until(job_id, "running")
        tasks.start_soon(listen, kept, job_id)
        await anyio.sleep(0.05)
        refused = await fetch(kept, job_id)
        assert refused.refusal == (503, "overloaded")
        assert b"retry-after" in refused.headers
        assert (await fetch(kept, old)).body == whole
        await ask(kept.app, "DELETE", f"/v1/notes/{job_id}")


async def test_audio_is_only_read(tmp_path: Path) -> None:
    async with keeping(tmp_path, role="calls") as kept:
        answer = await ask(kept.app, "PUT", "/v1/notes/x/audio")
        assert answer.refusal == (405, "method_not_allowed")
        assert set(answer.headers[b"allow"].split(b", ")) == {b"GET", b"HEAD"}


async def test_whoever_has_anything_of_it_has_it(tmp_path: Path) -> None:
    async with stored(tmp_path) as (kept, job_id, _):
        etag = (await fetch(kept, job_id)).headers[b"etag"].decode()
        for known in ("*", etag, f'"another", {etag}', f"W/{etag}"):
            assert (await fetch(kept, job_id, if_none_match=known)).status == 304
        # A weak one is not enough for a part.
        part = await fetch(kept, job_id, range="bytes=5-", if_range=f"W/{etag}")
        assert part.status == 200


async def test_what_only_we_can_answer_is_not_sent_to_the_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def url(*_: str) -> str:
        return "https://example.org/bucket"

    async with stored(tmp_path) as (kept, job_id, whole):
        monkeypatch.setattr(kept.desk.store, "url", url)
        sent_on = await fetch(kept, job_id)
        assert sent_on.status == 307
        assert sent_on.headers[b"location"] == b"https://example.org/bucket"
        # Of what is there, all would come, …
        rest = await fetch(kept, job_id, "take=1&offset=9")
        assert (rest.status, rest.body) == (200, whole[9:])
        # … the store has tags of its own, …
        etag = sent_on.headers[b"etag"].decode()
        same = await fetch(kept, job_id, if_match=etag)
        assert (same.status, same.body) == (200, whole)
        part = await fetch(kept, job_id, range="bytes=5-", if_range=etag)
        assert (part.status, part.body) == (206, whole[5:])
        # … and its addresses are signed for GET.
        head = await ask(kept.app, "HEAD", f"/v1/notes/{job_id}/audio")
        assert (head.status, head.body) == (200, b"")
        assert int(head.headers[b"content-length"]) == len(whole)


async def test_nobody_says_how_long_a_note_in_the_making_will_be(tmp_path: Path) -> None:
    async with keeping(tmp_path) as kept:
        job_id = await kept.accepted(text=" ".join(["word"] * 2_000))
        await kept.until(job_id, "running")
        answer = await ask(kept.app, "HEAD", f"/v1/notes/{job_id}/audio")
        assert (answer.status, answer.body) == (200, b"")
        assert b"content-length" not in answer.headers
        assert answer.headers[b"etag"] == f'"{job_id}-1"'.encode()


@pytest.mark.slow
async def test_a_take_that_its_engine_gave_up_is_never_part_of_the_next(tmp_path: Path) -> None:
    text = " ".join(["word"] * 100)
    heard: list[tuple[int, bytes, bool]] = []

    async def follow(kept: Kept) -> None:
        heard.append(await listen(kept, job_id))

    async with keeping(tmp_path) as kept:
        job_id = await kept.accepted(text=text, format="pcm")
        await kept.until(job_id, "running")
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(follow, kept)
            await anyio.sleep(2 * GATHER_S)
            kept.engine.client.fail("it is gone")
    ((status, start, has_end),) = heard
    assert (status, has_end) == (200, False)
    assert start
    async with keeping(tmp_path) as kept:
        await follow(kept)
        await kept.until(job_id, "stored")
        whole = await fetch(kept, job_id)
        assert heard[1] == (200, whole.body, True)
        assert whole.headers[b"etag"] == f'"{job_id}-2"'.encode()
        resumed = await fetch(kept, job_id, f"take=1&offset={len(start)}")
        assert resumed.refusal == (409, "take_changed")
        part = await fetch(kept, job_id, range=f"bytes={len(start)}-", if_range=f'"{job_id}-1"')
        assert (part.status, part.body) == (200, whole.body)
