"""A checkpoint of the Hub is downloaded once, and whoever may not have it is told what to do."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from server.hub import is_hub_id
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


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[FakeHub]:
    folder = tmp_path / "repository"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    (folder / "model.pth").write_bytes(b"weights")
    (folder / "picture.png").write_bytes(b"not wanted")
    (folder / "README.md").write_text("---\ntags:\n- tts\nlicense: cc-by-nc-sa-4.0\n---\n")
    with serving_hub(folder) as hub:
        yield hub


def fetched(hub: FakeHub, name: str, **environment: str) -> str:
    return outcome(hub.fetching(name, environment))[0]


def told(hub: FakeHub, name: str, **environment: str) -> str:
    return outcome(hub.fetching(name, environment))[1]


@pytest.mark.slow
def test_a_checkpoint_is_downloaded_once_and_then_needs_no_network(hub: FakeHub) -> None:
    folder = Path(fetched(hub, REPOSITORY))
    assert {file.name for file in folder.iterdir()} == {"config.json", "model.pth", "README.md"}
    assert (folder / "model.pth").read_bytes() == b"weights"
    assert sorted(hub.sent) == ["README.md", "config.json", "model.pth"]
    assert fetched(hub, REPOSITORY) == str(folder)
    assert fetched(hub, REPOSITORY, HF_HUB_OFFLINE="1") == str(folder)
    assert fetched(hub, f"{REPOSITORY}@{COMMIT}", HF_HUB_OFFLINE="1") == str(folder)
    assert len(hub.sent) == 3


def test_the_licence_is_told_before_the_weights_are_downloaded(hub: FakeHub) -> None:
    assert f"{REPOSITORY} has the licence CC-BY-NC-SA-4.0" in told(hub, REPOSITORY)
    assert hub.sent[0] == "README.md"
    assert "CC-BY-NC-SA-4.0" in told(hub, REPOSITORY, HF_HUB_OFFLINE="1")


@pytest.mark.slow
def test_a_checkpoint_whose_page_states_no_licence_is_fetched_all_the_same(hub: FakeHub) -> None:
    (hub.folder / "README.md").write_text("Weights.")
    assert "that its page states" in told(hub, REPOSITORY)
    (hub.folder / "README.md").unlink()
    assert "that its page states" in told(hub, REPOSITORY)


@pytest.mark.slow
def test_a_download_whose_connection_breaks_goes_on_where_it_was(hub: FakeHub) -> None:
    # Half of it is more than the library takes at a time.
    weights = bytes(range(256)) * (22 << 12)
    (hub.folder / "model.pth").write_bytes(weights)
    hub.broken.add("model.pth")
    folder = Path(fetched(hub, REPOSITORY))
    assert (folder / "model.pth").read_bytes() == weights
    (wanted,) = hub.ranges
    assert int(wanted.removeprefix("bytes=").rstrip("-")) > 0


def test_a_terminal_shows_how_far_a_download_is(hub: FakeHub) -> None:
    assert "100%" in shown(hub)


def test_a_gated_checkpoint_without_a_token_says_what_to_do(hub: FakeHub) -> None:
    refused = fetched(hub, GATED, HF_TOKEN="")
    assert f"accept its terms at https://huggingface.co/{GATED}" in refused
    assert "set HF_TOKEN" in refused
    folder = Path(fetched(hub, GATED, HF_TOKEN=ACCESS))
    assert (folder / "model.pth").read_bytes() == b"weights"


@pytest.mark.parametrize(
    ("name", "environment", "problem"),
    [
        ("someone/else", {}, "no repository someone/else on the Hub"),
        (f"{REPOSITORY}@v9", {}, f"{REPOSITORY} has no revision 'v9'"),
        (REPOSITORY, {"HF_HUB_OFFLINE": "1"}, "in the cache, and the Hub cannot be reached"),
        (GATED, {"HF_TOKEN": "hf_\N{SNOWMAN}"}, "HF_TOKEN is no token of the Hub's"),
    ],
)
def test_what_cannot_be_had_is_refused_with_the_reason(
    hub: FakeHub, name: str, environment: dict[str, str], problem: str
) -> None:
    assert problem in fetched(hub, name, **environment)


@pytest.mark.parametrize(
    ("status", "problem"),
    [
        (401, "answers with status 401: set HF_TOKEN to a token that may read it"),
        (403, "answers with status 403: set HF_TOKEN to a token that may read it"),
        (410, "answers with status 410"),
    ],
)
def test_a_hub_that_refuses_is_told_from_one_that_is_away(
    hub: FakeHub, status: int, problem: str
) -> None:
    hub.status = status
    assert problem in fetched(hub, REPOSITORY)


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("fishaudio/openaudio-s1-mini", True),
        ("fishaudio/openaudio-s1-mini@v1.0", True),
        ("espeak", False),
        ("./folder", False),
        ("../folder", False),
        ("/absolute/folder", False),
        ("a/b/c", False),
        ("a/b@", False),
        ("", False),
    ],
)
def test_the_hub_is_asked_for_owner_and_name_alone(name: str, is_one: bool) -> None:
    assert is_hub_id(name) is is_one
