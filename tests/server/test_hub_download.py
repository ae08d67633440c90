"""Of a large file of the Hub, what is there is never downloaded again, and what is wrong is."""

import hashlib
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.helpers.fake_hub import (
    ACCESS,
    COMMIT,
    GATED,
    REPOSITORY,
    FakeHub,
    outcome,
    serving_hub,
    shown,
)

LARGE_BYTES = 1 << 20
#: Half of it is more than the library takes at a time.
WEIGHTS = random.Random(0).randbytes(24 << 20)
SHA256 = hashlib.sha256(WEIGHTS).hexdigest()
#: As on some filesystems of clusters.
LOCKS_HOLD_FOR_NOBODY = """
import contextlib
import huggingface_hub.utils
huggingface_hub.utils.WeakFileLock = lambda *_: contextlib.nullcontext()
"""
#: Only a hang gets there.
TIMEOUT_S = 60.0
#: Nobody listens there.
NOWHERE = "http://127.0.0.1:1"


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[FakeHub]:
    folder = tmp_path / "repository"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    (folder / "README.md").write_text("---\nlicense: mit\n---\n")
    (folder / "model.pth").write_bytes(WEIGHTS)
    with serving_hub(folder) as hub:
        yield hub


def fetching(
    hub: FakeHub, name: str = REPOSITORY, *, before: str = "", **environment: str
) -> subprocess.Popen[str]:
    return hub.fetching(name, environment, large_bytes=LARGE_BYTES, before=before)


def fetched(hub: FakeHub, name: str = REPOSITORY, **environment: str) -> str:
    return outcome(fetching(hub, name, **environment))[0]


def weights_in(folder: str) -> bytes:
    return (Path(folder) / "model.pth").read_bytes()


def partial_of(hub: FakeHub) -> Path:
    return hub.cache / f"hub/models--{REPOSITORY.replace('/', '--')}/blobs/{SHA256}.incomplete"


def left_behind(hub: FakeHub, content: bytes) -> Path:
    """Return the partial file of an earlier process, which `content` is all that it has."""
    partial = partial_of(hub)
    partial.parent.mkdir(parents=True, exist_ok=True)
    partial.write_bytes(content)
    return partial


def num_bytes_there(hub: FakeHub) -> int:
    return partial_of(hub).stat().st_size if partial_of(hub).exists() else 0


def of(part: str, requests: list[str]) -> list[str]:
    """Return those of a kind: the library also asks for what is none of ours."""
    return [request for request in requests if part in request]


def until(is_so: Callable[[], bool]) -> None:
    ends_at = time.monotonic() + TIMEOUT_S
    while not is_so():
        assert time.monotonic() < ends_at
        time.sleep(0.01)


def killed_halfway(hub: FakeHub, by: signal.Signals = signal.SIGKILL) -> int:
    """Return how many bytes a process has left behind that was killed in the middle of a file."""
    hub.held.add("model.pth")
    with fetching(hub) as process:
        until(lambda: num_bytes_there(hub) > 0)
        process.send_signal(by)
    hub.held.clear()
    hub.num_bytes.clear()
    return num_bytes_there(hub)


@pytest.mark.parametrize(
    "by",
    [
        pytest.param(signal.SIGKILL, id="SIGKILL"),
        pytest.param(signal.SIGINT, id="SIGINT", marks=pytest.mark.slow),
    ],
)
def test_a_download_whose_process_was_killed_goes_on_at_its_byte(
    hub: FakeHub, by: signal.Signals
) -> None:
    num_there = killed_halfway(hub, by)
    assert 0 < num_there < len(WEIGHTS)
    assert weights_in(fetched(hub)) == WEIGHTS
    assert hub.ranges == [f"bytes={num_there}-"]
    assert hub.num_bytes["model.pth"] == len(WEIGHTS) - num_there
    assert not partial_of(hub).exists()


@pytest.mark.slow
def test_a_terminal_shows_how_far_the_process_before_has_come(hub: FakeHub) -> None:
    left_behind(hub, WEIGHTS[: len(WEIGHTS) // 2])
    assert "\rmodel.pth:  50%" in shown(hub, large_bytes=LARGE_BYTES)


@pytest.mark.slow
@pytest.mark.parametrize(
    "content",
    [
        WEIGHTS[:-1] + bytes([WEIGHTS[-1] ^ 1]),
        bytes(1) + WEIGHTS[1 : len(WEIGHTS) // 2],
        WEIGHTS + bytes(1),
    ],
    ids=["at its end", "at its begin", "too long"],
)
def test_a_partial_file_that_is_damaged_ends_as_the_whole_right_one(
    hub: FakeHub, content: bytes
) -> None:
    left_behind(hub, content)
    folder, told = outcome(fetching(hub))
    assert weights_in(folder) == WEIGHTS
    assert "model.pth came damaged" in told


@pytest.mark.slow
def test_what_the_hub_sends_otherwise_than_it_states_is_refused(hub: FakeHub) -> None:
    hub.damaged.add("model.pth")
    assert f"model.pth of {REPOSITORY} came damaged: its sha256 is not {SHA256}" in fetched(hub)
    assert hub.sent.count("model.pth") == 2
    assert not [*partial_of(hub).parent.glob(f"{SHA256}*")]
    hub.damaged.clear()
    assert weights_in(fetched(hub)) == WEIGHTS


@pytest.mark.slow
def test_a_hub_that_ignores_ranges_sends_the_whole_file_once_more(hub: FakeHub) -> None:
    left_behind(hub, WEIGHTS[:LARGE_BYTES])
    hub.ignores_ranges = True
    assert weights_in(fetched(hub)) == WEIGHTS
    assert hub.ranges == [f"bytes={LARGE_BYTES}-"]
    assert hub.num_bytes["model.pth"] == len(WEIGHTS)


@pytest.mark.slow
def test_two_processes_at_once_download_a_file_once(hub: FakeHub) -> None:
    hub.held.add("model.pth")
    processes = [fetching(hub) for _ in range(2)]
    # Whether it is there, and what it is, is asked of the Hub before the lock is taken.
    head = f"HEAD {REPOSITORY}/resolve/{COMMIT}/model.pth"
    until(lambda: hub.requests.count(head) == 4)
    hub.may_go_on.set()
    for process in processes:
        assert weights_in(outcome(process)[0]) == WEIGHTS
    assert hub.num_bytes["model.pth"] == len(WEIGHTS)


@pytest.mark.slow
def test_two_processes_that_no_lock_holds_apart_end_with_the_right_file(hub: FakeHub) -> None:
    hub.held.add("model.pth")
    processes = [fetching(hub, before=LOCKS_HOLD_FOR_NOBODY) for _ in range(2)]
    until(lambda: hub.sent.count("model.pth") == 2)
    hub.may_go_on.set()
    for process in processes:
        assert weights_in(outcome(process)[0]) == WEIGHTS
    assert hub.sent.count("model.pth") == 2


@pytest.mark.slow
def test_a_file_that_another_process_has_begun_anew_is_not_taken_for_the_whole_one(
    hub: FakeHub,
) -> None:
    hub.held.add("model.pth")
    process = fetching(hub)
    until(lambda: num_bytes_there(hub) > 0)
    partial_of(hub).unlink()
    left_behind(hub, b"begun by another one")
    hub.may_go_on.set()
    assert "came damaged" in outcome(process)[0]
    assert weights_in(fetched(hub)) == WEIGHTS


def test_what_is_in_the_cache_costs_no_request_but_for_the_commit(hub: FakeHub) -> None:
    folder = fetched(hub)
    hub.requests.clear()
    assert fetched(hub) == folder
    assert of(REPOSITORY, hub.requests) == [f"GET api/models/{REPOSITORY}"]
    hub.requests.clear()
    assert fetched(hub, f"{REPOSITORY}@{COMMIT}") == folder
    assert not of(REPOSITORY, hub.requests)


@pytest.mark.slow
def test_all_files_are_of_the_commit_that_the_revision_had_at_first(hub: FakeHub) -> None:
    fetched(hub, f"{REPOSITORY}@main")
    assert of("/resolve/", hub.requests) == of(f"/resolve/{COMMIT}/", hub.requests) != []


@pytest.mark.slow
def test_a_hub_that_goes_away_is_told_and_the_download_goes_on_when_it_is_back(
    hub: FakeHub,
) -> None:
    hub.held.add("model.pth")
    process = fetching(hub)
    until(lambda: num_bytes_there(hub) > 0)
    hub.is_away = True
    assert "not wholly in the cache, and the Hub cannot be reached" in outcome(process)[0]
    hub.is_away = False
    hub.held.clear()
    num_there = num_bytes_there(hub)
    assert weights_in(fetched(hub)) == WEIGHTS
    assert hub.ranges == [f"bytes={num_there}-"]


def test_a_begun_download_is_not_taken_for_a_whole_one_without_a_network(hub: FakeHub) -> None:
    num_there = killed_halfway(hub)
    assert "not wholly in the cache" in fetched(hub, HF_HUB_OFFLINE="1")
    assert num_bytes_there(hub) == num_there


@pytest.mark.slow
@pytest.mark.parametrize(
    "environment", [{"HF_HUB_OFFLINE": "1"}, {"HF_ENDPOINT": NOWHERE}], ids=["told", "cut off"]
)
def test_without_a_network_a_whole_download_is_all_that_is_needed(
    hub: FakeHub, environment: dict[str, str]
) -> None:
    folder = fetched(hub)
    assert fetched(hub, **environment) == folder
    assert fetched(hub, f"{REPOSITORY}@{COMMIT}", **environment) == folder


@pytest.mark.slow
def test_what_was_downloaded_stays_although_the_hub_shows_it_no_more(hub: FakeHub) -> None:
    folder = fetched(hub)
    hub.is_hidden = True
    assert fetched(hub) == folder


@pytest.mark.slow
def test_a_large_file_that_is_gated_needs_the_token_and_its_storage_never_sees_it(
    hub: FakeHub,
) -> None:
    assert f"accept its terms at https://huggingface.co/{GATED}" in fetched(hub, GATED)
    assert weights_in(fetched(hub, GATED, HF_TOKEN=ACCESS)) == WEIGHTS


@pytest.mark.slow
def test_a_large_file_outside_lfs_is_downloaded_as_small_ones_are(hub: FakeHub) -> None:
    vocabulary = WEIGHTS[: 2 * LARGE_BYTES]
    (hub.folder / "vocab.json").write_bytes(vocabulary)
    assert (Path(fetched(hub)) / "vocab.json").read_bytes() == vocabulary


@pytest.mark.slow
def test_a_large_file_in_xet_is_only_linked_once_it_is_there(hub: FakeHub) -> None:
    hub.xet.add("model.pth")
    assert weights_in(fetched(hub)) == WEIGHTS
    assert hub.sent.count("model.pth") == 1
    assert not of("xet", hub.requests)
