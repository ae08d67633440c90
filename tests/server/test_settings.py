"""Settings: flags before environment before defaults, and every bad one named."""

import argparse
from pathlib import Path

import pytest

from protocol.messages import Limits
from server.setting_checks import SettingsError
from server.setting_sources import add_settings, read_settings
from server.settings import Settings
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
        ({"VOXLINE_MAX_STREAMS": "0"}, "max_streams"),
        ({"VOXLINE_MAX_TEXT_CHARS": "1000000"}, "max_text_chars"),
        ({"VOXLINE_MAX_MESSAGE_BYTES": "100"}, "max_message_bytes"),
        ({"VOXLINE_DEFAULT_CREDIT_S": "-1"}, "default_credit_s"),
        ({"VOXLINE_STALL_S": "0"}, "stall_s"),
        ({"VOXLINE_IDLE_STREAM_S": "nan"}, "idle_stream_s"),
        ({"VOXLINE_IDLE_CONNECTION_S": "inf"}, "idle_connection_s"),
        ({"VOXLINE_MAX_STREAM_S": "1e9"}, "max_stream_s"),
        ({"VOXLINE_PING_INTERVAL_S": "0"}, "ping_interval_s"),
        ({"VOXLINE_HOST": ""}, "host"),
        ({"VOXLINE_HOST": " "}, "host"),
        ({"VOXLINE_TONE_STEP_MS": "1:5"}, "tone_step_ms"),
        ({"VOXLINE_ALLOWED_ORIGINS": "not an origin"}, "not an origin"),
        ({"VOXLINE_ALLOWED_ORIGINS": "https://a.example, b.example"}, "'b.example'"),
        ({"VOXLINE_ALLOWED_ORIGINS": "https://a.example/"}, "https://a.example/"),
        ({"VOXLINE_ALLOWED_ORIGINS": "http://a.example:99999"}, "http://a.example:99999"),
        ({"VOXLINE_ALLOWED_ORIGINS": "https://A.example"}, "https://A.example"),
        ({"VOXLINE_ALLOWED_HOSTS": "a.example:80"}, "'a.example:80'"),
        ({"VOXLINE_ALLOWED_HOSTS": "A.example"}, "'A.example'"),
        ({"VOXLINE_ALLOWED_HOSTS": "http://a.example"}, "allowed_hosts"),
        ({"VOXLINE_VOICE_ALIASES": "alloy"}, "'alloy'"),
        ({"VOXLINE_VOICE_ALIASES": "alloy=anna,=bob"}, "'=bob'"),
        ({"VOXLINE_VOICE_ALIASES": "alloy="}, "'alloy='"),
        ({"VOXLINE_VOICE_ALIASES": "al+loy=anna"}, "'al.loy=anna'"),
        ({"VOXLINE_VOICE_ALIASES": "alloy=anna,alloy=bob"}, "'alloy' twice"),
        ({"VOXLINE_TLS_CERT": "cert.pem"}, "tls_key"),
        ({"VOXLINE_TLS_CERT": "no.pem", "VOXLINE_TLS_KEY": "no.key"}, "no.pem"),
    ],
)
def test_a_bad_setting_is_named(environ: dict[str, str], name: str) -> None:
    with pytest.raises(SettingsError, match=name):
        parsed(**environ)


def test_names_for_voices_are_read_as_pairs() -> None:
    settings = parsed("--voice-aliases", "alloy=en-us+f3, default = my voice,")
    assert settings.aliases == {"alloy": "en-us+f3", "default": "my voice"}
    assert parsed().aliases == {}


def test_the_limits_of_the_wire_are_the_default() -> None:
    assert parsed().limits == Limits()


def test_a_limit_that_is_set_is_the_one_that_clients_are_told() -> None:
    limits = parsed("--stall-s", "600", "--max-text-chars", "500", VOXLINE_PING_INTERVAL_S="5")
    assert limits.limits == Limits(stall_s=600.0, max_text_chars=500, ping_interval_s=5.0)


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


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1", "localhost"])
def test_a_server_for_this_machine_has_only_the_names_it_is_given(host: str) -> None:
    assert parsed("--host", host).hosts == ()
    named = parsed("--host", host, "--allowed-hosts", "a.example, b.example")
    assert named.hosts == ("a.example", "b.example")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.7", "tts.example"])
def test_a_server_for_a_network_has_any_name_until_it_is_given_some(host: str) -> None:
    assert parsed("--host", host).hosts == ("*",)
    assert parsed("--host", host, "--allowed-hosts", "a.example").hosts == ("a.example",)


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
