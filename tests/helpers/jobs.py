"""Notes that nobody waits for, with everything real but the engine's thread."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
from starlette.types import ASGIApp

from server.app import create_app
from server.jobs.desk import Desk
from server.jobs.opening import keeping_notes
from server.service import Service
from server.settings import Settings
from tests.helpers.asking import Answer, ask
from tests.helpers.virtual_engine_thread import VirtualEngineThread, running

ASYNC = {"prefer": "respond-async"}
#: Far longer than any of it takes: only a hang gets there.
TIMEOUT_S = 20.0


@dataclass(slots=True)
class Kept:
    """A server's application, and what it keeps."""

    app: ASGIApp
    desk: Desk
    service: Service
    engine: VirtualEngineThread = field(repr=False)

    async def submit(self, key: str | None = None, **fields: object) -> Answer:
        """Ask for a note that nobody waits for."""
        headers = ASYNC if key is None else {**ASYNC, "idempotency-key": key}
        asked = {"text": "A note that waits.", **fields}
        return await ask(self.app, "POST", "/v1/notes", asked, headers=headers)

    async def accepted(self, **fields: Any) -> str:  # noqa: ANN401 any fields
        """Have a note accepted; return its id."""
        answer = await self.submit(**fields)
        assert answer.status == 202, answer.body
        job_id: str = answer.fields["id"]
        return job_id

    async def find(self, job_id: str) -> Any:  # noqa: ANN401 whatever it says
        """Return what is shown of a note."""
        answer = await ask(self.app, "GET", f"/v1/notes/{job_id}")
        assert answer.status == 200, answer.body
        return answer.fields

    async def until(self, job_id: str, *states: str) -> Any:  # noqa: ANN401 as above
        """Wait until a note is in one of `states`, and return what is shown of it."""
        with anyio.fail_after(TIMEOUT_S):
            while (shown := await self.find(job_id))["state"] not in states:  # noqa: ASYNC110
                await anyio.sleep(0.005)
        return shown


@asynccontextmanager
async def keeping(
    folder: Path,
    *,
    engine: VirtualEngineThread | None = None,
    **settings: Any,  # noqa: ANN401
) -> AsyncIterator[Kept]:
    """Keep notes in `folder`, and make them unless the role is calls."""
    engine = engine or VirtualEngineThread()
    service = Service(engine.client)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(running(engine))
        chosen = Settings(data_dir=str(folder), **settings)
        desk = await stack.enter_async_context(keeping_notes(chosen, service))
        assert desk is not None
        app = create_app(service, is_alive=lambda: True, desk=desk)
        yield Kept(app, desk, service, engine)
