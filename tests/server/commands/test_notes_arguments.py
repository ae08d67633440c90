"""What `voxline notes` can be told, and what not."""

import argparse

import pytest

from server.commands.arguments import make_parser
from server.commands.notes.address import named_url
from server.environment import check_variables
from server.setting_checks import SettingsError


def parsed(*arguments: str) -> argparse.Namespace:
    return make_parser().parse_args(["notes", *arguments])


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["list"], {"state": None, "limit": 50, "json": False, "url": None}),
        (["list", "--state", "failed", "--limit", "7"], {"state": "failed", "limit": 7}),
        (
            ["show", "1", "--json", "--url", "http://h"],
            {"id": "1", "json": True, "url": "http://h"},
        ),
        (["retry", "1"], {"id": "1", "action": "retry"}),
        (["cancel", "1"], {"id": "1", "action": "cancel"}),
        (
            ["batch", "a.txt", "b.txt", "--out", "o"],
            {"files": ["a.txt", "b.txt"], "out": "o", "format": "wav", "priority": "normal"},
        ),
        (
            ["batch", "a.txt", "--out", "o", "--voice", "anna", "--speed", "1.5", "--normalize"],
            {"voice": "anna", "speed": 1.5, "normalize": True, "model": None},
        ),
    ],
)
def test_what_is_said_is_understood(arguments: list[str], expected: dict[str, object]) -> None:
    assert vars(parsed(*arguments)).items() >= expected.items()


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["forget", "1"],
        ["list", "--state", "lost"],
        ["list", "--limit", "0"],
        ["list", "--limit", "many"],
        ["list", "--lim", "5"],
        ["show"],
        ["retry", "1", "2"],
        ["batch", "--out", "o"],
        ["batch", "a.txt"],
        ["batch", "a.txt", "--out", "o", "--format", "doc"],
        ["batch", "a.txt", "--out", "o", "--priority", "urgent"],
        ["batch", "a.txt", "--out", "o", "--model", "tone", "--url", "http://h"],
    ],
    ids=" ".join,
)
def test_what_cannot_be_meant_is_refused(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parsed(*arguments)
    assert ended.value.code == 2


@pytest.mark.parametrize(
    ("flag", "variable", "url"),
    [
        ("http://h:1", "http://other", "http://h:1"),
        (None, "https://other/tts/", "https://other/tts"),
        (None, "http://[::1]:8080", "http://[::1]:8080"),
        (None, "", None),
        (None, None, None),
    ],
)
def test_a_flag_goes_before_the_environment(
    flag: str | None, variable: str | None, url: str | None
) -> None:
    environ = {} if variable is None else {"VOXLINE_URL": variable}
    assert named_url(argparse.Namespace(url=flag), environ) == url


@pytest.mark.parametrize(
    "url",
    ["ws://h", "h:8080", "http://", "http://h:many", "http://h/?a=1", "http://h\n", "file:///x"],
)
def test_what_is_no_address_of_a_server_is_named(url: str) -> None:
    with pytest.raises(SettingsError, match="url must be http://host:port"):
        named_url(argparse.Namespace(url=url), {})


def test_a_server_does_not_mind_the_variable_of_those_that_ask_it() -> None:
    check_variables({"VOXLINE_URL": "http://h"}, ["port"])
    with pytest.raises(SettingsError, match="is VOXLINE_URL meant"):
        check_variables({"VOXLINE_URLS": "http://h"}, ["port"])
