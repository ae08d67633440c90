"""Notes that are made here: an engine, a queue and a store as a server has them, for one batch."""

import sys
from collections.abc import AsyncGenerator, AsyncIterator, Container, Iterable, Sequence
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import anyio
from anyio import to_thread

from server.commands.batch.maker import Accepted, Answer, NoteGone, Refused, Sight
from server.commands.batch.orders import Request
from server.commands.engine import make_engine
from server.errors import RequestError
from server.jobs.acceptance import Acceptance, id_of
from server.jobs.desk import Desk
from server.jobs.job import JobRecord
from server.jobs.limits import NOTE_SLOTS
from server.jobs.opening import at_work, open_desk
from server.jobs.queue import UnknownJob
from server.jobs.store import AudioMissing
from server.keeping import voice_store
from server.keeping_settings import KeepingSettings
from server.metrics import Metrics
from server.service import Service
from server.settings import Settings
from server.voices.library import VoiceLibrary

#: Looked at together.
_PAGE = 500


@asynccontextmanager
async def making_here(
    model: str, folder: Path, keeping: KeepingSettings, wanted: Iterable[str]
) -> AsyncIterator["LocalMaker"]:
    """Have notes made while the block runs, with their queue in `folder`.

    What an earlier run has left there is made, too, if its key is among `wanted`, and forgotten if
    not. Stored voices are those of `keeping`, as everywhere; nothing else of it counts here.

    Raises:
        ModelUnavailable: there is no such model, or something it needs is missing.
        SettingsError: the voices or `folder` cannot be used.
    """
    # All rows are for notes: nobody calls.
    settings = Settings(
        model=model,
        role="notes",
        max_connections=1,
        max_calls=1,
        max_notes=NOTE_SLOTS,
        note_floor=NOTE_SLOTS,
    )
    metrics = Metrics()
    engine = make_engine(settings, metrics)
    if (licence := engine.client.info.weights_licence) is not None:
        print(f"voxline: the weights are {licence}", file=sys.stderr)
    voices = VoiceLibrary(voice_store(keeping))
    service = Service(engine.client, settings.limits, metrics=metrics, voices=voices)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(engine.run)
        tasks.start_soon(service.timekeeper.run)
        try:
            await engine.ready.wait()
            async with open_desk(folder, settings, metrics) as desk:
                await _forget_others(desk, {id_of(key) for key in wanted})
                async with at_work(desk, settings, service):
                    yield LocalMaker(service, desk)
        finally:
            engine.stop()
            tasks.cancel_scope.cancel()


class LocalMaker:
    """The `NoteMaker` of this process."""

    def __init__(self, service: Service, desk: Desk) -> None:
        self._acceptance = Acceptance(service, desk)
        self._desk = desk

    async def submit(self, requests: Sequence[Request]) -> list[Answer]:
        """Ask for notes: see `NoteMaker`."""
        return [await self._submit(request) for request in requests]

    async def follow(self, note_id: str) -> AsyncGenerator[Sight, None]:
        """Yield how far a note is: see `NoteMaker`."""
        try:
            async with aclosing(self._desk.watch.changes(note_id)) as changes:
                async for record in changes:
                    yield _sight(record)
        except UnknownJob as error:
            raise NoteGone from error

    async def retry(self, note_id: str) -> None:
        """Send a note again: see `NoteMaker`."""
        await self._desk.queue.retry(note_id)

    async def save(self, note_id: str, path: Path) -> None:
        """Write the audio of a note: see `NoteMaker`."""
        key = (await self._desk.queue.find(note_id)).job.key
        try:
            num_bytes = (await self._desk.store.find(key)).num_bytes
        except AudioMissing as error:
            # Somebody has tidied up: it has to be made again.
            await self.forget(note_id)
            raise NoteGone from error
        async with (
            await anyio.open_file(path, "wb") as file,
            aclosing(self._desk.store.read(key, 0, num_bytes)) as chunks,
        ):
            async for data in chunks:
                await file.write(data)

    async def forget(self, note_id: str) -> None:
        """Forget a note that has arrived: nobody else wants it."""
        await _forget(self._desk, await self._desk.queue.find(note_id))

    async def _submit(self, request: Request) -> Answer:
        accept = self._acceptance.accept
        try:
            accepted = await to_thread.run_sync(accept, request.fields, request.order.key)
            await self._acceptance.check_voice(accepted.voice)
        except RequestError as error:
            return Refused(error.message)
        await self._desk.submit([accepted.job])
        return Accepted(accepted.job.id)


async def _forget_others(desk: Desk, wanted: Container[str]) -> None:
    cursor: str | None = ""
    while cursor is not None:
        page = await desk.queue.page(limit=_PAGE, cursor=cursor or None)
        for record in page.records:
            if record.job.id not in wanted:
                await _forget(desk, record)
        cursor = page.next_cursor


async def _forget(desk: Desk, record: JobRecord) -> None:
    if not record.status.state.is_end:
        await desk.queue.cancel(record.job.id)
    await desk.queue.retire(record.job.id)
    await desk.store.remove(record.job.key)
    await desk.queue.remove(record.job.id)


def _sight(record: JobRecord) -> Sight:
    status = record.status
    reason = None if status.error is None else status.error.message
    return Sight(state=status.state, made_s=status.made_s, reason=reason)
