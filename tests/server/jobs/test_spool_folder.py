"""Every process has a folder for its takes; what the dead leave behind is removed, and no more."""

import sys
from pathlib import Path

import anyio
import pytest

from server.jobs.spool_folder import spool_folder

pytestmark = pytest.mark.anyio

HOLD = """
import sys
from pathlib import Path
import anyio
from server.jobs.spool_folder import spool_folder

async def main():
    async with spool_folder(Path(sys.argv[1])) as folder:
        (folder / "take").write_bytes(b"audio")
        print(folder, flush=True)
        await anyio.sleep_forever()

anyio.run(main)
"""


@pytest.fixture
def virtual_time() -> bool:
    return False  # the disk has its own


def folders(parent: Path) -> set[Path]:
    return {path for path in parent.iterdir() if path.is_dir()}


async def test_a_process_has_a_folder_of_its_own_while_it_lives(tmp_path: Path) -> None:
    parent = tmp_path / "not yet" / "there"
    async with spool_folder(parent) as one, spool_folder(parent) as other:
        for folder in (one, other):
            (folder / "take").write_bytes(b"audio")
        assert folders(parent) == {one, other}
    assert not folders(parent)


async def test_what_a_dead_process_left_is_removed_and_what_a_live_one_has_is_not(
    tmp_path: Path,
) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    async with await anyio.open_process(command, stderr=None) as process:
        assert process.stdout is not None
        theirs = Path((await process.stdout.receive()).decode().strip())
        async with spool_folder(tmp_path):
            assert (theirs / "take").exists()
        process.kill()
    assert (theirs / "take").exists()
    async with spool_folder(tmp_path) as ours:
        assert folders(tmp_path) == {ours}


async def test_what_is_no_folder_of_ours_is_let_be(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("somebody's")
    async with spool_folder(tmp_path):
        pass
    assert (tmp_path / "notes.txt").read_text() == "somebody's"


async def test_processes_that_start_at_once_let_each_other_live(tmp_path: Path) -> None:
    opened: list[Path] = []
    everyone = anyio.Event()

    async def live() -> None:
        async with spool_folder(tmp_path) as folder:
            opened.append(folder)
            if len(opened) == 20:
                assert folders(tmp_path) == set(opened)
                everyone.set()
            await everyone.wait()

    with anyio.fail_after(20):
        async with anyio.create_task_group() as tasks:
            for _ in range(20):
                tasks.start_soon(live)
