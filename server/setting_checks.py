"""What a setting must be beside its type."""

import re
from ipaddress import ip_address
from pathlib import Path

from engine.voices import VOICE_ID
from server.jobs.webhooks.signature import key_of
from server.transport.descriptors import (
    OWN_DESCRIPTORS,
    most_connections,
    most_descriptors,
)

#: As a browser writes it, since it is compared letter by letter.
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://([a-z0-9._-]+|\[[0-9a-f:.]+\])(:(?P<port>\d{1,5}))?")
_MAX_PORT = 65_535
#: As it stands in `Host`, without its port.
_HOST = re.compile(r"[a-z0-9_]([a-z0-9._-]*[a-z0-9_])?")
_ANY = "*"


class SettingsError(Exception):
    """A setting has no valid value. The message names it."""


def check_range(name: str, value: float, limits: tuple[float, float]) -> None:
    """Pass if `value` is a number within `limits`, both included."""
    least, most = limits
    if not least <= value <= most:
        raise SettingsError(f"{name} must be {least:.12g} to {most:.12g}, not {value:.12g}")


def check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    """Pass if `value` is one of `choices`."""
    if value not in choices:
        raise SettingsError(f"{name} must be one of {', '.join(choices)}, not {value!r}")


def folder_of(data_dir: str) -> Path | None:
    """Return the folder that `data_dir` names, if it names one.

    Raises:
        SettingsError: it lies in a home that nobody knows.
    """
    try:
        return Path(data_dir).expanduser() if data_dir else None
    except RuntimeError as error:
        raise SettingsError(f"data_dir {data_dir}: {error}") from error


def check_secret(secret: str) -> None:
    """Pass if webhooks can be signed with `secret`; it is not shown."""
    try:
        key_of(secret)
    except ValueError:
        raise SettingsError("webhook_secret must have base64 after whsec_") from None


def check_origins(origins: tuple[str, ...]) -> None:
    """Pass if a browser could send each of `origins`, or it stands for any."""
    for origin in origins:
        if origin != _ANY and not _is_origin(origin):
            raise SettingsError(
                f"allowed_origins must be scheme://host[:port] in small letters, not {origin!r}"
            )


def check_hosts(hosts: tuple[str, ...]) -> None:
    """Pass if each of `hosts` could be a name, or stands for any."""
    for host in hosts:
        if host != _ANY and not _HOST.fullmatch(host):
            raise SettingsError(
                f"allowed_hosts must be names in small letters, without a port, not {host!r}"
            )


def read_aliases(pairs: tuple[str, ...]) -> dict[str, str]:
    """Return the voice behind each name.

    Raises:
        SettingsError: a pair is none, its name could be no voice's, or is there twice.
    """
    aliases: dict[str, str] = {}
    for pair in pairs:
        name, separator, voice = (part.strip() for part in pair.partition("="))
        if not (separator and voice and VOICE_ID.fullmatch(name)):
            raise SettingsError(f"voice_aliases must be name=voice pairs, not {pair!r}")
        if name in aliases:
            raise SettingsError(f"voice_aliases has {name!r} twice")
        aliases[name] = voice
    return aliases


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach what listens on `host`."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _is_origin(text: str) -> bool:
    found = _ORIGIN.fullmatch(text)
    return found is not None and int(found["port"] or 0) <= _MAX_PORT


def check_descriptors(max_connections: int, max_notes: int) -> None:
    """Pass if this process can open as many sockets."""
    wanted = most_connections(max_connections, max_notes) + OWN_DESCRIPTORS
    most = most_descriptors()
    if most is not None and wanted > most:
        raise SettingsError(
            f"max_connections {max_connections} and max_notes {max_notes} need {wanted} open "
            f"files, and the system allows {most} (ulimit -Hn)"
        )


def check_certificate(certificate: str, key: str) -> None:
    """Pass if there is neither of the two files, or both and they belong together."""
    if bool(certificate) != bool(key):
        raise SettingsError("tls_cert and tls_key go together")
    for path in filter(None, (certificate, key)):
        if not Path(path).is_file():
            raise SettingsError(f"no such file: {path}")
    if certificate:
        _load(certificate, key)


def _load(certificate: str, key: str) -> None:
    # Here, since most commands have no use for it, and it takes a while to load.
    import ssl

    asked = False

    def no_passphrase() -> str:
        nonlocal asked
        asked = True
        return ""

    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key, password=no_passphrase)
    except ssl.SSLError as error:
        if asked:
            raise SettingsError(
                f"tls_key {key} has a passphrase, and nobody is there to type it"
            ) from error
        reason = (error.reason or "no PEM").lower().replace("_", " ")
        raise SettingsError(
            f"tls_cert {certificate} and tls_key {key} are no certificate and its key: {reason}"
        ) from error
    except OSError as error:
        raise SettingsError(f"tls_cert or tls_key cannot be read: {error.strerror}") from error
