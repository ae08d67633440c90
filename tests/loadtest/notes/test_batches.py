"""A note is submitted until it is accepted, and counted once."""

import json

import httpx
import pytest

from loadtest.notes import batches
from loadtest.notes.batches import Refused, Submission

pytestmark = pytest.mark.anyio


class Moody:
    """A server that accepts what it is sent the second time."""

    def __init__(self, first: int) -> None:
        self.seen: set[str] = set()
        self.first = first
        self.num_bodies = 0

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.num_bodies += 1
        if self.num_bodies == 1:
            raise httpx.ReadError("gone")
        answers = []
        for line in request.content.splitlines():
            key = json.loads(line)["key"]
            status = 202 if key in self.seen else self.first
            answers.append({"status": status, "id": f"id of {key}"})
            self.seen.add(key)
        return httpx.Response(200, content="\n".join(map(json.dumps, answers)))


async def submitted(server: Moody, monkeypatch: pytest.MonkeyPatch) -> Submission:
    monkeypatch.setattr(batches, "BATCH_NOTES", 3)
    submission = Submission("run", 8)
    transport = httpx.MockTransport(server.answer)
    async with httpx.AsyncClient(transport=transport, base_url="http://moody") as client:
        await submission.run(client)
    return submission


@pytest.mark.parametrize("status", [429, 503])
async def test_what_is_not_accepted_is_sent_again_under_its_key(
    status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    submission = await submitted(Moody(first=status), monkeypatch)
    assert sorted(note.number for note in submission.accepted.values()) == list(range(8))
    assert submission.accepted["id of run-5"].number == 5
    assert submission.num_repeated == 4


async def test_what_can_never_be_accepted_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.RaisesGroup(Refused):
        await submitted(Moody(first=400), monkeypatch)
