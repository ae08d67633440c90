"""A checkpoint of the Hub is downloaded once, and whoever may not have it is told what to do."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from server.hub import is_hub_id
from tests.helpers.fake_hub import ACCESS, COMMIT, GATED, REPOSITORY, FakeHub, serving_hub
from tests.helpers.serving import ROOT

PROGRAM = """
import sys
from engine.errors import ModelUnavailable
from server.hub import fetch
try:
    print(fetch(sys.argv[1]))
except ModelUnavailable as error:
    print("refused:", error)
"""


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[FakeHub]:
    folder = tmp_path / "repository"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    (folder / "model.pth").write_bytes(b"weights")
    (folder / "picture.png").write_bytes(b"not wanted")
    with serving_hub(folder) as hub:
        yield hub


def fetched(hub: FakeHub, name: str, **environment: str) -> str:
    """Fetch in a process of its own: the library reads its environment once."""
    cache = hub.folder.parent / "cache"
    found = subprocess.run(
        [sys.executable, "-c", PROGRAM, name],
        cwd=ROOT,
        env=os.environ | {"HF_ENDPOINT": hub.url, "HF_HOME": str(cache)} | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return found.stdout.strip()


def test_a_checkpoint_is_downloaded_once_and_then_needs_no_network(hub: FakeHub) -> None:
    folder = Path(fetched(hub, REPOSITORY))
    assert {file.name for file in folder.iterdir()} == {"config.json", "model.pth"}
    assert (folder / "model.pth").read_bytes() == b"weights"
    assert sorted(hub.sent) == ["config.json", "model.pth"]
    assert fetched(hub, REPOSITORY) == str(folder)
    assert fetched(hub, REPOSITORY, HF_HUB_OFFLINE="1") == str(folder)
    assert fetched(hub, f"{REPOSITORY}@{COMMIT}", HF_HUB_OFFLINE="1") == str(folder)
    assert len(hub.sent) == 2


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
        (REPOSITORY, {"HF_HUB_OFFLINE": "1"}, "not wholly in the cache"),
    ],
)
def test_what_cannot_be_had_is_refused_with_the_reason(
    hub: FakeHub, name: str, environment: dict[str, str], problem: str
) -> None:
    assert problem in fetched(hub, name, **environment)


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
