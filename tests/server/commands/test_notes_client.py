"""What a server answers becomes one line, whatever it is."""

import httpx
import pytest

from server.commands.errors import CommandError
from server.commands.notes.answers import understood
from server.commands.notes.client import NotesClient
from server.commands.notes.table import row

URL = "http://server:8080"


def client(*answers: httpx.Response) -> NotesClient:
    left = iter(answers)
    transport = httpx.MockTransport(lambda _: next(left))
    return NotesClient(httpx.Client(transport=transport), URL)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (httpx.Response(405), f"{URL} keeps no notes"),
        (httpx.Response(404, json={"detail": "no\nsuch \x1b[31mnote"}), "no such [31mnote"),
        (httpx.Response(502, text="<html>"), "the server answered 502 Bad Gateway"),
        (httpx.Response(503, json=["away"]), "the server answered 503 Service Unavailable"),
    ],
)
def test_a_refusal_is_said_in_its_own_words_where_it_has_some(
    answer: httpx.Response, message: str
) -> None:
    with pytest.raises(CommandError) as raised:
        client(answer).find("1")
    assert str(raised.value) == message


@pytest.mark.parametrize("state", ["stored", "failed", "cancelled"])
def test_a_note_that_has_ended_is_not_given_up_which_would_remove_it(state: str) -> None:
    # A second request would find no answer.
    with pytest.raises(CommandError, match=f"the note is {state}: there is nothing to give up"):
        client(httpx.Response(200, json={"state": state})).cancel("1")


def test_a_note_that_ends_as_it_is_given_up_is_told() -> None:
    answers = (httpx.Response(200, json={"state": "running"}), httpx.Response(204))
    with pytest.raises(CommandError, match="ended at that very moment, and was removed"):
        client(*answers).cancel("1")


@pytest.mark.parametrize(
    "answer", [httpx.Response(200, text="<html>"), httpx.Response(200, json={"id": "1"})], ids=repr
)
def test_what_is_no_voxline_server_is_said(answer: httpx.Response) -> None:
    with pytest.raises(CommandError, match="like a Voxline server"), understood(URL):
        row(client(answer).find("1"))
