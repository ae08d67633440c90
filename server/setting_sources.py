"""Where a setting comes from: its flag, else the environment, else its default."""

import argparse
import os
from collections.abc import Mapping
from dataclasses import fields
from itertools import groupby
from typing import Any

from server.environment import check_variables, is_service_link, variable_of
from server.keeping_settings import KeepingSettings
from server.setting_checks import SettingsError
from server.setting_fields import GROUP, HELP
from server.settings import Settings

_DEFAULTS: dict[str, Any] = {item.name: item.default for item in fields(Settings)}


def add_settings(parser: argparse.ArgumentParser) -> None:
    """Give the parser a flag for every setting."""
    for title, items in groupby(fields(Settings), lambda item: item.metadata[GROUP]):
        group = parser.add_argument_group(title)
        for item in items:
            group.add_argument(
                "--" + item.name.replace("_", "-"),
                type=type(item.default),
                default=None,
                metavar=type(item.default).__name__.upper(),
                help=f"{item.metadata[HELP]} (default {item.default!r})",
            )


def read_settings(flags: argparse.Namespace, environ: Mapping[str, str] | None = None) -> Settings:
    """Take each setting from where it is given.

    Raises:
        SettingsError: a value is not valid, or a variable sets nothing.
    """
    check_variables(os.environ if environ is None else environ, _DEFAULTS)
    return Settings(**{name: read_setting(name, flags, environ) for name in _DEFAULTS})


def read_keeping(
    flags: argparse.Namespace, environ: Mapping[str, str] | None = None
) -> KeepingSettings:
    """Take the settings of what is kept, where a command has no use for the others.

    Raises:
        SettingsError: a value is not valid.
    """
    names = [item.name for item in fields(KeepingSettings)]
    settings = KeepingSettings(**{name: read_setting(name, flags, environ) for name in names})
    settings.check_keeping()
    return settings


def read_setting(
    name: str, flags: argparse.Namespace, environ: Mapping[str, str] | None = None
) -> Any:  # noqa: ANN401 stands for the setting's own type
    """Take one setting by itself, where a command has no use for the others.

    Raises:
        SettingsError: the environment's value is of another type.
    """
    environ = os.environ if environ is None else environ
    default = _DEFAULTS[name]
    given = getattr(flags, name, None)
    variable = variable_of(name)
    text = environ.get(variable)
    if given is not None:
        return given
    if text is None or is_service_link(variable, text):
        return default
    return _from_environment(variable, text, type(default))


def _from_environment(variable: str, text: str, kind: type) -> Any:  # noqa: ANN401 as read_setting
    try:
        return kind(text)
    except ValueError:
        raise SettingsError(f"{variable} must be of type {kind.__name__}, not {text!r}") from None
