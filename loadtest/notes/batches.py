"""Notes by the batch: what is sent, and what was said of it."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import anyio
import httpx

from loadtest.texts import SENTENCES

#: As many as a body may have by half: some hundred KB.
BATCH_NOTES = 5_000
#: On their way at once: while one is read, the other is written to where notes wait.
BATCHES_AT_ONCE = 2
#: After a batch that was not accepted whole.
PAUSE_S = 0.2
_PATH = "/v1/notes/batch"
_HEADERS = {"Content-Type": "application/x-ndjson"}
#: Said of a note that may be accepted later.
_LATER = (429, 503)


class Refused(Exception):
    """A note was refused for good: nothing can be measured with it."""


@dataclass(frozen=True, slots=True)
class Note:
    """A sentence as a telephone plays it. By its key it is one, however often it is sent."""

    number: int
    #: Two runs on one store have nothing in common.
    run: str

    @property
    def text(self) -> str:
        """Return what it says: one of a few sentences."""
        return SENTENCES[self.number % len(SENTENCES)]

    @property
    def line(self) -> bytes:
        """Return its line of a batch."""
        fields = {"key": f"{self.run}-{self.number}", "text": self.text, "format": "mulaw"}
        return json.dumps(fields).encode()


class Submission:
    """Notes on their way to a server, batch by batch, until each of them is accepted."""

    def __init__(self, run: str, num_notes: int) -> None:
        notes = (Note(number, run) for number in range(num_notes))
        # Made before anything is timed.
        lines = [(note, note.line) for note in notes]
        self._batches = iter(_cut(lines, BATCH_NOTES))
        self.num_notes = num_notes
        #: By the ids that the server gave them.
        self.accepted: dict[str, Note] = {}
        #: Batches that had to be sent again.
        self.num_repeated = 0

    async def run(self, client: httpx.AsyncClient) -> None:
        """Submit all of them to the server that `client` asks.

        Raises:
            Refused: see there.
        """
        async with anyio.create_task_group() as tasks:
            for _ in range(BATCHES_AT_ONCE):
                tasks.start_soon(self._submit_next, client)

    async def _submit_next(self, client: httpx.AsyncClient) -> None:
        for batch in self._batches:
            rest = batch
            while rest := await self._sent(client, rest):
                self.num_repeated += 1
                await anyio.sleep(PAUSE_S)

    async def _sent(self, client: httpx.AsyncClient, batch: "_Batch") -> "_Batch":
        """Send a batch once; return what of it is not accepted yet."""
        body = b"\n".join(line for _, line in batch)
        try:
            answer = await client.post(_PATH, content=body, headers=_HEADERS)
        except httpx.TransportError:
            return batch
        if answer.status_code in _LATER:
            return batch
        if answer.status_code != httpx.codes.OK:
            raise Refused(answer.text)
        told = [json.loads(line) for line in answer.content.splitlines()]
        return [each for each, said in zip(batch, told, strict=True) if not self._takes(each, said)]

    def _takes(self, each: "tuple[Note, bytes]", said: dict[str, Any]) -> bool:
        if said["status"] == httpx.codes.ACCEPTED:
            self.accepted[said["id"]] = each[0]
            return True
        if said["status"] not in _LATER:
            raise Refused(str(said))
        return False


_Batch = Sequence[tuple[Note, bytes]]


def _cut(lines: _Batch, size: int) -> Iterator[_Batch]:
    rest = iter(lines)
    while batch := list(islice(rest, size)):
        yield batch
