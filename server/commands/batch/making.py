"""A batch at work: one asks for notes, some fetch them, and what lies between has a bound."""

from collections.abc import Sequence
from contextlib import aclosing

import anyio
from anyio.abc import ObjectReceiveStream, ObjectSendStream

from server.commands.batch.fetching import Fetcher
from server.commands.batch.folder import OutFolder
from server.commands.batch.maker import NoteMaker
from server.commands.batch.missing import Missing
from server.commands.batch.orders import Order
from server.commands.batch.progress import Progress
from server.commands.batch.sending import Sender, Sent

#: Fetched at once. A server far away is kept busy by so many.
FETCHERS = 16
#: Asked for and not waited for yet: work for whoever makes them while others are fetched. It is
#: what a server goes on with when this process has ended.
WINDOW = 128


class Batch:
    """Fills a folder with what a maker makes."""

    def __init__(
        self, maker: NoteMaker, missing: Missing, folder: OutFolder, progress: Progress
    ) -> None:
        self._missing = missing
        self._sender = Sender(maker, folder, progress)
        self._fetcher = Fetcher(maker, folder, progress, missing, self._sender)

    async def run(self, orders: Sequence[Order]) -> None:
        """Have orders made.

        Raises:
            CommandError: nothing more can be made at all.
            OSError: the disk refuses it.
        """
        send, receive = anyio.create_memory_object_stream[Sent](WINDOW)
        async with anyio.create_task_group() as tasks, receive:
            for _ in range(FETCHERS):
                tasks.start_soon(self._fetch_all, receive.clone())
            await self._send_all(orders, send)

    async def _send_all(self, orders: Sequence[Order], send: ObjectSendStream[Sent]) -> None:
        async with send, aclosing(self._missing.groups(orders)) as groups:
            async for requests in groups:
                async with aclosing(self._sender.send(requests)) as sents:
                    async for sent in sents:
                        await send.send(sent)

    async def _fetch_all(self, receive: ObjectReceiveStream[Sent]) -> None:
        async with receive:
            async for sent in receive:
                await self._fetcher.fetch(sent)
