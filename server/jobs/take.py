"""One take of a note: as fast as the engine makes it, into its spool."""

from contextlib import aclosing

import anyio

from engine.request import ServiceClass
from server.jobs.queue import Claim
from server.jobs.spool import Spool
from server.notes.request import NoteRequest
from server.notes.streaming import NoteStream, speech_of
from server.service import Service

#: Notes that are sent over HTTP leave soon; meanwhile a job waits for its place.
PLACE_LOOK_S = 0.25
#: Progress is for people.
PROGRESS_S = 0.5


class Take:
    """A take in the making."""

    def __init__(self, service: Service, note: NoteRequest, spool: Spool, claim: Claim) -> None:
        self._service = service
        self._note = note
        self._spool = spool
        self._claim = claim
        self._told_at = anyio.current_time()

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
                    await self._tell(stream)
            await self._claim.progress(*stream.progress)
            self._spool.complete()
        finally:
            stream.close()

    async def _open(self) -> NoteStream:
        # Nobody waits for the first second of it.
        service, note = self._service, self._note
        speech = speech_of(note, service.engine.info, service.limits, head_start_s=0.0)
        speech = await service.with_voice(speech)
        while not service.engine.admission.has_place(ServiceClass.NOTE):  # noqa: ASYNC110 no event
            await anyio.sleep(PLACE_LOOK_S)
        return NoteStream(service, note, speech, self._claim.record.job.id)

    async def _tell(self, stream: NoteStream) -> None:
        now = anyio.current_time()
        if now - self._told_at > PROGRESS_S:
            self._told_at = now
            await self._claim.progress(*stream.progress)
