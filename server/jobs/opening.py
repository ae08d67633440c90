"""The notes of one process: opened, and kept going beside its engine."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio

from server.jobs.desk import Desk
from server.jobs.pace import Pace
from server.jobs.retention import Retention
from server.jobs.spool_folder import spool_folder
from server.jobs.watch import Watch
from server.jobs.webhooks.teller import Teller
from server.jobs.worker import NoteWorker
from server.keeping import SPOOLS, audio_store, note_queue
from server.metrics import Metrics
from server.service import Service
from server.settings import Settings


@asynccontextmanager
async def open_desk(folder: Path, settings: Settings, metrics: Metrics) -> AsyncIterator[Desk]:
    """Open the places of notes in `folder`.

    Raises:
        SettingsError: see `note_queue` and `audio_store`.
        OSError: the disk refuses it.
    """
    async with (
        note_queue(settings, folder) as (queue, relay),
        spool_folder(folder / SPOOLS) as spools,
    ):
        yield Desk(
            queue=queue,
            store=audio_store(settings, folder),
            relay=relay,
            watch=Watch(queue),
            pace=Pace(queue, metrics),
            spools=spools,
            limits=settings.job_limits,
        )


@asynccontextmanager
async def keeping_notes(settings: Settings, service: Service) -> AsyncIterator[Desk | None]:
    """Keep and make notes while the block runs; without a folder for them, there are none.

    Raises:
        SettingsError, OSError: see `open_desk`.
    """
    folder = settings.data_folder
    if folder is None:
        yield None
        return
    async with (
        open_desk(folder, settings, service.metrics) as desk,
        at_work(desk, settings, service),
    ):
        yield desk


@asynccontextmanager
async def at_work(desk: Desk, settings: Settings, service: Service) -> AsyncIterator[None]:
    """Make the notes of an open desk, and see to them, while the block runs."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(desk.watch.run)
        tasks.start_soon(desk.pace.run)
        tasks.start_soon(Retention(desk).run)
        tasks.start_soon(Teller(desk, settings.webhook_key).run)
        if settings.makes_notes:
            tasks.start_soon(NoteWorker(service, desk).run, settings.note_slots)
        try:
            yield
        finally:
            tasks.cancel_scope.cancel()
