"""Settings: flags before environment before defaults, and every bad one named."""

import argparse

import pytest

from server.settings import Settings, SettingsError, add_settings, read_settings


def parsed(*arguments: str, **environ: str) -> Settings:
    parser = argparse.ArgumentParser()
    add_settings(parser)
    return read_settings(parser.parse_args(arguments), environ)


def test_a_flag_goes_before_the_environment_and_that_before_the_default() -> None:
    assert parsed().port == Settings().port
    assert parsed(VOXLINE_PORT="81").port == 81
    assert parsed("--port", "82", VOXLINE_PORT="81").port == 82


@pytest.mark.parametrize(
    ("environ", "name"),
    [
        ({"VOXLINE_PORT": "http"}, "VOXLINE_PORT"),
        ({"VOXLINE_PORT": "65536"}, "port"),
        ({"VOXLINE_MAX_CALLS": "0"}, "max_calls"),
        ({"VOXLINE_NOTE_FLOOR": "-1"}, "note_floor"),
        ({"VOXLINE_TLS_CERT": "cert.pem"}, "tls_key"),
        ({"VOXLINE_TLS_CERT": "no.pem", "VOXLINE_TLS_KEY": "no.key"}, "no.pem"),
    ],
)
def test_a_bad_setting_is_named(environ: dict[str, str], name: str) -> None:
    with pytest.raises(SettingsError, match=name):
        parsed(**environ)


def test_origins_are_separated_by_commas() -> None:
    origins = "https://a.example, https://b.example,"
    assert parsed("--allowed-origins", origins).origins == (
        "https://a.example",
        "https://b.example",
    )
    assert parsed().origins == ()
