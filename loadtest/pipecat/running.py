"""A pipeline that runs, without a word of what it says."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pipecat.pipeline.worker import PipelineWorker
from pipecat.workers.runner import WorkerRunner

#: Far longer than a start takes: only a hang gets there.
TIMEOUT_S = 30.0


@asynccontextmanager
async def running(worker: PipelineWorker) -> AsyncIterator[None]:
    """Run a pipeline, which has started when the block begins, and cancel it behind the block."""
    started = asyncio.Event()

    async def note_start(*_: object) -> None:
        started.set()

    worker.add_event_handler("on_pipeline_started", note_start)
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(runner.run())
        try:
            async with asyncio.timeout(TIMEOUT_S):
                await started.wait()
            yield
        finally:
            await worker.cancel()
