"""A compressed body is refused by every route, and not read as if it were none."""

import gzip
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.helpers.asking import Answer, ask_raw
from tests.helpers.jobs import ASYNC, Kept, keeping

pytestmark = pytest.mark.anyio

NOTE = b'{"text":"A note that waits."}'


@pytest.fixture
def virtual_time() -> bool:
    return False  # the database has a thread of its own


@pytest.fixture
async def kept(tmp_path: Path) -> AsyncIterator[Kept]:
    async with keeping(tmp_path, role="calls") as kept:
        yield kept


async def post(kept: Kept, path: str, body: bytes, coding: str) -> Answer:
    headers = {**ASYNC, "content-encoding": coding}
    return await ask_raw(kept.app, "POST", path, body, "application/json", headers=headers)


@pytest.mark.parametrize("path", ["/v1/notes", "/v1/notes/batch", "/v1/voices"])
async def test_a_compressed_body_is_refused(kept: Kept, path: str) -> None:
    answer = await post(kept, path, gzip.compress(NOTE), "gzip")
    assert answer.refusal == (422, "unsupported")


async def test_clients_of_other_servers_are_refused_in_their_own_words(kept: Kept) -> None:
    body = gzip.compress(NOTE)
    for path in ("/v1/tts", "/model"):
        fish = await post(kept, path, body, "gzip")
        assert (fish.status, set(fish.fields)) == (400, {"status", "message"})
    openai = await post(kept, "/v1/audio/speech", body, "gzip")
    assert (openai.status, openai.fields["error"]["code"]) == (400, "unsupported")


@pytest.mark.parametrize("coding", ["br", "identity, GZIP", "whatever"])
async def test_one_coding_of_several_is_enough(kept: Kept, coding: str) -> None:
    assert (await post(kept, "/v1/notes", NOTE, coding)).status == 422


@pytest.mark.parametrize("coding", ["", "identity", "Identity , identity"])
async def test_no_coding_may_be_named(kept: Kept, coding: str) -> None:
    assert (await post(kept, "/v1/notes", NOTE, coding)).status == 202
