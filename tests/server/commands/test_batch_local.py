"""Notes that are made here: what an earlier process has left is made use of, or forgotten."""

from collections.abc import AsyncIterator, Iterable
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import anyio
import pytest

from server.commands.batch.local import LocalMaker, making_here
from server.commands.batch.maker import Accepted, NoteGone, Refused, Sight
from server.commands.batch.orders import Order, Request
from server.commands.batch.scripts import Script
from server.jobs.job import JobState
from server.jobs.queue import UnknownJob
from server.keeping_settings import KeepingSettings

pytestmark = pytest.mark.anyio


@pytest.fixture
def virtual_time() -> bool:
    return False  # the engine has a thread, and so has the queue


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"  # the command runs on no other


def request(name: str, **fields: object) -> Request:
    script = Script(Path(f"{name}.txt"), Path(f"{name}.wav"))
    order = Order(script=script, digest=name, key=f"key of {name}")
    return Request(order, {"text": f"The text of {name}.", "priority": "normal", **fields})


@asynccontextmanager
async def making(folder: Path, wanted: Iterable[str]) -> AsyncIterator[LocalMaker]:
    keys = [request(name).order.key for name in wanted]
    async with making_here("tone", folder, KeepingSettings(data_dir=""), keys) as maker:
        yield maker


async def accepted(maker: LocalMaker, *names: str) -> list[str]:
    answers = await maker.submit([request(name) for name in names])
    assert all(isinstance(answer, Accepted) for answer in answers)
    return [answer.note_id for answer in answers if isinstance(answer, Accepted)]


async def end_of(maker: LocalMaker, note_id: str) -> Sight:
    async with aclosing(maker.follow(note_id)) as sights:
        async for sight in sights:
            if sight.state.is_end:
                return sight
    raise AssertionError("it has no end")


async def test_a_note_is_made_saved_and_forgotten(tmp_path: Path) -> None:
    async with making(tmp_path, ["one"]) as maker:
        (note_id,) = await accepted(maker, "one")
        sight = await end_of(maker, note_id)
        assert sight.state is JobState.STORED
        assert sight.made_s == pytest.approx(16 / 15)
        await maker.save(note_id, tmp_path / "saved")
        assert (await anyio.Path(tmp_path / "saved").stat()).st_size == 44 + 2 * 1_600 * 16
        await maker.forget(note_id)
        with pytest.raises(NoteGone):
            await end_of(maker, note_id)


async def test_what_an_earlier_process_has_made_is_not_made_again(tmp_path: Path) -> None:
    async with making(tmp_path, ["one", "two"]) as maker:
        ids = await accepted(maker, "one", "two")
        for note_id in ids:
            await end_of(maker, note_id)
    async with making(tmp_path, ["two"]) as maker:
        assert await accepted(maker, "two") == ids[1:]
        assert (await maker._desk.queue.find(ids[1])).status.attempts == 1
        assert (await end_of(maker, ids[1])).state is JobState.STORED
        # Nobody asks for the other one any more.
        with pytest.raises(UnknownJob):
            await maker._desk.queue.find(ids[0])
        assert not await anyio.Path(tmp_path / "audio" / ids[0]).exists()


async def test_what_an_earlier_process_has_not_made_is_given_up_if_nobody_wants_it(
    tmp_path: Path,
) -> None:
    with anyio.CancelScope() as scope:
        async with making(tmp_path, ["one", "two"]) as maker:
            # Both are still queued when the process dies.
            await accepted(maker, "one", "two")
            scope.cancel()
    async with making(tmp_path, ["two"]) as maker:
        page = await maker._desk.queue.page(limit=10)
        assert [record.job.num_chars for record in page.records] == [len("The text of two.")]
        assert (await end_of(maker, page.records[0].job.id)).state is JobState.STORED


async def test_audio_that_somebody_has_removed_is_asked_for_again(tmp_path: Path) -> None:
    async with making(tmp_path, ["one"]) as maker:
        (note_id,) = await accepted(maker, "one")
        await end_of(maker, note_id)
        record = await maker._desk.queue.find(note_id)
        await maker._desk.store.remove(record.job.key)
        with pytest.raises(NoteGone):
            await maker.save(note_id, tmp_path / "saved")
        assert await accepted(maker, "one") == [note_id]
        await end_of(maker, note_id)
        await maker.save(note_id, tmp_path / "saved")


async def test_what_cannot_be_spoken_is_refused_and_the_rest_is_not(tmp_path: Path) -> None:
    async with making(tmp_path, []) as maker:
        answers = await maker.submit([request("one", voice="nobody"), request("two")])
        assert answers[0] == Refused("no voice 'nobody'")
        assert isinstance(answers[1], Accepted)
