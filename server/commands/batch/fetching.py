"""How notes come home: each is waited for, and put in its place."""

from contextlib import aclosing

from anyio import to_thread

from server.commands.batch.folder import OutFolder
from server.commands.batch.maker import NoteGone, NoteMaker, Sight
from server.commands.batch.missing import Missing
from server.commands.batch.orders import Order
from server.commands.batch.progress import Progress
from server.commands.batch.scripts import Unusable
from server.commands.batch.sending import Sender, Sent
from server.jobs.job import JobState

#: What was lost as often is not asked for again.
MAX_LOSSES = 3


class Fetcher:
    """Fetches notes from their maker."""

    def __init__(
        self,
        maker: NoteMaker,
        folder: OutFolder,
        progress: Progress,
        missing: Missing,
        sender: Sender,
    ) -> None:
        """Ask `sender` again, as `missing` says, for what the maker has lost."""
        self._maker = maker
        self._folder = folder
        self._progress = progress
        self._missing = missing
        self._sender = sender

    async def fetch(self, sent: Sent) -> None:
        """Fetch a note, or say why there is none.

        Raises:
            CommandError: nothing more can be fetched at all.
            OSError: the disk refuses it.
        """
        try:
            await self._fetch(sent)
        except Unusable as error:
            self._progress.failed(sent.order.script, str(error))

    async def _fetch(self, sent: Sent | None) -> None:
        for _ in range(MAX_LOSSES):
            if sent is None:
                return  # it was told why
            try:
                await self._bring(sent.order, sent.note_id)
            except NoteGone:
                sent = await self._again(sent.order)
            else:
                return
        raise Unusable("was lost again and again by who should make it")

    async def _again(self, order: Order) -> Sent | None:
        request = await self._missing.request(order)
        if request is None:
            return None
        async with aclosing(self._sender.send([request])) as sents:
            return await anext(sents, None)

    async def _bring(self, order: Order, note_id: str) -> None:
        sight = await self._end(order, note_id)
        if sight.state is not JobState.STORED and self._folder.was_begun_before(order):
            # An earlier run has ended with it: whatever was wrong may be right by now.
            await self._maker.retry(note_id)
            sight = await self._end(order, note_id)
        if sight.state is not JobState.STORED:
            raise Unusable(sight.reason or f"was {sight.state.value}")
        await self._maker.save(note_id, self._folder.unfinished(order))
        await to_thread.run_sync(self._folder.put, order)
        # Without a pause between: whoever stops it here is told what is there.
        self._progress.made(order.script)
        await self._maker.forget(note_id)

    async def _end(self, order: Order, note_id: str) -> Sight:
        async with aclosing(self._maker.follow(note_id)) as sights:
            async for sight in sights:
                self._progress.is_at(order.script, sight.made_s)
                if sight.state.is_end:
                    return sight
        raise NoteGone
