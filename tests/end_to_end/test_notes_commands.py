"""`voxline notes list|show|retry|cancel` with a real server: what it keeps, as people read it."""

import json
from collections.abc import Iterator

import httpx
import pytest

from server.__main__ import main
from tests.helpers.command_line import complaint, run
from tests.helpers.serving import Server, serving

#: Minutes of speech: nobody is so quick.
LONG = "The quick brown fox jumps over the lazy dog. " * 2_000
#: eSpeak has no sound for it, which it notices when it tries.
SILENT = "..."


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("data")
    flags = ("--data-dir", str(folder), "--webhook-networks", "any", "--drain-s", "0")
    with serving("espeak", *flags) as server:
        yield server


@pytest.fixture(autouse=True)
def _url(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOXLINE_URL", server.http_url)


def submit(server: Server, text: str, **fields: str) -> str:
    """Have a note kept; return its id."""
    answer = httpx.post(
        f"{server.http_url}/v1/notes",
        json={"text": text, **fields},
        headers={"Prefer": "respond-async"},
    )
    note_id: str = answer.raise_for_status().json()["id"]
    return note_id


def wait_for(server: Server, note_id: str, state: str) -> None:
    with httpx.stream("GET", f"{server.http_url}/v1/notes/{note_id}/events") as events:
        for line in events.iter_lines():
            if f'"state":"{state}"' in line:
                return
    raise AssertionError(f"it was never {state}")


class Said:
    """What a command prints, and says on standard error."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def ok(self, *arguments: str) -> str:
        assert main(["notes", *arguments]) == 0
        said = self._capsys.readouterr()
        assert said.err == ""
        return said.out

    def refused(self, *arguments: str) -> str:
        assert main(["notes", *arguments]) == 1
        said = self._capsys.readouterr()
        assert said.out == ""
        (line,) = said.err.splitlines()
        return line.removeprefix("voxline: ")


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Said:
    return Said(capsys)


def test_the_dead_letters_are_listed_and_sent_again(server: Server, said: Said) -> None:
    note_id = submit(server, SILENT)
    wait_for(server, note_id, "failed")
    header, line, *_ = said.ok("list", "--state", "failed").splitlines()
    assert header.split()[:2] == ["ID", "STATE"]
    assert line.split()[:4] == [note_id, "failed", "normal", "wav"]
    assert line.endswith("bad_value: the model finds nothing to speak in the text")
    assert said.ok("retry", note_id).split()[:2] == [note_id, "queued"]
    wait_for(server, note_id, "failed")
    assert json.loads(said.ok("show", note_id, "--json"))["attempts"] == 2


def test_all_that_is_known_of_a_note_is_shown(server: Server, said: Said) -> None:
    webhook = f"{server.http_url}/v1/health"
    note_id = submit(server, SILENT, priority="low", format="pcm", webhook=webhook)
    wait_for(server, note_id, "failed")
    shown = dict(line.split(maxsplit=1) for line in said.ok("show", note_id).splitlines())
    assert (shown["id"], shown["priority"], shown["format"]) == (note_id, "low", "pcm")
    assert (shown["error.code"], shown["error.message"]) == (
        "bad_value",
        "the model finds nothing to speak in the text",
    )
    assert (shown["characters.total"], shown["bytes"], shown["attempts"]) == ("3", "-", "1")
    assert shown.keys() >= {"webhook.calls", "webhook.next_call_at", "ended_at", "audio_s.made"}
    # As much as a machine is shown.
    assert len(shown) == 19


def test_a_note_that_has_not_ended_is_given_up_and_no_other(server: Server, said: Said) -> None:
    note_id = submit(server, LONG)
    assert said.ok("cancel", note_id).split()[0] == note_id
    wait_for(server, note_id, "cancelled")
    assert said.refused("cancel", note_id) == ("the note is cancelled: there is nothing to give up")
    assert "cancelled" in said.ok("list", "--state", "cancelled")


def test_pages_are_followed_up_to_the_limit(
    server: Server, said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.commands.notes.client.PAGE", 2)
    ids = [submit(server, "Hello.") for _ in range(6)]
    listed = [json.loads(line) for line in said.ok("list", "--limit", "5", "--json").splitlines()]
    assert [note["id"] for note in listed] == ids[:0:-1]


def test_what_cannot_be_is_said_in_one_line(said: Said) -> None:
    for action in ("show", "retry", "cancel"):
        assert said.refused(action, "no body?") == "there is no such note, or none any more"
    url = "http://127.0.0.1:1"
    assert said.refused("list", "--url", url).startswith(f"{url} cannot be reached: ")
    assert said.refused("list", "--url", "ws://x").startswith("url must be http://host:port")


def test_the_command_does_the_same(server: Server) -> None:
    done = run("notes", "list", "--limit", "1", "--url", server.http_url)
    assert (done.returncode, done.stderr) == (0, b"")
    assert "cannot be reached" in complaint(run("notes", "list", VOXLINE_URL="http://127.0.0.1:1"))
