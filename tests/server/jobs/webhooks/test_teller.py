"""Whoever asked to be told is told: of every end, again and again until there is an answer."""

import base64
import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from server.jobs.webhooks import teller
from tests.helpers.asking import ask
from tests.helpers.in_process import web_server
from tests.helpers.jobs import keeping

pytestmark = pytest.mark.anyio

SECRET = "hook, line and sinker"  # noqa: S105


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"  # hypercorn listens here


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(teller, "LOOK_S", 0.01)
    monkeypatch.setattr(teller, "FIRST_PAUSE_S", 0.01)


class Hook:
    """Somebody who is told, and answers each time as the next of `answers` says, at last so."""

    def __init__(
        self,
        *answers: Callable[[], Response],
        before: Callable[[], Awaitable[None]] = anyio.lowlevel.checkpoint,
    ) -> None:
        self._before = before
        self.told: list[tuple[dict[str, str], bytes]] = []
        self._answers = list(answers)
        self._changed = anyio.Event()
        self.app = Starlette(routes=[Route("/hook", self._hear, methods=["GET", "POST"])])

    async def _hear(self, request: Request) -> Response:
        self.told.append((dict(request.headers), await request.body()))
        self._changed.set()
        self._changed = anyio.Event()
        await self._before()
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        return answer()

    async def heard(self, times: int) -> None:
        with anyio.fail_after(10):
            while len(self.told) < times:
                await self._changed.wait()

    def notes(self) -> list[Any]:
        return [json.loads(body) for _, body in self.told]


def ok() -> Response:
    return Response(status_code=204)


def broken() -> Response:
    return Response(status_code=500)


async def told_of(hook: Hook, folder: Path, times: int, **fields: object) -> None:
    """Submit a note that tells `hook` of its end, and wait until it has heard it."""
    async with (
        web_server(hook.app) as (host, port),
        keeping(folder, webhook_networks="any", webhook_secret=SECRET) as kept,
    ):
        await kept.accepted(webhook=f"http://{host}:{port}/hook", **fields)
        await hook.heard(times)
        await anyio.sleep(0.1)  # more would have come by then


async def test_the_end_of_a_note_is_told_once_and_signed(tmp_path: Path) -> None:
    hook = Hook(ok)
    await told_of(hook, tmp_path, 1)
    (headers, body), *more = hook.told
    assert not more
    told = json.loads(body)
    assert (told["type"], told["note"]["state"]) == ("note.stored", "stored")
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    digest = base64.b64encode(hmac.new(SECRET.encode(), signed, hashlib.sha256).digest())
    assert headers["webhook-signature"] == "v1," + digest.decode()


async def test_who_fails_is_called_again_with_the_same_id(tmp_path: Path) -> None:
    hook = Hook(broken, broken, ok)
    await told_of(hook, tmp_path, 3)
    assert len(hook.told) == 3
    assert len({headers["webhook-id"] for headers, _ in hook.told}) == 1


async def test_who_never_answers_well_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(teller, "MAX_TRIES", 3)
    hook = Hook(broken)
    await told_of(hook, tmp_path, 3)
    assert len(hook.told) == 3


@pytest.mark.parametrize("status", [410])
async def test_who_is_gone_is_not_called_again(tmp_path: Path, status: int) -> None:
    hook = Hook(lambda: Response(status_code=status))
    await told_of(hook, tmp_path, 1)
    assert len(hook.told) == 1


async def test_no_redirect_is_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(teller, "MAX_TRIES", 1)
    hook = Hook(lambda: RedirectResponse("/hook", 307))
    await told_of(hook, tmp_path, 1)
    assert len(hook.told) == 1


async def test_a_cancelled_note_is_told_of_and_again_once_it_is_made(tmp_path: Path) -> None:
    hook = Hook(ok)
    async with web_server(hook.app) as (host, port):
        webhook = f"http://{host}:{port}/hook"
        async with keeping(tmp_path, role="calls", webhook_networks="any") as kept:
            job_id = await kept.accepted(webhook=webhook)
            await ask(kept.app, "DELETE", f"/v1/notes/{job_id}")
            await hook.heard(1)
        async with keeping(tmp_path, webhook_networks="any") as kept:
            await ask(kept.app, "POST", f"/v1/notes/{job_id}/retry")
            await hook.heard(2)
    assert [told["type"] for told in hook.notes()] == ["note.cancelled", "note.stored"]
    assert len({headers["webhook-id"] for headers, _ in hook.told}) == 2


async def test_two_ends_without_a_take_between_them_are_told_apart(tmp_path: Path) -> None:
    hook = Hook(ok)
    async with (
        web_server(hook.app) as (host, port),
        keeping(tmp_path, role="calls", webhook_networks="any") as kept,
    ):
        job_id = await kept.accepted(webhook=f"http://{host}:{port}/hook")
        for number in (1, 2):
            await ask(kept.app, "DELETE", f"/v1/notes/{job_id}")
            await hook.heard(number)
            await ask(kept.app, "POST", f"/v1/notes/{job_id}/retry")
    assert len({headers["webhook-id"] for headers, _ in hook.told}) == 2


async def test_who_is_silent_holds_up_no_more_than_the_calls_that_there_may_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(teller, "MAX_CALLS", 3)
    silent = anyio.Event()

    async def be_silent() -> None:
        await silent.wait()

    hook, deaf = Hook(ok), Hook(ok, before=be_silent)
    async with (
        web_server(hook.app) as (host, port),
        web_server(deaf.app) as (_, deaf_port),
        keeping(tmp_path, webhook_networks="any") as kept,
    ):
        for _ in range(2):
            await kept.accepted(webhook=f"http://{host}:{deaf_port}/hook")
        await deaf.heard(2)
        for number in range(1, 4):
            await kept.accepted(webhook=f"http://{host}:{port}/hook")
            await hook.heard(number)
        silent.set()


async def test_what_was_to_be_told_when_the_process_died_is_told_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook = Hook(ok)
    async with web_server(hook.app) as (host, port):
        monkeypatch.setattr(teller, "LOOK_S", 60.0)
        async with keeping(tmp_path, webhook_networks="any") as kept:
            await anyio.sleep(0.05)  # it has looked
            job_id = await kept.accepted(webhook=f"http://{host}:{port}/hook")
            await kept.until(job_id, "stored")
        assert not hook.told
        async with keeping(tmp_path, webhook_networks="any"):
            await hook.heard(1)
    assert hook.notes()[0]["note"]["id"] == job_id
