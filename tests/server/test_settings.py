"""Settings: flags before environment before defaults, and every bad one named."""

import argparse
from pathlib import Path

import pytest

from server.setting_checks import SettingsError
from server.settings import Settings, add_settings, read_settings
from tests.server.certificates import CERTIFICATE, KEY, LOCKED_KEY, OTHER_KEY


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
        ({"VOXLINE_MAX_CALLS": "1000000000"}, "max_calls"),
        ({"VOXLINE_MAX_NOTES": "1000000000"}, "max_notes"),
        ({"VOXLINE_NOTE_FLOOR": "-1"}, "note_floor"),
        ({"VOXLINE_NOTE_FLOOR": "1000000000"}, "note_floor"),
        ({"VOXLINE_MAX_CONNECTIONS": "1000000000"}, "max_connections"),
        ({"VOXLINE_DRAIN_S": "nan"}, "drain_s"),
        ({"VOXLINE_DRAIN_S": "-1"}, "drain_s"),
        ({"VOXLINE_WATCHDOG_S": "0"}, "watchdog_s"),
        ({"VOXLINE_WATCHDOG_S": "inf"}, "watchdog_s"),
        ({"VOXLINE_HOST": ""}, "host"),
        ({"VOXLINE_HOST": " "}, "host"),
        ({"VOXLINE_TONE_STEP_MS": "1:5"}, "tone_step_ms"),
        ({"VOXLINE_ALLOWED_ORIGINS": "not an origin"}, "not an origin"),
        ({"VOXLINE_ALLOWED_ORIGINS": "https://a.example, b.example"}, "'b.example'"),
        ({"VOXLINE_ALLOWED_ORIGINS": "https://a.example/"}, "https://a.example/"),
        ({"VOXLINE_ALLOWED_ORIGINS": "http://a.example:99999"}, "http://a.example:99999"),
        ({"VOXLINE_ALLOWED_ORIGINS": "https://A.example"}, "https://A.example"),
        ({"VOXLINE_TLS_CERT": "cert.pem"}, "tls_key"),
        ({"VOXLINE_TLS_CERT": "no.pem", "VOXLINE_TLS_KEY": "no.key"}, "no.pem"),
    ],
)
def test_a_bad_setting_is_named(environ: dict[str, str], name: str) -> None:
    with pytest.raises(SettingsError, match=name):
        parsed(**environ)


@pytest.mark.parametrize(
    ("variable", "hint"),
    [
        ("VOXLINE_MAX_CALL", "is VOXLINE_MAX_CALLS meant"),
        ("VOXLINE_Port", "is VOXLINE_PORT meant"),
        ("VOXLINE_XYZZY", "voxline serve --help"),
    ],
)
def test_a_variable_that_sets_nothing_is_named_with_the_one_that_is_meant(
    variable: str, hint: str
) -> None:
    with pytest.raises(SettingsError, match=f"{variable} is no setting.*{hint}"):
        parsed(**{variable: "8080"})


def test_what_kubernetes_says_of_a_service_named_voxline_sets_nothing() -> None:
    link = "tcp://10.0.0.11:9000"
    links = {
        "VOXLINE_PORT": link,
        "VOXLINE_SERVICE_HOST": "10.0.0.11",
        "VOXLINE_SERVICE_PORT": "9000",
        "VOXLINE_SERVICE_PORT_HTTP": "9000",
        "VOXLINE_PORT_9000_TCP": link,
        "VOXLINE_PORT_9000_TCP_PROTO": "tcp",
        "VOXLINE_PORT_9000_TCP_PORT": "9000",
        "VOXLINE_PORT_9000_TCP_ADDR": "10.0.0.11",
        "VOXLINE_NOTES_PORT": link,
        "VOXLINE_NOTES_SERVICE_HOST": "10.0.0.11",
    }
    assert parsed(**links) == Settings()


def test_origins_are_separated_by_commas() -> None:
    origins = "https://a.example, https://b.example,"
    assert parsed("--allowed-origins", origins).origins == (
        "https://a.example",
        "https://b.example",
    )
    assert parsed().origins == ()


@pytest.mark.parametrize(
    "origin", ["*", "https://a.example", "http://[::1]:8080", "chrome-extension://abcdef"]
)
def test_what_a_browser_can_send_may_be_allowed(origin: str) -> None:
    assert parsed("--allowed-origins", origin).origins == (origin,)


def written(folder: Path, certificate: str, key: str) -> list[str]:
    (folder / "cert.pem").write_text(certificate)
    (folder / "key.pem").write_text(key)
    return ["--tls-cert", str(folder / "cert.pem"), "--tls-key", str(folder / "key.pem")]


def test_a_certificate_and_its_key_are_taken(tmp_path: Path) -> None:
    flags = written(tmp_path, CERTIFICATE, KEY)
    assert parsed(*flags).tls_key == str(tmp_path / "key.pem")


@pytest.mark.parametrize(
    ("certificate", "key"),
    [
        (CERTIFICATE, OTHER_KEY),
        (CERTIFICATE, "junk"),
        ("junk", KEY),
        (KEY, CERTIFICATE),
        ("", ""),
    ],
)
def test_what_cannot_serve_tls_is_refused(tmp_path: Path, certificate: str, key: str) -> None:
    flags = written(tmp_path, certificate, key)
    with pytest.raises(SettingsError, match=r"cert\.pem and tls_key .*key\.pem are no"):
        parsed(*flags)


def test_a_key_with_a_passphrase_is_refused_as_one(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"key\.pem has a passphrase"):
        parsed(*written(tmp_path, CERTIFICATE, LOCKED_KEY))
