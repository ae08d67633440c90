"""What can be set, by flag or by environment: each with its unit, its default and its reason."""

import argparse
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from server.setting_checks import (
    SettingsError,
    check_certificate,
    check_descriptors,
    check_origins,
    check_range,
)

#: `--max-calls` is `VOXLINE_MAX_CALLS`.
ENVIRONMENT_PREFIX = "VOXLINE_"

MODELS = "espeak, tone, or an S1 checkpoint: its folder, or owner/name[@revision] of the Hub"

_HELP, _LIMITS = "help", "limits"
#: A hundred times what one machine carries: more is a slip of the finger.
_MOST = 10_000
#: They are cheaper than calls: many listen and few speak.
_MOST_CONNECTIONS = 100_000
#: Longer than any work here lasts, so it is a slip of the finger too.
_MOST_S = 3_600.0


def _setting(default: Any, text: str, *limits: float) -> Any:  # noqa: ANN401 stands for any type
    bounded = {_LIMITS: limits} if limits else {}
    return field(default=default, metadata={_HELP: text, **bounded})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of `voxline serve`."""

    host: str = _setting("127.0.0.1", "address to listen on; 0.0.0.0 lets the network in")
    port: int = _setting(8080, "TCP port; 0 takes a free one", 0, 65_535)
    model: str = _setting("espeak", f"model to serve: {MODELS}")
    tls_cert: str = _setting("", "PEM file of the certificate chain; with --tls-key, serves TLS")
    tls_key: str = _setting("", "PEM file of the private key")
    max_connections: int = _setting(
        1_000, "WebSockets open at once; about 30 KB each", 1, _MOST_CONNECTIONS
    )
    max_calls: int = _setting(
        100, "calls open at once; the next is refused as overloaded", 1, _MOST
    )
    max_notes: int = _setting(100, "notes open at once, waiting ones too", 1, _MOST)
    note_floor: int = _setting(
        8, "rows of a step kept for notes, however many calls there are", 1, _MOST
    )
    drain_s: float = _setting(
        25.0, "seconds that open work has after SIGTERM; orchestrators kill after 30", 0, _MOST_S
    )
    watchdog_s: float = _setting(
        10.0,
        "seconds without a turn after which the engine counts as hung, and the server ends",
        0.1,
        _MOST_S,
    )
    allowed_origins: str = _setting(
        "", "origins whose pages may connect, comma-separated; * is any"
    )
    tone_step_ms: str = _setting("", "step time of --model tone, as rows:ms pairs (1:5,400:20)")

    @property
    def origins(self) -> tuple[str, ...]:
        """The allowed origins, one by one."""
        return tuple(filter(None, map(str.strip, self.allowed_origins.split(","))))

    def __post_init__(self) -> None:
        """Check what the types do not say.

        Raises:
            SettingsError: a value is out of range, or two do not go together.
        """
        for item in fields(self):
            if _LIMITS in item.metadata:
                check_range(item.name, getattr(self, item.name), item.metadata[_LIMITS])
        if not self.host.strip():
            raise SettingsError("host is empty: that would be every address; say 0.0.0.0 for it")
        if self.tone_step_ms and self.model != "tone":
            raise SettingsError(f"tone_step_ms is for model tone, not for {self.model}")
        check_origins(self.origins)
        check_certificate(self.tls_cert, self.tls_key)
        check_descriptors(self.max_connections, self.max_notes)


def add_settings(parser: argparse.ArgumentParser) -> None:
    """Give the parser a flag for every setting."""
    for item in fields(Settings):
        parser.add_argument(
            "--" + item.name.replace("_", "-"),
            type=type(item.default),
            default=None,
            metavar=type(item.default).__name__.upper(),
            help=f"{item.metadata[_HELP]} (default {item.default!r})",
        )


def read_settings(flags: argparse.Namespace, environ: Mapping[str, str] | None = None) -> Settings:
    """Take each setting from its flag, else from the environment, else its default.

    Raises:
        SettingsError: a value is not valid.
    """
    return Settings(
        **{item.name: read_setting(item.name, flags, environ) for item in fields(Settings)}
    )


def read_setting(
    name: str, flags: argparse.Namespace, environ: Mapping[str, str] | None = None
) -> Any:  # noqa: ANN401 as _setting
    """Take one setting by itself, where a command has no use for the others.

    Raises:
        SettingsError: the environment's value is of another type.
    """
    environ = os.environ if environ is None else environ
    default = _DEFAULTS[name]
    given = getattr(flags, name, None)
    variable = ENVIRONMENT_PREFIX + name.upper()
    if given is None and variable in environ:
        return _from_environment(variable, environ[variable], type(default))
    return default if given is None else given


_DEFAULTS: dict[str, Any] = {item.name: item.default for item in fields(Settings)}


def _from_environment(variable: str, text: str, kind: type) -> Any:  # noqa: ANN401 as _setting
    try:
        return kind(text)
    except ValueError:
        raise SettingsError(f"{variable} must be of type {kind.__name__}, not {text!r}") from None
