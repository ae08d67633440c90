"""A batch: an answer for every line, in order, and none of them is in another's way."""

import json
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest

from protocol.codes import ErrorCode
from server.errors import RequestError
from server.jobs.acceptance import Acceptance, Accepted
from server.jobs.http import batch
from server.jobs.http.batch import MAX_BATCHES, MAX_LINES, MEDIA_TYPE
from server.jobs.queue import QueueUnreachable
from tests.helpers.asgi import AsgiCall, calling, http_scope
from tests.helpers.asking import Answer, ask, ask_raw
from tests.helpers.jobs import Kept, keeping

pytestmark = pytest.mark.anyio

PATH = "/v1/notes/batch"


@pytest.fixture
def virtual_time() -> bool:
    return False  # the database has a thread of its own


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def kept(tmp_path: Path) -> AsyncIterator[Kept]:
    async with keeping(tmp_path, role="calls") as kept:
        yield kept


async def send(kept: Kept, body: bytes) -> Answer:
    return await ask_raw(kept.app, "POST", PATH, body, MEDIA_TYPE)


def answers(answer: Answer) -> list[Any]:
    assert answer.status == 200
    assert answer.headers[b"content-type"] == MEDIA_TYPE.encode()
    return [json.loads(line) for line in answer.body.splitlines()]


async def submit(kept: Kept, *lines: object) -> list[Any]:
    """Send lines, of which those that are not bytes become JSON."""
    sent = [line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines]
    return answers(await send(kept, b"\n".join(sent)))


async def num_waiting(kept: Kept) -> int:
    return sum((await kept.desk.queue.stats()).queued.values())


async def test_every_line_is_answered_in_its_order(kept: Kept) -> None:
    lines: list[object] = [
        {"text": "One.", "key": "k"},
        b"no json",
        {"text": " "},
        b"\r",
        {"text": "One.", "key": "k"},
        {"text": "Another.", "key": "k"},
        {"text": "Two.", "unheard_of": 1},
        {"text": "Three.", "voice": "nobody"},
        {"text": "Four.", "key": 4},
        {"text": "half a pair: \ud800"},
        b'\xff{"text": "Five."}',
        b'  {"text": "Six.", "priority": "high"}\r',
    ]
    told = await submit(kept, *lines)
    codes = [(each["status"], each.get("code")) for each in told]
    assert codes == [
        (202, None),
        (400, "bad_message"),
        (422, "bad_value"),
        (202, None),
        (409, "key_reused"),
        (422, "bad_value"),
        (404, "unknown_voice"),
        (422, "bad_value"),
        (422, "bad_value"),
        (400, "bad_message"),
        (202, None),
    ]
    assert told[0]["id"] == told[3]["id"]
    assert told[0]["location"] == f"/v1/notes/{told[0]['id']}"
    assert await num_waiting(kept) == 2
    assert (await kept.find(told[-1]["id"]))["priority"] == "high"


async def test_a_line_is_the_note_that_is_sent_alone(kept: Kept) -> None:
    fields = {"text": "The very same.", "format": "pcm", "priority": "low", "expires_s": 60}
    (line,) = await submit(kept, {**fields, "key": "k"})
    assert await kept.accepted(key="k", **fields) == line["id"]


async def test_jobs_are_in_the_order_of_their_lines(kept: Kept) -> None:
    told = await submit(kept, *({"text": f"Number {n}."} for n in range(1_200)))
    listed, query = [], "limit=500"
    while query:
        page = (await ask(kept.app, "GET", "/v1/notes", query=query)).fields
        listed += [each["id"] for each in page["notes"]]
        query = page["next_cursor"] and f"limit=500&cursor={page['next_cursor']}"
    assert listed[::-1] == [each["id"] for each in told]


async def test_nothing_is_an_empty_answer(kept: Kept) -> None:
    for body in (b"", b"\n", b"\r\n \t\n"):
        answer = await send(kept, body)
        assert (answer.status, answer.body) == (200, b"")


async def test_a_batch_has_a_bound(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "MAX_LINES", 1_000)
    monkeypatch.setattr(batch, "GROUP_LINES", 300)
    line = b'{"text":"One."}\n'
    assert len(answers(await send(kept, line * 1_000))) == 1_000
    # Those that came before were accepted, and whoever sent them is told.
    *told, last = answers(await send(kept, line * 1_001))
    assert len({each["id"] for each in told}) == 1_000
    assert (last["status"], last["code"]) == (422, "bad_value")
    assert await num_waiting(kept) == 2_000
    assert MAX_LINES == 10_000


async def test_a_line_has_the_bound_of_a_note(kept: Kept) -> None:
    longest = {"text": "x" * 400_000}
    told = await submit(kept, longest, {"text": "x" * 400_001})
    assert [each["status"] for each in told] == [202, 413]
    answer = await send(kept, b'{"text":"%s"}' % (b"x" * 5_000_000))
    assert answer.refusal == (413, "text_too_long")


async def test_lines_that_came_with_one_that_is_too_long_have_answers(kept: Kept) -> None:
    long = b'{"text":"%s"}' % (b"x" * 5_000_000)
    body = b'{"text":"One."}\n{"text":"Two."}\n%s\n{"text":"Three."}' % long
    *told, last = answers(await send(kept, body))
    assert [each["status"] for each in (*told, last)] == [202, 202, 413]
    assert last["detail"].startswith("line 3 has more than")
    assert await num_waiting(kept) == 2


async def test_a_batch_that_breaks_off_has_answers_for_what_came_before(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "GROUP_LINES", 2)
    scope = http_scope("POST", "/v1/notes/batch", {"content-type": MEDIA_TYPE})
    async with calling(kept.app, scope) as call:
        for part in (b'{"text":"One."}\n{"text":"Two."}\n', b'{"text":"%s"}' % (b"x" * 5_000_000)):
            call.put(type="http.request", body=part, more_body=True)
        await call.returned.wait()
        start, *parts = call.rest()
    assert start["status"] == 200
    *told, last = map(json.loads, b"".join(part["body"] for part in parts).splitlines())
    assert [each["status"] for each in (*told, last)] == [202, 202, 413]
    assert await num_waiting(kept) == 2


async def test_where_there_is_no_room_each_line_is_told_when_to_come_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "GROUP_LINES", 2)
    text = "x" * 45  # three seconds
    async with keeping(tmp_path, role="calls", max_queued_audio_s=10) as kept:
        told = await submit(kept, *({"text": text, "key": str(n)} for n in range(5)))
        # Of a group, too, there is room for the first.
        assert [each["status"] for each in told] == [202, 202, 202, 429, 429]
        assert told[3]["code"] == "quota"
        assert told[3]["retry_after_s"] > 0
        # Sent again as a whole, what was accepted is what it was.
        again = await submit(kept, *({"text": text, "key": str(n)} for n in range(5)))
        assert [each.get("id") for each in again] == [each.get("id") for each in told]


async def test_a_queue_that_cannot_be_reached_is_said_of_its_lines_alone(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "GROUP_LINES", 1)
    real, times = kept.desk.queue.submit, 0

    async def submit_now_and_then(jobs: Any) -> Any:  # noqa: ANN401 as there
        nonlocal times
        times += 1
        if times == 2:
            raise QueueUnreachable
        return await real(jobs)

    monkeypatch.setattr(kept.desk.queue, "submit", submit_now_and_then)
    told = await submit(kept, *({"text": f"Number {n}."} for n in range(3)))
    assert [each["status"] for each in told] == [202, 503, 202]
    assert told[1]["retry_after_s"] > 0


async def test_a_voice_is_looked_up_once_for_many_lines(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    async def check(_: object, voice: str | None) -> None:
        if voice is not None:
            asked.append(voice)
        if voice == "voice:gone":
            raise RequestError(ErrorCode.UNKNOWN_VOICE, "it is gone")

    real = Acceptance.accept

    def accept(self: Any, fields: Any, key: str | None) -> Any:  # noqa: ANN401 as there
        voice = fields.pop("voice", None)
        return Accepted(job=real(self, fields, key).job, voice=voice)

    monkeypatch.setattr(Acceptance, "check_voice", check)
    monkeypatch.setattr(Acceptance, "accept", accept)
    voices = ["voice:a", "voice:gone", None, "voice:a", "voice:gone", "voice:a"]
    told = await submit(kept, *({"text": "Hello.", "voice": voice} for voice in voices))
    assert [each["status"] for each in told] == [202, 404, 202, 202, 404, 202]
    assert sorted(asked) == ["voice:a", "voice:gone"]
    assert await num_waiting(kept) == 4


@asynccontextmanager
async def open_batch(kept: Kept) -> AsyncIterator[AsgiCall]:
    async with calling(kept.app, http_scope("POST", PATH)) as call:
        yield call


def put(call: AsgiCall, body: bytes, *, more: bool = True) -> None:
    call.put(type="http.request", body=body, more_body=more)


async def until_waiting(kept: Kept, count: int) -> None:
    with anyio.fail_after(10):
        while await num_waiting(kept) < count:  # noqa: ASYNC110 polled
            await anyio.sleep(0.005)


async def test_whoever_leaves_in_the_middle_has_sent_what_had_come(kept: Kept) -> None:
    async with open_batch(kept) as call:
        put(call, b'{"text":"One."}\n{"text":"Two."}\n{"te')
        await until_waiting(kept, 2)
        call.put(type="http.disconnect")
    assert await num_waiting(kept) == 2
    # Its place is free again.
    for _ in range(MAX_BATCHES + 1):
        await submit(kept, {"text": "Hello."})


async def test_nothing_is_answered_before_the_last_line_has_come(kept: Kept) -> None:
    async with open_batch(kept) as call:
        put(call, b'{"text":"One."}\n')
        await until_waiting(kept, 1)
        assert not call.rest()
        put(call, b'{"text":"Two."}', more=False)
        assert (await call.get())["status"] == 200
        assert len((await call.get())["body"].splitlines()) == 2


async def test_so_many_batches_at_once_and_no_more(kept: Kept) -> None:
    async def send_slowly(done: anyio.Event) -> None:
        async with open_batch(kept) as call:
            put(call, b'{"text":"One."}\n')
            await done.wait()
            put(call, b"", more=False)

    done = anyio.Event()
    async with anyio.create_task_group() as tasks:
        for _ in range(MAX_BATCHES):
            tasks.start_soon(send_slowly, done)
        await until_waiting(kept, MAX_BATCHES)
        refused = await send(kept, b'{"text":"Two."}')
        assert refused.refusal == (503, "overloaded")
        assert b"retry-after" in refused.headers
        done.set()
    assert len(await submit(kept, {"text": "Two."})) == 1


async def test_a_server_that_goes_away_takes_no_batch(kept: Kept) -> None:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(kept.service.drain.run, 10.0, 0.1)
        await anyio.sleep(0.01)
        assert (await send(kept, b'{"text":"One."}')).refusal == (503, "draining")


async def test_no_line_is_read_on_the_event_loop(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: set[int] = set()
    real = Acceptance.accept

    def accept(*args: Any) -> Any:  # noqa: ANN401 as there
        threads.add(threading.get_ident())
        return real(*args)

    monkeypatch.setattr(Acceptance, "accept", accept)
    await submit(kept, *({"text": f"Number {n}."} for n in range(10)))
    assert threads
    assert threading.get_ident() not in threads
