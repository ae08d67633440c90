"""From the queue through the engine into the store: whatever fails, no note is lost or charged."""

import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import msgpack
import pytest

from engine.request import ServiceClass
from engine.runners.tone import SAMPLES_PER_CHAR, ToneRunner
from engine.steps import StepPlan, StepResult
from protocol.codes import ErrorCode
from server.errors import RequestError
from server.jobs import verdict
from server.jobs.folder_store import FolderAudioStore
from server.jobs.job import JobRecord, JobState, JobStatus
from server.jobs.queue import Superseded, UnknownJob
from server.jobs.spool import Spool
from server.jobs.sqlite.claim import SqliteClaim
from server.jobs.store import AudioMissing, Landing, StoreFailed
from server.jobs.take import Take
from tests.helpers import virtual_engine_thread
from tests.helpers.asking import ask
from tests.helpers.jobs import TIMEOUT_S, Kept, keeping
from tests.helpers.virtual_engine_thread import VirtualEngineThread
from tests.server.jobs.contract.place import job

pytestmark = pytest.mark.anyio

#: No test waits for its end.
ENDLESS = " ".join(["word"] * 5_000)
#: Half a minute of it, which are some tenths of a second here.
LONG = " ".join(["word"] * 100)
#: A second of it.
SHORT = "Fifteen or so."
#: What is going to be removed is gone by then.
SOON_S = 0.2
#: Of the engine: it has not much time here.
STEP_S = 0.001


@pytest.fixture
def virtual_time() -> bool:
    return False  # the database has a thread of its own


@pytest.fixture(params=["asyncio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    backend: str = request.param
    return backend


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(virtual_engine_thread, "STEP_S", STEP_S)
    monkeypatch.setattr(verdict, "STORE_RETRY_S", 0.02)
    monkeypatch.setattr(verdict, "RETRY_S", 0.02)


async def status_of(kept: Kept, job_id: str) -> JobStatus:
    return (await kept.desk.queue.find(job_id)).status


async def status_that(kept: Kept, job_id: str, is_so: Callable[[JobStatus], bool]) -> JobStatus:
    with anyio.fail_after(TIMEOUT_S):
        while not is_so(status := await status_of(kept, job_id)):  # noqa: ASYNC110 polled
            await anyio.sleep(0.005)
    return status


async def stored(kept: Kept, *job_ids: str) -> list[JobStatus]:
    """Wait until notes are stored, and return how they are."""
    for job_id in job_ids:
        await kept.until(job_id, "stored")
    return [await status_of(kept, job_id) for job_id in job_ids]


def spooled(folder: Path) -> list[Path]:
    """Return the takes in the making."""
    return [path for path in (folder / "spools").glob("*/*") if path.name != "lock"]


class MoodyStore(FolderAudioStore):
    """Refuses as often as `moods` says, each time in another way."""

    moods: list[Exception]

    async def land(self, key: str, spool: Spool, media_type: str) -> Landing:
        if self.moods:
            if len(self.moods) % 2:
                await spool.completed()
            raise self.moods.pop()
        return await super().land(key, spool, media_type)


async def test_a_store_that_fails_now_and_then_costs_a_note_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = MoodyStore(tmp_path / "audio")
    store.moods = [StoreFailed("full"), OSError("gone"), StoreFailed("refused"), OSError("gone")]
    monkeypatch.setattr("server.keeping.FolderAudioStore", lambda _: store)
    async with keeping(tmp_path) as kept:
        job_id = await kept.accepted(text=LONG)
        status = await status_that(kept, job_id, lambda s: s.error is not None)
        assert status.error == verdict.NOT_KEPT
        (status,) = await stored(kept, job_id)
        assert (status.attempts, status.failures, status.error) == (5, 0, None)
        assert not spooled(tmp_path)


async def test_a_place_that_cannot_be_written_is_waited_for(tmp_path: Path) -> None:
    (tmp_path / "audio").write_bytes(b"a file is in the way")
    async with keeping(tmp_path) as kept:
        ids = [await kept.accepted(text=f"{SHORT} {n}") for n in range(3)]
        for job_id in ids:
            status = await status_that(kept, job_id, lambda s: s.error is not None)
            assert status.error == verdict.NOT_KEPT
        (tmp_path / "audio").unlink()
        assert [status.failures for status in await stored(kept, *ids)] == [0] * 3


@contextmanager
def files_up_to(num_bytes: int) -> Iterator[None]:
    """Have the system refuse longer files, as a full disk would."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (num_bytes, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


async def test_a_disk_without_room_for_a_take_is_waited_for(tmp_path: Path) -> None:
    async with keeping(tmp_path) as kept:
        with files_up_to(300_000):
            # 48,000 bytes for a second of it.
            long, short = await kept.accepted(text=LONG), await kept.accepted(text=SHORT)
            await stored(kept, short)
            status = await status_that(kept, long, lambda s: s.error is not None)
            assert (status.error, status.failures) == (verdict.NOT_KEPT, 0)
            await status_that(kept, long, lambda s: s.attempts > 1)
        (status,) = await stored(kept, long)
        assert status.failures == 0
        assert not spooled(tmp_path)


async def test_what_another_version_accepted_is_made_or_fails_with_its_reason(
    tmp_path: Path,
) -> None:
    # Others had a larger limit, or a field that means nothing here.
    longer = replace(job("longer"), body=msgpack.packb({"text": SHORT * 2}), num_chars=28)
    stranger = replace(job("stranger"), body=msgpack.packb({"text": SHORT, "unheard_of": 1}))
    async with keeping(tmp_path, max_note_chars=20) as kept:
        await kept.desk.queue.submit([longer, stranger])
        await stored(kept, "longer")
        shown = await kept.until("stranger", "failed")
        assert (shown["attempts"], shown["error"]["code"]) == (1, "bad_value")


@pytest.mark.parametrize(
    ("code", "state", "failures"),
    [
        (ErrorCode.OVERLOADED, JobState.STORED, 0),
        (ErrorCode.DRAINING, JobState.STORED, 0),
        (ErrorCode.INTERNAL, JobState.STORED, 2),
        (ErrorCode.UNKNOWN_VOICE, JobState.FAILED, 1),
    ],
)
async def test_an_error_ends_a_note_or_the_take_alone(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    code: ErrorCode,
    state: JobState,
    failures: int,
) -> None:
    faults, speak = [0, 0], Take.speak

    async def fail(take: Take) -> None:
        if faults:
            faults.pop()
            raise RequestError(code, "why")
        await speak(take)

    monkeypatch.setattr(Take, "speak", fail)
    async with keeping(tmp_path) as kept:
        job_id = await kept.accepted(text=SHORT)
        status = await status_that(kept, job_id, lambda s: s.state.is_end)
        assert (status.state, status.failures) == (state, failures)


async def test_a_fault_of_our_own_is_tried_three_times_and_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def speak(_: Take) -> None:
        raise RequestError(ErrorCode.INTERNAL, "why")

    monkeypatch.setattr(Take, "speak", speak)
    async with keeping(tmp_path) as kept:
        job_id = await kept.accepted(text=SHORT)
        shown = await kept.until(job_id, "failed")
        assert (shown["attempts"], shown["error"]) == (3, {"code": "internal", "message": "why"})
        assert (await kept.desk.queue.stats()).failed == 1
        monkeypatch.undo()
        # Sent again, it has all its tries.
        await ask(kept.app, "POST", f"/v1/notes/{job_id}/retry")
        (status,) = await stored(kept, job_id)
        assert (status.attempts, status.failures) == (4, 0)


class CountingRunner(ToneRunner):
    """A tone that knows how many sequences it has spoken at once at most."""

    def __init__(self) -> None:
        super().__init__(sleep=lambda _: None)
        self.most = 0

    def run(self, plan: StepPlan) -> StepResult:
        self.most = max(self.most, len(plan.rows))
        return super().run(plan)


async def test_an_engine_that_fails_is_charged_to_none_of_those_in_company(
    tmp_path: Path,
) -> None:
    async with keeping(tmp_path) as kept:
        ids = [await kept.accepted(text=f"{LONG} {n}") for n in range(3)]
        for job_id in ids:
            await kept.until(job_id, "running")
        kept.engine.client.fail("it is gone")
        for job_id in ids:
            status = await status_that(kept, job_id, lambda s: s.state is JobState.QUEUED)
            assert (status.attempts, status.failures, status.is_suspect) == (1, 0, True)
        # Nothing is begun where there is no engine, and what comes is kept.
        late = await kept.accepted(text=SHORT)
        await anyio.sleep(0.1)
        assert [(await status_of(kept, each)).attempts for each in (*ids, late)] == [1, 1, 1, 0]
    runner = CountingRunner()
    async with keeping(tmp_path, engine=VirtualEngineThread(runner)) as kept:
        for status in await stored(kept, *ids):
            assert (status.attempts, status.failures) == (2, 0)
    # Each had the process to itself.
    assert runner.most == 1


async def suspects(folder: Path, count: int) -> list[str]:
    """Return long notes that were made together when the engine failed."""
    async with keeping(folder) as kept:
        ids = [await kept.accepted(text=f"{LONG} {n}") for n in range(count)]
        for job_id in ids:
            await kept.until(job_id, "running")
        kept.engine.client.fail("it is gone")
        for job_id in ids:
            await kept.until(job_id, "queued")
    return ids


async def test_an_engine_that_fails_is_charged_to_who_was_alone_and_to_nobody_who_waits(
    tmp_path: Path,
) -> None:
    ids = await suspects(tmp_path, 3)
    for count in (1, 2, 3):
        async with keeping(tmp_path) as kept:
            first = await status_that(kept, ids[0], lambda s: s.state is JobState.RUNNING)
            assert first.is_alone
            kept.engine.client.fail("it is gone")
            first = await status_that(kept, ids[0], lambda s: s.state is not JobState.RUNNING)
            assert (first.attempts, first.failures) == (1 + count, count)
            await anyio.sleep(0.05)
            for job_id in ids[1:]:
                waiting = await status_of(kept, job_id)
                assert (waiting.attempts, waiting.failures) == (1, 0)
    assert (first.state, first.error and first.error.code) == (JobState.FAILED, "crashed")
    async with keeping(tmp_path) as kept:
        await stored(kept, *ids[1:])


async def test_a_full_engine_is_waited_for_and_costs_no_try(tmp_path: Path) -> None:
    engine = VirtualEngineThread(max_notes=1)
    async with keeping(tmp_path, engine=engine) as kept:
        ids = [await kept.accepted(text=f"{SHORT} {n}") for n in range(4)]
        for status in await stored(kept, *ids):
            assert (status.attempts, status.failures) == (1, 0)
        assert not engine.client.admission.reserved(ServiceClass.NOTE)


async def test_audio_lands_under_the_key_of_the_note_and_is_as_long_as_said(
    tmp_path: Path,
) -> None:
    async with keeping(tmp_path) as kept:
        job_id = await kept.accepted(text=SHORT, format="pcm")
        (status,) = await stored(kept, job_id)
        (landed,) = (tmp_path / "audio").glob("*/*")
        assert status.audio is not None
        assert landed.stat().st_size == status.audio.num_bytes
        assert status.audio.num_bytes == 2 * len(SHORT) * SAMPLES_PER_CHAR
        assert status.made_s == pytest.approx(len(SHORT) / 15)


async def test_what_has_landed_before_is_what_there_is(tmp_path: Path) -> None:
    async with keeping(tmp_path) as kept:
        job_id = await kept.accepted(key="k", text=SHORT)
        await stored(kept, job_id)
        before = (await ask(kept.app, "GET", f"/v1/notes/{job_id}/audio")).body
        await kept.desk.queue.remove(job_id)  # and not its audio
        assert await kept.accepted(key="k", text=SHORT) == job_id
        await stored(kept, job_id)
        assert kept.service.metrics.landings_refused._value.get() == 1
        assert (await ask(kept.app, "GET", f"/v1/notes/{job_id}/audio")).body == before


@pytest.mark.parametrize(
    ("successor", "is_removed"), [(None, True), ("1" * 64, True), ("the same", False)]
)
async def test_what_lands_of_a_note_that_was_forgotten_meanwhile_is_removed_unless_it_is_anothers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, successor: str | None, is_removed: bool
) -> None:
    async def find(job_id: str) -> JobRecord:
        if successor is None:
            raise UnknownJob(job_id)
        return accepted if successor == "the same" else JobRecord(job=job(job_id, digest=successor))

    landed, may_tell = anyio.Event(), anyio.Event()
    land = FolderAudioStore.land

    async def land_and_wait(*args: Any) -> Landing:  # noqa: ANN401 as it is
        landing = await land(*args)
        landed.set()
        # As of a process that is cut off from its queue: nobody can stop it.
        with anyio.CancelScope(shield=True):
            await may_tell.wait()
        return landing

    monkeypatch.setattr(FolderAudioStore, "land", land_and_wait)
    async with keeping(tmp_path) as kept:
        job_id = await kept.accepted(text=SHORT)
        accepted = await kept.desk.queue.find(job_id)
        with anyio.fail_after(TIMEOUT_S):
            await landed.wait()
        await kept.desk.store.find(accepted.job.key)
        monkeypatch.setattr(kept.desk.queue, "find", find)
        monkeypatch.setattr(SqliteClaim, "stored", _superseded)
        may_tell.set()
        with anyio.move_on_after(TIMEOUT_S if is_removed else SOON_S):
            while await _is_there(kept, accepted.job.key):  # noqa: ASYNC110 polled
                await anyio.sleep(0.005)
        assert await _is_there(kept, accepted.job.key) is not is_removed


async def _superseded(*_: object) -> None:
    raise Superseded


async def _is_there(kept: Kept, key: str) -> bool:
    try:
        await kept.desk.store.find(key)
    except AudioMissing:
        return False
    return True


async def drain(kept: Kept, deadline_s: float) -> None:
    await kept.service.drain.run(deadline_s, 0.1)


async def test_a_server_that_ends_finishes_what_it_makes_and_begins_nothing(
    tmp_path: Path,
) -> None:
    async with keeping(tmp_path, note_slots=2) as kept:
        ids = [await kept.accepted(text=LONG if n < 2 else SHORT) for n in range(6)]
        for job_id in ids[:2]:
            await kept.until(job_id, "running")
        with anyio.fail_after(TIMEOUT_S):
            await drain(kept, TIMEOUT_S)
        await stored(kept, *ids[:2])
        await anyio.sleep(0.05)
        assert [(await status_of(kept, each)).attempts for each in ids[2:]] == [0] * 4
    async with keeping(tmp_path) as kept:
        await stored(kept, *ids)


async def test_what_is_not_finished_in_time_is_given_back_without_a_charge(
    tmp_path: Path,
) -> None:
    async with keeping(tmp_path) as kept:
        job_id = await kept.accepted(text=ENDLESS)
        await kept.until(job_id, "running")
        await drain(kept, 0.05)
        status = await status_that(kept, job_id, lambda s: s.state is JobState.QUEUED)
        assert (status.attempts, status.failures, status.is_suspect) == (1, 0, False)
        await anyio.sleep(0.05)
        assert (await status_of(kept, job_id)).attempts == 1
        assert not spooled(tmp_path)


async def test_who_waits_to_be_alone_does_not_begin_once_the_server_ends(
    tmp_path: Path,
) -> None:
    (suspect,) = await suspects(tmp_path, 1)
    async with keeping(tmp_path) as kept:
        await kept.until(suspect, "running")
        late = await kept.accepted(text=SHORT)
        await anyio.sleep(0.05)
        await drain(kept, TIMEOUT_S)
        await stored(kept, suspect)
        await anyio.sleep(0.05)
        assert (await status_of(kept, late)).attempts == 0


async def test_whoever_is_cancelled_before_its_take_begins_has_none(tmp_path: Path) -> None:
    (suspect,) = await suspects(tmp_path, 1)
    async with keeping(tmp_path) as kept:
        await kept.until(suspect, "running")
        # Claimed, and kept waiting by the one that is alone.
        waiting = await kept.accepted(text=SHORT)
        await anyio.sleep(0.05)
        await ask(kept.app, "DELETE", f"/v1/notes/{waiting}")
        await kept.until(waiting, "cancelled")
        retried = await ask(kept.app, "POST", f"/v1/notes/{waiting}/retry")
        assert retried.fields["state"] == "queued"
        await stored(kept, suspect, waiting)
        assert (await status_of(kept, waiting)).attempts == 1
