"""What processes see to beside their jobs: each step is done by whoever comes first."""

from contextlib import suppress

import anyio

from server.jobs.queue import QueueUnreachable
from server.jobs.redis.connection import Connection
from server.jobs.redis.records import Records
from server.jobs.redis.repair import Repair
from server.jobs.redis.tasks import Tasks

#: Nobody minds that a job is found late by so much.
_EXPIRY_S = 1.0
#: Late jobs that are ended in one go.
_EXPIRY_PAGE = 100
#: Lost tasks are an accident that somebody has caused: they are found within twice the time.
_REPAIR_S = 10.0


async def expire(connection: Connection, records: Records) -> None:
    """End the jobs that were not begun in time, until cancelled."""
    while True:
        with suppress(QueueUnreachable):
            while await connection.ask(lambda client: records.expire(client, _EXPIRY_PAGE)):
                pass
        await anyio.sleep(_EXPIRY_S)


async def repair(connection: Connection, records: Records, tasks: Tasks) -> None:
    """Publish again the jobs that have no task, until cancelled."""
    work = Repair(records, tasks)
    while True:
        with suppress(QueueUnreachable):
            await connection.ask(work.run)
        await anyio.sleep(_REPAIR_S)
