"""Notes that several servers share: accepted by one, made by another, kept by a third."""

import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.helpers.buckets import REGION, Buckets, moto_server
from tests.helpers.redis_server import RedisServer, redis_server
from tests.helpers.serving import ServerProcess, starting

BUCKET = "notes"
LEASE_S = 2.0
#: Far longer than anything here takes.
TIMEOUT_S = 60.0
ASYNC = {"Prefer": "respond-async"}
#: A minute of speech, of which this engine makes as much within some seconds, and a part of it.
SHORTER = " ".join(["word"] * 40)
LONG, UNHURRIED = " ".join(["word"] * 180), "1:60"


class Fleet:
    """Servers that share a Redis and a bucket."""

    def __init__(
        self, stack: ExitStack, folder: Path, redis: RedisServer, buckets: Buckets
    ) -> None:
        self.buckets = buckets
        self._stack = stack
        self._folder = folder
        self._flags = [
            *("--redis-url", redis.url, "--note-lease-s", str(LEASE_S)),
            *("--s3-bucket", BUCKET, "--s3-endpoint-url", buckets.endpoint_url),
            *("--s3-region", REGION, "--s3-prefix", "voxline/test"),
        ]

    def start(self, name: str, *flags: str) -> ServerProcess:
        """Start one with a folder of its own."""
        data = ("--data-dir", str(self._folder / name))
        command = ("server", "serve", "--model", "tone", *data, *self._flags, *flags)
        return self._stack.enter_context(starting(*command))

    def keys(self, note: Any) -> list[str]:  # noqa: ANN401 what is shown of it
        """Return the key of each version of the audio of a note; moto forgets no bucket."""
        return [key for key in self.buckets.versions(BUCKET) if note["id"] in key]


@pytest.fixture
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    yield from redis_server(tmp_path_factory.mktemp("redis"))


@pytest.fixture
def fleet(tmp_path: Path, redis: RedisServer) -> Iterator[Fleet]:
    with ExitStack() as stack:
        buckets = Buckets(stack.enter_context(moto_server()))
        buckets.make(BUCKET)
        yield Fleet(stack, tmp_path, redis, buckets)


def client(process: ServerProcess) -> httpx.Client:
    return httpx.Client(base_url=process.server.http_url, timeout=TIMEOUT_S)


def accepted(server: httpx.Client, **fields: object) -> Any:  # noqa: ANN401 whatever it says
    answer = server.post("/v1/notes", json={"format": "pcm", **fields}, headers=ASYNC)
    assert answer.status_code == 202, answer.text
    return answer.json()


def until(server: httpx.Client, job_id: str, *states: str) -> Any:  # noqa: ANN401 as above
    deadline = time.monotonic() + TIMEOUT_S
    while (shown := server.get(f"/v1/notes/{job_id}").json())["state"] not in states:
        assert time.monotonic() < deadline, shown
        time.sleep(0.02)
    return shown


def test_a_note_is_accepted_by_one_made_by_another_and_fetched_from_the_bucket(
    fleet: Fleet,
) -> None:
    # Listeners know the store by another name than servers do.
    public_url = fleet.buckets.endpoint_url.replace("127.0.0.1", "localhost")
    front = fleet.start("front", "--role", "calls", "--s3-public-url", public_url)
    maker = fleet.start("maker", "--role", "notes")
    with client(front) as server, client(maker) as other:
        note = accepted(server, text="A note for the bucket.")
        shown = until(server, note["id"], "stored")
        answer = server.get(shown["audio"])
        assert answer.status_code == 307
        assert answer.headers["location"].startswith(f"{public_url}/{BUCKET}/")
        audio = httpx.get(answer.headers["location"])
        assert (audio.status_code, len(audio.content)) == (200, shown["bytes"])
        assert audio.headers["content-type"] == "audio/pcm"
        (key,) = fleet.keys(note)
        assert key.startswith(f"voxline/test/notes/{note['id']}/")
        # Every one of them knows of it, and may be asked to forget it.
        assert other.delete(f"/v1/notes/{note['id']}").status_code == 204
        assert server.get(f"/v1/notes/{note['id']}").status_code == 404
        assert key in fleet.buckets.markers(BUCKET)


@pytest.mark.slow
def test_a_note_is_heard_through_a_server_that_does_not_make_it(fleet: Fleet) -> None:
    front = fleet.start("front", "--role", "calls")
    fleet.start("maker", "--tone-step-ms", UNHURRIED)
    with client(front) as server:
        note = accepted(server, text=SHORTER)
        until(server, note["id"], "running")
        with server.stream("GET", note["audio"]) as answer:
            assert answer.headers["etag"] == f'"{note["id"]}-1"'
            chunks = answer.iter_raw()
            heard = next(chunks)
            assert server.get(f"/v1/notes/{note['id']}").json()["state"] == "running"
            heard += b"".join(chunks)
        shown = until(server, note["id"], "stored")
        assert len(heard) == shown["bytes"]


@pytest.mark.slow
@pytest.mark.parametrize("role", ["notes", "all"])
def test_a_process_that_is_told_to_end_does_so_and_gives_back_what_it_was_making(
    fleet: Fleet, role: str
) -> None:
    front = fleet.start("front", "--role", "calls")
    ends = ("--drain-s", "0.1", "--role", role)
    maker = fleet.start("maker", "--tone-step-ms", UNHURRIED, *ends)
    with client(front) as server:
        note = accepted(server, text=LONG)
        until(server, note["id"], "running")
        maker.signal(signal.SIGTERM)
        assert maker.wait() == 0
        # At once, and not when its lease runs out.
        assert server.get(f"/v1/notes/{note['id']}").json()["state"] == "queued"
        fleet.start("another")
        assert until(server, note["id"], "stored")["attempts"] == 2
        assert len(fleet.keys(note)) == 1


@pytest.mark.slow
def test_what_a_dead_process_was_making_is_made_by_another_and_lands_once(fleet: Fleet) -> None:
    front = fleet.start("front", "--role", "calls")
    maker = fleet.start("maker", "--tone-step-ms", UNHURRIED)
    with client(front) as server:
        note = accepted(server, text=LONG)
        until(server, note["id"], "running")
        maker.signal(signal.SIGKILL)
        fleet.start("another")
        shown = until(server, note["id"], "stored")
        assert shown["attempts"] == 2
        assert len(fleet.keys(note)) == 1
        assert fleet.buckets.uploads(BUCKET) == []


@pytest.mark.slow
def test_a_process_that_slept_past_its_lease_lands_nothing_more(fleet: Fleet) -> None:
    front = fleet.start("front", "--role", "calls")
    sleeper = fleet.start("sleeper", "--tone-step-ms", UNHURRIED)
    with client(front) as server:
        note = accepted(server, text=LONG)
        until(server, note["id"], "running")
        sleeper.signal(signal.SIGSTOP)
        fleet.start("another")
        until(server, note["id"], "stored")
        sleeper.signal(signal.SIGCONT)
        time.sleep(2 * LEASE_S)
        assert until(server, note["id"], "stored")["attempts"] == 2
        assert len(fleet.keys(note)) == 1
