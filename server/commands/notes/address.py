"""Where the server is whose notes are meant."""

import argparse
import os
from collections.abc import Mapping
from urllib.parse import urlsplit

from server.environment import SERVER_URL, variable_of
from server.setting_checks import SettingsError

#: Where `voxline serve` listens of itself.
DEFAULT_URL = "http://127.0.0.1:8080"


def named_url(flags: argparse.Namespace, environ: Mapping[str, str] | None = None) -> str | None:
    """Return the address that was named: by `--url`, else in the environment.

    Raises:
        SettingsError: no server can have it.
    """
    environ = os.environ if environ is None else environ
    url: str = flags.url or environ.get(variable_of(SERVER_URL), "")
    if not url:
        return None
    if not _leads_to_a_server(url):
        raise SettingsError(f"url must be http://host:port, or https, not {url!r}")
    return url.rstrip("/")


def _leads_to_a_server(url: str) -> bool:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    return (
        parts.scheme in {"http", "https"}
        and bool(parts.hostname)
        and not parts.query
        and not parts.fragment
        and url.isprintable()
    )
