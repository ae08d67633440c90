"""The queue in a file: what every queue promises, and what is its own."""

from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from server.jobs.queue import NoteQueue
from server.jobs.sqlite import running as sqlite_running
from server.jobs.sqlite.queue import SqliteNoteQueue
from tests.server.jobs.contract.place import PLENTY_S
from tests.server.jobs.queue_contract import NoteQueueContract

pytestmark = pytest.mark.anyio


@pytest.fixture
def virtual_time() -> bool:
    return False  # the database has a thread of its own


class TestSqliteNoteQueue(NoteQueueContract):
    @pytest.fixture(autouse=True)
    def _file(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.path = tmp_path / "data" / "notes.sqlite3"
        # The dead are not waited for.
        monkeypatch.setattr(sqlite_running, "GIVE_BACK_S", 0.05)

    def opened(self, *, max_audio_s: float = PLENTY_S) -> AbstractAsyncContextManager[NoteQueue]:
        return SqliteNoteQueue.open(self.path, max_audio_s=max_audio_s)

    async def kill(self, queue: NoteQueue) -> None:
        assert isinstance(queue, SqliteNoteQueue)
        queue._thread._is_open = False
