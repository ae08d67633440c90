"""Jobs as tasks of streaq: what stands in its streams for a job."""

import time
from functools import partial
from typing import Any, cast

import anyio
import msgpack
import streaq
from coredis import Redis
from coredis.client import Client
from coredis.patterns.pipeline import Pipeline
from streaq import Worker
from streaq.types import StreamMessage, Streaq

from server.jobs.job import Job, Priority

#: The function of all tasks. Its arguments are the id of the job, and the round.
FUNCTION = "note"
#: As streaq wants them: the least urgent first.
_PRIORITIES = (Priority.LOW.value, Priority.NORMAL.value, Priority.HIGH.value)


def settings(queue_name: str) -> dict[str, Any]:
    """Return what all workers of a queue are made with."""
    return {
        "queue_name": queue_name,
        "priorities": list(_PRIORITIES),
        # Of what streaq gives up it packs the exception.
        "serializer": partial(msgpack.packb, default=str),
        "deserializer": _unpack,
    }


async def functions() -> str:
    """Return the source of streaq's functions, for Redis to load."""
    return await (anyio.Path(streaq.__file__).parent / "lua" / "streaq.lua").read_text()


def task_id(job_id: str, round_: int) -> str:
    """Return the id of a job's task. Of each there is one at a time, however often published."""
    return f"{job_id}.{round_}"


def messages(found: dict[str, Any], prefix: str) -> list[StreamMessage]:
    """Return what was read from the streams whose names follow `prefix`."""
    return [
        StreamMessage(
            message_id=entry.identifier,
            task_id=entry.field_values["task_id"],
            priority=stream.removeprefix(prefix),
            enqueue_time=int(entry.field_values["enqueue_time"]),
        )
        for stream, entries in found.items()
        for entry in entries
    ]


class Tasks:
    """Publishes the tasks of one queue."""

    def __init__(self, queue_name: str) -> None:
        # It is never run: it knows where things are.
        self.worker: Worker[Any] = Worker(**settings(queue_name))

    async def prepare(self, client: Redis[bytes]) -> None:
        """Make sure that Redis can publish: a transaction without it would be done by half."""
        if not await client.function_list(Streaq.NAME):
            await client.function_load(await functions(), replace=True)

    async def publish(self, pipe: Pipeline[bytes], job: Job, round_: int) -> None:
        """Put a job in line as part of what `pipe` does, unless it is there."""
        task = self.worker.enqueue_unsafe(FUNCTION, job.id, round_)
        task.id, task.priority = task_id(job.id, round_), job.priority.value
        now_ms = round(time.time() * 1_000)
        client = cast("Client[str]", pipe)
        data = await task.serialize(now_ms)
        self.worker.publish_task(client, task, data, now_ms, lib=Streaq(client))

    async def republish(self, pipe: Pipeline[bytes], job: Job, round_: int) -> None:
        """Put a job in line whose task is in none, though its data may be left."""
        pipe.delete([self.worker.task_key + task_id(job.id, round_)])
        await self.publish(pipe, job, round_)

    def lines(self) -> list[tuple[str, str]]:
        """Return the keys in which tasks wait: of each priority a stream, and what is for later."""
        worker = self.worker
        return [(worker.stream_key + each, worker.queue_key + each) for each in _PRIORITIES]


def _unpack(data: bytes | str) -> Any:  # noqa: ANN401 whatever was packed
    # streaq has its answers decoded where they happen to be text.
    return msgpack.unpackb(data.encode() if isinstance(data, str) else data)
