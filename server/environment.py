"""The variables of the environment that are settings, and those that only look as if they were."""

import re
from collections.abc import Iterable, Mapping

from server.setting_checks import SettingsError

#: `--max-calls` is `VOXLINE_MAX_CALLS`.
PREFIX = "VOXLINE_"
#: `VOXLINE_URL` is no setting of a server, but where the commands find one that speak to it.
SERVER_URL = "url"

#: What Kubernetes tells every pod of a Service named `voxline`, or `voxline-` and more.
_SERVICE_LINK = re.compile(
    rf"{PREFIX}(\w+_)?"
    r"(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_PROTO|_PORT|_ADDR)?)"
)
#: Its variable of the port has the name of a setting, and only the value tells them apart.
_SERVICE_ADDRESS = re.compile(r"(tcp|udp|sctp)://\S+")


def variable_of(setting: str) -> str:
    """Return the variable that sets `setting`."""
    return PREFIX + setting.upper()


def is_service_link(variable: str, value: str) -> bool:
    """Tell whether Kubernetes has set the variable, to say where a Service is."""
    if _SERVICE_LINK.fullmatch(variable):
        return True
    return variable.endswith("_PORT") and _SERVICE_ADDRESS.fullmatch(value) is not None


def check_variables(environ: Mapping[str, str], settings: Iterable[str]) -> None:
    """Pass if every variable with our prefix is one of `settings`, or none of our business.

    Raises:
        SettingsError: one is neither; it would have been ignored without a word.
    """
    known = [variable_of(name) for name in (*settings, SERVER_URL)]
    for variable, value in sorted(environ.items()):
        ours = variable.startswith(PREFIX) and not is_service_link(variable, value)
        if ours and variable not in known:
            raise SettingsError(f"{variable} is no setting{_hint(variable, known)}")


def _hint(variable: str, known: list[str]) -> str:
    # Here, since only who has misspelt something waits for it to load.
    from difflib import get_close_matches

    # Without the prefix, by which all of them are near.
    named = {one.removeprefix(PREFIX): one for one in known}
    near = get_close_matches(variable.removeprefix(PREFIX).upper(), named, n=1)
    return f"; is {named[near[0]]} meant?" if near else ": voxline serve --help names them all"
