"""Notes that nobody waits for, in servers that die, that run out of disk, and that make books."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.helpers.crowded_server import can_mount
from tests.helpers.deadly_server import DEADLY
from tests.helpers.serving import ServerProcess, starting

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

#: Far longer than any of it takes.
TIMEOUT_S = 200.0
#: The first in company, and three when it is alone.
NUM_DEATHS = 4
MIB = 1 << 20
#: Of a disk. The database takes some of it for what it writes next.
ROOM = 24 * MIB


@contextmanager
def client_of(process: ServerProcess) -> Iterator[httpx.Client]:
    url = process.server.http_url
    with httpx.Client(base_url=url, trust_env=False, timeout=TIMEOUT_S) as client:
        yield client


def submit(client: httpx.Client, **fields: Any) -> str:  # noqa: ANN401 any fields
    headers = {"Prefer": "respond-async"}
    answer = client.post("/v1/notes", json=fields, headers=headers)
    assert answer.status_code == 202, answer.text
    job_id: str = answer.json()["id"]
    return job_id


def shown(client: httpx.Client) -> dict[str, Any]:
    return {note["id"]: note for note in client.get("/v1/notes?limit=500").json()["notes"]}


def until(client: httpx.Client, job_id: str, state: str) -> dict[str, Any]:
    """Wait until a note is in a state, and return what is shown of it."""
    ends_at = time.monotonic() + TIMEOUT_S
    while (note := client.get(f"/v1/notes/{job_id}").json())["state"] != state:
        assert time.monotonic() < ends_at, note
        time.sleep(0.05)
    return note  # type: ignore[no-any-return]


def ended(process: ServerProcess) -> dict[str, Any] | None:
    """Wait until all notes have ended, and return them; None if the process dies before that."""
    with suppress(httpx.TransportError), client_of(process) as client:
        while True:
            notes = shown(client)
            if all(each["state"] in {"stored", "failed"} for each in notes.values()):
                return notes
            time.sleep(0.05)
    return None


def test_a_note_that_kills_its_process_is_put_aside_and_all_others_are_made(
    tmp_path: Path,
) -> None:
    command = ("tests.helpers.deadly_server", "serve", "--model", "tone", "--data-dir")
    ids, num_deaths, notes = list[str](), 0, None
    while notes is None:
        with starting(*command, str(tmp_path)) as process:
            if not ids:
                with client_of(process) as client:
                    ids = [submit(client, text="word " * 100 * n) for n in range(1, 9)]
                    # It may be dead before it can answer.
                    with suppress(httpx.TransportError):
                        submit(client, text=f"Some {DEADLY} for you.")
            notes = ended(process)
            if notes is None:
                assert process.wait() == -9
                num_deaths += 1
                assert num_deaths <= NUM_DEATHS
    assert num_deaths == NUM_DEATHS
    (failed,) = [note for note in notes.values() if note["state"] == "failed"]
    assert (failed["attempts"], failed["error"]["code"]) == (NUM_DEATHS, "crashed")
    assert {job_id for job_id, note in notes.items() if note["state"] == "stored"} == set(ids)
    # Each landed once, and nothing is left of the takes of the dead.
    assert {path.parent.name for path in (tmp_path / "audio").glob("*/*")} == set(ids)
    assert len(list((tmp_path / "audio").glob("*/*"))) == len(ids)


def test_a_full_disk_loses_no_note_and_the_next_room_is_used(tmp_path: Path) -> None:
    if not can_mount():
        pytest.xfail("no disk of one's own here")
    tone = ("serve", "--model", "tone", "--data-dir", str(tmp_path))
    # A minute of it each: three megabytes.
    text = "word " * 200
    crowded = ("tests.helpers.crowded_server", str(tmp_path), f"{ROOM}")
    with starting(*crowded, *tone) as process, client_of(process) as client:
        first = submit(client, text=text, format="pcm")
        size = until(client, first, "stored")["bytes"]
        # Two more are too many.
        ids = [submit(client, text=text, format="pcm") for _ in range(ROOM // size + 1)]
        ends_at = time.monotonic() + TIMEOUT_S
        while not any(_waits_for_room(client, each) for each in ids):
            assert time.monotonic() < ends_at
            time.sleep(0.05)
        # Somebody makes room, note by note.
        _take_away(client, first, size)
        while ids:
            notes = shown(client)
            stored = [each for each in ids if notes[each]["state"] == "stored"]
            for job_id in stored:
                _take_away(client, job_id, size)
                ids.remove(job_id)
            assert time.monotonic() < ends_at, notes
            time.sleep(0.05)


def _take_away(client: httpx.Client, job_id: str, size: int) -> None:
    assert len(client.get(f"/v1/notes/{job_id}/audio").content) == size
    assert client.delete(f"/v1/notes/{job_id}").status_code == 204


def _waits_for_room(client: httpx.Client, job_id: str) -> bool:
    note = client.get(f"/v1/notes/{job_id}").json()
    return bool(note["error"] and note["error"]["code"] == "store")


def peak_bytes(text: str, folder: Path) -> int:
    """Return the most memory that a server holds that makes a note while somebody listens."""
    tone = ("server", "serve", "--model", "tone", "--data-dir", str(folder))
    with starting(*tone) as process, client_of(process) as client:
        job_id = submit(client, text=text, format="pcm")
        with client.stream("GET", f"/v1/notes/{job_id}/audio") as audio:
            heard = sum(len(data) for data in audio.iter_raw())
        assert heard == until(client, job_id, "stored")["bytes"] > 1_500 * len(text)
        with client.stream("GET", f"/v1/notes/{job_id}/audio") as audio:
            assert heard == sum(len(data) for data in audio.iter_raw())
        status = Path(f"/proc/{process.pid}/status").read_text()
    (peak,) = (line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(peak.split()[1]) * 1024


def test_a_book_of_two_hours_takes_hardly_more_memory_than_ten_seconds(tmp_path: Path) -> None:
    short = peak_bytes("word " * 30, tmp_path / "short")
    long = peak_bytes("word " * 24_000, tmp_path / "long")
    assert long - short < 100 * MIB
