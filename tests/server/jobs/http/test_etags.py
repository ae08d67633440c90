"""Entity tags are compared as wholes, and as weak ones only where that is enough."""

import pytest
from starlette.datastructures import Headers

from server.jobs.http.etags import is_known, is_wanted

ETAG = '"note-1"'

SAME = ["*", " * ", ETAG, f'"other", {ETAG}', f"{ETAG},W/{ETAG}", f'"with, a comma" , {ETAG}\t']
WEAK = [f"W/{ETAG}", f'"other", W/{ETAG} ']
OTHERS = [
    "",
    '"note-11"',
    '"a-note-1"',
    "note-1",
    f"w/{ETAG}",
    f'"*", "{ETAG[1:-1]}',
    f"{ETAG}{ETAG}",
    '"note-2",*',
]


def asking(name: str, *values: str) -> Headers:
    return Headers(raw=[(name.encode(), value.encode()) for value in values])


@pytest.mark.parametrize("named", SAME)
def test_whoever_names_it_wants_it_and_knows_it(named: str) -> None:
    assert is_wanted(asking("if-match", named), ETAG)
    assert is_known(asking("if-none-match", named), ETAG)


@pytest.mark.parametrize("named", WEAK)
def test_a_weak_tag_is_enough_to_know_it_and_not_to_want_it(named: str) -> None:
    assert not is_wanted(asking("if-match", named), ETAG)
    assert is_known(asking("if-none-match", named), ETAG)


@pytest.mark.parametrize("named", OTHERS)
def test_whatever_else_holds_its_letters_is_another(named: str) -> None:
    assert not is_wanted(asking("if-match", named), ETAG)
    assert not is_known(asking("if-none-match", named), ETAG)


def test_a_list_may_be_several_headers() -> None:
    assert is_wanted(asking("if-match", '"other"', ETAG), ETAG)
    assert is_known(asking("if-none-match", '"other"', ETAG), ETAG)


def test_whoever_names_nothing_takes_anything_and_knows_nothing() -> None:
    assert is_wanted(asking("accept", ETAG), ETAG)
    assert not is_known(asking("accept", ETAG), ETAG)
