"""Whoever watches a note is told of all that happens to it, and never holds a server up."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest

from server.jobs import watch
from server.jobs.http import events
from tests.helpers.asgi import AsgiCall, calling, http_scope
from tests.helpers.asking import ask
from tests.helpers.jobs import TIMEOUT_S, Kept, keeping

pytestmark = pytest.mark.anyio


@pytest.fixture
def virtual_time() -> bool:
    return False  # the database has a thread of its own


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def _attentive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "LOOK_S", 0.005)


@asynccontextmanager
async def watching(kept: Kept, job_id: str) -> AsyncIterator[AsgiCall]:
    async with calling(kept.app, http_scope("GET", f"/v1/notes/{job_id}/events")) as call:
        call.put(type="http.request", body=b"", more_body=False)
        with anyio.fail_after(TIMEOUT_S):
            yield call
            await call.returned.wait()


async def told(call: AsgiCall) -> Any:  # noqa: ANN401 whatever it says
    """Return what the next event says."""
    event, data = (await call.get())["body"].decode().removesuffix("\n\n").split("\n")
    assert event == "event: note"
    return json.loads(data.removeprefix("data: "))


async def test_events_are_those_of_a_browser_and_the_last_is_the_end(tmp_path: Path) -> None:
    async with keeping(tmp_path, role="calls") as kept:
        job_id = await kept.accepted()
        async with watching(kept, job_id) as call:
            start = await call.get()
            headers = dict(start["headers"])
            assert (start["status"], headers[b"content-type"]) == (200, b"text/event-stream")
            assert headers[b"cache-control"] == b"no-store"
            assert await told(call) == await kept.find(job_id)
            await ask(kept.app, "DELETE", f"/v1/notes/{job_id}")
            assert await told(call) == await kept.find(job_id)
            assert (await call.get()) == {
                "type": "http.response.body", "body": b"", "more_body": False
            }  # fmt: skip


async def test_where_nothing_happens_it_is_said_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "REPEAT_S", 0.05)
    async with keeping(tmp_path, role="calls") as kept:
        job_id = await kept.accepted()
        async with watching(kept, job_id) as call:
            await call.get()
            assert [(await told(call))["state"] for _ in range(3)] == ["queued"] * 3
            call.put(type="http.disconnect")


async def test_so_many_may_watch_and_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "MAX_WATCHERS", 2)
    async with keeping(tmp_path, role="calls") as kept:
        job_id = await kept.accepted()
        async with watching(kept, job_id) as one, watching(kept, job_id) as other:
            for call in (one, other):
                await call.get()
            refused = await ask(kept.app, "GET", f"/v1/notes/{job_id}/events")
            assert refused.refusal == (503, "overloaded")
            for call in (one, other):
                call.put(type="http.disconnect")
        # Who has left has left room.
        async with watching(kept, job_id) as call:
            assert (await call.get())["status"] == 200
            call.put(type="http.disconnect")


async def test_a_server_that_ends_waits_for_nobody_who_watches(tmp_path: Path) -> None:
    async with keeping(tmp_path, role="calls") as kept:
        job_id = await kept.accepted()
        async with watching(kept, job_id) as call:
            assert (await call.get())["status"] == 200
            await told(call)
            with anyio.fail_after(1):
                await kept.service.drain.run(TIMEOUT_S, TIMEOUT_S)
            # An answer without its end: a browser asks again.
            assert not call.rest()
        refused = await ask(kept.app, "GET", f"/v1/notes/{job_id}/events")
        assert refused.refusal == (503, "draining")
