"""One take of a note: as fast as the engine makes it, into its spool."""

from contextlib import aclosing
from dataclasses import replace

import anyio

from engine.request import ServiceClass
from protocol.codes import ErrorCode
from server.errors import RequestError
from server.jobs.queue import Claim
from server.jobs.spool import Spool
from server.notes.opening import open_note
from server.notes.request import NoteRequest
from server.notes.streaming import NoteStream
from server.service import Service
from server.stream_events import MarkReached, StreamEvent

#: Notes that are sent over HTTP leave soon; meanwhile a job waits for its place.
PLACE_LOOK_S = 0.25
#: Progress is for people.
PROGRESS_S = 0.5


class Take:
    """A take in the making."""

    def __init__(self, service: Service, note: NoteRequest, spool: Spool, claim: Claim) -> None:
        self._service = service
        self._note = replace(note, reply=replace(note.reply, hear=self._hear))
        self._spool = spool
        self._claim = claim
        self._told_at = anyio.current_time()
        self._spoken_chars = 0

    async def speak(self) -> None:
        """Make it all.

        Raises:
            RequestError: it cannot be made.
            OSError: the disk refuses it.
            Superseded: nobody wants it any more.
        """
        stream = await self._open()
        try:
            async with aclosing(stream.chunks()) as chunks:
                async for data in chunks:
                    await self._spool.write(data)
                    if anyio.current_time() - self._told_at > PROGRESS_S:
                        await self._tell(stream)
            # Without a pause between: whoever follows a short one finds all of it at once.
            self._spool.complete()
            await self._tell(stream)
        finally:
            stream.close()

    async def _open(self) -> NoteStream:
        admission, name = self._service.engine.admission, self._claim.record.job.id
        while True:
            if admission.has_place(ServiceClass.NOTE):
                try:
                    return await open_note(self._service, self._note, name, is_awaited=False)
                except RequestError as error:
                    if error.code is not ErrorCode.OVERLOADED:
                        raise
            await anyio.sleep(PLACE_LOOK_S)

    def _hear(self, event: StreamEvent) -> None:
        if isinstance(event, MarkReached):
            self._spoken_chars = event.end

    async def _tell(self, stream: NoteStream) -> None:
        self._told_at = anyio.current_time()
        await self._claim.progress(self._spoken_chars, stream.made_s)
