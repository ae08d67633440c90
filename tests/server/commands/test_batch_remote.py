"""A server that makes a batch: what it answers is understood, and where it is away, waited for."""

import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from server.commands.batch.maker import Accepted, Later, NoteGone, Refused
from server.commands.batch.orders import Order, Request
from server.commands.batch.patience import GIVE_UP_S, Patience
from server.commands.batch.progress import Progress
from server.commands.batch.remote import RemoteMaker
from server.commands.batch.scripts import Script, Unusable
from server.commands.errors import CommandError

pytestmark = pytest.mark.anyio

URL = "http://server:8080"
SCRIPT = Script(Path("a.txt"), Path("a.wav"))

Answers = Callable[[httpx.Request], httpx.Response]


def maker(answers: Answers) -> RemoteMaker:
    client = httpx.AsyncClient(transport=httpx.MockTransport(answers))
    return RemoteMaker(client, URL, Patience(Progress(1)))


def requests(*texts: str) -> list[Request]:
    orders = [Order(script=SCRIPT, digest=text, key=f"key of {text}") for text in texts]
    return [Request(order, {"text": order.digest}) for order in orders]


def lines(*answers: dict[str, Any]) -> httpx.Response:
    return httpx.Response(200, content="".join(json.dumps(each) + "\n" for each in answers))


def problem(status: int, detail: str = "no", **headers: str) -> httpx.Response:
    return httpx.Response(status, json={"detail": detail}, headers=headers)


async def test_every_line_has_its_answer() -> None:
    asked: list[Any] = []

    def answers(request: httpx.Request) -> httpx.Response:
        assert (request.method, str(request.url)) == ("POST", f"{URL}/v1/notes/batch")
        asked.extend(json.loads(line) for line in request.content.splitlines())
        return lines(
            {"status": 202, "id": "1"},
            {"status": 429, "code": "quota", "detail": "full", "retry_after_s": 12.5},
            {"status": 404, "code": "unknown_voice", "detail": "no voice\x1b[2J 'x'"},
        )

    made = await maker(answers).submit(requests("one", "two", "three"))
    assert made == [Accepted("1"), Later(12.5), Refused("no voice [2J 'x'")]
    assert asked[1] == {"text": "two", "key": "key of two"}


async def test_one_text_for_which_all_are_refused_is_refused_alone() -> None:
    def answers(request: httpx.Request) -> httpx.Response:
        if b"long" in request.content:
            return problem(413, "a line is too long")
        return lines(*({"status": 202, "id": "1"} for _ in request.content.splitlines()))

    made = await maker(answers).submit(requests("one", "long", "three"))
    assert made == [Accepted("1"), Refused("a line is too long"), Accepted("1")]


async def test_what_was_not_read_behind_a_text_that_is_too_long_is_asked_for_again() -> None:
    kept = {"status": 202, "id": "1"}

    def answers(request: httpx.Request) -> httpx.Response:
        texts = request.content.splitlines()
        num_read = next((n for n, text in enumerate(texts) if b"long" in text), len(texts))
        too_long = {"status": 413, "code": "text_too_long", "detail": "a line is too long"}
        return lines(*[kept] * num_read, *[too_long] * (num_read < len(texts)))

    made = await maker(answers).submit(requests("one", "long", "three"))
    assert made == [Accepted("1"), Refused("a line is too long"), Accepted("1")]


def failing(times: int, fault: httpx.Response | Exception, then: httpx.Response) -> Answers:
    """Answer after so many faults."""
    left = times

    def answers(_: httpx.Request) -> httpx.Response:
        nonlocal left
        left -= 1
        if left < 0:
            return then
        if isinstance(fault, Exception):
            raise fault
        return fault

    return answers


@pytest.mark.parametrize(
    ("fault", "waits_s"),
    [
        (httpx.ConnectError("refused"), 0.5 + 1 + 2),
        (httpx.ReadTimeout("nothing"), 0.5 + 1 + 2),
        (httpx.RemoteProtocolError("cut"), 0.5 + 1 + 2),
        (problem(503, "draining"), 0.5 + 1 + 2),
        (problem(503, "draining", **{"Retry-After": "5"}), 5 + 5 + 5),
        (problem(429, "slowly", **{"Retry-After": "60"}), 60 + 60 + 60),
        (lines({"status": 503, "detail": "unreachable", "retry_after_s": 5}), 5 + 5 + 5),
    ],
    ids=repr,
)
async def test_a_server_that_is_away_for_a_while_is_asked_again_when_it_says(
    fault: httpx.Response | Exception, waits_s: float
) -> None:
    began = anyio.current_time()
    answers = failing(3, fault, lines({"status": 202, "id": "1"}))
    assert await maker(answers).submit(requests("one")) == [Accepted("1")]
    assert anyio.current_time() - began == pytest.approx(waits_s)


async def test_a_server_that_stays_away_is_given_up_with_how_to_go_on() -> None:
    began = anyio.current_time()
    with pytest.raises(CommandError, match=f"{URL} cannot be reached: refused; the same command"):
        await maker(failing(1_000, httpx.ConnectError("refused"), lines())).submit(requests("one"))
    assert GIVE_UP_S < anyio.current_time() - began < GIVE_UP_S + 20


async def test_what_counts_is_how_long_nothing_was_answered() -> None:
    def answers(_: httpx.Request) -> httpx.Response:
        if (anyio.current_time() - began) % GIVE_UP_S < GIVE_UP_S / 2:
            raise httpx.ConnectError("refused")
        return lines({"status": 202, "id": "1"})

    made, began = maker(answers), anyio.current_time()
    for _ in range(5):
        await made.submit(requests("one"))
        await anyio.sleep(GIVE_UP_S / 2)


async def test_a_note_is_looked_at_less_and_less_often_until_it_ends() -> None:
    times: list[float] = []
    began = anyio.current_time()

    def answers(_: httpx.Request) -> httpx.Response:
        times.append(anyio.current_time() - began)
        state = "running" if times[-1] < 10 else "failed"
        error = {"code": "internal", "message": "it\nbroke"}
        return httpx.Response(
            200, json={"state": state, "audio_s": {"made": times[-1]}, "error": error}
        )

    sights = [sight async for sight in maker(answers).follow("1")]
    assert times == pytest.approx([0, 0.1, 0.3, 0.7, 1.5, 3.1, 5.1, 7.1, 9.1, 11.1])
    assert (sights[-1].state, sights[-1].reason) == ("failed", "it broke")


async def test_audio_that_was_cut_is_fetched_again_from_its_start(tmp_path: Path) -> None:
    cut = True

    class Cut(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            nonlocal cut
            yield b"half "
            if cut:
                cut = False
                raise httpx.ReadError("cut")
            yield b"and half"

    path = tmp_path / "audio"
    await maker(lambda _: httpx.Response(200, stream=Cut())).save("1", path)
    assert await anyio.Path(path).read_bytes() == b"half and half"


@pytest.mark.parametrize(("status", "raised"), [(404, NoteGone), (409, Unusable), (500, Unusable)])
async def test_a_note_that_cannot_be_had_is_told_apart_from_a_server_that_is_away(
    tmp_path: Path, status: int, raised: type[Exception]
) -> None:
    made = maker(lambda _: problem(status))
    with pytest.raises(raised):
        await made.save("1", tmp_path / "audio")
    with pytest.raises(raised):
        async for _ in made.follow("1"):
            pass
    assert not await anyio.Path(tmp_path / "audio").exists()


@pytest.mark.parametrize(
    "answer", [httpx.Response(200, content=b"<html>"), lines(), lines({"status": 202})], ids=repr
)
async def test_what_is_no_voxline_server_is_said(answer: httpx.Response) -> None:
    with pytest.raises(CommandError, match="like a Voxline server"):
        await maker(lambda _: answer).submit(requests("one"))
